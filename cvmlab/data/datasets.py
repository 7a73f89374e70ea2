"""The data of the course: load a dataset by name, find its file, read its card.

A dataset is a Parquet file in ``datasets/`` with a card beside it. The card says where the data come from and
under which licence, what every column holds in which unit, what was changed, and what the data can teach and
what not. Datasets named ``…_truth`` hold what only a simulation knows: they are for grading.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from cvmlab.core.guarding import public
from cvmlab.core.paths import course_folder
from cvmlab.core.words import CvmError, language_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["card", "find", "load", "names", "path"]


def __dir__() -> list[str]:
    return __all__


@public
def names() -> tuple[str, ...]:
    """Return the names of all datasets, in alphabetical order.

    Examples
    --------
    >>> [name for name in names() if "_" not in name]
    ['appliances', 'carrier', 'grocery', 'telco']
    >>> [name for name in names() if name.endswith("_truth")][-3:]
    ['packaging_factors_truth', 'packaging_film_truth', 'packaging_leads_truth']
    """
    return tuple(sorted(file.stem for file in _folder().glob("*.parquet")))


@public
def path(name: str) -> Path:
    """Return the file of a dataset.

    Parameters
    ----------
    name
        One of `names`.

    Raises
    ------
    CvmError
        For an unknown name; names the datasets there are, and the nearest one.

    Examples
    --------
    >>> path("grocery").name
    'grocery.parquet'
    >>> path("grocerys")
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: There is no dataset 'grocerys'. Did you mean 'grocery'? ...
    """
    known = names()
    if name in known:
        return _folder() / f"{name}.parquet"
    listed = ", ".join(known)
    for guess in get_close_matches(str(name).strip().lower(), known, n=1):
        raise CvmError("datasets.did_you_mean", name=name, guess=guess, names=listed)
    raise CvmError("datasets.unknown", name=name, names=listed)


@public
def find(source: str | Path) -> Path:
    """Return what a source is: the path as it stands, or the file of the dataset of that name.

    A file or folder in the working folder goes before a dataset of the same name; what is neither is
    returned as it is, for the reader to say what is wrong with it. A dataset's name in other letters
    (``Grocery``) is refused with the right one, and so is an empty text.

    Examples
    --------
    >>> find("grocery").name, find("sales.xlsx").name
    ('grocery.parquet', 'sales.xlsx')
    """
    if not str(source).strip():
        raise CvmError("reading.no_source")
    there = Path(source)
    return path(str(source)) if not there.exists() and str(source).strip().lower() in names() else there


@public
def load(name: str) -> pd.DataFrame:
    """Load a dataset as a pandas frame.

    Parameters
    ----------
    name
        One of `names`.

    Returns
    -------
    pandas.DataFrame
        The columns that `card` lists: ids are text, dates are naive local times, money is float64 in the
        currency that the card names.

    Raises
    ------
    CvmError
        For an unknown name.

    Examples
    --------
    >>> load("grocery")[["customer_id", "order_id", "amount", "product"]].head(2)
      customer_id     order_id  amount  product
    0         900  31198570044    0.50   PASTRY
    1         900  31198570047    0.99  GROCERY
    """
    import pandas as pd

    return pd.read_parquet(path(name))


@public
def card(name: str, language: str | None = None) -> str:
    """Return the card of a dataset as Markdown text.

    Parameters
    ----------
    name
        One of `names`.
    language
        ``"en"`` or ``"zh"``; the language in force if left out.

    Raises
    ------
    CvmError
        For an unknown name or language.

    Examples
    --------
    >>> print(card("telco").splitlines()[0])
    # telco: subscribers of a telephone company
    """
    ending = ".zh.md" if language_of(language) == "zh" else ".md"
    return path(name).with_suffix(ending).read_text(encoding="utf-8")


def _folder() -> Path:
    return course_folder() / "datasets"
