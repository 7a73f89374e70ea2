"""The customer list as a workbook and as CSV, safe to open in a spreadsheet.

Texts stay texts: an id ``007`` keeps its zeros, and a text that begins like a formula is never run. In the
workbook such a cell is stored as text; in the CSV, where a spreadsheet decides by the first character, it is
led by an apostrophe.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

EXCEL_ROWS = 1_048_576
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# Characters that XML, and so a workbook, cannot hold
_UNPRINTABLE = dict.fromkeys([*(set(range(32)) - {9, 10, 13}), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF])
_WIDEST = 48


def write_workbook(sheets: Mapping[str, pd.DataFrame], path: Path) -> dict[str, int]:
    """Write frames as sheets with a frozen header row and filters; return how many rows did not fit, by sheet."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    left_out = {}
    for title, frame in sheets.items():
        fitting = frame.iloc[: EXCEL_ROWS - 1]
        _write_sheet(book, title, fitting)
        if len(fitting) < len(frame):
            left_out[title] = len(frame) - len(fitting)
    book.save(path)
    return left_out


def _write_sheet(book: Any, title: str, frame: pd.DataFrame) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for number, name in enumerate(frame.columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = _width(str(name), frame[name])
    if len(frame.columns):
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(frame.columns))}{len(frame) + 1}"
    header = []
    for name in frame.columns:
        cell = WriteOnlyCell(sheet, str(name))
        cell.data_type = "s"
        cell.font = Font(bold=True)
        header.append(cell)
    sheet.append(header)
    columns = [_cells(sheet, frame[name]) for name in frame.columns]
    for row in zip(*columns, strict=True):
        sheet.append(row)


def _cells(sheet: Any, column: pd.Series[Any]) -> list[Any]:
    if column.dtype.kind in "iufb":
        numbers = column.to_numpy()
        if column.dtype.kind == "f":
            rounded = np.round(numbers, 4)
            return [None if np.isnan(number) else number for number in rounded.tolist()]
        return list(numbers.tolist())
    if column.dtype.kind == "M":
        return [None if missing else day for day, missing in zip(column.dt.date, column.isna(), strict=True)]
    # pandas puts NaN back into a column of texts, whatever it is filled with
    return [None if missing else _text_cell(sheet, text) for text, missing in zip(column, column.isna(), strict=True)]


def _text_cell(sheet: Any, value: object) -> Any:
    from openpyxl.cell import WriteOnlyCell

    text = str(value).translate(_UNPRINTABLE)
    if not text.startswith("="):
        return text
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    cell.quotePrefix = True
    return cell


def _width(name: str, column: pd.Series[Any]) -> float:
    longest = max([len(str(value)) for value in column.head(200)], default=0)
    # a Chinese character is twice as wide as a digit
    head = sum(2 if ord(letter) > 0x2E80 else 1 for letter in name)
    return float(min(max(longest, head) + 3, _WIDEST))


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as CSV in UTF-8 with a byte-order mark, so that Excel reads the Chinese in it."""
    safe = frame.copy()
    for name in frame.columns:
        if frame[name].dtype.kind not in "iufbM":
            safe[name] = _without_formulas(frame[name])
    safe.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n", float_format="%.4f")


def _without_formulas(column: pd.Series[Any]) -> pd.Series[Any]:
    dangerous = column.astype("str").str.startswith(_STARTS_A_FORMULA) & column.notna()
    return column.where(~dangerous, "'" + column.astype("str"))
