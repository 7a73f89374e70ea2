"""What ``cvmlab data`` shows of a source: its columns, its first rows, and what a report would make of it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from cvmlab.core.words import say, term

from .terminal import padded

if TYPE_CHECKING:
    from cvmlab.data.reading import Log, Preview
    from cvmlab.data.subscribers import Subscribers

_MOST_COLUMNS = 12
_INDENT = "  "
_SUMS = frozenset({"used", "refund", "control"})


def preview_lines(seen: Preview) -> Iterator[str]:
    """Yield the columns that were found, those that were not, and the first rows."""
    yield say("cli.columns_found", name=seen.name)
    for role, column, samples in seen.roles().itertuples(index=False):
        label = term(f"report.role_{role}")
        yield f"  {padded(label, 14)} --{role.replace('_', '-'):<14} {padded(column, 20)} {samples}"
    left = [column for column in seen.columns if column not in seen.mapping.columns.values()]
    if left:
        yield say("cli.columns_left", columns=", ".join(left[:_MOST_COLUMNS]), count=len(left))
    if len(seen.rows):
        yield say("cli.first_rows")
        yield seen.rows.iloc[:, :_MOST_COLUMNS].to_string(index=False, max_colwidth=24)
    for part in seen.unused:
        yield say("cli.unused", place=" · ".join(filter(None, [part.file, part.sheet])), why=part.reason)


def summary_lines(log: Log) -> Iterator[str]:
    """Yield what was understood: rows, customers, dates, money, what is left out and why, and every remark."""
    found = log.quality
    used, refunded = found.amount("used"), found.amount("refund")
    yield say("cli.understood")
    yield _INDENT + say(
        "cli.rows_customers_dates", rows=f"{found.rows('used', 'refund'):,}", customers=f"{found.customers:,}",
        first=found.first_date, last=found.last_date,
    )  # fmt: skip
    yield _INDENT + _orders(log)
    total = _money(used + refunded) + (f" {log.currency}" if log.currency else "")
    yield _INDENT + say("cli.total", total=total, sales=_money(used), refunds=_money(refunded))
    median, largest = log.transactions.aggregate("median(amount), max(amount)").fetchall()[0]
    yield _INDENT + say("cli.amounts", median=_money(Decimal(median)), largest=_money(Decimal(largest)))
    lines = found.reconcile()
    lines = lines.loc[~lines["line"].isin(_SUMS) & (lines["rows"] > 0)]
    if len(lines):
        yield say("cli.left_out")
    for label, rows, amount in lines[["label", "rows", "amount"]].itertuples(index=False):
        yield f"{_INDENT}{padded(label, 44)} {rows:>9,} {_money(amount):>18}"
    for note in found.notes:
        yield f"* {note}"


def _orders(log: Log) -> str:
    """Return the number of orders, or that there is no number of orders, so that each row is a purchase."""
    if "order_id" not in log.transactions.columns:
        return say("cli.no_orders")
    told = "count(DISTINCT (customer_id, order_id)) FILTER (order_id IS NOT NULL) + count(*) FILTER (order_id IS NULL)"
    return say("cli.orders", orders=f"{log.transactions.aggregate(told).fetchall()[0][0]:,}")


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def subscriber_lines(read: Subscribers, rows: int) -> Iterator[str]:
    """Yield the columns that were found, the first rows, how many left, what is left out, and every remark."""
    customers = read.customers
    yield say("cli.columns_found", name=read.name)
    for role, column in read.columns.items():
        if column:
            yield f"  {padded(term(f'report.role_{role}'), 14)} --{role.replace('_', '-'):<14} {column}"
    if read.features:
        yield say("cli.columns_left", columns=", ".join(read.features[:_MOST_COLUMNS]), count=len(read.features))
    if rows:
        yield say("cli.first_rows")
        yield customers.head(rows).iloc[:, :_MOST_COLUMNS].to_string(index=False, max_colwidth=24)
    yield say("cli.understood")
    gone = int(customers["left"].sum())
    yield _INDENT + say("cli.subscribers", rows=f"{read.rows:,}", customers=f"{len(customers):,}", left=f"{gone:,}")
    if len(read.left_out):
        yield say("cli.left_out")
    for reason, number, _ in read.left_out[["reason", "rows", "example"]].itertuples(index=False):
        yield f"{_INDENT}{padded(term(f'subscribers.reason_{reason}'), 44)} {number:>9,}"
    for note in read.notes:
        yield f"* {note}"
