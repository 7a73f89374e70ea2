"""Which stage was left: whole paths through the stages, read as patterns; and why each pattern ends (S04)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.checking import check_count, check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.patterns import LATE_MONTHS as LATE_MONTHS
from cvmlab.core.patterns import PATTERNS as PATTERNS
from cvmlab.core.patterns import pattern_of_life
from cvmlab.core.words import CvmError, read_rules, term
from cvmlab.data.tables import check_columns
from cvmlab.relationship.lifecycle import DECLINE, ENDED, EXPLORATION, FORMATION, STABILITY, STAGES

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

#: What stands in place of a pattern while a relationship is active and has not outlived early stability.
UNDECIDED = ""
#: Stage that was left, by pattern.
STAGE_LEFT = {"I": "exploration", "II": "formation", "III": "stability", "IV": "stability"}


@public
def causes(language: str | None = None) -> pd.DataFrame:
    """Return the rule table: why relationships of each pattern end, and what would help (CRM3 §3.1).

    For pattern IV the causes are those of its length, and the measures keep them up. The measures are ours.

    Parameters
    ----------
    language
        ``"en"`` or ``"zh"``; the language in force if left out.

    Returns
    -------
    pandas.DataFrame
        One row per cause: ``pattern``, ``name`` of the pattern, ``stage_left``, ``cause`` (a key), ``why``,
        ``measure`` (texts), ``source`` of the cause and ``measure_source`` (a key of DOMAIN, or "ours").

    Raises
    ------
    CvmError
        For another language.

    Examples
    --------
    >>> causes().groupby("pattern")["cause"].count().to_dict()
    {'I': 2, 'II': 3, 'III': 2, 'IV': 4}
    """
    import pandas as pd

    rows = [
        {
            "pattern": row["pattern"],
            "name": term(f"patterns.pattern_{row['pattern']}", language),
            "stage_left": term(STAGE_LEFT[row["pattern"]], language),
            **{name: row[name] for name in ("cause", "why", "measure", "source", "measure_source")},
        }
        for row in read_rules("pattern_causes", language)
    ]
    return pd.DataFrame(rows)


def check_paths(paths: Any, dimensions: tuple[int, ...] = (2, 3)) -> NDArray[np.uint8]:
    """Return paths (lists included) as an array; raise `CvmError` unless they hold codes 0 to 5 and a period."""
    try:
        codes = np.asarray(paths)
    except ValueError:
        raise CvmError("patterns.paths_uneven") from None
    if codes.ndim not in dimensions or codes.shape[-2] == 0:
        raise CvmError("patterns.paths_shape" if 3 in dimensions else "patterns.stages_shape", shape=codes.shape)
    if codes.size and (codes.dtype.kind not in "iu" or codes.min() < 0 or codes.max() > ENDED):
        raise CvmError("patterns.paths_codes", highest=ENDED)
    return codes.astype(np.uint8, copy=False)


def check_patterns(frame: pd.DataFrame, table: str) -> NDArray[np.object_]:
    """Return the column ``pattern`` of a frame; raise `CvmError` unless it has rows, all of them I–IV or ""."""
    check_columns(frame, ["pattern"], table)
    if not len(frame):
        raise CvmError("tables.no_rows", table=table)
    pattern = frame["pattern"].to_numpy(dtype=object)
    known = frame["pattern"].isin([*PATTERNS, UNDECIDED]).to_numpy()
    if not known.all():
        row = int(known.argmin())
        raise CvmError("patterns.unknown", value=pattern[row], row=row + 1, table=table, patterns=", ".join(PATTERNS))
    return pattern


@public
def pattern_of_paths(paths: NDArray[np.uint8], late_months: float = LATE_MONTHS, months: int = 1) -> NDArray[np.uint8]:
    """Return the pattern of whole paths through the stages.

    The highest stage reached decides: a relationship that reached stability is III or IV, whatever happened between
    stability and its end. An end is needed to know I, II and III; a relationship that has outlived early stability is
    IV, active or not. A path with nothing but decline never left exploration. Months of stability are counted over the
    whole relationship; of customers who left and came back, only the last relationship counts.

    Parameters
    ----------
    paths
        Codes of stages, shape (draws, periods, customers) or (periods, customers): 0 none yet,
        1–4 as in `cvmlab.lifecycle.STAGES`, 5 ended. A path has ended where its last period says so.
    late_months
        Months of stability from which the pattern is IV and no longer III.
    months
        Length of a period in months.

    Returns
    -------
    ndarray
        uint8, shape (draws, customers) or (customers,): 0 undecided (active before late stability, or never begun), 1–4
        for I–IV.

    Raises
    ------
    CvmError
        For a duration out of bounds.

    Examples
    --------
    >>> pattern_of_paths(np.array([[1, 2, 2, 4, 5]], dtype=np.uint8).T)  # one customer, who left in formation
    array([2], dtype=uint8)
    >>> pattern_of_paths(np.array([[1, 2] + [3] * 12], dtype=np.uint8).T)  # active, and past early stability
    array([4], dtype=uint8)
    >>> pattern_of_paths(np.array([[3] * 12 + [5, 1, 1, 5]], dtype=np.uint8).T)  # came back once, on trial
    array([1], dtype=uint8)
    """
    check_parameter("months", months, 1)
    check_parameter("late_months", late_months, 0)
    codes = last_relationship(check_paths(paths))
    reached = np.where(codes <= STABILITY, codes, 0).max(axis=-2)
    stable = (codes == STABILITY).sum(axis=-2) * months
    lived = ((codes >= EXPLORATION) & (codes <= DECLINE)).any(axis=-2)
    is_over = (codes[..., -1, :] == ENDED) & lived
    return pattern_of_life(reached, stable, is_over, late_months)


def last_relationship(paths: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return paths with 0 for what belongs to a relationship that ended before the customer's last one began."""
    again = np.zeros(paths.shape, np.bool_)
    rising = (paths[..., 1:, :] >= EXPLORATION) & (paths[..., 1:, :] <= STABILITY)
    again[..., :-1, :] = (paths[..., :-1, :] == ENDED) & rising
    earlier = np.logical_or.accumulate(again[..., ::-1, :], axis=-2)[..., ::-1, :]
    return np.where(earlier, np.uint8(0), paths)


