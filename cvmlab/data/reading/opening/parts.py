"""What is there to read: the heads of files and sheets, and which of them are parts of one log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from cvmlab.core.words import CvmError, say
from cvmlab.data import tables

from ..cells import dates
from ..columns import ColumnMapping, guess_mapping
from ..mappings import SavedMapping, load_saved, mapping_path
from ..notes import Note, listed
from ..part_names import no_sales_word, own_names, returns_word
from ..quality import Unused
from ..raw import Progress, Source, first_line
from ..role_names import JOINT, distinct_names, find_header, plain_name, ranks_of, roles_of, row_pattern
from ..roles import QUANTITY, UNIT_PRICE, option
from .files import find_files, read_heads
from .frames import frame_head
from .headings import check_headings
from .heads import Head, Part
from .order_kinds import without_order_kinds
from .stated_units import stated_unit
from .unused_columns import check_sum_beside, exchange_notes, rate_notes, unused_notes, without_shares

_NAME = "frame"
# net comes first: 不含税 ends like 含税
_NET_OR_GROSS = ("net_amount", "gross_amount")
# what is asked of one part is asked at once
_ASKED = ("reading.ambiguous", "reading.number_as_customer", "reading.tables_beside")
# names that may be those of an order or a row as well
_OF_ANYTHING = frozenset({"name", "id"})
_FEWEST_NUMBERS = 20
_MONEY = frozenset({tables.AMOUNT, QUANTITY, UNIT_PRICE})


@contextmanager
def one_sentence(source: Any, folder: Path = Path()) -> Iterator[None]:
    """Turn what the system or DuckDB says into a sentence with the next step."""
    import errno

    import duckdb

    label = label_of(source, None)
    try:
        yield
    except PermissionError as error:
        raise CvmError("reading.no_permission", file=str(error.filename or label)) from error
    except duckdb.OutOfMemoryException as error:
        raise CvmError("reading.out_of_memory", source=label) from error
    except (OSError, duckdb.Error) as error:
        reason = first_line(error)
        is_full = isinstance(error, duckdb.IOException) and "space" in reason.lower()
        if is_full or (isinstance(error, OSError) and error.errno == errno.ENOSPC):
            raise CvmError("reading.disk_full", reason=reason, folder=str(folder.parent)) from error
        raise CvmError("reading.engine_failed", source=label, reason=reason) from error


def short_name(source: Any) -> str:
    """Return the short name of a source: a file's name without its ending."""
    if not isinstance(source, str | Path):
        return _NAME
    path = Path(source).resolve()
    return path.name if path.is_dir() else path.stem


def label_of(source: Any, name: str | None) -> str:
    """Return what a source is called in messages."""
    if isinstance(source, str | Path):
        return Path(source).name or str(source)
    return name or _NAME


def open_heads(
    source: Any,
    sheet: str | None,
    connection: Any,
    progress: Progress | None,
    name: str | None = None,
    encoding: str | None = None,
) -> tuple[list[Head], SavedMapping]:
    """Return the heads of all files and sheets of a source, and the choice of columns saved beside it."""
    if not isinstance(source, str | Path):
        if sheet is not None:
            raise CvmError("reading.sheet_of_no_workbook", sheet=sheet, source=name or _NAME)
        return [frame_head(source, name or _NAME, connection)], SavedMapping()
    if not str(source).strip():
        raise CvmError("reading.no_source")
    path = Path(source)
    found = find_files(path)
    saved = saved_beside(path)
    sheet, encoding = sheet or saved.options.get("sheet"), encoding or saved.options.get("encoding")
    heads: list[Head] = []
    for number, file in enumerate(found):
        if progress:
            progress(say("reading.step_looking"), number / len(found))
        heads += read_heads(file, sheet, encoding=encoding)
    if sheet is not None and not any(head.kind == "workbook" for head in heads):
        raise CvmError("reading.sheet_of_no_workbook", sheet=sheet, source=path.name)
    return heads, saved


