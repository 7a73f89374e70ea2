"""Make ``packaging_leads``: from target to user, dormant and reactivated, by the states of S06.

    python datasets/make_packaging_leads.py

Linhe Packaging places bagging machines at about what they cost it and earns on film and bags. Customers move between
the states by constant monthly rates, which are the truth; purchases, calls and payments are laid over their stays.
Sector and region change how much is bought, never how a customer moves.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from parquet_files import run

from cvmlab.core.periods import DAYS_A_MONTH
from cvmlab.core.random import draws, elementary
from cvmlab.relationship.pipeline import PipelineRates, simulate_pipeline, spells
from cvmlab.relationship.pipeline.simulation import CALLS

SEED = 1998
TARGETS = 2_000
MONTHS = 48
TRUTH = PipelineRates()

FIRST_DAY = "2022-01-01"
# name, share of targets, how much a user of the sector packs
SECTORS = (("food_shop", 0.30, 0.6), ("bakery", 0.35, 0.9), ("bakery_chain", 0.15, 2.2), ("canteen", 0.20, 0.8))
REGIONS = ("Hefei", "Nanjing", "Wuhan", "Zhengzhou", "Changsha")

# product, purchases a month of a user, price (yuan), share of the price that is margin
GOODS = {
    "repeat_purchase": ("film_and_bags", 0.60, 1_850.0, 0.42),
    "upgrade": ("bagging_machine", 0.012, 15_000.0, 0.01),
    "cross_purchase": ("boxes", 0.05, 2_400.0, 0.25),
}
DEVICE_PRICE, DEVICE_MARGIN = 12_500.0, 0.008
INSTALMENTS = 6  # months after the order; an instalment may be missed
MISSED = 0.04

SECTOR, REGION, SIZE, CALL, CALL_DAY, COUNT, DAY, PRICE, DEVICE, LATE = range(1_200, 1_210)
MOST = 400  # draws of one kind that a customer may use


def thinned_days(stays: pd.DataFrame, state: str, monthly: float, purpose: int) -> pd.DataFrame:
    """Return the days of events that happen at a constant monthly rate while customers are in a state."""
    mine = stays[stays["state"] == state]
    key, days = mine["key"].to_numpy(), mine["days"].to_numpy()
    # a customer's gaps are drawn by stay and number, so that no stay depends on the one before
    number = np.arange(MOST)
    gaps = draws.exponential(SEED, key[:, None], 1_000 * mine["stay"].to_numpy()[:, None] + number, purpose)
    day = np.cumsum(gaps, axis=1) * (DAYS_A_MONTH / monthly)
    inside = day < days[:, None]
    row, column = np.nonzero(inside)
    return pd.DataFrame({
        "key": key[row],
        "state": state,
        "day": mine["first"].to_numpy()[row] + day[row, column].astype(np.int64),
        "number": 1_000 * mine["stay"].to_numpy()[row] + column,
    })  # fmt: skip


def factor(key: NDArray[np.int64], number: NDArray[np.int64], purpose: int, spread: float) -> NDArray[np.float64]:
    """Return a positive factor with mean 1."""
    return elementary.exp(spread * draws.normal(SEED, key, number, purpose) - spread * spread / 2)


def cents(amount: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return money in whole cents."""
    return np.floor(amount * 100 + 0.5) / 100


def calls(stays: pd.DataFrame) -> pd.DataFrame:
    """Return the calls and visits to customers in each state."""
    made = [thinned_days(stays, state, monthly, CALL) for state, monthly in CALLS.items()]
    rows = pd.concat(made, ignore_index=True)
    cost = TRUTH.call_cost * factor(rows["key"].to_numpy(), rows["number"].to_numpy(), CALL_DAY, 0.5)
    return rows.assign(event="call", cost=cents(cost))


def bought(stays: pd.DataFrame, packs: NDArray[np.float64]) -> pd.DataFrame:
    """Return what users buy: film again and again, now and then another device or something else."""
    parts = []
    for place, (event, (product, monthly, price, share)) in enumerate(GOODS.items()):
        rows = thinned_days(stays, "user", monthly, COUNT + 10 * (place + 1))
        key, number = rows["key"].to_numpy(), rows["number"].to_numpy()
        size = packs[key] if event == "repeat_purchase" else 1.0
        amount = cents(price * size * factor(key, number, PRICE + 10 * (place + 1), 0.4))
        parts.append(rows.assign(event=event, product=product, amount=amount, value=cents(amount * share), paid=amount))
    return pd.concat(parts, ignore_index=True)


def wakings(stays: pd.DataFrame, packs: NDArray[np.float64]) -> pd.DataFrame:
    """Return the purchase of film that reactivates a dormant customer."""
    woken = stays[stays["woken"]]
    key, number = woken["key"].to_numpy(), 1_000 * woken["stay"].to_numpy()
    product, _, price, share = GOODS["repeat_purchase"]
    amount = cents(price * packs[key] * factor(key, number, DEVICE + 10, 0.4))
    return pd.DataFrame({
        "key": key, "state": "user", "day": woken["first"].to_numpy(), "event": "repeat_purchase", "product": product,
        "amount": amount, "value": cents(amount * share), "paid": amount,
    })  # fmt: skip


