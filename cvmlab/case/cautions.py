"""What a reader of a case must know before acting on it: trend, season, contracts, overdue payments, bad data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd

from cvmlab.core.periods import DAYS_A_YEAR
from cvmlab.core.statistics import total_of
from cvmlab.data.tables import CUSTOMER_ID, PROFIT
from cvmlab.worth import matrix, portfolio

from .expectations import with_contribution

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cvmlab.data.reading import DataReport

    from .judgement import Case

Light = Literal["good", "fair", "poor"]
# Shares of rows or of money that could not be used (ours).
FAIR_ABOVE, POOR_ABOVE = 0.01, 0.10
# So much the backtest's expectation and what came may differ before a reader must know.
_LEVEL_OFF = 0.25
_SEASON_SHARE = 0.25
# Words in unused columns that may say that a row is no sale, from this share of the money on.
_IDLE, _IDLE_SHARE = ("states_unused", "sides_unused", "rare_words"), 0.02
# Warnings after which money or customers are likely to be wrong, by what they are about: on 201 files of many programs
# that were read right none was given, on 7 of the 34 that were not it was.
_GRAVE = {
    **dict.fromkeys(("deductions_unused", "columns_unused", "adjusted_unused", "other_side_unused"), "money"),
    **dict.fromkeys(("quantity_negative", "flag_of_numbers"), "returns"),
    **dict.fromkeys(("ids_alike", "few_ids"), "ids"),
}
_CONTRACT_SHARE, _CONTRACT_MONTHS = 0.9, 4
_CONTRACT_TIMES, _CONTRACT_PERIODS = 3, (1, 2, 3, 4, 6, 12)
_LATE_DAYS = 28
_ALONE = 1 / 3
#: A change below this share counts as none.
UNCHANGED = 0.005
# A customer whose fall is this share of all revenue is news.
_LARGE_FALL = 0.02
# Among all customers chance would bring fewer than so many silences as long (ours), after so many gaps.
_BY_CHANCE, _LEAST_GAPS = 0.05, 3


def idle_columns(quality: DataReport) -> tuple[list[str], float] | None:
    """Return the unused columns by whose words part of the money may be no sales, and the largest such share of it.

    None where that share is small, or where the words are those of everyday columns.
    """
    found: dict[str, float] = {}
    for note in quality.notes:
        # rare words that speak of nothing stand beside many a sale
        if note.key not in _IDLE or (note.key == "rare_words" and note.level != "warning"):
            continue
        said = note.values  # noqa: PD011
        share = float(said.get("money_share", 0.0))
        if share >= _IDLE_SHARE:
            name = str(said.get("columns") or f"'{said['column']}'")
            found[name] = max(share, found.get(name, 0.0))
    return (list(found), max(found.values())) if found else None


def grave_warnings(quality: DataReport) -> list[str]:
    """Return what the warnings on the data are about that likely change money or customers: money, returns, ids."""
    return list(dict.fromkeys(_GRAVE[note.key] for note in quality.warnings if note.key in _GRAVE))


def quality_light(quality: DataReport) -> Light:
    """Return ``poor`` above 10% of unusable rows or money, ``fair`` above 1% or with a warning, else ``good``."""
    dropped = max(quality.dropped_share, quality.dropped_money_share)
    if dropped > POOR_ABOVE:
        return "poor"
    return "fair" if dropped > FAIR_ABOVE or quality.warnings else "good"


def value_curve(case: Case) -> pd.DataFrame | None:
    """Return the year's whale curve, the concentration curve where a contribution is revenue; None without buyers."""
    # of the year's buyers: those long gone would make any history look concentrated
    buyers = buyers_of_the_year(case)
    if not len(buyers):
        return None
    if case.basis == "revenue":
        return portfolio.concentration_curve(buyers, revenue="yearly_contribution")
    return portfolio.whale_curve(buyers, profit="yearly_contribution")


def buyers_of_the_year(case: Case) -> pd.DataFrame:
    """Return the customers with an order in the last 12 months, or with money from an earlier one."""
    customers = case.customers
    return customers.loc[(customers["yearly_orders"] > 0) | (customers["yearly_contribution"] != 0)]


