"""Amounts that read well and may mean something else: totals of orders or of the year so far, cents, a sale twice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from cvmlab.core.words import CvmError
from cvmlab.data import tables

from ..columns import ColumnMapping
from ..notes import Note
from ..raw import RawTable
from ..role_names import is_called
from ..roles import PRICE_UNIT, QUANTITY, TYPE, UNIT_PRICE
from .verdicts import REASON_CODES, USED_ROWS

#: So many days of a customer with several products, nearly all of them at one amount, and this at many amounts, are no
#: coincidence.
_FEWEST, _NEARLY_ALL, _MANY = 8, 0.95, 0.5
#: Columns of a payment service whose interface gives whole numbers of the smallest coin.
_SERVICE = frozenset({"amount_refunded", "amount_captured", "amount_due", "amount_paid", "amount_total"})
_SERVICE_IDS = "cus_[A-Za-z0-9]+"
_ROWS = 3
#: Units by which things are priced, in a column's name.
_UNITS = (
    r"(?<![a-z])(?:kgs?|lbs?|tonnes?|tons?|cpm|dozen|dz|100|1[,.]?000|hundred|thousand|mille)(?![a-z0-9])"
    "|公斤|千克|吨|打|百|千"
)
#: In a longer log a sample of the customers is looked at first, of about so many rows.
_PROBE = 100_000
#: Customers with so many rows in a year, whose amounts hardly ever fall from one to the next and seldom stand still.
_STEPS, _RISERS, _RISING, _STANDING = 3, 5, 0.95, 0.5
#: Of rows of one kind, the share that has a twin of another: the order and the invoice of a sale. Amounts of few
#: different sums meet by chance.
_TWINS, _SUMS = 0.8, 0.5


def amounts_in_doubt(connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Name the columns of amounts that may be totals of orders without a number or of a year so far, or cents.

    Raises `CvmError` where the name of the column and the amounts both say that they are totals so far.
    """
    notes = []
    for part, (table, mapping) in enumerate(zip(stage, mappings, strict=True)):
        if tables.AMOUNT not in mapping:
            notes += [*_unequal_units(table, mapping), *_both_negative(connection, part, table, mapping)]
            continue
        said = {"source": table.name, "column": mapping[tables.AMOUNT]}
        if tables.PRODUCT in mapping and tables.ORDER_ID not in mapping:
            notes += _day_totals(connection, part, said)
        notes += _cents(connection, part, said, known=bool(_SERVICE & set(table.columns)))
        if is_called(said["column"], "yearly_rate"):
            notes.append(Note("yearly_rate", said, "warning"))
        notes += _totals_so_far(connection, part, said)
        if TYPE in mapping:
            notes += _twins(connection, part, {**said, "type": mapping[TYPE]})
    return notes


def _unequal_units(table: RawTable, mapping: ColumnMapping) -> list[Note]:
    """Name a price that is for another unit than the quantity, by their names: ``Price per kg`` beside ``Qty (g)``."""
    price, quantity = mapping[UNIT_PRICE], mapping[QUANTITY]
    # the name of the quantity has the same unit where the price counts it
    units = [set(re.findall(_UNITS, name.lower())) for name in (price, quantity)]
    if PRICE_UNIT in mapping.items or not units[0] or units[0] <= units[1]:
        return []
    return [Note("unequal_units", {"source": table.name, "price": price, "quantity": quantity}, "warning")]


def _both_negative(connection: Any, part: int, table: RawTable, mapping: ColumnMapping) -> list[Note]:
    """Name the rows whose quantity and price are both negative, of which the product says nothing."""
    signs = " AND ".join(
        f"coalesce({role}_value < 0, starts_with({role}_text, '-'))" for role in (QUANTITY, UNIT_PRICE)
    )
    (rows,) = connection.execute(
        f"""SELECT count(*) FROM log JOIN (SELECT rowid AS spot, * FROM stage) AS cells USING (spot)
        WHERE log.part = {part} AND reason = {REASON_CODES["bad_amount"]} AND {signs}"""
    ).fetchone()
    said = {"source": table.name, "quantity": mapping[QUANTITY], "price": mapping[UNIT_PRICE], "rows": f"{rows:,}"}
    return [Note("both_negative", said, "warning")] if rows else []


def _day_totals(connection: Any, part: int, said: dict[str, str]) -> list[Note]:
    days, equal, amounts, rows, once = connection.execute(
        f"""SELECT count(*), count(*) FILTER (least = most), count(DISTINCT least) FILTER (least = most),
            coalesce(sum(amount) FILTER (least = most), 0), coalesce(sum(least) FILTER (least = most), 0)
        FROM (SELECT min(exact) AS least, max(exact) AS most, sum(exact) AS amount FROM log
            WHERE part = {part} AND {USED_ROWS} AND exact > 0 GROUP BY customer_id, date
            HAVING count(*) > 1 AND count(DISTINCT product) > 1)"""
    ).fetchone()
    if days < _FEWEST or equal < _NEARLY_ALL * days or amounts < _MANY * equal:
        return []
    said = {**said, "days": f"{days:,}", "equal": f"{equal:,}", "amount": f"{rows:,.2f}", "once": f"{once:,.2f}"}
    return [Note("day_totals", said, "warning")]


