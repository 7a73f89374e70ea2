"""customers.xlsx as a salesperson opens it: whom to call, what to fill in, every word in their language."""

import re

import messy_report
import pytest
from openpyxl import load_workbook

import cvmlab as cvm
from cvmlab import case, reading, say, term
from cvmlab.report import lists

CODES = re.compile(r"\b(win_back|develop_|hold_out|True|False|nan|NaT|[a-z]+_[a-z]+)\b")


@pytest.fixture(scope="module")
def judged():
    return case.study(reading.read(messy_report.sales(customers=300)))


@pytest.fixture(params=["en", "zh"])
def book(judged, request, tmp_path):
    cvm.use(request.param)
    lists.write_lists(judged, tmp_path)
    return load_workbook(tmp_path / "customers.xlsx")


def rows_of(sheet):
    header, *rows = sheet.iter_rows()
    names = [cell.value for cell in header]
    return names, [dict(zip(names, row, strict=True)) for row in rows]


def test_everybody_to_call_is_listed_with_the_largest_loss_first(book, judged):
    _, rows = rows_of(book[term("report.sheet_calls")])
    free = judged.calls.loc[~judged.calls["hold_out"], "customer_id"]
    assert len(free) > judged.assumptions.calls
    assert [row[term("report.customer")].value for row in rows] == list(free)


def test_the_result_of_a_call_is_chosen_or_written(book):
    sheet = book[term("report.sheet_calls")]
    names, rows = rows_of(sheet)
    assert names[-3:] == [term(f"report.{name}") for name in ("called_on", "result", "remark")]
    assert all(row[name].value is None for row in rows for name in names[-3:])
    (choice,) = sheet.data_validations.dataValidation
    assert choice.formula1.strip('"').split(",")[0] == term("report.result_will_buy")
    assert str(choice.sqref) == f"{sheet.cell(1, len(names) - 1).column_letter}2:" + (
        f"{sheet.cell(1, len(names) - 1).column_letter}{len(rows) + 1}"
    )
    assert not choice.showErrorMessage


def test_amounts_shares_and_days_have_formats(book):
    _, rows = rows_of(book[say("report.sheet_type", type="III")])
    formats = {name: cell.number_format for name, cell in rows[0].items()}
    assert formats[term("report.p_alive")] == "0.0%"
    assert formats[term("report.last_date")] == "yyyy-mm-dd"
    assert formats[say("report.current_value")] == "#,##0"


def test_small_amounts_show_their_cents(tmp_path):
    frame = messy_report.sales(customers=30)
    frame[frame.columns[-1]] = 1.25
    lists.write_lists(case.study(reading.read(frame)), tmp_path)
    sheets = load_workbook(tmp_path / "customers.xlsx").worksheets
    formats = {cell.number_format for sheet in sheets for row in sheet.iter_rows(min_row=2) for cell in row}
    assert "#,##0.00" in formats
    assert "#,##0" in formats  # orders and days


def test_no_code_is_left_among_the_words(book):
    texts = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    assert not [text for text in texts if CODES.search(text)]
    assert not any(isinstance(cell.value, bool) for sheet in book for row in sheet.iter_rows() for cell in row)


def test_the_key_explains_every_column_of_every_sheet(book):
    _, rows = rows_of(book[term("report.sheet_key")])
    explained = [next(iter(row.values())).value for row in rows]
    heads = {cell.value for sheet in book.worksheets[:-1] for cell in sheet[1]}
    assert heads <= set(explained)
    assert len(explained) == len(set(explained))
    assert all(cell.value for row in rows for cell in row.values())


def test_those_held_out_are_marked_and_never_on_the_call_list(book, judged):
    held = set(judged.customers.loc[judged.customers["hold_out"], "customer_id"])
    marked = set()
    for value_type in ("IV", "III", "II", "I"):
        _, rows = rows_of(book[say("report.sheet_type", type=value_type)])
        marked |= {row[term("report.customer")].value for row in rows if row[term("report.hold_out")].value is not None}
    assert marked == held
    _, rows = rows_of(book[term("report.sheet_calls")])
    assert not held & {row[term("report.customer")].value for row in rows}
