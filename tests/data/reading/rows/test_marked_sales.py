"""Rows that are marked: on the sale itself, as a document of its own, as due, or in the other column of a ledger."""

from __future__ import annotations

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.data.reading import Log, read


def log_of(header: str, *rows: str, **options: object) -> Log:
    frame = pd.DataFrame([row.split("|") for row in rows], columns=header.split("|"))
    return read(frame, today="2024-04-01", **options)  # type: ignore[arg-type]


def total(log: Log) -> float:
    return float(log.quality.amount("used", "refund"))


def test_a_state_of_the_sale_takes_back_no_other_order_of_the_same_sum() -> None:
    log = log_of(
        "订单编号|客户|日期|实付金额|售后状态",
        "D1|u1|2024-02-01|18|-", "D2|u2|2024-02-08|40|退款成功", "D4|u3|2024-02-28|95|已全额退款",
        "D5|u3|2024-02-28|95|-",
    )  # fmt: skip
    assert total(log) == 18 + 95
    assert log.quality.amount("refund") == 0


@pytest.mark.parametrize("column", ["红字", "是否红字", "红冲标志"])
def test_a_red_document_is_deducted(column: str) -> None:
    log = log_of(
        f"日期|单据编号|客户|金额|{column}",
        "2024-02-01|X1|甲|113|N", "2024-02-08|X2|乙|226|N", "2024-02-09|X3|乙|56.5|Y", "2024-02-10|X4|丙|79|N",
    )  # fmt: skip
    assert total(log) == 113 + 226 - 56.5 + 79


@pytest.mark.parametrize(("number", "counted"), [("Invoice Number", 370), ("Order Number", 100)])
def test_an_invoice_that_is_due_is_a_sale_and_an_order_nobody_paid_is_none(number: str, counted: int) -> None:
    log = log_of(
        f"{number}|customer|date|amount|status",
        "1|a|2024-02-01|100|Paid", "2|b|2024-02-18|200|Awaiting Payment", "3|c|2024-02-28|70|Awaiting Payment",
    )  # fmt: skip
    assert total(log) == counted
    assert {note.key for note in log.quality.warnings} & {"unsure_status", "cancelled_out"}


@pytest.mark.parametrize(
    ("amount", "other"),
    [("Credit", "Debit"), ("Paid In", "Paid Out"), ("Umsatz Soll", "Umsatz Haben"), ("收入", "支出"), ("借方", "贷方")],
)
def test_the_other_side_of_a_ledger_is_named(amount: str, other: str) -> None:
    rows = (f"customer|date|{amount}|{other}", "a|2024-02-01|100|0", "b|2024-02-02|200|0", "b|2024-02-20|0|50")
    log = log_of(*rows, columns={"amount": amount})
    assert [n.values["column"] for n in log.quality.warnings if n.key == "other_side_unused"] == [other]
    both = log_of(*rows, columns={"amount": amount, "refund_amount": other})
    assert total(both) == 250
    assert "other_side_unused" not in {note.key for note in both.quality.warnings}


def test_nights_are_multiplied_by_the_rate_of_the_room() -> None:
    assert total(log_of("guest name|arrival date|nights|room rate", "a|2024-02-01|2|100", "b|2024-02-03|1|90")) == 290


def test_the_refund_of_an_item_is_deducted() -> None:
    log = log_of("客户|日期|实付金额|商品已退款金额", "山|2024-02-01|40|10", "海|2024-02-02|30|0")
    assert total(log) == 60


def test_a_soft_hyphen_before_a_number_is_a_minus() -> None:
    assert (
        total(log_of("customer|date|amount", "a|2024-02-01|100", "a|2024-02-02|\u00ad30", "b|2024-02-03|5\u00ad0"))
        == 120
    )


def test_the_state_of_an_item_says_whether_it_came_back() -> None:
    log = log_of("customer|date|item|amount|item status", "a|2024-02-01|x|100|Delivered", "b|2024-02-03|y|50|Returned")
    assert total(log) == 100


def test_totals_of_orders_without_a_number_are_named() -> None:
    rows = [f"c{n % 3}|2024-02-{1 + n:02}|{item}|{20 + n}" for n in range(10) for item in ("comb", "soap")]
    (note,) = [n for n in log_of("customer|date|item|amount", *rows).quality.warnings if n.key == "day_totals"]
    assert (note.values["equal"], note.values["amount"], note.values["once"]) == ("10", "490.00", "245.00")
    for other in (rows[:10], [row.replace("soap|", "soap|1") for row in rows], [row[:-2] + "20" for row in rows]):
        log = log_of("customer|date|item|amount", *other)
        assert "day_totals" not in {note.key for note in log.quality.warnings}


@pytest.mark.parametrize(
    ("amounts", "header", "named"),
    [
        (("39240", "29121", "7271"), "amount", True),
        (("392.40", "29121", "7271"), "amount", False),
        (("39240", "29121", "7271"), "amount (cents)", False),
    ],
)
def test_whole_amounts_of_a_payment_service_may_be_cents(amounts, header: str, named: bool) -> None:
    rows = [f"ch_{n}|c{n}|2024-01-0{n + 1}|{amount}|0" for n, amount in enumerate(amounts)]
    log = log_of(f"id|customer|created|{header}|amount_refunded", *rows)
    assert ("maybe_cents" in {note.key for note in log.quality.warnings}) == named
    assert total(log) == sum(map(float, amounts)) / (100 if "cents" in header else 1)


@pytest.mark.parametrize("product", ["Coupon SAVE5", "Discount code X10", "Voucher 2024-07"])
def test_a_coupon_among_the_products_is_named(product: str) -> None:
    log = log_of("customer|date|product|amount", f"a|2024-02-01|{product}|5", "a|2024-02-01|soap|20")
    assert "doubtful_kept" in {note.key for note in log.quality.warnings}


def test_a_discount_that_was_named_is_not_dropped() -> None:
    with pytest.raises(CvmError):
        log_of("customer|date|amount", "a|2024-02-01|5", columns={"discount": "amount"})
    log = log_of("customer|date|value|off", "a|2024-02-01|50|5", columns={"discount": "off"})
    assert total(log) == 45


@pytest.mark.parametrize(
    "header",
    [
        "quantity|x", "unit price|quantity", "discount|discount rate", "status|type", "refund amount|return flag",
        "profit|cost", "order id|product", "debit/credit|currency", "price unit|gift", "order total|order discount",
    ],
)  # fmt: skip
def test_a_file_without_any_usable_row_is_refused_in_a_sentence(header: str) -> None:
    with pytest.raises(CvmError, match="No row"):
        log_of(f"customer|date|amount|{header}", "a|2030-01-01|5|1|1", columns={"amount": "amount"})
