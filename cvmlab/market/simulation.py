"""Running a market: `simulate`, `extend`, and what they need of memory."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvmlab.core.checking import check_count
from cvmlab.core.guarding import public
from cvmlab.core.random.draws import key_of
from cvmlab.core.words import CvmError

from . import engine
from .customers import MOST_CUSTOMERS, Customers, first_state, make_customers
from .layout import BLOCK, STRIPS, WIDTH, Panel, State, Tables
from .plan import Decisions, make_parameters, make_tables, schedule
from .result import Result
from .scenario import Carrier, MarketScenario, check_carriers

THREE_CARRIERS: Mapping[str, Carrier] = {
    "Mobile": Carrier(share=0.7, brand=0.3),
    "Unicom": Carrier(share=0.2),
    "Telecom": Carrier(share=0.1),
}
_GB = 2**30
_MAIN = {"carrier": np.uint8, "stage": np.uint8, "cause": np.uint8, "complaint": np.bool_,
         "felt": np.float32, "revenue": np.int32, "profit": np.int32}  # fmt: skip
_SECOND = {"second": np.uint8, "second_revenue": np.int32, "second_profit": np.int32}


@public
def memory_needed(customers: int, periods: int, carriers: int = 3, *, dual_sim: bool = True, panel: bool = True) -> int:
    """Return the bytes that a simulation needs at most.

    The panel takes 16 bytes per customer and month (25 with dual SIM); the customers themselves 180 bytes
    and 8 more per carrier, while they are drawn.

    Examples
    --------
    >>> round(memory_needed(1_000_000, 60) / 2**30, 2), round(memory_needed(1_000_000, 60, panel=False) / 2**30, 2)
    (1.59, 0.19)
    """
    month = sum(np.dtype(kind).itemsize for kind in _MAIN.values())
    if dual_sim:
        month += sum(np.dtype(kind).itemsize for kind in _SECOND.values())
    sums = STRIPS * periods * (carriers + 1) * WIDTH * 8
    return customers * (180 + 8 * carriers) + (customers * periods * month if panel else 0) + sums


@public
def simulate(
    scenario: MarketScenario | None = None,
    carriers: Mapping[str, Carrier] | None = None,
    decisions: Decisions | None = None,
    customers: int | Customers = 10_000,
    periods: int = 36,
    seed: int = 0,
    *,
    threads: int | None = None,
    panel: bool = True,
    memory_limit: float = 4.0,
) -> Result:
    """Simulate a market month by month.

    In every month customers choose (utility plus chance, the largest wins; switching has its cost), leave
    with a cause, use and pay, feel and learn, and their relationship grows or declines. The first call on a
    computer waits some 20 seconds for the compiler, in silence: see `is_compiled` and `compile_engine`.

    Parameters
    ----------
    scenario, carriers
        `MarketScenario()` if left out; name → `Carrier`, three with 70, 20 and 10% if left out. One alone needs
        the outside option.
    decisions
        Name → `Decision`, or → {period: `Decision`}, each in force until the next; periods count from 0. Carriers
        without one begin with ``Decision()``.
    customers, periods
        How many to draw, or `Customers`; months.
    seed
        Whole number; the same seed gives every customer the same luck in every scenario.
    threads
        How many processors to use, all by default; the result is the same, byte for byte.
    panel
        Whether to keep every customer's every month; without it only the sums are kept.
    memory_limit
        In GB; more is refused before the start.

    Raises
    ------
    CvmError
        For no carriers, shares that do not make up the market, no customers, decisions for unknown carriers
        or periods, and where `memory_needed` exceeds the limit.

    Examples
    --------
    >>> result = simulate(customers=2000, periods=12, seed=7)
    >>> result.panel.carrier.shape
    (12, 2000)
    >>> int(result.summary().query("period == 11")["customers"].sum())
    2000
    """
    scenario = MarketScenario() if scenario is None else scenario
    carriers = dict(THREE_CARRIERS if carriers is None else carriers)
    check_carriers(carriers, scenario)
    check_count("periods", periods, 1, 1200)
    count = len(customers) if isinstance(customers, Customers) else customers
    check_count("customers", count, maximum=MOST_CUSTOMERS)
    _check_memory(int(count), periods, len(carriers), scenario, panel, memory_limit)
    dated = schedule(decisions, carriers, periods)
    tables = make_tables(scenario, carriers, dated, periods)
    drawn = customers if isinstance(customers, Customers) else make_customers(scenario, carriers, count, seed)
    _check_fit(drawn, len(carriers))
    state = first_state(drawn, _first_expectation(scenario, tables, drawn))
    kept, sums = _run(scenario, tables, state, seed, 0, periods, panel, threads)
    return Result(scenario, carriers, dated, periods, seed, state, kept, sums)


@public
def extend(
    result: Result,
    periods: int,
    decisions: Decisions | None = None,
    *,
    threads: int | None = None,
    memory_limit: float = 4.0,
) -> Result:
    """Return the result continued by some months, with new decisions from now on; the old one is unchanged.

    Parameters
    ----------
    result, periods
        From `simulate` or `extend`; months to go on.
    decisions
        Name → `Decision` from the first new month on, or → {period: `Decision`}; earlier decisions stay in force
        until then. A period that has passed is refused.
    threads, memory_limit
        Processors to use; GB, of which more is refused.

    Examples
    --------
    >>> from cvmlab.market import Decision
    >>> begun = simulate(customers=500, periods=6, seed=7)
    >>> extend(begun, 6, {"Mobile": Decision(price=0.9)}).periods
    12
    >>> extend(begun, 6, {"Mobile": {3: Decision(price=0.9)}})
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: Mobile decides for period 3, which has already passed. Decide for period 6 or later.
    """
    check_count("periods", periods, 1, 1200)
    start, stop = result.periods, result.periods + periods
    count = len(result.state.carrier)
    has_panel = result.panel is not None
    _check_memory(count, stop, len(result.carriers), result.scenario, has_panel, memory_limit)
    new = schedule(decisions, result.carriers, stop, start)
    dated = {name: {**result.dated[name], **new[name]} for name in result.carriers}
    tables = make_tables(result.scenario, result.carriers, dated, stop)
    state = State(*(array.copy() for array in result.state))
    kept, sums = _run(result.scenario, tables, state, result.seed, start, stop, has_panel, threads)
    if kept is not None and result.panel is not None:
        pairs = zip(result.panel, kept, strict=True)
        kept = Panel(*(np.concatenate(pair) if pair[0].size else pair[0] for pair in pairs))
    total = np.concatenate([result.sums, sums])
    return dataclasses.replace(result, dated=dated, periods=stop, state=state, panel=kept, sums=total)


def _run(
    scenario: MarketScenario, tables: Tables, state: State, seed: int,
    start: int, stop: int, panel: bool, threads: int | None,
) -> tuple[Panel | None, NDArray[np.int64]]:  # fmt: skip
    """Run the months from ``start`` to before ``stop`` on the state, which is changed."""
    parameters = make_parameters(scenario)
    count, carriers = len(state.carrier), len(state.taste)
    block = max(BLOCK // scenario.circle_size, 1) * scenario.circle_size
    strips = min(STRIPS, -(-count // block))
    rows = stop - start
    kept = _empty_panel(*((rows, count) if panel else (strips, block)), scenario.dual_sim)
    sums = np.zeros((strips, rows, carriers, WIDTH), np.int64)
    workers = _threads(threads)
    # What everyone knows of the whole market joins the strips: then they walk month by month together.
    together = scenario.mixing > 0 and (scenario.contagion or scenario.handset_launch)
    months = [(t, t + 1) for t in range(start, stop)] if together else [(start, stop)]
    for first, last in months:
        pull, owners = _market(scenario, state) if together else (np.zeros(carriers, np.float32), np.float32(0))
        engine.run(
            workers, strips, block, state, scenario.circle_size, first, last, start, panel, key_of(seed),
            tables, parameters, kept, sums, pull, owners,
        )  # fmt: skip
    return (kept if panel else None), sums.sum(axis=0)


def _market(scenario: MarketScenario, state: State) -> tuple[NDArray[np.float32], np.float32]:
    count, carriers = len(state.carrier), len(state.taste)
    members = np.bincount(state.carrier, minlength=carriers)
    mood = np.bincount(state.carrier, weights=state.felt, minlength=carriers)
    pull = (scenario.circle_pull * members + scenario.word_of_mouth * mood) / count
    return pull.astype(np.float32), np.float32(np.count_nonzero(state.owns >= 0) / count)


def _empty_panel(periods: int, customers: int, dual_sim: bool) -> Panel:
    """Return the arrays of a panel, parts of one piece of memory, which comes in large pages and so costs less."""
    kinds = {**_MAIN, **_SECOND}
    shapes = {name: (periods, customers) if dual_sim or name in _MAIN else (0, 0) for name in kinds}
    sizes = {name: np.dtype(kinds[name]).itemsize * shapes[name][0] * shapes[name][1] for name in kinds}
    piece = np.empty(sum(sizes.values()), np.uint8)
    arrays: dict[str, Any] = {}
    end = 0
    # The widest first: every array then begins where its kind may begin.
    for name in sorted(kinds, key=lambda name: -np.dtype(kinds[name]).itemsize):
        start, end = end, end + sizes[name]
        arrays[name] = piece[start:end].view(kinds[name]).reshape(shapes[name])
    return Panel(**arrays)


def _first_expectation(scenario: MarketScenario, tables: Tables, customers: Customers) -> NDArray[np.float32]:
    """Return what customers expect at first: what their carrier delivers on average in the first month."""
    expected = tables.quality[0][customers.carrier]
    if scenario.data_speed:
        expected = expected + customers.data_need * tables.speed[0][customers.carrier]
    return np.ascontiguousarray(expected, dtype=np.float32)


def _threads(threads: int | None) -> int:
    if threads is None:
        return min(os.cpu_count() or 1, 16)
    check_count("threads", threads, 1, 256)
    return threads


def _check_fit(customers: Customers, carriers: int) -> None:
    if len(customers.taste) != carriers + 1:
        raise CvmError("market.other_carriers", found=len(customers.taste) - 1, carriers=carriers)


def _check_memory(
    customers: int, periods: int, carriers: int, scenario: MarketScenario, panel: bool, limit: float
) -> None:
    def needed(kept: bool) -> float:
        return memory_needed(customers, periods, carriers, dual_sim=scenario.dual_sim, panel=kept) / _GB

    if needed(panel) > limit:
        raise CvmError(
            "market.too_much_memory" if panel else "market.too_many_customers",
            customers=f"{customers:,}",
            periods=periods,
            needed=f"{needed(panel):.1f}",
            limit=f"{limit:g}",
            without=f"{needed(False):.1f}",
        )
