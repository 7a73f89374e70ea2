"""The rates of a churn report: in all, by tenure, by the values of a column, period by period."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.statistics import wilson_interval
from cvmlab.core.words import say, term
from cvmlab.keep.retention import life_table

#: Below so many customers a rate says too little for a line of its own.
FEWEST = 30
MOST_VALUES = 6
#: Beside the one of everybody; a picture holds five.
MOST_CURVES = 4
_UNLIKELY = 0.05
_TENURES = (0, 3, 6, 12, 24, 36, 48, 60, 84, 120, np.inf)
_UNITS = (-1, 0, 1, 2, 3, 4, 6, 9, 12, 15, 20, np.inf)
_MOST_YEARS = 15
# "left_last_month", 上月流失, "churned within 3 months", 未来三个月
_LAST_MONTH = re.compile(r"(last|next|past|this)[ _]*month|(本|上|下|次|当)个?月", re.IGNORECASE)
_MONTHS = re.compile(r"(\d+)[ _]*(?:-[ _]*)?months?|(\d+|[一二三六])个月", re.IGNORECASE)
_CHINESE = {"一": 1, "二": 2, "三": 3, "六": 6}


def window_in(header: str) -> int | None:
    """Return in how many months those left who are marked as gone, where the header says so.

    Examples
    --------
    >>> window_in("left_last_month"), window_in("churn within 3 months"), window_in("Churn")
    (1, 3, None)
    """
    if found := _MONTHS.search(header):
        digits = found[1] or found[2]
        return _CHINESE.get(digits) or int(digits) or None
    return 1 if _LAST_MONTH.search(header) else None


def differ(frame: pd.DataFrame, *, ordered: bool = False) -> bool:
    """Return whether the rates of some groups differ by more than chance (χ², 5%), or, in order, rise or fall."""
    from scipy.stats import chi2

    customers, left = (frame[name].to_numpy(np.float64) for name in ("customers", "left"))
    rate = left.sum() / customers.sum()
    if len(frame) < 2 or rate in (0.0, 1.0):
        return False
    variance = rate * (1 - rate)
    off = left - rate * customers
    if chi2.sf((off**2 / customers).sum() / variance, len(frame) - 1) < _UNLIKELY:
        return True
    return ordered and bool(chi2.sf(_trend(off, customers) / variance, 1) < _UNLIKELY)


def _trend(off: NDArray[np.float64], customers: NDArray[np.float64]) -> float:
    """Return the statistic of Cochran (1954) and Armitage (1955) for a trend over groups in order, variance apart."""
    place = np.arange(len(off), dtype=np.float64)
    place -= np.average(place, weights=customers)
    return float((place * off).sum() ** 2 / (customers * place**2).sum())


def rate_of(left: pd.Series) -> pd.DataFrame:
    """Return one row: ``customers``, ``left``, ``rate`` and its 95% interval ``low``, ``high`` (shares of 1)."""
    return _rates(left.astype(bool), pd.Series("", index=left.index)).drop(columns="group")


def in_whole_years(customers: pd.DataFrame, unit: str) -> bool:
    """Return whether the tenure counts whole years: 3 is from 36 months to just under 48."""
    known = customers["tenure_months"].dropna().to_numpy(np.float64)
    return unit == "years" and bool(len(known)) and bool((known % 12 == 0).all())


def may_be_years(customers: pd.DataFrame) -> bool:
    """Return whether a tenure without a unit may count years: whole numbers, none of them large."""
    known = customers["tenure_months"].dropna().to_numpy(np.float64)
    return bool(len(known)) and bool((known == np.floor(known)).all()) and known.max() <= _MOST_YEARS


def by_tenure(customers: pd.DataFrame, *, by_one: float = 0) -> pd.DataFrame:
    """Return the rate by band of tenure, neighbouring bands joined until each has enough customers.

    With ``by_one`` the bands count units of so many months, from 0: whole years, or what may be.

    Returns
    -------
    pandas.DataFrame
        ``group`` (for example "4–6"), ``customers``, ``left``, ``rate``, ``low``, ``high``, in the order of tenure.
    """
    known = customers.dropna(subset=["tenure_months"])
    tenure = known["tenure_months"].to_numpy(np.float64)
    edges = _UNITS if by_one else _TENURES
    band = np.maximum(np.searchsorted(edges, tenure / (by_one or 1), side="left") - 1, 0)
    counts = np.bincount(band, minlength=len(edges) - 1)
    joined = np.zeros(len(counts), dtype=np.int64)
    upper: list[int] = []
    gathered = 0
    for number, count in enumerate(counts):
        joined[number] = len(upper)
        gathered += count
        if gathered >= FEWEST:
            upper.append(number)
            gathered = 0
    if gathered and upper:
        # too few at the end: they go with those before
        joined[joined == len(upper)] = len(upper) - 1
        upper[-1] = len(counts) - 1
    elif not upper:
        upper = [len(counts) - 1]
    lower = [0, *(end + 1 for end in upper[:-1])]
    names = [_band(edges[first], edges[last + 1]) for first, last in zip(lower, upper, strict=True)]
    groups = pd.Categorical(np.array(names)[joined[band]], categories=names, ordered=True)
    return _rates(known["left"], pd.Series(groups, index=known.index))


def _band(above: float, upto: float) -> str:
    first = int(above) + 1 if above or upto == 1 else 0
    if np.isinf(upto):
        return say("churning.band_open", first=first)
    return f"{first}–{int(upto)}" if first < upto else f"{first}"


def by_value(customers: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the rate by value of a column, the largest groups first; rare values are counted together.

    Returns
    -------
    pandas.DataFrame
        ``group``, ``customers``, ``left``, ``rate``, ``low``, ``high``.
    """
    values = worded(customers[column])
    sizes = values.value_counts()
    kept = sizes.index[(sizes >= min(FEWEST, sizes.max()))][:MOST_VALUES]
    # one value left over is no group of others
    kept = sizes.index if len(sizes) == len(kept) + 1 else kept
    grouped = values.where(values.isin(kept), term("churning.others"))
    # a value may itself be called so
    order = list(dict.fromkeys([*kept, *([term("churning.others")] if len(kept) < len(sizes) else [])]))
    return _rates(customers["left"], pd.Series(pd.Categorical(grouped, categories=order), index=customers.index))


