"""What page one of a churn report says beside its sums: tests of them, and what would make them wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cvmlab.case.churn.dominance import dominating
from cvmlab.core.formats import count, in_currency, percent, whole_money
from cvmlab.core.words import say, term

if TYPE_CHECKING:
    from cvmlab.case.churn import ChurnCase

# a share of the sum of all calls that one of them is not to bring unsaid, where there are several
_LARGE, _SEVERAL = 0.25, 4


def tested(case: ChurnCase) -> str:
    """Return what the same calls would have brought among those whose answer is known."""
    tried = case.tried
    # a column that knew who left knew it there, too
    if tried is None or dominating(case) is not None:
        return ""
    if not tried.says_enough:
        return term("churning.s_tried_few")
    came, promised = (
        in_currency(whole_money(sum_), case.subscribers.currency) for sum_ in (tried.came, tried.promised)
    )
    return say("churning.s_tried", calls=count(tried.calls), came=came, promised=promised)


def hanging_on_one(case: ChurnCase) -> str:
    """Return which share of the sum one customer carries, where that is much of it."""
    if len(case.calls) < _SEVERAL or case.share_of_first < _LARGE:
        return ""
    said = {"customer": case.calls["customer_id"].iloc[0], "share": percent(case.share_of_first)}
    return say("churning.s_hangs", **said)


def before_sums(case: ChurnCase) -> list[str]:
    """Return the cautions that stand above every figure of page one."""
    return [say("churning.caution_drawn", rate=percent(case.rate["rate"]))] if case.may_be_drawn else []


def doubts(case: ChurnCase) -> list[str]:
    """Return cautions on single columns: one that decides who is on the list."""
    found = []
    if case.tenure_counts == "unsure":
        most = case.customers["tenure_months"].max()
        found.append(say("churning.caution_unit", column=case.subscribers.columns["tenure"], most=f"{most:g}"))
    if (one := dominating(case)) is not None:
        said = {"column": one.column, "low": percent(one.low), "high": percent(one.high)}
        found.append(say("churning.caution_dominates", **said))
    return found


def cheap_enough(case: ChurnCase) -> str:
    """Return up to which offer calling anybody would pay."""
    most = case.affordable_offer
    if not 0 < most < float("inf"):
        return term("churning.s_no_offer_pays")
    if case.assumptions.offer_cost is None:
        return (
            say("churning.s_cheaper_months", months=f"{most:.2g}") if most >= 0.01 else term("churning.s_no_offer_pays")
        )
    return say("churning.s_cheaper", cost=in_currency(whole_money(most), case.subscribers.currency))
