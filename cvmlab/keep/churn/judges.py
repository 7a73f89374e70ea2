"""Two judges of the same reasons (S21, S26): how often they agree, and how much of that chance alone would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.annotations import Entries, OrNaN
from cvmlab.core.formats import percent
from cvmlab.core.guarding import public
from cvmlab.core.refusing import brief
from cvmlab.core.statistics import Z_95, wilson_interval
from cvmlab.core.words import CvmError, say
from cvmlab.data.tables import CUSTOMER_ID, check_one_row_each

from .reason_rules import REASONS
from .reasons import coded_switches

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_MOST_LABELS = 1_000


@public
@dataclass(frozen=True)
class Agreement:
    """How far two judges agree.

    Attributes
    ----------
    customers
        Number of customers whom both judged.
    observed
        Share of them with the same label from both (share of 1).
    chance
        Share that would agree if each judge gave as many of each label, but without looking (share of 1).
    kappa, kappa_low, kappa_high
        Cohen's κ with its 95% interval: 1 is full agreement, 0 what chance gives. NaN where both judges gave one and
        the same label throughout: then chance agrees on everything, too, and κ is undefined.
    table
        Who said what: one row per label of the first judge, one column per label of the second, customers.
    """

    customers: int
    observed: float
    chance: float
    kappa: OrNaN
    kappa_low: OrNaN
    kappa_high: OrNaN
    table: pd.DataFrame

    def sentence(self) -> str:
        """Return the finding as a sentence in the language in force."""
        said: dict[str, object] = {
            "customers": self.customers, "observed": percent(self.observed), "chance": percent(self.chance),
            "kappa": f"{self.kappa:.2f}", "low": f"{self.kappa_low:.2f}", "high": f"{self.kappa_high:.2f}",
        }  # fmt: skip
        return say("reasons.kappa_undefined" if np.isnan(self.kappa) else "reasons.kappa_message", **said)


@public
def agreement(first: Entries, second: Entries) -> Agreement:
    """Return Cohen's κ of two judges with its 95% interval, and the table of who said what.

    Parameters
    ----------
    first, second
        One label per customer from each judge, in the same order: a column of a frame, an array or a list of texts. A
        customer whom one of them did not judge (an empty cell) is left out.

    Returns
    -------
    Agreement
        ``customers``, ``observed``, ``chance`` (shares of 1), ``kappa``, ``kappa_low``, ``kappa_high`` and ``table``;
        its ``sentence()`` says the finding. ``kappa`` is NaN where both gave one and the same label throughout.

    Raises
    ------
    CvmError
        For lists of different length, labels that are not text, and where no customer was judged by both.

    Notes
    -----
    κ = (observed − chance) / (1 − chance), where chance = Σ (share of a label from the first × from the second) (Cohen
    1960). Interval: κ ± 1.96 standard errors with the variance for large samples by Fleiss, Cohen & Everitt (1969), cut
    at −1 and 1. Where the judges agree on everybody that variance is 0; the lower bound is then that of Wilson (1927)
    for the observed share. Below about 50 customers, or with rare labels, the interval is a rough guide. *Assumed*: the
    judges did not see each other's labels, and every disagreement counts the same.

    Examples
    --------
    >>> one = ["poached"] * 40 + ["attracted"] * 60
    >>> other = ["poached"] * 30 + ["attracted"] * 70
    >>> print(agreement(one, other).sentence())
    The judges agree on 90% of 100 customers; chance alone would give 54%. κ = 0.78 (95% interval 0.66 to 0.91).
    """
    import pandas as pd

    labels = [pd.Series(one).reset_index(drop=True) for one in (first, second)]
    if len(labels[0]) != len(labels[1]):
        raise CvmError("reasons.judges_differ", first=len(labels[0]), second=len(labels[1]))
    plain = [_labels(one, name) for one, name in zip(labels, ("first", "second"), strict=True)]
    both = np.array([bool(one and other) for one, other in zip(*plain, strict=True)], bool)
    if not both.any():
        raise CvmError("reasons.nobody_judged")
    kept = [np.array(one, object)[both] for one in plain]
    known = sorted({*kept[0], *kept[1]}, key=lambda label: (REASONS.index(label) if label in REASONS else 99, label))
    if len(known) > _MOST_LABELS:
        raise CvmError("reasons.too_many_labels", count=len(known), most=_MOST_LABELS)
    place = {label: row for row, label in enumerate(known)}
    counts = np.zeros((len(known), len(known)), np.int64)
    np.add.at(counts, ([place[one] for one in kept[0]], [place[one] for one in kept[1]]), 1)
    table = pd.DataFrame(counts, pd.Index(known, name="first"), pd.Index(known, name="second"))
    return Agreement(int(counts.sum()), *_kappa(counts), table)


def _labels(column: pd.Series[Any], name: str) -> list[str]:
    labels = []
    for row, cell in enumerate(column.astype(object), start=1):
        is_missing = cell is None or cell != cell or not isinstance(cell, str)
        if is_missing and not _is_gap(cell):
            raise CvmError("reasons.label_not_text", name=name, row=row, value=brief(cell))
        labels.append("" if is_missing else cell.strip())
    return labels


def _is_gap(cell: Any) -> bool:
    import pandas as pd

    return cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and np.isnan(cell))


def _kappa(counts: NDArray[np.int64]) -> tuple[float, float, float, float, float]:
    """Return observed and chance agreement, κ and its 95% bounds from the table of who said what."""
    size = int(counts.sum())
    shares = counts / size
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    observed, chance = float(np.trace(shares)), float(rows @ columns)
    if np.count_nonzero(rows) == 1 and np.count_nonzero(columns) == 1 and np.trace(counts) == size:
        return observed, chance, np.nan, np.nan, np.nan
    kappa = (observed - chance) / (1 - chance)
    if np.trace(counts) == size:
        low, _ = wilson_interval(np.array([1.0]), np.array([size]))
        return observed, chance, 1.0, float((low[0] - chance) / (1 - chance)), 1.0
    weight = rows[None, :] + columns[:, None]
    same = np.diag(shares) @ ((1 - (rows + columns) * (1 - kappa)) ** 2)
    other = (1 - kappa) ** 2 * (shares * weight**2 * (1 - np.eye(len(shares)))).sum()
    variance = (same + other - (kappa - chance * (1 - kappa)) ** 2) / (size * (1 - chance) ** 2)
    spread = Z_95 * float(np.sqrt(max(variance, 0.0)))
    return observed, chance, kappa, max(kappa - spread, -1.0), min(kappa + spread, 1.0)


@public
def agreement_by_reason(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Return for each reason how far two judges agree on who named it, where a customer may have several.

    Parameters
    ----------
    first, second
        The same customers coded by each judge, from `code_reasons`: matched by ``customer_id`` if both tables have it,
        else row by row.

    Returns
    -------
    pandas.DataFrame
        One row per reason: ``reason``, ``both``, ``first_only``, ``second_only``, ``neither`` (customers),
        ``observed``, ``chance`` (shares of 1), ``kappa``, ``kappa_low``, ``kappa_high``: NaN where both judges said the
        same of everybody, for example that nobody named it.

    Raises
    ------
    CvmError
        For tables of different customers, missing columns, and reasons that are not True or False.

    Notes
    -----
    Each reason is a question of its own, "was it named?"; `agreement` says how κ is computed. The mean over the reasons
    is ``table["kappa"].mean()``, in which each reason counts the same, however rare. Texts in which no rule found
    anything count as unknown, not as ``other_reason``.

    Examples
    --------
    >>> import pandas as pd
    >>> from cvmlab import churn
    >>> texts = pd.DataFrame({"text": ["Cheaper there", "Cheaper, and they paid me", "I lost my job"]})
    >>> rules = churn.code_reasons(texts)
    >>> person = rules.assign(attracted=[True, False, False])
    >>> found = agreement_by_reason(rules, person).set_index("reason")
    >>> found.loc[["poached", "attracted"], ["both", "first_only", "observed", "kappa"]].round(2).values.tolist()
    [[1.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.67, 0.4]]
    """
    import pandas as pd

    if CUSTOMER_ID in first and CUSTOMER_ID in second:
        for table in (first, second):
            check_one_row_each(table, "reasons")
        if set(first[CUSTOMER_ID]) != set(second[CUSTOMER_ID]):
            raise CvmError("reasons.other_customers", first=len(first), second=len(second))
        second = second.set_index(CUSTOMER_ID).loc[first[CUSTOMER_ID]].reset_index()
    if len(first) != len(second):
        raise CvmError("reasons.judges_differ", first=len(first), second=len(second))
    one, other = coded_switches(first)[0], coded_switches(second)[0]
    rows = []
    for place, reason in enumerate(REASONS):
        yes, too = one[:, place], other[:, place]
        both, mine, theirs = int((yes & too).sum()), int((yes & ~too).sum()), int((~yes & too).sum())
        counts = np.array([[both, mine], [theirs, len(yes) - both - mine - theirs]])
        observed, chance, kappa, low, high = _kappa(counts)
        rows.append((reason, both, mine, theirs, int(counts[1, 1]), observed, chance, kappa, low, high))
    names = ["reason", "both", "first_only", "second_only", "neither", "observed", "chance"]
    return pd.DataFrame(rows, columns=[*names, "kappa", "kappa_low", "kappa_high"])
