"""What keeping customers is worth: fewer defections, the cost of acquisition paid back, the cost of a programme (S20).

A profit per period is money; margins, as shares of revenue, have no place here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from cvmlab.core.annotations import OrNaN
from cvmlab.core.checking import check_parameter
from cvmlab.core.discounting import First, counts_now, discount_factor, period_rate
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, Wording, say
from cvmlab.worth.value import elasticity_of_multiple, margin_multiple
from cvmlab.worth.value.lifetime import check_survival

if TYPE_CHECKING:
    import pandas as pd

Reading = Literal["points", "percent", "both"]
#: A rounding is no reason to wait for one more payment.
_ROUNDING = 1e-9


@public
def value_of_defections(
    retention_rate: float,
    *,
    discount_rate: float,
    fewer: float = 0.05,
    fewer_as: Reading = "both",
    profit_per_period: float = 1.0,
    periods_per_year: float = 1,
    first: First = "next",
) -> pd.DataFrame:
    """Return what a customer is worth before and after "five percent fewer defections", in both readings of it.

    Parameters
    ----------
    retention_rate
        Per period, a share of 1.
    discount_rate, periods_per_year, first
        Yearly rate, periods per year, and whether the first profit counts ``"now"`` or ``"next"`` period.
    fewer
        By how much defections fall: 0.05 for five.
    fewer_as
        ``"points"``: percentage points of all customers, .80 becomes .85; ``"percent"``: percent of those who leave,
        .80 becomes .81; ``"both"`` side by side.
    profit_per_period
        Money a customer brings in each period.

    Returns
    -------
    pandas.DataFrame
        A row per reading: ``fewer_as``, ``retention_before``, ``retention_after``, ``customer_value_before``,
        ``customer_value_after``, ``customer_value_change`` (money), ``change_share`` (of the value before; NaN where
        that is not above 0) and ``elasticity`` (percent of value per percent of retention, at the rate before).

    Raises
    ------
    CvmError
        For a rate outside 0 to 1, one that rises above 1, and values without end.

    Notes
    -----
    Value: profit · r/(1+i−r), or one profit more for ``first="now"`` (`cvmlab.value.margin_multiple`). Reichheld &
    Sasser (1990, Harvard Business Review 68(5), 105-111) report that profits rise by 25% to 85% where five *points*
    fewer leave: a range of cases, not a law. *Assumed*: a constant retention rate, which does not change what a
    customer brings, and a change that costs nothing: see `break_even_cost_of_keeping`.

    Examples
    --------
    >>> found = value_of_defections(0.80, discount_rate=0.10)
    >>> print(found[["fewer_as", "retention_after", "customer_value_after", "change_share"]].round(3).to_string())
      fewer_as  retention_after  customer_value_after  change_share
    0   points             0.85                 3.400         0.275
    1  percent             0.81                 2.793         0.047
    """
    import pandas as pd

    check_parameter("retention_rate", retention_rate, 0, 1)
    check_parameter("fewer", fewer, 0, 1)
    readings = ("points", "percent") if fewer_as == "both" else (fewer_as,)
    gains = {"points": fewer, "percent": fewer * (1 - retention_rate)}
    after = np.array([retention_rate + gains[reading] for reading in readings], dtype=np.float64)
    if (after > 1 + _ROUNDING).any():
        raise CvmError("retention.beyond_one", rate=f"{retention_rate:g}", fewer=f"{fewer:g}", after=f"{after.max():g}")
    after = np.minimum(after, 1.0)
    before = float(profit_per_period * margin_multiple(float(retention_rate), discount_rate, periods_per_year, first))
    then = profit_per_period * margin_multiple(after, discount_rate, periods_per_year, first)
    elasticity = elasticity_of_multiple(float(retention_rate), discount_rate, periods_per_year, first)
    return pd.DataFrame({
        "fewer_as": readings, "retention_before": float(retention_rate), "retention_after": after,
        "customer_value_before": before, "customer_value_after": then, "customer_value_change": then - before,
        "change_share": (then - before) / before if before > 0 else np.nan, "elasticity": elasticity,
    })  # fmt: skip


@public
@dataclass(frozen=True)
class Payback:
    """After how many periods the profits of customers have paid for their acquisition.

    Attributes
    ----------
    periods
        Periods after the acquisition; infinity if the cost is never paid back, NaN if the survival curve ends before
        it is and with customers still there.
    recovered
        Present value of all profits counted, as a share of the cost; NaN where nothing was to be paid back.
    seen
        Number of periods in the survival curve, 0 for a constant retention rate, whose profits have no end.
    """

    periods: float
    recovered: OrNaN
    seen: int = 0

    @property
    def sentence(self) -> str:
        """What it says, in the language in force."""
        if np.isnan(self.periods):
            return say("retention.payback_unknown", seen=self.seen, recovered=self.recovered)
        if np.isinf(self.periods):
            return say("retention.payback_never", recovered=self.recovered)
        key = "payback_at_once" if self.periods == 0 else "payback_after"
        return say(f"retention.{key}", periods=int(self.periods))


@public
def payback(
    acquisition_cost: float,
    *,
    profit_per_period: float,
    retention_rate: float | None = None,
    survival: ArrayLike | None = None,
    discount_rate: float = 0.0,
    periods_per_year: float = 1,
    first: First = "next",
) -> Payback:
    """Return after how many periods the expected profits of a customer have paid for the acquisition.

    Parameters
    ----------
    acquisition_cost
        Money spent per customer won, at least 0.
    profit_per_period
        Money a customer who is still there brings in each period.
    retention_rate
        Constant, per period, a share of 1; or instead of it:
    survival
        Share of a cohort still there at each payment, shape (periods,), as `fit_sbg` or `life_table` give it.
    discount_rate, periods_per_year, first
        Yearly rate, 0 for none; periods per year; whether the first profit counts ``"now"`` or ``"next"`` period.

    Returns
    -------
    Payback
        ``periods``: whole ones; infinity where the cost is never paid back, NaN where the curve ends too soon to know;
        its ``sentence`` tells the two apart in words.

    Raises
    ------
    CvmError
        Unless exactly one of ``retention_rate`` and ``survival`` is given, for rates outside 0 to 1 and a survival
        that rises.

    Notes
    -----
    The first n with Σ profit · S(k)/(1+i)^k ≥ cost, k to n, where S(k) = r^k at a constant rate. Dividing the cost by
    the profit, as if nobody left, gives fewer periods. *Assumed*: the profit of those who stay is the same in every
    period.

    Examples
    --------
    >>> for rate in (0.9, 0.7):
    ...     print(payback(300, profit_per_period=100, retention_rate=rate).sentence)
    The acquisition cost is paid back after 4 periods.
    The acquisition cost is never paid back: all profits to come cover 78% of it.
    """
    check_parameter("acquisition_cost", acquisition_cost, 0)
    check_parameter("profit_per_period", profit_per_period)
    rate = period_rate(discount_rate, periods_per_year)
    start = 0 if counts_now(first) else 1
    if (retention_rate is None) == (survival is None):
        raise CvmError("retention.rate_or_curve")
    if retention_rate is not None:
        check_parameter("retention_rate", retention_rate, 0, 1)
        return _at_constant_rate(acquisition_cost, profit_per_period, retention_rate / (1 + rate), start)
    curve = check_survival(np.asarray(survival))
    if curve.ndim != 1:
        raise CvmError("retention.one_curve", shape=curve.shape)
    waits = np.arange(start, start + len(curve), dtype=np.float64)
    earned = profit_per_period * np.cumsum(curve * discount_factor(discount_rate, waits, periods_per_year))
    if not acquisition_cost:
        return Payback(0.0, float("nan"), len(curve))
    paid = earned >= acquisition_cost * (1 - _ROUNDING)
    if paid.any():
        periods = float(waits[paid.argmax()])
    else:
        # with nobody left, or nothing to earn, waiting longer does not help
        periods = float("inf") if curve[-1] == 0 or profit_per_period <= 0 else float("nan")
    return Payback(periods, float(earned[-1]) / acquisition_cost, len(curve))


def _at_constant_rate(cost: float, profit: float, kept: float, start: int) -> Payback:
    """Return the payback where what a payment is worth falls by one factor from each to the next."""
    if not cost:
        return Payback(0.0, float("nan"))
    first = profit * kept**start
    endless = kept >= 1
    whole = np.inf if endless and first > 0 else (first / (1 - kept) if not endless else first)
    recovered = float(whole / cost)
    if first <= 0 or whole <= cost:
        paid = first >= cost * (1 - _ROUNDING) and first > 0
        return Payback(float(start) if paid else float("inf"), recovered)
    if kept == 0:
        return Payback(float(start), recovered)
    payments = cost / first if kept == 1 else np.log1p(-cost * (1 - kept) / first) / np.log(kept)
    return Payback(float(max(np.ceil(payments - _ROUNDING), 1) - 1 + start), recovered)


@public
def break_even_cost_of_keeping(
    retention_before: float,
    retention_after: ArrayLike,
    *,
    profit_per_period: float,
    discount_rate: float,
    periods_per_year: float = 1,
) -> pd.DataFrame:
    """Return what a programme that raises the retention rate may cost per customer, before it costs more than it wins.

    Parameters
    ----------
    retention_before, retention_after
        Rates per period without and with the programme, shares of 1; several to compare may be given for the second,
        none below the first.
    profit_per_period
        Money a customer brings in each period, before the cost of the programme.
    discount_rate, periods_per_year
        Yearly rate; periods per year.

    Returns
    -------
    pandas.DataFrame
        A row per rate: ``retention_before``, ``retention_after``, ``value_gained`` (present value per customer),
        ``cost_per_period`` and ``cost_per_year`` (money per customer in the programme; the year's is the sum of its
        periods, without interest).

    Raises
    ------
    CvmError
        For rates outside 0 to 1, a programme that lowers the rate, and values without end.

    Notes
    -----
    The programme is paid at the start of each period for everybody who is there, those included who would have stayed
    anyway and those who leave in spite of it; profits come at its end from those who stay. Gain: profit · (M(b) − M(a))
    with the margin multiple M; it pays as long as it costs less than profit · (b − a)/(1 + i − a). *Assumed*: constant
    rates, the same for all; a profit that the programme does not change; the rate falls back when it ends.

    Examples
    --------
    >>> found = break_even_cost_of_keeping(0.80, [0.81, 0.85], profit_per_period=100, discount_rate=0.10)
    >>> print(found.round(2).to_string(index=False))
     retention_before  retention_after  value_gained  cost_per_period  cost_per_year
                  0.8             0.81         12.64             3.33           3.33
                  0.8             0.85         73.33            16.67          16.67
    """
    import pandas as pd

    check_parameter("retention_before", retention_before, 0, 1)
    after = np.atleast_1d(np.asarray(retention_after, dtype=np.float64))
    if after.ndim != 1 or not len(after):
        raise CvmError("value.no_periods", label=Wording("checking.retention_after"), name="retention_after")
    check_parameter("retention_after", after, retention_before, 1)
    check_parameter("profit_per_period", profit_per_period)
    rate = period_rate(discount_rate, periods_per_year)
    multiples = margin_multiple(np.append(retention_before, after), discount_rate, periods_per_year)
    cost = profit_per_period * (after - retention_before) / (1 + rate - retention_before)
    return pd.DataFrame({
        "retention_before": float(retention_before), "retention_after": after,
        "value_gained": profit_per_period * (multiples[1:] - multiples[0]),
        "cost_per_period": cost, "cost_per_year": cost * periods_per_year,
    })  # fmt: skip
