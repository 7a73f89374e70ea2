"""RFM labels and the bridge to the value matrix."""

import itertools

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import segments, term


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
