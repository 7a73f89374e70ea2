"""Panels for the tests of stage recovery."""

import numpy as np

from cvmlab.data.panels import Panel


def panel_of(revenue, first=None, months=1, **measures):
    revenue = np.asarray(revenue, float)
    periods, customers = revenue.shape
    return Panel(
        np.array([f"{i:03d}" for i in range(customers)], object),
        (np.datetime64("2020-01") + months * np.arange(periods)).astype("datetime64[D]"),
        months,
        {"revenue": revenue, **{name: np.asarray(array, float) for name, array in measures.items()}},
        np.zeros(customers, np.int64) if first is None else np.asarray(first, np.int64),
    )
