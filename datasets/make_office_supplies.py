"""Make ``office_supplies``: a wholesaler's order log of five years in which relationships begin, grow and end.

    python datasets/make_office_supplies.py

Relationships are walked through their stages by `cvmlab.simulated.simulate_relationships`, which is the truth. Here
the volume, price and cost of each month become orders on working days, lines of products, and a few returns; the
sums of a customer's month stay what they were.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from parquet_files import run

from cvmlab.core.random import draws, elementary
from cvmlab.data.tables import BREADTH, PROFIT, REVENUE
from cvmlab.relationship.lifecycle import DECLINE, ENDED, EXPLORATION, STAGES, Relationship
from cvmlab.relationship.simulated import Population, Relationships, simulate_relationships

SEED = 2_015
CUSTOMERS = 905
MONTHS = 60
FIRST_MONTH = np.datetime64("2015-01", "M")

POPULATION = Population(
    gaps=0.15, season=0.2, win_back=0.01, noise=0.3, margin_noise=0.03, price_spread=0.03, largest_breadth=2.4
)
# Money in yuan. A newcomer is served at a small loss; service saved and a better price make a margin of a quarter.
FIGURES = Relationship(base_price=50.0, product_cost=36.0, service_cost=15.0, largest_benefit=900.0)

# product, how often it is ordered (in logits), usual size of a line, share of margin above or below the month's
CATALOGUE = (
    ("copy paper", 2.0, 5.0, -0.04),
    ("toner", 1.3, 6.0, 0.03),
    ("pens", 0.9, 1.0, 0.05),
    ("folders", 0.7, 1.2, 0.03),
    ("notebooks", 0.5, 1.0, 0.04),
    ("envelopes", 0.3, 0.8, 0.02),
    ("sticky notes", 0.2, 0.5, 0.06),
    ("labels", 0.0, 0.8, 0.04),
    ("staplers", -0.3, 0.7, 0.05),
    ("batteries", -0.4, 0.9, 0.01),
    ("whiteboard markers", -0.6, 0.6, 0.05),
    ("calculators", -1.0, 1.5, -0.02),
)
ANOTHER_ORDER = 0.45  # chance that a product is ordered separately from the one before
RETURNED = 0.009  # chance that part of a line comes back
TASTE, SIZE_OF_LINE = 1.0, 0.5  # spreads: how much customers differ in what they order, lines in size

# Days without work beside Saturdays and Sundays; make-up days are not kept. Spring Festival's eve, then six days.
NEW_YEARS_EVES = ("2015-02-18", "2016-02-07", "2017-01-27", "2018-02-15", "2019-02-04")
FIXED_HOLIDAYS = ("01-01", "05-01", *(f"10-{day:02d}" for day in range(1, 8)))

# What a draw is for; those of the relationships are small numbers. Each takes a place for every product.
TASTE_FOR, ORDERED, SEPARATE, DAY, LINE_SIZE, COMES_BACK, BACK_DAY, BACK_SHARE = range(1_300, 1_300 + 8 * 16, 16)


def truth() -> Relationships:
    """Return the relationships, month by month, as the simulation knows them."""
    return simulate_relationships(POPULATION, CUSTOMERS, MONTHS, SEED, relationship=FIGURES)


def month_money(made: Relationships) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return revenue and profit of every month and customer in cents; what recommendations save is not profit here."""
    return cents(made.panel[REVENUE]), cents(made.panel[PROFIT] - made.panel["indirect_benefit"])