def saved_beside(source: Any) -> SavedMapping:
    """Return what is saved beside a source, nothing if there is nothing."""
    if not isinstance(source, str | Path) or not str(source).strip():
        return SavedMapping()
    return load_saved(source) if mapping_path(source).exists() else SavedMapping()


def choose_parts(
    heads: Sequence[Head], chosen: Mapping[str, str], label: str, saved: SavedMapping
) -> tuple[list[Part], list[Unused]]:
    """Find header and columns of each head; set aside those without a customer, a date or an amount."""
    parts: list[Part] = []
    unused: list[tuple[int, Head, CvmError]] = []
    for head in heads:
        rows = head.rows[:30] if not head.types else head.rows[:1]
        if not any(cell.strip() for row in rows for cell in row):
            unused.append((-1, head, CvmError("reading.empty_file", file=head.name)))
            continue
        header, names = header_of(head, rows, chosen)
        try:
            _check_one_table(head, names)
            mapping = guess_mapping(names, chosen, head.name)
            _check_customer(head, header, names, mapping)
            if head.hidden:
                raise CvmError("reading.hidden_sheet", file=head.file, sheet=head.sheet)
            mapping = replace(mapping, unit=stated_unit(rows, header, names, mapping))
            parts.append(without_order_kinds(without_shares(Part(head, header, names, mapping))))
            check_sum_beside(parts[-1])
        except CvmError as error:
            if head.kind == "text" and (fitting := _encoding_that_fits(names, head.encoding)):
                raise CvmError("reading.other_encoding", source=head.name, **fitting) from error
            if error.key.startswith(_ASKED) and not head.hidden and not no_sales_word(head.name):
                raise
            error = check_headings(head, header, error)
            score = len({role for name in names for role in roles_of(name)} | set(chosen.values()) & set(names))
            unused.append((score, head, error))
    if not parts:
        # one known name alone may be the month of a summary; the list has more columns
        best = max(unused, key=lambda entry: (entry[0] * (entry[0] > 1), max(map(len, entry[1].rows), default=0)))[2]
        ours = {name for role, name in saved.columns.items() if chosen.get(role) == name}
        if saved.path is not None and best.key == "reading.unknown_column" and best.values["column"] in ours:
            raise CvmError("reading.bad_mapping_file", file=saved.path.name, reason=str(best)) from best
        if len(unused) == 1 or best.key in ("reading.unknown_column", "reading.hidden_sheet"):
            raise best
        raise CvmError("reading.nothing_fits", source=label, reason=str(best)) from best
    parts, others = _by_name(parts)
    unused += [(0, part.head, error) for part, error in others]
    _check_one_amount(parts)
    return parts, [
        Unused(head.file, head.sheet, Note(error.key.removeprefix("reading."), error.values, "warning"))
        for _, head, error in unused
    ]


def _encoding_that_fits(names: Sequence[str], used: str) -> dict[str, str]:
    """Return the encoding in which more of the names are understood, with the names; nothing if there is none.

    The rows may be plain letters, so that only the header tells.
    """
    known = sum(bool(roles_of(name)) for name in names)
    others = [(encoding, 1) for encoding in ("windows-1251", "windows-1250", "windows-1254", "windows-1253")]
    # hardly any text can be read as UTF-8 that is not
    others += [] if used.startswith("utf") else [("utf-8", 0)]
    for encoding, more in others:
        with suppress(UnicodeError, LookupError):
            source = used if encoding == "utf-8" else "windows-1252"
            read = [name.encode(source).decode(encoding) for name in names]
            if sum(bool(roles_of(name)) for name in read) > known + more:
                return {"encoding": encoding, "columns": listed(read)}
    return {}


def _repeated(names: Sequence[str]) -> list[str]:
    """Return the columns whose name stands there before, as Amount (2)."""
    return [name for name in names if _base(name) in {*names} - {name}]


def _base(name: str) -> str:
    return re.sub(r" \(\d+\)$", "", name)


