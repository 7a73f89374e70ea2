"""From a log of transactions to one row per customer, and to one row per customer and period.

The work runs on the engine the frame came from (pandas, polars, DuckDB, PySpark) and gives back that
kind of frame; a path is opened with DuckDB, so the log is never loaded. From a lazy engine (DuckDB, a polars
LazyFrame, PySpark) comes a lazy answer, whose rows have no order; an eager frame's answer is sorted.

What counts as what:

===============  =====================================================================================
purchase         a row with an amount above zero; only purchases make orders and purchase days
refund           a row with a negative amount: it nets into revenue and profit, nothing else
order            a distinct ``order_id`` among the purchases; a purchase without an id is an order by itself
period           calendar months, quarters, half-years or years: ``months`` = 1, 3, 6 or 12
as-of date       the day the log is looked at: later rows are left out; the last date of the log unless given
===============  =====================================================================================

Each measure is assumed to be in the log already: nothing here is estimated.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw

from cvmlab.core.annotations import AnyFrame, FrameOrPath
from cvmlab.core.guarding import public
from cvmlab.core.periods import PERIOD_LENGTHS, as_date, check_months, day_number, end_of_grid, period_start, shown_date
from cvmlab.core.words import CvmError

from .panels import panel
from .tables import (
    AMOUNT,
    BREADTH,
    COST,
    CUSTOMER_ID,
    DATE,
    ORDER_ID,
    PERIOD,
    PRODUCT,
    PROFIT,
    REVENUE,
    TRANSACTIONS,
    VOLUME,
    check_table,
    check_text_ids,
    collected,
)

PURCHASE_DATE = "purchase_date"
# Sums of money are exact to 12 places up to this total.
_EXACT, _EXACT_UP_TO = nw.Decimal(38, 12), 1e25

__all__ = ["PERIOD_LENGTHS", "history", "last_date", "panel", "summarise_customers"]


def __dir__() -> list[str]:
    return __all__


@public
def last_date(transactions: FrameOrPath) -> dt.date:
    """Return the last date of a log: the as-of date unless another is given.

    Parameters
    ----------
    transactions
        A `TRANSACTIONS` frame, or the path of a Parquet file.

    Returns
    -------
    datetime.date

    Raises
    ------
    CvmError
        If the log is empty, or an id, a date or an amount is missing or not finite.

    Examples
    --------
    >>> import pandas as pd
    >>> day = pd.Timestamp("2024-03-31")
    >>> last_date(pd.DataFrame({"customer_id": ["007"], "date": [day], "amount": [9.5]}))
    datetime.date(2024, 3, 31)
    """
    return _read_log(transactions, None).as_of


@public
def summarise_customers(transactions: FrameOrPath, *, as_of: dt.date | str | None = None) -> Any:
    """Sum a log up to one row per customer.

    Parameters
    ----------
    transactions
        A `TRANSACTIONS` frame of any engine, or the path of a Parquet file (opened with DuckDB):
        ``customer_id``, ``date``, ``amount`` (money) [, ``order_id``] [, ``profit`` or ``cost`` of the row
        (money)] [, ``product``].
    as_of
        The day the log is looked at, a date or a text like ``"2024-12-31"``; rows after it are left out.
        The last date of the log unless given.

    Returns
    -------
    A frame of the same kind with the columns

    ``customer_id``
        One row each, in the order of the ids where the engine is eager.
    ``first_date``, ``last_date``
        Dates of the first and last purchase; of any row if the customer has no purchase.
    ``orders``
        Number of orders.
    ``revenue``
        Money, refunds netted.
    ``frequency``
        Number of purchase days after the first (the *x* of BG/NBD).
    ``recency``
        Days from the first to the last purchase (*t_x*).
    ``age``
        Days from the first purchase to the as-of date (*T*).
    ``monetary_value``
        Mean spend on a purchase day after the first, money, refunds not netted; 0 if there is none.
    ``profit``
        Money, sum of ``profit``, else of ``amount`` − ``cost``; only if the log has one of them.
    ``breadth``
        Number of distinct products bought; only if the log has ``product``.

    Raises
    ------
    CvmError
        For a missing column or one of another type, no rows up to the as-of date, or a row without an id, a
        date or a finite amount, profit or cost (engines disagree on the sum of such rows, so none is made).

    Notes
    -----
    ``frequency``, ``recency``, ``age`` and ``monetary_value`` are the recency-frequency summary of Fader,
    Hardie & Lee (2005), *Marketing Science* 24(2), in days.

    Examples
    --------
    >>> import pandas as pd
    >>> log = pd.DataFrame({
    ...     "customer_id": ["007", "007", "007", "042"],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-31", "2024-02-10", "2024-01-15"]),
    ...     "amount": [100.0, 50.0, -20.0, 80.0],
    ... })
    >>> summarise_customers(log, as_of="2024-02-29").set_index("customer_id").T
    customer_id                     007                  042
    first_date      2024-01-01 00:00:00  2024-01-15 00:00:00
    last_date       2024-01-31 00:00:00  2024-01-15 00:00:00
    orders                            2                    1
    revenue                       130.0                 80.0
    frequency                         1                    0
    recency                          30                    0
    age                              59                   45
    monetary_value                 50.0                  0.0
    """
    log = _read_log(transactions, as_of)
    customers = (
        _with_repeats(log.rows)
        .group_by(CUSTOMER_ID)
        .agg(
            nw.col(DATE).min().alias("first_row"),
            nw.col(DATE).max().alias("last_row"),
            nw.col(PURCHASE_DATE).min().alias("first_purchase"),
            nw.col(PURCHASE_DATE).max().alias("last_purchase"),
            nw.col("repeat_day").count(),
            log.total("repeat_spend").alias("repeat_spend"),
            *_sums(log),
        )
        .with_columns(
            nw.coalesce("first_purchase", "first_row").alias("first_date"),
            nw.coalesce("last_purchase", "last_row").alias("last_date"),
        )
    )
    first_day = day_number("first_date")
    summary = customers.with_columns(
        _orders(log).alias("orders"),
        nw.col("repeat_day").cast(nw.Int64).alias("frequency"),
        # who never bought, and only gave back, has no recency either
        (day_number("last_purchase") - day_number("first_purchase")).fill_null(0).cast(nw.Int64).alias("recency"),
        (log.as_of.toordinal() - first_day).cast(nw.Int64).alias("age"),
        nw.when(nw.col("repeat_day") > 0)
        .then(nw.col("repeat_spend") / nw.col("repeat_day"))
        .otherwise(0.0)
        .alias("monetary_value"),
    )
    columns = ["first_date", "last_date", "orders", REVENUE, "frequency", "recency", "age", "monetary_value"]
    return _answer(summary, log, [CUSTOMER_ID], columns)


@public
def history(
    transactions: FrameOrPath, *, months: int = 1, as_of: dt.date | str | None = None, complete_only: bool = True
) -> Any:
    """Sum a log up to one row per customer and period with any row in it (sparse).

    Parameters
    ----------
    transactions
        As in `summarise_customers`.
    months
        Length of a period: 1, 3, 6 or 12 calendar months.
    as_of
        The day the log is looked at; rows after it are left out. The last date of the log unless given.
    complete_only
        Leave out a last period that the as-of date cuts short; it is complete when the as-of date is its last
        day. One day of January beside a whole December would make every customer decline.

    Returns
    -------
    A frame of the same kind with the columns

    ``customer_id``, ``period``
        One row per pair; ``period`` is the start date of the period.
    ``revenue``
        Money in the period, refunds netted.
    ``volume``
        Number of orders in the period, 0 where there were only refunds.
    ``profit``
        Money in the period; only if the log has ``profit`` or ``cost``.
    ``breadth``
        Number of distinct products bought in the period; only if the log has ``product``.

    Raises
    ------
    CvmError
        As `summarise_customers`; for another length of period; if the log holds no complete period.

    Examples
    --------
    >>> import pandas as pd
    >>> log = pd.DataFrame({
    ...     "customer_id": ["007", "007", "007", "042"],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-31", "2024-03-10", "2024-04-01"]),
    ...     "amount": [100.0, 50.0, -20.0, 80.0],
    ... })
    >>> history(log)
      customer_id     period  revenue  volume
    0         007 2024-01-01    150.0       2
    1         007 2024-03-01    -20.0       0
    >>> history(log, months=3, complete_only=False)
      customer_id     period  revenue  volume
    0         007 2024-01-01    130.0       2
    1         042 2024-04-01     80.0       1
    """
    check_months(months)
    log = _read_log(transactions, as_of)
    end = end_of_grid(log.as_of, months, complete_only)
    if log.first >= end:
        raise CvmError("aggregate.no_complete_period", first=log.first, last=log.as_of, months=months)
    rows = log.rows if log.as_of < end else log.rows.filter(nw.col(DATE) < log.literal(end))
    periods = (
        rows.with_columns(log.as_day(period_start(nw.col(DATE), months)).alias(PERIOD))
        .group_by(CUSTOMER_ID, PERIOD)
        .agg(*_sums(log))
        .with_columns(_orders(log).alias(VOLUME))
    )
    return _answer(periods, log, [CUSTOMER_ID, PERIOD], [REVENUE, VOLUME])


@dataclass(frozen=True)
class _Log:
    """A checked log up to its as-of date, with the columns the summaries are made of."""

    rows: Any
    first: dt.date
    as_of: dt.date
    day_type: nw.dtypes.DType
    has: frozenset[str]
    sums_exactly: bool

    def total(self, name: str) -> nw.Expr:
        """Return the sum of a column of money, the same in every run: threads add floats in any order."""
        money = nw.col(name)
        return money.cast(_EXACT).sum().cast(nw.Float64) if self.sums_exactly else money.sum()

    def literal(self, day: dt.date) -> nw.Expr:
        """Return a day as a literal that compares with the log's dates."""
        return nw.lit(dt.datetime(day.year, day.month, day.day), self.day_type)

    def as_day(self, expression: nw.Expr) -> nw.Expr:
        """Cast to the type of the log's dates: DuckDB makes timestamps of dates when it truncates."""
        return expression.cast(self.day_type)


