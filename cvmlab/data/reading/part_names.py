"""What the name of a sheet or file says of its rows: that they are no sales, returns, or in a currency."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from cvmlab.core.words import read_table

from .raw import Source
from .role_names import row_pattern, simplified

# Codes that are words in their own right.
_NO_CODES = frozenset({"all", "top"})
_SIGNS = frozenset("€£$¥₩₹")
_COPY_BEFORE = re.compile("(?:copy of|kopie von|copie de|copia de|副本) *(.+)", re.IGNORECASE)
_COPY_AFTER = re.compile(r"(.+?) *(?:\(\d\)|[-_ ]+(?:copy|kopie|copie|copia|old|alt)|-? *副本)", re.IGNORECASE)
# letters of one script make a word, so that RMA退货 is two
_WORDS = r"[a-z\u00c0-\u024f]+|[&+、]|[\u4e00-\u9fff]+|[^\W\d_a-z\u4e00-\u9fff]+"


def own_names(sources: Sequence[Source]) -> list[str]:
    """Return what tells each source from the others: the name of its sheet, and of its file where they are several."""
    several = len({source.file for source in sources}) > 1
    return [" ".join([*[Path(source.file).stem] * several, source.sheet]) for source in sources]


def no_sales_word(name: str) -> str:
    """Return the word by which a name speaks of something else than sales (a budget, purchases), ``""`` if none."""
    return _spoken(name, "no_sales_name")


def returns_word(name: str) -> str:
    """Return the word by which a name speaks of returns alone, ``""`` if none."""
    return _spoken(name, "returns_name")


def copied_name(name: str) -> str:
    """Return the name of which another is that of a copy, as programs call it: ``Sales (2)``, ``Copy of Sales``."""
    plain = unicodedata.normalize("NFKC", name).strip()
    found = _COPY_BEFORE.fullmatch(plain) or _COPY_AFTER.fullmatch(plain)
    return found[1].strip() if found else ""


def _spoken(name: str, role: str) -> str:
    text = simplified(unicodedata.normalize("NFKC", re.sub("(?<=[a-z])(?=[A-Z])", " ", name)))
    text = " ".join(re.findall(_WORDS, text.lower()))
    found = re.search(row_pattern(role), text)
    return "" if found is None or re.search(row_pattern("with_sales_name"), text) else found[0]


def currencies_named(sources: Sequence[Source]) -> list[str]:
    """Return the currency of each source by its name, ``""`` where it names none; nothing unless two differ."""
    names = [_currency(name) for name in own_names(sources)]
    return names if len(set(names) - {""}) > 1 else []


def _currency(name: str) -> str:
    codes = {row["word"]: row["codes"] for row in read_table("rules/units") if row["kind"] == "currency"}
    words = [word.lower() for word in re.findall("(?<![A-Z])[A-Z]{3}(?![A-Z])", name)]
    found = {codes[word] for word in words if word in codes and word not in _NO_CODES}
    signs = {word for word in codes if (len(word) > 1 and not word.isascii()) or word in _SIGNS}
    found |= {codes[word] for word in signs if word in name.lower()}
    one = found.pop() if len(found) == 1 else ""
    return "" if " " in one else one
