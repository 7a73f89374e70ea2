"""The chart of rates by group: what its bars, line and words show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from chart_frames import headline

from cvmlab import CvmError, charts


def rates() -> pd.DataFrame:
    rate = np.array([0.56, 0.2, 0.07])
    groups = {"group": ["0–3", "4–12", "13 and more"], "customers": [1_062, 419, 1_407]}
    return pd.DataFrame({**groups, "rate": rate, "low": rate - 0.03, "high": rate + 0.04})


def test_bars_of_rates_stand_in_the_order_of_the_rows_from_the_top() -> None:
    ax = charts.plot_leaving_rates(rates(), overall=0.27, label="months")
    assert [bar.get_width() for bar in ax.patches] == pytest.approx(rates()["rate"].tolist())
    assert [tick.get_text() for tick in ax.get_yticklabels()] == rates()["group"].tolist()
    bottom, top = ax.get_ylim()
    assert bottom > top
    assert headline(ax) == "Most left among 0–3 (months): 56%, against 27% of all"


def test_the_line_of_all_stands_at_their_rate() -> None:
    ax = charts.plot_leaving_rates(rates(), overall=0.27)
    assert any(list(line.get_xdata()) == [0.27, 0.27] for line in ax.lines)


def test_the_time_in_which_they_left_stands_in_title_and_axis() -> None:
    ax = charts.plot_leaving_rates(rates(), overall=0.27, period="per 30 days")
    assert headline(ax) == "Most left among 0–3: 56% per 30 days, against 27% of all"
    assert ax.get_xlabel() == "share of customers who left per 30 days"


def test_a_rate_above_one_is_refused() -> None:
    with pytest.raises(CvmError, match="overall"):
        charts.plot_leaving_rates(rates(), overall=27)
