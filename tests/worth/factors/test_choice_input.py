"""What is wrong with a table of choices is said in a sentence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from choice_worlds import ATTRIBUTES, choices_of

import cvmlab as cvm
from cvmlab.worth.factors import (
    ChoiceModel,
    compare_rules,
    fit_choices,
    fit_rankings,
    price_cut,
    repeats_against_taste,
    spend_by_first_factor,
    weights_by,
    willingness_to_pay,
)

CHOICES = choices_of(40, 3, seed=2)
CHEAPEST = CHOICES["price"] == CHOICES.groupby(["customer_id", "choice_id"])["price"].transform("min")
BEST = CHOICES["trust"] - CHOICES["price"]
BEST_OF_TWO = BEST.groupby([CHOICES["customer_id"], CHOICES["choice_id"]]).transform("max") == BEST
FIRST = CHOICES.index < 3


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (CHOICES.drop(columns="chosen"), "has no column 'chosen'"),
        (CHOICES.drop(columns="price"), "has no column 'price'"),
        (CHOICES.assign(price="dear"), "'price' of the table choices holds .*must hold numbers"),
        (CHOICES.assign(price=np.nan), "'price' of the table choices has empty cells"),
        (CHOICES.assign(customer_id=None), "'customer_id' of the table choices has empty cells"),
        (CHOICES.head(0), "has no rows"),
        (CHOICES.head(3), r"Too few choices \(1\)"),
        (CHOICES.drop(index=[1, 2]), "Choice 0 of customer c0 has a single alternative"),
        (CHOICES.assign(alternative="a"), "the alternative 'a' appears more than once"),
        (CHOICES.assign(chosen=CHOICES["chosen"] & ~FIRST), "choice 0 of customer c0 no alternative is chosen"),
        (CHOICES.assign(chosen=CHOICES["chosen"] | FIRST), "choice 0 of customer c0 3 alternatives are chosen"),
        (CHOICES.assign(chosen=2), "'chosen' holds 2 in row 1; it must be True or 1"),
        (CHOICES.assign(price=9.5), "'price' is the same for all alternatives of every choice"),
        (CHOICES.assign(innovation=2 * CHOICES["price"] - CHOICES["trust"]), "'innovation' follows from the others"),
        (CHOICES.assign(chosen=CHEAPEST), "No choice goes against price, so there is no finite weight"),
        (CHOICES.assign(chosen=BEST_OF_TWO), "No choice goes against price, trust, so there is no finite"),
        (CHOICES.assign(chosen=CHOICES["alternative"].eq("a"), innovation=CHOICES["alternative"].eq("a")),
         "No choice goes against innovation,"),
    ],
)  # fmt: skip
def test_a_table_of_choices_that_cannot_carry_weights_is_refused(changed, said):
    with pytest.raises(cvm.CvmError, match=said):
        fit_choices(changed, ATTRIBUTES)


def test_separation_is_found_among_many_choices():
    many = choices_of(4_000, 5, seed=3)
    best = many["trust"] + many["innovation"] - many["price"]
    many["chosen"] = best == best.groupby([many["customer_id"], many["choice_id"]]).transform("max")
    with pytest.raises(cvm.CvmError, match="No choice goes against price, trust, innovation"):
        fit_choices(many[~many["choice_id"].isin(["9"])], ATTRIBUTES)


def test_nearly_sure_choices_are_fitted():
    sure = choices_of(300, 5, seed=3, weights=np.array([-8.0, 5.0, 3.0]))
    model = fit_choices(sure, ATTRIBUTES)
    assert model.weight["price"] == pytest.approx(-8, abs=4 * model.standard_errors[0])


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ([], "No attribute was named"),
        (["price", "price"], "'price' is named twice"),
        (["customer_id"], "must hold numbers"),
    ],
)
def test_attributes_are_named_once(attributes, said):
    with pytest.raises(cvm.CvmError, match=said):
        fit_choices(CHOICES, attributes)


@pytest.mark.parametrize(
    ("rank", "said"),
    [
        (CHOICES["rank"].where(CHOICES["rank"] != 2, 1), "choice 0 of customer c0 two alternatives have the same rank"),
        (CHOICES["rank"].where(CHOICES["rank"] != 2, 4), "choice 0 of customer c0 the ranks leave out a place"),
        (CHOICES["rank"].where(~FIRST), "choice 0 of customer c0 no alternative is ranked"),
        (CHOICES["rank"] - 0.5, "rank in row 1 is .*whole numbers from 1"),
        (CHOICES["rank"] - 1, "is 0. Ranks are whole numbers from 1"),
        (CHOICES["rank"].astype(str), "must hold numbers"),
    ],
)
def test_ranks_that_are_none_are_refused(rank, said):
    with pytest.raises(cvm.CvmError, match=said):
        fit_rankings(CHOICES.assign(rank=rank), ATTRIBUTES)


def test_one_customer_is_fitted_with_a_warning():
    model = fit_choices(choices_of(1, 60, seed=1), ATTRIBUTES)
    assert not model.clustered
    assert "few customers (1)" in model.warning
    assert fit_choices(CHOICES, ATTRIBUTES).warning == ""
    with pytest.raises(cvm.CvmError, match="All choices are of one customer"):
        compare_rules(choices_of(1, 60, seed=1), ATTRIBUTES)


def test_a_group_that_cannot_be_fitted_is_named():
    with pytest.raises(cvm.CvmError, match=r"In the group 'c0': Too few choices \(3\)"):
        weights_by(CHOICES, ATTRIBUTES, "customer_id")
    with pytest.raises(cvm.CvmError, match="holds 120 different values; there can be at most 100 groups"):
        weights_by(choices_of(120, 1, seed=1), ATTRIBUTES, "customer_id")
    with cvm.speaking("zh"), pytest.raises(cvm.CvmError) as caught:
        weights_by(CHOICES, ATTRIBUTES, "customer_id")
    with cvm.speaking("zh"):
        assert "分组“c0”：选择次数太少（3 次）" in str(caught.value)


def test_willingness_to_pay_is_refused_where_the_price_does_not_count():
    flat = choices_of(60, 4, seed=5, weights=np.array([0.0, 0.5, 0.3]))
    with pytest.raises(cvm.CvmError, match="weight of 'price' is not clearly negative"):
        willingness_to_pay(fit_choices(flat, ATTRIBUTES))
    with pytest.raises(cvm.CvmError, match=r"There is no attribute 'cost' here\. It has: price"):
        willingness_to_pay(ChoiceModel({"price": -1.0}), "cost")
    with pytest.raises(cvm.CvmError, match="at that confidence no interval has an end"):
        ChoiceModel({"price": -1.0}).weights(1.0)
    with pytest.raises(cvm.CvmError, match="must have the shape"):
        ChoiceModel({"price": -1.0}, covariance=np.eye(2))


def test_a_supplier_that_is_never_on_offer_and_spend_of_nothing_are_refused():
    with pytest.raises(cvm.CvmError, match=r"no alternative 'z' in these choices\. They have: a, b, c"):
        price_cut(CHOICES, ATTRIBUTES, alternative="z")
    with pytest.raises(cvm.CvmError, match="Nothing is spent here"):
        price_cut(CHOICES.assign(spend=0), ATTRIBUTES, alternative="a", spend="spend")
    with pytest.raises(cvm.CvmError, match="must be one of: price, trust, innovation"):
        compare_rules(CHOICES.assign(first="luck"), ATTRIBUTES, first_factor="first")


def test_answers_without_spend_are_refused():
    answers = pd.DataFrame({"customer_id": list("ab"), "first_factor": ["price", "trust"], "spend": [0.0, 5.0]})
    with pytest.raises(cvm.CvmError, match="Nothing is spent here"):
        spend_by_first_factor(answers.assign(spend=0))
    with pytest.raises(cvm.CvmError, match="The group 'price' spends nothing"):
        spend_by_first_factor(answers, by="first_factor")
    with pytest.raises(cvm.CvmError, match="holds -1 in row 1; it must be at least 0"):
        spend_by_first_factor(answers.assign(spend=[-1, 5]))
    with pytest.raises(cvm.CvmError, match="'first_factor' of the table answers has empty cells"):
        spend_by_first_factor(answers.assign(first_factor=["", "price"]))


def test_purchases_that_cannot_tell_habit_from_taste_are_refused():
    purchases = pd.DataFrame({"customer_id": list("aabb"), "date": [1, 2, 1, 2], "supplier": list("LLRR")})
    with pytest.raises(cvm.CvmError, match="No customer ever bought from a second supplier"):
        repeats_against_taste(purchases)
    with pytest.raises(cvm.CvmError, match="No customer has two purchases"):
        repeats_against_taste(purchases.iloc[1:3])
    with pytest.raises(cvm.CvmError, match="Customer a has two purchases with the same 'date'"):
        repeats_against_taste(purchases.assign(date=1))
    with pytest.raises(cvm.CvmError, match="put in order by dates or numbers"):
        repeats_against_taste(purchases.assign(date=list("1234")))
    with pytest.raises(cvm.CvmError, match="'date' of the table purchases has empty cells"):
        repeats_against_taste(purchases.assign(date=[1, np.nan, 1, 2]))
