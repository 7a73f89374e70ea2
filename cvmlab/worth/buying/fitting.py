"""Fit the models of buying to a customer summary by maximum likelihood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, term

from .bg_nbd import BgNbd
from .bg_nbd_variants import MbgNbd, ZeroInflatedBgNbd
from .fit_input import Summary, read_summary
from .leaving import ParetoGroups
from .likelihood import climb, covariance, curvature, group, group_zero_inflated, polish
from .pareto_nbd import ParetoNbd
from .purchase_model import PurchaseModel

Array = NDArray[np.float64]
Model = TypeVar("Model", bound=PurchaseModel)
# Fewer customers who bought again than this cannot carry four parameters.
LEAST_REPEATERS = 10
# Several starts of the search are tried on a sample of this size, if it has at least this many repeaters.
START_SAMPLE, START_REPEATERS = 20_000, 500
# A search that ends where the mean log-likelihood still rises by more than this per unit of a parameter's logarithm has
# found no maximum; ends that differ by less than the other are equally high.
_STEEP, _NO_MORE = 1e-2, 1e-7


class Counted(Protocol):
    """A summary counted in groups, with the likelihood of a model on it."""

    @property
    def customers(self) -> int: ...  # noqa: D102

    def negative(self, point: Array) -> tuple[float, Array]: ...  # noqa: D102


class _Search(NamedTuple):
    """How a model is fitted: how its summary is counted, where the search starts, and where it must stay."""

    counted: Callable[[Summary, float], Counted]
    # r and the other parameters; alpha follows from the mean rate. Times as shares of the mean age.
    starts: Sequence[tuple[float, ...]]
    bounds: Sequence[tuple[float, float]]
    # which of the parameters, alpha aside, are times
    times: tuple[bool, ...] = (False, False, False)


# some leave early; most leave at once or hardly ever; all leave alike
_DROPOUT = ((0.5, 0.5, 2.0), (2.0, 0.2, 0.1), (0.5, 10.0, 1000.0))
_DROPOUT_BOUNDS = ((1e-6, 1e5), (1e-6, 1e6))
_SEARCHES: dict[type[PurchaseModel], _Search] = {
    BgNbd: _Search(group, _DROPOUT, _DROPOUT_BOUNDS),
    MbgNbd: _Search(lambda summary, unit: group(summary, unit, 1), _DROPOUT, _DROPOUT_BOUNDS),
    ZeroInflatedBgNbd: _Search(
        group_zero_inflated, [(*start, once) for start, once in zip(_DROPOUT, (0.3, 0.5, 0.3), strict=True)],
        (*_DROPOUT_BOUNDS, (1e-6, 0.999)), (False, False, False, False),
    ),
    ParetoNbd: _Search(
        ParetoGroups, ((0.5, 0.6, 0.5), (2.0, 0.6, 2.0)), ((1e-3, 1e4), (1e-4, 1e5)),
        (False, False, True),
    ),
}  # fmt: skip


@public
def fit_bg_nbd(customers: AnyFrame, *, days_per_unit: float = 7) -> BgNbd:
    """Fit the BG/NBD model to a customer summary by maximum likelihood.

    Parameters
    ----------
    customers
        Frame with ``frequency`` (repeat purchase days, whole, from 0), ``recency`` and ``age`` (days,
        0 ≤ recency ≤ age) [, ``customer_id``: each once], from `cvmlab.aggregate.summarise_customers`.
    days_per_unit
        Days in the model's unit of time; only ``alpha`` and the log-likelihood depend on it.

    Returns
    -------
    BgNbd
        Its ``warning`` says where the data cannot distinguish the customers.

    Raises
    ------
    CvmError
        Missing or non-numeric column, missing value, recency above age (names the row), a customer twice, too few
        customers with a second purchase, a search that found no maximum.

    Notes
    -----
    Log-likelihood of Fader, Hardie & Lee (2005), equation (6). Several starts are tried on a sample of the
    customers, the best is followed to the maximum on all.

    Examples
    --------
    >>> truth = BgNbd(r=0.5, alpha=6, a=0.8, b=2.5)
    >>> fitted = fit_bg_nbd(truth.simulate(customers=20_000, days=730, seed=1))
    >>> fitted.customers, fitted.warning
    (20000, '')
    >>> bool(abs(fitted.r / fitted.alpha - 0.5 / 6) < 0.005)
    True
    """
    return _fit(BgNbd, customers, days_per_unit)


@public
def fit_mbg_nbd(customers: AnyFrame, *, days_per_unit: float = 7) -> MbgNbd:
    """Fit the modified BG/NBD model, in which a customer may leave after the first purchase already.

    Parameters, errors and notes are those of `fit_bg_nbd`; Batislam, Denizel & Filiztekin (2007).

    Examples
    --------
    >>> truth = MbgNbd(r=0.5, alpha=6, a=0.8, b=2.5)
    >>> fitted = fit_mbg_nbd(truth.simulate(customers=20_000, days=730, seed=1))
    >>> bool(abs(fitted.r / fitted.alpha - 0.5 / 6) < 0.005)
    True
    """
    return _fit(MbgNbd, customers, days_per_unit)


@public
def fit_zero_inflated_bg_nbd(customers: AnyFrame, *, days_per_unit: float = 7) -> ZeroInflatedBgNbd:
    """Fit the BG/NBD model with a share of customers who come once and never again.

    Parameters, errors and notes are those of `fit_bg_nbd`.

    Examples
    --------
    >>> customers = BgNbd(r=2, alpha=20, a=0.8, b=9).simulate(customers=3000, days=730, seed=1)
    >>> customers.loc[:5999, ["frequency", "recency"]] *= np.arange(3000)[:, None] % 2
    >>> round(fit_zero_inflated_bg_nbd(customers).once, 1)
    0.5
    """
    return _fit(ZeroInflatedBgNbd, customers, days_per_unit)


@public
def fit_pareto_nbd(customers: AnyFrame, *, days_per_unit: float = 7) -> ParetoNbd:
    """Fit the Pareto/NBD model, in which a customer may leave at any moment.

    Parameters, errors and notes are those of `fit_bg_nbd`; Schmittlein, Morrison & Colombo (1987), with the integral
    over the moment of leaving in place of hypergeometric functions.

    Examples
    --------
    >>> customers = BgNbd(r=0.5, alpha=6, a=0.8, b=2.5).simulate(customers=2000, days=730, seed=1)
    >>> fit_pareto_nbd(customers).customers
    2000
    """
    return _fit(ParetoNbd, customers, days_per_unit)


def _fit(kind: type[Model], customers: AnyFrame, days_per_unit: float) -> Model:
    check_parameter("days_per_unit", days_per_unit, 0, open_minimum=True)
    summary = read_summary(customers)
    repeaters = int((summary.frequency > 0).sum())
    if repeaters == 0:
        raise CvmError("buying.no_repeat", customers=len(summary.frequency))
    if repeaters < LEAST_REPEATERS:
        raise CvmError("buying.too_few_repeaters", repeaters=repeaters, least=LEAST_REPEATERS)
    search = _SEARCHES[kind]
    counted = search.counted(summary, days_per_unit)
    point, least, steepest = _search(search, summary, counted, days_per_unit)
    if not np.isfinite(least) or steepest > _STEEP:
        raise CvmError("buying.not_converged", model=term(f"buying.model_{kind.KIND}"))
    # every kind is a dataclass with these fields beside its own parameters
    make: Callable[..., Any] = kind
    fitted = make(
        **dict(zip(kind.NAMES, map(float, np.exp(point)), strict=True)),
        log_likelihood=-least * counted.customers, customers=counted.customers, days_per_unit=days_per_unit,
        covariance=covariance(counted.negative, point, counted.customers),
    )  # fmt: skip
    return cast("Model", replace(fitted, problem=_problem(fitted, summary)))


def _search(search: _Search, summary: Summary, counted: Counted, unit: float) -> tuple[Array, float, float]:
    """Return the logarithms of the estimates, minus the mean log-likelihood and the slope left there."""
    # Bounds in terms of the mean age mean the same for any unit of time.
    mean_age = float(summary.age.mean()) / unit
    mean_rate = max(float(summary.frequency.mean()) / mean_age, 1e-12) if mean_age > 0 else 1.0
    scale = np.where(search.times, mean_age, 1.0)
    starts = [np.log([r, r / mean_rate, *(np.array(rest) * scale[1:])]) for r, *rest in search.starts]
    rest = np.array(search.bounds) * scale[1:, None]
    bounds = np.log([(1e-3, 1e5), (1e-6 * mean_age, 1e6 * mean_age), *rest])
    step = -(-len(summary.age) // START_SAMPLE)
    thinned = Summary(*(column[::step] for column in summary))
    whole = step == 1 or int((thinned.frequency > 0).sum()) < START_REPEATERS
    sample = counted if whole else search.counted(thinned, unit)
    best = _best([climb(sample.negative, start, bounds) for start in starts])
    if whole:
        return best
    metric = curvature(sample.negative, best[0])
    polished = None if metric is None else polish(counted.negative, best[0], metric)
    return polished or climb(counted.negative, best[0], bounds)


def _best(ends: list[tuple[Array, float, float]]) -> tuple[Array, float, float]:
    """Return the highest of some ends; of those as high as it, the one where the search came to rest."""
    highest = min((least for _, least, _ in ends if np.isfinite(least)), default=np.inf)
    as_high = [end for end in ends if end[1] <= highest + _NO_MORE]
    return min(as_high or ends, key=lambda end: end[2])


def _problem(fitted: PurchaseModel, summary: Summary) -> str:
    if getattr(fitted, "r") > 1e3:  # noqa: B009
        return "buying.equal_rates"
    # a customer without repeat purchase counts as alive by construction of the BG/NBD model, and tells nothing here
    if fitted._alive(summary)[summary.frequency > 0].mean() > 0.995:
        return "buying.no_dropout"
    # Written so that an error which is not a number counts as large.
    last = fitted.NAMES.index("beta" if isinstance(fitted, ParetoNbd) else "b")
    if not fitted.covariance[last, last] < getattr(fitted, fitted.NAMES[last]) ** 2:
        return "buying.unsure_dropout"
    # who came once may be about to buy or gone for good: without such customers nothing shows how many leave early
    return "" if (summary.frequency == 0).any() else "buying.nobody_once"
