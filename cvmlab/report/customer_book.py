"""The workbook customers.xlsx, for people who call customers: all of it in the words of the report's language."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from cvmlab.core.formats import percent, whole_money
from cvmlab.core.words import say, term
from cvmlab.data.tables import ATTRIBUTES, CUSTOMER_ID
from cvmlab.worth.matrix import VALUE_TYPES
from cvmlab.worth.portfolio import TIERS

from .known_ends import win_back_list
from .portfolio import dropped_products, fallen_customers
from .wording import basis, call_list, chances_known
from .workbook import Sheet

if TYPE_CHECKING:
    from cvmlab.case import Case
    from cvmlab.case.known_ends import KnownEnds

_ACTIONS = ("win_back", "develop", "maintain", "simplify")
_RESULTS = ("will_buy", "not_now", "gone", "not_reached", "wrong_number")
_CALLS = (
    "reason",
    "last_active_year",
    "yearly_contribution",
    "last_date",
    "silent_days",
    "usual_gap_days",
    "chance_back",
)
_MONEY = frozenset(
    {
        "yearly_contribution", "last_active_year", "yearly_revenue", "current_value", "headroom", "revenue",
        "contribution", "expected_contribution", "value_low", "value_high", "to_next_tier", "bought_before",
        "value_before", "value_after", "value_lost", "profit_per_period", "assumed_second_lifetime_value",
    }
)  # fmt: skip
_FORMATS = {
    "p_alive": "0.0%", "chance_back": "0.0%", "break_even_acceptance": "0.0%", "usual_gap_days": "0.0",
    "silent_days": "#,##0", "orders": "#,##0", "expected_orders": "0.0", "own_growth": "0%", "drop": "0%",
    "first_date": "yyyy-mm-dd", "last_date": "yyyy-mm-dd", "last_bought": "yyyy-mm-dd",
    "called_on": "yyyy-mm-dd", "left_date": "yyyy-mm-dd",
}  # fmt: skip
# below this, cents matter to the reader
_WHOLE_FROM = 1000


def sheets_of(case: Case, table: pd.DataFrame, ends: KnownEnds | None = None) -> dict[str, Sheet]:
    """Return the sheets by title: whom to call or win back, the customers of each type, what each column means."""
    listed = table.drop(columns=["value_type"])
    sheets = {term("report.sheet_calls"): _calls(case)}
    lost = pd.DataFrame() if ends is None or ends.win_back is None else win_back_list(case, ends.win_back)
    if len(lost):
        sheets[term("report.sheet_win_back")] = _to_contact(case, lost)
    fallen, dropped = fallen_customers(case), dropped_products(case)
    if len(fallen):
        sheets[term("report.sheet_fallen")] = _sheet(case, fallen)
    if len(dropped):
        sheets[term("report.sheet_dropped")] = _sheet(case, dropped)
    for value_type in VALUE_TYPES:
        chosen = listed.loc[table["value_type"] == value_type]
        sheets[say("report.sheet_type", type=value_type)] = _sheet(case, _worded(chosen))
    return sheets | {
        term("report.sheet_key"): _key(
            case, [*table.columns, *_CALLS, *lost.columns, *fallen.columns, *dropped.columns]
        )
    }


def headers(case: Case, names: Iterable[str]) -> dict[str, str]:
    """Return column names to headers in the language in force."""
    said = {name: say(f"report.{name}", basis=basis(case)) for name in names if name != CUSTOMER_ID}
    return {CUSTOMER_ID: term("report.customer")} | said


def _calls(case: Case) -> Sheet:
    """Return everybody to call, the largest loss first, with columns for what came of it."""
    calls = call_list(case, everyone=True)
    named = [name for name in ATTRIBUTES if name in calls.columns]
    told = [name for name in _CALLS if name != "chance_back" or chances_known(case)]
    return _to_contact(case, calls[[CUSTOMER_ID, *named, *told]])


def _to_contact(case: Case, frame: pd.DataFrame) -> Sheet:
    """Return a list of customers to contact, with columns for what came of it."""
    empty = pd.Series(pd.NA, index=frame.index, dtype="str")
    frame = frame.assign(called_on=empty, result=empty, remark=empty)
    results = [term(f"report.result_{result}") for result in _RESULTS]
    return _sheet(case, frame, {"called_on": [], "result": results, "remark": []})


def _worded(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with actions, the hold-out and tiers in words."""
    if "tier" in table:
        table = table.assign(tier=table["tier"].map({tier: term(tier) for tier in TIERS}))
    held = table["hold_out"].map({True: term("report.held"), False: ""})
    actions = {action: term(f"report.short_{action}") for action in table["action"].unique()}
    return table.assign(action=table["action"].map(actions), hold_out=held)


def _sheet(case: Case, frame: pd.DataFrame, answers: dict[str, list[str]] | None = None) -> Sheet:
    words = headers(case, frame.columns)
    formats = _FORMATS | dict.fromkeys(_MONEY, _money_format(case))
    return Sheet(
        frame.rename(columns=words),
        {words[name]: formats[name] for name in frame.columns if name in formats},
        {words[name]: choice for name, choice in (answers or {}).items()},
    )


def _money_format(case: Case) -> str:
    largest = case.customers["yearly_revenue"].abs().max()
    return "#,##0" if largest >= _WHOLE_FROM else "#,##0.00"


def _key(case: Case, names: Iterable[str]) -> Sheet:
    """Return what the types, the actions and the columns mean."""
    values = {
        "basis": basis(case), "months": f"{case.assumptions.horizon_months:g}",
        "rate": percent(case.assumptions.discount_rate), "as_of": case.as_of,
        "value": whole_money(case.thresholds.current_value),
        "headroom": whole_money(case.thresholds.growth_potential),
    }  # fmt: skip
    rows = [(say("report.sheet_type", type=kind), say(f"report.key_type_{kind}", **values)) for kind in VALUE_TYPES]
    rows += [(term(f"report.short_{action}"), term(f"report.do_{action}")) for action in _ACTIONS]
    words = headers(case, dict.fromkeys([*names, "called_on", "result", "remark"]))
    rows += [(words[name], say(f"report.key_{name}", **values)) for name in words if name != "value_type"]
    frame = pd.DataFrame(rows, columns=[term("report.key_word"), term("report.key_meaning")])
    return Sheet(frame, filtered=False)
