"""Patterns of histories: estimated from paths through the stages, counted, and compared with a known truth (S04)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.checking import check_count
from cvmlab.core.formats import percent
from cvmlab.core.guarding import public
from cvmlab.core.patterns import LATE_MONTHS, PATTERNS
from cvmlab.core.statistics import confidence_bands, wilson_interval
from cvmlab.core.words import CvmError
from cvmlab.data.panels import Panel
from cvmlab.data.tables import CUSTOMER_ID, REVENUE, check_columns, check_one_row_each, numbers_between
from cvmlab.relationship.lifecycle import DECLINE, ENDED

from .paths import STAGE_LEFT, UNDECIDED, check_patterns, last_periods, pattern_of_paths

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from cvmlab.relationship.stages import StageModel

# Codes of paths in memory at once.
_CELLS = 40_000_000
_NAMES = np.array([UNDECIDED, *PATTERNS], dtype=object)

# More draws than this tell a probability to better than a hundredth.
_MOST_DRAWS = 10_000


@public
def classify(
    panel: Panel, model: StageModel | None = None, *, draws: int = 50, seed: int = 0, late_months: float = LATE_MONTHS
) -> pd.DataFrame:
    """Estimate each customer's pattern, and how sure that is.

    Stages are not observed. Paths through the stages that fit the history are drawn (`cvmlab.stages.sample`), the
    pattern of each is determined (`pattern_of_paths`), and the patterns are counted. A customer is undecided unless
    most paths have a pattern: an end is needed to know I, II and III, and one or two silent months at the end of the
    data are not an end; IV is known as soon as early stability is outlived. A customer who bought in the last period is
    alive.

    Parameters
    ----------
    panel
        Histories, as `cvmlab.stages.fit` takes them.
    model
        A fitted `cvmlab.stages.StageModel`; fitted to the panel if left out.
    draws
        Paths per customer; a probability of p is known to about √(p(1−p)/draws).
    seed
        Of the draws (and of the fit).
    late_months
        Months of stability from which the pattern is IV.

    Returns
    -------
    pandas.DataFrame
        One row per customer: ``customer_id``, ``pattern`` (I–IV, "" for undecided), ``confidence`` (its probability),
        ``ended_probability``, ``active`` (whether an end is at most as likely as not), ``probability_I`` …
        ``probability_IV`` (of the paths with a pattern; NaN where there is none), ``stage_left`` (key of a term, "" if
        active), ``last_period`` (start of the last period alive: the median of the paths that agree with what is said).

    Raises
    ------
    CvmError
        For a number of draws below 1 or not whole, a seed that is not a whole number from 0, or a panel that does not
        fit the model.

    Notes
    -----
    Estimated, not known. On simulated data (`grade`, `calibration`) the confidence claims too much below the very top:
    of the generator's own patterns stated with 0.83 about five in ten are right, with 0.99 nine; of relationships made
    otherwise (`benchmarks/bench_stages.py`) more than nine in ten of those stated above 0.9.
    The report therefore states none.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=100, periods=36, seed=1)
    >>> said = classify(known.panel, draws=10)
    >>> bool(grade(said, known.truth)["right"].iloc[3] > 0.9)  # of the long-lasting
    True
    """
    from cvmlab.relationship import stages

    check_count("draws", draws, 1, _MOST_DRAWS)
    chosen = stages.fit(panel, seed=seed) if model is None else model
    customers = len(panel.customer_id)
    shares = np.zeros((len(PATTERNS) + 1, customers))
    last = np.zeros((2, customers), dtype=np.int64)
    over = np.zeros(customers)
    # who bought in the last period is alive, whatever a drawn path says
    bought = panel[REVENUE][-1] > 0
    size = max(_CELLS // max(int(draws) * len(panel.period), 1), 1)
    for begin in range(0, customers, size):
        some = np.arange(begin, min(begin + size, customers))
        paths = stages.sample(panel.part(some), chosen, draws=int(draws), seed=seed)
        ended = (paths[:, -1] == ENDED) & ~bought[some]
        paths[:, -1] = np.where(bought[some] & (paths[:, -1] == ENDED), DECLINE, paths[:, -1])
        codes = pattern_of_paths(paths, late_months, panel.months)
        shares[:, some] = [(codes == code).mean(axis=0) for code in range(len(shares))]
        over[some] = ended.mean(axis=0)
        rows = last_periods(paths)
        last[:, some] = [_median_where(rows, ~ended), _median_where(rows, ended)]
    return _classified(panel, shares, over, last)


def _median_where(rows: NDArray[np.int64], chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the lower median row of the chosen draws of each customer, 0 where none is chosen."""
    ordered = np.sort(np.where(chosen, rows, np.iinfo(np.int64).max), axis=0)
    middle = np.maximum((chosen.sum(axis=0) - 1) // 2, 0)
    found = np.take_along_axis(ordered, middle[None], axis=0)[0]
    return np.where(chosen.any(axis=0), np.maximum(found, 0), 0)


def _classified(
    panel: Panel, shares: NDArray[np.float64], over: NDArray[np.float64], last: NDArray[np.int64]
) -> pd.DataFrame:
    import pandas as pd

    has_pattern = shares[1:].sum(axis=0)
    active = over <= 0.5
    code = np.where(has_pattern > 0.5, shares[1:].argmax(axis=0) + 1, 0)
    given = np.divide(shares[1:], has_pattern, out=np.full_like(shares[1:], np.nan), where=has_pattern > 0)
    left = np.array(["", *(STAGE_LEFT[pattern] for pattern in PATTERNS)], dtype=object)
    row = np.where(active, last[0], last[1])
    return pd.DataFrame(
        {
            CUSTOMER_ID: panel.customer_id,
            "pattern": _NAMES[code],
            "confidence": np.take_along_axis(shares, code[None], axis=0)[0],
            "ended_probability": over,
            "active": active,
            **{f"probability_{name}": given[k] for k, name in enumerate(PATTERNS)},
            "stage_left": np.where(active, "", left[code]),
            "last_period": panel.period[row],
        }
    )


@public
def by_length(panel: Panel, cuts: Sequence[float] = (10, 32, 38), silent: int = 6) -> pd.DataFrame:
    """Name each customer's pattern by the months from the first to the last purchase alone.

    The simplest rival of `classify`: it knows no stage, and it is what a manager would do with a list of dates.

    Parameters
    ----------
    panel
        Histories with ``revenue``.
    cuts
        Months from which a relationship is II, III and IV, rising. The default separates best the patterns that
        `cvmlab.simulated` makes: it is chosen with their truth in view.
    silent
        Months without a purchase at the end of the data that count as an end.

    Returns
    -------
    pandas.DataFrame
        One row per customer: ``customer_id``, ``pattern`` (I–IV; "" for undecided: active for less than the last cut,
        or without a purchase).

    Raises
    ------
    CvmError
        Unless there are three cuts that rise.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=300, periods=60, seed=1)
    >>> by_length(known.panel)["pattern"].iloc[:3].tolist()
    ['IV', 'IV', 'II']
    """
    import pandas as pd

    from cvmlab.relationship.stages.evidence import check_panel

    check_panel(panel)
    check_count("silent", silent)
    if len(cuts) != len(PATTERNS) - 1 or not all(low < high for low, high in pairwise(cuts)):
        raise CvmError("patterns.cuts", cuts=", ".join(map(str, cuts)))
    bought = panel[REVENUE] > 0
    first, since = bought.argmax(axis=0), bought[::-1].argmax(axis=0)
    code = np.digitize((len(bought) - since - first) * panel.months, cuts) + 1
    is_known = (since * panel.months >= silent) | (code == len(PATTERNS))
    code = np.where(is_known & bought.any(axis=0), code, 0)
    return pd.DataFrame({CUSTOMER_ID: panel.customer_id, "pattern": _NAMES[code]})


@public
def pattern_shares(classified: pd.DataFrame) -> pd.DataFrame:
    """Count how often each pattern occurs, the undecided apart.

    Parameters
    ----------
    classified
        From `classify`: ``pattern`` and, where they are there, ``active`` and the probabilities; or any frame with a
        true ``pattern``, such as the truth of `cvmlab.simulated`, where ``ended`` is −1 for active customers.

    Returns
    -------
    pandas.DataFrame
        Five rows, I–IV and "" for undecided: ``pattern``, ``customers``, ``active`` (of them, still active; NaN where
        the frame does not say), ``share`` of all customers, ``low`` and ``high`` (95% interval of the share by Wilson
        (1927): for the chance of the sample, not for mistakes of the decoding), ``expected_share`` (mean probability of
        the pattern, NaN where the frame has none).

    Raises
    ------
    CvmError
        For a frame without ``pattern`` or without rows, or an unknown pattern.

    Examples
    --------
    >>> import pandas as pd
    >>> shares = pattern_shares(pd.DataFrame({"pattern": ["I", "I", "IV", ""]}))
    >>> shares[["pattern", "customers", "share"]].values.tolist()
    [['I', 2, 0.5], ['II', 0, 0.0], ['III', 0, 0.0], ['IV', 1, 0.25], ['', 1, 0.25]]
    """
    import pandas as pd

    pattern = check_patterns(classified, "classified")
    names = [*PATTERNS, UNDECIDED]
    count = np.array([(pattern == name).sum() for name in names])
    low, high = wilson_interval(count / len(pattern), np.array(len(pattern)))
    return pd.DataFrame(
        {
            "pattern": names,
            "customers": count,
            "active": _active(classified, pattern),
            "share": count / len(pattern),
            "low": low,
            "high": high,
            "expected_share": _expected(classified),
        }
    )


def _active(classified: pd.DataFrame, pattern: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return how many customers of each pattern are still active, NaN where the frame does not say."""
    if "active" in classified:
        active = classified["active"].to_numpy(bool)
    elif "ended" in classified and classified["ended"].dtype.kind == "i":
        active = classified["ended"].to_numpy() < 0
    else:
        return np.full(len(PATTERNS) + 1, np.nan)
    return np.array([((pattern == name) & active).sum() for name in (*PATTERNS, UNDECIDED)], dtype=float)


def _expected(classified: pd.DataFrame) -> NDArray[np.float64]:
    columns = [f"probability_{name}" for name in PATTERNS]
    if not {"pattern", "confidence", *columns} <= set(classified):
        return np.full(len(PATTERNS) + 1, np.nan)
    given = np.nan_to_num(classified[columns].to_numpy(float))
    stated = classified["confidence"].to_numpy(float)
    # what is stated of a pattern is its share of all paths, of the undecided that of the paths without one
    decided = (classified["pattern"] != UNDECIDED).to_numpy()
    best = np.where(decided, given.max(axis=1), 1)
    has_pattern = np.where(decided, stated / best, 1 - stated)
    return np.append((given * has_pattern[:, None]).mean(axis=0), 1 - has_pattern.mean())


@public
def grade(classified: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Compare estimated patterns with the known patterns of simulated relationships.

    Parameters
    ----------
    classified
        ``customer_id`` and ``pattern``, from `classify`.
    truth
        ``customer_id`` and ``pattern`` (I–IV, "" while undecided), from `cvmlab.simulated.Relationships`.

    Returns
    -------
    pandas.DataFrame
        A confusion matrix of customers, one row per true pattern: ``pattern`` (I–IV, "" undecided), the columns
        ``I``, ``II``, ``III``, ``IV`` and ``undecided`` (estimated), ``right`` (share of the row, NaN where it is
        empty).

    Raises
    ------
    CvmError
        If a column is missing, a pattern unknown, or a customer appears in more than one row or has no truth.

    Examples
    --------
    >>> import pandas as pd
    >>> said = pd.DataFrame({"customer_id": ["a", "b", "c"], "pattern": ["I", "", "III"]})
    >>> known = pd.DataFrame({"customer_id": ["a", "b", "c"], "pattern": ["I", "", "II"]})
    >>> grade(said, known)[["II", "III", "undecided"]].values.tolist()
    [[0, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1]]
    """
    import pandas as pd

    said, known = _said_and_known(classified, truth)
    names = [*PATTERNS, UNDECIDED]
    counts = np.array([[((known == true) & (said == name)).sum() for name in names] for true in names])
    total = counts.sum(axis=1)
    frame = pd.DataFrame(counts, columns=[*PATTERNS, "undecided"])
    frame.insert(0, "pattern", names)
    frame["right"] = np.divide(counts.diagonal(), total, out=np.full(len(names), np.nan), where=total > 0)
    return frame


@public
def with_precision(classified: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Show `grade` with what whoever acts on a prediction has to know: how many of those called so are.

    Parameters
    ----------
    classified
        ``customer_id`` and ``pattern``, from `classify`.
    truth
        ``customer_id`` and ``pattern`` (I–IV, "" while undecided), from `cvmlab.simulated.Relationships`.

    Returns
    -------
    pandas.DataFrame
        To look at: the rows of `grade`, ``right`` as percent, the active named "alive", and a row
        ``called_so_right`` with the share of each column that is right ("–" where nobody is called so).

    Raises
    ------
    CvmError
        If a column is missing, a pattern unknown, or a customer appears in more than one row or has no truth.

    Examples
    --------
    >>> import pandas as pd
    >>> said = pd.DataFrame({"customer_id": ["a", "b", "c"], "pattern": ["I", "", "III"]})
    >>> known = pd.DataFrame({"customer_id": ["a", "b", "c"], "pattern": ["I", "", "II"]})
    >>> with_precision(said, known).iloc[-1].tolist()
    ['called_so_right', '100%', '–', '0%', '–', '100%', '']
    """
    graded = grade(classified, truth)
    counts = graded[[*PATTERNS, "undecided"]].to_numpy()
    called = counts.sum(axis=0)
    precision = np.divide(counts.diagonal(), called, out=np.full(len(called), np.nan), where=called > 0)
    shown = graded.astype(object).assign(
        pattern=graded["pattern"].replace(UNDECIDED, "alive"), right=graded["right"].map(percent)
    )
    shown.loc[len(shown)] = ["called_so_right", *map(percent, precision), ""]
    return shown.astype(object)


@public
def calibration(classified: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Compare the stated confidence in a pattern with how often it was right.

    Parameters
    ----------
    classified
        ``customer_id``, ``pattern`` and ``confidence``, from `classify`; the undecided do not count.
    truth
        ``customer_id`` and the true ``pattern``.

    Returns
    -------
    pandas.DataFrame
        One row per band of confidence that occurs: ``confidence_from``, ``confidence_to``, ``customers``,
        ``confidence`` (mean stated), ``right`` (share that was right).

    Examples
    --------
    >>> import pandas as pd
    >>> said = pd.DataFrame({"customer_id": ["a", "b"], "pattern": ["I", "II"], "confidence": [0.97, 0.93]})
    >>> known = pd.DataFrame({"customer_id": ["a", "b"], "pattern": ["I", "III"]})
    >>> calibration(said, known)[["customers", "right"]].values.tolist()
    [[2.0, 0.5]]
    """
    check_columns(classified, ["confidence"], "classified")
    said, known = _said_and_known(classified, truth)
    decided = said != UNDECIDED
    # of the undecided nothing is asked, not even a confidence
    sure = np.zeros(0)
    if decided.any():
        sure = numbers_between(classified[decided], "confidence", 0, 1, "classified")
    right = (said == known.to_numpy(dtype=object))[decided]
    return confidence_bands(sure, right, (0.0, 0.6, 0.75, 0.9, 1.0), "customers")


def _said_and_known(classified: pd.DataFrame, truth: pd.DataFrame) -> tuple[NDArray[np.object_], pd.Series[str]]:
    said = check_patterns(classified, "classified")
    check_patterns(truth, "truth")
    for frame, table in ((classified, "classified"), (truth, "truth")):
        check_columns(frame, [CUSTOMER_ID], table)
        check_one_row_each(frame)
    known = classified[CUSTOMER_ID].map(truth.set_index(CUSTOMER_ID)["pattern"])
    if known.isna().any():
        raise CvmError("patterns.no_truth", customer=classified[CUSTOMER_ID][known.isna()].iloc[0])
    return said, known
