"""A head: what is known of a file or sheet after a look at its beginning: kind, encoding, layout, first rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..columns import ColumnMapping
from ..raw import Source
from .records import Layout

Kind = Literal["text", "workbook", "html", "parquet", "frame"]

HEAD_ROWS = 200


@dataclass(frozen=True)
class Head(Source):
    """The beginning of one file or sheet."""

    kind: Kind
    # first rows as text, title rows and header included
    rows: Sequence[Sequence[str]]
    # DuckDB types of the columns of Parquet and frames, whose first row is their header
    types: tuple[str, ...] = ()
    # None for a frame
    path: Path | None = None
    # of a text: its encoding, whether the user named it, the line on which each row begins, how the cells lie
    encoding: str = ""
    stated: bool = False
    lines: Sequence[int] = ()
    layout: Layout | None = None
    # a sheet that the workbook does not show
    hidden: bool = False
    # the frame, what a look into the workbook found, or the table of an HTML page
    payload: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Part:
    """A file or sheet that is part of the log: its head, the position of its header, its mapping."""

    head: Head
    header: int | None
    names: tuple[str, ...]
    mapping: ColumnMapping
