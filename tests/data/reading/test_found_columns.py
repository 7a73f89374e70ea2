"""Names of dates and customers as exports have them, and what is said where a choice was made."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from cvmlab.core.words import CvmError
from cvmlab.data.reading import read
from cvmlab.data.reading.columns import guess_mapping


@pytest.mark.parametrize(
    "name",
    ["订单成交时间", "订单提交时间", "成交日期", "成交时间", "Creation Date", "date_order", "date_created",
     "Close Date",
     "created_at_utc", "Created (UTC)", "Order Date (GMT)", "Order placed", "Date of sale", "收银日期"],
)  # fmt: skip
def test_a_date_is_found(name: str) -> None:
    assert guess_mapping(["customer", name, "amount"])["date"] == name


@pytest.mark.parametrize(
    "name",
    ["Sold-to pt", "Sold-to party", "ContactName", "Buyer User ID", "Bill-to", "partner_id", "partner_id/name",
     "买家手机号", "收货人手机", "Contact", "交易对方", "对方户名", "Ship-to", "Email (Billing)"],
)  # fmt: skip
def test_a_customer_is_found(name: str) -> None:
    assert guess_mapping(["date", name, "amount"])["customer_id"] == name


def test_the_code_of_a_ledgers_account_is_no_customer() -> None:
    found = guess_mapping(["ContactName", "InvoiceDate", "LineAmount", "AccountCode"])
    assert found["customer_id"] == "ContactName"


@pytest.mark.parametrize(
    "name",
    [
        "N. Revenue",
        "Total Signed",
        "折后金额",
        "Amount after discount",
        "优惠后金额",
        "Betrag nach Rabatt",
        "Montant remisé",
        "Net after discount",
        "Discounted Amount",
    ],
)
def test_an_amount_is_found(name: str) -> None:
    assert guess_mapping(["customer", "date", name])["amount"] == name


def test_a_contact_is_the_customer_only_where_nothing_better_is_there_and_is_named() -> None:
    found = guess_mapping(["date", "买家手机号", "amount"])
    assert [note.key for note in found.notes] == ["contact_as_id"]
    assert guess_mapping(["date", "买家手机号", "客户名称", "amount"])["customer_id"] == "客户名称"
    assert guess_mapping(["date", "Ship-to", "Sold-to", "amount"])["customer_id"] == "Sold-to"
    assert guess_mapping(["name", "date_order", "partner_id", "amount_total"])["customer_id"] == "partner_id"
    with pytest.raises(CvmError, match=r"more than one column"):
        guess_mapping(["date", "买家手机号", "收货人手机", "amount"])


def test_which_of_two_dates_is_used_is_said() -> None:
    found = guess_mapping(["customer", "Order date", "Payment date", "amount"])
    (note,) = found.notes
    assert found["date"] == "Order date" and "'Payment date' would also fit" in str(note)
    chosen = guess_mapping(["customer", "Order date", "Payment date", "amount"], {"date": "Payment date"})
    assert not chosen.notes


@pytest.mark.parametrize(("column", "form"), [("name", "S{:05}"), ("id", "{}"), ("Name", "#{}")])
def test_the_number_of_an_order_is_no_customer(column: str, form: str) -> None:
    rows = [(form.format(1000 + n), f"2024-{1 + n % 11:02}-05", 10 + n) for n in range(24)]
    frame = pd.DataFrame(rows, columns=[column, "date", "amount"])
    with pytest.raises(CvmError, match=r"number the orders or rows.*--customer-id"):
        read(frame)
    assert len(read(frame, columns={"customer_id": column}).transactions) == 24
    # one that comes again is a customer
    assert len(read(pd.concat([frame, frame.iloc[:3].assign(date="2024-12-01")])).transactions) == 27


@pytest.mark.parametrize("guest", ["游客", "匿名用户", "匿名买家", "guest_checkout", "Guest User", "Anonymous buyer"])
def test_guests_are_no_single_customer(guest: str) -> None:
    rows = [(guest if n % 2 else f"c{n % 5}", f"2024-{1 + n % 11:02}-05", 10 + n) for n in range(24)]
    quality = read(pd.DataFrame(rows, columns=["customer", "date", "amount"])).quality
    assert [customer.customer_id for customer in quality.suspicious if customer.excluded] == [guest]


def test_an_id_that_stands_for_many_names_is_named() -> None:
    rows = [(f"{n % 2}", f"Firm {n % 12}", f"2024-01-{1 + n % 28:02}", 10 + n) for n in range(40)]
    log = read(pd.DataFrame(rows, columns=["Client ID", "Customer Name", "date", "amount"]))
    (note,) = [note for note in log.quality.notes if note.key == "few_ids"]
    assert (note.values["count"], note.values["names"]) == ("2", "12")
    several = [(f"{n % 9}", f"Firm {n % 9}", *rest) for n, (_, _, *rest) in enumerate(rows)]
    log = read(pd.DataFrame(several, columns=["Client ID", "Customer Name", "date", "amount"]))
    assert "few_ids" not in {note.key for note in log.quality.notes}


@pytest.mark.parametrize(
    "names",
    [["Odběratel", "Fakturadatum", "Nettobeløb"], ["Kontrahent", "Date Issued", "Imponibile"],
     ["对方公司名称", "收银日期", "优惠后金额"], ["Контрагент", "FktDatum", "Nettowert"]],
)  # fmt: skip
def test_the_columns_of_further_programs_are_found(names: list[str]) -> None:
    found = guess_mapping(names)
    assert [found["customer_id"], found["date"], found["amount"]] == names


SWAPPED = str.maketrans(",.", ".,")


def charges(total: str) -> pd.DataFrame:
    frame = pd.DataFrame({"customer": ["a", "b", "c"], "date": "2024-01-31", "Rent": [800, 700, 900]})
    return frame.assign(Water=[20.5, 30, 0], Parking=[0, 50, 50]).assign(**{total: [820.5, 780, 950]})


def test_one_of_several_charges_is_not_taken_for_their_sum() -> None:
    with pytest.raises(CvmError) as caught:
        read(charges("All of it"))
    assert caught.value.key == "reading.ambiguous_amount"
    for column, amount in (("Rent", "2400"), ("All of it", "2550.5")):
        assert read(charges("All of it"), columns={"amount": column}).quality.amount("used") == Decimal(amount)
    assert read(charges("Invoice Sum")).quality.amount("used") == Decimal("2550.5")
    with pytest.raises(CvmError, match="more than one column that could be the amount"):
        read(
            charges("All of it").map(
                lambda cell: f"{cell:,.2f}".translate(SWAPPED) if isinstance(cell, int | float) else cell
            )
        )
    # tax beside a net amount
    frame = charges("Gross of it").rename(columns={"Rent": "Amount"})
    assert read(frame).quality.amount("used") == 2400


@pytest.mark.parametrize(
    "names",
    [
        ["거래일자", "전표번호", "거래처명", "금액"],
        ["Fatura Tarihi", "Fatura No", "Müşteri Adı", "Tutar"],
        ["Factuurdatum", "Factuurnummer", "Klantnaam", "Bedrag"],
        ["Data wystawienia", "Numer faktury", "Nazwa klienta", "Wartość netto"],
        ["Дата документа", "Номер документа", "Наименование клиента", "Сумма"],
        ["Datum vystavení", "Číslo faktury", "Odběratel", "Částka"],
        ["Fakturadatum", "Fakturanr", "Kundnamn", "Belopp"],
        ["請求日", "請求書番号", "得意先名", "金額"],
        ["Data fattura", "Numero fattura", "Ragione sociale", "Importo"],
    ],
)
def test_a_list_of_invoices_is_understood_in_further_languages(names: list[str]) -> None:
    mapping = guess_mapping(names)
    assert [mapping[role] for role in ("date", "order_id", "customer_id", "amount")] == names
