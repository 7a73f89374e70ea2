"""Purchases by month beside what was expected: the month in which the backtest was cut is counted whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cvmlab import case
from cvmlab.data.reading import read


@pytest.mark.parametrize("last", ["2024-12-16", "2024-12-30"])
def test_of_the_month_of_the_cut_each_side_expects_its_own_part(last: str) -> None:
    draw = np.random.default_rng(3)
    rows = []
    for number in range(60):
        days = np.cumsum(draw.gamma(4, 2.5, 130)).astype(int)
        day = pd.Timestamp("2022-01-01") + pd.to_timedelta(days, "D")
        rows.append(pd.DataFrame({"customer_id": f"c{number}", "date": day, "amount": 10.0}))
    log = pd.concat(rows)
    log = log[log["date"] <= last]
    log["date"] = log["date"].dt.strftime("%Y-%m-%d")
    made = case.study(read(log, name="log"))
    assert made.past is not None
    tracked = made.past.tracking.set_index("period")
    month = pd.Timestamp(made.past.cut).replace(day=1)
    assert tracked.loc[month, "after_cut"] == 0
    assert tracked.loc[month, "expected"] == pytest.approx(tracked.loc[month, "actual"], rel=0.3)
    after = tracked[tracked["after_cut"] == 1]
    assert after.index.min() == month + pd.DateOffset(months=1)
    assert len(after) == 11
    assert after["expected"].sum() == pytest.approx(after["actual"].sum(), rel=0.15)
