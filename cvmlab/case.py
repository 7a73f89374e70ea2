"""A case: one log, judged under stated assumptions, with everything a report shows.

`study` goes from the log to a `Case` in the steps of the course: who the customers are and what they bring,
what they will bring if nothing changes, what they could bring, which type of the value matrix they are, how
that moved, whom to call, and how often such a judgement would have been right before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from . import actions, aggregate, backtest, buying, matrix, migration, potential, segments
from .errors import CvmError
from .scenario import Scenario, number
from .tables import ATTRIBUTES, CUSTOMER_ID, DATE, PROFIT, Panel
from .thresholds import Thresholds, choose_thresholds
from .vocabulary import say

if TYPE_CHECKING:
    from .reading import DataReport, Log

DAYS_PER_YEAR = 365.25
_CUSTOMERS_FOR_A_MODEL = 20
_LEAST_BACKTEST_SPAN = 6
_SILENT_FOR_A_CORRECTION = 10
_LEAST_WINDOW_MONTHS, _MOST_WINDOW_MONTHS = 3, 12

Basis = Literal["profit", "assumed_profit", "revenue"]


@dataclass(frozen=True)
class Assumptions(Scenario):
    """What the report assumes. Every field can be set with ``--set name=value``.

    Amounts left out are derived from the log, and then called *assumed* where they are shown:
    ``cost_to_keep`` from ``keep_share``, ``contact_cost`` from ``contact_share``.
    """

    margin: float | None = number(None, word="case.margin", minimum=0, maximum=1, step=0.01, optional=True)
    cost_per_order: float = number(0, word="case.cost_per_order", minimum=0, unit="money")
    discount_rate: float = number(0.10, word="case.discount_rate", minimum=0, maximum=1, step=0.01)
    horizon_months: int = number(12, word="case.horizon_months", minimum=1, maximum=60, unit="months", whole=True)
    silent_below: float = number(0.5, word="case.silent_below", minimum=0.01, maximum=0.99, step=0.01)
    cost_to_keep: float | None = number(None, word="case.cost_to_keep", minimum=0, unit="money", optional=True)
    keep_share: float = number(0.10, word="case.keep_share", minimum=0, maximum=1, step=0.01)
    headroom_reached: float = number(0.20, word="case.headroom_reached", minimum=0.01, maximum=1, step=0.01)
    contact_cost: float | None = number(None, word="case.contact_cost", minimum=0, unit="money", optional=True)
    contact_share: float = number(0.5, word="case.contact_share", minimum=0, maximum=10, step=0.1)
    value_threshold: float | None = number(None, word="case.value_threshold", unit="money", optional=True)
    headroom_threshold: float | None = number(
        None, word="case.headroom_threshold", minimum=0, unit="money", optional=True
    )
    calls: int = number(10, word="case.calls", minimum=1, maximum=100, unit="customers", whole=True)
    hold_out_share: float = number(0.2, word="case.hold_out_share", minimum=0, maximum=0.9, step=0.05)
    backtest_months: int = number(3, word="case.backtest_months", minimum=1, maximum=12, unit="months", whole=True)
    seed: int = number(1, word="case.seed", minimum=0, whole=True)


@dataclass(frozen=True)
class Models:
    """The models of buying behind the expectations; None where the log cannot carry them, with the reason."""

    bg_nbd: buying.BgNbd | None
    gamma_gamma: buying.GammaGamma | None
    problem: str = ""


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
    def corrects_silence(self) -> bool:
        """Whether enough customers were called silent for their return to say something."""
        return self.alarms.silent >= _SILENT_FOR_A_CORRECTION

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
        From `cvmlab.migration.migration`.
    movers
        From `cvmlab.migration.why_moved`: those who moved, and what changed.
    """

    months: int
    moves: pd.DataFrame
    movers: pd.DataFrame


