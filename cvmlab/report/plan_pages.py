"""The pages of a plan's report: background, analysis, solutions, insights, and what the market assumes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cvmlab import __version__, charts
from cvmlab.core.formats import count, grouped, in_currency, money, percent
from cvmlab.core.words import say, term
from cvmlab.market import Decision
from cvmlab.market.carrier import FIRST_MONTH
from cvmlab.market.trying import SUM_OF_SINGLES, TOGETHER

from . import html
from .figures import Picture, picture
from .placing import check_free, mark
from .workbook import write_csv

if TYPE_CHECKING:
    import pandas as pd

Piece = Picture | html.Page
Measures = Mapping[str, Mapping[str, object]]
_FILES = ("measures.csv", "case.json")
_WHOLE = (SUM_OF_SINGLES, TOGETHER)


def front(group: str, start: int, months: int) -> list[html.Page]:
    """Return the heading and in one sentence what is planned for when."""
    first, last = str(FIRST_MONTH + start), str(FIRST_MONTH + start + months - 1)
    return [
        html.page(
            f"<h1>{html.escape(say('plan.report_title', group=group))}</h1>",
            html.paragraph(say("plan.report_lead", first=first, last=last), quiet=True),
        )
    ]


def part(name: str, text: str) -> list[html.Page]:
    """Return one of the four parts in the group's words, or a note that it is missing."""
    title = html.heading(term(f"plan.{name}"))
    paragraphs = [one.strip() for one in text.replace("\r\n", "\n").split("\n\n") if one.strip()]
    if not paragraphs:
        return [html.page(title, html.note(say("plan.part_missing", part=term(f"plan.{name}"))))]
    return [html.page(title, *map(html.paragraph, paragraphs))]


def tried_measures(tried: pd.DataFrame, measures: Measures, currency: str) -> list[Piece]:
    """Return the measures as they were tried: prevention and win-back apart, then the whole plan, with a picture."""
    counted = {name: [grouped(number, 0) for number in tried[name]] for name in ("leavers_prevented", "came_back")}
    shown = tried.assign(**counted)
    single = shown[~shown["measure"].isin(_WHOLE)]
    sets = [_changes(measures[name], currency) for name in single["measure"]]
    listed = single.assign(changes=sets, kind=[term(f"codes.{kind}") for kind in single["kind"]])
    heads: html.Columns = {name: (term(f"heads.{name}"), "text") for name in ("measure", "kind")}
    pieces = [
        html.subheading(term("plan.measures_title")),
        html.table(listed, {**heads, "changes": (term("plan.head_changes"), "text")}),
        html.subheading(term("plan.tried_title")),
    ]
    for kind in ("prevention", "win_back", "both"):
        rows = single[single["kind"] == kind]
        if len(rows):
            pieces.append(html.table(rows, _columns(currency), caption=term(f"plan.table_{kind}")))
        elif kind != "both" and not (single["kind"] == "both").any():
            pieces.append(html.note(term(f"plan.no_{kind}")))
    if (tried["came_back"] > 0).any():
        pieces.append(html.paragraph(term("plan.may_leave_again"), quiet=True))
    pieces += _whole(shown, currency)
    drawn = charts.plot_tried_measures(tried, currency=currency)
    return [html.page(*pieces), picture(drawn, name="measures", alt=term("plan.alt_measures"))]


def _whole(shown: pd.DataFrame, currency: str) -> list[str]:
    """Return the whole plan: all measures at once beside the sum of their single effects."""
    whole = shown[shown["measure"].isin(_WHOLE)]
    if not len(whole):
        return []
    named = whole.assign(measure=[term(f"codes.{name}") for name in whole["measure"]])
    gain = dict(zip(whole["measure"], whole["difference"], strict=True))
    said = {name: in_currency(money(gain[name]), currency) for name in _WHOLE}
    single, together = said[SUM_OF_SINGLES], said[TOGETHER]
    more = gain[TOGETHER] > gain[SUM_OF_SINGLES]
    key = "adds_up" if single == together else "adds_more" if more else "adds_less"
    sentence = say(f"plan.{key}", single=single, together=together)
    return [html.table(named, _columns(currency), caption=term("plan.table_whole")), html.paragraph(sentence)]


def _changes(fields: Mapping[str, object], currency: str) -> str:
    """Return in words what a measure sets."""
    limits, decision = Decision.limits(), Decision().replace(**fields)
    said = []
    for name in fields:
        text = limits[name].text(getattr(decision, name))
        if limits[name].unit == "money":
            text = in_currency(text, currency)
        elif limits[name].unit == "months":
            text += limits[name].unit_label()
        said.append(say("plan.sets", field=limits[name].label(), value=text))
    return "; ".join(said) or "–"


def _columns(currency: str) -> html.Columns:
    def head(name: str) -> str:
        return say("plan.in_currency", head=term(f"plan.head_{name}"), currency=currency)

    return {
        "measure": (term("heads.measure"), "text"),
        **{
            name: (head(name), "money")
            for name in ("cost", "profit_without", "profit_with", "difference", "low", "high")
        },
        "leavers_prevented": (term("heads.leavers_prevented"), "number_text"),
        "came_back": (term("heads.came_back"), "number_text"),
    }


def assumed(base: str, start: int, months: int, customers: int, seeds: int, discount_rate: float) -> list[html.Page]:
    """Return what the market assumes, and what a trial in it cannot say."""
    said = {
        "customers": count(customers), "markets": seeds, "rate": percent(discount_rate), "months": months,
        "first": str(FIRST_MONTH + start), "base": term(f"plan.base_{base}"),
    }  # fmt: skip
    sentences = [say(f"plan.assumes_{number}", **said) for number in range(1, 6)]
    made = html.paragraph(say("plan.made_by", version=__version__), quiet=True)
    return [html.page(html.heading(term("plan.assumes_title")), html.sentences(sentences), made)]


def write_plan(tried: pd.DataFrame, measures: Measures, group: str, folder: str | Path) -> None:
    """Write ``measures.csv`` and ``case.json``."""
    target = Path(folder)
    check_free(target, _FILES)
    target.mkdir(parents=True, exist_ok=True)
    write_csv(tried, target / "measures.csv")
    record = {"name": group, "kind": "plan", "measures": {name: dict(fields) for name, fields in measures.items()}}
    (target / "case.json").write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")
    mark(target, _FILES)
