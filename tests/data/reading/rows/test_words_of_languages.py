"""What other languages and systems call a return, a cancellation, a side of the ledger and a document."""

from __future__ import annotations

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.data.reading import Log, read


def log_of(head: str, usual: str, other: str, **options: object) -> Log:
    cells = [(f"c{number}", "2024-02-01", 100 + number, usual) for number in range(5)]
    frame = pd.DataFrame([*cells, ("c1", "2024-02-02", 15, other)], columns=["customer", "date", "amount", head])
    return read(frame, today="2024-03-01", **options)  # type: ignore[arg-type]


def seen(log: Log) -> tuple[float, list[str]]:
    keys = [note.key for note in log.quality.warnings if note.key not in ("part_last_month", "few_customers")]
    return float(log.quality.amount("used", "refund")), keys


WHOLE = 510.0


@pytest.mark.parametrize(
    ("head", "usual", "other"),
    [
        ("Fakturaart", "F2", "RE"), ("Fakturaart", "F2", "G2"), ("Billing Type", "F2", "S1"),
        ("Auftragsart", "TA", "RE"),
        ("Soort", "Factuur", "Creditnota"), ("Factuursoort", "Verkoopfactuur", "Creditfactuur"),
        ("Документ", "Реализация товаров и услуг", "Возврат товаров от покупателя"),
        ("Вид операции", "Реализация", "Возврат от покупателя"), ("Typ dokladu", "Faktura", "Dobropis"),
        ("Típus", "Számla", "Jóváíró számla"), ("거래구분", "매출", "매출반품"), ("TipoDoc", "FT", "NC"),
        ("Tipo documento", "Fattura", "RESO DA CLIENTE"), ("Belegart", "Rechnung", "Gutschrift zu Rechnung 12"),
        ("Type de document", "Facture", "Bon d'avoir financier"), ("Charge Type", "Recurring", "Credit Adjustment"),
        ("TT", "Inv", "Crn"), ("赤黒区分", "黒", "赤"), ("+/-", "+", "-"),
    ],
)  # fmt: skip
def test_a_document_that_takes_back_is_deducted(head: str, usual: str, other: str) -> None:
    assert seen(log_of(head, usual, other)) == (WHOLE - 15, ["returns_negated"])


@pytest.mark.parametrize(
    ("head", "usual", "other"),
    [
        ("Retoure", "nein", "ja"), ("Retour", "Non", "Oui"), ("Reso", "No", "Sì"), ("Devolución", "No", "Sí"),
        ("Retour", "Nee", "Ja"), ("Zwrot", "Nie", "Tak"), ("返品フラグ", "0", "1"), ("GS", "", "J"),
        ("Generalumkehr (GU)", "", "1"),
    ],
)  # fmt: skip
def test_a_yes_in_a_column_of_returns_is_read(head: str, usual: str, other: str) -> None:
    assert seen(log_of(head, usual, other)) == (WHOLE, ["returns_out"])


@pytest.mark.parametrize(
    ("head", "usual", "other"),
    [
        ("Annulé", "Non", "Oui"), ("Anulowana", "Nie", "Tak"), ("Пометка удаления", "Нет", "Да"),
        ("Проведен", "Да", "Нет"), ("Makulerad", "Nej", "Ja"), ("削除フラグ", "0", "1"), ("取消", "", "○"),
        ("Reversed", "", "X"), ("Reversed with", "", "1400000023"), ("Storniert mit", "0", "90000012"),
    ],
)  # fmt: skip
def test_a_mark_of_cancellation_leaves_the_row_out(head: str, usual: str, other: str) -> None:
    assert seen(log_of(head, usual, other)) == (WHOLE, ["flagged_out"])


