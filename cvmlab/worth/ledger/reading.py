"""A ledger of values and costs read from a file or a frame and checked, cell by cell (S08)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.annotations import LARGEST, FrameOrFile
from cvmlab.core.guarding import public
from cvmlab.core.periods import as_date
from cvmlab.core.words import CvmError, Listed, Wording
from cvmlab.data.reading.asked import check_asked
from cvmlab.data.reading.cells.values import BROKEN, HEADER, TOTAL
from cvmlab.data.reading.entries import Entries, read_entries
from cvmlab.data.reading.notes import Note
from cvmlab.data.reading.role_names import plain_name
from cvmlab.data.tables import ACTIVITY, COST, CUSTOMER_ID, DATE, TIMES, VALUE

_SHOWN = 5
# share of the rows that are equal to another one, and number of them, from which they are no coincidence
_DOUBLED, _FEWEST = 0.9, 3
_KINDS = {TOTAL: "total_row", HEADER: "repeated_heading", BROKEN: "broken_row"}
# fault, column, what holds of the rows
_Fault = tuple[str, str, NDArray[np.bool_]]


@public
@dataclass(frozen=True)
class Ledger:
    """A ledger that was read, and how it came about.

    Attributes
    ----------
    entries
        One row per activity: ``customer_id``, ``date``, ``activity`` (text), ``value``, ``cost`` (money, where the
        source has them) [, ``times`` (number of times the activity was done)].
    faults
        One row per faulty cell that was left out with its row: ``source`` (file and sheet), ``row`` (counted as the
        source's program counts), ``column``, ``cell`` (what stands there), ``fault`` (code), ``nearest`` (known name).
        Empty where no row was left out.
    notes
        Remarks on how the cells were read.
    name
        Short name of the source.
    """

    entries: pd.DataFrame
    faults: pd.DataFrame = field(repr=False)
    notes: tuple[Note, ...] = field(default=(), repr=False)
    name: str = ""


@public
def read(
    source: FrameOrFile,
    *,
    activities: Sequence[str] | None = None,
    columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    day_first: bool | None = None,
    year_first: bool | None = None,
    timezone: str | None = None,
    decimal: Literal["point", "comma"] | None = None,
    bad_rows: Literal["refuse", "leave_out"] = "refuse",
    drop_duplicates: bool | None = None,
    as_of: dt.date | str | None = None,
    name: str | None = None,
) -> Ledger:
    """Read a ledger of values and costs, check every cell, and say where a faulty one stands.

    Cells are read as those of a purchase log (`cvmlab.reading.read`): ids stay text, money is read exactly, in the
    unit of its head. An empty value or cost counts as no money beside the other one, an empty times as once. A value
    may be negative (a return), a cost may not. No row is dropped in silence.

    Parameters
    ----------
    source
        Path of a CSV, a workbook or a folder of these, such as `form` writes, or a frame with any column names.
    activities
        The names that are known; another one is a fault, and the nearest known name is said. All are taken if left out.
    columns
        Column of the ledger to source column, for example ``{"value": "毛利"}``; what is left out is found by name.
        An empty name says that the source has none: ``{"cost": ""}`` where only the times are known.
    sheet, encoding, day_first, year_first, timezone, decimal, name
        As for a purchase log: one sheet, the encoding, the order of dates, the zone of days, the decimal sign, a name.
    bad_rows
        ``"refuse"`` raises an error that names the first faulty cells; ``"leave_out"`` goes on without these rows and
        keeps all of them in ``faults``.
    drop_duplicates
        Whether a row equal to an earlier one is left out, and listed in ``faults``. By default equal rows stay, since
        there may be two calls on one day, and a note counts them; if nearly every row is there twice, you are asked.
    as_of
        Last day of the ledger: a later date is a fault; today if left out.

    Returns
    -------
    Ledger

    Raises
    ------
    CvmError
        If the source cannot be read, a column is missing, or rows are faulty: file, row, column and next step.

    Notes
    -----
    Source: CVM-CRM §1. A sheet that has an activity and most other columns, but not all, is refused unless ``sheet``
    names another.

    Examples
    --------
    >>> rows = [("007", "2024-01-05", "sale", "1,200.00", "700"), ("007", "2024-01-09", "call", "", "30")]
    >>> ledger = read(pd.DataFrame(rows, columns=["customer", "date", "activity", "value", "cost"]))
    >>> ledger.entries[["customer_id", "activity", "value", "cost"]].values.tolist()
    [['007', 'sale', 1200.0, 700.0], ['007', 'call', 0.0, 30.0]]
    """
    check_asked({"sheet": sheet, "encoding": encoding, "timezone": timezone, "as_of": as_of})
    known = None if activities is None else known_activities(activities)
    end = dt.date.today() if as_of is None else as_of
    found = read_entries(
        source, columns=columns or {}, sheet=sheet, encoding=encoding, day_first=day_first, year_first=year_first,
        timezone=timezone, decimal=decimal, today=end, name=name,
    )  # fmt: skip
    rows = found.rows
    if not len(rows):
        raise CvmError("reading.no_rows", source=found.name)
    faults = list(_faults(rows, known, np.datetime64(as_date(end))))
    faulty = np.logical_or.reduce([where for *_, where in faults])
    equal = _equal_rows(rows, faulty)
    if drop_duplicates:
        faults.append(("equal_row", "", equal))
    elif drop_duplicates is None:
        _check_doubled(found, equal, ~faulty)
    listed = _listed_faults(found, faults, known)
    if faulty.any() and bad_rows == "refuse":
        raise _refused(found, listed)
    entries = _entries(rows[~(faulty | equal) if drop_duplicates else ~faulty])
    if not len(entries):
        raise _refused(found, listed)
    notes = (*found.notes, *_notes(entries, int(equal.sum()) if not drop_duplicates else 0))
    return Ledger(entries, listed, notes, found.name)


def known_activities(activities: Sequence[str]) -> tuple[str, ...]:
    """Return the names of activities without spaces around them, or raise `CvmError` for none or a blank one."""
    known = tuple(dict.fromkeys(activity.strip() for activity in activities))
    if not known or not all(known):
        raise CvmError("ledger.no_activities")
    return known


def _faults(rows: pd.DataFrame, known: Sequence[str] | None, end: np.datetime64) -> Iterator[_Fault]:
    """Yield every fault with its column and the rows that have it."""
    kind = rows["kind"].to_numpy()
    for code, fault in _KINDS.items():
        yield fault, "", kind == code
    data = ~np.isin(kind, list(_KINDS))
    empty = {name: rows[f"{name}_text"].isna().to_numpy() for name in (CUSTOMER_ID, DATE, ACTIVITY)}
    for name in empty:
        yield f"missing_{name}", name, data & empty[name]
    day = rows[DATE].to_numpy().astype("datetime64[D]")
    yield "unreadable_date", DATE, data & ~empty[DATE] & np.isnat(day)
    yield "future_date", DATE, data & ~np.isnat(day) & (day > end)
    if known is not None:
        yield "unknown_activity", ACTIVITY, data & ~empty[ACTIVITY] & ~rows[ACTIVITY].isin(known).to_numpy()
    for name in (name for name in (VALUE, COST, TIMES) if name in rows):
        figures = rows[name].to_numpy(dtype=np.float64, na_value=np.nan)
        given = rows[f"{name}_text"].notna().to_numpy()
        with np.errstate(invalid="ignore"):
            yield "unreadable_number", name, data & given & ~(np.abs(figures) <= LARGEST)
            if name != VALUE:
                yield f"negative_{name}", name, data & (figures < 0)
    if COST in rows:
        # without a column of costs, they are still to be assumed
        money = [name for name in (VALUE, COST) if name in rows]
        is_empty = rows[[f"{name}_text" for name in money]].isna().all(axis=1).to_numpy()
        yield "nothing_entered", money[0], data & is_empty


def _equal_rows(rows: pd.DataFrame, faulty: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which rows without a fault are equal to an earlier one in all that was read."""
    read = [name for name in (CUSTOMER_ID, DATE, ACTIVITY, VALUE, COST, TIMES) if name in rows]
    equal = np.zeros(len(rows), dtype=np.bool_)
    equal[~faulty] = rows.loc[~faulty, read].duplicated().to_numpy()
    return equal


def _check_doubled(found: Entries, equal: NDArray[np.bool_], used: NDArray[np.bool_]) -> None:
    """Raise `CvmError` where nearly every row is there twice: the same sheet, or the same export, pasted again."""
    count, rows = int(equal.sum()), int(used.sum())
    if count >= _FEWEST and 2 * count >= _DOUBLED * rows:
        first = found.rows.iloc[int(equal.argmax())]
        source, row = found.sources[first["part"]].name, first["place"]
        raise CvmError("ledger.doubled", source=source, row=row, count=f"{count:,}", rows=f"{rows:,}")


def _listed_faults(found: Entries, faults: Sequence[_Fault], known: Sequence[str] | None) -> pd.DataFrame:
    """Return one row per faulty cell, in the order of the rows."""
    names = np.array([table.name for table in found.sources], dtype=object)
    lists = []
    for fault, name, where in faults:
        rows = found.rows[where]
        cells = rows[f"{name}_text"].astype(object).where(rows[f"{name}_text"].notna(), "") if name else ""
        heads = np.array([found.column(part, name) if name else "" for part in range(len(names))], dtype=object)
        part = rows["part"].to_numpy()
        at = {"source": names[part], "row": rows["place"].to_numpy(), "column": heads[part], "cell": cells}
        lists.append(pd.DataFrame({"spot": rows["spot"], **at, "fault": fault}))
    listed = pd.concat(lists).sort_values("spot", kind="stable", ignore_index=True).drop(columns="spot")
    asked = listed.loc[listed["fault"] == "unknown_activity", "cell"].unique()
    near = {cell: _nearest(cell, known or ()) for cell in asked}
    is_asked = listed["fault"] == "unknown_activity"
    return listed.assign(nearest=listed["cell"].map(near).where(is_asked, "").astype(object))


def _nearest(cell: str, known: Sequence[str]) -> str:
    """Return the known activity nearest to a name by its letters, in whatever case; an empty text if none is near."""
    plain = {activity.casefold(): activity for activity in known}
    near = get_close_matches(cell.casefold(), plain, n=1, cutoff=0.5)
    return plain[near[0]] if near else ""


def _refused(found: Entries, faults: pd.DataFrame) -> CvmError:
    """Return the error that names the first faulty cells and how many rows have one."""
    rows = len(faults.drop_duplicates(["source", "row"]))
    cells = []
    for line in faults.head(_SHOWN).itertuples():
        said = {"source": line.source, "row": line.row, "column": line.column, "cell": line.cell}
        key = "fault_near" if line.nearest else "fault_in_cell" if line.cell else "fault_in_row"
        key = "fault_of_row" if not line.column else key
        cells.append(CvmError(f"ledger.{key}", **said, fault=Wording(f"codes.{line.fault}"), nearest=line.nearest))
    more = len(faults) - len(cells)
    return CvmError(
        "ledger.more_bad_rows" if more else "ledger.bad_rows",
        source=found.name, count=f"{rows:,}", more=f"{more:,}", faults=Listed(tuple(cells)),
    )  # fmt: skip


def _entries(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are used as a ledger: an empty number is no money, or once."""
    entries = rows[[CUSTOMER_ID, DATE, ACTIVITY]].reset_index(drop=True)
    for name, nothing in ((VALUE, 0.0), (COST, 0.0), (TIMES, 1.0)):
        if name in rows:
            entries[name] = rows[name].fillna(nothing).to_numpy(dtype=np.float64)
    return entries.assign(**{name: entries[name].astype("str") for name in (CUSTOMER_ID, ACTIVITY)})


def _notes(entries: pd.DataFrame, equal: int) -> Iterator[Note]:
    if equal:
        yield Note("equal_entries", {"count": f"{equal:,}"}, "warning")
    names = entries[ACTIVITY].drop_duplicates()
    plain = names.map(plain_name)
    alike = names[plain.duplicated(keep=False).to_numpy()]
    if len(alike):
        yield Note("activities_alike", {"names": ", ".join(sorted(alike))}, "warning")
