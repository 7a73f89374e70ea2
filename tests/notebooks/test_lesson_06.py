"""Lesson 06: what its prose says is what its data say, and its likely mistakes are what somebody would compute."""

from __future__ import annotations

from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from cvmlab import aggregate, datasets, matrix
from cvmlab.core.words import read_table
from cvmlab.whatif import matrix_and_budget

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
ANSWERS = {row["question"]: float(row["answer"]) for row in read_table("answers/single") if row["tolerance"]}
LIKELY = {(row["question"], row["mistake"]): float(row["answer"]) for row in read_table("answers/likely")}
LINES = matrix.Thresholds(8_000, 4_000)
NAMES = [
    "canteen", "bakery_chain", "food_shop", "bakery", "supermarket", "gift_shop", "tea_house", "butcher", "caterer",
    "kiosk", "fruit_shop", "noodle_shop",
]  # fmt: skip
COMPLAINTS = np.array([3, 2, 1, 1, 1, 6, 0, 2, 1, 4, 1, 2])
RESPONSE = {"assumed_ceiling": 1, "assumed_steepness": -np.log(0.2) / 4_000}


def frame(names: list[str], current_value: list[float], could_win: list[float]) -> pd.DataFrame:
    made = pd.DataFrame({"customer_id": names, "current_value": current_value, "could_win": could_win})
    made["growth_potential"] = (0.8 * made["could_win"] - 4_000).clip(lower=0)
    return made.assign(at_stake=made["could_win"] + 0.2 * made["current_value"])


SHOPS = frame(
    NAMES,
    [10_080, 16_800, 18_900, 2_240, 24_000, 3_200, 3_600, 1_500, 13_500, 900, 9_200, 6_900],
    [2_700, 12_325, 8_100, 13_600, 16_000, 6_000, 22_500, 5_500, 10_800, 2_000, 8_800, 13_000],
)
LATER = frame(
    [*(name for name in NAMES if name != "gift_shop"), "hotel"],
    [6_100, 21_000, 19_400, 2_900, 25_500, 8_800, 1_600, 7_200, 1_100, 9_600, 7_300, 5_200],
    [2_700, 9_500, 8_100, 13_600, 15_000, 20_000, 5_500, 11_500, 2_000, 10_900, 12_500, 14_000],
)


def typed(shops: pd.DataFrame, factor: float = 1) -> pd.Series:
    lines = matrix.Thresholds(8_000 * factor, 4_000 * factor)
    return matrix.classify(shops, lines, potential="growth_potential").set_index("customer_id")["value_type"]


TYPED = matrix.classify(SHOPS, LINES, potential="growth_potential")


def left_over(spent: object) -> float:
    share = -np.expm1(-RESPONSE["assumed_steepness"] * np.asarray(spent, dtype=float))
    return float((SHOPS["at_stake"] * share - spent).sum())


def near(question: str, worth: float, mistake: str = "") -> None:
    stated = LIKELY[f"matrix.{question}", mistake] if mistake else ANSWERS[f"matrix.{question}"]
    assert stated == pytest.approx(worth, rel=0.001, abs=0.6)


@pytest.mark.parametrize("folder", ["", "zh"])
def test_the_figures_here_are_those_of_the_notebook(folder: str) -> None:
    cells = nbformat.read(FOLDER / folder / "06_matrix_and_migration.ipynb", as_version=4).cells
    made: dict[str, object] = {"pd": pd}
    for cell in cells:
        if cell.source.startswith(("shops = ", "later = ")):
            exec(cell.source.split("columns = ")[0].split("now = ")[0], made)
    for name, expected in (("shops", SHOPS), ("later", LATER)):
        pd.testing.assert_frame_equal(made[name], expected.drop(columns="at_stake"), check_dtype=False)
    assert f"{COMPLAINTS.tolist()}" in "".join(cell.source for cell in cells)


def test_half_of_the_money_goes_to_shops_that_are_low_in_both() -> None:
    percent = (
        TYPED.assign(complaints=COMPLAINTS)
        .groupby("value_type")[["complaints", "current_value", "growth_potential"]]
        .sum()
    )
    assert (100 * percent / percent.sum()).loc["I"].round().tolist() == [50, 5, 2]
    assert TYPED["value_type"].value_counts().tolist() == [3, 3, 3, 3]
    assert set(TYPED.query("value_type == 'I'")["customer_id"]) == {"gift_shop", "butcher", "kiosk"}


def test_who_changes_type_when_the_lines_move() -> None:
    now = typed(SHOPS)
    up = typed(SHOPS, 1.5)
    assert up[up != now].to_dict() == {"canteen": "I", "fruit_shop": "I", "bakery_chain": "III", "caterer": "III"}
    down = typed(SHOPS, 0.75)
    assert down[down != now].to_dict() == {"noodle_shop": "IV", "fruit_shop": "IV"}
    near("moved", (down != now).sum())
    near("moved", (up != now).sum(), "up")
    near("moved", (down == "IV").sum(), "in_four")
    near("moved", (typed(SHOPS, 0.5) != now).sum(), "half")


def test_what_is_left_over_by_hand() -> None:
    def of(at_stake: float, spent: float) -> float:
        return at_stake * (1 - 0.2 ** (spent / 4_000)) - spent

    assert [round(of(15_685, spent), -1) for spent in (2_000, 4_000)] == [6_670, 8_550]
    assert round(of(15_685, 4_000)) == 8_548 and round(of(15_685, 4_000) - of(15_685, 2_000)) in (1_877, 1_878)
    tea = 22_500 + 0.2 * 3_600
    near("left", of(tea, 2_000))
    near("left", of(tea, 2_000) + 2_000, "spent")
    near("left", 0.4 * tea - 2_000, "straight")
    near("left", of(22_500, 2_000), "won_only")
    near("left", of(22_500 + 3_600, 2_000), "all")
    near("left", of(14_000 + 720, 2_000), "potential")


