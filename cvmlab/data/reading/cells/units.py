"""What stands around a number, in its cell or in the header of its column: currency, unit, sign.

The words lie in ``rules/units.csv``: ``kind`` is ``currency`` (``codes``: what it may stand for; ``decimal``: how its
countries write numbers), ``scale`` (``power`` of ten) or ``mark`` (debit or credit, which says no sign by itself).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from functools import cache

from cvmlab.core.words import read_table

_MINUS = frozenset("-△▲▽▼")
# in GBp the small letter makes pence of pounds
_PENCE = re.compile(r"\bGBp\b")
_IGNORED = frozenset("+: \t*")
_FILLERS = frozenset({"in", "of", "unit", "单位", "單位", "为", "per", "the", "en", "de", "di", "von"})
# their smallest coin is a thousandth, and so amounts are written; the Iraqi dinar has lost its coins
_THOUSANDTHS = frozenset({"BHD", "JOD", "KWD", "LYD", "OMR", "TND"})
_PLAIN_UNIT = re.compile(r"[元圆圓円][)）\]】]?\s*$")
_HEADER_TAIL = re.compile(r"(?<=[额額款价價费費入润潤本币幣计計])(亿元|億元|百万元|万元|萬元|千元|元|分|角)$")
# miles de euros, R$ mil: other miles and mils are no thousands; t.kr., x 1000, milliers d'euros
_SPELLINGS = (
    (r"\bmiles de\b|\bmil(?= (?:reais|euros|pesos)\b)|(?<=r\$ )mil\b", "thousands"),
    (r"\bt\. ?kr\b", "tkr"),
    (r"\b[x×] ?1[., ]?000\b", "thousands"),
    (r"\bd['’]|['’‘]", ""),
)
_MONEY = (
    "amounts?|figures|values|sales|currency|beträge|angaben|werte|montants?|chiffres|valeurs|importes?|cifras|importi|"
    "valori|valores|bedragen|kwoty|суммы"
)
# how a title or a footnote states a unit: 单位：万元; (in k€), [TEUR]; Amounts in thousands of euros; Scale: Thousands
_STATED = tuple(
    re.compile(pattern)
    for pattern in (
        r"[单單単]位\s*(?:[:：]|[均为是]+)?\s*(?:人民币)?\s*(\w+)|以\s*(?:人民币)?\s*([百千万亿萬億]\w{0,4}?)\s*(?:计|列示|为单位)",
        rf"[(\[【]\s*(?:(?:all )?(?:{_MONEY}) )?(?:in )?([^()\[\]【】,]{{2,25}}?)\s*[)\]】,]",
        rf"\b(?:{_MONEY})\b.*?\b(?:in|en|em|w|в)\s+([^,;()]{{2,30}}?)\s*(?:$|[,;]|\.$|\b(?:unless|except)\b)",
        r"(?:^|[;,|])\s*(?:scale|units?|multiplier|einheit|unité|unidad|unità)\s*[:：=]\s*([^,;()]{2,25})",
        r"^(?:en|in|em|w|в|i)\s+([^,;()]{2,30})$",
        r"\b(?:expressed|stated|presented|reported|shown)\s+in\s+([^,;()]{2,25})$|[$€£¥]\s*in\s+(\w+)",
    )
)


@dataclass(frozen=True)
class Affix:
    """What a number is preceded and followed by: its sign, the power of ten, its currency and a debit mark."""

    negative: bool = False
    power: int = 0
    # a code such as EUR, or a sign that may be several
    currency: str = ""
    mark: str = ""


@cache
def _words() -> dict[str, dict[str, str]]:
    return {row["word"]: row for row in read_table("rules/units")}


@cache
def _longest() -> int:
    return max(map(len, _words()))


def _tokens(text: str) -> list[str] | None:
    """Return the words of the table that make up a text, longest first; None if something is left over."""
    found, at = [], 0
    words = _words()
    while at < len(text):
        for size in range(min(_longest(), len(text) - at), 0, -1):
            word = text[at : at + size]
            # a word of letters ends where the letters end
            inside = word[-1].isascii() and word[-1].isalpha() and text[at + size : at + size + 1].isalpha()
            if word in words and not (inside and text[at + size].isascii()):
                found.append(word)
                at += size
                break
        else:
            if text[at] not in _IGNORED:
                return None
            at += 1
    return found


@cache
def affix_of(before: str, after: str) -> Affix | None:
    """Return what stands before and after a number; None where it is not understood."""
    before, after = (_PENCE.sub("gbp pence", part).strip().lower() for part in (before, after))
    brackets = "(" in before and ")" in after
    if not brackets and set("()") & {*before, *after}:
        return None
    around = before.replace("(", "", 1), after.replace(")", "", 1)
    signs = sum(sign in _MINUS for part in around for sign in part)
    if signs + brackets > 1 or (after.endswith("+") and signs):
        return None
    rest = tuple("".join(sign for sign in part if sign not in _MINUS) for part in around)
    tokens = [_tokens(part) for part in rest]
    if tokens[0] is None or tokens[1] is None or "r" in tokens[1]:
        return None
    return _joined(tokens[0] + tokens[1], negative=bool(signs or brackets))


def _joined(tokens: Iterable[str], *, negative: bool = False) -> Affix | None:
    power, currencies, mark = 0, list[str](), ""
    for word in tokens:
        row = _words()[word]
        if row["kind"] == "scale":
            power += int(row["power"])
        elif row["kind"] == "mark":
            mark = word
        else:
            currencies.append(row["codes"] if " " not in row["codes"] and word != "$" else word)
    currency = one_currency(currencies)
    return None if currency is None else Affix(negative, power, currency, mark)


def one_currency(names: Iterable[str]) -> str | None:
    """Return the one currency that all names may mean (a code where there is one), None if there are several."""
    known = list(dict.fromkeys(name for name in names if name))
    if not known:
        return ""
    common = set.intersection(*(set(meanings(name)) for name in known))
    codes = [name for name in known if name in common]
    if not common:
        return None
    return codes[0] if codes else common.pop() if len(known) > 1 and len(common) == 1 else known[0]


def meanings(name: str) -> tuple[str, ...]:
    """Return the codes that a currency's code or sign may stand for, itself where it is unknown."""
    row = _words().get(name.lower())
    return tuple(row["codes"].split()) if row and row["kind"] == "currency" else (name,)


