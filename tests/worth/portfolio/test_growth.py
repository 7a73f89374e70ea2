"""Share and growth: the split is exact and adds up, findings are right, and what is unknown is named."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab.core.words import CvmError, term
from cvmlab.worth.portfolio import followed_closely, share_and_growth

modest = settings(max_examples=60, deadline=None)
amounts = st.integers(0, 1_000).map(float)
# revenue and what is bought elsewhere, in two years
pairs = st.lists(st.tuples(amounts, amounts, amounts, amounts), min_size=1, max_size=20)


def frames(rows):
    r0, e0, r1, e1 = np.array(rows, dtype=float).T
    ids = [f"{row // 2:02}" for row in range(len(rows))]
    base = pd.DataFrame({"customer_id": ids, "product": [f"p{row % 2}" for row in range(len(rows))]})
    years = [base.assign(year=2023, revenue=r0, wallet=r0 + e0), base.assign(year=2024, revenue=r1, wallet=r1 + e1)]
    both = pd.concat(years, ignore_index=True)
    return both.drop(columns="wallet"), both.drop(columns="revenue")


@modest
@given(pairs)
def test_the_change_is_own_growth_and_share_without_remainder(rows):
    sales, wallets = frames(rows)
    found = share_and_growth(sales, wallets)
    assert len(found) == len(rows)
    assert (found["own_growth_part"] + found["share_part"]).tolist() == pytest.approx(found["change"].tolist())
    change = sum(row[2] - row[0] for row in rows)
    assert found["own_growth_part"].sum() + found["share_part"].sum() == pytest.approx(change)
    # at a held share all is own growth, in a level wallet all is share
    level = found["wallet_before"] == found["wallet_after"]
    assert found.loc[level & (found["wallet_before"] > 0), "own_growth_part"].tolist() == pytest.approx(
        [0] * sum(level & (found["wallet_before"] > 0))
    )


@modest
@given(pairs)
def test_a_hidden_loss_is_a_falling_share_of_a_rising_revenue(rows):
    found = share_and_growth(*frames(rows), same_pace=0)
    hidden = found[found["finding"] == "hidden_loss"]
    assert (hidden["revenue_after"] >= hidden["revenue_before"]).all()
    assert (hidden["share_after"] < hidden["share_before"]).all() and (hidden["share_part"] < 0).all()
    fallen = (found["share_after"] < found["share_before"] - 1e-9) & (found["revenue_after"] >= found["revenue_before"])
    assert found.loc[fallen & (found["revenue_before"] > 0), "finding"].eq("hidden_loss").all()


@pytest.mark.parametrize(
    ("row", "finding"),
    [
        ((100, 100, 110, 190), "hidden_loss"),
        ((100, 100, 90, 190), "open_loss"),
        ((100, 100, 110, 110), "keeps_pace"),
        ((100, 100, 50, 50), "shrinks_with_customer"),
        ((100, 100, 80, 0), "gains"),
        ((100, 0, 0, 100), "open_loss"),
        ((0, 100, 50, 50), "starts"),
        ((0, 0, 50, 50), "starts"),
        ((0, 100, 0, 100), "none_of_it"),
        ((0, 0, 0, 0), "no_purchase"),
    ],
)
def test_findings(row, finding):
    found = share_and_growth(*frames([row]))
    assert found["finding"].tolist() == [finding]
    for language in ("en", "zh"):
        assert term(f"portfolio.finding_{finding}", language)


def test_numbers_by_hand():
    found = share_and_growth(*frames([(100, 100, 110, 190)])).iloc[0]
    wanted = {"share_before": 0.5, "share_after": 110 / 300, "our_growth": 0.1, "own_growth": 0.5}
    wanted |= {"competitor_growth": 0.9, "own_growth_part": 50, "share_part": -40}
    assert found[list(wanted)].astype(float).to_dict() == pytest.approx(wanted)


def test_where_the_wallet_is_unknown_only_our_growth_is_stated():
    sales, wallets = frames([(100, 50, 120, 70), (10, 5, 20, 5)])
    known = share_and_growth(sales, wallets[~((wallets["product"] == "p1") & (wallets["year"] == 2023))])
    assert known["finding"].tolist() == ["hidden_loss", "only_our_growth"]
    assert known["our_growth"].tolist() == pytest.approx([0.2, 1.0])
    assert np.isnan(known["own_growth"][1]) and known["share_after"][1] == pytest.approx(0.8)
    none = share_and_growth(sales)
    assert (none["finding"] == "only_our_growth").all() and none["share_part"].isna().all()


def test_a_product_without_sales_in_a_year_sold_nothing():
    sales, wallets = frames([(100, 50, 120, 70), (10, 5, 20, 5)])
    gone = share_and_growth(sales[~((sales["product"] == "p1") & (sales["year"] == 2024))], wallets)
    assert gone["revenue_after"].tolist() == [120, 0] and gone["finding"][1] == "open_loss"
    elsewhere = share_and_growth(sales[sales["product"] == "p0"], wallets)
    assert elsewhere["finding"].tolist() == ["hidden_loss", "none_of_it"]
    assert share_and_growth(pd.concat([sales, sales]), wallets.assign(wallet=wallets["wallet"] * 2))[
        "change"
    ].tolist() == [40, 20]


def test_where_customers_are_many_only_the_top_tiers_are_followed():
    customers = pd.DataFrame({"customer_id": list("abcde"), "could_be": ["", "strategic", "", "", "potential"],
                              "tier": ["diamond", "gold", "gold", "potential", "general"]})  # fmt: skip
    assert followed_closely(customers) == list("abcde")
    assert followed_closely(customers, few=3) == ["a", "b", "d"]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda sales, wallets: (sales[sales["year"] == 2024], wallets, {}), "portfolio.years_missing"),
        (lambda sales, wallets: (sales, wallets, {"year": 2024, "since": 2024}), "portfolio.years_missing"),
        (lambda sales, wallets: (sales, wallets.assign(wallet=1.0), {}), "value.more_than_wallet"),
        (lambda sales, wallets: (sales.assign(revenue=-1.0), wallets, {}), "portfolio.negative_year"),
        (lambda sales, wallets: (sales.drop(columns="product"), wallets, {}), "tables.missing_column"),
        (lambda sales, wallets: (sales, wallets.drop(columns="wallet"), {}), "tables.missing_column"),
        (lambda sales, wallets: (sales.assign(product=None), wallets, {}), "tables.missing_values"),
        (lambda sales, wallets: (sales[:0], wallets, {}), "tables.no_rows"),
    ],
)
def test_bad_input(change, key):
    sales, wallets, options = change(*frames([(100, 50, 120, 70)]))
    with pytest.raises(CvmError) as caught:
        share_and_growth(sales, wallets, **options)
    assert caught.value.key == key and str(caught.value)
