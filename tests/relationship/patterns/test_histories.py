"""Patterns found in histories: known truth from two generators, counting and grading."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, market, stages
from cvmlab import patterns as p
from cvmlab import simulated as relationships
from cvmlab.core.formats import percent
from cvmlab.data.panels import Panel
from cvmlab.relationship.lifecycle import ENDED

# --- histories --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def classified(known: relationships.Relationships, model: stages.StageModel) -> pd.DataFrame:
    return p.classify(known.panel, model, draws=30, seed=1)


def test_true_paths_read_as_the_generator_says(known: relationships.Relationships) -> None:
    # who ended in the very first month was never seen alive
    seen = (known.truth["start"] < len(known.panel.period)).to_numpy()
    names = np.array(["", *p.PATTERNS], dtype=object)[p.pattern_of_paths(known.stage)]
    assert (names == known.truth["pattern"].to_numpy())[seen].all()


def test_probabilities_add_up_and_confidence_is_that_of_what_is_said(classified: pd.DataFrame) -> None:
    given = classified[[f"probability_{name}" for name in p.PATTERNS]].to_numpy()
    ended = classified["ended_probability"].to_numpy()
    told = ~np.isnan(given).all(axis=1)
    assert told[ended > 0].all()
    assert given[told].sum(axis=1) == pytest.approx(1)
    decided, active = (classified["pattern"] != "").to_numpy(), classified["active"].to_numpy()
    assert (active == (ended <= 0.5)).all()
    # an end is a pattern; among the active only IV is
    assert decided[~active].all()
    assert set(classified["pattern"][active]) == {"", "IV"}
    assert (classified["confidence"] > 0).all()
    assert (classified["confidence"][~decided] >= 0.5).all()
    left = classified["pattern"].map({**p.STAGE_LEFT, "": ""}).where(~active, "")
    assert (classified["stage_left"] == left).all()


def test_who_bought_in_the_last_period_is_active(known: relationships.Relationships, classified: pd.DataFrame) -> None:
    bought = known.panel["revenue"][-1] > 0
    assert bought.any()
    assert classified["active"][bought].all()
    assert (classified["ended_probability"][bought] == 0).all()
    assert (classified["last_period"][bought] == known.panel.period[-1]).all()


def test_last_periods_of_the_ended_are_near_the_truth(
    known: relationships.Relationships, classified: pd.DataFrame
) -> None:
    both = (~classified["active"] & (known.truth["ended"] > 0)).to_numpy()
    said = np.searchsorted(known.panel.period, classified["last_period"].to_numpy().astype("datetime64[D]"))
    assert np.median(np.abs(said - (known.truth["ended"].to_numpy() - 1))[both]) <= 1


def share_right(classified: pd.DataFrame, known: relationships.Relationships) -> float:
    """Return the share classified correctly, each pattern and the undecided counting alike."""
    return float(p.grade(classified, known.truth)["right"].mean())


def way_to_the_truth(known: relationships.Relationships, classified: pd.DataFrame) -> float:
    """Return how much of the way from the rule of thumb to the true parameters `classify` goes: 0 to 1."""
    names = np.array(["", *p.PATTERNS], dtype=object)
    by_rule = names[p.pattern_of_paths(stages.rule_of_thumb(known.panel))]
    rule = share_right(pd.DataFrame({"customer_id": known.panel.customer_id, "pattern": by_rule}), known)
    best = stages.fit_from_truth(known.panel, known.stage)
    true = share_right(p.classify(known.panel, best, draws=20, seed=0), known)
    assert true > rule
    return (share_right(classified, known) - rule) / (true - rule)


def test_patterns_are_found_again_in_histories_of_the_same_model(
    known: relationships.Relationships, classified: pd.DataFrame
) -> None:
    table = p.grade(classified, known.truth)
    assert table[[*p.PATTERNS, "undecided"]].to_numpy().sum() == 400
    assert way_to_the_truth(known, classified) > 0.5


def test_from_another_generator_the_patterns_are_found_too() -> None:
    seen = relationships.from_market(market.simulate(customers=1_500, periods=36, seed=3), "Unicom")
    assert way_to_the_truth(seen, p.classify(seen.panel, draws=20, seed=0)) > 0.5


def test_draws_follow_the_seed(known: relationships.Relationships, model: stages.StageModel) -> None:
    one, same, other = (p.classify(known.panel, model, draws=5, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert not one.equals(other)


def panel_of(revenue: list[list[float]]) -> Panel:
    array = np.array(revenue, dtype=float)
    periods, customers = array.shape
    start = np.datetime64("2020-01", "M") + np.arange(periods)
    ids = np.array([f"c{k}" for k in range(customers)], dtype=object)
    return Panel(ids, start.astype("datetime64[D]"), 1, {"revenue": array}, np.zeros(customers, dtype=np.int64))


@pytest.mark.parametrize(
    "revenue",
    [
        [[100.0, 50.0]],
        [[100.0]] * 24,
        [[100.0, 20.0]] * 10,
        [[100.0], [-30.0], [80.0]] * 6,
    ],
    ids=["one period", "one customer", "nobody ended", "refunds"],
)
def test_small_and_odd_panels_are_answered(revenue: list[list[float]]) -> None:
    panel = panel_of(revenue)
    found = p.classify(panel, draws=5)
    assert found["customer_id"].tolist() == panel.customer_id.tolist()
    assert set(found["pattern"]) <= {"", *p.PATTERNS}
    bought = panel["revenue"][-1] > 0
    assert found["active"][bought].all()


def test_where_nobody_ever_buys_there_are_no_stages() -> None:
    with pytest.raises(CvmError, match="revenue above 0"):
        p.classify(panel_of([[0.0, 0.0]] * 12))


def test_draws_below_one_are_refused() -> None:
    panel = panel_of([[100.0]] * 3)
    for draws in (0, -3, 2.5, "many"):
        with pytest.raises(CvmError, match=r"draws \(draws\) is|draws="):
            p.classify(panel, draws=draws)


def test_the_living_end_up_in_every_pattern(known: relationships.Relationships) -> None:
    table = p.fate_of_the_living(known.stage, 30).set_index("stage")
    alive = (known.stage[29] > 0) & (known.stage[29] < ENDED)
    assert table["customers"].sum() == alive.sum()
    assert (table[[*p.PATTERNS, "undecided"]].sum(axis=1) == table["customers"]).all()
    # once IV, always IV
    assert (table["IV_before"] <= table["IV"]).all()
    assert (table["undecided"] <= table["alive"]).all()
    # who is in formation can still end in any way but as an early failure, who has reached stability not as II
    assert (table.loc["formation", ["II", "III", "alive"]] > 0).all()
    assert table.loc["stability", ["I", "II"]].tolist() == [0, 0]
    with pytest.raises(CvmError, match=r"too few periods \(60\)"):
        p.fate_of_the_living(known.stage, 60)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1_000), st.integers(1, 20), st.integers(1, 20))
def test_shuffling_keeps_every_month_and_the_beginning(seed: int, periods: int, customers: int) -> None:
    luck = np.random.default_rng(seed)
    revenue = luck.random((periods, customers))
    first = luck.integers(0, periods, customers)
    revenue[np.arange(periods)[:, None] < first] = 0
    start = (np.datetime64("2020-01", "M") + np.arange(periods)).astype("datetime64[D]")
    ids = np.array([f"c{k}" for k in range(customers)], dtype=object)
    panel = Panel(ids, start, 1, {"revenue": revenue, "profit": 2 * revenue}, first)
    shuffled = p.shuffle_months(panel, seed)
    assert np.sort(shuffled["revenue"], axis=0).tolist() == np.sort(revenue, axis=0).tolist()
    assert (shuffled["profit"] == 2 * shuffled["revenue"]).all()
    assert (shuffled["revenue"][np.arange(periods)[:, None] < first] == 0).all()
    assert panel["revenue"] is revenue


@pytest.mark.parametrize("seed", [-1, 1.5, "a", None, True, 2**64])
def test_shuffling_needs_a_seed(seed, known: relationships.Relationships, model: stages.StageModel) -> None:
    with pytest.raises(CvmError, match="seed"):
        p.shuffle_months(known.panel, seed)
    with pytest.raises(CvmError, match="seed"):
        p.stages_against_shuffled(known.panel, model, seed=seed)


def test_stages_that_are_there_are_not_found_in_shuffled_months(
    known: relationships.Relationships, model: stages.StageModel
) -> None:
    table = p.stages_against_shuffled(known.panel, model).set_index("stage")
    assert table[["share", "share_shuffled"]].sum().tolist() == pytest.approx([1, 1])
    # time is what tells an ended relationship from one with gaps
    assert table["share"]["ended"] > table["share_shuffled"]["ended"] + 0.05
    # and more shuffles can only widen what shuffling gives
    assert (table["shuffled_lowest"] < table["shuffled_highest"]).all()
    once = p.stages_against_shuffled(known.panel, model, shuffles=1).set_index("stage")
    assert (once["shuffled_lowest"] == once["shuffled_highest"]).all()
    assert once["shuffled_lowest"].between(table["shuffled_lowest"], table["shuffled_highest"]).all()


@pytest.mark.parametrize("shuffles", [0, 101, 2.5])
def test_the_number_of_shuffles_is_checked(shuffles, known: relationships.Relationships, model) -> None:
    with pytest.raises(CvmError, match="shuffles"):
        p.stages_against_shuffled(known.panel, model, shuffles=shuffles)


# --- counting and grading ---------------------------------------------------------------------------


@settings(max_examples=50)
@given(st.lists(st.sampled_from(["", *p.PATTERNS]), min_size=1, max_size=60))
def test_shares_add_up_and_lie_in_their_interval(names: list[str]) -> None:
    table = p.pattern_shares(pd.DataFrame({"pattern": names}))
    assert table["customers"].sum() == len(names)
    assert table["share"].sum() == pytest.approx(1)
    assert ((table["low"] <= table["share"] + 1e-12) & (table["share"] <= table["high"] + 1e-12)).all()
    assert table["expected_share"].isna().all()


def test_the_interval_is_wilsons() -> None:
    # Brown, Cai & DasGupta 2001 give the formula; 0 of 10 has the limits 0 and z²/(n+z²)
    table = p.pattern_shares(pd.DataFrame({"pattern": ["I"] * 10}))
    z2 = 1.959964**2
    assert table.set_index("pattern")["high"]["II"] == pytest.approx(z2 / (10 + z2))
    assert table.set_index("pattern")["low"]["I"] == pytest.approx(10 / (10 + z2))


def test_expected_shares_add_up(classified: pd.DataFrame) -> None:
    assert p.pattern_shares(classified)["expected_share"].sum() == pytest.approx(1)


def test_unknown_patterns_and_missing_truth_are_told() -> None:
    said = pd.DataFrame({"customer_id": ["a", "b"], "pattern": ["I", "V"]})
    with pytest.raises(CvmError, match="'V' in row 2"):
        p.pattern_shares(said)
    fine = said.replace("V", "")
    with pytest.raises(CvmError, match="customer 'b'"):
        p.grade(fine, fine.head(1))
    with pytest.raises(CvmError, match="no column 'pattern'"):
        p.pattern_shares(pd.DataFrame({"customer_id": ["a"]}))
    with pytest.raises(CvmError):
        p.pattern_shares(fine.head(0))


def test_a_customer_is_graded_once() -> None:
    said = pd.DataFrame({"customer_id": ["a", "b"], "pattern": ["I", ""]})
    twice = pd.concat([said, said.iloc[[1]]])
    for one, other in ((twice, said), (said, twice)):
        with pytest.raises(CvmError, match="'b' appears in 2 rows"):
            p.grade(one, other)


def test_of_those_called_so_a_share_is(known: relationships.Relationships, classified: pd.DataFrame) -> None:
    shown = p.with_precision(classified, known.truth).set_index("pattern")
    both = classified.merge(known.truth, on="customer_id", suffixes=("", "_true"))
    for name, column in {**{name: name for name in p.PATTERNS}, "": "undecided"}.items():
        called = both[both["pattern"] == name]
        assert shown[column]["called_so_right"] == percent((called["pattern_true"] == name).mean())
    assert shown.index.tolist() == [*p.PATTERNS, "alive", "called_so_right"]


def test_profit_by_pattern_sums_what_was_brought() -> None:
    panel = panel_of([[10.0, 20.0, 30.0, 5.0], [10.0, 0.0, 50.0, 5.0]])
    said = pd.DataFrame({"customer_id": ["c3", "c2", "c1", "c0"], "pattern": ["", "IV", "I", "I"]})
    table = p.profit_by_pattern(panel, said, measure="revenue").set_index("pattern")
    assert table["mean"]["I"] == 20
    assert table["mean"]["IV"] == 80
    assert table["lost"]["I"] == 60
    assert table["customers"].tolist() == [2, 0, 0, 1, 1]
    assert np.isnan(table["lost"][""])
    # two equal sums have no spread; of one nothing is known
    assert (table["low"]["I"], table["high"]["I"]) == (20, 20)
    assert np.isnan(table["low"]["IV"])
    with pytest.raises(CvmError, match="no column 'profit'"):
        p.profit_by_pattern(panel, said)
    with pytest.raises(CvmError, match="customer 'c0'"):
        p.profit_by_pattern(panel, said.head(3), measure="revenue")


def test_profit_by_pattern_leaves_nobody_out_without_a_word() -> None:
    panel = panel_of([[10.0, 20.0, 30.0], [10.0, 0.0, 50.0]])
    said = pd.DataFrame({"customer_id": ["c0", "c1", "c2"], "pattern": ["I", "IV", ""]})
    with pytest.raises(CvmError, match="'V' in row 2 of the table classified"):
        p.profit_by_pattern(panel, said.replace("IV", "V"), measure="revenue")
    for gap in (None, np.nan):
        with pytest.raises(CvmError, match="in row 1 of the table classified"):
            p.profit_by_pattern(panel, said.assign(pattern=[gap, "IV", ""]), measure="revenue")
    with pytest.raises(CvmError, match="'c1' appears in 2 rows"):
        p.profit_by_pattern(panel, pd.concat([said, said.iloc[[1]]]), measure="revenue")
    with pytest.raises(CvmError, match="no column 'customer_id'"):
        p.profit_by_pattern(panel, said[["pattern"]], measure="revenue")
    with pytest.raises(CvmError, match="no rows"):
        p.profit_by_pattern(panel, said.head(0), measure="revenue")
    panel["revenue"][1, 2] = np.nan
    with pytest.raises(CvmError, match="'revenue' of customer c2 in the period from 2020-02-01"):
        p.profit_by_pattern(panel, said, measure="revenue")


# --- the simplest rival -----------------------------------------------------------------------------


def test_by_length_counts_months_from_the_first_to_the_last_purchase() -> None:
    bought = np.zeros((60, 6))
    # I, II, III and IV, silent at the end; active for long; active for a short time
    for customer, (first, last) in enumerate([(0, 4), (3, 12), (0, 31), (5, 44), (10, 57), (50, 59)]):
        bought[[first, last], customer] = 1.0
    period = (np.datetime64("2020-01") + np.arange(60)).astype("datetime64[D]")
    panel = Panel(np.array(list("abcdef"), object), period, 1, {"revenue": bought}, bought.argmax(axis=0))
    assert p.by_length(panel)["pattern"].tolist() == ["I", "II", "III", "IV", "IV", ""]
    assert p.by_length(panel, silent=1)["pattern"].tolist() == ["I", "II", "III", "IV", "IV", ""]
    for cuts in ((10, 32), (10, 10, 38), (38, 32, 10)):
        with pytest.raises(CvmError, match="three numbers"):
            p.by_length(panel, cuts)
