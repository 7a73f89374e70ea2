"""What the report notebook shows: each function takes a `Case` and returns pieces to display in order.

A piece is HTML or a picture. All words come from the vocabulary, all figures from the case; nothing is
computed here beyond sums for a sentence.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import __version__, charts, matrix, migration, portfolio, segments
from ..buying import frequency_spend_correlation
from ..charts.style import money, percent, whole_money
from ..tables import ATTRIBUTES, CUSTOMER_ID, OWNER
from ..vocabulary import say, term
from . import html
from .figures import Picture, picture
from .html import Kind
from .light import quality_light

if TYPE_CHECKING:
    from ..case import Case

Piece = Picture | html.Page
_TOP_ROWS = 10
_EQUAL_WITHIN = 0.01


def basis(case: Case) -> str:
    """Return what a contribution is in this case, in words."""
    return term(f"report.basis_{case.basis}")


def page_one(case: Case, title: str) -> list[Piece]:
    """Return what a manager reads: the money at stake, five sentences, one picture, whom to call."""
    return [
        html.page(_masthead(case, title), html.cards(_stakes(case)), html.sentences(five_sentences(case))),
        html.page(*_calls(case)),
        picture(charts.plot_matrix(case.customers, case.thresholds), name="matrix", alt=term("report.alt_matrix")),
    ]


def recommendation(case: Case, action: str) -> dict[str, float]:
    """Return the figures of one recommended action."""
    chosen = case.recommendations.loc[case.recommendations["action"] == action]
    figures = chosen.drop(columns="action").iloc[0]
    return {str(name): float(figure) for name, figure in zip(figures.index, figures.to_numpy(float), strict=True)}


def _masthead(case: Case, title: str) -> str:
    light = quality_light(case.quality)
    lead = say(
        "report.lead",
        as_of=case.as_of,
        customers=_count(len(case.customers)),
        orders=_count(int(case.customers["orders"].sum())),
        first=case.first_date,
        basis=basis(case),
    )
    lamp = (
        f"<div class='light {light}'><span class='lamp'></span>{html.escape(term('report.light_title'))}: "
        f"<b>{html.escape(term(f'report.light_{light}'))}</b></div>"
    )
    heading = f"<h1>{html.escape(say('report.title', name=title))}</h1>"
    return f"<div class='masthead'><div>{heading}{html.paragraph(lead, quiet=True)}</div>{lamp}</div>"


def _stakes(case: Case) -> list[tuple[str, str, str]]:
    customers, assumed = case.customers, case.assumptions
    days = (case.as_of - case.first_date).days + 1
    year = "report.card_yearly" if days >= 365 else "report.card_yearly_scaled"
    yearly_kind = "assumed" if case.basis == "assumed_profit" else "known" if days >= 365 else "estimated"
    estimated = "assumed" if case.basis == "assumed_profit" else "estimated"
    lost, developed = recommendation(case, "win_back"), recommendation(case, "develop")
    loss = say("report.card_loss", count=_count(lost["customers"]), low=money(lost["low"]), high=money(lost["high"]))
    return [
        (money(customers["yearly_contribution"].sum()), say(year, basis=basis(case), days=days), yearly_kind),
        (
            money(customers["current_value"].sum()),
            say("report.card_current", months=assumed.horizon_months),
            estimated,
        ),
        (money(lost["at_stake"]), loss, estimated),
        (
            money(developed["at_stake"]),
            say("report.card_headroom", reach=percent(assumed.headroom_reached)),
            "assumed",
        ),
    ]


def five_sentences(case: Case) -> list[str]:
    """Return the five sentences that answer a manager: who, where to, whom to keep, whom to call, how sure."""
    return [_who(case), _trend(case), _types(case), _silent(case), _trust(case)]


def _who(case: Case) -> str:
    curve = _curve(case)
    return say(
        "report.s_concentration",
        customers=_count(len(case.customers)),
        share=percent(portfolio.top_share(curve, 0.2)),
        half=percent(portfolio.customers_for(curve, 0.5)),
        basis=basis(case),
    )


def _curve(case: Case) -> pd.DataFrame:
    if case.basis == "revenue":
        return portfolio.concentration_curve(case.customers, revenue="yearly_contribution")
    return portfolio.whale_curve(case.customers, profit="yearly_contribution")


def _trend(case: Case) -> str:
    active = base_frame(case)["active_customers"].to_numpy(float)
    if len(active) < 6:
        return term("report.s_no_trend")
    now, before = active[-3:].mean(), active[-6:-3].mean()
    share = now / before - 1 if before else 0.0
    key = "none" if abs(share) < 0.005 else "up" if share > 0 else "down"
    change = say(f"report.change_{key}", share=percent(abs(share)))
    return say("report.s_trend", now=_count(now), change=change)


def _types(case: Case) -> str:
    types = matrix.summarise_types(case.customers, ["current_value"]).set_index("value_type")
    high = types.loc[["IV", "III"]]
    return say(
        "report.s_types",
        high=_count(high["customers"].sum()),
        share=percent(high["current_value_share"].sum()),
        months=case.assumptions.horizon_months,
        low=_count(int((case.customers["value_type"] == "I").sum())),
        cost=whole_money(case.cost_to_keep),
        how=how_cost(case),
    )


def _silent(case: Case) -> str:
    row = recommendation(case, "win_back")
    if not row["customers"]:
        return term("report.s_none_silent")
    corrected = case.past is not None and case.past.corrects_silence
    return say(
        "report.s_silent_corrected" if corrected else "report.s_silent",
        count=_count(row["customers"]),
        yearly=whole_money(case.calls["yearly_contribution"].sum()),
        back=percent(case.past.alarms.false_alarm_share) if case.past and corrected else "",
        loss=whole_money(row["at_stake"]),
        low=whole_money(row["low"]),
        high=whole_money(row["high"]),
    )


def _trust(case: Case) -> str:
    if case.past is None:
        return say("report.s_no_trust", why=case.past_problem)
    return say(
        "report.s_trust",
        months=case.past.months,
        silent=_count(case.past.alarms.silent),
        wrong=_count(case.past.alarms.silent_but_bought),
        captured=percent(case.past.model_captured),
        rival=percent(case.past.rival_captured),
    )


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


def _calls(case: Case) -> list[str]:
    calls = call_list(case)
    title = html.subheading(term("report.calls_title"))
    if calls.empty:
        return [title, html.paragraph(term("report.calls_none"))]
    lead = say(
        "report.calls_lead",
        shown=len(calls),
        count=_count(len(case.calls)),
        held=_count(case.calls["hold_out"].sum()),
    )
    columns: dict[str, tuple[str, Kind]] = {
        **_who_columns(calls),
        "reason": (term("report.reason"), "text"),
        "p_alive": (term("report.p_alive"), "percent"),
        "last_date": (term("report.last_date"), "date"),
    }
    return [title, html.paragraph(lead, quiet=True), html.table(calls, columns)]


def _who_columns(frame: pd.DataFrame) -> dict[str, tuple[str, Kind]]:
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


def base(case: Case) -> list[Piece]:
    """Return the section on the base over time."""
    frame = base_frame(case)
    title = html.heading(term("report.base_title"))
    if frame.empty:
        return [html.page(title, html.paragraph(term("report.base_none")))]
    return [
        html.page(title, html.paragraph(term("report.base_lead"))),
        picture(charts.plot_base(frame), name="base", alt=term("report.alt_base")),
    ]


def who_brings(case: Case) -> list[Piece]:
    """Return the section on the whale or concentration curve, and the customers at its head."""
    curve = _curve(case)
    is_revenue = case.basis == "revenue"
    drawn = (
        charts.plot_concentration(curve)
        if is_revenue
        else charts.plot_whale(curve, profit_is_assumed=case.basis == "assumed_profit")
    )
    top = case.customers.sort_values("yearly_contribution", ascending=False).head(_TOP_ROWS)
    columns: dict[str, tuple[str, Kind]] = {
        **_who_columns(top),
        "yearly_contribution": (say("report.yearly_contribution", basis=basis(case)), "money"),
        "orders": (term("report.orders"), "count"),
        "current_value": (term("report.current_value"), "money"),
        "headroom": (term("report.headroom"), "money"),
        "value_type": (term("report.value_type"), "text"),
    }
    lead = term("report.who_lead_revenue" if is_revenue else "report.who_lead_profit")
    return [
        html.page(html.heading(term("report.who_title")), html.paragraph(lead)),
        picture(drawn, name="who-brings-it", alt=term("report.alt_curve")),
        html.page(html.table(top, columns, caption=term("report.top_title"))),
    ]


def value_matrix(case: Case) -> list[Piece]:
    """Return the section on the value matrix: how it is made, and Table 3-2 with this case's figures."""
    assumed = case.assumptions
    lead = say(
        "report.matrix_lead",
        basis=basis(case),
        months=assumed.horizon_months,
        rate=percent(assumed.discount_rate),
    )
    pieces = [html.heading(term("report.matrix_title")), html.paragraph(lead)]
    if case.models.bg_nbd is None:
        pieces.append(html.note(say("report.matrix_naive", why=case.models.problem, basis=basis(case))))
    types = matrix.summarise_types(case.customers, ["current_value", "headroom"])
    rules = matrix.strategies()[["value_type", "name", "resources", "strategy", "caution"]]
    table = types.merge(rules, on="value_type")
    table["label"] = table["value_type"] + " · " + table["name"]
    columns: dict[str, tuple[str, Kind]] = {
        "label": (term("report.value_type"), "id"),
        "customers": (term("report.type_customers"), "count"),
        "customer_share": (term("report.type_customer_share"), "percent"),
        "current_value": (term("report.type_value"), "money"),
        "current_value_share": (term("report.type_value_share"), "percent"),
        "headroom": (term("report.type_headroom"), "money"),
    }
    rule_columns: dict[str, tuple[str, Kind]] = {
        "label": (term("report.value_type"), "id"),
        "resources": (term("report.type_resources"), "text"),
        "strategy": (term("report.type_strategy"), "text"),
        "caution": (term("report.type_caution"), "text"),
    }
    tables = html.table(table, columns), html.table(table, rule_columns, caption=term("report.types_title"))
    return [html.page(*pieces, *tables)]


