"""The end of a report: every assumption with its option, the models, the version."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING

import pandas as pd

from cvmlab import __version__
from cvmlab.core.words import say, term
from cvmlab.worth.buying import frequency_spend_correlation

from . import html
from .judging import model_texts
from .wording import why_no_model

if TYPE_CHECKING:
    from cvmlab.case import Case


def assumptions(case: Case) -> list[html.Page]:
    """Return every assumption with its value and the option that sets it, and what the models are."""
    values = case.assumptions.values()
    derived = {"cost_to_keep": case.cost_to_keep, "contact_cost": case.contact_cost}
    rows = [
        (limits.label(), _assumed_value(values[name], derived.get(name)), name)
        for name, limits in case.assumptions.limits().items()
    ]
    columns: html.Columns = {
        "label": (term("report.assumption"), "text"),
        "value": (term("report.assumption_value"), "text"),
        "option": (term("report.assumption_option"), "text"),
    }
    return [
        html.page(
            html.heading(term("report.assumptions_title")),
            html.table(pd.DataFrame(rows, columns=list(columns)), columns),
            html.subheading(term("report.models_title")),
            *map(html.paragraph, _models(case)),
        )
    ]


def _assumed_value(value: object, derived: float | None) -> str:
    if value is not None:
        return f"{value:g}" if isinstance(value, float) else str(value)
    return "–" if derived is None else f"{derived:,.2f} ({term('report.assumed')})"


def _models(case: Case) -> list[str]:
    model, spend = case.models.buying, case.models.gamma_gamma
    if model is None:
        return [say("report.models_none", why=why_no_model(case))]
    texts = model_texts(case)
    if case.models.own_unevenness:
        texts.append(term("report.models_own_mean"))
    if spend is not None:
        correlation = frequency_spend_correlation(case.customers)
        texts.append(
            say(
                "report.models_spend", p=f"{spend.p:.2f}", q=f"{spend.q:.2f}", gamma=f"{spend.gamma:.2f}",
                correlation=f"{correlation:.2f}" if isfinite(correlation) else "–",
            )
        )  # fmt: skip
    warnings = [model.warning, spend.warning if spend else ""]
    return texts + [say("report.models_boundary", warning=warning) for warning in warnings if warning]


def closing(case: Case, notes: Sequence[str] = ()) -> list[html.Page]:
    """Return the last lines: notes on the files, version and time of the report's own computations."""
    seconds = f"{sum(case.seconds.values()):.1f}"
    made = html.paragraph(say("report.made_by", version=__version__, seconds=seconds), quiet=True)
    return [html.page(*map(html.note, notes), made)]
