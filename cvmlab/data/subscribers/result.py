"""What is known of a table of subscribers once it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cvmlab.core.guarding import public

if TYPE_CHECKING:
    import pandas as pd


@public
@dataclass(frozen=True)
class Subscribers:
    """A table of subscribers as it was read: one row per customer.

    Attributes
    ----------
    customers
        ``customer_id`` (text), ``left`` (bool) and, where the source has them, ``tenure_months`` (float, NaN where it
        is not known), ``monthly_charge`` and ``total_charge`` (float, in ``currency``), ``contract`` and ``cause``
        (text), ``joined_date`` and ``left_date`` (days); then the ``features``: numbers as float64, yes and no as bool
        (nullable where there are gaps), dates as datetime64, all else as text, NaN where a cell is blank.
    columns
        Role to source column: ``customer_id``, ``churned``, ``tenure``, ``charge``, ``total``, ``contract``,
        ``joined_date``, ``left_date``, ``cause``, those that were found.
    features
        The other columns, by their name in ``customers``. Row numbers, personal data and columns that say again who
        left are none.
    personal
        Columns of ``customers`` that hold names, telephone numbers, e-mail addresses and the like: to be masked.
    name
        Short name of the source.
    rows
        Number of rows in the source below its header.
    left_out
        ``reason`` (a code, worded by ``say(f"subscribers.reason_{reason}")``), ``rows``, ``example`` (number of such a
        row in the file, counted from 1).
    notes
        Sentences, in the language in force when the source was read: what was converted, what is doubtful.
    currency
        Currency of the charges as the source states it, an empty text if it does not.
    tenure_unit
        ``"months"``, ``"days"``, ``"weeks"`` or ``"years"``: what the source counts the tenure in, or is taken to; an
        empty text where there is none.
    unit_taken
        Whether nothing says what the tenure counts, so that it was taken for months.

    Examples
    --------
    >>> import pandas as pd
    >>> from cvmlab.data.subscribers.reader import read
    >>> found = read(pd.DataFrame({"customerID": ["007", "008"], "tenure": [1, 34], "Churn": ["Yes", "No"]}))
    >>> found.columns
    {'customer_id': 'customerID', 'churned': 'Churn', 'tenure': 'tenure'}
    """

    customers: pd.DataFrame
    columns: dict[str, str]
    features: tuple[str, ...]
    personal: tuple[str, ...]
    name: str
    rows: int
    left_out: pd.DataFrame
    notes: tuple[str, ...]
    currency: str = ""
    tenure_unit: str = ""
    unit_taken: bool = False
