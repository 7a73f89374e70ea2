"""A ledger that is entered and read: every cell as it was meant, every faulty one named with its place."""

import datetime as dt

import openpyxl
import pandas as pd
import pytest

import cvmlab as cvm
from cvmlab.core.words import CvmError, speaking
from cvmlab.worth.ledger import form, read

HEADS = ["customer", "date", "activity", "value", "cost"]


def frame(*rows, heads=HEADS):
    return pd.DataFrame(rows, columns=heads)


def written(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def filled(path, *rows):
    book = openpyxl.load_workbook(path)
    for row in rows:
        book.worksheets[0].append(row)
    book.save(path)
    return path


def test_a_csv_in_chinese_is_read_as_it_was_meant(tmp_path):
    text = "客户编号,日期,活动,价值（万元）,成本（万元）\n007,2024年1月5日,销售,1.25,0.7\n007,2024/1/9,拜访,,0.003\n"
    found = read(written(tmp_path / "台账.csv", text, "gb18030"))
    assert found.entries["customer_id"].tolist() == ["007", "007"]
    assert found.entries["date"].dt.date.tolist() == [dt.date(2024, 1, 5), dt.date(2024, 1, 9)]
    assert found.entries["value"].tolist() == [12_500, 0]
    assert found.entries["cost"].tolist() == [7_000, 30]
    assert found.entries["activity"].tolist() == ["销售", "拜访"]
    assert not len(found.faults)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_the_form_is_read_back(tmp_path, language, ending):
    with speaking(language):
        path = form(tmp_path / f"账 book.{ending}", ["sale", "call"])
    with pytest.raises(CvmError, match="no rows of data"):
        read(path)
    if ending == "csv":
        with path.open("a", encoding="utf-8") as lines:
            lines.write("007,2024-01-05,sale,1200.10,700,\r\n008,2024-02-01,call,,30,2\r\n")
    else:
        filled(path, ["007", dt.date(2024, 1, 5), "sale", 1200.1, 700], ["008", "2024-02-01", "call", None, 30, 2])
    found = read(path, activities=["sale", "call"]).entries
    assert found["customer_id"].tolist() == ["007", "008"]
    assert found[["value", "cost", "times"]].values.tolist() == [[1200.1, 700, 1], [0, 30, 2]]


def test_the_form_offers_the_activities_and_is_not_written_twice(tmp_path):
    path = form(tmp_path / "ledger.xlsx", ["=1+1", "call"])
    book = openpyxl.load_workbook(path)
    offered = [rule for rule in book.worksheets[0].data_validations.dataValidation if rule.type == "list"]
    assert [rule.formula1 for rule in offered] == ["'activities'!$A$2:$A$3"]
    assert [cell.value for cell in book["activities"]["A"]][1:] == ["=1+1", "call"]
    assert book["activities"]["A2"].data_type == "s"
    with pytest.raises(CvmError, match="exists already"):
        form(path)
    with pytest.raises(CvmError, match="End it with"):
        form(tmp_path / "ledger.pdf")
    with pytest.raises(CvmError, match="has an empty name"):
        form(tmp_path / "other.xlsx", ["call", " "])
    assert [file.name for file in tmp_path.iterdir()] == ["ledger.xlsx"]


FAULTY = """customer,date,activity,value,cost
007,2024-01-05,sale,1200,700
,2024-01-06,call,,30
008,soon,call,,30
008,,call,,30
008,2024-01-06,cal,,30
008,2024-01-06,,,30
008,2024-01-06,call,,-30
008,2024-01-06,call,plenty,30
008,2024-01-06,call,,
008,2034-01-06,call,,30
Total,,,1200,850
"""
FAULTS = [
    (3, "customer", "", "missing_customer_id"),
    (4, "date", "soon", "unreadable_date"),
    (5, "date", "", "missing_date"),
    (6, "activity", "cal", "unknown_activity"),
    (7, "activity", "", "missing_activity"),
    (8, "cost", "-30", "negative_cost"),
    (9, "value", "plenty", "unreadable_number"),
    (10, "value", "", "nothing_entered"),
    (11, "date", "2034-01-06", "future_date"),
    (12, "", "", "total_row"),
]


def test_every_faulty_row_is_named_with_its_place(tmp_path):
    path = written(tmp_path / "ledger.csv", FAULTY)
    found = read(path, activities=["sale", "call"], as_of="2024-12-31", bad_rows="leave_out")
    assert [*found.faults[["row", "column", "cell", "fault"]].itertuples(index=False, name=None)] == FAULTS
    assert found.faults["nearest"].tolist() == ["", "", "", "call", *[""] * 6]
    assert found.entries["value"].tolist() == [1200]
    # each fault says what to do, in both languages
    for language in ("en", "zh"):
        with speaking(language):
            assert not set(cvm.in_words(found.faults).iloc[:, 4]) & set(found.faults["fault"])


def test_faulty_rows_are_refused_with_the_first_of_them(tmp_path):
    path = written(tmp_path / "ledger.csv", FAULTY)
    with pytest.raises(CvmError) as caught:
        read(path, activities=["sale", "call"], as_of="2024-12-31")
    said = str(caught.value)
    assert "rows that cannot be used: 10" in said
    assert "ledger.csv, row 6, column 'activity' ('cal')" in said
    assert "the nearest is 'call'" in said
    assert "and 5 more" in said
    with speaking("zh"):
        assert "第 6 行“activity”列（“cal”）" in str(caught.value)


def test_no_usable_row_is_a_sentence_however_it_is_read():
    with pytest.raises(CvmError, match="cannot be used: 1"):
        read(frame(("a", "2024-01-05", "call", "", "-3")), bad_rows="leave_out")


def test_one_customer_and_one_entry_are_a_ledger():
    assert len(read(frame(("a", "2024-01-05", "call", "", "3"))).entries) == 1


def test_equal_rows_are_counted_and_said_so_unless_they_are_to_go():
    rows = [("a", f"2024-01-{day:02}", "call", "", "3") for day in (*range(1, 9), 1)]
    kept = read(frame(*rows))
    assert len(kept.entries) == 9
    assert [note.key for note in kept.notes if note.level == "warning"] == ["equal_entries"]
    left = read(frame(*rows), drop_duplicates=True)
    assert (len(left.entries), left.faults["fault"].tolist(), left.faults["row"].tolist()) == (8, ["equal_row"], [9])
    assert [note.key for note in read(frame(*rows), drop_duplicates=False).notes] == ["equal_entries"]


def test_a_ledger_that_stands_there_twice_is_asked_about():
    rows = [("a", f"2024-01-{day:02}", "call", "", "3") for day in range(1, 9)]
    with pytest.raises(CvmError, match=r"Nearly every row of the ledger is there twice \(8 of 16"):
        read(frame(*rows, *rows))
    assert len(read(frame(*rows, *rows), drop_duplicates=False).entries) == 16


def test_activities_that_look_alike_are_named():
    notes = read(frame(("a", "2024-01-05", "call", "", "3"), ("a", "2024-01-06", "Call ", "", "3"))).notes
    assert [str(note) for note in notes if note.key == "activities_alike"] == [
        "Activities that differ only in capitals, spaces or signs are counted apart: Call, call. "
        "If they are the same, correct the names."
    ]


def test_dates_in_two_forms_are_read_where_each_is_clear_and_refused_where_they_contradict():
    rows = [("a", date, "call", "", "3") for date in ("25/03/2024", "2024-04-05", "4/5/2024")]
    found = read(frame(*rows))
    assert found.entries["date"].dt.strftime("%m-%d").tolist() == ["03-25", "04-05", "05-04"]
    assert "day_first_read" in [note.key for note in found.notes]
    with pytest.raises(CvmError, match="25/03/2024"):
        read(frame(*rows, ("a", "03/26/2024", "call", "", "3")))


def test_missing_columns_are_named_and_may_be_ruled_out():
    counted = frame(("a", "2024-01-05", "call", "3"), heads=["customer", "date", "activity", "times"])
    with pytest.raises(CvmError, match=r'no column for: value; cost.*columns=\{"value": ""\}'):
        read(counted)
    found = read(counted, columns={"value": "", "cost": ""}).entries
    assert found[["activity", "times"]].values.tolist() == [["call", 3.0]]
    with pytest.raises(CvmError, match="no column for: activity"):
        read(frame(("a", "2024-01-05", 1.0, 2.0), heads=["customer", "date", "value", "cost"]))
    with pytest.raises(CvmError, match="only value, cost and times may be empty"):
        read(counted, columns={"date": ""})
    with pytest.raises(CvmError, match="more than one column that could be the activity"):
        read(frame(("a", "2024-01-05", "x", "y", 1.0, 2.0), heads=[*HEADS[:3], "activity type", *HEADS[3:]]))
    with pytest.raises(CvmError, match="has no column 'gain'"):
        read(counted, columns={"value": "gain", "cost": ""})
    with pytest.raises(CvmError, match="'times' is chosen as value and as cost"):
        read(counted, columns={"value": "times", "cost": "times"})
    named = frame(("a", "2024-01-05", "x", 5.0, 2.0), heads=["customer", "date", "what", "gain", "cost"])
    assert read(named, columns={"activity": "what", "value": "gain"}).entries["value"].tolist() == [5.0]


def test_two_currencies_are_never_added_up():
    with pytest.raises(CvmError, match="EUR"):
        read(frame(("a", "2024-01-05", "sale", "€ 100", "€ 60"), ("a", "2024-01-06", "sale", "¥ 100", "¥ 60")))


def test_a_sheet_that_is_almost_a_ledger_is_not_passed_over(tmp_path):
    path = tmp_path / "years.xlsx"
    with pd.ExcelWriter(path) as book:
        frame(("a", "2024-01-05", "call", 0.0, 3.0)).to_excel(book, sheet_name="2024", index=False)
        almost = frame(("a", "2025-01-05", "call", 0.0, 3.0)).rename(columns={"cost": "kost"})
        almost.to_excel(book, sheet_name="2025", index=False)
        pd.DataFrame({"customer": ["a"], "city": ["Wuhan"]}).to_excel(book, sheet_name="who", index=False)
    with pytest.raises(CvmError, match=r"years.xlsx \[2025\] has no column for: cost"):
        read(path)
    assert len(read(path, sheet="2024").entries) == 1
    whole = read(path, columns={"cost": ""})
    assert (len(whole.entries), "cost" in whole.entries) == (2, False)
    assert "[who]" in str(next(note for note in whole.notes if note.key == "sheets_without_ledger"))
