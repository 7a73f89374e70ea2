"""Lesson 04: what its prose says is what its data say, and its likely mistakes are what somebody would compute."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from stated import ANSWERS, LIKELY

from cvmlab import aggregate, charts, datasets, speaking
from cvmlab.core.words import CvmError
from cvmlab.whatif import silence_to_call
from cvmlab.worth import buying

PUBLISHED = [100, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1]


@pytest.fixture(scope="module")
def film():
    return datasets.load("packaging_film")


@pytest.fixture(scope="module")
def shops(film):
    summary = aggregate.summarise_customers(film, as_of="2025-12-31")
    return summary.merge(datasets.load("packaging_film_truth"), on="customer_id")


def near(question: str, value: float, mistake: str = "") -> None:
    stated = LIKELY[f"contractual.{question}", mistake] if mistake else ANSWERS[f"contractual.{question}"]
    assert stated == pytest.approx(value, abs=0.06)


def test_the_retention_rate_of_the_seventh_year_and_what_is_computed_instead() -> None:
    near("retention", 100 * PUBLISHED[7] / PUBLISHED[6])
    near("retention", PUBLISHED[7], "left")
    near("retention", 100 - 100 * PUBLISHED[7] / PUBLISHED[6], "gone")
    near("retention", 100 * PUBLISHED[7] / PUBLISHED[5], "two_years")
    near("retention", 100 * (PUBLISHED[7] / 100) ** (1 / 7), "average")
    near("retention", 100 * PUBLISHED[5] / PUBLISHED[4], "fifth")
    near("retention", 100 * PUBLISHED[6] / PUBLISHED[5], "sixth")
    near("retention", 100 * PUBLISHED[7] / PUBLISHED[1], "base")
    near("retention", 100 * PUBLISHED[6] / PUBLISHED[7], "upside")
    near("retention", PUBLISHED[1], "first")
    near("retention", PUBLISHED[6] - PUBLISHED[7], "loss")


def test_the_chance_of_a_shop_three_gaps_silent_and_what_is_computed_instead() -> None:
    silent, q = math.exp(-3), 0.06
    near("alive", 100 * (1 - q) * silent / ((1 - q) * silent + q))
    near("alive", 100 * silent, "silence")
    near("alive", 100 * 0.94 * 0.0498 / 0.94 * 0.0498 + 0.06, "brackets")
    near("alive", 94, "just_after")
    # of 100 shops just after an order, by hand
    going_on = 94 * math.exp(-4)
    assert (round(going_on, 1), round(6 + going_on, 1)) == (1.7, 7.7)
    near("alive", 100 * (1 - q) * silent, "above")
    near("alive", 100 * silent / (silent + q), "no_share")
    near("alive", 100 * q / ((1 - q) * silent + q), "gone")
    near("alive", 100 * (1 - q) * math.exp(-1) / ((1 - q) * math.exp(-1) + q), "one_gap")
    for gap, shop in ((30, "quick"), (90, "slow")):
        worked = (1 - q) * math.exp(-120 / gap)
        near("alive", 100 * worked / (worked + q), shop)


def test_the_exercises() -> None:
    for years, key in ((4, ""), (3, "third")):
        settled, unsettled = 50 * 0.9**years, 50 * 0.35**years
        near("settled_share", 100 * settled / (settled + unsettled), key)
    near("settled_share", 50 * 0.9**4, "number")
    near("settled_share", PUBLISHED[4], "everybody")
    near("settled_share", 50 * 0.35**4, "unsettled")
    # a firm that signs 100 each year: those of up to seven years, and who leaves
    assert (round(sum(PUBLISHED[:7])), round(100 - PUBLISHED[7])) == (336, 76)
    near("settled_share", 100 * 0.9**4, "of_settled")


def gaps_silent(shops: pd.DataFrame) -> pd.Series:
    """Return the silence of each shop in usual gaps, as the lesson has it: the median of all below four orders."""
    usual = shops["recency"] / shops["frequency"]
    return (shops["age"] - shops["recency"]) / usual.where(shops["frequency"] >= 3, usual.median())


def test_the_rule_of_three_and_of_two_gaps(shops) -> None:
    gaps, user = gaps_silent(shops), shops["state"] == "user"
    assert shops["state"][gaps > 3].value_counts().to_dict() == {"dormant": 104, "lost": 85, "user": 13}
    near("two_gaps", 100 * user[gaps > 2].mean())
    near("two_gaps", 100 * user[gaps > 3].mean(), "three")
    near("two_gaps", (user & (gaps > 2)).sum(), "count")
    near("two_gaps", 100 * (gaps > 2).mean(), "given_up")
    near("two_gaps", (gaps > 2).sum(), "all_given_up")
    near("two_gaps", 100 * (shops["state"] == "lost")[gaps > 2].mean(), "lost")
    near("two_gaps", 100 * user.mean(), "users")
    near("two_gaps", 100 * (gaps[user] > 2).mean(), "of_users")
    near("two_gaps", 100 * (user & (gaps > 2)).mean(), "of_all")


def test_the_kinds_rise_to_90_percent_and_the_published_customers_to_92() -> None:
    year = np.arange(8)
    kinds = {"year": year, "settled": 50 * 0.9**year, "unsettled": 50 * 0.35**year, "published": PUBLISHED}
    ax = charts.plot_two_kinds(pd.DataFrame(kinds))
    assert ax.get_title(loc="left").replace("\n", " ").endswith("from 63% to 90% (published: 63% to 92%)")
    below = [label.get_text().partition("\n")[2] for label in ax.get_xticklabels()]
    assert below == ["", "63%", "75%", "83%", "87%", "89%", "90%", "90%"]


def test_the_model_of_the_lesson_is_the_one_that_explains_its_shops_best(shops) -> None:
    assert isinstance(buying.best_explained(buying.fit_family(shops)), buying.MbgNbd)


def test_orders_at_random_make_the_estimate_more_cautious_and_few_orders_bring_it_near_the_average(shops) -> None:
    shops = shops.assign(alive=buying.fit_mbg_nbd(shops).p_alive(shops)).set_index("customer_id")
    by_chance, once, often = (shops.loc[name] for name in ("F332", "F101", "F309"))
    silent = by_chance["age"] - by_chance["recency"]
    known = 0.94 * math.exp(-silent / by_chance["gap"])
    assert (round(by_chance["alive"], 2), round(known / (known + 0.06), 2)) == (0.40, 0.04)
    assert (round(once["alive"], 2), round(often["alive"], 2)) == (0.72, 0.59)


def test_the_second_list_of_the_branch(film, shops) -> None:
    """Of the shops of Zhengzhou silent since summer, all quick buyers have stopped, and two of eight slow ones."""
    near_by = shops["customer_id"].isin(film["customer_id"][film["region"] == "Zhengzhou"])
    listed = shops[near_by & shops["last_date"].between("2025-07-01", "2025-09-30")]
    stopped = (listed["state"] != "user").groupby(listed["gap"]).agg(["sum", "size"])
    assert stopped.loc[30].tolist() == [5, 5]
    assert stopped.loc[90].tolist() == [2, 8]
    # 75% is what it says, over all shops; five quick ones are few
    alive = pd.Series(buying.fit_mbg_nbd(shops).p_alive(shops), shops.index)
    alike = (shops["state"] == "user")[alive.between(0.7, 0.8)]
    assert (len(alike), alike.sum()) == (28, 21)
    assert round(100 * alive[listed.index[listed["gap"] == 30]].mean()) == 37


def test_whom_to_call_first_without_a_model(shops) -> None:
    """The model sorts best, then silence in gaps; with gaps of one or two orders it would not beat the days alone."""
    stopped = (shops["state"] != "user").to_numpy()
    silent, model = shops["age"] - shops["recency"], buying.fit_mbg_nbd(shops)
    own = (shops["recency"] / shops["frequency"]).fillna(buying.fit_gap_rule(shops).usual_gap)

    def sorted_right(score) -> float:
        """Return how often a shop that has stopped stands before one that has not."""
        ranks = pd.Series(score).rank()[stopped].sum() - stopped.sum() * (stopped.sum() + 1) / 2
        return ranks / (stopped.sum() * (~stopped).sum())

    assert sorted_right(1 - model.p_alive(shops)) > sorted_right(gaps_silent(shops))
    assert sorted_right(gaps_silent(shops)) > sorted_right(silent) > sorted_right(silent / own)


def test_a_contract_called_over_has_ended_and_the_last_to_end_are_not_seen_yet() -> None:
    paid, truth = datasets.load("packaging_contracts"), datasets.load("packaging_contracts_truth")
    contracts = aggregate.summarise_customers(paid, as_of="2025-12-31").merge(truth, on="customer_id")
    over = buying.fit_payment_rule(contracts).p_alive(contracts) < 0.5
    assert contracts["ended"][over].all()
    late = contracts["age"] - contracts["recency"]
    assert late[contracts["ended"] & ~over].max() <= 46
    # nobody changes, and yet the rate rises: of those who have paid longer, more are settled
    made = contracts["frequency"] + 1
    assert (contracts["kind"][made > 24] == "settled").mean() > 0.9 > 0.6 > (contracts["kind"] == "settled").mean()


def test_a_log_s_own_past_is_counted_up_to_the_day_of_the_cut(film) -> None:
    halves = buying.compare_later(film, cut="2025-06-30").set_index("model")
    assert (halves["wrong"] == halves["came_back"] + halves["stayed_away"]).all()
    assert len(set(halves["customers"])) == 1
    nobody = halves.iloc[-1]
    early, late = film[film["date"] <= "2025-06-30"], film[film["date"] > "2025-06-30"]
    assert nobody["wrong"] == len(set(early["customer_id"]) - set(late["customer_id"]))
    with speaking("zh"):
        assert buying.compare_later(film, cut="2025-06-30")["model"].iloc[-1] == "谁也没有流失"


@pytest.mark.parametrize(("cut", "match"), [("2021-01-01", "later cut"), ("2026-01-01", "earlier cut")])
def test_a_cut_outside_of_the_log_is_told(film, cut, match) -> None:
    with pytest.raises(CvmError, match=match):
        buying.compare_later(film, cut=cut)


def test_the_same_silence_means_different_things(shops) -> None:
    silent = shops["age"] - shops["recency"]
    going_on = 0.94 * np.exp(-silent / shops["gap"])
    drawn = shops.assign(silent_days=silent, p_alive=going_on / (going_on + 0.06))
    ax = charts.plot_same_silence(drawn)
    title = ax.get_title(loc="left").replace("\n", " ")
    assert title.endswith("users are 26 of 33 shops that order every 90 days, and 0 of 10 that order every 30")
    between = silent.between(90, 180)
    for gap, expected in ((30, (0, 10)), (90, (26, 33))):
        mine = shops[between & (shops["gap"] == gap)]
        assert ((mine["state"] == "user").sum(), len(mine)) == expected
    assert sum(len(dots.get_offsets()) for dots in ax.collections) == (silent <= 365).sum()


def test_a_single_pace_is_drawn_without_a_comparison(shops) -> None:
    quick = shops.assign(silent_days=shops["age"] - shops["recency"], p_alive=0.5).query("gap == 30")
    assert charts.plot_same_silence(quick).get_title(loc="left") == ""


def test_the_shops_stop_with_the_chance_and_order_at_the_pace_that_the_card_says(film, shops) -> None:
    ordered, stopped = shops["frequency"] + 1, shops["state"] != "user"
    assert (stopped.groupby(shops["gap"]).sum() / ordered.groupby(shops["gap"]).sum()).between(0.05, 0.07).all()
    gaps = film.sort_values("date").groupby("customer_id")["date"].diff().dt.days
    means = gaps.groupby(film["customer_id"].map(shops.set_index("customer_id")["gap"])).mean()
    # long gaps are cut off by the end of the data
    assert means.loc[30] == pytest.approx(30, abs=2)
    assert means.loc[90] == pytest.approx(85, abs=6)


def test_the_what_if_calls_on_the_day_that_leaves_most() -> None:
    what_if = silence_to_call()
    result = what_if.result
    assert result["best_left"] == result["left"].max() >= result["left_over"]
    assert result["calls"] == pytest.approx(100 * (0.94 * math.exp(-90 / 50) + 0.06))
    said = {
        "start": (142, 2_770), "slow": (224, 1_730), "visit": (183, 3_610), "message": (8, 4_830), "weak": (102, 690),
    }  # fmt: skip
    changes = {
        "start": {}, "slow": {"usual_gap": 90}, "visit": {"call_cost": 400, "won_share": 0.2},
        "message": {"call_cost": 10, "silence": 8}, "weak": {"call_cost": 10, "won_share": 0.02},
    }  # fmt: skip
    for name, change in changes.items():
        what_if.reset()
        what_if.set(**change)
        assert (what_if.result["best_day"], round(what_if.result["best_left"], -1)) == said[name]
        assert name != "message" or round(what_if.result["alive"], 2) == 0.93
    what_if.reset()
    what_if.set(won_share=0.02)
    assert what_if.result["best_day"] is None
    assert "On no day does a call pay" in what_if.sentence
    what_if.reset()
    what_if.set(usual_gap=180)
    assert "beyond the end of the scale, day 365" in what_if.sentence
    what_if.set(call_cost=0, won_share=0, worth=0, last_share=0)
    assert np.isfinite(what_if.result["left"]).all()