def base_frame(case: Case) -> pd.DataFrame:
    """Return ``period``, ``active_customers``, ``new_customers``, ``revenue`` of each complete month [, ``profit``]."""
    panel = case.panel
    months = len(panel.period)
    columns = {
        "period": panel.period,
        "active_customers": (panel["volume"] > 0).sum(axis=1),
        "new_customers": np.bincount(panel.first, minlength=months)[:months],
        "revenue": panel["revenue"].sum(axis=1),
    }
    frame = pd.DataFrame(columns)
    if case.basis == "revenue":
        return frame
    sums = frame.assign(orders=panel["volume"].sum(axis=1))
    if PROFIT in panel.values:  # noqa: PD011
        sums[PROFIT] = panel[PROFIT].sum(axis=1)
    return frame.assign(profit=with_contribution(sums, case.assumptions)[0]["contribution"])


class Trend(NamedTuple):
    """Customers who bought and revenue in the latest months and in as many months before; who makes most of it.

    ``largest`` is the customer, if there is one, who alone makes a third of the change of revenue or more, and ``by``
    the change of that customer, money; where it exceeds the whole change, ``others`` is the share by which the revenue
    of all others changed. ``faller`` is another who brought less by ``fall``, a fiftieth of all or more.
    """

    now: tuple[float, float]
    before: tuple[float, float]
    over: Literal["years", "months_a_year_apart", "months"]
    largest: str = ""
    by: float = 0.0
    faller: str = ""
    fall: float = 0.0
    others: float | None = None


def trend(case: Case) -> Trend | None:
    """Return the last 12 months beside the 12 before, in a shorter history three complete months; None if too few.

    A year has every season in it and rests on no single month. Three months are compared with the same ones a year
    before, so that a season is not taken for a trend, or with the three before if that is too long ago.
    """
    if case.moves is not None and case.moves.months == 12:
        return _years(case.moves.moves)
    months = len(case.panel.period)
    if months >= 15:
        return Trend(_bought(case, -3, months), _bought(case, -15, -12), "months_a_year_apart")
    return Trend(_bought(case, -3, months), _bought(case, -6, -3), "months") if months >= 6 else None


def _years(moves: pd.DataFrame) -> Trend:
    """Return the trend of customers who moved, or not, from one year to the next."""
    money = moves[["revenue_before", "revenue_after"]].fillna(0.0)
    before, now = (float(money[name].sum()) for name in money.columns)
    were, are = int(moves["from_type"].ne(matrix.NEW).sum()), int(moves["to_type"].ne(matrix.GONE).sum())
    changes = (money["revenue_after"] - money["revenue_before"]).to_numpy(float)
    most, least = int(np.abs(changes).argmax()), int(changes.argmin())
    # of a change that is told as none, nobody makes a part; with a share above 1 the others went the other way
    changed = abs(now - before) >= UNCHANGED * abs(before)
    share = changes[most] / (now - before) if changed and now != before else 0.0
    found = (str(moves[CUSTOMER_ID].iloc[most]), float(changes[most])) if share >= _ALONE else ("", 0.0)
    large = -changes[least] >= _LARGE_FALL * before > 0 and (least != most or not found[0])
    rest = before - float(money["revenue_before"].iloc[most])
    others = (
        (now - float(money["revenue_after"].iloc[most])) / rest - 1 if found[0] and share > 1 and rest > 0 else None
    )
    fell = (str(moves[CUSTOMER_ID].iloc[least]), -float(changes[least])) if large else ("", 0.0)
    return Trend((are, now), (were, before), "years", *found, *fell, others)


def _bought(case: Case, first: int, end: int) -> tuple[float, float]:
    """Return how many customers bought in some months, and for how much."""
    volume, revenue = case.panel["volume"][first:end], case.panel["revenue"][first:end]
    return float((volume > 0).any(axis=0).sum()), float(revenue.sum())


def level_off(case: Case) -> float | None:
    """Return by what share the backtest expected too much or too little, None where it was near enough."""
    if case.past is None:
        return None
    expected, actual = case.past.expected, case.past.actual
    if min(expected, actual) <= 0 or max(expected, actual) <= (1 + _LEVEL_OFF) * min(expected, actual):
        return None
    return expected / actual - 1


