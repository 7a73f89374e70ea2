"""What the name of a column says in a table of subscribers, by ``rules/subscriber_columns.csv``."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from cvmlab.core.words import read_table
from cvmlab.data.reading.cells.units import is_currency
from cvmlab.data.reading.role_names import plain_name

CUSTOMER_ID, CHURNED, TENURE, CHARGE, TOTAL = "customer_id", "churned", "tenure", "charge", "total"
CONTRACT, JOINED, LEFT, CAUSE = "contract", "joined_date", "left_date", "cause"
#: The roles that the user may choose a column for.
ROLES = (CUSTOMER_ID, CHURNED, TENURE, CHARGE, TOTAL, CONTRACT, JOINED, LEFT, CAUSE)
# a column that says yes for those who are still there
STAYED = "stayed"
ROW_NUMBER, PERSONAL, MAY_KNOW, ABOUT_LEAVING, EVENT = "row_number", "personal", "may_know", "about_leaving", "event"
# who somebody is: a group that must not be treated worse than others
ABOUT_PEOPLE = "about_people"
# how surely a status means leaving: it may be one of something else than the customer
NEUTRAL = 4
_BRACKET = re.compile(r"\s*[(\[【<][^()\[\]【】<>]*[)\]】>]\s*$")
_COUNTED = re.compile(r" \(\d+\)$")


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
    return next((rank for rank, pattern in _rules()[role] if any(map(pattern.fullmatch, plain))), None)


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
    return tuple(dict.fromkeys(filter(None, map(plain_name, names))))


def roles_named(name: str) -> tuple[str, ...]:
    """Return the roles that a column name may play, that of those who stayed among them."""
    return tuple(role for role in (*ROLES, STAYED) if rank(name, role) is not None)
