"""Workbooks of every format: the same sheet gives the same rows; what cannot be read is refused in one sentence."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from cvmlab import CvmError
from cvmlab.data.reading import Log, preview, read
from cvmlab.data.reading.files import find_files

FILES = Path(__file__).parent / "files"
ROWS = [
    ("007", dt.date(2019, 1, 5), 12.5, "D1", "甲公司"),
    ("007", dt.date(2019, 1, 6), 3.0, "D2", "甲公司"),
    ("17850", dt.date(2019, 1, 31), -4.25, "D3", "乙公司"),
    ("042", dt.date(2019, 1, 31), 99.9, "123456789012", "丙公司"),
]
HIDDEN = ("x", dt.date(2019, 1, 7), 5.0)
WITH_MERGES = ("sales.xlsx", "sales.xls", "sales_strict.xlsx", "sales_1904.xlsx", "sales_1904.xls")
WITHOUT_MERGES = ("sales.xlsb", "sales.ods")


def log_of(name: str) -> Log:
    return read(FILES / name, today=dt.date(2020, 6, 30))


def counts(log: Log) -> dict[tuple[str, str], int]:
    return {(part.sheet, part.reason): part.rows for part in log.quality.sums}


@pytest.mark.parametrize("name", WITH_MERGES)
def test_every_format_gives_the_same_rows(name: str) -> None:
    log = log_of(name)
    assert log.transactions.fetchall() == ROWS
    kept = {("销售", "used"): 3, ("销售", "refund"): 1}
    assert counts(log) == kept | {("销售", "bad_amount"): 1, ("销售", "total_row"): 1}
    assert [str(part.amount) for part in log.quality.sums if part.reason == "total_row"] == ["111.150000"]
    assert [(sample.reason, sample.row) for sample in log.quality.samples] == [("bad_amount", 7), ("total_row", 10)]
    assert [part.sheet for part in log.quality.unused] == ["说明", "隐藏"]
    assert {"merged_filled", "hidden_sheet"} <= {note.key for note in log.quality.notes}


@pytest.mark.parametrize("name", WITHOUT_MERGES)
def test_merged_customers_that_calamine_does_not_know_are_counted_as_rows_without_an_id(name: str) -> None:
    log = log_of(name)
    assert log.transactions.fetchall() == [ROWS[0], *ROWS[2:]]
    assert counts(log)["销售", "no_id"] == 1


def test_an_error_cell_shows_its_value_in_xlsx_and_is_empty_elsewhere() -> None:
    shown = {name: log_of(name).quality.samples[0].value for name in ("sales.xlsx", "sales.xls")}
    assert shown == {"sales.xlsx": "#DIV/0!", "sales.xls": ""}


@pytest.mark.parametrize("name", ["sales.xls", "sales.xlsb", "sales.ods"])
def test_the_ending_does_not_matter_and_a_sheet_can_be_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.csv").write_bytes((FILES / name).read_bytes())
    assert read(tmp_path / "a.csv", sheet="隐藏").transactions.fetchall() == [HIDDEN]
    shown = preview(FILES / name, sheet="隐藏")
    assert (shown.columns, shown.tables) == (("column 1", "column 2", "客户", "日期", "金额"), ((name, "隐藏"),))
    with pytest.raises(CvmError, match="销售, 说明, 隐藏"):
        read(FILES / name, sheet="Sheet1")


def test_a_folder_takes_them_in() -> None:
    assert {path.name for path in find_files(FILES)} == {path.name for path in FILES.iterdir()} - {"README.md"}


def test_cells_without_column_numbers_are_refused_because_they_would_be_lost() -> None:
    with pytest.raises(CvmError, match=r"save it as \.xlsx"):
        log_of("short_cells.xlsb")


@pytest.mark.parametrize("name", ["sales.xls", "sales.xlsb", "sales.ods", "sales.xlsx", "sales_strict.xlsx"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_a_part_of_a_workbook_is_refused_in_one_sentence(tmp_path: Path, name: str, share: float) -> None:
    whole = (FILES / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(CvmError) as caught:
        read(tmp_path / name)
    assert caught.value.key in ("reading.corrupt", "reading.binary_xls")
    assert "\n" not in str(caught.value)


def test_a_damaged_archive_never_reaches_calamine(tmp_path: Path) -> None:
    bytes_ = bytearray((FILES / "sales.xlsb").read_bytes())
    bytes_[len(bytes_) // 2] ^= 255
    (tmp_path / "a.xlsb").write_bytes(bytes_)
    with pytest.raises(CvmError, match="damaged"):
        read(tmp_path / "a.xlsb")
