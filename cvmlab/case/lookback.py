"""The judgement of a case over time: the same judgement made earlier, and one window compared with the one before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.periods import DAYS_A_YEAR
from cvmlab.core.statistics import total_of
from cvmlab.core.words import say
from cvmlab.data import aggregate, windows
from cvmlab.data.tables import CUSTOMER_ID
from cvmlab.worth import buying, matrix
from cvmlab.worth.matrix import VALUABLE, Thresholds
from cvmlab.worth.value import potential

from . import backtest
from .assumptions import Assumptions
from .expectations import CUSTOMERS_FOR_A_MODEL, fit_models, per_purchase_day, with_contribution

_LEAST_BACKTEST_SPAN = 6
_SILENT_FOR_A_CORRECTION = 10
# Shares captured by the model and its rival that differ by less are called equal.
_EQUAL_WITHIN = 0.01
_LEAST_WINDOW_MONTHS, _MOST_WINDOW_MONTHS = 3, 12


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
    """

    cut: date
    months: int
    customers: pd.DataFrame
    alarms: backtest.Alarms
    model_captured: float
    rival_captured: float
    ideal_captured: float

    @property
    def comparable(self) -> backtest.Alarms:
        """Warnings about customers such as those on a call list: two orders, and a purchase in the year before."""
        # most customers called silent have been gone for years; that they do not return says nothing of these
        chosen = self.customers.loc[(self.customers["orders"] >= 2) & (self.customers["last_year_revenue"] > 0)]
        return backtest.alarms(chosen["silent"].to_numpy(bool), chosen["bought"].to_numpy(bool))

    @property
    def corrects_silence(self) -> bool:
        """Whether enough customers were called silent for their return to say something."""
        return self.comparable.silent >= _SILENT_FOR_A_CORRECTION

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


def look_back(transactions: Any, as_of: date, first_date: date, assumed: Assumptions) -> tuple[Past | None, str]:
    """Return the same judgement as of some months earlier beside what happened; None and the reason if it fails."""
    span = _whole_months(first_date, as_of)
    months = min(assumed.backtest_months, span // 3)
    if span < _LEAST_BACKTEST_SPAN or months < 1:
        return None, say("case.past_too_short")
    cut = windows.months_before(as_of, months)
    known = aggregate.summarise_customers(transactions, as_of=cut).df().sort_values(CUSTOMER_ID, ignore_index=True)
    if len(known) < CUSTOMERS_FOR_A_MODEL:
        return None, say("case.past_few", count=CUSTOMERS_FOR_A_MODEL)
    models = fit_models(known)
    if models.bg_nbd is None:
        return None, say("case.past_no_model", cut=cut)
    days = (as_of - cut).days
    scores = buying.score_customers(known, models.bg_nbd, models.gamma_gamma, days=days)
    later_log = windows.between(transactions, cut, as_of)
    if not windows.any_between(transactions, cut, as_of):
        return None, say("case.past_nothing_later", cut=cut)
    judged = known.assign(
        # as the current value does: a refund takes from what a purchase brings
        expected_revenue=scores["expected_orders"].to_numpy(float)
        * per_purchase_day(known, "revenue", scores["expected_spend"].to_numpy(float), models.gamma_gamma),
        p_alive=scores["p_alive"].to_numpy(float),
        chance_to_buy=models.bg_nbd.chance_to_buy(known, days),
        silent=scores["p_alive"].to_numpy(float) < assumed.silent_below,
        last_year_revenue=_last_year_revenue(transactions, cut, known),
    )
    customers = backtest.outcomes(judged, aggregate.summarise_customers(later_log).df())
    actual = customers["later_revenue"].to_numpy(float)
    if total_of(actual) <= 0:  # then no ranking can capture a share of it
        return None, say("case.past_nothing_later", cut=cut)
    alarms = backtest.alarms(customers["silent"].to_numpy(bool), customers["bought"].to_numpy(bool))
    ranked_by = (customers["expected_revenue"].to_numpy(float), customers["last_year_revenue"].to_numpy(float), actual)
    captured = [backtest.captured_share(score, actual) for score in ranked_by]
    return Past(cut, months, customers, alarms, *captured), ""


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
