"""The family of models of buying: published figures, the peer's, invariants, season, and which one is chosen."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from buying_summaries import summary
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from cvmlab import CvmError
from cvmlab.worth.buying import (
    BgNbd,
    GapRule,
    MbgNbd,
    ParetoNbd,
    PaymentRule,
    PurchaseModel,
    Season,
    ZeroInflatedBgNbd,
    best_explained,
    fit_bg_nbd,
    fit_family,
    fit_mbg_nbd,
    fit_pareto_nbd,
    fit_payment_rule,
    fit_season,
    fit_zero_inflated_bg_nbd,
    fitting,
)
from cvmlab.worth.buying.leaving import ParetoGroups

PARETO = ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669)
MBG = MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614)
EVERY: list[PurchaseModel] = [
    BgNbd(0.243, 4.414, 0.793, 2.426), MBG, PARETO, ZeroInflatedBgNbd(2, 20, 0.8, 9, once=0.7),
    GapRule(usual_gap=30), PaymentRule(months=1, a=0.668, b=3.806),
]  # fmt: skip
SEEN = summary([0, 0, 1, 2, 30, 200], [0, 0, 40, 213, 250, 270], [0, 272, 272, 272, 272, 272])


def estimates(model: PurchaseModel) -> list[float]:
    return [getattr(model, name) for name in model.NAMES]


# --- published figures and the peer's


def test_cdnow_pareto_estimates_are_the_published_ones(cdnow: pd.DataFrame) -> None:
    # Fader, Hardie & Lee (2005), table 2
    fitted = fit_pareto_nbd(cdnow)
    assert estimates(fitted) == pytest.approx([0.553, 10.578, 0.606, 11.669], abs=6e-4)
    assert round(fitted.log_likelihood, 1) == -9595.0


def test_cdnow_mbg_estimates_are_the_published_ones(cdnow: pd.DataFrame) -> None:
    # Batislam, Denizel & Filiztekin (2007) fit another sample; the peer's estimates for this one
    from lifetimes import ModifiedBetaGeoFitter  # type: ignore[import-untyped]

    peer = ModifiedBetaGeoFitter().fit(cdnow["frequency"], cdnow["recency"] / 7, cdnow["age"] / 7)
    fitted = fit_mbg_nbd(cdnow)
    assert estimates(fitted) == pytest.approx([peer.params_[name] for name in fitted.NAMES], rel=2e-3)
    points = np.log([estimates(fitted), [peer.params_[name] for name in fitted.NAMES]])
    of = cdnow["frequency"], cdnow["recency"] / 7, cdnow["age"] / 7, np.ones(2357), 0
    ours, theirs = (-2357 * float(peer._negative_log_likelihood(point, *of)) for point in points)
    assert fitted.log_likelihood == pytest.approx(ours, abs=1e-6) and ours >= theirs - 1e-6


def test_pareto_says_what_the_peer_says() -> None:
    from lifetimes import ParetoNBDFitter

    peer = ParetoNBDFitter()
    peer.params_ = pd.Series({name: getattr(PARETO, name) for name in PARETO.NAMES})
    x, recency, age = (SEEN.iloc[:4][column].to_numpy(float) for column in ("frequency", "recency", "age"))
    alive = peer.conditional_probability_alive(x, recency / 7, age / 7)
    assert PARETO.p_alive(SEEN)[:4] == pytest.approx(np.asarray(alive), rel=1e-6)
    expected = peer.conditional_expected_number_of_purchases_up_to_time(39, x, recency / 7, age / 7)
    assert PARETO.expected_purchases(SEEN, 273)[:4] == pytest.approx(np.asarray(expected), rel=1e-6)
    none = [peer.conditional_probability_of_n_purchases_up_to_time(0, 39, *map(float, row))
            for row in zip(x, recency / 7, age / 7, strict=True)]  # fmt: skip
    assert PARETO.chance_to_buy(SEEN, 273)[:4] == pytest.approx(1 - np.array(none), rel=1e-6)


def test_mbg_says_what_the_peer_says() -> None:
    from lifetimes import ModifiedBetaGeoFitter

    peer = ModifiedBetaGeoFitter()
    peer.params_ = pd.Series({name: getattr(MBG, name) for name in MBG.NAMES})
    of = SEEN["frequency"], SEEN["recency"] / 7, SEEN["age"] / 7
    assert MBG.p_alive(SEEN) == pytest.approx(np.asarray(peer.conditional_probability_alive(*of)), rel=1e-9)
    expected = peer.conditional_expected_number_of_purchases_up_to_time(39, *of)
    assert MBG.expected_purchases(SEEN, 273)[:4] == pytest.approx(np.asarray(expected)[:4], rel=1e-6)
    assert MBG.expected_purchases_new(365) == pytest.approx(
        peer.expected_number_of_purchases_up_to_time(365 / 7), rel=1e-9
    )


@settings(max_examples=40, deadline=None)
@given(
    x=st.integers(0, 300), recency=st.floats(0.01, 1), age=st.floats(1, 200),
    r=st.floats(0.05, 20), alpha=st.floats(0.1, 100), s=st.floats(0.05, 5), beta=st.floats(0.1, 100),
)  # fmt: skip
def test_the_integral_over_leaving_is_the_integral(
    x: int, recency: float, age: float, r: float, alpha: float, s: float, beta: float
) -> None:
    last = age * recency if x else 0.0
    model = ParetoNbd(r, alpha, s, beta, days_per_unit=1)

    def density(u: float) -> float:
        gone = np.log(s) - (s + 1) * np.log(beta + u) - (r + x) * np.log(alpha + u)
        # beyond this the customer is gone for certain
        return float(np.exp(min(500, gone + (r + x) * np.log(alpha + age) + s * np.log(beta + age))))

    # in pieces, for almost all of it lies near the last purchase where the customer bought often
    ends = last + (age - last) * np.array([0, 0.001, 0.01, 0.1, 0.3, 1])
    odds = sum(integrate.quad(density, a, b, limit=200)[0] for a, b in pairwise(ends))
    alive = model.p_alive(summary([x], [last], [age]))[0]
    # 24 nodes: of 3,000 random draws one in a hundred is off by more than 1e-4, none by 4e-3
    assert alive == pytest.approx(1 / (1 + odds), rel=5e-3, abs=1e-12)


def test_survival_under_contract_is_the_published_one() -> None:
    # Fader & Hardie (2007), table 1: High End, α = .668, β = 3.806; years 1 to 7 after the first payment
    rule = PaymentRule(months=12, a=0.668, b=3.806)
    new = summary([0], [0], [0])
    paid = [rule.expected_purchases(new, 365.25 * years + 1)[0] / 0.98 for years in range(8)]
    assert np.diff(paid) == pytest.approx([0.869, 0.743, 0.653, 0.593, 0.551, 0.517, 0.491], abs=0.03)
    survival = [special.beta(0.668, 3.806 + t) / special.beta(0.668, 3.806) for t in range(1, 8)]
    assert np.diff(paid) == pytest.approx(survival, rel=1e-9)


def test_contract_estimates_are_the_published_ones() -> None:
    # the High End segment of the paper over seven years, 1000 customers: α = .668, β = 3.806
    stayed = np.array([1000, 869, 743, 653, 593, 551, 517, 491])
    left = -np.diff(stayed)
    payments = np.repeat([*range(1, 8), 8], [*left, stayed[-1]])
    # who left after n payments made the last one n - 1 years after the first; the others have just paid
    frequency = payments - 1
    customers = summary(frequency, np.round(frequency * 365.25), np.full(1000, round(7 * 365.25) + 1))
    still = frequency == 7
    customers.loc[~still, "age"] = np.round(customers.loc[~still, "recency"] + 2 * 365.25)
    rule = fit_payment_rule(customers)
    assert (rule.months, round(rule.a, 2), round(rule.b, 1)) == (12, 0.67, 3.8)


# --- invariants of every model


@pytest.mark.parametrize("model", EVERY, ids=lambda model: model.KIND)
def test_probabilities_and_expectations_make_sense(model: PurchaseModel) -> None:
    alive, chance = model.p_alive(SEEN), model.chance_to_buy(SEEN, 90)
    assert ((alive >= 0) & (alive <= 1)).all() and (chance <= alive + 1e-12).all() and (chance >= 0).all()
    steps = np.array([model.expected_purchases(SEEN, days) for days in (30, 90, 365, 3650)])
    assert np.isfinite(steps).all() and (np.diff(steps, axis=0) >= 0).all()
    discounted = model.discounted_expected_purchases(SEEN, 365, 0.2)
    assert (discounted <= steps[2] + 1e-9).all() and (discounted >= steps[2] / 1.2 - 1e-9).all()
    assert model.discounted_expected_purchases(SEEN, 365, 0.0) == pytest.approx(steps[2])


@pytest.mark.parametrize("model", EVERY, ids=lambda model: model.KIND)
def test_more_silence_never_makes_more_alive(model: PurchaseModel) -> None:
    ages = np.arange(270, 3000, 30)
    alive = model.p_alive(summary(np.full(len(ages), 9), np.full(len(ages), 270), ages))
    assert (np.diff(alive) <= 1e-12).all()


def test_customers_of_each_kind_are_recognised() -> None:
    def kind(customers: pd.DataFrame) -> str:
        best = best_explained(fit_family(customers))
        assert best is not None
        return best.KIND

    make = {"customers": 4000, "days": 900, "entry_days": 400, "seed": 3}
    assert kind(BgNbd(0.8, 6, 0.8, 2.5).simulate(**make)) == "bg_nbd"
    assert kind(MbgNbd(0.8, 6, 0.8, 2.5).simulate(**make)) == "mbg_nbd"
    once = BgNbd(2, 12, 0.8, 6).simulate(**make)
    never = np.random.default_rng(1).random(len(once)) < 0.6
    once.loc[never, ["frequency", "recency"]] = 0
    assert kind(once) == "zero_inflated_bg_nbd"
    assert fit_zero_inflated_bg_nbd(once).once == pytest.approx(0.6, abs=0.03)


def test_one_time_buyers_fade() -> None:
    once = summary([0, 0], [0, 0], [10, 700])
    assert BgNbd(0.243, 4.414, 0.793, 2.426).p_alive(once).tolist() == [1, 1]
    for model in (MBG, PARETO, EVERY[3]):
        soon, late = model.p_alive(once)
        assert late < 0.5 < soon or late < 0.7 * soon


def test_a_log_that_can_be_fitted_is_fitted() -> None:
    # three starts agree to 2e-9, and the one chosen by value alone had not come to rest
    text = "37,249 86,649 1,2 28,228 18,132 9,70 65,381 74,582 24,163 5,42 13,112 96,682 8,51 49,363 16,126"
    x, recency = np.array([row.split(",") for row in text.split()], float).T
    fitted = fit_bg_nbd(summary(x, recency, np.full(15, 700.0)))
    assert fitted.problem == "buying.equal_rates"


def test_nobody_who_bought_once_is_a_warning() -> None:
    drawn = BgNbd(0.8, 6, 0.8, 2.5).simulate(customers=4000, days=900, seed=3)
    again = drawn[drawn["frequency"] > 0]
    assert "at least twice" in fit_mbg_nbd(again).warning
    assert fit_mbg_nbd(drawn).problem != "buying.nobody_once"


def test_a_contract_is_found_and_free_buying_is_none() -> None:
    draw = np.random.default_rng(2)
    payments = draw.geometric(0.05, 300).clip(1, 36)
    monthly = summary(payments - 1, np.round((payments - 1) * 30.4375), np.full(300, 1080))
    found = next(model for model in fit_family(monthly) if isinstance(model, PaymentRule))
    assert found.months == 1
    free = BgNbd(2, 8, 0.8, 6).simulate(customers=500, days=900, seed=1)
    assert not any(isinstance(model, PaymentRule) for model in fit_family(free))
    with pytest.raises(CvmError, match="do not pay at one and the same interval"):
        fit_payment_rule(free)


# --- season


def test_a_season_is_found_and_chance_is_none() -> None:
    draw = np.random.default_rng(5)
    may = np.array([0.7, 0.6, 1, 1.5, 2.5, 1.5, 1, 0.7, 0.7, 0.6, 0.6, 0.6])
    growth = 1.02 ** np.arange(36)
    found = 0
    for _ in range(40):
        season = fit_season("2021-01-01", draw.poisson(60 * growth * np.tile(may, 3)))
        assert season is not None and season.peak == 5
        assert season.factors == pytest.approx(may / may.mean(), rel=0.35)
        # twice as uneven as chance, and a trend, but no month of its own
        found += fit_season("2021-01-01", draw.poisson(draw.gamma(30, 2, 36) * growth)) is not None
    assert found == 0
    assert fit_season("2021-01-01", np.tile(may, 2)[:23] * 50) is None


def test_a_year_of_season_days_is_a_year() -> None:
    season = Season(np.arange(1.0, 13.0))
    assert season.days("2021-12-31", "2022-12-31") == pytest.approx(365.25)
    assert season.days("2023-05-31", "2023-06-10") == pytest.approx(10 * season.factors[5], rel=1e-9)
    even = Season(np.ones(12))
    assert even.days("2022-03-14", "2023-03-14") == pytest.approx(365.25)


def test_silence_in_the_off_season_is_short() -> None:
    may = Season(np.array([0.2, 0.2, 1, 1, 5, 2, 1, 0.5, 0.3, 0.2, 0.2, 0.2]))
    customers = pd.DataFrame(
        {
            "first_date": pd.to_datetime(["2022-05-01"] * 2),
            "last_date": pd.to_datetime(["2022-09-30", "2023-04-30"]),
            "frequency": [5, 5],
            "age": [273, 486],
        }
    )
    seen = may.summary(customers)
    silent = seen["age"] - seen["recency"]
    # four winter months against May to August
    assert silent[0] < 35 and silent[1] > 250
    assert (customers["age"] == [273, 486]).all()


def test_of_two_maxima_the_higher_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    # most leave at the first purchase, the others hardly ever: a likelihood with a lower maximum elsewhere
    stayed = BgNbd(r=3, alpha=30, a=0.5, b=12).simulate(customers=600, days=1000, seed=3)
    stayed.loc[stayed.index % 10 < 7, ["frequency", "recency"]] = 0
    highest = fit_mbg_nbd(stayed)
    search = fitting._SEARCHES[MbgNbd]
    for start in [(0.5, 0.5, 2.0), (0.3, 1.5, 3.0), (2.0, 0.2, 0.1), (0.5, 10.0, 1000.0), (4.0, 0.1, 0.05)]:
        monkeypatch.setitem(fitting._SEARCHES, MbgNbd, search._replace(starts=[start]))
        assert highest.log_likelihood >= fit_mbg_nbd(stayed).log_likelihood - 1e-3
    assert highest.b < 1


def test_a_ridge_takes_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    # all leave at one rate, so that s and beta may grow together without end
    calls: list[int] = []
    negative = ParetoGroups.negative
    monkeypatch.setattr(ParetoGroups, "negative", lambda *given: calls.append(1) or negative(*given))
    equal = BgNbd(r=1.4, alpha=4, a=20, b=2000).simulate(customers=300, days=700, seed=2)
    fitted = fit_pareto_nbd(equal)
    assert fitted.problem == "buying.unsure_dropout" and fitted.log_likelihood > -15216.0230
    assert len(calls) < 250