def cents(money: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return money in whole cents."""
    return np.floor(money * 100 + 0.5).astype(np.int64)


def shared_out(total: NDArray[np.int64], shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return each row's total shared out along the row, in whole cents that sum to it; shares sum to 1."""
    reached = np.floor(np.cumsum(shares, axis=1) * total[:, None] + 0.5).astype(np.int64)
    reached[:, -1] = total
    return np.diff(reached, axis=1, prepend=0)


def working_days() -> tuple[NDArray[np.datetime64], NDArray[np.int64], NDArray[np.int64]]:
    """Return all working days, and by month the place of its first one and how many it has."""
    days = np.arange(FIRST_MONTH.astype("datetime64[D]"), (FIRST_MONTH + MONTHS).astype("datetime64[D]"))
    years = range(2015, 2020)
    holidays = [np.datetime64(f"{year}-{day}") for year in years for day in FIXED_HOLIDAYS]
    holidays += [np.datetime64(eve) + day for eve in NEW_YEARS_EVES for day in range(7)]
    days = days[np.is_busday(days, holidays=holidays)]
    month = (days.astype("datetime64[M]") - FIRST_MONTH).astype(np.int64)
    count = np.bincount(month, minlength=MONTHS)
    return days, np.cumsum(count) - count, count


def lines(made: Relationships) -> pd.DataFrame:
    """Return one row an order line before returns, money in cents, in the order of customers and months.

    Columns: ``customer`` (its place), ``month`` and ``day`` (places, the day's among the month's working days),
    ``order`` (number within the month), ``product`` (place in the catalogue), ``amount``, ``profit``.
    """
    revenue, profit = month_money(made)
    customer, month = np.nonzero(revenue.T > 0)
    row, kinds = (month, customer), np.arange(len(CATALOGUE))

    def uniform(purpose: int) -> NDArray[np.float64]:
        return draws.uniform(SEED, customer[:, None], month[:, None], purpose + kinds)

    _, popular, size, margin = (np.array(column) for column in zip(*CATALOGUE, strict=True))
    # the most wanted of the month, each with its own luck: a logit choice without replacement
    taste = TASTE * draws.normal(SEED, np.arange(CUSTOMERS)[:, None], 0, TASTE_FOR + kinds)
    wanted = popular + taste[customer] + draws.gumbel(SEED, customer[:, None], month[:, None], ORDERED + kinds)
    product = np.argsort(-wanted, axis=1, kind="stable")
    bought = kinds < np.minimum(made.panel[BREADTH][row], len(CATALOGUE))[:, None]

    order = np.cumsum((uniform(SEPARATE) < ANOTHER_ORDER) & (kinds > 0), axis=1, dtype=np.int64)
    spread = elementary.exp(SIZE_OF_LINE * draws.normal(SEED, customer[:, None], month[:, None], LINE_SIZE + kinds))
    weight = np.where(bought, size[product] * spread, 0.0)
    share = weight / weight.sum(axis=1, keepdims=True)
    amount = shared_out(revenue[row], share)
    # products differ in margin around the customer's own of that month, which stays what it was
    better = share * (margin[product] - (share * margin[product]).sum(axis=1, keepdims=True))
    earned = profit[row][:, None] * share + revenue[row][:, None] * better
    gained = np.diff(np.floor(np.cumsum(earned, axis=1) + 0.5).astype(np.int64), axis=1, prepend=0)

    _, _, days = working_days()
    luck = np.take_along_axis(uniform(DAY), order, axis=1)
    day = (days[month][:, None] * luck).astype(np.int64)
    which, place = np.nonzero(bought)
    return pd.DataFrame({
        "customer": customer[which], "month": month[which], "day": day[which, place], "order": order[which, place],
        "product": product[which, place], "amount": amount[which, place], "profit": gained[which, place],
    })  # fmt: skip


def with_returns(sold: pd.DataFrame) -> pd.DataFrame:
    """Return the lines with a row for what comes back on a later working day of the month; sums stay what they were.

    The line is as much larger as its return, which belongs to the same order.
    """
    key = (sold["customer"].to_numpy(), sold["month"].to_numpy())

    def uniform(purpose: int) -> NDArray[np.float64]:
        return draws.uniform(SEED, *key, purpose + sold["product"].to_numpy())

    _, _, days = working_days()
    left = days[key[1]] - 1 - sold["day"].to_numpy()
    comes_back = (uniform(COMES_BACK) < RETURNED) & (left > 0)
    share = 0.2 + 0.4 * uniform(BACK_SHARE)
    part = share / (1 - share)
    back = {name: np.floor(sold[name].to_numpy() * part).astype(np.int64) for name in ("amount", "profit")}
    later = sold["day"].to_numpy() + 1 + (left * uniform(BACK_DAY)).astype(np.int64)
    larger = {name: sold[name] + np.where(comes_back, extra, 0) for name, extra in back.items()}
    less = {name: -extra for name, extra in back.items()}
    returns = sold.assign(day=later, **less)[comes_back]
    return pd.concat([sold.assign(**larger), returns], ignore_index=True)


def ids(place: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the codes of customers."""
    return np.array([f"C{number + 1:04d}" for number in range(CUSTOMERS)], object)[place]


def log(made: Relationships) -> pd.DataFrame:
    """Return the order log by date."""
    rows = with_returns(lines(made))
    days, first, _ = working_days()
    rows["date"] = days[first[rows["month"]] + rows["day"]].astype("datetime64[us]")
    # orders are numbered as they come in; a return keeps the number of its order
    rows["placed"] = rows.groupby(["customer", "month", "order"])["date"].transform("min")
    rows = rows.sort_values(["placed", "customer", "order"], kind="stable", ignore_index=True)
    number = rows.groupby(["placed", "customer", "order"], sort=True).ngroup() + 1
    names = np.array([name for name, *_ in CATALOGUE], object)
    whole = pd.DataFrame({
        "customer_id": ids(rows["customer"].to_numpy()),
        "date": rows["date"],
        "order_id": [f"{count:06d}" for count in number],
        "product": names[rows["product"]],
        "amount": rows["amount"] / 100,
        "profit": rows["profit"] / 100,
    })  # fmt: skip
    return whole.sort_values(["date", "order_id"], kind="stable", ignore_index=True)


def alive(made: Relationships) -> NDArray[np.bool_]:
    """Return in which months there is a relationship with a customer of the log, shape (months, customers)."""
    in_log = (made.panel[REVENUE] > 0).any(axis=0)
    return (made.stage >= EXPLORATION) & (made.stage <= DECLINE) & in_log


def stages(made: Relationships) -> pd.DataFrame:
    """Return the true stage of every month of a relationship."""
    customer, month = np.nonzero(alive(made).T)
    names = np.array(("", *STAGES), object)
    return pd.DataFrame({
        "customer_id": ids(customer),
        "period": (FIRST_MONTH + month).astype("datetime64[us]"),
        "stage": names[made.stage[month, customer]],
    })  # fmt: skip


def endings(made: Relationships) -> pd.DataFrame:
    """Return how each customer's last relationship stands: one row a customer of the log."""
    place = np.flatnonzero(alive(made).any(axis=0))
    known = made.truth.iloc[place]
    ended = known["ended"].to_numpy()
    never = np.datetime64("NaT", "us")
    names = np.array(("", *STAGES), object)
    assert ((made.stage[-1, place] == ENDED) == (ended >= 0)).all()
    return pd.DataFrame({
        "customer_id": ids(place),
        "start": (FIRST_MONTH + known["start"].to_numpy()).astype("datetime64[us]"),
        "pattern": known["pattern"].to_numpy(object),
        "stage_left": names[known["stage_left"]],
        "ended": np.where(ended >= 0, (FIRST_MONTH + ended).astype("datetime64[us]"), never),
        "repaired": known["repaired"].to_numpy(np.int64),
    })  # fmt: skip


def tables() -> dict[str, pd.DataFrame]:
    """Return the log and its truth by name."""
    made = truth()
    return {
        "office_supplies": log(made),
        "office_supplies_truth": endings(made),
        "office_supplies_truth_stages": stages(made),
    }


if __name__ == "__main__":
    run(__doc__, tables)
