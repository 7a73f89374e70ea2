"""Read a table of choices: a row per alternative, a set of rows per choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.words import CvmError
from cvmlab.data.tables import CUSTOMER_ID, check_columns, check_present, numbers, without_id

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

CHOICE_ID = "choice_id"
ALTERNATIVE = "alternative"
CHOSEN = "chosen"
RANK = "rank"
TABLE = "choices"


@dataclass(frozen=True)
class ChoiceSets:
    """Which rows of a table belong to one choice.

    ``order`` are the rows of the table, set by set; ``first`` is where each set begins in that order, and
    ``customer`` the number of its customer.
    """

    order: Rows
    first: Rows
    customer: Rows

    @property
    def size(self) -> Rows:
        """Number of alternatives in each set."""
        return np.diff(np.append(self.first, len(self.order)))

    @property
    def of_row(self) -> Rows:
        """The set of each row, in the order of ``order``."""
        return np.repeat(np.arange(len(self.first)), self.size)

    def total(self, values: Array) -> Array:
        """Return the sums over each set of values in the order of ``order``, of one or more columns."""
        return np.add.reduceat(values, self.first, axis=0)

    def shares(self, utility: Array) -> Array:
        """Return the logit probability of each row from its utility, both in the order of ``order``."""
        at, size = self.of_row, self.size
        odds = np.exp(utility - np.maximum.reduceat(utility, self.first)[at])
        return odds / np.repeat(self.total(odds), size)


def read_sets(choices: pd.DataFrame) -> ChoiceSets:
    """Return the sets of a table of choices, or raise `CvmError` for an id that is missing or a lone alternative."""
    check_columns(choices, [CUSTOMER_ID, CHOICE_ID, ALTERNATIVE], TABLE)
    if not len(choices):
        raise CvmError("tables.no_rows", table=TABLE)
    codes = {}
    for column in (CUSTOMER_ID, CHOICE_ID, ALTERNATIVE):
        check_present(without_id(choices[column]), column, TABLE)
        codes[column] = pd.factorize(choices[column])[0].astype(np.int64)
    code = codes[CUSTOMER_ID] * (codes[CHOICE_ID].max() + 1) + codes[CHOICE_ID]
    # one number per set and alternative: sorted, the rows of a set lie together and an alternative beside its double
    key = code * (codes[ALTERNATIVE].max() + 1) + codes[ALTERNATIVE]
    order = np.argsort(key, kind="stable")
    again = np.flatnonzero(np.diff(key[order]) == 0)
    if len(again):
        row = order[again[0]]
        raise _in_choice("factors.alternative_twice", choices, row, alternative=choices[ALTERNATIVE].iloc[row])
    first = np.append(0, np.flatnonzero(np.diff(code[order])) + 1)
    sets = ChoiceSets(order, first, codes[CUSTOMER_ID][order[first]])
    lone = np.flatnonzero(sets.size < 2)
    if len(lone):
        raise _in_choice("factors.lone_alternative", choices, order[first[lone[0]]])
    return sets


def read_attributes(choices: pd.DataFrame, attributes: Sequence[str]) -> Array:
    """Return the attributes as float64, shape (rows, attributes), in the order of the table."""
    if not attributes:
        raise CvmError("factors.no_attributes")
    for place, name in enumerate(attributes):
        if name in attributes[:place]:
            raise CvmError("factors.attribute_twice", attribute=name)
    return np.column_stack([_attribute(choices, name) for name in attributes])


def _attribute(choices: pd.DataFrame, name: str) -> Array:
    check_columns(choices, [name], TABLE)
    if pd.api.types.is_bool_dtype(choices[name]):
        check_present(choices[name].isna().to_numpy(), name, TABLE)
        return choices[name].to_numpy(dtype=np.float64)
    return numbers(choices, name, TABLE)


def read_chosen(choices: pd.DataFrame, sets: ChoiceSets) -> Rows:
    """Return the place of the chosen alternative of each set in its order; there must be one of each."""
    marks = _attribute(choices, CHOSEN)
    other = (marks != 0) & (marks != 1)
    if other.any():
        row = int(other.argmax())
        raise CvmError("factors.not_a_mark", column=CHOSEN, row=row + 1, value=f"{marks[row]:g}")
    marked = marks[sets.order]
    count = sets.total(marked)
    wrong = np.flatnonzero(count != 1)
    if len(wrong):
        key = "factors.none_chosen" if count[wrong[0]] == 0 else "factors.several_chosen"
        row = sets.order[sets.first[wrong[0]]]
        raise _in_choice(key, choices, row, count=int(count[wrong[0]]), choices=len(wrong))
    return np.flatnonzero(marked)


def read_ranks(choices: pd.DataFrame, sets: ChoiceSets) -> Array:
    """Return the ranks in the order of the sets, NaN where an alternative was not ranked: 1, 2, … without ties."""
    check_columns(choices, [RANK], TABLE)
    known = choices[RANK].notna().to_numpy()
    ranks = np.full(len(choices), np.nan)
    if known.any():
        ranks[known] = numbers(choices[known], RANK, TABLE)
    wrong = known & ~((ranks >= 1) & (ranks == np.floor(ranks)))
    if wrong.any():
        row = int(wrong.argmax())
        raise CvmError("factors.not_a_rank", row=row + 1, value=f"{ranks[row]:g}")
    ranked, at = ranks[sets.order], sets.of_row
    there = ~np.isnan(ranked)
    count = sets.total(there.astype(np.float64))
    if (count == 0).any():
        raise _in_choice("factors.none_ranked", choices, sets.order[sets.first[int((count == 0).argmax())]])
    key = np.sort(at[there] * (ranked[there].max() + 1) + ranked[there])
    tied = np.flatnonzero(np.diff(key) == 0)
    if len(tied):
        of_set = int(key[tied[0]] // (ranked[there].max() + 1))
        raise _in_choice("factors.tied_ranks", choices, sets.order[sets.first[of_set]])
    last = np.maximum.reduceat(np.where(there, ranked, 0), sets.first)
    if (last != count).any():
        raise _in_choice("factors.rank_missing", choices, sets.order[sets.first[int((last != count).argmax())]])
    return ranked


def rows_of_sets(sets: ChoiceSets, wanted: NDArray[np.bool_]) -> Rows:
    """Return the rows of the table that belong to the wanted sets, in the order of the table."""
    return np.sort(sets.order[wanted[sets.of_row]])


def _in_choice(key: str, table: pd.DataFrame, row: int, **said: object) -> CvmError:
    """Return an error that names the customer and the choice of a row."""
    return CvmError(key, customer=table[CUSTOMER_ID].iloc[row], choice=table[CHOICE_ID].iloc[row], **said)
