"""Two judges: Cohen's κ against published figures and scikit-learn, its interval against simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from cvmlab import CvmError, churn, datasets, speaking

REASONS = ["given_up", "left_on_own", "poached", "attracted", "forced_to_leave", "other_reason"]
# Cohen (1960): 200 patients, each given one of three diagnoses by two judges
COHEN = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]
# the table of Fleiss, Cohen & Everitt (1969): shares of 200
FLEISS = [[106, 10, 4], [22, 28, 10], [2, 12, 6]]


def labels_of(counts: list[list[int]]) -> tuple[list[str], list[str]]:
    pairs = [(row, column) for row, line in enumerate(counts) for column, size in enumerate(line) for _ in range(size)]
    return [f"label {row}" for row, _ in pairs], [f"label {column}" for _, column in pairs]


def test_kappa_of_cohen_1960() -> None:
    found = churn.agreement(*labels_of(COHEN))
    assert (found.observed, found.chance) == (pytest.approx(0.70), pytest.approx(0.41))
    assert round(found.kappa, 3) == 0.492
    assert found.table.to_numpy().tolist() == COHEN


def test_kappa_of_fleiss_cohen_and_everitt_1969() -> None:
    found = churn.agreement(*labels_of(FLEISS))
    assert (found.observed, found.chance) == (pytest.approx(0.70), pytest.approx(0.475))
    assert round(found.kappa, 3) == 0.429
    error = (found.kappa_high - found.kappa) / 1.959964
    assert found.kappa - found.kappa_low == pytest.approx(found.kappa_high - found.kappa)
    assert error == pytest.approx(delta_error(FLEISS), rel=1e-6)


def delta_error(counts: list[list[int]]) -> float:
    """Return the standard error by the delta method, with slopes of κ by the shares found numerically."""
    shares = np.array(counts) / np.sum(counts)

    def kappa(shares: np.ndarray) -> float:
        shares = shares / shares.sum()
        chance = shares.sum(axis=1) @ shares.sum(axis=0)
        return float((np.trace(shares) - chance) / (1 - chance))

    slopes, step = np.zeros_like(shares), 1e-6
    for place in np.ndindex(shares.shape):
        moved = np.zeros_like(shares)
        moved[place] = step
        slopes[place] = (kappa(shares + moved) - kappa(shares - moved)) / (2 * step)
    variance = (shares * slopes**2).sum() - (shares * slopes).sum() ** 2
    return float(np.sqrt(variance / np.sum(counts)))


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=1, max_size=60))
def test_kappa_is_that_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    first, second = ([pair[side] for pair in pairs] for side in (0, 1))
    found = churn.agreement(first, second)
    assert found.customers == len(pairs) == found.table.to_numpy().sum()
    if len({*first, *second}) == 1:
        assert np.isnan([found.kappa, found.kappa_low, found.kappa_high]).all()
        assert "undefined" in found.sentence()
        return
    assert found.kappa == pytest.approx(cohen_kappa_score(first, second), abs=1e-9)
    assert -1 <= found.kappa_low <= found.kappa + 1e-12 and found.kappa <= found.kappa_high + 1e-12 <= 1 + 1e-9
    other = churn.agreement(second, first)
    assert other.kappa == pytest.approx(found.kappa, abs=1e-9)


@pytest.mark.parametrize(("size", "agreeing"), [(60, 0.3), (60, 0.7), (200, 0.5), (200, 0.9)])
def test_the_interval_holds_the_true_kappa(size: int, agreeing: float) -> None:
    """The second judge says the same with a chance, else draws as the first does: κ is that chance."""
    draw = np.random.default_rng(11)
    shares, held, rounds = [0.5, 0.3, 0.2], 0, 400
    for _ in range(rounds):
        first, again = draw.choice(list("abc"), (2, size), p=shares)
        second = np.where(draw.random(size) < agreeing, first, again)
        found = churn.agreement(first, second)
        held += found.kappa_low <= agreeing <= found.kappa_high
    assert 0.915 <= held / rounds <= 0.98


def test_full_agreement_on_few_customers_is_no_proof() -> None:
    found = churn.agreement(["a"] * 6 + ["b"] * 6, ["a"] * 6 + ["b"] * 6)
    assert (found.kappa, found.kappa_high) == (1, 1)
    assert 0.4 < found.kappa_low < 0.6
    many = churn.agreement(["a"] * 600 + ["b"] * 600, ["a"] * 600 + ["b"] * 600)
    assert many.kappa_low > 0.99


def test_both_always_the_same_label_leaves_kappa_undefined_and_is_said() -> None:
    found = churn.agreement(["attracted"] * 9, ["attracted"] * 9)
    assert (found.observed, found.chance) == (1, 1)
    assert np.isnan(found.kappa)
    assert "κ is undefined" in found.sentence()
    with speaking("zh"):
        assert "κ 无定义" in found.sentence()
    # one who differs once: defined, and 0, since the first judge does not distinguish
    assert churn.agreement(["attracted"] * 9, ["attracted"] * 8 + ["poached"]).kappa == pytest.approx(0)


def test_high_agreement_may_be_what_chance_gives() -> None:
    first = ["attracted"] * 95 + ["poached"] * 5
    second = ["poached"] * 5 + ["attracted"] * 95
    found = churn.agreement(first, second)
    assert found.observed == pytest.approx(0.9)
    assert found.kappa < 0


def test_the_table_has_the_reasons_in_the_order_of_the_book_and_gaps_left_out() -> None:
    found = churn.agreement(["poached", "given_up", None, "attracted"], ["poached", "", "given_up", "given_up"])
    assert found.customers == 2
    assert list(found.table.index) == ["given_up", "poached", "attracted"]
    assert found.table.loc["attracted", "given_up"] == 1


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (["a"], ["a", "b"], "first judge has 1 row and the second 2"),
        ([], [], "No customer was judged by both"),
        (["", None], ["a", "b"], "No customer was judged by both"),
        ([1, 2], ["a", "b"], "`first` hold 1 in row 1"),
        ([f"{number}a" for number in range(1_001)], ["a"] * 1_001, "1002 different labels"),
    ],
)
def test_judges_that_cannot_be_compared_are_refused(first: list[object], second: list[object], said: str) -> None:
    with pytest.raises(CvmError, match=said):
        churn.agreement(first, second)


# --- several reasons per customer ------------------------------------------------------------------


def rules_and_truth() -> tuple[pd.DataFrame, pd.DataFrame]:
    codes = datasets.load("carrier_reasons_truth")
    truth = churn.code_reasons(codes, text=None, fields=["reason"])
    return churn.code_reasons(datasets.load("carrier_reasons"), text="text_en"), truth


def test_each_reason_is_a_question_of_its_own() -> None:
    rules, truth = rules_and_truth()
    table = churn.agreement_by_reason(rules, truth).set_index("reason")
    assert list(table.index) == REASONS
    assert (table[["both", "first_only", "second_only", "neither"]].sum(axis=1) == 200).all()
    for reason in REASONS:
        assert table.loc[reason, "kappa"] == pytest.approx(cohen_kappa_score(rules[reason], truth[reason]))
    # only the main reason is known to this judge, the rules find the second one, too
    assert table["second_only"].sum() <= 3 < table["first_only"].sum()
    assert table["kappa"].mean() > 0.85


def test_customers_are_matched_by_id_and_not_by_place() -> None:
    rules, truth = rules_and_truth()
    shuffled = truth.sample(frac=1, random_state=2)
    pd.testing.assert_frame_equal(churn.agreement_by_reason(rules, shuffled), churn.agreement_by_reason(rules, truth))
    with pytest.raises(CvmError, match="same customers"):
        churn.agreement_by_reason(rules, truth.assign(customer_id=truth["customer_id"] + "x"))
    with pytest.raises(CvmError, match="200 rows and the second 3"):
        churn.agreement_by_reason(rules.drop(columns="customer_id"), truth.head(3))


def test_a_reason_that_nobody_named_has_no_kappa() -> None:
    coded = churn.code_reasons(pd.DataFrame({"text": ["cheaper", "cash"]}))
    table = churn.agreement_by_reason(coded, coded).set_index("reason")
    assert np.isnan(table.loc["given_up", "kappa"])
    assert table.loc["attracted", "kappa"] == 1
