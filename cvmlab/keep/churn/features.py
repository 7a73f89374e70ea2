"""Columns of any kind as figures a model can use: numbers, yes or no, dates as ages, texts as levels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import narwhals as nw
import numpy as np

from cvmlab.core.words import CvmError, say
from cvmlab.data.tables import CUSTOMER_ID, check_columns, check_one_row_each, check_text_ids, collected

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.uint8]

Kind = Literal["number", "flag", "date", "text"]
#: Levels of a text that are kept apart, and customers that one needs; the others are one level.
MOST_LEVELS, FEWEST_PER_LEVEL = 20, 5
#: Bands into which a number is cut to count how many leave in each.
BANDS = 8
#: Texts are numbers if so many of those that are filled in can be read as one.
_READABLE = 0.98


@dataclass(frozen=True)
class Feature:
    """A column as figures: of a text the place of its level; NaN where the cell is empty."""

    name: str
    kind: Kind
    figures: Floats
    levels: tuple[str, ...] = ()
    #: Upper edges of the bands of a number, the last band open; of a text each level is a band.
    edges: tuple[float, ...] = ()
    was_text: bool = False

    @property
    def bands(self) -> int:
        """Number of bands, the one of empty cells included."""
        return (len(self.levels) if self.kind == "text" else len(self.edges) + 1) + 1

    def banded(self, figures: Floats) -> Codes:
        """Return the band of each figure, the last one where it is missing."""
        codes = figures if self.kind == "text" else np.searchsorted(np.array(self.edges), figures, side="left")
        banded: Codes = np.where(np.isnan(figures), self.bands - 1, np.nan_to_num(codes)).astype(np.uint8)
        return banded


def customers_with(customers: Any, left: str, needed: Iterable[str] = ()) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Return customers in the order of their ids, their rows as index, and who left; or raise `CvmError`."""
    check_columns(customers, [CUSTOMER_ID, left, *needed])
    pandas = collected(nw.from_native(customers)).to_pandas()
    check_one_row_each(pandas)
    check_text_ids(pandas, "customers")
    # the same customers give the same answer in whatever order they come
    ids = pandas[CUSTOMER_ID].astype(str).reset_index(drop=True)
    place = ids.sort_values(kind="stable").index
    ordered = pandas.iloc[place].set_axis(place, axis=0)
    return ordered, yes_or_no(ordered, left)


def yes_or_no(customers: pd.DataFrame, column: str) -> NDArray[np.bool_]:
    """Return a column of True and False as an array, or raise `CvmError`."""
    import pandas as pd

    found = customers[column]
    missing = found.isna().to_numpy()
    if pd.api.types.infer_dtype(found, skipna=True) != "boolean":
        raise CvmError("churn.not_yes_no", column=column, found=str(found.dtype))
    if missing.any():
        raise CvmError("churn.missing", column=column, rows=int(missing.sum()))
    return found.to_numpy(dtype=bool)


def columns_asked(
    customers: pd.DataFrame, features: Sequence[str] | None, exclude: Sequence[str], kept_out: Iterable[str]
) -> list[str]:
    """Return the columns to look at: those named, or all but the excluded ones and the id and outcome columns."""
    check_columns(customers, [*(features or ()), *exclude])
    out = {*exclude, *kept_out}
    for name in features or ():
        if name in kept_out:
            raise CvmError("churn.not_a_feature", column=name)
    names = [name for name in (customers.columns if features is None else features) if name not in out]
    if not names:
        raise CvmError("churn.no_features")
    return list(dict.fromkeys(names))


def encode(customers: pd.DataFrame, names: Sequence[str]) -> list[Feature]:
    """Return the named columns as figures, each with its bands."""
    return [_feature(customers[name], name) for name in names]


