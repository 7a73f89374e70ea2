"""Small pieces of HTML: everything that comes from data is escaped here, once."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from cvmlab.core.formats import money, percent, whole_money
from cvmlab.core.words import term

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["text", "id", "word", "money", "count", "decimal", "percent", "date", "yes", "number_text"]
# Column name to its header and the kind of its figures, in the order shown.
Columns = dict[str, tuple[str, Kind]]
_NUMBERS = frozenset({"money", "count", "decimal", "percent", "number_text"})


def escape(text: object) -> str:
    """Return text that shows in a page as it is, whatever signs it holds."""
    return html.escape(str(text))


def heading(text: str) -> str:
    """Return a section heading."""
    return f"<h2>{escape(text)}</h2>"


def subheading(text: str) -> str:
    """Return a heading inside a section."""
    return f"<h3>{escape(text)}</h3>"


def paragraph(text: str, *, quiet: bool = False) -> str:
    """Return a paragraph; ``quiet`` ones are for sources and definitions."""
    return f"<p{' class=quiet' if quiet else ''}>{escape(text)}</p>"


def note(text: str) -> str:
    """Return a paragraph that must not be overlooked."""
    return f"<div class='note'>{escape(text)}</div>"


def sentences(texts: Iterable[str]) -> str:
    """Return a numbered list of sentences."""
    return "<ol class='sentences'>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ol>"


def tag(kind: Literal["known", "estimated", "assumed"]) -> str:
    """Return a small label that marks a figure as known, estimated or assumed."""
    return f"<span class='tag {kind}'>{escape(term(f'report.{kind}'))}</span>"


def cards(figures: Iterable[tuple[str, str, str]]) -> str:
    """Return a row of large figures: (figure, what it is, known | estimated | assumed)."""
    cells = "".join(
        f"<div class='stake'><div class='figure'>{escape(figure)}</div>"
        f"<div class='what'>{escape(what)} {tag(kind)}</div></div>"  # type: ignore[arg-type]
        for figure, what, kind in figures
    )
    return f"<div class='stakes'>{cells}</div>"


def table(frame: pd.DataFrame, columns: Columns, *, caption: str = "", rows: int | None = None) -> str:
    """Return the first rows of a frame, or all, as a table."""
    shown = frame if rows is None else frame.head(rows)
    heads = "".join(f"<th{_number_class(kind)}>{escape(label)}</th>" for label, kind in columns.values())
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{_class(kind)}>{escape(cell(value, kind))}</td>"
            for value, (_, kind) in zip(row, columns.values(), strict=True)
        )
        + "</tr>"
        for row in shown[list(columns)].itertuples(index=False)
    )
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<div class='table'><table>{title}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"


def _number_class(kind: Kind) -> str:
    return " class=number" if kind in _NUMBERS else ""


def _class(kind: Kind) -> str:
    return f" class={kind}" if kind in ("id", "date") else _number_class(kind)


def cell(value: Any, kind: Kind) -> str:
    """Return a value as a reader expects it; a missing one as a dash."""
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if kind == "money":
        return whole_money(float(value)) if abs(float(value)) >= 10 else money(round(float(value), 2))
    if kind == "percent":
        return percent(float(value))
    if kind == "count":
        return f"{value:,.0f}"
    if kind == "decimal":
        return f"{value:.2f}"
    if kind == "date":
        return "–" if str(value) == "NaT" else str(value)[:10]
    if kind == "yes":
        return term("report.yes") if value else ""
    if kind == "word":
        return term(str(value))
    return str(value)


class Page:
    """HTML that a notebook displays."""

    def __init__(self, text: str) -> None:
        self.text = text

    def _repr_html_(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return "HTML"


def page(*pieces: str) -> Page:
    """Join pieces of HTML into one output."""
    return Page("\n".join(pieces))
