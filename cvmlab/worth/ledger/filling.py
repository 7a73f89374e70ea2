"""The form in which a ledger is entered: a workbook with heads, choices and a key, or the heads of a CSV (S08)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cvmlab.core.files import write_whole
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, term
from cvmlab.data.tables import ACTIVITY, COST, DATE, LEDGER, TIMES, VALUE

from .reading import known_activities

# the last row of a sheet
_LAST = 1_048_576
_FORMATS = {DATE: "yyyy-mm-dd", VALUE: "#,##0.00", COST: "#,##0.00", TIMES: "0.##"}
_WIDTH, _KEY_WIDTH = 18, 80


@public
def form(path: str | Path, activities: Sequence[str] | None = None) -> Path:
    """Write the empty form of a ledger, to be filled in and read with `read`.

    Parameters
    ----------
    path
        A new ``.xlsx`` or ``.csv``; an existing file is not overwritten, as it may be filled in.
    activities
        The names to choose from. A workbook offers them in a list and warns of another name; a CSV has heads only.

    Returns
    -------
    pathlib.Path
        The file, written whole: heads in the language in force; in a workbook also a key that says what is entered
        in each column, and cells that keep ids as text, take dates as dates and refuse a cost below zero.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> form(Path(folder.name) / "ledger.xlsx", activities=["sale", "call", "visit"]).name
    'ledger.xlsx'
    >>> folder.cleanup()
    """
    target = Path(path)
    names = () if activities is None else known_activities(activities)
    if target.suffix.lower() not in (".xlsx", ".csv"):
        raise CvmError("ledger.form_ending", file=str(target))
    if target.exists():
        raise CvmError("ledger.form_exists", file=str(target))
    heads = {column.name: term(f"ledger.{column.name}") for column in LEDGER.columns}
    if target.suffix.lower() == ".csv":
        # with a byte-order mark, so that a spreadsheet reads the Chinese in it
        write_whole(target, f"{','.join(heads.values())}\r\n".encode("utf-8-sig"))
    else:
        write_whole(target, _workbook(heads, names))
    return target


def _workbook(heads: dict[str, str], activities: Sequence[str]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet: Any = book.active
    sheet.title = term("ledger.sheet")
    _write(sheet, [list(heads.values())])
    sheet.freeze_panes = "A2"
    letters = {name: get_column_letter(place) for place, name in enumerate(heads, start=1)}
    for name, letter in letters.items():
        sheet.column_dimensions[letter].width = _WIDTH
        # text, so that 007 stays 007
        sheet.column_dimensions[letter].number_format = _FORMATS.get(name, "@")
    _check_cells(sheet, letters, len(activities))
    key = book.create_sheet(term("ledger.key_sheet"))
    _write(key, [[term("ledger.key_column"), term("ledger.key_meaning")]])
    _write(key, [[head, term(f"ledger.key_{name}")] for name, head in heads.items()], start=2)
    key.column_dimensions["A"].width, key.column_dimensions["B"].width = _WIDTH, _KEY_WIDTH
    if activities:
        choices = book.create_sheet(term("ledger.activity_sheet"))
        _write(choices, [[term("ledger.activity_known")], *([name] for name in activities)])
        choices.column_dimensions["A"].width = 2 * _WIDTH
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _write(sheet: Any, rows: Sequence[Sequence[str]], start: int = 1) -> None:
    """Write texts, the first row of a sheet in bold; a text that begins like a formula stays a text."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Alignment, Font

    for number, row in enumerate(rows, start=start):
        for place, text in enumerate(row, start=1):
            cell = sheet.cell(number, place, ILLEGAL_CHARACTERS_RE.sub("", text))
            cell.data_type, cell.font = "s", Font(bold=number == 1)
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def _check_cells(sheet: Any, letters: dict[str, str], activities: int) -> None:
    """Say in each cell what it takes: an activity of the list, a date, a number, a cost of at least 0."""
    from openpyxl.worksheet.datavalidation import DataValidation

    rules: dict[str, dict[str, Any]] = {
        DATE: {"type": "date", "operator": "greaterThan", "formula1": "1"},
        VALUE: {"type": "decimal", "operator": "between", "formula1": "-1E15", "formula2": "1E15"},
        COST: {"type": "decimal", "operator": "greaterThanOrEqual", "formula1": "0"},
        TIMES: {"type": "decimal", "operator": "greaterThanOrEqual", "formula1": "0"},
    }
    if activities:
        listed = f"'{term('ledger.activity_sheet')}'!$A$2:$A${activities + 1}"
        rules[ACTIVITY] = {"type": "list", "formula1": listed, "errorStyle": "warning"}
    for name, rule in rules.items():
        check = DataValidation(**rule, allow_blank=True, showErrorMessage=True, error=term(f"ledger.key_{name}"))
        check.add(f"{letters[name]}2:{letters[name]}{_LAST}")
        sheet.data_validations.append(check)
