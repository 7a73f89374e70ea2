"""Reading the entries of a ledger: who, when, which activity, its value and its cost, in every cell as it was meant.

The cells are read as those of a log of purchases, by the same forms of dates and numbers, but no row is judged here:
each comes back with what was read and what stands in the source, and the subject says which rows are faulty.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from cvmlab.core.periods import as_date
from cvmlab.core.words import CvmError, Listed, Wording
from cvmlab.core.work import temporary_folder
from cvmlab.data import tables

from .cells import amounts, values
from .cells import dates as date_forms
from .cells.currencies import look_at_currencies
from .cells.ids import fold_ids
from .columns import ColumnMapping, column_named
from .notes import Note, listed
from .opening.files import unread_folders
from .opening.heads import Head, Part
from .opening.parts import header_of, label_of, one_sentence, open_heads, short_name
from .opening.stated_units import stated_unit
from .raw import RawTable
from .role_names import plain_name, ranks_of, rule_of
from .roles import ENTRY_COST, ENTRY_VALUE, QUANTITY
from .staging import prepare, stage_parts

if TYPE_CHECKING:
    import pandas as pd

ACTIVITY, VALUE, TIMES = tables.ACTIVITY, tables.VALUE, tables.TIMES
#: Column of a ledger → the role in which its cells are read.
_READ_AS = {
    tables.CUSTOMER_ID: tables.CUSTOMER_ID,
    tables.DATE: tables.DATE,
    ACTIVITY: tables.PRODUCT,
    VALUE: tables.AMOUNT,
    tables.COST: tables.COST,
    TIMES: QUANTITY,
}
# column of a ledger → the rules of its names, the surest first
_NAMED = {ACTIVITY: ("activity",), VALUE: (ENTRY_VALUE, tables.AMOUNT), tables.COST: (ENTRY_COST, tables.COST),
          TIMES: ("entry_times",)}  # fmt: skip
_NEEDED = (tables.CUSTOMER_ID, tables.DATE, ACTIVITY, VALUE, tables.COST)
_NUMBERS = (VALUE, tables.COST, TIMES)
# a sheet with an activity and so many other columns of a ledger is meant to be one
_MEANT = 3


@dataclass(frozen=True)
class Entries:
    """The rows of a ledger as they were read, and where they stand.

    ``rows`` has, for each row that is not blank, ``part``, ``place`` (its row in the file or sheet), ``kind`` (see
    `cells.values`), the columns of the ledger that the source has, and beside each, ``<column>_text``, the cell itself.
    """

    rows: pd.DataFrame
    sources: tuple[RawTable, ...]
    mappings: tuple[ColumnMapping, ...]
    notes: tuple[Note, ...]
    name: str

    def column(self, part: int, name: str) -> str:
        """Return what the source calls a column of the ledger; an empty text if it has none."""
        return self.mappings[part].get(_READ_AS[name]) or ""


def read_entries(
    source: Any,
    *,
    columns: Mapping[str, str],
    sheet: str | None,
    encoding: str | None,
    day_first: bool | None,
    year_first: bool | None,
    timezone: str | None,
    decimal: str | None,
    today: dt.date | str,
    name: str | None,
) -> Entries:
    """Read all sheets or files of a source that are ledgers; an empty name in ``columns`` says there is no such one."""
    import duckdb

    _check_names(columns)
    with temporary_folder() as folder, duckdb.connect() as connection, one_sentence(source, folder):
        heads, _ = open_heads(source, sheet, connection, None, name, encoding)
        parts, notes = _choose(heads, columns)
        prepare(connection, folder, on_disk=False)
        stage, _ = stage_parts(connection, parts, (), timezone, folder, None)
        mappings = [part.mapping for part in parts]
        notes += [*unread_folders(source), *(note for table in stage for note in table.notes)]
        notes += fold_ids(connection, mappings)
        dates = date_forms.look_at_dates(
            connection,
            {part: (table.name, mappings[part][tables.DATE]) for part, table in enumerate(stage)},
            day_first=day_first, year_first=year_first, zone=timezone, today=as_date(today),
        )  # fmt: skip
        present = [role for role in map(_READ_AS.__getitem__, _NUMBERS) if any(role in found for found in mappings)]
        forms, said = amounts.look_at_numbers(connection, present, stage, mappings, decimal, dates.dotted, None)
        label = str(label_of(source, name))
        currencies = look_at_currencies(connection, forms, mappings, None, label)
        rows = _rows(connection, stage, forms, date_forms.date_sql(dates, timezone))
        remarks = (*notes, *dates.notes, *said, *currencies.notes)
        return Entries(rows, tuple(stage), tuple(mappings), remarks, name or short_name(source))


def _check_names(columns: Mapping[str, str]) -> None:
    for name, given in columns.items():
        if name not in _READ_AS or (not given and name not in (*_NUMBERS,)):
            raise CvmError("ledger.no_such_column", name=name, column=given, names=", ".join(_READ_AS))


def _choose(heads: Sequence[Head], chosen: Mapping[str, str]) -> tuple[list[Part], list[Note]]:
    """Return the files and sheets that are ledgers, and a note on the others that hold something."""
    parts: list[Part] = []
    # how many columns of a ledger were found, whether it is meant to be one, why it is none
    others: list[tuple[int, bool, CvmError]] = []
    left: list[str] = []
    for head in heads:
        rows = head.rows[:30] if not head.types else head.rows[:1]
        if not any(cell.strip() for row in rows for cell in row):
            others.append((-1, False, CvmError("reading.empty_file", file=head.name)))
            continue
        header, names = header_of(head, rows, chosen)
        found = _found(names, chosen, head.name)
        error = _lacking(found, names, chosen, head.name)
        if error is not None:
            others.append((len(found), ACTIVITY in found and len(found) > _MEANT and not head.hidden, error))
            left.append(head.name)
            continue
        if head.hidden:
            raise CvmError("reading.hidden_sheet", file=head.file, sheet=head.sheet)
        mapping = ColumnMapping({_READ_AS[name]: column for name, column in found.items()})
        mapping = replace(mapping, unit=stated_unit(rows, header, names, mapping))
        parts.append(Part(head, header, names, mapping))
    if not parts or any(is_meant for _, is_meant, _ in others):
        raise max(others, key=lambda other: other[0])[2]
    return parts, [Note("sheets_without_ledger", {"sheets": ", ".join(left)})] if left else []


def _found(names: Sequence[str], chosen: Mapping[str, str], source: str) -> dict[str, str]:
    """Return the source's column for each column of the ledger: the one that is named, else the surest by name."""
    plain = {plain_name(name) for name in names}
    here = {role: name for role, name in chosen.items() if name and plain_name(name) in plain}
    found: dict[str, str] = {}
    for role, given in here.items():
        column = column_named(given, names, source)
        if column in found.values():
            other = next(known for known, taken in found.items() if taken == column)
            raise CvmError("reading.column_twice", source=source, column=column, role=other, other=role)
        found[role] = column
    for role in _READ_AS:
        if role in chosen:
            continue
        ranked = [(rank, name) for name in names if name not in found.values() and (rank := _rank(name, role))]
        best = min((rank for rank, _ in ranked), default=0)
        equal = [name for rank, name in ranked if rank == best]
        if len(equal) > 1:
            said = {"source": source, "columns": listed(equal), "name": role, "example": equal[0]}
            raise CvmError("ledger.which_column", what=Wording(f"ledger.{role}"), **said)
        if equal:
            found[role] = equal[0]
    return found


