"""Make ``packaging_choices``, ``packaging_factors`` and ``packaging_orders``: what decides who gets the order (S14).

    python datasets/make_packaging_factors.py

Linhe Packaging surveys buyers of packaging: choices among offers of three suppliers, what they say goes first, what
they spend, and from whom they bought last year. Utilities have normal errors and every buyer own tastes: no model of
the toolkit is true here. Buyers overstate price, as buyers who talk to a supplier do.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from parquet_files import run

from cvmlab.core.random import draws, elementary

SEED = 1997
BUYERS = 360
EACH = 4  # choices on each occasion
ORDERS = 14
FIRST_DAY = "2025-01-06"

FACTORS = ("price", "trust", "innovation")
SUPPLIERS = ("linhe", "rival_a", "rival_b")
# segment, share of buyers, typical yearly spend (yuan), weights (10 yuan, point, point), what the last supplier adds
SEGMENTS = (
    ("food_shop", 0.38, 14_000.0, (-1.15, 0.40, 0.12), 0.6),
    ("bakery", 0.32, 30_000.0, (-0.42, 0.70, 0.32), 1.2),
    ("bakery_chain", 0.10, 150_000.0, (-0.36, 0.62, 0.58), 0.6),
    ("canteen", 0.20, 20_000.0, (-1.70, 0.25, 0.06), 0.0),
)
# occasion, share of the spend, what it multiplies the weights by
OCCASIONS = (
    ("routine", 0.6, (1.2, 1.0, 0.7)),
    ("rush", 0.2, (0.5, 1.5, 0.5)),
    ("new_product", 0.2, (0.7, 0.9, 2.6)),
)
# price (yuan for 1,000 bags), trust and innovation (points, 1 to 7) around which each supplier's offers vary
OFFERS = np.array([(92.0, 5.0, 4.0), (82.0, 4.0, 3.0), (100.0, 4.0, 5.0)])
STEPS = np.array([6.0, 1.0, 1.0])  # an offer lies up to two steps away
# a usual step between offers, by which weights become importances
USUAL = np.array([1.2, 2.0, 2.0])
TASTE = 0.4  # spread of the buyers' weights, as a share
OVERSTATED = np.array([1.5, 1.0, 1.0])
SAID = 0.3  # spread of what is said around what is so
OWN_SUPPLIER = 0.9  # spread of the liking for a supplier in last year's orders

SEGMENT, SPEND, WEIGHT, PART, OFFER, ERROR, SAY, LIKING, ORDER, GAP = (10 * each for each in range(210, 220))


def factor(key: NDArray[np.int64], number: NDArray[np.int64] | int, purpose: int, spread: float) -> NDArray[np.float64]:
    """Return a positive factor with mean 1."""
    return elementary.exp(spread * draws.normal(SEED, key, number, purpose) - spread * spread / 2)


def ids(key: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the ids of buyers, as text."""
    return np.array([f"{number + 1:04d}" for number in range(BUYERS)], dtype=object)[key]


