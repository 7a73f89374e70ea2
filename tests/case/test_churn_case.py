"""A table of subscribers judged: rates, costs, whom to call, and what happens where something is missing."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_subscribers import subscribers, without_truth

from cvmlab import CvmError, case, datasets
from cvmlab import subscribers as tables
from cvmlab.case.churn.offer import in_the_base, offer_of
from cvmlab.case.churn.rates import by_tenure, by_value, retention_tables, window_in
from cvmlab.keep.churn.calling import Offer


@pytest.fixture(scope="module")
def judged() -> case.ChurnCase:
    assumed = case.ChurnAssumptions(window_months=1, offer_months=0.5)
    return case.study_churn(tables.read(without_truth(subscribers())), assumed)


@pytest.fixture(scope="module")
def telco() -> case.ChurnCase:
    return case.study_churn(tables.read(datasets.path("telco")))


def test_telco_is_what_its_card_says(telco: case.ChurnCase) -> None:
    assert telco.rate[["customers", "left"]].tolist() == [7043, 1869]
    assert (telco.window, telco.window_from) == (1, "header")
    frame = datasets.load("telco")
    paid = frame.loc[frame["left_last_month"], "monthly_charge"].sum()
    assert telco.losses is not None
    assert telco.losses.monthly_charge == pytest.approx(paid)
    assert telco.losses.yearly_profit == pytest.approx(paid * 12 * 0.5)
    assert telco.contracts is not None and telco.contracts["customers"].sum() == 7043
    monthly = telco.contracts.set_index("group").loc["Month-to-month", "rate"]
    assert monthly == pytest.approx(frame.loc[frame["contract"] == "Month-to-month", "left_last_month"].mean())


@pytest.mark.parametrize(
    ("header", "months"),
    [
        ("left_last_month", 1), ("Churn", None), ("上月流失", 1), ("churned_within_3_months", 3), ("三个月内流失", 3),
        ("is_churn_next_month", 1), ("Churn Label", None), ("6个月内离网", 6), ("0 months", None),
    ],
)  # fmt: skip
def test_a_header_may_say_the_window(header: str, months: int | None) -> None:
    assert window_in(header) == months


# figures as people state them: below 1e-300 a float has too few digits for any identity
SHARES = st.integers(0, 1_000).map(lambda thousandths: thousandths / 1_000)
MONEY = st.integers(0, 50_000).map(lambda cents: cents / 100)


@given(SHARES, SHARES, MONEY, MONEY, MONEY, SHARES)
def test_calling_pays_exactly_from_the_break_even_chance_on(
    chance: float, acceptance: float, brought: float, cost: float, contact: float, take: float
) -> None:
    offer = Offer(contact, np.array([cost]), np.array([brought]), acceptance, take)
    gain = offer.expected_profit(np.array([chance]))[0]
    by_hand = chance * acceptance * (brought - cost) - (1 - chance) * take * cost - contact
    assert gain == pytest.approx(by_hand, abs=1e-9)
    even = offer.break_even_chance()[0]
    if abs(gain) > 1e-6:
        assert (gain > 0) == (chance > even)
    needed = offer.break_even_acceptance(np.array([chance]))[0]
    if np.isfinite(needed):
        again = Offer(contact, np.array([cost]), np.array([brought]), needed, take)
        assert again.expected_profit(np.array([chance]))[0] == pytest.approx(0, abs=1e-6)


def test_the_offer_waives_charges_and_keeps_months() -> None:
    assumed = case.ChurnAssumptions(margin=0.4, months_kept=10, offer_months=2, contact_share=0.1)
    offer = offer_of(pd.Series([50.0, np.nan, 100.0, 100.0]), assumed)
    assert offer.cost.tolist() == [100, 200, 200, 200]
    assert offer.brought.tolist() == [200, 400, 400, 400]
    assert offer.contact_cost == pytest.approx(10)


def test_those_for_whom_it_pays_are_called_or_held_out(judged: case.ChurnCase) -> None:
    customers = judged.customers
    pays = customers["expected_profit"] > 0
    assert pays.sum() > 20
    assert (pays == (customers["call"] | customers["hold_out"])).all()
    assert not (customers["call"] & customers["hold_out"]).any()
    assert customers["hold_out"].sum() == int(0.2 * pays.sum()) >= 20
    assert not customers.loc[customers["left"], ["call", "hold_out"]].any(axis=None)
    assert judged.calls["expected_profit"].is_monotonic_decreasing


def test_too_few_calls_have_no_hold_out() -> None:
    assumed = case.ChurnAssumptions(window_months=1, hold_out_share=0.05)
    found = case.study_churn(tables.read(without_truth(subscribers())), assumed)
    assert found.customers["call"].any() and not found.customers["hold_out"].any()


def test_one_campaign_lies_in_the_range_that_is_told() -> None:
    table = subscribers(3_000, 3)
    found = case.study_churn(
        tables.read(without_truth(table)), case.ChurnAssumptions(window_months=1, offer_months=0.5)
    )
    assert found.offer is not None
    staying = found.customers[~found.customers["left"]]
    called = staying["call"].to_numpy()
    truth = staying["customer_id"].map(table.set_index("customerID")["truth"]).to_numpy()[called]
    cost, brought = found.offer.cost[called], found.offer.brought[called]
    draw = np.random.default_rng(1)
    would_leave = draw.random((2_000, called.sum())) < truth
    kept = draw.random(would_leave.shape) < found.offer.acceptance
    won = np.where(would_leave, np.where(kept, brought - cost, 0), -cost) - found.offer.contact_cost
    _, low, high = found.expected_gain
    inside = (won.sum(axis=1) >= low) & (won.sum(axis=1) <= high)
    assert inside.mean() > 0.85


def test_no_other_number_of_calls_is_expected_to_bring_more(judged: case.ChurnCase) -> None:
    rivals = judged.rivals.set_index("rule")["profit"]
    assert rivals["best"] == pytest.approx(judged.curve["expected_profit"].max())
    assert rivals["best"] == rivals.max()
    assert rivals["nobody"] == 0


def test_in_truth_the_calls_bring_more_than_calling_the_likeliest_or_all() -> None:
    won = []
    for seed in range(5):
        table = subscribers(3_000, seed)
        found = case.study_churn(tables.read(without_truth(table)), case.ChurnAssumptions(window_months=1))
        truth = found.customers["customer_id"].map(table.set_index("customerID")["truth"])
        staying = ~found.customers["left"]
        assert found.offer is not None
        gain = found.offer.expected_profit(truth[staying].to_numpy())
        chosen = found.customers.loc[staying, ["call", "hold_out"]].any(axis=1).to_numpy()
        likely = found.customers.loc[staying, "chance"].rank(ascending=False).to_numpy() <= found.rate["left"]
        best = gain[gain > 0].sum()
        won.append((gain[chosen].sum() / best, gain[likely].sum() / best, gain.sum() / best))
    ours, likely, everybody = np.mean(won, axis=0)
    assert ours > 0.5
    assert ours > 0 > likely > everybody


def test_what_came_of_calls_is_shown_with_an_interval_that_holds_the_truth() -> None:
    held, promised, came = 0, 0.0, 0.0
    for seed in range(8):
        table = subscribers(3_000, seed)
        found = case.study_churn(tables.read(without_truth(table)), case.ChurnAssumptions(window_months=1))
        assert found.tried is not None
        truth = found.customers["customer_id"].map(table.set_index("customerID")["truth"]).to_numpy()
        offer = offer_of(found.customers["monthly_charge"], found.assumptions)
        chosen = offer.expected_profit(found.customers["chance"].to_numpy()) > 0
        really = offer.expected_profit(truth)[chosen].sum()
        held += found.tried.low <= really <= found.tried.high
        promised, came = promised + found.tried.promised, came + really
        assert found.expected_gain[0] == pytest.approx(found.calls["expected_profit"].sum())
    assert held >= 7
    assert promised > 1.15 * came


def test_chances_agree_with_the_truth() -> None:
    table = subscribers(4_000, 11)
    found = case.study_churn(tables.read(without_truth(table)))
    truth = found.customers["customer_id"].map(table.set_index("customerID")["truth"])
    assert np.abs(found.customers["chance"] - truth).mean() < 0.06
    assert found.customers["chance"].mean() == pytest.approx(truth.mean(), abs=0.02)


def test_the_life_table_finds_the_hump_of_the_truth(judged: case.ChurnCase) -> None:
    table = subscribers()
    assert judged.retention is not None
    everybody = judged.retention[judged.retention["group"] == ""].set_index("period")
    early, late = everybody.loc[4:9], everybody.loc[30:40]
    assert early["left"].sum() / early["at_risk"].sum() > 3 * late["left"].sum() / late["at_risk"].sum()
    truth = table.loc[table["tenure"].between(4, 9), "truth"].mean()
    assert early["left"].sum() / early["at_risk"].sum() == pytest.approx(truth, abs=0.06)
    assert set(judged.retention["group"]) == {"", "Month-to-month", "One year"}


@given(st.lists(st.tuples(st.integers(0, 200), st.booleans()), min_size=1, max_size=300))
def test_bands_of_tenure_hold_everybody_once(rows: list[tuple[int, bool]]) -> None:
    frame = pd.DataFrame(rows, columns=["tenure_months", "left"])
    bands = by_tenure(frame)
    assert bands["customers"].sum() == len(rows)
    assert bands["left"].sum() == frame["left"].sum()
    assert bands["group"].is_unique
    assert len(bands) == 1 or bands["customers"].min() >= 30


@given(st.lists(st.tuples(st.sampled_from(["a", "b", None, "c", "7"]), st.booleans()), min_size=1, max_size=200))
def test_values_of_a_column_hold_everybody_once(rows: list[tuple[str | None, bool]]) -> None:
    frame = pd.DataFrame(rows, columns=["plan", "left"])
    found = by_value(frame, "plan")
    assert found["customers"].sum() == len(rows)
    assert found["left"].sum() == frame["left"].sum()


def test_who_left_in_the_month_of_joining_has_begun_it() -> None:
    frame = pd.DataFrame({"tenure_months": [0.0, 0.0, 0.4, 1.0, 2.0], "left": [True, False, True, False, False]})
    table = retention_tables(frame, 1, None).set_index("period")
    assert table.loc[1, ["at_risk", "left"]].tolist() == [3, 2]


def test_without_charges_nobody_is_called_but_chances_are_there() -> None:
    found = case.study_churn(tables.read(without_truth(subscribers()).drop(columns="MonthlyCharges")))
    assert found.offer is None and found.losses is None
    assert not found.customers["call"].any()
    assert found.customers["chance"].notna().all()


def test_without_tenure_there_is_no_curve() -> None:
    found = case.study_churn(
        tables.read(without_truth(subscribers()).drop(columns="tenure")), case.ChurnAssumptions(window_months=1)
    )
    assert found.tenures is None and found.retention is None
    assert found.contracts is not None


@pytest.mark.parametrize("answer", ["Yes", "No"])
def test_one_answer_only_gives_a_reason_instead_of_a_score(answer: str) -> None:
    found = case.study_churn(tables.read(without_truth(subscribers(300)).assign(Churn=answer)))
    assert found.score is None and found.why_no_score
    assert not found.customers["call"].any()


def test_a_column_that_knows_the_answer_is_named_and_not_used() -> None:
    table = without_truth(subscribers(600))
    table["Exit_Interview_Score"] = np.where(table["Churn"] == "Yes", 3.0, np.nan)
    found = case.study_churn(tables.read(table))
    assert found.knowing == ("Exit_Interview_Score",)
    assert found.score is not None and "Exit_Interview_Score" not in found.score.features


def test_a_column_can_be_left_out() -> None:
    found = case.study_churn(tables.read(without_truth(subscribers(600)), leave_out="gender"))
    assert found.score is not None and "gender" not in found.score.features
    assert "gender" not in found.customers and found.fairness.empty


@pytest.mark.parametrize(("column", "said"), [("Gendre", "gender"), ("MonthlyCharges", 'columns={"charge": ""}')])
def test_a_column_that_cannot_be_left_out_is_named(column: str, said: str) -> None:
    with pytest.raises(CvmError, match=re.escape(said)):
        tables.read(without_truth(subscribers(60)), leave_out=[column])


@pytest.mark.parametrize("name", ["Age_Group", "customer_gender", "是否老年用户", "Geschlecht", "Marital Status"])
def test_columns_about_people_are_found(name: str) -> None:
    table = without_truth(subscribers(400)).rename(columns={"gender": name})
    assert case.study_churn(tables.read(table)).fairness["column"].unique().tolist() == [name]


def test_a_band_of_a_driver_is_called_by_its_ends(judged: case.ChurnCase) -> None:
    assert judged.score is not None
    tenures = judged.score.drivers[judged.score.drivers["feature"] == "tenure"]
    assert len(tenures) > 2 and tenures["level"].str.fullmatch(r"[\d.]+(–[\d.]+)?").all()
    assert tenures["level"].str.contains("–").any()


def test_groups_of_people_are_compared(judged: case.ChurnCase) -> None:
    assert judged.fairness["column"].unique().tolist() == ["gender"]
    assert judged.fairness["customers"].sum() == len(judged.customers)
    assert np.abs(judged.fairness["rate"] - judged.fairness["chance"]).max() < 0.03


def test_two_costs_of_one_thing_are_refused() -> None:
    with pytest.raises(CvmError, match="offer_months has no effect beside offer_cost"):
        case.ChurnAssumptions(offer_cost=20, offer_months=3)


def test_a_table_drawn_with_many_leavers_is_corrected_by_the_rate_of_the_base() -> None:
    base = subscribers(20_000, 2)
    left = base["Churn"] == "Yes"
    drawn = pd.concat([base[left].sample(1_500, random_state=1), base[~left].sample(1_700, random_state=1)])
    truth = drawn["truth"].to_numpy()
    read = tables.read(without_truth(drawn))
    as_drawn = case.study_churn(read, case.ChurnAssumptions(window_months=1))
    corrected = case.study_churn(read, case.ChurnAssumptions(window_months=1, true_rate=float(left.mean())))
    error = [np.abs(found.customers["chance"].to_numpy() - truth).mean() for found in (as_drawn, corrected)]
    assert error[1] < 0.5 * error[0]
    stayers = ~corrected.customers["left"].to_numpy()
    assert corrected.customers["chance"][stayers].mean() == pytest.approx(truth[stayers].mean(), abs=0.04)
    assert len(corrected.calls) < len(as_drawn.calls)
    assert corrected.yearly_pace == pytest.approx(1 - (1 - left.mean()) ** 12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_the_correction_keeps_order_and_bounds(chances: list[float], rate: float, true_rate: float) -> None:
    chance = np.array(sorted(chances))
    corrected = in_the_base(chance, rate, true_rate)
    assert ((corrected >= 0) & (corrected <= 1)).all()
    assert (np.diff(corrected) >= -1e-12).all()
    assert in_the_base(chance, rate, rate) == pytest.approx(chance, abs=1e-9)
    assert in_the_base(np.array([rate]), rate, true_rate) == pytest.approx([true_rate], abs=1e-9)
