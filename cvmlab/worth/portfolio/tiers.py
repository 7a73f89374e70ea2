"""Six tiers of customers by sales and profit, and the way to the next one (S13).

The source names the tiers and gives no cut-offs: the cases, the cut-offs and the words of the tables
``rules/tier_cases.csv`` and ``rules/tiers.csv`` are ours. Size is not value: a customer is placed by profit first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_count, check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.scenario import Scenario, number
from cvmlab.core.statistics import total_of
from cvmlab.core.words import CvmError, read_rules, read_table
from cvmlab.data.tables import CUSTOMER_ID, PROFIT, REVENUE, check_columns, check_known, check_one_row_each, numbers

TIER = "tier"
# by rank, the highest first
TIERS = ("diamond", "gold", "strategic", "potential", "general", "problem")
_PARTS = {
    "profit": ("loss", "low", "high", "top"),
    "sales": ("small", "large"),
    "room": ("unknown", "small", "large"),
    "own_growth": ("unknown", "slow", "fast"),
}
_MOST_YEARS = 100


@public
@dataclass(frozen=True)
class TierCutOffs(Scenario):
    """Where the classes of profit, sales, room and growth begin (ours); a figure above a cut-off is in the class.

    Attributes
    ----------
    problem_below
        Profit below it makes a problem customer; at it a customer is none.
    high_profit, top_profit, large_sales, large_room
        Money, over the same time as the columns; room is what the customer buys elsewhere.
    fast_growth
        Yearly growth of the customer's own business, as a share of 1.
    """

    problem_below: float = number(0.0, word="portfolio.problem_below", unit="money")
    high_profit: float = number(0.0, word="portfolio.high_profit", unit="money")
    top_profit: float = number(0.0, word="portfolio.top_profit", unit="money")
    large_sales: float = number(0.0, word="portfolio.large_sales", unit="money")
    large_room: float = number(0.0, word="portfolio.large_room", unit="money")
    fast_growth: float = number(0.1, minimum=-1, word="portfolio.fast_growth", unit="share")


@public
def over_years(history: pd.DataFrame, years: int | None = 3) -> pd.DataFrame:
    """Return each customer's sales and profit over several years, or over the whole lifecycle.

    Parameters
    ----------
    history
        ``customer_id``, ``year`` (whole number), ``revenue``, ``profit`` (money); whole years only, several rows per
        customer and year are added up.
    years
        The last years in the data; None for the whole lifecycle (members).

    Returns
    -------
    pandas.DataFrame
        A row per customer with a row in those years, by id: ``customer_id``, ``years`` from the first of them with
        a row to the last in the data, ``revenue``, ``profit``: *yearly* money, or money in total for the lifecycle.

    Examples
    --------
    >>> history = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b"], "year": [2022, 2024, 2024],
    ...     "revenue": [90.0, 30.0, 50.0], "profit": [9.0, 3.0, 5.0]})
    >>> over_years(history).values.tolist()
    [['a', 3, 40.0, 4.0], ['b', 1, 50.0, 5.0]]
    >>> over_years(history, years=None)["revenue"].tolist()
    [120.0, 50.0]
    """
    if years is not None:
        check_count("years", years, 1, _MOST_YEARS)
    check_columns(history, [CUSTOMER_ID], "history")
    when = whole_years(history, "history")
    last = int(when.max())
    kept = np.ones(len(when), dtype=bool) if years is None else when > last - years
    columns = {name: numbers(history, name, "history")[kept] for name in (REVENUE, PROFIT)}
    rows = pd.DataFrame({CUSTOMER_ID: history[CUSTOMER_ID].to_numpy()[kept], "first": when[kept], **columns})
    by_customer = rows.groupby(CUSTOMER_ID, sort=True, observed=True)
    totals = by_customer.agg({"first": "min", REVENUE: "sum", PROFIT: "sum"}).reset_index()
    spans = last - totals["first"] + 1
    per = spans if years is not None else 1
    table = {
        CUSTOMER_ID: totals[CUSTOMER_ID],
        "years": spans,
        REVENUE: totals[REVENUE] / per,
        PROFIT: totals[PROFIT] / per,
    }
    return pd.DataFrame(table)


def whole_years(frame: pd.DataFrame, table: str) -> NDArray[np.int64]:
    """Return the column ``year`` as whole numbers, or raise `CvmError` with the first row that holds none."""
    years = numbers(frame, "year", table)
    wrong = (years != np.floor(years)) | (np.abs(years) > 10_000)
    if wrong.any():
        row = int(wrong.argmax())
        raise CvmError("portfolio.no_year", table=table, row=row + 1, value=f"{years[row]:g}")
    return years.astype(np.int64)


@public
def choose_tier_cut_offs(
    customers: pd.DataFrame,
    *,
    high_share: float = 0.2,
    top_share: float = 0.04,
    fast_growth: float = 0.1,
    profit: str = PROFIT,
    revenue: str = REVENUE,
) -> TierCutOffs:
    """Return cut-offs from the customers themselves (ours): the best fifth is high, the best fifth of it top.

    At most these shares of the customers lie above a cut-off, whatever ties there are. Sales are large for at most
    ``high_share`` of the customers; room is large where it exceeds what makes sales large.

    Parameters
    ----------
    customers
        The profit and revenue columns (money).
    high_share, top_share
        Shares of the customers, from 0 to 1, top at most high.
    fast_growth, profit, revenue
        That of `TierCutOffs`; column names.

    Examples
    --------
    >>> customers = pd.DataFrame({"profit": np.arange(1.0, 101), "revenue": np.arange(10.0, 1010, 10)})
    >>> choose_tier_cut_offs(customers).replace(fast_growth=0.2)
    TierCutOffs(problem_below=0.0, high_profit=80.0, top_profit=96.0, large_sales=800.0, large_room=800.0, ...)
    """
    check_parameter("share", high_share, 0, 1)
    check_parameter("share", top_share, 0, high_share)
    earned, sold = numbers(customers, profit), numbers(customers, revenue)
    high, top = (float(np.quantile(earned, 1 - share, method="inverted_cdf")) for share in (high_share, top_share))
    large = max(float(np.quantile(sold, 1 - high_share, method="inverted_cdf")), 0.0)
    return TierCutOffs(0.0, max(high, 0.0), max(top, 0.0), large, large, fast_growth)


@public
def assign_tiers(
    customers: pd.DataFrame,
    cut_offs: TierCutOffs,
    *,
    profit: str = PROFIT,
    revenue: str = REVENUE,
    wallet: str = "wallet",
    own_growth: str = "own_growth",
) -> pd.DataFrame:
    """Add each customer's tier, what it could be if more were known, and the way to the next tier.

    The rule is `tier_cases`: profit and sales decide; strategic and potential need more than a log. Room is
    wallet − revenue. A column or cell that is missing is unknown, never guessed: the tier then is the one without
    it, and ``could_be`` names the one that the missing figures could make it.

    Parameters
    ----------
    customers
        ``customer_id``, the profit and revenue columns (money) [, wallet (money), own growth (yearly, share of 1):
        either may have empty cells], with their names; all money over the same time, see `over_years`.
    cut_offs
        From `choose_tier_cut_offs`, or stated.

    Returns
    -------
    pandas.DataFrame
        The customers with ``tier``, ``could_be`` (empty if nothing missing could change it), ``opportunity``
        (whether a general customer buys much, of us or elsewhere: size is not value), ``next_tier`` (empty for
        diamond), ``profit_to_next``, ``sales_to_next`` (money up to the cut-offs of the next tier, at least 0).
        Words: ``term(tier)``.

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "customer_id": ["a", "giant", "c", "d"], "profit": [90.0, 5.0, 40.0, -2.0],
    ...     "revenue": [900.0, 800.0, 100.0, 50.0], "wallet": [None, None, 700.0, None]})
    >>> cut_offs = TierCutOffs(high_profit=30, top_profit=80, large_sales=500, large_room=500)
    >>> assign_tiers(customers, cut_offs)[["tier", "could_be", "next_tier", "profit_to_next"]].values.tolist()
    [['diamond', '', '', 0.0], ['general', 'potential', 'gold', 25.0], ['strategic', '', 'diamond', 40.0],
     ['problem', '', 'general', 2.0]]
    """
    check_one_row_each(customers)
    lines = (cut_offs.problem_below, cut_offs.high_profit, cut_offs.top_profit)
    if not lines[0] <= lines[1] <= lines[2]:
        raise CvmError("portfolio.tier_order", values=", ".join(f"{line:,.2f}" for line in lines))
    earned, sold = numbers(customers, profit), numbers(customers, revenue)
    gained = (earned >= lines[0]).astype(int) + (earned > lines[1]) + (earned > lines[2])
    large = (sold > cut_offs.large_sales).astype(int)
    room = _known(_room(customers, wallet, sold), cut_offs.large_room)
    growth = _known(_if_there(customers, own_growth), cut_offs.fast_growth)
    tier, following = _cases()[:, gained, large, room, growth]
    at_best, _ = _cases()[:, gained, large, np.where(room == 0, 2, room), np.where(growth == 0, 2, growth)]
    need_profit = np.select([np.isin(following, ["gold", "strategic"]), following == "diamond"], lines[1:], lines[0])
    need_sales = np.where(following == "diamond", cut_offs.large_sales, -np.inf)
    return customers.assign(
        tier=tier,
        could_be=np.where(at_best == tier, "", at_best),
        opportunity=(tier == "general") & ((large == 1) | (room == 2)),
        next_tier=following,
        profit_to_next=np.where(following == "", 0.0, np.maximum(need_profit - earned, 0)),
        sales_to_next=np.maximum(need_sales - sold, 0),
    )


def _if_there(customers: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Return a column that may be missing or have empty cells; NaN where nothing is known."""
    figures = np.full(len(customers), np.nan)
    if column in customers.columns:
        there = customers[column].notna().to_numpy()
        if there.any():
            figures[there] = numbers(customers.assign(**{column: _plain(customers[column])})[there], column)
    return figures


