"""What a workbook says beside its values: hidden sheets and rows, its calendar, formulas, errors, impossible sizes."""

from __future__ import annotations

import datetime as dt
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from cvmlab import CvmError
from cvmlab.data.reading import Log, preview, read

HEAD = ["customer_id", "date", "amount"]
ROWS: list[list[Any]] = [
    ["A", dt.date(2024, 2, 1), 100],
    ["B", dt.date(2024, 2, 15), 50],
    ["A", dt.date(2024, 3, 15), 25],
]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def book(path: Path, change: Callable[[Any, Any], object] | None = None, rows: Any = ROWS, head: Any = HEAD) -> Path:
    made = openpyxl.Workbook()
    sheet = made.active
    for row in [head, *rows]:
        sheet.append(row)
    if change:
        change(made, sheet)
    made.save(path)
    return path


def rewritten(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """Change one part of a workbook by hand, into what openpyxl would not write."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = change(parts[part])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


SHEET = "xl/worksheets/sheet1.xml"


def total(log: Log) -> float:
    return sum(row[2] for row in log.transactions.fetchall())


def notes(log: Log) -> dict[str, str]:
    return {note.key: str(note) for note in log.quality.notes}


def refused(path: Path, **options: Any) -> CvmError:
    with pytest.raises(CvmError) as caught:
        read(path, **options)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_left_out_unless_it_is_named(tmp_path: Path, state: str) -> None:
    def hide(made: Any, sheet: Any) -> None:
        copy = made.create_sheet("old copy")
        for row in [HEAD, ["A", dt.date(2023, 2, 1), 999]]:
            copy.append(row)
        copy.sheet_state = state

    path = book(tmp_path / "a.xlsx", hide)
    log = read(path)
    assert total(log) == 175
    assert "'old copy'" in notes(log)["hidden_sheet"] and "--sheet" in notes(log)["hidden_sheet"]
    assert [part.sheet for part in preview(path).unused] == ["old copy"]
    assert total(read(path, sheet="old copy")) == 999


def test_if_all_that_fits_is_hidden_the_sentence_names_the_sheet(tmp_path: Path) -> None:
    def hide(made: Any, sheet: Any) -> None:
        made.create_sheet("cover").append(["a", "b"])
        sheet.sheet_state = "hidden"

    assert refused(book(tmp_path / "a.xlsx", hide)).values["sheet"] == "Sheet"


def test_hidden_rows_are_read_and_counted_with_their_share_of_the_money(tmp_path: Path) -> None:
    log = read(book(tmp_path / "a.xlsx", lambda made, sheet: setattr(sheet.row_dimensions[3], "hidden", True)))
    assert total(log) == 175
    assert "1, with 29% of all amounts" in notes(log)["hidden_rows"]


def test_hidden_rows_are_found_below_a_title_and_after_another_sheet(tmp_path: Path) -> None:
    def titled(made: Any, sheet: Any) -> None:
        later = made.create_sheet("later")
        for row in [["Sales 2025"], [], HEAD, *([row[0], row[1].replace(year=2025), row[2]] for row in ROWS)]:
            later.append(row)
        later.row_dimensions[5].hidden = True
        later.row_dimensions[1].hidden = True

    log = read(book(tmp_path / "a.xlsx", titled))
    assert total(log) == 350
    assert "a.xlsx [later]" in notes(log)["hidden_rows"] and "1, with" in notes(log)["hidden_rows"]


def test_a_hidden_column_that_is_used_is_named(tmp_path: Path) -> None:
    def hide(made: Any, sheet: Any) -> None:
        sheet.column_dimensions["C"].hidden = True

    assert "amount" in notes(read(book(tmp_path / "a.xlsx", hide)))["hidden_columns"]
    assert "hidden_columns" not in notes(read(book(tmp_path / "b.xlsx")))


@pytest.mark.parametrize(
    "days", [[43861, 43875, 43904], [dt.date(2024, 2, 1), dt.date(2024, 2, 15), dt.date(2024, 3, 15)]]
)
def test_the_calendar_of_1904_is_kept_for_numbers_and_for_dates(tmp_path: Path, days: list[Any]) -> None:
    rows = [[row[0], day, row[2]] for row, day in zip(ROWS, days, strict=True)]
    path = book(tmp_path / "a.xlsx", lambda made, sheet: setattr(made, "epoch", CALENDAR_MAC_1904), rows)
    assert [row[1] for row in read(path).transactions.fetchall()] == [row[1] for row in ROWS]


def test_a_formula_without_a_value_is_refused_where_it_matters(tmp_path: Path) -> None:
    error = refused(book(tmp_path / "a.xlsx", rows=[*ROWS, ["B", dt.date(2024, 3, 1), "=C2*2"]]))
    assert (error.key, error.values["cell"]) == ("reading.not_calculated", "C5")
    assert "save it" in str(error)
    assert total(read(book(tmp_path / "b.xlsx", rows=[*ROWS, ["Total", None, "=SUM(C2:C4)"]]))) == 175
    beside = [[*row, "=C2*2"] for row in ROWS]
    assert total(read(book(tmp_path / "c.xlsx", rows=beside, head=[*HEAD, "remark"]))) == 175


def test_zeros_that_wait_for_excel_to_calculate_them_are_no_amounts(tmp_path: Path) -> None:
    rows = [[row[0], row[1], "=1+1"] for row in ROWS]
    # this is how libraries write a formula that they cannot calculate
    path = rewritten(
        book(tmp_path / "a.xlsx", rows=rows),
        SHEET,
        lambda text: text.replace(b"<v />", b"<v>0</v>").replace(b"<v/>", b"<v>0</v>").replace(b"<v></v>", b"<v>0</v>"),
    )
    assert refused(path).key == "reading.not_calculated"
    calculated = rewritten(path, SHEET, lambda text: text.replace(b"<v>0</v>", b"<v>2</v>", 1))
    assert total(read(calculated)) == 2


def test_cells_with_an_error_are_missing_and_counted(tmp_path: Path) -> None:
    rows = [*ROWS, ["#REF!", dt.date(2024, 3, 1), 7], ["B", dt.date(2024, 3, 1), "#N/A"]]

    def failed(made: Any, sheet: Any) -> None:
        sheet["A5"].data_type = sheet["C6"].data_type = "e"

    log = read(book(tmp_path / "a.xlsx", failed, rows))
    assert (total(log), log.quality.rows("no_id"), log.quality.rows("bad_amount")) == (175, 1, 1)
    assert "used: 2" in notes(log)["error_cells"]


def test_a_cell_merged_with_the_header_makes_no_customer(tmp_path: Path) -> None:
    rows = [[None, dt.date(2024, 1, 1), 5], *ROWS]
    log = read(book(tmp_path / "a.xlsx", lambda made, sheet: sheet.merge_cells("A1:A2"), rows))
    assert {row[0] for row in log.transactions.fetchall()} == {"A", "B"}
    assert log.quality.rows("no_id") == 1


@pytest.mark.parametrize("ending", ["xls", "csv", "txt", "html", "parquet", "ods", "data"])
def test_a_workbook_is_known_by_its_content(tmp_path: Path, ending: str) -> None:
    path = book(tmp_path / "a.xlsx").rename(tmp_path / f"a.{ending}")
    assert total(read(path)) == 175


def further(cell: bytes) -> Callable[[bytes], bytes]:
    return lambda text: text.replace(b"</sheetData>", b'<row r="9">' + cell + b"</row></sheetData>")


IMPOSSIBLE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a row beyond the last": (lambda text: text.replace(b'<row r="4"', b'<row r="9999999999999999"'), "impossible_row"),
    "a row below the first": (lambda text: text.replace(b'<row r="4"', b'<row r="-4"'), "impossible_row"),
    "a row twice": (lambda text: text.replace(b'<row r="4"', b'<row r="3"'), "row_out_of_order"),
    "rows that go back": (lambda text: text.replace(b'<row r="2"', b'<row r="3"', 1), "row_out_of_order"),
    "a column beyond the last": (lambda text: text.replace(b'r="C4"', b'r="ZZZZZZ4"'), "corrupt"),
    "a text that is missing": (further(b'<c r="A9" t="s"><v>99</v></c>'), "corrupt"),
    "no XML": (lambda text: text[:-40], "corrupt"),
    "an endless cell": (
        further(b'<c r="A9" t="inlineStr"><is><t>' + b"x" * 3_000_000 + b"</t></is></c>"),
        "cell_too_long",
    ),
    "an endless attribute": (
        lambda text: text.replace(b"<row", b'<row spans="' + b"x" * 3_000_000 + b'"', 1),
        "cell_too_long",
    ),
}


@pytest.mark.parametrize("kind", IMPOSSIBLE)
def test_what_no_sheet_can_be_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    change, key = IMPOSSIBLE[kind]
    assert refused(rewritten(book(tmp_path / "a.xlsx"), SHEET, change)).key == f"reading.{key}"


HARMLESS: dict[str, Callable[[bytes], bytes]] = {
    "a size that is wrong": lambda text: text.replace(b'ref="A1:C4"', b'ref="A1:XFD1048576"'),
    "a size that is too small": lambda text: text.replace(b'ref="A1:C4"', b'ref="A1"'),
    "rows without numbers": lambda text: text.replace(b'<row r="2"', b"<row").replace(b'<row r="3"', b"<row"),
    "rows with decimal numbers": lambda text: text.replace(b'<row r="2"', b'<row r="2.0"'),
    "a comment": lambda text: text.replace(b'<row r="3"', b'<!-- <row r="1" hidden="1"> --><row r="3"'),
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_other_programs_write_is_read(tmp_path: Path, kind: str) -> None:
    path = rewritten(book(tmp_path / "a.xlsx"), SHEET, HARMLESS[kind])
    assert total(read(path)) == 175
    assert "hidden_rows" not in notes(read(path))


def test_styles_that_excel_forgives_do_not_matter(tmp_path: Path) -> None:
    broken = rewritten(
        book(tmp_path / "a.xlsx"), "xl/styles.xml", lambda text: text.replace(b"<patternFill", b"<noFill")
    )
    assert total(read(broken)) == 175


def test_a_date_beyond_all_calendars_is_a_bad_date_and_no_warning_of_python(tmp_path: Path) -> None:
    rows = [*ROWS, ["B", dt.date(2024, 2, 2), 5]]
    path = rewritten(
        book(tmp_path / "a.xlsx", rows=rows), SHEET, lambda text: text.replace(b"<v>45324</v>", b"<v>1e300</v>")
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        log = read(path)
    assert (total(log), log.quality.rows("bad_date")) == (175, 1)


def test_a_carriage_return_in_a_cell_neither_splits_nor_marks_it(tmp_path: Path) -> None:
    text = b'<c r="A2" t="inlineStr"><is><t>A_x000D_</t></is></c>'
    path = rewritten(
        book(tmp_path / "a.xlsx"), SHEET, lambda sheet: sheet.replace(b'<c r="A2" t="s"><v>3</v></c>', text)
    )
    assert [row[0] for row in read(path).transactions.fetchall()] == ["A", "B", "A"]


@pytest.mark.parametrize("code", ["[$€-407] #,##0.00", '"€"#,##0', "#,##0.00 [$EUR]"])
def test_the_currency_of_a_number_format_reaches_the_reading(tmp_path: Path, code: str) -> None:
    def mark(made: Any, sheet: Any) -> None:
        for row in (2, 3, 4):
            sheet.cell(row, 3).number_format = code

    path = book(tmp_path / "a.xlsx", mark)
    assert preview(path).samples["amount"][0].split()[0] in ("€", "EUR")
    assert total(read(path)) == 175


@pytest.mark.parametrize(
    "code", ['0.00"元"', "[$R$-416] #,##0.00", "[$kr-41D]0", '0!.0,"万"', "[$pcs] 0", "[Red]0;-0", "[$-409]0"]
)
def test_other_number_formats_leave_the_numbers_as_they_are(tmp_path: Path, code: str) -> None:
    def mark(made: Any, sheet: Any) -> None:
        for row in (2, 3, 4):
            sheet.cell(row, 3).number_format = code

    assert total(read(book(tmp_path / "a.xlsx", mark))) == 175


@pytest.mark.parametrize("code", ["000", "00000"])
def test_ids_are_read_with_the_zeros_that_their_number_format_shows(tmp_path: Path, code: str) -> None:
    def mark(made: Any, sheet: Any) -> None:
        for row in (2, 3, 4):
            sheet.cell(row, 1).number_format = code
        other = made.create_sheet("text")
        for line in (HEAD, ["7".zfill(len(code)), dt.date(2024, 4, 1), 5]):
            other.append(line)

    path = book(tmp_path / "a.xlsx", mark, rows=[[7, *ROWS[0][1:]], [1234, *ROWS[1][1:]], [7.5, *ROWS[2][1:]]])
    bought = read(path).transactions.aggregate("customer_id, sum(amount)").fetchall()
    assert dict(bought) == {"7".zfill(len(code)): 105, "1234".zfill(len(code)): 50, "7.5": 25}


def test_amounts_formatted_in_two_currencies_are_not_added_up(tmp_path: Path) -> None:
    def mark(made: Any, sheet: Any) -> None:
        sheet["C2"].number_format, sheet["C3"].number_format = "[$€-407] #,##0.00", "[$$-409]#,##0.00"

    assert refused(book(tmp_path / "a.xlsx", mark)).key == "reading.several_currencies"


def test_numbers_with_three_decimals_are_never_thousands(tmp_path: Path) -> None:
    amounts = [1.234, 950, 12.125]
    rows = [[row[0], row[1], amount] for row, amount in zip(ROWS, amounts, strict=True)]
    assert total(read(book(tmp_path / "a.xlsx", rows=rows))) == pytest.approx(sum(amounts))
