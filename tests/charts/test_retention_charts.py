"""The pictures of retention: what is drawn is what the frame holds, groups are told apart in grey, gaps stay gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from chart_frames import hazard_frame, headline, projection_frame, retention_frame
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex

import cvmlab as cvm
from cvmlab import charts


def drawn(line: object) -> list[float]:
    return [float(value) for value in line.get_ydata()]  # type: ignore[attr-defined]


def test_each_group_has_its_curve_its_interval_and_its_name() -> None:
    frame = retention_frame()
    ax = charts.plot_retention(frame, by="contract", unit="months")
    groups = list(frame.groupby("contract"))
    for line, band, (_, rows) in zip(ax.lines, ax.collections, groups, strict=True):
        assert drawn(line) == pytest.approx([1.0, *rows["retention"]])
        assert isinstance(band, PolyCollection)
        edge = band.get_paths()[0].vertices
        assert edge[:, 1].min() == pytest.approx(rows["retention_low"].min())
    # names stand beside their ends, in their order from the bottom
    assert [text.get_text() for text in ax.texts] == ["monthly", "one year", "two years"]
    assert headline(ax) == "Still there after 24 months: 8% of “monthly”, 38% of “one year”, 79% of “two years”"
    assert ax.get_xlabel() == "time as a customer (months)"


def test_of_two_groups_the_better_is_named_first() -> None:
    frame = retention_frame().query("contract != 'one year'")
    ax = charts.plot_retention(frame, by="contract", unit="months")
    assert headline(ax) == "After 24 months 79% of “two years” are still there, 8% of “monthly”"


def test_five_groups_are_told_apart_without_colour_and_a_sixth_is_refused() -> None:
    table = pd.concat([retention_frame().query("contract == 'monthly'").assign(group=name) for name in "abcdef"])
    ax = charts.plot_retention(table[table["group"] != "f"], by="group")
    looks = {(line.get_linestyle(), line.get_marker(), str(line._dash_pattern)) for line in ax.lines}
    assert len(looks) == 5
    assert len({to_hex(line.get_color()) for line in ax.lines}) == 5
    assert headline(ax) == "Share of customers still there"
    with pytest.raises(cvm.CvmError, match="There are 6 groups in 'group'; at most 5"):
        charts.plot_retention(table, by="group")
    with pytest.raises(cvm.CvmError, match="hold the same: period 1"):
        charts.plot_retention(table)
    with pytest.raises(cvm.CvmError, match="of its own"):
        charts.plot_retention(table, by="period")


def test_one_curve_says_its_interval_and_is_no_longer_than_what_was_seen() -> None:
    table = retention_frame().query("contract == 'monthly'").drop(columns="contract").reset_index(drop=True)
    table.loc[10:, ["retention", "retention_low", "retention_high"]] = np.nan
    ax = charts.plot_retention(table)
    assert np.isfinite(drawn(ax.lines[0])).sum() == 11
    assert headline(ax) == "After 10 periods 35% of customers are still there (95% interval 31% to 59%)"


def test_the_hazard_is_drawn_with_its_interval_and_a_period_without_customers_left_out() -> None:
    frame = hazard_frame()
    frame.loc[3, ["hazard", "hazard_low", "hazard_high"]] = np.nan
    ax = charts.plot_hazard(frame)
    points, _, (bars,) = ax.containers[0]
    seen = frame.dropna()
    assert drawn(points) == pytest.approx(seen["hazard"].tolist())
    spans = np.array([segment[:, 1] for segment in bars.get_segments()])
    assert spans == pytest.approx(seen[["hazard_low", "hazard_high"]].to_numpy())
    assert ax.get_ylim()[0] == 0
    assert headline(ax) == "Of those at risk 30% leave in period 1, 1% in period 30"


def test_a_projection_shows_what_was_fitted_what_was_held_out_and_what_is_to_come() -> None:
    frame = projection_frame()
    ax = charts.plot_projection(frame, unit="years")
    *curves, fitted, held_out = ax.lines
    for line, name in zip(curves, ("sbg", "constant_rate", "last_rate"), strict=True):
        np.testing.assert_allclose(line.get_ydata(), frame[name])
    assert drawn(fitted) == pytest.approx(frame["retention"].iloc[:4].tolist())
    assert drawn(held_out) == pytest.approx(frame["retention"].iloc[4:7].tolist())
    assert held_out.get_markerfacecolor() == "white"
    (shade,) = ax.patches
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == (4, 7)
    assert headline(ax).startswith("Mean error over the periods held out: sBG model 0.8 points")
    to_come = frame.assign(retention=frame["retention"].where(frame["period"] <= 4))
    assert headline(charts.plot_projection(to_come)) == "Projected by the sBG model: 16% still there after 12 periods"