def thresholds(case: Case) -> list[Piece]:
    """Return the section on where the lines are drawn and what hangs on them."""
    lines, assumed = case.thresholds, case.assumptions
    from_cost = "break_even" in (lines.current_value_choice, lines.growth_potential_choice)
    text = say(
        "report.thresholds_text" if from_cost else "report.thresholds_stated",
        value=whole_money(lines.current_value),
        headroom=whole_money(lines.growth_potential),
        months=assumed.horizon_months,
        how=how_cost(case),
        reach=percent(assumed.headroom_reached),
    )
    drawn = charts.plot_sensitivity(matrix.sensitivity(case.customers, lines))
    return [
        html.page(html.subheading(term("report.thresholds_title")), html.paragraph(text)),
        picture(drawn, name="sensitivity", alt=term("report.alt_sensitivity")),
    ]


def moved(case: Case) -> list[Piece]:
    """Return the section on who moved between two windows, and why."""
    title = html.heading(term("report.moves_title"))
    if case.moves is None:
        return [html.page(title, html.paragraph(term("report.moves_none")))]
    drawn = charts.plot_migration(migration.migration_counts(case.moves.moves))
    columns: dict[str, tuple[str, Kind]] = {
        "group": (term("report.moves_group"), "text"),
        "customers": (term("report.type_customers"), "count"),
        "revenue_change": (term("report.moves_change"), "money"),
        "change_by_orders": (term("report.moves_by_orders"), "money"),
        "change_by_order_size": (term("report.moves_by_size"), "money"),
    }
    return [
        html.page(title, html.paragraph(say("report.moves_lead", months=case.moves.months))),
        picture(drawn, name="moves", alt=term("report.alt_moves")),
        html.page(html.table(why_table(case.moves.movers), columns, caption=term("report.moves_why"))),
    ]


