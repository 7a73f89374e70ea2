"""From transaction data to a case, in the steps of the course."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.annotations import LARGEST
from cvmlab.core.checking import check_count
from cvmlab.core.discounting import discounted_years
from cvmlab.core.guarding import public
from cvmlab.core.periods import DAYS_A_YEAR
from cvmlab.core.statistics import total_of
from cvmlab.core.words import CvmError, say
from cvmlab.data import aggregate, windows
from cvmlab.data.panels import Panel
from cvmlab.data.tables import ATTRIBUTES, CUSTOMER_ID, DATE
from cvmlab.keep import segments
from cvmlab.worth import matrix
from cvmlab.worth.matrix import Thresholds, choose_thresholds
from cvmlab.worth.value import potential

from . import actions
from .assumptions import Assumptions
from .budget import split_budget
from .ended import check_relationships, expecting_nothing, gone_by
from .expectations import (
    CUSTOMERS_FOR_A_MODEL,
    Basis,
    Models,
    fit_candidates,
    season_of,
    with_contribution,
    with_expectations,
    with_last_active_year,
    with_yearly,
)
from .falls import Falls, compare_years
from .forecasts import expected_by_month, next_purchase
from .lookback import Moves, Past, compare_windows, look_back
from .losses import chance_gone, loss_of, of_the_backtest
from .products import Products, compare_products
from .reachable import contacts
from .tiers import Tiers, place_in_tiers

if TYPE_CHECKING:
    from cvmlab.data.reading import DataReport, Log


@public
@dataclass(frozen=True)
class Case:
    """Everything a case report shows; made by `study`.

    Attributes
    ----------
    name, as_of, first_date
        Short name of the data, and the last and first date that count.
    basis
        What a contribution is: known ``profit``, ``assumed_profit``, or ``revenue`` where neither is there.
    assumptions, cost_to_keep, contact_cost
        What is assumed; yearly cost of keeping a customer and cost of one contact, money.
    customers, panel, models
        One row per customer, the columns that `study` documents; dense monthly history; the models of buying.
    thresholds, moves
        Of the value matrix; moves between its types, None if the history is too short.
    calls, recommendations
        Silent valuable customers, those first who take most with them, with ``hold_out`` and ``chance_back``
        (probability to buy in the next ``horizon_months`` if nobody calls, as the backtest corrects it); from
        `actions.recommend`.
    past, past_problem
        The backtest, None if the history is too short; then the reason in words.
    quality, seconds, currency
        What was read and left out; seconds per step; the currency, where the data name one.
    tiers, falls, products
        The tiers of the year's buyers; how the last year compares with the one before, in all and by product.
        Each None where the data do not carry it.
    """

    name: str
    as_of: date
    first_date: date
    basis: Basis
    assumptions: Assumptions
    cost_to_keep: float
    contact_cost: float
    customers: pd.DataFrame
    panel: Panel
    models: Models
    thresholds: Thresholds
    moves: Moves | None
    calls: pd.DataFrame
    recommendations: pd.DataFrame
    past: Past | None
    past_problem: str
    quality: DataReport
    seconds: Mapping[str, float] = field(default_factory=dict)
    currency: str = ""
    tiers: Tiers | None = None
    falls: Falls | None = None
    products: Products | None = None

    @property
    def days(self) -> int:
        """Days from the first date to the last, both included."""
        return (self.as_of - self.first_date).days + 1

    def to_call(self, *, everyone: bool = False) -> pd.DataFrame:
        """Return the customers to call, without the hold-out: as many as a report names, or everyone."""
        calls = self.calls.loc[~self.calls["hold_out"]]
        return calls if everyone else calls.head(self.assumptions.calls)

    def expected_total(self) -> tuple[float, float, float]:
        """Return the money expected of today's customers, and its 80% interval; NaN where nothing was tested."""
        total = float(self.customers["expected_contribution"].sum())
        # that one year was off by a level does not say that the next will be
        spread = (
            math.nan
            if self.past is None or total <= 0
            else math.hypot(self.past.spread, math.log(self.models.level) / 2)
        )
        return total, total * math.exp(-_EIGHTY * spread), total * math.exp(_EIGHTY * spread)

    def expected_purchases(self, months: int = 12) -> pd.DataFrame:
        """Return ``customer_id`` and the expected purchase days of each month to come, columns such as ``2024-03``."""
        check_count("months", months, 1, 60)
        if self.models.buying is None:
            raise CvmError("case.no_model", why=self.models.problem)
        return expected_by_month(self.customers, self.models, self.as_of, months)

    def budget_split(self) -> pd.DataFrame | None:
        """Return the stated budget by type, by the weights of `matrix.budget`; None without one, or if nobody gets any.

        Customers on the call list, left alone for comparison or bringing a loss get none. ``dear`` counts those whose
        current value is below ``budget_per_customer``. ``at_stake``, ``low`` and ``high`` are the yearly money that the
        spending can win or save, as in ``recommendations``: in type III what would be lost with those who buy nothing
        for a year, in IV and II the headroom closed if every contact succeeds. ``to_win`` is the share of ``at_stake``
        that must be won or saved for the money to come back. NaN without profit.
        """
        going_on = None if self.past is None else self.past.going_on
        return split_budget(self.customers, self.assumptions, going_on, with_profit=self.basis != "revenue")

    def recommended(self, action: str) -> dict[str, float]:
        """Return the figures of one recommended action, the columns of `actions.recommend`."""
        chosen = self.recommendations.loc[self.recommendations["action"] == action].drop(columns="action")
        if not len(chosen):
            raise CvmError("case.unknown_action", name=action, names=", ".join(self.recommendations["action"]))
        return dict(zip(chosen.columns, chosen.to_numpy(float)[0].tolist(), strict=True))


