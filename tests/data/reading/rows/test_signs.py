"""A negative quantity beside a positive amount is said; neither is believed in silence."""

from __future__ import annotations

import pandas as pd
import pytest

from cvmlab.data.reading import Log, read


def log_of(quantities: tuple[str, ...], amounts: tuple[str, ...], header: str = "quantity") -> Log:
    frame = pd.DataFrame({"customer": list("abc"), "date": "2024-01-31", header: quantities, "amount": amounts})
    return read(frame)


def warned(log: Log) -> list[tuple[str, str]]:
    return [(n.values["rows"], n.values["amount"]) for n in log.quality.warnings if n.key == "quantity_negative"]


@pytest.mark.parametrize("header", ["quantity", "数量", "Qty Ordered"])
def test_a_quantity_with_a_minus_beside_a_positive_amount_is_said(header: str) -> None:
    assert warned(log_of(("1", "-1", "2"), ("100", "30", "50"), header)) == [("1", "30.00")]


def test_where_the_amount_has_a_minus_too_or_all_quantities_have_nothing_is_said() -> None:
    assert warned(log_of(("1", "-1", "2"), ("100", "-30", "50"))) == []
    assert warned(log_of(("-1", "-1", "-2"), ("100", "30", "50"))) == []
    assert warned(log_of(("1", "1", "2"), ("100", "30", "50"))) == []


@pytest.mark.parametrize(
    ("head", "key"),
    [
        ("Erlösminderung", "taken_back_unused"),
        ("Teilstorno Betrag", "taken_back_unused"),
        ("Chargeback", "taken_back_unused"),
        ("Credited", "taken_back_unused"),
        ("Adjustment", "taken_back_unused"),
        ("Retournierte Menge", "pieces_back_unused"),
        ("Quantité retournée", "pieces_back_unused"),
        ("Qty Returned", "pieces_back_unused"),
    ],
)
def test_what_was_taken_back_beside_an_amount_is_named(head: str, key: str) -> None:
    frame = pd.DataFrame({"customer": ["a", "b"], "date": "2024-02-01", "amount": [100, 30], head: ["0.00", "10.00"]})
    (note,) = [note for note in read(frame).quality.warnings if note.key.endswith("back_unused")]
    assert (note.key, note.values["rows"]) == (key, "1")
    nothing = read(frame.assign(**{head: "0"})).quality.warnings
    assert not [note for note in nothing if note.key.endswith("back_unused")]
