"""Charts of churn: what their bars, lines and words show."""

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


def drivers() -> pd.DataFrame:
    rows = [("contract", "monthly", 0.31), ("contract", "two years", 0.07), ("tenure_months", "1", 0.38),
            ("tenure_months", "24", 0.21), ("plan", "basic", 0.26)]  # fmt: skip
    return pd.DataFrame(rows, columns=["feature", "level", "churn_probability"])


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


def test_each_driver_has_a_picture_of_its_own_under_its_name() -> None:
    drawn = charts.plot_churn_drivers(drivers(), overall=0.27)
    assert [headline(ax) for ax in drawn] == ["contract", "months with us", "plan"]
    assert [len(ax.patches) for ax in drawn] == [2, 2, 1]
    assert len({ax.get_xlim() for ax in drawn}) == 1


def test_six_drivers_at_most_are_drawn() -> None:
    frame = pd.DataFrame({"feature": [f"f{number}" for number in range(9)], "level": "a", "churn_probability": 0.2})
    assert len(charts.plot_churn_drivers(frame, overall=0.2)) == 6


def test_the_mark_stands_at_the_best_number_of_calls() -> None:
    called = np.arange(5_001)
    frame = pd.DataFrame({"called": called, "profit": 40.0 * called - 0.02 * called**2})
    ax = charts.plot_campaign(frame)
    mark = next(line for line in ax.lines if line.get_marker() == "D")
    assert list(mark.get_xdata()) == [1_000]
    assert headline(ax) == "Calling 1,000 of 5,000 is expected to bring most: 20k; calling all brings −300k"
    low, high = ax.get_ylim()
    assert high > 20_000 and low >= -40_000


def test_where_nobody_pays_the_headline_says_so() -> None:
    ax = charts.plot_campaign(pd.DataFrame({"called": [0, 1, 2], "profit": [0.0, -5.0, -20.0]}))
    assert headline(ax) == "Calling nobody is best; calling all 2 would bring −20"


@pytest.mark.parametrize("draw", [charts.plot_leaving_rates, charts.plot_churn_drivers])
def test_a_rate_above_one_is_refused(draw: object) -> None:
    with pytest.raises(CvmError, match="overall"):
        draw(rates() if draw is charts.plot_leaving_rates else drivers(), overall=27)  # type: ignore[operator]
