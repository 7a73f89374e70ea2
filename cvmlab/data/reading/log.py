"""From a source to a clean log: choose the columns, read every part, judge every row, add up."""

from __future__ import annotations

import datetime as dt
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cvmlab.core.annotations import FrameOrFile
from cvmlab.core.guarding import public
from cvmlab.core.periods import as_date
from cvmlab.core.words import CvmError, say
from cvmlab.core.work import temporary_folder

from .asked import check_asked
from .cells.currencies import ANY
from .cells.footnotes import take_footnotes
from .columns import ColumnMapping
from .handing_on import carried, write_parts
from .opening.files import unread_folders
from .opening.parts import (
    bytes_of,
    check_keep,
    choose_parts,
    label_of,
    left_out_notes,
    one_sentence,
    open_heads,
    part_notes,
    saved_beside,
    short_name,
)
from .quality import REFUND, USED, DataReport
from .raw import Progress, Source
from .rows.hidden import rows_shown_otherwise
from .rows.idle_numbers import number_notes
from .rows.idle_words import word_notes
from .rows.judging import clean_query, judge
from .rows.ledger_sides import other_side_notes
from .rows.rules import Rules
from .rows.totals import make_report
from .staging import prepare, stage_parts

if TYPE_CHECKING:
    import duckdb

# Above this size the log lies in a compressed database on disk, below in memory, where it is faster.
DISK_BYTES = 256 << 20


@public
@dataclass(frozen=True)
class Log:
    """A clean log and how it came about.

    Attributes
    ----------
    transactions
        DuckDB relation with ``customer_id`` (text), ``date`` (date), ``amount`` (float, the currency units), where the
        source has them ``order_id``, ``profit``, ``cost``, ``product``, ``customer_name``, ``owner``, ``phone``,
        and the columns that were to be kept, as text under their own names.
    quality
        The data report.
    mapping
        Role to source column.
    name
        Short name of the source.
    as_of
        The day to which the log runs, if it was said; otherwise None, and it runs to its last row.
    connection
        The DuckDB connection in which the log lies; it lives as long as the log is used.
    currency
        The currency of the amounts (a code such as ``EUR``, or a sign that may be several), ``""`` if the source
        does not say, or holds several.
    """

    transactions: duckdb.DuckDBPyRelation
    quality: DataReport
    mapping: ColumnMapping
    name: str
    connection: duckdb.DuckDBPyConnection
    as_of: dt.date | None = None
    close: Callable[[], object] = field(repr=False, compare=False, default=lambda: None)
    currency: str = ""
    # what `write_parts` needs: the query of the used rows, the files and sheets, the columns that were kept
    query: str = field(repr=False, default="")
    parts: tuple[Source, ...] = field(repr=False, default=())
    kept: tuple[str, ...] = field(repr=False, default=())

    def __repr__(self) -> str:
        """Return one line from the data report; no query is run."""
        found = self.quality
        days = f"{found.first_date} to {found.last_date}"
        return f"Log({self.name!r}: {found.rows(USED, REFUND):,} rows, {found.customers:,} customers, {days})"

    def write_parts(self, column: str, folder: str | Path) -> dict[str | None, Path]:
        """Write the used rows of each value of a column to a file that `read` takes as judged.

        Parameters
        ----------
        column
            A column that was to be kept when the log was read.
        folder
            Where the Parquet files go.

        Returns
        -------
        dict
            Value to file; rows without a value are under None. Each file carries the data report on its rows, and the
            end of the whole log as its as-of date.
        """
        return write_parts(self, column, Path(folder))


