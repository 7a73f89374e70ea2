"""Make ``appliances`` and ``appliances_visits``: the third-birthday visits of S19 and what they brought.

    python datasets/make_appliances.py

Two branches visit every second due appliance by the toss of a coin; in the others the staff choose, and they like to
visit households that buy much anyway. A visit adds a purchase within a year with the chance `visit_effect`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from parquet_files import run

from cvmlab.core.random import draws, elementary

SEED = 2005
HOUSEHOLDS = 16_000
FIRST_MONTH = np.datetime64("2000-01", "M")
MONTHS = 84
DUE_FROM, DUE_BEFORE = 48, 72  # the programme: birthdays of 2004 and 2005, each with a year to look at
BIRTHDAY = 36
WINDOW = 12

# name, price (yuan), share of purchases
PRODUCTS = (
    ("refrigerator", 2_600, 0.20),
    ("washing machine", 2_000, 0.22),
    ("air conditioner", 2_900, 0.24),
    ("television", 3_200, 0.20),
    ("water heater", 1_400, 0.14),
)
COST_SHARE = 0.72
VISIT_COST = 35.0  # card, time and way
FAULT_COST = 45.0  # the repair is free
FAULT_SHARE = 0.2
BRANCHES = ("Qingdao", "Shenyang", "Wuhan", "Chengdu", "Hefei", "Jinan")
COIN_BRANCHES = ("Qingdao", "Wuhan")

RATE, BRANCH, MOVED_IN, BUYS, PRODUCT, PRICE, DAY, COIN = range(1_000, 1_008)
EXTRA, EXTRA_MONTH, EXTRA_PRODUCT, EXTRA_PRICE, EXTRA_DAY, FAULT = range(1_008, 1_014)


def households() -> pd.DataFrame:
    """Return each household's branch, buying rate (a month) and first month on file."""
    key = np.arange(HOUSEHOLDS)
    return pd.DataFrame(
        {
            "branch": (len(BRANCHES) * draws.uniform(SEED, key, 0, BRANCH)).astype(np.int64),
            "rate": 0.015 * elementary.exp(0.7 * draws.normal(SEED, key, 0, RATE) - 0.245),
            "first_month": (72 * draws.uniform(SEED, key, 0, MOVED_IN)).astype(np.int64),
        }
    )


