"""Reading: what was injected is counted again, whatever the kind of file."""

from __future__ import annotations

import datetime as dt
import tempfile
from decimal import Decimal
from pathlib import Path

import duckdb
import messy
import openpyxl
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError
from cvmlab.core.words import speaking
from cvmlab.data.reading import DataReport, load_mapping, preview, read, save_mapping
from cvmlab.data.tables import TRANSACTIONS, check_table

SMALL = settings(max_examples=15, deadline=None)
DEFECT_COUNTS = st.fixed_dictionaries({defect: st.integers(0, 4) for defect in messy.DEFECTS})


def check(quality: DataReport, made: messy.Messy) -> None:
    for reason in ("used", "refund", *messy.DEFECTS):
        assert quality.rows(reason) == made.counts[reason], reason
        assert quality.amount(reason) == made.amounts.get(reason, 0), reason
    assert quality.control_amount == made.control
    adds_up(quality)


def adds_up(quality: DataReport) -> None:
    frame = quality.reconcile().set_index("line")
    parts = frame.loc[:"control"].drop("control")
    assert parts["rows"].sum() == frame.loc["control", "rows"] == quality.control_rows
    assert sum(parts["amount"], Decimal(0)) == frame.loc["control", "amount"]
    for table in (quality.by_source(), quality.by_month()):
        assert list(table["rows"]) == list(table["used_rows"] + table["dropped_rows"])
        assert list(table["amount"]) == list(table["used_amount"] + table["dropped_amount"])
    assert quality.by_source()["rows"].sum() == quality.control_rows
    assert sum(quality.by_source()["amount"], Decimal(0)) == quality.control_amount


@SMALL
@given(seed=st.integers(0, 10**6), defects=DEFECT_COUNTS)
def test_every_defect_is_counted_and_the_report_adds_up(seed: int, defects: dict[str, int]) -> None:
    made = messy.make(seed, **defects)
    with tempfile.TemporaryDirectory() as folder:
        log = read(messy.write_csv(Path(folder) / "a.csv", made), today=messy.TODAY)
    check(log.quality, made)
    used = log.transactions.aggregate("sum(round(amount * 100)::BIGINT), count(*)").fetchall()[0]
    assert used == (
        100 * (made.amounts["used"] + made.amounts.get("refund", 0)),
        made.counts["used"] + made.counts["refund"],
    )


DEFECTS = {"no_id": 3, "bad_date": 2, "bad_amount": 4, "duplicate_row": 2, "future_date": 1, "total_row": 3}


@pytest.mark.parametrize(
    "kind",
    [
        "utf8",
        "bom",
        "gb18030",
        "utf16",
        "semicolon",
        "tab",
        "tab_xls",
        "xlsx",
        "html",
        "parquet",
        "pandas",
        "polars",
        "lazy",
        "duckdb",
    ],
)
def test_every_kind_of_source_gives_the_same_report(tmp_path: Path, kind: str) -> None:
    made = messy.make(7, **DEFECTS)
    frame = pd.DataFrame(list(made.rows), columns=list(messy.HEADER))
    connection = duckdb.connect()
    if kind == "xlsx":
        book = openpyxl.Workbook()
        messy.write_sheet(book.active, made)
        book.save(tmp_path / "a.xlsx")
    if kind == "parquet":
        frame.to_parquet(tmp_path / "a.parquet")
    source: object = {
        "utf8": lambda: messy.write_csv(tmp_path / "a.csv", made),
        "bom": lambda: messy.write_csv(tmp_path / "a.csv", made, encoding="utf-8-sig"),
        "gb18030": lambda: messy.write_csv(tmp_path / "a.csv", made, encoding="gb18030"),
        "utf16": lambda: messy.write_csv(tmp_path / "a.csv", made, encoding="utf-16"),
        "semicolon": lambda: messy.write_csv(tmp_path / "a.csv", made, separator=";"),
        "tab": lambda: messy.write_csv(tmp_path / "a.tsv", made, separator="\t"),
        "tab_xls": lambda: messy.write_csv(tmp_path / "a.xls", made, encoding="gb18030", separator="\t"),
        "xlsx": lambda: tmp_path / "a.xlsx",
        "html": lambda: messy.write_html(tmp_path / "a.xls", made),
        "parquet": lambda: tmp_path / "a.parquet",
        "pandas": lambda: frame,
        "polars": lambda: pl.from_pandas(frame),
        "lazy": lambda: pl.from_pandas(frame).lazy(),
        "duckdb": lambda: connection.from_df(frame),
    }[kind]()
    log = read(source, today=messy.TODAY)
    check(log.quality, made)
    check_table(log.transactions, TRANSACTIONS)
    ids = {row[0] for row in log.transactions.project("customer_id").fetchall()}
    assert all(len(id_) == 5 and id_.isdigit() for id_ in ids)