@dataclass(frozen=True)
class Case:
    """Everything a case report shows; made by `study`.

    Attributes
    ----------
    name
        Short name of the log.
    as_of
        Last date of the log that counts.
    basis
        What a contribution is: known ``profit``, ``assumed_profit``, or ``revenue`` where neither is there.
    customers
        One row a customer, the columns that `study` documents.
    panel
        Dense monthly history.
    thresholds
        Of the value matrix.
    calls
        Silent valuable customers, the most valuable first, with ``hold_out``.
    past
        The backtest, None if the log is too short; ``past_problem`` says why.
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


class _Clock:
    """Measures the steps of a study, so that a report can say what its time went into."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        begin = perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - begin


def study(log: Log, assumptions: Assumptions | None = None, *, kept: Thresholds | None = None) -> Case:
    """Judge a log under stated assumptions.

    Parameters
    ----------
    log
        From `cvmlab.reading.read`; its transactions are on DuckDB and stay there.
    assumptions
        What is assumed; the defaults if left out.
    kept
        Thresholds of an earlier case, to compare like with like; chosen afresh if left out.

    Returns
    -------
    Case
        Its ``customers`` have the columns of `cvmlab.aggregate.summarise_customers`, the attributes of the
        log (name, owner, phone) and

        ==========================  ===================================================================
        ``contribution``            money over the log: profit, assumed profit or revenue (`Case.basis`)
        ``yearly_contribution``     money of the last 12 months; scaled up from a shorter log
        ``yearly_revenue``          money of the last 12 months, likewise
        ``p_alive``                 estimated probability that the customer still buys, 0 to 1
        ``usual_gap_days``          mean days between purchases, NaN for a single purchase
        ``silent_days``             days since the last purchase
        ``expected_contribution``   money in the next ``horizon_months``, not discounted
        ``current_value``           the same, discounted to the as-of date
        ``headroom``                money a year: what customers alike bring more
        ``value_type``              ``"I"`` to ``"IV"``
        ``rfm_label``               key of an RFM label
        ``action``                  ``win_back``, ``develop``, ``maintain`` or ``simplify``
        ``hold_out``                True where the action should leave the customer alone
        ==========================  ===================================================================

    Raises
    ------
    CvmError
        For fewer than two customers, or amounts that sum to nothing or less.
    """
    assumed = assumptions or Assumptions()
    clock = _Clock()
    with clock.step("summary"):
        customers = aggregate.summarise_customers(log.transactions).df().sort_values(CUSTOMER_ID, ignore_index=True)
        _check_enough(customers, log.name)
        customers = customers.merge(attributes(log.transactions), on=CUSTOMER_ID, how="left")
        as_of, first_date = _as_of(customers), _day(customers["first_date"].min())
        panel = complete_months(log.transactions, as_of)
    with clock.step("value"):
        customers, basis = with_contribution(customers, assumed)
        customers = with_yearly(customers, log.transactions, as_of, first_date, assumed)
        models = fit_models(customers)
        customers = with_expectations(customers, models, assumed)
    with clock.step("matrix"):
        cost_to_keep, contact_cost = _costs(customers, assumed)
        customers = potential.headroom(
            customers, value="contribution", likelihood="p_alive", bands=_bands(len(customers))
        )
        thresholds = kept or draw_lines(customers, cost_to_keep, assumed)
        customers = matrix.classify(customers, thresholds)
        customers = customers.merge(segments.rfm_labels(customers)[[CUSTOMER_ID, "rfm_label"]], on=CUSTOMER_ID)
        moves = compare_windows(log.transactions, as_of, first_date, thresholds, assumed)
    with clock.step("backtest"):
        past, past_problem = look_back(log.transactions, as_of, first_date, assumed)
    with clock.step("actions"):
        calls = actions.silent_valuable(customers, assumed.silent_below, cost_to_keep)
        customers = actions.assign_actions(
            customers, calls[CUSTOMER_ID].to_numpy(object), assumed.hold_out_share, assumed.seed
        )
        calls = calls.merge(customers[[CUSTOMER_ID, "action", "hold_out"]], on=CUSTOMER_ID)
        loss = _loss_of_silence(calls, past)
        recommendations = actions.recommend(customers, loss, contact_cost, assumed.headroom_reached)
    return Case(
        name=log.name, as_of=as_of, first_date=first_date, basis=basis, assumptions=assumed,
        cost_to_keep=cost_to_keep, contact_cost=contact_cost, customers=customers, panel=panel, models=models,
        thresholds=thresholds, moves=moves, calls=calls,
        recommendations=recommendations, past=past, past_problem=past_problem, quality=log.quality,
        seconds=clock.seconds,
    )  # fmt: skip


