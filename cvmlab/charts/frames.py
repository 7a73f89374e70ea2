"""What the frame of a chart holds, column by column: declared where the chart is, checked here for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cvmlab.core.annotations import LARGEST
from cvmlab.core.checking import outside_in_row
from cvmlab.core.refusing import brief
from cvmlab.core.words import CvmError, Wording
from cvmlab.data.tables import check_columns, check_present

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Holds:
    """What a column holds: figures between bounds, dates, or texts, perhaps of a few that the chart knows."""

    kind: Literal["number", "date", "text"] = "number"
    minimum: float = -LARGEST
    maximum: float = LARGEST
    #: Whether cells may be empty, the column may be missing, and not every figure may be 0.
    gaps: bool = False
    optional: bool = False
    some: bool = False
    texts: tuple[str, ...] = ()


FIGURE, COUNT, SHARE = Holds(), Holds(minimum=0), Holds(minimum=0, maximum=1)
#: Customers or moves of which a chart without any would be empty.
SOME = Holds(minimum=0, some=True)
DATE, TEXT = Holds("date"), Holds("text")


def check_frame(
    frame: pd.DataFrame,
    table: str,
    columns: Mapping[str, Holds],
    *,
    once: Iterable[str] = (),
    in_order: bool = False,
    may_be_empty: bool = False,
) -> pd.DataFrame:
    """Return the declared columns as float64, dates and plain texts, or raise `CvmError` that says which cell is wrong.

    ``once`` names the columns of which no two rows may hold the same; ``in_order`` sorts the rows by them.
    """
    import pandas as pd

    declared = {name: holds for name, holds in columns.items() if not holds.optional or name in frame}
    check_columns(frame, declared, table)
    if not len(frame) and not may_be_empty:
        raise CvmError("tables.no_rows", table=table)
    plain = pd.DataFrame({name: _plain(frame[name], holds, table) for name, holds in declared.items()})
    key = list(once)
    if not key:
        return plain
    repeated = plain.duplicated(key).to_numpy()
    if repeated.any():
        row = int(repeated.argmax())
        first = int((plain[key] == plain[key].iloc[row]).all(axis=1).to_numpy().argmax())
        shown = ", ".join(f"{name} {_shown(plain[name].iloc[row])}" for name in key)
        raise CvmError("charts.repeated", table=table, first=first + 1, row=row + 1, same=shown)
    return plain.sort_values(key, ignore_index=True) if in_order else plain


def _plain(column: pd.Series[Any], holds: Holds, table: str) -> pd.Series[Any]:
    """Return a column as its kind, with a fresh index."""
    column = column.reset_index(drop=True)
    missing = column.isna().to_numpy()
    if not holds.gaps:
        check_present(missing, str(column.name), table)
    plain = {"number": _figures, "date": _dates, "text": _texts}[holds.kind](column)
    _check_cells(column, plain.isna().to_numpy() & ~missing, f"kind_{holds.kind}", table)
    if holds.kind == "number":
        _check_figures(plain, holds, table)
    if holds.texts:
        _check_cells(column, ~plain.isin(holds.texts).to_numpy() & ~missing, "", table, holds.texts)
    return plain


def _figures(column: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return column.map(lambda _: np.nan).astype(float)
    return pd.to_numeric(column.astype(object), errors="coerce").astype(float)


def _dates(column: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    if isinstance(column.dtype, pd.PeriodDtype):
        return pd.Series(column.dt.to_timestamp())
    if pd.api.types.is_numeric_dtype(column) or isinstance(column.dtype, pd.DatetimeTZDtype):
        return pd.Series(pd.NaT, index=column.index, name=column.name)
    # only texts in which nobody can take the month for the day
    return pd.to_datetime(column.astype(object), errors="coerce", format="ISO8601")


def _texts(column: pd.Series[Any]) -> pd.Series[Any]:
    def text(cell: object) -> str | None:
        said = str(cell)
        return None if not said.isascii() and any("\ud800" <= sign <= "\udfff" for sign in said) else said

    return column.astype(object).map(text, na_action="ignore")


def _check_cells(
    column: pd.Series[Any], wrong: NDArray[np.bool_], expected: str, table: str, choices: tuple[str, ...] = ()
) -> None:
    """Raise `CvmError` that shows the first wrong cell and says what belongs there."""
    if not wrong.any():
        return
    row = int(wrong.argmax())
    said: dict[str, object] = {"column": column.name, "row": row + 1, "table": table}
    if choices:
        known = ", ".join(filter(None, choices))
        raise CvmError("charts.unknown_text", value=column.iloc[row], choices=known, **said)
    raise CvmError("charts.other_kind", value=_shown(column.iloc[row]), expected=Wording(f"tables.{expected}"), **said)


def _check_figures(figures: pd.Series[Any], holds: Holds, table: str) -> None:
    # shares that were added up may be a rounding beyond 1
    outside = ~figures.between(holds.minimum - 1e-9, holds.maximum + 1e-9).to_numpy() & figures.notna().to_numpy()
    if outside.any():
        raise outside_in_row(figures.to_numpy(), outside, figures.name, table, holds.minimum, holds.maximum)
    if holds.some and not figures.any():
        raise CvmError("charts.all_zero", column=figures.name, table=table)


def _shown(value: object) -> str:
    import pandas as pd

    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else brief(value)
