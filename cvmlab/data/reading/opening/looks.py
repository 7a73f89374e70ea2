"""What a look into a workbook finds, whatever its format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
# first row, last row, column; counted from 1, as everything here
Merge = tuple[int, int, int]
Place = tuple[int, int]
ERRORS = frozenset(
    {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!"}
)


@dataclass(frozen=True)
class Book:
    """What a workbook says of itself."""

    # its days are counted from 1904
    from_1904: bool = False
    # the values of its formulas are to be calculated when Excel opens it
    recalculates: bool = False
    # name of a sheet to its part in the archive
    parts: Mapping[str, str] = field(default_factory=dict)
    # style of a cell to the currency in its number format
    signs: Mapping[int, str] = field(default_factory=dict)
    # style of a cell to the number of digits that it shows at least
    digits: Mapping[int, int] = field(default_factory=dict)
    # styles of cells that are struck through
    struck: frozenset[int] = frozenset()


@dataclass
class Look:
    """What a sheet shows beside its values."""

    merges: list[Merge] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: set[int] = field(default_factory=set)
    # rows with a cell that is struck through, which is how people cancel an order by hand
    struck_rows: set[int] = field(default_factory=set)
    # rows in the foot of a table of a page
    foot_rows: list[int] = field(default_factory=list)
    # cells of numbers whose format says a currency, a unit or a sign, where a reader gives the bare number
    signs: dict[Place, str] = field(default_factory=dict)
    # cells whose formula failed, which some readers give as empty
    errors: dict[Place, str] = field(default_factory=dict)
    # formulas without a value
    uncalculated: set[Place] = field(default_factory=set)
    # the last row and column that the sheet states or fills
    height: int = 0
    width: int = 0

    def reach(self, row: int, column: int) -> None:
        """Note that the sheet reaches to a row and a column."""
        self.height, self.width = max(self.height, row), max(self.width, column)


def downward(top: int, bottom: int, left: int, right: int) -> list[Merge]:
    """Return a merge of cells column by column, nothing if it lies in one row."""
    return [(top, bottom, column) for column in range(left, min(right, left + 1000) + 1)] if bottom > top else []


def column_number(letters: bytes) -> int:
    """Return the number of a column, 27 for AA."""
    number = 0
    for letter in letters[:4]:
        number = number * 26 + letter - 64
    return number


def cell_name(row: int, column: int) -> str:
    """Return what a spreadsheet calls a cell, AA7 for row 7 and column 27."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"
