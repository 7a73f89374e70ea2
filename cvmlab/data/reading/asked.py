"""Options of `read` that are wrong whatever the source holds: found before anything is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cvmlab.core.periods import as_date
from cvmlab.core.words import CvmError

_OF_TEXT = ("sheet", "encoding", "timezone", "currency")


def check_asked(given: Mapping[str, Any]) -> None:
    """Raise `CvmError` for an empty option, a day that does not exist and an unknown time zone."""
    for name in _OF_TEXT:
        value = given.get(name)
        # a sheet may be called by a space
        if isinstance(value, str) and not (value if name == "sheet" else value.strip()):
            raise CvmError("reading.empty_option", option=name)
    if given.get("as_of") is not None:
        as_date(given["as_of"])
    if given.get("timezone") is not None:
        check_timezone(given["timezone"])


def check_timezone(timezone: str) -> None:
    """Raise `CvmError` for a time zone that neither Python nor DuckDB knows."""
    import zoneinfo

    try:
        zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        # Windows has no zone files of its own; DuckDB brings its own list
        import duckdb

        with duckdb.connect() as connection:
            known = connection.execute("SELECT count(*) FROM pg_timezone_names() WHERE name = ?", [timezone]).fetchone()
        if known is None or not known[0]:
            raise CvmError("reading.unknown_timezone", zone=timezone) from error