# A normal variable lies within so many standard deviations four times in five.
_EIGHTY = 1.2816
# Thresholds and intervals are some multiple of the money they are drawn from.
_ROOM = 10


class _Clock:
    """Seconds that the steps of a study take."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        begin = perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - begin


@public
def study(
    log: Log,
    assumptions: Assumptions | None = None,
    *,
    kept: Thresholds | None = None,
    relationships: pd.DataFrame | None = None,
) -> Case:
    """Judge transaction data under stated assumptions.

    Parameters
    ----------
    log, assumptions
        From `cvmlab.reading.read`; what is assumed, by default `Assumptions()`.
    kept
        Thresholds of an earlier case, to compare like with like; chosen afresh if left out.
    relationships
        Who was a customer from when to when, where that is recorded: ``customer_id``, ``joined_date``, ``left_date``
        (missing while it lasts); a customer who came back has several rows. Of those who have left by these dates
        nothing is expected, and none of them is to be called; of all others the purchases tell.

    Returns
    -------
    Case
        Its ``customers`` have the columns of `cvmlab.aggregate.summarise_customers`, the attributes
        (name, owner, phone) and

        ==========================  ===================================================================
        ``contribution``            money in all: profit, assumed profit or revenue (`Case.basis`)
        ``yearly_contribution``     money of the last 12 months; scaled up from a shorter history
        ``yearly_revenue``          money of the last 12 months, likewise
        ``yearly_orders``           orders of the last 12 months
        ``last_active_year``        money of the 12 months up to the last purchase of a silent customer, else as above
        ``p_alive``                 estimated probability that the customer still buys, 0 to 1
        ``usual_gap_days``          mean days between purchases, NaN for a single purchase
        ``silent_days``             days since the last purchase
        ``silent_gaps``             the same in own usual gaps, in season days where there is a season; NaN as above
        ``chance_to_buy``           probability of a purchase in the next ``horizon_months``, 0 to 1
        ``expected_orders``         purchase days in the next ``horizon_months``
        ``next_purchase``           month by whose end a purchase is likelier than not, such as ``2024-03``
        ``expected_contribution``   money in the next ``horizon_months``, not discounted
        ``value_low, value_high``   its 80% interval
        ``current_value``           the same, discounted to the as-of date
        ``headroom``                yearly money: how much more similar customers bring
        ``value_type``              ``"I"`` to ``"IV"``
        ``rfm_label``               key of an RFM label
        ``action``                  ``win_back``, ``develop``, ``maintain`` or ``simplify``
        ``hold_out``                True where the action should leave the customer alone
        ==========================  ===================================================================

    Raises
    ------
    CvmError
        For fewer than two customers, amounts that sum to nothing or less or to over 1e14, an as-of date a year after
        the last row, and relationships that miss a column or hold other things than days.
    """
    assumed = assumptions or Assumptions()
    check_relationships(relationships)
    clock = _Clock()
    with clock.step("summary"):
        customers = (
            aggregate.summarise_customers(log.transactions, as_of=log.as_of)
            .df()
            .sort_values(CUSTOMER_ID, ignore_index=True)
        )
        _check_enough(customers, log.name)
        customers = customers.merge(attributes(log.transactions), on=CUSTOMER_ID, how="left")
        as_of, first_date = _as_of(customers), _day(customers["first_date"].min())
        _check_recent(log, as_of)
        panel = complete_months(log.transactions, as_of)
    with clock.step("value"):
        customers, basis = with_contribution(customers, assumed)
        customers = with_yearly(customers, log.transactions, as_of, first_date, assumed)
        season = season_of(customers, panel)
        candidates = fit_candidates(customers, season)
    with clock.step("backtest"):
        past, past_problem = look_back(log.transactions, as_of, first_date, assumed, candidates, relationships)
    with clock.step("value"):
        models = _chosen(candidates, past, customers)
        gone = gone_by(relationships, as_of, customers[CUSTOMER_ID])
        customers = expecting_nothing(with_expectations(customers, models, assumed, as_of), gone)
        customers = customers.assign(next_purchase=next_purchase(customers, models, as_of))
        _check_size(customers, log.name)
    with clock.step("matrix"):
        cost_to_keep, contact_cost = _costs(customers, assumed)
        customers = potential.headroom(
            customers, value="contribution", likelihood="p_alive", bands=potential.bands_for(len(customers))
        )
        thresholds = kept or draw_lines(customers, cost_to_keep, contact_cost, assumed)
        customers = matrix.classify(customers, thresholds)
        customers = customers.merge(segments.rfm_labels(customers)[[CUSTOMER_ID, "rfm_label"]], on=CUSTOMER_ID)
        moves = compare_windows(log.transactions, as_of, first_date, thresholds, assumed)
    with clock.step("actions"):
        # of those who have not bought for longer than usual, and not given up for years
        silent = (
            ~(customers["silent_gaps"].to_numpy(float) <= 1) | (customers["p_alive"] < assumed.silent_below).to_numpy()
        )
        silent &= (customers["silent_days"].to_numpy(float) <= 2 * DAYS_A_YEAR) & ~gone
        customers = with_last_active_year(customers, log.transactions, silent, assumed)
        calls = actions.silent_valuable(customers.loc[~gone], assumed.silent_below, cost_to_keep)
        customers = actions.assign_actions(
            customers, calls[CUSTOMER_ID].to_numpy(object), assumed.hold_out_share, assumed.seed
        )
        calls = calls.merge(customers[[CUSTOMER_ID, "action", "hold_out"]], on=CUSTOMER_ID)
        called_before = of_the_backtest(None if past is None else past.called)
        calls = _most_lost_first(calls, actions.corrected_chance(chance_gone(calls), **called_before))
        maintained = customers.loc[customers["action"] == "maintain"]
        recommendations = actions.recommend(
            customers,
            loss_of(calls, called_before),
            loss_of(maintained, of_the_backtest(None if past is None else past.going_on)),
            contact_cost,
            assumed.headroom_reached,
        )
    with clock.step("portfolio"):
        reachable = contacts(customers, calls[CUSTOMER_ID], assumed.silent_below)
        tiers = place_in_tiers(panel, assumed, reachable)
        falls = compare_years(panel, thresholds.current_value, assumed, reachable)
        products = compare_products(log.transactions, first_date, as_of, with_profit=basis == "profit")
    return Case(
        name=log.name, as_of=as_of, first_date=first_date, basis=basis, assumptions=assumed,
        cost_to_keep=cost_to_keep, contact_cost=contact_cost, customers=customers, panel=panel, models=models,
        thresholds=thresholds, moves=moves, calls=calls,
        recommendations=recommendations, past=past, past_problem=past_problem, quality=log.quality,
        seconds=clock.seconds, currency=log.currency, tiers=tiers, falls=falls, products=products,
    )  # fmt: skip


def _day(stamp: Any) -> date:
    return pd.Timestamp(stamp).date()


def _as_of(customers: pd.DataFrame) -> date:
    # age runs from the first purchase to the as-of date, so any customer gives it
    first = customers.iloc[0]
    return _day(pd.Timestamp(first["first_date"]) + pd.Timedelta(days=int(first["age"])))


def _check_enough(customers: pd.DataFrame, name: str) -> None:
    if len(customers) < 2:
        raise CvmError("case.one_customer", name=name)
    if not (customers["revenue"] != 0).any():
        raise CvmError("case.all_zero", name=name)
    total = total_of(customers["revenue"].to_numpy(float))
    if total <= 0:
        raise CvmError("case.negative_total", name=name, total=f"{total:,.2f}")


def _check_size(customers: pd.DataFrame, name: str) -> None:
    # no function takes larger figures; amounts that can just be read may reach them when they are added up, and
    # thresholds and intervals lie beyond the sum
    money = ["revenue", "contribution", "yearly_revenue", "yearly_contribution", "expected_contribution"]
    total = float(customers[money].abs().sum().max())
    if total > LARGEST / _ROOM:
        raise CvmError("case.too_large", name=name, total=f"{total:.2g}")


def _check_recent(log: Log, as_of: date) -> None:
    """Raise `CvmError` where the log was said to run for a year after its last row."""
    if log.as_of is not None and not windows.any_between(log.transactions, windows.months_before(as_of, 12), as_of):
        raise CvmError("case.silent_year", name=log.name, as_of=as_of, last=log.quality.last_date)


def complete_months(transactions: Any, as_of: date) -> Panel:
    """Return the dense monthly history up to the last complete month; no period if there is no such month."""
    sparse = aggregate.history(transactions, complete_only=False)
    try:
        return aggregate.panel(sparse, as_of=as_of)
    except CvmError as error:
        if error.key != "aggregate.no_complete_period":
            raise
    part = aggregate.panel(sparse, as_of=as_of, complete_only=False)
    none = {name: array[:0] for name, array in part.values.items()}  # noqa: PD011
    return replace(part, period=part.period[:0], values=none, first=np.zeros_like(part.first))


def attributes(transactions: Any) -> pd.DataFrame:
    """Return ``customer_id`` with the last known name, owner and phone, as far as there are such columns."""
    present = [name for name in ATTRIBUTES if name in transactions.columns]
    # of two names on the last day the later one in the alphabet, so that every run gives the same
    latest = [f"arg_max({name}, {{'day': {DATE}, 'then': {name}}}) AS {name}" for name in present]
    frame: pd.DataFrame = transactions.aggregate(", ".join([CUSTOMER_ID, *latest]), CUSTOMER_ID).df()
    return frame


def _chosen(candidates: list[Models], past: Past | None, customers: pd.DataFrame) -> Models:
    """Return the candidate that was nearest in the backtest; without one, the first: contracts before free buying."""
    if not candidates:
        few = len(customers) < CUSTOMERS_FOR_A_MODEL
        return Models(None, problem="few_customers" if few else say("case.no_rhythm"))
    if past is None:
        return candidates[0]
    kind = type(past.models.buying)
    chosen = replace(next(one for one in candidates if type(one.buying) is kind), level=past.level)
    if past.models.gamma_gamma is None:
        chosen = replace(chosen, gamma_gamma=None, own_unevenness=past.models.own_unevenness)
    return chosen


def _costs(customers: pd.DataFrame, assumed: Assumptions) -> tuple[float, float]:
    """Return the cost of keeping a customer for a year and of one contact, stated or assumed from the log."""
    buyers = customers.loc[customers["yearly_revenue"] > 0]
    # of the customer in the middle: one giant would make everybody else too small to keep
    yearly = max(0.0, float(buyers["yearly_contribution"].median())) if len(buyers) else 0.0
    per_order = max(0.0, float((customers["contribution"] / customers["orders"].clip(lower=1)).median()))
    keep = assumed.keep_share * yearly if assumed.cost_to_keep is None else assumed.cost_to_keep
    contact = assumed.contact_share * per_order if assumed.contact_cost is None else assumed.contact_cost
    return keep, contact


def _most_lost_first(calls: pd.DataFrame, gone: NDArray[np.float64]) -> pd.DataFrame:
    """Add ``chance_back``, and put those first who take most with them if nobody calls."""
    lost = -gone * calls["last_active_year"].to_numpy(float)
    return calls.assign(chance_back=1 - gone).iloc[np.argsort(lost, kind="stable")].reset_index(drop=True)


def draw_lines(customers: pd.DataFrame, cost_to_keep: float, contact_cost: float, assumed: Assumptions) -> Thresholds:
    """Choose the thresholds: what was stated, otherwise break-even on the cost of keeping and developing."""
    # developing a customer is taken to cost as much as keeping or contacting one, whichever is more, and to reach
    # ``headroom_reached`` of the headroom, so it pays above cost / share reached
    chosen = choose_thresholds(
        customers, avoidable_cost=cost_to_keep, strategy_cost=max(cost_to_keep, contact_cost),
        success_rate=assumed.headroom_reached, years=assumed.horizon_months / 12,
        discount_rate=assumed.discount_rate,
    )  # fmt: skip
    # the cost arises all year round, as the purchases of the current value do that it is compared with
    keep = cost_to_keep * discounted_years(assumed.horizon_months / 12, assumed.discount_rate)
    chosen = chosen.replace(current_value=keep)
    if assumed.value_threshold is not None:
        chosen = chosen.replace(current_value=assumed.value_threshold, current_value_choice="stated")
    if assumed.headroom_threshold is not None:
        chosen = chosen.replace(growth_potential=assumed.headroom_threshold, growth_potential_choice="stated")
    return chosen
