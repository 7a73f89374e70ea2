"""Columns, titles and rows that change what an amount means: taken at their word, or asked about, never passed over."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.data.reading import Log, read


@pytest.fixture(scope="module")
def sales() -> pd.DataFrame:
    draw = np.random.default_rng(11)
    days = np.sort(draw.integers(0, 600, 60))
    return pd.DataFrame(
        {
            "Customer": [f"C{number:03d}" for number in draw.integers(1, 13, 60)],
            "Date": [(dt.date(2024, 1, 5) + dt.timedelta(days=int(day))).isoformat() for day in days],
            "Amount": draw.integers(5_000, 90_000, 60) / 100,
        }
    )


def _total(log: Log) -> float:
    ((total,),) = log.transactions.aggregate("sum(amount)").fetchall()
    return round(total, 2)


def _keys(log: Log) -> set[str]:
    return {note.key for note in log.quality.notes}


def _every(step: int, one: str, other: str) -> list[str]:
    return [one if row % step == 0 else other for row in range(60)]


@pytest.mark.parametrize(
    ("column", "back", "sold"),
    [
        ("Sign", "-", "+"),
        ("Vorzeichen", "−", "+"),
        ("正负号", "-1", "1"),
        ("Movement Type", "651", "601"),
    ],
)
def test_a_sign_beside_the_amount_makes_a_refund_of_it(sales, column, back, sold):
    log = read(sales.assign(**{column: _every(6, back, sold)}))
    returned = sales["Amount"].iloc[::6].sum()
    assert _total(log) == pytest.approx(sales["Amount"].sum() - 2 * returned, abs=0.01)


@pytest.mark.parametrize(
    ("column", "other", "real"),
    [("Scenario", "Budget", "Actual"), ("Version", "Forecast 2025", "Actual"), ("版本", "预算", "实际")],
)
def test_what_was_planned_is_no_sale(sales, column, other, real):
    planned = sales.assign(Amount=sales["Amount"] * 1.1, **{column: other})
    log = read(pd.concat([sales.assign(**{column: real}), planned]))
    assert _total(log) == pytest.approx(sales["Amount"].sum(), abs=0.01)
    assert "no_sales_out" in _keys(log)


def test_a_mark_of_cancellation_in_german_leaves_the_row_out(sales):
    log = read(sales.assign(Storniert=_every(6, "X", "")))
    assert _total(log) == pytest.approx(sales["Amount"].sum() - sales["Amount"].iloc[::6].sum(), abs=0.01)


def test_a_reason_of_a_refund_is_named_and_what_the_note_proposes_leaves_the_rows_out(sales):
    given = sales.assign(退款原因=_every(6, "质量问题", ""))
    assert "said_elsewhere" in _keys(read(given))
    log = read(given, columns={"cancel_flag": "退款原因"})
    assert _total(log) == pytest.approx(sales["Amount"].sum() - sales["Amount"].iloc[::6].sum(), abs=0.01)


@pytest.mark.parametrize(
    ("above", "below", "factor"),
    [
        ("销售明细表,,\n单位：万元,,\n", "", 10_000),
        ("单位:人民币千元,,\n", "", 1_000),
        ('"Sales 2024 (in k€)",,\n', "", 1_000),
        ("All amounts in thousands,,\n", "", 1_000),
        ("", ",,TEUR\n", 1_000),
        ("Alle Angaben in Tausend Euro,,\n", "", 1_000),
        ("Montants en milliers d'euros,,\n", "", 1_000),
        ("Importes en miles de euros,,\n", "", 1_000),
        ("Currency: USD; Scale: Thousands,,\n", "", 1_000),
        ("$ in thousands,,\n", "", 1_000),
        ("", ",,USD '000\n", 1_000),
        ("Business unit: K,,\n", "", 1),
        ("Sales 2024 (net),,\n", "", 1),
        ("Report for Thousand Oaks (CA),,\n", "", 1),
    ],
)
def test_the_unit_of_the_money_may_stand_above_or_below_the_header(sales, tmp_path, above, below, factor):
    path = tmp_path / "sales.csv"
    rows = sales.to_csv(index=False, header=False)
    path.write_text(f"{above}Customer,Date,Amount\n{below}{rows}", encoding="utf-8")
    log = read(path)
    assert _total(log) == pytest.approx(factor * sales["Amount"].sum(), rel=1e-9)
    assert ("unit_scaled" in _keys(log)) == (factor > 1)


@pytest.mark.parametrize(
    ("note", "factor"),
    [
        ("单位：万元,,", 10_000),
        ("注：以上金额单位为万元,,", 10_000),
        ("以上数据以千元计,,", 1_000),
        ("All amounts in thousands of USD,,", 1_000),
        ('"(in thousands, except per share)",,', 1_000),
        ("Note: thousands of customers,,", 1),
        ("单位：万元,2024-01-05,0", 1),
    ],
)
def test_the_unit_of_the_money_may_stand_in_a_footnote(sales, tmp_path, note, factor):
    path = tmp_path / "sales.csv"
    path.write_text(f"Customer,Date,Amount\n{sales.to_csv(index=False, header=False)}{note}\n", encoding="utf-8")
    log = read(path)
    assert _total(log) == pytest.approx(factor * sales["Amount"].sum(), rel=1e-9)
    assert ("unit_scaled" in _keys(log)) == (factor > 1)
    assert (log.quality.rows("bad_date") == 0) == ("Note" not in note)


@pytest.mark.parametrize("place", ["above", "below"])
@pytest.mark.parametrize(
    ("note", "header", "factor", "contradicts"),
    [
        ("单位：万元", "金额（元）", 1, True),
        ("单位：千元", "金额（万元）", 10_000, True),
        ("单位：万元", "金额（万元）", 10_000, False),
        ("单位：万元", "金额（人民币）", 10_000, False),
        ("Amounts in thousands of USD", "Amount (USD)", 1_000, False),
        ("(in thousands)", "Amount (EUR)", 1_000, False),
        ("Amounts in thousands of USD", "Amount (EUR)", 1, True),
        ("(in thousands)", "Amount ($000)", 1_000, False),
    ],
)
def test_a_unit_in_the_header_meets_one_beside_the_table(sales, tmp_path, place, note, header, factor, contradicts):
    path = tmp_path / "sales.csv"
    rows = sales.to_csv(index=False, header=False)
    text = f"客户,日期,{header}\n{rows}"
    path.write_text(f"{note},,\n{text}" if place == "above" else f"{text}{note},,\n", encoding="utf-8")
    log = read(path)
    assert _total(log) == pytest.approx(factor * sales["Amount"].sum(), rel=1e-9)
    assert ("unit_of_header" in _keys(log)) == contradicts
    assert log.quality.rows("bad_date") == 0


@pytest.mark.parametrize("column", ["Price Unit", "PE", "Preiseinheit", "计价数量"])
def test_a_price_per_hundred_is_divided(sales, column):
    given = sales.rename(columns={"Amount": "Unit Price"}).assign(Quantity=_every(2, "300", "200"))
    log = read(given.assign(**{column: "100"}))
    expected = (sales["Amount"] * given["Quantity"].astype(int) / 100).sum()
    assert _total(log) == pytest.approx(expected, abs=0.05)
    assert "price_unit" in _keys(log)


def test_a_price_unit_of_one_changes_nothing(sales):
    given = sales.rename(columns={"Amount": "Unit Price"}).assign(Quantity="2", PE="1")
    log = read(given)
    assert _total(log) == pytest.approx(2 * sales["Amount"].sum(), abs=0.01)
    assert "price_unit" not in _keys(log)


def _with_lines(sales: pd.DataFrame) -> pd.DataFrame:
    """Return two lines for each purchase, with its number as order."""
    orders = sales.assign(**{"Order No": [f"O{row:04d}" for row in range(len(sales))]})
    first = (orders["Amount"] * 0.4).round(2)
    lines = [orders.assign(Amount=first), orders.assign(Amount=(orders["Amount"] - first).round(2))]
    return pd.concat(lines).sort_index(kind="stable")


def test_the_head_of_an_order_is_no_further_line(sales):
    lines = _with_lines(sales)
    heads = sales.assign(**{"Order No": lines["Order No"].iloc[::2]})
    log = read(pd.concat([heads, lines]).sort_index(kind="stable"))
    assert _total(log) == pytest.approx(sales["Amount"].sum(), abs=0.01)
    assert "order_heads" in _keys(log)


def test_lines_that_are_no_sum_of_the_others_all_count(sales):
    lines = _with_lines(sales)
    third = sales.assign(**{"Order No": lines["Order No"].iloc[::2], "Amount": sales["Amount"] + 1})
    log = read(pd.concat([third, lines]))
    assert _total(log) == pytest.approx(2 * sales["Amount"].sum() + 60, abs=0.01)
    assert "order_heads" not in _keys(log)


def test_the_total_of_an_order_counts_once_over_its_deliveries(sales):
    orders = sales.rename(columns={"Amount": "Order Total"}).assign(Order=[f"O{row}" for row in range(60)])
    later = orders.iloc[::2].copy()
    later["Date"] = [(dt.date.fromisoformat(day) + dt.timedelta(days=9)).isoformat() for day in later["Date"]]
    log = read(pd.concat([orders, later]))
    assert _total(log) == pytest.approx(sales["Amount"].sum(), abs=0.01)


def test_gross_beside_net_is_asked_and_the_fee_is_never_the_amount(sales):
    given = sales.rename(columns={"Amount": "Gross"}).assign(Fee=-1.0)
    with pytest.raises(CvmError, match="'Gross', 'Net'"):
        read(given.assign(Net=given["Gross"] - 1))
    assert _total(read(given)) == pytest.approx(sales["Amount"].sum(), abs=0.01)


def test_an_amount_below_the_price_of_one_piece_is_asked_about(sales):
    given = sales.rename(columns={"Amount": "Unit Price"}).assign(Amount=_every(2, "3", "2"))
    with pytest.raises(CvmError, match="may be a quantity") as raised:
        read(given)
    assert raised.value.values["count"] == "60"
    expected = (sales["Amount"] * given["Amount"].astype(int)).sum()
    assert _total(read(given, columns={"quantity": "Amount"})) == pytest.approx(expected, abs=0.01)
    assert _total(read(given, columns={"amount": "Amount"})) == 150


def test_a_discount_in_german_is_asked_about_with_its_own_figures():
    rows = pd.DataFrame(
        {
            "Kunde": ["A", "B", "C"],
            "Datum": ["05.01.2024", "06.01.2024", "17.01.2024"],
            "Menge": ["3", "2", "5"],
            "Einzelpreis": ["376,14", "848,28", "71,63"],
            "Nachlass": ["37,61", "84,83", "7,16"],
        }
    )
    with pytest.raises(CvmError, match=r"1,090\.81"):
        read(rows)
    assert _total(read(rows, columns={"discount": "Nachlass"})) == pytest.approx(3_053.53, abs=0.01)
    assert _total(read(rows.rename(columns={"Nachlass": "値引額"}))) == pytest.approx(3_053.53, abs=0.01)


def test_balances_of_a_ledger_are_no_customers(sales):
    opening = pd.DataFrame({"Customer": ["Opening balance"], "Date": ["2024-01-01"], "Amount": [55_000]})
    closing = pd.DataFrame({"Customer": ["期末余额"], "Date": ["2025-12-31"], "Amount": [99_000]})
    log = read(pd.concat([opening, sales, closing]))
    assert _total(log) == pytest.approx(sales["Amount"].sum(), abs=0.01)


def test_a_due_date_gives_way_to_that_of_the_posting_and_alone_is_said_to_be_late(sales):
    later = [(dt.date.fromisoformat(day) + dt.timedelta(days=45)).isoformat() for day in sales["Date"]]
    due = sales.assign(**{"Due Date": later})
    log = read(due.rename(columns={"Date": "Invoice Posted On"}))
    assert str(log.quality.first_date) == sales["Date"].iloc[0]
    assert "due_dates" in _keys(read(due.drop(columns="Date")))


@pytest.mark.parametrize("name", ["Retouren", "avoirs_2024", "返品一覧"])
def test_a_file_of_returns_is_known_by_its_name_in_further_languages(name):
    from cvmlab.data.reading.part_names import returns_word

    assert returns_word(name)


@pytest.mark.parametrize("name", ["Devis 2024", "見積書", "Angebote"])
def test_a_file_of_quotes_is_known_by_its_name_in_further_languages(name):
    from cvmlab.data.reading.part_names import no_sales_word

    assert no_sales_word(name)


@pytest.mark.parametrize("name", ["residential", "retourenfrei", "Devisen"])
def test_a_word_that_only_begins_like_returns_says_nothing(name):
    from cvmlab.data.reading.part_names import no_sales_word, returns_word

    assert not returns_word(name)
    assert not no_sales_word(name)


def test_a_refund_in_a_column_and_in_a_row_is_named(sales):
    orders = sales.assign(Order=[f"O{row}" for row in range(len(sales))], Refunded=0.0)
    orders.loc[3, "Refunded"] = 20.0
    row = orders.loc[[3]].assign(Amount=-20.0, Refunded=0.0)
    log = read(pd.concat([orders, row]))
    (warning,) = [note for note in log.quality.warnings if note.key == "refunded_twice"]
    assert (warning.values["rows"], warning.values["amount"], warning.values["order"]) == ("1", "20.00", "O3")
    assert "refunded_twice" not in [note.key for note in read(orders).quality.notes]


def test_a_second_table_beside_the_first_is_refused() -> None:
    rows = [["2024-01-05", "a", "5", "", "2024-02-05", "c", "7"], ["2024-01-06", "b", "6", "", "2024-02-06", "a", "8"]]
    names = ["Date", "Customer", "Amount", "", "Date (2)", "Customer (2)", "Amount (2)"]
    for options in ({}, {"columns": {"customer_id": "Customer", "date": "Date", "amount": "Amount"}}):
        with pytest.raises(CvmError) as caught:
            read(pd.DataFrame(rows, columns=names), **options)  # type: ignore[arg-type]
        assert caught.value.key == "reading.tables_beside"
    twice = pd.DataFrame([row[:3] + row[4:5] for row in rows], columns=["Date", "Customer", "Amount", "Date (2)"])
    assert read(twice, columns={"date": "Date"}).quality.amount("used") == 11


@pytest.mark.parametrize(("cents", "warned"), [(100, True), (1, False)])
def test_whole_amounts_beside_the_ids_of_a_payment_service_may_be_cents(cents: int, warned: bool) -> None:
    amounts = [(119415 + 17 * n) / (100 / cents) for n in range(30)]
    frame = pd.DataFrame({"id": [f"ch_{n}A" for n in range(30)], "created": "2025-01-12", "currency": "usd"})
    frame = frame.assign(customer=[f"cus_{n % 7}B" for n in range(30)], status="succeeded")
    log = read(frame.assign(amount=amounts))
    assert ("maybe_cents" in [note.key for note in log.quality.warnings]) == warned
    if warned:
        said = read(frame.assign(**{"amount (cents)": amounts}))
        assert float(said.quality.amount("used")) == pytest.approx(sum(amounts) / 100)
        assert "maybe_cents" not in [note.key for note in said.quality.warnings]
