"""Words and dates that give no cause for alarm, beside twins that do."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from cvmlab.data.reading import Log, read

DAYS = pd.date_range("2023-01-02", periods=40, freq="9D").strftime("%Y-%m-%d")


def log_of(more: dict[str, list[Any]], amounts: list[float] | None = None, **options: Any) -> Log:
    frame = {
        "customer": [f"c{number % 7}" for number in range(40)],
        "date": list(DAYS),
        "amount": amounts or [100.5 + number for number in range(40)],
    }
    return read(pd.DataFrame(frame | more), today="2026-01-01", **options)


def warned(log: Log) -> list[str]:
    return [note.key for note in log.quality.warnings if note.key not in ("part_last_month", "few_customers")]


def mostly(usual: str, other: str) -> list[str]:
    return [other if number % 10 == 3 else usual for number in range(40)]


@pytest.mark.parametrize(
    ("head", "usual", "other"), [("Belegart", "RV", "RG"), ("Typ", "FS", "KFS"), ("Typ", "Z1", "Z9")]
)
def test_a_code_whose_amounts_have_their_minus_is_a_credit_note(head: str, usual: str, other: str) -> None:
    words = mostly(usual, other)
    amounts = [-30.25 if word == other else 100.5 + number for number, word in enumerate(words)]
    log = log_of({head: words}, amounts)
    assert (warned(log), log.quality.rows("refund")) == ([], 4)


@pytest.mark.parametrize("amount", [90.0, -900.0])
def test_a_code_with_sales_or_with_as_much_as_the_sales_is_named(amount: float) -> None:
    words = mostly("FS", "KFZ")
    amounts = [amount if word == "KFZ" else 100.5 + number for number, word in enumerate(words)]
    assert warned(log_of({"Typ": words}, amounts)) == ["unknown_words"]


def test_the_word_of_most_rows_is_not_named_and_the_others_are() -> None:
    (note,) = [
        note for note in log_of({"Status": mostly("gavott", "rumba")}).quality.warnings if note.key == "unknown_words"
    ]
    assert note.values["words"].startswith("rumba (4: ")


@pytest.mark.parametrize("sign", ["plan_code", "subscription_start", "account_code"])
def test_closed_is_how_an_invoice_for_a_subscription_ends(sign: str) -> None:
    more: dict[str, list[Any]] = {sign: ["gold"] * 40, "status": mostly("paid", "closed")}
    assert warned(log_of(more)) == []
    assert warned(log_of({"shelf": ["gold"] * 40, "status": mostly("paid", "closed")})) == ["unsure_status"]


def test_closed_with_a_minus_takes_off_already() -> None:
    words = mostly("paid", "closed")
    amounts = [-30.25 if word == "closed" else 100.5 + number for number, word in enumerate(words)]
    assert warned(log_of({"status": words}, amounts)) == []


def test_a_date_of_cancellation_is_named_only_where_the_order_counts_in_full() -> None:
    dates = [day if number % 10 == 3 else None for number, day in enumerate(DAYS)]
    voided: dict[str, list[Any]] = {"Cancelled at": dates, "Financial Status": mostly("paid", "voided")}
    assert warned(log_of(voided)) == ["cancelled_out"]
    back = [100.5 + number if number % 10 == 3 else 0 for number in range(40)]
    assert warned(log_of({"Cancelled at": dates, "Refunded Amount": back})) == ["refund_subtracted"]
    nothing = [0.0 if number % 10 == 3 else 100.5 + number for number in range(40)]
    assert warned(log_of({"Cancelled at": dates}, nothing)) == []
    (note,) = log_of({"Cancelled at": dates, "Financial Status": ["paid"] * 40}).quality.warnings[:1]
    assert (note.key, note.values["rows"], note.values["amount"]) == ("cancel_dates_kept", "4", "474.00")


def test_of_three_discounts_the_one_that_is_used_and_the_others_are_named() -> None:
    frame = pd.DataFrame({"customer": [f"c{number % 7}" for number in range(40)], "date": DAYS, "quantity": 2})
    frame["unit price"], frame["discount amount"], frame["店铺优惠"], frame["rebate"] = "50.00", "5.00", "2.00", "1.00"
    log = read(frame, today="2026-01-01")
    (note,) = [note for note in log.quality.warnings if note.key == "discounts_unused"]
    assert (note.values["column"], note.values["columns"]) == ("discount amount", "'店铺优惠', 'rebate'")
    assert float(log.quality.amount("used")) == 40 * 95
    log = read(frame, columns={"discount": "rebate"}, today="2026-01-01")
    assert float(log.quality.amount("used")) == 40 * 99
    assert "discounts_unused" not in warned(log)


def test_one_discount_is_not_named_as_one_of_several() -> None:
    frame = pd.DataFrame({"customer": [f"c{number % 7}" for number in range(40)], "date": DAYS, "quantity": 2})
    frame["unit price"], frame["discount amount"], frame["discount code"] = "50.00", "5.00", "SAVE10"
    assert "discounts_unused" not in {note.key for note in read(frame, today="2026-01-01").quality.notes}
