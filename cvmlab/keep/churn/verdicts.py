"""The book's verdict on lost customers (S21), why it is always "serious", and a share that says how serious."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.checking import check_count, check_parameter
from cvmlab.core.formats import percent
from cvmlab.core.guarding import public
from cvmlab.core.statistics import wilson_interval
from cvmlab.core.words import CvmError, say

from .reason_rules import CONTROLLABLE, NO_RULE, REASONS
from .reasons import coded_switches, shares_of, values_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_IS_CONTROLLABLE = np.array([reason in CONTROLLABLE for reason in REASONS])


@public
@dataclass(frozen=True)
class Verdict:
    """The book's verdict on the reasons of those who left.

    Attributes
    ----------
    serious
        True if any customer named reason 2, 4 or 6 (``left_on_own``, ``attracted``, ``other_reason``).
    leavers
        Customers who left.
    controllable
        Customers among them who named 2, 4 or 6.
    no_rule
        Customers counted under 6 only because no rule found a reason in their text.
    serious_without_them
        The verdict if these are left out.
    unknown
        Customers of whom there is neither text nor reason.
    """

    serious: bool
    leavers: int
    controllable: int
    no_rule: int
    serious_without_them: bool
    unknown: int

    def sentence(self) -> str:
        """Return the verdict as a sentence in the language in force."""
        return say(
            "reasons.verdict_serious" if self.serious else "reasons.verdict_normal",
            known=self.leavers - self.unknown, controllable=self.controllable,
        )  # fmt: skip


@public
def verdict(reasons: pd.DataFrame) -> Verdict:
    """Return the book's verdict: about normal if only reasons 1, 3 and 5 occur, serious if any of 2, 4 and 6 does.

    Parameters
    ----------
    reasons
        One row per customer who left, from `code_reasons`.

    Returns
    -------
    Verdict
        ``serious`` (True or False), the customers counted, and ``sentence()``.

    Raises
    ------
    CvmError
        For missing columns, reasons that are not True or False, and where no customer has a reason.

    Notes
    -----
    CRM3 §3.2.4: 1 (given up), 3 (poached) and 5 (forced) have causes outside or are intended, 2 (left on their own), 4
    (attracted) and 6 (other) are the firm's own fault. As in the book, a single customer decides; `chance_of_serious`
    shows what comes of it, `controllable_share` is the better question. ``other_reason`` counts in full, as the rule
    has it: also where no rule found a reason in a text, which ``serious_without_them`` leaves out.

    Examples
    --------
    >>> import pandas as pd
    >>> from cvmlab import churn
    >>> leavers = pd.DataFrame({"text": ["I lost my job"] * 99 + ["They are cheaper"]})
    >>> print(verdict(churn.code_reasons(leavers)).sentence())
    Serious: 1 of 100 customers who left for a known reason named 2, 4 or 6. By the letter of the book one is enough.
    """
    named, unknown = coded_switches(reasons)
    no_rule = reasons[NO_RULE].to_numpy(bool) if NO_RULE in reasons else np.zeros(len(reasons), bool)
    if not (named.any() or no_rule.any()):
        raise CvmError("reasons.no_reason_known", rows=len(reasons))
    by_rule = int(named[:, _IS_CONTROLLABLE].any(axis=1).sum())
    unread = int(no_rule.sum())
    return Verdict(
        serious=by_rule + unread > 0,
        leavers=len(reasons),
        controllable=by_rule + unread,
        no_rule=unread,
        serious_without_them=by_rule > 0,
        unknown=int((unknown & ~no_rule).sum()),
    )


@public
def chance_of_serious(leavers: int, *, rate: float) -> float:
    """Return how likely the book's verdict is "serious" when each leaver names reason 2, 4 or 6 with a small chance.

    Parameters
    ----------
    leavers
        Customers who left: a whole number from 1.
    rate
        Chance that one of them names reason 2, 4 or 6 (share of 1).

    Returns
    -------
    float
        1 − (1 − ``rate``)^``leavers``, from 0 to 1.

    Raises
    ------
    CvmError
        For numbers outside these bounds.

    Notes
    -----
    *Assumed*: customers leave independently of one another. The verdict therefore depends on how many customers there
    are more than on why they leave: a firm with ten thousand of them is always "serious".

    Examples
    --------
    >>> [round(chance_of_serious(leavers, rate=0.02), 3) for leavers in (10, 50, 200, 1000)]
    [0.183, 0.636, 0.982, 1.0]
    """
    check_count("leavers", leavers)
    check_parameter("rate", rate, 0, 1, word="controllable_rate")
    return float(-np.expm1(leavers * np.log1p(-rate))) if rate < 1 else 1.0


@public
@dataclass(frozen=True)
class ControllableShare:
    """Share of the lost value that left for reasons a firm can do something about.

    Attributes
    ----------
    share, low, high
        Share of the value of those whose reason is known, with its 95% interval (shares of 1).
    least, most
        The share of all lost value if none, or all, of those whose reason is unknown left for such reasons.
    known_value, unknown_value
        Value of customers whose reason is known and unknown (currency units, or customers).
    benchmark
        The share it is compared with, None if none was stated.
    compared
        ``above`` or ``below`` if the whole interval is, ``undecided`` if the benchmark lies within it, ``none`` without
        a benchmark.
    """

    share: float
    low: float
    high: float
    least: float
    most: float
    known_value: float
    unknown_value: float
    benchmark: float | None
    compared: str

    def sentence(self) -> str:
        """Return the finding as a sentence in the language in force."""
        said = {name: percent(getattr(self, name)) for name in ("share", "low", "high", "least", "most")}
        if self.benchmark is not None:
            said["benchmark"] = percent(self.benchmark)
        found = say(f"reasons.controllable_{self.compared}", **said)
        return say("reasons.controllable_unknown", found=found, **said) if self.unknown_value else found


@public
def controllable_share(
    reasons: pd.DataFrame, *, value: str | None = None, benchmark: float | None = None
) -> ControllableShare:
    """Return the share of lost value that left for reasons 2, 4 and 6, with a 95% interval and bounds for the unknown.

    Parameters
    ----------
    reasons
        One row per customer who left, from `code_reasons`.
    value
        Column of what each was worth, for example ``current_value`` (currency units, not negative); each customer
        counts the same if left out.
    benchmark
        The share to compare with, for example that of last year or of the industry (share of 1).

    Returns
    -------
    ControllableShare
        ``share``, ``low``, ``high`` (of the value whose reason is known), ``least``, ``most`` (of all value, whatever
        the unknown reasons are), ``compared`` with the benchmark, and ``sentence()``.

    Raises
    ------
    CvmError
        For missing columns, values that are negative, empty or all 0, and where the reason of no customer, or of none
        with any value, is known.

    Notes
    -----
    share = Σ value × controllable part / Σ value over those whose reason is known. The controllable part of a customer
    is the number of reasons 2, 4 and 6 they named over the number of all they named: several reasons count the same.
    Interval: that of Wilson (1927) for as many equal customers as would leave the same uncertainty, by the variance of
    a ratio (Cochran 1977, §6.4), and at most as many as the values make them (Kish 1965): with a few very valuable
    customers these are few, and the interval is wide. It holds in 91 to 99% of simulated cases, the bootstrap in 53 to
    96%. The unknown, those without a text and those in whose text no rule found anything, are left out of the share
    and bounded apart.
    *Assumed*: the leavers are a sample of those who leave under the same conditions, each independent of the others.
    CRM3 §3.2.4 has no such share; it is ours, after Braun & Schweidel (2011), who treat reasons as competing.

    Examples
    --------
    >>> import pandas as pd
    >>> from cvmlab import churn
    >>> said = ["They are cheaper"] * 30 + ["I lost my job"] * 60 + [""] * 10
    >>> leavers = pd.DataFrame({"text": said, "value": [300] * 30 + [100] * 70})
    >>> found = controllable_share(churn.code_reasons(leavers), value="value", benchmark=0.4)
    >>> print(found.sentence())
    60% of the lost value left for reasons we can do something about (95% interval 48% to 71%): more than the benchmark
    of 40%. With the unknown reasons it is between 56% and 62%.
    """
    if benchmark is not None:
        check_parameter("benchmark", benchmark, 0, 1)
    named, unknown = coded_switches(reasons)
    worth = values_of(reasons, value)
    known = worth[~unknown]
    if not known.any():
        raise CvmError("reasons.no_reason_known", rows=len(reasons))
    part = shares_of(named)[~unknown][:, _IS_CONTROLLABLE].sum(axis=1)
    share, low, high = _ratio(known, part)
    left, total = float(worth[unknown].sum()), float(worth.sum())
    at_fault = float(known @ part)
    return ControllableShare(
        share=share,
        low=low,
        high=high,
        least=at_fault / total,
        most=min((at_fault + left) / total, 1.0),
        known_value=float(known.sum()),
        unknown_value=left,
        benchmark=benchmark,
        compared=_compared(low, high, benchmark),
    )


def _compared(low: float, high: float, benchmark: float | None) -> str:
    if benchmark is None:
        return "none"
    if low > benchmark:
        return "above"
    return "below" if high < benchmark else "undecided"


def _ratio(worth: Floats, part: Floats) -> tuple[float, float, float]:
    """Return a share of value and its 95% bounds: Wilson's for the number of equal customers that are as uncertain."""
    weight = worth / worth.sum()
    share = min(max(float(weight @ part), 0.0), 1.0)
    # as many as the values make them, whatever the reasons (Kish 1965): a few large ones alike say little
    equal = 1 / float((weight**2).sum())
    variance = float((weight**2) @ (part - share) ** 2) * len(worth) / max(len(worth) - 1, 1)
    if variance > 0 and 0 < share < 1:
        equal = max(min(share * (1 - share) / variance, equal), 1.0)
    low, high = wilson_interval(np.array([share]), np.array([equal]))
    return share, max(float(low[0]), 0.0), min(float(high[0]), 1.0)