def test_a_folder_is_one_log_and_overlapping_exports_are_duplicates(tmp_path: Path) -> None:
    first, second = messy.make(1), messy.make(2)
    messy.write_csv(tmp_path / "2019 一.csv", first)
    book = openpyxl.Workbook()
    messy.write_sheet(book.active, second)
    book.create_sheet("说明").append(["本表由系统导出"])
    book.save(tmp_path / "b.xlsx")
    (tmp_path / "~$b.xlsx").write_bytes(b"lock")
    log = read(tmp_path, today=messy.TODAY)
    assert log.quality.control_rows == 120
    assert log.quality.control_amount == first.control + second.control
    assert list(log.quality.by_source()["rows"]) == [60, 60]
    assert [part.sheet for part in log.quality.unused] == ["说明"]
    messy.write_csv(tmp_path / "c.csv", first)
    again = read(tmp_path, today=messy.TODAY)
    assert again.quality.rows("duplicate_row") == 60
    assert again.quality.amount("used", "refund") == log.quality.amount("used", "refund")


def test_the_report_survives_json_and_speaks_both_languages(tmp_path: Path) -> None:
    log = read(messy.write_csv(tmp_path / "a.csv", messy.make(3, **DEFECTS)), today=messy.TODAY)
    assert DataReport.from_dict(log.quality.to_dict()) == log.quality
    with speaking("zh"):
        assert "控制总额" in set(log.quality.reconcile()["label"])


def simple(rows: list[tuple[object, ...]], columns: tuple[str, ...] = ("customer", "date", "amount")) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns), dtype="object")


def rows_of(source: object, **options: object) -> list[tuple[object, ...]]:
    return read(source, **options).transactions.fetchall()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2010-11-27", dt.date(2010, 11, 27)),
        ("2010/1/7", dt.date(2010, 1, 7)),
        ("2010.11.27", dt.date(2010, 11, 27)),
        ("20101127", dt.date(2010, 11, 27)),
        ("2010年1月7日", dt.date(2010, 1, 7)),
        ("2010年11月27日 8:30", dt.date(2010, 11, 27)),
        ("2010-11-27T08:30:00", dt.date(2010, 11, 27)),
        ("40509", dt.date(2010, 11, 27)),
        ("40509.35", dt.date(2010, 11, 27)),
        ("27.11.2010", dt.date(2010, 11, 27)),
        ("11/27/2010 8:26", dt.date(2010, 11, 27)),
        ("27/11/2010", dt.date(2010, 11, 27)),
        ("27/11/10", dt.date(2010, 11, 27)),
        ("27-Nov-2010", dt.date(2010, 11, 27)),
        ("Nov 27, 2010", dt.date(2010, 11, 27)),
        ("２０１０－１１－２７", dt.date(2010, 11, 27)),
        ("20101127.0", dt.date(2010, 11, 27)),
    ],
)
def test_dates_are_read_as_they_are_written(written: str, day: dt.date) -> None:
    assert rows_of(simple([("1", written, "5")])) == [("1", day, 5.0)]


def test_day_and_month_are_decided_on_the_whole_column() -> None:
    rows = [("1", "3/4/2019", "5"), ("1", "25/4/2019", "6")]
    assert {day for _, day, _ in rows_of(simple(rows))} == {dt.date(2019, 4, 3), dt.date(2019, 4, 25)}
    with pytest.raises(CvmError, match="more than one way"):
        read(simple(rows[:1]))
    assert rows_of(simple(rows[:1]), day_first=False) == [("1", dt.date(2019, 3, 4), 5.0)]
    with pytest.raises(CvmError, match="mixes dates"):
        read(simple([*rows, ("1", "4/25/2019", "1")]))


