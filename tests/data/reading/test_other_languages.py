"""Names and words of exports in languages other than English and Chinese, and what must not be taken for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.data.reading import Log, read

DAYS = pd.date_range("2023-01-02", periods=200, freq="3D").strftime("%Y-%m-%d")


def log_of(head: str, cells: list[str], more: dict[str, list[Any]] | None = None) -> Log:
    rows = len(cells)
    frame = {
        "customer": [f"c{number % 7}" for number in range(rows)],
        "date": list(DAYS[:rows]),
        "amount": [f"{100 + number}.50" for number in range(rows)],
        head: cells,
    }
    return read(pd.DataFrame(frame | (more or {})), today="2026-01-01")


def warned(log: Log) -> list[str]:
    return [note.key for note in log.quality.warnings if note.key not in ("part_last_month", "few_customers")]


@pytest.mark.parametrize(
    ("head", "usual", "other"),
    [
        ("Állapot", "Teljesítve", "Törölve"), ("Κατάσταση", "Ολοκληρώθηκε", "Ακυρώθηκε"), ("สถานะ", "สำเร็จ", "ยกเลิก"),
        ("Статус", "Виконано", "Скасовано"), ("Stav", "Vyřízená", "Stornovaná"), ("Tila", "Toimitettu", "Peruttu"),
        ("Trạng thái", "Hoàn thành", "Đã hủy"), ("الحالة", "مكتمل", "ملغي"), ("Stare", "Livrată", "Anulată"),
        ("סטטוס", "הושלם", "בוטל"),
        ("Durum", "Tamamlandı", "İptal edildi"), ("Стадия сделки", "Сделка успешна", "Сделка провалена"),
        ("Estado", "Entregada", "Venta cancelada"), ("Estado", "En camino", "Cancelaste la venta"),
        ("État", "Livré", "Erreur de paiement"), ("Etat", "Expédiée", "Refusée par le vendeur"),
        ("Situação", "Pedido entregue", "Pagamento recusado"),
        ("Outcome", "Complete", "Customer cancelled - no charge"),
    ],
)  # fmt: skip
def test_an_order_whose_state_says_so_is_left_out(head: str, usual: str, other: str) -> None:
    log = log_of(head, [usual] * 5 + [other])
    assert (log.quality.rows("cancelled"), warned(log)) == (1, ["cancelled_out"])


@pytest.mark.parametrize("head", ["State", "Állapot", "Estado"])
def test_a_state_beside_known_ones_is_named_and_an_address_is_not(head: str) -> None:
    log = log_of(head, ["cancelled", "Somehow gone", "delivered", "delivered", "delivered"])
    assert warned(log) == ["cancelled_out", "unknown_words"]
    assert warned(log_of(head, ["Ohio", "Texas", "Ohio", "Texas", "Maine"])) == []


@pytest.mark.parametrize(
    "name",
    [
        "Laufkundschaft", "Barverkauf", "Client comptoir", "Client de passage", "Consumidor final", "Cliente mostrador",
        "Público general", "Cliente generico", "Cliente occasionale", "Passant", "Contante verkoop",
        "Розничный покупатель", "Perakende müşteri", "一般客", "일반고객", "Consumidor não identificado",
    ],
)  # fmt: skip
def test_a_name_for_whoever_comes_in_is_no_customer(name: str) -> None:
    rows = [(name if number % 4 == 0 else f"Anna {number}", DAYS[number], 20.5) for number in range(12)]
    log = read(pd.DataFrame(rows, columns=["Customer", "Date", "Amount"]), today="2026-01-01")
    assert (log.quality.rows("suspicious_customer"), log.quality.customers) == (3, 9)


@pytest.mark.parametrize("name", ["Passau GmbH", "Barbara Diverse", "Publico SA", "Dr. Endkunder", "Cliente Rossi"])
def test_a_name_that_is_like_it_is_a_customer(name: str) -> None:
    rows = [(name if number % 4 == 0 else f"Anna {number}", DAYS[number], 20.5) for number in range(12)]
    log = read(pd.DataFrame(rows, columns=["Customer", "Date", "Amount"]), today="2026-01-01")
    assert not log.quality.suspicious


def test_an_id_of_many_orders_a_day_is_shown_in_a_small_log_and_a_good_customer_is_not() -> None:
    others = [(f"c{number % 12}", DAYS[number], 20.5) for number in range(60)]
    crowd = [("Till", DAYS[number // 2], 20.5 + number) for number in range(16)]
    good = [("Good", DAYS[number], 20.5 + number) for number in range(16)]
    for more, why in ((crowd, ["crowd"]), (good, [])):
        log = read(pd.DataFrame(others + more, columns=["Customer", "Date", "Amount"]), today="2026-01-01")
        assert [customer.why for customer in log.quality.suspicious] == why
        assert log.quality.rows("used") == 76


@pytest.mark.parametrize("head", ["Bedrag terugbetaald", "Återbetalt", "Refunderet", "Återbetalat belopp"])
def test_what_was_paid_back_is_subtracted(head: str) -> None:
    log = log_of(head, ["0.00", "0.00", "10.50", "0.00"])
    assert float(log.quality.amount("used")) == 402 + 6 - 10.5


def test_a_sheet_of_returns_that_repeats_the_rows_of_sales_is_asked_about(tmp_path: Path) -> None:
    sales = pd.DataFrame([(n, f"c{n % 3}", DAYS[n], 20 + n) for n in range(10)])
    sales.columns = pd.Index(["order id", "customer", "date", "amount"])
    with pd.ExcelWriter(tmp_path / "shop.xlsx") as book:
        sales.to_excel(book, sheet_name="Sales", index=False)
        sales.iloc[2:4].to_excel(book, sheet_name="Returns", index=False)
    with pytest.raises(CvmError) as error:
        read(tmp_path / "shop.xlsx", today="2026-01-01")
    assert error.value.key == "reading.positive_returns"


@pytest.mark.parametrize(
    ("first", "last", "mail"),
    [("Prénom client", "Nom client", "E-mail client"), ("Vorname", "Kundenname", "E-Mail-Adresse")],
)
def test_the_email_and_not_the_surname_is_the_customer(first: str, last: str, mail: str) -> None:
    frame = pd.DataFrame(
        {"Date": DAYS[:4], "Amount": [1.5, 2, 3, 4], last: ["Durand"] * 4, first: ["Inès", "Léa", "Inès", "Zoé"],
         mail: ["ines@a.fr", "lea@a.fr", "ines@a.fr", "zoe@a.fr"]}
    )  # fmt: skip
    log = read(frame, today="2026-01-01")
    assert (log.mapping["customer_id"], log.quality.customers) == (mail, 3)


@pytest.mark.parametrize(
    "head",
    ["Beleg", "Verkaufsbeleg", "Billing Doc.", "Ordine", "Pedido", "Factura", "Номер", "Bestelnummer", "TXN_NO",
     "Vch/Bill No", "No. Pesanan"],
)  # fmt: skip
def test_a_number_of_orders_is_one(head: str) -> None:
    assert log_of(head, ["B1", "B1", "B2", "B3"]).mapping.get("order_id") == head


def test_the_order_comes_before_its_payment() -> None:
    log = log_of("Transaction ID", ["t1", "t2", "t3"], {"Order ID": ["o1", "o1", "o2"]})
    assert log.mapping["order_id"] == "Order ID"


@pytest.mark.parametrize(
    ("head", "word"),
    [
        ("订单状态", "卖家已发货，等待买家确认"), ("訂單狀態", "已出貨"), ("Status", "Activated"),
        ("Status", "Odebrane"),
        ("Status", "Sendt"), ("Type", "RV"), ("交易类型", "缴费"), ("Line type", "shipping"), ("Line type", "discount"),
    ],
)  # fmt: skip
def test_an_everyday_word_is_not_named(head: str, word: str) -> None:
    known = {"订单状态": "交易成功", "訂單狀態": "已完成", "交易类型": "销售", "Status": "paid"}.get(head, "sale")
    assert "unknown_words" not in warned(log_of(head, [word, word, known, known]))


def test_closed_is_how_most_orders_end() -> None:
    assert warned(log_of("Status", ["Closed"] * 5 + ["paid"])) == []
    assert warned(log_of("Status", ["Closed"] + ["paid"] * 5)) == ["unsure_status"]


def test_a_step_that_is_advised_names_what_it_leaves() -> None:
    cells = ["Storniert", "Weggekommen", "Geliefert", "Geliefert"]
    (note,) = [note for note in log_of("Vermerk", cells).quality.warnings if note.key == "said_elsewhere"]
    assert note.values["option"] == "--status"
    frame = pd.DataFrame({"customer": list("abcd"), "date": DAYS[:4], "amount": [1.5, 2, 3, 4], "Vermerk": cells})
    log = read(frame, columns={"status": "Vermerk"}, today="2026-01-01")
    assert warned(log) == ["cancelled_out", "unknown_words"]


def test_returns_beside_sales_are_a_type_of_rows() -> None:
    log = log_of("区分", ["売上", "売上", "返品", "売上"])
    (note,) = [note for note in log.quality.warnings if note.key == "said_elsewhere"]
    assert note.values["option"] == "--row-type"


def test_a_month_s_total_in_the_column_of_dates_is_no_month_s_name() -> None:
    frame = pd.DataFrame(
        [("02.01.2023", "a", 10.5), ("09.01.2023", "b", 20.5), ("Summe 1/2023", "", 31.0), ("06.02.2023", "a", 5.5),
         ("Summe 2/2023", "", 5.5)],
        columns=["Datum", "Kunde", "Betrag"],
    )  # fmt: skip
    log = read(frame, today="2026-01-01")
    assert (float(log.quality.amount("used")), log.quality.rows("total_row")) == (36.5, 2)


def test_a_date_may_end_with_a_point() -> None:
    log = log_of("x", ["", "", ""], {"date": ["13.01.2023.", "10.02.2023.", "9.3.2023."]})
    assert (log.quality.first_date, log.quality.last_date) == ("2023-01-13", "2023-03-09")


def test_letters_of_a_zone_are_read_where_the_zone_is_said() -> None:
    frame = pd.DataFrame({"customer": ["a", "b"], "date": ["Jan 13, 2023 7:28:33 PM PST"] * 2, "amount": [1.5, 2.5]})
    with pytest.raises(CvmError, match="--timezone") as error:
        read(frame, today="2026-01-01")
    assert error.value.key == "reading.unclear_zone"
    assert read(frame, timezone="America/Los_Angeles", today="2026-01-01").quality.first_date == "2023-01-13"


def test_the_moment_of_printing_below_a_table_is_no_date_of_its_rows() -> None:
    more = {"customer": ["a", "b", ""], "amount": ["1.50", "2.50", ""]}
    dates = ["13/01/2023", "14/02/2023", "Wednesday, Jan 10, 2024 10:11 AM GMT-05:00"]
    log = log_of("x", ["", "", ""], {**more, "date": dates})
    assert (float(log.quality.amount("used")), log.quality.last_date) == (4.0, "2023-02-14")


def test_booking_is_no_date_beside_booked_on() -> None:
    frame = pd.DataFrame({"Booking": ["1001", "1002"], "Guest": ["a", "b"], "Booked on": DAYS[:2], "Total": [1.5, 2.5]})
    assert read(frame, columns={"customer_id": "Guest"}, today="2026-01-01").mapping["date"] == "Booked on"


def test_whole_prices_with_two_decimals_are_no_cents() -> None:
    frame = pd.DataFrame({"customer_id": [f"cus_{n}" for n in range(12)], "created": DAYS[:12], "amount_paid": "29.00"})
    assert "maybe_cents" not in warned(read(frame, today="2026-01-01"))


@pytest.mark.parametrize(
    ("customer", "day", "order", "product", "amount", "total"),
    [
        ("고객번호", "거래일", "영수증번호", "상품명", "금액", "합계"),
        ("cliente", "fecha", "ticket", "articulo", "importe", "Total ticket"),
        ("klient", "data", "paragon", "towar", "kwota", "RAZEM"),
        ("Клиент", "Дата", "Чек", "Товар", "Сумма", "Итого"),
        ("ลูกค้า", "วันที่", "เลขที่", "สินค้า", "จำนวนเงิน", "รวม"),
        ("العميل", "التاريخ", "رقم الفاتورة", "الصنف", "المبلغ", "الإجمالي"),
    ],
)
def test_the_total_below_each_receipt_of_a_till_is_no_sale(
    customer: str, day: str, order: str, product: str, amount: str, total: str
) -> None:
    lines = [
        (f"C{number % 7:03d}", DAYS[number], f"SO{5000 + number}", name, 100.25 + number)
        for number in range(28)
        for name in ("Coffee", total)
    ]
    log = read(pd.DataFrame(lines, columns=[customer, day, order, product, amount]), today="2026-01-01")
    assert len(log.transactions.df()) == 28
    assert log.transactions.df()["amount"].sum() == pytest.approx(sum(100.25 + number for number in range(28)))
    assert log.mapping["order_id"] == order


def test_a_bill_of_a_wallet_is_dated_by_its_trades() -> None:
    frame = pd.DataFrame({
        "交易号": [f"2024{number:08d}" for number in range(12)], "交易创建时间": list(DAYS[:12]),
        "交易对方": [f"客户{number % 4}" for number in range(12)],
        "金额（元）": [10.0 + number for number in range(12)],
    })  # fmt: skip
    assert read(frame, today="2026-01-01").mapping["date"] == "交易创建时间"


@pytest.mark.parametrize("head", ["exchange rate", "汇率", "Wechselkurs", "tipo de cambio", "курс валюты"])
def test_different_exchange_rates_beside_the_amounts_are_warned_of(head: str) -> None:
    rates = ["1.0", "7.1"] * 10
    assert "exchange_rate_unused" in warned(log_of(head, rates))
    # one currency throughout is no doubt
    assert "exchange_rate_unused" not in warned(log_of(head, ["7.1"] * 20))
