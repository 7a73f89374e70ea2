"""Make ``telco.parquet`` from IBM's sample table of telephone subscribers.

The source is that table as Parquet or CSV under its original column names (``customerID``, ``tenure``,
``Contract`` …). It is also the data set ``wa_churn`` of the R package modeldata (Debian: r-cran-modeldata),
whose column names are in snake case already; both spellings are read::

    python datasets/make_telco.py SOURCE
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb

HERE = Path(__file__).parent

# (original name, our name, SQL type); 'Yes' and 'No' become true and false where a column holds nothing else.
COLUMNS = (
    ("customerID", "customer_id", "VARCHAR"),
    ("gender", "gender", "VARCHAR"),
    ("SeniorCitizen", "senior", "BOOLEAN"),
    ("Partner", "partner", "BOOLEAN"),
    ("Dependents", "dependents", "BOOLEAN"),
    ("tenure", "tenure_months", "INTEGER"),
    ("PhoneService", "phone_service", "BOOLEAN"),
    ("MultipleLines", "multiple_lines", "VARCHAR"),
    ("InternetService", "internet_service", "VARCHAR"),
    ("OnlineSecurity", "online_security", "VARCHAR"),
    ("OnlineBackup", "online_backup", "VARCHAR"),
    ("DeviceProtection", "device_protection", "VARCHAR"),
    ("TechSupport", "technical_support", "VARCHAR"),
    ("StreamingTV", "streaming_television", "VARCHAR"),
    ("StreamingMovies", "streaming_films", "VARCHAR"),
    ("Contract", "contract", "VARCHAR"),
    ("PaperlessBilling", "paperless_billing", "BOOLEAN"),
    ("PaymentMethod", "payment_method", "VARCHAR"),
    ("MonthlyCharges", "monthly_charge", "DOUBLE"),
    ("TotalCharges", "total_charges", "DOUBLE"),
    ("Churn", "left_last_month", "BOOLEAN"),
)


def query(present: list[str]) -> str:
    """Return the SELECT that renames and types the columns."""
    spelled = {name.replace("_", "").lower(): name for name in present}
    missing = [original for original, _, _ in COLUMNS if original.lower() not in spelled]
    if missing:
        raise SystemExit(f"The source has no column {missing[0]}; it has: {', '.join(present)}.")
    columns = ", ".join(
        f"nullif(trim(\"{spelled[original.lower()]}\"::VARCHAR), '')::{kind} AS {name}"
        for original, name, kind in COLUMNS
    )
    return f"SELECT {columns} FROM source"


def main() -> None:
    """Read the source from the command line and write the dataset beside this script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="IBM's table as .parquet or .csv")
    path = parser.parse_args().source
    connection = duckdb.connect()
    read = connection.read_parquet if path.suffix == ".parquet" else connection.read_csv
    relation = read(str(path))
    relation.create_view("source")
    target = HERE / "telco.parquet"
    connection.execute(
        f"COPY ({query(relation.columns)}) TO '{str(target).replace(chr(39), chr(39) * 2)}' "
        "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 19)"
    )
    print(f"{target.name}: {target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
