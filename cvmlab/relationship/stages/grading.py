"""Grading: recovered stages beside the true ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.statistics import confidence_bands
from cvmlab.core.words import CvmError
from cvmlab.relationship.lifecycle import ENDED, STAGES

from .checking import codes_of
from .decoded import Decoded

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


_GRADED = (*STAGES, "ended")


@dataclass(frozen=True)
class Grade:
    """How well stages were recovered.

    Attributes
    ----------
    confusion
        One row a true and recovered stage: ``true_stage``, ``decoded_stage`` (text), ``periods`` (customers ×
        periods), ``share`` (of the true stage's periods).
    by_stage
        One row a stage: ``stage``, ``precision`` (of the periods called so, how many are), ``recall`` (of
        those that are, how many are called so), ``f1`` (their harmonic mean), ``periods``; NaN where there is
        nothing to judge.
    macro_f1
        Mean F1 over the stages that occur, each counting the same.
    accuracy
        Share of periods told right.
    """

    confusion: pd.DataFrame
    by_stage: pd.DataFrame
    macro_f1: float
    accuracy: float

    def f1(self, *stages: str) -> float:
        """Return the mean F1 of some stages, as ``stage`` of `by_stage` names them; NaN without any."""
        chosen = self.by_stage[self.by_stage["stage"].isin(stages)]
        return float(chosen["f1"].mean())


def grade(decoded: Decoded | NDArray[np.integer], truth: Any, *, first: NDArray[np.int64] | None = None) -> Grade:
    """Compare recovered stages with the true ones, from each customer's first period on.

    Parameters
    ----------
    decoded
        From `decode`, or codes of shape (periods, customers) as `rule_of_thumb` returns.
    truth
        True codes of the same shape, or `cvmlab.simulated.Relationships`.
    first
        Row of each customer's first period; taken from ``decoded`` or ``truth`` if left out, else 0.

    Returns
    -------
    Grade
        Confusion, F1 by stage, macro-F1. F1 = 2 · right / (called so + are so).

    Raises
    ------
    CvmError
        For arrays of different shapes or of other codes than 0 to 5, or rows of first periods that are not one whole
        number a customer.

    Examples
    --------
    >>> told, true = np.array([[1], [2], [2], [3]]), np.array([[1], [1], [2], [3]])
    >>> graded = grade(told, true)
    >>> round(graded.macro_f1, 3), graded.accuracy
    (0.778, 0.75)
    """
    import pandas as pd

    told = decoded.stage if isinstance(decoded, Decoded) else codes_of(decoded)
    true = codes_of(getattr(truth, "stage", truth), told.shape)
    judged = np.arange(len(told))[:, None] >= _first(decoded, truth, first, told.shape[1])
    # a period without a true relationship before the first purchase is judged as little as one before the data
    judged &= true > 0
    pairs = true[judged].astype(np.int64) * (ENDED + 1) + told[judged]
    counts = np.bincount(pairs, minlength=(ENDED + 1) ** 2).reshape(ENDED + 1, ENDED + 1)
    right, are, called = np.diag(counts)[1:], counts.sum(axis=1)[1:], counts.sum(axis=0)[1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        f1 = 2 * right / (are + called)
        by_stage = pd.DataFrame(
            {"stage": _GRADED, "precision": right / called, "recall": right / are, "f1": f1, "periods": are}
        )
        shares = counts[1:, 1:] / are[:, None]
    confusion = pd.DataFrame(
        {
            "true_stage": np.repeat(np.array(_GRADED, dtype=object), ENDED),
            "decoded_stage": np.tile(np.array(_GRADED, dtype=object), ENDED),
            "periods": counts[1:, 1:].reshape(-1),
            "share": shares.reshape(-1),
        }
    )
    occurs = are > 0
    macro = float(f1[occurs].mean()) if occurs.any() else float("nan")
    accuracy = float(right.sum() / are.sum()) if are.sum() else float("nan")
    return Grade(confusion, by_stage, macro, accuracy)


def _first(decoded: Any, truth: Any, first: NDArray[np.int64] | None, customers: int) -> NDArray[np.int64]:
    if first is not None:
        rows = np.asarray(first)
        if rows.shape != (customers,) or rows.dtype.kind not in "iu":
            raise CvmError("stages.first_shape", shape=rows.shape, customers=customers)
        return rows
    source: Any = decoded if isinstance(decoded, Decoded) else getattr(truth, "panel", None)
    if source is not None:
        found: NDArray[np.int64] = source.first
        return found
    return np.zeros(customers, np.int64)


def calibration(decoded: Decoded, truth: NDArray[np.integer], *, alive_only: bool = True) -> pd.DataFrame:
    """Compare stated confidence with how often it was right.

    Parameters
    ----------
    decoded
        From `decode`.
    truth
        True codes, shape (periods, customers).
    alive_only
        Leave out the periods decoded as ended: there are many, and nearly all are sure.

    Returns
    -------
    pandas.DataFrame
        One row a band of confidence: ``confidence_from``, ``confidence_to``, ``periods``, ``confidence`` (mean
        stated), ``right`` (share that was right).

    Raises
    ------
    CvmError
        For a truth of another shape, or of other codes than 0 to 5.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=200, periods=36, seed=1)
    >>> from cvmlab.relationship.stages import decode
    >>> calibration(decode(known.panel), known.stage).shape[1]
    5
    """
    true = codes_of(truth, decoded.stage.shape)
    judged = (decoded.stage > 0) & (true > 0)
    if alive_only:
        judged &= decoded.stage < ENDED
    sure = decoded.confidence[judged].astype(np.float64)
    right = decoded.stage[judged] == true[judged]
    return confidence_bands(sure, right, (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0), "periods")