def contradict(names: Iterable[str]) -> bool:
    """Return whether currencies that are known to the table cannot be one; other words may mean anything."""
    return one_currency(name for name in names if name.lower() in _words()) is None


def is_currency(text: str) -> bool:
    """Return whether a text is a code, a sign or a name of a currency."""
    row = _words().get(unicodedata.normalize("NFKC", text).strip().lower())
    return row is not None and row["kind"] == "currency"


def currency_named(text: str) -> str:
    """Return the currency of a cell of a currency column, or of an option: a code, a sign, or the text itself."""
    plain = _PENCE.sub("GBX", unicodedata.normalize("NFKC", text)).strip().lower().rstrip(".")
    row = _words().get(plain)
    if row is None or row["kind"] != "currency":
        return _PENCE.sub("GBX", text).strip().upper()
    return row["codes"] if " " not in row["codes"] and plain != "$" else plain


def same_currency(wanted: str, names: Set[str]) -> frozenset[str]:
    """Return those of a log's currencies that are the wanted one: its code, and signs that can only mean it there."""
    found = set()
    for name in names:
        among = set(meanings(name))
        others = {other for other in names - {name, wanted} if other in among}
        if name == wanted or (among & set(meanings(wanted)) and (not others or wanted == name)):
            found.add(name)
    return frozenset(found)


def style_of(currency: str) -> str:
    """Return how numbers in a currency are usually written: ``"comma"``, ``"point"`` or ``""``."""
    rows: Mapping[str, dict[str, str]] = _words()
    return rows[currency.lower()]["decimal"] if currency.lower() in rows else ""


def thousandths_style(currencies: Iterable[str]) -> str:
    """Return the decimal sign of amounts with three decimals, if all the currencies are written with them."""
    styles = {style_of(currency) if currency in _THOUSANDTHS else "" for currency in currencies}
    return styles.pop() if len(styles) == 1 else ""


def _apart(word: str) -> tuple[str, ...]:
    """Return ``keur`` as ``k`` and ``eur``: a word in its own right stays whole."""
    found = re.fullmatch(r"([km])(\w{3,})", word)
    row = _words().get(found[2]) if found and word not in _words() else None
    return (found[1], found[2]) if found and row and row["kind"] == "currency" else (word,)


@cache
def header_unit(name: str) -> Affix:
    """Return the unit that a column's name states: ``金额（万元）``, ``amount in thousands``, ``Betrag (k€)``."""
    plain = unicodedata.normalize("NFKC", _PENCE.sub("GBP pence", re.sub(r" \(\d+\)$", "", name))).strip().lower()
    for pattern, word in _SPELLINGS:
        plain = re.sub(pattern, word, plain)
    inside = re.search(r"[(\[【<]([^()\[\]【】<>]*)[)\]】>]\s*$", plain)
    tail = _HEADER_TAIL.search(plain)
    if inside:
        candidates = [inside[1]]
    elif tail:
        candidates = [tail[1]]
    else:
        words = re.split(r"[\s_,/\-]+", plain)
        candidates = [" ".join(words[start:]) for start in range(1, len(words))]
    for candidate in candidates:
        split = (part for word in re.split(r"[\s_,:.：]+", candidate) for part in _apart(word))
        words = [word for word in split if word and word not in _FILLERS]
        parts = [_tokens(word) for word in words]
        if words and all(parts):
            unit = _joined(token for part in parts if part for token in part)
            if unit is not None and not unit.mark:
                return unit
    return Affix()


def joined_units(name: str, stated: Affix) -> Affix | None:
    """Return a header's unit joined with one stated for all money: ``amount (USD)``, in thousands; None if they differ.

    A currency can be counted in thousands; 元 and 円 name the unit itself, so that 万元 above them says otherwise.
    """
    own = header_unit(name)
    if own.power:
        return own if own.power == stated.power else None
    currency = one_currency((own.currency, stated.currency))
    if currency is None or (own.currency and _PLAIN_UNIT.search(name)):
        return None
    return Affix(power=stated.power, currency=currency)


def unit_stated(text: str, money: str) -> str:
    """Return the unit, such as thousands of USD, that a title or a footnote states for the money of a column."""
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    found = (next(filter(None, match.groups())).strip() for pattern in _STATED for match in pattern.finditer(plain))
    return next((unit for unit in found if header_unit(f"{money} ({unit})").power), "")
