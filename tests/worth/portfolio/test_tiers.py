"""Six tiers: the rule covers every case once, the ladder leads where it says, and nothing missing is invented."""

import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cvmlab import portfolio
from cvmlab.core.words import CvmError, read_table, term
from cvmlab.worth.portfolio import tiers

modest = settings(max_examples=60, deadline=None)
CUT_OFFS = portfolio.TierCutOffs(high_profit=30, top_profit=80, large_sales=500, large_room=400, fast_growth=0.1)
money = st.integers(-100, 200).map(float)
customers = st.lists(
    st.tuples(money, st.integers(0, 900).map(float), st.none() | st.integers(900, 3000).map(float),
              st.none() | st.sampled_from([-0.2, 0.1, 0.11, 0.5])),
    min_size=1, max_size=30,
)  # fmt: skip


def customers_from(rows):
    frame = pd.DataFrame(rows, columns=["profit", "revenue", "wallet", "own_growth"])
    frame = frame.astype(dict.fromkeys(frame, float))
    return frame.assign(customer_id=[f"{row:03}" for row in range(len(rows))])


ONE = customers_from([(1.0, 1.0, None, None)])


def placed(profit, revenue=0.0, wallet=None, own_growth=None):
    return portfolio.assign_tiers(customers_from([(profit, revenue, wallet, own_growth)]), CUT_OFFS).iloc[0]


def test_the_rule_covers_every_case_exactly_once():
    cases = Counter(itertools.chain.from_iterable(tiers.covered(row) for row in read_table("rules/tier_cases")))
    assert set(cases) == set(itertools.product(*(range(len(classes)) for classes in tiers._PARTS.values())))
    assert set(cases.values()) == {1}
    assert {row["tier"] for row in read_table("rules/tier_cases")} == set(portfolio.TIERS)


def test_the_ladder_has_every_tier_in_its_rank_in_both_languages():
    for language in ("en", "zh"):
        assert portfolio.tier_ladder(language)["tier"].tolist() == list(portfolio.TIERS)
        assert portfolio.tier_ladder(language)["rank"].tolist() == [1, 2, 3, 4, 5, 6]
    assert [term(tier, "zh")[:2] for tier in portfolio.TIERS] == ["钻石", "黄金", "战略", "潜力", "一般", "问题"]


@modest
@example([(31.0, 500.0, None, None), (31.0, 500.0, 1300.0, 0.5)])
@given(customers)
def test_who_wins_what_is_missing_reaches_the_next_tier(rows):
    found = portfolio.assign_tiers(customers_from(rows), CUT_OFFS)
    assert found["tier"].isin(portfolio.TIERS).all()
    assert (found["next_tier"] == "").eq(found["tier"] == "diamond").all()
    below = found[found["tier"] != "diamond"]
    if len(below):
        # a cut-off must be exceeded, but for the one of problem customers
        little = np.where(below["tier"] == "problem", 0, 1e-6)
        # and sales exactly at theirs lack nothing that can be counted
        large = (below["sales_to_next"] > 0) | (below["next_tier"] == "diamond")
        sales = below["revenue"] + below["sales_to_next"] + 1e-6 * large
        moved = below.assign(profit=below["profit"] + below["profit_to_next"] + little, revenue=sales)
        moved = moved.assign(wallet=below["wallet"] + (moved["revenue"] - below["revenue"]))
        assert portfolio.assign_tiers(moved, CUT_OFFS)["tier"].tolist() == below["next_tier"].tolist()


@modest
@given(customers, st.floats(0, 200), st.floats(0, 500))
def test_more_profit_or_sales_never_lowers_the_tier(rows, profit, revenue):
    first = customers_from(rows)
    rank = dict(zip(portfolio.TIERS, range(6), strict=True))
    more = first.assign(
        profit=first["profit"] + profit, revenue=first["revenue"] + revenue, wallet=first["wallet"] + revenue
    )
    before, after = (portfolio.assign_tiers(frame, CUT_OFFS)["tier"].map(rank) for frame in (first, more))
    assert (after <= before).all()


@modest
@given(customers)
def test_what_is_unknown_never_makes_a_tier_but_is_named(rows):
    first = customers_from(rows)
    log = portfolio.assign_tiers(first.drop(columns=["wallet", "own_growth"]), CUT_OFFS)
    assert not log["tier"].isin(["strategic", "potential"]).any()
    known = portfolio.assign_tiers(first, CUT_OFFS)
    # whatever a survey finds, the tier is the one of the log or the one it could be
    assert ((known["tier"] == log["tier"]) | (known["tier"] == log["could_be"])).all()
    told = first["wallet"].notna() & first["own_growth"].notna()
    assert (known.loc[told, "could_be"] == "").all()


