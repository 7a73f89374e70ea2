"""The panel of the carrier case: what the circle caused, and what a churn rate does not see."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.market import Result, contagion_effect, kinds_of_loss, leaving_by_circle, simulate
from cvmlab.market.carrier import AS_BEFORE, CARRIERS, INCUMBENT, MARKET, RIVALS

DECISIONS = {INCUMBENT: AS_BEFORE, **RIVALS}


@pytest.fixture(scope="module")
def market() -> Result:
    return simulate(MARKET, CARRIERS, DECISIONS, 1_010, 36, 5)


def test_the_rates_by_circle_are_those_counted_customer_by_customer(market: Result) -> None:
    panel, size = market.panel, MARKET.circle_size
    assert panel is not None
    seen: list[tuple[int, bool]] = []
    for t in range(30, 36):
        for customer in range(1_010):
            if panel.carrier[t - 1, customer] != 1:
                continue
            start = customer // size * size
            others = [one for one in range(start, min(start + size, 1_010)) if one != customer]
            just = sum(
                panel.carrier[month - 1, one] == 1 and panel.cause[month, one] > 0
                for one in others
                for month in (t - 2, t - 1)
            )
            seen.append((min(just, 4), panel.cause[t, customer] > 0))
    counted = pd.DataFrame(seen, columns=["others", "left"]).groupby("others")["left"].agg(["size", "sum"])
    found = leaving_by_circle(market, months=2, start=30).set_index("others_left")
    counted = counted.reindex(range(5), fill_value=0)
    assert found["customer_months"].tolist() == counted["size"].tolist()
    assert found["left"].tolist() == counted["sum"].tolist()
    assert found.loc[0, "share_left"] == 0 and found.loc[1, "share_left"] == pytest.approx(1 / 24, rel=0.05)


def test_a_circle_that_pulls_shows_in_the_rates_and_one_that_does_not_hardly() -> None:
    def slope(pull: float) -> float:
        scenario = MARKET.replace(circle_pull=pull, word_of_mouth=0)
        table = leaving_by_circle(simulate(scenario, CARRIERS, None, 30_000, 20, 2))
        return float(table["hazard"].iloc[3] / table["hazard"].iloc[0])

    assert slope(0) == pytest.approx(1, abs=0.12)
    assert slope(4) > 1.2


def test_comparing_customers_finds_contagion_where_there_is_none_and_misses_what_it_does() -> None:
    """The circle holds those whose circle stays: it keeps customers, while a comparison says it costs some."""
    effect = contagion_effect().set_index("world")
    assert (effect["blamed"] > 0).all()
    assert effect.loc["with_contagion", "high"] < 0
    assert effect.loc["without_contagion", ["caused", "low", "high"]].tolist() == [0, 0, 0]
    left = effect["left"]
    # what is blamed is made of the columns beside it
    blamed = (effect["hazard_some"] - effect["hazard_none"]) * effect["months_some"]
    assert effect["blamed"].to_numpy() == pytest.approx(blamed.to_numpy())
    assert effect["months_none"].iloc[0] > effect["months_none"].iloc[1]
    assert effect.loc["with_contagion", "caused"] == pytest.approx(left.iloc[0] - left.iloc[1])


def test_where_nothing_pulls_the_worlds_are_the_same() -> None:
    deaf = MARKET.replace(circle_pull=0, word_of_mouth=0, imitation=0)
    effect = contagion_effect(scenario=deaf, customers=1_000, seeds=3)
    assert effect.drop(columns="world").nunique().tolist() == [1] * 9
    assert effect["caused"].tolist() == [0, 0]


def test_every_customer_has_one_fate_and_every_yuan_one_place(market: Result) -> None:
    panel = market.panel
    assert panel is not None
    found = kinds_of_loss(market).set_index("fate")
    ever = (panel.carrier == 1).any(axis=0)
    assert found["customers"].sum() == ever.sum()
    assert found["share"].sum() == pytest.approx(1)
    spells = market.spells()
    ours = spells[spells["carrier"] == INCUMBENT]
    assert found["counted_as_lost"].sum() == ours.loc[ours["ended"], "customer_id"].nunique()
    still = (panel.carrier[-1] == 1).sum()
    assert found.loc["away", "customers"] == ever.sum() - still
    assert found.loc[["only_ours", "second_number", "second_given_up"], "counted_as_lost"].tolist() == [0, 0, 0]
    first = (panel.carrier == 1).argmax(axis=0)
    paid = sum(
        int(panel.revenue[first[one] :, one].sum()) + int(panel.second_revenue[first[one] :, one].sum())
        for one in np.flatnonzero(ever)
    )
    assert found[["revenue", "elsewhere"]].to_numpy().sum() == pytest.approx(paid / 100)
    assert found.loc["only_ours", "share_of_wallet"] == 1
    assert 0.6 < found.loc["second_number", "share_of_wallet"] < 1
    # the months before the second number hide most of the loss; the last month shows it
    at_end = found["share_at_end"]
    assert at_end["only_ours"] == at_end["second_given_up"] == 1 > at_end["back_again"] > at_end["away"]
    gone = ((panel.carrier[:-1] == 1) & (panel.cause[1:] > 0)).any(axis=0)
    holders = np.flatnonzero((panel.carrier[-1] == 1) & (panel.second[-1] > 1) & ~gone)
    bill, other = panel.revenue[-1, holders].sum(), panel.second_revenue[-1, holders].sum()
    assert at_end["second_number"] == pytest.approx(bill / (bill + other))


def test_second_numbers_come_of_the_group_network_alone() -> None:
    free = simulate(MARKET.replace(group_network=False), CARRIERS, DECISIONS, 1_000, 24, 5)
    assert kinds_of_loss(free)["had_second"].sum() == 0


def test_what_cannot_be_counted_is_refused(market: Result) -> None:
    with pytest.raises(CvmError, match="Nobody"):
        leaving_by_circle(market, carrier="Nobody")
    with pytest.raises(CvmError, match="Nobody"):
        kinds_of_loss(market, carrier="Nobody")
    single = simulate(MARKET.replace(dual_sim=False), CARRIERS, None, 500, 6, 1)
    with pytest.raises(CvmError, match="dual_sim=True"):
        kinds_of_loss(single)
    sums = simulate(MARKET, CARRIERS, None, 500, 6, 1, panel=False)
    for function in (leaving_by_circle, kinds_of_loss):
        with pytest.raises(CvmError, match="panel=True"):
            function(sums)
    with pytest.raises(CvmError, match="contagion=True"):
        contagion_effect(scenario=MARKET.replace(contagion=False))
    with pytest.raises(CvmError, match="months"):
        leaving_by_circle(market, months=0)
    assert leaving_by_circle(market, start=600)["hazard"].isna().all()
