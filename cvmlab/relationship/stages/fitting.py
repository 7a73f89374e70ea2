"""Fitting the model of stages: expectation and maximisation over all customers at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.checking import check_count
from cvmlab.core.guarding import public
from cvmlab.core.progress import steps
from cvmlab.core.words import CvmError
from cvmlab.data.tables import BREADTH, REVENUE
from cvmlab.relationship.lifecycle import DECLINE, STABILITY

from . import assumed, states
from .assumed import FREEDOM, MARGIN, REFERRALS, RHYTHMS
from .evidence import REVENUE_CLASSES, RULERS, Observed, check_figures, check_panel, columns_of, observe
from .habits import customer_means, habits_of
from .inference import Inferred, backward, chunk_size, classes_of, infer
from .model import Measure, StageModel, default_model, start_measures, usual_buying, usual_referred
from .states import ALIVE, BEFORE, BETWEEN, COUNT, HEIGHT, RISING, STAGE_OF, UNSEEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cvmlab.data.panels import Panel

    Floats = NDArray[np.float64]
    Singles = NDArray[np.float32]


@public
def enough_to_fit(panel: Panel) -> bool:
    """Return whether a panel has enough to fit a model: 50 customers who bought, with at least 6 periods of their own.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> enough_to_fit(simulate_relationships(Population(), customers=40, periods=24, seed=1).panel)
    False
    """
    check_figures(panel)
    return _enough(panel)


def _enough(panel: Panel) -> bool:
    own = len(panel.period) - panel.first
    bought = (panel[REVENUE] > 0).any(axis=0)
    return int(((own >= assumed.FIT_PERIODS) & bought).sum()) >= assumed.FIT_CUSTOMERS


@public
def fit(
    panel: Panel,
    columns: Sequence[str] | None = None,
    *,
    seed: int = 0,
    customers: int = 2_000,
    iterations: int = 20,
    tolerance: float = 1e-3,
) -> StageModel:
    """Fit a hidden Markov model of the stages to histories, without knowing any stage.

    Parameters
    ----------
    panel
        From `cvmlab.aggregate.panel`: ``revenue`` and, where there, ``profit``, ``breadth``, ``indirect_benefit``.
    columns
        Columns of evidence beside revenue: any of ``"margin"``, ``"breadth"``, ``"indirect_benefit"``; all that
        the panel offers if left out.
    seed, customers
        Of more customers than this, this many are drawn by the seed and fitted on.
    iterations, tolerance
        The fit stops after this many, or when the mean log-likelihood per customer and period moves less.

    Returns
    -------
    StageModel
        ``converged`` and ``log_likelihood`` say how the fit went. Where the data are too few
        (`enough_to_fit`) it is the `default_model`, with ``fitted`` False.

    Raises
    ------
    CvmError
        For a column the panel lacks, a panel in which nobody buys, a number of customers or iterations below 1 or not
        whole, a seed that is not a whole number from 0, or a tolerance that is not finite or below 0.

    Notes
    -----
    Expectation: forward and backward over all customers, each under suppositions of its own height.
    Maximisation: weighted means, scales of a Student t with 5 degrees of freedom, shares. What keeps a stage
    what its name says: the steps rise in a fixed shape whose height is estimated; the steps of a stage are left at
    one pace; moves lean on what is usual by 1% of the periods seen; after six iterations by revenue alone, moves and
    revenue stay as they are, so that margin, breadth and referrals learn what goes with a stage and do not redefine it.
    The log-likelihood mostly rises; the priors and the moved heights may cost it a little. The idea of stages as hidden
    states is Netzer, Lattin & Srinivasan (2008), A hidden Markov model of customer relationship dynamics.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> model = fit(simulate_relationships(Population(), customers=100, periods=24, seed=1).panel)
    >>> model.columns, model.fitted
    (('revenue', 'margin', 'breadth', 'indirect_benefit'), True)
    """
    _check_fit(customers, seed, iterations, tolerance)
    return _fitted(panel, columns, seed, customers, iterations, tolerance, None)


@public
def fit_from_truth(
    panel: Panel,
    stage: NDArray[np.integer],
    columns: Sequence[str] | None = None,
    *,
    seed: int = 0,
    customers: int = 2_000,
    iterations: int = 12,
) -> StageModel:
    """Estimate the model from histories whose stages are known: the best that decoding with this model can do.

    Parameters
    ----------
    panel, columns, seed, customers
        The same as for `fit`.
    stage
        True codes, shape (periods, customers), as in `cvmlab.simulated.Relationships`.
    iterations
        The stages are known; the steps within them and the customers' heights are still to be found.

    Raises
    ------
    CvmError
        Where `fit` does, and for stages of another shape than the panel or of other codes than 0 to 5.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=100, periods=24, seed=1)
    >>> fit_from_truth(known.panel, known.stage, iterations=2).fitted
    True
    """
    _check_fit(customers, seed, iterations)
    check_panel(panel)
    known = states.codes_of(stage, panel[REVENUE].shape)
    return _fitted(panel, columns, seed, customers, iterations, 0.0, known)


def _check_fit(customers: object, seed: object, iterations: object, tolerance: Any = 0.0) -> None:
    check_count("customers", customers)
    check_count("seed", seed, 0, 2**64 - 1)
    if isinstance(iterations, bool) or not isinstance(iterations, (int, np.integer)) or not 1 <= iterations <= 1000:
        raise CvmError("stages.bad_iterations", value=iterations)
    if isinstance(tolerance, bool) or not isinstance(tolerance, (int, float, np.number)) or not 0 <= tolerance < np.inf:
        raise CvmError("stages.bad_tolerance", value=tolerance)


def _fitted(
    panel: Panel,
    columns: Sequence[str] | None,
    seed: int,
    customers: int,
    iterations: int,
    tolerance: float,
    known: NDArray[np.integer] | None,
) -> StageModel:
    check_panel(panel)
    used = columns_of(panel, columns)
    if not (panel[REVENUE] > 0).any():
        raise CvmError("stages.nobody_buys")
    chosen = drawn(len(panel.customer_id), customers, seed)
    habits = habits_of(panel, with_margin=MARGIN in used, chosen=chosen)
    usual = replace(default_model(panel.months, used), habits=habits)
    if not _enough(panel):
        return usual
    size = chunk_size(len(panel.period))
    parts = [chosen[i : i + size] for i in range(0, len(chosen), size)]
    observed = [observe(panel, used, habits, part) for part in parts]
    measures = _first_measures(observed, panel.first[chosen], used)
    model = replace(usual, measures=measures, fitted=True, customers=len(chosen))
    range_ = -float(measures[REVENUE].mean[RISING[0]])
    trace: list[float] = []
    converged = False
    for turn in steps(range(iterations), iterations, "stages.fitting"):
        by_revenue = turn < assumed.REVENUE_ITERATIONS
        sums = Sums.empty(model)
        for part, seen in zip(parts, observed, strict=True):
            stage = None if known is None else np.where(seen.begun, known[:, part], 0)
            sums.add(seen, model, (REVENUE,) if by_revenue else used, stage)
        better = _maximised(model, sums, range_)
        model = better if by_revenue or known is not None else _anchored(better, model)
        trace.append(sums.log_likelihood / max(1, sums.periods))
        if turn > assumed.REVENUE_ITERATIONS + 1 and abs(trace[-1] - trace[-2]) < tolerance:
            converged = True
            break
    # a known truth draws its own borders
    member = states.membership(np.exp(model.measures[REVENUE].mean)) if known is None else states.MEMBER
    return replace(model, member=member, converged=converged, iterations=len(trace), log_likelihood=tuple(trace))


def _anchored(model: StageModel, before: StageModel) -> StageModel:
    """Return the model with moves and revenue as they were: they say what a stage is, the rest what goes with it."""
    return replace(model, moves=before.moves, measures={**model.measures, REVENUE: before.measures[REVENUE]})


def drawn(count: int, most: int, seed: int) -> NDArray[np.intp]:
    """Return the places of at most this many of them, drawn by the seed, in their order."""
    if count <= most:
        return np.arange(count)
    from cvmlab.core.random import draws

    keys = draws.of_everyone(draws.uniform, seed, count, 0, 0)
    return np.sort(np.argpartition(keys, most)[:most])


# --- a first look at the data ------------------------------------------------------------------------


def _first_measures(observed: list[Observed], first: NDArray[np.int64], used: tuple[str, ...]) -> dict[str, Measure]:
    """Return measures to start from: the range and noise of revenue, the customers' own means of the rest."""
    log_revenue = np.concatenate([seen.scale[REVENUE] for seen in observed], axis=1)
    measures = start_measures(_range_of(log_revenue, first), _noise_of(log_revenue), used)
    for name in (MARGIN, BREADTH):
        if name in used:
            values = np.concatenate([seen.scale[name] for seen in observed], axis=1)
            means = customer_means(values)[~np.isnan(values).all(axis=0)]
            low, middle, high = np.quantile(means, [0.16, 0.5, 0.84])
            spread = max(float(high - low) / 2, assumed.LEAST_NOISE[name])
            measures[name] = replace(measures[name], centre=float(middle), spread=spread)
    return measures


