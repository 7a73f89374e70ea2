"""RFM labels and the bridge to the value matrix."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, segments, term


def test_the_labels_cover_every_combination_once():
    combinations = set(itertools.product([True, False], repeat=3))
    assert set(segments.RFM_LABELS) == combinations
    assert len(set(segments.RFM_LABELS.values())) == 8
    assert all(term(f"segments.{key}", language="zh") for key in segments.RFM_LABELS.values())


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_the_bridge_counts_every_customer_once(count, seed):
    random = np.random.default_rng(seed)
    age = random.integers(0, 400, count)
    customers = pd.DataFrame(
        {
            "customer_id": [f"{i:03}" for i in range(count)],
            "age": age,
            "recency": random.integers(0, age + 1),
            "orders": random.integers(1, 20, count),
            "revenue": random.gamma(2, 100, count),
        }
    )
    before = customers.copy()
    labelled = segments.rfm_labels(customers)
    types = pd.Series(random.choice(["I", "II", "III", "IV"], count))
    table = segments.bridge(labelled["rfm_label"], types)
    assert table[["IV", "III", "II", "I"]].to_numpy().sum() == count
    assert len(table) == 8
    pd.testing.assert_frame_equal(customers, before)


def test_labels_follow_recency_frequency_and_money():
    customers = pd.DataFrame(
        {
            "customer_id": ["recent", "silent"],
            "age": [100, 100],
            "recency": [100, 5],
            "orders": [1, 9],
            "revenue": [500.0, 1.0],
        }
    )
    assert segments.rfm_labels(customers)["rfm_label"].tolist() == ["important_develop", "general_keep"]


@pytest.mark.parametrize(
    ("labels", "types", "column", "row"),
    [
        (["important_value", "VIP"], ["IV", "I"], "rfm_label", 2),
        (["important_value", None], ["IV", "I"], "rfm_label", 2),
        (["important_value", "general_keep"], ["V", "I"], "value_type", 1),
        (["important_value", "general_keep"], ["IV", np.nan], "value_type", 2),
    ],
)
def test_the_bridge_drops_nobody_in_silence(labels, types, column, row):
    with pytest.raises(CvmError) as caught:
        segments.bridge(pd.Series(labels), pd.Series(types))
    assert (caught.value.key, caught.value.values["column"]) == ("tables.unknown_value", column)
    assert caught.value.values["row"] == row


def test_the_bridge_takes_categories_lists_and_any_index():
    labels, types = ["important_value", "general_keep"], ["IV", "I"]
    expected = segments.bridge(pd.Series(labels), pd.Series(types))
    assert segments.bridge(pd.Series(labels, dtype="category", index=[7, 7]), types).equals(expected)


def test_the_bridge_matches_two_series_by_their_index():
    labels = pd.Series(["important_keep", "general_keep"])
    for types in (pd.Series(["II", "I"], index=[1, 0]), pd.Series(["I", "II"]), ["I", "II"], np.array(["I", "II"])):
        table = segments.bridge(labels, types).set_index("rfm_label")
        assert (table.loc["important_keep", "I"], table.loc["general_keep", "II"]) == (1, 1)
    named = segments.bridge(pd.Series(labels.to_numpy(), index=["a", "b"]), pd.Series(["II", "I"], index=["b", "a"]))
    assert named.equals(segments.bridge(labels, ["I", "II"]))


@pytest.mark.parametrize("index", [[1, 2], ["0", "1"], [0, 0], [(0, 0), (0, 1)]])
def test_the_bridge_refuses_indexes_that_do_not_match(index):
    with pytest.raises(CvmError) as caught:
        segments.bridge(pd.Series(["important_keep", "general_keep"]), pd.Series(["II", "I"], index=index))
    assert caught.value.key == "segments.indexes_differ"


@pytest.mark.parametrize("blank", ["", "  ", "\u3000", None])
def test_a_customer_without_an_id_is_refused(blank):
    customers = pd.DataFrame({"customer_id": ["a", blank], "age": 300, "recency": 10, "orders": 2, "revenue": 9.0})
    with pytest.raises(CvmError) as caught:
        segments.rfm_labels(customers)
    assert caught.value.key == "tables.missing_values"
    assert caught.value.values["row"] == 2
