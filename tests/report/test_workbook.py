"""The customer list opened again: text stays text, nothing runs, nothing is lost."""

import csv
import datetime as dt

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from cvmlab.report import workbook

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def written(tmp_path, sheets):
    path = tmp_path / "list.xlsx"
    left_out = workbook.write_workbook({title: workbook.Sheet(frame) for title, frame in sheets.items()}, path)
    return load_workbook(path), left_out


def test_a_workbook_keeps_kinds(tmp_path):
    frame = pd.DataFrame(
        {
            "id": ["007", "=cmd()", None, "1e5"],
            "amount": [1.23456, np.nan, -5.0, 1e9],
            "day": pd.to_datetime(["2017-01-02", None, "2017-01-03", "2017-01-04"]),
            "held": [True, False, True, False],
            "orders": [1, 2, 3, 4],
        }
    )
    book, left_out = written(tmp_path, {"all": frame})
    assert left_out == {}
    sheet = book["all"]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert [row[0] for row in rows] == ["007", "=cmd()", None, "1e5"]
    assert [row[1] for row in rows] == [1.2346, None, -5, 1e9]
    assert rows[0][2] in (dt.date(2017, 1, 2), dt.datetime(2017, 1, 2))
    assert rows[1][2] is None
    assert [row[3:] for row in rows] == [(True, 1), (False, 2), (True, 3), (False, 4)]
    assert sheet["A3"].data_type == "s"
    assert sheet["A3"].quotePrefix
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:E5"
    assert all(cell.font.bold for cell in sheet[1])


def test_no_cell_of_a_workbook_is_a_formula(tmp_path):
    frame = pd.DataFrame({"=head": [f"{start}1+1" for start in (*FORMULA_STARTS, " ")]})
    book, _ = written(tmp_path, {"all": frame})
    assert {cell.data_type for row in book["all"].iter_rows() for cell in row} == {"s"}


def test_categories_are_written_as_their_texts(tmp_path):
    frame = pd.DataFrame({"owner": pd.Categorical(["=a", None, "b" * 80, "1"])})
    workbook.write_csv(frame, tmp_path / "list.csv")
    with (tmp_path / "list.csv").open(encoding="utf-8-sig", newline="") as lines:
        assert [*csv.reader(lines)] == [["owner"], ["'=a"], [""], ["b" * 80], ["1"]]
    book, _ = written(tmp_path, {"all": frame})
    assert [row[0] for row in book["all"].iter_rows(min_row=2, values_only=True)] == ["=a", None, "b" * 80, "1"]


def test_signs_that_xml_cannot_hold_do_not_break_a_workbook(tmp_path):
    frame = pd.DataFrame({"id": ["a\x00b\x0bc", "\ufffe\uffff", "𠮷"]})
    book, _ = written(tmp_path, {"all": frame})
    assert book["all"]["A2"].value == "abc"
    assert book["all"]["A4"].value == "𠮷"


def test_an_empty_sheet_has_its_header(tmp_path):
    book, _ = written(tmp_path, {"none": pd.DataFrame({"id": pd.Series([], dtype="str")})})
    assert [cell.value for cell in book["none"][1]] == ["id"]


def test_rows_beyond_a_sheet_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "EXCEL_ROWS", 4)
    book, left_out = written(
        tmp_path, {"all": pd.DataFrame({"id": list("abcdef")}), "few": pd.DataFrame({"id": ["a"]})}
    )
    assert left_out == {"all": 3}
    assert book["all"].max_row == 4


texts = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=20)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(texts, st.floats(-1e9, 1e9)), min_size=1, max_size=10))
def test_no_cell_of_a_csv_starts_a_formula_and_none_is_lost(tmp_path_factory, rows):
    frame = pd.DataFrame(rows, columns=["id", "amount"])
    before = frame.copy()
    path = tmp_path_factory.mktemp("csv") / "list.csv"
    workbook.write_csv(frame, path)
    pd.testing.assert_frame_equal(frame, before)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as lines:
        read = list(csv.reader(lines))
    assert read[0] == ["id", "amount"]
    assert len(read) == len(rows) + 1
    for (text, amount), (shown, number) in zip(rows, read[1:], strict=True):
        assert not shown.startswith(FORMULA_STARTS)
        assert shown == (f"'{text}" if text.startswith(FORMULA_STARTS) else text)
        assert abs(float(number) - amount) <= 0.00006


def test_a_missing_text_stays_missing_in_a_csv(tmp_path):
    path = tmp_path / "list.csv"
    workbook.write_csv(pd.DataFrame({"id": ["a", "b"], "owner": [None, "李四"]}), path)
    assert path.read_text(encoding="utf-8-sig").split() == ["id,owner", "a,", "b,李四"]


def test_a_sheet_can_be_read_and_printed_as_it_opens(tmp_path):
    long = "every word of a long remark is seen, in a row as high as it must be: " * 3
    frame = pd.DataFrame(
        {"id": ["a", "b", "c"], "remark": ["short", long, "汉" * 50], "a head of many words": [1, 2, 3]}
    )
    workbook.write_workbook({"calls": workbook.Sheet(frame)}, tmp_path / "a.xlsx")
    sheet = load_workbook(tmp_path / "a.xlsx")["calls"]
    heights = [sheet.row_dimensions[row].height for row in (2, 3, 4)]
    assert heights == [None, 45, 30]
    assert sheet.cell(3, 2).alignment.wrap_text
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.print_title_rows == "$1:$1"