def names(known: tuple[str, ...], code: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the names of codes."""
    return np.array(known, dtype=object)[code]


def buyers() -> pd.DataFrame:
    """Return a row per buyer and occasion: segment, spend, true weights, what goes first and what they say."""
    key = np.repeat(np.arange(BUYERS), len(OCCASIONS))
    occasion = np.tile(np.arange(len(OCCASIONS)), BUYERS)
    limits = np.cumsum([share for _, share, *_ in SEGMENTS])
    segment = np.searchsorted(limits, draws.uniform(SEED, key, 0, SEGMENT), side="right").clip(0, len(SEGMENTS) - 1)
    yearly = np.array([each[2] for each in SEGMENTS])[segment] * factor(key, 0, SPEND, 0.7)
    part = np.array([each[1] for each in OCCASIONS])[occasion] * factor(key, occasion, PART, 0.3)
    table = {
        "key": key,
        "segment": segment,
        "occasion": occasion,
        "spend": np.floor(yearly * part / 100 + 0.5) * 100,
        "memory": np.array([each[4] for each in SEGMENTS])[segment],
    }
    means = np.array([each[3] for each in SEGMENTS])[segment] * np.array([each[2] for each in OCCASIONS])[occasion]
    importance, said = np.empty((len(key), len(FACTORS))), np.empty((len(key), len(FACTORS)))
    for place, name in enumerate(FACTORS):
        # a buyer's taste is the same on every occasion
        weight = np.floor(means[:, place] * factor(key, place, WEIGHT, TASTE) * 1e4 + 0.5) / 1e4
        table[f"weight_{name}"] = weight / (10 if name == "price" else 1)
        importance[:, place] = np.abs(weight) * USUAL[place]
        said[:, place] = importance[:, place] * OVERSTATED[place] * factor(key, 10 * occasion + place, SAY, SAID)
    table["true_first_factor"] = importance.argmax(axis=1)
    for place, name in enumerate(FACTORS):
        table[f"rank_{name}"] = 1 + (said > said[:, [place]]).sum(axis=1)
    table["first_factor"] = said.argmax(axis=1)
    return pd.DataFrame(table)


def offers(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row per alternative of each choice: the offer, whether it was chosen, and its rank."""
    shape = (len(table), EACH, len(SUPPLIERS))
    row, number, supplier = (each.ravel() for each in np.indices(shape))
    key, occasion = table["key"].to_numpy()[row], table["occasion"].to_numpy()[row]
    choice = EACH * occasion + number
    place = 10 * choice + supplier
    utility = draws.normal(SEED, key, place, ERROR)
    columns = {}
    for at, name in enumerate(FACTORS):
        step = np.floor(5 * draws.uniform(SEED, key, place, OFFER + at)) - 2
        columns[name] = OFFERS[supplier, at] + STEPS[at] * step
        utility = utility + table[f"weight_{name}"].to_numpy()[row] * columns[name]
    better = utility.reshape(-1, len(SUPPLIERS))
    rank = 1 + (better[:, None, :] > better[:, :, None]).sum(axis=2).ravel()
    # every second buyer ranks, the others only choose
    ranked = np.where((key % 2 == 0) | (rank == 1), rank, np.nan)
    return pd.DataFrame({
        "customer_id": ids(key),
        "choice_id": np.array([f"{each + 1:02d}" for each in range(EACH * len(OCCASIONS))], dtype=object)[choice],
        "segment": names(tuple(each[0] for each in SEGMENTS), table["segment"].to_numpy()[row]),
        "occasion": names(tuple(each[0] for each in OCCASIONS), occasion),
        "alternative": names(SUPPLIERS, supplier),
        **columns,
        "chosen": rank == 1,
        "rank": ranked,
        "first_factor": names(FACTORS, table["first_factor"].to_numpy()[row]),
        "spend": table["spend"].to_numpy()[row],
    })  # fmt: skip


def orders(table: pd.DataFrame) -> pd.DataFrame:
    """Return last year's orders: a liking for each supplier that stays, and in some segments a pull of the last one."""
    alone = table.drop_duplicates("key")
    key, memory = alone["key"].to_numpy(), alone["memory"].to_numpy()
    supplier = np.arange(len(SUPPLIERS))
    liking = OWN_SUPPLIER * draws.normal(SEED, key[:, None], supplier, LIKING)
    last = np.full(len(key), -1)
    bought = np.empty((len(key), ORDERS), dtype=np.int64)
    # the relationship is older than the year
    for number in range(-10, ORDERS):
        luck = draws.normal(SEED, key[:, None], 10 * (number + 10) + supplier, ORDER)
        last = (liking + memory[:, None] * (last[:, None] == supplier) + luck).argmax(axis=1)
        if number >= 0:
            bought[:, number] = last
    row, number = (each.ravel() for each in np.indices(bought.shape))
    day = 26 * number + np.floor(20 * draws.uniform(SEED, key[row], number, GAP)).astype(np.int64)
    return pd.DataFrame({
        "customer_id": ids(key[row]),
        "date": (np.datetime64(FIRST_DAY, "D") + day).astype("datetime64[us]"),
        "supplier": names(SUPPLIERS, bought[row, number]),
        "segment": names(tuple(each[0] for each in SEGMENTS), alone["segment"].to_numpy()[row]),
    })  # fmt: skip


def tables() -> dict[str, pd.DataFrame]:
    """Return the survey, last year's orders and their truth by name."""
    table = buyers()
    who = pd.DataFrame({
        "customer_id": ids(table["key"].to_numpy()),
        "segment": names(tuple(each[0] for each in SEGMENTS), table["segment"].to_numpy()),
        "occasion": names(tuple(each[0] for each in OCCASIONS), table["occasion"].to_numpy()),
    })  # fmt: skip
    said = who.assign(
        spend=table["spend"],
        **{f"rank_{name}": table[f"rank_{name}"] for name in FACTORS},
        first_factor=names(FACTORS, table["first_factor"].to_numpy()),
    )
    truth = who[["customer_id", "occasion"]].assign(
        **{f"weight_{name}": table[f"weight_{name}"] for name in FACTORS},
        first_factor=names(FACTORS, table["true_first_factor"].to_numpy()),
        state_dependence=table["memory"],
    )
    return {
        "packaging_choices": offers(table),
        "packaging_factors": said,
        "packaging_orders": orders(table),
        "packaging_factors_truth": truth,
    }


if __name__ == "__main__":
    run(__doc__, tables)
