"""Make ``dealer_leads``: from the first contact to the owner who recommends, by the rules of S27.

    python datasets/make_dealer_leads.py

A lead with permission goes to a dealer, who is to report within 7 days. Answering in time brings more visits; but
good dealers in big cities also answer faster, so that the plain difference overstates the effect. Within a
dealer only the weekday of the lead decides who is answered in time, and the weekday brings no sale by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from parquet_files import run

from cvmlab.core.random import draws, elementary

SEED = 2004
LEADS = 12_000
DEALERS = 60
FIRST_DAY = np.datetime64("2003-01-01", "D")
DAYS = 720
IN_TIME = 7

CHANNELS = ("hotline", "dealer_visit", "website", "mailing", "recommendation")
CHANNEL_SHARES = np.array([0.35, 0.25, 0.25, 0.15])
CHANNEL_PULL = np.array([0.0, 0.5, -0.2, -0.4, 0.8])
CITIES = ("Shanghai", "Beijing", "Guangzhou", "Chengdu", "Xi'an", "Harbin")
CITY_PULL = np.array([0.5, 0.4, 0.3, 0.0, -0.2, -0.3])

# What is true: answering in time adds EFFECT to the logit of a visit.
EFFECT = 0.8
QUALITY_SPEED, QUALITY_VISIT, QUALITY_SALE = 1.1, 0.5, 0.45

QUALITY, DEALER, DAY, CHANNEL, PERMISSION, SPEED, DELAY, INTENT = range(1_000, 1_008)
VISIT, SALE, WAIT, PRICE, POINTS, FRIENDS, LATER = range(1_008, 1_015)


@dataclass(frozen=True)
class Contacts:
    """Leads as they come in: whole numbers, one array a variable; ``key`` keys the draws."""

    key: NDArray[np.int64]
    day: NDArray[np.int64]
    channel: NDArray[np.int64]
    dealer: NDArray[np.int64]
    source: NDArray[np.int64]  # key of the owner who recommended, −1 for none


def uniform(key: NDArray[np.int64], purpose: int) -> NDArray[np.float64]:
    """Return uniform draws for leads."""
    return draws.uniform(SEED, key, 0, purpose)


def chance(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability of a logit."""
    return 1 / (1 + elementary.exp(-logit))


def dealer_quality() -> NDArray[np.float64]:
    """Return each dealer's quality: its own, and what its city adds."""
    dealer = np.arange(DEALERS)
    return 0.8 * draws.normal(SEED, dealer, 1, QUALITY) + CITY_PULL[dealer % len(CITIES)]


def first_contacts() -> Contacts:
    """Return the leads that nobody recommended."""
    key = np.arange(LEADS)
    channel = np.searchsorted(np.cumsum(CHANNEL_SHARES), uniform(key, CHANNEL), side="right").clip(0, 3)
    return Contacts(
        key=key,
        day=(DAYS * uniform(key, DAY)).astype(np.int64),
        channel=channel,
        dealer=(DEALERS * uniform(key, DEALER)).astype(np.int64),
        source=np.full(LEADS, -1),
    )


