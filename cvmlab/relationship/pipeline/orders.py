"""What it takes to get an order: who came in when, how many should have ordered by now, and what it cost (S06)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.guarding import public
from cvmlab.core.periods import as_date
from cvmlab.core.statistics import wilson_interval
from cvmlab.core.words import CvmError
from cvmlab.data.tables import COST, CUSTOMER_ID, DATE, Column, Table, check_columns, check_table, numbers

from .events import EVENTS, STATE, STATES, check_events, checked_stays, place_of, spells
from .inputs import check_filled, pandas_frame
from .rates import DAYS_A_MONTH, chances_of, checked_rates, generator, transition_rates
from .values import money_by_state, months_spent

#: What must be known of a stay to place it in time.
STAYS = Table(
    "spells",
    (
        Column(CUSTOMER_ID, "id", required=True),
        Column(STATE, "text", required=True),
        Column("start", "date", required=True),
        Column("end", "date", required=True),
    ),
)
#: States in which a customer is worked on before the first order.
BEFORE_ORDER = ("target", "prospect", "opportunity")


@public
def newcomers(events: AnyFrame, *, since: dt.date | str, **where: str) -> pd.DataFrame:
    """Return the events of the customers who came in on a day or later, and belong to a group.

    Parameters
    ----------
    events
        An event log as `check_events` describes it; anything else is refused.
    since
        First day.
    **where
        Column of the log to the value it must have, for example ``region="Nanjing"``.

    Returns
    -------
    pandas.DataFrame
        The rows of these customers, in the order of the log; none if there is nobody.

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "customer_id": ["a", "b", "b"], "date": pd.to_datetime(["2024-12-31", "2025-01-01", "2025-02-01"]),
    ...     "state": ["target", "target", "prospect"], "region": ["Wuhan", "Nanjing", "Nanjing"]})
    >>> newcomers(log, since="2025-01-01", region="Nanjing")["state"].tolist()
    ['target', 'prospect']
    """
    log = pandas_frame(events, EVENTS.name)
    check_events(log)
    check_columns(log, list(where), EVENTS.name)
    first = log.groupby(CUSTOMER_ID)[DATE].transform("min")
    chosen = (first >= pd.Timestamp(as_date(since))).to_numpy()
    for column, value in where.items():
        chosen = chosen & (log[column] == value).to_numpy()
    return log[chosen]


@public
def ordered_by_group(groups: Mapping[str, AnyFrame]) -> pd.DataFrame:
    """Return how many customers of each group have ordered so far, with the interval of their share.

    Parameters
    ----------
    groups
        Name to the event log of the group's customers (`newcomers`), as `check_events` describes it. Groups may
        overlap.

    Returns
    -------
    pandas.DataFrame
        ``group``, ``customers``, ``ordered`` (customers), ``share`` (of 1), ``low``, ``high`` (its 95% Wilson
        interval); in the order given.

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22.

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "customer_id": ["a", "b", "b"], "date": pd.to_datetime(["2025-01-01", "2025-01-01", "2025-02-01"]),
    ...     "state": ["target", "target", "order"]})
    >>> ordered_by_group({"all": log}).round(2).values.tolist()
    [['all', 2, 1, 0.5, 0.09, 0.91]]
    """
    counted = []
    for name, events in groups.items():
        log = pandas_frame(events, EVENTS.name)
        check_events(log)
        ordered = log.loc[(log[STATE] == "order").to_numpy(), CUSTOMER_ID]
        counted.append((name, log[CUSTOMER_ID].nunique(), ordered.nunique()))
    found = pd.DataFrame(counted, columns=["group", "customers", "ordered"])
    share = (found["ordered"] / found["customers"]).to_numpy(np.float64)
    low, high = wilson_interval(share, found["customers"].to_numpy(np.int64))
    return found.assign(share=share, low=low, high=high)


@public
def first_orders(stays: pd.DataFrame) -> pd.DataFrame:
    """Return each customer's first order, and how often the customer had said no before.

    A no is a stay as an opportunity that ended as a prospect again.

    Parameters
    ----------
    stays
        ``customer_id``, ``state``, ``next_state``, ``start``, ``end``, from `spells`.

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``start`` (day of the order), ``refusals`` (before it); by customer.

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "customer_id": ["a"] * 4, "state": ["opportunity", "prospect", "opportunity", "order"],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-03-01", "2024-06-01", "2024-07-01"])})
    >>> first_orders(spells(log))[["customer_id", "refusals"]].values.tolist()
    [['a', 1]]
    """
    stays = _dated(checked_stays(stays, CUSTOMER_ID, "next_state", "start", "end"))
    placed = stays[(stays[STATE] == "order").to_numpy()].groupby(CUSTOMER_ID)["start"].min()
    refused = stays[((stays[STATE] == "opportunity") & (stays["next_state"] == "prospect")).to_numpy()]
    ordered = placed.reindex(refused[CUSTOMER_ID].to_numpy()).to_numpy()
    before = refused[refused["end"].to_numpy() < ordered].groupby(CUSTOMER_ID).size()
    return placed.to_frame().assign(refusals=before.reindex(placed.index, fill_value=0).to_numpy()).reset_index()


def _dated(stays: pd.DataFrame) -> pd.DataFrame:
    """Return stays, refused with the row where a customer or a day is missing or of another kind."""
    check_table(stays, STAYS)
    check_filled(stays, (CUSTOMER_ID, "start", "end"), STAYS.name)
    return stays


@public
def expected_by_now(rates: pd.DataFrame, stays: pd.DataFrame, state: str) -> pd.DataFrame:
    """Return the chance that each customer should have reached a state by now, given the time since coming in.

    The sum is the number to expect. Do not take the chance at the customers' mean age for it: few reach an order in the
    first months and many in later ones, so the old gain more than the young lose.

    Parameters
    ----------
    rates
        ``from_state``, ``to_state``, ``rate`` (per month), from `transition_rates`.
    stays
        ``customer_id``, ``state``, ``start``, ``end``, from `spells`.
    state
        The state to be reached, one of `STATES`.

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``months`` (since the customer came in), ``chance`` (share of 1); by customer.

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "customer_id": ["a", "b"], "state": ["target", "target"],
    ...     "date": pd.to_datetime(["2025-01-01", "2025-12-01"])})
    >>> rates = pd.DataFrame({"from_state": ["target"], "to_state": ["order"], "rate": [0.1]})
    >>> expected_by_now(rates, spells(log, as_of="2025-12-31"), "order")["chance"].round(2).tolist()
    [0.7, 0.09]
    """
    from scipy.linalg import expm

    stays = _dated(checked_stays(stays, CUSTOMER_ID, "start", "end"))
    goal = place_of(state)
    moves = generator(rates)
    # who has reached the state stays counted, wherever they go from there
    moves[goal] = 0
    by_customer = stays.sort_values("start", kind="stable").groupby(CUSTOMER_ID)
    came = by_customer[["start", STATE]].first()
    months = (by_customer["end"].max() - came["start"]).dt.days.to_numpy() / DAYS_A_MONTH
    places = [STATES.index(name) for name in came[STATE]]
    chances = [expm(moves * age)[place, goal] for age, place in zip(months, places, strict=True)]
    return pd.DataFrame({CUSTOMER_ID: came.index, "months": months, "chance": np.array(chances)})


@public
def orders_by_now(rates: pd.DataFrame, stays: pd.DataFrame) -> pd.DataFrame:
    """Return how likely each number of orders is by now: at these rates, and if customers ordered at half the rate.

    Each customer has ordered with the chance of `expected_by_now`, whatever the others do. Where the two columns
    overlap, a number of orders cannot tell a leak before the order from bad luck.

    Parameters
    ----------
    rates, stays
        As in `expected_by_now`.

    Returns
    -------
    pandas.DataFrame
        ``orders`` (customers who have ordered: nobody to all), ``as_is``, ``halved`` (chance, a share of 1).

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "customer_id": ["a", "b"], "state": ["target", "target"],
    ...     "date": pd.to_datetime(["2025-01-01", "2025-01-01"])})
    >>> rates = pd.DataFrame({"from_state": ["target"], "to_state": ["order"], "rate": [0.1]})
    >>> orders_by_now(rates, spells(log, as_of="2025-12-31")).round(2).values.tolist()
    [[0.0, 0.09, 0.3], [1.0, 0.42, 0.5], [2.0, 0.49, 0.2]]
    """
    rates = checked_rates(rates)
    halved = rates.assign(rate=rates["rate"].where(rates["to_state"] != "order", rates["rate"] / 2))
    found = {}
    for name, each in (("as_is", rates), ("halved", halved)):
        likely = np.ones(1)
        for chance in expected_by_now(each, stays, "order")["chance"]:
            likely = np.convolve(likely, [1 - chance, chance])
        found[name] = likely
    return pd.DataFrame({"orders": np.arange(len(likely)), **found})


@public
def acquisition_cost(events: AnyFrame) -> pd.DataFrame:
    """Return what a customer has cost until the first order, those who never order paid for by those who do.

    Parameters
    ----------
    events
        An event log as `check_events` describes it, with ``cost`` (money); anything else is refused.

    Returns
    -------
    pandas.DataFrame
        ``part``: ``calls_before_order`` (all that was spent on targets, prospects and opportunities), ``setup`` (spent
        on the order: delivery, installation, training and calls), ``total``; ``cost`` (money), ``orders``,
        ``cost_per_order`` (money: cost/orders).

    Raises
    ------
    CvmError
        If nobody has ordered.

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "customer_id": ["a", "b", "b"], "state": ["target", "target", "order"], "cost": [50.0, 30.0, 200.0],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-01", "2024-03-01"])})
    >>> acquisition_cost(log)[["part", "cost_per_order"]].values.tolist()
    [['calls_before_order', 80.0], ['setup', 200.0], ['total', 280.0]]
    """
    log = pandas_frame(events, EVENTS.name)
    check_events(log)
    check_columns(log, [COST], EVENTS.name)
    orders = int((spells(log)[STATE] == "order").sum())
    if not orders:
        raise CvmError("pipeline.no_order")
    cost = numbers(log, COST, EVENTS.name)
    before = float(np.nansum(cost[log[STATE].isin(BEFORE_ORDER).to_numpy()]))
    setup = float(np.nansum(cost[(log[STATE] == "order").to_numpy()]))
    found = pd.DataFrame({"part": ["calls_before_order", "setup", "total"], COST: [before, setup, before + setup]})
    return found.assign(orders=orders, cost_per_order=found[COST] / orders)


@public
def long_run_cost(events: AnyFrame, *, as_of: dt.date | str | None = None) -> dict[str, float]:
    """Return what an order will have cost once the customers now undecided have decided.

    `acquisition_cost` divides what was spent on everybody by the orders so far, though some of the undecided will still
    order. Formula: months that a target spends in each state before the order × monthly cost there / chance ever to
    order, plus the cost of the order itself. Assumption: the rates stay as they are.

    Parameters
    ----------
    events
        An event log as `check_events` describes it, with ``value`` and ``cost`` (money); anything else is refused.
    as_of
        Last day observed; the last day of the log if left out.

    Returns
    -------
    dict
        ``undecided`` (share of the cost before the order that went to customers still undecided), ``long_run`` (money
        per order).

    Raises
    ------
    CvmError
        If nobody has ordered, or nobody was seen to leave one of the states before the order.

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "customer_id": ["a", "b", "b"], "state": ["target", "target", "order"], "value": 0.0,
    ...     "cost": [50.0, 30.0, 200.0], "date": pd.to_datetime(["2024-01-01", "2024-01-01", "2024-03-01"])})
    >>> long_run_cost(log)
    {'undecided': 0.625, 'long_run': 280.0}
    """
    log = pandas_frame(events, EVENTS.name)
    setup = acquisition_cost(log).set_index("part")["cost_per_order"]["setup"]
    money = money_by_state(log, as_of=as_of).set_index(STATE)
    stays = spells(log, as_of=as_of)
    now = stays[stays["censored"]].set_index(CUSTOMER_ID)[STATE]
    waiting = log[CUSTOMER_ID].map(now).isin(BEFORE_ORDER) & log[STATE].isin(BEFORE_ORDER)
    before = money[COST].where(money.index.isin(BEFORE_ORDER), 0.0).to_numpy(np.float64)
    # nobody's months cost nothing
    monthly = before / money["exposure"].clip(lower=1e-9).to_numpy(np.float64)
    moves, target, goal = generator(transition_rates(stays)), place_of("target"), place_of("order")
    chance = chances_of(moves, goal)[target]
    # only the way to the order is counted
    moves[goal] = 0
    spent = float(months_spent(moves, 0.0, monthly)[target] @ monthly)
    return {
        "undecided": float(log.loc[waiting, COST].sum() / before.sum()),
        "long_run": spent / float(chance) + float(setup),
    }
