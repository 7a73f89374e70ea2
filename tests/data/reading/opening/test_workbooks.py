"""Workbooks of every format: the same sheet gives the same rows; what cannot be read is refused in one sentence."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import pytest

from cvmlab import CvmError
from cvmlab.data.reading import Log, preview, read
from cvmlab.data.reading.opening.files import find_files

FILES = Path(__file__).parent / "files"
ROWS = [
    ("007", dt.date(2019, 1, 5), 12.5, "D1", "甲公司"),
    ("007", dt.date(2019, 1, 6), 3.0, "D2", "甲公司"),
    ("17850", dt.date(2019, 1, 31), -4.25, "D3", "乙公司"),
    ("042", dt.date(2019, 1, 31), 99.9, "123456789012", "丙公司"),
]
HIDDEN = ("x", dt.date(2019, 1, 7), 5.0)
EVERY = (
    "sales.xlsx", "sales.xls", "sales_strict.xlsx", "sales_1904.xlsx", "sales_1904.xls", "sales.xlsb", "sales.ods",
)  # fmt: skip


def log_of(name: str) -> Log:
    return read(FILES / name, today=dt.date(2020, 6, 30))


def counts(log: Log) -> dict[tuple[str, str], int]:
    return {(part.sheet, part.reason): part.rows for part in log.quality.sums}


@pytest.mark.parametrize("name", EVERY)
def test_every_format_gives_the_same_rows(name: str) -> None:
    log = log_of(name)
    assert log.transactions.fetchall() == ROWS
    kept = {("销售", "used"): 3, ("销售", "refund"): 1}
    assert counts(log) == kept | {("销售", "bad_amount"): 1, ("销售", "total_row"): 1}
    assert [str(part.amount) for part in log.quality.sums if part.reason == "total_row"] == ["111.150000"]
    assert [(sample.reason, sample.row) for sample in log.quality.samples] == [("bad_amount", 7), ("total_row", 10)]
    assert [part.sheet for part in log.quality.unused] == ["说明", "隐藏"]
    assert log.quality.samples[0].value == "#DIV/0!"
    assert {"merged_filled", "hidden_sheet", "error_cells"} <= {note.key for note in log.quality.notes}


@pytest.mark.parametrize("name", ["hidden.xls", "hidden.ods"])
def test_old_and_open_workbooks_say_what_they_hide(name: str) -> None:
    log = read(FILES / name)
    days = [row[1].day for row in log.transactions.fetchall()]
    # the first two are numbers counted from 1904, the others dates; the id of the last is merged with the one above
    assert days == [3, 4, 7, 8, 9, 10, 11]
    assert {row[1].year for row in log.transactions.fetchall()} == {2024}
    assert (log.quality.rows("bad_amount"), log.quality.rows("no_id")) == (2, 1)
    said = {note.key: str(note) for note in log.quality.notes}
    assert (
        "2, with 34%" in said["hidden_rows"] and "amount" in said["hidden_columns"] and "used: 3" in said["error_cells"]
    )
    assert {"dates_from_1904", "hidden_sheet", "merged_filled"} <= said.keys()


def changed(folder: Path, name: str, part: str, places: dict[bytes, bytes]) -> Path:
    """Return a copy of a workbook with some places of one part changed."""
    target = folder / name
    with zipfile.ZipFile(FILES / name) as archive, zipfile.ZipFile(target, "w") as copy:
        for inside in archive.namelist():
            content = archive.read(inside)
            for old, new in places.items() if inside == part else ():
                assert old in content
                content = content.replace(old, new, 1)
            copy.writestr(inside, content)
    return target


def test_hidden_rows_of_binary_workbooks_are_counted(tmp_path: Path) -> None:
    part = "xl/worksheets/sheet1.bin"
    sheet = zipfile.ZipFile(FILES / "sales.xlsb").read(part)
    # the record of row 4: its kind 0, its length, its number; a flag in its twelfth byte hides it
    at = next(at for at in range(len(sheet)) if sheet[at] == 0 and sheet[at + 2 : at + 6] == b"\x03\0\0\0")
    record = sheet[at : at + 2 + sheet[at + 1]]
    hidden = record[:13] + bytes([record[13] | 0x10]) + record[14:]
    path = changed(tmp_path, "sales.xlsb", part, {record: hidden})
    assert "hidden_rows" in {note.key for note in read(path).quality.notes}


@pytest.mark.parametrize(
    ("name", "part", "places"),
    [
        (
            "sales_strict.xlsx",
            "xl/worksheets/sheet1.xml",
            {b'<row r="10"': b'<row r="1048576"', b'r="E10"': b'r="XFD1048576"'},
        ),
        (
            "sales.ods",
            "content.xml",
            {
                b'<table:table-row table:style-name="ro1"': b'<table:table-row table:number-rows-repeated="1000000"',
                b"cell office:value-type": b'cell table:number-columns-repeated="99" office:value-type',
            },
        ),
    ],
)
def test_cells_far_away_that_would_take_all_memory_are_refused(
    tmp_path: Path, name: str, part: str, places: dict[bytes, bytes]
) -> None:
    with pytest.raises(CvmError) as caught:
        read(changed(tmp_path, name, part, places))
    assert caught.value.key == "reading.sheet_too_large"


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("ending", [".xlsx", ".xls", ".xlsb", ".ods", ".csv"])
def test_a_workbook_is_read_by_what_it_holds_not_by_its_name(tmp_path: Path, name: str, ending: str) -> None:
    (tmp_path / f"a{ending}").write_bytes((FILES / name).read_bytes())
    assert read(tmp_path / f"a{ending}", today=dt.date(2020, 6, 30)).transactions.fetchall() == ROWS


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
    assert caught.value.key == "reading.corrupt"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("left", [8, 100, 512, 1024, 7080, 7580])
def test_the_beginning_of_an_old_workbook_is_called_damaged(tmp_path: Path, left: int) -> None:
    (tmp_path / "a.xls").write_bytes((FILES / "sales.xls").read_bytes()[:left])
    with pytest.raises(CvmError, match=r"is damaged and cannot be read .*Export") as caught:
        read(tmp_path / "a.xls")
    assert "out of range" not in str(caught.value)


def test_a_damaged_archive_never_reaches_calamine(tmp_path: Path) -> None:
    bytes_ = bytearray((FILES / "sales.xlsb").read_bytes())
    bytes_[len(bytes_) // 2] ^= 255
    (tmp_path / "a.xlsb").write_bytes(bytes_)
    with pytest.raises(CvmError, match="damaged"):
        read(tmp_path / "a.xlsb")


def test_a_workbook_of_charts_only_is_refused_in_a_sentence(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.create_chartsheet("图")
    book.remove(book["Sheet"])
    book.save(tmp_path / "chart.xlsx")
    for look in (read, preview):
        with pytest.raises(CvmError, match="has no sheet with cells"):
            look(tmp_path / "chart.xlsx")