def _read_log(transactions: FrameOrPath, as_of: dt.date | str | None) -> _Log:
    frame = _opened(transactions)
    check_table(frame, TRANSACTIONS)
    rows: Any = nw.from_native(frame)
    schema = rows.collect_schema()
    amounts = [AMOUNT, *([PROFIT] if PROFIT in schema else [COST] if COST in schema else [])]
    keys = [name for name in (ORDER_ID, PRODUCT) if name in schema]
    pandas_like = rows.implementation.is_pandas_like()
    if rows.implementation.is_pandas():
        check_text_ids(frame, TRANSACTIONS.name)
    # pandas has no date of its own; its users expect datetime64, at midnight
    is_day = schema[DATE] == nw.Date or pandas_like
    day = nw.col(DATE).dt.truncate("1d") if pandas_like and schema[DATE] != nw.Date else nw.col(DATE)
    rows = rows.select(
        CUSTOMER_ID,
        day if is_day else nw.col(DATE).cast(nw.Date),
        *(nw.col(name).cast(nw.Float64) for name in amounts),
        *keys,
    )
    first, last, most = _checked_rows(rows, amounts)
    # pandas adds in one order anyway, and slowly with decimals
    exactly = not pandas_like and most < _EXACT_UP_TO
    log = _Log(rows, first, last, rows.collect_schema()[DATE], frozenset([*amounts, *keys]), exactly)
    if as_of is not None:
        log = _up_to(log, as_date(as_of))
    return dataclasses.replace(log, rows=_with_purchases(log))


