"""Where a finished report lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Result:
    """Where a finished report lies, and how long its parts took.

    Attributes
    ----------
    folder
        The report's folder; ``report.html``, ``report.ipynb``, ``customers.xlsx``, ``customers.csv``,
        ``figures/`` and ``case.json`` lie in it.
    pdf
        The PDF, None if none was asked for or none could be made.
    notes
        Sentences that the user should read, in the language of the report.
    seconds
        Seconds of the report's own computations by step, as the notebook measured them.
    """

    folder: Path
    pdf: Path | None
    notes: tuple[str, ...]
    seconds: Mapping[str, float]

    @property
    def html(self) -> Path:
        """The page to open."""
        return self.folder / "report.html"
