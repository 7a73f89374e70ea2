"""Which sheet, which header and which columns: found by their names, or said by the user."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cvmlab.core.words import CvmError, say
from cvmlab.data.reading.columns import column_named
from cvmlab.data.reading.notes import listed
from cvmlab.data.reading.opening.heads import Head
from cvmlab.data.reading.opening.parts import header_of
from cvmlab.data.reading.role_names import distinct_names

from .leaving import is_plausible, speaks_of_leaving
from .naming import (
    ABOUT_LEAVING,
    CAUSE,
    CHARGE,
    CHURNED,
    CUSTOMER_ID,
    JOINED,
    LEFT,
    MAY_KNOW,
    NEUTRAL,
    ROLES,
    ROW_NUMBER,
    STAYED,
    TENURE,
    how_exact,
    is_inverted,
    is_named,
    rank,
    roles_named,
)

_HEADER_ROWS = 30
# how surely a name such as inactive means leaving, beside a status that says so in words
_DOUBTED = 3


@dataclass(frozen=True)
class Choice:
    """The table that is read: its head, header and names, and the column of each role."""

    head: Head
    header: int
    names: tuple[str, ...]
    columns: Mapping[str, str]
    # whether yes in the column of `churned` means that the customer is still there
    inverted: bool = False
    # columns that say the same as a role, and so know the answer
    answers: tuple[str, ...] = ()
    # row numbers
    numbering: tuple[str, ...] = ()
    # columns the user does not want
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)


def check_roles(chosen: Mapping[str, str]) -> None:
    """Raise `CvmError` for a role that there is not."""
    for role, column in chosen.items():
        if role not in ROLES:
            raise CvmError("subscribers.unknown_role", role=role, roles=", ".join(ROLES))
        if role == CHURNED and not column and not chosen.get(LEFT):
            raise CvmError("subscribers.churned_ruled_out", option=f'columns={{"{LEFT}": "NAME"}}')


def without(choice: Choice, names: Sequence[str], label: str) -> Choice:
    """Return a choice that leaves out some columns; raise `CvmError` for one that is not there or has a role."""
    found = tuple(column_named(name, choice.names, label) for name in names)
    for role, column in choice.columns.items():
        if column in found:
            raise CvmError(
                "subscribers.role_left_out",
                column=column,
                role=role.replace("_", "-"),
                option=f'columns={{"{role}": ""}}',
            )
    return replace(choice, left_out=found)


def choose(heads: Sequence[Head], chosen: Mapping[str, str], label: str) -> Choice:
    """Return the sheet or file that is a table of subscribers, with its columns; raise `CvmError` if none is."""
    found: list[tuple[int, Choice]] = []
    errors: list[tuple[int, CvmError]] = []
    for head in heads:
        rows = head.rows[:_HEADER_ROWS] if not head.types else head.rows[:1]
        if not any(cell.strip() for row in rows for cell in row):
            errors.append((-1, CvmError("reading.empty_file", file=head.name)))
            continue
        header, names = _header(head, rows, chosen)
        try:
            choice = choice_of(head, header, names, chosen)
        except CvmError as error:
            errors.append((_known(names), error))
            continue
        if head.hidden:
            errors.append((len(ROLES) + 1, CvmError("reading.hidden_sheet", file=head.file, sheet=head.sheet)))
            continue
        found.append((len(choice.columns), choice))
    if not found:
        raise max(errors, key=lambda entry: entry[0])[1]
    best = max(found, key=lambda entry: entry[0])[1]
    others = [choice.head.name for _, choice in found if choice is not best]
    if not others:
        return best
    said = say("subscribers.other_tables", used=best.head.name, others=listed(others))
    return replace(best, notes=(*best.notes, said))


def _header(head: Head, rows: Sequence[Sequence[str]], chosen: Mapping[str, str]) -> tuple[int, tuple[str, ...]]:
    """Return the row of the header and the names in it."""
    if head.types:
        return 0, distinct_names(head.rows[0])
    wanted = {name for name in chosen.values() if name}
    best, most = None, 0
    for position, row in enumerate(rows):
        names = [" ".join(cell.split()) for cell in row if cell.strip()]
        if len(names) < 2 and len(rows[0]) > 1:
            continue
        known = 10 * len(wanted & {*names}) + _known(names)
        if known > most:
            best, most = position, known
    if best is None:
        header, found = header_of(head, rows, chosen)
        return header or 0, found
    row = list(rows[best])
    while len(row) > 1 and not row[-1].strip():
        row.pop()
    return best, distinct_names(row)


def _known(names: Sequence[str]) -> int:
    """Return how many roles of a table of subscribers these names may play."""
    return len({role for name in names for role in roles_named(name)})


def choice_of(head: Head, header: int, names: tuple[str, ...], chosen: Mapping[str, str]) -> Choice:
    """Return the columns of a head; raise `CvmError` where nothing says who left."""
    columns = {role: column_named(name, names, head.name) for role, name in chosen.items() if name}
    for role, name in columns.items():
        other = next(known for known, taken in columns.items() if taken == name)
        if other != role:
            raise CvmError("reading.column_twice", source=head.name, column=name, role=role, other=other)
    refused = {role for role, name in chosen.items() if not name}
    inverted = CHURNED in columns and is_inverted(columns[CHURNED])
    doubtful = {
        name for name in names if is_named(name, CHURNED) and not is_plausible(_cells(head, header, names, name))
    }
    plausible = [name for name in names if rank(name, STAYED) and is_plausible(_cells(head, header, names, name))]
    for role in (CHURNED, LEFT, JOINED, TENURE, *ROLES):
        if role in columns or role in refused:
            continue
        if best := _best(role, names, columns.values(), doubtful if role == CHURNED else ()):
            columns[role] = best
        elif role == CHURNED and LEFT not in chosen and (best := _best(STAYED, plausible, columns.values())):
            columns[role], inverted = best, True
    surest = LEFT in columns and (LEFT in chosen or rank(columns[LEFT], LEFT) == 1)
    if inverted and surest and CHURNED not in chosen:
        # a date of leaving is surer than a word such as active; one of an end may be that of a contract
        del columns[CHURNED]
        inverted = False
    if CHURNED in columns and CHURNED not in chosen and (rank(columns[CHURNED], CHURNED) or 0) >= _DOUBTED:
        columns[CHURNED] = _told_by_words(head, header, names, columns, columns[CHURNED])
    weak = CHURNED in columns and CHURNED not in chosen and (rank(columns[CHURNED], CHURNED) or 0) >= NEUTRAL
    if weak and LEFT in columns and not speaks_of_leaving(_cells(head, header, names, columns[CHURNED])):
        del columns[CHURNED]
    if CHURNED not in columns and LEFT not in columns:
        if len(names) == 1:
            raise CvmError("subscribers.one_column", source=head.name, column=names[0])
        raise CvmError("subscribers.no_churned", source=head.name, columns=listed(names))
    in_order = {role: columns[role] for role in ROLES if role in columns}
    return _with_answers(Choice(head, header, names, in_order, inverted), chosen)


def _told_by_words(head: Head, header: int, names: Sequence[str], columns: Mapping[str, str], column: str) -> str:
    """Return the column of a status whose words say who left, beside one such as inactive that only says yes and no."""
    if speaks_of_leaving(_cells(head, header, names, column)):
        return column
    states = [name for name in names if rank(name, CHURNED) == NEUTRAL and name not in columns.values()]
    return next((name for name in states if speaks_of_leaving(_cells(head, header, names, name))), column)


def _best(role: str, names: Sequence[str], taken: Collection[str], doubtful: Collection[str] = ()) -> str:
    """Return the column whose name means a role most surely, the first of equals; an empty text if there is none.

    One whose cells make it ``doubtful`` is only taken where there is no other.
    """
    free = [name for name in names if name not in taken]
    found = {name: rank(name, role) for name in free}
    ranked = [
        (name in doubtful, known, how_exact(name, role), place, name)
        for place, (name, known) in enumerate(found.items())
        if known
    ]
    return min(ranked)[-1] if ranked else ""


def _with_answers(choice: Choice, chosen: Collection[str]) -> Choice:
    """Return the choice with the columns that know the answer, row numbers, and what is to be said of both."""
    free = [name for name in choice.names if name not in choice.columns.values()]
    sure = range(1, NEUTRAL)
    answers = [name for name in free if rank(name, CHURNED) in sure and is_plausible(cells_of(choice, name))]
    answers += [name for name in free if is_named(name, CHURNED) and speaks_of_leaving(cells_of(choice, name))]
    answers += [name for name in free if is_named(name, CAUSE) and rank(name, CAUSE) != 3]
    answers += [name for name in free if is_named(name, LEFT) and rank(name, LEFT) == 1]
    answers = list(dict.fromkeys(name for name in answers if not is_named(name, MAY_KNOW)))
    numbering = [name for name in free if is_named(name, ROW_NUMBER) and name not in answers]
    notes = []
    if answers:
        used = choice.columns.get(CHURNED) or choice.columns[LEFT]
        notes.append(say("subscribers.answers", columns=listed(answers), used=used, count=len(answers)))
    notes += _others(choice, [name for name in free if name not in answers], chosen)
    may_know = [name for name in free if name not in answers and _may_know(name)]
    if may_know:
        notes.append(say("subscribers.may_know", columns=listed(may_know), count=len(may_know)))
    return replace(choice, answers=tuple(answers), numbering=tuple(numbering), notes=tuple(notes))


def _others(choice: Choice, free: Sequence[str], chosen: Collection[str]) -> list[str]:
    """Return what is to be said of columns whose name means a role as surely as that of the column taken."""
    notes = []
    for role in (CUSTOMER_ID, TENURE, CHARGE, JOINED):
        column = None if role in chosen else choice.columns.get(role)
        sure = rank(column, role) if column is not None else None
        others = [name for name in free if sure is not None and rank(name, role) in range(1, min(sure, 2) + 1)]
        if others and column is not None:
            option = role.replace("_", "-")
            notes.append(say("subscribers.could_be", column=column, role=role, others=listed(others), option=option))
    return notes


def cells_of(choice: Choice, name: str) -> list[str]:
    """Return the cells of a column in the first rows."""
    return _cells(choice.head, choice.header, choice.names, name)


def _cells(head: Head, header: int, names: Sequence[str], name: str) -> list[str]:
    """Return the cells of a column in the first rows."""
    place = names.index(name)
    return [row[place] for row in head.rows[header + 1 :] if len(row) > place]


def _may_know(name: str) -> bool:
    return is_named(name, MAY_KNOW) or is_named(name, ABOUT_LEAVING) or (rank(name, CHURNED) or 9) < NEUTRAL
