"""Uplift: individual effects that are known, none where there is none, and policies judged by what they earn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, churn, datasets
from cvmlab.keep.churn.offers import difference

SIZE = 4_000


def world(kind: str, seed: int, size: int = SIZE) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return an experiment, by how much the offer lowers each customer's chance of leaving, and that chance."""
    draw = np.random.default_rng(seed)
    traits = draw.normal(size=(size, 4))
    contract = draw.choice(["monthly", "yearly"], size)
    risk = 1 / (1 + np.exp(1 - 1.1 * traits[:, 0] - 0.5 * traits[:, 1]))
    lowered = {
        "none": np.zeros(size),
        "alike": np.minimum(0.1, 0.9 * risk),
        "middle": np.where((risk > 0.2) & (risk < 0.5), 0.22, 0.0),
        "sleeping_dogs": np.where(contract == "monthly", 0.15 * (risk > 0.2), -0.1),
    }[kind]
    offered = draw.random(size) < 0.5
    frame = pd.DataFrame(traits, columns=["usage", "calls", "age", "distance"]).assign(
        customer_id=[f"c{place:05d}" for place in range(size)],
        contract=contract,
        offered=offered,
        left=draw.random(size) < np.clip(risk - offered * lowered, 0, 1),
    )
    return frame, lowered, risk


def test_no_difference_is_found_where_there_is_none() -> None:
    for kind, effect in (("none", 0.0), ("alike", 0.1)):
        found = [churn.uplift(world(kind, seed, 1_500)[0], seed=seed) for seed in range(6)]
        assert sum(one.differs for one in found) <= 1
        inside = [one.average["low"].iloc[0] <= effect <= one.average["high"].iloc[0] for one in found]
        assert sum(inside) >= 5
        assert all(one.customers["reduction"].std() < 1e-12 for one in found if not one.differs)
    policies = churn.whom_to_offer(churn.uplift(world("none", 1)[0]), profit_if_kept=100, offer_cost=8)
    assert policies.set_index("policy")["chosen"].idxmax() == "nobody"


def test_an_offer_that_wakes_sleeping_dogs_goes_to_the_others() -> None:
    customers, lowered, risk = world("sleeping_dogs", 4)
    found = churn.uplift(customers)
    reduction = found.customers["reduction"].to_numpy()
    assert found.differs and np.corrcoef(reduction, lowered)[0, 1] > 0.8
    # on average it does next to nothing, or harm
    assert found.average["reduction"].iloc[0] < 0.03
    first, last = found.groups.iloc[0], found.groups.iloc[-1]
    assert first["low"] > 0 > last["high"]
    for group in found.groups.itertuples():
        assert group.low - 0.03 <= group.predicted <= group.high + 0.03
    policies = churn.whom_to_offer(found, profit_if_kept=100, offer_cost=8).set_index("policy")
    assert policies["chosen"].idxmax() == "by_uplift"
    assert policies.loc["everybody", "high"] < 0
    # what the policy truly earns lies in its interval
    stays = 1 - (risk - lowered)
    offer = reduction * 100 - (1 - (found.customers["churn_probability"] - reduction)) * 8 > 0
    true = np.where(offer, lowered * 100 - stays * 8, 0).mean()
    assert policies.loc["by_uplift", "low"] <= true <= policies.loc["by_uplift", "high"]
    # the riskiest are not those whom the offer keeps
    half = SIZE // 2
    by_risk = lowered[np.argsort(-found.customers["churn_probability"].to_numpy())[:half]].sum()
    assert lowered[np.argsort(-reduction)[:half]].sum() > 1.5 * by_risk


def test_an_effect_on_those_in_the_middle_is_found() -> None:
    customers, lowered, _ = world("middle", 2, 8_000)
    found = churn.uplift(customers)
    reduction = found.customers["reduction"].to_numpy()
    assert found.differs and np.corrcoef(reduction, lowered)[0, 1] > 0.4
    fifth = len(lowered) // 5
    by_risk = lowered[np.argsort(-found.customers["churn_probability"].to_numpy())[:fifth]].mean()
    assert lowered[np.argsort(-reduction)[:fifth]].mean() > by_risk + 0.05
    gain = found.gain.set_index(["order", "share"])["kept"]
    assert gain["by_uplift", 0.2] > gain["by_risk", 0.2]
    assert gain["by_uplift", 1.0] == gain["by_risk", 1.0] == gain["random", 1.0]
    assert gain["random", 0.5] == pytest.approx(found.average["reduction"].iloc[0] / 2)


def carrier() -> pd.DataFrame:
    """Return the experiment of the carrier with what it knew in December 2011."""
    now = pd.Timestamp("2011-12-31")
    lines = datasets.load("carrier_subscribers").sort_values("relationship").drop_duplicates("customer_id", keep="last")
    lines = lines.assign(
        tenure_days=(now - lines["joined_date"]).dt.days,
        has_handset=lines["handset_date"].notna(),
        contract_days=(lines["contract_end_date"] - now).dt.days.fillna(0),
    )
    bills = datasets.load("carrier")
    bill = bills[bills["date"] >= "2011-10-01"].groupby("customer_id")["amount"].mean().rename("bill")
    known = ["customer_id", "tenure_days", "group_network", "has_handset", "contract_days"]
    return datasets.load("carrier_offer").merge(lines[known], how="left").merge(bill, how="left", on="customer_id")


