"""The report's sections on the portfolio of customers: tiers and the ladder between them (S13).

Each is shown only where the data carry it, and is empty otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cvmlab.core.formats import count, percent, whole_money
from cvmlab.core.words import say, term
from cvmlab.data.tables import CUSTOMER_ID
from cvmlab.worth import portfolio

from . import html
from .wording import basis, joined, who_columns

if TYPE_CHECKING:
    from cvmlab.case import Case
    from cvmlab.case.tiers import Tiers

_NEAREST = 5


def tiers(case: Case) -> list[html.Page]:
    """Return the section on the tiers that the data can tell, and the customers nearest to the next one."""
    found = case.tiers
    if found is None:
        return []
    rows = found.summary.merge(portfolio.tier_ladder()[["tier", "service"]], on="tier")
    columns: html.Columns = {
        "tier": (term("report.tier"), "word"),
        "customers": (term("report.type_customers"), "count"),
        "profit": (say("report.tiers_yearly", basis=basis(case)), "money"),
        "profit_share": (term("report.tiers_share"), "percent"),
        "service": (term("report.tiers_service"), "text"),
    }
    return [
        html.page(
            html.heading(term("report.tiers_title")),
            html.paragraph(_tiers_lead(case, found)),
            html.table(rows.loc[rows["customers"] > 0], columns),
            html.paragraph(_tiers_rule(case, found), quiet=True),
            *_ladder(case, found),
        )
    ]


def _tiers_lead(case: Case, found: Tiers) -> str:
    best = found.summary.set_index("tier").loc[["diamond", "gold"]]
    said = say(
        "report.tiers_lead", best=count(best["customers"].sum()), buyers=count(len(found.placed)),
        share=percent(best["profit_share"].sum()), basis=basis(case),
    )  # fmt: skip
    below = found.placed.merge(case.customers[[CUSTOMER_ID, "headroom"]], on=CUSTOMER_ID)
    could = (below["next_tier"] == "gold") & (below["headroom"] >= below["profit_to_next"])
    return joined(said, say("report.tiers_could", count=count(could.sum()))) if could.any() else said


def _tiers_rule(case: Case, found: Tiers) -> str:
    """Return where the cut-offs lie, and what transaction data cannot tell."""
    cut_offs = found.cut_offs
    rule = say(
        "report.tiers_rule_profit" if case.basis == "profit" else "report.tiers_rule", basis=basis(case),
        years=found.years, high=whole_money(cut_offs.high_profit), top=whole_money(cut_offs.top_profit),
        sales=whole_money(cut_offs.large_sales),
    )  # fmt: skip
    large = int(found.summary["opportunities"].sum()) if case.basis == "profit" else 0
    size = say("report.tiers_large_general", count=count(large)) if large else ""
    by_size = "" if case.basis == "profit" else term(f"report.tiers_by_{case.basis}")
    return joined(*filter(None, (rule, by_size or size, term("report.tiers_unknown"))))


def _ladder(case: Case, found: Tiers) -> list[str]:
    nearest = found.nearest()
    # who has fallen silent is to be called, not developed
    nearest = nearest.loc[~nearest[CUSTOMER_ID].isin(case.calls[CUSTOMER_ID])].head(_NEAREST)
    if nearest.empty:
        return [html.paragraph(term("report.tiers_monday"))]
    shown = nearest[[CUSTOMER_ID, "tier", "profit", "profit_to_next", "next_tier"]].merge(
        case.customers.drop(columns=["profit"], errors="ignore"), on=CUSTOMER_ID
    )
    columns: html.Columns = {
        **who_columns(shown),
        "tier": (term("report.tier"), "word"),
        "profit": (say("report.tiers_yearly", basis=basis(case)), "money"),
        "profit_to_next": (term("report.to_next_tier"), "money"),
        "next_tier": (term("report.next_tier"), "word"),
    }
    return [
        html.table(shown, columns, caption=term("report.tiers_nearest")),
        html.paragraph(term("report.tiers_monday")),
    ]
