"""Decoding: which stage every customer was in, period by period, and how sure that is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.checking import check_count
from cvmlab.core.progress import steps
from cvmlab.core.words import CvmError
from cvmlab.data.tables import CUSTOMER_ID, PERIOD, REVENUE
from cvmlab.relationship.lifecycle import ENDED, FORMATION

from . import passes
from .checking import check_panel, check_same_panel, codes_of
from .decoded import NAMES, Decoded
from .evidence import columns_of, observe
from .fitting import fit
from .reading import read
from .states import BETWEEN, MEMBER, STAGE_OF, of_stage

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from cvmlab.data.panels import Panel

    from .model import StageModel


_MOST_THREADS = 8
_MOST_LIKELY_OVER = 0.5


def decode(panel: Panel, model: StageModel | None = None) -> Decoded:
    """Tell the stage of every customer in every period.

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
        path. "Ended" is told where it is likelier than not: silence is shared between a pause and the end by the
        customer's own rhythm. Who buys again after that begins a new relationship under the same id, mostly with
        trial orders.

    Raises
    ------
    CvmError
        For a figure that is not finite, a panel without a column of the model, or of another length of period.

    Notes
    -----
    Posterior probabilities by forward and backward in chunks of customers, one a thread; memory does not grow with
    their number beyond the result's five bytes a customer and period.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=200, periods=36, seed=1)
    >>> decoded = decode(known.panel)
    >>> decoded.to_frame().columns.tolist(), decoded.stage.dtype
    (['customer_id', 'period', 'stage', 'confidence'], dtype('uint8'))
    """
    told = fit(panel) if model is None else model
    shape = panel[REVENUE].shape
    stage, confidence = np.zeros(shape, np.uint8), np.zeros(shape, np.float32)

    def tell(part: slice) -> None:
        share = _posterior(panel, told, part)
        over = share[..., ENDED] > _MOST_LIKELY_OVER
        code = np.where(over, ENDED, share[..., :ENDED].argmax(axis=-1))
        stage[:, part] = code
        sure = np.take_along_axis(share, code[..., None], axis=-1)[..., 0]
        confidence[:, part] = np.where(code > 0, np.minimum(sure, 1), 0)

    _share_out(tell, _parts(panel, told))
    return Decoded(panel.customer_id, panel.period, panel.months, panel.first, stage, confidence, told)


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
        One row a customer and period from the customer's first on: ``customer_id``, ``period``, ``revenue`` (money a
        period), ``stage``, ``confidence`` [, ``true_stage``].

    Raises
    ------
    CvmError
        For stages of another panel, an id that is not in the panel, an empty list of ids, or a truth of another shape
        or of other codes than 0 to 5.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=200, periods=36, seed=1)
    >>> histories(known.panel, decode(known.panel), ["007"], truth=known.stage).columns.tolist()
    ['customer_id', 'period', 'revenue', 'stage', 'confidence', 'true_stage']
    """
    import pandas as pd

    check_panel(panel)
    check_same_panel(panel, decoded)
    true = None if truth is None else codes_of(truth, decoded.stage.shape)
    names = list(panel.customer_id if customers is None else customers)
    if not names:
        raise CvmError("stages.no_names")
    place = {name: index for index, name in enumerate(panel.customer_id)}
    frames = []
    for name in names:
        if name not in place:
            raise CvmError("stages.no_customer", name=name)
        i, rows = place[name], slice(int(panel.first[place[name]]), None)
        told = np.array(NAMES, dtype=object)
        columns = {
            CUSTOMER_ID: name,
            PERIOD: panel.period[rows],
            REVENUE: panel[REVENUE][rows, i],
            "stage": told[decoded.stage[rows, i]],
            "confidence": decoded.confidence[rows, i],
        }
        if true is not None:
            columns["true_stage"] = told[true[rows, i]]
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def probabilities(panel: Panel, model: StageModel, chosen: slice | NDArray[np.intp]) -> NDArray[np.float32]:
    """Return the posterior probability of every stage for some customers.

    Parameters
    ----------
    panel, model
        As in `decode`.
    chosen
        Columns of the panel; a few thousand at a time keep the memory small.

    Returns
    -------
    ndarray
        Shape (periods, customers, 6), by stage code 0 … 5; sums to 1.

    Raises
    ------
    CvmError
        As `decode`.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=200, periods=36, seed=1)
    >>> probabilities(known.panel, fit(known.panel), slice(0, 3)).shape
    (36, 3, 6)
    """
    _check_fits(panel, model)
    return _posterior(panel, model, chosen)


def _posterior(panel: Panel, model: StageModel, chosen: slice | NDArray[np.intp]) -> NDArray[np.float32]:
    reading = read(observe(panel, model.columns, model.habits, chosen), model)
    passes.backward(reading.filtered, reading.density, model.moves.astype(np.float32))
    return of_stage(reading.of_customers(reading.filtered))


def sample(panel: Panel, model: StageModel, *, draws: int, seed: int) -> NDArray[np.uint8]:
    """Draw whole paths of stages from the posterior, for questions about whole paths: which stage was left, and when.

    Parameters
    ----------
    panel, model
        As in `decode`.
    draws
        Paths for each customer, at least 1.
    seed
        As in `cvmlab.core.random.draws.words`; a customer's draws depend on the id, not on the other customers.

    Returns
    -------
    ndarray
        Codes, shape (draws, periods, customers), uint8.

    Raises
    ------
    CvmError
        As `decode`, and for a number of draws below 1.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=200, periods=36, seed=1)
    >>> paths = sample(known.panel, fit(known.panel), draws=5, seed=1)
    >>> paths.shape
    (5, 36, 200)
    """
    from pandas.util import hash_array

    from cvmlab.core.random import draws as chance

    check_count("draws", draws)
    periods, customers = panel[REVENUE].shape
    paths = np.zeros((int(draws), periods, customers), np.uint8)
    moves = model.moves.astype(np.float32)
    when = np.arange(periods + 2)[:, None]
    # of two ids in four billion that share a key, both draw the same: no harm
    key = (hash_array(panel.customer_id) & np.uint64(0xFFFFFFFF)).astype(np.int64)

    def walk(part: slice) -> None:
        reading = read(observe(panel, model.columns, model.habits, part), model)
        for draw in range(int(draws)):
            uniform = chance.uniform(seed, key[part], when, draw)
            rows = reading.drawn(uniform[-1])
            path = passes.draw_paths(reading.filtered[:, rows], moves, uniform[:-2])
            still = uniform[-2] < MEMBER[BETWEEN, FORMATION]
            paths[draw][:, part] = np.where((path == BETWEEN) & still, FORMATION, STAGE_OF[path])

    _share_out(walk, _parts(panel, model))
    return paths


def _share_out(work: Callable[[slice], None], parts: Iterator[slice]) -> None:
    """Do the work for every part, several at once: numpy holds no lock while it computes."""
    every = list(parts)
    with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_THREADS)) as pool:
        for _ in steps(pool.map(work, every), len(every), "stages.decoding"):
            pass


def _check_fits(panel: Panel, model: StageModel) -> None:
    check_panel(panel)
    columns_of(panel, model.columns[1:])
    if panel.months != model.months:
        raise CvmError("stages.other_months", months=panel.months, expected=model.months)


def _parts(panel: Panel, model: StageModel) -> Iterator[slice]:
    _check_fits(panel, model)
    periods, customers = panel[REVENUE].shape
    size = passes.chunk_size(periods)
    return (slice(begin, min(customers, begin + size)) for begin in range(0, customers, size))