def _day(stamp: Any) -> date:
    return pd.Timestamp(stamp).date()


def _as_of(customers: pd.DataFrame) -> date:
    # age runs from the first purchase to the as-of date, so any customer tells it
    first = customers.iloc[0]
    return _day(pd.Timestamp(first["first_date"]) + pd.Timedelta(days=int(first["age"])))


def _check_enough(customers: pd.DataFrame, name: str) -> None:
    if len(customers) < 2:
        raise CvmError("case.one_customer", name=name, customer=customers[CUSTOMER_ID].iloc[0])
    total = float(customers["revenue"].sum())
    if not (customers["revenue"] != 0).any():
        raise CvmError("case.all_zero", name=name)
    if total <= 0:
        raise CvmError("case.negative_total", name=name, total=f"{total:,.2f}")


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
    """Return the last known name, owner and phone of each customer.

    Parameters
    ----------
    transactions
        DuckDB relation with ``customer_id``, ``date`` and any of ``customer_name``, ``owner``, ``phone``.

    Returns
    -------
    pandas.DataFrame
        ``customer_id`` and the attributes that are there.
    """
    present = [name for name in ATTRIBUTES if name in transactions.columns]
    latest = [f"arg_max({name}, {DATE}) AS {name}" for name in present]
    frame: pd.DataFrame = transactions.aggregate(", ".join([CUSTOMER_ID, *latest]), CUSTOMER_ID).df()
    return frame


def with_contribution(customers: pd.DataFrame, assumed: Assumptions) -> tuple[pd.DataFrame, Basis]:
    """Add ``contribution``: known profit if the log has it, else profit under a margin, else revenue.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": ["a"], "revenue": [100.0], "orders": [2]})
    >>> frame, basis = with_contribution(customers, Assumptions(margin=0.3, cost_per_order=5))
    >>> basis, frame["contribution"].tolist()
    ('assumed_profit', [20.0])
    """
    if assumed.margin is not None:
        profit = assumed.margin * customers["revenue"] - assumed.cost_per_order * customers["orders"]
        return customers.assign(contribution=profit), "assumed_profit"
    if PROFIT in customers.columns:
        return customers.assign(contribution=customers[PROFIT]), "profit"
    return customers.assign(contribution=customers["revenue"]), "revenue"


def with_yearly(
    customers: pd.DataFrame, transactions: Any, as_of: date, first_date: date, assumed: Assumptions
) -> pd.DataFrame:
    """Add ``yearly_revenue`` and ``yearly_contribution``: the last 12 months, scaled up from a shorter log."""
    after = backtest.months_before(as_of, 12)
    days = (as_of - first_date).days + 1
    scale = max(1.0, 365 / days)
    window = backtest.between(transactions, after, as_of)
    recent, _ = with_contribution(aggregate.summarise_customers(window, as_of=as_of).df(), assumed)
    found = recent.set_index(CUSTOMER_ID).reindex(customers[CUSTOMER_ID])
    return customers.assign(
        yearly_revenue=found["revenue"].fillna(0.0).to_numpy(float) * scale,
        yearly_contribution=found["contribution"].fillna(0.0).to_numpy(float) * scale,
    )


