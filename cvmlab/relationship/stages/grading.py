"""Grading: recovered stages beside the true ones, and beside what a rule of thumb and a model told the stages reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.guarding import public
from cvmlab.core.statistics import confidence_bands
from cvmlab.core.words import CvmError, term
from cvmlab.data.tables import REVENUE
from cvmlab.relationship.lifecycle import DECLINE, ENDED, EXPLORATION, FORMATION, STABILITY

from . import assumed
from .decoding import NAMES, Decoded, decode
from .evidence import check_panel
from .fitting import fit_from_truth
from .states import codes_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from cvmlab.data.panels import Panel

    from .model import StageModel


@public
@dataclass(frozen=True)
class Grade:
    """How well stages were recovered.

    Attributes
    ----------
    confusion
        One row per true and recovered stage: ``true_stage``, ``decoded_stage`` (text), ``periods`` (customers ×
        periods), ``share`` (of the true stage's periods).
    by_stage
        One row per stage: ``stage``, ``precision`` (of the periods called so, the share that are), ``recall`` (of
        those that are, the share called so), ``f1`` (their harmonic mean), ``periods``; NaN where there is nothing to
        judge.
    macro_f1
        Mean F1 over the stages that occur, each counting the same.
    accuracy
        Share of periods classified correctly.
    """

    confusion: pd.DataFrame
    by_stage: pd.DataFrame
    macro_f1: float
    accuracy: float

    def f1(self, *stages: str) -> float:
        """Return the mean F1 of some stages, as ``stage`` of `by_stage` names them; NaN without any."""
        return float(self.by_stage[self.by_stage["stage"].isin(stages)]["f1"].mean())


@public
def grade(decoded: Decoded | NDArray[np.integer], truth: Any, *, first: NDArray[np.int64] | None = None) -> Grade:
    """Compare recovered stages with the true ones, from each customer's first period on.

    Parameters
    ----------
    decoded
        From `decode`, or codes of shape (periods, customers) as `rule_of_thumb` returns.
    truth
        True codes of the same shape, or `cvmlab.simulated.Relationships`.
    first
        Row of each customer's first period; taken from ``decoded`` or ``truth`` if left out, otherwise 0.

    Returns
    -------
    Grade
        Confusion, F1 by stage, macro-F1. F1 = 2 · right / (called so + are so), NaN for a stage
        that does not occur.

    Raises
    ------
    CvmError
        For arrays of different shapes or of other codes than 0 to 5, or rows of first periods that are not one whole
        number per customer.

    Examples
    --------
    >>> graded = grade(np.array([[1], [2], [2], [3]]), np.array([[1], [1], [2], [3]]))
    >>> round(graded.macro_f1, 3), graded.accuracy
    (0.778, 0.75)
    """
    import pandas as pd

    called_so = decoded.stage if isinstance(decoded, Decoded) else codes_of(decoded)
    true = codes_of(getattr(truth, "stage", truth), called_so.shape)
    judged = np.arange(len(called_so))[:, None] >= _first(decoded, truth, first, called_so.shape[1])
    # a period without a true relationship before the first purchase is judged as little as one before the data
    judged &= true > 0
    pairs = true[judged].astype(np.int64) * (ENDED + 1) + called_so[judged]
    counts = np.bincount(pairs, minlength=(ENDED + 1) ** 2).reshape(ENDED + 1, ENDED + 1)
    right, are, called = np.diag(counts)[1:], counts.sum(axis=1)[1:], counts.sum(axis=0)[1:]
    names = np.array(NAMES[1:], dtype=object)
    with np.errstate(invalid="ignore", divide="ignore"):
        f1 = 2 * right / (are + called)
        by_stage = pd.DataFrame(
            {"stage": names, "precision": right / called, "recall": right / are, "f1": f1, "periods": are}
        )
        shares = counts[1:, 1:] / are[:, None]
    confusion = pd.DataFrame(
        {
            "true_stage": np.repeat(names, ENDED),
            "decoded_stage": np.tile(names, ENDED),
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
    source = decoded if isinstance(decoded, Decoded) else getattr(truth, "panel", None)
    return np.zeros(customers, np.int64) if source is None else np.asarray(source.first)


@public
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
        One row per band of confidence: ``confidence_from``, ``confidence_to``, ``periods``, ``confidence`` (mean
        stated), ``right`` (share that was right).

    Raises
    ------
    CvmError
        For a truth of another shape, or of other codes than 0 to 5.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=100, periods=24, seed=1)
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


@public
def compare(panel: Panel, truth: NDArray[np.integer], model: StageModel | None = None) -> pd.DataFrame:
    """Grade three ways to find stages on histories whose stages are known.

    Parameters
    ----------
    panel
        The histories.
    truth
        True codes of stages, shape (periods, customers).
    model
        From `fit`; fitted on this panel if left out.

    Returns
    -------
    pandas.DataFrame
        One row per way, in the language in force: the rule of thumb, decoding, and decoding by the same model told the
        stages while it learned (`fit_from_truth`): about as much as this model can do, no bound. Columns ``way``,
        ``macro_f1`` (mean of the F1 of the stages), then the F1 of ``exploration``, ``formation``, ``stability``,
        ``decline``, ``ended``; NaN for a stage that does not occur.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=100, periods=24, seed=1)
    >>> compare(known.panel, known.stage)["way"].tolist()
    ['rule of thumb', 'decoding', 'decoding, told the stages']
    """
    import pandas as pd

    true = np.asarray(truth)
    graded = {
        "stages.by_rule": grade(rule_of_thumb(panel), true, first=panel.first),
        "stages.by_decoding": grade(decode(panel, model), true),
        "stages.by_true_parameters": grade(decode(panel, fit_from_truth(panel, true)), true),
    }
    return pd.DataFrame(
        [
            {"way": term(key), "macro_f1": found.macro_f1, **found.by_stage.set_index("stage")["f1"]}
            for key, found in graded.items()
        ]
    )


@public
def rule_of_thumb(panel: Panel) -> NDArray[np.uint8]:
    """Name each customer's stage in every period by fixed thresholds on revenue.

    With the mean revenue of the last three periods and its highest value, so far and at all: *exploration* until a
    quarter of the highest was first reached, *formation* until 80% of it was, *decline* where it is below 70% of
    the highest so far, *stability* otherwise; *ended* from the last purchase on when the silence since is longer
    than three times the longest gap seen, and than three periods. It needs no model and states no confidence: a
    manager would do it, and decoding has to beat it.

    Returns
    -------
    ndarray
        Codes 0 … 5, shape (periods, customers), uint8; 0 before the customer's first period.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> rule_of_thumb(simulate_relationships(Population(), customers=100, periods=24, seed=1).panel).shape
    (24, 100)
    """
    check_panel(panel)
    revenue = np.maximum(panel[REVENUE], 0)
    periods, window = len(revenue), assumed.RULE_PERIODS
    row = np.arange(periods)[:, None]
    begun = row >= panel.first
    sums = np.cumsum(np.where(begun, revenue, 0), axis=0)
    back = np.vstack([np.zeros((min(window, periods), revenue.shape[1])), sums[:-window]])
    mean = (sums - back) / np.clip(row - panel.first + 1, 1, window)
    so_far = np.maximum.accumulate(mean, axis=0)
    peak = so_far[-1]
    stage = np.where(so_far < assumed.RULE_HIGH * peak, FORMATION, STABILITY)
    stage = np.where(so_far < assumed.RULE_SMALL * peak, EXPLORATION, stage)
    stage = np.where(mean < assumed.RULE_FALLEN * so_far, DECLINE, stage)
    stage = np.where(row > _last_active(revenue), ENDED, stage)
    return np.where(begun, stage, 0).astype(np.uint8)


def _last_active(revenue: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the last row of each relationship: the last purchase if the silence since is out of proportion."""
    periods = len(revenue)
    bought = revenue > 0
    row = np.arange(periods)[:, None]
    latest = np.maximum.accumulate(np.where(bought, row, -1), axis=0)
    before = np.vstack([np.full((1, revenue.shape[1]), -1), latest[:-1]])
    gap = np.where(bought & (before >= 0), row - before, 0).max(axis=0)
    silent = periods - 1 - latest[-1]
    over = (latest[-1] >= 0) & (silent > assumed.RULE_GAPS * np.maximum(gap, 1))
    return np.where(over, latest[-1], periods - 1)
