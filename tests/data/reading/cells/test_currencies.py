"""Several currencies are never added up; the one that is known is known to the log."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.data.reading import Log, read
from cvmlab.data.reading.cells.units import one_currency, same_currency

AMOUNTS = ["100", "15000", "90"]


def log_of(amounts: list[str], currencies: list[str] | None = None, header: str = "currency", **options: object) -> Log:
    frame = pd.DataFrame({"customer": [f"c{n}" for n in range(len(amounts))], "date": "2024-01-31", "amount": amounts})
    if currencies is not None:
        frame[header] = currencies
    return read(frame, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "header",
    ["currency", "Currency Code", "币种", "Währung", "幣別", "devise", "Currency Code ISO", "结算币种", "原币"],
)
def test_a_column_of_several_currencies_is_refused(header: str) -> None:
    with pytest.raises(CvmError, match=r"several currencies.*EUR \(1\).*--currency EUR.*--by currency"):
        log_of(AMOUNTS, ["USD", "JPY", "EUR"], header)


def test_several_signs_in_the_cells_are_refused() -> None:
    with pytest.raises(CvmError, match="several currencies"):
        log_of(["$100", "¥15000", "€90"])
    with pytest.raises(CvmError, match="several currencies"):
        log_of(["CA$5", "$5"])


def test_one_currency_is_taken_and_the_others_are_counted() -> None:
    log = log_of(AMOUNTS, ["USD", "JPY", "EUR"], currency="eur")
    assert (log.currency, log.quality.amount("used")) == ("EUR", 90)
    assert (log.quality.rows("other_currency"), log.quality.amount("other_currency")) == (2, 15_100)
    frame = log.quality.reconcile().set_index("line").loc[:"control"]
    assert frame["amount"].iloc[:-1].sum() == frame.loc["control", "amount"] == Decimal(15_190)
    assert "currency" not in log.transactions.columns
    assert log_of(["$100", "¥15000", "€90"], currency="USD").quality.amount("used") == 100
    with pytest.raises(CvmError, match=r"no amounts in GBP.*USD \(1\)"):
        log_of(AMOUNTS, ["USD", "JPY", "EUR"], currency="GBP")


def test_any_takes_all_with_the_currency_of_each() -> None:
    log = log_of(AMOUNTS, ["USD", "usd", ""], currency="any")
    assert log.currency == "USD"
    log = log_of(["$100", "15000円", "90"], currency="any")
    assert log.currency == ""
    assert log.transactions.project("currency").fetchall() == [("$",), ("JPY",), (None,)]


@pytest.mark.parametrize(
    ("amounts", "currencies", "known"),
    [
        (["$100", "5"], None, "$"), (["$100", "US$5"], None, "USD"), (["$100", "5"], ["USD", "USD"], "USD"),
        (["¥100", "5元"], None, "CNY"), (["¥100", "5"], None, "¥"), (["¥100", "JPY 5"], None, "JPY"),
        (["100", "5"], ["RMB", "人民币"], "CNY"), (["100", "5"], None, ""), (["5 kr", "6 SEK"], None, "SEK"),
    ],
)  # fmt: skip
def test_the_only_currency_is_known(amounts: list[str], currencies: list[str] | None, known: str) -> None:
    assert log_of(amounts, currencies).currency == known


def test_a_source_that_names_no_currency_is_named() -> None:
    log = log_of(AMOUNTS, currency="CNY")
    assert (log.currency, log.quality.rows("used")) == ("CNY", 3)
    assert log_of(["¥5", "6"], currency="CNY").currency == "CNY"


def test_a_header_names_the_currency() -> None:
    frame = pd.DataFrame({"customer": ["a"], "date": "2024-01-31", "Amount (USD)": ["5.00"]})
    assert read(frame).currency == "USD"
    with pytest.raises(CvmError, match="several currencies"):
        log_of(["5 EUR", "6 USD"])


def test_a_sign_means_what_the_codes_beside_it_leave() -> None:
    assert one_currency(["元", "JPY"]) is None
    assert one_currency([]) == ""
    assert same_currency("CNY", {"¥", "USD"}) == {"¥"}
    assert same_currency("CNY", {"¥", "JPY"}) == frozenset()
    assert same_currency("CNY", {"¥", "JPY", "CNY"}) == {"CNY"}


def test_groups_by_currency_know_theirs_and_other_groups_may_not_mix(tmp_path: Path) -> None:
    frame = pd.DataFrame({"customer": ["a", "b", "c"], "date": "2024-01-31", "amount": ["$1", "€2", "€3"]})
    log = read(frame.assign(shop="North"), keep=["shop"], currency="any")
    parts = {value: read(path) for value, path in log.write_parts("currency", tmp_path).items()}
    assert {value: (part.currency, part.quality.amount("used")) for value, part in parts.items()} == {
        "$": ("$", 1),
        "EUR": ("EUR", 5),
    }
    with pytest.raises(CvmError, match=r"North has amounts in several currencies"):
        log.write_parts("shop", tmp_path)


@pytest.mark.parametrize("currency", ["usd dollars", "123", "$$", "- "])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    with pytest.raises(CvmError, match="needs a code such as USD or a sign such as ¥"):
        log_of(AMOUNTS, currency=currency)


@pytest.mark.parametrize("currency", ["USD", "usd", "€", "$", "元", "RMB", "US$", "人民币", "dollars", "积分", "USDT"])
def test_what_people_call_a_currency_is_taken(currency: str) -> None:
    assert log_of(AMOUNTS, currency=currency).currency


@pytest.mark.parametrize("amounts", [["$1", "€2", "3"], ["$1", "€2", "3", "4"]])
def test_the_currency_that_is_advised_can_be_used(amounts: list[str]) -> None:
    with pytest.raises(CvmError) as caught:
        log_of(amounts)
    example = caught.value.values["example"]
    assert f"--currency {example})" in str(caught.value)
    assert log_of(amounts, currency=example).quality.rows("used") == 1


def stated(amounts: list[str], currencies: list[str] | None, header: str) -> pd.DataFrame:
    frame = pd.DataFrame({"customer": ["a", "b"], "date": "2024-01-31", header: amounts})
    return frame if currencies is None else frame.assign(currency=currencies)


@pytest.mark.parametrize(
    ("amounts", "currencies", "header"),
    [
        (["€1", "2"], ["USD", "USD"], "amount"), (["€1", "2"], None, "amount USD"),
        (["5", "6"], ["USD", "USD"], "金额（元）"),
        (["US$5", "6"], ["人民币", "CNY"], "amount"),
    ],
)  # fmt: skip
def test_currencies_that_contradict_each_other_are_refused(
    amounts: list[str], currencies: list[str] | None, header: str
) -> None:
    frame, whole = stated(amounts, None, header), stated(amounts, currencies, header)
    with pytest.raises(CvmError, match="different currencies for the same amount"):
        read(whole)
    if currencies is not None:
        assert read(whole, columns={"currency_code": ""}, currency="any").quality.rows("used") == 2
    if amounts[0] == "€1" and currencies is None:
        assert read(frame, currency="EUR").quality.amount("used") == 1


@pytest.mark.parametrize(
    ("amounts", "currencies", "header"),
    [
        (["¥1", "2"], ["CNY", "CNY"], "amount"), (["$1", "2"], None, "amount USD"),
        (["5", "6"], ["元", "RMB"], "金额（元）"),
        (["¥5", "6"], ["card", "cash"], "amount"),
    ],
)  # fmt: skip
def test_signs_that_may_be_the_stated_currency_are_taken(
    amounts: list[str], currencies: list[str] | None, header: str
) -> None:
    assert read(stated(amounts, currencies, header), currency="any").quality.rows("used") == 2


def test_one_sign_among_unmarked_amounts_is_shown() -> None:
    def keys(log: Log) -> list[str]:
        return [note.key for note in log.quality.notes if "currency" in note.key]

    log = log_of(["5", "6", "€1", "7"])
    assert (log.currency, log.quality.amount("used"), keys(log)) == ("EUR", 19, ["few_with_currency"])
    assert "– (3), EUR (1)" in str(log.quality.warnings[0])
    assert keys(log_of(["5", "6", "7"], ["", "USD", ""])) == ["few_with_currency"]
    assert keys(log_of(["5", "6", "€1", "7"], currency="EUR")) == ["one_currency"]
    # accounts write the sign in the first row only
    assert keys(log_of(["€5", "6", "1", "7"])) == ["one_currency"]


def beside(header: str, cells: list[str], amount: str = "amount (EUR)", **options: object) -> Log:
    frame = pd.DataFrame({"customer": ["a", "b"], "date": "2024-01-31", amount: ["100", "30"], header: cells})
    return read(frame, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("header", "cells", "role"),
    [
        ("cost (USD)", ["60", "20"], "cost"),
        ("profit", ["$60", "20"], "profit"),
        ("退款金额(元)", ["1", ""], "refund_amount"),
    ],
)
def test_what_is_in_another_currency_than_the_amount_is_refused(header: str, cells: list[str], role: str) -> None:
    with pytest.raises(CvmError, match="the amounts are in EUR") as caught:
        beside(header, cells)
    assert caught.value.key == "reading.other_currency_column"
    assert beside(header, cells, columns={role: ""}).quality.amount("used") == 130


def test_what_may_be_the_currency_of_the_amount_is_taken() -> None:
    assert beside("cost ($)", ["60", "20"], "amount (USD)").transactions.sum("cost").fetchall() == [(80.0,)]
    assert beside("cost (USD)", ["60", "20"], "amount").currency == ""


def test_a_column_of_sums_names_no_currency() -> None:
    log = beside("原币", ["15.2", "4"], "amount")
    assert (log.currency, log.quality.amount("used")) == ("", 130)


def test_pence_are_no_pounds() -> None:
    with pytest.raises(CvmError, match=r"several currencies.*GBX"):
        log_of(["150", "200"], ["GBp", "GBP"])
    assert log_of(["150", "200"], ["GBp", "GBp"]).currency == "GBX"
    log = log_of(["150 GBp", "200 GBP"])
    assert (log.currency, log.quality.amount("used")) == ("GBP", Decimal("201.50"))


@pytest.mark.parametrize(
    ("column", "currency"),
    [
        ("refund", "refund_currency"),
        ("退款金额", "退款币种"),
        ("profit", "Profit Currency"),
        ("cost", "cost currency code"),
    ],
)
def test_a_currency_of_its_own_beside_the_amount_is_refused(column: str, currency: str) -> None:
    frame = pd.DataFrame({"customer": ["a", "b"], "date": "2024-01-31", "amount": ["500", "600"], "currency": "JPY"})
    frame[column] = ["5", "0"]
    with pytest.raises(CvmError, match="is in USD, but the amounts are in JPY"):
        read(frame.assign(**{currency: ["USD", ""]}))
    for same in (["JPY", ""], ["yen", "USD"]):
        assert read(frame.assign(**{currency: same})).quality.rows("used", "refund") == 2


@pytest.mark.parametrize("header", ["Zahlart", "Curr 2", "付款方式", "Zz"])
def test_several_currencies_under_any_name_are_asked_about(header: str) -> None:
    with pytest.raises(CvmError) as caught:
        log_of(["1", "2", "4"], ["EUR", "USD", "EUR"], header)
    assert (caught.value.key, caught.value.values["column"]) == ("reading.unnamed_currencies", header)
    with pytest.raises(CvmError, match="several currencies"):
        log_of(["1", "2", "4"], ["EUR", "USD", "EUR"], header, columns={"currency_code": header})
    plain = log_of(["1", "2", "4"], ["EUR", "USD", "EUR"], header, columns={"currency_code": ""})
    assert plain.quality.amount("used") == 7


@pytest.mark.parametrize("words", [["CUP", "TOP", "ALL"], ["EUR", "EUR", "EUR"], ["EUR", "USD", "gift"]])
def test_words_that_are_no_currencies_and_one_currency_are_not(words: list[str]) -> None:
    assert log_of(["1", "2", "4"], words, "Zz").quality.amount("used") == 7


@pytest.mark.parametrize("header", ["通貨", "통화", "결제통화", "Para Birimi", "Wkz", "Cur.", "Döviz Cinsi"])
def test_a_column_of_currencies_is_known_in_further_languages(header: str) -> None:
    assert log_of(["1", "2", "4"], ["EUR", "USD", "EUR"], header, currency="EUR").quality.amount("used") == 5


def test_a_value_date_is_no_currency() -> None:
    frame = pd.DataFrame({"Buchungstag": ["06.01.2025", "11.02.2025"], "Valuta": ["07.01.2025", "12.02.2025"],
        "Name": ["a", "b"], "Betrag": ["5,00", "7,00"], "Währung": ["EUR", "USD"]})  # fmt: skip
    assert read(frame, currency="EUR").quality.amount("used") == 5
