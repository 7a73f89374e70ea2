"""How long customers have been there: a column of months, days or years, or the time since they joined."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.periods import DAYS_A_MONTH
from cvmlab.core.words import CvmError, say

from .figures import PLAIN

if TYPE_CHECKING:
    import pandas as pd

#: How many months each unit is.
MONTHS = {"months": 1.0, "years": 12.0, "days": 1 / DAYS_A_MONTH, "weeks": 7 / DAYS_A_MONTH}
_NAMED = {
    "days": r"(?i)(?<![a-z])(days?|tagen?|d[íi]as|jours|giorni|dagen|d)(?![a-z])|"
    r"days(active|subscribed|with|as)|天|日数",
    "weeks": r"(?i)(?<![a-z])(weeks?|wks?|wochen|semanas|semaines|settimane|weken)(?![a-z])|周数|星期",
    "years": r"(?i)(?<![a-z])(years?|yrs?|anni|anos|jaren)(?![a-z])|jahre|a[ñn]os|ann[ée]es|年限|"
    r"年数|（年）|\(年\)|年$",
    "months": r"(?i)(?<![a-z])(months?|mths?|mos?|m|mob|mesi|maanden)(?![a-z])|tenuremonths?|monat|meses|"
    r"(?<![a-z])mois|月",
}
_WORDS = {
    "months": r"months?|mths?|mos?|m|monate?n?|meses|mes|m[êe]s|mois|mes[ei]|maanden|个?月",
    "years": r"years?|yrs?|y|jahre?n?|j|a[ñn]os?|ans?|ann[ée]es?|ann[io]|jaar|年",
    "days": r"days?|d|tage?n?|d[íi]as?|jours?|giorn[io]|dagen|天|日",
    "weeks": r"weeks?|wks?|w|wochen?|semanas?|semaines?|settiman[ae]|周|星期",
}
_PART = re.compile(
    r"(?i)\s*(\d+(?:\.\d+)?)\s*(?:"
    + "|".join(f"(?P<{unit}>{words})" for unit, words in _WORDS.items())
    + r")(?![a-zà-ÿ])\.?(?:[\s,，+&零又]|(?:and|und|y|et|ed?)\b)*"
)
# half a year, a year and a half
_HALF = ((r"(\d)\s*年半", r"\1年6个月"), (r"(?<!\d)(?<!\d )半年", "6个月"), (r"(?i)^half a year$", "6 months"))
# 10+, over 10 years, 10年以上
_MORE = re.compile(
    r"(?i)^\s*(?:[>≥]=?|over|more than|at least|超过|大于|至少)\s*|"
    r"\s*(?:\+|plus|(?:and|or) (?:more|over|above|longer)|及?以上)"
)
# fewer are slips
_FEW_SPELLED = 0.05
_LONGEST_MONTHS = 1200


def unit_named(name: str) -> str:
    """Return the unit that the name of a column states, an empty text if it states none."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ")
    return next((unit for unit, pattern in _NAMED.items() if re.search(pattern, spaced)), "")


def plain(cells: pd.Series) -> pd.Series | None:
    """Return a tenure as plain numbers, NaN where a cell is none; None if a comma stands in one.

    A tenure has no thousands: 304.375 days are a little over 304.
    """
    import pandas as pd

    if cells.str.contains(r"\d,\d", regex=True).any() and months_in_words(cells) is None:
        return None
    found: pd.Series = pd.to_numeric(cells.where(cells.str.fullmatch(PLAIN)), errors="coerce").astype("float64")
    return found


def months_in_words(cells: pd.Series) -> tuple[pd.Series, str] | None:
    """Return texts such as ``2 years 3 months`` or ``12个月`` in months, and their unit; None unless most are."""
    import pandas as pd

    filled = cells.dropna()
    read: dict[str, float] = {}
    units: list[str] = []
    words = filled.unique()
    for word in words:
        spelled = _spelled(str(word))
        if spelled is not None:
            read[str(word)] = sum(float(number) * MONTHS[unit] for number, unit in spelled)
            units += [unit for _, unit in spelled]
    known = filled.isin(list(read))
    bare = filled.str.fullmatch(PLAIN)
    if known.sum() < _FEW_SPELLED * len(filled) or 2 * int((known | bare).sum()) <= len(filled):
        return None
    found: pd.Series = pd.to_numeric(cells.map(read)).astype("float64")
    return found, units[0] if len(set(units)) == 1 else "months"


def at_least(cells: pd.Series, unit: str) -> pd.Series:
    """Return the months that texts such as ``10+`` or ``over 10 years`` name at least, NaN for others."""
    read = {}
    for word in cells.dropna().astype(str).unique():
        bare = _MORE.sub("", word).strip()
        if bare != word.strip():
            spelled = [(bare, unit)] if re.fullmatch(PLAIN, bare) else _spelled(bare) or []
            read[word] = sum(float(number) * MONTHS[each] for number, each in spelled) or np.nan
    return cells.astype(object).map(read).astype("float64")


def _spelled(text: str) -> list[tuple[str, str]] | None:
    found, at = [], 0
    for half, whole in _HALF:
        text = re.sub(half, whole, text)
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            return None
        found.append((part[1], next(unit for unit in _WORDS if part[unit])))
        at = part.end()
    return found or None


def checked(tenure: pd.Series, column: str, source: str, place: int, filled: int, texts: pd.Series) -> list[str]:
    """Return what is to be said of blanks in the tenure; raise `CvmError` where most cells are no tenure.

    ``tenure`` has NaN where a cell is blank or none; ``filled`` counts the cells that are not blank, ``place`` and
    ``texts`` say where an unread one stands.
    """
    unread = int(filled - tenure.notna().sum())
    if unread <= 0:
        return []
    example = {"row": place, "value": str(texts.iloc[0])}
    if 2 * unread > filled:
        raise CvmError("subscribers.no_tenure", source=source, column=column, rows=unread, filled=filled, **example)
    return [say("subscribers.tenure_blank", column=column, rows=unread, **example)]


def unit_notes(months: pd.Series, column: str, unit: str, *, is_stated: bool) -> list[str]:
    """Return what is to be said of the unit of a tenure: how it was converted, or that it was taken for months."""
    known = months.dropna()
    if not len(known):
        return []
    median = float(np.median(known))
    if is_stated:
        if unit == "months":
            return []
        return [say(f"subscribers.tenure_{unit}", column=column, median=f"{median:,.1f}")]
    return [say("subscribers.tenure_unit_taken", column=column, median=f"{median:,.0f}", years=f"{median / 12:,.1f}")]
