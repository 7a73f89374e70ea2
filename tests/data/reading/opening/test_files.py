"""Which file is read: exactly the named one, known by its content; pipes and devices are never waited for."""

from __future__ import annotations

import gzip
import os
import tempfile
from pathlib import Path

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.core.words import speaking
from cvmlab.data.reading import preview, read

HEADER = "customer_id,date,amount\n"
GOOD = HEADER + "A,2024-02-01,100\nB,2024-02-29,50\n"
OTHER = HEADER + "A,2023-02-01,7\nB,2023-02-28,7\n"


def sentence_of(source: object) -> str:
    with pytest.raises(CvmError) as caught:
        read(source)
    sentence = str(caught.value)
    with speaking("zh"):
        assert str(caught.value) != sentence
    return sentence


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("sales [1].csv", ["sales 1.csv"]),
        ("a*.csv", ["ab.csv", "ac.csv"]),
        ("a?.csv", ["ab.csv"]),
        ("[ab].csv", ["a.csv"]),
        ("a{b,c}.csv", ["ab.csv"]),
        ("a[!b].csv", ["ac.csv"]),
        ("~.csv", []),
        ("it's 100%.csv", []),
    ],
)
def test_exactly_the_named_file_is_read(tmp_path: Path, name: str, others: list[str]) -> None:
    for folder in (tmp_path, tmp_path / "x [1]" / "year=2020"):
        folder.mkdir(parents=True, exist_ok=True)
        for other in others:
            (folder / other).write_text(OTHER, encoding="utf-8")
        (folder / name).write_text(GOOD, encoding="utf-8")
        assert read(folder / name).quality.amount("used") == 150
        frame = pd.DataFrame({"customer_id": ["A"], "date": ["2024-02-29"], "amount": [3]})
        frame.to_parquet(folder / name)
        assert read(folder / name).quality.amount("used") == 3