def orders(stays: pd.DataFrame) -> pd.DataFrame:
    """Return the first orders, with delivery, installation and training; the device brings about nothing."""
    placed = stays[stays["state"] == "order"]
    key, number = placed["key"].to_numpy(), 1_000 * placed["stay"].to_numpy()
    amount = cents(DEVICE_PRICE * factor(key, number, DEVICE, 0.25))
    return pd.DataFrame({
        "key": key, "state": "order", "day": placed["first"].to_numpy(), "number": number, "event": "order",
        "product": "bagging_machine", "amount": amount, "value": cents(amount * DEVICE_MARGIN),
        "cost": TRUTH.setup_cost, "paid": cents(amount / (INSTALMENTS + 1)),
        "delivered": (placed["next_state"] == "user").to_numpy(),
        "cancelled": (placed["next_state"] == "lost").to_numpy(),
        "days": placed["days"].to_numpy(),
    })  # fmt: skip


def cancellations(first: pd.DataFrame) -> pd.DataFrame:
    """Return what undoes an order that never was delivered, on its last day: nothing is owed or kept."""
    gone = first[first["cancelled"]]
    return gone.assign(
        day=gone["day"] + gone["days"] - 1, event="cancelled", amount=-gone["amount"], value=-gone["value"],
        paid=-gone["paid"], cost=0.0,
    )  # fmt: skip


def instalments(first: pd.DataFrame) -> pd.DataFrame:
    """Return the payments after an order that was delivered; the last one makes up the cents."""
    due = first[first["delivered"]].reset_index(drop=True)
    rows = due.loc[due.index.repeat(INSTALMENTS)].reset_index(drop=True)
    place = np.tile(np.arange(1, INSTALMENTS + 1), len(due))
    key, number = rows["key"].to_numpy(), rows["number"].to_numpy() + place
    paid = rows["paid"].to_numpy()
    rest = rows["amount"].to_numpy() - INSTALMENTS * paid
    late = (draws.exponential(SEED, key, number, LATE) * 9).astype(np.int64)
    kept = draws.uniform(SEED, key, number, LATE + 1) > MISSED
    made = pd.DataFrame({
        "key": key, "day": rows["day"].to_numpy() + 30 * place + late, "event": "instalment",
        "paid": cents(np.where(place == INSTALMENTS, rest, paid)),
    })  # fmt: skip
    return made[kept]


def state_on(stays: pd.DataFrame, key: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the state a customer holds on a day; on the day of a move the new one."""
    begins = stays["key"].to_numpy() * 10_000 + stays["first"].to_numpy()
    return stays["state"].to_numpy(object)[np.searchsorted(begins, key * 10_000 + day, side="right") - 1]


def tables() -> dict[str, pd.DataFrame]:
    """Return the log and its truth by name."""
    made = simulate_pipeline(TRUTH, TARGETS, SEED, months=MONTHS, first_day=FIRST_DAY)
    first_day, last = np.datetime64(FIRST_DAY, "D"), np.datetime64(made.as_of, "D")
    stays = spells(made.events, as_of=made.as_of)
    stays["key"] = pd.factorize(stays["customer_id"], sort=True)[0]
    stays["first"] = (stays["start"].to_numpy().astype("datetime64[D]") - first_day).astype(np.int64)
    stays["stay"] = stays.groupby("key").cumcount().to_numpy()
    stays["woken"] = stays.groupby("key")["state"].shift().eq("dormant") & stays["state"].eq("user")

    key = np.arange(TARGETS)
    limits = np.cumsum([share for _, share, _ in SECTORS])
    sector = np.searchsorted(limits, draws.uniform(SEED, key, 0, SECTOR), side="right").clip(0, len(SECTORS) - 1)
    region = (len(REGIONS) * draws.uniform(SEED, key, 0, REGION)).astype(np.int64)
    packs = np.array([size for *_, size in SECTORS])[sector] * factor(key, 0 * key, SIZE, 0.4)

    first = orders(stays)
    moves = stays[~stays["state"].eq("order") & ~stays["woken"]]
    entered = pd.DataFrame({"key": moves["key"], "state": moves["state"], "day": moves["first"], "event": ""})
    log = pd.concat(
        [
            entered,
            first,
            cancellations(first),
            wakings(stays, packs),
            calls(stays),
            bought(stays, packs),
            instalments(first),
        ],
        ignore_index=True,
    )
    log = log[log["day"] <= int((last - first_day).astype(np.int64))].reset_index(drop=True)
    # what happens on the day of a move belongs to the state that was entered
    log["state"] = state_on(stays, log["key"].to_numpy(), log["day"].to_numpy())
    rank = log["event"].map({"": 0, "order": 0}).fillna(1)
    log = log.assign(rank=rank).sort_values(["day", "key", "rank", "event", "number"], ignore_index=True)
    ids = made.truth["customer_id"].to_numpy(object)
    number = log["key"].to_numpy()
    money = {name: log[name].fillna(0.0).to_numpy() for name in ("amount", "value", "cost", "paid")}
    known = pd.DataFrame({
        "customer_id": ids[number],
        "date": (first_day + log["day"].to_numpy()).astype("datetime64[us]"),
        "state": log["state"],
        "event": log["event"],
        "product": log["product"].fillna(""),
        **money,
        "sector": np.array([name for name, *_ in SECTORS], object)[sector][number],
        "region": np.array(REGIONS, object)[region][number],
    })  # fmt: skip
    rates = {name: np.full(TARGETS, getattr(TRUTH, name)) for name, *_ in TRUTH.moves()}
    return {"packaging_leads": known, "packaging_leads_truth": made.truth.assign(**rates)}


if __name__ == "__main__":
    run(__doc__, tables)
