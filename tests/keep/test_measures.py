"""The five measures, as the market engine knows them, and the score of a relationship."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvmlab import CvmError, churn, market, speaking

BOOK = ["全面质量管理", "客户抱怨管理", "内部客户体制", "以客户为中心的组织机构", "客户关系评价体系"]


def test_five_measures_in_the_books_terms_and_both_languages() -> None:
    english = churn.five_measures()
    assert english["term"].tolist() == BOOK
    with speaking("zh"):
        chinese = churn.five_measures()
    assert chinese["name"].tolist() == BOOK
    assert not english["what"].isin(chinese["what"]).any()


def fields(column: str) -> list[tuple[str, str]]:
    table = churn.five_measures()
    return [(row.measure, name) for row in table.itertuples() for name in getattr(row, column).split(", ") if name]


def test_only_what_the_market_engine_really_has_is_named() -> None:
    assert {name for _, name in fields("decisions")} <= set(market.Decision.limits())
    assert {name for _, name in fields("assumptions")} <= set(market.MarketScenario.limits())
    table = churn.five_measures().set_index("measure")
    absent = table.index[table["decisions"] == ""]
    assert list(absent) == ["internal_customers", "relationship_evaluation"]
    assert table.loc[absent, "moves"].str.startswith("Nothing").all()


def lived(ours: dict[str, float], rivals: dict[str, float] | None = None, **scenario: float) -> pd.Series:
    """Return what happened per thousand customers of Mobile and month, 10,000 people over two years."""
    decided = {"Mobile": ours, "Unicom": rivals or {}, "Telecom": rivals or {}}
    result = market.simulate(
        market.MarketScenario(**scenario),
        decisions={name: market.Decision(**decision) for name, decision in decided.items()},
        customers=10_000,
        periods=24,
        seed=3,
        panel=False,
    )
    months = result.summary().query("carrier == 'Mobile'").drop(columns=["carrier", "period"])
    return 1_000 * months.sum() / months["customers"].sum()


@pytest.mark.parametrize(
    ("decision", "rivals", "fewer", "by"),
    [
        ({"care": 20.0}, {}, "left_dissatisfaction", (0.02, 0.06)),
        ({"care": 20.0}, {}, "complaints", (0.015, 0.05)),
        ({"network_quality": 3.0}, {"network_quality": 3.0}, "left_data_speed", (0.9, 1.0)),
        ({"resources_III": 20.0, "resources_IV": 20.0}, {}, "left_dissatisfaction", (0.15, 0.3)),
    ],
)
def test_what_a_measure_is_said_to_move_moves(
    decision: dict[str, float], rivals: dict[str, float], fewer: str, by: tuple[float, float]
) -> None:
    """Care for all moves little, since expectations follow; resources for the valuable types move more."""
    without, with_it = lived({}, rivals), lived(decision, rivals)
    assert by[0] <= 1 - with_it[fewer] / without[fewer] <= by[1]


def test_care_makes_good_the_harm_of_complaints() -> None:
    """Care of 40 makes good everything, .5 · √(40 / 10) = 1: what harm complaints do no longer matters."""
    all_care = {"care": 40.0}
    harmless, harmful = (lived(all_care, all_care, complaint_harm=harm, complaint_rate=0.3) for harm in (0.0, 2.0))
    pd.testing.assert_series_equal(harmless, harmful)
    calm, hurt = (lived({}, complaint_harm=harm, complaint_rate=0.3)["left"] for harm in (0.0, 2.0))
    assert calm < 0.98 * hurt


# --- the score of a relationship -------------------------------------------------------------------

ANSWERS = pd.DataFrame(
    {
        "customer_id": ["A", "B", "C", "D"],
        "trust": [5, 3, 4, 1],
        "response": [4, 1, 4, 1],
        "interests": [5, 2, 4, 4],
    }
)
PARTS = ["trust", "response", "interests"]


def test_marks_are_summed_as_in_the_book() -> None:
    found = churn.relationship_score(ANSWERS, indicators=PARTS)
    assert found.customers[["customer_id", "score"]].values.tolist() == [["A", 14], ["C", 12], ["B", 6], ["D", 6]]
    assert found.customers["strongest"].tolist() == ["trust; interests", "", "trust", "interests"]
    assert found.customers["weakest"].tolist() == ["response", "", "response", "trust; response"]
    assert found.customers["standing"].tolist() == ["easy_to_accept"] * 2 + ["to_strengthen"] * 2
    assert found.parts["indicator"].tolist() == ["response", "trust", "interests"]
    assert found.parts["mean"].tolist() == [2.5, 3.25, 3.75]
    assert found.parts["to_gain"].sum() == pytest.approx(15 - found.customers["score"].mean())


def test_weights_change_the_order_and_equal_ones_do_not() -> None:
    equal = churn.relationship_score(ANSWERS, indicators=PARTS, weights=dict.fromkeys(PARTS, 1 / 3))
    pd.testing.assert_frame_equal(equal.customers, churn.relationship_score(ANSWERS, indicators=PARTS).customers)
    interests = {"trust": 0.1, "response": 0.1, "interests": 0.8}
    found = churn.relationship_score(ANSWERS, indicators=PARTS, weights=interests)
    assert found.customers["customer_id"].tolist() == ["A", "C", "D", "B"]
    assert found.customers.loc[2, "score"] == pytest.approx(3 * (0.1 + 0.1 + 3.2))


def test_the_interval_of_a_part_holds_its_mean() -> None:
    draw, held = np.random.default_rng(5), 0
    for _ in range(300):
        marks = draw.choice([1, 2, 3, 4, 5], size=(25, 2), p=[0.1, 0.1, 0.2, 0.4, 0.2])
        frame = pd.DataFrame(marks, columns=["x", "y"]).assign(customer_id=[str(row) for row in range(25)])
        part = churn.relationship_score(frame, indicators=["x", "y"]).parts.set_index("indicator").loc["x"]
        held += part["low"] <= 3.5 <= part["high"]
    assert 0.91 <= held / 300 <= 0.98
    alone = churn.relationship_score(ANSWERS.head(1), indicators=PARTS)
    assert alone.parts[["low", "high"]].isna().all(axis=None)


@given(st.lists(st.lists(st.integers(0, 10), min_size=3, max_size=3), min_size=1, max_size=12))
def test_a_score_lies_between_its_ends_and_a_better_mark_never_lowers_it(marks: list[list[int]]) -> None:
    frame = pd.DataFrame(marks, columns=PARTS).assign(customer_id=[str(row) for row in range(len(marks))])
    weights = {"trust": 0.5, "response": 0.3, "interests": 0.2}
    scale = {"lowest": 0.0, "highest": 10.0}
    found = churn.relationship_score(frame, indicators=PARTS, weights=weights, **scale).customers
    assert found["score"].between(-1e-9, 30 + 1e-9).all()
    assert found["score"].is_monotonic_decreasing
    better = churn.relationship_score(
        frame.assign(trust=(frame["trust"] + 1).clip(upper=10)), indicators=PARTS, weights=weights, **scale
    ).customers
    both = found.merge(better, on="customer_id", suffixes=("", "_better"))
    assert (both["score_better"] >= both["score"] - 1e-9).all()


def test_the_frame_stays_and_other_engines_work() -> None:
    before = ANSWERS.copy()
    found = churn.relationship_score(ANSWERS, indicators=PARTS)
    pd.testing.assert_frame_equal(ANSWERS, before)
    other = churn.relationship_score(pl.from_pandas(ANSWERS), indicators=PARTS)
    pd.testing.assert_frame_equal(other.customers, found.customers, check_dtype=False)


@pytest.mark.parametrize(
    ("answers", "options", "said"),
    [
        (ANSWERS, {"weights": {"trust": 0.5, "response": 0.5, "interests": 0.5}}, "weights sum to 1.5"),
        (ANSWERS, {"weights": {"trust": 0.5, "response": 0.5}}, "not in both: interests"),
        (ANSWERS, {"weights": {"trust": -0.5, "response": 0.5, "interests": 1.0}}, "weight of 'trust' is -0.5"),
        (ANSWERS, {"weights": {"trust": "high", "response": 0.5, "interests": 0.5}}, "weight of 'trust' is 'high'"),
        (ANSWERS, {"indicators": ["trust"]}, "at least two"),
        (ANSWERS, {"indicators": ["trust", "trust"]}, "two different"),
        (ANSWERS, {"indicators": ["trust", "price"]}, "no column 'price'"),
        (ANSWERS, {"highest": 4.0}, "'trust' .*5"),
        (ANSWERS, {"lowest": 5.0}, "below `highest`"),
        (ANSWERS, {"easy_from": 0.3}, "some are both"),
        (ANSWERS, {"easy_from": 75.0}, "between 0 and 1"),
        (ANSWERS.assign(trust=[5, None, 1, 1]), {}, "'trust' .*row 2"),
        (ANSWERS.assign(trust="good"), {}, "'trust'"),
        (ANSWERS.assign(customer_id="A"), {}, "'?A'?"),
        (ANSWERS.head(0), {}, "no rows"),
    ],
)
def test_what_cannot_be_scored_is_refused(answers: pd.DataFrame, options: dict[str, object], said: str) -> None:
    with pytest.raises(CvmError, match=said):
        churn.relationship_score(answers, **({"indicators": PARTS} | options))  # type: ignore[arg-type]
