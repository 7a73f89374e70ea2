"""Churn scores: the right model for each world, probabilities that hold for customers no model has seen."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from cvmlab import CvmError, churn, datasets
from cvmlab.keep.churn.measuring import auc_of, calibration_of, lift_of


def logistic(points: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-points))


def world(kind: str, size: int = 2_000, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray]:
    """Return customers of a world whose true probabilities are known, and these."""
    draw = np.random.default_rng(seed)
    tenure, visits, noise = draw.integers(1, 60, size), draw.gamma(2, 3, size), draw.normal(size=size)
    contract = draw.choice(["monthly", "yearly"], size)
    bill = draw.normal(size=size)
    truth = {
        "nothing": np.full(size, 0.2),
        "table": np.select([(contract == "monthly") & (tenure < 15), contract == "monthly"], [0.5, 0.15], 0.05),
        "slopes": logistic(-1.5 + 0.8 * bill - 0.04 * (tenure - 30) + 0.9 * (contract == "monthly") - 0.1 * visits),
        "crossed": np.where((bill > 0) ^ (noise > 0), 0.45, 0.05) + 0.1 * (tenure < 20),
    }[kind]
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{number:05d}" for number in range(size)],
            "tenure": tenure,
            "visits": visits,
            "contract": contract,
            "bill": bill,
            "noise": noise,
            "left": draw.random(size) < truth,
        }
    )
    return frame, truth


@pytest.mark.parametrize(
    ("kind", "model"),
    [("nothing", "base_rate"), ("table", "rate_table"), ("slopes", "logistic"), ("crossed", "boosted")],
)
def test_the_simplest_model_that_is_good_enough_is_taken(kind: str, model: str) -> None:
    customers, truth = world(kind)
    found = churn.score_churn(customers)
    assert found.model == model
    chance = found.scores["churn_probability"].to_numpy()
    # closer to the truth than one probability for all, and of the right size in every tenth
    assert np.abs(chance - truth).mean() <= (0.4 if kind != "nothing" else 1.5) * max(
        np.abs(truth - truth.mean()).mean(), 0.01
    )
    for stated in np.array_split(np.argsort(chance, kind="stable"), 5):
        assert chance[stated].mean() == pytest.approx(truth[stated].mean(), abs=0.05)


def test_nothing_is_found_where_there_is_nothing() -> None:
    taken = [churn.score_churn(world("nothing", 300, seed)[0], seed=seed) for seed in range(8)]
    assert sum(found.model == "base_rate" for found in taken) >= 7
    # a model that had seen the customers would rank them far better than chance
    ranks = pd.concat([found.quality for found in taken]).groupby("model")["auc"].mean()
    assert (ranks < 0.55).all()
    assert sum(len(found.drivers) > 0 for found in taken) <= 1


def test_what_is_said_of_the_quality_is_so() -> None:
    customers, _ = world("slopes")
    found = churn.score_churn(customers)
    chance, gone = found.scores["churn_probability"], customers["left"]
    told = found.quality.set_index("model").loc[found.model]
    assert told["brier"] == pytest.approx(brier_score_loss(gone, chance))
    assert told["log_loss"] == pytest.approx(log_loss(gone, chance))
    assert told["auc"] == pytest.approx(roc_auc_score(gone, chance))
    base = found.quality.set_index("model").loc["base_rate"]
    assert told["brier_skill"] == pytest.approx(1 - told["brier"] / (gone.mean() * (1 - gone.mean())))
    assert base["brier_skill"] == 0 and base["auc"] == 0.5
    assert found.quality["chosen"].sum() == 1
    assert found.quality["behind_best"].min() == 0
    inside = (found.calibration["low"] <= found.calibration["predicted"]) & (
        found.calibration["predicted"] <= found.calibration["high"]
    )
    assert inside.mean() >= 0.8 and found.calibration["customers"].sum() == len(customers)


def test_drivers_are_those_of_the_world_and_of_their_size() -> None:
    customers, truth = world("slopes", 4_000)
    drivers = churn.score_churn(customers).drivers
    assert set(drivers["feature"]) == {"bill", "tenure", "contract", "visits"}
    assert drivers["moves"].is_monotonic_decreasing
    contract = drivers[drivers["feature"] == "contract"].set_index("level")
    # what everybody would do under either contract is known here
    monthly = customers["contract"] == "monthly"
    rest = np.log(truth / (1 - truth)) - 0.9 * monthly
    for level, effect in (("monthly", 0.9), ("yearly", 0.0)):
        assert contract.loc[level, "churn_probability"] == pytest.approx(logistic(rest + effect).mean(), abs=0.03)
    assert contract["customers"].sum() == len(customers)
    tenure = drivers[drivers["feature"] == "tenure"].sort_values("value")
    assert tenure["churn_probability"].is_monotonic_decreasing and tenure["customers"].sum() == len(customers)


def test_order_of_rows_engine_and_index_do_not_matter() -> None:
    customers, _ = world("table", 400)
    before = customers.copy()
    told = churn.score_churn(customers)
    pd.testing.assert_frame_equal(customers, before)
    assert told.scores["customer_id"].tolist() == customers["customer_id"].tolist()
    shuffled = customers.sample(frac=1, random_state=5).set_index("noise", drop=False)
    again = churn.score_churn(shuffled).scores
    assert again["customer_id"].tolist() == shuffled["customer_id"].tolist()
    by_id = again.set_index("customer_id")["churn_probability"].loc[told.scores["customer_id"]]
    assert by_id.to_numpy() == pytest.approx(told.scores["churn_probability"].to_numpy(), abs=1e-12)
    for other in (pl.from_pandas(customers).lazy(), duckdb.from_df(customers)):
        found = churn.score_churn(other)
        assert found.model == told.model
        assert found.scores["churn_probability"].tolist() == told.scores["churn_probability"].tolist()
    assert churn.score_churn(customers, seed=2).scores["churn_probability"].tolist() != by_id.tolist()


def test_columns_of_every_kind_are_read() -> None:
    draw = np.random.default_rng(8)
    size = 1_500
    joined = pd.Timestamp("2024-06-30") - pd.to_timedelta(draw.integers(0, 2_000, size), unit="D")
    young = np.asarray((pd.Timestamp("2024-06-30") - joined).days < 500)
    spend = np.where(draw.random(size) < 0.2, np.nan, draw.gamma(2, 40, size))
    customers = pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in range(size)],
            "joined": joined,
            "spend": pd.Series(spend).round(2).astype(object).where(~np.isnan(spend), " ").map(str),
            "region": draw.choice(["北", "南", None], size),
            "letters": pd.array(draw.random(size) < 0.5, dtype="boolean"),
            "points": pd.array(draw.integers(0, 9, size), dtype="Int64"),
            "town": [f"town {number}" for number in draw.integers(0, 600, size)],
            "constant": 1,
            "note": [f"note {number}" for number in range(size)],
            "left": draw.random(size) < 0.05 + 0.4 * young + 0.25 * np.isnan(spend),
        }
    )
    customers.loc[::9, ["letters", "points"]] = pd.NA
    found = churn.score_churn(customers)
    assert dict(zip(found.left_out["column"], found.left_out["finding"], strict=True)) == {
        "constant": "constant", "note": "identifier",
    }  # fmt: skip
    age = found.drivers[found.drivers["feature"] == "joined"].sort_values("value")
    assert age["churn_probability"].iloc[0] > age["churn_probability"].iloc[-1] + 0.2
    spent = found.drivers[found.drivers["feature"] == "spend"].set_index("level")["churn_probability"]
    assert spent["(empty)"] > spent.drop("(empty)").max() + 0.1


def test_it_finds_one_column_among_hundreds() -> None:
    draw = np.random.default_rng(2)
    size, columns = 1_000, 400
    figures = draw.normal(size=(size, columns))
    customers = pd.DataFrame(figures, columns=[f"x{place}" for place in range(columns)])
    customers["customer_id"] = [f"c{number}" for number in range(size)]
    customers["left"] = draw.random(size) < logistic(-1 + 1.2 * figures[:, 17])
    found = churn.score_churn(customers)
    # a model of two columns beats those that have to tell fifty apart
    assert found.model == "rate_table" and found.rate_table[0] == "x17"
    assert found.drivers["feature"].iloc[0] == "x17"


def test_rare_leavers_get_a_probability_of_their_size() -> None:
    draw = np.random.default_rng(4)
    size = 12_000
    late = draw.random(size) < 0.1
    customers = pd.DataFrame({"customer_id": [f"c{number}" for number in range(size)], "late": late})
    customers["visits"] = draw.poisson(4, size)
    customers["left"] = draw.random(size) < np.where(late, 0.008, 0.0005)
    found = churn.score_churn(customers)
    chance = found.scores["churn_probability"]
    assert chance.min() > 0 and chance.sum() == pytest.approx(customers["left"].sum(), rel=0.1)
    assert chance[late].mean() > 4 * chance[~late].mean()


def test_thirty_customers_are_scored_alike() -> None:
    customers, _ = world("nothing", 30)
    found = churn.score_churn(customers.assign(left=np.arange(30) % 3 == 0))
    assert found.model == "base_rate" and not len(found.drivers)
    assert found.scores["churn_probability"].tolist() == pytest.approx([1 / 3] * 30)
    assert found.lift["lift"].tolist() == pytest.approx([1.0] * 10)


def test_telephone_subscribers_are_ranked_as_well_as_others_have_ranked_them() -> None:
    found = churn.score_churn(datasets.load("telco"), left="left_last_month")
    told = found.quality.set_index("model")
    assert told.loc[found.model, "auc"] == pytest.approx(0.845, abs=0.006)
    assert told["auc"].is_monotonic_increasing
    assert set(found.drivers["feature"].unique()[:2]) == {"contract", "tenure_months"}
    assert not len(found.left_out)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=2, max_size=40))
def test_ranks_and_lift_are_those_of_counting(customers: list[tuple[int, bool]]) -> None:
    chance = np.array([points / 10 for points, _ in customers])
    gone = np.array([left for _, left in customers])
    if gone.all() or not gone.any():
        assert np.isnan(auc_of(chance, gone))
        return
    pairs = [(a > b) + (a == b) / 2 for a in chance[gone] for b in chance[~gone]]
    assert auc_of(chance, gone) == pytest.approx(np.mean(pairs))
    lift = lift_of(chance, gone)
    assert lift["left"].sum() == pytest.approx(gone.sum()) and lift["captured"].iloc[-1] == pytest.approx(1)
    assert lift["customers"].sum() == len(gone)
    # customers with the same score share their leavers, whoever comes first
    mixed = np.random.default_rng(1).permutation(len(gone))
    pd.testing.assert_frame_equal(lift_of(chance[mixed], gone[mixed]), lift)
    table = calibration_of(chance, gone)
    assert (table["low"] <= table["observed"] + 1e-9).all() and (table["observed"] <= table["high"] + 1e-9).all()
    assert table["predicted"].is_monotonic_increasing
    assert (table["observed"] * table["customers"]).sum() == pytest.approx(gone.sum())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"left": True}, "Everybody in the column 'left' left"),
        ({"left": False}, "Nobody in the column 'left' left"),
        ({"left": [True] * 3 + [False] * 57}, "3 customers left and 57 stayed; .* at least 10 of each"),
        ({"left": ["yes", "no"] * 30}, "'left' holds .*; it must hold True and False"),
        ({"left": [1, 0] * 30}, "it must hold True and False"),
        ({"left": [None, True, False] * 20}, "'left' is empty in 20 rows"),
        ({"customer_id": "a"}, "'a' appears in 60 rows"),
        ({"customer_id": None}, "'customer_id' of the table customers has empty cells"),
    ],
)
def test_what_is_wrong_with_the_customers_is_said(change: dict[str, object], said: str) -> None:
    with pytest.raises(CvmError, match=said):
        churn.score_churn(world("table", 60)[0].assign(**change))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"features": ["age"]}, "no column 'age'"),
        ({"exclude": ["age"]}, "no column 'age'"),
        ({"features": ["left"]}, "'left' names the customer or says who left"),
        ({"features": []}, "no column to score customers by"),
        ({"exclude": ["tenure", "visits", "contract", "bill", "noise"]}, "no column to score customers by"),
        ({"left": "gone"}, "no column 'gone'"),
    ],
)
def test_what_is_wrong_with_the_columns_asked_for_is_said(options: dict[str, object], said: str) -> None:
    with pytest.raises(CvmError, match=said):
        churn.score_churn(world("table", 60)[0], **options)


def test_only_the_columns_asked_for_are_used() -> None:
    customers, _ = world("table", 300)
    found = churn.score_churn(customers, features=["tenure", "contract", "bill"], exclude=["bill"])
    assert found.features == ("tenure", "contract")
    with pytest.raises(CvmError, match="None of the columns can be used"):
        churn.score_churn(customers.assign(bill=1)[["customer_id", "left", "bill"]])
