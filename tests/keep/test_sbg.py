"""The sBG model: the published fits and forecasts, known truth, and where it loses to simpler rules."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, retention, value
from cvmlab.core.words import speaking

# Fader & Hardie (2007), table 1: survival in percent, years 0 to 7
PUBLISHED = {
    "high_end": ([100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1], 0.668, 3.806),
    "regular": ([100, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1], 0.704, 1.182),
}


def cohort_of(there: list[float] | np.ndarray) -> pd.DataFrame:
    there = np.asarray(there, dtype=float)
    return pd.DataFrame({
        "period": np.arange(1, len(there)), "at_risk": there[:-1], "left": there[:-1] - there[1:]
    })  # fmt: skip


@pytest.mark.parametrize("segment", PUBLISHED)
def test_the_published_estimates_of_both_segments_are_met(segment: str) -> None:
    percent, alpha, beta = PUBLISHED[segment]
    fitted = retention.fit_sbg(cohort_of([10 * share for share in percent]))
    assert (fitted.alpha, fitted.beta) == (pytest.approx(alpha, abs=6e-4), pytest.approx(beta, abs=6e-4))
    assert fitted.warning == ""
    if segment == "high_end":
        assert fitted.log_likelihood == pytest.approx(-1611.2, abs=0.05)
        assert fitted.survival(12)[7:].round(3).tolist() == [0.460, 0.436, 0.414, 0.395, 0.378]
        assert fitted.residual_lifetime(0.10, renewals=7, first="now") == pytest.approx(7.53, abs=0.01)


def test_survival_is_the_product_of_the_retention_rates_and_that_of_value() -> None:
    model = retention.ShiftedBetaGeometric(alpha=0.668, beta=3.806)
    assert np.cumprod(model.retention_rates(30)) == pytest.approx(model.survival(30))
    assert model.survival(30) == pytest.approx(value.sbg_survival(0.668, 3.806, 30))
    assert np.isnan(model.log_likelihood) and model.parameters()["standard_error"].isna().all()


@settings(max_examples=40, deadline=None)
@given(st.floats(0.3, 5), st.floats(0.5, 20), st.integers(4, 12))
def test_exact_shares_give_the_model_back(alpha: float, beta: float, periods: int) -> None:
    there = 1e6 * np.append(1, value.sbg_survival(alpha, beta, periods))
    fitted = retention.fit_sbg(cohort_of(there))
    assert (fitted.alpha, fitted.beta) == (pytest.approx(alpha, rel=1e-3), pytest.approx(beta, rel=1e-3))


def test_known_truth_lies_within_its_standard_errors_also_when_seen_late() -> None:
    """Customers with a chance of their own, some of them first seen after a while, and most still there."""
    draw = np.random.default_rng(7)
    alpha, beta, inside = 0.8, 4.0, np.zeros(2)
    for _ in range(100):
        leaves = draw.geometric(draw.beta(alpha, beta, 3_000))
        since, seen = draw.integers(0, 6, 3_000), draw.integers(1, 9, 3_000)
        last = np.minimum(leaves, since + seen)
        frame = pd.DataFrame({"tenure_months": last, "left": leaves <= since + seen, "since": since})
        table = retention.life_table(frame[leaves > since], entered="since")
        found = retention.fit_sbg(table).parameters()
        inside += abs(found["estimate"] - [alpha, beta]).to_numpy() < 1.96 * found["standard_error"].to_numpy()
    assert (inside >= 88).all() and (inside <= 99).all(), inside


# name to hazard by period, shape (periods,) or (periods, kinds of customers)
TWELVE = np.arange(1, 13)
WORLDS = {
    "two segments": np.tile([0.3, 0.03], (12, 1)),
    "constant hazard": np.full((12, 1), 0.1),
    "rising hazard": (0.02 + 0.015 * TWELVE)[:, None],
    "contract end": np.where(TWELVE == 8, 0.5, 0.05)[:, None],
}


def errors_in(world: str, draws: int, seed: int = 1) -> pd.Series:
    """Return the mean error of each method, 7 periods fitted and 5 held out, 1,000 customers."""
    draw, found = np.random.default_rng(seed), []
    hazards = WORLDS[world]
    for _ in range(draws):
        there = np.full(hazards.shape[1], 1_000 // hazards.shape[1])
        counts = [there.sum()]
        for hazard in hazards:
            there = there - draw.binomial(there, hazard)
            counts.append(there.sum())
        graded = retention.grade_projection(retention.project_retention(cohort_of(counts), fit_periods=7))
        found.append(graded.set_index("method")["mean_error"])
    return pd.concat(found, axis=1).mean(axis=1)


def test_it_wins_where_customers_differ_and_loses_where_each_customers_hazard_rises() -> None:
    """The figures of the docstring of project_retention, in points of retention."""
    found = {world: errors_in(world, draws=60) for world in WORLDS}
    two, same, rising, end = found.values()
    assert two["sbg"] < 0.75 * two["last_rate"] and two["last_rate"] < 0.4 * two["constant_rate"]
    # a rule with one parameter wins where one is enough, by little
    assert same["constant_rate"] < same["sbg"] < same["constant_rate"] + 0.01
    assert rising["last_rate"] < 0.5 * rising["sbg"]
    assert rising["sbg"] == pytest.approx(rising["constant_rate"], rel=0.02)
    assert end.min() > 0.2


@pytest.mark.parametrize("world", ["constant hazard", "rising hazard"])
def test_where_nothing_shows_that_customers_differ_it_says_so(world: str) -> None:
    there = 1_000 * np.cumprod(np.append(1, 1 - WORLDS[world][:, 0]))
    fitted = retention.fit_sbg(cohort_of(there))
    assert "no evidence that customers differ" in fitted.warning
    rates = fitted.retention_rates(12)
    mean = 1 - (there[0] - there[-1]) / there[:-1].sum()
    assert rates == pytest.approx(np.full(12, mean), abs=1e-3)
    with speaking("zh"):
        assert "看不出客户之间有差异" in fitted.warning


def test_the_warning_is_given_falsely_seldom_and_missed_seldom() -> None:
    draw, alarms = np.random.default_rng(3), {"two segments": 0, "constant hazard": 0}
    for world in alarms:
        for _ in range(200):
            there, counts = np.full(WORLDS[world].shape[1], 1_000), []
            for hazard in WORLDS[world][:7]:
                counts.append(there.sum())
                there = there - draw.binomial(there, hazard)
            fitted = retention.fit_sbg(cohort_of([*counts, there.sum()]))
            alarms[world] += fitted.problem != ""
    assert alarms["two segments"] == 0
    assert 180 <= alarms["constant hazard"] <= 199


def test_the_projections_start_from_what_was_observed_and_are_their_rules() -> None:
    percent, _, _ = PUBLISHED["regular"]
    found = retention.project_retention(cohort_of([10 * share for share in percent]), fit_periods=4, periods=10)
    assert found["held_out"].tolist() == [False] * 4 + [True] * 3 + [False] * 3
    assert found["retention"].tolist()[:7] == pytest.approx([share / 100 for share in percent[1:]])
    ahead = found.iloc[3:]
    assert ahead.iloc[0][["sbg", "constant_rate", "last_rate"]].tolist() == pytest.approx([0.326] * 3)
    assert (ahead["last_rate"].pct_change().dropna() + 1).tolist() == pytest.approx([32.6 / 38.2] * 6)
    mean = 1 - (100 - 32.6) / (100 + 63.1 + 46.8 + 38.2)
    assert (ahead["constant_rate"].pct_change().dropna() + 1).tolist() == pytest.approx([mean] * 6)
    assert found["sbg"].iloc[:3].isna().all()
    graded = retention.grade_projection(found)
    by_hand = abs(found["sbg"] - found["retention"])[4:7].mean()
    assert graded.set_index("method").loc["sbg", "mean_error"] == pytest.approx(by_hand)
    assert graded["method"].iloc[0] == "sbg"


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ([100, 100, 100], "Nobody left in the fitted periods"),
        ([100, 50], "1 period with customers at risk"),
        ([100, 0, 0], "1 period with customers at risk"),
    ],
)
def test_what_cannot_be_fitted_is_said(there: list[float], said: str) -> None:
    with pytest.raises(CvmError, match=said):
        retention.fit_sbg(cohort_of(there))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"left": [40, 30]}, "All customers at risk left in every period"),
        ({"left": [-1, 3]}, "Row 1 of the life table has 40 customers at risk"),
        ({"left": [1, 31]}, "Row 2 of the life table has 30 customers at risk in period 2, of whom 31 left"),
        ({"period": [0, 1]}, "Row 1 of the life table holds the period 0"),
        ({"period": [1, 1]}, "Period 1 appears in more than one row"),
        ({"period": [1.5, 2]}, "holds the period 1.5"),
        ({"left": ["a", "b"]}, "must hold numbers"),
        ({"left": [None, 1.0]}, "empty cells"),
    ],
)
def test_counts_that_cannot_be_are_named(change: dict[str, object], said: str) -> None:
    table = pd.DataFrame({"period": [1, 2], "at_risk": [40, 30], "left": [10, 5]})
    with pytest.raises(CvmError, match=said):
        retention.fit_sbg(table.assign(**change))


def test_a_projection_needs_its_periods() -> None:
    table = cohort_of([100, 80, 70, 60])
    with pytest.raises(CvmError, match="no row for period 2"):
        retention.project_retention(table.drop(index=1), fit_periods=2)
    with pytest.raises(CvmError, match="Nobody was at risk in period 3"):
        retention.project_retention(cohort_of([100, 80, 0, 0]), fit_periods=3)
    with pytest.raises(CvmError, match="between 2 and 3"):
        retention.project_retention(table, fit_periods=4)
    with pytest.raises(CvmError, match="No period was held out"):
        retention.grade_projection(retention.project_retention(table, fit_periods=3, periods=9))
