"""Whether groups of people are treated alike: called as often, and judged as rightly (DOMAIN: customers are people)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from cvmlab.core.words import say
from cvmlab.data.subscribers.naming import ABOUT_PEOPLE, is_named

from .rates import worded

_COLUMNS = ["column", "group", "customers", "rate", "chance", "called_share"]
_MOST_GROUPS, _FEWEST, _AGE_BANDS = 6, 30, 4


def by_group(customers: pd.DataFrame, roles: Mapping[str, str], features: Sequence[str]) -> pd.DataFrame:
    """Return for each group of people how many left, what was said of them, and how many are to be called.

    Returns
    -------
    pandas.DataFrame
        ``column``, ``group``, ``customers``, ``rate`` (left), ``chance`` (mean of all), ``called_share`` (of those
        still there, the hold-out included); groups of 30 customers or more.
    """
    about = [name for name in features if name in customers and is_named(name, ABOUT_PEOPLE)]
    found = [_of_column(customers, name) for name in about]
    return (
        pd.concat([pd.DataFrame(columns=_COLUMNS), *found], ignore_index=True)
        if found
        else pd.DataFrame(columns=_COLUMNS)
    )


def _of_column(customers: pd.DataFrame, name: str) -> pd.DataFrame:
    groups = _groups(customers[name])
    staying = ~customers["left"].to_numpy(bool)
    chosen = (customers["call"] | customers["hold_out"]).where(staying)
    frame = pd.DataFrame(
        {"group": groups, "left": customers["left"].astype(float), "chance": customers["chance"],
         "called": chosen.astype("float64")}
    )  # fmt: skip
    table = frame.groupby("group", sort=True, observed=True).agg(
        customers=("left", "size"), rate=("left", "mean"), chance=("chance", "mean"), called_share=("called", "mean")
    )
    large = table[table["customers"] >= _FEWEST].nlargest(_MOST_GROUPS, "customers").sort_index().reset_index()
    return large.assign(column=name, group=large["group"].astype(str))[_COLUMNS]


def _groups(column: pd.Series) -> pd.Series:
    """Return the groups of a column: its values, or bands of a number with many."""
    if column.dtype.kind not in "iuf" or column.nunique() <= _MOST_GROUPS:
        return worded(column)
    edges = np.unique(np.nanquantile(column.to_numpy(np.float64), np.linspace(0, 1, _AGE_BANDS + 1)[1:-1]))
    band = np.searchsorted(edges, column.to_numpy(np.float64), side="left")
    names = [say("churning.upto", last=f"{edges[0]:g}")]
    names += [f"{low:g}–{high:g}" for low, high in pairwise(edges)]
    names += [say("churning.above", first=f"{edges[-1]:g}")]
    shown = pd.Series(np.array(names)[band], index=column.index).where(column.notna())
    return shown.astype(pd.CategoricalDtype(names, ordered=True))
