"""The encoding of a text: told from its content where that decides it, asked for where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from cvmlab import CvmError
from cvmlab.core.words import speaking
from cvmlab.data.reading import Log, preview, read
from cvmlab.data.reading.opening.encodings import guess_encoding

TEXTS = {
    "gb18030": ("王小明,2024-02-01,100", "客户编号,下单日期,金额\n镕基公司,5", "客戶編號,訂單日期", "陶喆 李堃 张伟"),
    "cp950": ("客戶編號,訂單日期,銷售金額\n王小明,2024-02-01,100\n陳大文,1,2", "臺灣公司", "客戶,日期,金額\n鴻海,5"),
    "cp932": ("顧客番号,日付,金額\n山田太郎,2024-01-01,5", "テスト", "お客様,購入日,金額\n佐藤"),
    "cp949": ("고객번호,날짜,금액\n김철수,2024", "고객명,주문일,결제금액\n이영희,서울"),
    "cp1251": ("Клиент;Дата;Сумма\nИванов;2024-01-01;5", "ООО Ромашка"),
    "cp1252": ("Müller,Café,José Peña", "10 €;naïve"),
    "utf-16-le": ("客户,date,amount\n1,2,3",),
    "utf-16-be": ("customer,date,amount\n1,2,3",),
}  # fmt: skip


def log_of(folder: Path, data: bytes, **options: object) -> Log:
    path = folder / "a.csv"
    path.write_bytes(data)
    return read(path, **options)  # type: ignore[arg-type]


def sentence_of(folder: Path, data: bytes, **options: object) -> str:
    with pytest.raises(CvmError) as caught:
        log_of(folder, data, **options)
    sentence = str(caught.value)
    with speaking("zh"):
        assert str(caught.value) != sentence
    return sentence


@pytest.mark.parametrize(("encoding", "text"), [(encoding, text) for encoding in TEXTS for text in TEXTS[encoding]])
def test_common_characters_tell_the_encoding(encoding: str, text: str) -> None:
    assert guess_encoding(text.encode(encoding)) == encoding


def test_a_file_from_taiwan(tmp_path: Path) -> None:
    text = "客戶編號,訂單日期,銷售金額\n王小明,2024-02-01,100\n陳大文,2024-02-29,50\n"
    columns = {"customer_id": "客戶編號", "date": "訂單日期", "amount": "銷售金額"}
    log = log_of(tmp_path, text.encode("big5"), columns=columns)
    assert log.quality.amount("used") == 150
    assert {customer for (customer,) in log.transactions.project("customer_id").fetchall()} == {"王小明", "陳大文"}
    assert [note.values["encoding"] for note in log.quality.notes if note.key == "guessed_encoding"] == ["cp950"]


def test_characters_that_come_late_tell_it_too(tmp_path: Path) -> None:
    head = "customer,date,amount\n" + "x,2024-01-31,1\n" * 30_000
    log = log_of(tmp_path, head.encode() + "陳大文,2024-01-31,1\n臺灣公司,2024-01-31,1\n".encode("big5"))
    assert {customer for (customer,) in log.transactions.project("customer_id").fetchall()} == {
        "x",
        "陳大文",
        "臺灣公司",
    }


def test_what_nothing_decides_is_asked_for(tmp_path: Path) -> None:
    data = "customer,date,amount\n喆,2024-01-31,1\n堃,2024-01-31,1\n".encode("gb18030")
    sentence = sentence_of(tmp_path, data)
    assert all(part in sentence for part in ("a.csv", "gb18030: 喆", "--encoding"))
    assert preview(tmp_path / "a.csv", encoding="GBK").samples["customer"] == ("喆", "堃")
    log = log_of(tmp_path, data, encoding="gb2312")
    assert log.transactions.project("customer_id").fetchall() == [("喆",), ("堃",)]


def test_an_encoding_that_is_named(tmp_path: Path) -> None:
    data = "customer,date,amount\nŁódź,2024-01-31,1\n".encode("cp1250")
    log = log_of(tmp_path, data, encoding="cp1250")
    assert log.transactions.project("customer_id").fetchall() == [("Łódź",)]
    assert not [note for note in log.quality.notes if "encoding" in note.key]
    assert "'klingon'" in sentence_of(tmp_path, data, encoding="klingon")
    assert "'hex'" in sentence_of(tmp_path, data, encoding="hex")
    assert "it looks like cp1250" in sentence_of(tmp_path, data, encoding="utf-8")


@pytest.mark.parametrize("damage", [b"\x00", b"\x00\xd8a\x00"])
def test_damaged_utf_16_names_the_line(tmp_path: Path, damage: bytes) -> None:
    data = "customer,date,amount\n上海,2024-01-31,1\n".encode("utf-16") + damage
    assert all(part in sentence_of(tmp_path, data) for part in ("line 3", "utf-16"))


def test_two_encodings_in_one_file_are_refused(tmp_path: Path) -> None:
    rows = [b"customer,date,amount\n", *(f"c{n},2024-01-31,1\n".encode() for n in range(500))]
    rows[400] = "Müller,2024-01-31,1\n".encode("cp1252")
    rows[4] = "Müller,2024-01-31,1\n".encode()
    assert "--encoding" in sentence_of(tmp_path, b"".join(rows))
    rows[4] *= 30
    assert "line 430" in sentence_of(tmp_path, b"".join(rows))


def test_a_few_nul_characters_are_dropped_with_a_note(tmp_path: Path) -> None:
    log = log_of(tmp_path, b"customer,date,amount\nA,2024-01-31,10\nB\x00,2024-01-31,2\x000\n")
    assert log.quality.amount("used") == 30
    assert log.transactions.project("customer_id").fetchall() == [("A",), ("B",)]
    (note,) = [note for note in log.quality.notes if note.key == "nul_dropped"]
    assert str(note).endswith("2.")


def test_marks_where_files_were_joined_and_the_end_sign_of_dos(tmp_path: Path) -> None:
    part = "\ufeffcustomer,date,amount\nA,2024-01-31,10\n"
    log = log_of(tmp_path, (part + part + "\x1a").encode())
    assert (log.quality.rows("used"), log.quality.rows("header_row")) == (2, 1)
    assert log.quality.control_rows == 2


PLAIN = "customer_id,date,amount\nA,2024-01-31,100\nB,2024-02-03,50\n"
CHINESE_TEXT = "customer_id,date,amount\n客户一公司,2024-01-31,100\n客户二公司,2024-02-03,50\n"


@pytest.mark.parametrize("text", [PLAIN, CHINESE_TEXT])
@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-le", "utf-32-be"])
def test_utf_32_is_read_with_and_without_a_mark(tmp_path: Path, encoding: str, text: str) -> None:
    assert log_of(tmp_path, text.encode(encoding)).quality.amount("used") == 150


@pytest.mark.parametrize(
    ("real", "stated"),
    [
        *[("utf-8", stated) for stated in ("utf-16", "utf-16-be", "utf-32", "ascii", "latin-1", "gbk", "big5")],
        *[("gb18030", stated) for stated in ("utf-16", "utf-8", "utf-8-sig", "ascii", "utf-32-be")],
        *[("utf-16", stated) for stated in ("utf-8", "ascii", "latin-1", "gbk", "utf-16-be", "utf-32")],
    ],
)  # fmt: skip
def test_an_encoding_that_is_stated_wrong_is_refused_with_the_likely_one(
    tmp_path: Path, real: str, stated: str
) -> None:
    sentence = sentence_of(tmp_path, CHINESE_TEXT.encode(real), encoding=stated)
    assert "is not in " in sentence
    assert f"it looks like {real}" in sentence


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("stated", ["utf-16", ""])
def test_an_encoding_of_two_bytes_needs_no_mark_where_it_is_stated(tmp_path: Path, encoding: str, stated: str) -> None:
    log = log_of(tmp_path, CHINESE_TEXT.encode(encoding), encoding=stated or encoding)
    assert log.quality.amount("used") == 150


def of_names(names: str, encoding: str) -> bytes:
    return "".join(["customer,date,amount\n", *(f"{name},2024-01-31,1\n" for name in names.split())]).encode(encoding)


def names_of(log: Log) -> set[str]:
    return {name for (name,) in log.transactions.project("customer_id").fetchall()}


def notes_of(log: Log) -> list[str]:
    return [str(note) for note in log.quality.notes if "encoding" in note.key or "utf_7" in note.key]


@pytest.mark.parametrize(
    ("encoding", "names"),
    [("iso2022_jp", "日本0 本東1 山田"), ("hz", "中国 客户1 a~b"), ("iso2022_kr", "한국 서울")],
)
def test_characters_in_plain_bytes_are_read_with_a_note(tmp_path: Path, encoding: str, names: str) -> None:
    log = log_of(tmp_path, of_names(names, encoding))
    assert names_of(log) == set(names.split())
    assert any(encoding in note for note in notes_of(log))


def test_characters_in_plain_bytes_that_come_late(tmp_path: Path) -> None:
    head = of_names("x " * 20_000, "ascii")
    assert names_of(log_of(tmp_path, head + b"\x1b$BF|K\\\x1b(B,2024-01-31,1\n")) == {"x", "日本"}


def test_plain_text_that_only_resembles_them(tmp_path: Path) -> None:
    names = "+86138-1234 ~{x} a~b +86-138 A+B12-3 ~{abc~}"
    log = log_of(tmp_path, of_names(names, "ascii"))
    assert names_of(log) == set(names.split())
    assert not notes_of(log)


@pytest.mark.parametrize("names", ["日本0 本東1", "Müller abc", "中国"])
def test_utf_7_is_noted(tmp_path: Path, names: str) -> None:
    (note,) = notes_of(log_of(tmp_path, of_names(names, "utf-7")))
    assert "UTF-7" in note
    assert names[:1] in note or "ü" in note


def test_no_encoding_is_proposed_that_was_ruled_out(tmp_path: Path) -> None:
    sentence = sentence_of(tmp_path, CHINESE_TEXT.encode("gb18030") + b"\xff\xff,2024-01-31,1\n")
    assert "--encoding cp1252" in sentence
    assert 'encoding="gb18030"' not in sentence


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp1250", "Wałęsa Żółć Dvořák"),
        ("cp1250", "Dvořák Černý Růžička Sedláček Doležal Novák"),
        ("cp1254", "Ayşe Şahin Çelik Güneş Işık Kılıç Yücesoyğlu"),
        ("cp1253", "Παπαδόπουλος Γεωργίου Νικολάου Δημητρίου"),
        ("cp1255", "שלום אברהם משה דוד כהן לוי"),
        ("cp1256", "محمد احمد علي فاطمة خالد"),
        ("cp1257", "Šarūnas Žukauskas Ąžuolas Bērziņš Kalniņš"),
        ("cp874", "สวัสดี ไทย กรุงเทพ"),
        ("cp1251", "Иванов Петров МегаФон"),
        ("cp1251", "ИВАНОВ ПЕТРОВ СИДОРОВА"),
        ("cp1251", "Шевченко Київ Львів Ковальчук"),
        ("koi8-r", "Иванов Петров Сидорова"),
        ("iso8859-5", "Иванов Петров Сидорова"),
        ("cp866", "Иванов Петров"),
        ("cp850", "Müller Jäger"),
        ("mac_roman", "Schröder Jäger Hélène Größe"),
        ("cp1252", "Größe Weiß Müller"),
        ("cp1252", "Jørgensen Åse Sofía Guðrún"),
        ("euc_jp", "カタカナ トヨタ ソニー"),
        ("euc_jp", "山田商店 佐藤 鈴木 高橋"),
        ("cp932", "山田商店 ソニー"),
        ("cp949", "김철수 이영희 박지성"),
        ("cp950", "王小明 陳大文"),
    ],
)
def test_a_guess_is_noted_with_a_word_as_it_reads(tmp_path: Path, encoding: str, names: str) -> None:
    log = log_of(tmp_path, of_names(names, encoding))
    assert names_of(log) == set(names.split())
    (note,) = notes_of(log)
    assert any(f": {name}" in note for name in names.split())
    assert "--encoding" in note
    assert not notes_of(log_of(tmp_path, of_names(names, encoding), encoding=encoding))


@pytest.mark.parametrize("names", ["张三 李四 王小明", "北京公司 上海公司", "陶喆 李堃 刘烨 张玥 王珺"])
def test_common_chinese_names_need_no_note(tmp_path: Path, names: str) -> None:
    log = log_of(tmp_path, of_names(names, "gb18030"))
    assert names_of(log) == set(names.split())
    assert not notes_of(log)


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp1250", "Dvořák"),
        ("cp1254", "Doğan Yılmaz"),
        ("euc_jp", "憂鬱 薔薇"),
        ("cp1253", "αβ"),
        ("johab", "한국전자"),
    ],
)
def test_a_few_letters_are_read_with_a_note_or_asked_for(tmp_path: Path, encoding: str, names: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(of_names(names, encoding))
    try:
        (note,) = notes_of(read(path))
    except CvmError as error:
        note = str(error)
    assert "--encoding" in note


def test_the_note_shows_the_reading_that_is_right(tmp_path: Path) -> None:
    (note,) = notes_of(log_of(tmp_path, of_names("Dvořák Müller", "cp1250")))
    assert "cp1252: Dvoøák; cp1250: Dvořák" in note
    assert "euc_jp: 憂鬱" in sentence_of(tmp_path, of_names("憂鬱 薔薇 檸檬 躊躇", "euc_jp"))


def test_a_little_damage_does_not_make_it_another_encoding(tmp_path: Path) -> None:
    sentence = sentence_of(tmp_path, of_names("张三 李四", "gb18030") + b"\xff\xff,2024-01-31,1\n")
    assert all(part in sentence for part in ("line 4", "not wholly in gb18030", "--encoding cp1252"))


def test_a_last_letter_is_no_half_of_a_character(tmp_path: Path) -> None:
    data = "date,amount,customer\n2024-01-31,1,Café".encode("cp1252")
    assert names_of(log_of(tmp_path, data)) == {"Café"}


@pytest.mark.parametrize(
    ("encoding", "cells"),
    [
        *[
            ("gb18030", cells)
            for cells in ("x元 y元", "100元 200元", "￥100 ￥200", "A区 B区", "2024年1月5日", "是 否")
        ],
        *[("gb18030", cells) for cells in ("１００ ２００", "VIP客户 Müller", "iPhone手机壳 USB充电线")],
        *[("cp950", cells) for cells in ("T恤 手機殼", "蘋果 香蕉 橙子")],
        *[
            ("cp1252", cells)
            for cells in ("5°C m²", "n°1", "10€ £5 ½", "O’Neil’s L’Été", "RÉTRO MÜLLER GROßE", "São João")
        ],
    ],
)
def test_a_few_signs_are_read_as_before(encoding: str, cells: str) -> None:
    assert guess_encoding(("customer\n" + "\n".join(cells.split())).encode(encoding)) == encoding
