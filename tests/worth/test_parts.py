"""The three parts of value (S07): what each is made of, and bad input."""

import numpy as np
import pandas as pd
import pytest

from cvmlab.core.words import CvmError
from cvmlab.worth.value import margin_multiple, three_parts

CUSTOMERS = pd.DataFrame({
    "customer_id": ["a", "b"], "profit": [900.0, -50.0], "profit_per_period": [100.0, 100.0],
    "retention_rate": [0.8, 0.9], "influenced_profit": [30.0, 30.0], "satisfaction": [0.8, 0.79],
})  # fmt: skip
PARTS = ["known_established_value", "estimated_potential_value", "assumed_influence_value"]


def test_each_part_from_its_own_columns():
    found = three_parts(CUSTOMERS, discount_rate=0.1)
    assert found["known_established_value"].tolist() == [900, -50]
    assert found["estimated_potential_value"].tolist() == pytest.approx([100 * margin_multiple(0.8, 0.1), 450])
    # only the highly satisfied bring others
    assert found["assumed_influence_value"].tolist() == pytest.approx([30 * margin_multiple(0.8, 0.1), 0])
    assert not set(PARTS) & set(CUSTOMERS.columns)


def test_what_was_saved_and_influenced_so_far_is_established():
    known = CUSTOMERS.assign(cost_saved=[10.0, 20.0], influence_so_far=[5.0, 0.0])
    assert three_parts(known, discount_rate=0.1)["known_established_value"].tolist() == [915, -30]


def test_the_past_changes_nothing_of_what_is_to_come():
    richer = three_parts(CUSTOMERS.assign(profit=1e6), discount_rate=0.1)
    assert richer[PARTS[1:]].equals(three_parts(CUSTOMERS, discount_rate=0.1)[PARTS[1:]])


def test_the_potential_is_the_mean_of_simulated_customers():
    random = np.random.default_rng(9)
    stayed = random.geometric(0.2, 200_000) - 1
    factors = np.concatenate(([0.0], np.cumsum(1.1 ** -np.arange(1.0, stayed.max() + 1))))
    realised = 100 * factors[stayed]
    found = three_parts(CUSTOMERS, discount_rate=0.1)["estimated_potential_value"][0]
    assert found == pytest.approx(realised.mean(), abs=4 * realised.std() / np.sqrt(len(stayed)))


@pytest.mark.parametrize(
    ("changes", "options", "key"),
    [
        ({"retention_rate": [1.2, 0.8]}, {}, "checking.outside_in_row"),
        ({"retention_rate": [1.0, 0.8]}, {"discount_rate": 0}, "value.endless_value"),
        ({"satisfaction": [9.0, 8.0]}, {}, "checking.outside_in_row"),
        ({"profit": [np.nan, 1.0]}, {}, "tables.missing_values"),
        ({"cost_saved": [np.inf, 1.0]}, {}, "checking.infinite_column"),
        ({}, {"discount_rate": -1}, "checking.not_above"),
        ({}, {"highly_satisfied": 8}, "checking.out_of_range"),
    ],
)
def test_bad_input(changes, options, key):
    with pytest.raises(CvmError) as caught:
        three_parts(CUSTOMERS.assign(**changes), **{"discount_rate": 0.1, **options})
    assert caught.value.key == key


@pytest.mark.parametrize("column", list(CUSTOMERS.columns[1:]))
def test_a_missing_column_is_named(column):
    with pytest.raises(CvmError, match=f"no column '{column}'"):
        three_parts(CUSTOMERS.drop(columns=column), discount_rate=0.1)
