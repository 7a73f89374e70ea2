"""The report's section on a stated budget: whom it is for, and against what its return is measured."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from test_portfolio import judged, sales, text

import cvmlab as cvm
from cvmlab.case.losses import share_leaving
from cvmlab.core.words import say, term
from cvmlab.report import portfolio, sections


@pytest.fixture(params=["en", "zh"])
def spoken(request):
    cvm.use(request.param)
    return request.param


def leaving() -> pd.DataFrame:
    """Return sales where customers leave one after the other."""
    log = sales(customers=160, profit=True)
    number = log["customer_id"].str[1:].astype(int)
    end = np.datetime64("2021-06-01") + (number * 12).astype("timedelta64[D]")
    return log[(log["date"] <= end) | (number % 2 == 0)]


def spent(budget: float):
    return judged(leaving(), budget=budget, headroom_threshold=400)


@pytest.fixture(scope="module")
def spending():
    return spent(12_000)


@pytest.fixture(scope="module")
def split(spending) -> pd.DataFrame:
    return spending.budget_split().set_index("value_type")


def meant(made, action: str) -> pd.DataFrame:
    return made.customers.loc[(made.customers["action"] == action) & ~made.customers["hold_out"]]


def test_a_budget_is_split_only_if_it_is_stated(spending, split, spoken):
    assert portfolio.budget(judged(sales(profit=True))) == []
    assert split["budget"].sum() == pytest.approx(12_000)
    assert split.loc["I", "budget"] == 0
    assert "12,000" in text(portfolio.budget(spending))
    assert term("report.budget_to_win") in text(portfolio.budget(spending))


def test_nobody_on_the_call_list_or_left_alone_is_paid_for(spending, split):
    assert spending.customers["hold_out"].any()
    assert split["customers"].drop("I").sum() == len(meant(spending, "develop")) + len(meant(spending, "maintain"))


def test_what_can_be_won_or_saved_is_that_of_the_recommendations(spending, split):
    develop, maintain = (spending.recommended(action) for action in ("develop", "maintain"))
    reached = spending.assumptions.headroom_reached * meant(spending, "develop")["headroom"].sum()
    assert split.loc[["IV", "II"], "at_stake"].sum() == pytest.approx(reached)
    assert split.loc[["IV", "II"], "at_stake"].sum() <= develop["at_stake"]
    # not the whole current value, which nobody expects to be lost
    assert 0 < split.loc["III", "at_stake"] <= maintain["at_stake"]
    assert split.loc["III", "low"] <= split.loc["III", "at_stake"] <= split.loc["III", "high"]
    assert split.loc["III", "to_win"] == pytest.approx(split.loc["III", "budget"] / split.loc["III", "at_stake"])


def test_a_budget_beyond_what_can_be_won_is_said_not_to_come_back(spending, spoken):
    words = {name: say(f"report.budget_{name}", share="").strip("：: ") for name in ("cannot", "hardly")}
    huge = text(portfolio.budget(spent(1e6)))
    assert all(f"{word}</td>" in huge for word in words.values())
    small = text(portfolio.budget(spent(0.01)))
    assert not any(f"{word}</td>" in small for word in words.values())


def test_customers_worth_less_than_is_spent_on_them_are_counted(spending, split):
    assert split.loc["I", "dear"] == 0
    paid = pd.concat([meant(spending, "develop"), meant(spending, "maintain")])
    below = paid["current_value"] < paid["value_type"].map(split["budget_per_customer"])
    assert split["dear"].sum() == below.sum()


def test_most_per_customer_and_most_in_all_are_both_named(spending, split, spoken):
    most, each = split["budget"].idxmax(), split["budget_per_customer"].idxmax()
    assert each == "IV"
    assert most != each
    said = text(portfolio.budget(spending))
    assert f"type {each} gets most per customer" in said or f"每位客户所得最多的是 {each} 类" in said
    assert f"type {most} most in all" in said or f"合计所得最多的是 {most} 类" in said


def test_without_profit_a_budget_does_not_say_what_must_come_back(spoken):
    made = judged(sales(), budget=500)
    assert made.budget_split()[["at_stake", "low", "high", "to_win"]].isna().all(axis=None)
    said = text(portfolio.budget(made))
    assert term("report.budget_rule_revenue") in said
    assert term("report.budget_to_win") not in said


def test_those_to_keep_are_fewer_than_must_be_won_only_if_it_says_so(spending):
    row = spending.recommended("maintain")
    assert share_leaving(row) == pytest.approx(row["at_stake"] / (row["customers"] * row["gain"]))
    assert math.isnan(share_leaving({"customers": 0, "gain": 0.0, "at_stake": 0.0}))
    cvm.use("en")
    said = text(sections.recommendations(spending))
    doubtful = "but only" in said or "but nobody" in said
    assert doubtful == (row["break_even_rate"] >= share_leaving(row))
