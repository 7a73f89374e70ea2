"""Days of a table of subscribers, by the forms of dates that the reader of logs knows, and months between two days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.words import say
from cvmlab.data.reading.cells import dates as date_forms
from cvmlab.data.reading.cells.values import with_day_text
from cvmlab.data.reading.notes import listed

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_MOST = 0.9
_SAMPLE = 100
# the hour, and the zone in which it is meant, make no difference to months
_ZONE = r"(\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?)\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})$"
# how databases write that there is no day
_NO_DAYS = ("1899-12-30", "1899-12-31", "1900-01-01", "1970-01-01")
# 2099-12-31 and 9999-12-31: no end is known
_ENDLESS = 2099


def like_days(cells: pd.Series, *, digits: bool = False) -> bool:
    """Return whether nearly all texts of a column are dates; such as are digits alone only where ``digits`` says so."""
    words = [word for word in cells.dropna().unique()[:_SAMPLE] if str(word).strip()]
    signs = str.maketrans("0123456789", "9999999999")
    shapes = [str(word).strip().translate(signs) for word in words]
    found = [shape for shape in shapes if (digits or not set(shape) <= set("9.")) and date_forms.form_of(shape)]
    return len(found) >= _MOST * len(shapes) > 0


def read_days(
    connection: Any, columns: Mapping[str, pd.Series], source: str, day_first: bool | None, today: dt.date
) -> tuple[dict[str, pd.Series], list[str]]:
    """Return columns of texts as days, missing where a text is none, and what is to be said of them."""
    import pandas as pd

    if not columns:
        return {}, []
    parts = [
        pd.DataFrame({"part": part, "spot": np.arange(len(cells)), "date_text": cells.to_numpy(object)})
        for part, cells in enumerate(columns.values())
    ]
    rows = pd.concat(parts, ignore_index=True)
    rows["date_text"] = rows["date_text"].astype("str").str.replace(_ZONE, r"\1", regex=True)
    connection.register("days_frame", rows)
    nothing = ", ".join(
        f"NULL::VARCHAR AS {role}_text, NULL::DOUBLE AS {role}_value" for role in ("amount", "unit_price")
    )
    connection.execute(
        f"""CREATE OR REPLACE TABLE stage AS SELECT part::USMALLINT AS part, spot, 0::UTINYINT AS kind, date_text,
        CASE WHEN false THEN DATE '2000-01-01' END AS date_value, 'x' AS customer_id, {nothing} FROM days_frame"""
    )
    connection.unregister("days_frame")
    names = {part: (source, name) for part, name in enumerate(columns)}
    forms = date_forms.look_at_dates(connection, names, day_first=day_first, year_first=None, zone=None, today=today)
    sql = date_forms.date_sql(forms, None)
    found = connection.execute(
        f"SELECT part, spot, ({sql})::TIMESTAMP AS day FROM {with_day_text('stage')} ORDER BY part, spot"
    ).df()
    days = {}
    for part, (name, cells) in enumerate(columns.items()):
        values = found.loc[found["part"] == part, "day"].to_numpy("datetime64[s]")
        days[name] = pd.Series(values, index=cells.index)
    # of a log it speaks of purchases
    said = [
        say("subscribers.months_read", columns=listed(list(columns))) if note.key == "months_read" else str(note)
        for note in forms.notes
    ]
    return days, said


def without_endless(cells: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return texts without dates of the year 9999, which no library reads, and these alone."""
    endless = cells.str.contains(r"(?<!\d)9999(?!\d)|^99991231$", regex=True).to_numpy(dtype=bool, na_value=False)
    return cells.mask(endless), cells.where(endless)


def without_placeholders(days: pd.Series, column: str, endless: pd.Series | None = None) -> tuple[pd.Series, list[str]]:
    """Return days without those by which a database says that there is none, or no end; and what is to be said.

    ``endless`` are the texts that said so.
    """
    import pandas as pd

    days = days.mask(days.isin(pd.to_datetime(list(_NO_DAYS))))
    far = days.dt.year >= _ENDLESS
    found = days[far].dt.strftime("%Y-%m-%d").tolist() + ([] if endless is None else endless.dropna().tolist())
    if not found:
        return days, []
    return days.mask(far), [say("subscribers.open_dates", column=column, rows=len(found), value=found[0])]


def months_between(start: pd.Series, end: pd.Series) -> NDArray[np.float64]:
    """Return the months from one day to another: whole calendar months, and days by the length of the month begun."""
    first = start.to_numpy("datetime64[D]")
    last = end.to_numpy("datetime64[D]")
    months = last.astype("datetime64[M]").astype(float) - first.astype("datetime64[M]").astype(float)
    gaps = np.isnat(first) | np.isnat(last)
    whole = np.where(gaps, 0, months).astype(int)
    day = (first - first.astype("datetime64[M]")).astype(float)

    def later(count: NDArray[np.int64]) -> NDArray[np.datetime64]:
        month = first.astype("datetime64[M]") + count
        length = ((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")).astype(float)
        into = np.where(gaps, 0, np.minimum(day, length - 1)).astype(int)
        found: NDArray[np.datetime64] = month.astype("datetime64[D]") + into
        return found

    whole = np.where(~gaps & (later(whole) > last), whole - 1, whole)
    begun, after = later(whole), later(whole + 1)
    rest = (last - begun).astype(float) / (after - begun).astype(float)
    return np.where(gaps, np.nan, whole + rest)