@pytest.mark.parametrize(
    ("head", "usual", "other", "key"),
    [
        ("注文ステータス", "処理済", "キャンセル確定", "cancelled_out"),
        ("주문 상태", "배송완료", "입금전", "cancelled_out"),
        ("Zahlstatus", "Komplett bezahlt", "Wiedergutschrift", "cancelled_out"),
        ("Rodzaj", "Faktura", "Faktura pro forma", "no_sales_out"),
        ("Вид документа", "Реализация", "Счет на оплату", "no_sales_out"),
        ("전표유형", "매출", "수금", "payments_out"), ("Charge Type", "Usage", "Payment", "payments_out"),
    ],
)  # fmt: skip
def test_what_is_no_sale_is_left_out(head: str, usual: str, other: str, key: str) -> None:
    assert seen(log_of(head, usual, other)) == (WHOLE, [key])


@pytest.mark.parametrize(
    ("head", "usual", "other", "key"),
    [
        ("Typ dokumentu", "Faktura VAT", "Korekta", "unknown_words"),
        ("Rodzaj dokumentu", "FV", "KFV", "unknown_words"),
        ("Тип документа", "Реализация", "Корректировка реализации", "unknown_words"),
        ("Type transactie", "Verkoop", "Correctie verkoopprijs", "unknown_words"),
        ("Tran Type", "SI", "SA", "unknown_words"), ("Trx Type", "Room Charge", "Paid Out", "unknown_words"),
        ("Gutschrift", "", "GS-12", "unknown_words"), ("Gutschrift", "0", "12.5", "flag_of_numbers"),
        ("Retour", "Nee", "Aangevraagd", "unknown_words"), ("注文ステータス", "発送済", "一部返金", "unsure_status"),
        ("Causale", "VENDITA", "RESO DA CLIENTE", "said_elsewhere"),
        ("Absagegrund", "", "Z1", "said_elsewhere"), ("Reason for Rejection", "", "50", "said_elsewhere"),
        ("Cancelled Billing Doc.", "", "90000012", "said_elsewhere"),
    ],
)  # fmt: skip
def test_what_may_be_no_sale_is_named(head: str, usual: str, other: str, key: str) -> None:
    assert seen(log_of(head, usual, other)) == (WHOLE + 15, [key])
    (note,) = [note for note in log_of(head, usual, other).quality.warnings if note.key == key]
    assert note.values["column"] == head


@pytest.mark.parametrize("head", ["Reason for Rejection", "Cancelled Billing Doc."])
def test_a_reason_in_numbers_leaves_the_row_out_where_the_column_is_named(head: str) -> None:
    assert seen(log_of(head, "", "50", columns={"cancel_flag": head})) == (WHOLE, ["flagged_out"])


@pytest.mark.parametrize(
    ("head", "usual", "other"), [("Sens", "D", "C"), ("Dare/Avere", "D", "A"), ("Debet/Credit", "D", "C")]
)
def test_sides_in_other_languages_are_asked_for(head: str, usual: str, other: str) -> None:
    with pytest.raises(CvmError, match="which of them are sales"):
        log_of(head, usual, other)


@pytest.mark.parametrize(
    ("head", "usual", "other"),
    [
        ("Belegart", "RE", "RE"), ("Retour", "Nee", "Nee"),
        ("Retoure", "nein", "keine Retoure"), ("Retoure", "", "abgelehnt"),
        ("Tipo", "Fattura", "Fattura di vendita"), ("Soort", "Factuur", "Verkoop"), ("Вид", "Реализация", "Продажа"),
        ("Charge Type", "Room Charge", "Minibar"), ("Product", "Возвратный клапан", "Return of the King"),
        ("注文ステータス", "発送済み", "発送待ち"), ("배송상태", "배송완료", "배송중"),
    ],
)  # fmt: skip
def test_ordinary_words_are_no_warning(head: str, usual: str, other: str) -> None:
    assert seen(log_of(head, usual, other)) == (WHOLE + 15, [])


def test_titles_of_documents_are_no_types() -> None:
    rows = [(f"c{number}", "2024-02-01", 10, f"Накладная {number}") for number in range(30)]
    frame = pd.DataFrame([*rows, ("c1", "2024-02-02", 4, "Возврат товаров от покупателя 7 от 01.02.2024")])
    log = read(frame.set_axis(["customer", "date", "amount", "Документ"], axis=1), today="2024-03-01")
    assert seen(log) == (296, ["returns_negated"])
