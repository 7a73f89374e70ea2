"""Text files that are not plain: line breaks in cells, stray quotation marks, signs that are no text."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from cvmlab import CvmError
from cvmlab.core.words import speaking
from cvmlab.data.reading import Log, read

HEADER = "customer_id,product,date,amount"
ROWS = [f"c{n % 50},item {n},2024-01-{1 + n % 28:02},{10 + n % 7}.50" for n in range(200)]
TOTAL = sum(Decimal(row.rsplit(",", 1)[1]) for row in ROWS)


def log_of(folder: Path, text: str | bytes, **options: object) -> Log:
    path = folder / "a.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read(path, **options)  # type: ignore[arg-type]


def with_lines(changed: dict[int, str], rows: Sequence[str] = ROWS, end: str = "\n") -> str:
    """Return the text with other rows at some places."""
    lines = [changed.get(number, row) for number, row in enumerate(rows)]
    return end.join([HEADER, *lines]) + end


def note(log: Log, key: str) -> str:
    (found,) = [note for note in log.quality.notes if note.key == key]
    with speaking("zh"):
        assert str(found)
    return str(found)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_line_break_in_header_or_title_costs_no_row(tmp_path: Path, end: str, separator: str, encoding: str) -> None:
    rows = [f"K{n % 9},2024-{1 + n % 12:02}-{1 + n % 27:02},{100 + n}".replace(",", separator) for n in range(60)]
    for head in (
        f'"customer{end}id",date,"amount{end}(CNY)"',
        f'"Sales{end}report 2024",,{end}customer_id,date,amount',
        f'客户,"日{end}期",金额',
    ):
        text = end.join([head.replace(",", separator), *rows]) + end
        quality = log_of(tmp_path, text.encode(encoding)).quality
        assert (quality.rows("used"), quality.amount("used")) == (60, sum(range(100, 160)))


def test_bars_carriage_returns_quotes_and_blank_lines(tmp_path: Path) -> None:
    notes = ["cable", '"a|b"', '"say ""hi"""', '"two\nlines"', "", '""""', '"x\r\ny"']
    rows = [f"K{n % 9}|2024-{1 + n % 12:02}-15|{n}|{notes[n % 7]}" + "\r" * (n % 10 == 9) for n in range(300)]
    log = log_of(tmp_path, "\r".join(["customer_id|date|amount|product", *rows]))
    assert (log.quality.rows("used"), log.quality.amount("used")) == (300, sum(range(300)))
    products = {product for (product,) in log.transactions.project("product").fetchall()}
    assert products == {"cable", "a|b", 'say "hi"', "two\nlines", None, '"', "x\r\ny"}


def test_inch_signs_swallow_no_lines(tmp_path: Path) -> None:
    """After the first sign csv reads on to the second: four rows would be one, and the sums would still agree."""
    text = with_lines({4: 'c4,"19 inch,2024-01-05,11.50', 8: 'c8,screen 24",2024-01-09,12.50'})
    log = log_of(tmp_path, text)
    changed = Decimal("24.00") - sum(Decimal(ROWS[place].rsplit(",", 1)[1]) for place in (4, 8))
    assert (log.quality.rows("used"), log.quality.amount("used")) == (200, TOTAL + changed)
    assert "line 6" in note(log, "stray_quotes")
    assert ("c4", '"19 inch') in log.transactions.project("customer_id, product").fetchall()


@pytest.mark.parametrize("place", [0, 5, 199])
def test_a_quote_that_is_never_closed(tmp_path: Path, place: int) -> None:
    log = log_of(tmp_path, with_lines({place: ROWS[place].replace("item", '"item')}))
    assert (log.quality.rows("used"), log.quality.amount("used")) == (200, TOTAL)
    assert f"line {place + 2})" in note(log, "stray_quotes")


def test_one_stray_quote_among_quoted_cells(tmp_path: Path) -> None:
    rows = ['"' + row.replace(",", '","') + '"' for row in ROWS]
    rows[7] = '"c7","19" screen, flat","2024-01-08","10.50"'
    log = log_of(tmp_path, with_lines({}, rows))
    changed = Decimal("10.50") - Decimal(ROWS[7].rsplit(",", 1)[1])
    assert (log.quality.rows("used"), log.quality.amount("used")) == (200, TOTAL + changed)
    assert ("c7", '19" screen, flat') in log.transactions.project("customer_id, product").fetchall()


def test_a_line_that_no_reading_fits_is_a_broken_row(tmp_path: Path) -> None:
    log = log_of(tmp_path, with_lines({9: 'c9,"19" inch", flat,"2024-01-10,5.00'}))
    assert (log.quality.rows("used"), log.quality.rows("broken_row")) == (199, 1)
    assert log.quality.samples[0].row == 11
    assert log.quality.control_rows == 200


@pytest.mark.parametrize("last", [180, 5])
def test_a_title_that_is_never_closed_swallows_no_rows(tmp_path: Path, last: int) -> None:
    text = '"Sales of 2024\n' + with_lines({last: f'c{last % 50},screen 24",2024-01-09,10.50'})
    quality = log_of(tmp_path, text).quality
    changed = Decimal("10.50") - Decimal(ROWS[last].rsplit(",", 1)[1])
    assert (quality.rows("used"), quality.amount("used")) == (200, TOTAL + changed)


def test_a_text_in_a_cell_that_looks_like_rows_stays_one(tmp_path: Path) -> None:
    cell = "see, again\nc1,x,2024-01-01,9\n\nand, so, on"
    log = log_of(tmp_path, with_lines({7: f'c7,"{cell}",2024-01-08,10.50'}))
    assert log.quality.rows("used") == log.quality.control_rows == 200
    assert ("c7", cell) in log.transactions.project("customer_id, product").fetchall()


def test_a_cell_over_several_lines_is_named(tmp_path: Path) -> None:
    log = log_of(tmp_path, with_lines({3: 'c3,"first\nsecond, and more\n\nlast",2024-01-04,13.50', 60: "c1,,soon,1"}))
    assert log.quality.rows("used") == 199
    assert "line 5" in note(log, "long_cells")
    # three lines more than rows
    assert log.quality.samples[0].row == 65


@pytest.mark.parametrize("sign", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_only_line_ends_end_a_line(tmp_path: Path, sign: str) -> None:
    rows = [f'c{n},"{sign}x{sign}",2024-01-05,1' for n in range(60)]
    rows[3] = f'c3,a "b" {sign},2024-01-05,1'
    log = log_of(tmp_path, with_lines({}, rows))
    assert (log.quality.rows("used"), log.quality.customers) == (60, 60)


def test_cells_of_any_length(tmp_path: Path) -> None:
    for length in (200_000, 3_000_000):
        log = log_of(
            tmp_path, with_lines({2: f"c2,{'x' * length},2024-01-03,12.50", 5: f'"{"y" * length}",z,2024-01-06,1'})
        )
        assert log.quality.rows("used") == 200


def test_rows_of_padding_and_blank_lines_keep_the_count_of_lines(tmp_path: Path) -> None:
    log = log_of(tmp_path, with_lines({3: "\n\n,,,\n" + ROWS[3], 10: "c1,,soon,1"}))
    assert log.quality.rows("used") == 199
    assert log.quality.samples[0].row == 15


SALES = [("A", "2024-02-01", "1234.50"), ("B", "2024-02-15", "0.75"), ("A", "2024-02-29", "100")]
SUM = Decimal("1335.25")


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\ncustomer_id;date;amount\nA;2024-02-01;1234,50\nB;2024-02-15;0,75\nA;2024-02-29;100,00\n",
        '"sep=;"\r\ncustomer_id;date;amount\r\nA;2024-02-01;"1.234,50"\r\nB;2024-02-15;"0,75"\r\nA;2024-02-29;"100,00"',
        "sep=\t\ncustomer_id\tdate\tamount\nA\t2024-02-01\t1234.50\nB\t2024-02-15\t0.75\nA\t2024-02-29\t100\n",
        'customer_id,date,amount\nA,2024-02-01,"1234,50"\nB,2024-02-15,"0,75"\nA,2024-02-29,"100,00"\n',
        "Sales report\n\nfrom;to;by;whom;when;why\ncustomer_id;date;amount\nA;2024-02-01;1234.50\nB;2024-02-15;0.75\n"
        "A;2024-02-29;100\n",
        "customer_id,date,amount,,,\nA,2024-02-01,1234.50,,,\nB,2024-02-15,0.75\nA,2024-02-29,100,\n\n\n",
        'customer_id\tdate\tamount\tproduct\nA\t2024-02-01\t1234.50\t19" rack\nB\t2024-02-15\t0.75\t"24 inch\n'
        'A\t2024-02-29\t100\t27"\n',
        'customer_id, date, amount, name\nA, 2024-02-01, 1234.50, "Ann, and Bob"\nB, 2024-02-15, 0.75, x\n'
        "A, 2024-02-29, 100, y",
        "customer_id,date,amount\nA,2024-02-01,1234.50\nB,2024-02-15,0.75\nA,2024-02-29,100\nTotal,,1335.25\n\x1a",
        "customer_id,date,amount\r\r\nA,2024-02-01,1234.50\r\r\nB,2024-02-15,0.75\r\r\nA,2024-02-29,100\r\r\n",
        "\n\n  \ncustomer_id,date,amount\nA,2024-02-01,1234.50\nB,2024-02-15,0.75\r\nA,2024-02-29,100\r",
    ],
)  # fmt: skip
def test_what_exports_add_around_the_rows(tmp_path: Path, text: str) -> None:
    log = log_of(tmp_path, text)
    assert (log.quality.rows("used"), log.quality.amount("used"), log.quality.customers) == (3, SUM, 2)
    assert log.quality.control_rows == 3


@pytest.mark.parametrize(
    "text", ["customer_id,date,amount\n", "customer_id\nA\nB\n", "customer_id,date,amount\n,,\n\n"]
)
def test_a_text_without_rows_or_columns_is_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(CvmError) as caught:
        log_of(tmp_path, text)
    assert "a.csv" in str(caught.value)


def test_decimal_commas_between_commas_are_broken_rows(tmp_path: Path) -> None:
    """C1,2024-02-01,10,50 has a cell too many: no part of it is taken for the amount."""
    text = "customer_id,date,amount\nA,2024-02-01,10,50\nB,2024-02-15,7\nA,2024-02-29,8\n"
    quality = log_of(tmp_path, text).quality
    assert (quality.rows("used"), quality.rows("broken_row"), quality.amount("used")) == (2, 1, 15)


@pytest.mark.parametrize("separator", ["，", "；"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_wide_separator_divides_like_a_narrow_one(tmp_path: Path, separator: str, encoding: str) -> None:
    text = "客户,日期,金额,说明\n甲,2024-01-01,1,好\n乙,2024-02-01,2.5,不错\n".replace(",", separator)
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    found = [(row[0], row[2]) for row in read(tmp_path / "a.csv").transactions.fetchall()]
    assert found == [("甲", 1.0), ("乙", 2.5)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_text_filled_up_with_nul_characters_keeps_its_encoding(tmp_path: Path, encoding: str) -> None:
    text = "客户,日期,金额\n甲,2024-01-01,1\n乙,2024-02-01,2\n"
    (tmp_path / "a.csv").write_bytes(text.encode(encoding) + bytes(60))
    assert [row[0] for row in read(tmp_path / "a.csv").transactions.fetchall()] == ["甲", "乙"]


@pytest.mark.parametrize("count", [1, 60, 5000, 3_000_000])
def test_nul_characters_at_the_end_are_dropped_and_counted(tmp_path: Path, count: int) -> None:
    (tmp_path / "a.csv").write_bytes(b"customer,date,amount\nA,2024-01-01,1\nB,2024-02-01,2\n" + bytes(count))
    log = read(tmp_path / "a.csv")
    assert [row[0] for row in log.transactions.fetchall()] == ["A", "B"]
    assert [note.values["count"] for note in log.quality.notes if note.key == "nul_dropped"] == [f"{count:,}"]