def test_dates_with_a_zone_are_refused_until_a_zone_is_named() -> None:
    frame = simple([("1", "2020-01-01T20:00:00Z", "5")])
    with pytest.raises(CvmError, match="--timezone"):
        read(frame)
    assert rows_of(frame, timezone="Asia/Shanghai") == [("1", dt.date(2020, 1, 2), 5.0)]
    aware = pd.DataFrame({"customer": ["1"], "date": pd.to_datetime(["2020-01-01T20:00Z"]), "amount": [5.0]})
    with pytest.raises(CvmError, match="--timezone"):
        read(aware)
    assert rows_of(aware, timezone="Asia/Shanghai") == [("1", dt.date(2020, 1, 2), 5.0)]
    with pytest.raises(CvmError, match="Mars"):
        read(frame, timezone="Mars/Base")


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("1,234.50", 1234.5), ("¥1234", 1234), ("￥ 1,234", 1234), ("$5.5", 5.5), ("€7", 7), ("12元", 12), ("RMB 3", 3),
        ("3 CNY", 3), ("USD3", 3), ("(1,234.50)", -1234.5), ("１２．５", 12.5), ("12.5-", -12.5),
        ("-¥3", -3), ("1e3", 1000),
        ("−4", -4), ("0", 0),
    ],
)  # fmt: skip
def test_amounts_are_read_as_they_are_written(written: str, amount: float) -> None:
    assert rows_of(simple([("1", "2019-01-01", written)])) == [("1", dt.date(2019, 1, 1), amount)]


@pytest.mark.parametrize("written", ["", "nan", "inf", "-inf", "abc", "1.2.3", "1,23.4", "=1+1", "#DIV/0!", "5%"])
def test_what_is_no_amount_is_counted_as_bad(written: str) -> None:
    quality = read(simple([("1", "2019-01-01", written), ("2", "2019-01-01", "5")])).quality
    assert quality.rows("bad_amount") == 1
    assert quality.amount("used") == 5


