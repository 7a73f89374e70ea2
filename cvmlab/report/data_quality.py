"""The last section of a report: what was read, what was left out and why, to the cent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cvmlab.case.cautions import FAIR_ABOVE, POOR_ABOVE, quality_light
from cvmlab.core.formats import percent
from cvmlab.core.words import keys, say, term

from . import html
from .html import Columns, Kind

if TYPE_CHECKING:
    from cvmlab.data.reading import ColumnMapping, DataReport

_MOST_MONTHS = 24


def quality(report: DataReport, mapping: ColumnMapping) -> list[html.Page]:
    """Return the section on data quality; the report of a masked log tells no cell."""
    light = term(f"report.light_{quality_light(report)}")
    rule = say("report.quality_rule", light=light, fair=percent(FAIR_ABOVE), poor=percent(POOR_ABOVE))
    pieces = [
        html.heading(term("report.quality_title")),
        html.paragraph(rule),
        html.paragraph(term("report.quality_lead")),
        _reconciliation(report),
        html.subheading(term("report.quality_warnings")),
        *_notes(report),
        _columns(mapping),
        _suspicious(report),
        _samples(report),
        _by(report.by_source(), ("file", "sheet"), term("report.quality_by_source")),
        _by_month(report),
    ]
    return [html.page(*pieces)]


def _reconciliation(report: DataReport) -> str:
    frame = report.reconcile()
    frame["cents"] = [f"{amount:,.2f}" for amount in frame["amount"]]
    columns: Columns = {
        "label": (term("report.quality_line"), "id"),
        "rows": (term("report.quality_rows"), "count"),
        "cents": (term("report.quality_amount"), "number_text"),
        "unknown_amounts": (term("report.quality_unknown"), "count"),
    }
    return html.table(frame, columns)


def _notes(report: DataReport) -> list[str]:
    said = [html.note(str(note)) for note in report.notes if note.level == "warning"]
    said += [html.paragraph(str(note), quiet=True) for note in report.notes if note.level == "note"]
    hints = [html.paragraph(str(note), quiet=True) for note in report.notes if note.level == "hint"]
    return (said or [html.paragraph(term("report.quality_no_warnings"))]) + hints


def _columns(mapping: ColumnMapping) -> str:
    known = keys()
    rows = [
        (term(f"report.role_{role}") if f"report.role_{role}" in known else role, column)
        for role, column in mapping.to_dict().items()
        if column
    ]
    columns: Columns = {
        "role": (term("report.quality_role"), "text"),
        "column": (term("report.quality_column"), "id"),
    }
    return html.table(pd.DataFrame(rows, columns=["role", "column"]), columns, caption=term("report.quality_columns"))


def _suspicious(report: DataReport) -> str:
    if not report.suspicious:
        return ""
    columns: Columns = {
        "customer": (term("report.customer"), "id"),
        "name": (term("report.customer_name"), "text"),
        "rows": (term("report.quality_rows"), "count"),
        "amount": (term("report.quality_amount"), "number_text"),
        "excluded": (term("report.quality_excluded"), "yes"),
    }
    rows = [
        (customer.customer_id, customer.customer_name, customer.rows, f"{customer.amount:,.2f}", customer.excluded)
        for customer in report.suspicious
    ]
    return html.table(pd.DataFrame(rows, columns=list(columns)), columns, caption=term("report.quality_suspicious"))


def _samples(report: DataReport) -> str:
    if not report.samples:
        return ""
    rows = [
        (
            say(f"reading.line_{sample.reason}"),
            " · ".join(part for part in (sample.file, sample.sheet) if part),
            sample.row,
            sample.value,
        )
        for sample in report.samples
    ]
    columns: Columns = {
        "reason": (term("report.reason"), "text"),
        "place": (term("report.quality_place"), "text"),
        "row": (term("report.quality_row"), "count"),
        "value": (term("report.quality_value"), "text"),
    }
    return html.table(pd.DataFrame(rows, columns=list(columns)), columns, caption=term("report.quality_samples"))


def _by_month(report: DataReport) -> str:
    months = report.by_month()
    if len(months) <= _MOST_MONTHS:
        return _by(months, ("month",), term("report.quality_by_month"))
    caption = say("report.quality_by_last_months", shown=_MOST_MONTHS, months=len(months))
    return _by(months.tail(_MOST_MONTHS), ("month",), caption)


def _by(frame: pd.DataFrame, names: tuple[str, ...], caption: str) -> str:
    shown = frame.copy()
    for column in ("amount", "used_amount", "dropped_amount"):
        shown[column] = [f"{amount:,.2f}" for amount in frame[column]]
    kinds: dict[str, Kind] = dict.fromkeys(names, "text")
    for what in ("", "used_", "dropped_"):
        kinds |= {f"{what}rows": "count", f"{what}amount": "number_text"}
    columns: Columns = {name: (term(f"report.quality_{name}"), kind) for name, kind in kinds.items()}
    return html.table(shown, columns, caption=caption)