def sees_nobody_leave(case: Case) -> bool:
    """Return whether a model judged in whose eyes everybody is still a customer: it cannot tell a pause from a loss."""
    return not case.models.is_rule and bool(case.customers["p_alive"].min() > case.assumptions.silent_below)


def silent_beyond_chance(case: Case) -> pd.DataFrame:
    """Return the customers whose silence is longer than chance would bring in any of them, the largest first.

    A buyer at random with x gaps so far is silent for s of them with chance (1 + s/x)^−x, the own rate being estimated.
    """
    customers = case.customers
    gaps, silence = customers["frequency"].to_numpy(float), customers["silent_gaps"].to_numpy(float)
    enough = (gaps >= _LEAST_GAPS) & (silence > 0)
    rare = np.where(enough, (1 + np.where(enough, silence, 0) / np.maximum(gaps, 1)) ** -gaps, 1.0)
    chosen = (rare * len(customers) < _BY_CHANCE) & (customers["silent_days"].to_numpy(float) <= 2 * DAYS_A_YEAR)
    return customers.loc[chosen].sort_values("last_active_year", ascending=False)


def high_season(case: Case) -> tuple[int, float] | None:
    """Return the calendar month with over a quarter of revenue in each of the last two years, and its share."""
    revenue = base_frame(case)["revenue"].to_numpy(float)[-24:]
    if len(revenue) < 24:
        return None
    years = revenue.reshape(2, 12)
    totals = np.array([total_of(year) for year in years])
    if (totals <= 0).any():
        return None
    shares = (years / totals[:, None]).min(axis=0)
    place = int(shares.argmax())
    if shares[place] < _SEASON_SHARE:
        return None
    month = int(case.panel.period[-12:].astype("datetime64[M]")[place].astype(int) % 12) + 1
    return month, float(years[:, place].sum() / totals.sum())


def contract_months(case: Case) -> int | None:
    """Return the months (1, 2, 3, 4, 6 or 12) between nearly all purchases, one each time; None if there are none."""
    active = case.panel["volume"] > 0
    if _once_a_month(case.panel["volume"]):
        return 1
    enough = active.sum(axis=0) >= _CONTRACT_TIMES
    if not enough.any() or enough.sum() * 2 < active.any(axis=0).sum():
        return None
    customer, month = np.nonzero(active[:, enough].T)
    gaps = np.diff(month)[np.diff(customer) == 0]
    months = int(np.bincount(gaps).argmax())
    alike = (gaps == months).mean() >= _CONTRACT_SHARE
    once = (case.panel["volume"][:, enough].T[customer, month] == 1).mean() >= _CONTRACT_SHARE
    return months if months in _CONTRACT_PERIODS and alike and once else None


def _once_a_month(bought: NDArray[np.float64]) -> bool:
    """Return whether customers buy exactly once in nearly every month from their first to their last one."""
    active = bought > 0
    enough = active.sum(axis=0) >= _CONTRACT_MONTHS
    if enough.sum() * 2 < (active.any(axis=0)).sum() or not enough.any():
        return False
    started = np.maximum.accumulate(active, axis=0)
    not_over = np.maximum.accumulate(active[::-1], axis=0)[::-1]
    within = started & not_over & enough
    return bool((bought[within] == 1).mean() >= _CONTRACT_SHARE)


def overdue(case: Case, months: int) -> pd.DataFrame:
    """Return the customers not on the call list whose payment is four weeks to a year late, the largest first.

    ``months`` lie between payments.
    """
    customers = case.customers
    late = customers["silent_days"].to_numpy(float) - months * DAYS_A_YEAR / 12
    chosen = customers[(late >= _LATE_DAYS) & (late <= DAYS_A_YEAR) & (customers["orders"] >= _CONTRACT_TIMES)]
    chosen = chosen[~chosen[CUSTOMER_ID].isin(case.calls[CUSTOMER_ID])]
    return chosen.sort_values("last_active_year", ascending=False)
