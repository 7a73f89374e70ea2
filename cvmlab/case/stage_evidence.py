"""Whether transaction data support stages and patterns (S01, S04): measured, not guessed.

How long they run, whether relationships begin within them and grow, how often customers buy, and whether customers who
looked gone a year ago have stayed away. What is missing is said in a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.formats import count, percent
from cvmlab.core.words import say, term
from cvmlab.data.tables import REVENUE
from cvmlab.relationship import stages

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cvmlab.data.panels import Panel

    from .judgement import Case


LEAST_MONTHS, LEAST_PERIODS, LEAST_CUSTOMERS = 18, 6, 50
#: Customers who must begin within the data, and the share of all that they must be.
LEAST_BEGINNERS, LEAST_BEGINNER_SHARE = 50, 0.1
#: Customers who must have bought in this many periods, and the share of all that they must be.
LEAST_REGULARS, LEAST_REGULAR_SHARE, _REGULAR_PURCHASES = 50, 0.2, 3
#: Share of periods in which half of these must buy.
LEAST_RHYTHM = 0.5
#: The usual newcomer must come to buy at least this much more, chance left out, or stages mean nothing.
LEAST_RISE = 0.1
#: Or else this share of the newcomers must double, beyond chance and beyond those who halve.
_LEAST_GROWING = 0.1
#: Share of customers called ended that may have bought since, or silence does not mean that a customer has left.
MOST_CAME_BACK = 1 / 3
#: What became of fewer customers than this is not shown as a record.
LEAST_SEEN = 10
#: A relationship begins within the data if its first purchase is this many months after the first of the data.
_BEHIND_MONTHS = 3
#: Of more customers, those with the highest revenue are looked at.
MOST_CUSTOMERS = 25_000
# Above this many cells, quarters at least; customers and iterations of the fit.
_MOST_CELLS, _FITTED_ON, _ITERATIONS = 1_000_000, 800, 12
# Months held back to check earlier stages, and the part of the data that they may be (one third).
_HELD_BACK_MONTHS, _HELD_BACK_PART = 12, 3


@dataclass(frozen=True)
class StageEvidence:
    """What transaction data show of stages: the panel looked at and its stages, or what is missing.

    Attributes
    ----------
    panel
        The histories in periods of 1, 3, 6 or 12 months, at most the 25,000 customers with the highest revenue.
    decoded
        Their stages, None where the data do not support any.
    missing
        What is missing, a sentence each; empty where the data support stages.
    of
        Number of customers in the data, including those whose first month is not complete yet.
    course, hindsight
        Whether newcomers come to buy more, and what became of stages estimated earlier; None where not looked at.
    """

    panel: Panel
    decoded: stages.Decoded | None
    missing: tuple[str, ...]
    of: int
    course: stages.Course | None = None
    hindsight: stages.Hindsight | None = None

    @property
    def staged(self) -> bool:
        """Whether stages can be reported, and not only which customers have ended."""
        if self.decoded is None or self.course is None:
            return False
        some_grow = self.course.growing > _LEAST_GROWING and self.course.growing_low > 0
        return self.course.low > LEAST_RISE or some_grow


def stage_evidence_of(case: Case) -> StageEvidence:
    """Measure whether a case's data support stages and, if so, decode them.

    Conditions: at least 18 months and 6 periods; at least 50 customers, and a tenth of all, who begin more than
    three months into the data; at least 50 customers, and a fifth of all, with purchases in three periods or
    more, half of whom buy in half of the periods. The periods are the shortest in which they do; longer
    ones where the customers are many. Of those called ended a year before the end of the data (a third of them where
    they are short) at most a third may have bought again since. Whether stages are reported, and not only which
    customers have ended, depends on the newcomers: the usual one must rise, or enough of them must grow
    (`cvmlab.stages.course`).
    """
    months, of = len(case.panel.period), len(case.customers)
    if months < LEAST_MONTHS:
        short = say("stages.report_short", months=months, least=LEAST_MONTHS)
        return StageEvidence(case.panel, None, (short,), of)
    panel = _largest(_in_periods(case.panel))
    if missing := tuple(_missing(panel, of)):
        return StageEvidence(panel, None, missing, of)
    course = stages.course(panel)
    seed = case.assumptions.seed
    model = stages.fit(panel, customers=_FITTED_ON, iterations=_ITERATIONS, seed=seed)
    seen = stages.hindsight(panel, model, months=_held_back(panel), seed=seed)
    if seen.came_back > MOST_CAME_BACK:
        return StageEvidence(panel, None, (_came_back(seen),), of, course, seen)
    return StageEvidence(panel, stages.decode(panel, model), (), of, course, seen)


def _in_periods(panel: Panel) -> Panel:
    months = stages.advised_months(panel)
    if panel[REVENUE].size > _MOST_CELLS:
        months = max(months, 3)
    whole = len(panel.period) - months >= LEAST_PERIODS * months
    return stages.coarser(panel, months if whole else 1)


def _largest(panel: Panel) -> Panel:
    if len(panel.customer_id) <= MOST_CUSTOMERS:
        return panel
    total = panel[REVENUE].sum(axis=0)
    chosen = np.sort(np.argpartition(-total, MOST_CUSTOMERS)[:MOST_CUSTOMERS])
    return panel.part(chosen)


def _held_back(panel: Panel) -> int:
    months = min(_HELD_BACK_MONTHS, len(panel.period) * panel.months // _HELD_BACK_PART)
    return max(months // panel.months, 1) * panel.months


def _came_back(seen: stages.Hindsight) -> str:
    return say(
        "stages.report_came_back",
        ended=count(seen.ended),
        months=seen.months,
        share=percent(seen.came_back),
        most=percent(MOST_CAME_BACK),
    )


def _missing(panel: Panel, of: int) -> list[str]:
    bought = panel[REVENUE] > 0
    customers = bought.shape[1]
    if customers < LEAST_CUSTOMERS:
        return [say("stages.report_few_customers", customers=customers, least=LEAST_CUSTOMERS)]
    largest = MOST_CUSTOMERS <= customers < of
    whom = say("stages.report_largest", customers=count(customers)) if largest else count(customers)
    missing = []
    if len(panel.period) < LEAST_PERIODS:
        missing.append(say("stages.report_few_periods", periods=periods_named(panel), least=LEAST_PERIODS))
    if beginners := _missing_beginners(panel, whom):
        missing.append(beginners)
    times = bought.sum(axis=0)
    regular = times >= _REGULAR_PURCHASES
    if regular.sum() < LEAST_REGULARS or regular.sum() < LEAST_REGULAR_SHARE * customers:
        missing.append(
            say(
                "stages.report_few_regulars",
                regulars=count(int(regular.sum())),
                customers=whom,
                period=_period(panel),
                least=LEAST_REGULARS,
                share=percent(LEAST_REGULAR_SHARE),
            )
        )
    elif (rhythm := _rhythm(bought[:, regular])) < LEAST_RHYTHM:
        missing.append(say("stages.report_rarely", share=percent(rhythm), period=_period(panel)))
    return missing


def _missing_beginners(panel: Panel, whom: str) -> str:
    customers = len(panel.customer_id)
    begin = int((panel.first * panel.months > _BEHIND_MONTHS).sum())
    if begin >= max(LEAST_BEGINNERS, LEAST_BEGINNER_SHARE * customers):
        return ""
    if not begin:
        return say("stages.report_one_beginning", customers=whom)
    return say(
        "stages.report_no_beginners",
        begin=count(begin),
        customers=whom,
        least=LEAST_BEGINNERS,
        share=percent(LEAST_BEGINNER_SHARE),
    )


def periods_named(panel: Panel) -> str:
    """Return how many periods of which length a panel has, in words: 36 months."""
    return say(f"stages.report_periods_{panel.months}", count=len(panel.period))


def _period(panel: Panel) -> str:
    return term(f"stages.report_period_{panel.months}")


def _rhythm(bought: NDArray[np.bool_]) -> float:
    first, last = bought.argmax(axis=0), len(bought) - 1 - bought[::-1].argmax(axis=0)
    return float(np.median((bought.sum(axis=0) - 1) / np.maximum(last - first, 1)))
