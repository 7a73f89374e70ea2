"""A first look at a source: its columns, the guessed mapping with samples, its first rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cvmlab.core.annotations import FrameOrFile
from cvmlab.core.guarding import public

from .asked import check_asked
from .columns import ColumnMapping
from .notes import Note
from .opening.files import unread_folders
from .opening.parts import choose_parts, one_sentence, open_heads, part_notes, short_name
from .quality import Unused

if TYPE_CHECKING:
    import pandas as pd

_SAMPLES = 5


@public
@dataclass(frozen=True)
class Preview:
    """What a source looks like before it is read.

    Attributes
    ----------
    name
        Short name of the source.
    mapping
        The guessed (or chosen, or saved) role of columns, of the first file or sheet that is used.
    columns
        All columns of that file or sheet.
    samples
        Column to a few of its values, as text.
    rows
        First rows as a frame of text.
    tables
        Every (file, sheet) that will be read.
    unused
        Files and sheets that will not be read, with the reason.
    notes
        Decisions that were made.
    """

    name: str
    mapping: ColumnMapping
    columns: tuple[str, ...]
    samples: Mapping[str, tuple[str, ...]]
    rows: pd.DataFrame
    tables: tuple[tuple[str, str], ...]
    unused: tuple[Unused, ...]
    notes: tuple[Note, ...]

    def roles(self) -> pd.DataFrame:
        """Return the mapping as a frame: ``role``, ``column``, ``samples`` (text)."""
        import pandas as pd

        found = self.mapping.columns
        return pd.DataFrame(
            {
                "role": list(found),
                "column": list(found.values()),
                "samples": [" | ".join(self.samples[column][:3]) for column in found.values()],
            }
        )


@public
def preview(
    source: FrameOrFile,
    *,
    columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    rows: int = 10,
    name: str | None = None,
) -> Preview:
    """Look at the beginning of a source without reading it all.

    Parameters
    ----------
    source, columns, sheet, encoding, name
        As for `cvmlab.reading.read`.
    rows
        How many rows to show.

    Returns
    -------
    Preview

    Raises
    ------
    CvmError
        The same sentences as `cvmlab.reading.read`, as far as they can be one_sentence from the beginning.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"会员号": ["001"], "交易时间": ["2019-01-05 08:30"], "销售额": ["12.50"]})
    >>> preview(frame).roles()
              role column           samples
    0  customer_id    会员号               001
    1         date   交易时间  2019-01-05 08:30
    2       amount    销售额             12.50
    """
    import duckdb
    import pandas as pd

    check_asked({"sheet": sheet, "encoding": encoding})
    with duckdb.connect() as connection, one_sentence(source):
        heads, saved = open_heads(source, sheet, connection, None, name, encoding)
        label = name or short_name(source)
        parts, unused = choose_parts(heads, {**saved.columns, **(columns or {})}, label, saved)
    part = parts[0]
    body = part.head.rows[0 if part.header is None else part.header + 1 :]
    width = len(part.names)
    filled: Sequence[list[str]] = [[*row[:width], *[""] * (width - len(row))] for row in body if any(row)]
    samples = {
        name: tuple(dict.fromkeys(row[position] for row in filled if row[position].strip()))[:_SAMPLES]
        for position, name in enumerate(part.names)
    }
    return Preview(
        name=label,
        mapping=part.mapping,
        columns=part.names,
        samples=samples,
        rows=pd.DataFrame(filled[:rows], columns=list(part.names), dtype="str"),
        tables=tuple((used.head.file, used.head.sheet) for used in parts),
        unused=tuple(unused),
        notes=(*saved.notes, *unread_folders(source), *part_notes(parts)),
    )