def _lacking(found: Mapping[str, str], names: Sequence[str], chosen: Mapping[str, str], source: str) -> CvmError | None:
    """Return the error of a file or sheet without a column that is named or needed; None if it has them all."""
    for role, given in chosen.items():
        if given and role not in found:
            near = get_close_matches(given, names, n=3) or list(names)
            return CvmError("reading.unknown_column", column=given, source=source, columns=listed(near))
    missing = [name for name in _NEEDED if name not in found and chosen.get(name) != ""]
    if not missing:
        return None
    what = Listed(tuple(Wording(f"ledger.{name}") for name in missing))
    key = "no_column" if set(missing) - set(_NUMBERS) else "no_money_column"
    return CvmError(f"ledger.{key}", source=source, missing=what, columns=listed(names), name=missing[0])


def _rank(name: str, role: str) -> int:
    """Return how surely a name means a column of the ledger, 1 for most surely; 0 if it does not."""
    if role not in _NAMED:
        return ranks_of(name).get(role, 0)
    for step, rules in enumerate(_NAMED[role]):
        rank = rule_of(plain_name(name), rules)
        if rank is not None:
            return 10 * step + rank
    return 0


def _rows(connection: Any, stage: Sequence[RawTable], forms: Mapping[str, amounts.NumberForms], day: str) -> Any:
    """Return the rows of ``stage`` that are not blank, read, with the cells beside what was read."""
    spots = values.with_day_text("(SELECT rowid AS spot, * FROM stage)")
    cells = {
        tables.CUSTOMER_ID: (tables.CUSTOMER_ID, tables.CUSTOMER_ID),
        tables.DATE: (day, "coalesce(date_text, date_value::VARCHAR)"),
        ACTIVITY: (tables.PRODUCT, tables.PRODUCT),
    }
    for name in _NUMBERS:
        if (role := _READ_AS[name]) in forms:
            cell = f"coalesce({role}_text, regexp_replace({role}_value::DOUBLE::VARCHAR, '[.]0$', ''))"
            cells[name] = (f"({amounts.number_sql(role, forms[role])})::DOUBLE", cell)
    read = ", ".join(f"{sql} AS {name}, {cell} AS {name}_text" for name, (sql, cell) in cells.items())
    rows = connection.execute(
        f"""SELECT part, spot, kind, {read} FROM (SELECT * {amounts.cuts(forms)} FROM {spots})
        WHERE kind <> {values.BLANK} ORDER BY spot"""
    ).df()
    starts = dict(connection.execute("SELECT part, min(rowid) FROM stage GROUP BY part").fetchall())
    rows["place"] = [
        stage[part].place(spot - starts[part]) for part, spot in zip(rows["part"], rows["spot"], strict=True)
    ]
    return rows
