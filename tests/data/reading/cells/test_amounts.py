"""Amounts of every country and unit: read to the cent, or asked; never in silence a thousand times too much."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError
from cvmlab.core.words import speaking
from cvmlab.data.reading import Log, read
from cvmlab.data.reading.cells.units import Affix, affix_of, header_unit

M4 = ["1.234", "2.500", "950", "12.000"]


def log_of(amounts: Sequence[object], header: str = "amount", dates: Sequence[str] = (), **options: object) -> Log:
    days = dates or ["2024-01-31"] * len(amounts)
    frame = pd.DataFrame({"customer": [f"c{n}" for n in range(len(amounts))], "date": days, header: amounts})
    return read(frame.astype("str"), **options)  # type: ignore[arg-type]


def amounts_of(log: Log) -> list[Decimal]:
    return [amount for (amount,) in log.connection.execute("SELECT exact FROM log ORDER BY spot").fetchall()]


def keys(log: Log) -> set[str]:
    return {note.key for note in log.quality.notes}


def written(tmp_path: Path, separator: str, amounts: Sequence[str], dates: Sequence[str] = ()) -> Path:
    days = dates or ["2024-01-31"] * len(amounts)
    frame = pd.DataFrame({"customer": [f"c{n}" for n in range(len(amounts))], "date": days, "amount": amounts})
    frame.to_csv(tmp_path / "a.csv", sep=separator, index=False)
    return tmp_path / "a.csv"


@pytest.mark.parametrize(
    ("cells", "read_as"),
    [
        (["R$ 1.234,56", "R$ 50,00"], ["1234.56", "50"]),
        (["100,00 zł", "1 250,00 zł"], ["100", "1250"]),
        (["1,23,456.00", "12,345.50", "950.00"], ["123456", "12345.5", "950"]),
        (["₹1,23,456", "₹500"], ["123456", "500"]),
        (["20:-", "1 250:-", "5:- kr", "-7:-", "20,-", "3-"], ["20", "1250", "5", "-7", "20", "-3"]),
        (["CHF 1'234.50", "CHF 5.--", "Fr. 7.-"], ["1234.5", "5", "7"]),
        (["1 234,50", "1\u00a0234 567,00", "1\u202f000,00"], ["1234.5", "1234567", "1000"]),
        (["Rs. 500", "Rs.1,500.00"], ["500", "1500"]),
        (["123 Kč", "1 234 Kč"], ["123", "1234"]),
        (["1.234,50 kr", "50 kr."], ["1234.5", "50"]),
        (["NT$1,200.00", "NT$50"], ["1200", "50"]),
        (["1,000円", "2,000,000円"], ["1000", "2000000"]),
        (["₽ 1 500,00", "10 ₽"], ["1500", "10"]),
        (["5,00 €", "€7"], ["5", "7"]),
        (["HK$5", "HKD 6", "港币7"], ["5", "6", "7"]),
        (["(5)", "5-", "−5", "△5", "▲5", "- 5", "-$5.00", "($5.00)", "+5"], ["-5"] * 8 + ["5"]),
        (["１２，３４５．６７", "1"], ["12345.67", "1"]),
        (["1.5万", "20000", "3千", "2亿", "1.5万元"], ["15000", "20000", "3000", "200000000", "15000"]),
        (["1.2k", "3M", "2 Mio.", "4"], ["1200", "3000000", "2000000", "4"]),
        (["1.000.000", "2.000"], ["1000000", "2000"]),
        (["1,5e3", "2"], ["1500", "2"]),
    ],
)
def test_amounts_are_read_as_their_country_writes_them(cells: list[str], read_as: list[str]) -> None:
    assert amounts_of(log_of(cells)) == [Decimal(amount) for amount in read_as]


@pytest.mark.parametrize(
    ("cells", "read_as"),
    [
        # two numbers in one cell: the others have decimals, or thousands without a space
        (["10.50", "20.25", "100 200"], ["10.5", "20.25", None]),
        (["10,50", "100 200 €", "7,00"], ["10.5", None, "7"]),
        (["1250", "100 200", "20"], ["1250", None, "20"]),
        (["1250.50", "1,300.00", "100 200"], ["1250.5", "1300", None]),
        (["1 234 567", "1 250", "10.50"], ["1234567", "1250", "10.5"]),
        (["1 234,50", "1 250", "10,50"], ["1234.5", "1250", "10.5"]),
        (["1\u00a0250", "1 300", "10.50"], ["1250", "1300", "10.5"]),
        (["1 250", "2 300", "300", "12,50"], ["1250", "2300", "300", "12.5"]),
        (["1 250", "300"], ["1250", "300"]),
    ],
)
def test_a_space_groups_thousands_only_where_the_column_shows_it(cells: list[str], read_as: list[str | None]) -> None:
    log = log_of(cells)
    assert amounts_of(log) == [amount and Decimal(amount) for amount in read_as]
    assert sum(bad.reason == "bad_amount" for bad in log.quality.samples) == read_as.count(None)


def test_where_both_readings_fit_the_user_is_asked(tmp_path: Path) -> None:
    for cells, source in [(M4, ","), (M4, "\t"), (["1,234", "950"], "\t"), (["1,234", "950"], ";")]:
        with pytest.raises(CvmError, match=r"can be read as 1234 or as 1\.234.*--decimal comma or --decimal point"):
            read(written(tmp_path, source, cells))
    with speaking("zh"), pytest.raises(CvmError, match=r"可读作 1234，也可读作 1\.234"):
        log_of(M4)
    assert sum(amounts_of(log_of(M4, decimal="comma"))) == 16_684
    assert sum(amounts_of(log_of(M4, decimal="point"))) == Decimal("965.734")


def test_the_habits_of_the_file_decide_where_they_agree_and_a_note_says_so(tmp_path: Path) -> None:
    dates = ["05.01.2021", "15.01.2021", "25.01.2021", "05.02.2021"]
    for source in (written(tmp_path, ";", M4), written(tmp_path, ";", M4, dates)):
        log = read(source)
        assert sum(amounts_of(log)) == 16_684
        (note,) = [note for note in log.quality.notes if note.key == "decimal_from"]
        assert "1234" in str(note)
        assert "--decimal point" in str(note)
    grouped = read(written(tmp_path, ",", ["1,234", "950"]))
    assert (sum(amounts_of(grouped)), "decimal_from" in keys(grouped)) == (2184, True)
    assert amounts_of(log_of(["¥1,234", "950"])) == [1234, 950]
    # another column of the same file says what the point means
    frame = pd.DataFrame({"customer": ["a", "b"], "date": "2024-01-31", "amount": ["1.234", "2.500"]})
    assert amounts_of(read(frame.assign(cost=["1,50", "2,00"]))) == [1234, 2500]
    assert amounts_of(read(frame.assign(cost=["1.50", "2.00"]))) == [Decimal("1.234"), Decimal("2.5")]


def test_two_decimal_signs_in_one_column_are_asked_and_a_stray_cell_is_counted() -> None:
    with pytest.raises(CvmError, match=r"mixes .*1,234\.50.*1\.234,50.*--decimal point"):
        log_of(["1,234.50", "1.234,50"])
    taken = log_of(["1,234.50", "1.234,50"], decimal="comma")
    assert (taken.quality.rows("bad_amount"), taken.quality.amount("used")) == (1, Decimal("1234.5"))
    stray = log_of(["12,5", *["1,234.50"] * 150])
    assert (stray.quality.rows("bad_amount"), stray.quality.amount("used")) == (1, 150 * Decimal("1234.5"))


def test_numbers_of_a_spreadsheet_need_no_question(tmp_path: Path) -> None:
    frame = pd.DataFrame({"customer": ["a", "b"], "date": "2024-01-31", "amount": [1.234, 950]})
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    assert amounts_of(read(tmp_path / "a.xlsx")) == [Decimal("1.234"), 950]
    frame.assign(amount=["1.234", "950"]).to_excel(tmp_path / "a.xlsx", index=False)
    with pytest.raises(CvmError, match="--decimal"):
        read(tmp_path / "a.xlsx")


@pytest.mark.parametrize("source", ["frame", "workbook"])
def test_a_true_number_does_not_say_how_the_texts_of_its_column_are_written(tmp_path: Path, source: str) -> None:
    def read_of(amounts: Sequence[object], **options: object) -> Log:
        frame = pd.DataFrame({"customer": list("abc")[: len(amounts)], "date": "2024-01-31"})
        frame["amount"] = pd.Series(amounts, dtype=object)
        if source == "frame":
            return read(frame, **options)  # type: ignore[arg-type]
        frame.to_excel(tmp_path / "a.xlsx", index=False)
        return read(tmp_path / "a.xlsx", **options)  # type: ignore[arg-type]

    with pytest.raises(CvmError, match=r"1\.234 can be read as 1234 or as 1\.234"):
        read_of([12.5, "1.234"])
    assert amounts_of(read_of([12.5, "1.234"], decimal="comma")) == [Decimal("12.5"), 1234]
    assert amounts_of(read_of([12.5, "1.234,50", 7])) == [Decimal("12.5"), Decimal("1234.5"), 7]
    assert amounts_of(read_of([Decimal("1.234"), 1e-7])) == [Decimal("1.234"), 0]
    assert read_of([1e31, "5,50"]).quality.rows("bad_amount") == 1


def test_a_number_in_the_format_of_a_currency_keeps_it(tmp_path: Path) -> None:
    frame = pd.DataFrame({"customer": ["a", "b"], "date": "2024-01-31", "amount": [12.5, "1.234,50 €"]})
    with pd.ExcelWriter(tmp_path / "a.xlsx") as writer:
        frame.to_excel(writer, index=False)
        writer.sheets["Sheet1"]["C2"].number_format = "[$€-407] #,##0.00"
    log = read(tmp_path / "a.xlsx")
    assert (amounts_of(log), log.currency) == ([Decimal("12.5"), Decimal("1234.5")], "EUR")


@pytest.mark.parametrize(
    ("header", "total"),
    [
        ("金额（万元）", 35_000), ("销售额(千元)", 3_500), ("amount in thousands", 3_500),
        ("金额（分）", Decimal("0.035")), ("Amount (k€)", 3_500), ("amount_cents", Decimal("0.035")),
        ("金额（元）", Decimal("3.5")), ("金额（不含税）", Decimal("3.5")), ("销售额万元", 35_000),
        ("Total ('000)", 3_500), ("amount kEUR", 3_500), ("amount_kusd", 3_500), ("umsatz KCHF", 3_500),
        ("montant keuros", 3_500), ("amount mEUR", 3_500_000), ("amount ’000", 3_500), ("amount (‘000 USD)", 3_500),
    ],
)  # fmt: skip
def test_the_unit_of_a_header_scales_its_column(header: str, total: Decimal) -> None:
    for cells in ([1.5, 2], ["1.5", "2"], ["¥1.5", "2.00"]):
        if re.search("€|eur|usd|chf", header.lower()) and "¥1.5" in cells:
            continue
        frame = pd.DataFrame({"customer": ["a", "b"], "date": "2024-01-31", header: cells})
        log = read(frame, columns={"amount": header})
        assert log.quality.amount("used") == total
        assert ("unit_scaled" in keys(log)) == (total != Decimal("3.5"))


def test_a_unit_in_the_cell_counts_instead_of_the_headers() -> None:
    log = log_of(["1.5万", "2"], "金额（万元）")
    assert amounts_of(log) == [15_000, 20_000]
    assert "cells_scaled" in keys(log)


def test_debit_and_credit_say_no_sign() -> None:
    with pytest.raises(CvmError, match="debit or credit"):
        log_of(["5.00 CR", "6.00 DR"])


@pytest.mark.parametrize(
    "cell", ["1e308", "1e31", "1000000000000000", "nan", "inf", "5%", "1e15", "9" * 40, "￥" + "9" * 30]
)
def test_what_cannot_be_money_is_a_bad_amount_and_sums_never_overflow(cell: str) -> None:
    log = log_of([cell, "5", *["999999999999999.99"] * 50])
    assert (log.quality.rows("bad_amount"), log.quality.samples[0].value) == (1, cell[:60])
    assert log.quality.amount("used") == 5 + 50 * Decimal("999999999999999.99")
    huge = [str(note) for note in log.quality.notes if note.key == "huge_amount"]
    assert [("row 1:" in said, cell[:40] in said) for said in huge] == [(True, True)] * (
        cell not in ("nan", "inf", "5%")
    )
    frame = pd.DataFrame({"customer": ["a", "b"], "date": "2024-01-31", "amount": [1e31, 5.0]})
    assert read(frame).quality.rows("bad_amount") == 1


def test_affixes_and_units_are_understood_whole_or_not_at_all() -> None:
    assert affix_of("-US$ ", "") == Affix(negative=True, currency="USD")
    assert affix_of("", " Mio €") == Affix(power=6, currency="EUR")
    for before, after in [
        ("approx ", ""),
        ("", "%"),
        ("-", "-"),
        ("(", ""),
        ("", " pcs"),
        ("", " R"),
        ("EUR ", " USD"),
    ]:
        assert affix_of(before, after) is None
    for header in ("积分", "net amount", "金额部分", "amount (2)", "paid in"):
        assert header_unit(header) == Affix()


GROUPS = {"none": "", "comma": ",", "point": ".", "space": "\u00a0", "apostrophe": "'", "indian": ","}
FORMS = [
    ("none", "."),
    ("none", ","),
    ("comma", "."),
    ("point", ","),
    ("space", ","),
    ("apostrophe", "."),
    ("indian", "."),
]


def as_written(amount: Decimal, group: str, sign: str, places: int) -> str:
    whole, _, rest = f"{abs(amount):.{places}f}".partition(".")
    step, parts = 2 if group == "indian" else 3, [whole[-3:]]
    rest_of = whole[:-3]
    while rest_of:
        parts.insert(0, rest_of[-step:])
        rest_of = rest_of[:-step]
    return ("-" if amount < 0 else "") + GROUPS[group].join(parts) + (sign + rest if places else "")


@settings(max_examples=60, deadline=None)
@given(
    units=st.lists(st.integers(-(10**10), 10**10), min_size=1, max_size=6),
    form=st.sampled_from(FORMS),
    places=st.integers(0, 3),
    short=st.booleans(),
)
def test_any_amounts_in_one_form_read_back_or_are_asked(
    units: list[int], form: tuple[str, str], places: int, *, short: bool
) -> None:
    amounts = [Decimal(unit % 5000 if short else unit).scaleb(-places) for unit in units]
    cells = [as_written(amount, *form, places) for amount in amounts]
    try:
        log = log_of(cells, today=dt.date(2024, 6, 1))
    except CvmError as asked:
        assert "--decimal" in str(asked)
        return
    assert amounts_of(log) == amounts


def test_many_cells_that_cannot_be_read_are_a_warning() -> None:
    log = log_of([*["about 5"] * 3, *["6.50", "7.25"] * 10])
    (note,) = [note for note in log.quality.warnings if note.key == "many_bad_amounts"]
    assert "about 5" in str(note)
    assert "--amount" in str(note)
    assert "many_bad_amounts" not in keys(log_of([*["about 5"] * 3, *["6.50", "7.25"] * 50]))
    dates = log_of(["6"] * 23, dates=[*["soon"] * 3, *["2024-01-31"] * 20])
    assert "many_bad_dates" in keys(dates)


def test_a_product_above_a_million_is_read() -> None:
    frame = pd.DataFrame(
        {"customer": ["a", "b"], "date": "2024-01-31", "quantity": [200_000, 3], "unit price": "10.20"}
    )
    assert amounts_of(read(frame)) == [Decimal("2040000"), Decimal("30.6")]