@public
def last_periods(paths: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the row of the last period in which each path was alive, −1 if never.

    Parameters
    ----------
    paths
        Codes of stages, shape (draws, periods, customers) or (periods, customers).

    Returns
    -------
    ndarray
        int64, shape (draws, customers) or (customers,).

    Examples
    --------
    >>> last_periods(np.array([[1, 2, 5, 5], [0, 0, 0, 0]], dtype=np.uint8).T)
    array([ 1, -1])
    """
    codes = check_paths(paths)
    alive = (codes >= EXPLORATION) & (codes <= DECLINE)
    last = codes.shape[-2] - 1 - alive[..., ::-1, :].argmax(axis=-2)
    return np.where(alive.any(axis=-2), last, -1)


@public
def fate_of_the_living(paths: NDArray[np.uint8], periods: int, late_months: float = LATE_MONTHS) -> pd.DataFrame:
    """Return what became of the relationships that were active after some periods.

    Parameters
    ----------
    paths
        True codes of stages, shape (periods, customers); a period is a month.
    periods
        Look at relationships active after this many periods; fewer than the paths have.
    late_months
        Months of stability from which the pattern is IV.

    Returns
    -------
    pandas.DataFrame
        Four rows, the stages as they were then: ``stage`` (key of a term), ``customers``, ``IV_before`` (of them, had
        already outlived early stability), their patterns at the last period (``I`` … ``IV``, ``undecided``), and
        ``alive`` (of all, still active then).

    Raises
    ------
    CvmError
        For a number of periods that is too large, below 1 or not whole.

    Examples
    --------
    >>> path = np.array([[1, 1, 5], [1, 2, 2]], dtype=np.uint8).T
    >>> fate_of_the_living(path, periods=2)[["stage", "customers", "I", "undecided"]].values.tolist()
    [['exploration', 1, 1, 0], ['formation', 1, 0, 1], ['stability', 0, 0, 0], ['decline', 0, 0, 0]]
    """
    import pandas as pd

    check_count("periods", periods)
    codes = check_paths(paths, (2,))
    pattern = pattern_of_paths(codes, late_months)
    if periods >= len(codes):
        raise CvmError("patterns.too_few_periods", periods=periods, count=len(codes))
    then, is_alive = codes[periods - 1], codes[-1] != ENDED
    before = pattern_of_paths(codes[:periods], late_months) == len(PATTERNS)
    rows = []
    for code, stage in enumerate(STAGES, start=1):
        these = then == code
        later = np.bincount(pattern[these], minlength=len(PATTERNS) + 1)
        fates = dict(zip(("undecided", *PATTERNS), later.tolist(), strict=True))
        counts = {"customers": int(these.sum()), "IV_before": int((these & before).sum())}
        rows.append({"stage": stage, **counts, **fates, "alive": int((these & is_alive).sum())})
    return pd.DataFrame(rows)[["stage", "customers", "IV_before", *PATTERNS, "undecided", "alive"]]


@public
def late_formation(stage: NDArray[np.uint8], months: int = 6) -> NDArray[np.bool_]:
    """Return which months are the last of formation: only margin and breadth separate them from stability.

    Parameters
    ----------
    stage
        True codes, shape (periods, customers); a period is a month.
    months
        How many before stability begins.

    Returns
    -------
    ndarray
        bool, of the same shape.

    Raises
    ------
    CvmError
        For a number of months that is below 1 or not whole.

    Examples
    --------
    >>> late_formation(np.array([[1, 2, 2, 2, 3, 4]], dtype=np.uint8).T, months=2)[:, 0].tolist()
    [False, False, True, True, False, False]
    """
    check_count("months", months)
    codes = check_paths(stage, (2,))
    late = np.zeros(codes.shape, dtype=np.bool_)
    for ahead in range(1, min(months, len(codes) - 1) + 1):
        late[:-ahead] |= (codes[:-ahead] == FORMATION) & (codes[ahead:] == STABILITY)
    return late
