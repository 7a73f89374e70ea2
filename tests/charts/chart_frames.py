"""Frames for every chart, and what is read from its artists."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from cvmlab import charts, term
from cvmlab.keep.retention import project_retention
from cvmlab.worth.matrix import Thresholds
from cvmlab.worth.value import compare_present_values

THRESHOLDS = Thresholds(current_value=600.0, growth_potential=200.0)


TYPES = ["IV", "III", "II", "I"]
FACTORS = ("trust", "price", "innovation")


def base_frame() -> pd.DataFrame:
    periods = pd.date_range("2016-05-01", periods=20, freq="MS")
    active = np.arange(20) * 7 + 200
    return pd.DataFrame(
        {
            "period": periods,
            "revenue": active * 410.0,
            "active_customers": active,
            "new_customers": active // 9,
        }
    )


def concentration_frame() -> pd.DataFrame:
    amounts = 1 / np.arange(1, 1_001)
    return pd.DataFrame(
        {"customer_share": np.arange(1, 1_001) / 1_000, "cumulative_share": amounts.cumsum() / amounts.sum()}
    )


def whale_frame() -> pd.DataFrame:
    amounts = np.linspace(100, -50, 1_000)
    total = amounts.cumsum()
    return pd.DataFrame(
        {
            "customer_share": np.arange(1, 1_001) / 1_000,
            "cumulative": total,
            "cumulative_share": total / total[-1],
        }
    )


def customers_frame(size: int = 400) -> pd.DataFrame:
    draw = np.random.default_rng(5)
    value = draw.lognormal(6, 1.5, size) - 30
    headroom = np.maximum(draw.lognormal(5, 1.4, size) - 150, 0)
    high_value, high_potential = value > THRESHOLDS.current_value, headroom > THRESHOLDS.growth_potential
    types = np.select([high_value & high_potential, high_value, high_potential], TYPES[:3], "I")
    return pd.DataFrame({"current_value": value, "headroom": headroom, "value_type": types})


def sensitivity_frame() -> pd.DataFrame:
    factors = [0.5, 1.0, 2.0]
    counts = {"IV": [600, 410, 150], "III": [620, 400, 140], "II": [500, 420, 330], "I": [780, 1270, 1880]}
    return pd.concat(
        [pd.DataFrame({"factor": factors, "value_type": t, "customers": c}) for t, c in counts.items()],
        ignore_index=True,
    )


def migration_frame() -> pd.DataFrame:
    pairs = [*itertools.product(TYPES, TYPES), ("new", "II"), ("III", "gone")]
    return pd.DataFrame(
        [(a, b, 400 if a == b else 12, 0.0 if a == b else -1_500.0) for a, b in pairs],
        columns=["from_type", "to_type", "customers", "revenue_change"],
    )


def budgets_frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "value_type": TYPES,
            "heuristic_budget": [3_000.0, 2_000, 1_000, 0],
            "optimal_budget": [3_500.0, 0, 1_900, 100],
            "heuristic_profit": [9_000.0, -1_200, 2_500, 0],
            "optimal_profit": [9_400.0, 0, 3_800, 100],
        }
    )


def calls_frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_name": ["张三商贸有限公司", "$x$ & Co", "上海某某医疗器械科技股份有限公司第二分公司"],
            "usual_gap_days": [21, 9.5, 80],
            "silent_days": [74, 60, 84],
            "value_at_stake": [82_000, 41_000.5, 800],
        }
    )


def silence_frame(size: int = 300) -> pd.DataFrame:
    draw = np.random.default_rng(3)
    gap, silent = draw.gamma(2, 15, size), draw.gamma(1, 40, size)
    yearly = draw.lognormal(6, 1.3, size)
    to_call = (silent > 4 * gap) & (yearly > 200)
    return pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in range(size)],
            "silent_gaps": np.where(np.arange(size) % 9 == 0, np.nan, silent / gap),
            "yearly_contribution": yearly,
            "action": np.select([to_call & (np.arange(size) % 5 == 1), to_call], ["held_out", "win_back"], "maintain"),
        }
    )


def backtest_frame() -> pd.DataFrame:
    share = np.linspace(0, 1, 101)
    return pd.concat(
        [
            pd.DataFrame({"method": m, "customer_share": share, "captured_share": 1 - (1 - share) ** power})
            for m, power in {"model": 4, "rival": 3, "ideal": 6}.items()
        ],
        ignore_index=True,
    )


def calibration_frame() -> pd.DataFrame:
    predicted = np.linspace(0.05, 0.95, 10)
    observed = predicted + np.where(np.arange(10) == 3, 0.2, 0.01)
    return pd.DataFrame(
        {
            "predicted": predicted,
            "observed": observed,
            "low": observed - 0.05,
            "high": observed + 0.04,
            "customers": np.arange(10) * 30 + 20,
        }
    )


def forecast_frame() -> pd.DataFrame:
    actual = np.array([100.0, 120, 90, 110, np.nan, np.nan])
    expected = np.array([np.nan, np.nan, 100, 102, 104, 106])
    return pd.DataFrame(
        {
            "period": pd.date_range("2016-10-01", periods=6, freq="MS"),
            "actual": actual * 1_000,
            "expected": expected * 1_000,
            "low": expected * 900,
            "high": expected * 1_100,
        }
    )


def present_values_frame() -> pd.DataFrame:
    return compare_present_values(100, np.arange(0.5, 0.96, 0.05), discount_rate=0.1)


def first_factors_frame() -> pd.DataFrame:
    shares = {"bakery": (0.7, 0.16, 0.14), "bakery_chain": (0.57, 0.18, 0.25), "canteen": (0.04, 0.95, 0.01)}
    return pd.DataFrame(
        [(s, f, 1e5 * p, p) for s, all_of in shares.items() for f, p in zip(FACTORS, all_of, strict=True)],
        columns=["segment", "first_factor", "spend", "share_of_spend"],
    )


def factor_weights_frame() -> pd.DataFrame:
    effects = {"bakery": (2.0, -0.8, 1.2), "bakery_chain": (1.6, -0.8, 1.5), "canteen": (0.9, -2.6, 0.2)}
    rows = [(s, a, e) for s, all_of in effects.items() for a, e in zip(FACTORS, all_of, strict=True)]
    frame = pd.DataFrame(rows, columns=["segment", "attribute", "effect"])
    place = frame["effect"].abs().groupby(frame["segment"]).rank(ascending=False).astype(int)
    return frame.assign(effect_low=frame["effect"] - 0.3, effect_high=frame["effect"] + 0.3, place=place)


def tiers_frame() -> pd.DataFrame:
    tiers = ["diamond", "gold", "strategic", "potential", "general", "problem"]
    money = {"profit": [9e5, 5e5, 2e5, 6e4, 1.5e5, -1.2e5], "profit_to_next": [0.0, 2e4, 1.1e4, 4e3, 5e3, 1.5e3]}
    return pd.DataFrame({"tier": tiers, "customers": [12, 31, 18, 40, 700, 90], **money})


def growth_frame(size: int = 80) -> pd.DataFrame:
    draw = np.random.default_rng(4)
    own = draw.normal(0.1, 0.2, size).clip(-0.6, 0.9)
    ours = (own + draw.normal(-0.04, 0.15, size)).clip(-0.9, 1)
    ours[:5] = np.nan
    return pd.DataFrame({"own_growth": own, "our_growth": ours, "share_part": 1_000 * (ours - own)})


def retention_frame() -> pd.DataFrame:
    period = np.arange(1, 25)
    rates = {"monthly": 0.9, "one year": 0.96, "two years": 0.99}
    tables = []
    for contract, rate in rates.items():
        left = {"period": period, "contract": contract, "retention": rate**period}
        tables.append(pd.DataFrame(left).assign(retention_low=rate**period * 0.9, retention_high=rate ** (period / 2)))
    return pd.concat(tables, ignore_index=True)


def hazard_frame() -> pd.DataFrame:
    hazard = 0.3 / np.arange(1, 31)
    columns = {"period": np.arange(1, 31), "hazard": hazard, "hazard_low": hazard * 0.8, "hazard_high": hazard * 1.3}
    return pd.DataFrame(columns).iloc[np.arange(30) != 7]


def projection_frame() -> pd.DataFrame:
    there = np.array([1000, 631, 468, 382, 326, 289, 262, 241])
    cohort = pd.DataFrame({"period": range(1, 8), "at_risk": there[:-1], "left": there[:-1] - there[1:]})
    return project_retention(cohort, fit_periods=4, periods=12)


def leaving_rates_frame() -> pd.DataFrame:
    rate = np.array([0.56, 0.3, 0.2, 0.07])
    groups = {"group": ["0–3", "4–12", "13–24", "25 and more"], "customers": [1_062, 419, 80, 1_407]}
    return pd.DataFrame({**groups, "rate": rate, "low": rate - 0.03, "high": rate + 0.04})


def tried_frame() -> pd.DataFrame:
    gain = np.array([300_000.0, -116_000, -700, 29_000, -110_000, -240_000])
    names = ["speed", "handset", "offer", "valuable", "sum_of_singles", "all_together"]
    return pd.DataFrame({"measure": names, "difference": gain, "low": gain - 15_000, "high": gain + 15_000})


Chart = tuple[Callable[[], pd.DataFrame], Callable[..., Any]]


CHARTS: dict[str, Chart] = {
    "concentration": (concentration_frame, charts.plot_concentration),
    "whale": (whale_frame, lambda frame, **more: charts.plot_whale(frame, profit_is_assumed=True, **more)),
    "tiers": (tiers_frame, charts.plot_tiers),
    "growth": (growth_frame, charts.plot_share_and_growth),
    "matrix": (customers_frame, lambda frame, **more: charts.plot_matrix(frame, THRESHOLDS, **more)),
    "sensitivity": (sensitivity_frame, charts.plot_sensitivity),
    "migration": (migration_frame, charts.plot_migration),
    "budgets": (budgets_frame, charts.plot_budgets),
    "calls": (calls_frame, charts.plot_calls),
    "silence": (silence_frame, lambda frame, **more: charts.plot_silence(frame, worth_from=200, **more)),
    "backtest": (backtest_frame, charts.plot_backtest),
    "calibration": (calibration_frame, charts.plot_calibration),
    "forecast": (forecast_frame, charts.plot_forecast),
    "present_values": (present_values_frame, charts.plot_present_values),
    "first_factors": (first_factors_frame, charts.plot_first_factors),
    "factor_weights": (factor_weights_frame, charts.plot_factor_weights),
    "retention": (retention_frame, lambda frame, **more: charts.plot_retention(frame, by="contract", **more)),
    "hazard": (hazard_frame, charts.plot_hazard),
    "projection": (projection_frame, charts.plot_projection),
    "tried_measures": (tried_frame, charts.plot_tried_measures),
    "leaving_rates": (
        leaving_rates_frame,
        lambda frame, **more: charts.plot_leaving_rates(frame, overall=0.27, label=term("churning.contract"), **more),
    ),
}


with_each_chart = pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS.keys())


def headline(ax: Axes) -> str:
    return ax.get_title(loc="left").replace("\n", " ")


def lightness(color: str) -> float:
    """Return CIE L* of a colour, 0 (black) to 100 (white): what is left of it on a grey printer."""
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ np.array([0.2126, 0.7152, 0.0722]))
    return 903.3 * luminance if luminance <= 0.008856 else 116 * luminance ** (1 / 3) - 16
