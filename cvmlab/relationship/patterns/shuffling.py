"""What a decoding finds where there is nothing to find: the same months in a random order (S03, S04)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.checking import check_count
from cvmlab.core.guarding import public
from cvmlab.data.panels import Panel
from cvmlab.relationship.lifecycle import STAGES

if TYPE_CHECKING:
    import pandas as pd

    from cvmlab.relationship.stages import Decoded, StageModel


@public
def shuffle_months(panel: Panel, seed: int) -> Panel:
    """Return the same months of each customer in a random order.

    Every customer keeps the same purchases and the same first period; what is lost is time: no growth, decline or
    stage can be in it. A season that all share is shuffled away as well.

    Parameters
    ----------
    panel
        Histories.
    seed
        A whole number of at least 0.

    Returns
    -------
    Panel
        With all measures in the same new order.

    Raises
    ------
    CvmError
        For another seed.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> panel = simulate_relationships(Population(), customers=10, periods=12, seed=1).panel
    >>> shuffled = shuffle_months(panel, seed=1)
    >>> bool(np.allclose(shuffled["revenue"].sum(axis=0), panel["revenue"].sum(axis=0)))
    True
    """
    check_count("seed", seed, 0, 2**64 - 1)
    periods, customers = len(panel.period), len(panel.customer_id)
    row = np.arange(periods, dtype=np.float64)[:, None]
    luck = np.random.default_rng(seed).random((periods, customers))
    # months before the first stay where they are
    order = np.argsort(np.where(row < panel.first, row - periods, luck), axis=0, kind="stable")
    values = {name: np.take_along_axis(array, order, axis=0) for name, array in panel.values.items()}  # noqa: PD011
    return dataclasses.replace(panel, values=values)


@public
def stages_against_shuffled(
    panel: Panel, model: StageModel | None = None, *, seed: int = 0, shuffles: int = 5
) -> pd.DataFrame:
    """Compare the stages decoded from histories with those decoded from the same months in a random order.

    What decoding finds in shuffled months it finds in noise. Where the confidence lies among those of the shuffles,
    the stages say nothing about time, however high it is.

    Parameters
    ----------
    panel
        Histories.
    model
        A fitted `cvmlab.stages.StageModel`, used for both; fitted to the panel if left out.
    seed
        Of the first shuffle; each further one has the next.
    shuffles
        Number of random orders, from 1 to 100.

    Returns
    -------
    pandas.DataFrame
        Five rows, the stages and "ended": ``stage`` (key of a term), ``share`` of the months, ``share_shuffled``
        (mean over the shuffles), ``confidence`` (mean over the months of the stage; NaN where there are none),
        ``shuffled_lowest`` and ``shuffled_highest`` (lowest and highest such mean among the shuffles).

    Raises
    ------
    CvmError
        Where `cvmlab.stages.fit` and `cvmlab.stages.decode` do, and for a seed or a number of shuffles out of range.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=60, periods=36, seed=1)
    >>> table = stages_against_shuffled(known.panel, shuffles=2).set_index("stage")
    >>> bool(table["share"]["ended"] > 2 * table["share_shuffled"]["ended"])
    True
    """
    import pandas as pd

    from cvmlab.relationship import stages

    check_count("shuffles", shuffles, 1, 100)
    chosen = stages.fit(panel, seed=seed) if model is None else model
    known = _by_stage(stages.decode(panel, chosen))
    drawn = [_by_stage(stages.decode(shuffle_months(panel, seed + each), chosen)) for each in range(shuffles)]
    confidence = np.array([each["confidence"] for each in drawn])
    return pd.DataFrame(
        {
            "stage": [*STAGES, "ended"],
            "share": known["share"],
            "share_shuffled": np.mean([each["share"] for each in drawn], axis=0),
            "confidence": known["confidence"],
            # NaN, without a word, where no shuffle has the stage
            "shuffled_lowest": np.fmin.reduce(confidence),
            "shuffled_highest": np.fmax.reduce(confidence),
        }
    )


def _by_stage(decoded: Decoded) -> dict[str, list[float]]:
    codes = [decoded.stage == code for code in range(1, len(STAGES) + 2)]
    months = sum(int(stage.sum()) for stage in codes)
    return {
        "share": [float(stage.sum()) / max(months, 1) for stage in codes],
        "confidence": [float(decoded.confidence[stage].mean()) if stage.any() else np.nan for stage in codes],
    }
