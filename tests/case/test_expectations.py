"""Current value nets refunds, stays near what customers bring, and is discounted as the threshold beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from worlds import make_world

from cvmlab.case import Assumptions, Case, expectations, study
from cvmlab.core.discounting import discounted_years
from cvmlab.data import reading
from cvmlab.worth import buying


def regulars(customers: int = 150, days: int = 900, seed: int = 3) -> pd.DataFrame:
    """Return purchases of customers with an own rhythm and an own usual spend, a fifth of whom stop."""
    random = np.random.default_rng(seed)
    gap, spend = random.uniform(12, 45, customers), random.lognormal(4, 0.5, customers)
    stop = np.where(random.uniform(size=customers) < 0.2, random.uniform(200, days, customers), days)
    day = np.cumsum(random.exponential(gap[:, None], (customers, 200)), axis=1)
    customer, purchase = np.nonzero(day < stop[:, None])
    amount = np.round(spend[customer] * random.lognormal(0, 0.25, len(customer)), 2)
    return frame_of(customer, day[customer, purchase], amount)


def frame_of(customer: np.ndarray, day: np.ndarray, amount: np.ndarray) -> pd.DataFrame:
    date = pd.Timestamp(2021, 1, 1) + pd.to_timedelta(np.floor(day), unit="D")
    ids = pd.Series(customer).map("C{:03}".format)
    return pd.DataFrame({"customer_id": ids, "date": date, "amount": amount})


def with_refunds(log: pd.DataFrame, share: float) -> pd.DataFrame:
    """Give back a share of every purchase three days later, as far as the log reaches."""
    back = log.assign(date=log["date"] + pd.Timedelta(days=3), amount=(-share * log["amount"]).round(2))
    return pd.concat([log, back.loc[back["date"] <= log["date"].max()]], ignore_index=True)


def judged(log: pd.DataFrame, **assumed: float) -> Case:
    return study(reading.read(log, drop_duplicates=False), Assumptions().replace(**assumed))


def test_current_value_of_half_refunded_purchases_is_what_comes() -> None:
    whole, half = judged(regulars()), judged(with_refunds(regulars(), 0.5))
    yearly = half.customers["yearly_contribution"].sum()
    assert half.customers["current_value"].sum() == pytest.approx(0.95 * yearly, rel=0.12)
    # half of what the same purchases are worth without refunds
    both = [case.customers["current_value"].sum() for case in (half, whole)]
    assert both[0] == pytest.approx(both[1] / 2, rel=0.03)


def test_the_backtest_expects_what_comes_net_of_refunds() -> None:
    past = judged(with_refunds(regulars(), 0.5)).past
    assert past is not None
    assert past.expected == pytest.approx(past.actual, rel=0.1)


def test_refunds_that_nearly_cancel_the_purchases_do_not_explode() -> None:
    log = regulars()
    row = log.iloc[0]
    cancelled = pd.DataFrame(
        {"customer_id": "lost 20", "date": [row["date"], log["date"].max()], "amount": [100.0, -99.99]}
    )
    case = judged(pd.concat([log, cancelled], ignore_index=True), margin=0.3, cost_per_order=10.0)
    found = case.customers.set_index("customer_id").loc["lost 20"]
    assert found["contribution"] == pytest.approx(0.3 * 0.01 - 10.0)
    assert abs(found["current_value"]) < 100
    assert case.customers["current_value"].sum() > 0


def test_who_only_gave_back_is_not_valued_beyond_what_they_gave_back() -> None:
    log = regulars()
    back = pd.DataFrame({"customer_id": ["only back"], "date": [log["date"].max()], "amount": [-20.0]})
    found = judged(pd.concat([log, back], ignore_index=True)).customers.set_index("customer_id").loc["only back"]
    assert -20.0 * 40 < found["current_value"] < 3000


def test_a_purchase_day_brings_something_between_its_own_mean_and_what_such_spend_brings() -> None:
    case = judged(regulars())
    customers, model = case.customers, case.models.buying
    assert model is not None
    scores = buying.score_customers(customers, model, case.models.gamma_gamma, days=365.25)
    brings = customers["expected_contribution"] / customers["expected_orders"]
    days = customers["frequency"] + 1
    own, spend = customers["revenue"] / days, scores["expected_spend"]
    usual = spend * customers["revenue"].sum() / (days * spend).sum()
    assert (np.minimum(own, usual) - 1e-6 <= brings).all()
    assert (brings <= np.maximum(own, usual) + 1e-6).all()
    # the more days, the nearer to the own mean
    apart = (own - usual).abs() > 0.01
    kept = ((brings - usual) / (own - usual))[apart]
    assert np.corrcoef(kept, days[apart])[0, 1] > 0.8


@pytest.mark.parametrize(("years", "rate", "factor"), [(1, 0.1, 0.9538), (3, 0.1, 2.6092), (1, 0.0, 1.0)])
def test_money_that_comes_evenly_is_discounted_to_its_time(years: float, rate: float, factor: float) -> None:
    # a year in 100,000 payments
    waits = (np.arange(100_000 * years) + 0.5) / 100_000
    assert discounted_years(years, rate) == pytest.approx(((1 + rate) ** -waits).sum() / 100_000, rel=1e-6)
    assert discounted_years(years, rate) == pytest.approx(factor, abs=1e-4)


def test_a_hundred_a_year_and_a_cost_of_a_hundred_a_year_are_discounted_alike() -> None:
    # too few customers for a model: last year's contribution goes on, here 100 for each
    dates = pd.date_range("2021-01-01", periods=5, freq="QS")
    ids = np.repeat([f"C{i}" for i in range(4)], 5)
    case = judged(pd.DataFrame({"customer_id": ids, "date": np.tile(dates, 4), "amount": 25.0}), cost_to_keep=100.0)
    assert case.models.buying is None
    assert case.customers["current_value"].tolist() == pytest.approx([case.thresholds.current_value] * 4)
    assert case.thresholds.current_value == pytest.approx(95.38, abs=0.01)


def test_the_rule_of_three_gaps_expects_last_year_again_of_those_who_are_not_silent() -> None:
    case = study(reading.read(make_world("business", 5).log.rename(columns={"revenue": "amount"})))
    assert isinstance(case.models.buying, buying.GapRule)
    found = case.customers[(case.customers["age"] >= 366) & (case.customers["frequency"] > 0)]
    going_on = found["silent_days"] <= 3 * found["usual_gap_days"]
    expected = case.models.level * found["yearly_contribution"] * going_on
    assert found["expected_contribution"].to_numpy() == pytest.approx(expected.to_numpy(), rel=0.01)


def test_a_year_of_one_giant_is_no_level() -> None:
    random = np.random.default_rng(8)
    day = np.sort(random.uniform(0, 1200, 4000))
    customer = random.integers(0, 150, 4000)
    giant = frame_of(np.full(60, 200), np.linspace(0, 1195, 60), np.where(np.linspace(0, 1195, 60) > 835, 9e6, 3e6))
    log = pd.concat([frame_of(customer, day, random.gamma(4, 25, 4000).round(2)), giant])
    past = judged(log).past
    assert past is not None and past.months == 12
    assert past.actual > 1.3 * past.expected
    assert past.level == 1
    # where everybody buys for more, it is one
    doubled = log.assign(amount=np.where(log["date"] > pd.Timestamp(past.cut), 2, 1) * log["amount"])
    past = judged(doubled[doubled["customer_id"] != "C200"]).past
    assert past is not None
    assert past.level == pytest.approx(2, rel=0.2)


def test_one_year_of_projects_is_no_level_and_growth_of_all_is_one() -> None:
    random = np.random.default_rng(14)
    customer, day = random.integers(0, 80, 2_500), np.sort(random.uniform(0, 1_095, 2_500))
    size = random.lognormal(6.5, 0.5, 80)
    usual = frame_of(customer, day, (size[customer] * random.lognormal(0, 0.3, 2_500)).round(2))
    projects = np.repeat(np.arange(10), 6)
    extra = frame_of(projects, random.uniform(800, 1_050, 60), (4 * size[projects]).round(2))
    past = judged(pd.concat([usual, extra])).past
    assert past is not None and past.actual > 1.15 * past.expected
    assert past.made_by_few and past.level == 1
    grown = usual.assign(amount=np.where(usual["date"] > pd.Timestamp(past.cut), 1.5, 1) * usual["amount"])
    past = judged(grown).past
    assert past is not None and not past.made_by_few
    assert past.level == pytest.approx(1.5, rel=0.2)


def test_what_the_rule_kept_counts_each_customer_alike_and_raises_nothing() -> None:
    past = study(reading.read(make_world("business", 5).log.rename(columns={"revenue": "amount"}))).past
    assert past is not None and isinstance(past.models.buying, buying.GapRule)
    expected = np.array([100.0] * 24 + [1e6])
    for came, level in ((0.6, 0.616), (1.4, 1.0)):
        # the giant brings all that was expected
        later = np.append(came * expected[:-1], 1e6)
        customers = pd.DataFrame({"expected_revenue": expected, "later_revenue": later})
        assert replace(past, customers=customers).level == pytest.approx(level)


def test_last_year_goes_on_under_a_season_as_well() -> None:
    season = buying.Season(np.array([3.0, *[9 / 11] * 11]))
    models = expectations.Models(buying.GapRule(usual_gap=30), season=season)
    customers = pd.DataFrame(
        {
            "first_date": pd.to_datetime(["2021-01-05", "2021-06-01"]),
            "last_date": pd.to_datetime(["2023-12-20", "2023-12-30"]),
            "frequency": [40, 12], "recency": [1079, 942], "age": [1090, 943],
        }
    )  # fmt: skip
    last_year = np.array([500.0, 80.0])
    worth = models.as_last_year(customers, np.ones(2), last_year)
    assert models.buying is not None
    purchases = models.buying.expected_purchases(
        models.seen(customers), models.days(date(2023, 12, 31), date(2024, 12, 31))
    )
    assert purchases * worth == pytest.approx(last_year, rel=0.01)
