"""Make the carrier datasets with the market engine: the log of an incumbent around a handset launch.

    python datasets/make_carrier.py

The market is that of `cvmlab.market.carrier`; what the carrier itself knows goes into ``carrier``,
``carrier_subscribers``, ``carrier_surveys``, ``carrier_complaints`` and ``carrier_offer``, what only a simulation
knows into ``carrier_truth`` and ``carrier_truth_stages``. The cards say what was calibrated to what.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from parquet_files import run

from cvmlab.core.random import draws
from cvmlab.market import CAUSES, REASON_OF_CAUSE, STAGES, Result, extend, make_customers, simulate
from cvmlab.market.carrier import CARRIERS, FIRST_MONTH, INCUMBENT, LATE_ANSWER, MARKET, PERIODS, RIVALS

SEED = 20_101_127
CUSTOMERS = 26_000
DECISIONS = {INCUMBENT: LATE_ANSWER, **RIVALS}
OURS = 1  # the number of the incumbent, whose log it is
SETTLED_FROM = 2_500  # cents: smaller bills wait for the next month
SURVEYED = range(5, PERIODS, 6)
OFFER_MONTHS = 6
OFFERED_PRICE = 0.8

# What a draw outside the engine is for; the engine's own purposes are small numbers.
JOINED_DAY, LEFT_DAY, SURVEY, ANSWER, SCORE, LIKELY, COMPLAINT_DAY, ASKED, HONEST, SAID, ARM, WAITING = range(
    1_000, 1_012
)
ANSWERS = ("attracted", "left_on_own", "forced_to_leave", "poached", "other_reason")


def market() -> tuple[Result, NDArray[np.int64]]:
    """Return the simulated market and each customer's tenure with the first carrier at the start (months)."""
    customers = make_customers(MARKET, CARRIERS, CUSTOMERS, SEED)
    result = simulate(MARKET, CARRIERS, DECISIONS, customers, PERIODS, SEED)
    return result, customers.tenure.astype(np.int64)


def uniform(customer: NDArray[np.int64], period: NDArray[np.int64] | int, purpose: int) -> NDArray[np.float64]:
    """Return uniform draws keyed by the customer's place in the market."""
    return draws.uniform(SEED, customer, period, purpose)


