"""One turn of fitting: expected counts over the customers, and the model that explains them best."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.data.tables import BREADTH, REVENUE
from cvmlab.relationship.lifecycle import DECLINE, STABILITY

from . import passes, states
from .evidence import MARGIN, REVENUE_CLASSES, RULERS, Observed
from .habits import REFERRALS, RHYTHMS
from .model import FREEDOM, Measure, StageModel, usual_buying, usual_referred
from .reading import Reading, classes_of, read
from .states import ALIVE, BEFORE, BETWEEN, COUNT, HEIGHT, RISING, STAGE_OF, UNSEEN

if TYPE_CHECKING:
    from numpy.typing import NDArray


# What is believed beforehand: moves weigh as much as this share of the periods seen, at least as so many.
_PRIOR_SHARE, _LEAST_PRIOR_MOVES = 0.01, 20.0
# and as this share of the step's own periods: a decline must stay a passage, whatever else could be called so.
_OWN_PRIOR = np.where(STAGE_OF == DECLINE, 1.0, 0.1)
_FOUND_PRIOR = 1.0
# Who stays on a step of the climb for years is not climbing.
_SLOWEST = 4.0
_PRIOR_PURCHASES, _PRIOR_SEEN = 200.0, 5.0
# Of a customer's own rhythm, a step buys at least this share: silence must not pass for a decline for ever.
_LEAST_BUYING = np.where(STAGE_OF == DECLINE, 0.5, 0.7)
# Customers differ in how far a column climbs: noise grows by this share of the distance, and of the whole climb.
_UNLIKE, _UNLIKE_ALL, _LEAN = 0.2, 0.1, 0.5
LEAST_NOISE = {REVENUE: 0.05, MARGIN: 0.01, BREADTH: 0.1}
LEAST_RANGE, _RANGE_PRIOR = 0.3, 0.01


@dataclass
class Sums:
    """Expected counts of one turn over the customers."""

    moves: NDArray[np.float64]
    start: NDArray[np.float64]
    seen: dict[str, NDArray[np.float64]]
    offsets: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    log_likelihood: float = 0.0
    periods: int = 0

    @classmethod
    def empty(cls, model: StageModel) -> Sums:
        """Return sums of nobody yet."""
        seen = {name: np.zeros((len(table), COUNT)) for name, table in model.tables.items()}
        offsets = {name: np.zeros(3) for name in (MARGIN, BREADTH) if name in model.columns}
        return cls(np.zeros((COUNT, COUNT)), np.zeros(COUNT), seen, offsets)

    def add(self, seen: Observed, model: StageModel, used: tuple[str, ...], known: NDArray[np.integer] | None) -> None:
        """Add a chunk of customers."""
        reading = read(seen, model, columns=used, known=known)
        posterior = reading.filtered
        counts = passes.backward(posterior, reading.density, reading.moves, reading.weight)
        if counts is not None:
            self.moves += counts
        weighted = posterior * reading.weight[:, None]
        self.start += weighted[0].sum(axis=0, dtype=np.float64)
        self._count(seen, reading, model, weighted.reshape(-1, COUNT))
        self.log_likelihood += float(reading.log_likelihood.sum())
        self.periods += int(seen.begun.sum())

    def _count(self, seen: Observed, reading: Reading, model: StageModel, weighted: NDArray[np.float32]) -> None:
        from scipy.sparse import csr_matrix

        # columns that do not count yet are counted as well: the next turn starts off with them
        for name, classes in classes_of(seen, reading.owner, reading.offset, model.columns).items():
            rows = classes.size
            member = csr_matrix(
                (np.ones(rows, np.float32), classes.reshape(-1), np.arange(rows + 1)),
                shape=(rows, len(self.seen[name])),
            )
            self.seen[name] += member.T @ weighted
        for name, moments in self.offsets.items():
            there = np.any(~np.isnan(seen.scale[name]), axis=0).take(reading.owner)
            own, held = reading.offset[name].astype(np.float64), reading.weight * there
            moments += np.array([held.sum(), held @ own, held @ own**2])


def maximised(model: StageModel, sums: Sums, range_: float) -> StageModel:
    """Return the model that explains the sums best, with what is believed beforehand.

    Parameters
    ----------
    model
        The model that the sums were counted with.
    sums
        Of all customers.
    range_
        Range of log revenue from trial to stability that the fit leans on.
    """
    weight = max(_LEAST_PRIOR_MOVES, _PRIOR_SHARE * sums.periods)
    by_rhythm = sums.seen[REVENUE].reshape(len(RHYTHMS), REVENUE_CLASSES, COUNT)[:, 1:]
    counts = {REVENUE: by_rhythm[:, 1:].sum(axis=0)}
    counts |= {name: sums.seen[name][1:] for name in sums.offsets}
    measures = {
        name: _measure(model.measures[name], name, counts[name], sums.offsets.get(name), range_) for name in counts
    }
    return replace(
        model,
        moves=_moves(model, sums, weight),
        new=float((sums.start[BEFORE] + 1) / (sums.start.sum() + 2)),
        found=_found(sums, weight),
        measures=measures,
        buying=_buying(by_rhythm[:, 1:].sum(axis=1), by_rhythm.sum(axis=1)),
        referred=_referred(sums.seen[REFERRALS][1:]) if REFERRALS in model.columns else model.referred,
    )


def _moves(model: StageModel, sums: Sums, weight: float) -> NDArray[np.float64]:
    usual = states.usual_moves(model.months)
    counts = states.paced(np.where(usual > 0, sums.moves, 0))
    own = _OWN_PRIOR * counts.sum(axis=1)
    moves = counts + np.maximum(weight, own)[:, None] * usual
    moves /= np.maximum(moves.sum(axis=1, keepdims=True), 1e-12)
    moves = _hurried(moves, usual)
    return states.with_entries(moves, _entry(sums.moves[BEFORE], usual[BEFORE], weight), _found(sums, weight))


def _hurried(moves: NDArray[np.float64], usual: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return moves in which no step but stability is left more than `_SLOWEST` times as slowly as usual."""
    stay = np.diag(moves)
    longest = np.where(STAGE_OF < STABILITY, 1 - (1 - np.diag(usual)) / _SLOWEST, 1.0)
    longest[BETWEEN] = 1 - (1 - usual[BETWEEN, BETWEEN]) / _SLOWEST
    hurry = np.where(stay > longest, (1 - longest) / np.maximum(1 - stay, 1e-12), 1.0)
    hurried = moves * hurry[:, None]
    np.fill_diagonal(hurried, np.minimum(stay, longest))
    return hurried


