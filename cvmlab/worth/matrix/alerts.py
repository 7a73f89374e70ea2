"""Alerts: which valuable customers slide, and how much sliding chance alone would give (S11; CVM-ENC §3).

A customer is found valuable in a good year, and the next one is seldom as good: of those above the threshold some slide
though nothing about them has changed (regression to the mean). Without a true change the halves of each pair of months
(May of last year and May of this year) could as well stand the other way round. So every exchange of such pairs shows
a history that chance could have given: a paired permutation test (Fisher 1935, The Design of Experiments), which keeps
the season and asks nothing about the shape of the amounts. A fall of the whole market is a true change, not chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from cvmlab.core.checking import check_count, check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError
from cvmlab.data.panels import Panel
from cvmlab.data.tables import CUSTOMER_ID, REVENUE

from .moves import change_by_count

# Five pairs have 32 exchanges, hardly enough; more than eight are joined: 256 exchanges are.
_LEAST_PAIRS, _MOST_PAIRS = 5, 8
_CUSTOMERS_AT_ONCE = 10_000
# What sums of the same figures in another order may differ by.
_ROUNDING = 1e-9
# Falls are looked at in steps of a twentieth of the value before.
_STEPS = 20
# That so many fall by so much must itself be no accident.
_ACCIDENT = 0.01


@public
def value_alerts(
    panel: Panel,
    threshold: float,
    *,
    value: str = REVENUE,
    window: int | None = None,
    most_by_chance: float = 0.2,
) -> pd.DataFrame:
    """Return the valuable customers whose value fell, alerts first, the most money first, and what changed.

    The last window is compared with the one before it. An alert is a fall of x% or more, the plainest rule there is;
    x is the smallest step of five points at which chance gives no larger a share of such falls than
    ``most_by_chance`` (see `falls_by_chance`). Where chance explains the falls there is no alert.

    Parameters
    ----------
    panel, value
        From `cvmlab.aggregate.panel`, and the measure (money) that is compared: ``"revenue"`` or ``"profit"``.
    threshold
        Money per window, at least 0; a customer above it is valuable.
    window
        Periods per window, at least 5; 12 months if the panel has twice as many, else half of the panel. Whole years
        keep the season out.
    most_by_chance
        Share of the alerts that may be chance, above 0 and below 1.

    Returns
    -------
    pandas.DataFrame
        A row per customer who was valuable and fell: ``customer_id``, ``value_before``, ``value_after``,
        ``value_lost`` (money per window), ``drop`` (share of the value before, above 1 if it is negative by now),
        ``slid`` (whether at or below the threshold by now), ``alert``, ``change_by_months``, ``change_by_amount``
        (money, adding up to −``value_lost``: due to the number of periods with a purchase, and to the amount in them,
        shared out as in `why_moved`), ``reason``: ``stopped``, ``fewer_months``, ``less_per_month``.

    Raises
    ------
    CvmError
        For a measure the panel lacks or a figure that is not finite, or windows that are too short or too long.

    Examples
    --------
    >>> month = np.arange("2023-01", "2025-01", dtype="datetime64[M]").astype("datetime64[D]")
    >>> bought = np.column_stack([[50.0] * 12 + [0.0] * 12, [90.0, 0.0, 20.0, 10.0] * 6, [40.0] * 24])
    >>> ids = np.array(["stopped", "irregular", "steady"], dtype=object)
    >>> panel = Panel(ids, month, 1, {"revenue": bought}, np.zeros(3, dtype=np.int64))
    >>> value_alerts(panel, 300)[["customer_id", "value_lost", "slid", "alert", "reason"]].values.tolist()
    [['stopped', 600.0, True, True, 'stopped']]
    """
    pairs = _pairs(panel, threshold, value, window)
    cut = _cut(_falls(pairs, threshold, most_by_chance))
    change = pairs.after - pairs.before
    fell = (pairs.before > threshold) & (change < -_ROUNDING * pairs.before)
    drop = np.divide(-change, pairs.before, out=np.zeros_like(change), where=fell)
    by_months = change_by_count(pairs.before, pairs.after, pairs.bought_before, pairs.bought_after)
    stopped, fewer = (pairs.bought_after == 0) & (pairs.bought_before > 0), by_months <= change - by_months
    found = pd.DataFrame(
        {
            CUSTOMER_ID: pairs.customer_id,
            "value_before": pairs.before,
            "value_after": pairs.after,
            "value_lost": -change,
            "drop": drop,
            "slid": pairs.after <= threshold,
            "alert": _step(drop) >= cut,
            "change_by_months": by_months,
            "change_by_amount": change - by_months,
            "reason": np.select([stopped, fewer], ["stopped", "fewer_months"], "less_per_month").astype(object),
        }
    )[fell]
    return found.sort_values(["alert", "value_lost", CUSTOMER_ID], ascending=[False, False, True], ignore_index=True)


@public
def falls_by_chance(
    panel: Panel,
    threshold: float,
    *,
    value: str = REVENUE,
    window: int | None = None,
    most_by_chance: float = 0.2,
) -> pd.DataFrame:
    """Return how many valuable customers fell by how much, and how many would have fallen by chance alone.

    By chance: the mean over all exchanges of the pairs of periods, over all customers, those included whom only an
    exchange makes valuable. Where customers did change, exchanges mix their good and bad months, and where purchases
    come by the clock they make an even year uneven: the figure is then rather too high than too low.

    Parameters
    ----------
    panel, threshold, value, window, most_by_chance
        Those of `value_alerts`.

    Returns
    -------
    pandas.DataFrame
        A row per ``drop`` from 0 to 1 in steps of 0.05: of the customers who were valuable and fell by this share or
        more, ``customers``, ``slid`` (of these, now at or below the threshold), ``value_lost`` (money per window), each
        with what chance alone would give (``customers_by_chance``, ``slid_by_chance``, ``value_lost_by_chance``);
        ``share_by_chance`` (0 to 1, 1 where nobody fell); ``alert``: whether a fall of this share is one, that is
        whether it or a smaller one has a share by chance of at most ``most_by_chance``, and so many customers would
        fall so far by chance in one case of a hundred at most (ours).

    Examples
    --------
    >>> month = np.arange("2023-01", "2025-01", dtype="datetime64[M]").astype("datetime64[D]")
    >>> bought = np.random.default_rng(1).poisson(0.6, (24, 1000)) * 50.0
    >>> ids = np.array([f"{number:04}" for number in range(1000)], dtype=object)
    >>> unchanged = Panel(ids, month, 1, {"revenue": bought}, np.zeros(1000, dtype=np.int64))
    >>> found = falls_by_chance(unchanged, 400).query("drop == 0.5")
    >>> found[["customers", "customers_by_chance", "alert"]].round().values.tolist()
    [[89, 82.0, False]]
    """
    return _falls(_pairs(panel, threshold, value, window), threshold, most_by_chance)


def _falls(pairs: _Pairs, threshold: float, most_by_chance: float) -> pd.DataFrame:
    check_parameter("most_by_chance", most_by_chance, 1e-6, 1 - 1e-6)
    seen, by_chance = np.zeros((3, _STEPS + 1)), np.zeros((3, _STEPS + 1))
    for total, falls in _exchanged(pairs):
        before = (total + falls) / 2
        # the first exchange leaves everything as it is
        seen += _counted(before[:, :1], falls[:, :1], threshold)
        by_chance += _counted(before, falls, threshold) / falls.shape[1]
    share = np.minimum(np.divide(by_chance[0], seen[0], out=np.ones(_STEPS + 1), where=seen[0] > 0), 1)
    # the chance of so many or more under a Poisson law; scipy.stats says the same, and takes seconds to import
    is_no_accident = special.gammainc(np.maximum(seen[0], 1), by_chance[0]) <= _ACCIDENT
    return pd.DataFrame(
        {
            "drop": np.arange(_STEPS + 1) / _STEPS,
            "customers": seen[0].astype(np.int64),
            "customers_by_chance": by_chance[0],
            "slid": seen[1].astype(np.int64),
            "slid_by_chance": by_chance[1],
            "value_lost": seen[2],
            "value_lost_by_chance": by_chance[2],
            "share_by_chance": share,
            "alert": np.maximum.accumulate((seen[0] > 0) & (share <= most_by_chance) & is_no_accident),
        }
    )


def _counted(before: NDArray[np.float64], falls: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Return customers, those who slid and money lost by the least fall, over all exchanges given."""
    fell = (before > threshold) & (falls > _ROUNDING * before)
    lost, had = falls[fell], before[fell]
    step = _step(lost / had)
    rows = (np.ones(len(lost)), (had - lost <= threshold).astype(np.float64), lost)
    by_step = np.array([np.bincount(step, weights=row, minlength=_STEPS + 1) for row in rows])
    return by_step[:, ::-1].cumsum(axis=1)[:, ::-1]


