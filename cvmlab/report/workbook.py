"""The customer list as a workbook and as CSV, safe to open in a spreadsheet.

Texts stay texts: an id ``007`` keeps its zeros, and a text that begins like a formula is never run. In the
workbook such a cell is stored as text; in the CSV, where a spreadsheet decides by the first character, it is
led by an apostrophe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

EXCEL_ROWS = 1_048_576
# full-width signs too: a spreadsheet set to Chinese or Japanese takes them for the plain ones
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
# Characters that XML, and so a workbook, cannot hold
_UNPRINTABLE = dict.fromkeys([*(set(range(32)) - {9, 10, 13}), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF])
# widths in characters, heights in points
_WIDEST, _WIDEST_HEAD, _LINE = 72, 20, 15
_TO_FILL_IN = "FFF2CC"


@dataclass(frozen=True)
class Sheet:
    """A table to be written as a sheet, its columns called as people read them."""

    frame: pd.DataFrame
    # column → number format of the spreadsheet
    formats: Mapping[str, str] = field(default_factory=dict)
    # column to be filled in → what may be chosen; empty where anything may be written
    answers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    filtered: bool = True


def write_workbook(sheets: Mapping[str, Sheet], path: Path) -> dict[str, int]:
    """Write sheets with a frozen header row and filters; return how many rows did not fit, by sheet."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    left_out = {}
    for title, sheet in sheets.items():
        fitting = sheet.frame.iloc[: EXCEL_ROWS - 1]
        _write_sheet(book, title, replace(sheet, frame=fitting))
        if len(fitting) < len(sheet.frame):
            left_out[title] = len(sheet.frame) - len(fitting)
    book.save(path)
    return left_out


def _write_sheet(book: Any, title: str, table: Sheet) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    # printed: the whole width on a page across, the heads on each page
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "1:1"
    frame = table.frame
    widths = [_width(str(name), frame[name]) for name in frame.columns]
    header = []
    for number, (name, width) in enumerate(zip(frame.columns, widths, strict=True), start=1):
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = width
        cell = WriteOnlyCell(sheet, str(name))
        cell.data_type = "s"
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True)
        if name in table.answers:
            cell.fill = PatternFill("solid", fgColor=_TO_FILL_IN)
            _offer(sheet, letter, len(frame), table.answers[name])
        header.append(cell)
    if table.filtered and len(frame.columns):
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(frame.columns))}{len(frame) + 1}"
    # not every spreadsheet works out how high a row with wrapped text must be
    sheet.row_dimensions[1].height = _LINE * max(map(_lines, map(str, frame.columns), widths), default=1)
    for number, lines in enumerate(_lines_of_rows(frame), start=2):
        if lines > 1:
            sheet.row_dimensions[number].height = _LINE * lines
    sheet.append(header)
    columns = [_cells(sheet, frame[name], table.formats.get(name)) for name in frame.columns]
    for row in zip(*columns, strict=True):
        sheet.append(row)


def _offer(sheet: Any, letter: str, rows: int, answers: Sequence[str]) -> None:
    """Offer a choice of answers in the cells of a column; another answer may be typed all the same."""
    from openpyxl.worksheet.datavalidation import DataValidation

    if not answers or not rows:
        return
    choice = DataValidation(type="list", formula1=f'"{",".join(answers)}"', allow_blank=True, showErrorMessage=False)
    choice.add(f"{letter}2:{letter}{rows + 1}")
    sheet.data_validations.append(choice)


def _cells(sheet: Any, column: pd.Series[Any], number_format: str | None) -> list[Any]:
    if column.dtype.kind in "iufb":
        numbers = column.to_numpy()
        if column.dtype.kind == "f":
            numbers = np.round(numbers, 4)
        found = [None if number != number else number for number in numbers.tolist()]
    elif column.dtype.kind == "M":
        found = [None if missing else day for day, missing in zip(column.dt.date, column.isna(), strict=True)]
    else:
        # pandas puts NaN back into a column of texts, whatever it is filled with
        found = [None if gap else _text_cell(sheet, text) for text, gap in zip(column, column.isna(), strict=True)]
    return found if number_format is None else [_formatted(sheet, value, number_format) for value in found]


def _formatted(sheet: Any, value: Any, number_format: str) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment

    cell = WriteOnlyCell(sheet, value)
    cell.number_format = number_format
    if isinstance(value, date):
        # a date stands at the right, and would run into a text beside it
        cell.alignment = Alignment(horizontal="center")
    return cell


def _text_cell(sheet: Any, value: object) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment

    text = str(value).translate(_UNPRINTABLE)
    starts_a_formula = text.startswith("=")
    wraps = _lines(text) > 1
    if not starts_a_formula and not wraps:
        return text
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    cell.quotePrefix = starts_a_formula
    cell.alignment = Alignment(wrap_text=wraps)
    return cell


def _width(name: str, column: pd.Series[Any]) -> float:
    shown = [f"{value:,.1f}" if isinstance(value, float) else str(value) for value in column.head(200)]
    longest = max(map(_wide, shown), default=0)
    return float(min(max(longest, min(_wide(name), _WIDEST_HEAD)) + 3, _WIDEST))


def _wide(text: str) -> int:
    """Return how many digits a text is wide; a Chinese character takes two."""
    return sum(2 if ord(letter) > 0x2E80 else 1 for letter in text)


def _lines(text: str, width: float = _WIDEST) -> int:
    """Return how many lines a text takes in a column so wide."""
    return -(-_wide(text) // int(width))


def _lines_of_rows(frame: pd.DataFrame) -> NDArray[np.int64]:
    """Return how many lines the highest cell of each row takes."""
    lines = np.ones(len(frame), dtype=np.int64)
    for name in frame.columns:
        if frame[name].dtype.kind not in "iufbM":
            texts = frame[name].astype("object").fillna("").astype("str")
            long = texts.str.len().to_numpy() > _WIDEST / 2
            lines[long] = np.maximum(lines[long], [_lines(text) for text in texts[long]])
    return lines


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as CSV in UTF-8 with a byte-order mark, so that Excel reads the Chinese in it."""
    safe = frame.copy()
    for name in frame.columns:
        if frame[name].dtype.kind not in "iufbM":
            safe[name] = _without_formulas(frame[name])
    safe.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n", float_format="%.4f")


def _without_formulas(column: pd.Series[Any]) -> pd.Series[Any]:
    # categories take no new text
    cells, texts = column.astype("object"), column.astype("str")
    return cells.where(~texts.str.startswith(_STARTS_A_FORMULA, na=False), "'" + texts)
