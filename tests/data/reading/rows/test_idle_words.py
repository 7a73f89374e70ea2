"""Words of columns without a role: states and sides that no rule knows are named with their money, others are not."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from cvmlab.data.reading import Log, read

DAYS = pd.date_range("2023-01-02", periods=60, freq="3D").strftime("%Y-%m-%d")
KEYS = ("states_unused", "sides_unused", "rare_words")


def log_of(head: str, cells: list[str], **options: Any) -> Log:
    frame = pd.DataFrame(
        {
            "customer": [f"c{number % 7}" for number in range(60)],
            "date": DAYS,
            "amount": [100 + number for number in range(60)],
            "product": [f"p{number % 5}" for number in range(60)],
            head: cells,
        }
    )
    return read(frame, today="2026-01-01", **options)


def seen(log: Log) -> list[tuple[str, str]]:
    return [(note.key, note.level) for note in log.quality.notes if note.key in KEYS]


def mostly(usual: str, other: str, every: int = 10) -> list[str]:
    return [other if number % every == 3 else usual for number in range(60)]


@pytest.mark.parametrize(
    ("head", "usual", "other"),
    [("Stand", "fert.", "zur."), ("Kz Vorgang", "abgelegt", "entfallen"), ("Stato lavoro", "chiuso", "saltato"),
     ("Olek", "tehtud", "katkes"), ("进展", "办结", "黄了"), ("F7", "gavott", "rumba")],
)  # fmt: skip
def test_a_column_that_may_be_a_state_is_shown_where_the_data_are_looked_at(head: str, usual: str, other: str) -> None:
    log = log_of(head, mostly(usual, other))
    (note,) = [note for note in log.quality.notes if note.key == "states_unused"]
    assert (note.level, note.values["column"], note.values["option"]) == ("hint", head, "--status")
    assert note.values["words"] == f"{usual} (54: 7,002.00), {other} (6: 768.00)"
    assert note not in log.quality.warnings


def test_of_three_states_one_in_most_rows_is_enough() -> None:
    cells = [{1: "neu", 4: "abc"}.get(number % 10, "fert.") for number in range(60)]
    assert seen(log_of("Stand", cells)) == [("states_unused", "hint")]


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("Zahlungsart", ("Karte", "Nachn.")), ("Kz", ("bar", "Karte")), ("Kanal", ("A-Weg", "B-Weg")),
        ("Ville", ("Lyon", "Nice")), ("支付方式", ("现结", "挂单")), ("K", ("线上", "门店")),
        ("Size", ("small", "huge")),
        ("Verpackung", ("Stufe 1", "Stufe 2")), ("Colour", ("umber", "ochre")), ("Sexe", ("H", "F")),
        ("account type", ("trade", "home")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("every", [4, 10])
def test_ways_of_paying_places_and_sizes_are_no_states(head: str, words: tuple[str, str], every: int) -> None:
    assert "states_unused" not in [key for key, _ in seen(log_of(head, mostly(*words, every=every)))]


@pytest.mark.parametrize("each", [7, 5])
def test_what_stays_the_same_for_a_customer_or_a_product_is_no_state(each: int) -> None:
    cells = ["abc" if number % each == 3 else "def" for number in range(60)]
    assert seen(log_of("Kz 7", cells)) == []
    assert seen(log_of("Kz 7", mostly("def", "abc", every=11))) == [("states_unused", "hint")]


def test_one_word_or_many_are_no_states() -> None:
    assert seen(log_of("Stand", ["fert."] * 60)) == []
    assert seen(log_of("Stand", [f"{'abcdefgh'[number % 8]}x" for number in range(60)])) == []
    assert seen(log_of("Stand", [("abc", "def", "ghi")[number % 3] for number in range(60)])) == []


@pytest.mark.parametrize(
    ("head", "more", "less"),
    [("Kenn", "Bij", "Af"), ("Richtung", "+", "-"), ("Kz 2", "Debe", "Haber"), ("Kz", "Dr", "Cr"),
     ("Flow", "in", "out"), ("走向", "入", "出"), ("Beweging", "inkomend", "uitgaand"),
     ("Движение", "приход", "расход")],
)  # fmt: skip
def test_a_column_of_two_sides_is_named_with_its_money_and_its_option_subtracts(
    head: str, more: str, less: str
) -> None:
    cells = mostly(more, less)
    (note,) = [note for note in log_of(head, cells).quality.warnings if note.key == "sides_unused"]
    assert note.values["words"] == f"{more} (54: 7,002.00), {less} (6: 768.00)"
    assert (note.values["value"], note.values["option"]) == (less, "--row-type")
    log = log_of(head, cells, columns={"row_type": head})
    assert float(log.quality.amount("used", "refund")) == 7_002 - 768
    assert [note.key for note in log.quality.notes if note.key in ("sides_netted", "returns_negated")]
    assert seen(log) == []


@pytest.mark.parametrize(
    ("head", "more", "less"),
    [("Payment Type", "Debit", "Credit"), ("Paid by", "Credit", "Debit"), ("Kz", "debit", "credit"), ("Kz", "s", "h"),
     ("Answer", "yes", "no")],
)  # fmt: skip
def test_cards_and_single_letters_are_no_sides(head: str, more: str, less: str) -> None:
    log = log_of(head, mostly(more, less))
    assert "sides_unused" not in [key for key, _ in seen(log)]
    assert float(log.quality.amount("used", "refund")) == 7_770


def test_sides_whose_money_has_its_sign_are_not_named() -> None:
    cells = mostly("Haben", "Soll")
    frame = pd.DataFrame({"customer": [f"c{n % 7}" for n in range(60)], "date": DAYS, "Vz.": cells})
    frame["amount"] = [-50 if cell == "Soll" else 100 + number for number, cell in enumerate(cells)]
    log = read(frame, today="2026-01-01")
    assert (seen(log), float(log.quality.amount("refund"))) == ([], -300)


def test_sides_found_by_their_name_are_subtracted_only_where_the_user_says_so() -> None:
    rows = [("a", "2024-01-01", 20, "Dr"), ("b", "2024-01-02", 30, "Dr"), ("a", "2024-02-03", 5, "Cr")]
    frame = pd.DataFrame(rows, columns=["customer", "date", "amount", "Dr/Cr"])
    log = read(frame, columns={"row_type": "Dr/Cr"}, today="2026-01-01")
    assert (float(log.quality.amount("used", "refund")), log.quality.rows("refund")) == (45, 1)
    cards = frame.assign(**{"Dr/Cr": ["Debit", "Debit", "Credit"]}).rename(columns={"Dr/Cr": "Payment Type"})
    log = read(cards, columns={"row_type": "Payment Type"}, today="2026-01-01")
    assert float(log.quality.amount("used", "refund")) == 55


def test_a_few_rows_that_say_something_else_are_named_with_their_money() -> None:
    (note,) = [note for note in log_of("Ticked", mostly("", "Nota")).quality.notes if note.key == "rare_words"]
    assert note.values["words"] == "Nota (6: 768.00)"


@pytest.mark.parametrize(("head", "yes", "no"), [("WO", "x", ""), ("反结账", "是", "否"), ("Kz 3", "ja", "nein")])
def test_a_few_rows_that_say_yes_are_named_with_the_option_that_leaves_them_out(head: str, yes: str, no: str) -> None:
    cells = mostly(no, yes)
    (note,) = [note for note in log_of(head, cells).quality.notes if note.key == "flags_unused"]
    assert (note.values["words"], note.values["option"]) == (f"{yes} (6: 768.00)", "--cancel-flag")
    log = log_of(head, cells, columns={"cancel_flag": head})
    assert (float(log.quality.amount("used")), log.quality.rows("cancelled")) == (7_002, 6)
    assert "flags_unused" not in {note.key for note in log_of(head, mostly(yes, no)).quality.notes}


def test_words_of_a_foot_are_not_named() -> None:
    rows = [("a", day, 10.5 + number, "K-1") for number, day in enumerate(DAYS[:20])]
    rows += [("Total", "", sum(row[2] for row in rows), "page 1 of 1")]
    log = read(pd.DataFrame(rows, columns=["customer", "date", "amount", "Ref 2"]), today="2026-01-01")
    assert (seen(log), log.quality.rows("total_row")) == ([], 1)


def test_a_state_in_a_language_that_is_known_is_left_to_the_other_notes() -> None:
    log = log_of("Stand", mostly("erledigt", "storniert"))
    assert (seen(log), [note.key for note in log.quality.warnings]) == ([], ["said_elsewhere"])
