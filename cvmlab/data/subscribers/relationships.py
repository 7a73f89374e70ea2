"""Who was a customer from when to when: a table with one row per relationship, beside a log of what they paid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cvmlab.core.annotations import FrameOrFile
from cvmlab.core.words import CvmError, say
from cvmlab.core.work import temporary_folder
from cvmlab.data.reading.notes import listed
from cvmlab.data.reading.opening.parts import label_of, one_sentence, open_heads, short_name

from .choosing import Choice, check_roles, choose
from .loading import load
from .naming import CAUSE, CUSTOMER_ID, JOINED, LEFT, ROLES
from .spans import days_of
from .table import Table

if TYPE_CHECKING:
    import pandas as pd

    from cvmlab.data.reading.opening.heads import Head

#: What names a table of relationships beside a log: sales.csv and sales_subscribers.csv.
BESIDE = "_subscribers"
_NEEDED = (CUSTOMER_ID, JOINED, LEFT)


@dataclass(frozen=True)
class Relationships:
    """Relationships as a firm recorded them.

    ``frame`` has a row per relationship: ``customer_id`` (text), ``joined_date``, ``left_date`` (days, NaT while it
    lasts), ``cause`` (text, missing where nobody stated any). ``columns`` are the source's by role; ``notes`` say what
    was taken how; ``name`` is that of the source.
    """

    frame: pd.DataFrame
    columns: Mapping[str, str]
    name: str
    notes: tuple[str, ...]


def read_relationships(
    source: FrameOrFile, *, as_of: dt.date, columns: Mapping[str, str] | None = None
) -> Relationships:
    """Read a table with one row per relationship; a customer who came back may have several.

    ``as_of`` is the last day of the log: who leaves later is still there. Raise `CvmError` where no column says who,
    from when or until when.
    """
    import duckdb
    import pandas as pd

    chosen = {role: column for role, column in dict(columns or {}).items() if column and role in ROLES}
    check_roles(chosen)
    label = str(label_of(source, None))
    with temporary_folder() as folder, duckdb.connect() as connection, one_sentence(source, folder):
        heads, _ = open_heads(source, None, connection, None)
        choice = _choice(heads, chosen, label)
        missing = [role for role in _NEEDED if role not in choice.columns]
        if CUSTOMER_ID in missing:
            raise CvmError("subscribers.no_relationship_ids", source=choice.head.name, columns=listed(choice.names))
        if missing:
            raise CvmError(
                "subscribers.no_relationships", source=choice.head.name, columns=listed(choice.names),
                role=say(f"report.role_{missing[0]}"), option="--" + missing[0].replace("_", "-"),
            )  # fmt: skip
        table = Table(connection, choice, load(choice, connection, folder), None, None, chosen)
        days, _ = days_of(table, as_of)
        if JOINED not in days or LEFT not in days:
            column = table.choice.columns[JOINED if JOINED not in days else LEFT]
            raise CvmError("subscribers.no_dates", source=table.source, column=column, value="")
        cells = {CUSTOMER_ID: table.texts(CUSTOMER_ID), **{role: days[role] for role in (JOINED, LEFT)}}
        if CAUSE in table.columns:
            said = table.texts(CAUSE)
            cells["cause"] = said.mask(said.str.lower().isin(["nan", "null", "n/a", "<na>"]))
        frame = pd.DataFrame(cells)
        notes = [*table.loaded.table.notes, *table.notes]
    frame["cause"] = frame["cause"].astype(object) if "cause" in frame else None
    frame, doubts = _usable(frame, pd.Timestamp(as_of))
    return Relationships(frame, dict(table.columns), short_name(source), (*map(str, notes), *doubts))


def _choice(heads: Sequence[Head], chosen: Mapping[str, str], label: str) -> Choice:
    """Return the table and its columns; its ids may have another name than those of the log, which was said."""
    try:
        return choose(heads, chosen, label)
    except CvmError as error:
        others = {role: column for role, column in chosen.items() if role != CUSTOMER_ID}
        if error.key != "reading.unknown_column" or others == chosen:
            raise
        return choose(heads, others, label)


def _usable(frame: pd.DataFrame, end: pd.Timestamp) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows that are relationships up to a day, and what is to be said of the others."""
    unknown = frame[CUSTOMER_ID].isna() | frame[JOINED].isna()
    backward = (frame[LEFT] < frame[JOINED]) & ~unknown
    notes = [
        say(f"subscribers.{key}", rows=f"{int(rows.sum()):,}")
        for key, rows in (("relationships_unknown", unknown), ("relationships_backward", backward))
        if rows.any()
    ]
    kept = frame[~unknown & ~backward & (frame[JOINED] <= end)].drop_duplicates()
    kept = kept.assign(**{LEFT: kept[LEFT].where(kept[LEFT] <= end)})
    return kept.sort_values([CUSTOMER_ID, JOINED], kind="stable", ignore_index=True), notes


def file_beside(source: str | Path) -> Path | None:
    """Return the table of relationships that lies beside a log under its name and ``_subscribers``, if one does."""
    path = Path(source)
    if not path.is_file() or path.stem.endswith(BESIDE):
        return None
    found = sorted(one for one in path.parent.glob("*") if one.stem == path.stem + BESIDE and one.is_file())
    # the cards of the course's own tables have the same names
    return next((one for one in found if one.suffix.lower() not in {".md", ".json", ".zh"}), None)
