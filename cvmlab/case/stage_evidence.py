"""Whether a log can carry stages and patterns (S01, S04): measured, not guessed.

How long it is, whether relationships begin within it and come to buy more, how often customers buy, and whether those
who looked gone a year ago have stayed away. What fails is said in a sentence.
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
#: So many customers must begin within the log, and be this share of all.
LEAST_BEGINNERS, LEAST_BEGINNER_SHARE = 50, 0.1
#: So many customers must have bought in three periods or more, and be this share of all.
LEAST_REGULARS, LEAST_REGULAR_SHARE = 50, 0.2
LEAST_RHYTHM = 0.5
#: The usual newcomer must come to buy at least so much more, chance left out, or there are no stages to tell.
LEAST_RISE = 0.1
#: Of those called ended some time ago, at most this share may have bought since, or silence is no end.
MOST_CAME_BACK = 1 / 3
#: A relationship begins within the log if its first purchase is so many months behind the first of the log.
_BEHIND_MONTHS = 3
#: Of more customers, those with the highest revenue are looked at.
MOST_CUSTOMERS = 25_000
_MOST_CELLS, _FITTED_ON = 1_000_000, 800
_HELD_BACK_MONTHS, _HELD_BACK_SHARE = 12, 3


@dataclass(frozen=True)
class Told:
    """What a log tells of stages: the panel looked at and its stages, or why it tells nothing.

    Attributes
    ----------
    panel
        The histories in periods of 1, 3, 6 or 12 months, at most the 25,000 customers with the highest revenue.
    decoded
        Their stages, None where the log cannot carry them.
    missing
        What is missing, a sentence each; empty where the log can carry them.
    of
        Number of customers of the log, those included whose first month is not complete yet.
    course, hindsight
        Whether newcomers come to buy more, and what became of stages told earlier; None where it was not looked at.
    """

    panel: Panel
    decoded: stages.Decoded | None
    missing: tuple[str, ...]
    of: int
    course: stages.Course | None = None
    hindsight: stages.Hindsight | None = None

    @property
    def staged(self) -> bool:
        """Whether stages can be told, and not only who has ended."""
        return self.decoded is not None and self.course is not None and self.course.low > LEAST_RISE


def tell(case: Case) -> Told:
    """Measure whether a log can carry stages and, if so, decode them.

    Conditions: at least 18 months and 6 periods; at least 50 customers, and a tenth of all, who begin more than
    three months into the log; at least 50 customers, and a fifth of all, with purchases in three periods or
    more, half of whom buy in half of the periods. The periods are the shortest in which they do; longer
    ones where the customers are many. Of those called ended a year before the end of the log (a third of it where it
    is short) at most a third may have bought again since. Whether stages are told, and not only who has ended, depends
    on the rise of the newcomers (`cvmlab.stages.course`).
    """
    months, of = len(case.panel.period), len(case.customers)
    if months < LEAST_MONTHS:
        return Told(case.panel, None, (say("stages.report_short", months=months, least=LEAST_MONTHS),), of)
    panel = _largest(_in_periods(case.panel))
    missing = tuple(_missing(panel, of))
    if missing:
        return Told(panel, None, missing, of)
    course = stages.course(panel)
    seed = case.assumptions.seed
    model = stages.fit(panel, customers=_FITTED_ON, iterations=12, seed=seed)
    seen = stages.hindsight(panel, model, months=_held_back(panel), seed=seed)
    if seen.came_back > MOST_CAME_BACK:
        return Told(panel, None, (_came_back(seen),), of, course, seen)
    return Told(panel, stages.decode(panel, model), (), of, course, seen)


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
    months = min(_HELD_BACK_MONTHS, len(panel.period) * panel.months // _HELD_BACK_SHARE)
    return max(months // panel.months, 1) * panel.months


def _came_back(seen: stages.Hindsight) -> str:
    return say(
        "stages.report_came_back",
        ended=count(seen.ended), months=seen.months, share=percent(seen.came_back), most=percent(MOST_CAME_BACK),
    )  # fmt: skip


def _missing(panel: Panel, of: int) -> list[str]:
    bought = panel[REVENUE] > 0
    customers = bought.shape[1]
    if customers < LEAST_CUSTOMERS:
        return [say("stages.report_few_customers", customers=customers, least=LEAST_CUSTOMERS)]
    largest = MOST_CUSTOMERS <= customers < of
    whom = say("stages.report_largest", customers=count(customers)) if largest else count(customers)
    said = []
    if len(panel.period) < LEAST_PERIODS:
        said.append(say("stages.report_few_periods", periods=periods_named(panel), least=LEAST_PERIODS))
    if beginners := _missing_beginners(panel, whom):
        said.append(beginners)
    times = bought.sum(axis=0)
    regular = times >= 3
    if regular.sum() < LEAST_REGULARS or regular.sum() < LEAST_REGULAR_SHARE * customers:
        said.append(
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
        said.append(say("stages.report_rarely", share=percent(rhythm), period=_period(panel)))
    return said


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
