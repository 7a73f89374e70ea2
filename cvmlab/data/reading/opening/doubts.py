"""What people are shown where the encoding of a text is a guess: one of its words in each encoding that is possible."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .alphabets import LATIN, OTHERS, fit, foreign_words
from .scripts import EAST_ASIAN, common_share, readings

_POSSIBLE, _SHOWN, _LETTERS, _CELLS = 0.5, 5, 20, 50


def shown_readings(data: bytes, first: Sequence[str]) -> dict[str, str]:
    """Return how a word of a text reads in each possible encoding, first the given ones."""
    texts = readings(data)
    given = [encoding for encoding in first if encoding in texts]
    likely = {encoding: _plausibility(text, encoding) for encoding, text in texts.items() if encoding not in given}
    ranked = sorted(likely, key=lambda encoding: likely[encoding], reverse=True)
    cells = {
        encoding: texts[encoding].split("\n")[:_CELLS]
        for encoding in [*given, *(encoding for encoding in ranked if likely[encoding] >= _POSSIBLE)]
    }
    # the cell that differs most
    variants = max(zip(*cells.values(), strict=True), key=lambda variants: len(set(variants)), default=())
    shown: dict[str, str] = {}
    for encoding, cell in zip(cells, variants, strict=False):
        if len(shown) < _SHOWN and (word := _word(cell)) not in shown.values():
            shown[encoding] = word
    return shown


def _plausibility(text: str, encoding: str) -> float:
    words = foreign_words(text)
    letters = min(1.0, fit(words, encoding)) if encoding in LATIN or encoding in OTHERS else 0.0
    return max(letters, common_share(text, encoding)) if encoding in EAST_ASIAN else letters


def _word(cell: str) -> str:
    """Return the beginning of a cell from its first word on that is not plain."""
    foreign = re.search("[^\x00-\x7f]", cell)
    start = cell.rfind(" ", 0, foreign.start()) + 1 if foreign else 0
    return cell[start : start + _LETTERS].strip()
