"""Bad input: one clear sentence in both languages that names the mistake and the next step."""

from __future__ import annotations

import os
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.core.words import speaking
from cvmlab.data.reading import preview, read

GOOD = "客户,日期,金额\n1,2019-01-31,5\n"


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def sentence_of(source: object, **options: object) -> str:
    with pytest.raises(CvmError) as caught:
        read(source, **options)  # type: ignore[arg-type]
    sentence = str(caught.value)
    assert "\n" not in sentence
    with speaking("zh"):
        assert str(caught.value) != sentence
    return sentence


CASES: dict[str, tuple[str, str | bytes, tuple[str, ...]]] = {
    "empty": ("a.csv", "", ("a.csv", "empty")),
    "blank": ("a.csv", "\n\n  \n", ("a.csv", "empty")),
    "header only": ("a.csv", "客户,日期,金额\n", ("a.csv", "no rows")),
    "no id": ("a.csv", "foo,日期,金额\n1,2019-1-1,5\n", ("'foo'", "--customer-id")),
    "no date": ("a.csv", "客户,foo,金额\n1,2019-1-1,5\n", ("'foo'", "--date")),
    "no amount": ("a.csv", "客户,日期,foo\n1,2019-1-1,5\n", ("'foo'", "--amount")),
    "two amounts": ("a.csv", "客户,日期,无税金额,价税合计\n1,2019-1-1,5,6\n", ("'无税金额'", "'价税合计'", "--amount")),
    "a column twice": ("a.csv", "客户,日期,金额,金额\n1,2019-1-1,5,6\n", ("'金额'", "'金额 (2)'")),
    "all rows bad": (
        "a.csv",
        "客户,日期,金额\n1,soon,5\n2,later,5\n,2019-01-01,1\n",
        ("2 of 3", "date", "row 2", "soon"),
    ),
    "binary xls": ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ("save it as .xlsx",)),
    "protected": (
        "a.xlsx",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
        ("password",),
    ),
    "damaged xlsx": ("a.xlsx", b"PK\x03\x04" + bytes(600), ("a.xlsx", "damaged")),
    "damaged parquet": ("a.parquet", b"PAR1" + bytes(600), ("a.parquet", "damaged")),
    "binary": ("a.csv", bytes(range(256)) * 20, ("a.csv",)),
    "bad bytes": (
        "a.csv",
        "客户,日期,金额\n张三,2019-1-1,5\n".encode("gb18030") + b"\xff\xff,2019-1-1,5\n",
        ("line 3", "ff ff"),
    ),
    "bad bytes, rare": (
        "a.csv",
        "客户,日期,金额\n".encode("gb18030") + b"1,2019-01-31,5\n" * 500 + b"\xff\xff,2019-1-1,5\n",
        ("line 502", "ff ff"),
    ),
    "damaged utf-8": (
        "a.csv",
        ("客户,日期,金额\n" + "张三丰,2019-1-1,5\n" * 20).encode() + b"\xff\xfe\xfa\n",
        ("line 22", "ff"),
    ),
    "page without table": ("a.xls", "<html><body>login</body></html>", ("without a table",)),
}


@pytest.mark.parametrize("case", CASES)
def test_one_sentence_names_mistake_and_next_step(tmp_path: Path, case: str) -> None:
    name, content, parts = CASES[case]
    sentence = sentence_of(written(tmp_path, name, content))
    for part in parts:
        assert part in sentence


@pytest.mark.parametrize(
    "case", ["empty", "no id", "no date", "no amount", "two amounts", "a column twice", "binary xls", "damaged xlsx"]
)
def test_preview_says_the_same_as_read(tmp_path: Path, case: str) -> None:
    name, content, _ = CASES[case]
    source = written(tmp_path, name, content)
    with pytest.raises(CvmError) as caught:
        preview(source)
    assert str(caught.value) == sentence_of(source)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    written(tmp_path, "sales.csv", GOOD)
    assert "sales.csv" in sentence_of(tmp_path / "sale.csv")
    assert "no file" in sentence_of(tmp_path / "nowhere" / "x.csv")
    (tmp_path / "empty").mkdir()
    assert "no data file" in sentence_of(tmp_path / "empty")