def month_end(period: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Return the last day of each month, the date of its bills."""
    return ((FIRST_MONTH + period + 1).astype("datetime64[D]") - 1).astype("datetime64[us]")


def day_within(period: NDArray[np.int64], luck: NDArray[np.float64]) -> NDArray[np.datetime64]:
    """Return a day of each month, from the 1st to the 28th."""
    day = (28 * luck).astype(np.int64)
    return ((FIRST_MONTH + period).astype("datetime64[D]") + day).astype("datetime64[us]")


def our_month(result: Result) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return revenue and profit of the incumbent (cents) and whose carrier it is, shape (periods, customers).

    Second SIMs that it sells to customers of others are kept in another book.
    """
    panel = result.panel
    ours = panel.carrier == OURS
    return np.where(ours, panel.revenue, 0).astype(np.int64), np.where(ours, panel.profit, 0).astype(np.int64), ours


def bills(result: Result) -> pd.DataFrame:
    """Return the log: one row a bill, at the end of the month.

    A bill below `SETTLED_FROM` waits until the sum reaches it, or until the customer goes. What is open
    after the last month is not in the log; what was open before the first one is.
    """
    revenue, profit, present = our_month(result)
    open_revenue, open_profit = (months_open(revenue[0]) * money[0] for money in (revenue, profit))
    billed = []
    for period in range(PERIODS):
        open_revenue += revenue[period]
        open_profit += profit[period]
        goes = present[period] & ~present[period + 1] if period + 1 < PERIODS else np.zeros(CUSTOMERS, np.bool_)
        who = np.flatnonzero((open_revenue >= SETTLED_FROM) | (goes & (open_revenue > 0)))
        billed.append((np.full(len(who), period), who, open_revenue[who], open_profit[who]))
        open_revenue[who] = 0
        open_profit[who] = 0
    period, customer, amount, earned = (np.concatenate(column) for column in zip(*billed, strict=True))
    order = np.lexsort((period, customer))
    return pd.DataFrame(
        {
            "customer_id": ids(result)[customer[order]],
            "date": month_end(period[order]),
            "amount": amount[order] / 100,
            "profit": earned[order] / 100,
        }
    )


def months_open(revenue: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many small bills wait at the start, else all who pay every other month would pay in the same one."""
    cycle = -(-SETTLED_FROM // np.maximum(revenue, 1))
    waiting = (cycle * uniform(np.arange(CUSTOMERS), 0, WAITING)).astype(np.int64)
    return np.where(revenue > 0, waiting, 0)


def ids(result: Result) -> NDArray[np.object_]:
    """Return the customers' ids."""
    return result.customer_id()


def relationships(result: Result, tenure: NDArray[np.int64]) -> pd.DataFrame:
    """Return the engine's spells with the incumbent, with the customer's place and the months of tenure before."""
    spells = result.spells()
    ours = spells[spells["carrier"] == list(CARRIERS)[OURS - 1]].reset_index(drop=True)
    place = ours["customer_id"].astype(int).to_numpy()
    before = np.where(ours["first_period"] == 0, tenure[place], 0)
    return ours.assign(place=place, before=before, relationship=ours.groupby("customer_id").cumcount() + 1)


def subscribers(result: Result, spells: pd.DataFrame) -> pd.DataFrame:
    """Return what the carrier knows of each relationship: one row a relationship."""
    place, joined, last = (spells[name].to_numpy() for name in ("place", "first_period", "last_period"))
    ended = spells["ended"].to_numpy(bool)
    state = result.state
    left_on = day_within(last + 1, uniform(place, last + 1, LEFT_DAY))
    handset = state.owns[place].astype(np.int64)
    sold = (handset >= joined) & (handset <= last)
    contract = np.where(~ended & (last == PERIODS - 1), state.months_left[place].astype(np.int64), 0)
    never = np.datetime64("NaT", "us")
    return pd.DataFrame(
        {
            "customer_id": spells["customer_id"].to_numpy(),
            "relationship": spells["relationship"].to_numpy(np.int64),
            "joined_date": day_within(joined - spells["before"].to_numpy(), uniform(place, joined, JOINED_DAY)),
            "left_date": np.where(ended, left_on, never),
            "stated_reason": np.where(ended, stated_reason(spells), ""),
            "group_network": state.group[place] == OURS,
            "handset_date": np.where(sold, month_end(np.where(sold, handset, 0)), never),
            "contract_end_date": np.where(contract > 0, month_end(PERIODS - 1 + contract), never),
        }
    )


def stated_reason(spells: pd.DataFrame) -> NDArray[np.object_]:
    """Return what leavers said: two in five were asked; of them three in four said the main reason."""
    place, period = spells["place"].to_numpy(), spells["last_period"].to_numpy() + 1
    other = (len(ANSWERS) * uniform(place, period, SAID)).astype(np.int64)
    honest = uniform(place, period, HONEST) < 0.75
    said = np.where(honest, spells["reason"].to_numpy(object), np.array(ANSWERS, object)[other])
    return np.where(uniform(place, period, ASKED) < 0.4, said, "")


def surveys(result: Result) -> pd.DataFrame:
    """Return the half-yearly survey: a fifth is asked; the better the relationship, the likelier an answer."""
    panel, answers = result.panel, []
    for period in SURVEYED:
        customer = np.flatnonzero(panel.carrier[period] == OURS)
        asked = uniform(customer, period, SURVEY) < 0.2
        stable = panel.stage[period, customer] == STAGES.index("stability")
        answered = uniform(customer, period, ANSWER) < np.where(stable, 0.6, 0.4)
        customer = customer[asked & answered]
        felt = panel.felt[period, customer].astype(float)
        score = 7.2 + 2.6 * felt + 0.9 * draws.normal(SEED, customer, period, SCORE)
        likely = 7.0 + 2.2 * felt + 1.4 * draws.normal(SEED, customer, period, LIKELY)
        answers.append(
            pd.DataFrame(
                {
                    "customer_id": ids(result)[customer],
                    "date": month_end(np.full(len(customer), period)),
                    "satisfaction": np.clip(np.floor(score + 0.5), 1, 10).astype(np.int64),
                    "recommend": np.clip(np.floor(likely + 0.5), 0, 10).astype(np.int64),
                }
            )
        )
    return pd.concat(answers, ignore_index=True)


def complaints(result: Result) -> pd.DataFrame:
    """Return one row a complaint with the incumbent, by day."""
    period, customer = np.nonzero(result.panel.complaint & (result.panel.carrier == OURS))
    dates = day_within(period, uniform(customer, period, COMPLAINT_DAY))
    order = np.lexsort((customer, dates))
    return pd.DataFrame({"customer_id": ids(result)[customer[order]], "date": dates[order]})


def offer_trial(result: Result) -> tuple[pd.DataFrame, NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the randomised offer of January 2012, and who leaves within half a year without and with it.

    Both worlds are simulated on with the same luck, one in which everyone gets the offer and one in which no
    one does; a coin says in which of them a customer is seen.
    """
    now = LATE_ANSWER[max(LATE_ANSWER)]
    worlds = [
        extend(result, OFFER_MONTHS, {INCUMBENT: decision}) for decision in (now, now.replace(price=OFFERED_PRICE))
    ]
    customer = np.flatnonzero(result.panel.carrier[-1] == OURS)
    leaves, earned = [], []
    for world in worlds:
        cause, carrier = world.panel.cause[PERIODS:], world.panel.carrier[PERIODS:]
        stays = np.logical_and.accumulate((carrier == OURS) & (cause == 0), axis=0)
        leaves.append(~stays[-1])
        earned.append((np.where(stays, world.panel.profit[PERIODS:], 0)).sum(axis=0) / 100)
    offered = uniform(customer, PERIODS, ARM) < 0.5
    arm = offered.astype(int)
    trial = pd.DataFrame(
        {
            "customer_id": ids(result)[customer],
            "offered": offered,
            "left_within_6_months": np.array(leaves)[arm, customer],
            "profit": np.array(earned)[arm, customer],
        }
    )
    return trial, leaves[0], leaves[1]


def truth(
    result: Result, spells: pd.DataFrame, leaves_without: NDArray[np.bool_], leaves_with: NDArray[np.bool_]
) -> pd.DataFrame:
    """Return what only the simulation knows, one row a customer of the log."""
    last = spells.drop_duplicates("customer_id", keep="last")
    ended = spells[spells["ended"]].drop_duplicates("customer_id", keep="last").set_index("customer_id")
    place = last["place"].to_numpy()
    panel, state = result.panel, result.state
    names = np.array(result.names(), object)
    cause = last["customer_id"].map(ended["cause"]).fillna("").to_numpy(object)
    went = last["customer_id"].map(ended["last_period"])
    month = (went.fillna(-1).to_numpy(int) + 1).clip(0)
    rival = np.where(went.notna(), names[panel.carrier[month, place]], "")
    there = panel.carrier[-1, place] == OURS
    response = np.select(
        [
            there & ~leaves_without[place] & ~leaves_with[place],
            there & leaves_without[place] & ~leaves_with[place],
            there & leaves_without[place] & leaves_with[place],
            there,
        ],
        ["stays_anyway", "persuaded", "leaves_anyway", "driven_away"],
        "",
    )
    return pd.DataFrame(
        {
            "customer_id": last["customer_id"].to_numpy(),
            "carrier": names[state.carrier[place]],
            "stage": np.array(STAGES, object)[panel.stage[last["last_period"].to_numpy(), place]],
            "stage_reached": last["stage_reached"].to_numpy(),
            "pattern": last["customer_id"].map(ended["pattern"]).fillna("").to_numpy(object),
            "cause": cause,
            "reason": np.array([REASON_OF_CAUSE.get(name, "") for name in cause], object),
            "joined_rival": rival,
            "second_carrier": names[panel.second[-1, place]],
            "offer_response": response,
            "wallet": state.wallet[place].astype(float).round(2),
            "level": state.level[place].astype(float).round(4),
            "satisfaction": state.felt[place].astype(float).round(4),
            "price_sensitivity": state.price_sensitivity[place].astype(float).round(4),
            "data_need": state.data_need[place].astype(float).round(4),
            "desire": state.desire[place].astype(float).round(4),
            "service_cost": state.service_cost[place].astype(float).round(2),
        }
    )


def stages(result: Result) -> pd.DataFrame:
    """Return the stage of each customer of the incumbent in each month."""
    customer, period = np.nonzero((result.panel.carrier == OURS).T)
    starts = (FIRST_MONTH + period).astype("datetime64[us]")
    stage = np.array(STAGES, object)[result.panel.stage[period, customer]]
    return pd.DataFrame({"customer_id": ids(result)[customer], "period": starts, "stage": stage})


def tables() -> dict[str, pd.DataFrame]:
    """Return all carrier datasets by name."""
    result, tenure = market()
    spells = relationships(result, tenure)
    trial, leaves_without, leaves_with = offer_trial(result)
    return {
        "carrier": bills(result),
        "carrier_complaints": complaints(result),
        "carrier_offer": trial,
        "carrier_subscribers": subscribers(result, spells),
        "carrier_surveys": surveys(result),
        "carrier_truth": truth(result, spells, leaves_without, leaves_with),
        "carrier_truth_stages": stages(result),
    }


if __name__ == "__main__":
    assert all(cause in REASON_OF_CAUSE for cause in CAUSES)
    run(__doc__, tables)
