"""The sections of a report whose customers' days of leaving are recorded: rates, causes, whom to win back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from cvmlab import charts
from cvmlab.case.known_ends import KnownEnds, check_same_customers, study_ends
from cvmlab.core.formats import count, money, percent, whole_money
from cvmlab.core.words import CvmError, say, term
from cvmlab.data.subscribers.relationships import Relationships, file_beside, read_relationships
from cvmlab.data.tables import ATTRIBUTES, CUSTOMER_ID
from cvmlab.keep.churn.reason_rules import REASONS, reason_of_name
from cvmlab.worth.buying import PaymentRule

from . import html
from .figures import Picture, picture
from .wording import basis, who_columns

if TYPE_CHECKING:
    import pandas as pd

    from cvmlab.case import Case
    from cvmlab.case.known_ends import Causes, WinBack
    from cvmlab.data.reading import Log

Piece = Picture | html.Page
#: What a list says of each customer to win back.
WIN_BACK = ("left_date", "cause", "profit_per_period", "assumed_second_lifetime_value", "break_even_acceptance")
_SHOWN = (1, 2, 3, 6, 12, 24, 36, 60, 120)
_TOP_ROWS = 10


def recorded(
    log: Log,
    source: str | Path,
    subscribers: str | None = None,
    columns: Mapping[str, str] | None = None,
    hidden: Mapping[str, str] | None = None,
) -> tuple[Relationships | None, list[str]]:
    """Return who was a customer of a log from when to when, and sentences that a reader should see.

    ``subscribers`` names a table of relationships; without one, that beside the source is taken, if there is one and
    it can be read; an empty text says that there is none. ``columns`` are those of the table by role. ``hidden`` are
    the labels of masked customers by their ids, None without a mask; under a mask no cell is told.
    """
    from cvmlab.data.datasets import find

    chosen = file_beside(find(source)) if subscribers is None else find(subscribers) if subscribers else None
    if chosen is None:
        return None, []
    try:
        last = log.as_of or date.fromisoformat(log.quality.last_date)
        found = read_relationships(chosen, as_of=last, columns=columns)
        found = found if hidden is None else _labelled(found, hidden)
        check_same_customers(log.transactions.select(CUSTOMER_ID).distinct().df()[CUSTOMER_ID], found)
        return found, list(found.notes)
    except CvmError as error:
        if subscribers is not None:
            raise
        # what merely lies there by that name must not keep anybody from the report
        why = "" if hidden is not None else f"{error} "
        return None, [say("known_ends.not_read", file=chosen.name, why=why)]


def _labelled(found: Relationships, hidden: Mapping[str, str]) -> Relationships:
    """Return relationships under the labels that a masked report shows."""
    ids = found.frame[CUSTOMER_ID].map(lambda one: hidden.get(one, one))
    return dataclasses.replace(found, frame=found.frame.assign(**{CUSTOMER_ID: ids}), notes=())


def ends_of(case: Case, dates: Relationships | None) -> KnownEnds | None:
    """Return what recorded dates say of the customers of a case, None without any."""
    return None if dates is None else study_ends(case, dates)


def by_the_dates(case: Case, ends: KnownEnds | None) -> list[str]:
    """Return what page one says of those who have left by the dates: that they count as gone, and where they stand."""
    if ends is None:
        return []
    return [
        say(
            "known_ends.page_one", name=ends.name, left=count(ends.left), before=count(ends.before),
            rate=_rate(ends.left, ends.before), gone=count(ends.gone), missed=count(ends.seen[0].missed),
            lost=whole_money(ends.lost), basis=basis(case),
            title=term("known_ends.title"),
        )
    ]  # fmt: skip


def known_ends_section(case: Case, ends: KnownEnds | None, notes: list[str]) -> list[Piece]:
    """Return the sections on recorded ends, nothing where none are recorded."""
    if ends is None:
        return [html.page(*map(html.note, notes))] if notes else []
    said = [html.paragraph(note, quiet=True) for note in notes]
    lead = say(
        "known_ends.lead", name=ends.name, before=count(ends.before), left=count(ends.left),
        rate=_rate(ends.left, ends.before), lost=whole_money(ends.lost), basis=basis(case), back=count(ends.back),
    )  # fmt: skip
    if ends.not_in_table:
        said.append(html.note(say("known_ends.not_in_table", count=count(ends.not_in_table), name=ends.name)))
    return [
        html.page(html.heading(term("known_ends.title")), html.paragraph(lead), *said, *_years(ends)),
        html.page(*_seen(case, ends)),
        *_lives(ends),
        *([] if ends.causes is None else [html.page(*_causes(case, ends.causes))]),
        *([] if ends.win_back is None else [html.page(*_win_back(case, ends.win_back))]),
    ]


def _rate(part: float, whole: float) -> str:
    return percent(part / whole) if whole else "–"


def _years(ends: KnownEnds) -> list[str]:
    if not len(ends.years):
        return []
    columns: html.Columns = {
        "year": (term("known_ends.year"), "id"),
        "at_start": (term("known_ends.at_start"), "count"),
        "left": (term("known_ends.left"), "count"),
        "churn_rate": (term("known_ends.rate"), "percent"),
        "back": (term("known_ends.back"), "count"),
    }
    key = []
    if "missed" in ends.years:
        columns["missed"] = (term("known_ends.missed"), "count")
        columns["missed_rate"] = (term("known_ends.missed_rate"), "percent")
        key = [html.paragraph(term("known_ends.years_key"), quiet=True)]
    return [html.table(ends.years, columns, caption=term("known_ends.years_title")), *key]


def _seen(case: Case, ends: KnownEnds) -> list[str]:
    import pandas as pd

    by_payment = isinstance(case.models.buying, PaymentRule)
    ways = {"report": "way_report_payment" if by_payment else "way_report", "payments": "way_payments"}
    rows = [
        (term(f"known_ends.{ways[seen.way]}"), seen.called, seen.rightly, seen.wrongly, seen.missed)
        for seen in ends.seen
    ]
    columns: html.Columns = {
        "way": (term("known_ends.way"), "text"),
        "called": (term("known_ends.called"), "count"),
        "rightly": (term("known_ends.rightly"), "count"),
        "wrongly": (term("known_ends.wrongly"), "count"),
        "missed": (term("known_ends.missed_ends"), "count"),
    }
    why = [] if ends.regular or ends.months is None else [html.paragraph(term("known_ends.seen_no_rule"))]
    return [
        html.subheading(term("known_ends.seen_title")),
        html.paragraph(say("known_ends.seen_lead", gone=count(ends.gone))),
        html.table(pd.DataFrame(rows, columns=list(columns)), columns),
        html.paragraph(term("known_ends.seen_dates")),
        *why,
    ]


def _lives(ends: KnownEnds) -> list[Piece]:
    columns: html.Columns = {
        "period": (term("known_ends.month"), "count"),
        "at_risk": (term("known_ends.at_risk"), "count"),
        "left": (term("known_ends.ended"), "count"),
        "hazard": (term("known_ends.hazard"), "percent"),
        "retention": (term("known_ends.retention"), "percent"),
    }
    key = []
    if "missed_hazard" in ends.table:
        columns["missed_hazard"] = (term("known_ends.missed_hazard"), "percent")
        key = [html.paragraph(term("known_ends.life_key"), quiet=True)]
    shown = ends.table[ends.table["period"].isin(_SHOWN)]
    drawn = charts.plot_retention(ends.table, unit=term("units.months"))
    return [
        html.page(html.subheading(term("known_ends.life_title")), html.paragraph(term("known_ends.life_lead"))),
        picture(drawn, name="known-ends", alt=term("known_ends.alt")),
        html.page(html.table(shown, columns), *key),
    ]


def _causes(case: Case, causes: Causes) -> list[str]:
    table = causes.table[causes.table["reason"].isin(REASONS)]
    table = table.assign(
        known_share=table["share"] / max(float(table["share"].sum()), 1e-12),
        known_value=table["value_share"] / max(float(table["value_share"].sum()), 1e-12),
        reason=[term(reason) for reason in table["reason"]],
    ).sort_values("known_value", ascending=False)
    columns: html.Columns = {
        "reason": (term("known_ends.cause"), "text"),
        "customers": (term("known_ends.customers"), "count"),
        "known_share": (term("known_ends.known_share"), "percent"),
        "known_value": (term("known_ends.value_share"), "percent"),
        "controllable": (term("known_ends.controllable"), "yes"),
    }
    total = causes.share.known_value + causes.share.unknown_value
    lead = say(
        "known_ends.causes_lead", leavers=count(causes.leavers), known=count(causes.known),
        share=_rate(causes.known, causes.leavers), value_share=_rate(causes.known_value, total), basis=basis(case),
    )  # fmt: skip
    return [
        html.subheading(term("known_ends.causes_title")),
        html.paragraph(lead),
        *([html.paragraph(term("known_ends.causes_text"))] if causes.from_text else []),
        html.table(table, columns),
        html.paragraph(causes.share.sentence()),
        html.paragraph(term("known_ends.causes_key"), quiet=True),
    ]


def _win_back(case: Case, found: WinBack) -> list[str]:
    lead = say(
        "known_ends.win_lead" if found.of_returned else "known_ends.win_lead_all", count=count(len(found.customers)),
        basis=basis(case), retention=f"{found.retention:.1%}", kept=percent(found.kept),
        rate=percent(case.assumptions.discount_rate), unwanted=count(found.not_asked),
    )  # fmt: skip
    alone = say(
        "known_ends.win_alone", back=count(found.came_back), left=count(found.left_before),
        share=_rate(found.came_back, found.left_before),
    )  # fmt: skip
    by_columns: html.Columns = {
        "acceptance": (term("known_ends.acceptance"), "percent"),
        "customers": (term("known_ends.worth"), "count"),
        "expected_profit": (say("known_ends.gain", basis=basis(case)), "money"),
    }
    top = win_back_list(case, found).head(_TOP_ROWS)
    top["break_even_acceptance"] = [
        "–" if share != share else f"{share:.2%}" if share < 0.1 else percent(share)
        for share in top["break_even_acceptance"]
    ]
    kinds: dict[str, html.Kind] = {"left_date": "date", "cause": "text", "break_even_acceptance": "number_text"}
    columns: html.Columns = {
        **who_columns(top),
        **{name: (say(f"report.{name}", basis=basis(case)), kinds.get(name, "money")) for name in WIN_BACK},
    }
    held = int(found.customers["hold_out"].sum())
    return [
        html.subheading(term("known_ends.win_title")),
        html.paragraph(lead),
        *([html.paragraph(alone)] if found.left_before else []),
        html.table(
            found.by_acceptance, by_columns, caption=say("known_ends.win_by_title", cost=money(case.contact_cost))
        ),
        html.table(top, columns, caption=term("known_ends.win_top")),
        *([html.paragraph(say("known_ends.win_held", held=count(held)))] if held else []),
        html.paragraph(term("known_ends.win_key"), quiet=True),
    ]


def win_back_list(case: Case, found: WinBack) -> pd.DataFrame:
    """Return whom to win back, without the hold-out: who, and the columns of `WIN_BACK` with causes in words."""
    attributes = [name for name in ATTRIBUTES if name in case.customers]
    chosen = found.customers[~found.customers["hold_out"]]
    named = chosen.merge(case.customers[[CUSTOMER_ID, *attributes]], on=CUSTOMER_ID, how="left")
    return named.assign(cause=[_cause(cause) for cause in named["cause"]])[[CUSTOMER_ID, *attributes, *WIN_BACK]]


def _cause(cause: object) -> str:
    """Return a stated reason in words, a dash for none."""
    key = reason_of_name(cause) if isinstance(cause, str) else None
    return term(key) if key else cause if isinstance(cause, str) else ""
