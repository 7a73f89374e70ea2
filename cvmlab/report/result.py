"""What making a report tells while it runs, and returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from cvmlab.core.guarding import public

Progress = Callable[[int, int, str], None]
"""Called with the number of steps done, the number of all steps and what is being done."""


@public
@dataclass(frozen=True)
class Result:
    """Where a finished report lies, and how long its parts took.

    Attributes
    ----------
    folder
        Holds ``report.html``, ``report.ipynb``, ``customers.xlsx``, ``customers.csv``, ``figures/``, ``case.json``.
    pdf
        The PDF, None if none was asked for or none could be made.
    notes, seconds
        Sentences that the user should read, in the language of the report; seconds of its computations by step.
    """

    folder: Path
    pdf: Path | None
    notes: tuple[str, ...]
    seconds: Mapping[str, float]

    @property
    def html(self) -> Path:
        """The page to open."""
        return self.folder / "report.html"


@dataclass(frozen=True)
class Group:
    """A group of rows: its name, its folder, the file of its judged rows, and what it is of the whole."""

    name: str
    folder: str
    part: Path
    rows: int
    amount: Decimal
    customers: int
