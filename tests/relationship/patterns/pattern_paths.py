"""Paths, stories and figures for the tests of the patterns."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np

from cvmlab import patterns as p


def paths(*texts: str) -> np.ndarray:
    """One customer a text, one digit a period; shape (periods, customers)."""
    return np.array([[int(code) for code in text] for text in texts], dtype=np.uint8).T


def pattern(text: str, late_months: float = 3, months: int = 1) -> str:
    return ["", *p.PATTERNS][int(p.pattern_of_paths(paths(text), late_months, months)[0])]


def texts(ax) -> str:
    return " ".join(text.get_text() for text in ax.figure.findobj(mpl.text.Text))
