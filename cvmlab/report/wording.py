"""What several parts of a report say of a case: its figures in words, its lists, its curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import portfolio
from ..charts.style import percent, whole_money
from ..expectations import CUSTOMERS_FOR_A_MODEL
from ..tables import ATTRIBUTES, CUSTOMER_ID
from ..vocabulary import say, term
from .html import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..case import Case


_GAPS_OF_A_HABIT = 3
_SEASON_SHARE = 0.25
_CONTRACT_SHARE, _CONTRACT_MONTHS = 0.9, 4
_CONTRACT_TIMES, _CONTRACT_PERIODS = 3, (1, 2, 3, 4, 6, 12)
_LATE_MONTHS = 12


def basis(case: Case) -> str:
    """Return what a contribution is in this case, in words."""
    return term(f"report.basis_{case.basis}")


def recommendation(case: Case, action: str) -> dict[str, float]:
    """Return the figures of one recommended action."""
    chosen = case.recommendations.loc[case.recommendations["action"] == action]
    figures = chosen.drop(columns="action").iloc[0]
    return {str(name): float(figure) for name, figure in zip(figures.index, figures.to_numpy(float), strict=True)}


def value_curve(case: Case) -> pd.DataFrame:
    """Return the whale curve of the year, or the concentration curve where a contribution is revenue.

    Of the customers who bought in that year: those long gone would make any log look concentrated.
    """
    buyers = buyers_of_the_year(case)
    if case.basis == "revenue":
        return portfolio.concentration_curve(buyers, revenue="yearly_contribution")
    return portfolio.whale_curve(buyers, profit="yearly_contribution")


def buyers_of_the_year(case: Case) -> pd.DataFrame:
    """Return the customers with any contribution or revenue in the last 12 months."""
    customers = case.customers
    return customers.loc[(customers["yearly_contribution"] != 0) | (customers["yearly_revenue"] != 0)]


def how_cost(case: Case) -> str:
    """Return how the cost of keeping a customer came about: stated, or assumed from what."""
    if case.assumptions.cost_to_keep is not None:
        return term("report.stated")
    return say("report.assumed_as", share=percent(case.assumptions.keep_share), basis=basis(case))


def how_contact(case: Case) -> str:
    """Return how the cost of a contact came about."""
    if case.assumptions.contact_cost is not None:
        return term("report.stated")
    return say("report.assumed_contact", share=f"{case.assumptions.contact_share:g}", basis=basis(case))


def call_list(case: Case) -> pd.DataFrame:
    """Return the customers to call with a reason each, those held out left away."""
    calls = case.calls.loc[~case.calls["hold_out"]].head(case.assumptions.calls)
    return calls.assign(reason=[reason(row) for row in calls.to_dict("records")])


def reason(customer: Mapping[Any, Any]) -> str:
    """Return why a customer should be called, in one line; two or three purchases make no habit."""
    if customer["frequency"] < _GAPS_OF_A_HABIT:
        return say(
            "report.calls_reason_few",
            days=f"{customer['frequency'] + 1:.0f}",
            silent=f"{customer['silent_days']:,.0f}",
            yearly=whole_money(customer["yearly_contribution"]),
        )
    return say(
        "report.calls_reason",
        gap=f"{customer['usual_gap_days']:.2g}"
        if customer["usual_gap_days"] < 10
        else f"{customer['usual_gap_days']:,.0f}",
        silent=f"{customer['silent_days']:,.0f}",
        yearly=whole_money(customer["yearly_contribution"]),
    )


def who_columns(frame: pd.DataFrame) -> dict[str, tuple[str, Kind]]:
    """Return the columns that tell who a customer is, as `html.table` wants them."""
    columns: dict[str, tuple[str, Kind]] = {CUSTOMER_ID: (term("report.customer"), "id")}
    for name in ATTRIBUTES:
        if name in frame.columns:
            columns[name] = (term(f"report.{name}"), "text")
    return columns


def base_frame(case: Case) -> pd.DataFrame:
    """Return customers and revenue of each complete month: ``period``, ``active_customers``,
    ``new_customers``, ``revenue``.
    """  # noqa: D205
    panel = case.panel
    months = len(panel.period)
    return pd.DataFrame(
        {
            "period": panel.period,
            "active_customers": (panel["volume"] > 0).sum(axis=1),
            "new_customers": np.bincount(panel.first, minlength=months)[:months],
            "revenue": panel["revenue"].sum(axis=1),
        }
    )


def high_season(case: Case) -> tuple[int, float] | None:
    """Return the calendar month of a clear season and its share of the revenue of the last two years, else None.

    Clear is a month that has over a quarter of the revenue in each of the last two years of complete months.
    """
    revenue = base_frame(case)["revenue"].to_numpy(float)[-24:]
    if len(revenue) < 24 or revenue.sum() <= 0:
        return None
    years = revenue.reshape(2, 12)
    totals = years.sum(axis=1)
    if (totals <= 0).any():
        return None
    shares = (years / totals[:, None]).min(axis=0)
    place = int(shares.argmax())
    if shares[place] < _SEASON_SHARE:
        return None
    month = int(case.panel.period[-12:].astype("datetime64[M]")[place].astype(int) % 12) + 1
    return month, float(years[:, place].sum() / totals.sum())


def contract_months(case: Case) -> int | None:
    """Return how many months lie between the purchases of nearly everyone, one each time, as under a contract.

    1, 2, 3, 4, 6 or 12 months; None where customers buy as they like.
    """
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


def stopped_paying(case: Case) -> pd.DataFrame:
    """Return customers of the year who missed the last two complete months and are not on the call list."""
    active = case.panel["volume"] > 0
    missed = case.panel.customer_id[active.any(axis=0) & ~active[-2:].any(axis=0)]
    buyers = buyers_of_the_year(case)
    return buyers[buyers[CUSTOMER_ID].isin(missed) & ~buyers[CUSTOMER_ID].isin(case.calls[CUSTOMER_ID])]


def overdue(case: Case, months: int) -> pd.DataFrame:
    """Return customers of a contract with a payment every so many months who are overdue, not on the call list.

    Returns
    -------
    pandas.DataFrame
        ``customer_id`` and ``last_year`` (revenue in the 12 months up to the last payment, money) of those who
        are overdue by a complete month or more, but no more than a year.
    """
    panel = case.panel
    active = panel["volume"] > 0
    last = len(active) - 1 - active[::-1].argmax(axis=0)
    late = len(active) - 1 - last - months
    chosen = np.flatnonzero(active.any(axis=0) & (late >= 1) & (late <= _LATE_MONTHS))
    total = np.vstack([np.zeros((1, active.shape[1])), np.cumsum(panel["revenue"], axis=0)])
    end = last[chosen] + 1
    revenue = total[end, chosen] - total[np.maximum(end - 12, 0), chosen]
    found = pd.DataFrame({CUSTOMER_ID: panel.customer_id[chosen], "last_year": revenue})
    return found[~found[CUSTOMER_ID].isin(case.calls[CUSTOMER_ID])]


def why_no_model(case: Case) -> str:
    """Return why no model of buying was fitted, in words."""
    if case.models.problem == "few_customers":
        return say("report.why_few_customers", count=CUSTOMERS_FOR_A_MODEL)
    return case.models.problem.rstrip(".。")


def count(number: float) -> str:
    """Return a number of things with thousands separators."""
    return f"{number:,.0f}"