def _cents(connection: Any, part: int, said: dict[str, str], *, known: bool) -> list[Note]:
    """Name whole amounts of a payment service, ``known`` by its columns or else by the ids of its customers."""
    # 29.00 is no number of cents
    written = "SELECT rowid FROM stage WHERE regexp_matches(amount_text, '[.,][0-9]{2}\\D*$')"
    rows, broken, amount, ids = connection.execute(
        f"""SELECT count(*), count(*) FILTER (exact <> floor(exact) OR spot IN ({written})), coalesce(sum(exact), 0),
            coalesce(regexp_full_match(min(customer_id), '{_SERVICE_IDS}'), false)
        FROM log WHERE part = {part} AND {USED_ROWS} AND exact <> 0"""
    ).fetchone()
    if rows < _ROWS or broken or not (known or ids):
        return []
    return [Note("maybe_cents", {**said, "amount": f"{amount:,.2f}"}, "warning")]


def _totals_so_far(connection: Any, part: int, said: dict[str, str]) -> list[Note]:
    """Return a remark where the amounts of a customer only rise within a year; refuse them if their name says so."""
    (rows,) = connection.execute(f"SELECT count(*) FROM log WHERE part = {part}").fetchone()
    # some customers tell whether all must be looked at
    for share in sorted({1 + rows // _PROBE, 1}, reverse=True):
        customers, steps, fall, stand, amount, last, begun = _steps(connection, part, share)
        if not customers or fall > (1 - _RISING) * steps or stand > _STANDING * steps:
            return []
    said = {**said, "amount": f"{amount:,.2f}", "last": f"{last:,.2f}"}
    if is_called(said["column"], "so_far"):
        raise CvmError("reading.totals_so_far", **said)
    # what grows by a few percent ends far below the sum of its months
    return [Note("maybe_so_far", said, "warning")] if customers >= _RISERS and last >= begun / 2 else []


def _steps(connection: Any, part: int, share: int) -> tuple[Any, ...]:
    """Return how the amounts of every so many-th customer go on within a year, their sum and that of the last ones."""
    found: tuple[Any, ...] = connection.execute(
        f"""WITH steps AS (
            SELECT customer_id, exact - lag(exact) OVER year_so_far AS step, count(*) OVER year_so_far AS rows,
                row_number() OVER (PARTITION BY customer_id, year(date) ORDER BY date DESC, spot DESC) AS back, exact,
                year(date) AS day_year
            FROM log WHERE part = {part} AND {USED_ROWS} AND exact <> 0 AND hash(customer_id) % {share} = 0
            WINDOW year_so_far AS (PARTITION BY customer_id, year(date) ORDER BY date, spot)
        )
        SELECT count(DISTINCT customer_id) FILTER (rows > {_STEPS}), count(step), count(*) FILTER (step < 0),
            count(*) FILTER (step = 0), sum(exact), sum(exact) FILTER (back = 1),
            sum(exact * rows_of_year) FILTER (rows = 1)
        FROM (SELECT *, count(*) OVER (PARTITION BY customer_id, day_year) AS rows_of_year FROM steps)"""
    ).fetchone()
    return found


def _twins(connection: Any, part: int, said: dict[str, str]) -> list[Note]:
    """Return a remark on two kinds of rows of which nearly each of the one has a twin of the other."""
    found = connection.execute(
        f"""WITH kinds AS (
            SELECT row_type AS kind, customer_id, exact, count(*) AS rows FROM log
            WHERE part = {part} AND {USED_ROWS} AND row_type IS NOT NULL AND exact > 0 GROUP BY ALL
        ), sizes AS (
            SELECT kind, sum(rows) AS rows, sum(rows * exact) AS amount, count(DISTINCT exact) AS sums
            FROM kinds GROUP BY kind ORDER BY rows DESC LIMIT 8
        )
        SELECT one.kind, other.kind, sum(least(one.rows, other.rows)) AS twins, sum(least(one.rows, other.rows) * exact)
        FROM kinds AS one JOIN kinds AS other USING (customer_id, exact)
            JOIN sizes AS size ON size.kind = one.kind JOIN sizes AS larger ON larger.kind = other.kind
        WHERE one.kind <> other.kind
            AND (size.rows < larger.rows OR size.rows = larger.rows AND one.kind > other.kind)
        GROUP BY one.kind, other.kind, size.rows, size.sums
        HAVING twins >= {_FEWEST} AND twins >= {_TWINS} * size.rows AND size.sums >= {_SUMS} * size.rows
        ORDER BY twins DESC, 1 LIMIT 1"""
    ).fetchall()
    return [
        Note(
            "twin_kinds",
            {**said, "one": one, "other": other, "count": f"{twins:,}", "amount": f"{amount:,.2f}"},
            "warning",
        )
        for one, other, twins, amount in found
    ]