def worded(column: pd.Series) -> pd.Series:
    """Return the values of a column as text: yes and no in words, gaps as such."""
    if column.dtype.kind == "b" or str(column.dtype) == "boolean":
        column = column.map({True: term("churning.yes"), False: term("churning.no")})
    return column.astype("object").where(column.notna(), term("churning.blank")).astype(str)


def _rates(left: pd.Series, groups: pd.Series) -> pd.DataFrame:
    counted = left.astype(bool).groupby(groups, sort=True, observed=True).agg(["size", "sum"]).reset_index()
    counted.columns = pd.Index(["group", "customers", "left"])
    customers = counted["customers"].to_numpy(np.int64)
    rate = counted["left"].to_numpy(np.float64) / customers
    low, high = wilson_interval(rate, customers)
    return counted.assign(group=counted["group"].astype(str), rate=rate, low=low, high=high)


def retention_tables(customers: pd.DataFrame, window: int, by: str | None, *, in_years: bool = False) -> pd.DataFrame:
    """Return `retention.life_table` of whole months under a window, of all and by group, in one frame.

    With ``in_years`` a period is a year, and a customer of 3 whole years is in the fourth; what left within another
    window than whole years is scaled to a year, as if every part of it were alike.

    Returns
    -------
    pandas.DataFrame
        The columns of `life_table` with ``group`` before them; "" is everybody.
    """
    known = customers.dropna(subset=["tenure_months"])
    tenure, left = known["tenure_months"].to_numpy(np.float64), known["left"].to_numpy(bool)
    periods, scale = window, 1.0
    if in_years:
        begun = np.floor(tenure / 12).astype(np.int64) + 1
        periods, scale = (window // 12, 1.0) if window % 12 == 0 else (1, 12 / window)
    else:
        # who left in the month of joining has begun that month
        begun = np.maximum(np.ceil(tenure).astype(np.int64), left.astype(np.int64))
    rows = pd.DataFrame({"tenure": begun, "left": left, "group": ""})
    tables = [life_table(rows, tenure="tenure", window=periods).assign(group="")]
    if by is not None:
        rows["group"] = worded(known[by]).to_numpy()
        sizes = rows["group"].value_counts()
        large = rows[rows["group"].isin(sizes.index[sizes >= FEWEST][:MOST_CURVES])]
        if len(large["group"].unique()) > 1:
            tables.append(life_table(large, tenure="tenure", window=periods, by="group"))
    table: pd.DataFrame = pd.concat(tables, ignore_index=True)
    for name in ("hazard", "hazard_low", "hazard_high"):
        table[name] = 1 - (1 - table[name]) ** scale
    for name in ("retention", "retention_low", "retention_high"):
        table[name] **= scale
    return table[["group", *table.columns.drop("group")]]
