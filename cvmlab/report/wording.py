"""What several parts of a report say of a case: its figures in words, its lists, its curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import portfolio
from ..charts.style import percent, whole_money
from ..tables import ATTRIBUTES, CUSTOMER_ID
from ..vocabulary import say, term
from .html import Kind

if TYPE_CHECKING:
    from ..case import Case


def basis(case: Case) -> str:
    """Return what a contribution is in this case, in words."""
    return term(f"report.basis_{case.basis}")


def recommendation(case: Case, action: str) -> dict[str, float]:
    """Return the figures of one recommended action."""
    chosen = case.recommendations.loc[case.recommendations["action"] == action]
    figures = chosen.drop(columns="action").iloc[0]
    return {str(name): float(figure) for name, figure in zip(figures.index, figures.to_numpy(float), strict=True)}


def value_curve(case: Case) -> pd.DataFrame:
    """Return the whale curve of the year, or the concentration curve where a contribution is revenue."""
    if case.basis == "revenue":
        return portfolio.concentration_curve(case.customers, revenue="yearly_contribution")
    return portfolio.whale_curve(case.customers, profit="yearly_contribution")


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
    """Return why a customer should be called, in one line."""
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


def count(number: float) -> str:
    """Return a number of things with thousands separators."""
    return f"{number:,.0f}"