def _check_one_table(head: Head, names: Sequence[str]) -> None:
    """Raise `CvmError` where a second table, with customers, dates and amounts, stands beside the first."""
    repeated = _repeated(names)
    roles = {role for name in repeated for role in ranks_of(_base(name))}
    if {tables.DATE, tables.AMOUNT} <= roles and roles & {tables.CUSTOMER_ID, tables.CUSTOMER_NAME}:
        raise CvmError("reading.tables_beside", source=head.name, columns=listed(repeated))


def _check_customer(head: Head, header: int | None, names: Sequence[str], mapping: ColumnMapping) -> None:
    """Raise `CvmError` where a column such as name or id, found as the customer, numbers the rows or the orders."""
    column = mapping[tables.CUSTOMER_ID]
    if plain_name(column) not in _OF_ANYTHING or tables.CUSTOMER_ID in mapping.chosen:
        return
    place = names.index(column)
    body = head.rows[0 if header is None else header + 1 :]
    cells = [cell for row in body if (cell := "".join(row[place : place + 1]).strip())]
    numbers = all(re.fullmatch(r"\D{0,6}\d+", cell) for cell in cells)
    if numbers and len(set(cells)) == len(cells) >= _FEWEST_NUMBERS:
        said = {"source": head.name, "column": column, "example": cells[0]}
        raise CvmError("reading.number_as_customer", **said, columns=listed(names))


def _by_name(parts: Sequence[Part]) -> tuple[list[Part], list[tuple[Part, CvmError]]]:
    """Return the parts that may hold sales, and those that do not by their name; all, where none would be left."""
    words = [no_sales_word(name) for name in own_names([part.head for part in parts])]
    if all(words):
        return list(parts), []
    others = [
        (part, CvmError("reading.no_sales_name", source=part.head.name, word=word))
        for part, word in zip(parts, words, strict=True)
        if word
    ]
    return [part for part, word in zip(parts, words, strict=True) if not word], others


def _check_one_amount(parts: Sequence[Part]) -> None:
    """Raise `CvmError` where the amount of one part is net and that of another gross by name."""
    found: dict[str, tuple[Part, str]] = {}
    for part in parts:
        name = _amount_name(part)
        for kind in _NET_OR_GROSS:
            if re.fullmatch(row_pattern(kind), plain_name(name)):
                found.setdefault(kind, (part, name))
                break
    if len(found) < len(_NET_OR_GROSS):
        return
    (one, net), (other, gross) = (found[kind] for kind in _NET_OR_GROSS)
    said = {"source": one.head.name, "net": net, "other": other.head.name, "gross": gross}
    role = tables.AMOUNT if tables.AMOUNT in one.mapping else UNIT_PRICE
    raise CvmError("reading.net_and_gross", **said, option=option(role), role=role)


def _amount_name(part: Part) -> str:
    return part.mapping.get(tables.AMOUNT) or part.mapping[UNIT_PRICE]


def header_of(
    head: Head, rows: Sequence[Sequence[str]], chosen: Mapping[str, str]
) -> tuple[int | None, tuple[str, ...]]:
    """Return the row in which the header of a head stands, None where there is none, and the names in it."""
    if head.types:
        return 0, distinct_names(head.rows[0])
    header = find_header(rows, chosen.values())
    if (header is None and any(name.startswith("column ") for name in chosen.values())) or _headless(rows):
        width = max(len(row) for row in rows)
        return None, distinct_names([""] * width)
    if header is None:
        header = next((position for position, row in enumerate(rows) if sum(map(bool, row)) > 1), 0)
    for above in (header, header - 1):
        if above >= 0 and (joined := _joined(rows, above)):
            return above + 1, distinct_names(joined)
    names = list(rows[header])
    while len(names) > 1 and not names[-1].strip():
        names.pop()
    return header, distinct_names(names)