def _noise_of(log_revenue: Singles) -> float:
    change = np.diff(log_revenue, axis=0)
    change = change[np.isfinite(change)]
    if len(change) < assumed.NOISE_CHANGES:
        return assumed.REVENUE_NOISE
    return max(float(np.median(np.abs(change)) / 0.6745 / np.sqrt(2)), assumed.LEAST_NOISE[REVENUE])


def _range_of(log_revenue: Singles, first: NDArray[np.int64]) -> float:
    """Return the range of log revenue from trial to stability, seen in customers who begin within the data."""
    age = np.arange(len(log_revenue))[:, None] - first
    there = ~np.isnan(log_revenue)
    young = (age >= 0) & (age < assumed.EARLY_PERIODS) & there
    often = there.sum(axis=0) >= assumed.FIT_PERIODS
    whole = (first > 0) & (age[-1] >= assumed.RANGE_PERIODS) & often & young.any(axis=0)
    if whole.sum() < assumed.RANGE_CUSTOMERS:
        return assumed.RANGE_UNSEEN
    early = np.where(young, log_revenue, 0)[:, whole].sum(axis=0) / young[:, whole].sum(axis=0)
    top = np.nanquantile(log_revenue[:, whole], assumed.TOP_QUANTILE, axis=0)
    return max(float(np.quantile(top - early, assumed.RANGE_QUANTILE)), assumed.LEAST_RANGE)


