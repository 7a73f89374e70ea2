"""Lines of a ledger that are no sales, in its wording or in a column of types, and types of other documents."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from cvmlab.data.reading import Log, read


def log_of(head: str, *words: str, amounts: tuple[int, ...] = (), **options: Any) -> Log:
    sums = amounts or tuple(100 + number for number, _ in enumerate(words))
    cells = [("a", "2024-02-01", amount, word) for amount, word in zip(sums, words, strict=True)]
    return read(pd.DataFrame(cells, columns=["customer", "date", "amount", head]), today="2024-03-01", **options)


def seen(log: Log) -> tuple[float, list[tuple[str, str, str]]]:
    notes = [
        (note.key, note.values["rows"], note.values["amount"]) for note in log.quality.warnings if "rows" in note.values
    ]
    return float(log.quality.amount("used", "refund")), notes


LINES = [
    "期初余额", "期末余额", "本月合计", "本年累计", "承前页", "过次页", "上年结转", "Opening balance",
    "Opening Balance:", "Balance b/f", "Balance c/f", "Closing balance", "Total", "carried forward",
    "Balance brought forward",
    "Saldovortrag", "Solde initial", "Monthly total",
]  # fmt: skip


@pytest.mark.parametrize("word", LINES)
@pytest.mark.parametrize("head", ["摘要", "Description", "备注", "product", "Type"])
def test_a_balance_or_total_is_no_sale(head: str, word: str) -> None:
    log = log_of(head, "Sale", "Sale", word)
    assert seen(log) == (201, [("ledger_out", "1", "102.00")])
    assert seen(log_of(head, "Sale", "Sale", word, columns={"ledger_line": ""}))[0] == 303


def test_totals_alone_are_the_sales() -> None:
    assert seen(log_of("Description", "Total", "Total")) == (201, [])


@pytest.mark.parametrize("product", ["Total Gym", "CD", "Balance bike", "Closing tape", "结转箱", "SUB"])
def test_goods_of_such_names_are_sales(product: str) -> None:
    assert seen(log_of("product", "shirt", product)) == (201, [])


@pytest.mark.parametrize("head", ["摘要", "Memo", "Narration", "product"])
@pytest.mark.parametrize("word", ["Payment received", "收到货款", "Payment - thank you", "回款"])
def test_receipts_beside_the_sales_that_they_pay_for_are_no_sales(head: str, word: str) -> None:
    assert seen(log_of(head, "shirt", word, amounts=(100, 80))) == (100, [("payments_out", "1", "80.00")])
    assert seen(log_of(head, "shirt", word, amounts=(100, -80))) == (100, [("payments_out", "1", "-80.00")])
    assert seen(log_of(head, "shirt", word, amounts=(100, 800))) == (900, [("receipts_kept", "1", "800.00")])


PAYMENTS = [
    "Payment", "ACH Payment 2231", "Pmt inv 2", "Payment for invoice 7", "Bank transfer", "Check #1234", "Règlement",
    "Virement SEPA", "Zahlung", "Überweisung", "Pago", "Bonifico", "银行转账", "核销",
]  # fmt: skip


@pytest.mark.parametrize("head", ["description", "memo", "摘要", "Libellé"])
@pytest.mark.parametrize("word", PAYMENTS)
def test_a_payment_with_a_minus_is_no_refund(head: str, word: str) -> None:
    assert seen(log_of(head, "Invoice 1", word, "Invoice 2", amounts=(100, -100, 50))) == (
        150,
        [("payments_out", "1", "-100.00")],
    )


@pytest.mark.parametrize("word", ["Payment terminal", "Payment plan 5", "Credit note", "Checkered shirt", "转账手续费"])
def test_other_rows_with_a_minus_are_refunds(word: str) -> None:
    assert seen(log_of("description", "Invoice 1", word, "Invoice 2", amounts=(100, -100, 50)))[0] == 50


def test_goods_that_are_called_a_payment_are_sold_and_come_back() -> None:
    words = ("shirt", "Payment", "Payment", "Payment")
    assert seen(log_of("product", *words, amounts=(100, 100, 100, -100)))[0] == 200


def test_a_remark_on_a_sale_may_say_that_it_was_paid() -> None:
    assert seen(log_of("备注", "送货上门", "现金收款"))[0] == 201


@pytest.mark.parametrize(
    ("good", "word", "remark"),
    [
        ("Invoice", "Bill", "purchases_out"), ("Invoice", "Purchase", "purchases_out"),
        ("Sale", "Purchase", "purchases_out"), ("Venta", "Compra", "purchases_out"),
        ("Vente", "Achat", "purchases_out"), ("Venda", "Compra", "purchases_out"),
        ("Verkauf", "Einkauf", "purchases_out"), ("Rechnung", "Eingangsrechnung", "purchases_out"),
        ("Vendita", "Acquisto", "purchases_out"), ("Verkoop", "Inkoop", "purchases_out"),
        ("Factura emitida", "Factura recibida", "purchases_out"), ("出库", "入库", "purchases_out"),
        ("Facture client", "Facture fournisseur", "purchases_out"), ("Income", "Expense", "purchases_out"),
        ("销售出库单", "采购入库单", "purchases_out"), ("Invoice", "Deposit", "payments_out"),
        ("Sale", "Payment", "payments_out"),
        ("销售", "预付", "payments_out"), ("Invoice", "Opening Balance", "ledger_out"),
        ("Sale", "Test order", "no_sales_out"),
    ],
)  # fmt: skip
def test_other_documents_than_sales_are_left_out(good: str, word: str, remark: str) -> None:
    log = log_of("Type", good, good, word)
    assert seen(log) == (201, [(remark, "1", "102.00")])
    assert log_of("Type", good, good, word, columns={"row_type": "", "ledger_line": ""}).quality.rows("used") == 3


@pytest.mark.parametrize("word", ["Credit", "CM", "CN", "RMA", "冲销", "Cr Memo"])
def test_credits_beside_invoices_are_returns(word: str) -> None:
    assert seen(log_of("Type", "Invoice", "Invoice", word)) == (99, [("returns_negated", "1", "102.00")])


def test_purchases_of_customers_and_credits_of_a_bank_are_sales() -> None:
    assert seen(log_of("Type", "Purchase", "Purchase", "Refund"))[0] == 99
    assert seen(log_of("Type", "Compra", "Compra", "Devolución"))[0] == 99
    total, notes = seen(log_of("Type", "Credit", "Debit", "Credit"))
    assert (total, [key for key, *_ in notes]) == (303, ["unknown_words"])


@pytest.mark.parametrize("word", ["Journal", "Transfer", "Tax"])
def test_documents_that_may_be_anything_are_named(word: str) -> None:
    assert seen(log_of("Type", "Invoice", "Invoice", word)) == (303, [("unknown_words", "1", "102.00")])


@pytest.mark.parametrize(
    ("head", "word"), [("Refunded", "partial"), ("退款状态", "部分退款"), ("售后状态", "退款处理中")]
)
def test_a_return_in_part_or_under_way_is_named(head: str, word: str) -> None:
    assert seen(log_of(head, "no", "no", word)) == (303, [("unknown_words", "1", "102.00")])
