"""The charges of a table, with its other columns of numbers: what a comma means is decided by all of them together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.words import CvmError, say
from cvmlab.data.reading.cells.units import contradict, header_unit, one_currency
from cvmlab.data.reading.notes import counted
from cvmlab.data.reading.role_names import is_called
from cvmlab.data.reading.roles import CURRENCY

from . import tenures
from .figures import Figures, plain_numbers, read_figures
from .naming import CHARGE, TENURE, TOTAL, months_charged
from .table import Table, first_of

if TYPE_CHECKING:
    import pandas as pd


# 1 100 and 1'100 days
_GAPPED, _GAP = r"[1-9]\d{0,2}(?:[ '’\u00a0\u202f]\d{3})+", r"[ '’\u00a0\u202f]"
_GROUPED = r"[1-9]\d{0,2}(?:\.\d{3})+"
_SIGNS = {
    "comma": r"[^\d.,]*\d[\d.]*,(?:\d{1,2}|\d{4,})[^\d.,]*",
    "point": r"[^\d.,]*\d[\d,]*\.(?:\d{1,2}|\d{4,})[^\d.,]*",
}
_ENOUGH_GROUPS, _MOST_COLUMNS, _MOST_SHARES = 3, 60, 0.5
# 30.11/mo, 元/月 and € per month
_A_MONTH = r"(?i)\s*(?:/|per|a|je|pro|par|al|每)\s*(?:months?|mth|mo|monat|mois|mes|m[êe]s|mese|月)\.?\s*$"


def figures_of(table: Table, index: Any) -> Figures:
    """Return all columns of texts that are numbers of some form, read together."""
    names = table.choice.names
    roles = [role for role in (TENURE, CHARGE, TOTAL) if role in table.columns]
    asked = {table.place(role) for role in roles}
    table.sort()
    wanted = dict(table.typed.figures)
    for role in roles:
        place = table.place(role)
        if table.loaded.kinds[place] != "text":
            continue
        cells = table.loaded.column(place)[index]
        if role == TENURE:
            cells = _without_thousands(table, cells)
        else:
            _refuse_shares(table, role, cells)
            cells = cells.str.replace(_A_MONTH, "", regex=True)
        if role == TENURE and (tenure := tenures.plain(cells)) is not None:
            table.typed.columns[place] = tenure
            continue
        # a unit in the header scales the numbers; a plain column needs no more than a cast
        scaled = role != TENURE and header_unit(names[place]).power
        if not scaled and table.decimal != "comma":
            numbers = plain_numbers(cells, true_numbers=place in table.loaded.true_numbers)
            if numbers is not None:
                table.typed.columns[place] = numbers
                continue
        wanted[place] = cells
    read = read_figures(table.connection, table.loaded, wanted, frozenset(asked & wanted.keys()), table.decimal)
    table.notes += read.notes
    _check_currencies(table, read, index)
    table.typed.columns |= read.numbers
    for place, cells in table.typed.figures.items():
        if place in read.numbers and 2 * read.numbers[place].notna().sum() < cells.notna().sum():
            # 555 123 4567 looks like a number
            table.typed.columns[place] = cells
        elif place in read.numbers and read.numbers[place].notna().sum() < cells.notna().sum():
            table.typed.strays.append(names[place])
    return read


def _without_thousands(table: Table, cells: pd.Series) -> pd.Series:
    """Return a tenure without the points or gaps between its thousands: as the other numbers are written, or asked."""
    bare = cells.str.replace(_GAP, "", regex=True).where(cells.str.fullmatch(_GAPPED), cells)
    grouped = bare.str.fullmatch(_GROUPED).to_numpy(dtype=bool, na_value=False)
    broken = bare.str.contains(r"\.", regex=True).to_numpy(dtype=bool, na_value=False)
    # 304.375 beside 12.5 or 1.25 is a little over 304
    if not grouped.any() or (broken & ~grouped).any() or table.decimal == "point":
        return bare
    sign = table.decimal or _sign_of(table)
    if sign == "comma":
        return bare.mask(grouped, bare.str.replace(".", "", regex=False))
    if sign is None and grouped.sum() >= _ENOUGH_GROUPS:
        row = first_of(cells[grouped].notna())
        said = {"column": table.columns[TENURE], "source": table.source, "value": str(bare[row])}
        said["whole"] = str(bare[row]).replace(".", "")
        raise CvmError("subscribers.tenure_thousands", **said, row=table.loaded.place(row))
    return bare


def _sign_of(table: Table) -> str | None:
    """Return the decimal sign of the other columns of texts, None where they show none or both."""
    found = set()
    tenure = table.place(TENURE)
    for place, kind in enumerate(table.loaded.kinds[:_MOST_COLUMNS]):
        if kind == "text" and place != tenure:
            few = table.loaded.column(place).dropna().head(200)
            found |= {sign for sign, form in _SIGNS.items() if few.str.fullmatch(form).any()}
    return next(iter(found)) if len(found) == 1 else None


def _check_currencies(table: Table, figures: Figures, index: Any) -> None:
    """Refuse charges in several currencies, by their cells or by a column of currencies beside them."""
    for role in (CHARGE, TOTAL):
        if role not in table.columns:
            continue
        found = {name: rows for name, rows in figures.stated.get(table.place(role), {}).items() if name}
        found = found if one_currency(found) is None else {}
        for place, name in enumerate(table.choice.names):
            if not found and name not in table.columns.values() and is_called(name, CURRENCY):
                counts = table.loaded.column(place)[index].dropna().astype("str").value_counts()
                beside = {str(word): int(rows) for word, rows in counts.items()}
                found = beside if contradict(beside) else {}
        if found:
            said = {"source": table.source, "column": table.columns[role], "role": role}
            raise CvmError("subscribers.several_currencies", **said, found=counted(found))


def numbers_of(table: Table, role: str, index: Any) -> pd.Series:
    """Return the numbers of a role: as typed by the source, or as its texts were read."""
    place = table.place(role)
    if table.loaded.kinds[place] == "text":
        return table.typed.columns[place]
    cells = table.loaded.column(place)[index]
    if table.loaded.kinds[place] == "day":
        said = {"source": table.source, "column": table.columns[role], "role": role, "value": str(cells.iloc[0])}
        raise CvmError("subscribers.days_not_numbers", **said)
    # a text is scaled when it is read
    power = header_unit(table.columns[role]).power if role != TENURE else 0
    numbers: pd.Series = cells.astype("float64") * 10.0**power if power >= 0 else cells.astype("float64") / 10.0**-power
    return numbers


def _per_month(table: Table, role: str, numbers: pd.Series) -> pd.Series:
    """Return charges for a year, a quarter or a week as charges for a month, with a note."""
    months = months_charged(table.columns[role]) if role == CHARGE else 1.0
    if months == 1:
        return numbers
    said = {"column": table.columns[role], "divided": f"{months:g}" if months > 1 else f"{1 / months:.4f}"}
    table.notes.append(say(f"subscribers.charge_{'divided' if months > 1 else 'multiplied'}", **said))
    return numbers / months


def _refuse_shares(table: Table, role: str, cells: pd.Series) -> None:
    """Refuse a charge in percent."""
    if table.loaded.kinds[table.place(role)] == "text" and len(filled := cells.dropna()):
        shares = filled.str.contains(r"[%％]\s*$", regex=True)
        if shares.mean() > _MOST_SHARES:
            row = first_of(shares)
            said = {"column": table.columns[role], "source": table.source, "role": role}
            raise CvmError("subscribers.charge_percent", **said, value=str(filled[row]), row=table.loaded.place(row))


def money(table: Table, role: str, index: Any) -> pd.Series:
    """Return a charge as numbers; refuse a column most of whose cells are none."""
    numbers = _per_month(table, role, numbers_of(table, role, index))
    numbers = numbers.where(np.isfinite(numbers))
    cells = table.loaded.column(table.place(role))[index]
    unread = cells.notna() & numbers.isna()
    said = {"column": table.columns[role]}
    if unread.any():
        row = first_of(unread)
        example = {"row": table.loaded.place(row), "value": str(cells[row])}
        if 2 * int(unread.sum()) > int(cells.notna().sum()):
            raise CvmError("subscribers.no_numbers", source=table.source, role=role, **said, **example)
        table.notes.append(say("subscribers.charge_unread", **said, rows=int(unread.sum()), **example))
    blank = int(cells.isna().sum())
    if blank:
        row = table.loaded.place(first_of(cells.isna()))
        table.notes.append(say("subscribers.charge_blank", **said, rows=blank, row=row))
    negative = numbers < 0
    if negative.any():
        row = first_of(negative)
        example = {"row": table.loaded.place(row), "value": f"{numbers[row]:,.2f}"}
        table.notes.append(say("subscribers.charge_negative", **said, rows=int(negative.sum()), **example))
    return numbers


def currency_of(table: Table, figures: Figures) -> str:
    """Return the currency that the header of a charge, or most of its cells, state."""
    for role in (CHARGE, TOTAL):
        if role in table.columns:
            column = table.columns[role]
            stated = header_unit(column).currency or header_unit(f"x {table.verdicts.units.get(column, '')}").currency
            if found := stated or figures.currencies.get(table.place(role), ""):
                return found
    return ""
