"""What several parts of a report say of a case, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from cvmlab.case.expectations import CUSTOMERS_FOR_A_MODEL
from cvmlab.core.formats import count, percent, whole_money
from cvmlab.core.words import language, say, term
from cvmlab.data.tables import ATTRIBUTES, CUSTOMER_ID

from .html import Columns

if TYPE_CHECKING:
    import numpy as np

    from cvmlab.case import Case

_GAPS_OF_A_HABIT = 3


def basis(case: Case) -> str:
    """Return what a contribution is in this case."""
    return term(f"report.basis_{case.basis}")


def how_cost(case: Case) -> str:
    """Return where the cost of keeping a customer comes from: stated or assumed."""
    if case.assumptions.cost_to_keep is not None:
        return term("report.stated")
    return say("report.assumed_as", share=percent(case.assumptions.keep_share), basis=basis(case))


def call_list(case: Case, *, everyone: bool = False) -> pd.DataFrame:
    """Return the customers to call with a reason each: those named in the report, or everyone."""
    calls = case.to_call(everyone=everyone)
    seasonal = case.models.season is not None
    return calls.assign(reason=[reason(row, seasonal=seasonal) for row in calls.to_dict("records")])


def chances_known(case: Case) -> bool:
    """Return whether the loss comes from chances, or from a rule that was tested on the past."""
    return not case.models.is_rule or case.past is not None


def every(months: int) -> str:
    """Return how often a payment falls due."""
    return say("report.every_month" if months == 1 else "report.every_months", months=months)


def month_name(day: np.datetime64) -> str:
    """Return a month and its year in words."""
    year, month = str(day)[:7].split("-")
    return say("report.month_of_year", month=term(f"report.month_{int(month)}"), year=year)


def joined(*sentences: str) -> str:
    """Return sentences one after the other."""
    return ("" if language() == "zh" else " ").join(sentences)


def money_range(row: Mapping[Any, Any]) -> str:
    """Return money ``at_stake`` with its range, a dash for none."""
    if not row["at_stake"]:
        return "–"
    amount = whole_money(row["at_stake"])
    # without a model there is nothing to make an interval of
    if math.isnan(row["low"]) or row["low"] == row["high"]:
        return amount
    return f"{amount} ({whole_money(row['low'])}–{whole_money(row['high'])})"


def reason(customer: Mapping[Any, Any], *, seasonal: bool) -> str:
    """Return why a customer should be called, in one line; two or three purchases make no habit."""
    said = {
        "silent": f"{customer['silent_days']:,.0f}",
        "yearly": whole_money(customer["last_active_year"]),
    }
    if customer["frequency"] < _GAPS_OF_A_HABIT:
        return say("report.calls_reason_few", days=f"{customer['frequency'] + 1:.0f}", **said)
    if seasonal:
        return say("report.calls_reason_season", missed=count(max(1, round(customer["silent_gaps"]))), **said)
    gap = customer["usual_gap_days"]
    return say("report.calls_reason", gap=f"{gap:.2g}" if gap < 10 else f"{gap:,.0f}", **said)


def who_columns(frame: pd.DataFrame) -> Columns:
    """Return the columns that identify a customer, for `html.table`."""
    attributes: Columns = {name: (term(f"report.{name}"), "text") for name in ATTRIBUTES if name in frame.columns}
    return {CUSTOMER_ID: (term("report.customer"), "id"), **attributes}


def why_no_model(case: Case) -> str:
    """Return why no model of buying was fitted."""
    if case.models.problem == "few_customers":
        return say("report.why_few_customers", count=CUSTOMERS_FOR_A_MODEL)
    return case.models.problem.rstrip(".。")