# --- expectation -------------------------------------------------------------------------------------


@dataclass
class Sums:
    """Expected counts of one iteration over the customers."""

    moves: Floats
    start: Floats
    seen: dict[str, Floats]
    offsets: dict[str, Floats] = field(default_factory=dict)
    log_likelihood: float = 0.0
    periods: int = 0

    @classmethod
    def empty(cls, model: StageModel) -> Sums:
        """Return sums over no customer yet."""
        seen = {name: np.zeros((len(table), COUNT)) for name, table in model.tables.items()}
        offsets = {name: np.zeros(3) for name in (MARGIN, BREADTH) if name in model.columns}
        return cls(np.zeros((COUNT, COUNT)), np.zeros(COUNT), seen, offsets)

    def add(self, seen: Observed, model: StageModel, used: tuple[str, ...], known: NDArray[np.integer] | None) -> None:
        """Add a chunk of customers."""
        inferred = infer(seen, model, columns=used, known=known)
        posterior = inferred.filtered
        self.moves += backward(posterior, inferred.density, inferred.moves, inferred.weight)
        weighted = posterior * inferred.weight[:, None]
        self.start += weighted[0].sum(axis=0, dtype=np.float64)
        self._count(seen, inferred, model, weighted.reshape(-1, COUNT))
        self.log_likelihood += float(inferred.log_likelihood.sum())
        self.periods += int(seen.begun.sum())

    def _count(self, seen: Observed, inferred: Inferred, model: StageModel, weighted: Singles) -> None:
        from scipy.sparse import csr_matrix

        # columns that do not count yet are counted as well: the next iteration starts off with them
        for name, classes in classes_of(seen, inferred.owner, inferred.offset, model.columns).items():
            rows = classes.size
            belongs = (np.ones(rows, np.float32), classes.reshape(-1), np.arange(rows + 1))
            self.seen[name] += csr_matrix(belongs, shape=(rows, len(self.seen[name]))).T @ weighted
        for name, moments in self.offsets.items():
            there = np.any(~np.isnan(seen.scale[name]), axis=0).take(inferred.owner)
            own, held = inferred.offset[name].astype(np.float64), inferred.weight * there
            moments += np.array([held.sum(), held @ own, held @ own**2])


