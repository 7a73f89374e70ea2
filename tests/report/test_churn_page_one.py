"""Page one of a churn report: what it asks, what it leaves out, and whom it names."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cvmlab import case, subscribers
from cvmlab.case.churn.dominance import dominating
from cvmlab.case.churn.rates import by_tenure, differ, retention_tables
from cvmlab.core.words import speaking
from cvmlab.report import privacy
from cvmlab.report.churn import first_page, lists

pytestmark = pytest.mark.slow


def table(rows: int = 600, seed: int = 4) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    plan, use = draw.choice(["month", "year"], rows), draw.random(rows)
    chance = 1 / (1 + np.exp(2.2 - 1.4 * (plan == "month") + 1.5 * use))
    return pd.DataFrame(
        {
            "company_name": [f"Firm {number:03} Steel" for number in range(rows)],
            "tenure_months": draw.integers(16, 90, rows), "contract": plan, "use": use.round(3),
            "monthly_charge": draw.uniform(40, 90, rows).round(2),
            "churned": np.where(draw.random(rows) < chance, "yes", "no"),
        }
    )  # fmt: skip


def page(found: case.ChurnCase) -> str:
    return "".join(piece.text for piece in first_page.page_one(found, "x") if hasattr(piece, "text"))


def study(frame: pd.DataFrame, **settings: float) -> case.ChurnCase:
    return case.study_churn(subscribers.read(frame), case.ChurnAssumptions(**settings))  # type: ignore[arg-type]


def test_firms_go_by_their_names_and_not_under_a_mask() -> None:
    frame = table().drop(columns="monthly_charge")
    with speaking("en"):
        found = study(frame, window_months=12)
        assert found.name_column == "company_name"
        assert "Steel" in page(found)
        hidden = case.study_churn(privacy.masked_subscribers(found.subscribers, True), found.assumptions)
        assert "Steel" not in page(hidden)


def test_without_charges_the_likeliest_leavers_are_listed() -> None:
    with speaking("en"):
        found = study(table().drop(columns="monthly_charge"), window_months=12)
        calls = next(iter(lists.sheets_of(found).values())).frame
        assert "likeliest to leave" in page(found)
    assert len(calls) == found.rate["left"]
    staying = found.customers[~found.customers["left"]]
    assert found.likeliest["chance"].iloc[0] == staying["chance"].max()


def test_a_table_half_of_which_left_has_no_sums_on_page_one_until_the_rate_is_stated() -> None:
    frame = table()
    frame["churned"] = ["yes", "no", "no", "yes"] * 150
    with speaking("en"):
        found = study(frame, window_months=1)
        text = page(found)
        assert text.index("drawn with more leavers") < text.index("left: 300 of 600")
        assert "margin" not in text and "expected profit" not in text
        told = study(frame, window_months=1, true_rate=0.02)
        # many leavers may be true: sums stand below the caution
        many = page(study(frame.assign(churned=["yes", "no", "no", "no"] * 150), window_months=1))
        assert many.index("drawn with more leavers") < many.index("margin")
        assert "2%" in page(told)
    assert told.contracts is not None and told.contracts["rate"].max() < 0.1


def test_a_column_written_after_leaving_is_asked_about_and_honest_ones_are_not() -> None:
    frame = table(1_500)
    draw = np.random.default_rng(1)
    gone = (frame["churned"] == "yes").to_numpy()
    assert dominating(study(frame, window_months=12)) is None
    frame["desk_calls"] = np.where(gone, draw.poisson(3, 1_500), draw.poisson(0.2, 1_500))
    with speaking("en"):
        found = study(frame, window_months=12)
        one = dominating(found)
        assert one is not None and one.column == "desk_calls"
        assert "rests mostly on desk_calls" in page(found)


def test_whole_years_are_counted_by_years() -> None:
    years = np.repeat([0, 1, 2], 1_000)
    left = np.tile(np.arange(1_000) < 100, 3)
    frame = pd.DataFrame({"tenure_months": 12.0 * years, "left": left})
    for window, yearly in ((12, 0.9), (6, 0.81)):
        found = retention_tables(frame, window, None, in_years=True)
        assert found["left"].tolist()[0] == 100
        assert found["retention"].to_numpy() == pytest.approx(yearly ** np.arange(1, 4))
    assert by_tenure(frame, by_one=12)["group"].tolist() == ["0", "1", "2"]


def test_small_whole_tenures_without_a_unit_are_asked_about() -> None:
    frame = table().rename(columns={"tenure_months": "tenure"})
    frame["tenure"] = frame["tenure"] % 11
    with speaking("en"):
        found = study(frame, window_months=12)
        assert found.tenure_counts == "unsure" and found.retention is None
        assert "months or years?" in page(found)
    stated = case.study_churn(subscribers.read(frame, tenure_unit="years"), found.assumptions)
    assert stated.tenure_counts == "years" and stated.retention is not None


def test_a_trend_over_groups_in_order_is_found_where_no_two_groups_differ() -> None:
    left = np.array([60, 56, 52, 47, 43, 40])
    frame = pd.DataFrame({"group": range(6), "customers": 400, "left": left, "rate": left / 400})
    assert not differ(frame)
    assert differ(frame, ordered=True)
    assert not differ(frame.assign(left=50, rate=50 / 400), ordered=True)


def test_where_nobody_is_worth_a_call_the_offer_that_would_pay_is_said() -> None:
    frame = table()
    with speaking("en"):
        found = study(frame, window_months=12, offer_cost=500)
        assert not len(found.calls)
        assert "It would pay for somebody if the offer cost less than" in page(found)
        # there is always somebody to look after
        assert "who pay most" in page(found) and "order below" not in page(found)
    assert found.offer is not None
    chance = found.customers.loc[~found.customers["left"], "chance"].to_numpy()
    cheaper = dataclasses.replace(found.offer, cost=np.full(len(chance), found.affordable_offer))
    assert cheaper.expected_profit(chance).max() == pytest.approx(0, abs=1e-6)


def test_a_column_that_half_knows_who_left_is_asked_about_too() -> None:
    frame = table(3_000)
    draw = np.random.default_rng(2)
    gone = (frame["churned"] == "yes").to_numpy()
    frame["note"] = np.where(draw.random(3_000) < np.where(gone, 0.6, 0.02), "Cancellation", "General")
    with speaking("en"):
        found = study(frame, window_months=12)
        one = dominating(found)
        assert one is not None and one.column == "note"
        # what knew who left knew it in the test, too
        assert "rests mostly on note" in page(found) and "Tried on customers" not in page(found)


def test_where_half_left_nothing_in_the_lists_speaks_of_sums() -> None:
    frame = table().assign(churned=["yes", "no"] * 300)
    with speaking("en"):
        found = study(frame, window_months=12)
        assert (found.withheld, found.offer, len(found.calls)) == ("half", None, 0)
        sheets = lists.sheets_of(found)
        assert list(sheets) == ["Likeliest to leave", "Key"] and not sheets["Likeliest to leave"].frame.empty
        assert "profit" not in " ".join(map(str, sheets["Likeliest to leave"].frame.columns))
        assert "are left out until" in sheets["Key"].frame.iloc[0, 1]
    told = study(frame, window_months=12, true_rate=0.1)
    assert told.withheld == "" and told.offer is not None


def test_where_few_left_only_those_who_pay_most_are_named() -> None:
    frame = table().assign(churned=["yes"] * 12 + ["no"] * 588)
    with speaking("en"):
        found = study(frame, window_months=12)
        assert (found.withheld, found.expected_gain) == ("few", (0, 0, 0))
        text = page(found)
        assert "Only 12 customers left: too few" in text and "brings about" not in text and "same chance" not in text
        sheets = lists.sheets_of(found)
        assert list(sheets) == ["Who pays most", "Key"]
        listed = sheets["Who pays most"].frame["monthly charge"]
    assert listed.is_monotonic_decreasing and len(listed) == 12


@pytest.mark.parametrize("rows", [600, 6_000])
def test_no_campaign_loses_more_than_it_can_cost_and_how_often_one_loses_is_said(rows: int) -> None:
    found = study(table(rows), window_months=12, months_kept=6, offer_cost=8, stayers_take=0.5, contact_cost=1)
    gain, low, high = found.expected_gain
    calls = found.calls
    assert found.offer is not None and len(calls) and low < gain < high
    assert low >= -(1 + 8) * len(calls)
    assert (found.losing_share > 0.025) == (low < 0)