def why_table(movers: pd.DataFrame) -> pd.DataFrame:
    """Sum up why customers slid or rose: a row a group, change of revenue by number and by size of orders."""
    valuable = {"IV", "III"}
    was, now = movers["from_type"].isin(valuable), movers["to_type"].isin(valuable)
    known = ~movers["from_type"].eq("new") & ~movers["to_type"].eq("gone")
    groups = {
        "slid": was & ~now & known,
        "rose": ~was & now & known,
        "gone": movers["to_type"].eq("gone"),
        "new": movers["from_type"].eq("new"),
    }
    measures = ["revenue_change", "change_by_orders", "change_by_order_size"]
    rows = [
        {
            "group": term(f"report.moves_{name}"),
            "customers": int(chosen.sum()),
            **movers.loc[chosen, measures].sum().to_dict(),
        }
        for name, chosen in groups.items()
    ]
    return pd.DataFrame(rows)


def backtested(case: Case) -> list[Piece]:
    """Return the section on whether the report would have been right."""
    past = case.past
    title = html.heading(term("report.past_title"))
    if past is None:
        return [html.page(title, html.note(say("report.s_no_trust", why=case.past_problem)))]
    alarms = past.alarms
    difference = past.model_captured - past.rival_captured
    verdict = "equal" if not abs(difference) > _EQUAL_WITHIN else "better" if difference > 0 else "worse"
    texts = [
        say("report.past_lead", months=past.months, cut=past.cut),
        say(
            "report.past_silent",
            silent=_count(alarms.silent),
            wrong=_count(alarms.silent_but_bought),
            false_share=percent(alarms.false_alarm_share),
            gone=_count(alarms.silent_and_gone + alarms.active_but_gone),
            found=_count(alarms.silent_and_gone),
            months=past.months,
        ),
        say(
            "report.past_value",
            model=percent(past.model_captured),
            rival=percent(past.rival_captured),
            ideal=percent(past.ideal_captured),
        ),
        term(f"report.past_verdict_{verdict}"),
    ]
    return [
        html.page(title, *map(html.paragraph, texts)),
        picture(charts.plot_backtest(past.gains()), name="backtest", alt=term("report.alt_gains")),
        html.page(html.subheading(term("report.past_calibration"))),
        picture(
            charts.plot_calibration(past.calibration()),
            name="calibration",
            alt=term("report.alt_calibration"),
        ),
    ]