def _opened(transactions: FrameOrPath) -> Any:
    if not isinstance(transactions, str | Path):
        return transactions
    if not str(transactions).strip():
        raise CvmError("reading.no_source")
    path = Path(transactions)
    if path.is_dir():
        raise CvmError("aggregate.is_folder", path=path)
    if not path.is_file():
        raise CvmError("aggregate.no_such_file", path=path)
    if path.suffix.lower() != ".parquet":
        raise CvmError("aggregate.not_parquet", path=path)
    import duckdb

    return duckdb.read_parquet(str(path))


def _checked_rows(rows: Any, amounts: list[str]) -> tuple[dt.date, dt.date, float]:
    """Return the first and last date and a bound of the sums; raise for an empty log or a row that no sum may hold."""
    looks = rows.select(
        nw.len().alias("rows"),
        (~_without_id()).sum().alias(CUSTOMER_ID),
        nw.col(DATE).count(),
        nw.col(DATE).min().alias("first"),
        nw.col(DATE).max().alias("last"),
        *(nw.col(name).is_finite().sum() for name in amounts),
        *(nw.col(name).abs().max().alias(f"most_{name}") for name in amounts),
    )
    found = _first_row(looks)
    if found["rows"] == 0:
        raise CvmError("tables.no_rows", table=TRANSACTIONS.name)
    for name in (CUSTOMER_ID, DATE, *amounts):
        missing = int(found["rows"]) - int(found[name])
        if missing:
            is_bad = ~nw.col(name).is_finite() if name in amounts else nw.col(name).is_null()
            bad = rows.filter(_without_id() if name == CUSTOMER_ID else is_bad | nw.col(name).is_null())
            example = _first_row(bad.select(CUSTOMER_ID, DATE).head(1))
            raise CvmError(
                "aggregate.not_finite" if name in amounts else "aggregate.missing",
                column=name,
                count=missing,
                rows=int(found["rows"]),
                customer=shown_date(example[CUSTOMER_ID]),
                date=shown_date(example[DATE]),
            )
    most = int(found["rows"]) * sum(float(found[f"most_{name}"]) for name in amounts)
    return as_date(found["first"]), as_date(found["last"]), most


