"""What several parts of a report say of a case: its figures in words, its lists, its curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from cvmlab.case.expectations import CUSTOMERS_FOR_A_MODEL
from cvmlab.core.formats import percent, whole_money
from cvmlab.core.words import say, term
from cvmlab.data.tables import ATTRIBUTES, CUSTOMER_ID

from .html import Kind

if TYPE_CHECKING:
    from cvmlab.case import Case


_GAPS_OF_A_HABIT = 3


def basis(case: Case) -> str:
    """Return what a contribution is in this case, in words."""
    return term(f"report.basis_{case.basis}")


def recommendation(case: Case, action: str) -> dict[str, float]:
    """Return the figures of one recommended action."""
    chosen = case.recommendations.loc[case.recommendations["action"] == action]
    figures = chosen.drop(columns="action").iloc[0]
    return {str(name): float(figure) for name, figure in zip(figures.index, figures.to_numpy(float), strict=True)}


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


def why_no_model(case: Case) -> str:
    """Return why no model of buying was fitted, in words."""
    if case.models.problem == "few_customers":
        return say("report.why_few_customers", count=CUSTOMERS_FOR_A_MODEL)
    return case.models.problem.rstrip(".。")
