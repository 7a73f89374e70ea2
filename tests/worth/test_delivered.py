"""Customer delivered value: sums by hand, a share that is known, and input that cannot be used."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from cvmlab.core.words import CvmError
from cvmlab.worth.value import delivered_by_firm, delivered_value, difference_by_part, share_delivered_more
from cvmlab.worth.value.delivered import COST_PARTS, VALUE_PARTS

modest = settings(max_examples=50, deadline=None)
PARTS = [*VALUE_PARTS, *COST_PARTS]
judgements = st.lists(st.tuples(*[st.integers(1, 7)] * 16), min_size=1, max_size=20)


def survey_of(rows):
    """Return a survey of two firms from 16 ratings per customer, ours first."""
    ids = [str(row) for row in range(len(rows))]
    halves = [
        pd.DataFrame([row[half : half + 8] for row in rows], columns=PARTS).assign(customer_id=ids, firm=firm)
        for half, firm in ((0, "ours"), (8, "theirs"))
    ]
    return pd.concat(halves, ignore_index=True)


ONE = survey_of([(6, 6, 5, 4, 5, 2, 2, 1, 6, 4, 4, 6, 3, 4, 3, 3)])


def test_the_sum_of_the_textbook():
    found = delivered_value(ONE, scale=(1, 7))
    assert found[["total_value", "total_cost", "delivered_value"]].values.tolist() == [[21, 10, 11], [20, 13, 7]]
    assert delivered_by_firm(found)["firm"].tolist() == ["ours", "theirs"]


@modest
@given(judgements)
def test_parts_firms_and_customers_agree(rows):
    found = delivered_value(survey_of(rows), scale=(1, 7))
    firms = delivered_by_firm(found).set_index("firm")
    parts = difference_by_part(found, "ours", "theirs")
    lead = firms.loc["ours", "delivered_value"] - firms.loc["theirs", "delivered_value"]
    assert parts["contribution"].sum() == pytest.approx(lead, abs=1e-9)
    turned = difference_by_part(found, "theirs", "ours").set_index("part")["contribution"]
    assert parts.set_index("part")["contribution"].to_dict() == pytest.approx((-turned).to_dict())
    more, less = (share_delivered_more(found, *pair).iloc[0] for pair in (("ours", "theirs"), ("theirs", "ours")))
    assert (more["more"], more["equal"], more["less"]) == (less["less"], less["equal"], less["more"])
    assert 0 <= more["low"] <= more["share_more"] <= more["high"] <= 1


@modest
@given(judgements, st.permutations(range(40)))
def test_the_order_of_the_rows_does_not_matter(rows, order):
    survey = survey_of(rows)
    mixed = survey.iloc[[place for place in order if place < len(survey)]]
    for function in (difference_by_part, share_delivered_more):
        one, other = (function(delivered_value(frame), "ours", "theirs") for frame in (survey, mixed))
        pd.testing.assert_frame_equal(one, other)


def test_weights_bring_ratings_to_money():
    found = delivered_value(ONE, assumed_weights=dict.fromkeys(PARTS, 10) | {"money_cost": 30})
    assert found["delivered_value"].tolist() == [10 * 11 - 20 * 5, 10 * 7 - 20 * 3]


def judged(gaps):
    """Return the delivered values of two firms with these differences for the customers."""
    ids = np.array([str(row) for row in range(len(gaps))])
    ours = pd.DataFrame({"customer_id": ids, "firm": "ours", "delivered_value": 10 + gaps})
    return pd.concat([ours, ours.assign(firm="theirs", delivered_value=10.0)], ignore_index=True)


def test_the_interval_holds_the_true_share_as_often_as_it_says():
    random = np.random.default_rng(11)
    mean, spread, customers = 0.4, 1.0, 80
    truth = norm.cdf(mean / spread)
    found = pd.concat(
        [share_delivered_more(judged(random.normal(mean, spread, customers)), "ours", "theirs") for _ in range(400)]
    )
    held = ((found["low"] <= truth) & (truth <= found["high"])).mean()
    assert 0.92 <= held <= 0.98
    assert found["share_more"].mean() == pytest.approx(truth, abs=0.01)


def test_the_share_sees_the_majority_that_the_means_hide():
    # the median customer gets less from us, a few get very much more
    random = np.random.default_rng(12)
    gaps = random.lognormal(0, 1.5, 300) - 1.5
    found = judged(gaps)
    means = found.groupby("firm")["delivered_value"].mean()
    assert means["ours"] > means["theirs"]
    truth = norm.cdf(-np.log(1.5) / 1.5)
    assert truth < 0.5
    share = share_delivered_more(found, "ours", "theirs").iloc[0]
    assert share["high"] < 0.5
    assert share["low"] <= truth <= share["high"]


def test_customers_who_judged_one_firm_are_counted_and_left_out():
    survey = pd.concat([ONE, ONE.iloc[:1].assign(customer_id="b", product_value=1)], ignore_index=True)
    found = delivered_value(survey, scale=(1, 7))
    share = share_delivered_more(found, "ours", "theirs").iloc[0]
    assert (share["customers"], share["unpaired"]) == (1, 1)
    assert difference_by_part(found, "ours", "theirs").set_index("part").loc["product_value", "own"] == 6
    with pytest.raises(CvmError, match="No customer judged both"):
        share_delivered_more(found.iloc[1:], "ours", "theirs")


def test_rounding_makes_nobody_better_off():
    share = share_delivered_more(judged(np.array([0.1 + 0.2 - 0.3])), "ours", "theirs")
    assert share[["more", "equal", "less"]].values.tolist() == [[0, 1, 0]]


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        ({"money_cost": [3500.0, 3.0]}, {"scale": (1, 7)}, "'money_cost' of the table survey holds 3500 in row 1"),
        ({"time_cost": [-1.0, 3.0]}, {}, "'time_cost' of the table survey holds -1 in row 1"),
        ({"time_cost": [np.nan, 3.0]}, {}, "'time_cost' of the table survey has empty cells"),
        ({"firm": ["ours", "ours"]}, {}, "Customer '0' judges the firm 'ours' a second time in row 2"),
        ({"firm": ["ours", " "]}, {}, "'firm' of the table survey has empty cells"),
        ({"customer_id": [1, 2]}, {}, "'customer_id' of the survey does not hold text"),
        ({}, {"scale": (7, 1)}, "the lowest and the highest rating"),
        ({}, {"scale": (1, 4, 7)}, "the lowest and the highest rating"),
        ({}, {"assumed_weights": {"price": 1}}, "'price' is no part"),
        ({}, {"assumed_weights": {"time_cost": -1}}, "must be at least 0"),
    ],
)
def test_bad_surveys_are_named(change, options, said):
    with pytest.raises(CvmError, match=said):
        delivered_value(ONE.assign(**change), **options)


def test_missing_columns_rows_and_firms_are_named():
    with pytest.raises(CvmError, match="has no column 'image_value'"):
        delivered_value(ONE.drop(columns="image_value"))
    with pytest.raises(CvmError, match="has no rows"):
        delivered_value(ONE.iloc[:0])
    found = delivered_value(ONE)
    with pytest.raises(CvmError, match=r"no firm 'rival'\. Its firms are: ours, theirs"):
        share_delivered_more(found, "ours", "rival")
    with pytest.raises(CvmError, match="cannot be compared with itself"):
        difference_by_part(found, "ours", "ours")
