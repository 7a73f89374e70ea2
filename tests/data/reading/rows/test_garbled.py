"""Letters that look wrong: the encoding is named where the file can be read in it; right letters are left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cvmlab import CvmError
from cvmlab.data.reading import read

KEYS = ("garbled_here", "garbled_text", "letters_lost")


def notes_of(path: Path, name: str, **options: Any) -> list[Any]:
    text = f"customer,date,amount,product\n{name},2024-01-01,5,Saft\nb,2024-01-02,6,{name}\n"
    path.write_text(text, encoding="utf-8")
    return [note for note in read(path, today="2026-01-01", **options).quality.warnings if note.key in KEYS]


@pytest.mark.parametrize(
    ("name", "stated"), [("Müller", "cp1252"), ("Müller", "latin-1"), ("Żółć", "cp1250"), ("Café", "gbk")]
)
def test_a_text_that_is_utf_8_and_was_said_to_be_something_else(tmp_path: Path, name: str, stated: str) -> None:
    found = notes_of(tmp_path / "a.csv", name, encoding=stated)
    assert [(note.key, note.values["text"], note.values["other"]) for note in found] == [
        ("garbled_here", name, "utf-8"),
        ("garbled_here", name, "utf-8"),
    ]


@pytest.mark.parametrize(
    ("name", "key"),
    [("MÃ¼ller", "garbled_text"), ("ä¸\xadå›½", "garbled_text"), ("锟斤拷锟", "letters_lost"),
     ("Mï¿½ller", "letters_lost"), ("M\ufffdller", "letters_lost")],
)  # fmt: skip
def test_letters_that_were_spoilt_before_are_named_in_ids_and_products(tmp_path: Path, name: str, key: str) -> None:
    found = notes_of(tmp_path / "a.csv", name)
    assert [(note.key, note.values["column"]) for note in found] == [(key, "customer"), (key, "product")]


@pytest.mark.parametrize("name", ["Müller", "São Paulo", "张三", "Łódź", "Иван", "Ångström & Æther", "Añejo ¿qué?"])
def test_right_letters_are_not_named(tmp_path: Path, name: str) -> None:
    assert not notes_of(tmp_path / "a.csv", name)


@pytest.mark.parametrize(("name", "stated"), [("Müller", "cp1252"), ("张三李四王五", "gb18030"), ("Żółć", "cp1250")])
def test_a_text_in_the_encoding_that_was_said_is_not_named(tmp_path: Path, name: str, stated: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"customer,date,amount\n{name},2024-01-01,5\nb,2024-01-02,6\n".encode(stated))
    assert not [note for note in read(path, encoding=stated, today="2026-01-01").quality.notes if note.key in KEYS]


def test_a_header_that_is_utf_8_and_was_said_to_be_something_else(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("客户,date,amount\na,2024-01-01,5\n".encode())
    with pytest.raises(CvmError, match="--encoding utf-8"):
        read(path, encoding="cp1252", today="2026-01-01")
