"""Fitting the model of stages: expectation and maximisation over all customers at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.progress import steps
from cvmlab.core.words import CvmError
from cvmlab.data.tables import BREADTH, REVENUE

from . import passes
from .checking import check_figures, check_fit, check_panel, codes_of
from .evidence import MARGIN, Observed, columns_of, observe
from .habits import habits_of
from .model import Measure, StageModel, default_model, start_measures
from .states import RISING
from .turns import LEAST_NOISE, LEAST_RANGE, Sums, maximised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cvmlab.data.panels import Panel


#: A fit needs so many customers with so many periods of their own.
LEAST_CUSTOMERS, LEAST_PERIODS = 50, 6
# Turns in which revenue alone counts.
_WARM_UP = 6
_USUAL_RANGE = 1.2


def enough_to_fit(panel: Panel) -> bool:
    """Return whether a panel has enough to fit a model: 50 customers with at least 6 periods of their own.

    Raises
    ------
    CvmError
        For a figure that is not finite, or a panel without ``revenue``.

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
    return int(((own >= LEAST_PERIODS) & bought).sum()) >= LEAST_CUSTOMERS


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
        Where there are more customers than this, the model is fitted on so many of them, drawn by the seed.
    iterations, tolerance
        The fit stops after so many turns, or when the mean log-likelihood of a customer and period moves less.

    Returns
    -------
    StageModel
        ``converged`` and ``log_likelihood`` say how the fit went. Where the data are too few
        (`enough_to_fit`) it is the `default_model`, with ``fitted`` False.

    Raises
    ------
    CvmError
        For a column the panel lacks, a figure that is not finite, a panel without periods, customers or ``revenue`` or
        in which nobody buys; for a number of customers or iterations below 1 or not whole, a seed that is no whole
        number from 0, or a tolerance that is not finite or below 0.

    Notes
    -----
    Expectation: forward and backward over all customers (`passes`), each under suppositions of
    its own height (`reading`).
    Maximisation: weighted means, scales of a Student t with 5 degrees of freedom, shares. What keeps a stage
    what its name says: the steps rise in a fixed shape whose height is estimated; the steps of a stage are left at
    one pace; moves lean on what is usual by 1% of the periods seen; and after six turns by revenue alone, moves and
    revenue stay as they are, so that margin, breadth and referrals learn what goes with a stage and do not redefine it.
    The log-likelihood mostly rises; the priors and the moved heights may cost it a little. The idea of stages as hidden
    states is Netzer, Lattin & Srinivasan (2008), A hidden Markov model of customer relationship dynamics.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=200, periods=36, seed=1)
    >>> model = fit(known.panel)
    >>> model.columns, model.fitted
    (('revenue', 'margin', 'breadth', 'indirect_benefit'), True)
    """
    check_fit(customers, seed, iterations, tolerance)
    return _fitted(panel, columns, seed, customers, iterations, tolerance, None)


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
        As in `fit`.
    stage
        True codes, shape (periods, customers), as in `cvmlab.simulated.Relationships`.
    iterations
        Turns; the stages are known, the steps within them and the customers' heights are still to be found.

    Raises
    ------
    CvmError
        As `fit`, and for stages of another shape than the panel or of other codes than 0 to 5.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=200, periods=36, seed=1)
    >>> bool(fit_from_truth(known.panel, known.stage, iterations=5).fitted)
    True
    """
    check_fit(customers, seed, iterations)
    check_panel(panel)
    known = codes_of(stage, panel[REVENUE].shape)
    return _fitted(panel, columns, seed, customers, iterations, 0.0, known)


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
    parts = _chunks(chosen, len(panel.period))
    observed = [observe(panel, used, habits, part) for part in parts]
    model = replace(usual, measures=_first_measures(panel, chosen, observed, used), fitted=True, customers=len(chosen))
    range_ = -float(model.measures[REVENUE].mean[RISING[0]])
    trace: list[float] = []
    converged = False
    for turn in steps(range(iterations), iterations, "stages.fitting"):
        now = used if turn >= _WARM_UP else (REVENUE,)
        sums = Sums.empty(model)
        for part, seen in zip(parts, observed, strict=True):
            sums.add(seen, model, now, None if known is None else np.where(seen.begun, known[:, part], 0))
        better = maximised(model, sums, range_)
        model = better if turn < _WARM_UP or known is not None else _anchored(better, model)
        trace.append(sums.log_likelihood / max(1, sums.periods))
        if turn > _WARM_UP + 1 and abs(trace[-1] - trace[-2]) < tolerance:
            converged = True
            break
    return replace(model, converged=converged, iterations=len(trace), log_likelihood=tuple(trace))


