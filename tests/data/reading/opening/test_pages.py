"""HTML tables that call themselves .xls: encodings, cells over several rows and columns, and what is no table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cvmlab import CvmError
from cvmlab.data.reading import Log, read
from cvmlab.data.reading.opening.pages import html_heads

HEAD = "<tr><th>customer_id</th><th>date</th><th>amount</th></tr>"
ROWS = "<tr><td>张三</td><td>2024-02-01</td><td>100</td></tr><tr><td>B</td><td>2024-02-15</td><td>50</td></tr>"


def page(folder: Path, body: str, *, charset: str = "", encoding: str = "utf-8") -> Path:
    path = folder / "a.xls"
    meta = f'<meta charset="{charset}">' if charset else ""
    path.write_bytes(f"<html><head>{meta}</head><body>{body}</body></html>".encode(encoding))
    return path


def table(body: str) -> str:
    return f"<table>{body}</table>"


def rows_of(log: Log) -> list[tuple[Any, ...]]:
    return [(row[0], row[2]) for row in log.transactions.fetchall()]


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        *((stated, "utf-8") for stated in ("undefined", "hex", "idna", "unicode_escape", "utf-7", "x", "²", "utf-16")),
        ("iso-8859-1", "utf-8"),
        ("utf-8", "gb18030"),
        ("gb2312", "gb18030"),
        ("big5", "big5"),
        ("", "utf-16"),
        ("", "utf-8-sig"),
    ],
)
def test_the_encoding_is_found_whatever_the_page_states(tmp_path: Path, charset: str, encoding: str) -> None:
    name = "王小明" if encoding == "big5" else "张三丰的公司"
    path = page(tmp_path, table(HEAD + ROWS.replace("张三", name)), charset=charset, encoding=encoding)
    assert rows_of(read(path)) == [(name, 100), ("B", 50)]


def test_a_page_of_utf_16_with_a_byte_too_many_is_read(tmp_path: Path) -> None:
    path = page(tmp_path, table(HEAD + ROWS), encoding="utf-16")
    path.write_bytes(path.read_bytes() + b"x")
    assert rows_of(read(path)) == [("张三", 100), ("B", 50)]


SPANS = [("2", 2), ("0", 2), (" 2 ", 2), ("99999999999999999999", 2), ("1", 1), ("-1", 1), ("²", 1), ("", 1), ("x", 1)]


@pytest.mark.parametrize(("stated", "rows"), SPANS)
def test_a_cell_over_several_rows_is_filled_down_and_an_odd_number_is_one(
    tmp_path: Path, stated: str, rows: int
) -> None:
    first = f'<tr><td rowspan="{stated}">A</td><td>2024-02-01</td><td>100</td></tr>'
    second, found = ("<tr><td>2024-02-15</td><td>50</td></tr>", ("A", 50)) if rows > 1 else (ROWS, ("张三", 100))
    assert rows_of(read(page(tmp_path, table(HEAD + first + second))))[:2] == [("A", 100), found]


def test_cells_that_are_never_closed_are_read_to_the_last(tmp_path: Path) -> None:
    body = "<table>" + (HEAD + ROWS).replace("</td>", "").replace("</tr>", "").replace("</th>", "")
    assert rows_of(read(page(tmp_path, body))) == [("张三", 100), ("B", 50)]


def test_nested_tables_and_rows_that_are_not_shown(tmp_path: Path) -> None:
    hidden = ROWS.replace("<tr><td>B", '<tr style="display: none"><td>B')
    log = read(page(tmp_path, table(f"<tr><td>{table(HEAD + hidden)}</td></tr>")))
    assert rows_of(log) == [("张三", 100), ("B", 50)]
    assert "hidden_rows" in {note.key for note in log.quality.notes}


def test_cells_over_a_hundred_thousand_columns_are_bounded(tmp_path: Path) -> None:
    wide = "<tr><td colspan=100000>" * 500
    assert rows_of(read(page(tmp_path, table(HEAD + ROWS + wide)))) == [("张三", 100), ("B", 50)]


REFUSED = {
    "page_too_large": "<table>" + "<tr><td colspan=1000 rowspan=65000>" * 3000,
    "page_without_table": "<form>log in</form>",
    "corrupt": "<![odd[x]]>" + table(HEAD + ROWS),
    "no_rows": table(HEAD),
}


@pytest.mark.parametrize("key", REFUSED)
def test_what_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path, key: str) -> None:
    with pytest.raises(CvmError) as caught:
        read(page(tmp_path, REFUSED[key]))
    assert caught.value.key == f"reading.{key}"


FOREIGN: dict[str, tuple[bytes, ...]] = {
    "database_file": (b"SQLite format 3\0" + bytes(99), bytes(8) + b"DUCK" + bytes(99)),
    "frame_file": (b"ARROW1\0\0" + bytes(99), b"\x80\x04\x95" + bytes(99), b'[{"a": 1}]', b'{"a": 1}\n{"a": 2}\n'),
    "compressed": (b"Rar!\x1a\x07\0" + bytes(99), b"7z\xbc\xaf\x27\x1c" + bytes(99)),
    "web_archive": (b"MIME-Version: 1.0\nContent-Type: multipart/related\n\n<table>",),
    "document": (b"%PDF-1.4\n", b"{\\rtf1 hello}", b"\x89PNG\r\n\x1a\n" + bytes(99)),
}


@pytest.mark.parametrize("key", FOREIGN)
def test_files_of_other_kinds_are_named_with_what_to_do(tmp_path: Path, key: str) -> None:
    for number, content in enumerate(FOREIGN[key]):
        path = tmp_path / f"{number}.csv"
        path.write_bytes(content)
        with pytest.raises(CvmError) as caught:
            read(path)
        assert caught.value.key == f"reading.{key}"


def cells_of(folder: Path, cell: str, *, head: str = "") -> list[str]:
    path = folder / "a.xls"
    path.write_text(f"<html><head>{head}</head><table><tr><td>a<td>b<tr><td>x{cell}</table></html>", encoding="utf-8")
    return html_heads(path, 9)[0].rows[1][1:]


SHOWN = {
    '<td><span style="display:none">9</span>10.50': "10.50",
    '<td><div style="visibility: hidden"><div>9</div>8</div>10.50': "10.50",
    "<td><span hidden>0000001050</span>10.50": "10.50",
    "<td><script>9</script>10.50": "10.50",
    "<td><style>.a{}</style>10.5": "10.5",
    "<td><template>9</template>10.5": "10.5",
    "<td><del>99</del>10.50": "10.50",
    "<td><s>99</s> <ins>10.50</ins>": "10.50",
    "<td><del>99</del>": "99",
    "<td>10<sup>99</sup>": "10 99",
    "<td><p>10</p><p>50</p>": "10 50",
    "<td><p hidden>9<p>50": "50",
    "<td><div>10</div><div>500</div>": "10 / 500",
    "<td>10<br>500": "10 / 500",
    "<td>2024-02-01<br>10:30": "2024-02-01 10:30",
    "<td><ul><li>10<li>50</ul>": "10 50",
    "<td><select><option>1<option selected>2</select>": "2",
    "<td><select><option>10</option><option>20</option></select> kg": "10 kg",
    "<td><select><option>1<option selected=''>2</option>": "2",
    "<td><select multiple><option selected>1<option>2<option selected>3</select>": "1 3",
    "<td><input type=hidden value=9><input value='10.50'>": "10.50",
    "<td><input type=number value=10><input type=checkbox value=9>": "10",
    "<td><b>1</b>0<i>.5</i>": "10.5",
    "<td><input hidden>10.5": "10.5",
    "<td hidden>10.5": "10.5",
}


@pytest.mark.parametrize("cell", SHOWN)
def test_text_that_is_not_shown_or_stands_apart_is_not_glued_to_a_number(tmp_path: Path, cell: str) -> None:
    assert cells_of(tmp_path, cell) == [SHOWN[cell]]


def test_the_end_of_a_long_text_that_excel_hides_is_kept(tmp_path: Path) -> None:
    head = '<meta name=Generator content="Microsoft Excel 15">'
    assert cells_of(tmp_path, "<td>Long na<span style='display:none'>me</span>", head=head) == ["Long name"]
    assert cells_of(tmp_path, "<td><span style='display:none'>9</span>10", head=head) == ["10"]


EXACT = {
    '<td x:num="10.5">11': "10.5",
    '<td sdval="10.5" sdnum="1033;">11': "10.5",
    '<td x:num="10.199999999999999">10': "10.2",
    "<td x:num>11": "11",
    '<td x:num="">11': "11",
    '<td x:num="x">11': "11",
    '<td x:num="1234.567">1,234.57': "1234.567",
    '<td x:num="1234.567">1.234,57': "1234.567",
    '<td x:num="1234.567">$ 1,235': "$ 1234.567",
    '<td x:num="-10.5">(11)': "(10.5)",
    '<td x:num="-10.5">11': "-10.5",
    '<td x:num="-10.5">-11': "-10.5",
    '<td x:num="123456789012">1.23457E+11': "123456789012",
    '<td x:num="10.5">####': "10.5",
    '<td x:num="42">00042': "00042",
    '<td x:num="45323">2024-02-01': "2024-02-01",
    '<td x:num="45323">20240201': "20240201",
    '<td x:num="45323">2024.02.01': "2024.02.01",
    '<td x:num="45323">Feb 1': "Feb 1",
    '<td x:num="0.125">13%': "13%",
    '<td x:num="10.5">': "",
    '<td x:num="1e999">11': "11",
}


@pytest.mark.parametrize("cell", EXACT)
def test_the_exact_number_of_a_spreadsheet_is_read_where_the_text_is_that_number(tmp_path: Path, cell: str) -> None:
    assert cells_of(tmp_path, cell) == [EXACT[cell]]