def test_a_decimal_comma_is_read_where_the_column_shows_it(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text(
        "client;date;amount\n1;2019-01-01;1.234,50\n2;2019-01-01;12,5\n3;2019-01-01;1.234\n", encoding="utf-8"
    )
    assert [amount for *_, amount in rows_of(source)] == [1234.5, 12.5, 1234.0]


@pytest.mark.parametrize(
    ("written", "id_"),
    [
        ("007", "007"), ('="007"', "007"), ("'007", "007"), ("17850.0", "17850"), (17850.0, "17850"), (" 7 ", "7"),
        ("7\u3000", "7"),
        ("=cmd()", "=cmd()"), ("<b>x</b>", "<b>x</b>"), ("'t Hof", "'t Hof"), ('5" pipe', '5" pipe'), ("1.50", "1.50"),
    ],
)  # fmt: skip
def test_ids_stay_text(tmp_path: Path, written: object, id_: str) -> None:
    frame = simple([(written, "2019-01-01", 5)])
    assert rows_of(frame)[0][0] == id_
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert rows_of(tmp_path / "a.csv")[0][0] == id_
    book = openpyxl.Workbook()
    for row in [frame.columns, *frame.itertuples(index=False)]:
        book.active.append(list(row))
    if isinstance(written, str):
        book.active["A2"].data_type = "s"  # text even where it looks like a formula
    book.save(tmp_path / "a.xlsx")
    assert rows_of(tmp_path / "a.xlsx")[0][0] == id_


def test_without_an_order_id_equal_rows_are_purchases_with_one_they_are_duplicates() -> None:
    rows = [("1", "2019-01-01", "5", "A")] * 3
    assert read(simple([row[:3] for row in rows])).quality.rows("used") == 3
    frame = simple(rows, ("customer", "date", "amount", "order_id"))
    assert read(frame).quality.rows("duplicate_row") == 2
    assert read(frame, drop_duplicates=False).quality.rows("used") == 3
    # equal in the columns that are used, but not in all: two lines of one order
    lines = [("1", "2019-01-01", "5", "A", number) for number in range(3)]
    assert read(simple(lines, ("customer", "date", "amount", "order_id", "line"))).quality.rows("used") == 3


def test_merged_customers_are_filled_down_and_merged_amounts_are_not(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in [
        ("报表",),
        ("客户", "日期", "金额"),
        ("甲", "2019-01-01", 10),
        (None, "2019-01-02", None),
        ("乙", "2019-01-03", 5),
        (None, "2019-01-04", 7),
    ]:
        sheet.append(row)
    sheet.merge_cells("A3:A4")
    sheet.merge_cells("C3:C4")
    book.save(tmp_path / "a.xlsx")
    quality = read(tmp_path / "a.xlsx").quality
    assert (quality.amount("used"), quality.rows("bad_amount"), quality.rows("no_id")) == (15, 1, 1)
    assert [(sample.reason, sample.row) for sample in quality.samples] == [("no_id", 6), ("bad_amount", 4)]


def test_excel_dates_and_number_ids_survive(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Customer ID", "Order Date", "Sales"])
    book.active.append([17850, dt.datetime(2019, 1, 5, 8, 30), 12.5])
    book.active.append(["007", dt.date(2019, 1, 6), 3])
    book.save(tmp_path / "a.xlsx")
    assert rows_of(tmp_path / "a.xlsx") == [("17850", dt.date(2019, 1, 5), 12.5), ("007", dt.date(2019, 1, 6), 3.0)]


def test_suspicious_customers_are_named_left_out_and_can_be_taken_in() -> None:
    rows = [(f"c{number % 60}", "2019-01-31", 1) for number in range(600)]
    rows += (
        [("k9", "2019-01-31", 2)] * 60
        + [("散客", "2019-01-31", 3)] * 2
        + [("Test", "2019-01-31", 4), ("cash sale", "2019-01-31", 4)]
    )
    quality = read(simple(rows)).quality
    assert [(s.customer_id, s.why, s.rows) for s in quality.suspicious] == [
        ("k9", "share", 60), ("散客", "name", 2), ("Test", "name", 1), ("cash sale", "name", 1),
    ]  # fmt: skip
    assert (quality.rows("suspicious_customer"), quality.amount("suspicious_customer")) == (64, 134)
    adds_up(quality)
    with speaking("zh"):
        assert "名称特征" in str(quality.warnings[1])
    taken = read(simple(rows), include_suspicious=True).quality
    assert (taken.rows("used"), len(taken.suspicious)) == (664, 4)


@pytest.mark.parametrize(
    "name", ["Testa Rossa GmbH", "测试仪器有限公司", "Cashmere Ltd", "零售通科技", "Guestrow", "内部装修公司"]
)
def test_ordinary_names_are_not_suspicious(name: str) -> None:
    assert read(simple([(name, "2019-01-31", 1), ("x", "2019-01-31", 1)])).quality.suspicious == ()


def test_the_share_rule_is_silent_on_small_logs_and_heavy_tails() -> None:
    few = [(f"c{number % 9}", "2019-01-31", 1) for number in range(90)]
    assert read(simple(few)).quality.suspicious == ()
    tail = [(f"c{rank}", "2019-01-31", 1) for rank in range(1, 80) for _ in range(300 // rank)]
    largest = max(300 // rank for rank in range(1, 80)) / len(tail)
    assert largest > 0.05
    shown = {s.customer_id: s.excluded for s in read(simple(tail)).quality.suspicious}
    # only what stands out from the tail is left out; large accounts within it are customers
    assert shown == {"c1": True, "c2": True}


def test_future_rows_are_left_out_and_can_be_taken_in() -> None:
    frame = simple([("1", "2019-01-31", 1), ("2", "2019-02-28", 2)])
    quality = read(frame, today=dt.date(2019, 2, 1)).quality
    assert (quality.rows("future_date"), quality.last_date) == (1, "2019-01-31")
    assert read(frame, today=dt.date(2019, 2, 1), include_future=True).quality.rows("used") == 2


def keys(quality: DataReport) -> set[str]:
    return {note.key for note in quality.notes}


def test_warnings_of_a_cut_export_lost_digits_part_month_and_plain_oddities(tmp_path: Path) -> None:
    cut = tmp_path / "cut.csv"
    cut.write_text("customer,date,amount\n" + "1,2019-01-31,1\n" * 65_535, encoding="utf-8")
    assert "cut_export" in keys(read(cut).quality)
    cut.write_text("customer,date,amount\n" + "1,2019-01-31,1\n" * 65_534, encoding="utf-8")
    assert "cut_export" not in keys(read(cut).quality)
    assert "lost_digits" in keys(read(simple([("123456789012345000", "2019-01-31", 1)])).quality)
    for id_ in ("1.23457E+17", "1,23E+12", "1E+12"):
        assert "lost_digits" in keys(read(simple([(id_, "2019-01-31", 1)])).quality)
    assert "lost_digits" not in keys(read(simple([("123456789012345678", "2019-01-31", 1)])).quality)
    assert "part_last_month" in keys(read(simple([("1", "2019-01-15", 1)])).quality)
    assert "part_last_month" not in keys(read(simple([("1", "2019-01-31", 1)])).quality)
    assert {"all_amounts_zero", "one_customer"} <= keys(read(simple([("1", "2019-01-15", 0)])).quality)
    assert "negative_total" in keys(read(simple([("1", "2019-01-15", -1)])).quality)


def test_cost_and_profit_are_read_and_gaps_are_reported() -> None:
    frame = simple(
        [("1", "2019-01-31", 10, "4", "6"), ("1", "2019-01-31", 10, "", "1,0")],
        ("customer", "date", "amount", "成本", "利润"),
    )
    log = read(frame)
    assert log.transactions.project("profit, cost").fetchall() == [(6.0, 4.0), (1.0, 0.0)]
    assert "profit_missing" in keys(log.quality)


def test_ragged_lines_are_filled_up_or_counted(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text(
        '客户,日期,金额\n1,2019-1-1\n2,2019-1-2,7\n3,2019-1-3,8,9\n4,2019-1-4,8,,\n\n5,2019-1-5,"9"\n', encoding="utf-8"
    )
    quality = read(source).quality
    assert (quality.amount("used"), quality.rows("bad_amount"), quality.rows("broken_row")) == (24, 1, 1)
    adds_up(quality)


def test_western_signs_in_an_ascii_file_are_read(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    lines = (
        b"CustomerID,InvoiceDate,Amount,Description\n" + b"1,2019-01-31,5,plain\n" * 100 + b"2,2019-01-31,6,\xa35 off\n"
    )
    source.write_bytes(lines)
    log = read(source)
    assert log.quality.amount("used") == 506
    assert "western_encoding" in keys(log.quality)
    assert ("£5 off",) in log.transactions.project("product").fetchall()


def test_kept_columns_come_along(tmp_path: Path) -> None:
    frame = simple([("1", "2019-01-31", 1, "North", "x")], ("customer", "date", "amount", "Region", "业务员"))
    log = read(frame, keep=["Region", "业务员", "amount"])
    assert log.transactions.columns == ["customer_id", "date", "amount", "owner", "Region", "业务员"]
    with pytest.raises(CvmError, match="Regio"):
        read(frame, keep=["Regio"])


def test_a_saved_mapping_is_used_and_options_win(tmp_path: Path) -> None:
    source = tmp_path / "a b 张.csv"
    source.write_text("客户,日期,无税金额,价税合计\n1,2019-01-31,100,113\n", encoding="utf-8")
    with pytest.raises(CvmError, match="价税合计"):
        read(source)
    save_mapping(preview(source, columns={"amount": "价税合计"}).mapping, source)
    assert load_mapping(source)["amount"] == "价税合计"
    assert read(source).quality.amount("used") == 113
    assert preview(source).mapping["amount"] == "价税合计"
    assert read(source, columns={"amount": "无税金额"}).quality.amount("used") == 100
    (tmp_path / "a b 张.csv.mapping.json").write_text("{", encoding="utf-8")
    with pytest.raises(CvmError, match=r"mapping\.json"):
        read(source)


def test_preview_looks_at_the_head_only(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text("标题\n会员号,交易时间,销售额\n" + "001,2019-01-31,5\n" * 100_000, encoding="gb18030")
    shown = preview(source, rows=3)
    assert shown.mapping.to_dict() == {"customer_id": "会员号", "date": "交易时间", "amount": "销售额"}
    assert len(shown.rows) == 3
    assert shown.samples["会员号"] == ("001",)
    assert list(shown.roles()["samples"]) == ["001", "2019-01-31", "5"]


def test_the_relation_outlives_its_log(tmp_path: Path) -> None:
    relation = read(simple([("1", "2019-01-31", 1)])).transactions
    assert relation.fetchall() == [("1", dt.date(2019, 1, 31), 1.0)]


def test_a_large_source_lies_on_disk_and_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = messy.make(5, **DEFECTS)
    source = messy.write_csv(tmp_path / "a.csv", made)
    monkeypatch.setattr("cvmlab.data.reading.log.DISK_BYTES", 0)
    log = read(source, today=messy.TODAY)
    check(log.quality, made)
    assert len(log.transactions.fetchall()) == made.counts["used"] + made.counts["refund"]
    log.close()


def test_progress_is_reported(tmp_path: Path) -> None:
    steps: list[tuple[str, float]] = []
    read(
        messy.write_csv(tmp_path / "a.csv", messy.make(1)), today=messy.TODAY, progress=lambda *step: steps.append(step)
    )
    assert len(steps) >= 3
    assert all(0 <= share <= 1 for _, share in steps)


def test_a_log_is_shown_in_one_line_without_a_query(tmp_path: Path) -> None:
    log = read(simple([("1", "2019-01-31", 1), ("2", "2019-02-28", -2)]), name="till")
    log.close()  # a query would fail now
    assert repr(log) == "Log('till': 2 rows, 2 customers, 2019-01-31 to 2019-02-28)"
