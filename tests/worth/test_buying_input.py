"""BG/NBD and Gamma-Gamma: bad input, named with its row and column."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from buying_summaries import PUBLISHED, PUBLISHED_SPEND, summary

from cvmlab import CvmError, aggregate, buying, speaking
from cvmlab.worth.buying import BgNbd, GammaGamma, fit_bg_nbd, fit_gamma_gamma, fitting, score_customers

GOOD = summary([2, 0, 1], [213, 0, 12], [272, 272, 272])


@pytest.mark.parametrize(
    ("column", "value", "key", "named"),
    [
        ("recency", 300, "buying.recency_above_age", "row 3"),
        ("recency", -1, "buying.negative_recency", "row 3"),
        ("recency", 0, "buying.repeat_without_recency", "row 3"),
        ("recency", math.nan, "buying.not_finite", "'recency'"),
        ("age", math.inf, "checking.infinite_column", "'age'"),
        ("frequency", -1, "buying.frequency_not_whole", "-1"),
        ("frequency", 1.5, "buying.frequency_not_whole", "1.5"),
        ("frequency", 0, "buying.recency_without_repeat", "row 3"),
    ],
)
def test_a_wrong_row_is_named(column: str, value: float, key: str, named: str) -> None:
    bad = GOOD.astype(float)
    bad.loc[2, column] = value
    for compute in (fit_bg_nbd, PUBLISHED.p_alive, PUBLISHED.expected_purchases):
        with pytest.raises(CvmError) as raised:
            compute(bad)
        assert raised.value.key == key
        assert named in str(raised.value)
        with speaking("zh"):
            assert "{" not in str(raised.value) and "行" in str(raised.value)


def test_a_wrong_row_is_named_with_its_customer() -> None:
    bad = GOOD.assign(customer_id=["007", "008", "009"], recency=[213, 0, 300])
    with pytest.raises(CvmError, match=r"row 3 \(009\)"):
        fit_bg_nbd(bad)


def test_missing_and_text_columns_are_named() -> None:
    with pytest.raises(CvmError, match="'age'"):
        fit_bg_nbd(GOOD.drop(columns="age"))
    with pytest.raises(CvmError, match="'frequency'"):
        fit_bg_nbd(GOOD.assign(frequency=["2", "0", "1"]))
    with pytest.raises(CvmError, match="no rows"):
        fit_bg_nbd(GOOD.head(0))
    with pytest.raises(CvmError, match="'customer_id'"):
        score_customers(GOOD, PUBLISHED, PUBLISHED_SPEND)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: BgNbd(r="0.2", alpha=4, a=1, b=2), "r"),
        (lambda: BgNbd(r=0.2, alpha=0, a=1, b=2), "(alpha) is 0; it must be greater than 0"),
        (lambda: GammaGamma(p=6, q=4, gamma=math.nan), "gamma"),
        (lambda: PUBLISHED.expected_purchases(GOOD, days="365"), "cannot use days='365'"),
        (lambda: PUBLISHED.simulate(customers=2.5, seed=1), "cannot use customers=2.5: a whole number is needed"),
        (lambda: PUBLISHED.simulate(holdout_days=0, seed=1), "days in the hold-out period (holdout_days) is 0"),
        (lambda: PUBLISHED_SPEND.simulate([[1], [2]], seed=1), "the shapes are: frequency (2, 1)"),
        (lambda: fit_bg_nbd(GOOD, days_per_unit=-7), "(days_per_unit) is -7"),
    ],
)
def test_a_wrong_parameter_is_named(call, said) -> None:
    with pytest.raises(CvmError) as raised:
        call()
    assert said in str(raised.value)


def test_gaps_in_polars_and_nullable_columns_are_found() -> None:
    gap = pl.DataFrame({"frequency": [2, None], "recency": [213, 0], "age": [272, 272]})
    nullable = GOOD.head(2).assign(frequency=pd.array([2, None], dtype="Int64"))
    for customers in (gap, nullable):
        with pytest.raises(CvmError, match="row 2"):
            fit_bg_nbd(customers)


def test_too_little_to_learn_from() -> None:
    with pytest.raises(CvmError) as raised:
        fit_bg_nbd(summary([0] * 50, [0] * 50, range(50)))
    assert raised.value.key == "buying.no_repeat"
    with pytest.raises(CvmError, match=r"second day \(1\)"):
        fit_bg_nbd(summary([5], [100], [120]))
    with pytest.raises(CvmError, match=r"mean spend \(1;"):
        fit_gamma_gamma(pd.DataFrame({"frequency": [5], "monetary_value": [10.0]}))


def test_spends_that_no_model_fits() -> None:
    constant = pd.DataFrame({"frequency": [1, 2] * 20, "monetary_value": [9.9] * 40})
    with pytest.raises(CvmError, match=r"9\.9"):
        fit_gamma_gamma(constant)
    uneven = pd.DataFrame(
        {"frequency": [1] * 2000, "monetary_value": np.random.default_rng(1).pareto(0.5, 2000) + 1e-3}
    )
    with pytest.raises(CvmError) as raised:
        fit_gamma_gamma(uneven)
    assert raised.value.key == "buying.no_mean_spend"
    with pytest.raises(CvmError, match="'monetary_value'"):
        fit_gamma_gamma(constant.assign(monetary_value=math.nan))


@pytest.mark.parametrize(
    "compute",
    [
        lambda: BgNbd(r=0.2, alpha=-1, a=1, b=1),
        lambda: fit_bg_nbd(GOOD, days_per_unit=0),
        lambda: PUBLISHED.expected_purchases(GOOD, days=0),
        lambda: PUBLISHED.expected_purchases_new(days=math.nan),
        lambda: PUBLISHED.discounted_expected_purchases(GOOD, discount_rate=-1),
        lambda: GammaGamma(p=1, q=1, gamma=1),
        lambda: PUBLISHED.simulate(customers=0, seed=1),
        lambda: PUBLISHED.simulate(customers=5, days=10, entry_days=11, seed=1),
    ],
)
def test_impossible_numbers_are_refused(compute: object) -> None:
    with pytest.raises(CvmError) as raised:
        compute()  # type: ignore[operator]
    assert "{" not in str(raised.value)


def test_every_sentence_is_there_in_both_languages() -> None:
    from cvmlab.core.words import read_table

    rows = read_table("words/buying")
    assert len({row["key"] for row in rows}) == len(rows)
    places = [{part.split("}")[0] for part in text.split("{")[1:]} for row in rows for text in (row["en"], row["zh"])]
    assert all(english == chinese for english, chinese in zip(places[::2], places[1::2], strict=True))


def test_a_search_that_fails_says_so(monkeypatch: pytest.MonkeyPatch, cdnow: pd.DataFrame) -> None:
    monkeypatch.setattr(fitting, "climb", lambda negative, start, bounds: (start, negative(start)[0], 0.5))
    with pytest.raises(CvmError) as raised:
        fit_bg_nbd(cdnow)
    assert raised.value.key == "buying.not_converged"


def test_a_customer_with_refunds_only_does_not_keep_the_others_from_a_model():
    # cancellations on two days and no purchase: the best known public retail log holds such customers
    rng = np.random.default_rng(4)
    days = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 365, 900), unit="D")
    rows = pd.DataFrame({"customer_id": rng.integers(0, 150, 900).astype(str), "date": days, "amount": 10.0})
    gave_back = pd.DataFrame(
        {"customer_id": "r", "date": pd.to_datetime(["2023-05-01", "2023-06-01"]), "amount": [-5.0, -5.0]}
    )
    log = pd.concat([rows, gave_back], ignore_index=True)
    assert buying.fit_bg_nbd(aggregate.summarise_customers(log)).r > 0


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"customer_id": ["1"] * 20}, "checking.repeated_customer"),
        ({"customer_id": [*map(str, range(19)), " "]}, "tables.missing_values"),
        ({"monetary_value": [12.0] * 19 + [-1.0]}, "buying.negative_spend"),
        ({"monetary_value": [12.0 + 1j] * 20}, "guarding.complex_column"),
    ],
)
def test_a_customer_counts_once_and_spends_no_less_than_nothing(changes: dict[str, list[object]], key: str) -> None:
    given = summary([3] * 20, [30] * 20, [40] * 20).assign(customer_id=[*map(str, range(20))], monetary_value=12.0)
    customers = given.assign(**changes)
    calls = [lambda: score_customers(customers, PUBLISHED, None), lambda: fit_gamma_gamma(customers)]
    if "monetary_value" not in changes:
        calls.append(lambda: fit_bg_nbd(customers))
    for call in calls:
        with pytest.raises(CvmError) as caught:
            call()
        assert caught.value.key == key


def _relation(frame: pd.DataFrame) -> Any:
    connection = duckdb.connect()
    connection.register("customers", frame)
    return connection.sql("select * from customers")


@pytest.mark.parametrize("engine", [pl.LazyFrame, _relation], ids=["polars lazy", "duckdb"])
def test_a_lazy_frame_is_computed(engine: Callable[[pd.DataFrame], Any]) -> None:
    eager = PUBLISHED.simulate(customers=300, days=365, seed=1)[["frequency", "recency", "age"]]
    eager = eager.assign(
        customer_id=[f"{i:03}" for i in range(300)],
        monetary_value=PUBLISHED_SPEND.simulate(eager["frequency"], seed=1)["monetary_value"],
    )
    lazy = engine(eager if engine is _relation else pl.from_pandas(eager).to_dict())
    for fit in (fit_bg_nbd, buying.fit_mbg_nbd, buying.fit_pareto_nbd, fit_gamma_gamma):
        assert fit(lazy) == fit(eager)
    assert buying.frequency_spend_correlation(lazy) == buying.frequency_spend_correlation(eager)
    scored = [score_customers(one, PUBLISHED, PUBLISHED_SPEND) for one in (lazy, eager)]
    pd.testing.assert_frame_equal(*scored, check_dtype=False)
    with pytest.raises(CvmError, match=r"row 1 \(000\)"):
        fit_bg_nbd(engine(eager.assign(age=-1.0) if engine is _relation else eager.assign(age=-1.0).to_dict("list")))
