"""Page one of a churn report: the rate with its window, what it costs, whom to call, what the table cannot say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cvmlab import charts
from cvmlab.core.formats import count, in_currency, money, percent, whole_money
from cvmlab.core.words import say, term
from cvmlab.data.tables import CUSTOMER_ID
from cvmlab.report import html
from cvmlab.report.figures import Picture, picture
from cvmlab.report.wording import joined

if TYPE_CHECKING:
    from cvmlab.case.churn import ChurnCase

Piece = Picture | html.Page
# few firms lose so many of their customers in a year; tables drawn with many leavers seem to
_TOO_FAST = 0.6


def page_one(case: ChurnCase, title: str) -> list[Piece]:
    """Return what a manager reads: figures, five sentences, whom to call, one picture."""
    heading = f"<h1>{html.escape(say('churning.title', name=title))}</h1>"
    lead = say("churning.lead", customers=count(len(case.customers)), window=window_of(case))
    top = html.page(
        heading,
        html.paragraph(lead, quiet=True),
        html.cards(_cards(case)),
        html.sentences(_sentences(case)),
        *map(html.note, _cautions(case)),
    )
    shown = case.tenures if case.tenures is not None else case.contracts
    if shown is None:
        return [top, html.page(*_calls(case))]
    label = term("churning.tenure_axis" if case.tenures is not None else "churning.contract")
    drawn = charts.plot_leaving_rates(shown, overall=case.rate["rate"], label=label)
    return [top, html.page(*_calls(case)), picture(drawn, name="rates", alt=term("churning.alt_rates"))]


def window_of(case: ChurnCase) -> str:
    """Return in words in which time those left who are marked as gone."""
    if case.window is None:
        return term("churning.window_unknown")
    key = "churning.window_month" if case.window == 1 else "churning.window_months_of"
    return say(key, months=case.window)


def in_money(case: ChurnCase, amount: float) -> str:
    """Return an amount as a sentence has it, with the currency where the table names one."""
    return in_currency(whole_money(amount), case.subscribers.currency)


def _cards(case: ChurnCase) -> list[tuple[str, str, str]]:
    rate = case.rate
    said = {"left": count(rate["left"]), "customers": count(rate["customers"]), "window": window_of(case)}
    cards = [(percent(rate["rate"]), say("churning.card_rate", **said), "known")]
    if case.losses is not None:
        lost = case.losses
        what = say("churning.card_lost", margin=percent(case.assumptions.margin), charge=money(lost.yearly_charge))
        cards.append((money(lost.yearly_profit), what, "assumed"))
    if case.offer is not None and case.score is not None:
        calls = case.calls
        key = "churning.card_calls" if len(calls) else "churning.card_no_calls"
        gain, low, high = case.expected_gain
        said = {"low": money(low), "high": money(high), "count": count(len(calls)), "all": count(case.still_there)}
        cards.append((money(gain) if len(calls) else "0", say(key, **said), "assumed"))
    if case.offer is not None:
        chance = case.usual_break_even
        shown = percent(chance) if chance <= 1 else term("churning.never")
        cards.append((shown, term("churning.card_break_even"), "assumed"))
    return cards


def _sentences(case: ChurnCase) -> list[str]:
    said = [_rate(case), _cost(case), _where(case), _whom(case), _cannot(case)]
    return [sentence for sentence in said if sentence]


def _rate(case: ChurnCase) -> str:
    rate = case.rate
    figures = {name: percent(rate[name]) for name in ("rate", "low", "high")}
    counted = {"left": count(rate["left"]), "customers": count(rate["customers"])}
    sentence = say("churning.s_rate", **figures, **counted, window=window_of(case))
    if case.window is None:
        return joined(sentence, term("churning.s_no_window"))
    if math.isnan(case.yearly_pace):
        return sentence
    key = "churning.s_pace" if case.assumptions.true_rate is None else "churning.s_pace_of_base"
    true = {} if case.assumptions.true_rate is None else {"rate": percent(case.assumptions.true_rate)}
    return joined(sentence, say(key, share=percent(case.yearly_pace), **true))


def _cost(case: ChurnCase) -> str:
    if case.losses is None:
        return term("churning.s_no_charge")
    lost = case.losses
    return say(
        "churning.s_cost", monthly=in_money(case, lost.monthly_charge), yearly=in_money(case, lost.yearly_charge),
        profit=in_money(case, lost.yearly_profit), margin=percent(case.assumptions.margin),
        share=percent(lost.share_of_charge),
    )  # fmt: skip


def _where(case: ChurnCase) -> str:
    parts = []
    for name, frame in (("tenure", case.tenures), ("contract", case.contracts)):
        if frame is not None and len(frame) > 1:
            most, least = frame.iloc[int(frame["rate"].argmax())], frame.iloc[int(frame["rate"].argmin())]
            parts.append(
                say(
                    f"churning.s_where_{name}", most=most["group"], high=percent(most["rate"]),
                    least=least["group"], low=percent(least["rate"]),
                )
            )  # fmt: skip
    return joined(*parts)


def _whom(case: ChurnCase) -> str:
    if case.score is None:
        return say("churning.s_no_score", why=case.why_no_score)
    if case.offer is None:
        return term("churning.s_no_offer")
    calls = case.calls
    said = {
        "count": count(len(calls)), "all": count(case.still_there), "held": count(case.customers["hold_out"].sum()),
        "chance": percent(min(case.usual_break_even, 1)),
    }  # fmt: skip
    if len(calls):
        gain, low, high = (in_money(case, amount) for amount in case.expected_gain)
        return say("churning.s_whom", gain=gain, low=low, high=high, **said)
    needed = case.needed_acceptance
    return say("churning.s_nobody", needed=percent(needed)) if needed <= 1 else term("churning.s_nobody_ever")


def _cannot(case: ChurnCase) -> str:
    return say("churning.s_cannot", share=percent(case.assumptions.hold_out_share))


def _cautions(case: ChurnCase) -> list[str]:
    found = []
    if case.yearly_pace > _TOO_FAST and case.assumptions.true_rate is None:
        found.append(say("churning.caution_drawn", share=percent(case.yearly_pace)))
    if case.knowing:
        found.append(say("churning.caution_knows", columns=", ".join(case.knowing)))
    if case.score is not None and case.score.model == "base_rate":
        found.append(term("churning.caution_blind"))
    elif case.tried is not None and len(case.calls) and case.tried.low <= 0:
        found.append(term("churning.caution_unsure"))
    return found


def _calls(case: ChurnCase) -> list[str]:
    title = html.subheading(term("churning.calls_title"))
    calls = case.calls
    if not len(calls):
        return [title, html.paragraph(term("churning.calls_none"))]
    shown = calls.head(case.assumptions.calls)
    lead = say(
        "churning.calls_lead", shown=len(shown), count=count(len(calls)), kept=percent(case.assumptions.acceptance),
        months=case.assumptions.months_kept, margin=percent(case.assumptions.margin),
    )  # fmt: skip
    return [title, html.paragraph(lead, quiet=True), html.table(shown, call_columns(case))]


def call_columns(case: ChurnCase) -> html.Columns:
    """Return the columns of a call list, for `html.table`."""
    columns: html.Columns = {
        CUSTOMER_ID: (term("churning.customer"), "id"),
        "chance": (term("churning.chance"), "percent"),
        "monthly_charge": (term("churning.monthly_charge"), "money"),
        "profit_kept": (say("churning.profit_kept", months=case.assumptions.months_kept), "money"),
        "expected_profit": (term("churning.expected_profit"), "money"),
    }
    for name, word, kind in (("tenure_months", "tenure_axis", "count"), ("contract", "contract", "text")):
        if name in case.customers:
            columns[name] = (term(f"churning.{word}"), kind)  # type: ignore[assignment]
    return columns