def _joined(rows: Sequence[Sequence[str]], above: int) -> list[str]:
    """Return the names of a header over two rows, groups above and columns below; nothing if it is none."""
    if above + 1 >= len(rows):
        return []
    width = max(len(row) for row in rows[above : above + 2])
    upper, lower = ([*map(str.strip, row), *[""] * (width - len(row))] for row in rows[above : above + 2])
    pairs = list(zip(upper, lower, strict=True))
    alone = [one for one, two in pairs if one and not two]
    below = [two for one, two in pairs if two]
    is_header = any(map(roles_of, alone)) and any(_MONEY.intersection(roles_of(name)) for name in below)
    # a row of data has a customer and a date, and so no gaps below these
    if not is_header or any(sign.isdigit() for sign in "".join([*alone, *below])) or len(below) == width:
        return []
    names, group = [], ""
    for one, two in pairs:
        group = one or group
        names.append(JOINT.join(filter(None, (group, two))) if two else one)
        # what stands over nothing is no group of its neighbours
        group = group if two else ""
    while len(names) > 1 and not names[-1]:
        names.pop()
    return names


def _headless(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row is data already: a date or several numbers, as in the rows below."""
    filled = [row for row in rows if any(cell.strip() for cell in row)][:5]

    def like_data(row: Sequence[str]) -> bool:
        shapes = [cell.strip().translate(str.maketrans("0123456789", "9999999999")) for cell in row]
        # six or ten digits may be anything
        return any((dates.form_of(shape) or "epoch") not in dates.DIGITS for shape in shapes) and len(row) > 2

    return len(filled) > 1 and all(like_data(row) for row in filled)


def check_keep(keep: Sequence[str], parts: Sequence[Part]) -> None:
    """Raise `CvmError` for a column to keep that no part has."""
    known = {name for part in parts for name in part.names}
    for name in keep:
        if name not in known:
            raise CvmError(
                "reading.unknown_column",
                column=name,
                source=parts[0].head.file,
                columns=", ".join(f"'{column}'" for column in parts[0].names),
            )
    contract = {column.name for column in tables.TRANSACTIONS.columns}
    roles = {role for part in parts for role in part.mapping.columns} & contract
    for name in keep:
        role = name.lower()
        if role in roles and any(part.mapping.get(role) != name for part in parts if name in part.names):
            raise CvmError("reading.kept_name_taken", column=name, role=role)


def part_notes(parts: Sequence[Part]) -> Iterator[Note]:
    """Yield what was decided about the columns of each part."""
    if len({plain_name(_amount_name(part)) for part in parts}) > 1:
        # the first part of each name speaks for the others
        first = {plain_name(_amount_name(part)): part for part in reversed(parts)}
        named = [f"'{_amount_name(part)}' ({part.head.name})" for part in reversed(first.values())]
        yield Note("amounts_named", {"columns": ", ".join(named)})
    for part in parts:
        yield from part.mapping.notes
        joined = [name for name in part.names if JOINT in name and name not in part.head.rows[part.header or 0]]
        if joined:
            yield Note("joined_header", {"source": part.head.name, "example": joined[0]})
        if repeated := _repeated(part.names):
            yield Note("repeated_columns", {"source": part.head.name, "columns": ", ".join(repeated)}, "warning")
    yield from unused_notes(parts)
    yield from rate_notes(parts)
    yield from exchange_notes(parts)


def left_out_notes(unused: Sequence[Unused]) -> Iterator[Note]:
    """Yield a warning for each file and sheet that was left out although it has something to say of the sales."""
    for part in unused:
        source = Source(part.file, part.sheet).name
        if part.reason.key in ("hidden_sheet", "no_sales_name"):
            yield part.reason
        elif part.reason.key != "empty_file" and returns_word(source):
            yield Note("returns_unread", {"source": source, "reason": str(part.reason)}, "warning")


def bytes_of(heads: Sequence[Head]) -> int:
    """Return the size of the files behind the heads."""
    paths = {head.path for head in heads if head.path is not None}
    return sum(path.stat().st_size for path in paths)