def test_what_each_split_leaves_over() -> None:
    both = matrix.compare_budgets(TYPED, 24_000, "at_stake", **RESPONSE)
    table, best = both[["heuristic_profit", "optimal_profit"]].sum()
    complaints, same = left_over(1_000 * COMPLAINTS), left_over(np.full(12, 2_000))
    assert [round(each, -2) for each in (complaints, same, table, best)] == [30_400, 55_300, 55_400, 62_500]
    assert min(same, table, best) - complaints == pytest.approx(24_900, abs=50)
    assert (both["heuristic_budget"] / 3).round().tolist() == [4_000, 2_667, 1_333, 0]
    four, three, two, one = both["optimal_budget"]
    assert two == pytest.approx(four, rel=0.03) and three / four == pytest.approx(0.5, abs=0.02) and one < 200
    swapped = matrix.compare_budgets(TYPED, 24_000, "at_stake", weights={"II": 2, "III": 1, "IV": 3}, **RESPONSE)
    near("swapped", swapped["heuristic_profit"].sum())
    near("swapped", table, "as_before")
    near("swapped", best, "best")
    near("swapped", swapped["profit_gap"].sum(), "gap")
    near("swapped", swapped["heuristic_profit"].sum() + 24_000, "gross")
    each = matrix.compare_budgets(TYPED, 24_000, "at_stake", alike="customer", **RESPONSE)
    near("each", each["optimal_profit"].sum())
    near("each", best, "by_type")
    near("each", table, "table")
    near("each", each["profit_gap"].sum(), "gap")
    assert each["optimal_profit"].sum() - best == pytest.approx(2_100, abs=50)


def test_the_next_yuan_in_the_most_valuable_shop_brings_less_than_the_first_in_another() -> None:
    steep = RESPONSE["assumed_steepness"]
    stake = SHOPS.set_index("customer_id")["at_stake"]
    after = stake["supermarket"] * (np.exp(-steep * 4_000) - np.exp(-steep * 5_000))
    assert after < stake["tea_house"] * -np.expm1(-steep * 1_000)


def test_what_is_found_with_the_sliders() -> None:
    what_if = matrix_and_budget(SHOPS)
    found = {}
    for name, change in {
        "start": {}, "lines": {"current_value": 12_000, "growth_potential": 6_000}, "risk": {"leaving": 0.6},
        "less_risk": {"leaving": 0.55}, "half": {"budget": 12_000}, "won": {"won": 0.6},
    }.items():  # fmt: skip
        what_if.reset()
        what_if.set(**change)
        found[name] = [round(what_if.result[f"{split}_profit"], -1) for split in ("table", "same", "best")]
    assert found["start"] == [55_350, 55_320, 62_530]
    assert found["lines"] == [56_340, 55_320, 62_380]
    assert found["risk"] == [84_890, 79_820, 89_790]
    assert found["less_risk"][0] - found["less_risk"][1] < 5_000 < found["risk"][0] - found["risk"][1]
    assert found["half"] == [39_090, 35_530, 44_460]
    assert found["won"] == [30_620, 28_740, 34_950]


def test_who_moved_a_year_later() -> None:
    now = matrix.classify(LATER, LINES, potential="growth_potential")
    moves = matrix.migration(TYPED, now, "current_value")
    counts = matrix.migration_counts(moves)
    assert counts[["value_gained", "value_lost", "value_change"]].sum().tolist() == [18_360, 13_480, 4_880]
    slid = matrix.value_at_risk(TYPED, now)
    slid = slid[slid["to_type"].isin(["I", "II"])]
    assert slid[["customer_id", "to_type"]].values.tolist() == [["caterer", "II"], ["canteen", "I"]]
    near("slid", slid["value_at_risk"].sum())
    near("slid", counts["value_lost"].sum(), "all_lost")
    near("slid", slid["value_at_risk"].max(), "one")
    near("slid", slid["value_before"].sum(), "before")
    near("slid", counts["value_change"].sum(), "net")


def test_what_is_tried_before_dissolving() -> None:
    small = pd.DataFrame(
        {
            "customer_id": ["gift_shop", "butcher", "kiosk"],
            "revenue": [2_860.0, 1_340, 800],
            "avoidable_cost": [3_010.0, 1_530, 1_160],
        }
    )
    tried = matrix.steps_before_dissolving(small, matrix.DissolvingSteps(saving=0.2))
    assert tried["decision"].tolist() == ["reprice", "serve_cheaper", "dissolve"]


def test_most_falls_could_be_chance_and_the_alerts_are_right() -> None:
    film, truth = (datasets.load(name) for name in ("packaging_film", "packaging_film_truth"))
    monthly = aggregate.panel(aggregate.history(film))
    first = matrix.falls_by_chance(monthly, 12_000).iloc[0]
    assert (first["customers"], round(first["share_by_chance"], 2)) == (55, 0.88)
    fell = matrix.value_alerts(monthly, 12_000).merge(truth, on="customer_id")
    alerts = fell[fell["alert"]]
    assert len(alerts) == 22 and alerts["drop"].min() >= 0.85 and (alerts["state"] != "user").all()
    assert (fell["state"] != "user").sum() == 36