def rfm_bridge(case: Case) -> list[Piece]:
    """Return the section that leads from RFM labels to the types."""
    table = segments.bridge(case.customers["rfm_label"], case.customers["value_type"])
    table["rfm_label"] = [term(f"segments.{key}") for key in table["rfm_label"]]
    columns: dict[str, tuple[str, Kind]] = {
        "rfm_label": (term("report.rfm_label"), "id"),
        **{name: (name, "count") for name in ("IV", "III", "II", "I")},
    }
    return [
        html.page(
            html.heading(term("report.rfm_title")),
            html.paragraph(term("report.rfm_lead")),
            html.table(table, columns),
        )
    ]


def recommendations(case: Case) -> list[Piece]:
    """Return the recommendations, each with its assumption, interval, break-even rate and hold-out."""
    reach, share = percent(case.assumptions.headroom_reached), case.assumptions.hold_out_share
    table = case.recommendations.copy()
    table["what"] = [term(f"report.do_{action}") for action in table["action"]]
    table["assumption"] = [say(f"report.why_{action}", reach=reach) for action in table["action"]]
    table["stake"] = [_interval(row) for row in table.to_dict("records")]
    table["owner"] = [_owner(case.customers, action) for action in table["action"]]
    columns: dict[str, tuple[str, Kind]] = {
        "what": (term("report.action"), "id"),
        "customers": (term("report.action_customers"), "count"),
        "stake": (term("report.action_at_stake"), "text"),
        "gain": (term("report.action_gain"), "money"),
        "break_even_rate": (term("report.action_break_even"), "percent"),
        "held_out": (term("report.action_held"), "count"),
        "assumption": (term("report.action_assumption"), "text"),
        "owner": (term("report.action_owner"), "text"),
    }
    lead = say(
        "report.actions_lead",
        share=percent(share),
        cost=whole_money(case.contact_cost),
        how=how_contact(case),
    )
    return [html.page(html.heading(term("report.actions_title")), html.paragraph(lead), html.table(table, columns))]


def _owner(customers: pd.DataFrame, action: str) -> str:
    """Return who looks after most customers of an action; a blank to fill in where the log does not say."""
    if OWNER not in customers.columns:
        return "\u00a0"
    owners = customers.loc[customers["action"] == action, OWNER].dropna()
    return str(owners.mode().iloc[0]) if len(owners) else "\u00a0"


def _interval(row: Mapping[Any, Any]) -> str:
    if not row["at_stake"]:
        return "–"
    amount = whole_money(row["at_stake"])
    if np.isnan(row["low"]):
        return amount
    return f"{amount} ({whole_money(row['low'])}–{whole_money(row['high'])})"


