"""Judged rows handed on to another process, in parts: each a Parquet file that carries its data report.

Rows are judged once, beside all others of their source. A part read by itself would be judged anew without them: rows
that differ only in a column left out would be repeats, a collective customer's share another one.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

from cvmlab.core.words import CvmError

from .notes import Note
from .opening.parts import one_sentence
from .quality import DataReport
from .raw import quoted
from .rows.totals import sums_of
from .rows.verdicts import DATA_ROWS, USED_ROWS

_KEY = "cvmlab_judged"


def write_parts(log: Any, column: str, folder: Path) -> dict[str | None, Path]:
    """Write a Parquet file for each value of a column of a `Log`; see there."""
    group = _group(log, column)
    with one_sentence(folder):
        folder.mkdir(parents=True, exist_ok=True)
    found = log.connection.execute(
        f"""SELECT {group}, min(date), max(date), count(DISTINCT customer_id),
            list(DISTINCT coalesce(currency, '') ORDER BY coalesce(currency, ''))
        FROM log WHERE {USED_ROWS} GROUP BY 1 ORDER BY 1"""
    ).fetchall()
    files: dict[str | None, Path] = {}
    for number, (value, first, last, customers, currencies) in enumerate(found):
        if len(currencies) > 1:
            listed, example = ", ".join(name or "–" for name in currencies), max(currencies)
            raise CvmError("reading.several_currencies", source=value or log.name, found=listed, example=example)
        mine = f"{group} IS NOT DISTINCT FROM {'NULL' if value is None else quoted(value)}"
        quality = dataclasses.replace(
            _of_part(log, mine), first_date=first.isoformat(), last_date=last.isoformat(), customers=customers
        )
        path = folder / f"{number:04}.parquet"
        # silence counts to the end of the whole
        as_of = (log.as_of or dt.date.fromisoformat(log.quality.last_date)).isoformat()
        told = {"quality": quality.to_dict(), "mapping": log.mapping.to_dict(), "as_of": as_of}
        said = json.dumps({**told, "currency": currencies[0]})
        carries = f"(FORMAT parquet, KV_METADATA {{{_KEY}: {quoted(said)}}})"
        log.connection.execute(f"COPY ({log.query} AND {mine}) TO {quoted(path)} {carries}")
        files[value] = path
    return files


def sums_by(log: Any, column: str) -> dict[str | None, tuple[int, Any, int]]:
    """Return rows, amount and customers of each part that `write_parts` would write."""
    found = log.connection.execute(
        f"""SELECT {_group(log, column)}, count(*), sum(exact), count(DISTINCT customer_id)
        FROM log WHERE {USED_ROWS} GROUP BY 1"""
    ).fetchall()
    return {value: (rows, amount, customers) for value, rows, amount, customers in found}


def _group(log: Any, column: str) -> str:
    known = [name for name, *_ in log.connection.execute("SELECT * FROM log LIMIT 0").description]
    if column not in log.kept and column not in known:
        columns = ", ".join(f"'{name}'" for name in log.kept or known)
        raise CvmError("reading.unknown_column", column=column, source=log.name, columns=columns)
    return f"k{log.kept.index(column)}" if column in log.kept else f'"{column}"'


def _of_part(log: Any, mine: str) -> DataReport:
    """Return the data report of the rows of which a condition holds, with the remarks on the whole."""
    rows, amount = log.connection.execute(
        f"SELECT count(*), coalesce(sum(exact), 0) FROM log WHERE {DATA_ROWS} AND {mine}"
    ).fetchone()
    listed = ", ".join(quoted(customer.customer_id) for customer in log.quality.suspicious) or "NULL"
    known = log.connection.execute(
        f"SELECT DISTINCT customer_id FROM log WHERE customer_id IN ({listed}) AND {mine}"
    ).fetchall()
    whole: DataReport = log.quality
    return dataclasses.replace(
        whole,
        sums=sums_of(log.connection, log.parts, mine),
        control_rows=rows,
        control_amount=amount,
        samples=(),
        suspicious=tuple(customer for customer in whole.suspicious if (customer.customer_id,) in known),
        notes=(Note("judged_in_whole", {"name": log.name}), *whole.notes),
    )


def carried(source: Any) -> dict[str, Any] | None:
    """Return what a file of `write_parts` carries: data report, mapping and as-of date; None for other sources."""
    if not isinstance(source, str | Path) or not _is_part(Path(source)):
        return None
    import duckdb

    with duckdb.connect() as connection:
        (value,) = connection.execute(
            f"SELECT value FROM parquet_kv_metadata({quoted(source)}) WHERE key = '{_KEY}'"
        ).fetchall()[0]
    said: dict[str, Any] = json.loads(value)
    return said


def _is_part(path: Path) -> bool:
    """Return whether the footer of a Parquet file names the data report; no other file is opened."""
    if path.suffix != ".parquet" or not path.is_file():
        return False
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 8))
        footer = int.from_bytes(file.read(4), "little") + 8
        file.seek(max(0, size - footer))
        return _KEY.encode() in file.read(footer)
