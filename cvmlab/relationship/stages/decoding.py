"""Decoding: which stage every customer was in, period by period, and how sure that is."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.checking import check_count
from cvmlab.core.guarding import public
from cvmlab.core.progress import steps
from cvmlab.core.words import CvmError
from cvmlab.data.tables import CUSTOMER_ID, PERIOD, REVENUE
from cvmlab.relationship.lifecycle import ENDED, STAGES

from .assumed import ENDED_ABOVE
from .evidence import check_panel, columns_of, observe
from .fitting import fit
from .inference import Inferred, backward, chunk_size, infer
from .states import codes_of, drawn_stages

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from cvmlab.data.panels import Panel

    from .habits import Chosen
    from .model import StageModel


_MOST_THREADS = 8
#: Names of the codes 0 … 5.
NAMES = ("", *STAGES, "ended")


@public
@dataclass(frozen=True)
class Decoded:
    """Stages recovered from histories: estimated, not known.

    Attributes
    ----------
    customer_id, period, months, first
        Of the `Panel` they come from.
    stage
        Codes 0 none, 1 exploration, 2 formation, 3 stability, 4 decline, 5 ended; shape (periods, customers), uint8.
    confidence
        Posterior probability of that stage given the whole history, shape (periods, customers), float32; 0 where the
        code is 0.
    model
        The model they were decoded with.
    """

    customer_id: NDArray[np.object_]
    period: NDArray[np.datetime64]
    months: int
    first: NDArray[np.int64]
    stage: NDArray[np.uint8]
    confidence: NDArray[np.float32]
    model: StageModel

    def to_frame(self) -> pd.DataFrame:
        """Return one row per customer and period, from each customer's first period on.

        Returns
        -------
        pandas.DataFrame
            ``customer_id``, ``period`` (its first day), ``stage`` (text, ``"ended"`` after the end), ``confidence``
            (0 to 1); sorted by customer, then period.
        """
        import pandas as pd

        column, row = np.nonzero(np.arange(len(self.stage)) >= self.first[:, None])
        return pd.DataFrame(
            {
                CUSTOMER_ID: self.customer_id[column],
                PERIOD: self.period[row],
                "stage": np.array(NAMES, dtype=object)[self.stage[row, column]],
                "confidence": self.confidence[row, column],
            }
        )


@public
def decode(panel: Panel, model: StageModel | None = None) -> Decoded:
    """Estimate the stage of every customer in every period.

    Parameters
    ----------
    panel
        From `cvmlab.aggregate.panel`. Before a customer's first period there is no stage.
    model
        From `fit`; fitted on this panel if left out.

    Returns
    -------
    Decoded
        The likeliest stage of each period by itself, given the whole history: most periods right, not the likeliest
        path. A customer has "ended" where that is likelier than not: a silence is shared between a pause and the end
        by the customer's own rhythm. A customer who buys again begins a new relationship, mostly with trial orders.

    Raises
    ------
    CvmError
        For a panel without a column of the model, or of another length of period.

    Notes
    -----
    Posterior probabilities by forward and backward in chunks of customers, one per thread; memory grows with their
    number only by the result's five bytes per customer and period.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> decoded = decode(simulate_relationships(Population(), customers=100, periods=24, seed=1).panel)
    >>> decoded.to_frame().columns.tolist(), decoded.stage.dtype
    (['customer_id', 'period', 'stage', 'confidence'], dtype('uint8'))
    """
    used = fit(panel) if model is None else model
    shape = panel[REVENUE].shape
    stage, confidence = np.zeros(shape, np.uint8), np.zeros(shape, np.float32)

    def decode_part(part: slice) -> None:
        share = _posterior(panel, used, part)
        over = share[..., ENDED] > ENDED_ABOVE
        code = np.where(over, ENDED, share[..., :ENDED].argmax(axis=-1))
        stage[:, part] = code
        sure = np.take_along_axis(share, code[..., None], axis=-1)[..., 0]
        confidence[:, part] = np.where(code > 0, np.minimum(sure, 1), 0)

    _in_parts(decode_part, panel, used)
    return Decoded(panel.customer_id, panel.period, panel.months, panel.first, stage, confidence, used)


@public
def as_of(panel: Panel, periods: Sequence[int], model: StageModel | None = None) -> NDArray[np.uint8]:
    """Return each customer's stage as it would have been named on the day, from nothing that came later.

    `decode` names the stages of the past in hindsight. Whoever acts has to name the stage of today.

    Parameters
    ----------
    panel
        The histories.
    periods
        After how many of the panel's periods the stage is named, each a whole number from 1.
    model
        From `fit`; fitted on this panel if left out. It may have seen what came later, but names no stage by it.

    Returns
    -------
    ndarray
        Codes 0 … 5, shape (periods, customers), uint8; 0 before the customer's first period.

    Raises
    ------
    CvmError
        For a number of periods that the panel does not have, or a panel that does not fit the model.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=100, periods=24, seed=1)
    >>> as_of(known.panel, [12, 24]).shape
    (2, 100)
    """
    check_panel(panel)
    for count in periods:
        check_count("periods", count, 1, len(panel.period))
    used = fit(panel) if model is None else model
    stage = np.zeros((len(periods), len(panel.customer_id)), np.uint8)
    for row, count in enumerate(periods):
        begun = np.flatnonzero(panel.first < count)
        if len(begun):
            stage[row, begun] = decode(panel.part(begun, slice(0, int(count))), used).stage[-1]
    return stage


def check_same_panel(panel: Panel, decoded: Decoded) -> None:
    """Raise `CvmError` unless the stages were decoded from histories of the same customers and periods."""
    for part, other in ((panel.customer_id, decoded.customer_id), (panel.period, decoded.period)):
        if part is not other and not np.array_equal(part, other):
            raise CvmError("stages.other_panel", shape=decoded.stage.shape, expected=panel[REVENUE].shape)


@public
def histories(
    panel: Panel,
    decoded: Decoded,
    customers: Sequence[object] | None = None,
    *,
    truth: NDArray[np.integer] | None = None,
) -> pd.DataFrame:
    """Return the histories of a few customers with what was decoded, for `cvmlab.charts.plot_histories`.

    Parameters
    ----------
    panel, decoded
        The histories and their stages.
    customers
        Ids, in the order they are to be shown; all if left out.
    truth
        True codes, shape (periods, customers), where they are known.

    Returns
    -------
    pandas.DataFrame
        One row per customer and period from the customer's first on: ``customer_id``, ``period``, ``revenue`` (money
        per period), ``stage``, ``confidence`` [, ``true_stage``].

    Raises
    ------
    CvmError
        For stages of another panel, an id that is not in the panel, an empty list of ids, or a truth of another shape
        or of other codes than 0 to 5.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=100, periods=24, seed=1)
    >>> histories(known.panel, decode(known.panel), ["07"], truth=known.stage).columns.tolist()
    ['customer_id', 'period', 'revenue', 'stage', 'confidence', 'true_stage']
    """
    import pandas as pd

    check_panel(panel)
    check_same_panel(panel, decoded)
    true = None if truth is None else codes_of(truth, decoded.stage.shape)
    ids = list(panel.customer_id if customers is None else customers)
    if not ids:
        raise CvmError("stages.no_names")
    place = {name: index for index, name in enumerate(panel.customer_id)}
    names = np.array(NAMES, dtype=object)
    frames = []
    for name in ids:
        if not isinstance(name, Hashable) or name not in place:
            raise CvmError("stages.no_customer", name=name)
        i, rows = place[name], slice(int(panel.first[place[name]]), None)
        columns = {
            CUSTOMER_ID: name,
            PERIOD: panel.period[rows],
            REVENUE: panel[REVENUE][rows, i],
            "stage": names[decoded.stage[rows, i]],
            "confidence": decoded.confidence[rows, i],
        }
        if true is not None:
            columns["true_stage"] = names[true[rows, i]]
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


@public
def probabilities(panel: Panel, model: StageModel, chosen: slice | NDArray[np.intp]) -> NDArray[np.float32]:
    """Return the posterior probability of every stage for some customers.

    Parameters
    ----------
    panel, model
        The histories and a fitted model.
    chosen
        Columns of the panel; a few thousand at a time keep the memory small.

    Returns
    -------
    ndarray
        Shape (periods, customers, 6), by stage code 0 … 5; sums to 1.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=100, periods=24, seed=1)
    >>> probabilities(known.panel, fit(known.panel), slice(0, 3)).shape
    (24, 3, 6)
    """
    _check_fits(panel, model)
    if not len(panel.customer_id[chosen]):
        raise CvmError("stages.no_names")
    return _posterior(panel, model, chosen)


def _posterior(panel: Panel, model: StageModel, chosen: Chosen) -> NDArray[np.float32]:
    inferred = _inferred(panel, model, chosen)
    backward(inferred.filtered, inferred.density, model.moves.astype(np.float32))
    by_step = inferred.of_customers(inferred.filtered)
    return np.asarray(by_step @ model.member.astype(by_step.dtype))


def _inferred(panel: Panel, model: StageModel, chosen: Chosen) -> Inferred:
    return infer(observe(panel, model.columns, model.habits, chosen), model)


@public
def sample(panel: Panel, model: StageModel, *, draws: int, seed: int) -> NDArray[np.uint8]:
    """Draw whole paths of stages from the posterior, for questions about whole paths: which stage was left, and when.

    Parameters
    ----------
    panel, model
        The histories and a fitted model.
    draws
        Paths per customer, at least 1.
    seed
        A whole number from 0; a customer's draws depend on the id, not on the other customers.

    Returns
    -------
    ndarray
        Codes, shape (draws, periods, customers), uint8.

    Raises
    ------
    CvmError
        Where `decode` does, and for a number of draws below 1 or a bad seed.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=100, periods=24, seed=1)
    >>> sample(known.panel, fit(known.panel), draws=5, seed=1).shape
    (5, 24, 100)
    """
    from pandas.util import hash_array

    from cvmlab.core.random import draws as chance

    check_count("draws", draws, 1, 10_000)
    periods, customers = panel[REVENUE].shape
    paths = np.zeros((int(draws), periods, customers), np.uint8)
    moves = model.moves.astype(np.float32)
    when = np.arange(periods + 2)[:, None]
    # of two ids in four billion that share a key, both draw the same: no harm
    key = (hash_array(panel.customer_id) & np.uint64(0xFFFFFFFF)).astype(np.int64)

    def draw_part(part: slice) -> None:
        inferred = _inferred(panel, model, part)
        for draw in range(int(draws)):
            uniform = chance.uniform(seed, key[part], when, draw)
            rows = inferred.drawn(uniform[-1])
            path = draw_paths(inferred.filtered[:, rows], moves, uniform[:-2])
            paths[draw][:, part] = drawn_stages(model.member, path, uniform[-2])

    _in_parts(draw_part, panel, model)
    return paths


def draw_paths(
    filtered: NDArray[np.float32], moves: NDArray[np.float32], chance: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Return one path of steps (periods, customers) for each customer, drawn by uniform chances of the same shape.

    Forward filtering, backward sampling (Carter & Kohn 1994, Chib 1996): the last step from f_T, then each from
    f_t(i) · A(i, next).
    """
    periods, customers, _ = filtered.shape
    path = np.empty((periods, customers), np.uint8)
    back = np.ascontiguousarray(moves.T)
    share = filtered[-1]
    for period in range(periods - 1, -1, -1):
        if period < periods - 1:
            share = filtered[period] * back[path[period + 1]]
        total = np.cumsum(share, axis=1)
        reached = (chance[period] * total[:, -1])[:, None]
        path[period] = (total <= reached).sum(axis=1).clip(max=filtered.shape[2] - 1)
    return path


def _check_fits(panel: Panel, model: StageModel) -> None:
    check_panel(panel)
    columns_of(panel, model.columns[1:])
    if panel.months != model.months:
        raise CvmError("stages.other_months", months=panel.months, expected=model.months)


def _in_parts(work: Callable[[slice], None], panel: Panel, model: StageModel) -> None:
    """Do the work for chunks of customers, several at once: numpy holds no lock while it computes."""
    _check_fits(panel, model)
    periods, customers = panel[REVENUE].shape
    size = chunk_size(periods)
    parts = [slice(begin, min(customers, begin + size)) for begin in range(0, customers, size)]
    with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_THREADS)) as pool:
        for _ in steps(pool.map(work, parts), len(parts), "stages.decoding"):
            pass
