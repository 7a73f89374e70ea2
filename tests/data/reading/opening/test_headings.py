"""A customer who stands on a row above his lines is named with the next step; other lone cells are not customers."""

from __future__ import annotations

from pathlib import Path

import pytest

from cvmlab import CvmError
from cvmlab.data.reading import read


def refused(path: Path, *lines: str) -> CvmError:
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(CvmError) as caught:
        read(path, today="2026-01-01")
    return caught.value


HEAD = "Date,Transaction Type,Num,Qty,Amount"
LINES = ("06/12/2023,Invoice,1022,5,295.65", "07/14/2023,Invoice,1027,1,39.20")


@pytest.mark.parametrize(
    ("one", "other", "total"),
    [
        ("Turner Group,,,,", "Karen Wright,,,,", "Total for Turner Group,,,,334.85"),
        ("Customer: Turner Group,,,,", "Customer: Karen Wright,,,,", "Total,,,,334.85"),
        ("Client,Turner Group,,,", "Client,Karen Wright,,,", "Sous-total,,,,334.85"),
        ("A/C:,C001,Name:,Turner Group,", "A/C:,C002,Name:,Karen Wright,", "Totals,,,,334.85"),
        (",Turner Group,,,", ",Karen Wright,,,", "小计,,,,334.85"),
    ],
)
def test_customers_on_rows_of_their_own_are_named_with_the_next_step(
    tmp_path: Path, one: str, other: str, total: str
) -> None:
    error = refused(tmp_path / "a.csv", HEAD, one, *LINES, total, other, *LINES, total)
    assert (error.key, error.values["count"]) == ("reading.heading_rows", "2")
    assert (error.values["first"], error.values["last"]) == ("Turner Group", "Karen Wright")


def test_the_next_step_reads_the_list_with_its_heading_rows(tmp_path: Path) -> None:
    rows = [f"Customer,{HEAD}"]
    for name in ("Turner Group", "Karen Wright"):
        rows += [f",{name},,,,", *(f"{name},{line}" for line in LINES), f",Total for {name},,,,334.85"]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    log = read(path, today="2026-01-01")
    assert (float(log.quality.amount("used")), log.quality.rows("used"), log.quality.customers) == (669.70, 4, 2)


@pytest.mark.parametrize(
    "lone",
    [
        ("January 2023,,,,", "February 2023,,,,"),
        ("2023-01,,,,", "2023-02,,,,"),
        ("2023年1月,,,,", "2023年2月,,,,"),
        ("Turner Group,,,,", ""),
    ],
)
def test_months_and_a_single_title_are_no_customers(tmp_path: Path, lone: tuple[str, str]) -> None:
    error = refused(tmp_path / "a.csv", HEAD, lone[0], *LINES, lone[1], *LINES)
    assert error.key == "reading.no_id_column"


def test_remarks_below_a_list_are_no_customers(tmp_path: Path) -> None:
    error = refused(tmp_path / "a.csv", HEAD, *LINES, "Accrual basis,,,,", "Printed by Ann,,,,")
    assert error.key == "reading.no_id_column"


def test_lone_cells_beside_a_column_of_customers_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["Customer,Date,Amount", "North,,", "a,2023-01-02,5", "South,,", "b,2023-01-03,6"]))
    assert float(read(path, today="2026-01-01").quality.amount("used")) == 11
