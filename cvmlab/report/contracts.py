"""The section of a report on a log under contract: who leaves after how many payments, and what that took along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cvmlab import charts
from cvmlab.case.contracts import contracts_of
from cvmlab.core.formats import count, percent, whole_money
from cvmlab.core.words import say, term

from . import html
from .figures import Picture, picture
from .wording import every

if TYPE_CHECKING:
    from cvmlab.case import Case

Piece = Picture | html.Page
_SHOWN = (1, 2, 3, 6, 12, 24, 36, 48)


def contracts_section(case: Case) -> list[Piece]:
    """Return how contracts end in this log; nothing for a log of free buying."""
    found = contracts_of(case)
    if found is None:
        return []
    pieces = [html.heading(term("report.contracts_title"))]
    if found.before:
        pieces.append(
            html.paragraph(
                say(
                    "report.contracts_year", before=count(found.before), left=count(found.left),
                    rate=percent(found.left / found.before), lost=whole_money(found.lost),
                )
            )
        )  # fmt: skip
    lead = say(
        "report.contracts_lead", begun=count(found.begun), running=count(found.running), every=every(found.months)
    )
    shown = found.table[found.table["period"].isin(_SHOWN)]
    columns: html.Columns = {
        "period": (term("report.contracts_payments"), "count"),
        "at_risk": (term("report.contracts_at_risk"), "count"),
        "left": (term("report.contracts_left"), "count"),
        "hazard": (term("report.contracts_hazard"), "percent"),
        "retention": (term("report.contracts_retention"), "percent"),
    }
    drawn = charts.plot_retention(found.table)
    return [
        html.page(*pieces, html.paragraph(lead)),
        picture(drawn, name="contracts", alt=term("report.alt_contracts")),
        html.page(html.table(shown, columns), html.paragraph(term("report.contracts_key"), quiet=True)),
    ]