def _step(drop: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return how many steps a customer has fallen."""
    return np.minimum(drop * _STEPS + 1e-9, _STEPS).astype(np.intp)


def _cut(falls: pd.DataFrame) -> int:
    """Return the number of steps from which a fall is an alert, more than there are if none is."""
    alert = falls["alert"].to_numpy()
    return int(alert.argmax()) if alert.any() else _STEPS + 1


@dataclass(frozen=True)
class _Pairs:
    """The two windows of the customers whom some exchange of their pairs makes valuable."""

    customer_id: NDArray[np.object_]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    bought_before: NDArray[np.float64]
    bought_after: NDArray[np.float64]
    #: How much each pair of periods, or of groups of periods, fell, shape (customers, pairs).
    falls: NDArray[np.float64]


def _pairs(panel: Panel, threshold: float, value: str, window: int | None) -> _Pairs:
    check_parameter("threshold", threshold, 0)
    if value not in panel.values:  # noqa: PD011
        columns = ", ".join(panel.values)
        raise CvmError("tables.missing_column", table="panel", column=value, columns=columns)
    periods = len(panel.period)
    if window is None:
        window = min(max(12 // panel.months, 1), periods // 2)
        if window < _LEAST_PAIRS:
            raise CvmError("matrix.window_short", periods=periods, window=window, least=_LEAST_PAIRS)
    check_count("window", window, _LEAST_PAIRS)
    if 2 * window > periods:
        raise CvmError("matrix.window_long", periods=periods, window=window, needed=2 * window)
    figures = panel[value].astype(np.float64)[periods - 2 * window :]
    check_parameter("panel_figures", figures)
    earlier, later = figures[:window], figures[window:]
    pairs = min(window, _MOST_PAIRS)
    falls = np.add.reduceat(earlier - later, np.arange(pairs) * window // pairs, axis=0).T
    before, after = earlier.sum(axis=0), later.sum(axis=0)
    could = (before + after + np.abs(falls).sum(axis=1)) / 2 > threshold
    return _Pairs(
        np.asarray(panel.customer_id, dtype=object)[could],
        before[could],
        after[could],
        (earlier != 0).sum(axis=0)[could].astype(np.float64),
        (later != 0).sum(axis=0)[could].astype(np.float64),
        falls[could],
    )


def _exchanged(pairs: _Pairs) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Yield the sum of both windows of some customers, and how much they fall at each exchange."""
    count = pairs.falls.shape[1]
    bits = np.arange(2**count) >> np.arange(count)[:, np.newaxis] & 1
    signs = 1.0 - 2.0 * bits
    total = pairs.before + pairs.after
    for start in range(0, len(total), _CUSTOMERS_AT_ONCE):
        rows = slice(start, start + _CUSTOMERS_AT_ONCE)
        yield total[rows, np.newaxis], pairs.falls[rows] @ signs
