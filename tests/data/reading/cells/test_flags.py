"""Columns that say yes or no to a return, and columns of that name that count pieces or money."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from cvmlab.core.words import CvmError
from cvmlab.data.reading import Log, read


def log_of(head: str, *flags: Any) -> Log:
    rows = [(f"c{number}", f"2024-01-{number + 1:02}", 100 + number, flag) for number, flag in enumerate(flags)]
    return read(pd.DataFrame(rows, columns=["customer", "date", "amount", head]), today="2024-03-01")


def keys(log: Log) -> list[str]:
    return [note.key for note in log.quality.warnings if note.key.startswith(("returns_", "flag_"))]


@pytest.mark.parametrize("head", ["return", "Return?", "Returned", "退货", "是否退货", "是否为退货", "已退货"])
@pytest.mark.parametrize(
    ("yes", "no"),
    [("Y", "N"), ("yes", ""), ("是", "否"), ("true", "false"), (True, False), ("1", "0"), (1, 0), (1.0, None)],
)
def test_a_yes_makes_the_row_a_return(head: str, yes: Any, no: Any) -> None:
    log = log_of(head, no, yes, no, no)
    assert (float(log.quality.amount("used")), log.quality.rows("cancelled")) == (100 + 102 + 103, 1)
    assert keys(log) == ["returns_out"]


@pytest.mark.parametrize("head", ["return", "退货", "returned", "是否退货"])
@pytest.mark.parametrize("counts", [(0, 1, 2, 3), ("0", "1", "2", "3"), (0.0, 1.0, 35.5, None)])
def test_a_column_of_counts_or_sums_is_no_flag(head: str, counts: tuple[Any, ...]) -> None:
    log = log_of(head, *counts)
    assert (float(log.quality.amount("used")), keys(log)) == (406, ["flag_of_numbers"])


def test_a_flag_beside_its_sale_is_a_refund() -> None:
    rows = [("a", "2024-01-01", 100, "N"), ("a", "2024-02-01", 100, "Y"), ("b", "2024-02-01", 70, "N")]
    log = read(pd.DataFrame(rows, columns=["customer", "date", "amount", "退货"]), today="2024-03-01")
    assert float(log.quality.amount("used", "refund")) == 70


@pytest.mark.parametrize(
    ("head", "yes", "no"),
    [
        ("Cancelled", "Yes", "No"), ("is_void", "true", "false"), ("Test order", "1", "0"), ("Valid", "No", "Yes"),
        ("是否作废", "是", "否"), ("已取消", "是", ""), ("删除标志", "1", "0"), ("是否有效", "否", "是"),
        ("作废", "已作废", "正常"),
    ],
)  # fmt: skip
def test_what_is_marked_as_cancelled_is_left_out(head: str, yes: str, no: str) -> None:
    log = log_of(head, no, yes, no, no)
    assert (float(log.quality.amount("used")), log.quality.rows("cancelled")) == (100 + 102 + 103, 1)
    (note,) = [note for note in log.quality.warnings if note.key == "flagged_out"]
    assert (note.values["rows"], note.values["amount"]) == ("1", "101.00")


def test_pieces_that_were_cancelled_are_no_mark() -> None:
    assert log_of("Cancelled", 0, 1, 2, 0).quality.rows("used") == 4


@pytest.mark.parametrize("head", ["Cancelled at", "取消时间"])
def test_days_of_cancellation_are_shown_and_count_where_they_are_named(head: str) -> None:
    log = log_of(head, None, "2024-02-05 10:00:00", "0000-00-00 00:00:00", None)
    (note,) = [note for note in log.quality.warnings if note.key == "cancel_dates_kept"]
    assert (log.quality.rows("used"), note.values["rows"]) == (4, "1")
    rows = [("a", "2024-01-01", 100, None), ("b", "2024-01-02", 50, "2024-02-05"), ("b", "2024-01-03", 7, None)]
    frame = pd.DataFrame(rows, columns=["customer", "date", "amount", head])
    assert float(read(frame, columns={"cancel_flag": head}, today="2024-03-01").quality.amount("used")) == 107


def test_cancellations_booked_with_a_minus_net_out_by_themselves() -> None:
    rows = [("a", "2024-01-01", 100, "Y", "1"), ("a", "2024-01-05", -100, "Y", "1"), ("b", "2024-01-02", 50, "N", "2")]
    frame = pd.DataFrame(rows, columns=["customer", "date", "amount", "Cancelled", "order id"])
    assert float(read(frame, today="2024-03-01").quality.amount("used", "refund")) == 50


@pytest.mark.parametrize("word", ["İptal", "İPTAL EDİLDİ", "iptal", "Đã hủy", "storniert"])
def test_a_named_column_of_states_leaves_out_what_was_cancelled(word: str) -> None:
    frame = pd.DataFrame({"customer": ["a", "b", "c"], "date": "2024-01-31", "amount": [1, 2, 4]})
    frame["Zz"] = ["Ödendi", word, "Ödendi"]
    assert read(frame, columns={"cancel_flag": "Zz"}).quality.amount("used") == 5


def test_a_named_column_of_which_nothing_is_understood_is_refused() -> None:
    frame = pd.DataFrame(
        {"customer": ["a", "b", "c"], "date": "2024-01-31", "amount": [1, 2, 4], "Zz": ["p", "q", "p"]}
    )
    with pytest.raises(CvmError, match=r"'Zz'.*p \(2\), q \(1\)"):
        read(frame, columns={"cancel_flag": "Zz"})
    assert read(frame.assign(Zz=["no", "", "no"]), columns={"cancel_flag": "Zz"}).quality.amount("used") == 7


@pytest.mark.parametrize(
    ("head", "yes", "no"),
    [
        ("Cancelado", "S", "N"), ("Anulada", "S", ""), ("Annullato", "s", "n"), ("Cancelled", "S", "N"),
        ("Annulée", "VRAI", "FAUX"), ("Annullata", "VERO", "FALSO"), ("Anulado", "VERDADERO", "FALSO"),
        ("Storniert", "WAHR", "FALSCH"), ("Annulée", "O", "N"), ("İptal", "E", "H"), ("Отменён", "ИСТИНА", "ЛОЖЬ"),
    ],
)  # fmt: skip
def test_a_yes_of_another_language_leaves_a_row_out(head: str, yes: str, no: str) -> None:
    log = log_of(head, no, yes, no, no)
    assert (float(log.quality.amount("used")), log.quality.rows("cancelled")) == (100 + 102 + 103, 1)


@pytest.mark.parametrize(("yes", "no"), [("S", "N"), ("VRAI", "FAUX")])
def test_a_return_says_yes_in_other_languages(yes: str, no: str) -> None:
    assert float(log_of("Devolución", no, yes, no, no).quality.amount("used")) == 100 + 102 + 103


@pytest.mark.parametrize("flags", [("N", "Q", "N", "N"), ("", "perhaps", "", ""), ("Yes", "customs", "No", "No")])
def test_a_word_of_a_flag_that_nobody_knows_is_named(flags: tuple[str, ...]) -> None:
    log = log_of("Cancelled", *flags)
    (note,) = [note for note in log.quality.warnings if note.key == "unknown_words"]
    assert note.values["words"] == f"{flags[1]} (1: 101.00)"


@pytest.mark.parametrize("flags", [("N", "N", "no", ""), ("-", "", "", ""), ("active", "Yes", "paid", "N"), ("S",) * 4])
def test_words_of_a_flag_that_are_known_are_not_named(flags: tuple[str, ...]) -> None:
    log = log_of("Cancelled", *flags)
    assert not [note for note in log.quality.warnings if note.key == "unknown_words"]
