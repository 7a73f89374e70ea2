"""The sections of a churn report behind page one: each takes a `ChurnCase` and returns pieces to display."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cvmlab import __version__, charts
from cvmlab.case.churn.rates import differ
from cvmlab.core.formats import count, percent, whole_money
from cvmlab.core.statistics import Z_95
from cvmlab.core.words import say, term
from cvmlab.report import html
from cvmlab.report.figures import Picture, picture
from cvmlab.report.wording import joined

from . import alerts
from .first_page import in_money, window_of

if TYPE_CHECKING:
    from cvmlab.case.churn import ChurnCase

Piece = Picture | html.Page


def retention(case: ChurnCase) -> list[Piece]:
    """Return the rates by contract, and how many of a cohort stay where the window is known."""
    pieces: list[Piece] = [
        html.page(
            html.heading(term("churning.retention_title")),
            html.paragraph(term("churning.retention_lead")),
        )
    ]
    if case.contracts is not None and case.tenures is not None:
        drawn = charts.plot_leaving_rates(
            case.contracts, overall=case.overall, label=term("churning.contract"), differ=differ(case.contracts)
        )
        pieces.append(picture(drawn, name="contracts", alt=term("churning.alt_contracts")))
    if case.retention is not None and case.assumptions.true_rate is None:
        pieces += _curves(case)
    elif case.tenure_counts == "unsure":
        pieces += [html.page(html.note(note)) for note in alerts.doubts(case)[:1]]
    elif case.retention is None and case.tenures is not None:
        pieces.append(html.page(html.note(term("churning.no_curve"))))
    if len(pieces) == 1:
        pieces.append(html.page(html.paragraph(term("churning.no_tenure"))))
    return pieces


def _of_the_table(case: ChurnCase) -> list[str]:
    """Return that rates are those of the table where it holds more leavers than the base."""
    return [] if case.assumptions.true_rate is None else [term("churning.of_the_table")]


def _curves(case: ChurnCase) -> list[Piece]:
    table = case.retention
    assert table is not None
    names = table["group"].replace("", term("churning.everybody"))
    in_years = case.tenure_counts == "years"
    unit = term("units.years" if in_years else "units.months")
    drawn = charts.plot_retention(table.assign(group=names), by="group", unit=unit)
    everybody = table[table["group"] == ""].set_index("period")
    wanted = range(1, 16) if in_years else (1, 3, 6, *range(12, 121, 12))
    rows = [period for period in wanted if period in everybody.index]
    by = "_year" if in_years else ""
    shown = everybody.loc[rows].reset_index()
    columns: html.Columns = {
        "period": (term("churning.year" if in_years else "churning.month"), "count"),
        "at_risk": (term(f"churning.at_risk{by}"), "count"),
        "left": (term(f"churning.left{by}"), "count"),
        "hazard": (term(f"churning.hazard{by}"), "percent"),
        "retention": (term(f"churning.retention{by}"), "percent"),
    }
    return [
        picture(drawn, name="retention", alt=term("churning.alt_retention")),
        html.page(
            html.table(
                shown, columns, caption=term("churning.life_table_years" if in_years else "churning.life_table")
            ),
            html.paragraph(
                say("churning.life_table_key_years" if in_years else "churning.life_table_key", window=window_of(case)),
                quiet=True,
            ),
        ),
    ]


def drivers(case: ChurnCase) -> list[Piece]:
    """Return what goes with leaving, as chances rather than tests."""
    title = html.heading(term("churning.drivers_title"))
    if case.score is None:
        return [html.page(title, html.paragraph(say("churning.s_no_score", why=case.why_no_score)))]
    if case.score.drivers.empty:
        return [html.page(title, html.paragraph(term("churning.no_drivers")))]
    drawn = charts.plot_churn_drivers(case.score.drivers, average=case.rate["rate"])
    return [
        html.page(title, html.paragraph(joined(term("churning.drivers_lead"), *_of_the_table(case)))),
        picture(drawn, name="drivers", alt=term("churning.alt_drivers")),
    ]


def how_good(case: ChurnCase) -> list[Piece]:
    """Return how far the chances can be trusted: calibration, and what the first tenths hold."""
    # where all have the same chance there is nothing to hold against it
    if case.score is None or case.score.model == "base_rate":
        return []
    score = case.score
    lead = joined(say("churning.quality_lead", **quality_words(case)), *_of_the_table(case))
    return [
        html.page(html.heading(term("churning.quality_title")), html.paragraph(lead)),
        picture(charts.plot_calibration(score.calibration), name="calibration", alt=term("churning.alt_calibration")),
        picture(charts.plot_churn_lift(score.lift), name="lift", alt=term("churning.alt_lift")),
    ]


def quality_words(case: ChurnCase) -> dict[str, str]:
    """Return the figures of the score as a sentence has them."""
    assert case.score is not None
    top = case.score.lift.iloc[0]
    return {
        "model": term(f"churning.model_{case.score.model}"),
        "found": percent(top["captured"]),
        "rate": percent(top["churn_rate"]),
        "overall": percent(case.rate["rate"]),
    }


def campaign(case: ChurnCase) -> list[Piece]:
    """Return what calling one more customer brings, and where to stop."""
    title = html.heading(term("churning.campaign_title"))
    if case.score is None or case.offer is None:
        return []
    assumed = case.assumptions
    lead = say(
        "churning.campaign_lead", acceptance=percent(assumed.acceptance), months=assumed.months_kept,
        margin=percent(assumed.margin), offer=in_money(case, case.usual_offer),
        contact=in_money(case, case.offer.contact_cost), take=percent(assumed.stayers_take),
    )  # fmt: skip
    lead = joined(lead, _marked(case))
    rivals = case.rivals.assign(name=[term(f"churning.rival_{rule}") for rule in case.rivals["rule"]])
    columns: html.Columns = {
        "name": (term("churning.rule"), "text"),
        "called": (term("churning.called"), "count"),
        "profit": (term("churning.expected_profit"), "money"),
    }
    return [
        html.page(title, *([html.note(term("churning.if_whole"))] if case.may_be_drawn else []), html.paragraph(lead)),
        picture(
            charts.plot_campaign_profit(case.curve, currency=case.subscribers.currency),
            name="campaign", alt=term("churning.alt_campaign"),
        ),
        html.page(
            html.table(rivals, columns, caption=term("churning.rivals_title")), html.paragraph(_tried(case), quiet=True)
        ),
        html.page(
            html.heading(term("churning.hold_out_title")),
            html.paragraph(_hold_out(case)),
        ),
    ]  # fmt: skip


def _marked(case: ChurnCase) -> str:
    """Return how many are to be called and held out, as far as there are any."""
    called, held = len(case.calls), int(case.customers["hold_out"].sum())
    if not called:
        return term("churning.campaign_nobody")
    return say(
        "churning.campaign_mark" if held else "churning.campaign_mark_all", count=count(called), held=count(held)
    )


def _hold_out(case: ChurnCase) -> str:
    held, called = int(case.customers["hold_out"].sum()), len(case.calls)
    if not called:
        return term("churning.hold_out_nobody")
    if not held:
        return term("churning.hold_out_too_few")
    chance = float(case.calls["chance"].mean())
    chance_alone = Z_95 * float(np.sqrt(chance * (1 - chance) * (1 / held + 1 / called)))
    effect = chance * case.assumptions.acceptance
    said = {
        "points": _points(chance_alone),
        "effect": _points(effect),
        "share": percent(case.assumptions.hold_out_share),
    }
    more = "shows" if effect > chance_alone else "hides"
    return joined(say("churning.hold_out_lead", held=count(held), **said), say(f"churning.hold_out_{more}", **said))


def _points(share: float) -> str:
    points = 100 * share
    return f"{points:.0f}" if points >= 9.5 else f"{points:.1f}"


def _tried(case: ChurnCase) -> str:
    tried = case.tried
    assert tried is not None
    if not tried.calls:
        return term("churning.tried_nobody")
    if not tried.says_enough:
        return say("churning.tried_few", calls=count(tried.calls))
    amounts = {name: in_money(case, getattr(tried, name)) for name in ("promised", "came", "low", "high")}
    return say("churning.tried", calls=count(tried.calls), **amounts)


def fairness(case: ChurnCase) -> list[Piece]:
    """Return whether groups of people are called alike, and whether the chances are right in each."""
    title = html.heading(term("churning.fairness_title"))
    if case.score is None:
        return []
    if not len(case.fairness):
        return [html.page(title, html.paragraph(term("churning.fairness_none")))]
    columns: html.Columns = {
        "column": (term("churning.fairness_column"), "id"),
        "group": (term("churning.fairness_group"), "text"),
        "customers": (term("churning.customers"), "count"),
        "rate": (term("churning.rate"), "percent"),
        "chance": (term("churning.mean_chance"), "percent"),
        **({"called_share": (term("churning.called_share"), "percent")} if len(case.calls) else {}),
    }
    return [html.page(title, html.paragraph(term("churning.fairness_lead")), html.table(case.fairness, columns))]


def cannot_say(case: ChurnCase) -> list[Piece]:
    """Return what nobody can know from this table."""
    names = ["chance", "offer", "before"]
    if case.window is None:
        names.insert(0, "window")
    if case.losses is None:
        names.append("charge")
    return [
        html.page(
            html.heading(term("churning.cannot_title")),
            html.sentences([term(f"churning.cannot_{name}") for name in names]),
        )
    ]


def data_report(case: ChurnCase) -> list[Piece]:
    """Return what was read, what was left out, and which columns are not what they seem."""
    read = case.subscribers
    lead = say("churning.data_lead", rows=count(read.rows), used=count(len(case.customers)))
    roles = pd.DataFrame(
        [(term(f"report.role_{role}"), column) for role, column in read.columns.items() if column],
        columns=["role", "column"],
    )
    pieces = [
        html.heading(term("churning.data_title")),
        html.paragraph(lead),
        *(html.note(note) for note in read.notes),
        html.table(roles, {"role": (term("churning.role"), "text"), "column": (term("churning.column"), "id")}),
    ]
    if len(read.left_out):
        columns: html.Columns = {
            "reason": (term("churning.left_out_reason"), "text"),
            "rows": (term("churning.rows"), "count"),
            "example": (term("churning.example"), "text"),
        }
        reasons = [term(f"subscribers.reason_{reason}") for reason in read.left_out["reason"]]
        shown = read.left_out.assign(reason=reasons)
        pieces.append(html.table(shown, columns, caption=term("churning.left_out_title")))
    if len(case.findings):
        done = [term(f"churning.done_{name}") for name in case.findings["done"]]
        found: html.Columns = {
            "column": (term("churning.column"), "id"),
            "why": (term("churning.finding"), "text"),
            "done": (term("churning.done"), "text"),
        }
        caption = term("churning.findings_title")
        pieces.append(html.table(case.findings.assign(done=done), found, caption=caption))
    return [html.page(*pieces)]


def ending(case: ChurnCase) -> list[Piece]:
    """Return every assumption with its option, the version and the time it took."""
    values, known = case.assumptions.values(), case.assumptions.limits()
    derived: dict[str, float | None] = {} if case.offer is None else {
        "offer_cost": case.usual_offer, "contact_cost": case.offer.contact_cost,
    }  # fmt: skip
    shown = {name: _shown(limits.text(values[name]), values[name], derived.get(name)) for name, limits in known.items()}
    if case.window_from == "header":
        shown["window_months"] = say("churning.from_header", months=case.window)
    rows = [(limits.label(), shown[name], name) for name, limits in known.items()]
    columns: html.Columns = {
        "label": (term("report.assumption"), "text"),
        "value": (term("report.assumption_value"), "text"),
        "option": (term("report.assumption_option"), "text"),
    }
    seconds = f"{sum(case.seconds.values()):.1f}"
    made = html.paragraph(say("report.made_by", version=__version__, seconds=seconds), quiet=True)
    frame = pd.DataFrame(rows, columns=list(columns))
    return [
        html.page(*_to_state(case), html.heading(term("report.assumptions_title")), html.table(frame, columns), made)
    ]


def _to_state(case: ChurnCase) -> list[str]:
    """Return the options by which to state what the table does not say, for whoever runs the report."""
    missing = {
        "window": (case.window is None, "--set window_months=1"),
        "true_rate": (case.may_be_drawn, "--set true_rate=0.02"),
        "charge": (case.losses is None, "--charge COLUMN"),
        "tenure": (case.tenures is None, "--tenure COLUMN"),
        "unit": (case.tenure_counts == "unsure", "--tenure-unit years"),
    }
    rows = [(term(f"churning.state_{name}"), option) for name, (is_missing, option) in missing.items() if is_missing]
    if not rows:
        return []
    frame = pd.DataFrame(rows, columns=["what", "option"])
    columns: html.Columns = {
        "what": (term("churning.state_what"), "text"),
        "option": (term("churning.state_option"), "text"),
    }
    lead = html.paragraph(term("churning.state_lead"), quiet=True)
    return [html.heading(term("churning.state_title")), lead, html.table(frame, columns)]


def _shown(text: str, value: object, derived: float | None) -> str:
    if value is None and derived is not None:
        return f"{whole_money(derived)} ({term('report.assumed')})"
    return text
