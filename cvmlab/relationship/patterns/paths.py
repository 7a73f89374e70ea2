"""Which stage was left: whole paths through the stages, read as patterns; and why each pattern ends (S04)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.checking import check_count, check_parameter
from cvmlab.core.words import CvmError, read_rules, term
from cvmlab.data.tables import check_columns
from cvmlab.relationship.lifecycle import DECLINE, ENDED, EXPLORATION, FORMATION, STABILITY, STAGES

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

PATTERNS = ("I", "II", "III", "IV")
#: What stands in place of a pattern while a relationship is alive.
UNDECIDED = ""
#: Months of stability from which on it is called late: ours, the source gives no number.
LATE_MONTHS = 12
#: Stage that was left, by pattern.
STAGE_LEFT = {"I": "exploration", "II": "formation", "III": "stability", "IV": "stability"}


def causes(language: str | None = None) -> pd.DataFrame:
    """Return the rule table: why relationships of each pattern end, and what would help (CRM3 §3.1).

    For pattern IV the causes are those of its length, and the measures keep them up. The measures
    are ours.

    Parameters
    ----------
    language
        ``"en"`` or ``"zh"``; the language in force if left out.

    Returns
    -------
    pandas.DataFrame
        One row a cause: ``pattern``, ``name`` of the pattern, ``stage_left``, ``cause`` (a key), ``why``,
        ``measure`` (texts), ``source`` of the cause and ``measure_source`` (a key of DOMAIN, or "ours").

    Raises
    ------
    CvmError
        For a language that is none of the two.

    Examples
    --------
    >>> table = causes()
    >>> table.groupby("pattern")["cause"].count().to_dict()
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
    """Return paths as an array, lists included, or raise `CvmError` unless they are paths through the stages.

    Parameters
    ----------
    paths
        As in `pattern_of_paths`.
    dimensions
        How many dimensions they may have.

    Raises
    ------
    CvmError
        For other dimensions, rows of unequal length, no period, or anything but whole numbers from 0 to 5.

    Examples
    --------
    >>> check_paths([[1], [6]])
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: Paths through the stages hold whole numbers from 0 to 5 only: ...
    """
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
    """Return the column ``pattern`` of a frame, or raise `CvmError` unless it holds I–IV and "" only.

    Parameters
    ----------
    frame
        With ``pattern``.
    table
        What the frame is called in a message.

    Raises
    ------
    CvmError
        For a frame without that column or without rows, or an unknown pattern: names the row.

    Examples
    --------
    >>> import pandas as pd
    >>> check_patterns(pd.DataFrame({"pattern": ["I", "V"]}), "classified")
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: 'V' in row 2 of the table classified is not a pattern. ...
    """
    check_columns(frame, ["pattern"], table)
    if not len(frame):
        raise CvmError("tables.no_rows", table=table)
    pattern = frame["pattern"].to_numpy(dtype=object)
    known = frame["pattern"].isin([*PATTERNS, UNDECIDED]).to_numpy()
    if not known.all():
        row = int(known.argmin())
        raise CvmError("patterns.unknown", value=pattern[row], row=row + 1, table=table, patterns=", ".join(PATTERNS))
    return pattern


def pattern_of_paths(paths: NDArray[np.uint8], late_months: float = LATE_MONTHS, months: int = 1) -> NDArray[np.uint8]:
    """Return the pattern of whole paths through the stages.

    The stage left is the last one before the final decline, or before the end where there was none. A
    decline that was repaired is a setback, no end. Who knows nothing but decline never left exploration.
    Months of stability are counted over the whole relationship; of who left and came back, only the last one counts.

    Parameters
    ----------
    paths
        Codes of stages, shape (draws, periods, customers) or (periods, customers): 0 none yet,
        1–4 as in `cvmlab.lifecycle.STAGES`, 5 ended. A path has ended where its last period says so.
    late_months
        Months of stability from which on the pattern is IV and no longer III.
    months
        Length of a period in months.

    Returns
    -------
    ndarray
        uint8, shape (draws, customers) or (customers,): 0 undecided (alive, or never begun), 1–4 for I–IV.

    Raises
    ------
    CvmError
        For codes beyond 5, paths of another shape or without a period, or a duration of no length.

    Examples
    --------
    >>> path = np.array([[1, 2, 2, 4, 5]], dtype=np.uint8).T  # one customer, who left in formation
    >>> pattern_of_paths(path)
    array([2], dtype=uint8)
    >>> pattern_of_paths(np.array([[3] * 12 + [5, 1, 1, 5]], dtype=np.uint8).T)  # came back once, on trial
    array([1], dtype=uint8)
    """
    check_parameter("months", months, 1)
    check_parameter("late_months", late_months, 0)
    codes = last_relationship(check_paths(paths))
    has_stage = (codes >= EXPLORATION) & (codes <= STABILITY)
    periods = codes.shape[-2]
    last = periods - 1 - has_stage[..., ::-1, :].argmax(axis=-2)
    left = np.take_along_axis(codes, last[..., None, :], axis=-2)[..., 0, :]
    left = np.where(has_stage.any(axis=-2), left, EXPLORATION)
    stable = (codes == STABILITY).sum(axis=-2) * months
    pattern = np.where((left == STABILITY) & (stable >= late_months), 4, left)
    lived = ((codes >= EXPLORATION) & (codes <= DECLINE)).any(axis=-2)
    ended = (codes[..., -1, :] == ENDED) & lived
    return np.where(ended, pattern, 0).astype(np.uint8)