def drawn_products(
    household: NDArray[np.int64], month: NDArray[np.int64], which: int, price: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the product (its place in `PRODUCTS`) and the money paid."""
    edges = np.cumsum([share for _, _, share in PRODUCTS])
    product = np.searchsorted(edges, draws.uniform(SEED, household, month, which), side="right").clip(0, 4)
    listed = np.array([money for _, money, _ in PRODUCTS], float)[product]
    paid = listed * elementary.exp(0.25 * draws.normal(SEED, household, month, price))
    return product, 10 * np.floor(paid / 10)


def own_purchases(homes: pd.DataFrame) -> pd.DataFrame:
    """Return what households buy without any visit: the appliance that brings them in, then by their rate."""
    household, month = np.meshgrid(np.arange(HOUSEHOLDS), np.arange(MONTHS), indexing="ij")
    first = homes["first_month"].to_numpy()[household]
    buys = draws.uniform(SEED, household, month, BUYS) < homes["rate"].to_numpy()[household]
    rows = ((month > first) & buys) | (month == first)
    household, month = household[rows], month[rows]
    product, amount = drawn_products(household, month, PRODUCT, PRICE)
    day = (28 * draws.uniform(SEED, household, month, DAY)).astype(np.int64)
    return pd.DataFrame({"household": household, "month": month, "day": day, "product": product, "amount": amount})


def visit_effect(appliances: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the chance that a visit adds a purchase within a year: 2% for one appliance on file, 7% more each."""
    return 0.02 + 0.07 * np.minimum(appliances - 1, 3)


def due_visits(homes: pd.DataFrame, bought: pd.DataFrame) -> pd.DataFrame:
    """Return the appliances with a third birthday in the programme, who is visited and what a visit would add."""
    due = bought[(bought["month"] + BIRTHDAY >= DUE_FROM) & (bought["month"] + BIRTHDAY < DUE_BEFORE)]
    household, birthday = due["household"].to_numpy(), due["month"].to_numpy() + BIRTHDAY
    ends = bought["month"].to_numpy()
    history = np.zeros((HOUSEHOLDS, MONTHS + 1), np.int64)
    np.add.at(history, (bought["household"].to_numpy(), ends + 1), 1)
    on_file = history.cumsum(axis=1)[household, birthday]
    branch = homes["branch"].to_numpy()[household]
    randomised = np.isin(np.array(BRANCHES)[branch], COIN_BRANCHES)
    liked = np.minimum(0.15 + 18 * homes["rate"].to_numpy()[household], 0.9)
    chance = np.where(randomised, 0.5, liked)
    visited = draws.uniform(SEED, household, birthday, COIN) < chance
    adds = draws.uniform(SEED, household, birthday, EXTRA) < visit_effect(on_file)
    month = birthday + 1 + (WINDOW * draws.uniform(SEED, household, birthday, EXTRA_MONTH)).astype(np.int64)
    product, amount = drawn_products(household, birthday, EXTRA_PRODUCT, EXTRA_PRICE)
    return due.assign(
        birthday=birthday,
        on_file=on_file,
        branch=branch,
        randomised=randomised,
        visited=visited,
        fault=draws.uniform(SEED, household, birthday, FAULT) < FAULT_SHARE,
        adds=adds,
        extra_month=np.minimum(month, birthday + WINDOW),
        extra_product=product,
        extra_amount=amount,
    )


def bought_within(bought: pd.DataFrame, household: NDArray[np.int64], month: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the money a household spends in the `WINDOW` months after a month."""
    money = np.zeros((HOUSEHOLDS, MONTHS + WINDOW + 2))
    np.add.at(money, (bought["household"].to_numpy(), bought["month"].to_numpy() + 1), bought["amount"].to_numpy())
    total = money.cumsum(axis=1)
    return total[household, month + WINDOW + 1] - total[household, month + 1]


def dated(month: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Return dates; ``day`` counts from 0."""
    return ((FIRST_MONTH + month).astype("datetime64[D]") + day).astype("datetime64[us]")


def home_id(household: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the ids of households."""
    return np.array([f"H{number:05d}" for number in household], object)


def tables() -> dict[str, pd.DataFrame]:
    """Return the appliance datasets by name."""
    homes = households()
    own = own_purchases(homes)
    due = due_visits(homes, own)
    came = due[due["visited"] & due["adds"]]
    extra = pd.DataFrame(
        {
            "household": came["household"],
            "month": came["extra_month"],
            "day": (28 * draws.uniform(SEED, came["household"], came["extra_month"], EXTRA_DAY)).astype(np.int64),
            "product": came["extra_product"],
            "amount": came["extra_amount"],
        }
    )
    bought = pd.concat([own, extra], ignore_index=True)
    bought = bought.sort_values(["month", "day", "household", "product", "amount"], ignore_index=True)
    names = np.array([name for name, _, _ in PRODUCTS], object)
    log = pd.DataFrame(
        {
            "customer_id": home_id(bought["household"].to_numpy()),
            "order_id": np.array([f"A{number:06d}" for number in range(1, len(bought) + 1)], object),
            "date": dated(bought["month"].to_numpy(), bought["day"].to_numpy()),
            "product": names[bought["product"].to_numpy()],
            "amount": bought["amount"].to_numpy(),
            "cost": (bought["amount"] * COST_SHARE).round(2).to_numpy(),
            "branch": np.array(BRANCHES, object)[homes["branch"].to_numpy()[bought["household"].to_numpy()]],
        }
    )
    household, birthday = due["household"].to_numpy(), due["birthday"].to_numpy()
    after = bought_within(bought, household, birthday)
    visited, fault = due["visited"].to_numpy(), due["fault"].to_numpy()
    visits = pd.DataFrame(
        {
            "customer_id": home_id(household),
            "product": names[due["product"].to_numpy()],
            "bought_on": dated(due["month"].to_numpy(), due["day"].to_numpy()),
            "third_birthday": dated(birthday, due["day"].to_numpy()),
            "branch": np.array(BRANCHES, object)[due["branch"].to_numpy()],
            "by_coin": due["randomised"].to_numpy(),
            "appliances": due["on_file"].to_numpy(),
            "visited": visited,
            "fault_found": visited & fault,
            "visit_cost": np.where(visited, VISIT_COST + FAULT_COST * fault, 0.0),
            "revenue_12_months": after,
            "margin_12_months": (after * (1 - COST_SHARE)).round(2),
        }
    )
    worth = due["extra_amount"].to_numpy() * (1 - COST_SHARE)
    truth = pd.DataFrame(
        {
            "customer_id": home_id(household),
            "third_birthday": visits["third_birthday"],
            "buying_rate": homes["rate"].to_numpy()[household].round(6),
            "chance_visit_adds": visit_effect(due["on_file"].to_numpy()),
            "visit_adds_purchase": due["adds"].to_numpy(),
            "visit_adds_margin": np.where(due["adds"], worth, 0.0).round(2),
        }
    )
    order = np.lexsort((visits["product"], visits["customer_id"], visits["third_birthday"]))
    return {
        "appliances": log,
        "appliances_visits": visits.iloc[order].reset_index(drop=True),
        "appliances_visits_truth": truth.iloc[order].reset_index(drop=True),
    }


if __name__ == "__main__":
    run(__doc__, tables)
