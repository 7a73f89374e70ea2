"""A table to look at: heads and codes in the reader's language, figures as they were."""

import pandas as pd
import pytest

import cvmlab as cvm
from cvmlab.data.worded import in_words

LEADS = pd.DataFrame(
    {"state": pd.Series(["user", None, "moon"], dtype="str"), "value": [1.5, 2.0, -3.0], "my_own": [1, 2, 3]}
)


@pytest.mark.parametrize(
    ("language", "heads"),
    [("en", ["state", "value (currency units)", "my_own"]), ("zh", ["状态", "价值（货币单位）", "my_own"])],
)
def test_heads_and_codes_are_worded_and_figures_stay(language, heads):
    before = LEADS.copy()
    with cvm.speaking(language):
        shown = in_words(LEADS)
        assert list(shown.columns) == heads
        assert shown[heads[0]].tolist()[::2] == [cvm.term("codes.user"), "moon"]
    assert pd.isna(shown[heads[0]][1])
    assert shown[heads[1]].tolist() == [1.5, 2.0, -3.0]
    pd.testing.assert_frame_equal(LEADS, before)


def test_an_index_is_worded_and_a_column_may_mean_something_else():
    by_state = LEADS.set_index("state")[["value"]]
    with cvm.speaking("zh"):
        shown = in_words(by_state, value="gain")
        assert (shown.index.name, shown.index[0]) == ("状态", "用户")
        assert list(shown.columns) == [cvm.term("heads.gain")]


def test_categories_are_worded_too():
    with cvm.speaking("zh"):
        assert in_words(LEADS.astype({"state": "category"}))["状态"].tolist()[0] == "用户"


TABLES = (
    ("from_state", "to_state", "count", "exposure", "rate", "low", "high", "rate_true"),
    ("customer_id", "state", "next_state", "start", "end", "days", "censored"),
    ("confidence_from", "confidence_to", "customers", "confidence", "right"),
    ("from_state", "to_state", "rate", "months", "gain", "by_points", "by_share"),
    ("silent_days", "silences", "woken", "chance_within", "silent_now"),
    ("retention_rate", "expected_lifetime", "overall_discount_rate", "textbook_value", "annuity_value",
     "expected_present_value", "error", "error_share"),
    ("survival_at_end", "within_curve", "assumed_beyond_curve", "expected_lifetime"),
    ("customer_id", "p_alive", "expected_orders", "years_if_active", "expected_years"),
    ("customer_id", "wallet", "value_per_year", "relationship_level", "share_of_wallet", "assumed_likelihood",
     "extra_revenue", "up_buying", "growth_of_business", "products_not_bought", "revenue_per_product",
     "assumed_cross_likelihood", "cross_likelihood", "cross_revenue", "cross_buying", "chance_of_stability",
     "referrals_per_year", "share_anyway", "acquisition_cost", "referred_value", "referral_saved_cost",
     "referral_new_value", "referral", "growth_potential"),
    ("customer_id", "profit", "cost_saved", "influence_so_far", "profit_per_period", "retention_rate",
     "influenced_profit", "satisfaction", "known_established_value", "estimated_potential_value",
     "assumed_influence_value"),
    ("from_type", "to_type", "customers", "share_of_from", "value_before", "value_after", "value_gained", "value_lost",
     "value_change"),
    ("customer_id", "value_before", "value_after", "value_lost", "drop", "slid", "alert", "change_by_months",
     "change_by_amount", "reason"),
    ("drop", "customers", "customers_by_chance", "slid", "slid_by_chance", "value_lost", "value_lost_by_chance",
     "share_by_chance", "alert"),
    ("value_type", "customers", "at_stake", "heuristic_budget", "optimal_budget", "heuristic_profit", "optimal_profit",
     "profit_gap"),
    ("customer_id", "revenue", "avoidable_cost", "assumed_option_value", "worth_as_is", "worth_repriced",
     "worth_served_cheaper", "decision", "expected_worth", "gain"),
)  # fmt: skip


@pytest.mark.parametrize("columns", TABLES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_two_heads_of_one_table_are_alike(columns, language):
    with cvm.speaking(language):
        shown = in_words(pd.DataFrame(columns=list(columns)))
    assert shown.columns.is_unique
    assert not set(columns) & {head for head in shown.columns if "_" in head}
