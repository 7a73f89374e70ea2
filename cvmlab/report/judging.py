"""What a report says of how it judged: who is still a customer, and how far that was tested."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cvmlab.core.formats import count, percent, whole_money
from cvmlab.core.words import say, term
from cvmlab.worth.buying import PaymentRule, ZeroInflatedBgNbd

from . import html
from .wording import every, joined, why_no_model

if TYPE_CHECKING:
    from cvmlab.case import Case
    from cvmlab.case.lookback import Past
    from cvmlab.worth.buying import Season

# months before its peak in which a season is about to begin
_JUST_AHEAD = 3


def judged_by(case: Case) -> list[str]:
    """Return the sentences on the rule that made the lists: what it is, why it and no other, season and level."""
    model = case.models.buying
    if model is None:
        return [say("report.matrix_naive", why=why_no_model(case), basis=term(f"report.basis_{case.basis}"))]
    once = percent(model.once) if isinstance(model, ZeroInflatedBgNbd) else ""
    months = model.months if isinstance(model, PaymentRule) else 0
    what = say(f"report.judged_{model.KIND}", once=once, every=every(months))
    sentences = [joined(what, _why(case))]
    if case.models.season is not None:
        sentences.append(_season(case.models.season, case.as_of.month, case.past))
    if case.past is not None and case.models.level != 1:
        key = "report.judged_level_rule" if case.models.is_rule else "report.judged_level"
        sentences.append(say(key, **_expected_and_came(case.past), level=f"{case.models.level:.2f}"))
    elif case.past is not None and case.past.made_by_few:
        sentences.append(say("report.judged_few", **_expected_and_came(case.past)))
    return sentences


def _season(season: Season, month: int, past: Past | None) -> str:
    """Return when in the year customers buy, and whether the high season is just ahead of a month."""
    factors = season.factors
    most, least = int(np.argmax(factors)), int(np.argmin(factors))
    said = say(
        "report.judged_season", peak=term(f"report.month_{most + 1}"), most=f"{factors[most]:.1f}",
        trough=term(f"report.month_{least + 1}"), least=f"{factors[least]:.1f}",
    )  # fmt: skip
    is_ahead = 1 <= (most + 1 - month) % 12 <= _JUST_AHEAD
    if not is_ahead:
        return said
    back = None if past is None else past.came_back
    if past is None or back is None:
        return joined(said, term("report.judged_season_ahead"))
    returned = say("report.judged_season_back", back=count(back), called=count(len(past.called)), ago=past.months)
    return joined(said, returned, term("report.judged_season_ahead"))


def _why(case: Case) -> str:
    past = case.past
    if past is None:
        return say("report.judged_untested", why=case.past_problem)
    if past.nobody_left and not isinstance(case.models.buying, PaymentRule):
        regular = "_regular" if case.models.is_rule else ""
        return say(f"report.judged_nobody_left{regular}", months=past.months)
    return say("report.judged_won" if len(past.tried) > 1 else "report.judged_alone", months=past.months)


def _expected_and_came(past: Past) -> dict[str, object]:
    return {"months": past.months, "expected": whole_money(past.expected), "actual": whole_money(past.actual)}


def level_caution(case: Case) -> str:
    """Return that the backtest was far off, and that these months cannot show why."""
    assert case.past is not None
    value = whole_money(case.customers["expected_contribution"].sum())
    return say(
        "report.caution_level", **_expected_and_came(case.past), value=value, horizon=case.assumptions.horizon_months
    )


def tried(past: Past) -> html.Page:
    """Return the table of all that was held against each other in the backtest, the nearest first."""
    rows = [(one.models.buying.name, one.brier, one.expected) for one in past.tried if one.models.buying is not None]
    table = pd.DataFrame(rows, columns=["model", "brier", "expected"]).sort_values("brier", ignore_index=True)
    table = table.assign(brier=table["brier"].map("{:.3f}".format), actual=past.actual)
    columns: html.Columns = {
        "model": (term("report.tried_model"), "text"),
        "brier": (term("report.tried_brier"), "number_text"),
        "expected": (term("report.tried_expected"), "money"),
        "actual": (term("report.tried_actual"), "money"),
    }
    lead = html.paragraph(say("report.tried_lead", cut=past.cut))
    return html.page(html.subheading(term("report.tried_title")), lead, html.table(table, columns))


def model_texts(case: Case) -> list[str]:
    """Return what the model of buying is, and its estimates."""
    model = case.models.buying
    assert model is not None
    said = [term(f"report.models_{model.KIND}")]
    if np.isfinite(model.log_likelihood):
        estimates = zip(model.NAMES, model.parameters()["estimate"], strict=True)
        shown = ", ".join(f"{_GREEK.get(name, name)} = {value:.3f}" for name, value in estimates)
        said.append(
            say(
                "report.models_fitted", parameters=shown, customers=count(len(case.customers)),
                ll=f"{model.log_likelihood:,.1f}",
            )
        )  # fmt: skip
    return said


_GREEK = {"alpha": "α", "beta": "β", "once": "π"}