def fit_models(customers: pd.DataFrame) -> Models:
    """Fit the models of buying; where the log cannot carry one, None and the reason.

    BG/NBD needs repeat purchases and some customers; Gamma-Gamma needs spending that differs.
    """
    if len(customers) < _CUSTOMERS_FOR_A_MODEL:
        return Models(None, None, "few_customers")
    try:
        bg_nbd = buying.fit_bg_nbd(customers)
    except CvmError as error:
        return Models(None, None, str(error))
    try:
        return Models(bg_nbd, buying.fit_gamma_gamma(customers))
    except CvmError:
        return Models(bg_nbd, None)


def with_expectations(customers: pd.DataFrame, models: Models, assumed: Assumptions) -> pd.DataFrame:
    """Add what is expected of each customer: ``p_alive``, rhythm, ``expected_contribution``, ``current_value``.

    With models: expected purchase days × expected contribution of one, the latter being the expected spend
    times the customer's own ratio of contribution to revenue. Without: the last year's contribution goes on
    for those whose silence is at most three times their usual gap, and nothing comes from the others.
    """
    days = assumed.horizon_months * DAYS_PER_YEAR / 12
    ratio = _contribution_ratio(customers)
    if models.bg_nbd is None:
        return _naive_expectations(customers, assumed)
    scores = buying.score_customers(customers, models.bg_nbd, models.gamma_gamma, days=days)
    discounted = models.bg_nbd.discounted_expected_purchases(customers, days, assumed.discount_rate)
    worth = scores["expected_spend"].to_numpy(float) * ratio
    return customers.assign(
        p_alive=scores["p_alive"].to_numpy(float),
        usual_gap_days=scores["usual_gap_days"].to_numpy(float),
        silent_days=scores["silent_days"].to_numpy(float),
        expected_contribution=scores["expected_orders"].to_numpy(float) * worth,
        current_value=discounted * worth,
    )