def _feature(column: pd.Series[Any], name: str) -> Feature:
    import pandas as pd

    if pd.api.types.is_bool_dtype(column):
        return _banded(name, "flag", column.to_numpy(dtype=np.float64, na_value=np.nan))
    if pd.api.types.is_numeric_dtype(column):
        return _banded(name, "number", column.to_numpy(dtype=np.float64, na_value=np.nan))
    if pd.api.types.is_datetime64_any_dtype(column) or isinstance(column.dtype, pd.DatetimeTZDtype):
        return _dates(column, name)
    if pd.api.types.is_timedelta64_dtype(column):
        return _banded(name, "number", np.asarray(column.dt.total_seconds(), dtype=np.float64) / 86_400)
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind == "boolean":
        return _banded(name, "flag", np.asarray(column.astype("Float64"), dtype=np.float64))
    if kind in ("integer", "floating", "mixed-integer-float", "decimal"):
        return _banded(name, "number", np.asarray(pd.to_numeric(column, errors="coerce"), dtype=np.float64))
    if kind in ("date", "datetime", "datetime64"):
        return _dates(pd.to_datetime(column, errors="coerce", utc=True), name)
    return _text(column, name)


def _dates(column: pd.Series[Any], name: str) -> Feature:
    """Return dates as days before the last one in the column, so that a longer time is a larger figure."""
    age: Any = column.max() - column
    return _banded(name, "date", np.asarray(age.dt.total_seconds(), dtype=np.float64) / 86_400)


def as_texts(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column as texts without blanks around them, missing where a cell is empty or blank."""
    texts = column.astype(object).map(str, na_action="ignore").astype("str").str.strip()
    return texts.mask(texts == "")


def numbers_in(texts: pd.Series[Any]) -> Floats | None:
    """Return texts as numbers if nearly all that are filled in can be read as one, else None."""
    import pandas as pd

    filled = texts.notna()
    figures = pd.to_numeric(texts, errors="coerce").astype(np.float64)
    readable = np.isfinite(figures) & (figures.abs() <= 1e15)
    if not filled.any() or (readable & filled).sum() < _READABLE * filled.sum():
        return None
    return np.asarray(figures.where(readable), dtype=np.float64)


def _text(column: pd.Series[Any], name: str) -> Feature:
    texts = as_texts(column)
    figures = numbers_in(texts)
    # of a code with a few levels, such as a region 1 to 4 kept as text, each is a level of its own
    if figures is not None and texts.nunique() > MOST_LEVELS:
        return _banded(name, "number", figures, was_text=True)
    counts = texts.value_counts()
    kept = counts[counts >= min(FEWEST_PER_LEVEL, max(len(texts) // 20, 1))].index
    # by number of customers, then by name, so that the order of rows does not matter
    levels = sorted(kept, key=lambda level: (-counts[level], level))[:MOST_LEVELS]
    place = {level: float(number) for number, level in enumerate(levels)}
    other = float(len(levels))
    codes = np.asarray(texts.map(lambda text: place.get(text, other), na_action="ignore"), dtype=np.float64)
    if (codes == other).any():
        levels.append(say("churn.other_levels"))
    return Feature(name, "text", codes, tuple(levels))


def _banded(name: str, kind: Kind, figures: Floats, *, was_text: bool = False) -> Feature:
    known = figures[~np.isnan(figures)]
    different = np.unique(known) if len(known) else known
    if len(different) <= BANDS:
        edges = different[:-1]
    else:
        edges = np.quantile(known, np.arange(1, BANDS) / BANDS, method="inverted_cdf")
        # one value that fills several bands gets its own, and those beside it theirs
        value, count = np.unique(edges, return_counts=True)
        if count.max() > 1:
            most = value[count.argmax()]
            below = different[different < most][-1:]
            edges = np.quantile(known[known != most], (0.25, 0.5, 0.75), method="inverted_cdf")
            edges = np.concatenate([value, below, edges])
        edges = np.unique(edges)
        edges = edges[edges < different[-1]]
    return Feature(name, kind, figures, (), tuple(edges.tolist()), was_text)