def test_the_carriers_offer_keeps_some_and_pays_for_nobody() -> None:
    customers = carrier()
    found = churn.uplift(customers, left="left_within_6_months", exclude=["profit"])
    truth = datasets.load("carrier_truth").set_index("customer_id")["offer_response"]
    persuaded = (truth.loc[found.customers["customer_id"]] == "persuaded").to_numpy()
    average = found.average.iloc[0]
    assert 0 < average["low"] <= persuaded.mean() <= average["high"]
    assert found.balance["balanced"].all()
    # one in 64 is persuaded; who, the data cannot tell better than the average does, and it is said
    assert not found.differs
    stayed = customers[~customers["left_within_6_months"]].groupby("offered")["profit"].mean()
    policies = churn.whom_to_offer(found, profit_if_kept=stayed[False], offer_cost=stayed[False] - stayed[True])
    assert policies.set_index("policy")["chosen"].idxmax() == "nobody"
    assert policies.set_index("policy").loc["everybody", "high"] < 0
    # what the experiment itself paid says the same
    paid = customers.groupby("offered")["profit"].mean()
    assert paid[True] < paid[False]


def test_what_was_not_decided_by_chance_is_refused() -> None:
    customers, _, _ = world("alike", 4, 1_000)
    draw = np.random.default_rng(1)
    chosen = customers.assign(offered=draw.random(1_000) < np.where(customers["usage"] > 0, 0.7, 0.3))
    with pytest.raises(CvmError, match="in 'usage' customers with it differ from the others by"):
        churn.uplift(chosen)
    found = churn.uplift(chosen, check_balance=False)
    assert (
        found.balance.set_index("column")["balanced"].to_dict()["usage"] is np.False_
        or not (found.balance.set_index("column").loc["usage", "balanced"])
    )
    by_contract = customers.assign(offered=customers["contract"] == "monthly")
    with pytest.raises(CvmError, match="'contract'"):
        churn.uplift(by_contract)


def test_an_experiment_is_seldom_refused() -> None:
    from cvmlab.keep.churn.features import encode
    from cvmlab.keep.churn.models import Table
    from cvmlab.keep.churn.offers import _balance

    refused = 0
    for seed in range(300):
        frame, _, _ = world("none", seed, 300)
        table = Table.of(encode(frame, ["usage", "calls", "age", "distance", "contract"]))
        refused += not _balance(table, frame["offered"].to_numpy())["balanced"].all()
    assert refused <= 3


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_the_difference_lies_in_its_bounds(customers: list[tuple[bool, bool]]) -> None:
    offered, left = (np.array(part) for part in zip(*customers, strict=True))
    apart, low, high = difference(offered, left)
    if offered.all() or not offered.any():
        assert np.isnan([apart, low, high]).all()
        return
    assert apart == pytest.approx(left[~offered].mean() - left[offered].mean())
    assert -1 - 1e-9 <= low <= apart + 1e-9 and apart - 1e-9 <= high <= 1 + 1e-9


def test_the_difference_is_that_of_newcombe() -> None:
    """Newcombe (1998), table II, example (a): 56/70 against 48/80, method 10."""
    without, with_it = np.arange(70) < 56, np.arange(80) < 48
    offered = np.repeat([False, True], [70, 80])
    apart, low, high = difference(offered, np.concatenate([without, with_it]))
    assert (round(apart, 4), round(low, 4), round(high, 4)) == (0.2, 0.0524, 0.3339)


def test_order_and_engine_do_not_matter() -> None:
    customers, _, _ = world("sleeping_dogs", 5, 800)
    told = churn.uplift(customers)
    assert told.customers["customer_id"].tolist() == customers["customer_id"].tolist()
    again = churn.uplift(pl.from_pandas(customers.iloc[::-1]).lazy())
    assert again.customers["customer_id"].tolist() == customers["customer_id"].tolist()[::-1]
    assert again.customers["reduction"].tolist()[::-1] == pytest.approx(told.customers["reduction"].tolist())
    pd.testing.assert_frame_equal(again.gain, told.gain)


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        ({"offered": True}, {}, "Only 0 customers got no offer"),
        ({"offered": False}, {}, "Only 0 customers got the offer"),
        ({"left": False}, {}, "0 customers left"),
        ({"offered": "yes"}, {}, "'offered' holds .*; it must hold True and False"),
        ({}, {"features": ["offered"]}, "'offered' names the customer or says who left"),
        ({}, {"offered": "left"}, "'left' names the customer or says who left"),
        ({}, {"offered": "arm"}, "no column 'arm'"),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, object], options: dict[str, object], said: str) -> None:
    with pytest.raises(CvmError, match=said):
        churn.uplift(world("none", 1, 400)[0].assign(**change), **options)
