"""Page one of a report: the money at stake, five sentences, whom to call, one picture."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cvmlab import charts
from cvmlab.case import cautions as known
from cvmlab.core.formats import count, money, percent, whole_money
from cvmlab.core.words import language, say, term
from cvmlab.data.reading.quality import REFUND, USED
from cvmlab.data.tables import CUSTOMER_ID
from cvmlab.worth import matrix, portfolio
from cvmlab.worth.buying import PaymentRule

from . import html, known_ends
from .figures import Picture, picture
from .judging import judged_by, level_caution
from .portfolio import dropped_products, fallen_customers
from .wording import basis, call_list, chances_known, every, how_cost, joined, who_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes

    from cvmlab.case import Case
    from cvmlab.case.known_ends import KnownEnds
    from cvmlab.case.lookback import Past

Piece = Picture | html.Page
_FEW_DAYS, _NAMED = 90, 5
_MANY_RETURNS = 0.05
_SURELY_GONE = 0.02


def page_one(case: Case, title: str, ends: KnownEnds | None = None) -> list[Piece]:
    """Return what a manager reads: the money at stake, five sentences, one picture, whom to call.

    ``ends`` is what a table of relationships says, where there is one.
    """
    sentences = html.sentences(five_sentences(case))
    return [
        html.page(
            _masthead(case, title),
            html.cards(_stakes(case)),
            sentences,
            *map(html.note, known_ends.by_the_dates(case, ends) + judged_by(case) + cautions(case)),
        ),
        html.page(*_calls(case)),
        picture(_silence(case), name="silence", alt=term("report.alt_silence")),
    ]


def _silence(case: Case) -> Axes:
    """Return the picture of who brings much and has gone silent."""
    customers = case.customers
    held = (customers["action"] == "win_back") & customers["hold_out"]
    yearly = customers["yearly_contribution"]
    shown = customers.assign(
        action=customers["action"].mask(held, "held_out"),
        # what could come back; who left more than a year ago is past that
        yearly_contribution=customers["last_active_year"].where(yearly > 0, yearly),
    )
    return charts.plot_silence(shown, worth_from=case.cost_to_keep, currency=case.currency)


def _masthead(case: Case, title: str) -> str:
    light = known.quality_light(case.quality)
    lead = say(
        "report.lead", as_of=case.as_of, first=case.first_date, customers=count(len(case.customers)),
        orders=count(int(case.customers["orders"].sum())), basis=basis(case), returns=_returns(case),
    )  # fmt: skip
    lamp = (
        f"<div class='light {light}'><span class='lamp'></span>{html.escape(term('report.light_title'))}"
        f"{'：' if language() == 'zh' else ': '}<b>{html.escape(term(f'report.light_{light}'))}</b></div>"
    )
    heading = f"<h1>{html.escape(say('report.title', name=title))}</h1>"
    return f"<div class='masthead'><div>{heading}{html.paragraph(lead, quiet=True)}</div>{lamp}</div>"


def _returns(case: Case) -> str:
    """Return that returns are deducted, with their share where it is large."""
    whole = case.quality.returned_whole
    back, sales = whole - float(case.quality.amount(REFUND)), whole + float(case.quality.amount(USED))
    large = sales > 0 and back > _MANY_RETURNS * sales
    return say("report.returns_large", share=percent(back / sales)) if large else term("report.returns_deducted")


def _stakes(case: Case) -> list[tuple[str, str, str]]:
    customers, assumed = case.customers, case.assumptions
    whole_year = case.days >= 365
    estimated = "assumed" if case.basis == "assumed_profit" else "estimated"
    yearly_kind = "known" if whole_year and estimated == "estimated" else estimated
    yearly = say("report.card_yearly" if whole_year else "report.card_yearly_scaled", basis=basis(case), days=case.days)
    total, least, most = case.expected_total()
    current = say(
        "report.card_current" if math.isnan(least) else "report.card_current_range",
        basis=basis(case), months=assumed.horizon_months, low=money(least), high=money(most),
    )  # fmt: skip
    lost, developed = case.recommended("win_back"), case.recommended("develop")
    sure = "" if chances_known(case) else "_by_rule"
    # the rule alone says who is silent, not what is lost
    stake, stake_kind = lost["at_stake"], estimated
    if sure:
        stake, stake_kind = case.calls["last_active_year"].sum(), yearly_kind
    nobody = "report.card_loss_unknown" if known.sees_nobody_leave(case) else "report.card_no_loss"
    loss = say(
        f"report.card_loss{sure or _all_or_some(lost)}" if lost["customers"] else nobody,
        count=count(lost["customers"]), low=money(lost["low"]), high=money(lost["high"]),
    )  # fmt: skip
    headroom = say(
        "report.card_headroom_costly" if developed["break_even_rate"] > 1 else "report.card_headroom",
        count=count(developed["customers"]), reach=percent(assumed.headroom_reached),
        cost=money(case.contact_cost * developed["customers"]),
    )  # fmt: skip
    # without a model of buying nothing is expected: last year's money carried on is no forecast
    forecast = [] if case.models.buying is None else [(money(total), current, estimated)]
    return [
        (money(customers["yearly_contribution"].sum()), yearly, yearly_kind),
        *forecast,
        ("–" if not lost["customers"] and known.sees_nobody_leave(case) else money(stake), loss, stake_kind),
        (money(developed["at_stake"]), headroom, "assumed"),
    ]


def five_sentences(case: Case) -> list[str]:
    """Return the five sentences that answer a manager: who, where to, whom to keep, whom to call, how sure."""
    return [_who(case), _trend(case), _types(case), _silent(case), _trust(case)]


def cautions(case: Case) -> list[str]:
    """Return what makes this judgement a poor guide: few days, one month above all, a level off, a contract."""
    found = []
    if case.days < _FEW_DAYS:
        found.append(say("report.caution_short", days=case.days, months=case.assumptions.horizon_months))
    season = None if case.models.season is not None else known.high_season(case)
    if season is not None:
        month, share = season
        found.append(say("report.caution_season", month=term(f"report.month_{month}"), share=percent(share)))
    elif case.models.level == 1 and known.level_off(case) is not None:
        found.append(level_caution(case))
    return found + _idle(case) + _contract(case)


def _idle(case: Case) -> list[str]:
    """Return that unused columns may mark money that is no sale, and what grave warnings on the data are about."""
    section, comma, said = term("report.quality_title"), "、" if language() == "zh" else ", ", []
    idle, grave = known.idle_columns(case.quality), known.grave_warnings(case.quality)
    if idle is not None:
        columns, share = idle
        said.append(say("report.caution_idle", columns=comma.join(columns), share=percent(share), section=section))
    if grave:
        topics = comma.join(term(f"report.grave_{topic}") for topic in grave)
        said.append(say("report.caution_grave", topics=topics, section=section))
    return said


def _contract(case: Case) -> list[str]:
    """Return that nearly everyone pays at fixed times, and how many have stopped, where another rule judged."""
    months = None if isinstance(case.models.buying, PaymentRule) else known.contract_months(case)
    if months is None:
        return []
    late = known.overdue(case, months)
    money_of = whole_money(late["last_active_year"].sum())
    said = say("report.caution_contract", every=every(months), count=count(len(late)), money=money_of)
    return [joined(said, *_names(late, "report.caution_contract_names"))]


def _names(customers: pd.DataFrame, key: str) -> list[str]:
    """Return the sentence with the first few customers, none where there are none."""
    first = customers[CUSTOMER_ID].head(_NAMED)
    listed = ("、" if language() == "zh" else ", ").join(map(str, first)) + (" …" if len(customers) > _NAMED else "")
    return [say(key, names=listed)] if len(first) else []


def _who(case: Case) -> str:
    curve = known.value_curve(case)
    if curve is None:
        return term("report.s_no_buyers")
    share, amounts = portfolio.top_share(curve, 0.2), curve["amount"]
    # without a positive total there is no share
    half = _whole_customers(curve, 0.5)
    concentrated = "report.s_concentration_one" if half == 1 else "report.s_concentration"
    key = concentrated if share <= 1 else "report.s_whale" if share > 1 else "report.s_loss"
    first = case.customers[CUSTOMER_ID].to_numpy()[case.customers["yearly_contribution"].argmax()]
    return say(
        key, customers=count(len(curve)), share=percent(share), half=count(half), first=first,
        lost=whole_money(-amounts[amounts < 0].sum()), total=whole_money(amounts.sum()), basis=basis(case),
    )  # fmt: skip


def _whole_customers(curve: pd.DataFrame, share: float) -> int:
    """Return how many customers, from the top, bring a share of the total: there are no parts of a customer."""
    part = portfolio.customers_for(curve, share)
    return 0 if math.isnan(part) else max(1, math.ceil(part * len(curve) - 1e-9))


def _trend(case: Case) -> str:
    trend = known.trend(case)
    if trend is None:
        return term("report.s_no_trend")
    change, revenue = map(_change, trend.now, trend.before)
    said = say(f"report.s_trend_{trend.over}", now=count(trend.now[0]), change=change, revenue=revenue)
    more = []
    if trend.largest:
        by = ("+" if trend.by > 0 else "−") + whole_money(abs(trend.by))
        bought = case.customers.loc[case.customers[CUSTOMER_ID] == trend.largest, "yearly_orders"].sum() > 0
        key = "gone" if not bought else "one" if trend.others is None else "without"
        change = "" if trend.others is None else _change(1 + trend.others, 1)
        more.append(say(f"report.s_trend_{key}", customer=trend.largest, by=by, change=change))
    if trend.faller:
        more.append(say("report.s_trend_less", customer=trend.faller, by=whole_money(trend.fall)))
    return joined(said, *more)


def _change(now: float, before: float) -> str:
    share = now / before - 1 if before > 0 else 0.0
    key = "new" if now > 0 >= before else "none" if abs(share) < known.UNCHANGED else "up" if share > 0 else "down"
    return say(f"report.change_{key}", share=percent(abs(share)))


def _types(case: Case) -> str:
    customers = case.customers
    types = matrix.summarise_types(customers, ["current_value"]).set_index("value_type")
    high = types.loc[["IV", "III"]]
    value, total = high["current_value"].sum(), types["current_value"].sum()
    # who is to be called is not dismissed as well
    little, called = ~customers["value_type"].isin(["IV", "III"]), customers["action"] == "win_back"
    small = customers["value_type"] == "I"
    sentence = say(
        "report.s_types" if 0 <= value <= total else "report.s_types_loss",
        high=count(high["customers"].sum()), all=count(len(case.customers)),
        share=percent(high["current_value_share"].sum()),
        value=whole_money(value), total=whole_money(total), months=case.assumptions.horizon_months,
        cost=whole_money(case.cost_to_keep), how=how_cost(case),
    )  # fmt: skip
    calls = called.sum()
    beyond = (little & called).sum()
    others = {
        "low": (small & ~called).sum(),
        "called" if beyond < calls else "called_all": beyond,
        "two": (little & ~called & ~small).sum(),
    }
    more = [
        say(f"report.s_types_{name}", count=count(number), calls=count(calls), rest=count(calls - beyond))
        for name, number in others.items() if number
    ]  # fmt: skip
    return joined(sentence, *more)


def _silent(case: Case) -> str:
    row, fitted = case.recommended("win_back"), chances_known(case)
    if not row["customers"]:
        return _blind(case) if known.sees_nobody_leave(case) else term("report.s_none_silent")
    key, back, called, ago = "report.s_silent" if fitted else "report.s_silent_by_rule", "", 0, 0
    if case.past is not None and case.past.came_back is not None:
        key, called, ago = "report.s_silent_corrected", len(case.past.called), case.past.months
        back = _how_many(case.past.came_back)
    elif fitted:
        key += _all_or_some(row)
    yearly, former = (whole_money(case.calls[name].sum()) for name in ("yearly_contribution", "last_active_year"))
    before = "" if former == yearly else say("report.s_silent_before", money=former)
    loss, low, high = (whole_money(row[name]) for name in ("at_stake", "low", "high"))
    return say(
        key, count=count(row["customers"]), yearly=yearly, before=before, called=count(called), back=back, ago=ago,
        loss=loss, low=low, high=high,
    )  # fmt: skip


def _blind(case: Case) -> str:
    """Return that the model sees nobody leave, and who is silent for longer than chance would explain."""
    return joined(term("report.s_blind"), *_names(known.silent_beyond_chance(case), "report.s_blind_names"))


def _all_or_some(loss: Mapping[str, float]) -> str:
    """Return what sets the words apart where all is likely lost: of a few customers there is no range."""
    return "_all" if loss["low"] == loss["high"] else ""


def _how_many(customers: int) -> str:
    return say("report.how_many" if customers else "report.none_of_them", count=count(customers))


def _trust(case: Case) -> str:
    if case.past is None:
        return say("report.s_no_trust", why=case.past_problem)
    past, alarms = case.past, case.past.alarms
    forecast = say(
        "report.s_trust", months=past.months, expected=whole_money(past.expected), actual=whole_money(past.actual)
    )
    ranking = say(
        f"report.s_rank_{past.verdict}", captured=percent(past.model_captured), rival=percent(past.rival_captured)
    )
    called = past.called
    warnings = []
    # where the sentence before says how many came back, one such figure is enough
    if len(called) and not (len(case.calls) and past.came_back is not None):
        wrong = _how_many(int(called["bought"].sum()))
        warnings = [say("report.s_trust_silent", silent=count(len(called)), wrong=wrong)]
    elif not alarms.silent:
        key = "report.s_trust_none" if alarms.active_but_gone else "report.s_trust_none_right"
        warnings = [say(key, gone=count(alarms.active_but_gone), known=count(len(past.customers)))]
    return joined(forecast, ranking, *warnings, *_found(past))


def _found(past: Past) -> list[str]:
    """Return how many of those who left after the cut would have been called: most leave without a warning."""
    gone = past.recent.loc[~past.recent["bought"]]
    if not len(gone):
        return []
    return [say("report.s_trust_found", gone=count(len(gone)), found=_how_many(int(gone["silent"].sum())))]


def _what_is_silent(case: Case) -> str:
    rule = "payment" if isinstance(case.models.buying, PaymentRule) else "rule" if case.models.is_rule else "model"
    return say(f"report.calls_silent_{rule}", share=percent(case.assumptions.silent_below))


def _calls(case: Case) -> list[str]:
    calls = call_list(case)
    title = html.subheading(term("report.calls_title"))
    if calls.empty:
        blind = known.sees_nobody_leave(case)
        return [title, html.paragraph(term("report.calls_blind" if blind else "report.calls_none")), *_also(case)]
    number, held = count(len(case.calls)), int(case.calls["hold_out"].sum())
    of_them = "report.calls_held" if held else "report.calls_no_held"
    lead = say(
        "report.calls_lead", count=number, silent=_what_is_silent(case),
        held=say(of_them, count=number, held=held, shown=len(calls)),
    )  # fmt: skip
    if case.past is not None and len(case.past.called):
        lead = joined(lead, say("report.calls_chance", months=case.past.months))
    columns: html.Columns = {
        **who_columns(calls),
        "reason": (term("report.reason"), "text"),
        "chance_back": (term("report.chance_back"), "number_text"),
        "last_date": (term("report.last_date"), "date"),
    }
    if not chances_known(case):
        del columns["chance_back"]
    # nothing is known so well
    told = [
        percent(chance) if chance >= _SURELY_GONE else f"<{percent(_SURELY_GONE)}" for chance in calls["chance_back"]
    ]
    calls = calls.assign(chance_back=told)
    return [title, html.paragraph(lead, quiet=True), html.table(calls, columns), *_also(case)]


def _also(case: Case) -> list[str]:
    """Return who still buys, and so is on no list of the silent, but much less or a product less than before."""
    fallen, dropped = fallen_customers(case), dropped_products(case)
    said = [] if fallen.empty else _names(fallen, "report.also_fallen")
    said += [] if dropped.empty else _names(dropped.drop_duplicates(CUSTOMER_ID), "report.also_dropped")
    return [html.paragraph(joined(term("report.also"), *said))] if said else []
