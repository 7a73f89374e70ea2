"""What is passed on while a file is read: the head of a file or sheet, the raw table for DuckDB, a cell as text.

A *head* is what is known of a file or sheet after a look at its beginning: kind, encoding, separator, first
rows. A *raw table* is all of it, as something DuckDB can scan, with columns ``c0, c1, …``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .notes import Note

Kind = Literal["text", "xlsx", "html", "parquet", "frame"]
Progress = Callable[[str, float], None]

HEAD_ROWS = 200
CHUNK = 1 << 20


@dataclass(frozen=True)
class Head:
    """The beginning of one file or sheet.

    Attributes
    ----------
    file, sheet
        How messages call it; ``sheet`` is empty where there is none.
    kind
        What it is by content.
    rows
        First rows as text, title rows and header included.
    types
        DuckDB types of the columns of Parquet and frames, whose first row is their header; else empty.
    path
        Where it lies, None for a frame.
    encoding, separator
        For text.
    payload
        The frame, or the name by which a workbook calls the sheet, or the rows of an HTML table.
    """

    file: str
    kind: Kind
    rows: Sequence[Sequence[str]]
    sheet: str = ""
    types: tuple[str, ...] = ()
    path: Path | None = None
    encoding: str = ""
    separator: str = ""
    payload: Any = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """How messages call it: file, and sheet if it has one."""
        return f"{self.file} [{self.sheet}]" if self.sheet else self.file


@dataclass(frozen=True)
class RawTable:
    """A whole file or sheet that DuckDB can scan.

    Attributes
    ----------
    file, sheet
        As in `Head`.
    columns
        The header's names, told apart; the scan calls them ``c0, c1, …``.
    types
        DuckDB type of each column, ``VARCHAR`` for anything that came as text.
    scan
        What stands after ``FROM``. It may have a further column ``extra``: cells beyond the last column.
    first_row
        Row number in the file of the first row after the header, from 1.
    has_extra
        Whether the scan has the column ``extra``.
    plainer
        Makes a more patient, slower scan of the same text, for files that DuckDB's reader refuses.
    """

    file: str
    sheet: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    scan: str
    first_row: int
    has_extra: bool = False
    notes: tuple[Note, ...] = ()
    plainer: Callable[[], RawTable] | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"{self.file} [{self.sheet}]" if self.sheet else self.file


def cell_text(value: Any) -> str:
    """Return a cell as text: whole floats without their ``.0``, dates in ISO.

    Examples
    --------
    >>> cell_text(17850.0), cell_text(None), cell_text(0.5)
    ('17850', '', '0.5')
    """
    import datetime as dt

    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        if value != value:
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        text = value.isoformat(" ")
        return text.removesuffix(" 00:00:00") if value.tzinfo is None else text
    return str(value)


def quoted(text: str | Path) -> str:
    """Return text as an SQL literal."""
    return "'" + str(text).replace("'", "''") + "'"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, short enough for a sentence."""
    return str(error).strip().split("\n", 1)[0][:200]


def new_file(folder: Path) -> Path:
    """Return the path of a further temporary file in a folder."""
    return folder / f"{len(list(folder.iterdir()))}.csv"