def follow(contacts: Contacts) -> pd.DataFrame:
    """Return what comes of leads, in the world as it is and in both worlds of the truth."""
    key, quality = contacts.key, dealer_quality()[contacts.dealer]
    permission = uniform(key, PERMISSION) < np.where(contacts.channel == 2, 0.7, 0.85)
    weekend = (contacts.day + 2) % 7 >= 5  # day 0 was a Wednesday
    in_time = uniform(key, SPEED) < chance(0.3 + QUALITY_SPEED * quality - 1.2 * weekend)
    late = IN_TIME + 1 + (draws.exponential(SEED, key, 0, DELAY) * 8).astype(int)
    early = 1 + (IN_TIME * uniform(key, DELAY)).astype(int)
    never = ~in_time & (late > 40)
    intent = 0.8 * draws.normal(SEED, key, 0, INTENT)
    visit_logit = -0.9 + CHANNEL_PULL[contacts.channel] + QUALITY_VISIT * quality + intent
    sale = uniform(key, SALE) < chance(-1.1 + QUALITY_SALE * quality + 0.5 * intent)

    def visits(answered: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return uniform(key, VISIT) < chance(visit_logit + EFFECT * answered - 0.8 * ~permission)

    buys_in_time, buys_late = visits(np.ones(len(key), bool)) & sale, visits(np.zeros(len(key), bool)) & sale
    visited = visits(in_time & permission)
    bought = visited & sale
    wait = 5 + (60 * uniform(key, WAIT)).astype(np.int64)
    price = np.where(bought, 100 * np.floor(1_280 * elementary.exp(0.3 * draws.normal(SEED, key, 0, PRICE))), 0.0)
    points = np.where(bought, (1_200 * draws.exponential(SEED, key, 0, POINTS)).astype(np.int64), 0)
    return pd.DataFrame(
        {
            "key": key,
            "day": contacts.day,
            "channel": np.array(CHANNELS, object)[contacts.channel],
            "dealer": contacts.dealer,
            "source": contacts.source,
            "permission": permission,
            "days_to_feedback": np.where(permission & ~never, np.where(in_time, early, late), np.nan),
            "visited": visited,
            "bought": bought,
            "sale_day": np.where(bought, contacts.day + wait, -1),
            "price": price,
            "club_points": points,
            "recommendations": np.where(bought, friends(key, points), 0),
            "dealer_quality": quality.round(4),
            "intent": intent.round(4),
            "buys_if_in_time": buys_in_time,
            "buys_if_late": buys_late,
        }
    )


def friends(key: NDArray[np.int64], points: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many acquaintances an owner recommends: up to three, active club members more."""
    luck = uniform(key, FRIENDS)
    # products, not powers: a power is not the same on every machine
    return (luck * luck * luck * (2 + np.minimum(points, 2_000) / 1_000)).astype(np.int64)


def recommended(owners: pd.DataFrame) -> Contacts:
    """Return the leads that owners recommended, at the owner's dealer, within the time of the data."""
    source = owners.loc[owners.index.repeat(owners["recommendations"])].reset_index(drop=True)
    key = LEADS + np.arange(len(source))
    day = source["sale_day"].to_numpy() + 20 + (200 * uniform(key, LATER)).astype(np.int64)
    kept = day < DAYS
    return Contacts(
        key=key[kept],
        day=day[kept],
        channel=np.full(int(kept.sum()), CHANNELS.index("recommendation")),
        dealer=source["dealer"].to_numpy()[kept],
        source=source["key"].to_numpy()[kept],
    )


def tables() -> dict[str, pd.DataFrame]:
    """Return the leads and their truth by name."""
    first = follow(first_contacts())
    leads = pd.concat([first, follow(recommended(first))], ignore_index=True)
    leads = leads.sort_values(["day", "key"], ignore_index=True)
    ids = np.array([f"V{number:05d}" for number in range(1, len(leads) + 1)], object)
    of_key = dict(zip(leads["key"], ids, strict=True))
    dates = (FIRST_DAY + leads["day"].to_numpy()).astype("datetime64[us]")
    sale_dates = (FIRST_DAY + leads["sale_day"].to_numpy()).astype("datetime64[us]")
    number = leads["dealer"].to_numpy()
    known = pd.DataFrame(
        {
            "customer_id": ids,
            "date": dates,
            "channel": leads["channel"],
            "dealer_id": np.array([f"D{dealer + 1:02d}" for dealer in number], object),
            "city": np.array(CITIES, object)[number % len(CITIES)],
            "permission": leads["permission"],
            "days_to_feedback": leads["days_to_feedback"],
            "visited": leads["visited"],
            "bought": leads["bought"],
            "sale_date": np.where(leads["bought"], sale_dates, np.datetime64("NaT", "us")),
            "price": leads["price"],
            "club_points": leads["club_points"],
            "recommended_by": np.array([of_key.get(source, "") for source in leads["source"]], object),
        }
    )
    truth = leads[["dealer_quality", "intent", "buys_if_in_time", "buys_if_late"]]
    return {"dealer_leads": known, "dealer_leads_truth": pd.concat([known[["customer_id"]], truth], axis=1)}


if __name__ == "__main__":
    run(__doc__, tables)
