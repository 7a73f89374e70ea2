"""Remarks about a source that a reader of the report should know: a key and values, worded when read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cvmlab.core.guarding import described, public
from cvmlab.core.words import say

Level = Literal["note", "warning", "hint"]


@public
@dataclass(frozen=True)
class Note:
    """A remark on the data: a key of ``reading.csv`` and what its sentence names.

    Attributes
    ----------
    key
        Key without its file, for example ``"cut_export"``.
    values
        What the sentence names.
    level
        ``"warning"`` for what may make the figures wrong, ``"note"`` for a decision that was made, ``"hint"`` for a
        guess, which makes the data no worse; the data report names it last.

    Examples
    --------
    >>> print(Note("amount_computed", {"source": "a.csv", "quantity": "Quantity", "price": "UnitPrice"}))
    a.csv has no amount column: amount = 'Quantity' × 'UnitPrice'.
    """

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    level: Level = "note"

    def __str__(self) -> str:
        # a reason is a key of its own, so that it too is read in the reader's language
        said = {name: say(f"reading.{value}") if name == "why" else value for name, value in self.values.items()}
        return say(f"reading.{self.key}", **said)

    def to_dict(self) -> dict[str, Any]:
        """Return the remark as plain data, with its sentence in the language in force."""
        return {"key": self.key, "values": dict(self.values), "level": self.level, "text": str(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Note:
        """Return the remark that `to_dict` described."""
        with described(cls):
            return cls(data["key"], dict(data["values"]), data["level"])


def counted(found: Mapping[str, int], most: int = 8) -> str:
    """Return words with how often they stand there, the first of them where they are many; a dash for no word."""
    shown = [f"{word or '–'} ({count:,})" for word, count in list(found.items())[:most]]
    return ", ".join([*shown, "…"] if len(found) > most else shown)


def listed(names: Sequence[str], most: int = 30) -> str:
    """Return names in quotation marks, the first of them where they are many."""
    shown = ", ".join(f"'{name}'" for name in names[:most])
    return shown if len(names) <= most else f"{shown}, … ({len(names)})"