# --- maximisation ------------------------------------------------------------------------------------


def _maximised(model: StageModel, sums: Sums, range_: float) -> StageModel:
    """Return the model that explains the sums best, leaning on what is usual and on a range of log revenue."""
    weight = max(assumed.LEAST_MOVES, assumed.MOVES_SHARE * sums.periods)
    by_rhythm = sums.seen[REVENUE].reshape(len(RHYTHMS), REVENUE_CLASSES, COUNT)[:, 1:]
    counts = {REVENUE: by_rhythm[:, 1:].sum(axis=0)}
    counts |= {name: sums.seen[name][1:] for name in sums.offsets}
    return replace(
        model,
        moves=_moves(model, sums, weight),
        new=float((sums.start[BEFORE] + 1) / (sums.start.sum() + 2)),
        found=_found(sums, weight),
        measures={
            name: _measure(model.measures[name], name, counts[name], sums.offsets.get(name), range_) for name in counts
        },
        buying=_buying(by_rhythm[:, 1:].sum(axis=1), by_rhythm.sum(axis=1)),
        referred=_referred(sums.seen[REFERRALS][1:]) if REFERRALS in model.columns else model.referred,
    )


def _moves(model: StageModel, sums: Sums, weight: float) -> Floats:
    usual = states.usual_moves(model.months)
    counts = states.paced(np.where(usual > 0, sums.moves, 0))
    own = np.where(STAGE_OF == DECLINE, assumed.OWN_SHARE_DECLINE, assumed.OWN_SHARE) * counts.sum(axis=1)
    moves = counts + np.maximum(weight, own)[:, None] * usual
    moves /= np.maximum(moves.sum(axis=1, keepdims=True), 1e-12)
    moves = _hurried(moves, usual)
    return states.with_entries(moves, _entry(sums.moves[BEFORE], usual[BEFORE], weight), _found(sums, weight))


def _hurried(moves: Floats, usual: Floats) -> Floats:
    """Return moves in which no step but stability is left more than `assumed.SLOWEST` times as slowly as usual."""
    stay = np.diag(moves)
    longest = np.where(STAGE_OF < STABILITY, 1 - (1 - np.diag(usual)) / assumed.SLOWEST, 1.0)
    longest[BETWEEN] = 1 - (1 - usual[BETWEEN, BETWEEN]) / assumed.SLOWEST
    hurry = np.where(stay > longest, (1 - longest) / np.maximum(1 - stay, 1e-12), 1.0)
    hurried = moves * hurry[:, None]
    np.fill_diagonal(hurried, np.minimum(stay, longest))
    return hurried


def _found(sums: Sums, weight: float) -> Floats:
    counts = np.where(ALIVE, sums.moves[UNSEEN] + sums.start, 0)
    return _entry(counts, states.usual_found(), max(weight, assumed.FOUND_SHARE * float(counts.sum())))