def _anchored(model: StageModel, before: StageModel) -> StageModel:
    """Return the model with moves and revenue as they were: they say what a stage is, the rest what goes with it."""
    return replace(model, moves=before.moves, measures={**model.measures, REVENUE: before.measures[REVENUE]})


def drawn(count: int, most: int, seed: int) -> NDArray[np.intp]:
    """Return the places of at most so many of them, drawn by the seed, in their order.

    Raises
    ------
    CvmError
        For a seed that is no whole number from 0, where it is needed.
    """
    if count <= most:
        return np.arange(count)
    from cvmlab.core.random import draws

    keys = draws.of_everyone(draws.uniform, seed, count, 0, 0)
    return np.sort(np.argpartition(keys, most)[:most])


def _chunks(chosen: NDArray[np.intp], periods: int) -> list[NDArray[np.intp]]:
    size = passes.chunk_size(periods)
    return [chosen[i : i + size] for i in range(0, len(chosen), size)]


# --- a first look at the data ----------------------------------------------------------------------


def _first_measures(
    panel: Panel, chosen: NDArray[np.intp], observed: list[Observed], used: tuple[str, ...]
) -> dict[str, Measure]:
    """Return measures to start from: the range and noise of revenue, the customers' own means of the rest."""
    log_revenue = np.concatenate([seen.scale[REVENUE] for seen in observed], axis=1)
    first = panel.first[chosen]
    measures = start_measures(_range_of(log_revenue, first), _noise_of(log_revenue), used)
    for name in (MARGIN, BREADTH):
        if name in used:
            values = np.concatenate([seen.scale[name] for seen in observed], axis=1)
            count = (~np.isnan(values)).sum(axis=0)
            means = np.nansum(values, axis=0)[count > 0] / count[count > 0]
            low, middle, high = np.quantile(means, [0.16, 0.5, 0.84])
            spread = max(float(high - low) / 2, LEAST_NOISE[name])
            measures[name] = replace(measures[name], centre=float(middle), spread=spread)
    return measures


def _noise_of(log_revenue: NDArray[np.float32]) -> float:
    change = np.diff(log_revenue, axis=0)
    change = change[np.isfinite(change)]
    if len(change) < 50:
        return 0.35
    return max(float(np.median(np.abs(change)) / 0.6745 / np.sqrt(2)), LEAST_NOISE[REVENUE])


def _range_of(log_revenue: NDArray[np.float32], first: NDArray[np.int64]) -> float:
    """Return the range of log revenue from trial to stability, told from customers who begin within the data."""
    age = np.arange(len(log_revenue))[:, None] - first
    there = ~np.isnan(log_revenue)
    young = (age >= 0) & (age < 3) & there
    whole = (first > 0) & (age[-1] >= 12) & (there.sum(axis=0) >= LEAST_PERIODS) & young.any(axis=0)
    if whole.sum() < 20:
        return _USUAL_RANGE
    early = np.where(young, log_revenue, 0)[:, whole].sum(axis=0) / young[:, whole].sum(axis=0)
    top = np.nanquantile(log_revenue[:, whole], 0.85, axis=0)
    return max(float(np.quantile(top - early, 0.75)), LEAST_RANGE)
