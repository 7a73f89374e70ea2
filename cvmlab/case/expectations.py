"""What each customer brings per year, and what to expect if nothing changes, under stated assumptions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.discounting import discounted_years
from cvmlab.core.periods import DAYS_A_YEAR
from cvmlab.data import aggregate, windows
from cvmlab.data.panels import Panel
from cvmlab.data.tables import COST, CUSTOMER_ID, PROFIT
from cvmlab.worth import buying
from cvmlab.worth.buying import GammaGamma, GapRule, PurchaseModel, Season
from cvmlab.worth.buying.choosing import FREE
from cvmlab.worth.buying.fit_input import read_summary
from cvmlab.worth.buying.gap_rule import GAPS
from cvmlab.worth.buying.payment_rule import payment_months

from .assumptions import Assumptions
from .spending import per_purchase_day, spend_model

CUSTOMERS_FOR_A_MODEL = 20

Basis = Literal["profit", "assumed_profit", "revenue"]


@dataclass(frozen=True)
class Models:
    """How customers buy and what they spend: the model of the family that this log supports best.

    Attributes
    ----------
    buying, gamma_gamma
        The model of buying, and that of spend; None where there is not enough data.
    season
        When in the year customers buy; None where the log does not show one.
    level
        What expectations are multiplied by: what came in the backtest over what was expected, where that is evident.
    problem
        Why there is no model of buying.
    own_unevenness
        Squared coefficient of variation of a purchase day around the customer's own mean, where that mean serves as
        spend because the backtest found it nearer.
    """

    buying: PurchaseModel | None
    gamma_gamma: GammaGamma | None = None
    season: Season | None = None
    level: float = 1.0
    problem: str = ""
    own_unevenness: float = 0.0

    @property
    def is_rule(self) -> bool:
        """Whether customers are judged by the rule of three gaps, which knows no probabilities."""
        return self.buying is None or isinstance(self.buying, GapRule)

    @property
    def unevenness(self) -> float:
        """Squared coefficient of variation of a purchase day around what is expected of the customer."""
        # of Gamma-Gamma: a purchase is gamma distributed around the customer's own mean with shape p
        return self.own_unevenness if self.gamma_gamma is None else 1 / self.gamma_gamma.p

    def seen(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Return the customers as the models see them: with recency and age in season days where there is a season."""
        return customers if self.season is None else self.season.summary(customers)

    def as_last_year(
        self, customers: pd.DataFrame, worth: NDArray[np.float64], last_year: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return what a purchase day brings: under the rule of three gaps, so much that last year's money goes on."""
        if not isinstance(self.buying, GapRule):
            return worth
        # the gaps as the rule counts them: in season days where there is a season
        frequency, recency = (self.seen(customers)[name].to_numpy(float) for name in ("frequency", "recency"))
        known = (customers["age"].to_numpy(float) >= DAYS_A_YEAR) & (frequency > 0)
        return np.where(known, last_year * recency / DAYS_A_YEAR / np.maximum(frequency, 1), worth)

    def days(self, after: date, until: date) -> float:
        """Return the days between two dates as the models count them."""
        return (until - after).days if self.season is None else self.season.days(after, until)


def with_contribution(customers: pd.DataFrame, assumed: Assumptions) -> tuple[pd.DataFrame, Basis]:
    """Add ``contribution``: profit under a stated margin, otherwise known profit, otherwise revenue; say which."""
    basis = basis_of(customers.columns, assumed)
    if assumed.margin is not None:
        profit = assumed.margin * customers["revenue"] - assumed.cost_per_order * customers["orders"]
        return customers.assign(contribution=profit), basis
    return customers.assign(contribution=customers[PROFIT if basis == "profit" else "revenue"]), basis


def contribution_by_month(panel: Panel, assumed: Assumptions) -> NDArray[np.float64]:
    """Return the contribution of each customer in each period, shape (periods, customers), money."""
    if assumed.margin is not None:
        return assumed.margin * panel["revenue"] - assumed.cost_per_order * panel["volume"]
    return panel[PROFIT if PROFIT in panel.values else "revenue"]  # noqa: PD011


def basis_of(columns: Collection[str], assumed: Assumptions) -> Basis:
    """Return in what a contribution is measured, by the columns of a log or of its customers."""
    if assumed.margin is not None:
        return "assumed_profit"
    return "profit" if PROFIT in columns or COST in columns else "revenue"


def with_yearly(
    customers: pd.DataFrame, transactions: Any, as_of: date, first_date: date, assumed: Assumptions
) -> pd.DataFrame:
    """Add ``yearly_revenue``, ``yearly_contribution``: the last 12 months, scaled up from a shorter log; and orders."""
    after = windows.months_before(as_of, 12)
    days = (as_of - first_date).days + 1
    scale = max(1.0, 365 / days)
    window = windows.between(transactions, after, as_of)
    recent, _ = with_contribution(aggregate.summarise_customers(window, as_of=as_of).df(), assumed)
    found = recent.set_index(CUSTOMER_ID).reindex(customers[CUSTOMER_ID])
    return customers.assign(
        yearly_revenue=found["revenue"].fillna(0.0).to_numpy(float) * scale,
        yearly_contribution=found["contribution"].fillna(0.0).to_numpy(float) * scale,
        yearly_orders=found["orders"].fillna(0).to_numpy(int),
    )


def with_last_active_year(
    customers: pd.DataFrame, transactions: Any, silent: NDArray[np.bool_], assumed: Assumptions
) -> pd.DataFrame:
    """Add ``last_active_year``: of the silent the money of the 12 months up to their last purchase, else the yearly.

    The last 12 months of a silent customer hold the silence, so they are no measure of what could come back.
    """
    yearly = customers["yearly_contribution"]
    if not silent.any():
        return customers.assign(last_active_year=yearly)
    theirs = customers.loc[silent, CUSTOMER_ID].tolist()
    window = windows.of_each_up_to_the_last_purchase(transactions, theirs, 12)
    before, _ = with_contribution(aggregate.summarise_customers(window).df(), assumed)
    found = before.set_index(CUSTOMER_ID)["contribution"].reindex(customers[CUSTOMER_ID]).to_numpy(float)
    # less than the last 12 months bring only a log that was scaled up, or refunds
    return customers.assign(last_active_year=np.fmax(found, yearly))


def season_of(customers: pd.DataFrame, panel: Panel) -> Season | None:
    """Return the season of a log by the repeat purchases of its complete months; None where there is none."""
    if not len(panel.period) or payment_months(read_summary(customers)):
        return None
    newcomers = np.bincount(panel.first, minlength=len(panel.period))[: len(panel.period)]
    repeats = np.maximum(panel["volume"].sum(axis=1) - newcomers, 0)
    return buying.fit_season(panel.period[0].astype("datetime64[D]").item(), repeats)


def fit_candidates(customers: pd.DataFrame, season: Season | None) -> list[Models]:
    """Fit what may judge these customers: the payment rule, the best model of free buying, the rule of three gaps.

    Empty where there are too few customers, or where nobody bought twice.
    """
    if len(customers) < CUSTOMERS_FOR_A_MODEL:
        return []
    unchosen = Models(None, spend_model(customers), season)
    family = buying.fit_family(unchosen.seen(customers))
    best = buying.best_explained(family)
    return [replace(unchosen, buying=model) for model in family if model is best or not isinstance(model, FREE)]


def with_expectations(customers: pd.DataFrame, models: Models, assumed: Assumptions, as_of: date) -> pd.DataFrame:
    """Add what is expected of each customer: ``p_alive``, rhythm, ``expected_contribution``, ``current_value``."""
    if models.buying is None:
        return _naive_expectations(customers, assumed)
    seen, rhythm = models.seen(customers), buying.score_customers(customers, models.buying, models.gamma_gamma)
    days = models.days(as_of, as_of + timedelta(days=round(assumed.horizon_months * DAYS_A_YEAR / 12)))
    worth = per_purchase_day(customers, "contribution", rhythm["expected_spend"].to_numpy(float), models.gamma_gamma)
    worth = models.level * models.as_last_year(customers, worth, customers["yearly_contribution"].to_numpy(float))
    low, high = models.buying.value_interval(seen, worth, days, unevenness=models.unevenness)
    return customers.assign(
        p_alive=models.buying.p_alive(seen),
        chance_to_buy=models.buying.chance_to_buy(seen, days),
        usual_gap_days=rhythm["usual_gap_days"].to_numpy(float),
        silent_days=rhythm["silent_days"].to_numpy(float),
        silent_gaps=silence_in_gaps(seen),
        expected_orders=models.level * models.buying.expected_purchases(seen, days),
        expected_contribution=models.buying.expected_purchases(seen, days) * worth,
        value_low=low,
        value_high=high,
        current_value=models.buying.discounted_expected_purchases(seen, days, assumed.discount_rate) * worth,
    )


def silence_in_gaps(seen: pd.DataFrame) -> NDArray[np.float64]:
    """Return each customer's silence in own usual gaps: the purchases missed so far; NaN for a single purchase."""
    frequency, recency, age = (seen[name].to_numpy(float) for name in ("frequency", "recency", "age"))
    gap = np.divide(recency, frequency, out=np.full_like(age, np.nan), where=frequency > 0)
    return np.asarray(np.divide(age - recency, gap, out=np.full_like(age, np.nan), where=gap > 0))


def _naive_expectations(customers: pd.DataFrame, assumed: Assumptions) -> pd.DataFrame:
    """Let last year's contribution go on for a silence of at most three usual gaps; expect nothing of the others."""
    frequency, silent_gaps = customers["frequency"].to_numpy(float), silence_in_gaps(customers)
    gap = np.where(frequency > 0, customers["recency"] / np.where(frequency > 0, frequency, 1.0), np.nan)
    going_on = ~(silent_gaps > GAPS)
    years = assumed.horizon_months / 12
    yearly = customers["yearly_contribution"].to_numpy(float) * going_on
    return customers.assign(
        p_alive=going_on.astype(float),
        chance_to_buy=going_on.astype(float),
        value_low=yearly * years,
        value_high=yearly * years,
        expected_orders=np.where(going_on & (frequency > 0), DAYS_A_YEAR * years / gap, going_on * 1.0),
        usual_gap_days=gap,
        silent_days=(customers["age"] - customers["recency"]).to_numpy(float),
        silent_gaps=silent_gaps,
        expected_contribution=yearly * years,
        current_value=yearly * discounted_years(years, assumed.discount_rate),
    )