def _without_id() -> nw.Expr:
    """Return in which rows the id is missing or blank."""
    return nw.col(CUSTOMER_ID).is_null() | _is_blank(CUSTOMER_ID)


def _is_blank(column: str) -> nw.Expr:
    """Return in which rows there is a text of nothing but spaces."""
    return (nw.col(column).cast(nw.String).str.strip_chars() == "").fill_null(False)


def _up_to(log: _Log, as_of: dt.date) -> _Log:
    if as_of < log.first:
        raise CvmError("aggregate.before_first", as_of=as_of, first=log.first)
    rows = log.rows if as_of >= log.as_of else log.rows.filter(nw.col(DATE) <= log.literal(as_of))
    return dataclasses.replace(log, rows=rows, as_of=as_of)


def _with_purchases(log: _Log) -> Any:
    is_purchase = nw.col(AMOUNT) > 0
    # an id of spaces is as good as none
    only_of_purchases = [
        nw.when(is_purchase & ~_is_blank(name)).then(nw.col(name)).alias(name)
        for name in (ORDER_ID, PRODUCT)
        if name in log.has
    ]
    dated = nw.when(is_purchase).then(nw.col(DATE)).alias(PURCHASE_DATE)
    profit = [(nw.col(AMOUNT) - nw.col(COST)).alias(PROFIT)] if COST in log.has else []
    return log.rows.with_columns(dated, *only_of_purchases, *profit)


def _with_repeats(rows: Any) -> Any:
    """Mark the first row of each purchase day after a customer's first, and the spend on these days."""
    # A lag in date order finds new days in one sort of the log. Grouping by customer and day first holds
    # almost as many groups as rows: in DuckDB half as long again, with twice the memory.
    purchase = nw.col(PURCHASE_DATE)
    return rows.with_columns(
        purchase.shift(1).over(CUSTOMER_ID, order_by=PURCHASE_DATE).alias("previous_purchase"),
        purchase.min().over(CUSTOMER_ID).alias("first_purchase"),
    ).with_columns(
        nw.when(purchase > nw.col("previous_purchase")).then(purchase).alias("repeat_day"),
        nw.when(purchase > nw.col("first_purchase")).then(nw.col(AMOUNT)).alias("repeat_spend"),
    )


def _sums(log: _Log) -> list[nw.Expr]:
    """Return the plain aggregates that both summaries share; `_orders` and `_breadth` finish the counts."""
    sums = [
        log.total(AMOUNT).alias(REVENUE),
        nw.col(PURCHASE_DATE).count().alias("purchases"),
        nw.len().alias("rows"),
    ]
    if PROFIT in log.has or COST in log.has:
        sums.append(log.total(PROFIT).alias(PROFIT))
    for name in (ORDER_ID, PRODUCT):
        if name in log.has:
            sums += [nw.col(name).n_unique().alias(f"distinct_{name}"), nw.col(name).count().alias(f"rows_with_{name}")]
    return sums


def _orders(log: _Log) -> nw.Expr:
    purchases = nw.col("purchases").cast(nw.Int64)
    if ORDER_ID not in log.has:
        return purchases
    return _distinct(ORDER_ID) + purchases - nw.col(f"rows_with_{ORDER_ID}").cast(nw.Int64)


def _distinct(name: str) -> nw.Expr:
    # n_unique counts the gap of refunds and rows without a value as one more value
    has_gap = nw.col(f"rows_with_{name}") < nw.col("rows")
    return nw.col(f"distinct_{name}").cast(nw.Int64) - nw.when(has_gap).then(1).otherwise(0)


def _answer(summary: Any, log: _Log, keys: list[str], columns: list[str]) -> Any:
    """Return the native frame with its columns in order, an eager one sorted by its keys."""
    if PROFIT in log.has or COST in log.has:
        columns = [*columns, PROFIT]
    if PRODUCT in log.has:
        summary = summary.with_columns(_distinct(PRODUCT).cast(nw.Int64).alias(BREADTH))
        columns = [*columns, BREADTH]
    answer = summary.select(*keys, *columns)
    if isinstance(answer, nw.DataFrame):
        answer = nw.maybe_reset_index(answer.sort(*keys))
    return answer.to_native()


def _first_row(frame: AnyFrame) -> dict[str, Any]:
    if frame.implementation.is_duckdb():
        # narwhals would collect through pyarrow, whose import takes 50 MB
        relation = frame.to_native()
        return dict(zip(relation.columns, relation.fetchall()[0], strict=True))
    row: dict[str, Any] = collected(frame).rows(named=True)[0]
    return row
