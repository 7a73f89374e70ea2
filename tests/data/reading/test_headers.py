"""Headers of two rows and of other languages, and customers that are written once a block."""

from __future__ import annotations

from pathlib import Path

import pytest

from cvmlab import CvmError
from cvmlab.data.reading import Log, read
from cvmlab.data.reading.columns import guess_mapping

BLOCKS = (
    "客户,日期,金额\n甲公司,2024-02-01,100\n,2024-02-03,50\n,,70\n乙公司,2024-02-15,50\n,2024-02-17,50\n合计,,320\n"
)


def log_of(folder: Path, text: str, **options: object) -> Log:
    path = folder / "sales.csv"
    path.write_text(text, encoding="utf-8")
    return read(path, today="2024-03-01", **options)  # type: ignore[arg-type]


def rows_of(log: Log) -> list[tuple[object, ...]]:
    return log.transactions.project("customer_id, date::VARCHAR, amount").order("ALL").fetchall()


def test_a_customer_written_once_a_block_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(CvmError, match=r"甲公司.*--fill-down") as caught:
        log_of(tmp_path, BLOCKS)
    assert caught.value.key == "reading.blocks"


def test_a_block_is_filled_down_on_request(tmp_path: Path) -> None:
    log = log_of(tmp_path, BLOCKS, fill_down=True)
    assert rows_of(log) == [
        ("乙公司", "2024-02-15", 50),
        ("乙公司", "2024-02-17", 50),
        ("甲公司", "2024-02-01", 100),
        ("甲公司", "2024-02-03", 50),
        ("甲公司", "2024-02-03", 70),
    ]
    (note,) = [note for note in log.quality.warnings if note.key == "filled_down"]
    assert note.values["rows"] == "3"


def test_a_block_is_left_out_on_request(tmp_path: Path) -> None:
    quality = log_of(tmp_path, BLOCKS, fill_down=False).quality
    assert (quality.rows("used"), quality.rows("no_id")) == (2, 3)


@pytest.mark.parametrize(
    "text",
    [
        "order id,customer,date,amount\n1,a,2024-02-01,5\n2,,2024-02-02,6\n3,,2024-02-03,7\n4,b,2024-02-28,5\n",
        "customer,date,amount\na,2024-02-01,5\na,2024-02-01,6\n,2024-02-03,7\n,2024-02-04,7\nb,2024-02-28,5\n",
    ],
)
def test_purchases_of_nobody_known_are_no_blocks(tmp_path: Path, text: str) -> None:
    assert log_of(tmp_path, text).quality.rows("no_id") == 2


@pytest.mark.parametrize(
    ("upper", "lower"),
    [
        ("客户,日期,本期销售,", ",,数量,金额"),
        ("客户,日期,本期销售", ",,数量,金额"),
        ("客户,日期,,", ",,数量,金额"),
        ("Customer,Date,Sales,", ",,Quantity,Amount"),
    ],
)
def test_a_header_over_two_rows_is_joined(tmp_path: Path, upper: str, lower: str) -> None:
    log = log_of(tmp_path, f"{upper}\n{lower}\n甲公司,2024-02-01,2,100\n乙公司,2024-02-29,1,50\n")
    assert rows_of(log) == [("乙公司", "2024-02-29", 50), ("甲公司", "2024-02-01", 100)]
    has_group = not upper.endswith(",,")
    assert ("joined_header" in {note.key for note in log.quality.notes}) == has_group


def test_a_title_above_and_more_names_below_are_joined_too(tmp_path: Path) -> None:
    text = "销售明细,,,,\n客户,销售,,,\n,日期,数量,单价,金额\n甲,2024-02-01,2,50,100\n乙,2024-02-29,1,50,50\n"
    log = log_of(tmp_path, text)
    assert (len(rows_of(log)), log.mapping["amount"]) == (2, "销售 / 金额")


def test_groups_with_equal_names_are_asked_about(tmp_path: Path) -> None:
    text = "客户,日期,本期,,上期,\n,,数量,金额,数量,金额\n甲,2024-02-01,2,100,1,7\n"
    with pytest.raises(CvmError, match="'本期 / 金额', '上期 / 金额'"):
        log_of(tmp_path, text)
    assert rows_of(log_of(tmp_path, text, columns={"amount": "上期 / 金额"})) == [("甲", "2024-02-01", 7)]


@pytest.mark.parametrize("row", ["a,2024-02-01,5,", ",,,", "Type,,,sale"])
def test_a_row_of_data_is_no_second_header(tmp_path: Path, row: str) -> None:
    log = log_of(tmp_path, f"customer,date,amount,kind\n{row}\nb,2024-02-29,5,sale\n")
    assert "joined_header" not in {note.key for note in log.quality.notes}


@pytest.mark.parametrize(
    ("header", "roles"),
    [
        ("客戶編號,訂單日期,銷售金額,訂單編號,數量,單價", "customer_id date amount order_id"),
        ("顧客番号,注文日,売上金額,注文番号,数量,単価", "customer_id date amount order_id"),
        ("得意先コード,伝票日付,数量,単価,伝票番号", "customer_id date quantity unit_price order_id"),
        ("Kundennr.,Rechnungsdatum,Betrag,Rechnungsnr.", "customer_id date amount order_id"),
        ("Kunde,Datum,Menge,Einzelpreis,Auftragsnummer", "customer_id date quantity unit_price order_id"),
        ("Client,Date de facture,Montant HT,N° facture", "customer_id date amount order_id"),
        (
            "Code client,Date commande,Quantité,Prix unitaire,N° commande",
            "customer_id date quantity unit_price order_id",
        ),
        ("Cliente,Fecha,Importe,Número de pedido", "customer_id date amount order_id"),
        ("Cliente,Fecha,Cantidad,Precio unitario,Pedido", "customer_id date quantity unit_price"),
    ],
)
def test_headers_of_other_languages(header: str, roles: str) -> None:
    names = header.split(",")
    found = guess_mapping(names).to_dict()
    assert [found[role] for role in roles.split()[:3]] == names[:3]
    assert set(roles.split()) <= set(found)


@pytest.mark.parametrize(
    "word", ["Summe", "Gesamtsumme", "Zwischensumme", "Total général", "Sous-total", "合計", "小計", "總計"]
)
def test_total_rows_of_other_languages_are_outside(tmp_path: Path, word: str) -> None:
    quality = log_of(tmp_path, f"customer,date,amount\na,2024-02-01,5\nb,2024-02-29,6\n{word},,11\n").quality
    assert (quality.rows("total_row"), quality.control_amount) == (1, 11)
