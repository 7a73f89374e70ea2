"""What the report notebook shows: each function takes a `Case` and returns pieces to display in order.

A piece is HTML or a picture. All words come from the vocabulary, all figures from the case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cvmlab import charts
from cvmlab.case.cautions import base_frame, value_curve
from cvmlab.case.forecasts import expected_money
from cvmlab.case.losses import share_leaving
from cvmlab.core.formats import count, percent, whole_money
from cvmlab.core.words import say, term
from cvmlab.data.tables import CUSTOMER_ID, OWNER, PROFIT
from cvmlab.keep import segments
from cvmlab.worth import matrix

from . import html
from .earlier import read_earlier, unlike
from .figures import Picture, picture
from .judging import tried
from .later import wait_for_later
from .wording import basis, how_cost, money_range, who_columns, why_no_model

if TYPE_CHECKING:
    from cvmlab.case import Case
    from cvmlab.case.backtest import Alarms
    from cvmlab.case.lookback import Past

Piece = Picture | html.Page
_TOP_ROWS = 10


def base(case: Case) -> list[Piece]:
    """Return the section on the base over time."""
    frame = base_frame(case)
    title = html.heading(term("report.base_title"))
    if frame.empty:
        return [html.page(title, html.paragraph(term("report.base_none")))]
    ahead = None if case.models.buying is None else expected_money(case.customers, case.models, case.as_of)
    lead = [term("report.base_lead"), *([say("report.base_ahead", basis=basis(case))] if ahead is not None else [])]
    return [
        html.page(title, *map(html.paragraph, lead)),
        picture(charts.plot_base(frame, ahead=ahead, currency=case.currency), name="base", alt=term("report.alt_base")),
    ]


def who_brings(case: Case) -> list[Piece]:
    """Return the section on the whale or concentration curve, and the customers at its head."""
    curve = value_curve(case)
    if curve is None:
        return [html.page(html.heading(term("report.who_title")), html.paragraph(term("report.s_no_buyers")))]
    if case.basis == "revenue":
        lead, drawn = "report.who_lead_revenue", charts.plot_concentration(curve)
    else:
        is_assumed = case.basis == "assumed_profit"
        lead, drawn = "report.who_lead_profit", charts.plot_whale(curve, profit_is_assumed=is_assumed)
    top = case.customers.sort_values("yearly_contribution", ascending=False).head(_TOP_ROWS)
    columns: html.Columns = {
        **who_columns(top),
        "yearly_contribution": (say("report.yearly_contribution", basis=basis(case)), "money"),
        "orders": (term("report.orders"), "count"),
        "current_value": (term("report.current_value"), "money"),
        "headroom": (term("report.headroom"), "money"),
        "value_type": (term("report.value_type"), "text"),
    }
    # a stated margin goes before the profit that the data record
    unused = [html.note(term("report.profit_unused"))] if case.basis == "assumed_profit" and PROFIT in top else []
    return [
        html.page(html.heading(term("report.who_title")), html.paragraph(term(lead)), *unused),
        picture(drawn, name="who-brings-it", alt=term("report.alt_curve")),
        html.page(
            html.table(top, columns, caption=term("report.top_title")),
            html.paragraph(say("report.top_key", months=case.assumptions.horizon_months), quiet=True),
        ),
    ]


def value_matrix(case: Case) -> list[Piece]:
    """Return the section on the value matrix: how it is made, and Table 3-2 with this case's figures."""
    assumed = case.assumptions
    rate = percent(assumed.discount_rate)
    lead = say("report.matrix_lead", basis=basis(case), months=assumed.horizon_months, rate=rate)
    pieces = [html.heading(term("report.matrix_title")), html.paragraph(lead)]
    if case.models.buying is None:
        pieces.append(html.note(say("report.matrix_naive", why=why_no_model(case), basis=basis(case))))
    types = matrix.summarise_types(case.customers, ["current_value", "headroom"])
    rules = matrix.strategies()[["value_type", "name", "resources", "strategy", "caution"]]
    table = types.merge(rules, on="value_type")
    table["label"] = table["value_type"] + " · " + table["name"]
    columns: html.Columns = {
        "label": (term("report.value_type"), "id"),
        "customers": (term("report.type_customers"), "count"),
        "customer_share": (term("report.type_customer_share"), "percent"),
        "current_value": (term("report.type_value"), "money"),
        "current_value_share": (term("report.type_value_share"), "percent"),
        "headroom": (term("report.type_headroom"), "money"),
    }
    rule_columns: html.Columns = {
        "label": (term("report.value_type"), "id"),
        "resources": (term("report.type_resources"), "text"),
        "strategy": (term("report.type_strategy"), "text"),
        "caution": (term("report.type_caution"), "text"),
    }
    drawn = charts.plot_matrix(case.customers, case.thresholds, currency=case.currency)
    return [
        html.page(*pieces, html.table(table, columns)),
        picture(drawn, name="matrix", alt=term("report.alt_matrix")),
        html.page(html.table(table, rule_columns, caption=term("report.types_title"))),
    ]


