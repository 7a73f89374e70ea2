"""How each movement of Table 3-1, and each difference between revenue and profit, is measured on a life (S02, S03)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .curve import DECLINE, EXPLORATION, FORMATION, STABILITY, Figures, Relationship

# Our reading of the textbook's words, as shares: of the highest value or the range of the whole life, or of months.
VERY_SMALL = 0.15
NEAR_THE_TOP = 0.85
FALLEN_BACK = 0.5
CLEARLY = 0.4
STEADY = 0.05
BARELY = 0.1
LATE = 0.75
APART = 0.05
#: Profit this close to its highest is at its peak: on a plateau, a month's smaller lead says nothing.
AT_THE_PEAK = 0.001
#: What rounding may take from a figure, as a share of the highest.
ROUNDING = 1e-12


@dataclass(frozen=True)
class LifeOf:
    """One variable over a life, cut into its stages."""

    figures: Figures
    level: Figures
    stage: NDArray[np.uint8]
    relationship: Relationship

    def within(self, stage: int) -> Figures:
        """Return the months of a stage, with the last month of the stage before in front."""
        months = np.flatnonzero(self.stage == stage)
        return self.figures[max(months[0] - 1, 0) : months[-1] + 1]

    def of(self, stage: int) -> Figures:
        """Return the months of a stage."""
        months: Figures = self.figures[self.stage == stage]
        return months

    def at_end(self, stage: int) -> float:
        """Return the figure in the last month of a stage."""
        return float(self.of(stage)[-1])

    def rise_per_month(self, stage: int) -> float:
        """Return the mean rise per month in a stage, for a variable that starts from nothing."""
        first = int(np.flatnonzero(self.stage == stage)[0])
        before = float(self.figures[first - 1]) if first else 0.0
        return (self.at_end(stage) - before) / len(self.of(stage))

    @property
    def highest(self) -> float:
        """Return the highest figure of the whole life."""
        return float(self.figures.max())

    @property
    def span(self) -> float:
        """Return the distance from the lowest to the highest figure."""
        return float(np.ptp(self.figures))


@dataclass(frozen=True)
class Finding:
    """Whether a claim holds, and the figures that show it."""

    holds: bool
    figures: tuple[float, ...]
    shares: bool = False


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")


def _very_small(life: LifeOf) -> Finding:
    months = life.of(EXPLORATION)
    largest = _share(float(months.max()), life.highest)
    return Finding(bool(months.min() >= 0 and largest <= VERY_SMALL), (largest,), shares=True)


def _small_or_a_loss(life: LifeOf) -> Finding:
    # the book: "even negative"; how large the loss may be it does not say
    largest = _share(float(life.of(EXPLORATION).max()), life.highest)
    return Finding(largest <= VERY_SMALL, (largest,), shares=True)


def _low_base(life: LifeOf) -> Finding:
    risen = _share(life.at_end(EXPLORATION) - life.relationship.base_price, life.highest - life.relationship.base_price)
    return Finding(risen <= VERY_SMALL, (risen,), shares=True)


def _highest(life: LifeOf) -> Finding:
    here, *later = (float(life.of(stage).mean()) for stage in (EXPLORATION, FORMATION, STABILITY, DECLINE))
    return Finding(here > max(later), (here, max(later)))


def _none(life: LifeOf) -> Finding:
    largest = _share(float(np.abs(life.of(EXPLORATION)).max()), life.highest)
    return Finding(largest <= 0.01, (largest,), shares=True)


def _fastest(life: LifeOf) -> Finding:
    here, before, after = (life.rise_per_month(stage) for stage in (FORMATION, EXPLORATION, STABILITY))
    return Finding(here > before and here > after, (before, here, after))


def _near_the_top(life: LifeOf) -> Finding:
    reached = _share(life.at_end(FORMATION), life.highest)
    return Finding(_fastest(life).holds and reached >= NEAR_THE_TOP, (reached,), shares=True)


def _clear_late(life: LifeOf) -> Finding:
    early, late = _halves(life.within(FORMATION))
    return Finding(late > early > 0, (_share(early, life.span), _share(late, life.span)), shares=True)


def _halves(months: Figures) -> tuple[float, float]:
    """Return the rise in the first and in the second half of some months."""
    middle = (months[(len(months) - 1) // 2] + months[len(months) // 2]) / 2
    return float(middle - months[0]), float(months[-1] - middle)


def _clearly_lower(life: LifeOf) -> Finding:
    months = life.within(FORMATION)
    fallen = _share(float(months[0] - months[-1]), life.span)
    return Finding(fallen >= CLEARLY, (fallen,), shares=True)


def _appears_late(life: LifeOf) -> Finding:
    months = life.of(FORMATION)
    middle, end = (_share(float(months[place]), life.highest) for place in (len(months) // 2 - 1, -1))
    return Finding(middle <= BARELY and end > middle, (middle, end), shares=True)


def _largest(life: LifeOf) -> Finding:
    months = life.of(STABILITY)
    least = _share(float(months.min()), life.highest)
    return Finding(bool(months.max() >= life.highest and least >= NEAR_THE_TOP), (least,), shares=True)


def _steady(life: LifeOf) -> Finding:
    least = _share(float(life.of(STABILITY).min()), life.highest)
    return Finding(least >= NEAR_THE_TOP, (least,), shares=True)


def _rises_further(life: LifeOf) -> Finding:
    months = life.within(STABILITY)
    return Finding(bool(months[-1] > months[0] and (np.diff(months) >= 0).all()), (float(months[0]), float(months[-1])))


def _to_a_floor(life: LifeOf) -> Finding:
    months = life.within(STABILITY)
    last = _share(float(months[_late(months)] - months[-1]), life.span)
    return Finding(bool(months[-1] < months[0] and last <= STEADY), (float(months[0]), float(months[-1])))


def _late(months: Figures) -> int:
    return int(LATE * (len(months) - 1))


def _ever_more_slowly(life: LifeOf) -> Finding:
    months = life.within(STABILITY)
    early, late = (_share(rise, life.highest) for rise in _halves(months))
    last = _share(float(months[-1] - months[_late(months)]), life.highest)
    # a profit that stands still has stopped rising
    slows = early > late >= -ROUNDING and -ROUNDING <= last <= STEADY
    return Finding(bool(slows), (early, late, last), shares=True)


def _falls_back(life: LifeOf) -> Finding:
    left = _share(life.at_end(DECLINE), life.highest)
    return Finding(left <= FALLEN_BACK, (left,), shares=True)


def _starts_to_fall(life: LifeOf) -> Finding:
    before, after = life.at_end(STABILITY), life.at_end(DECLINE)
    return Finding(after < before, (before, after))


def _rises_again(life: LifeOf) -> Finding:
    before, after, first = life.at_end(STABILITY), life.at_end(DECLINE), float(life.of(EXPLORATION).mean())
    return Finding(before < after < first, (before, after, first))


def _shrinks_lagging(life: LifeOf) -> Finding:
    left = _share(life.at_end(DECLINE), life.at_end(STABILITY))
    level = _share(float(life.level[-1]), float(life.level[life.stage == STABILITY][-1]))
    # bad word of mouth spreads at once: it does not lag, but may turn the benefit negative
    lags = left > level or life.at_end(DECLINE) < 0
    return Finding(bool(left < 1 and lags), (left, level), shares=True)


#: The measures by their code in ``rules/table_3_1.csv``.
MOVEMENTS: dict[str, Callable[[LifeOf], Finding]] = {
    measure.__name__.removeprefix("_"): measure
    for measure in (
        _very_small, _small_or_a_loss, _low_base, _highest, _none, _fastest, _near_the_top, _clear_late, _clearly_lower,
        _appears_late, _largest, _steady, _rises_further, _to_a_floor, _ever_more_slowly, _falls_back, _starts_to_fall,
        _rises_again, _shrinks_lagging,
    )
}  # fmt: skip


def climbs_on(revenue: LifeOf, profit: LifeOf) -> Finding:
    """Return whether revenue is near its highest by late formation while profit is clearly behind."""
    reached = [_share(life.at_end(FORMATION), life.highest) for life in (revenue, profit)]
    return Finding(reached[0] >= NEAR_THE_TOP and reached[1] <= reached[0] - APART, tuple(reached), shares=True)


def peaks_late(profit: LifeOf) -> Finding:
    """Return whether profit peaks in the last quarter of stability; the figure is the share of stability gone by."""
    # without a month of stability near the highest, the peak lies before it (at most 0) or after it (above 1)
    months = np.flatnonzero(profit.stage == STABILITY)
    near = months[profit.figures[months] >= profit.highest - AT_THE_PEAK * abs(profit.highest)]
    peak = int(near[-1] if len(near) else profit.figures.argmax())
    way = (peak - int(months[0]) + 1) / len(months)
    return Finding(LATE <= way <= 1, (way,), shares=True)


def months_ahead(revenue: LifeOf, profit: LifeOf) -> NDArray[np.bool_]:
    """Return for each month of decline whether profit keeps more of its value at the end of stability than revenue."""
    # revenue may be nothing in the last month, so shares of the peak are compared and not margins
    ahead: NDArray[np.bool_] = profit.of(DECLINE) * revenue.at_end(STABILITY) > revenue.of(DECLINE) * profit.at_end(
        STABILITY
    )
    return ahead


def months_ahead_in_money(revenue: LifeOf, profit: LifeOf) -> NDArray[np.bool_]:
    """Return for each month of decline whether profit has lost less money since the end of stability than revenue."""
    ahead: NDArray[np.bool_] = profit.at_end(STABILITY) - profit.of(DECLINE) < revenue.at_end(STABILITY) - revenue.of(
        DECLINE
    )
    return ahead


def share_left(life: LifeOf) -> float:
    """Return which share of its value at the end of stability is left at the end of decline; NaN if that was none."""
    return _share(life.at_end(DECLINE), life.at_end(STABILITY))


def falls_slower(revenue: LifeOf, profit: LifeOf) -> Finding:
    """Return whether profit is ahead of revenue throughout decline (`months_ahead`); the figures are margins."""
    peak = int(np.flatnonzero(revenue.stage == STABILITY)[-1])
    later = revenue.stage == DECLINE
    earned, sold = (np.array([life.figures[peak], *life.figures[later]]) for life in (profit, revenue))
    margin = earned[sold > 0] / sold[sold > 0]
    lowest = float(margin[1:].min()) if len(margin) > 1 else float("nan")
    holds = bool(months_ahead(revenue, profit).all())
    return Finding(holds, (float(margin[0]) if len(margin) else float("nan"), lowest), shares=True)
