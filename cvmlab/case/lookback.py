"""The judgement of a case over time: the same judgement made earlier, and one window compared with the one before."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.periods import DAYS_A_YEAR
from cvmlab.core.statistics import total_of
from cvmlab.core.words import say
from cvmlab.data import aggregate, windows
from cvmlab.data.tables import CUSTOMER_ID
from cvmlab.worth import buying, matrix
from cvmlab.worth.buying import GapRule
from cvmlab.worth.buying.choosing import FREE, fit_kind
from cvmlab.worth.matrix import VALUABLE, Thresholds
from cvmlab.worth.value import potential

from . import backtest
from .assumptions import Assumptions
from .ended import gone_by
from .expectations import CUSTOMERS_FOR_A_MODEL, Models, with_contribution
from .forecasts import tracking
from .rhythm import buys_at_intervals
from .spending import own_mean_if_nearer, per_purchase_day, spend_model

_LEAST_BACKTEST_SPAN, _SPAN_FOR_A_YEAR = 6, 30
# Standard errors from which the level of the expectations was off. Two are not enough: a year that brings more by
# luck is then carried on.
_EVIDENT = 3.0
# By so much one year differs from the next beside what the single customers do: a standard deviation of logarithms.
_YEARS_DIFFER = 0.1
# One giant's year is no level: so many equal customers must weigh as much.
_FOR_A_LEVEL = 20
# What so few customers make by themselves, such as a year of projects, is no level either.
_FEW = 10
# What one customer brings above its expectation counts up to so many times that.
_MOST_OF_ONE = 3.0
_SILENT_FOR_A_CORRECTION = 10
# Shares captured by the model and its rival that differ by less are called equal.
_EQUAL_WITHIN = 0.02
_LEAST_WINDOW_MONTHS, _MOST_WINDOW_MONTHS = 3, 12


class Tried(NamedTuple):
    """A model in the backtest: its Brier score of who buys (0 is perfect), and the revenue it expected, money."""

    models: Models
    brier: float
    expected: float


@dataclass(frozen=True)
class Past:
    """What the backtest found.

    Attributes
    ----------
    cut, months
        The last day that was known; number of months that were cut off and predicted.
    customers
        One row per customer known at the cut, with ``expected_revenue`` of the months cut off,
        ``last_year_revenue`` (the rival's score), ``silent``, ``later_revenue`` and ``bought``.
    alarms
        Right and false warnings of silence.
    model_captured, rival_captured, ideal_captured
        Share of the later revenue that the best fifth of customers brought, ranked by each (0 to 1).
    models
        What judged, fitted on what was known at the cut.
    tried
        Every model that was tried, the one that judged among them.
    tracking
        Purchases by month, actual and expected, before and after the cut; from `forecasts.tracking`.
    """

    cut: date
    months: int
    customers: pd.DataFrame
    alarms: backtest.Alarms
    model_captured: float
    rival_captured: float
    ideal_captured: float
    models: Models
    tried: list[Tried]
    tracking: pd.DataFrame

    @property
    def level(self) -> float:
        """What came over what was expected, where a whole year shows evidently more or less; otherwise 1.

        The rule of three gaps knows of nobody who leaves later, so what the average customer brought of what it
        expected counts always; each customer counts alike, as one giant's year is no level.
        """
        expected, actual = (self.customers[name].to_numpy(float) for name in ("expected_revenue", "later_revenue"))
        if self.months < 12 or min(self.expected, self.actual) <= 0:
            return 1.0
        if isinstance(self.models.buying, GapRule):
            return _kept_of_each(expected, actual)
        if _customers_that_count(actual) < _FOR_A_LEVEL or self.made_by_few:
            return 1.0
        return _evident_ratio(expected, actual)

    @property
    def made_by_few(self) -> bool:
        """Whether a whole year shows evidently more or less, and without ten customers it would not."""
        expected, actual = (self.customers[name].to_numpy(float) for name in ("expected_revenue", "later_revenue"))
        if self.months < 12 or min(self.expected, self.actual) <= 0 or isinstance(self.models.buying, GapRule):
            return False
        ratio = _evident_ratio(expected, actual)
        if ratio == 1:
            return False
        others = np.argsort((expected - actual) * np.sign(ratio - 1))[_FEW:]
        return _evident_ratio(expected[others], actual[others]) == 1

    @property
    def spread(self) -> float:
        """Standard deviation of the logarithm of what comes over what is expected: few giants make it large."""
        missed = self.customers["later_revenue"].to_numpy(float) - self.customers["expected_revenue"].to_numpy(float)
        if self.expected <= 0:
            return math.nan
        return math.sqrt(float((missed**2).sum()) / self.expected**2 + _YEARS_DIFFER**2)

    @property
    def nobody_left(self) -> bool:
        """Whether everybody known at the cut bought again: then it cannot be tested who finds those who leave."""
        return bool(self.customers["bought"].all())

    @property
    def recent(self) -> pd.DataFrame:
        """Customers like those that a call list may hold: two orders, and a purchase in the year before."""
        # most customers called silent have been gone for years; that they do not return says nothing of these
        of = self.customers
        return of.loc[(of["orders"] >= 2) & (of["last_year_revenue"] > 0)]

    @property
    def called(self) -> pd.DataFrame:
        """Those of the `recent` who were called silent."""
        return self.recent.loc[self.recent["silent"]]

    @property
    def going_on(self) -> pd.DataFrame:
        """Customers not called silent who had bought in the year before."""
        return self.customers.loc[~self.customers["silent"] & (self.customers["last_year_revenue"] > 0)]

    @property
    def came_back(self) -> int | None:
        """How many of the `called` bought after all; None where they are too few to say something."""
        called = self.called
        return int(called["bought"].sum()) if len(called) >= _SILENT_FOR_A_CORRECTION else None

    @property
    def expected(self) -> float:
        """Revenue that was expected of the months cut off, money."""
        return float(self.customers["expected_revenue"].sum())

    @property
    def actual(self) -> float:
        """Revenue that came in the months cut off, money."""
        return float(self.customers["later_revenue"].sum())

    @property
    def verdict(self) -> Literal["equal", "better", "worse"]:
        """How the model ranked customers, compared with last year's revenue."""
        difference = self.model_captured - self.rival_captured
        if not abs(difference) > _EQUAL_WITHIN:
            return "equal"
        return "better" if difference > 0 else "worse"

    def gains(self) -> pd.DataFrame:
        """Return the gain curves of model, rival and ideal."""
        methods = {"model": "expected_revenue", "last_year": "last_year_revenue"}
        return backtest.gain_curves(self.customers, methods, "later_revenue")

    def calibration(self) -> pd.DataFrame:
        """Return predicted against observed shares of customers that bought, in bands."""
        return backtest.calibration(
            self.customers["chance_to_buy"].to_numpy(float), self.customers["bought"].to_numpy(bool)
        )


@dataclass(frozen=True)
class Moves:
    """Customers who moved between the types from one window to the next.

    Attributes
    ----------
    months
        Length of each window.
    moves, movers
        From `cvmlab.matrix.migration`, and from `cvmlab.matrix.why_moved`.
    """

    months: int
    moves: pd.DataFrame
    movers: pd.DataFrame

    def groups(self) -> pd.DataFrame:
        """Return ``group`` (slid, rose, gone, new), ``customers`` and the sums of the changes of revenue, money."""
        was, now = self.movers["from_type"], self.movers["to_type"]
        gone, new = now.eq(matrix.GONE), was.eq(matrix.NEW)
        was_valuable, is_valuable = was.isin(VALUABLE), now.isin(VALUABLE)
        groups = {
            "slid": was_valuable & ~is_valuable & ~gone,
            "rose": ~was_valuable & is_valuable & ~new,
            "gone": gone,
            "new": new,
        }
        measures = ["revenue_change", "change_by_orders", "change_by_order_size"]
        rows = [
            {"group": group, "customers": int(chosen.sum()), **self.movers.loc[chosen, measures].sum().to_dict()}
            for group, chosen in groups.items()
        ]
        return pd.DataFrame(rows)


def _evident_ratio(expected: NDArray[np.float64], actual: NDArray[np.float64]) -> float:
    """Return what came over what was expected, 1 where customers differ too much to tell it from that."""
    expected_sum, actual_sum = float(expected.sum()), float(actual.sum())
    if min(expected_sum, actual_sum) <= 0:
        return 1.0
    # the standard error of the logarithm of a ratio of sums, by customers
    error = math.sqrt(float(((actual / actual_sum - expected / expected_sum) ** 2).sum()))
    ratio = actual_sum / expected_sum
    return ratio if abs(math.log(ratio)) > _EVIDENT * error else 1.0


def _kept_of_each(expected: NDArray[np.float64], actual: NDArray[np.float64]) -> float:
    """Return what customers brought of what was expected of each, in the mean; 1 for more, or too few of them."""
    known = expected > 0
    if known.sum() < _FOR_A_LEVEL:
        return 1.0
    return min(1.0, float(np.minimum(actual[known] / expected[known], _MOST_OF_ONE).mean()))


def _customers_that_count(amount: NDArray[np.float64]) -> float:
    """Return how many equal customers would make sums as uneven as these: few giants count for few."""
    squares = float((amount**2).sum())
    return float(amount.sum()) ** 2 / squares if squares > 0 else 0.0


def look_back(
    transactions: Any,
    as_of: date,
    first_date: date,
    assumed: Assumptions,
    candidates: list[Models],
    relationships: pd.DataFrame | None = None,
) -> tuple[Past | None, str]:
    """Return the same judgement as of some months earlier beside what happened; None and the reason if it fails.

    Every candidate is fitted on what was known at the cut, and the one whose chances to buy came nearest judges.
    Customers who had left by the dates of ``relationships`` are fitted on and not judged.
    """
    span = _whole_months(first_date, as_of)
    months = _months_cut_off(span, assumed)
    if span < _LEAST_BACKTEST_SPAN or months < 1:
        return None, say("case.past_too_short")
    cut = windows.months_before(as_of, months)
    known = aggregate.summarise_customers(transactions, as_of=cut).df().sort_values(CUSTOMER_ID, ignore_index=True)
    if len(known) < CUSTOMERS_FOR_A_MODEL:
        return None, say("case.past_few", count=CUSTOMERS_FOR_A_MODEL)
    models = _refitted(candidates, known)
    if not models:
        return None, say("case.past_no_model", cut=cut)
    if not windows.any_between(transactions, cut, as_of):
        return None, say("case.past_nothing_later", cut=cut)
    later = aggregate.summarise_customers(windows.between(transactions, cut, as_of)).df()
    uneven = own_mean_if_nearer(known, later, models[0].gamma_gamma)
    if uneven is not None:
        models = [replace(one, gamma_gamma=None, own_unevenness=uneven) for one in models]
    known = known.assign(last_year_revenue=_last_year_revenue(transactions, cut, known))
    everybody = known
    known = known.loc[~gone_by(relationships, cut, known[CUSTOMER_ID])].reset_index(drop=True)
    if len(known) < CUSTOMERS_FOR_A_MODEL:
        return None, say("case.past_few", count=CUSTOMERS_FOR_A_MODEL)
    judged = [backtest.outcomes(_judged(known, model, assumed, cut, as_of), later) for model in models]
    brier = [buying.brier(one["chance_to_buy"].to_numpy(float), one["bought"].to_numpy(bool)) for one in judged]
    best = int(np.argmin(brier))
    if judged[best]["bought"].all():
        best = _where_nobody_left(models, best, transactions)
    customers = judged[best]
    actual = customers["later_revenue"].to_numpy(float)
    if total_of(actual) <= 0:  # then no ranking can capture a share of it
        return None, say("case.past_nothing_later", cut=cut)
    alarms = backtest.alarms(customers["silent"].to_numpy(bool), customers["bought"].to_numpy(bool))
    ranked_by = (customers["expected_revenue"].to_numpy(float), customers["last_year_revenue"].to_numpy(float), actual)
    captured = [backtest.captured_share(score, actual) for score in ranked_by]
    tried = [
        Tried(model, score, float(one["expected_revenue"].sum()))
        for model, score, one in zip(models, brier, judged, strict=True)
    ]
    model, rival, ideal = captured
    tracked = tracking(transactions, everybody, known, models[best], cut, as_of)
    return Past(cut, months, customers, alarms, model, rival, ideal, models[best], tried, tracked), ""


def _where_nobody_left(models: list[Models], best: int, transactions: Any) -> int:
    """Return what judges where a test without a leaver cannot tell: three gaps, if customers buy at intervals."""
    rules = [place for place, one in enumerate(models) if isinstance(one.buying, GapRule)]
    free = isinstance(models[best].buying, FREE)
    return rules[0] if rules and free and buys_at_intervals(transactions) else best


def _months_cut_off(span: int, assumed: Assumptions) -> int:
    """Return how many months the backtest cuts off: as stated, or a whole year where the history is long enough."""
    if assumed.backtest_months is not None:
        return min(assumed.backtest_months, span // 3)
    # a whole year has every season in it
    return 12 if span >= _SPAN_FOR_A_YEAR else min(3, span // 3)


def _refitted(candidates: list[Models], known: pd.DataFrame) -> list[Models]:
    """Return the candidates fitted on the customers known at a cut, those that can be."""
    spend = spend_model(known)
    refitted = []
    for models in candidates:
        assert models.buying is not None
        model = fit_kind(type(models.buying), models.seen(known))
        if model is not None:
            refitted.append(replace(models, buying=model, gamma_gamma=spend))
    return refitted


def _judged(known: pd.DataFrame, models: Models, assumed: Assumptions, cut: date, as_of: date) -> pd.DataFrame:
    """Return what a model says at the cut of each customer, and of the months after it."""
    assert models.buying is not None
    seen, days = models.seen(known), models.days(cut, as_of)
    scores = buying.score_customers(seen, models.buying, models.gamma_gamma, days=days)
    spend = scores["expected_spend"].to_numpy(float)
    alive = scores["p_alive"].to_numpy(float)
    # as the current value does: a refund takes from what a purchase brings
    worth = per_purchase_day(known, "revenue", spend, models.gamma_gamma)
    worth = models.as_last_year(known, worth, known["last_year_revenue"].to_numpy(float))
    return known.assign(
        expected_revenue=scores["expected_orders"].to_numpy(float) * worth,
        p_alive=alive,
        chance_to_buy=models.buying.chance_to_buy(seen, days),
        silent=alive < assumed.silent_below,
    )


def _last_year_revenue(transactions: Any, cut: date, known: pd.DataFrame) -> NDArray[np.float64]:
    """Return what each known customer brought in the 12 months up to the cut."""
    after = windows.months_before(cut, 12)
    if not windows.any_between(transactions, after, cut):
        return np.zeros(len(known))
    year = aggregate.summarise_customers(windows.between(transactions, after, cut), as_of=cut).df()
    revenue = year.set_index(CUSTOMER_ID)["revenue"].reindex(known[CUSTOMER_ID]).fillna(0.0)
    return np.asarray(revenue, dtype=np.float64)


def compare_windows(
    transactions: Any, as_of: date, first_date: date, thresholds: Thresholds, assumed: Assumptions
) -> Moves | None:
    """Classify what was bought in the last window and in the one before it; None if the history is too short."""
    # a window is half of the history, at least 3 and at most 12 months
    months = min(_MOST_WINDOW_MONTHS, _whole_months(first_date, as_of) // 2)
    if months < _LEAST_WINDOW_MONTHS:
        return None
    middle = windows.months_before(as_of, months)
    start = windows.months_before(as_of, 2 * months)
    spans = [(start, middle), (middle, as_of)]
    summaries = [
        aggregate.summarise_customers(windows.between(transactions, after, until), as_of=until).df()
        for after, until in spans
        if windows.any_between(transactions, after, until)
    ]
    if len(summaries) < len(spans):
        return None
    before, after = (_types_in_window(summary, months, thresholds, assumed) for summary in summaries)
    return Moves(months, matrix.migration(before, after), matrix.why_moved(before, after))


def _types_in_window(summary: pd.DataFrame, months: int, thresholds: Thresholds, assumed: Assumptions) -> pd.DataFrame:
    customers, _ = with_contribution(summary, assumed)
    customers = potential.headroom(
        customers, value="contribution", minimum_days=months * DAYS_A_YEAR / 12,
        bands=potential.bands_for(len(customers)),
    )  # fmt: skip
    # nothing is expected in a window: current value is the contribution bought in it, scaled to the horizon
    bought = customers["contribution"] * assumed.horizon_months / months
    return matrix.classify(customers.assign(current_value=bought), thresholds)


def _whole_months(first: date, last: date) -> int:
    # the day after the last one: January to December are twelve months
    end = last + timedelta(days=1)
    return (end.year - first.year) * 12 + end.month - first.month - (end.day < first.day)
