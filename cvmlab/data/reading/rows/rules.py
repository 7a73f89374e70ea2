"""The rules by which the rows of a log are judged."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """The rules by which rows are judged; see `cvmlab.reading.read`."""

    day_first: bool | None
    timezone: str | None
    today: dt.date
    drop_duplicates: bool | None = None
    include_future: bool = False
    include_suspicious: bool = False
    as_of: dt.date | None = None
    year_first: bool | None = None
    decimal: str | None = None
    currency: str | None = None
    merge_ids: bool = False
    fill_down: bool | None = None
    amount_per: str | None = None
