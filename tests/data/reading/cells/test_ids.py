"""Spellings of one id: what nobody can see is folded, what anybody can see is shown, and merged when asked."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab.data.reading import Log, read
from cvmlab.data.reading.cells.ids import fold


def log_of(ids: Sequence[str], **options: object) -> Log:
    frame = pd.DataFrame({"customer": ids, "date": "2024-01-31", "amount": "5"})
    return read(frame, **options)  # type: ignore[arg-type]


def ids_of(log: Log) -> list[str]:
    return [id_ for (id_,) in log.connection.execute("SELECT customer_id FROM log ORDER BY spot").fetchall()]


def note_of(log: Log, key: str) -> str:
    (note,) = [note for note in log.quality.notes if note.key == key]
    return str(note)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("A\u200b", "A"), ("Ａ００１", "A001"), ("A\ufeffB", "AB"), ("A\u00adB", "AB"), ("A\u00a0 B", "A B"),
        ("A  B", "A B"), ("张\u3000三", "张 三"), ("Jose\u0301", "José"), ("A\u2060", "A"), ("A\ufe0f", "A"),
        ("ａ＠ｘ", "a@x"), ("A\u202eB", "AB"), ("ｶﾞ", "ガ"),
    ],
)  # fmt: skip
def test_what_nobody_can_see_is_folded_and_counted(written: str, plain: str) -> None:
    log = log_of([written, plain, "z"])
    assert ids_of(log) == [plain, plain, "z"]
    assert log.quality.customers == 2
    assert "unusual spaces: 1 " in note_of(log, "ids_folded")


def test_what_can_be_seen_stays() -> None:
    for id_ in ("①", "A²", "㈱x", "İ", "straße", "a-b", "Ω1", "客户 甲"):
        log = log_of([id_])
        assert ids_of(log) == [id_]
        assert "ids_folded" not in {note.key for note in log.quality.notes}


def test_an_id_of_nothing_that_can_be_seen_is_none() -> None:
    assert log_of(["\u200b\u200b", "a"]).quality.rows("no_id") == 1


def test_order_ids_are_folded_too() -> None:
    frame = pd.DataFrame({"customer": "a", "date": "2024-01-31", "amount": "5", "order_id": ["１", "1\u200b", "1"]})
    assert {order for (order,) in read(frame.assign(line=[1, 2, 3])).transactions.project("order_id").fetchall()} == {
        "1"
    }


def test_ids_that_differ_in_capitals_or_zeros_are_shown_and_merged_when_asked() -> None:
    ids = ["Bob@x.com", "bob@x.com", "bob@x.com", "007", "7", "7", "ann", "A007", "A7"]
    log = log_of(ids)
    assert log.quality.customers == 7
    assert all(
        word in note_of(log, "ids_alike") for word in ("bob@x.com = Bob@x.com", "7 = 007", "groups: 2", "--merge-ids")
    )
    merged = log_of(ids, merge_ids=True)
    assert ids_of(merged) == ["bob@x.com"] * 3 + ["7"] * 3 + ["ann", "A007", "A7"]
    assert "groups: 2" in note_of(merged, "ids_merged")
    assert merged.quality.amount("used") == log.quality.amount("used") == 45


def test_ids_that_a_spreadsheet_shows_with_separators_of_thousands_are_shown_and_merged_when_asked() -> None:
    ids = ["1,001", "1001", "1001", "1,234,567", "1,01", "101", "1,0012", "10012"]
    assert "1001 = 1,001" in note_of(log_of(ids), "ids_alike")
    assert ids_of(log_of(ids, merge_ids=True)) == ["1001"] * 3 + ids[3:]


def test_ids_that_a_spreadsheet_made_floats_are_the_same_ids() -> None:
    assert ids_of(log_of(["1001.0", "1001", "1001.50", "0000", "0"])) == ["1001", "1001", "1001.50", "0000", "0"]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=12))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)