def _plain(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return numbers between empty cells as numbers, texts as they are."""
    return column.infer_objects() if column.dtype != object else column.where(column.notna(), np.nan).infer_objects()


def _room(customers: pd.DataFrame, wallet: str, sold: NDArray[np.float64]) -> NDArray[np.float64]:
    total = _if_there(customers, wallet)
    beyond = sold > total * (1 + 1e-9)
    if beyond.any():
        row = int(beyond.argmax())
        said = {"revenue": f"{sold[row]:,.2f}", "wallet": f"{total[row]:,.2f}", "column": wallet}
        raise CvmError("value.more_than_wallet", customer=customers[CUSTOMER_ID].iloc[row], **said)
    return total - np.maximum(sold, 0)


def _known(figures: NDArray[np.float64], line: float) -> NDArray[np.intp]:
    """Return 0 where a figure is unknown, 1 at or below the line, 2 above it."""
    return np.where(np.isnan(figures), 0, 1 + (figures > line)).astype(np.intp)


@cache
def _cases() -> NDArray[np.object_]:
    """Return the tier and the next tier of every case, shape (2, profit, sales, room, own growth)."""
    table = np.full((2, *(len(classes) for classes in _PARTS.values())), None, dtype=object)
    for row in read_table("rules/tier_cases"):
        for case in covered(row):
            table[0][case], table[1][case] = row[TIER], row["next_tier"]
    return table


def covered(row: dict[str, str]) -> list[tuple[int, ...]]:
    """Return the cases that a row of the rule table stands for, as places of the classes of each part."""
    stated = (row[part].split("|") if row[part] != "any" else classes for part, classes in _PARTS.items())
    places = [[_PARTS[part].index(name) for name in names] for part, names in zip(_PARTS, stated, strict=True)]
    return list(product(*places))


@public
def tier_cases(language: str | None = None) -> pd.DataFrame:
    """Return the rule table: which profit, sales, room and own growth make which tier, and why (ours).

    ``language`` is ``"en"``, ``"zh"`` or the one in force.

    Returns
    -------
    pandas.DataFrame
        ``profit`` (loss, low, high, top), ``sales`` (small, large), ``room`` (unknown, small, large), ``own_growth``
        (unknown, slow, fast), in each ``any`` or several parted by ``|``; ``tier``, ``next_tier``, ``why`` (text).

    Examples
    --------
    >>> tier_cases()[["profit", "sales", "tier"]].iloc[-1].tolist()
    ['top', 'large', 'diamond']
    """
    return pd.DataFrame(read_rules("tier_cases", language))


@public
def tier_ladder(language: str | None = None) -> pd.DataFrame:
    """Return what each tier gets and how it rises: resources, service, next step, and who serves it.

    The source asks for resources, service, a ladder and a career ladder for the people who serve the tier (CVM-3M);
    the entries are ours, but for the diamond customer's best people and partner of its own. ``language`` is
    ``"en"``, ``"zh"`` or the one in force.

    Returns
    -------
    pandas.DataFrame
        A row per tier by rank: ``tier``, ``rank``, ``resources``, ``service``, ``to_next``, ``served_by`` (texts).

    Examples
    --------
    >>> tier_ladder()[["tier", "served_by"]].iloc[0].tolist()
    ['diamond', 'partner or key account director']
    """
    return pd.DataFrame([{**row, "rank": int(row["rank"])} for row in read_rules("tiers", language)])


@public
def summarise_tiers(customers: pd.DataFrame, *, profit: str = PROFIT, revenue: str = REVENUE) -> pd.DataFrame:
    """Return how many customers each tier has, what they bring, and what is missing to the next tier.

    Parameters
    ----------
    customers, profit, revenue
        From `assign_tiers`, and the names of its columns.

    Returns
    -------
    pandas.DataFrame
        A row per tier by rank, tiers without customers too: ``tier``, ``customers``, ``customer_share``,
        ``revenue``, ``profit`` (money), ``profit_share`` (of the net total; NaN where that is zero or negative),
        ``opportunities`` (customers), ``undecided`` (customers whose tier could change if more were known),
        ``profit_to_next`` (money, mean per customer; 0 for diamond and for a tier without customers).

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": ["a", "b"], "profit": [90.0, 10.0], "revenue": [900.0, 300.0]})
    >>> placed = assign_tiers(customers, TierCutOffs(high_profit=30, top_profit=80, large_sales=500))
    >>> summarise_tiers(placed)[["tier", "customers", "profit_share"]].iloc[[0, 4]].values.tolist()
    [['diamond', 1, 0.9], ['general', 1, 0.1]]
    """
    check_columns(customers, [TIER, "could_be", "opportunity", "profit_to_next"])
    check_one_row_each(customers)
    check_known(customers[TIER], TIER, TIERS)
    code = pd.Categorical(customers[TIER], categories=list(TIERS)).codes
    earned, sold, missing = (numbers(customers, column) for column in (profit, revenue, "profit_to_next"))

    def sums(weights: NDArray[np.float64] | None = None) -> NDArray[Any]:
        return np.bincount(code, weights, minlength=len(TIERS))

    count, money, total = sums(), sums(earned), total_of(earned)
    summary = {
        TIER: list(TIERS),
        "customers": count,
        "customer_share": count / len(customers),
        REVENUE: sums(sold),
        PROFIT: money,
        "profit_share": money / total if total > 0 else np.full(len(TIERS), np.nan),
        "opportunities": sums(customers["opportunity"].eq(True).to_numpy().astype(np.float64)).astype(int),
        "undecided": sums(customers["could_be"].isin(TIERS).to_numpy().astype(np.float64)).astype(int),
        "profit_to_next": sums(missing) / np.maximum(count, 1),
    }
    return pd.DataFrame(summary)
