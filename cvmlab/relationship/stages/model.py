"""The model of stages: what each step looks like, and the tables of densities made from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.guarding import public
from cvmlab.core.periods import PERIOD_LENGTHS
from cvmlab.core.words import CvmError
from cvmlab.data.tables import BREADTH, REVENUE
from cvmlab.relationship.lifecycle import DECLINE

from . import assumed, states
from .assumed import MARGIN, REFERRALS, RHYTHMS
from .evidence import RULERS
from .habits import Habits
from .states import ALIVE, BEFORE, COUNT, HEIGHT, STAGE_OF, UNSEEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@public
@dataclass(frozen=True)
class Measure:
    """How a column looks in each step.

    Attributes
    ----------
    mean, noise
        Mean against stability and scale of the Student t around it, in the column's unit, shape (steps,).
    centre, spread
        Mean and standard deviation of the customers' own heights in stability; the spread is infinite for revenue, so
        that no size is likelier than another.
    """

    mean: NDArray[np.float64]
    noise: NDArray[np.float64]
    spread: float
    centre: float = 0.0

    def density(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the Student density of each value in each step, without its constant: shape (values, steps)."""
        z = (value[:, None] - self.mean) / self.noise
        return (1 + z * z / assumed.FREEDOM) ** (-(assumed.FREEDOM + 1) / 2) / self.noise


@public
@dataclass(frozen=True)
class StageModel:
    """A hidden Markov model of stages; made by `fit`, `fit_from_truth` or `default_model`.

    Attributes
    ----------
    months, columns
        Length of a period, and columns of evidence.
    moves
        Chances of moving between steps, shape (steps, steps), from row to column.
    new, found
        Share of customers who begin within the data, and where the others stand when they are first seen.
    measures
        Column → `Measure`.
    buying
        Chance of a purchase in a period by rhythm and step, shape (rhythms, steps).
    referred
        Chance of no, some and harmful referrals by step, shape (3, steps).
    habits
        What is usual in the population.
    member
        How far each step belongs to each stage, shape (steps, 6).
    fitted, customers
        Whether it was fitted to data (False for `default_model`), and to how many customers.
    converged, iterations
        Whether and when the fit settled.
    log_likelihood
        Mean log-likelihood per customer and period, by iteration.
    """

    months: int
    columns: tuple[str, ...]
    moves: NDArray[np.float64]
    new: float
    found: NDArray[np.float64]
    measures: Mapping[str, Measure]
    buying: NDArray[np.float64]
    referred: NDArray[np.float64]
    habits: Habits
    member: NDArray[np.float64] = field(default_factory=lambda: states.MEMBER)
    fitted: bool = True
    converged: bool = True
    iterations: int = 0
    log_likelihood: tuple[float, ...] = field(default=())
    customers: int = 0

    @cached_property
    def tables(self) -> dict[str, NDArray[np.float32]]:
        """Density by class and step of every column, to the power of the trust in it, float32."""
        made = {REVENUE: self._revenue_table()}
        for name in (MARGIN, BREADTH):
            if name in self.columns:
                made[name] = _measure_table(self.measures[name], name)
        if REFERRALS in self.columns:
            made[REFERRALS] = np.vstack([np.ones(COUNT), self.referred]).astype(np.float32)
        return {name: table ** np.float32(assumed.TRUST[name]) for name, table in made.items()}

    def _revenue_table(self) -> NDArray[np.float32]:
        ruler = RULERS[REVENUE]
        seen = _measure_table(self.measures[REVENUE], REVENUE)[1:].astype(np.float64)
        none = np.concatenate([1 - self.buying[:, None, :], self.buying[:, None, :] * seen * ruler.step], axis=1)
        none[..., [BEFORE, UNSEEN]] = 0
        before = np.zeros((len(RHYTHMS), 1, COUNT))
        before[..., BEFORE] = 1
        before[..., 0, UNSEEN] = 1 - RHYTHMS
        return np.concatenate([before, none], axis=1).reshape(-1, COUNT).astype(np.float32)

    def measure(self, name: str) -> Measure:
        """Return the measure of a column."""
        if name not in self.measures:
            raise CvmError("stages.unknown_measure", name=name, names=", ".join(self.measures))
        return self.measures[name]


