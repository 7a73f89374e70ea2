"""The choice of columns, saved beside the file so that the next reading needs no options."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cvmlab.core.files import write_whole
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, say

from .columns import ColumnMapping, check_roles
from .notes import Note

#: The options of `read` that can be saved, and what each of them is. The day to which a log runs is none of them:
#: it would cut the next export under the same name.
OPTIONS: dict[str, type] = {
    "sheet": str, "encoding": str, "day_first": bool, "year_first": bool, "timezone": str, "decimal": str,
    "currency": str, "merge_ids": bool, "fill_down": bool, "amount_per": str, "include_suspicious": bool,
    "include_future": bool, "drop_duplicates": bool,
}  # fmt: skip
# off unless they are given
_SWITCHES = frozenset({"merge_ids", "include_suspicious", "include_future"})


@dataclass(frozen=True)
class SavedMapping:
    """What is saved beside a source: role to column, the options of `read`, and the file's path."""

    columns: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None

    def over(self, **given: Any) -> dict[str, Any]:
        """Return the options that were given, and where one was not, the saved one."""
        return {
            name: self.options.get(name, value) if value is None or (name in _SWITCHES and not value) else value
            for name, value in given.items()
        }

    @property
    def notes(self) -> tuple[Note, ...]:
        """The remark that the columns were not guessed."""
        return () if self.path is None else (Note("mapping_used", {"file": self.path.name}),)


def mapping_path(source: str | Path) -> Path:
    """Return where the choice of columns for a file or folder is saved: beside it."""
    if not str(source).strip():
        raise CvmError("reading.no_source")
    path = Path(source)
    return path.absolute().parent / f"{path.resolve().name}.mapping.json"


@public
def save_mapping(
    mapping: ColumnMapping | Mapping[str, str],
    source: str | Path,
    *,
    day_first: bool | None = None,
    sheet: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> Path:
    """Save a choice of columns beside its source; `cvmlab.reading.read` uses it from then on.

    Parameters
    ----------
    mapping
        A mapping, for example ``preview(…).mapping``, or role to column.
    source
        The file or folder.
    day_first, sheet
        Options of `cvmlab.reading.read` to be saved as well.
    options
        Further ones by their name there, for example ``{"currency": "EUR"}``.

    Returns
    -------
    pathlib.Path
        The file written, whole or not at all.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     source = Path(folder) / "sales.csv"
    ...     save_mapping({"amount": "无税金额"}, source).name, load_mapping(source)["amount"]
    ('sales.csv.mapping.json', '无税金额')
    """
    if not isinstance(source, str | Path):
        raise CvmError("reading.mapping_needs_a_path")
    held = mapping.columns if isinstance(mapping, ColumnMapping) else mapping
    check_roles(held)
    content: dict[str, Any] = {"columns": dict(held)}
    said = {"day_first": day_first, "sheet": sheet}
    chosen = {**(options or {}), **{name: value for name, value in said.items() if value is not None}}
    _check_options(chosen)
    content |= chosen
    target = mapping_path(source)
    try:
        write_whole(target, f"{json.dumps(content, ensure_ascii=False, indent=2)}\n".encode())
    except OSError as error:
        # not the name of the part that was being written
        raise CvmError("reading.cannot_save", folder=target.parent, why=error.strerror or error) from error
    return target


@public
def load_mapping(source: str | Path) -> ColumnMapping:
    """Return the choice of columns saved beside a source, an empty one if there is none.

    Raises
    ------
    CvmError
        If the saved file is not one that `save_mapping` wrote.
    """
    if not mapping_path(source).exists():
        return ColumnMapping({})
    saved = load_saved(source)
    return ColumnMapping(saved.columns, saved.notes)


def load_saved(source: str | Path) -> SavedMapping:
    """Return everything that is saved beside a source."""
    path = mapping_path(source)
    try:
        # a pipe may never end
        content = json.loads(path.read_text(encoding="utf-8-sig") if path.is_file() else "")
        columns = {str(role): str(column) for role, column in content["columns"].items()}
        check_roles(columns)
        saved = {name: value for name, value in content.items() if name != "columns" and value is not None}
        _check_options(saved)
    except CvmError as error:
        raise CvmError("reading.bad_mapping_file", file=path.name, reason=str(error)) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = say("reading.mapping_not_json")
        raise CvmError("reading.bad_mapping_file", file=path.name, reason=reason) from error
    return SavedMapping(columns, saved, path)


def _check_options(options: Mapping[str, Any]) -> None:
    for name, value in options.items():
        if name not in OPTIONS:
            raise CvmError("reading.unknown_option", option=name, options=", ".join(OPTIONS))
        if type(value) is not OPTIONS[name]:
            kind = say("reading.kind_bool") if OPTIONS[name] is bool else say("reading.kind_text")
            raise CvmError("reading.bad_option", option=name, value=repr(value), kind=kind)
