"""The judgement of a case held against time: the same judgement made earlier, and one window against another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.periods import DAYS_A_YEAR
from cvmlab.core.words import say
from cvmlab.data import aggregate, windows
from cvmlab.data.tables import CUSTOMER_ID
from cvmlab.worth import buying, matrix
from cvmlab.worth.matrix import Thresholds
from cvmlab.worth.matrix import moves as migration
from cvmlab.worth.value import potential

from . import backtest
from .assumptions import Assumptions
from .expectations import CUSTOMERS_FOR_A_MODEL, fit_models, with_contribution

_LEAST_BACKTEST_SPAN = 6
_SILENT_FOR_A_CORRECTION = 10
_LEAST_WINDOW_MONTHS, _MOST_WINDOW_MONTHS = 3, 12


@dataclass(frozen=True)
class Past:
    """What the backtest found.

    Attributes
    ----------
    cut
        The last day that was known.
    months
        Number of months that were cut off and predicted.
    customers
        One row a customer known at the cut, with ``expected_revenue`` of the months cut off,
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
        """Warnings about customers such as those on a call list: two orders, and a purchase in the year before.

        Most customers called silent have been gone for years; that they do not come back says nothing of these.
        """
        chosen = self.customers.loc[(self.customers["orders"] >= 2) & (self.customers["last_year_revenue"] > 0)]
        return backtest.alarms(chosen["silent"].to_numpy(bool), chosen["bought"].to_numpy(bool))

    @property
    def corrects_silence(self) -> bool:
        """Whether enough customers were called silent for their return to say something."""
        return self.comparable.silent >= _SILENT_FOR_A_CORRECTION

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
    """Who moved between the types from one window to the next.

    Attributes
    ----------
    months
        Length of each window.
    moves
        From `cvmlab.matrix.migration`.
    movers
        From `cvmlab.matrix.why_moved`: those who moved, and what changed.
    """

    months: int
    moves: pd.DataFrame
    movers: pd.DataFrame


def look_back(transactions: Any, as_of: date, first_date: date, assumed: Assumptions) -> tuple[Past | None, str]:
    """Make the same judgement as of some months earlier and compare it with what happened.

    Returns
    -------
    past : Past or None
        None where the log cannot carry it.
    problem : str
        Why not, a sentence in the language in force; empty if it can.
    """
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
        expected_revenue=scores["expected_revenue"].to_numpy(float),
        p_alive=scores["p_alive"].to_numpy(float),
        chance_to_buy=models.bg_nbd.chance_to_buy(known, days),
        silent=scores["p_alive"].to_numpy(float) < assumed.silent_below,
        last_year_revenue=_last_year_revenue(transactions, cut, known),
    )
    customers = backtest.outcomes(judged, aggregate.summarise_customers(later_log).df())
    actual = customers["later_revenue"].to_numpy(float)
    return Past(
        cut=cut,
        months=months,
        customers=customers,
        alarms=backtest.alarms(customers["silent"].to_numpy(bool), customers["bought"].to_numpy(bool)),
        model_captured=backtest.captured_share(customers["expected_revenue"].to_numpy(float), actual),
        rival_captured=backtest.captured_share(customers["last_year_revenue"].to_numpy(float), actual),
        ideal_captured=backtest.captured_share(actual, actual),
    ), ""


def _last_year_revenue(transactions: Any, cut: date, known: pd.DataFrame) -> NDArray[np.float64]:
    """Return what each known customer brought in the 12 months up to the cut; nothing where nobody bought at all."""
    after = windows.months_before(cut, 12)
    if not windows.any_between(transactions, after, cut):
        return np.zeros(len(known))
    year = aggregate.summarise_customers(windows.between(transactions, after, cut), as_of=cut).df()
    revenue = year.set_index(CUSTOMER_ID)["revenue"].reindex(known[CUSTOMER_ID]).fillna(0.0)
    return np.asarray(revenue, dtype=np.float64)


def compare_windows(
    transactions: Any, as_of: date, first_date: date, thresholds: Thresholds, assumed: Assumptions
) -> Moves | None:
    """Classify what was bought in the last window and in the one before it; None for a log too short.

    A window is half of the log, at least 3 and at most 12 months. In a window nothing is expected: current
    value is the contribution bought in it, scaled to ``horizon_months``.
    """
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
    return Moves(months, migration.migration(before, after), migration.why_moved(before, after))


def _types_in_window(summary: pd.DataFrame, months: int, thresholds: Thresholds, assumed: Assumptions) -> pd.DataFrame:
    customers, _ = with_contribution(summary, assumed)
    customers = potential.headroom(
        customers,
        value="contribution",
        minimum_days=months * DAYS_A_YEAR / 12,
        bands=potential.bands_for(len(customers)),
    )
    bought = customers["contribution"] * assumed.horizon_months / months
    return matrix.classify(customers.assign(current_value=bought), thresholds)


def _whole_months(first: date, last: date) -> int:
    # the day after the last one: January to December are twelve months
    end = last + timedelta(days=1)
    return (end.year - first.year) * 12 + end.month - first.month - (end.day < first.day)
