"""RFM labels (S17)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.annotations import Entries
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError
from cvmlab.data.tables import check_known, check_one_row_each, numbers

if TYPE_CHECKING:
    import pandas as pd

# (recent, frequent, much money) → key in words/segments.csv; every combination once
RFM_LABELS = {
    (True, True, True): "important_value",
    (False, True, True): "important_keep",
    (True, False, True): "important_develop",
    (False, False, True): "important_win_back",
    (True, True, False): "general_value",
    (False, True, False): "general_keep",
    (True, False, False): "general_develop",
    (False, False, False): "general_win_back",
}
_TYPES = ("IV", "III", "II", "I")


@public
def rfm_labels(customers: pd.DataFrame) -> pd.DataFrame:
    """Label each customer by recency, frequency and money, each above or below the mean.

    The cut at the mean is the custom of Chinese RFM practice; it is a convention, not an estimate.

    Parameters
    ----------
    customers
        ``customer_id``, ``age`` and ``recency`` (days), ``orders``, ``revenue``.

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``silent_days`` (days since the last purchase), ``orders``, ``revenue`` and
        ``rfm_label``, the key of one of eight labels in ``segments.csv``.

    Examples
    --------
    >>> import pandas as pd
    >>> customers = pd.DataFrame({
    ...     "customer_id": ["a", "b"], "age": [300, 300], "recency": [290, 10],
    ...     "orders": [9, 1], "revenue": [900.0, 20.0],
    ... })
    >>> rfm_labels(customers)["rfm_label"].tolist()
    ['important_value', 'general_win_back']
    """
    check_one_row_each(customers)
    silent = numbers(customers, "age") - numbers(customers, "recency")
    orders, revenue = numbers(customers, "orders"), numbers(customers, "revenue")
    recent, frequent, much = silent <= silent.mean(), orders >= orders.mean(), revenue >= revenue.mean()
    silent_days = customers["age"] - customers["recency"]
    code = recent * 4 + frequent * 2 + much
    keys = np.array([RFM_LABELS[bool(i & 4), bool(i & 2), bool(i & 1)] for i in range(8)], dtype=object)
    labelled = customers[["customer_id", "orders", "revenue"]].assign(silent_days=silent_days, rfm_label=keys[code])
    return labelled[["customer_id", "silent_days", "orders", "revenue", "rfm_label"]]


@public
def bridge(rfm_label: Entries, value_type: Entries) -> pd.DataFrame:
    """Count the customers of each RFM label in each type of the value matrix.

    Parameters
    ----------
    rfm_label, value_type
        One entry per customer: a label of `rfm_labels`, a type of the matrix. Two series are matched by their
        index, which must hold the same labels; arrays and lists are matched by position.

    Returns
    -------
    pandas.DataFrame
        ``rfm_label`` and a column of counts for each of ``IV, III, II, I``; all eight labels, in the order
        of `RFM_LABELS`.

    Examples
    --------
    >>> import pandas as pd
    >>> table = bridge(pd.Series(["important_value", "general_win_back"]), pd.Series(["IV", "I"]))
    >>> table["rfm_label"][0], table["IV"].tolist()
    ('important_value', [1, 0, 0, 0, 0, 0, 0, 0])
    """
    import pandas as pd

    if len(rfm_label) != len(value_type) or not len(rfm_label):
        raise CvmError("segments.lengths_differ", labels=len(rfm_label), types=len(value_type))
    labels, types = pd.Series(rfm_label, dtype=object), pd.Series(value_type, dtype=object)
    check_known(labels, "rfm_label", tuple(RFM_LABELS.values()))
    check_known(types, "value_type", _TYPES)
    if isinstance(rfm_label, pd.Series) and isinstance(value_type, pd.Series):
        types = _in_order_of(labels, types)
    counts = pd.crosstab(labels.to_numpy(), types.to_numpy())
    counts = counts.reindex(index=list(RFM_LABELS.values()), columns=list(_TYPES), fill_value=0)
    return counts.rename_axis(index="rfm_label", columns=None).reset_index()


def _in_order_of(labels: pd.Series[str], types: pd.Series[str]) -> pd.Series[str]:
    """Return the types in the order of the labels' index, or raise `CvmError` where the two cannot be matched."""
    if labels.index.equals(types.index):
        return types
    if not (labels.index.is_unique and types.index.is_unique) or set(labels.index) != set(types.index):
        raise CvmError("segments.indexes_differ")
    return types.reindex(labels.index)
