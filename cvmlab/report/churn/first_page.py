"""Page one of a churn report: the rate with its window, what it costs, whom to call, what the table cannot say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cvmlab import charts
from cvmlab.case.churn.rates import differ
from cvmlab.case.churn.study import shared_by_calls
from cvmlab.core.formats import count, in_currency, money, percent, whole_money
from cvmlab.core.words import say, term
from cvmlab.data.tables import CUSTOMER_ID
from cvmlab.report import html
from cvmlab.report.figures import Picture, picture
from cvmlab.report.wording import joined

from . import alerts

if TYPE_CHECKING:
    from cvmlab.case.churn import ChurnCase

Piece = Picture | html.Page
SUMS = ("profit_kept", "expected_profit")


def page_one(case: ChurnCase, title: str) -> list[Piece]:
    """Return what a manager reads: figures, five sentences, whom to call, one picture."""
    heading = f"<h1>{html.escape(say('churning.title', name=title))}</h1>"
    lead = say("churning.lead", customers=count(len(case.customers)), window=window_of(case))
    above = [] if _is_one_sided(case) else alerts.before_sums(case)
    top = html.page(
        heading,
        html.paragraph(lead, quiet=True),
        *map(html.note, above),
        html.cards(_cards(case)),
        html.sentences(_sentences(case)),
        *map(html.note, [*_cautions(case), *alerts.doubts(case)]),
    )
    shown = case.tenures if case.tenures is not None else case.contracts
    if shown is None or len(shown) < 2 or _is_one_sided(case):
        return [top, html.page(*_calls(case))]
    label = term("churning.contract") if case.tenures is None else tenure_label(case)
    told = differ(shown, ordered=case.tenures is not None)
    drawn = charts.plot_leaving_rates(shown, overall=case.overall, label=label, differ=told)
    return [top, html.page(*_calls(case)), picture(drawn, name="rates", alt=term("churning.alt_rates"))]


def _is_one_sided(case: ChurnCase) -> bool:
    """Return whether everybody left or nobody, so that there is no rate and nobody to compare with."""
    return case.rate["left"] in (0, case.rate["customers"])


def tenure_label(case: ChurnCase) -> str:
    """Return what the bands of tenure count, in words."""
    more = "" if case.tenure_counts == "months" else f"_{case.tenure_counts}"
    return term(f"churning.tenure_axis{more}")


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
    if case.assumptions.true_rate is not None:
        cards = [(percent(case.overall), say("churning.card_base", rate=percent(rate["rate"]), **said), "assumed")]
    if case.withheld == "half":
        return cards
    if case.losses is not None and case.assumptions.true_rate is None and rate["left"]:
        lost = case.losses
        what = say("churning.card_lost", margin=percent(case.assumptions.margin), charge=money(lost.yearly_charge))
        cards.append((money(lost.yearly_profit), what, "assumed"))
    if case.offer is not None and case.score is not None:
        cards.append(_card_of_calls(case))
        chance = case.usual_break_even
        shown = percent(chance) if chance <= 1 else term("churning.never")
        cards.append((shown, term("churning.card_break_even"), "assumed"))
    return cards


def _card_of_calls(case: ChurnCase) -> tuple[str, str, str]:
    gain, low, high = case.expected_gain
    key = "card_calls" if case.pays else "card_no_calls"
    said = {"low": money(low), "high": money(high), "count": count(len(case.calls)), "all": count(case.still_there)}
    return (money(gain) if case.pays else "0", say(f"churning.{key}", **said), "assumed")


def _sentences(case: ChurnCase) -> list[str]:
    said = [_rate(case), _cost(case), _where(case), _offer(case), _whom(case), _cannot(case)]
    if case.withheld == "half" and case.score is not None:
        said = [_rate(case), _where(case), term("churning.s_wait"), _cannot(case)]
    return [sentence for sentence in said if sentence]


def _offer(case: ChurnCase) -> str:
    """Return what the offer is that everything about calling stands on."""
    if case.offer is None or case.score is None:
        return ""
    assumed = case.assumptions
    said = {
        "offer": in_money(case, case.usual_offer), "kept": percent(assumed.acceptance),
        "take": percent(assumed.stayers_take), "months": _waived(assumed.offer_months),
    }  # fmt: skip
    return say("churning.s_offer" if assumed.offer_cost is None else "churning.s_offer_stated", **said)


def _waived(months: float) -> str:
    known = {0.5: "half", 1.0: "one"}
    return say(f"churning.s_offer_{known.get(months, 'months')}", months=f"{months:g}")


def _rate(case: ChurnCase) -> str:
    rate = case.rate
    if _is_one_sided(case):
        key = "s_all_left" if rate["left"] else "s_none_left"
        return say(f"churning.{key}", customers=count(rate["customers"]))
    figures = {name: percent(rate[name]) for name in ("rate", "low", "high")}
    counted = {"left": count(rate["left"]), "customers": count(rate["customers"])}
    sentence = say("churning.s_rate", **figures, **counted, window=window_of(case))
    if case.assumptions.true_rate is not None:
        than = "more" if rate["rate"] > case.overall else "fewer"
        sentence = say(f"churning.s_rate_of_base_{than}", **counted, window=window_of(case), rate=figures["rate"],
                       true=percent(case.overall))  # fmt: skip
    if case.window is None:
        return joined(sentence, term("churning.s_no_window"))
    if math.isnan(case.yearly_pace):
        return sentence
    key = "churning.s_pace" if case.assumptions.true_rate is None else "churning.s_pace_of_base"
    return joined(sentence, say(key, share=percent(case.yearly_pace)))


def _cost(case: ChurnCase) -> str:
    if case.losses is None:
        return term("churning.s_no_charge")
    if case.assumptions.true_rate is not None or not case.rate["left"]:
        return ""
    lost = case.losses
    return say(
        "churning.s_cost", monthly=in_money(case, lost.monthly_charge), yearly=in_money(case, lost.yearly_charge),
        profit=in_money(case, lost.yearly_profit), margin=percent(case.assumptions.margin),
        share=percent(lost.share_of_charge),
    )  # fmt: skip


def _where(case: ChurnCase) -> str:
    if _is_one_sided(case):
        return ""
    parts = []
    for name, frame in (("tenure", case.tenures), ("contract", case.contracts)):
        if frame is not None and len(frame) > 1:
            if not differ(frame, ordered=name == "tenure"):
                parts.append(term(f"churning.s_alike_{name}"))
                continue
            most, least = frame.iloc[int(frame["rate"].argmax())], frame.iloc[int(frame["rate"].argmin())]
            counts = f"_{case.tenure_counts}" if name == "tenure" and case.tenure_counts != "months" else ""
            parts.append(
                say(
                    f"churning.s_where_{name}{counts}", most=most["group"], high=percent(most["rate"]),
                    least=least["group"], low=percent(least["rate"]),
                )
            )  # fmt: skip
    return joined(*parts)


def _whom(case: ChurnCase) -> str:
    if case.score is None:
        return say("churning.s_no_score", why=case.why_no_score)
    if case.withheld == "few":
        return say("churning.s_few", left=count(case.rate["left"]))
    if case.offer is None:
        return term("churning.s_no_offer")
    said = {
        "count": count(len(case.calls)), "all": count(case.still_there),
        "chance": percent(min(case.usual_break_even, 1)),
    }  # fmt: skip
    if not len(case.calls):
        needed = case.needed_acceptance
        sentence = say("churning.s_nobody", needed=percent(needed)) if needed <= 1 else term("churning.s_nobody_ever")
        return joined(sentence, alerts.cheap_enough(case))
    if not case.pays:
        return say("churning.s_not_yet", **said)
    gain, low, high = (in_money(case, amount) for amount in case.expected_gain)
    held = int(case.customers["hold_out"].sum())
    said |= {"pays": count(len(case.calls) + held), "held": count(held)}
    sentence = say("churning.s_whom_held" if held else "churning.s_whom", gain=gain, low=low, high=high, **said)
    return joined(sentence, alerts.hanging_on_one(case), alerts.tested(case),
                  say("churning.s_needed", needed=percent(case.acceptance_needed_by_calls)))  # fmt: skip


def _cannot(case: ChurnCase) -> str:
    if not case.customers["hold_out"].any():
        return term("churning.s_cannot")
    return joined(term("churning.s_cannot"), say("churning.s_hold_out", share=percent(case.assumptions.hold_out_share)))


def _cautions(case: ChurnCase) -> list[str]:
    found = []
    if shared := shared_by_calls(case):
        column, value, called, left = shared
        said = {"column": column, "value": value, "called": percent(called), "left": percent(left)}
        found.append(say("churning.caution_shared", **said))
    if case.knowing:
        found.append(say("churning.caution_knows", columns=", ".join(case.knowing)))
    if case.score is not None and case.score.model == "base_rate" and case.withheld != "few":
        key = "caution_blind_paid" if len(case.calls) else "caution_blind"
        found.append(say(f"churning.{key}", left=count(case.rate["left"])))
    if case.pays and case.expected_gain[1] <= 0:
        found.append(say("churning.caution_unsure", share=percent(case.losing_share)))
    return found


def _calls(case: ChurnCase) -> list[str]:
    title = html.subheading(term("churning.calls_title"))
    calls = case.calls
    if case.score is None or case.withheld == "few":
        return _largest(case)
    if case.offer is None:
        return _likeliest(case)
    if not len(calls):
        # where most pay the same there are no largest
        paid = case.customers["monthly_charge"]
        largest = _largest(case) if paid.max() > paid.median() else []
        return [title, html.paragraph(term("churning.calls_none")), *largest]
    shown = calls.head(case.assumptions.calls)
    key = "calls_lead" if len(shown) < len(calls) else "calls_lead_all"
    lead = say(f"churning.{key}", shown=len(shown), count=count(len(calls)))
    return [title, html.paragraph(lead, quiet=True), html.table(shown, call_columns(case))]


def _likeliest(case: ChurnCase) -> list[str]:
    """Return the likeliest leavers with their chance, where sums would say nothing or cannot be had."""
    shown, columns = case.likeliest.head(case.assumptions.calls), call_columns(case)
    lead = "likeliest_lead_drawn" if case.withheld else "likeliest_lead"
    return [
        html.subheading(term("churning.likeliest_title")),
        html.paragraph(say(f"churning.{lead}", shown=len(shown)), quiet=True),
        html.table(shown, columns),
    ]


def _largest(case: ChurnCase) -> list[str]:
    """Return the customers who pay most, for a table too small to say who is likely to leave."""
    if case.losses is None:
        return []
    staying = case.customers[~case.customers["left"]]
    if staying.empty:
        return []
    whole = float(case.customers["monthly_charge"].sum())
    shown = staying.nlargest(case.assumptions.calls, "monthly_charge")
    shown = shown.assign(share=shown["monthly_charge"] / whole if whole else 0.0)
    columns: html.Columns = {
        CUSTOMER_ID: (term("churning.customer"), "id"),
        **({case.name_column: (case.name_column, "text")} if case.name_column else {}),
        "monthly_charge": (term("churning.monthly_charge"), "money"),
        "share": (term("churning.share_of_charges"), "percent"),
    }
    title = html.subheading(term("churning.largest_title"))
    lead = "largest_lead" if case.rate["left"] else "largest_lead_none_left"
    if case.rate["left"] and case.score is not None and case.offer is not None:
        lead = "largest_lead_nobody"
    return [title, html.paragraph(term(f"churning.{lead}"), quiet=True), html.table(shown, columns)]


def call_columns(case: ChurnCase) -> html.Columns:
    """Return the columns of a call list, for `html.table`."""
    people = {
        name: (name, "text") for name in case.subscribers.personal if name in case.customers and name != CUSTOMER_ID
    }
    if case.name_column:
        people = {case.name_column: (case.name_column, "text"), **people}
    every: html.Columns = {
        CUSTOMER_ID: (term("churning.customer"), "id"),
        **people,  # type: ignore[dict-item]
        "chance": (term("churning.chance"), "percent"),
        "monthly_charge": (term("churning.monthly_charge"), "money"),
        "profit_kept": (say("churning.profit_kept", months=case.assumptions.months_kept), "money"),
        "expected_profit": (term("churning.expected_profit"), "money"),
        "tenure_months": (term("churning.tenure_axis"), "count"),
        "contract": (term("churning.contract"), "text"),
    }
    left_out = (*SUMS, *(["chance"] if case.withheld == "few" else [])) if case.offer is None else ()
    return {name: told for name, told in every.items() if name in case.customers and name not in left_out}
