"""What the name of a column says, in English or Chinese.

The names that are understood lie in ``rules/columns.csv``: a role, a rank and a pattern for the name in
lower case without spaces and signs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

from cvmlab.core.words import read_table
from cvmlab.data import tables

from .roles import DISCOUNT, DISCOUNT_RATE, ENTRY_COST, ENTRY_VALUE, NUMBERS, ORDER_DISCOUNT, QUANTITY, ROLES

# between the two rows of a header
JOINT = " / "
# the signs of traditional Chinese (and Japanese) headers
_SIMPLIFIED = str.maketrans(
    "編號訂單銷售額價數顧會員買購貨來戶類別實際應積總計稅電話碼聯繫優減單據時間開發業務負責產條貿帳賬註備門紅標誌狀態簡稱錢這進項種兩親點結經辦過關為與國營縣區間讓費捐贈繳納後運顯幣収単価売",
    "编号订单销售额价数顾会员买购货来户类别实际应积总计税电话码联系优减单据时间开发业务负责产条贸帐账注备门红标志状态简称钱这进项种两亲点结经办过关为与国营县区间让费捐赠缴纳后运显币收单价卖",
)
# 金额（万元）, amount in thousands, Betrag (k€), once spaces and signs are gone
_UNIT = (
    "(in|单位|單位)?(亿|億|百万|百萬|万|萬|千|分|角|k|t|tsd|lakhs?|lacs?|crores?|thousands?|000s?|m|mio|millions?|cents?|pence)?"
    "(元|人民币|人民幣|美元|欧元|港元|新台币|新臺幣|CODES"
    "|euros?|本位币)?(cents?|thousands?)?"
)
# margin %, 毛利(%), but not amount incl. 19%
_PERCENT = re.compile(r"^\W*[%％]|[^\d\s]\s*[%％]\W*$")
# +/- by itself
_PLUS_MINUS = re.compile(r"\W*(\+\W*[-−–]|±)\W*")
_NO_RATES = (tables.AMOUNT, tables.PROFIT, tables.COST)


@cache
def _rules() -> dict[str, list[tuple[int, str]]]:
    """Return the (rank, pattern) rules of each role from ``rules/columns.csv``."""
    found: dict[str, list[tuple[int, str]]] = {}
    for row in read_table("rules/columns"):
        found.setdefault(row["role"], []).append((int(row["rank"]), row["pattern"]))
    return found


@cache
def patterns(role: str) -> tuple[tuple[int, re.Pattern[str]], ...]:
    """Return the (rank, pattern) rules of a role that looks at names, best rank first."""
    rules = sorted(_rules()[role], key=lambda rule: rule[0])
    return tuple((rank, re.compile(pattern)) for rank, pattern in rules)


@cache
def row_pattern(role: str, rank: int | None = None) -> str:
    """Return one regular expression for the rules of a role that looks at rows rather than names."""
    return "|".join(f"(?:{pattern})" for known, pattern in _rules()[role] if rank is None or known == rank)


@cache
def values_of(role: str) -> tuple[str, ...]:
    """Return the plain words of a role that looks at values: those that mean a missing value."""
    return tuple(word for _, pattern in _rules()[role] for word in pattern.split("|"))


@cache
def _unit() -> re.Pattern[str]:
    codes = "|".join(row["word"] for row in read_table("rules/units") if re.fullmatch("[a-z]{3}", row["word"]))
    return re.compile(_UNIT.replace("CODES", codes))


@cache
def _stems(plain: str) -> tuple[str, ...]:
    """Return what a plain name may be without the unit at its end: itself first."""
    return tuple(plain[:end] for end in range(len(plain), 0, -1) if _unit().fullmatch(plain, end))


def unaccented(text: str) -> str:
    """Return a text without accents, as SQL's ``strip_accents`` does."""
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(sign for sign in apart if unicodedata.category(sign) != "Mn"))


def rule_of(plain: str, role: str) -> int | None:
    """Return the rank of the best rule of a role that a plain name fits; None if it fits none."""
    has_unit = role in (*NUMBERS, ENTRY_VALUE, ENTRY_COST) and role != QUANTITY
    stems = _stems(plain) if has_unit else (plain,)
    return next((rank for rank, pattern in patterns(role) if any(map(pattern.fullmatch, stems))), None)


def plain_name(name: str) -> str:
    """Return a column name as the patterns expect it: lower case, simplified, without spaces and signs."""
    if _PLUS_MINUS.fullmatch(name):
        return "plusminus"
    # a Turkish İ in lower case is two signs
    plain = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name)).lower().replace("i\u0307", "i")
    return simplified(plain)


def simplified(text: str) -> str:
    """Return a text with the traditional signs of headers made simple."""
    return text.translate(_SIMPLIFIED)


@cache
def ranks_of(name: str) -> dict[str, int]:
    """Return every role that a column name may play, with its rank, 1 for most surely."""
    plain = plain_name(re.sub(r" \(\d+\)$", "", name))
    ruled = {role: rule_of(plain, role) for role in ROLES}
    found = {role: rank for role, rank in ruled.items() if rank is not None}
    if _PERCENT.search(name):
        if {DISCOUNT, ORDER_DISCOUNT} & found.keys():
            return {DISCOUNT_RATE: 1}
        return {role: rank for role, rank in found.items() if role not in _NO_RATES}
    if plain.endswith("单位"):
        return {role: rank for role, rank in found.items() if role not in NUMBERS}
    if not found and JOINT in name:
        return ranks_of(name.rsplit(JOINT, 1)[1])
    return found


def rank_of(name: str, role: str) -> int | None:
    """Return how surely a column name means a role, 1 for most surely; None if it does not."""
    return ranks_of(name).get(role)


def roles_of(name: str) -> tuple[str, ...]:
    """Return every role that a column name may play."""
    return tuple(ranks_of(name))


def distinct_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the header's names, empty ones numbered (``column 2``) and repeated ones too (``金额 (2)``)."""
    bases = [" ".join(name.split()) or f"column {number}" for number, name in enumerate(names, start=1)]
    given = set(bases)
    counted: dict[str, int] = {}
    taken: set[str] = set()
    result: list[str] = []
    for base in bases:
        name = base
        while name in taken or (name != base and name in given):
            counted[base] = counted.get(base, 1) + 1
            name = f"{base} ({counted[base]})"
        taken.add(name)
        result.append(name)
    return tuple(result)


def find_header(rows: Sequence[Sequence[str]], chosen: Iterable[str] = ()) -> int | None:
    """Return the position of the row with most names of roles, or with chosen names; None if there is none."""
    wanted = {name for name in chosen if name}
    best, best_score = None, 0
    for position, row in enumerate(rows):
        names = [" ".join(cell.split()) for cell in row if cell.strip()]
        roles = {role for name in names for role in roles_of(name)}
        named = len(wanted & set(distinct_names(row)))
        # One matching cell may be a title ("客户"), two in one row are a header.
        score = 10 * named + (len(roles) if len(names) > 1 and len(roles) > 1 else 0)
        if score > best_score:
            best, best_score = position, score
    return best


def is_called(name: str, *roles: str) -> bool:
    """Return whether a column name fits a rule of `rules/columns.csv` that is no role of its own."""
    return any(rule_of(plain_name(name), role) is not None for role in roles)


def is_rate(name: str) -> bool:
    """Return whether a column name speaks of a share of the amount, or may: a margin is money for some."""
    money = _PERCENT.search(name) and any(is_called(name, role) for role in _NO_RATES)
    return bool(money) or is_called(name, "rate")