def _found(sums: Sums, weight: float) -> NDArray[np.float64]:
    counts = np.where(ALIVE, sums.moves[UNSEEN] + sums.start, 0)
    return _entry(counts, states.usual_found(), max(weight, _FOUND_PRIOR * float(counts.sum())))


def _entry(counts: NDArray[np.float64], usual: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    entry = np.where(ALIVE & (usual > 0), counts + weight * usual, 0)
    shares: NDArray[np.float64] = entry / entry.sum()
    return shares


def _buying(bought: NDArray[np.float64], periods: NDArray[np.float64]) -> NDArray[np.float64]:
    buying = (bought + _PRIOR_PURCHASES * usual_buying()) / (periods + _PRIOR_PURCHASES)
    buying = np.clip(np.maximum(buying, _LEAST_BUYING * RHYTHMS[:, None]), 0.005, 0.985)
    return np.asarray(np.where(ALIVE, buying, 0))


def _referred(kinds: NDArray[np.float64]) -> NDArray[np.float64]:
    counts = kinds + _PRIOR_SEEN * usual_referred()
    shares: NDArray[np.float64] = counts / counts.sum(axis=0)
    return shares


def _measure(
    before: Measure, name: str, counts: NDArray[np.float64], offsets: NDArray[np.float64] | None, range_: float
) -> Measure:
    """Return mean and scale by step from counts by class and step, and the customers' own heights."""
    value = RULERS[name].centres()[:, None]
    z = (value - before.mean) / before.noise
    held = counts * (FREEDOM + 1) / (FREEDOM + z * z)
    total = held.sum(axis=0)
    mean = ((held * value).sum(axis=0) + _PRIOR_SEEN * before.mean) / (total + _PRIOR_SEEN)
    mean = _shaped(mean, total, range_) if name == REVENUE else _bent(mean, total)
    squares = (held * (value - mean) ** 2).sum(axis=0) + _PRIOR_SEEN * before.noise**2
    noise = np.sqrt(squares / (counts.sum(axis=0) + _PRIOR_SEEN))
    # no step may become a catch-all
    typical, least = float(np.median(noise[RISING])), LEAST_NOISE[name]
    noise = np.clip(noise, max(least, 0.6 * typical), max(least, 1.8 * typical))
    if offsets is None:
        return Measure(mean, noise, np.inf)
    height = float(mean[RISING[-1]])
    mean = mean - height
    noise = np.sqrt(noise**2 + (_UNLIKE * mean) ** 2 + (_UNLIKE_ALL * np.ptp(mean[RISING])) ** 2)
    count, first, second = offsets / max(float(offsets[0]), 1.0)
    spread = float(np.sqrt(max(second - first**2, 0.0))) if count else before.spread
    return Measure(mean, noise, max(spread, least), float(first) + height)


def _shaped(mean: NDArray[np.float64], weight: NDArray[np.float64], range_: float) -> NDArray[np.float64]:
    """Return the usual heights, stretched to the range of log revenue that fits best, stability at 0.

    It leans on the range of the first look: where all are in stability, no range can be seen.
    """
    depth, held = 1 - HEIGHT[RISING], weight[RISING] / weight[RISING].sum()
    across, along = depth - held @ depth, mean[RISING] - held @ mean[RISING]
    climbed, squares = -float((held * across * along).sum()), float((held * across**2).sum())
    return (HEIGHT - 1) * max((climbed + _RANGE_PRIOR * range_) / (squares + _RANGE_PRIOR), LEAST_RANGE)


def _bent(mean: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return means that lean on a parabola over the usual heights: a step seen little must not say much."""
    basis = np.vander(HEIGHT[ALIVE], 3)
    root = np.sqrt(weight[ALIVE])
    curve = basis @ np.linalg.lstsq(basis * root[:, None], mean[ALIVE] * root, rcond=None)[0]
    lean = _LEAN * weight[ALIVE].mean()
    bent = mean.copy()
    bent[ALIVE] = (weight[ALIVE] * mean[ALIVE] + lean * curve) / (weight[ALIVE] + lean)
    return bent
