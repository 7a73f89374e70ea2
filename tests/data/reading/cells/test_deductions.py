"""Refunds and discounts under their names in many languages: taken off where the name is sure, named where not."""

from __future__ import annotations

import pandas as pd
import pytest

from cvmlab.data.reading import Log, read


def log_of(header: str, *rows: str) -> Log:
    cells = [(f"c{number}", "2024-02-29", *row.split("|")) for number, row in enumerate(rows)]
    return read(pd.DataFrame(cells, columns=["customer", "date", *header.split("|")]), today="2024-03-01")


def remarks(log: Log) -> list[str]:
    return [note.key for note in log.quality.notes if "column" in note.values or "columns" in note.values]


REFUNDS = [
    "Erstattungsbetrag", "Erstattung", "Rückerstattungsbetrag (EUR)", "Retourenbetrag", "Gutschriftsbetrag",
    "Montant remboursé", "Remboursement", "Montant du remboursement", "Importe reembolsado", "Reembolso", "Rimborso",
    "Importo rimborsato", "Valor reembolsado", "返金額", "Kwota zwrotu", "Сумма возврата", "Terugbetaald bedrag",
    "İade Tutarı", "退款成功金额",
]  # fmt: skip
OPEN = [
    "Gutschrift", "Retoure", "Avoir", "Devoluciones", "Zwrot", "Rabattbetrag", "Remise", "Descuento", "Sconto",
    "Korting", "Chargeback", "Credit Amount", "Voided Amount", "Write-off", "售后金额", "赔付金额", "冲减金额",
]  # fmt: skip


@pytest.mark.parametrize("name", REFUNDS)
def test_a_sum_that_was_refunded_is_taken_off(name: str) -> None:
    log = log_of(f"Betrag|{name}", "100|30", "50|0")
    assert (log.quality.amount("used"), remarks(log)) == (120, ["refund_subtracted"])


@pytest.mark.parametrize("name", OPEN)
def test_what_may_have_to_be_taken_off_is_named(name: str) -> None:
    log = log_of(f"Betrag|{name}", "100|30", "50|0")
    assert log.quality.amount("used") == 150
    assert {"deductions_unused", "flag_of_numbers", "taken_back_unused"} & set(remarks(log))


@pytest.mark.parametrize(
    ("name", "cell", "said"),
    # the number of a credit note says that there was one
    [("Gutschrift", "G12", ["unknown_words"]), ("Gutschriftsnummer", "12", []), ("Retoure", "nein", [])],
)
def test_numbers_of_credit_notes_and_flags_are_no_money(name: str, cell: str, said: list[str]) -> None:
    log = log_of(f"Betrag|{name}", f"100|{cell}", "50|")
    assert (log.quality.amount("used"), remarks(log)) == (150, said)