def _entry(counts: Floats, usual: Floats, weight: float) -> Floats:
    entry = np.where(ALIVE & (usual > 0), counts + weight * usual, 0)
    return np.asarray(entry / entry.sum())


def _buying(bought: Floats, periods: Floats) -> Floats:
    weight = assumed.BUYING_WEIGHT
    buying = (bought + weight * usual_buying()) / (periods + weight)
    least = np.where(STAGE_OF == DECLINE, assumed.LEAST_BUYING_DECLINE, assumed.LEAST_BUYING)
    buying = np.clip(np.maximum(buying, least * RHYTHMS[:, None]), assumed.LEAST_CHANCE, assumed.MOST_CHANCE)
    return np.asarray(np.where(ALIVE, buying, 0))


def _referred(kinds: Floats) -> Floats:
    counts = kinds + assumed.SEEN_WEIGHT * usual_referred()
    return np.asarray(counts / counts.sum(axis=0))


def _measure(before: Measure, name: str, counts: Floats, offsets: Floats | None, range_: float) -> Measure:
    """Return mean and scale by step from counts by class and step, and the customers' own heights."""
    value, prior = RULERS[name].centres()[:, None], assumed.SEEN_WEIGHT
    z = (value - before.mean) / before.noise
    held = counts * (FREEDOM + 1) / (FREEDOM + z * z)
    total = held.sum(axis=0)
    mean = ((held * value).sum(axis=0) + prior * before.mean) / (total + prior)
    mean = _shaped(mean, total, range_) if name == REVENUE else _bent(mean, total)
    squares = (held * (value - mean) ** 2).sum(axis=0) + prior * before.noise**2
    noise = np.sqrt(squares / (counts.sum(axis=0) + prior))
    # no step may become a catch-all
    typical, least = float(np.median(noise[RISING])), assumed.LEAST_NOISE[name]
    lowest, highest = assumed.NOISE_BOUNDS
    noise = np.clip(noise, max(least, lowest * typical), max(least, highest * typical))
    if offsets is None:
        return Measure(mean, noise, np.inf)
    height = float(mean[RISING[-1]])
    mean = mean - height
    noise = np.sqrt(noise**2 + (assumed.UNLIKE * mean) ** 2 + (assumed.UNLIKE_ALL * np.ptp(mean[RISING])) ** 2)
    count, first, second = offsets / max(float(offsets[0]), 1.0)
    spread = float(np.sqrt(max(second - first**2, 0.0))) if count else before.spread
    return Measure(mean, noise, max(spread, least), float(first) + height)


def _shaped(mean: Floats, weight: Floats, range_: float) -> Floats:
    """Return the usual heights, stretched to the range of log revenue that fits best, stability at 0.

    It leans on the range of the first look: where all are in stability, no range can be seen.
    """
    depth, held = 1 - HEIGHT[RISING], weight[RISING] / weight[RISING].sum()
    across, along = depth - held @ depth, mean[RISING] - held @ mean[RISING]
    climbed, squares = -float((held * across * along).sum()), float((held * across**2).sum())
    fitted = (climbed + assumed.RANGE_WEIGHT * range_) / (squares + assumed.RANGE_WEIGHT)
    return (HEIGHT - 1) * max(fitted, assumed.LEAST_RANGE)


def _bent(mean: Floats, weight: Floats) -> Floats:
    """Return means that lean on a parabola over the usual heights: a step seen little must not say much."""
    basis = np.vander(HEIGHT[ALIVE], 3)
    root = np.sqrt(weight[ALIVE])
    curve = basis @ np.linalg.lstsq(basis * root[:, None], mean[ALIVE] * root, rcond=None)[0]
    lean = assumed.LEAN * weight[ALIVE].mean()
    bent = mean.copy()
    bent[ALIVE] = (weight[ALIVE] * mean[ALIVE] + lean * curve) / (weight[ALIVE] + lean)
    return bent
