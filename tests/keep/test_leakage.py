"""Leakage: every planted leak is found, and honest columns, strong ones too, are left alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from cvmlab import CvmError, churn, datasets

LEFT_OUT, KEPT = "left_out", "kept"


def honest(seed: int, size: int = 1_500, leavers: float = 0.25, strong: float = 1.2) -> pd.DataFrame:
    """Return customers with honest columns, one of them ranking leavers with an AUC of about .9 if strong is 1.9."""
    draw = np.random.default_rng(seed)
    gone = draw.random(size) < leavers
    contract = np.where(draw.random(size) < np.where(gone, 0.9, 0.4), "monthly", draw.choice(["one", "two"], size))
    signed = pd.Timestamp("2024-01-01") + pd.to_timedelta(draw.integers(0, 500, size), unit="D")
    return pd.DataFrame(
        {
            "customer_id": [f"c{number:05d}" for number in range(size)],
            "complaints": draw.poisson(np.where(gone, 2.5, 0.5)),
            "usage_fall": draw.normal(np.where(gone, strong, 0), 1),
            "tenure": draw.integers(1, 60, size),
            "contract": contract,
            # honest gaps: only contracts have an end, and few of those under one leave
            "contract_end": signed.where(contract != "monthly"),
            "survey": np.where(draw.random(size) < np.where(gone, 0.1, 0.3), draw.integers(1, 6, size), np.nan),
            "town": draw.choice(["north", "south", "west"], size),
            "autopay": draw.random(size) < np.where(gone, 0.2, 0.6),
            "left": gone,
        }
    )


def findings(customers: pd.DataFrame, **options: str) -> dict[str, tuple[str, str]]:
    found = churn.find_leakage(customers, **options)
    assert list(found.columns) == ["column", "finding", "strength", "done", "why"]
    assert found["strength"].between(0, 1).all() and found["why"].str.len().gt(15).all()
    return {row.column: (row.finding, row.done) for row in found.itertuples()}


@pytest.mark.parametrize("leavers", [0.02, 0.25, 0.5])
@pytest.mark.parametrize("strong", [1.2, 1.9])
@pytest.mark.parametrize("size", [300, 1_500])
def test_honest_columns_raise_no_alarm(size: int, strong: float, leavers: float) -> None:
    alarms = [findings(honest(seed, size, leavers, strong)) for seed in range(20)]
    assert sum(map(len, alarms)) == 0, alarms


def test_the_telephone_table_has_no_leak() -> None:
    found = findings(datasets.load("telco"), left="left_last_month")
    assert found == {"total_charges": ("product", KEPT)}


def planted(draw: np.random.Generator, customers: pd.DataFrame) -> dict[str, tuple[object, str, str]]:
    """Return leaks and useless columns: what they hold, what should be found, and what should be done."""
    gone, size = customers["left"].to_numpy(), len(customers)
    last = pd.Timestamp("2024-06-30")
    day = pd.Series(last - pd.to_timedelta(draw.integers(0, 90, size), unit="D"))
    asked = gone & (draw.random(size) < 0.3)
    return {
        "status": (np.where(gone, "closed", "open"), "knows_answer", LEFT_OUT),
        "balance": (np.where(gone, 0.0, draw.gamma(2, 30, size)), "knows_answer", LEFT_OUT),
        "days_since_use": (np.where(gone, 90, 10) + draw.normal(0, 10, size), "knows_answer", LEFT_OUT),
        "in_the_middle": (np.where(gone, 4, draw.uniform(-20, 29, size)), "knows_answer", LEFT_OUT),
        "closing_bill": (np.where(asked, draw.gamma(2, 30, size), np.nan), "filled_for_leavers", LEFT_OUT),
        "exit_interview": (np.where(asked, draw.choice(["price", "moved"], size), ""), "filled_for_leavers", LEFT_OUT),
        "last_login": (day.where(~(gone & (draw.random(size) < 0.5))), "empty_for_leavers", LEFT_OUT),
        "queue": (np.where(asked, "retention desk", draw.choice(["none", "sales"], size)), "only_leavers", LEFT_OUT),
        "blocked": (asked, "only_leavers", LEFT_OUT),
        "churn_score": (draw.normal(gone * 1.0, 1), "named_outcome", LEFT_OUT),
        "reason_left": (draw.choice(["a", "b"], size), "named_outcome", LEFT_OUT),
        "流失评分": (draw.normal(gone * 1.0, 1), "named_outcome", LEFT_OUT),
        "sim_card": ([f"89{number:09d}" for number in draw.permutation(size)], "identifier", LEFT_OUT),
        "row": (np.arange(size), "identifier", LEFT_OUT),
        "phone": (draw.permutation(size) * 977 + 13_000_000, "identifier", LEFT_OUT),
        "country": ("CN", "constant", LEFT_OUT),
        "nothing": (np.nan, "constant", LEFT_OUT),
        "vip": (np.arange(size) == 7, "nearly_constant", LEFT_OUT),
        "town_code": (customers["town"].map({"north": 3, "south": 1, "west": 2}), "same_twice", LEFT_OUT),
        "tenure_days": (customers["tenure"] * 30.44, "same_twice", LEFT_OUT),
        "charge": (draw.gamma(3, 20, size).round(2).astype(str), "numbers_as_text", KEPT),
        "renewal": (day.where(~gone & (draw.random(size) < 0.6)), "empty_if_left", KEPT),
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_every_planted_leak_is_found(seed: int) -> None:
    customers = honest(seed)
    leaks = planted(np.random.default_rng(seed + 100), customers)
    for name, (cells, finding, done) in leaks.items():
        assert findings(customers.assign(**{name: cells})) == {name: (finding, done)}, name
    together = customers.assign(**{name: cells for name, (cells, _, _) in leaks.items()})
    found = findings(together)
    assert set(found) >= set(leaks)
    out = {name for name, (_, _, done) in leaks.items() if done == LEFT_OUT}
    scored = churn.score_churn(together)
    assert set(scored.left_out["column"]) == out
    # what is left are drivers, and two columns that are kept with a word
    assert 0.8 < scored.quality["auc"].max() < 0.99


def test_leaks_in_a_small_table_are_found_too() -> None:
    customers = honest(3, 60)
    gone = customers["left"]
    assert findings(customers.assign(status=np.where(gone, "closed", "open")))["status"][0] == "knows_answer"
    refund = np.where(gone, 5.0, np.nan)
    assert findings(customers.assign(refund=refund))["refund"][0] == "knows_answer"


def test_a_total_is_told_from_its_parts() -> None:
    customers = honest(5)
    draw = np.random.default_rng(1)
    charge = draw.gamma(3, 20, len(customers))
    total = customers["tenure"] * charge * draw.normal(1, 0.03, len(customers))
    found = churn.find_leakage(customers.assign(charge=charge, total=total))
    assert found[["column", "finding", "done"]].values.tolist() == [["total", "product", "kept"]]
    assert "'tenure' times 'charge'" in found["why"][0] or "'charge' times 'tenure'" in found["why"][0]


def test_dates_are_compared_with_the_day_of_leaving() -> None:
    customers = honest(6)
    draw = np.random.default_rng(2)
    gone = customers["left"]
    ended = pd.Series(pd.Timestamp("2024-03-01") + pd.to_timedelta(draw.integers(0, 60, len(gone)), unit="D"))
    ended = ended.where(gone)
    before, after = ended - pd.Timedelta(days=20), ended + pd.Timedelta(days=20)
    seen = pd.Series(pd.Timestamp("2024-02-01") + pd.to_timedelta(draw.integers(0, 60, len(gone)), unit="D"))
    both = customers.assign(
        ended=ended, last_call=before.fillna(seen), refund_sent=after.where(gone & (draw.random(len(gone)) < 0.2), seen)
    )
    found = findings(both, left_date="ended")
    assert found["ended"][0] == "knows_answer" and found["refund_sent"] == ("after_leaving", LEFT_OUT)
    assert "last_call" not in found


def test_a_column_asked_for_by_name_is_used() -> None:
    customers = honest(7, 400).assign(churn_risk_class="low")
    customers.loc[::3, "churn_risk_class"] = "high"
    assert "churn_risk_class" in set(churn.score_churn(customers).left_out["column"])
    asked = churn.score_churn(customers, features=["churn_risk_class", "tenure"])
    assert asked.features == ("churn_risk_class", "tenure") and not len(asked.left_out)


def test_every_engine_finds_the_same() -> None:
    customers = honest(8).assign(status=lambda frame: np.where(frame["left"], "closed", "open"))
    told = churn.find_leakage(customers)
    assert told["column"].tolist() == ["status"]
    pd.testing.assert_frame_equal(churn.find_leakage(pl.from_pandas(customers).lazy()), told)


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        ({"left": False}, {}, "Nobody in the column 'left' left"),
        ({"left": True}, {}, "Everybody in the column 'left' left"),
        ({}, {"left_date": "left"}, "'left' cannot be the date of leaving"),
        ({}, {"left_date": "ended"}, "no column 'ended'"),
        ({"left": "yes"}, {}, "must hold True and False"),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, object], options: dict[str, str], said: str) -> None:
    with pytest.raises(CvmError, match=said):
        churn.find_leakage(honest(1, 60).assign(**change), **options)