def since_last(case: Case, folder: str | None) -> list[Piece]:
    """Return who moved since the last report, whose record lies in ``folder``; nothing if there is none."""
    if folder is None:
        return []
    record = json.loads((Path(folder) / "case.json").read_text(encoding="utf-8"))
    before = last_types(Path(folder) / "customers.csv")
    moves = migration.migration(before, case.customers[[CUSTOMER_ID, "value_type"]])
    both = moves.loc[(moves["from_type"] != "new") & (moves["to_type"] != "gone")]
    changed = both.loc[both["from_type"] != both["to_type"]]
    shown = changed.merge(case.customers, on=CUSTOMER_ID).sort_values("yearly_contribution", ascending=False)
    columns: dict[str, tuple[str, Kind]] = {
        **_who_columns(shown),
        "from_type": (term("report.since_from"), "text"),
        "to_type": (term("report.since_to"), "text"),
        "yearly_contribution": (say("report.yearly_contribution", basis=basis(case)), "money"),
    }
    lead = say(
        "report.since_lead",
        before=record["as_of"],
        moved=_count(len(changed)),
        both=_count(len(both)),
        new=_count((moves["from_type"] == "new").sum()),
    )
    table = html.table(shown, columns, rows=2 * _TOP_ROWS) if len(shown) else ""
    return [html.page(html.heading(term("report.since_title")), html.paragraph(lead), table)]


def last_types(path: Path) -> pd.DataFrame:
    """Read ``customer_id`` and ``value_type`` from the customer list of an earlier report."""
    frame = pd.read_csv(path, dtype="str", encoding="utf-8-sig", keep_default_na=False)
    ids = frame[CUSTOMER_ID].str.replace(r"^'(?=[=+\-@\t\r])", "", regex=True)
    return pd.DataFrame({CUSTOMER_ID: ids, "value_type": frame["value_type"]})


def assumptions(case: Case) -> list[Piece]:
    """Return every assumption with its value and the option that sets it, and what the models are."""
    values = case.assumptions.values()
    derived = {"cost_to_keep": case.cost_to_keep, "contact_cost": case.contact_cost}
    rows = pd.DataFrame(
        [
            {
                "label": limits.label(),
                "value": _assumed_value(values[name], derived.get(name)),
                "option": name,
            }
            for name, limits in case.assumptions.limits().items()
        ]
    )
    columns: dict[str, tuple[str, Kind]] = {
        "label": (term("report.assumption"), "text"),
        "value": (term("report.assumption_value"), "text"),
        "option": (term("report.assumption_option"), "text"),
    }
    return [
        html.page(
            html.heading(term("report.assumptions_title")),
            html.table(rows, columns),
            html.subheading(term("report.models_title")),
            *map(html.paragraph, _models(case)),
        )
    ]


def _assumed_value(value: object, derived: float | None) -> str:
    if value is not None:
        return f"{value:g}" if isinstance(value, float) else str(value)
    return "–" if derived is None else f"{derived:,.2f} ({term('report.assumed')})"


def _models(case: Case) -> list[str]:
    model, spend = case.models.bg_nbd, case.models.gamma_gamma
    if model is None:
        return [say("report.models_none", why=case.models.problem)]
    texts = [
        say(
            "report.models_text", customers=_count(len(case.customers)), r=f"{model.r:.3f}",
            alpha=f"{model.alpha:.3f}", a=f"{model.a:.3f}", b=f"{model.b:.3f}", ll=f"{model.log_likelihood:,.1f}",
        )
    ]  # fmt: skip
    if spend is not None:
        correlation = frequency_spend_correlation(case.customers)
        texts.append(
            say(
                "report.models_spend", p=f"{spend.p:.2f}", q=f"{spend.q:.2f}", gamma=f"{spend.gamma:.2f}",
                correlation=f"{correlation:.2f}",
            )
        )  # fmt: skip
    warnings = [model.warning, spend.warning if spend else ""]
    return texts + [say("report.models_boundary", warning=warning) for warning in warnings if warning]


def closing(case: Case, notes: Sequence[str] = ()) -> list[Piece]:
    """Return the last lines: notes on the files, version and time of the report's own computations."""
    seconds = f"{sum(case.seconds.values()):.1f}"
    made = html.paragraph(say("report.made_by", version=__version__, seconds=seconds), quiet=True)
    return [html.page(*map(html.note, notes), made)]


def _count(number: float) -> str:
    return f"{number:,.0f}"


def show(pieces: Iterable[Piece]) -> None:
    """Display pieces one after the other in a notebook."""
    from IPython.display import display

    for piece in pieces:
        display(piece)
