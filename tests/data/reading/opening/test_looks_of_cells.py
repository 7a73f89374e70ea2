"""What a sheet shows of its cells and their values do not say: a line through, a credit by its format, a title."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.styles import Font

from cvmlab import CvmError
from cvmlab.data.reading import Log, read

FILES = Path(__file__).parent / "files"
HEAD = ["customer", "date", "amount"]
ROWS: list[list[Any]] = [[f"c{n}", dt.date(2024, 1, n), 10 * n] for n in range(1, 6)]


def book(path: Path, rows: list[list[Any]], struck: str = "", credit: str = "", code: str = '0.00" CR"') -> Path:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    for cell in (cell for row in made.active.iter_rows() for cell in row if struck and cell.coordinate in struck):
        cell.font = Font(strike=True)
    if credit:
        made.active[credit].number_format = code
    made.save(path)
    return path


def said(log: Log, key: str) -> list[dict[str, Any]]:
    return [dict(note.values) for note in log.quality.notes if note.key == key]


def test_rows_struck_through_are_counted_with_their_share_of_the_money(tmp_path: Path) -> None:
    log = read(book(tmp_path / "a.xlsx", [HEAD, *ROWS], struck="A4 B4 C4 C6"))
    (found,) = said(log, "struck_rows")
    assert (found["count"], found["row"], found["share"]) == ("2", "4", "53")
    assert len(log.transactions.fetchall()) == 5


@pytest.mark.parametrize("struck", ["", "A1 B1 C1", "D3"])
def test_a_header_or_an_empty_cell_that_is_struck_through_says_nothing(tmp_path: Path, struck: str) -> None:
    assert not said(read(book(tmp_path / "a.xlsx", [HEAD, *ROWS], struck=struck)), "struck_rows")


def test_rows_struck_through_in_an_old_workbook(tmp_path: Path) -> None:
    data = (FILES / "sales.xls").read_bytes()
    before = said(read(FILES / "sales.xls"), "struck_rows")
    # the records of fonts; their options stand after the height
    for record in set(re.findall(rb"\x31\x00[\x18-\x3c]\x00.{14}.[\x00\x01][A-Z]", data, re.DOTALL)):
        data = data.replace(record, record[:6] + bytes([record[6] | 8]) + record[7:])
    (tmp_path / "a.xls").write_bytes(data)
    after = said(read(tmp_path / "a.xls"), "struck_rows")
    assert not before and int(after[0]["count"]) > 1


def test_rows_struck_through_in_an_open_document(tmp_path: Path) -> None:
    path = tmp_path / "a.ods"
    with zipfile.ZipFile(FILES / "sales.ods") as archive, zipfile.ZipFile(path, "w") as made:
        for name in archive.namelist():
            made.writestr(name, archive.read(name) if name != "content.xml" else struck_document(archive.read(name)))
    assert not said(read(FILES / "sales.ods"), "struck_rows")
    (found,) = said(read(path), "struck_rows")
    assert found["count"] == "1"


def struck_document(content: bytes) -> bytes:
    """Strike through the first cell of a number."""
    style = b"""<style:style style:name="cut" style:family="table-cell">
        <style:text-properties style:text-line-through-style="solid"/></style:style>"""
    head, body = content.split(b"<office:body>")
    cell = b'office:value-type="float"'
    assert cell in body and b"</office:automatic-styles>" in head
    head = head.replace(b"</office:automatic-styles>", style + b"</office:automatic-styles>")
    first = body.index(cell)
    start = body.rindex(b"<table:table-cell", 0, first)
    end = body.index(b">", start)
    tag = re.sub(rb'\stable:style-name="[^"]*"', b"", body[start:end])
    tag = tag.replace(b"<table:table-cell", b'<table:table-cell table:style-name="cut"')
    return head + b"<office:body>" + body[:start] + tag + body[end:]


@pytest.mark.parametrize("code", ['0.00" CR"', '"Cr "#,##0.00', '#,##0.00\\ "CR"'])
def test_a_number_format_that_says_credit_is_asked_about(tmp_path: Path, code: str) -> None:
    with pytest.raises(CvmError, match="credit") as caught:
        read(book(tmp_path / "a.xlsx", [HEAD, *ROWS], credit="C6", code=code))
    assert caught.value.values["column"] == "amount"


def stacked(title: str, sign: int = 1) -> list[list[Any]]:
    below = [["c1", dt.date(2024, 1, 9), sign * 5], ["c2", dt.date(2024, 1, 10), sign * 7]]
    return [HEAD, *ROWS, [], [title], HEAD, *below]


@pytest.mark.parametrize("title", ["Returns", "Credit notes 2024", "退货", "Gutschriften"])
def test_a_table_below_that_is_called_returns_is_asked_about(tmp_path: Path, title: str) -> None:
    with pytest.raises(CvmError, match="Row 8") as caught:
        read(book(tmp_path / "a.xlsx", stacked(title)))
    assert (caught.value.key, caught.value.values["count"], caught.value.values["amount"]) == (
        "reading.returns_below", "2", "12.00",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("title", "sign"), [("Sales February", 1), ("Returns", -1), ("Source: returns ledger of the firm, as of May", 1)]
)
def test_a_table_below_that_is_sales_or_negative_is_added(tmp_path: Path, title: str, sign: int) -> None:
    log = read(book(tmp_path / "a.xlsx", stacked(title, sign)))
    assert sum(row[2] for row in log.transactions.fetchall()) == 150 + 12 * sign


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    "title", ["Budget 2025", "Open quotes", "Expenses", "Storniert:", "Stornierte Rechnungen", "Gastos", "已作废订单"]
)
def test_a_table_below_that_is_no_sales_is_asked_about(tmp_path: Path, title: str, sign: int) -> None:
    with pytest.raises(CvmError, match="Row 8") as caught:
        read(book(tmp_path / "a.xlsx", stacked(title, sign)))
    assert (caught.value.key, caught.value.values["amount"]) == ("reading.no_sales_below", f"{12 * sign:.2f}")


@pytest.mark.parametrize(
    ("title", "key"), [("Returns", "returns_below"), ("退货明细", "returns_below"), ("Quotes", "no_sales_below")]
)
@pytest.mark.parametrize("header", [True, False])
def test_a_title_in_the_column_of_dates_is_a_title(tmp_path: Path, title: str, key: str, header: bool) -> None:
    head, *rows = [[date, who, amount] for who, date, amount in [HEAD, *ROWS]]
    made = openpyxl.Workbook()
    for row in [head, *rows, [], [title], *[head] * header, *rows]:
        made.active.append(row)
    made.save(tmp_path / "a.xlsx")
    with pytest.raises(CvmError, match="Row 8") as caught:
        read(tmp_path / "a.xlsx")
    assert (caught.value.key, caught.value.values["amount"]) == (f"reading.{key}", "150.00")


def test_a_customer_that_is_called_like_returns_is_no_title(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "customer,date,amount\nAnna,,\n,2024-01-01,5\n,2024-01-02,7\nReturns Ltd,,\n,2024-01-03,5\n,2024-01-04,5\n"
    )
    assert sum(row[2] for row in read(tmp_path / "a.csv", fill_down=True).transactions.fetchall()) == 22


def test_a_title_of_sales_ends_the_returns(tmp_path: Path) -> None:
    rows = [HEAD, ["Returns"], ["c1", dt.date(2024, 1, 1), -5], ["Sales"], *ROWS]
    assert sum(row[2] for row in read(book(tmp_path / "a.xlsx", rows)).transactions.fetchall()) == 145


def test_returns_below_in_a_text_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "customer,date,amount\nc1,2024-01-01,5\nc2,2024-01-02,7\nRefunds,,\nc1,2024-01-03,5\n"
    )
    with pytest.raises(CvmError, match="Row 4"):
        read(tmp_path / "a.csv")


@pytest.mark.parametrize("code", ['"-"0.00', "-0.00", "(0.00)", '0.00"-"', "[Red](#,##0.00)"])
def test_a_number_format_that_shows_a_minus_is_a_minus(tmp_path: Path, code: str) -> None:
    log = read(book(tmp_path / "a.xlsx", [HEAD, *ROWS], credit="C6", code=code))
    assert sum(row[2] for row in log.transactions.fetchall()) == 150 - 2 * 50


@pytest.mark.parametrize(
    ("code", "factor"),
    [
        ('#,##0.0" T€"', 1000),
        ('0.00"万元"', 10_000),
        ('#,##0,"k"', 1),
        ("0.00_);(0.00)", 1),
        ("0.00;-0.00", 1),
        ("@", 1),
    ],
)
def test_a_unit_in_the_number_format_counts_unless_the_format_divides(tmp_path: Path, code: str, factor: int) -> None:
    made = openpyxl.Workbook()
    for row in [HEAD, *ROWS]:
        made.active.append(row)
    for row in made.active.iter_rows(min_row=2, min_col=3):
        row[0].number_format = code
    made.save(tmp_path / "a.xlsx")
    assert sum(row[2] for row in read(tmp_path / "a.xlsx").transactions.fetchall()) == 150 * factor


def test_a_second_header_with_its_columns_elsewhere_is_refused(tmp_path: Path) -> None:
    below = [["date", "customer", "amount"], [dt.date(2024, 2, 1), "c9", 5]]
    with pytest.raises(CvmError) as caught:
        read(book(tmp_path / "a.xlsx", [HEAD, *ROWS, [], *below]))
    assert (caught.value.key, caught.value.values["row"]) == ("reading.second_header", "8")
    costs = [[*HEAD[:2], "cost", "amount"], ["c1", dt.date(2024, 2, 1), 3, 5]]
    with pytest.raises(CvmError, match="customer, date, cost"):
        read(book(tmp_path / "b.xlsx", [[*HEAD, "order"], *([*row, row[0]] for row in ROWS), [], *costs]))
    assert len(read(book(tmp_path / "c.xlsx", [HEAD, *ROWS, HEAD, *ROWS[:1]])).transactions.fetchall()) == 6


PAGE = """<html><body><h2>{title}</h2><table><tr><th>customer</th><th>date</th><th>amount</th></tr>
<tr><td>c1</td><td>2024-01-01</td><td>10</td></tr><tr><td>c2</td><td>2024-01-02</td><td>20</td></tr>{more}</table>
{below}</body></html>"""


def page(path: Path, title: str = "Sales", more: str = "", below: str = "") -> Path:
    path.write_text(PAGE.format(title=title, more=more, below=below), encoding="utf-8")
    return path


def test_the_heading_of_a_page_states_the_unit_and_what_its_table_holds(tmp_path: Path) -> None:
    log = read(page(tmp_path / "a.html", "Sales in thousand EUR"))
    assert sum(row[2] for row in log.transactions.fetchall()) == 30_000
    second = "<table><caption>Returns</caption><tr><td>customer</td><td>date</td><td>amount</td></tr>"
    second += "<tr><td>c1</td><td>2024-01-05</td><td>4</td></tr></table>"
    with pytest.raises(CvmError, match="returns"):
        read(page(tmp_path / "b.html", below=second))


@pytest.mark.parametrize(
    ("row", "key"),
    [
        ("<tfoot><tr><td>Sum</td><td>2024-01-03</td><td>31</td></tr></tfoot>", "foot_rows"),
        ("<tr><td>c3</td><td>2024-01-03</td><td><s>31</s></td></tr>", "struck_rows"),
        ('<tr><td>c3</td><td>2024-01-03</td><td style="text-decoration:line-through">31</td></tr>', "struck_rows"),
    ],
)
def test_rows_in_the_foot_or_struck_through_on_a_page_are_named(tmp_path: Path, row: str, key: str) -> None:
    (found,) = said(read(page(tmp_path / "a.html", more=row)), key)
    assert (found["count"], found["share"]) == ("1", "51")