def _measure_table(measure: Measure, name: str) -> NDArray[np.float32]:
    density = measure.density(RULERS[name].centres()) + assumed.LEAST_DENSITY
    return np.vstack([np.ones(COUNT), density]).astype(np.float32)


def start_measures(spread_of_levels: float, noise: float, columns: tuple[str, ...]) -> dict[str, Measure]:
    """Return measures before any data: the usual heights stretched over a range of log revenue."""
    measures = {REVENUE: Measure((HEIGHT - 1) * spread_of_levels, np.full(COUNT, noise), np.inf)}
    for name, (rise, own_noise, between) in assumed.RISES.items():
        if name in columns:
            measures[name] = Measure((HEIGHT - 1) * rise, np.full(COUNT, own_noise), between)
    return measures


def usual_buying() -> NDArray[np.float64]:
    """Return the chance of a purchase by rhythm and step before any data."""
    chance = RHYTHMS[:, None] * assumed.BUYING[STAGE_OF]
    return np.asarray(np.where(ALIVE, np.clip(chance, assumed.LEAST_CHANCE, assumed.MOST_CHANCE), 0))


def usual_referred() -> NDArray[np.float64]:
    """Return the chance of no, some and harmful referrals by step before any data."""
    rising = assumed.REFERRING + assumed.REFERRING_RISE * np.clip(HEIGHT, 0, 1)
    some = np.where(ALIVE, rising, assumed.REFERRING_ELSEWHERE)
    harm = np.where(STAGE_OF == DECLINE, assumed.HARM, assumed.REFERRING_ELSEWHERE)
    return np.stack([1 - some - harm, some, harm])


@public
def default_model(
    months: int = 1, columns: tuple[str, ...] = (REVENUE,), *, rhythm: float = 0.8, range_: float = assumed.RANGE
) -> StageModel:
    """Return the model for data that are too few to fit one: assumed, not estimated.

    Parameters
    ----------
    months
        Length of a period: 1, 3, 6 or 12.
    columns
        Columns of evidence: any of ``"margin"``, ``"breadth"``, ``"indirect_benefit"``; revenue is always one.
    rhythm
        Share of periods with a purchase, above 0.
    range_
        Logarithm of how many times as much a stable customer buys as one on trial; e^1.8 is 6 times.

    Raises
    ------
    CvmError
        For another length of period, an unknown column, or a rhythm or range out of bounds.

    Examples
    --------
    >>> model = default_model()
    >>> model.fitted, model.moves.shape
    (False, (17, 17))
    """
    if isinstance(months, bool) or not isinstance(months, (int, np.integer)) or months not in PERIOD_LENGTHS:
        raise CvmError("stages.bad_length", months=months, lengths=", ".join(map(str, PERIOD_LENGTHS)))
    columns = tuple(dict.fromkeys((REVENUE, *columns)))
    for name in columns:
        if name not in assumed.TRUST:
            raise CvmError("stages.no_evidence", name=name, names=", ".join(assumed.TRUST))
    if not _is_number(rhythm) or not 0 < rhythm <= 1:
        raise CvmError("stages.bad_rhythm", value=rhythm)
    if not _is_number(range_) or not 0 < range_ < np.inf:
        raise CvmError("stages.bad_range", value=range_)
    measures = start_measures(range_, assumed.REVENUE_NOISE, columns)
    return StageModel(
        months=months,
        columns=columns,
        moves=states.usual_moves(months),
        new=assumed.NEW_SHARE,
        found=states.usual_found(),
        measures=measures,
        buying=usual_buying(),
        referred=usual_referred(),
        habits=Habits(rhythm, np.zeros(12 // months)),
        member=states.membership(np.exp(measures[REVENUE].mean)),
        fitted=False,
        converged=False,
    )


def _is_number(given: object) -> bool:
    return isinstance(given, (int, float, np.number)) and not isinstance(given, bool)