@pytest.mark.parametrize(
    ("customer", "tier", "could_be"),
    [
        ((90.0, 600.0), "diamond", ""),
        ((90.0, 500.0), "gold", ""),
        ((40.0, 600.0), "gold", "strategic"),
        ((40.0, 100.0, 200.0, 0.0), "gold", ""),
        ((40.0, 100.0, 900.0), "strategic", ""),
        ((40.0, 100.0, 100.0, 0.3), "strategic", ""),
        ((10.0, 100.0, 900.0, 0.3), "potential", ""),
        ((10.0, 100.0, 900.0, None), "general", "potential"),
        ((10.0, 100.0, None, 0.3), "general", "potential"),
        ((30.0, 100.0, 200.0, 0.3), "general", ""),
        ((0.0, 0.0), "general", "potential"),
        ((-1.0, 900.0), "problem", ""),
    ],
)
def test_cases_by_hand(customer, tier, could_be):
    found = placed(*customer)
    assert (found["tier"], found["could_be"]) == (tier, could_be)


def test_a_giant_that_brings_little_is_general_and_an_opportunity():
    for giant in (placed(5.0, 800.0), placed(5.0, 10.0, 9_000.0, 0.0)):
        assert giant["tier"] == "general" and giant["opportunity"]
    assert not placed(5.0, 10.0)["opportunity"] and not placed(-5.0, 800.0)["opportunity"]


def test_cut_offs_leave_at_most_the_shares_above_whatever_the_ties():
    random = np.random.default_rng(1)
    for profits in (random.lognormal(3, 1, 5_000), np.full(5_000, 7.0), random.integers(0, 3, 5_000).astype(float)):
        frame = customers_from([(profit, 10 * profit, None, None) for profit in profits])
        found = portfolio.assign_tiers(frame, portfolio.choose_tier_cut_offs(frame))["tier"]
        assert (found == "diamond").mean() <= 0.04 and found.isin(["diamond", "gold"]).mean() <= 0.2
    one = customers_from([(5.0, 50.0, None, None)])
    assert portfolio.assign_tiers(one, portfolio.choose_tier_cut_offs(one))["tier"].tolist() == ["general"]
    losses = customers_from([(-5.0, 50.0, None, None), (0.0, 50.0, None, None)])
    assert portfolio.assign_tiers(losses, portfolio.choose_tier_cut_offs(losses))["tier"].tolist() == [
        "problem",
        "general",
    ]


def test_years_count_from_the_first_one_and_members_in_total():
    history = pd.DataFrame({
        "customer_id": ["a", "a", "a", "b", "c"], "year": [2019, 2023, 2023, 2024, 2019],
        "revenue": [100.0, 10, 20, 7, 5], "profit": [10.0, 1, 2, -7, 5],
    })  # fmt: skip
    yearly = portfolio.over_years(history, 3)
    assert yearly.values.tolist() == [["a", 2, 15.0, 1.5], ["b", 1, 7.0, -7.0]]
    whole = portfolio.over_years(history, None)
    assert whole[["revenue", "profit"]].values.tolist() == [[130, 13], [7, -7], [5, 5]]


@modest
@given(customers)
def test_a_summary_counts_everybody_and_all_money(rows):
    found = portfolio.assign_tiers(customers_from(rows), CUT_OFFS)
    summary = portfolio.summarise_tiers(found)
    assert summary["tier"].tolist() == list(portfolio.TIERS) and summary["customers"].sum() == len(rows)
    assert summary["profit"].sum() == pytest.approx(found["profit"].sum())
    assert summary["profit_share"].isna().all() == (found["profit"].sum() <= 0)
    assert summary["undecided"].sum() == (found["could_be"] != "").sum()


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (lambda: placed(1.0, 100.0, 50.0), "value.more_than_wallet"),
        (lambda: portfolio.assign_tiers(ONE, CUT_OFFS.replace(top_profit=1)), "portfolio.tier_order"),
        (lambda: portfolio.assign_tiers(ONE[["customer_id", "profit"]], CUT_OFFS), "tables.missing_column"),
        (lambda: placed(np.nan), "tables.missing_values"),
        (lambda: portfolio.choose_tier_cut_offs(ONE, top_share=0.5), "checking.out_of_range"),
        (lambda: portfolio.over_years(ONE.assign(year=2020.5)), "portfolio.no_year"),
    ],
)
def test_bad_input(call, key):
    with pytest.raises(CvmError) as caught:
        call()
    assert caught.value.key == key and str(caught.value)
