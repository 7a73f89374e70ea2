"""What the name of a column says in a table of subscribers, by ``rules/subscriber_columns.csv``."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from cvmlab.core.periods import DAYS_A_MONTH
from cvmlab.core.words import read_table
from cvmlab.data.reading.cells.units import is_currency
from cvmlab.data.reading.role_names import plain_name

from .meanings import meaning

CUSTOMER_ID, CHURNED, TENURE, CHARGE, TOTAL = "customer_id", "churned", "tenure", "charge", "total"
CONTRACT, JOINED, LEFT, CAUSE = "contract", "joined_date", "left_date", "cause"
#: The roles that the user may choose a column for.
ROLES = (CUSTOMER_ID, CHURNED, TENURE, CHARGE, TOTAL, CONTRACT, JOINED, LEFT, CAUSE)
# a column that says yes for those who are still there
STAYED = "stayed"
ROW_NUMBER, PERSONAL, MAY_KNOW, ABOUT_LEAVING, EVENT = "row_number", "personal", "may_know", "about_leaving", "event"
# the number of something else than a customer: a session, a ticket, a parcel
OWN_ID = "own_id"
# what a charge is for, if not for a month
_PERIODS = {"per_half_year": 6.0, "per_quarter": 3.0, "per_week": 7 / DAYS_A_MONTH, "per_year": 12.0}
# who somebody is: a group that must not be treated worse than others
ABOUT_PEOPLE = "about_people"
# how surely a status means leaving: it may be one of something else than the customer
NEUTRAL = 4
_INEXACT = 9
# signs of traditional Chinese that speak of subscribers
_SIMPLIFIED = str.maketrans("網約離齡長續終滿狀費資", "网约离龄长续终满状费资")
_BRACKET = re.compile(r"\s*[(\[【<][^()\[\]【】<>]*[)\]】>]\s*$")
_COUNTED = re.compile(r" \(\d+\)$")
# not_churned and 未流失 say the opposite, Churn_Yes and Status=Active say which answer they hold
_NOT = "not"
_ANSWER = re.compile(r"(.+?)[\s_=.:]+([^_=.:]+)")
_TURNED = {CHURNED: STAYED, STAYED: CHURNED}


@cache
def _rules() -> dict[str, list[tuple[int, re.Pattern[str]]]]:
    found: dict[str, list[tuple[int, re.Pattern[str]]]] = {}
    for row in read_table("rules/subscriber_columns"):
        found.setdefault(row["role"], []).append((int(row["rank"]), re.compile(row["pattern"])))
    return {role: sorted(rules, key=lambda rule: rule[0]) for role, rules in found.items()}


@cache
def rank(name: str, role: str) -> int | None:
    """Return how surely a column name means a role, 1 for most surely; None if it does not."""
    plain = _readings(name)
    found = _rank_of(plain, role)
    if found is not None and role == CHARGE and months_charged(name) != 1:
        # one for a month is better
        return max(found, 3)
    if found is not None or role not in _TURNED:
        return found
    turned = _rank_of(tuple(filter(None, map(_without_not, plain))), _TURNED[role])
    if turned is not None and turned < NEUTRAL:
        return max(turned, 2)
    return 2 if _answer(name) == role else None


def _rank_of(plain: tuple[str, ...], role: str) -> int | None:
    return next((rank for rank, pattern in _rules()[role] if any(map(pattern.fullmatch, plain))), None)


def _without_not(plain: str) -> str:
    """Return what a plain name denies, an empty text if it denies nothing."""
    found = next((match for _, pattern in _rules()[_NOT] if (match := pattern.fullmatch(plain))), None)
    return found[found.lastindex or 0] if found else ""


def _answer(name: str) -> str:
    """Return the role of a name that ends with an answer to it: a column of its own for each word of another."""
    found = _ANSWER.fullmatch(unicodedata.normalize("NFKC", _COUNTED.sub("", name)).strip())
    if found is None:
        return ""
    asked, said = _rank_of(_readings(found[1]), CHURNED), meaning(found[2])
    if asked is None or said in ("", "blank") or (asked == NEUTRAL and said in ("yes", "no")):
        return ""
    return CHURNED if said in ("yes", "left") else STAYED


def is_inverted(name: str) -> bool:
    """Return whether a column that the user named asks who is still there."""
    if rank(name, CHURNED) is not None:
        return False
    return rank(name, STAYED) is not None or any(meaning(word) == "stayed" for word in (name, *_readings(name)))


def says_nothing(name: str) -> bool:
    """Return whether a column name speaks neither of leaving nor of staying."""
    return rank(name, CHURNED) is None and not is_inverted(name)


def how_exact(name: str, role: str) -> int:
    """Return how exactly a column name says what a role is, among names of one rank: 1 for most exactly."""
    rules = _rules().get(f"best_{role}", [])
    return next((known for known, pattern in rules if any(map(pattern.fullmatch, _readings(name)))), _INEXACT)


def months_charged(name: str) -> float:
    """Return for how many months a charge is by its name: 12 for a fee per year."""
    whole = plain_name(unicodedata.normalize("NFKC", name))
    found = (months for role, months in _PERIODS.items() if any(p.fullmatch(whole) for _, p in _rules()[role]))
    return next(found, 1.0)


def is_named(name: str, role: str) -> bool:
    """Return whether a column name means a role."""
    return rank(name, role) is not None


def is_neutral(name: str) -> bool:
    """Return whether a column name, such as status, may be of leaving, but does not say what yes means in it."""
    return rank(name, CHURNED) == NEUTRAL


@cache
def _readings(name: str) -> tuple[str, ...]:
    """Return the plain name, and the same without the unit or currency at its end."""
    bare = unicodedata.normalize("NFKC", _COUNTED.sub("", name))
    names = [bare, _BRACKET.sub("", bare)]
    words = re.split(r"[\s_\-/]+", bare.strip())
    if len(words) > 1 and is_currency(words[-1]):
        names.append(" ".join(words[:-1]))
    return tuple(dict.fromkeys(plain.translate(_SIMPLIFIED) for plain in map(plain_name, names) if plain))


def roles_named(name: str) -> tuple[str, ...]:
    """Return the roles that a column name may play, that of those who stayed among them."""
    return tuple(role for role in (*ROLES, STAYED) if rank(name, role) is not None)
