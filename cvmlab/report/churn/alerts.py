"""What page one of a churn report says beside its sums: tests of them, and what would make them wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cvmlab.core.formats import count, in_currency, percent, whole_money
from cvmlab.core.words import say, term

if TYPE_CHECKING:
    from cvmlab.case.churn import ChurnCase

# a share of the sum of all calls that one of them is not to bring unsaid, where there are several
_LARGE, _SEVERAL = 0.25, 4


def tested(case: ChurnCase) -> str:
    """Return what the same calls would have brought among those whose answer is known."""
    tried = case.tried
    if tried is None:
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
