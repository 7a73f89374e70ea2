"""Lists in groups: the customer stands on a row of its own above its rows, and in no column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from cvmlab.core.words import CvmError

from ..role_names import is_called
from .heads import Head

#: So many such rows are no titles or remarks, each with rows of so many cells below it.
_FEWEST, _CELLS = 2, 3
# Client: X, or Client and X in two cells
_LABEL = re.compile(r"^([^:：]{1,20})[:：]\s*(.+)$")
# a month, a day or a number is no customer
_PERIOD = re.compile(r"\W*([^\W\d]+\W{0,2})?\d[\d\W年月日季度]*([^\W\d]{0,12}\W*\d{2,4})?\W*")


def check_headings(head: Head, header: int | None, error: CvmError) -> CvmError:
    """Return the error to raise where no column holds the customer: another one where it stands above its rows."""
    if error.key != "reading.no_id_column":
        return error
    body = [[cell.strip() for cell in row] for row in head.rows[0 if header is None else header + 1 :]]
    body = [row for row in body if any(row)]
    found = [name for row, below in pairwise(body) if (name := _heading(row)) and sum(map(bool, below)) >= _CELLS]
    names = list(dict.fromkeys(found))
    if len(names) < _FEWEST or all(_PERIOD.fullmatch(name) for name in names):
        return error
    said = {"source": head.name, "count": f"{len(names):,}", "first": names[0], "last": names[-1]}
    return CvmError("reading.heading_rows", **said)


def _heading(row: Sequence[str]) -> str:
    """Return the name that stands alone on a row, or beside a word such as Customer; nothing if there is none."""
    filled = [cell for cell in row if cell]
    if len(filled) == 1:
        label = _LABEL.match(filled[0])
        return label[2] if label else filled[0]
    labels = [cell.rstrip(" :：") for cell in filled]
    if len(filled) in (2, 4) and is_called(labels[0], "customer_id", "customer_name", "heading_label"):
        return filled[-1]
    return ""
