"""Charts of reasons for leaving and of the parts of a relationship: they draw what was computed, and nothing is cut."""

from __future__ import annotations

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from chart_frames import headline, lightness

from cvmlab import CvmError, charts, churn, datasets, speaking
from cvmlab.charts import leaving
from cvmlab.keep.churn import reason_rules


@pytest.fixture(scope="module")
def reasons() -> pd.DataFrame:
    texts = datasets.load("carrier_reasons").assign(value=np.arange(200.0) % 7 + 1)
    texts.loc[:9, "text_en"] = ""
    texts.loc[10:29, "text_en"] = "Well"
    return churn.count_reasons(churn.code_reasons(texts, text="text_en"), value="value")


@pytest.fixture(scope="module")
def parts() -> pd.DataFrame:
    marks = np.random.default_rng(3).integers(1, 6, (40, 3))
    marks[:, 0] = np.maximum(marks[:, 0] - 2, 1)
    names = ["responsiveness", "trust", "common interests in a very long name"]
    answers = pd.DataFrame(marks, columns=names).assign(customer_id=[str(row) for row in range(40)])
    return churn.relationship_score(answers, indicators=names).parts


def test_bars_are_shares_of_value_and_marks_shares_of_customers(reasons: pd.DataFrame) -> None:
    ax = charts.plot_reasons(reasons)
    drawn = {round(bar.get_y() + bar.get_height() / 2): bar.get_width() for bar in ax.patches}
    assert [drawn[7 - place] for place in range(8)] == pytest.approx(reasons["value_share"].tolist())
    (marks,) = ax.collections
    assert marks.get_offsets()[:, 0].tolist() == pytest.approx(reasons["share"].tolist())
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[:2] == ["1. given up by the firm", "2. left on their own"] and names[-1] == "nothing said"
    at_fault = reasons.loc[reasons["controllable"], "value_share"].sum()
    assert f"{at_fault:.0%} of the lost value was controllable" in headline(ax)


def test_the_chart_and_the_subject_agree_on_the_reasons() -> None:
    assert leaving.REASONS == reason_rules.REASONS
    assert leaving.CONTROLLABLE == reason_rules.CONTROLLABLE
    assert leaving.UNKNOWN == (reason_rules.NO_RULE, reason_rules.NO_TEXT)


def test_kinds_are_told_apart_in_grey() -> None:
    shades = [lightness({"white": "#FFFFFF"}.get(color, color)) for color, _ in leaving.KINDS.values()]
    hatched = [hatch for _, hatch in leaving.KINDS.values()]
    pairs = itertools.combinations(range(3), 2)
    assert all(abs(shades[a] - shades[b]) > 20 or hatched[a] != hatched[b] for a, b in pairs)


def test_without_unknown_reasons_none_are_spoken_of(reasons: pd.DataFrame) -> None:
    table = churn.count_reasons(churn.code_reasons(pd.DataFrame({"text": ["cheaper", "cash"]})))
    assert headline(charts.plot_reasons(table)) == "50% of the lost value was controllable"


def test_parts_are_drawn_with_their_intervals_the_strongest_on_top(parts: pd.DataFrame) -> None:
    ax = charts.plot_relationship_score(parts.iloc[::-1])
    (marks,) = [one for one in ax.collections if len(one.get_offsets()) == 3 and not hasattr(one, "get_segments")]
    assert marks.get_offsets()[:, 0].tolist() == pytest.approx(parts["mean"].tolist())
    intervals = [one.get_segments() for one in ax.collections if hasattr(one, "get_segments")][1]
    assert [line[0][0] for line in intervals] == pytest.approx(parts["low"].tolist())
    assert headline(ax).startswith("Strongest: ")
    assert "weight" not in ax.get_yticklabels()[0].get_text()


def test_weights_and_empty_intervals_are_shown_and_left_out(parts: pd.DataFrame) -> None:
    ax = charts.plot_relationship_score(parts.assign(weight=[0.5, 0.3, 0.2], low=np.nan, high=np.nan))
    assert ax.get_yticklabels()[0].get_text().endswith("(weight 50%)")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_is_cut_or_overlaps(reasons: pd.DataFrame, parts: pd.DataFrame, language: str) -> None:
    with speaking(language):
        for ax in (charts.plot_reasons(reasons), charts.plot_relationship_score(parts)):
            figure = ax.figure
            figure.canvas.draw()
            page = figure.bbox
            texts = [ax.title, ax._left_title, ax.xaxis.label, *ax.texts, *ax.get_yticklabels()]
            boxes = [text.get_window_extent() for text in texts if text.get_text()]
            legend = ax.get_legend()
            boxes += [legend.get_window_extent()] if legend else []
            assert all(page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 for box in boxes)
            notes = [text.get_window_extent() for text in ax.texts]
            assert not any(a.overlaps(b) for a, b in itertools.combinations(notes, 2))
            assert not (legend and legend.get_window_extent().overlaps(ax.xaxis.label.get_window_extent()))
    plt.close("all")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"reason": "lured"}, "'lured'"),
        ({"value_share": 1.5}, "1.5 in row 1"),
        ({"share": None}, "'share'"),
        ({"reason": "poached"}, "hold the same"),
    ],
)
def test_a_frame_that_cannot_be_drawn_is_refused(reasons: pd.DataFrame, changed: dict[str, object], said: str) -> None:
    with pytest.raises(CvmError, match=said):
        charts.plot_reasons(reasons.assign(**changed))
