"""Retention projected beyond the periods it was fitted on, beside two simpler rules and what came (S20)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.checking import check_count
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError
from cvmlab.data.tables import check_columns, numbers

from .counting import MOST_PERIODS
from .sbg import Cohort, fit_cohort, read_cohort

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: The model and the two rules it is compared with.
METHODS = ("sbg", "constant_rate", "last_rate")


@public
def project_retention(table: pd.DataFrame, *, fit_periods: int, periods: int | None = None) -> pd.DataFrame:
    """Return retention projected from the first periods on by an sBG model and two simpler rules, beside what came.

    Parameters
    ----------
    table
        As for `fit_sbg`; the periods from 1 on without a gap.
    fit_periods
        Number of periods the projections may use, at least 2.
    periods
        Number of periods to project to, the fitted ones included; as many as the table has if left out.

    Returns
    -------
    pandas.DataFrame
        A row per period: ``period``, ``retention`` (share of a cohort still there, observed; NaN where nobody was
        seen any more), ``held_out`` (True for periods that were observed and not used), and the projections ``sbg``,
        ``constant_rate`` (the mean retention rate of the fitted periods goes on) and ``last_rate`` (that of the last
        fitted period goes on). Each starts from the retention observed after the fitted periods; before, NaN.

    Raises
    ------
    CvmError
        For what `fit_sbg` refuses, for gaps between the periods and fewer than two fitted ones.

    Notes
    -----
    Where customers differ the hazard falls, and a constant rate projects that too few stay. On simulated worlds that
    it was not made from (1,000 customers, 7 periods fitted, 5 held out, mean error in points of retention over 60
    draws, sBG / constant rate / last rate): two segments 1.2 / 7.3 / 1.9; a constant hazard 1.0 / 0.8 / 1.3; a hazard
    that rises steadily 10.2 / 10.2 / 4.0, where the model loses to the rate of the last period; contracts that end in
    the eighth period 29 / 28 / 29, which none of them can know. *Assumed* by all: customers to come, and what drives
    them away, are as they were.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> there = np.array([1000, 631, 468, 382, 326, 289, 262, 241])
    >>> cohort = pd.DataFrame({"period": range(1, 8), "at_risk": there[:-1], "left": there[:-1] - there[1:]})
    >>> print(project_retention(cohort, fit_periods=5, periods=8).tail(4).round(3).to_string(index=False))
     period  retention  held_out   sbg  constant_rate  last_rate
          5      0.289     False 0.289          0.289      0.289
          6      0.262      True 0.258          0.216      0.256
          7      0.241      True 0.235          0.161      0.227
          8        NaN     False 0.215          0.120      0.201
    """
    import pandas as pd

    cohort = read_cohort(table)
    seen = len(cohort.period)
    if cohort.period[-1] != seen:
        missing = np.setdiff1d(np.arange(1, seen + 1), cohort.period)[0]
        raise CvmError("retention.project_gap", period=int(missing))
    if seen < 2:
        raise CvmError("retention.sbg_one_period", periods=seen)
    check_count("fit_periods", fit_periods, 2, seen)
    end = seen if periods is None else periods
    check_count("periods", end, fit_periods, MOST_PERIODS)
    fitted = Cohort(*(part[:fit_periods] for part in cohort))
    if not fitted.at_risk[-1]:
        raise CvmError("retention.project_nobody", period=fit_periods)
    model = fit_cohort(fitted)
    stays = np.divide(cohort.at_risk - cohort.left, cohort.at_risk, out=np.full(seen, np.nan), where=cohort.at_risk > 0)
    observed = np.full(max(end, seen), np.nan)
    observed[:seen] = np.cumprod(stays)
    observed = observed[:end]
    period = np.arange(1, end + 1)
    ahead = end - fit_periods
    rates = {
        "sbg": model.retention_rates(end)[fit_periods:],
        "constant_rate": np.full(ahead, 1 - fitted.left.sum() / fitted.at_risk.sum()),
        "last_rate": np.full(ahead, stays[fit_periods - 1]),
    }
    start = observed[fit_periods - 1]
    projected = {
        name: np.concatenate([np.full(fit_periods - 1, np.nan), start * np.cumprod(np.append(1.0, going_on))])
        for name, going_on in rates.items()
    }
    held_out = (period > fit_periods) & np.isfinite(observed)
    return pd.DataFrame({"period": period, "retention": observed, "held_out": held_out, **projected})


@public
def grade_projection(projection: pd.DataFrame) -> pd.DataFrame:
    """Return how far each projection of `project_retention` was off in the periods held out.

    Parameters
    ----------
    projection
        ``retention``, ``held_out``, ``sbg``, ``constant_rate``, ``last_rate``, as `project_retention` returns them.

    Returns
    -------
    pandas.DataFrame
        A row per method, the best first: ``method``, ``held_out_periods``, ``mean_error`` (mean absolute difference of
        projected and observed retention), ``error_at_end`` (projected less observed in the last held-out period).
        Shares of 1.

    Raises
    ------
    CvmError
        Where no period was held out.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> there = np.array([1000, 631, 468, 382, 326, 289, 262, 241])
    >>> cohort = pd.DataFrame({"period": range(1, 8), "at_risk": there[:-1], "left": there[:-1] - there[1:]})
    >>> print(grade_projection(project_retention(cohort, fit_periods=4)).round(3).to_string(index=False))
           method  held_out_periods  mean_error  error_at_end
              sbg                 3       0.008        -0.011
        last_rate                 3       0.025        -0.038
    constant_rate                 3       0.085        -0.115
    """
    import pandas as pd

    check_columns(projection, ["held_out", *METHODS], "projection")
    if not len(projection):
        raise CvmError("tables.no_rows", table="projection")
    if not pd.api.types.is_bool_dtype(projection["held_out"]) or projection["held_out"].isna().any():
        raise CvmError("retention.not_held_out", column="held_out")
    kept = projection[projection["held_out"].astype(bool)]
    if not len(kept):
        raise CvmError("retention.nothing_held_out")
    observed = numbers(kept, "retention", "projection")
    gaps = np.array([numbers(kept, name, "projection") - observed for name in METHODS])
    found = {"mean_error": np.abs(gaps).mean(axis=1), "error_at_end": gaps[:, -1]}
    frame = pd.DataFrame({"method": METHODS, "held_out_periods": len(kept), **found})
    return frame.sort_values("mean_error", kind="stable", ignore_index=True)
