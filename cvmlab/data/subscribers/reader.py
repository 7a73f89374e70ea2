"""Read a table of subscribers: open, choose, load, judge, understand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from cvmlab.core.annotations import FrameOrFile
from cvmlab.core.guarding import public
from cvmlab.core.periods import as_date
from cvmlab.core.words import CvmError, say
from cvmlab.core.work import temporary_folder
from cvmlab.data.reading.asked import check_asked
from cvmlab.data.reading.notes import listed
from cvmlab.data.reading.opening.files import unread_folders
from cvmlab.data.reading.opening.parts import label_of, one_sentence, open_heads, short_name

from .charges import currency_of, figures_of, money
from .choosing import check_roles, choose, without
from .endings import find_left_date
from .features import beside, is_empty, is_personal, read_feature_days, tells_left
from .loading import load
from .naming import CAUSE, CHARGE, CHURNED, CONTRACT, CUSTOMER_ID, LEFT, PERSONAL, TOTAL, is_named, is_neutral
from .result import Subscribers
from .spans import days_of, tenure_of
from .table import Table, first_of, ids_of, left_by_word

if TYPE_CHECKING:
    import pandas as pd

_FRAME_NAMES = {CHARGE: "monthly_charge", TOTAL: "total_charge", CONTRACT: "contract", CAUSE: "cause"}
# so many rows in which a status contradicts a date are slips
_FEW, _FEW_SHARE = 3, 0.05
_RESERVED = ("customer_id", "left", "tenure_months", *_FRAME_NAMES.values(), "joined_date", "left_date")


@public
def read(
    source: FrameOrFile,
    *,
    columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    decimal: Literal["point", "comma"] | None = None,
    day_first: bool | None = None,
    tenure_unit: Literal["months", "days", "weeks", "years"] | None = None,
    left_words: str | Sequence[str] | None = None,
    as_of: dt.date | str | None = None,
    leave_out: str | Sequence[str] = (),
    name: str | None = None,
) -> Subscribers:
    """Read a table of subscribers: one row per customer, with whether the customer left.

    Parameters
    ----------
    source
        A file (CSV or other text in any encoding, .xlsx, .xls, .xlsb, .ods, HTML, Parquet) or a frame of pandas,
        polars, pyarrow or DuckDB. Kinds are told by content, not by the ending of the name.
    columns
        Role to source column, where it is not found by its name: ``customer_id``, ``churned``, ``tenure``, ``charge``
        (per month), ``total``, ``contract``, ``joined_date``, ``left_date``, ``cause``. An empty text says that there
        is no such column.
    sheet, encoding
        The sheet of a workbook, the encoding of a text, where they are not found.
    decimal, day_first
        How numbers and dates are written, where the source does not show it.
    tenure_unit
        What the tenure counts, where its header does not say; otherwise it is taken for months.
    left_words
        The word, or the words, in the column ``churned`` that mean that a customer left; all other words then mean
        that the customer is still there. Where there are no other words, blanks mean it too; an empty text among
        several words says that blanks mean that a customer left.
    as_of
        The day on which the table was made, a date or a text like ``"2024-12-31"``: for tenures from dates of joining,
        and for dates of leaving, which lie on or before it. Without it, the latest of these dates, or today if that
        is earlier.
    leave_out
        Columns that are not read, so that no score looks at them: written after customers left, or not to be used.
    name
        Short name of the source; made from the file name if left out.

    Returns
    -------
    Subscribers
        The frame ``customers`` with ``customer_id`` (text), ``left`` (bool), ``tenure_months``, ``monthly_charge``,
        ``total_charge`` (float), ``contract``, ``cause`` (text) as far as they were found, and the features, NaN where
        a cell is blank; and what was decided, in ``notes`` and ``left_out``.

    Raises
    ------
    CvmError
        If the source cannot be read; if no column says who left, or its words are not known, or it holds a probability;
        if most of the tenure is no number; if more than 5% of the ids stand for several different rows.

    Notes
    -----
    *Assumed*: each row is one customer, seen once. Rows that are equal in every cell are one; customers whose id stands
    for several different rows are left out and counted, as nobody can say which of the rows holds. Where there are
    dates of joining and of leaving in place of a tenure, it is the number of months from one to the other (of those who
    are still there, up to ``as_of``): whole calendar months, and the days after them by the length of the month begun.
    Days are converted by 30.4375 a month. A negative tenure is a blank.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("007", "34", "$56.95", "No", "DSL"), ("008", "2", "$1,053.85", "Yes", "DSL")]
    >>> table = pd.DataFrame(rows, columns=["customerID", "tenure", "MonthlyCharges", "Churn", "InternetService"])
    >>> found = read(table)
    >>> found.customers[["customer_id", "left", "tenure_months", "monthly_charge"]].values.tolist()
    [['007', False, 34.0, 56.95], ['008', True, 2.0, 1053.85]]
    >>> found.features, found.currency
    (('InternetService',), '$')
    """
    import duckdb

    chosen = {role: column or "" for role, column in dict(columns or {}).items()}
    check_roles(chosen)
    check_asked({"sheet": sheet, "encoding": encoding, "as_of": as_of})
    words = [left_words] if isinstance(left_words, str) else None if left_words is None else list(left_words)
    if words is not None and not any(word.strip() for word in words):
        raise CvmError("reading.empty_option", option="left_words")
    end = None if as_of is None else as_date(as_of)
    label = str(label_of(source, name))
    with temporary_folder() as folder, duckdb.connect() as connection, one_sentence(source, folder):
        heads, _ = open_heads(source, sheet, connection, None, name, encoding)
        choice = without(choose(heads, chosen, label), [leave_out] if isinstance(leave_out, str) else leave_out, label)
        loaded = load(choice, connection, folder)
        table = Table(connection, choice, loaded, decimal, day_first, chosen)
        table.notes += [str(note) for note in (*unread_folders(source), *loaded.table.notes)]
        return _subscribers(table, words, tenure_unit, end, name or short_name(source))


def _subscribers(
    table: Table, words: list[str] | None, tenure_unit: str | None, as_of: dt.date | None, name: str
) -> Subscribers:
    """Return the table, read."""
    import pandas as pd

    if not len(table.loaded) or not table.verdicts.used.any():
        raise CvmError("reading.no_rows", source=table.source)
    by_word = left_by_word(table, words)
    ids = ids_of(table)
    if by_word is not None:
        find_left_date(table, by_word)
    days, end = days_of(table, as_of, by_word)
    left = by_word if by_word is not None else days[LEFT].notna() & (days[LEFT] <= pd.Timestamp(str(end)))
    index = table.index()
    table.notes += _date_notes(table, left[index].astype("bool"), days, by_word is not None, end)
    frame: dict[str, pd.Series] = {"customer_id": ids[index], "left": left[index].astype("bool")}
    figures = figures_of(table, index)
    tenure, unit = tenure_of(table, index, tenure_unit, days, left, end)
    if tenure is not None:
        frame["tenure_months"] = tenure
    for role in (CHARGE, TOTAL):
        if role in table.columns:
            frame[_FRAME_NAMES[role]] = money(table, role, index)
    for role in (CONTRACT, CAUSE):
        if role in table.columns:
            cells = table.texts(role)[index]
            frame[_FRAME_NAMES[role]] = cells.mask(cells.str.lower().isin(["nan", "null", "n/a", "<na>"]))
    frame |= {role: found[index] for role, found in days.items()}
    features, personal = _add_features(table, frame, index)
    customers = pd.DataFrame(frame).reset_index(drop=True)
    return Subscribers(
        customers=customers,
        columns=table.columns,
        features=features,
        personal=personal,
        name=name,
        rows=len(table.loaded),
        left_out=table.verdicts.to_frame(table.loaded),
        notes=tuple(dict.fromkeys(table.notes)),
        currency=currency_of(table, figures),
        tenure_unit=unit,
        unit_taken=table.unit_taken,
    )


def _date_notes(
    table: Table, left: pd.Series, days: Mapping[str, pd.Series], by_word: bool, end: dt.date | None
) -> list[str]:
    """Return what is to be said where dates show that nobody left, or contradict the column that says who did."""
    import pandas as pd

    if LEFT not in days:
        return []
    if not by_word:
        if left.all():
            return [say("subscribers.all_left_by_date", column=table.columns[LEFT], date=str(end))]
        return [] if left.any() else [say("subscribers.nobody_left_by_date", column=table.columns[LEFT])]
    gone = days[LEFT][left.index] <= pd.Timestamp(str(end))
    wrong = gone & ~left
    if not wrong.any():
        return []
    said = {"column": table.columns[LEFT], "churned": table.columns[CHURNED], "rows": int(wrong.sum())}
    said["row"] = table.loaded.place(first_of(wrong))
    weak = is_neutral(table.columns[CHURNED]) or table.choice.inverted
    if weak and CHURNED not in table.chosen and wrong.sum() > max(_FEW, _FEW_SHARE * len(left)):
        raise CvmError("subscribers.status_and_dates", source=table.source, date=str(end), **said)
    return [say("subscribers.dates_disagree", **said)]


def _add_features(table: Table, frame: dict[str, pd.Series], index: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Add the other columns to the frame; return the features and the personal ones."""
    names = table.choice.names
    today = dt.date.today()
    table.notes += read_feature_days(
        table.connection, table.typed, table.day_columns, table.source, table.day_first, today
    )
    taken = {names.index(name) for name in table.columns.values()}
    aside = {names.index(name) for name in (*table.choice.answers, *table.choice.left_out)}
    numbering = {names.index(name) for name in table.choice.numbering}
    features, personal, renamed, answers = [], [], [], []
    if CUSTOMER_ID in table.columns:
        column = table.columns[CUSTOMER_ID]
        if is_named(column, PERSONAL) or is_personal(frame["customer_id"]):
            personal.append("customer_id")
    apart = beside(table.loaded, names, index)
    if apart:
        found = [names[place] for place in sorted(apart)]
        table.notes.append(say("subscribers.beside", columns=listed(found), count=len(found)))
    known = {*names, *frame, *_RESERVED}
    for place, name in enumerate(names):
        if place in taken or place in aside or place in apart or is_empty(table.loaded, place, index):
            continue
        cells = table.numbering(place) if place in numbering else table.typed.columns.get(place)
        if cells is None:
            # its numbers can be read in two ways
            cells = table.typed.figures[place]
        if place not in numbering and tells_left(cells, frame["left"], name):
            answers.append(name)
            continue
        made = name
        if name in frame or name in _RESERVED:
            made = _free(name, known)
            known.add(made)
            renamed.append(f"'{name}' → '{made}'")
        frame[made] = cells
        if place in numbering:
            continue
        if is_named(name, PERSONAL) or is_personal(cells):
            personal.append(made)
        else:
            features.append(made)
    for key, found in (
        ("same_as_left", answers),
        ("numbers_blanked", [name for name in table.typed.strays if name not in answers]),
        ("flags_read", [name for name in table.typed.flags if name not in answers]),
        ("personal", [n for n in personal if n != "customer_id"]),
    ):
        if found:
            table.notes.append(say(f"subscribers.{key}", columns=listed(found), count=len(found)))
    if renamed:
        table.notes.append(say("subscribers.renamed", names=", ".join(renamed)))
    if table.choice.numbering:
        found = list(table.choice.numbering)
        table.notes.append(say("subscribers.numbering", columns=listed(found), count=len(found)))
    return tuple(features), tuple(personal)


def _free(name: str, taken: set[str]) -> str:
    """Return a name that is not taken yet: with a number behind it where it is."""
    made, number = name, 2
    while made in taken:
        made, number = f"{name} ({number})", number + 1
    return made
