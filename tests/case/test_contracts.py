"""A log under contract has the rates of a table of subscribers: known hazards come back, free buying has none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cvmlab import case, reading
from cvmlab.case.contracts import contracts_of
from cvmlab.core.words import speaking
from cvmlab.report.contracts import contracts_section

HAZARD = 0.06


def contracts(customers: int = 500, months: int = 36, seed: int = 4) -> pd.DataFrame:
    """Return monthly payments of 20 from the month of joining on; after each payment 6% leave."""
    draw = np.random.default_rng(seed)
    joined, lasting = draw.integers(0, months, customers), draw.geometric(HAZARD, customers)
    rows = [
        (f"K{number}", month, 20.0)
        for number in range(customers)
        for month in range(joined[number], min(joined[number] + lasting[number], months))
    ]
    frame = pd.DataFrame(rows, columns=["customer", "month", "amount"])
    first = pd.Timestamp("2021-01-05")
    frame["date"] = [first + pd.DateOffset(months=int(month)) for month in frame["month"]]
    return frame[["customer", "date", "amount"]]


@pytest.fixture(scope="module")
def judged() -> case.Case:
    return case.study(reading.read(contracts()))


def test_the_share_that_ends_after_each_payment_is_the_true_one(judged: case.Case) -> None:
    found = contracts_of(judged)
    assert found is not None and found.months == 1
    early = found.table[found.table["period"] <= 12]
    assert early["left"].sum() / early["at_risk"].sum() == pytest.approx(HAZARD, abs=0.012)
    assert ((early["hazard_low"] <= HAZARD) & (early["hazard_high"] >= HAZARD)).mean() >= 0.8
    at_twelve = found.table.set_index("period").loc[12]
    assert at_twelve["retention_low"] <= (1 - HAZARD) ** 12 <= at_twelve["retention_high"]


def test_of_the_contracts_of_a_year_ago_those_that_ended_are_counted(judged: case.Case) -> None:
    found = contracts_of(judged)
    assert found is not None
    log = contracts()
    end = log["date"].max()
    ago = log[(log["date"] <= end - pd.DateOffset(months=12)) & (log["date"] > end - pd.DateOffset(months=13))]
    last = log.groupby("customer")["date"].max()
    ended = (last[ago["customer"]] < end - pd.DateOffset(months=1)).sum()
    assert found.before == pytest.approx(len(ago), rel=0.08)
    assert found.left / found.before == pytest.approx(ended / len(ago), abs=0.06)
    assert 0 < found.lost <= 12 * 20 * found.left


def test_contracts_that_ran_before_the_log_are_counted_apart(judged: case.Case) -> None:
    found = contracts_of(judged)
    assert found is not None
    assert found.begun + found.running == len(judged.customers)
    assert found.running >= (contracts().groupby("customer")["date"].min() == contracts()["date"].min()).sum()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_section_shows_the_rate_and_the_curve(judged: case.Case, language: str) -> None:
    with speaking(language):
        pieces = contracts_section(judged)
    found = contracts_of(judged)
    assert found is not None
    text = "".join(piece.text for piece in pieces if hasattr(piece, "text"))
    assert f"{found.left}" in text and f"{found.begun}" in text


def test_free_buying_has_no_such_section() -> None:
    draw = np.random.default_rng(1)
    rows = pd.DataFrame({"customer": [f"K{n}" for n in draw.integers(0, 200, 4_000)]})
    rows["date"] = pd.Timestamp("2022-01-01") + pd.to_timedelta(draw.integers(0, 700, len(rows)), unit="D")
    assert contracts_section(case.study(reading.read(rows.assign(amount=draw.uniform(5, 50, len(rows)))))) == []