def _contribution_ratio(customers: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Contribution per unit of revenue of each customer; the whole log's where a customer has no revenue."""
    revenue = customers["revenue"].to_numpy(float)
    contribution = customers["contribution"].to_numpy(float)
    pooled = contribution.sum() / revenue.sum()
    return np.where(revenue > 0, contribution / np.where(revenue > 0, revenue, 1.0), pooled)


def _naive_expectations(customers: pd.DataFrame, assumed: Assumptions) -> pd.DataFrame:
    frequency = customers["frequency"].to_numpy(float)
    gap = np.where(frequency > 0, customers["recency"] / np.where(frequency > 0, frequency, 1.0), np.nan)
    silent = (customers["age"] - customers["recency"]).to_numpy(float)
    going_on = ~(silent > 3 * gap)
    years = assumed.horizon_months / 12
    expected = customers["yearly_contribution"].to_numpy(float) * going_on * years
    return customers.assign(
        p_alive=going_on.astype(float),
        usual_gap_days=gap,
        silent_days=silent,
        expected_contribution=expected,
        # spread evenly over the horizon, so discounted from its middle on average
        current_value=expected / (1 + assumed.discount_rate) ** (years / 2),
    )


def _costs(customers: pd.DataFrame, assumed: Assumptions) -> tuple[float, float]:
    """Return the cost of keeping a customer for a year and of one contact, stated or assumed from the log."""
    buyers = customers.loc[customers["yearly_revenue"] > 0]
    yearly = max(0.0, float(buyers["yearly_contribution"].mean())) if len(buyers) else 0.0
    orders = max(1, int(customers["orders"].sum()))
    per_order = max(0.0, float(customers["contribution"].sum()) / orders)
    keep = assumed.keep_share * yearly if assumed.cost_to_keep is None else assumed.cost_to_keep
    contact = assumed.contact_share * per_order if assumed.contact_cost is None else assumed.contact_cost
    return keep, contact


def _bands(customers: int) -> int:
    """Return into how many bands of peers the customers fall: some fifty in each, at most ten bands."""
    return int(np.clip(customers // 50, 1, 10))


def _loss_of_silence(calls: pd.DataFrame, past: Past | None) -> tuple[float, float, float]:
    """Return the expected yearly loss: corrected by the backtest where it has seen enough, else the model's own."""
    yearly = calls["yearly_contribution"].to_numpy(float)
    if past is not None and past.corrects_silence:
        return actions.corrected_loss(yearly, past.alarms.silent_but_bought, past.alarms.silent)
    return actions.loss_interval(calls["p_alive"].to_numpy(float), yearly)


def draw_lines(customers: pd.DataFrame, cost_to_keep: float, assumed: Assumptions) -> Thresholds:
    """Choose the thresholds: what was stated, else break-even on the cost of keeping and developing.

    Developing a customer is taken to cost as much as keeping one, and to reach ``headroom_reached`` of the
    headroom, so it pays above cost / share reached.
    """
    chosen = choose_thresholds(
        customers, avoidable_cost=cost_to_keep, strategy_cost=cost_to_keep,
        success_rate=assumed.headroom_reached, years=assumed.horizon_months / 12,
        discount_rate=assumed.discount_rate,
    )  # fmt: skip
    if assumed.value_threshold is not None:
        chosen = chosen.replace(current_value=assumed.value_threshold, current_value_choice="stated")
    if assumed.headroom_threshold is not None:
        chosen = chosen.replace(growth_potential=assumed.headroom_threshold, growth_potential_choice="stated")
    return chosen


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
    middle = backtest.months_before(as_of, months)
    start = backtest.months_before(as_of, 2 * months)
    windows = [(start, middle), (middle, as_of)]
    summaries = [
        aggregate.summarise_customers(backtest.between(transactions, after, until), as_of=until).df()
        for after, until in windows
        if backtest.any_between(transactions, after, until)
    ]
    if len(summaries) < len(windows):
        return None
    before, after = (_types_in_window(summary, months, thresholds, assumed) for summary in summaries)
    return Moves(months, migration.migration(before, after), migration.why_moved(before, after))


def _types_in_window(summary: pd.DataFrame, months: int, thresholds: Thresholds, assumed: Assumptions) -> pd.DataFrame:
    customers, _ = with_contribution(summary, assumed)
    customers = potential.headroom(
        customers,
        value="contribution",
        minimum_days=months * DAYS_PER_YEAR / 12,
        bands=_bands(len(customers)),
    )
    bought = customers["contribution"] * assumed.horizon_months / months
    return matrix.classify(customers.assign(current_value=bought), thresholds)


def _whole_months(first: date, last: date) -> int:
    # the day after the last one: January to December are twelve months
    end = last + timedelta(days=1)
    return (end.year - first.year) * 12 + end.month - first.month - (end.day < first.day)


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
    cut = backtest.months_before(as_of, months)
    known = aggregate.summarise_customers(transactions, as_of=cut).df().sort_values(CUSTOMER_ID, ignore_index=True)
    if len(known) < _CUSTOMERS_FOR_A_MODEL:
        return None, say("case.past_few", count=_CUSTOMERS_FOR_A_MODEL)
    models = fit_models(known)
    if models.bg_nbd is None:
        return None, say("case.past_no_model", cut=cut)
    days = (as_of - cut).days
    scores = buying.score_customers(known, models.bg_nbd, models.gamma_gamma, days=days)
    year_before = backtest.between(transactions, backtest.months_before(cut, 12), cut)
    rival = aggregate.summarise_customers(year_before, as_of=cut).df().set_index(CUSTOMER_ID)["revenue"]
    later_log = backtest.between(transactions, cut, as_of)
    if not backtest.any_between(transactions, cut, as_of):
        return None, say("case.past_nothing_later", cut=cut)
    judged = known.assign(
        expected_revenue=scores["expected_revenue"].to_numpy(float),
        p_alive=scores["p_alive"].to_numpy(float),
        chance_to_buy=models.bg_nbd.chance_to_buy(known, days),
        silent=scores["p_alive"].to_numpy(float) < assumed.silent_below,
        last_year_revenue=rival.reindex(known[CUSTOMER_ID]).fillna(0.0).to_numpy(float),
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