@public
def read(
    source: FrameOrFile,
    *,
    columns: Mapping[str, str] | None = None,
    keep: Sequence[str] = (),
    sheet: str | None = None,
    encoding: str | None = None,
    day_first: bool | None = None,
    year_first: bool | None = None,
    timezone: str | None = None,
    decimal: Literal["point", "comma"] | None = None,
    currency: str | None = None,
    merge_ids: bool = False,
    fill_down: bool | None = None,
    amount_per: Literal["line", "order"] | None = None,
    include_suspicious: bool = False,
    include_future: bool = False,
    drop_duplicates: bool | None = None,
    as_of: dt.date | str | None = None,
    today: dt.date | str | None = None,
    name: str | None = None,
    progress: Progress | None = None,
) -> Log:
    """Read a log of purchases from any source and judge every row.

    DuckDB reads a CSV file as it lies; workbooks, HTML and other encodings are written once to a temporary file. The
    clean rows are in a DuckDB table: in memory or, for a large source, in a compressed temporary database.

    Parameters
    ----------
    source
        Path of a CSV, .xlsx, .xls, .xlsb, .ods, HTML or Parquet file or of a folder of these, or a frame of
        pandas, polars, pyarrow or DuckDB with any column names. What a file is shows in its content, not its ending.
    columns
        Role to source column, for example ``{"amount": "无税金额"}``; what is left out is found by name, an
        empty name says that the source has no such column.
    keep
        Further source columns to keep, as text.
    sheet
        Only this sheet of a workbook; all sheets that have a customer, a date and an amount if left out.
    encoding
        Encoding of text files, for example ``"big5"``; found by their content if left out.
    day_first
        Whether 3/4/2019 is the third of April; decided on the whole column if left out.
    year_first
        Whether 24-02-15 begins with the year; decided on the whole column if left out.
    timezone
        Zone in which days begin, needed if dates carry a time zone.
    decimal
        Whether the point or the comma is the decimal sign; decided on the whole column if left out.
    currency
        Take only the rows in this currency, for example ``"EUR"``, or name the currency of a source that does not. A
        source in several currencies is refused if left out. ``"any"`` takes all, with a column ``currency``.
    merge_ids
        Count ids as one customer that differ only in capitals, leading zeros or thousands separators, under the most
        frequent spelling.
    fill_down
        Whether a row without a customer belongs to the customer above it, with its date and order where these are
        missing too; you are asked to say where the file looks so.
    amount_per
        Whether the amount on a row is that of the ``"line"`` or the total of its ``"order"``, repeated on each line and
        counted once; decided on the whole column if left out, and you are asked where it may be either.
    include_suspicious, include_future
        Use the rows of suspicious customers, and rows dated after today.
    drop_duplicates
        Whether to drop rows equal to an earlier one. By default only where there is an order id: without one, equal
        rows may be different purchases; where nearly every row stands there twice, or a file or sheet repeats
        another, you are asked to say.
    as_of
        The day to which the log runs, a date or a text like ``"2024-12-31"``: later rows are left out, and customers
        are silent up to this day even if the last row is earlier. Without it, the log runs to its last row.
    today
        The day after which a date is in the future; the computer's date if left out.
    name
        Short name of the source; made from the file name if left out.
    progress
        Called with a step and the share of it that is done.

    Returns
    -------
    Log

    Raises
    ------
    CvmError
        In one sentence, if the source cannot be read, a column is missing or unclear, or no row can be used.

    Notes
    -----
    An id is suspicious by name (散客, 测试, test, walk-in, cash … in ``rules/columns.csv``), as a blank that many rows
    share (0, -1, 99999), with one row of over a third of all money, or, in a log of 50 customers or more, with over
    5% of the rows or of the money. By share it is left out if it has at least 30 rows, twice the rows or the money of
    the largest customer below 5%, and twice as many orders a day as 99% of them; over a quarter of all money is shown.

    An order is left out where its status says that it was cancelled, closed, void or refunded
    (``cancelled_status`` in ``rules/columns.csv``), unless negative rows with such a status cancel it, so that both net
    out by themselves; an empty name for the role ``status`` takes all of them in.

    A purchase that was taken back whole within a week, or under its own order id, counts neither as a purchase nor as a
    refund. At most three rows at either end of the log (and one in a hundred) whose dates lie half a year and three
    times the longest pause beyond all others are left out; say ``as_of`` if the late ones are right.

    Hidden sheets of a workbook are left out unless ``sheet`` names one. Hidden rows, by hand or by a filter, are
    data like any other; a warning says how many they are and what share of the money is theirs. A cell with an
    error such as #DIV/0! is a missing value. Ids, names and dates merged over several rows are filled down,
    amounts are not. A formula without a stored value is refused.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("007", "2019年1月5日", "¥1,200.00"), ("007", "2019/2/6", "(200)")]
    >>> log = read(pd.DataFrame(rows, columns=["客户", "日期", "金额"]))
    >>> log.transactions.fetchall()
    [('007', datetime.date(2019, 1, 5), 1200.0), ('007', datetime.date(2019, 2, 6), -200.0)]
    >>> log.quality.reconcile()[["line", "rows", "amount"]].head(2)
         line  rows   amount
    0    used     1  1200.00
    1  refund     1  -200.00
    """
    import duckdb

    if (judged_before := carried(source)) is not None:
        return _judged(source, judged_before, name)
    said = saved_beside(source).over(
        day_first=day_first, year_first=year_first, timezone=timezone, decimal=decimal, currency=currency,
        merge_ids=merge_ids, fill_down=fill_down, amount_per=amount_per, include_suspicious=include_suspicious,
        include_future=include_future, drop_duplicates=drop_duplicates, as_of=as_of,
    )  # fmt: skip
    timezone, currency, as_of = said["timezone"], said["currency"], said.pop("as_of")
    check_asked({"sheet": sheet, "encoding": encoding, "timezone": timezone, "currency": currency, "as_of": as_of})
    now = dt.date.today() if today is None else as_date(today)
    end = None if as_of is None else _checked_end(as_date(as_of), now, said["include_future"])
    connection = duckdb.connect()
    closing = ExitStack()
    folder = closing.enter_context(temporary_folder())
    try:
        with one_sentence(source, folder):
            heads, saved = open_heads(source, sheet, connection, progress, name, encoding)
            chosen = {**saved.columns, **(columns or {})}
            parts, unused = choose_parts(heads, chosen, str(label_of(source, name)), saved)
            check_keep(keep, parts)
            on_disk = bytes_of(heads) > DISK_BYTES
            prepare(connection, folder, on_disk=on_disk)
            stage, mixed = stage_parts(connection, parts, keep, timezone, folder, progress)
            rules = Rules(**said, today=now, as_of=end)
            label = name or short_name(source)
            opened = [*saved.notes, *unread_folders(source), *part_notes(parts), *left_out_notes(unused)]
            mappings = take_footnotes(connection, [part.mapping for part in parts])
            if progress:
                progress(say("reading.step_checking"), 0.0)
            judged = judge(connection, stage, mappings, rules, len(keep), label)
            if progress:
                progress(say("reading.step_report"), 0.9)
            loaded = [note for table in stage for note in table.notes]
            notes = [*opened, *loaded, *judged.notes]
            notes += other_side_notes(connection, stage, mappings, notes)
            notes += [*rows_shown_otherwise(connection, stage), *mixed]
            notes += [*word_notes(connection, stage, mappings), *number_notes(connection, stage, mappings)]
            quality = make_report(connection, stage, mappings, rules, label, notes, unused)
            connection.execute("DROP TABLE stage")
    except BaseException:
        _close(connection, closing)
        raise
    for path in folder.glob("*.csv"):
        path.unlink(missing_ok=True)
    query = clean_query(mappings, keep, currency=currency == ANY)
    close: Callable[[], object] = connection.close
    if on_disk:
        close = weakref.finalize(_ALIVE, _close, connection, closing)
    else:
        closing.close()
    sources = tuple(Source(table.file, table.sheet) for table in stage)
    return Log(
        connection.sql(query),
        quality,
        parts[0].mapping,
        label,
        connection,
        end,
        close,
        currency=judged.currency,
        query=query,
        parts=sources,
        kept=tuple(keep),
    )


def _judged(path: str | Path, said: Mapping[str, Any], name: str | None) -> Log:
    """Return the log in a file of `Log.write_parts`."""
    import duckdb

    connection = duckdb.connect()
    quality, mapping = DataReport.from_dict(said["quality"]), ColumnMapping.from_dict(said["mapping"])
    relation = connection.read_parquet(str(path))
    as_of = dt.date.fromisoformat(said["as_of"])
    return Log(relation, quality, mapping, name or quality.name, connection, as_of, currency=said["currency"])


class _Alive:
    """Lives until Python ends: relations of a log on disk are still used when its `Log` is gone."""


_ALIVE = _Alive()


def _close(connection: Any, closing: ExitStack) -> None:
    connection.close()
    closing.close()


def _checked_end(as_of: dt.date, today: dt.date, include_future: bool) -> dt.date:
    if as_of > today and not include_future:
        raise CvmError("reading.as_of_in_future", as_of=as_of.isoformat(), today=today.isoformat())
    return as_of