def test_options_that_name_nothing(tmp_path: Path) -> None:
    source = written(tmp_path, "a.csv", GOOD)
    assert "'金额'" in sentence_of(source, columns={"amount": "金额合计"})
    assert "customer_id" in sentence_of(source, columns={"klient": "客户"})
    assert "no sheets" in sentence_of(source, sheet="Sheet1")
    openpyxl.Workbook().save(tmp_path / "b.xlsx")
    assert "'Sheet'" not in sentence_of(tmp_path / "b.xlsx", sheet="Blatt")
    assert "Its sheets are: Sheet" in sentence_of(tmp_path / "b.xlsx", sheet="Blatt")
    assert "int" in sentence_of(5)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = written(tmp_path, "a.csv", GOOD)

    def refuse(self: Path, *args: object, **kwargs: object) -> None:
        raise PermissionError(13, "denied", str(self))

    # the tests may run as root, who may read everything
    monkeypatch.setattr(Path, "open", refuse)
    assert "do not have permission" in sentence_of(source)


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = written(tmp_path, "a.csv", GOOD.encode("gb18030"))

    def full(*args: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("cvmlab.data.reading.opening.files.transcode", full)
    assert "disk is full" in sentence_of(source)


def test_no_sheet_fits_names_the_nearest(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.create_sheet("x").append(["客户", "日期", "c"])
    book.save(tmp_path / "a.xlsx")
    assert "a.xlsx [x]" in sentence_of(tmp_path / "a.xlsx")


def test_hundreds_of_columns_and_odd_names(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {f"x{number}": ["a"] for number in range(300)} | {"customer": ["1"], "date": ["2020-01-31"], "amount": [1]}
    )
    assert read(frame).quality.rows("used") == 1
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert read(tmp_path / "a.csv").quality.rows("used") == 1
    odd = pd.DataFrame({"customer": ["1"], "date": ["2020-01-31"], "amount": [1], 'a "quoted"; name': ["x"]})
    assert read(odd, keep=['a "quoted"; name']).transactions.fetchall()[0][-1] == "x"
    empty = pd.DataFrame({"customer": [], "date": [], "amount": []})
    assert "no rows" in sentence_of(empty)


@pytest.mark.parametrize("address", ["https://x.org/a.csv", "s3://bucket/a.csv"])
def test_an_address_is_to_be_downloaded_first(address: str) -> None:
    assert sentence_of(address).startswith(f"{address} is an address")
    assert "Download the file first" in sentence_of(Path(address))


def test_a_folder_with_data_only_in_its_subfolders_names_one(tmp_path: Path) -> None:
    for name in (".hidden", "2019", "2020"):
        (tmp_path / name).mkdir()
        written(tmp_path / name, "a.csv", GOOD)
    sentence = sentence_of(tmp_path)
    assert "(2: 2019, 2020)" in sentence
    assert f'cvmlab data "{tmp_path / "2019"}"' in sentence


def test_an_empty_folder_holds_no_data_at_all(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "subfolders" not in sentence_of(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "customer,month,amount\nA,1,1\nB,2,2\nC,3,3\n",
        "customer,year,month,day,amount\nA,2024,1,5,1\nB,2024,2,6,2\nC,2024,3,7,3\n",
    ],
)
def test_a_date_in_several_columns_is_to_be_joined(tmp_path: Path, text: str) -> None:
    sentence = sentence_of(written(tmp_path, "a.csv", text))
    assert "of 3 rows" in sentence
    assert "join them first into one column of dates such as 2024-01-31" in sentence


@pytest.mark.parametrize(
    "text",
    [
        '"customer,date,amount"\n"A,2024-01-01,1"\n"B,2024-02-01,2"\n',
    ],
)
def test_lines_that_are_one_cell_are_said_to_be_so(tmp_path: Path, text: str) -> None:
    sentence = sentence_of(written(tmp_path, "a.csv", text))
    assert "separator" in sentence
    assert "--customer-id" not in sentence


@pytest.mark.parametrize(
    ("first", "second"),
    [("Amount (Cr)", "Amount (Dr)"), ("Credit", "Debit"), ("贷方金额", "借方金额"), ("Paid in", "Paid out")],
)
def test_the_two_sides_of_an_account_are_to_be_named(tmp_path: Path, first: str, second: str) -> None:
    path = written(
        tmp_path, "a.csv", f"customer,date,{first},{second}\nA,2024-01-01,30,\nB,2024-02-01,,20\nB,2024-01-01,9,\n"
    )
    sentence = sentence_of(path)
    assert f'--amount "{first}")' in sentence and f'(--refund-amount "{second}")' in sentence
    log = read(path, columns={"amount": first, "refund_amount": second})
    assert float(log.quality.amount("used", "refund")) == 19


@pytest.mark.parametrize("amount", [str(2**60), "1,152,921,504,606,846,976.00"])
def test_amounts_too_large_for_money_are_said_to_be_so(tmp_path: Path, amount: str) -> None:
    assert "too large for money" in sentence_of(
        written(tmp_path, "a.csv", f'customer,date,amount\nA,2024-01-01,"{amount}"\n')
    )
    assert "too large" not in sentence_of(written(tmp_path, "a.csv", "customer,date,amount\nA,2024-01-01,much\n"))


@pytest.mark.parametrize(("cell", "encoding"), [("€5", "gb18030"), ("¥5", "cp1252"), ("£5", "cp850")])
def test_amounts_in_another_encoding_are_told_from_bad_ones(tmp_path: Path, cell: str, encoding: str) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(f"customer_id,date,amount\na,2024-01-01,{cell}\nb,2024-01-02,{cell}\n".encode(encoding))
    try:
        assert read(path).quality.amount("used") == 10
    except CvmError as error:
        assert "--encoding" in str(error)
    assert read(path, encoding=encoding).quality.amount("used") == 10


def test_names_that_were_read_in_another_encoding_are_named(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    for name, seen in (
        ("MÃ¼ller", True),
        ("ä¸\xadå›½", True),
        ("Müller", False),
        ("São Paulo", False),
        ("中国", False),
    ):
        path.write_text(f"customer,date,amount\n{name},2024-01-01,5\nb,2024-01-02,6\n", encoding="utf-8")
        assert ("garbled_text" in {note.key for note in read(path).quality.notes}) == seen


def test_the_closest_sheet_is_the_list_and_not_the_summary(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active.title = "Totaal"
    for row in [("Month", "Zzgeld"), ("2025-01", 300), ("2025-02", 200)]:
        made.active.append(row)
    for month in ("2025-01", "2025-02"):
        sheet = made.create_sheet(month)
        for row in [("Zzdag", "Nr", "Zzwie", "Zzgeld"), (f"{month}-03", "f1", "Jansen", 200)]:
            sheet.append(row)
    made.save(tmp_path / "a.xlsx")
    assert "Zzwie" in sentence_of(tmp_path / "a.xlsx")


def test_a_header_of_another_alphabet_over_plain_rows_names_its_encoding(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    rows = "\n".join(f"2025-01-0{day};Acme;{day}.50;R{day}" for day in range(1, 6))
    path.write_text(f"Datum vystavení;Odběratel;Částka;Číslo faktury\n{rows}\n", encoding="windows-1250")
    with pytest.raises(CvmError) as caught:
        read(path)
    assert (caught.value.key, caught.value.values["encoding"]) == ("reading.other_encoding", "windows-1250")
    assert read(path, encoding="windows-1250").quality.rows("used") == 5
