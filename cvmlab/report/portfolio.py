"""The report's sections on the portfolio of customers: tiers (S13), falls and budget (S11), products (S15).

Each is shown only where the data carry it, and is empty otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from cvmlab.core.formats import count, listed, percent, signed_percent, whole_money
from cvmlab.core.words import say, term
from cvmlab.data.tables import ATTRIBUTES, CUSTOMER_ID
from cvmlab.worth import matrix, portfolio

from . import html
from .wording import basis, joined, money_range, month_name, who_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cvmlab.case import Case
    from cvmlab.case.falls import Falls
    from cvmlab.case.products import Products
    from cvmlab.case.tiers import Tiers

_NEAREST, _DROPPED, _FALLEN = 5, 5, 10


def tiers(case: Case) -> list[html.Page]:
    """Return the section on the tiers that the data can tell, and the customers nearest to the next one."""
    found = case.tiers
    if found is None:
        return []
    ladder = portfolio.tier_ladder().set_index("tier")["service"]
    # a partner of the firm, as the source has it, few firms have
    ladder["diamond"] = term("report.tiers_service_diamond")
    rows = found.summary.assign(service=found.summary["tier"].map(ladder))
    columns: html.Columns = {
        "tier": (term("report.tier"), "word"),
        "customers": (term("report.type_customers"), "count"),
        "profit": (say("report.tiers_together", basis=basis(case)), "money"),
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
    first, last = _last_year(case)
    return say(
        "report.tiers_lead", best=count(best["customers"].sum()), buyers=count(len(found.placed)),
        first=first, last=last, share=percent(best["profit_share"].sum()), basis=basis(case),
    )  # fmt: skip


def _last_year(case: Case) -> tuple[str, str]:
    """Return the first and the last of the last 12 complete months."""
    return month_name(case.panel.period[-12]), month_name(case.panel.period[-1])


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
    ties = [say("report.tiers_tied", count=count(many), line=whole_money(line)) for line, many in found.tied.items()]
    return joined(*filter(None, (rule, *ties, by_size or size, term("report.tiers_unknown"))))


def _ladder(case: Case, found: Tiers) -> list[str]:
    monday = say("report.tiers_monday", count=count((found.best & found.placed["open"]).sum()))
    nearest = found.nearest().head(_NEAREST)
    if nearest.empty:
        return [html.paragraph(monday)]
    shown = nearest[[CUSTOMER_ID, "tier", "profit", "last_year", "profit_to_next", "next_tier"]].merge(
        case.customers.drop(columns=["profit"], errors="ignore"), on=CUSTOMER_ID
    )
    columns: html.Columns = {
        **who_columns(shown),
        "tier": (term("report.tier"), "word"),
        "profit": (say("report.tiers_yearly", basis=basis(case)), "money"),
        "last_year": (term("report.tiers_last_year"), "money"),
        "profit_to_next": (term("report.to_next_tier"), "money"),
        "next_tier": (term("report.next_tier"), "word"),
    }
    return [
        html.table(shown, columns, caption=term("report.tiers_nearest")),
        html.paragraph(joined(monday, term("report.tiers_monday_nearest"))),
    ]


def falls(case: Case) -> list[html.Page]:
    """Return how many customers brought much less than the year before, how many much more, and whom to visit."""
    found = case.falls
    if found is None or not found.by_drop["customers"].any():
        return []
    rows = found.by_drop.assign(fall=[term(f"report.falls_{drop * 100:.0f}") for drop in found.by_drop["drop"]])
    columns: html.Columns = {
        "fall": (term("report.falls_fall"), "text"),
        "customers": (term("report.type_customers"), "count"),
        "value_lost": (say("report.falls_lost", basis=basis(case)), "money"),
        "still": (term("report.falls_still"), "count"),
        "rose": (term("report.falls_rose"), "count"),
        "value_won": (say("report.falls_won", basis=basis(case)), "money"),
    }
    return [
        html.page(
            html.subheading(term("report.falls_title")),
            html.paragraph(_falls_lead(case, found)),
            html.table(rows, columns),
            html.paragraph(term("report.falls_rule"), quiet=True),
            html.paragraph(joined(*_what_falls_say(found))),
            *_to_visit(case),
        )
    ]


def _falls_lead(case: Case, found: Falls) -> str:
    row, (first, last) = found.stated, _last_year(case)
    lead = say(
        "report.falls_lead", valuable=count(found.valuable), line=whole_money(found.line), basis=basis(case),
        first=first, last=last, fall=term(f"report.falls_said_{row['drop'] * 100:.0f}"),
        fell=count(row["customers"]), lost=whole_money(row["value_lost"]),
    )  # fmt: skip
    rose = say("report.falls_rose_said", rose=count(row["rose"]), won=whole_money(row["value_won"]))
    if not row["rose"]:
        rose = term("report.falls_nobody_rose")
    if row["rose"] > row["customers"]:
        return joined(lead, rose, term("report.falls_more_rose"))
    if not row["evident"]:
        return joined(lead, rose, term("report.falls_not_evident"))
    if not row["rose"]:
        return joined(lead, rose, term("report.falls_none_rose"))
    money = min(row["value_won"] / row["value_lost"], 1.0)
    shares = {"share": percent(row["rose"] / row["customers"]), "money": percent(money)}
    return joined(lead, rose, say("report.falls_share", **shares))


def _what_falls_say(found: Falls) -> list[str]:
    fallen, said = found.fallen, [term("report.falls_no_alert")]
    if found.alert_from is not None:
        figures = {"count": count(len(fallen)), "lost": whole_money(fallen["value_lost"].sum())}
        said = [say("report.falls_alert", cut=percent(found.alert_from), **figures)]
        if fallen["held"].any():
            said.append(say("report.falls_held", count=count(fallen["held"].sum())))
    later = found.next_year
    if later is not None:
        money = {"halved": whole_money(later.halved), "later": whole_money(later.later)}
        said.append(say("report.falls_next_year", count=count(later.customers), **money))
    return said


def fallen_customers(case: Case) -> pd.DataFrame:
    """Return who still buys, but much less than chance explains, with name, owner and phone; the most money first."""
    if case.falls is None:
        return pd.DataFrame()
    fallen = case.falls.fallen
    named = [name for name in ATTRIBUTES if name in case.customers.columns]
    fallen = fallen.loc[~fallen["held"]].drop(columns="held")
    return fallen.merge(case.customers[[CUSTOMER_ID, *named]], on=CUSTOMER_ID)


def _to_visit(case: Case) -> list[str]:
    fallen = fallen_customers(case)
    if fallen.empty:
        return [html.paragraph(term("report.falls_monday"))]
    columns: html.Columns = {
        **who_columns(fallen),
        "value_before": (say("report.value_before", basis=basis(case)), "money"),
        "value_after": (say("report.value_after", basis=basis(case)), "money"),
        "value_lost": (say("report.value_lost", basis=basis(case)), "money"),
        "drop": (term("report.drop"), "percent"),
    }
    caption = say("report.falls_visit_title", shown=min(len(fallen), _FALLEN), all=count(len(fallen)))
    return [
        html.table(fallen, columns, caption=caption, rows=_FALLEN),
        html.paragraph(term("report.falls_monday_visit")),
    ]


def products(case: Case) -> list[html.Page]:
    """Return how the largest products grow beside all that their buyers buy, and who dropped one."""
    found = case.products
    if found is None:
        return []
    columns: html.Columns = {
        "product": (term("report.product"), "text"),
        "buyers": (term("report.products_buyers"), "count"),
        "revenue": (term("report.products_revenue"), "money"),
        "won_and_lost": (term("report.products_won_and_lost"), "money"),
        "growth": (term("report.products_growth"), "percent"),
        "own_growth": (term("report.products_own_growth"), "percent"),
        "gap": (term("report.products_gap"), "money"),
        "gap_profit": (term("report.products_gap_profit"), "money"),
        "evident": (term("report.products_evident"), "yes"),
    }
    shown = say("report.products_rule", shown=count(len(found.table)), of=count(found.of))
    return [
        html.page(
            html.heading(term("report.products_title")),
            html.paragraph(joined(*_products_lead(found), *_sold_in_part(found))),
            html.table(found.table, {name: columns[name] for name in columns if name in found.table}),
            html.paragraph(shown, quiet=True),
            *_dropped(case, found),
        )
    ]


def _products_lead(found: Products) -> list[str]:
    """Return the product that falls behind most, by how much, through whom, and the others that do."""
    behind, short = found.behind, found.short
    if short.empty:
        compared = int(found.table["gap"].notna().sum())
        return [say("report.products_none_behind", count=count(compared))] if compared else []
    first = (short if behind.empty else behind).iloc[0]
    said = say(
        "report.products_maybe_behind" if behind.empty else "report.products_behind", product=first["product"],
        growth=signed_percent(float(first["growth"])), own=signed_percent(float(first["own_growth"])),
        gap=whole_money(-float(first["gap"])),
    )  # fmt: skip
    profit = -float(first.get("gap_profit", 0.0))
    in_profit = [say("report.products_in_profit", profit=whole_money(profit))] if profit > 0 else []
    others = listed(list(behind["product"].iloc[1:]))
    too = [say("report.products_behind_too", products=others)] if others else []
    return [said, *_one_customer(first), *in_profit, *too]


def _one_customer(first: pd.Series[Any]) -> list[str]:
    if not first["one"]:
        return []
    key = "report.products_one_all" if first["one_gap"] <= first["gap"] else "report.products_one"
    return [say(key, customer=first["one"], by=whole_money(-float(first["one_gap"])))]


def _sold_in_part(found: Products) -> list[str]:
    parts = {when: found.sold_in_part(when) for when in ("ended", "begun")}
    return [say(f"report.products_{when}", products=listed(names)) for when, names in parts.items() if names]


def dropped_products(case: Case) -> pd.DataFrame:
    """Return who dropped a product, with name, owner and phone; without those to be called anyway or left alone."""
    if case.products is None:
        return pd.DataFrame()
    named = [name for name in ATTRIBUTES if name in case.customers.columns]
    free = ~case.customers["hold_out"] & (case.customers["action"] != "win_back")
    return case.products.dropped.merge(case.customers.loc[free, [CUSTOMER_ID, *named]], on=CUSTOMER_ID)


def _dropped(case: Case, found: Products) -> list[str]:
    dropped = dropped_products(case)
    ask = [] if found.behind.empty else [say("report.products_ask", product=found.behind["product"].iloc[0])]
    limit = term("report.products_dropped_limit")
    if dropped.empty:
        return [html.paragraph(joined(term("report.products_no_dropped"), limit, *ask))]
    columns: html.Columns = {
        **who_columns(dropped),
        "product": (term("report.product"), "text"),
        "last_bought": (term("report.last_bought"), "date"),
        "bought_before": (term("report.bought_before"), "money"),
        "own_growth": (term("report.own_growth"), "percent"),
    }
    lead = say(
        "report.products_dropped", count=count(dropped[CUSTOMER_ID].nunique()),
        money=whole_money(dropped["bought_before"].sum()),
    )  # fmt: skip
    caption = say("report.products_dropped_title", shown=min(len(dropped), _DROPPED))
    return [
        html.paragraph(joined(lead, limit)),
        html.table(dropped, columns, caption=caption, rows=_DROPPED),
        html.paragraph(joined(term("report.products_monday"), *ask)),
    ]


def budget(case: Case) -> list[html.Page]:
    """Return a stated budget split among the types of the value matrix, and what it must bring to come back."""
    split = case.budget_split()
    if split is None:
        return []
    rules = matrix.strategies()[["value_type", "name", "resources"]]
    rows = split.merge(rules, on="value_type")
    rows["label"] = rows["value_type"] + " · " + rows["name"]
    columns: html.Columns = {
        "label": (term("report.value_type"), "id"),
        "resources": (term("report.type_resources"), "text"),
        "customers": (term("report.type_customers"), "count"),
        "weight": (term("report.budget_weight"), "count"),
        "budget": (term("report.budget_share"), "money"),
        "budget_per_customer": (term("report.budget_each"), "money"),
    }
    knows_profit = case.basis != "revenue"
    if knows_profit:
        columns["range"] = (term("report.budget_at_stake"), "number_text")
        columns["verdict"] = (term("report.budget_to_win"), "number_text")
        records = split.to_dict("records")
        rows = rows.assign(range=[money_range(row) for row in records], verdict=[_verdict(row) for row in records])
    return [
        html.page(
            html.subheading(term("report.budget_title")),
            html.paragraph(joined(*_budget_lead(split))),
            html.table(rows, columns),
            html.paragraph(joined(*_budget_rule(case, split)), quiet=True),
            html.paragraph(_budget_monday(case)),
        )
    ]


def _budget_lead(split: pd.DataFrame) -> list[str]:
    """Return which type gets most per customer and in all, and on how many more is spent than they will bring."""
    each, most = (split.iloc[int(split[name].argmax())] for name in ("budget_per_customer", "budget"))
    lead = say(
        "report.budget_lead" if each["value_type"] == most["value_type"] else "report.budget_lead_two",
        total=whole_money(float(split["budget"].sum())), type=most["value_type"], type_each=each["value_type"],
        most=whole_money(float(most["budget"])), each=html.cell(float(each["budget_per_customer"]), "money"),
        customers=count(most["customers"]),
    )  # fmt: skip
    dear = int(split["dear"].sum())
    return [lead, say("report.budget_dear", count=count(dear))] if dear else [lead]


def _verdict(row: Mapping[Any, Any]) -> str:
    """Return the share that must be won or saved, and whether more than that can be expected, or is possible."""
    if not row["budget"]:
        return "–"
    if not row["at_stake"] > 0:
        return term("report.budget_nothing")
    # those who leave in the course of the year come on top of what type III is expected to lose
    beyond = row["budget"] > row["high"] and row["value_type"] != "III"
    key = "cannot" if beyond else "hardly" if row["to_win"] > 1 else ""
    share = percent(float(row["to_win"]))
    return say(f"report.budget_{key}", share=share) if key else share


def _budget_rule(case: Case, split: pd.DataFrame) -> list[str]:
    weights = listed([f"{row.value_type} {row.weight:g}" for row in split.itertuples()])
    reach = percent(case.assumptions.headroom_reached)
    known = "revenue" if case.basis == "revenue" else "profit"
    return [say("report.budget_rule", weights=weights), say(f"report.budget_rule_{known}", reach=reach)]


def _budget_monday(case: Case) -> str:
    if case.basis == "revenue":
        return term("report.budget_monday_revenue")
    held = case.customers.loc[case.customers["action"] != "win_back", "hold_out"].any()
    return term("report.budget_monday_held" if held else "report.budget_monday_profit")
