"""What charts take as their frame: any way to write the same figures, and no cell that they would draw wrongly."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pytest

import cvmlab as cvm

BASE = pd.DataFrame(
    {
        "period": pd.to_datetime(["2017-01-01", "2017-02-01", "2017-03-01"]),
        "revenue": [900.0, 1_200.0, 800.0],
        "active_customers": [30, 41, 25],
        "new_customers": [30, 14, 3],
    }
)
LIKE_BASE = {
    "backwards": BASE.iloc[::-1],
    "same index": BASE.set_axis([0, 0, 0]),
    "numbers as text": BASE.assign(revenue=["900", "1200", "800.0"]),
    "dates as text": BASE.assign(period=["2017-01-01", "2017-02-01", "2017-03-01"]),
    "months": BASE.assign(period=BASE["period"].dt.to_period("M")),
    "categories": BASE.assign(new_customers=BASE["new_customers"].astype("category")),
    "nullable": BASE.convert_dtypes(),
    "polars": pl.from_pandas(BASE),
    "pyarrow": pl.from_pandas(BASE).to_arrow(),
}


@pytest.mark.parametrize("frame", LIKE_BASE.values(), ids=LIKE_BASE)
def test_the_same_figures_make_the_same_chart(frame: pd.DataFrame) -> None:
    above, below = cvm.charts.plot_base(frame)
    assert [bar.get_height() for bar in above.patches] == [900, 1_200, 800]
    assert [bar.get_height() for bar in below.patches] == [30, 14, 3]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"revenue": None}, "'revenue' of the table base has empty cells .*first in row 1"),
        (
            {"revenue": ["900", "a lot", "800"]},
            "'revenue' of the table base holds 'a lot' in row 2; it must hold numbers",
        ),
        ({"revenue": [True, False, True]}, "holds True in row 1; it must hold numbers"),
        ({"period": ["2017-01-01", "02/03/2017", "2017-03-01"]}, "holds '02/03/2017' in row 2; it must hold dates"),
        (
            {"new_customers": [1, 2, -3]},
            "of the table base holds -3 in row 3; it must be at least 0",
        ),
        ({"period": BASE["period"].iloc[[0, 1, 0]].to_list()}, "rows 1 and 3 hold the same: period 2017-01-01"),
    ],
)
def test_a_cell_that_cannot_be_drawn_is_named(changed: dict[str, object], said: str) -> None:
    with pytest.raises(cvm.CvmError, match=said):
        cvm.charts.plot_base(BASE.assign(**changed))


def test_a_chart_without_anything_in_it_is_refused() -> None:
    moves = pd.DataFrame({"from_type": ["IV"], "to_type": ["II"], "customers": [0]})
    with pytest.raises(cvm.CvmError, match="every figure of the column 'customers' is 0"):
        cvm.charts.plot_migration(moves)
    months = pd.DataFrame({"period": BASE["period"], "actual": None, "expected": None})
    with pytest.raises(cvm.CvmError, match="'actual' of the table forecast has empty cells"):
        cvm.charts.plot_forecast(months)


@pytest.mark.parametrize(("option", "said"), [({"months": 0}, "between 1 and 120"), ({"axes": [1]}, "a list of 2")])
def test_an_option_beyond_its_bounds_is_named(option: dict[str, object], said: str) -> None:
    with pytest.raises(cvm.CvmError, match=said):
        cvm.charts.plot_base(BASE, **option)  # type: ignore[arg-type]
