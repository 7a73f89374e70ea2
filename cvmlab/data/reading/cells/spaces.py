"""Spaces in numbers: ``1 250`` is one number where the column groups its thousands so, else it may be two.

``1 234,50``, ``1 234 567`` and any space but the plain one are sure signs of such groups.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .values import DATA

_GROUPS = r"\d{1,3}( \d{3})+"
_SURE = rf"{_GROUPS}[.,]\d+|\d{{1,3}}( \d{{3}}){{2,}}"
# numbers above 999 with other groups or with none
_OTHERWISE = r"\d{4,}([.,]\d*)?|\d{1,3}(,\d{3})+\.\d+|\d{1,3}(\.\d{3})+,\d+|\d{1,3}(''\d{3})+([.,]\d*)?"
_OTHER_SPACES = r"\d[\x{a0}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}]\d"


def doubtful_spaces(connection: Any, role: str, cut: str, parts: Collection[int]) -> frozenset[int]:
    """Return the parts in which a plain space between the digits of a role may stand between two numbers.

    There, numbers above 999 are also written without a space, or the others have decimals and those with a space none.
    """
    if not parts:
        return frozenset()
    tests = (_GROUPS, _SURE, _OTHERWISE, r"\d*[.,]\d{1,2}", r"\d{1,3}")
    counts = ", ".join(f"count(*) FILTER (regexp_full_match(body, '{test}'))" for test in tests)
    rows = connection.execute(
        f"""SELECT part, {counts}, count(*) FILTER (regexp_matches(text, '{_OTHER_SPACES}')) FROM (
            SELECT part, {role}_text AS text, {cut}.body AS body FROM stage
            WHERE kind = {DATA} AND {role}_text IS NOT NULL AND {role}_value IS NULL
            AND part IN ({", ".join(map(str, sorted(parts)))})) GROUP BY part"""
    ).fetchall()
    return frozenset(part for part, *seen in rows if _doubtful(*seen))


def _doubtful(spaced: int, sure: int, otherwise: int, decimals: int, whole: int, other_spaces: int) -> bool:
    if not spaced or sure or other_spaces:
        return False
    # who writes 300 beside 12,50 may well write 1 250, but not once only
    return bool(otherwise) or (bool(decimals) and not (whole and spaced > 1))