def last_relationship(paths: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return paths with 0 for what belongs to a relationship that ended before the customer's last one began.

    Parameters
    ----------
    paths
        As in `pattern_of_paths`.

    Returns
    -------
    ndarray
        Of the same shape; paths of customers who never came back to exploration, formation or stability are as they
        were.

    Examples
    --------
    >>> last_relationship(np.array([[1, 2, 5, 5, 1, 5]], dtype=np.uint8).T)[:, 0].tolist()
    [0, 0, 0, 0, 1, 5]
    """
    again = np.zeros(paths.shape, np.bool_)
    rising = (paths[..., 1:, :] >= EXPLORATION) & (paths[..., 1:, :] <= STABILITY)
    again[..., :-1, :] = (paths[..., :-1, :] == ENDED) & rising
    earlier = np.logical_or.accumulate(again[..., ::-1, :], axis=-2)[..., ::-1, :]
    return np.where(earlier, np.uint8(0), paths)


def last_periods(paths: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the row of the last period in which each path was alive, −1 if never.

    Parameters
    ----------
    paths
        As in `pattern_of_paths`.

    Returns
    -------
    ndarray
        int64, shape (draws, customers) or (customers,).

    Raises
    ------
    CvmError
        For codes beyond 5, or paths of another shape or without a period.

    Examples
    --------
    >>> last_periods(np.array([[1, 2, 5, 5], [0, 0, 0, 0]], dtype=np.uint8).T)
    array([ 1, -1])
    """
    codes = check_paths(paths)
    alive = (codes >= EXPLORATION) & (codes <= DECLINE)
    last = codes.shape[-2] - 1 - alive[..., ::-1, :].argmax(axis=-2)
    return np.where(alive.any(axis=-2), last, -1)


def fate_of_the_living(paths: NDArray[np.uint8], periods: int, late_months: float = LATE_MONTHS) -> pd.DataFrame:
    """Return what became of the relationships that were alive after some periods: why none of them had a pattern.

    Parameters
    ----------
    paths
        True codes of stages, shape (periods, customers), as in `pattern_of_paths`; a period is a month.
    periods
        Look at who is alive after that many periods; fewer than the paths have.
    late_months
        As in `pattern_of_paths`.

    Returns
    -------
    pandas.DataFrame
        Four rows, the stages as they were then: ``stage`` (key of a term), ``customers``, and how many of them ended
        later as ``I`` … ``IV`` or were ``alive`` at the last period.

    Raises
    ------
    CvmError
        If there are not so many periods or their number is not whole, for codes beyond 5, or paths of another shape.

    Examples
    --------
    >>> path = np.array([[1, 1, 5], [1, 2, 2]], dtype=np.uint8).T
    >>> fate_of_the_living(path, periods=2)[["stage", "customers", "I", "alive"]].values.tolist()
    [['exploration', 1, 1, 0], ['formation', 1, 0, 1], ['stability', 0, 0, 0], ['decline', 0, 0, 0]]
    """
    import pandas as pd

    check_count("periods", periods)
    codes = check_paths(paths, (2,))
    pattern = pattern_of_paths(codes, late_months)
    if periods >= len(codes):
        raise CvmError("patterns.too_few_periods", periods=periods, count=len(codes))
    then = codes[periods - 1]
    rows = []
    for code, stage in enumerate(STAGES, start=1):
        later = np.bincount(pattern[then == code], minlength=len(PATTERNS) + 1)
        fates = dict(zip(("alive", *PATTERNS), later.tolist(), strict=True))
        rows.append({"stage": stage, "customers": int(later.sum()), **fates})
    return pd.DataFrame(rows)[["stage", "customers", *PATTERNS, "alive"]]


def late_formation(stage: NDArray[np.uint8], months: int = 6) -> NDArray[np.bool_]:
    """Return which months are the last of formation: those that only margin and breadth tell from stability.

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
        For codes beyond 5, another shape or no period, or a number of months that is below 1 or not whole.

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
