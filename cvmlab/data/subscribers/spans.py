"""When customers joined and left, and their tenure: from a column, or from these days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.words import CvmError, say

from . import tenures
from .charges import numbers_of
from .days import like_days, months_between, read_days, without_endless, without_placeholders
from .endings import contradicting, snapshot_of, without_blanks
from .figures import PLAIN
from .naming import CHURNED, JOINED, LEFT, TENURE
from .table import Table, first_of

if TYPE_CHECKING:
    import pandas as pd


def days_of(
    table: Table, as_of: dt.date | None, gone: pd.Series | None = None
) -> tuple[dict[str, pd.Series], dt.date | None]:
    """Return the dates of joining and leaving, and the day on which the table was made.

    ``gone`` says who left, where a column does.
    """
    import pandas as pd

    texts, days, endless = {}, {}, None
    for role in (JOINED, LEFT):
        if role not in table.columns:
            continue
        if table.loaded.kinds[table.place(role)] == "day":
            days[role] = table.cells(role).astype("datetime64[s]")
            continue
        cells = without_blanks(table.texts(role))
        if role in table.chosen or like_days(cells, digits=True) or not cells.notna().any():
            if role == LEFT:
                cells, endless = without_endless(cells)
            texts[role] = cells
        elif role == LEFT and CHURNED not in table.columns:
            example = str(cells.dropna().iloc[0])
            raise CvmError("subscribers.no_dates", source=table.source, column=table.columns[role], value=example)
        else:
            del table.columns[role]
    if texts:
        today = as_of or dt.date.today()
        named = {table.columns[role]: cells for role, cells in texts.items()}
        found, notes = read_days(table.connection, named, table.source, table.day_first, today)
        table.notes += notes
        days |= {role: found[table.columns[role]] for role in texts}
    for role in (JOINED, LEFT):
        if role in days:
            _say_unread(table, role, days[role], endless if role == LEFT else None)
    if LEFT in days:
        days[LEFT], notes = without_placeholders(days[LEFT], table.columns[LEFT], endless)
        table.notes += notes
    if not days:
        if as_of is not None:
            table.notes.append(say("subscribers.option_idle", option="as_of"))
        return days, as_of
    every = pd.concat(list(days.values())).dropna()
    if as_of is None and every.empty:
        raise CvmError("subscribers.no_dates", source=table.source, column=table.columns[next(iter(days))], value="")
    today = dt.date.today()
    is_past = every.empty or every.max() <= pd.Timestamp(today)
    end = as_of or (every.max().date() if is_past else today)
    snapshot = snapshot_of(table, None if every.empty else every.max().date()) if as_of is None else None
    end = end if snapshot is None else snapshot[1]
    if as_of is None and (TENURE not in table.columns or CHURNED not in table.columns):
        if snapshot is not None:
            table.notes.append(say("subscribers.snapshot_taken", date=end.isoformat(), column=snapshot[0]))
        else:
            table.notes.append(say(f"subscribers.{'as_of_taken' if is_past else 'today_taken'}", date=end.isoformat()))
    if LEFT in days:
        _say_later(table, days[LEFT], end, gone)
    return {role: days[role] for role in (JOINED, LEFT) if role in days}, end


def _say_later(table: Table, days: pd.Series, end: dt.date, gone: pd.Series | None) -> None:
    """Say whose date of leaving has not come yet, and who left by another column all the same."""
    import pandas as pd

    later = days > pd.Timestamp(end)
    contrary = later & gone[days.index].astype("bool") if gone is not None else later & False
    for key, rows in (("future_dates", later & ~contrary), ("left_later", contrary)):
        if rows.any():
            said = {"column": table.columns[LEFT], "rows": int(rows.sum()), "date": end.isoformat()}
            said["churned"] = table.columns.get(CHURNED, "")
            table.notes.append(say(f"subscribers.{key}", **said, value=f"{days[rows].iloc[0]:%Y-%m-%d}"))


def _say_unread(table: Table, role: str, days: pd.Series, endless: pd.Series | None) -> None:
    cells = table.cells(role)
    unread = cells.notna() & days.isna()
    if endless is not None:
        unread &= endless.isna()
    if unread.any():
        row = first_of(unread)
        said = {"column": table.columns[role], "rows": int(unread.sum()), "value": str(cells[row])}
        table.notes.append(say("subscribers.dates_blank", **said, row=table.loaded.place(row)))


def tenure_of(
    table: Table,
    index: Any,
    asked: str | None,
    days: Mapping[str, pd.Series],
    left: pd.Series,
    end: dt.date | None,
) -> tuple[pd.Series | None, str]:
    """Return the tenure in months and the unit in which it was read; None if the source has none."""
    import pandas as pd

    if TENURE not in table.columns:
        if asked is not None:
            table.notes.append(say("subscribers.option_idle", option="tenure_unit"))
        if JOINED not in days or end is None:
            return None, ""
        return _tenure_of_days(table, index, days, left, end), "months"
    column = table.columns[TENURE]
    cells = table.loaded.column(table.place(TENURE))[index]
    spelled = tenures.months_in_words(cells) if table.loaded.kinds[table.place(TENURE)] == "text" else None
    if spelled is not None:
        months, unit, is_stated = _with_bare(table, cells, spelled, asked), spelled[1], True
    else:
        stated = tenures.unit_named(column) or tenures.unit_named(table.verdicts.units.get(column, ""))
        unit, is_stated = asked or stated or "months", bool(asked or stated)
        if asked and stated and asked != stated:
            table.notes.append(say("subscribers.units_differ", column=column, stated=stated, asked=asked))
        months = numbers_of(table, TENURE, index) * tenures.MONTHS[unit]
    months = months.where(np.isfinite(months) & (months >= 0))
    months = _with_least(table, cells, months, unit)
    unread = cells.notna() & months.isna()
    place = table.loaded.place(first_of(unread)) if unread.any() else 0
    filled = int(cells.notna().sum())
    table.notes += tenures.checked(months, column, table.source, place, filled, cells[unread])
    blank = int(cells.isna().sum())
    if blank:
        row = table.loaded.place(first_of(cells.isna()))
        table.notes.append(say("subscribers.tenure_missing", column=column, rows=blank, row=row))
    table.unit_taken = not is_stated
    table.notes += tenures.unit_notes(months, column, unit, is_stated=is_stated)
    if JOINED in days and LEFT in days:
        _say_contradicting(table, months, days, index)
    return pd.Series(months, index=index, dtype="float64"), unit


def _with_least(table: Table, cells: pd.Series, months: pd.Series, unit: str) -> pd.Series:
    """Return tenures with those that say 'at least', such as 10+, as their number, and say so."""
    least = tenures.at_least(cells[cells.notna() & months.isna()], unit).dropna()
    if not len(least):
        return months
    row = int(least.index[0])
    said = {"column": table.columns[TENURE], "rows": len(least), "value": str(cells[row])}
    table.notes.append(say("subscribers.tenure_at_least", **said, row=table.loaded.place(row)))
    return months.fillna(least)


def _with_bare(table: Table, cells: pd.Series, spelled: tuple[pd.Series, str], asked: str | None) -> pd.Series:
    """Return tenures with a unit, and those without one by the unit in the header; ask where it has none."""
    import pandas as pd

    months, stated = spelled
    bare = cells.notna() & months.isna() & cells.str.fullmatch(PLAIN).fillna(False).astype("bool")
    if not bare.any():
        return months
    column = table.columns[TENURE]
    unit = asked or tenures.unit_named(column) or (stated if stated == "months" else "")
    if not unit:
        said = {"row": table.loaded.place(first_of(bare)), "value": str(cells[bare].iloc[0]), "rows": int(bare.sum())}
        raise CvmError("subscribers.mixed_units", source=table.source, column=column, **said)
    return months.mask(bare, pd.to_numeric(cells.where(bare), errors="coerce") * tenures.MONTHS[unit])


def _say_contradicting(table: Table, months: pd.Series, days: Mapping[str, pd.Series], index: Any) -> None:
    """Say where a tenure is not the time between the two dates beside it."""
    wrong = contradicting(months, months_between(days[JOINED][index], days[LEFT][index]))
    if wrong.any():
        columns = {role: table.columns[role] for role in (TENURE, JOINED, LEFT)}
        said = {"rows": int(wrong.sum()), "row": table.loaded.place(first_of(wrong))}
        table.notes.append(say("subscribers.tenure_contradicts", **columns, **said))


def _tenure_of_days(
    table: Table, index: Any, days: Mapping[str, pd.Series], left: pd.Series, end: dt.date
) -> pd.Series:
    import pandas as pd

    joined = days[JOINED][index]
    until = pd.Series(pd.Timestamp(end), index=index).astype("datetime64[s]")
    gone = left[index].astype("bool")
    if LEFT in days:
        known = days[LEFT][index]
        undated = gone & known.isna()
        until = until.mask(gone, known.mask(known > pd.Timestamp(end)))
        if undated.any():
            said = {"column": table.columns[LEFT], "rows": int(undated.sum())}
            table.notes.append(say("subscribers.undated", **said, row=table.loaded.place(first_of(undated))))
    elif left[index].astype("bool").any():
        table.notes.append(say("subscribers.no_left_date", column=table.columns[JOINED], date=end.isoformat()))
    months = pd.Series(months_between(joined, until), index=index, dtype="float64")
    negative = months < 0
    if negative.any():
        row = first_of(negative)
        said = {"column": table.columns[JOINED], "rows": int(negative.sum()), "row": table.loaded.place(row)}
        table.notes.append(say("subscribers.joined_late", **said, value=f"{joined[row]:%Y-%m-%d}"))
    return months.where(~negative)