def thresholds(case: Case) -> list[Piece]:
    """Return the section on where the lines are drawn and how much they matter."""
    lines, assumed = case.thresholds, case.assumptions
    from_cost = "break_even" in (lines.current_value_choice, lines.growth_potential_choice)
    text = say(
        "report.thresholds_text" if from_cost else "report.thresholds_stated",
        value=whole_money(lines.current_value), headroom=whole_money(lines.growth_potential),
        months=assumed.horizon_months, how=how_cost(case), reach=percent(assumed.headroom_reached),
    )  # fmt: skip
    drawn = charts.plot_sensitivity(matrix.sensitivity(case.customers, lines))
    return [
        html.page(html.subheading(term("report.thresholds_title")), html.paragraph(text)),
        picture(drawn, name="sensitivity", alt=term("report.alt_sensitivity")),
    ]


def moved(case: Case) -> list[Piece]:
    """Return the section on the customers who moved between two windows, and why."""
    title = html.heading(term("report.moves_title"))
    if case.moves is None:
        return [html.page(title, html.paragraph(term("report.moves_none")))]
    drawn = charts.plot_migration(matrix.migration_counts(case.moves.moves))
    groups = case.moves.groups()
    groups["group"] = [term(f"report.moves_{group}") for group in groups["group"]]
    columns: html.Columns = {
        "group": (term("report.moves_group"), "text"),
        "customers": (term("report.type_customers"), "count"),
        "revenue_change": (term("report.moves_change"), "money"),
        "change_by_orders": (term("report.moves_by_orders"), "money"),
        "change_by_order_size": (term("report.moves_by_size"), "money"),
    }
    return [
        html.page(title, html.paragraph(say("report.moves_lead", months=case.moves.months))),
        picture(drawn, name="moves", alt=term("report.alt_moves")),
        html.page(html.table(groups, columns, caption=term("report.moves_why"))),
    ]


def _said_silent(alarms: Alarms) -> str:
    """Return the key of the sentence on who was called silent in the backtest, and rightly."""
    if alarms.silent:
        return "report.past_silent"
    return "report.past_none_silent" if alarms.active_but_gone else "report.past_none_gone"


def backtested(case: Case) -> list[Piece]:
    """Return the section on whether the report would have been right."""
    past = case.past
    title = html.heading(term("report.past_title"))
    if past is None:
        return [html.page(title, html.note(say("report.s_no_trust", why=case.past_problem)))]
    alarms = past.alarms
    silent = say(
        _said_silent(alarms),
        known=count(len(past.customers)), silent=count(alarms.silent), wrong=count(alarms.silent_but_bought),
        false_share=percent(alarms.false_alarm_share), found=count(alarms.silent_and_gone),
        gone=count(alarms.silent_and_gone + alarms.active_but_gone), months=past.months,
    )  # fmt: skip
    model, rival, ideal = map(percent, (past.model_captured, past.rival_captured, past.ideal_captured))
    texts = [
        say("report.past_lead", months=past.months, cut=past.cut),
        silent,
        say("report.past_value", model=model, rival=rival, ideal=ideal),
        say("report.past_total", expected=whole_money(past.expected), actual=whole_money(past.actual)),
        term(f"report.past_verdict_{past.verdict}"),
    ]
    return [
        html.page(title, *map(html.paragraph, texts)),
        picture(charts.plot_backtest(past.gains()), name="backtest", alt=term("report.alt_gains")),
        html.page(html.subheading(term("report.past_tracking")), html.paragraph(term("report.past_tracking_lead"))),
        picture(charts.plot_tracking(past.tracking), name="tracking", alt=term("report.alt_tracking")),
        *_calibrated(past),
        tried(past),
    ]


def _calibrated(past: Past) -> list[Piece]:
    """Return the picture of stated chances beside what happened; nothing where all chances are alike."""
    bands = past.calibration()
    if len(bands) < 2:
        return []
    return [
        html.page(html.subheading(term("report.past_calibration"))),
        picture(charts.plot_calibration(bands), name="calibration", alt=term("report.alt_calibration")),
    ]


