"""Legends in a header, such as ``churn (0=yes, 1=no)`` and ``用户状态(1在网,0离网)``: what its codes mean."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping

from .meanings import key_of, meaning

_BRACKET = re.compile(r"[(\[【<{]([^()\[\]【】<>{}]*)[)\]】>}]")
_PIECES = re.compile(r"[,，;；、/|]|\b(?:and|und|y|et)\b")
_SIGN = re.compile(r"\s*(?:={1,2}|:|->|→|[-–—]|为|表示|代表|\bmeans?\b|\bis\b)\s*")
_CODE_AND_WORD = re.compile(r"(-?\d+)\s*([^\W\d].*)")
_FLAGS = frozenset({"yes", "no"})


def legend_of(header: str, words: Collection[str]) -> dict[str, str]:
    """Return the codes that a header explains, each with the word that stands for it; nothing if there is no legend.

    ``words`` are those in the column: a legend speaks of at least one of them.
    """
    known = {key_of(word) for word in words}
    for inside in _BRACKET.findall(unicodedata.normalize("NFKC", header)):
        found: dict[str, str] = {}
        for piece in _PIECES.split(inside):
            pair = _pair(piece.strip(), known)
            if pair is not None:
                found[pair[0]] = pair[1]
        # churn (1-month window) explains nothing
        is_said = len(found) > 1 or "=" in inside or ":" in inside or any(map(meaning, found.values()))
        if is_said and found.keys() & known:
            return found
    return {}


def _pair(piece: str, known: Collection[str]) -> tuple[str, str] | None:
    sides = _SIGN.split(piece, maxsplit=1)
    if len(sides) != 2 or not all(sides):
        glued = _CODE_AND_WORD.fullmatch(piece)
        if glued is None:
            return None
        sides = [glued[1], glued[2].strip()]
    one, two = sides
    # the word may stand before its code: no=0
    if not one.lstrip("-").isdigit() and two.lstrip("-").isdigit():
        one, two = two, one
    # churn (0-1) says what there is, not what it means
    if two.lstrip("-").isdigit():
        return None
    return (key_of(one), two) if key_of(one) in known or one.lstrip("-").isdigit() else None


def left_by_legend(
    legend: Mapping[str, str], words: Collection[str], *, inverted: bool, neutral: bool
) -> dict[str, bool] | None:
    """Return for each word of a column whether it means that a customer left; None if the legend leaves one open."""
    said: dict[str, bool] = {}
    for code, word in legend.items():
        means = meaning(word)
        if means in ("", "blank") or (means in _FLAGS and neutral):
            return None
        said[code] = (means in ("yes", "left")) != (inverted and means in _FLAGS)
    others = [word for word in words if key_of(word) not in said]
    if others and (len(words) != 2 or len(said.keys() & {key_of(word) for word in words}) != 1):
        return None
    if others:
        # of two words the legend explains one
        (explained,) = said.keys() & {key_of(word) for word in words}
        said[key_of(others[0])] = not said[explained]
    return {word: said[key_of(word)] for word in words}
