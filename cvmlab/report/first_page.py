"""Page one of a report: the money at stake, five sentences, whom to call, one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cvmlab import charts
from cvmlab.case.cautions import base_frame, contract_months, high_season, overdue, stopped_paying, value_curve
from cvmlab.core.formats import count, money, percent, whole_money
from cvmlab.core.words import language, say, term
from cvmlab.worth import matrix, portfolio

from . import html
from .figures import Picture, picture
from .html import Kind
from .light import quality_light
from .wording import basis, call_list, how_cost, recommendation, who_columns

if TYPE_CHECKING:
    from cvmlab.case import Case

Piece = Picture | html.Page
_FEW_DAYS = 90
# So much the backtest's expectation and what came may differ before page one says so.
_LEVEL_OFF = 0.25


def page_one(case: Case, title: str) -> list[Piece]:
    """Return what a manager reads: the money at stake, five sentences, one picture, whom to call."""
    return [
        html.page(
            _masthead(case, title),
            html.cards(_stakes(case)),
            html.sentences(five_sentences(case)),
            *map(html.note, cautions(case)),
        ),
        html.page(*_calls(case)),
        picture(charts.plot_matrix(case.customers, case.thresholds), name="matrix", alt=term("report.alt_matrix")),
    ]


def _masthead(case: Case, title: str) -> str:
    light = quality_light(case.quality)
    lead = say(
        "report.lead",
        as_of=case.as_of,
        customers=count(len(case.customers)),
        orders=count(int(case.customers["orders"].sum())),
        first=case.first_date,
        basis=basis(case),
    )
    lamp = (
        f"<div class='light {light}'><span class='lamp'></span>{html.escape(term('report.light_title'))}"
        f"{'：' if language() == 'zh' else ': '}<b>{html.escape(term(f'report.light_{light}'))}</b></div>"
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
    sure = "" if case.models.bg_nbd is not None else "_by_rule"
    loss = say(
        f"report.card_loss{sure}" if lost["customers"] else "report.card_no_loss",
        count=count(lost["customers"]),
        low=money(lost["low"]),
        high=money(lost["high"]),
    )
    pays = not developed["break_even_rate"] > 1
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
            say(
                "report.card_headroom" if pays else "report.card_headroom_costly",
                reach=percent(assumed.headroom_reached),
                cost=money(case.contact_cost * developed["customers"]),
            ),
            "assumed",
        ),
    ]


def five_sentences(case: Case) -> list[str]:
    """Return the five sentences that answer a manager: who, where to, whom to keep, whom to call, how sure."""
    return [_who(case), _trend(case), _types(case), _silent(case), _trust(case)]


def cautions(case: Case) -> list[str]:
    """Return what makes the model of buying a poor guide to this log: few days, a season, a trend, or a contract."""
    found = []
    days = (case.as_of - case.first_date).days + 1
    if days < _FEW_DAYS:
        found.append(say("report.caution_short", days=days, months=case.assumptions.horizon_months))
    season = high_season(case)
    if season is not None:
        month, share = season
        found.append(say("report.caution_season", month=term(f"report.month_{month}"), share=percent(share)))
    else:
        found += _level_off(case)
    return found + _contract(case)


def _contract(case: Case) -> list[str]:
    """Return that nearly everyone pays at fixed times, and who has stopped; nothing where they do not."""
    months = contract_months(case)
    if months is None:
        return []
    if months == 1:
        stopped = stopped_paying(case)
        yearly = whole_money(stopped["yearly_contribution"].sum())
        return [say("report.caution_contract", count=count(len(stopped)), yearly=yearly)]
    late = overdue(case, months)
    revenue = whole_money(late["last_year"].sum())
    return [say("report.caution_contract_months", months=months, count=count(len(late)), revenue=revenue)]


def _level_off(case: Case) -> list[str]:
    """Return a warning where the backtest expected far more or less revenue than came, nothing else."""
    if case.past is None:
        return []
    later = case.past.customers
    expected, actual = float(later["expected_revenue"].sum()), float(later["later_revenue"].sum())
    if min(expected, actual) <= 0 or max(expected, actual) <= (1 + _LEVEL_OFF) * min(expected, actual):
        return []
    return [
        say(
            "report.caution_too_high" if expected > actual else "report.caution_too_low",
            months=case.past.months,
            share=percent(abs(expected / actual - 1)),
            value=whole_money(case.customers["current_value"].sum()),
            horizon=case.assumptions.horizon_months,
        )
    ]


def _who(case: Case) -> str:
    curve = value_curve(case)
    share, amounts = portfolio.top_share(curve, 0.2), curve["amount"]
    key = "report.s_concentration" if share <= 1 else "report.s_whale" if amounts.sum() > 0 else "report.s_loss"
    return say(
        key,
        customers=count(len(curve)),
        share=percent(share),
        half=percent(portfolio.customers_for(curve, 0.5)),
        lost=whole_money(-amounts[amounts < 0].sum()),
        total=whole_money(amounts.sum()),
        basis=basis(case),
    )


def _trend(case: Case) -> str:
    months = base_frame(case)
    if len(months) < 6:
        return term("report.s_no_trend")
    # the same months of the year before, so that a season is not taken for a trend
    a_year_ago = len(months) >= 15
    lately = months[["active_customers", "revenue"]].to_numpy(float)
    now = lately[-3:].mean(axis=0)
    before = (lately[-15:-12] if a_year_ago else lately[-6:-3]).mean(axis=0)
    return say(
        "report.s_trend_year" if a_year_ago else "report.s_trend",
        now=count(now[0]),
        change=_change(now[0], before[0]),
        revenue=_change(now[1], before[1]),
    )


def _change(now: float, before: float) -> str:
    share = now / before - 1 if before > 0 else 0.0
    key = "new" if now > 0 >= before else "none" if abs(share) < 0.005 else "up" if share > 0 else "down"
    return say(f"report.change_{key}", share=percent(abs(share)))


def _types(case: Case) -> str:
    types = matrix.summarise_types(case.customers, ["current_value"]).set_index("value_type")
    high = types.loc[["IV", "III"]]
    value, total = high["current_value"].sum(), types["current_value"].sum()
    return say(
        "report.s_types" if 0 <= value <= total else "report.s_types_loss",
        high=count(high["customers"].sum()),
        share=percent(high["current_value_share"].sum()),
        value=whole_money(value),
        total=whole_money(total),
        months=case.assumptions.horizon_months,
        low=count(int((case.customers["value_type"] == "I").sum())),
        cost=whole_money(case.cost_to_keep),
        how=how_cost(case),
    )


def _silent(case: Case) -> str:
    row = recommendation(case, "win_back")
    if not row["customers"]:
        blind = case.models.bg_nbd is not None and case.customers["p_alive"].min() > case.assumptions.silent_below
        return term("report.s_blind" if blind else "report.s_none_silent")
    corrected = case.past is not None and case.past.corrects_silence
    fitted = "report.s_silent" if case.models.bg_nbd is not None else "report.s_silent_by_rule"
    return say(
        "report.s_silent_corrected" if corrected else fitted,
        count=count(row["customers"]),
        yearly=whole_money(case.calls["yearly_contribution"].sum()),
        back=percent(case.past.comparable.false_alarm_share) if case.past and corrected else "",
        loss=whole_money(row["at_stake"]),
        low=whole_money(row["low"]),
        high=whole_money(row["high"]),
    )


def _trust(case: Case) -> str:
    if case.past is None:
        return say("report.s_no_trust", why=case.past_problem)
    alarms, later = case.past.alarms, case.past.customers
    return say(
        "report.s_trust" if alarms.silent else "report.s_trust_none",
        months=case.past.months,
        silent=count(alarms.silent),
        wrong=count(alarms.silent_but_bought),
        gone=count(alarms.active_but_gone),
        known=count(len(later)),
        expected=whole_money(later["expected_revenue"].sum()),
        actual=whole_money(later["later_revenue"].sum()),
        captured=percent(case.past.model_captured),
        rival=percent(case.past.rival_captured),
    )


def _calls(case: Case) -> list[str]:
    calls = call_list(case)
    title = html.subheading(term("report.calls_title"))
    if calls.empty:
        return [title, html.paragraph(term("report.calls_none"))]
    lead = say(
        "report.calls_lead",
        shown=len(calls),
        count=count(len(case.calls)),
        held=count(case.calls["hold_out"].sum()),
    )
    columns: dict[str, tuple[str, Kind]] = {
        **who_columns(calls),
        "reason": (term("report.reason"), "text"),
        "p_alive": (term("report.p_alive"), "percent"),
        "last_date": (term("report.last_date"), "date"),
    }
    if case.models.bg_nbd is None:
        del columns["p_alive"]
    return [title, html.paragraph(lead, quiet=True), html.table(calls, columns)]
