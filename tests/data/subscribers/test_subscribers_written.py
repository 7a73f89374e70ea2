"""How the world writes tenures, charges, moments and tables beside each other."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.data.subscribers import Subscribers, read

ROWS = 12
LEFT = [row % 3 == 0 for row in range(ROWS)]


def frame(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": [f"C{row}" for row in range(ROWS)], "churned": LEFT, **columns})


def tenures(cells: object, name: str = "tenure", **options: object) -> list[float]:
    return list(read(frame(**{name: cells}), **options).customers["tenure_months"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("2 years and 3 months", 27), ("2 Jahre 3 Monate", 27), ("2 Jahre und 3 Monate", 27), ("2 años y 3 meses", 27),
        ("2 ans et 3 mois", 27), ("2 anni e 3 mesi", 27), ("2 anos e 3 meses", 27), ("5年零3个月", 63), ("半年", 6),
        ("1年半", 18), ("2 y 3 m", 27), ("27 mo.", 27), ("2 years, 3 months", 27), ("2 years & 3 months", 27),
    ],
)  # fmt: skip
def test_tenures_in_words(text: str, months: float) -> None:
    assert tenures([text] * 6 + ["7 months"] * 6) == [months] * 6 + [7] * 6


@pytest.mark.parametrize("group", ["1 100", "1'100", "1’100"])
def test_gaps_between_thousands(group: str) -> None:
    assert tenures([group] * ROWS, "tenure_days") == pytest.approx([1100 / 30.4375] * ROWS)


def test_points_between_thousands_go_by_the_other_columns() -> None:
    days = ["1.101", "845"] * 6
    right = pytest.approx([1101 / 30.4375, 845 / 30.4375] * 6)
    table = frame(tenure_days=days)
    assert tenures(days, "tenure_days", decimal="comma") == right
    assert list(read(table.assign(Monatsbeitrag="20,50")).customers["tenure_months"]) == right
    assert read(table.assign(fee="20.50")).customers["tenure_months"][0] == pytest.approx(1.101 / 30.4375)
    assert tenures(days, "tenure_days", decimal="point")[0] == pytest.approx(1.101 / 30.4375)
    with pytest.raises(CvmError) as error:
        read(table)
    assert error.value.key == "subscribers.tenure_thousands" and "1.101" in str(error.value)
    assert tenures(["304.375", "30.4375"] * 6, "tenure_days") == pytest.approx([10, 1] * 6)


def test_tenures_without_a_unit_among_others_are_asked_for() -> None:
    mixed = ["63", "1918 days", "335 days"] * 4
    with pytest.raises(CvmError, match="tenure_unit") as error:
        tenures(mixed)
    assert error.value.key == "subscribers.mixed_units"
    expected = pytest.approx([63, 1918 / 30.4375, 335 / 30.4375] * 4)
    assert tenures(mixed, tenure_unit="months") == expected and tenures(mixed, "tenure_months") == expected


def charges(name: str, cells: object) -> Subscribers:
    return read(frame(**{name: cells}))


@pytest.mark.parametrize(
    ("name", "months"),
    [
        ("annual_fee", 12), ("Yearly charge", 12), ("Monthly Charges (annualised)", 12), ("policy_annual_premium", 12),
        ("Jahresbeitrag", 12), ("年费", 12), ("quarterly_fee", 3), ("Semi-annual premium", 6),
        ("weekly_fee", 7 / 30.4375),
    ],
)  # fmt: skip
def test_a_charge_for_another_time_is_one_for_a_month(name: str, months: float) -> None:
    found = charges(name, [120.0] * ROWS)
    assert found.customers["monthly_charge"].tolist() == pytest.approx([120 / months] * ROWS)
    assert any(f"'{name}'" in note and "charge per month" in note for note in found.notes)
    both = read(frame(**{name: [120.0] * ROWS, "monthly_fee": [10.5] * ROWS}))
    assert both.columns["charge"] == "monthly_fee" and both.customers["monthly_charge"].tolist() == [10.5] * ROWS


@pytest.mark.parametrize("cell", ["$30.11/mo", "30.11 元/月", "€30.11/Monat", "30.11 EUR per month"])
def test_charges_that_say_that_they_are_for_a_month(cell: str) -> None:
    assert charges("monthly_charge", [cell] * ROWS).customers["monthly_charge"].tolist() == [30.11] * ROWS


@pytest.mark.parametrize("name", ["mrr_cents", "monthly_charge_cents"])
def test_charges_in_cents(name: str) -> None:
    for cells in ([3011] * ROWS, ["3011"] * ROWS):
        assert charges(name, cells).customers["monthly_charge"].tolist() == pytest.approx([30.11] * ROWS)


def test_a_charge_in_percent_is_refused() -> None:
    with pytest.raises(CvmError) as error:
        charges("monthly_charge", ["10%"] * ROWS)
    assert error.value.key == "subscribers.charge_percent"


def test_moments_of_a_parquet_file_are_those_of_the_frame(tmp_path: Path) -> None:
    joined = pd.to_datetime(["2023-01-01 00:00"] * ROWS).tz_localize("Asia/Shanghai")
    gone = pd.Series(pd.to_datetime(["2024-01-01"] * ROWS)).where(LEFT).dt.tz_localize("Asia/Shanghai")
    table = frame(joined=joined, left_on=gone)
    table.to_parquet(tmp_path / "zoned.parquet")
    for source in (table, tmp_path / "zoned.parquet"):
        found = read(source).customers
        assert found["joined_date"].dt.strftime("%Y-%m-%d").unique().tolist() == ["2023-01-01"]
        assert found["tenure_months"].tolist() == [12.0] * ROWS


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_spans_of_time_in_a_parquet_file_are_days(unit: str, tmp_path: Path) -> None:
    spans = pd.to_timedelta([300] * ROWS, unit="D").astype(f"timedelta64[{unit}]")
    frame(tenure=spans, wait=spans).to_parquet(tmp_path / "spans.parquet")
    found = read(tmp_path / "spans.parquet")
    assert found.customers["tenure_months"].tolist() == pytest.approx([300 / 30.4375] * ROWS)
    assert found.customers["wait"].tolist() == [300.0] * ROWS and found.tenure_unit == "days"


def test_blank_columns_and_a_table_beside_are_no_features(tmp_path: Path) -> None:
    rows = [
        [f"C{row}", row, "yes" if row % 3 else "no", "", *(["A", row] if row < 3 else ["", ""])] for row in range(ROWS)
    ]
    lines = [["customer_id", "tenure", "churn", "", "plan", "price of it"], *rows]
    path = tmp_path / "beside.csv"
    path.write_text("\n".join(",".join(map(str, line)) for line in lines), encoding="utf-8")
    found = read(path)
    assert found.features == () and any("'plan', 'price of it'" in note for note in found.notes)
    assert read(frame(tenure=range(ROWS), empty=None)).features == ()
