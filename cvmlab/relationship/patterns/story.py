"""A small model of when and why a relationship ends (S04): every step can be done with pencil and paper.

Each month the customer compares the value received with a standard: what is expected by now, or the best alternative
if that is more. Without a shortfall the relationship climbs the typical life curve, with one its level falls. The
customer stays as long as trust and switching cost outweigh the shortfall. All of it is assumed, nothing estimated; the
idea is the textbook's (CRM3 §3.1), the formulas and figures are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.guarding import public
from cvmlab.core.patterns import PATTERNS
from cvmlab.core.scenario import Scenario, number
from cvmlab.core.words import say, term
from cvmlab.relationship.lifecycle import (
    DECLINE,
    ENDED,
    EXPLORATION,
    FORMATION,
    STABILITY,
    STAGES,
    Relationship,
    level_path,
    variables,
)

from .paths import pattern_of_paths

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

#: Value received and value expected in the first month, points of 100.
FIRST_VALUE, FIRST_EXPECTATION = 60.0, 50.0
#: Shortfall that trust alone bears at the highest level, points.
TRUST = 20.0
#: Months by which the switching cost follows the level: bound late, and late to be free.
BINDING_MONTHS = 12.0
#: Months until unfairness is felt in full: it takes trust to look into each other's books.
FAIRNESS_MONTHS = 36

#: What may end a relationship, in the order in which it is named if two would do.
CAUSES = ("setback", "alternative", "unfairness", "expectation")
_WITHOUT: Mapping[str, Mapping[str, float]] = {
    "setback": {"setback_depth": 0},
    "alternative": {"alternative_month": 0},
    "unfairness": {"unfairness": 0},
    "expectation": {"expectation_rise": 0.0},
}


@public
@dataclass(frozen=True)
class Story(Scenario):
    """What happens to a relationship: what the customer comes to expect, what we give, what goes wrong.

    Value is in points from 0 to 100 as the customer would score it; it starts at 60, the expectation at 50. A
    month of 0 means never. A value out of bounds raises `CvmError`.

    Attributes
    ----------
    expectation_rise, added_value
        Points per year by which the customer's expectation and our value rise.
    setback_month, setback_depth
        Month from which our value is lower, and by how many points.
    alternative_month, alternative_value
        Month in which a better alternative appears, and its value (points).
    unfairness, unfairness_month
        Points the customer finds withheld, and the month in which that begins to be felt; in full three years later.
    switching_cost
        Points of shortfall it outweighs once the customer is fully bound.
    repair_month, repair_strength
        Month in which the repair begins, and by how many points our value is higher once it is felt.
    repair_months
        Months from the start of a repair until it is felt: find the cause, change it, be believed.
    repair_cost
        What the repair costs, in the month in which it begins (money; ours).
    fall
        Share of the highest level that is lost per month for each point of shortfall.
    months
        Months the story is followed.

    Examples
    --------
    >>> Story(setback_month=12).replace(repair_month=14).repair_strength
    20
    """

    expectation_rise: float = number(4.0, word="patterns.expectation_rise", minimum=0, maximum=20, step=0.5)
    added_value: float = number(4.0, word="patterns.added_value", minimum=0, maximum=20, step=0.5)
    setback_month: int = number(30, word="patterns.setback_month", minimum=0, maximum=84, step=1, whole=True)
    setback_depth: int = number(25, word="patterns.setback_depth", minimum=0, maximum=60, step=1, whole=True)
    alternative_month: int = number(0, word="patterns.alternative_month", minimum=0, maximum=84, step=1, whole=True)
    alternative_value: int = number(80, word="patterns.alternative_value", minimum=0, maximum=120, step=1, whole=True)
    unfairness: int = number(0, word="patterns.unfairness", minimum=0, maximum=40, step=1, whole=True)
    unfairness_month: int = number(0, word="patterns.unfairness_month", minimum=0, maximum=84, step=1, whole=True)
    switching_cost: int = number(10, word="patterns.switching_cost", minimum=0, maximum=40, step=1, whole=True)
    repair_month: int = number(0, word="patterns.repair_month", minimum=0, maximum=84, step=1, whole=True)
    repair_strength: int = number(20, word="patterns.repair_strength", minimum=0, maximum=60, step=1, whole=True)
    repair_months: int = number(6, word="patterns.repair_months", minimum=0, maximum=24, step=1, whole=True)
    repair_cost: float = number(
        3_000.0, word="patterns.repair_cost", minimum=0, maximum=1_000_000, step=500, unit="money"
    )
    fall: float = number(0.005, word="patterns.fall", minimum=0, maximum=0.05, step=0.0005, unit="share")
    months: int = number(84, word="patterns.months", minimum=1, maximum=240, step=1, unit="months", whole=True)


@public
@dataclass(frozen=True)
class Ending:
    """How a story ends.

    Attributes
    ----------
    pattern
        I–IV; while alive, IV from twelve months of stability on, else "".
    months
        Months lived.
    cause
        One of `CAUSES`: the one without which it would have lived longest; "" while alive, or if more than
        one had to be taken away.
    last_repair
        The last month in which a repair of the story's strength keeps it alive to the end of the story; None
        if no month does, or none is needed.
    ended
        Whether the relationship ended within the story.
    """

    pattern: str
    months: int
    cause: str
    last_repair: int | None
    ended: bool = True


@public
def live(story: Story | None = None, relationship: Relationship | None = None) -> pd.DataFrame:
    """Follow a story month by month.

    Formulas, month t from 0:

    - value = 60 + added value · t/12 − setback (from its month on) − unfairness · (share felt by then, rising
      from 0 in its month to 1 after 36 months)
      + repair (from ``repair_months`` after its start on)
    - standard = max(50 + expectation rise · t/12, best alternative (from its month on))
    - no shortfall: the level moves one month up the typical life curve of ``relationship``, from where it is;
      shortfall s: the level falls by ``fall`` · s
    - binding follows the level with a lag of 12 months (`cvmlab.lifecycle.lagged`)
    - the relationship ends when s > 20 · level + switching cost · binding, or when no level is left

    Parameters
    ----------
    story
        What happens; the default is a setback that nobody repairs.
    relationship
        Months and levels of the stages, and what a level brings; its own decline and repair are not used.

    Returns
    -------
    pandas.DataFrame
        A row per month: ``period`` (from 0), ``stage`` (text; "ended" after the end), ``code``, ``level``
        (0 to 1, 0 after the end), ``value``, ``standard``, ``hold`` (points; what trust and switching cost
        outweigh), ``revenue``, ``profit`` (money per month, less the cost of a repair that begins while the
        relationship lasts; before what added value costs). After the end ``profit`` is what earlier recommendations
        still bring.

    Examples
    --------
    >>> live(Story(setback_month=0))["stage"].iloc[[5, 23, 83]].tolist()
    ['exploration', 'formation', 'stability']
    """
    import pandas as pd

    story, relationship = story or Story(), relationship or Relationship()
    lives = _lives(_stacked([story]), story.months, relationship)
    level, code = lives["level"][:, 0], lives["code"][:, 0]
    brought = variables(level, relationship)
    profit = brought["profit"].copy()
    if 0 < story.repair_month < story.months and code[story.repair_month] != ENDED:
        profit[story.repair_month] -= story.repair_cost
    return pd.DataFrame(
        {
            "period": np.arange(story.months),
            "stage": np.array(["", *STAGES, "ended"], dtype=object)[code],
            "code": code,
            "level": level,
            **{name: lives[name][:, 0] for name in ("value", "standard", "hold")},
            "revenue": brought["revenue"],
            "profit": profit,
        }
    )


@public
def ending(story: Story | None = None, relationship: Relationship | None = None) -> Ending:
    """Return which pattern a story is, why it ended, and when a repair would still have been in time.

    Examples
    --------
    >>> ending(Story(setback_month=3))
    Ending(pattern='I', months=3, cause='setback', last_repair=None, ended=True)
    """
    story, relationship = story or Story(), relationship or Relationship()
    variants = [story, *(story.replace(**changes) for changes in _WITHOUT.values())]
    code = _lives(_stacked(variants), story.months, relationship)["code"]
    months = (code != ENDED).sum(axis=0)
    pattern = ("", *PATTERNS)[int(pattern_of_paths(code[:, :1])[0])]
    if code[-1, 0] != ENDED:
        return Ending(pattern, story.months, "", None, ended=False)
    gained = months[1:] - months[0]
    cause = CAUSES[int(gained.argmax())] if gained.max() > 0 else ""
    return Ending(pattern, int(months[0]), cause, last_month_to_repair(story, relationship))


@public
def last_month_to_repair(story: Story | None = None, relationship: Relationship | None = None) -> int | None:
    """Return the last month in which a repair of the story's strength keeps it alive to the story's end.

    An earlier repair never does worse, so every month before would have done as well. None if no month does, or if the
    relationship stays alive without a repair.

    Examples
    --------
    >>> [last_month_to_repair(Story(setback_month=30, switching_cost=points)) for points in (0, 20, 40)]
    [26, 34, 36]
    """
    story = story or Story()
    tried = _stacked([story.replace(repair_month=0)] * story.months)
    tried["repair_month"] = np.arange(story.months, dtype=np.float64)
    code = _lives(tried, story.months, relationship or Relationship())["code"]
    lasts = code[-1] != ENDED
    # the first one is the story without a repair
    if lasts[0] or not lasts.any():
        return None
    return int(np.flatnonzero(lasts)[-1])


@public
def longest_waits(
    changes: Sequence[Mapping[str, float]], story: Story | None = None, relationship: Relationship | None = None
) -> pd.DataFrame:
    """Return how long a repair may wait in variants of a story, and how far revenue has fallen by then.

    Parameters
    ----------
    changes
        What each variant changes, as `Story.replace` takes it; nothing for the story itself.
    story, relationship
        As in `live`.

    Returns
    -------
    pandas.DataFrame
        A row per variant: ``changed`` (text, in the language in force), ``last_repair`` (month, NaN as
        `last_month_to_repair` has None), ``wait`` (months after the setback; below 0: before it), ``fallen`` (share of
        the highest revenue so far that is lost in that month).

    Examples
    --------
    >>> longest_waits([{}, {"setback_depth": 20}])["wait"].tolist()
    [1, 8]
    """
    import pandas as pd

    story = story or Story()
    limits, rows = Story.limits(), []
    for change in changes:
        variant = story.replace(**change)
        last = last_month_to_repair(variant, relationship)
        revenue = live(variant, relationship)["revenue"].to_numpy()[: (last or 0) + 1]
        told = [
            say("patterns.changed", label=limits[name].label(), value=limits[name].text(value))
            for name, value in change.items()
        ]
        rows.append(
            {
                "changed": ", ".join(told) or term("patterns.unchanged"),
                "last_repair": np.nan if last is None else last,
                "wait": np.nan if last is None else last - variant.setback_month,
                "fallen": np.nan if last is None else 1 - revenue[-1] / revenue.max(),
            }
        )
    return pd.DataFrame(rows, columns=["changed", "last_repair", "wait", "fallen"])


def least_strength(story: Story, relationship: Relationship) -> int | None:
    """Return the least strength of a repair that would have saved the story, begun early enough; None if none does."""
    limits = Story.limits()["repair_strength"]
    strengths = np.arange(int(limits.minimum or 0), int(limits.maximum or 0) + 1)
    # an earlier repair never does worse
    tried = _stacked([story.replace(repair_month=1)] * len(strengths))
    tried["repair_strength"] = strengths.astype(np.float64)
    lasts = _lives(tried, story.months, relationship)["code"][-1] != ENDED
    return int(strengths[lasts.argmax()]) if lasts.any() else None


def _stacked(stories: list[Story]) -> dict[str, NDArray[np.float64]]:
    return {name: np.array([getattr(story, name) for story in stories], dtype=np.float64) for name in Story.limits()}


def _lives(many: Mapping[str, NDArray[np.float64]], months: int, relationship: Relationship) -> dict[str, NDArray[Any]]:
    """Follow many stories at once: arrays of shape (months, stories)."""
    climb = _climb(relationship)
    age = np.arange(len(climb), dtype=np.float64)
    stories = len(many["months"])
    level, binding = np.zeros(stories), np.zeros(stories)
    alive = np.ones(stories, dtype=bool)
    step = -np.expm1(-1 / BINDING_MONTHS)
    value, standard = _value_and_standard(many, months)
    found: dict[str, NDArray[Any]] = {
        "level": np.zeros((months, stories)),
        "hold": np.zeros((months, stories)),
        "code": np.full((months, stories), ENDED, dtype=np.uint8),
        "value": value,
        "standard": standard,
    }
    for month in range(months):
        shortfall = np.maximum(standard[month] - value[month], 0)
        risen = np.interp(np.interp(level, climb, age) + 1, age, climb)
        level = np.where(shortfall > 0, np.maximum(level - many["fall"] * shortfall, 0), risen)
        binding = binding + step * (level - binding)
        hold = TRUST * level + many["switching_cost"] * binding
        alive = alive & (shortfall <= hold) & (level > 0)
        level = np.where(alive, level, 0)
        found["level"][month], found["hold"][month] = level, np.where(alive, hold, 0)
        stage = np.where(level <= relationship.formed + 1e-9, FORMATION, STABILITY)
        stage = np.where(level <= relationship.explored + 1e-9, EXPLORATION, stage)
        found["code"][month] = np.where(alive, np.where(shortfall > 0, DECLINE, stage), ENDED)
    return found


def _climb(relationship: Relationship) -> NDArray[np.float64]:
    """Return the level after 0, 1, 2 … months of the typical life curve, up to the end of stability."""
    unrepaired = relationship.replace(repaired_after=0)
    path = level_path(unrepaired)[: -unrepaired.decline_months]
    return np.concatenate(([0.0], path))


def _value_and_standard(
    many: Mapping[str, NDArray[np.float64]], months: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    month = np.arange(months, dtype=np.float64)[:, None]

    def since(name: str, later: NDArray[np.float64] | float = 0) -> NDArray[np.bool_]:
        start = many[name]
        return (start > 0) & (month >= start + later)

    value = FIRST_VALUE + many["added_value"] * month / 12
    value = value - many["setback_depth"] * since("setback_month")
    felt = np.clip((month - many["unfairness_month"]) / FAIRNESS_MONTHS, 0, 1)
    value = value - many["unfairness"] * felt
    value = value + many["repair_strength"] * since("repair_month", many["repair_months"])
    expected = FIRST_EXPECTATION + many["expectation_rise"] * month / 12
    alternative = np.where(since("alternative_month"), many["alternative_value"], -np.inf)
    return value, np.maximum(expected, alternative)