def rfm_bridge(case: Case) -> list[Piece]:
    """Return the section that leads from RFM labels to the types."""
    table = segments.bridge(case.customers["rfm_label"], case.customers["value_type"])
    table["rfm_label"] = [term(f"segments.{key}") for key in table["rfm_label"]]
    counts: html.Columns = {name: (name, "count") for name in matrix.VALUE_TYPES}
    shown = html.table(table, {"rfm_label": (term("report.rfm_label"), "id"), **counts})
    return [html.page(html.heading(term("report.rfm_title")), html.paragraph(term("report.rfm_lead")), shown)]


def recommendations(case: Case) -> list[Piece]:
    """Return the recommendations, each with its assumption, interval, break-even rate and hold-out."""
    assumed, reach = case.assumptions, percent(case.assumptions.headroom_reached)
    table = case.recommendations.copy()
    table["what"] = [term(f"report.do_{action}") for action in table["action"]]
    table["assumption"] = [say(f"report.why_{action}", reach=reach) for action in table["action"]]
    table["stake"] = [money_range(row) for row in table.to_dict("records")]
    table["pays_from"] = [_pays_from(row) for row in table.to_dict("records")]
    columns: html.Columns = {
        "what": (term("report.action"), "text"),
        "customers": (term("report.action_customers"), "count"),
        "stake": (term("report.action_at_stake"), "text"),
        "gain": (term("report.action_gain"), "money"),
        "pays_from": (term("report.action_break_even"), "number_text"),
        "held_out": (term("report.action_held"), "count"),
        "assumption": (term("report.action_assumption"), "text"),
    }
    if OWNER in case.customers.columns:
        table["owner"] = [_owner(case.customers, action) for action in table["action"]]
        columns["owner"] = (term("report.action_owner"), "text")
    how = (
        say("report.assumed_contact", share=f"{assumed.contact_share:g}", basis=basis(case))
        if assumed.contact_cost is None
        else term("report.stated")
    )
    lead = say(
        "report.actions_lead", share=percent(assumed.hold_out_share), cost=whole_money(case.contact_cost), how=how
    )
    return [html.page(html.heading(term("report.actions_title")), html.paragraph(lead), html.table(table, columns))]


def _owner(customers: pd.DataFrame, action: str) -> str:
    """Return the owner of most customers of an action; a blank to fill in where none is known."""
    owners = customers.loc[customers["action"] == action, OWNER].dropna()
    return str(owners.mode().iloc[0]) if len(owners) else "\u00a0"


def _pays_from(row: Mapping[Any, Any]) -> str:
    """Return the share of contacts that must succeed, beside that of the customers there are to keep."""
    rate, leaving = row["break_even_rate"], share_leaving(row)
    if rate > 1:
        return say("report.action_never", rate=percent(rate))
    if row["action"] != "maintain" or np.isnan(leaving):
        return percent(rate)
    key = "leaving" if rate < leaving else "too_few_leave" if leaving else "nobody_leaves"
    return say(f"report.action_{key}", rate=percent(rate), leaving=percent(leaving))


def since_last(case: Case, folder: str | None, mask: str | bool = False) -> list[Piece]:
    """Return the customers who changed type since the last report, whose record lies in ``folder``."""
    if folder is None:
        return []
    last = read_earlier(folder)
    title = html.heading(term("report.since_title"))
    if different := unlike(last, case.assumptions, case.currency, case.basis, case.as_of, mask):
        return [html.page(title, html.note(say("report.since_unlike", before=last.as_of, changed=different)))]
    moves = matrix.migration(last.types, case.customers[[CUSTOMER_ID, "value_type"]])
    both = moves.loc[(moves["from_type"] != matrix.NEW) & (moves["to_type"] != matrix.GONE)]
    changed = both.loc[both["from_type"] != both["to_type"]]
    shown = changed.merge(case.customers, on=CUSTOMER_ID).sort_values("yearly_contribution", ascending=False)
    columns: html.Columns = {
        **who_columns(shown),
        "from_type": (term("report.since_from"), "text"),
        "to_type": (term("report.since_to"), "text"),
        "yearly_contribution": (say("report.yearly_contribution", basis=basis(case)), "money"),
    }
    lead = say(
        "report.since_lead",
        before=last.as_of, moved=count(len(changed)), both=count(len(both)),
        new=count((moves["from_type"] == matrix.NEW).sum()),
    )  # fmt: skip
    table = html.table(shown, columns, rows=2 * _TOP_ROWS) if len(shown) else ""
    return [html.page(title, html.paragraph(lead), table)]


def show(pieces: Iterable[Piece]) -> None:
    """Display pieces one after the other in a notebook."""
    from IPython.display import display

    wait_for_later()
    for piece in pieces:
        display(piece)