def test_a_folder_with_brackets(tmp_path: Path) -> None:
    for name in ("dup [1]", "dup 1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.csv").write_text(GOOD if "[" in name else OTHER, encoding="utf-8")
    assert read(tmp_path / "dup [1]").quality.amount("used") == 150


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes among files")
def test_a_pipe_is_refused_at_once_and_left_out_of_a_folder(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    assert "pipe or a device" in sentence_of(tmp_path / "pipe.csv")
    (tmp_path / "a.csv").write_text(GOOD, encoding="utf-8")
    assert read(tmp_path).quality.amount("used") == 150
    os.mkfifo(tmp_path / "a.csv.mapping.json")
    assert "a.csv.mapping.json" in sentence_of(tmp_path / "a.csv")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there are no devices among files")
def test_devices_and_what_the_system_makes_up_are_refused_at_once() -> None:
    assert "pipe or a device" in sentence_of("/dev/zero")
    if Path("/proc/kmsg").exists():
        assert "empty" in sentence_of("/proc/kmsg")


def test_links(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(GOOD, encoding="utf-8")
    (tmp_path / "good.csv").symlink_to("a.csv")
    (tmp_path / "bad.csv").symlink_to("gone.csv")
    assert read(tmp_path / "good.csv").quality.amount("used") == 150
    assert "gone.csv, which does not exist" in sentence_of(tmp_path / "bad.csv")


def test_a_name_that_is_no_text_and_no_name_at_all(tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/sal\xff.csv")
    try:
        Path(name).write_text(GOOD, encoding="utf-8")
    except OSError:
        pytest.skip("this system has no such names")
    assert "Rename" in sentence_of(name)
    assert "Rename" in sentence_of(tmp_path)
    assert "empty" in sentence_of("")


def test_compression_is_known_by_content(tmp_path: Path) -> None:
    plain = tmp_path / "x.csv.gz"
    plain.write_text(GOOD, encoding="utf-8")
    assert read(plain).quality.amount("used") == 150
    (tmp_path / "y.csv").write_bytes(gzip.compress(GOOD.encode()))
    assert "Unpack" in sentence_of(tmp_path / "y.csv")


@pytest.mark.parametrize("name", ["<id>", "<table>", "<customer>"])
def test_a_name_in_angle_brackets_is_no_web_page(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{name},customer_id,date,amount\n1,<table>,2024-02-29,5\n", encoding="utf-8")
    assert read(path).quality.amount("used") == 5


@pytest.mark.parametrize("start", ["", "<!-- made by x -->", "<meta charset='utf-8'>\n", "<div><p>Sales</p>"])
def test_a_web_page_is_one(tmp_path: Path, start: str) -> None:
    cells = "".join(f"<tr><td>{row.replace(',', '</td><td>')}</td></tr>" for row in GOOD.split())
    path = tmp_path / "a.xls"
    path.write_text(f"{start}<table border=1>{cells}</table>", encoding="utf-8")
    assert read(path).quality.amount("used") == 150


@pytest.mark.parametrize("data", [bytes(range(256)) * 20, b"\x7fELF" + bytes(500)])
def test_binary_files_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    assert "neither text nor a workbook" in sentence_of(tmp_path / "a.csv")


def test_ten_thousand_columns(tmp_path: Path) -> None:
    names = ",".join(f"a column with a long name, number {number}".replace(",", "") for number in range(10_000))
    path = tmp_path / "a.csv"
    path.write_text(f"customer_id,date,amount,{names}\nA,2024-02-29,5{',' * 10_000}\n", encoding="utf-8")
    assert read(path).quality.amount("used") == 5


def test_no_folder_for_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text(GOOD, encoding="utf-8")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    assert "TMPDIR" in sentence_of(tmp_path / "a.csv")


def test_files_in_subfolders_are_counted_and_said(tmp_path: Path) -> None:
    for name in ("a.csv", "sub/b.csv", "sub/deeper/c.CSV", "sub/notes.md", ".git/d.csv", "__MACOSX/e.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(GOOD if name == "a.csv" else OTHER, encoding="utf-8")
    log = read(tmp_path)
    assert log.quality.amount("used") == 150
    (note,) = [note for note in log.quality.warnings if note.key == "subfolders_unread"]
    assert note.values == {"count": "2", "folders": f"sub, {Path('sub', 'deeper')}"}
    assert note in preview(tmp_path).notes
    assert not [note for note in read(tmp_path / "sub" / "deeper").quality.notes if note.key == "subfolders_unread"]
    assert not [note for note in read(tmp_path / "a.csv").quality.notes if note.key == "subfolders_unread"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("net amount", "gross amount"), ("不含税金额", "价税合计"), ("含税金额", "无税金额"),
        ("Nettobetrag", "Bruttobetrag"),
        ("amount excl. VAT", "amount incl. VAT"), ("montant HT", "montant TTC"), ("税抜金額", "税込金額"),
    ],
)  # fmt: skip
def test_net_and_gross_amounts_are_not_added_up(tmp_path: Path, one: str, other: str) -> None:
    for name, column in (("a.csv", one), ("b.csv", other)):
        (tmp_path / name).write_text(GOOD.replace("amount", column), encoding="utf-8")
    assert all(word in sentence_of(tmp_path) for word in ("a.csv", "b.csv", f"'{one}'", f"'{other}'", "--amount"))
    log = read(tmp_path, columns={"amount": one})
    assert (log.quality.amount("used"), [part.file for part in log.quality.unused]) == (150, ["b.csv"])


def test_amounts_of_other_names_are_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(GOOD, encoding="utf-8")
    (tmp_path / "b.csv").write_text(OTHER.replace("amount", "total sales"), encoding="utf-8")
    notes = {note.key: note for note in read(tmp_path).quality.notes}
    assert notes["amounts_named"].values["columns"] == "'amount' (a.csv), 'total sales' (b.csv)"


@pytest.mark.parametrize("name", ["PK", "PKG", "PAR1", "PAR1_code"])
def test_a_column_may_begin_as_the_files_of_other_kinds_do(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{name},customer_id,date,amount\n1,A,2024-02-01,10.5\n2,B,2024-03-01,20\n", encoding="utf-8")
    assert [row[2] for row in read(path).transactions.fetchall()] == [10.5, 20]
