"""Names, phone numbers and ids that are such made unreadable, for reports that leave the house.

The log is masked before anything is computed from it, so that no list, picture or remark can show what it hides. An
id becomes a label by a keyed hash: the same customer has the same label in the next report, and without the key
nobody can tell whose it is.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from cvmlab.core.words import CvmError
from cvmlab.data.reading.columns import roles_of
from cvmlab.data.tables import CUSTOMER_ID, CUSTOMER_NAME, OWNER, PHONE

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

    from cvmlab.data.reading import DataReport, Log, Note

KEY_FILE = ".cvmlab-mask-key"
_LABEL_DIGITS = 12
# above this share of ids that are names, numbers of phones or the like, all of them are taken for such
_PERSONAL_SHARE = 0.2
_PHONE_DIGITS = range(9, 16)
# what a remark may still say under a mask: places, counts and sums, never the content of a cell
_SAYS_NOTHING_PERSONAL = frozenset(
    {
        "amount", "as_of", "cell", "column", "columns", "count", "currency", "date", "days", "encoding", "factor",
        "file", "first", "last", "line", "money_share", "month", "most", "others", "part", "price", "quantity", "role",
        "row", "rows", "share", "sheet", "sheets", "source", "sources", "today", "total", "why", "zone",
    }
)  # fmt: skip
_HIDDEN = "***"


def mask_name(name: str) -> str:
    """Keep the first letter of each word ("J*** S***"), or the first character of a Chinese name."""
    if any(ord(letter) > 0x2E80 for letter in name):
        return name[:1] + "*" * max(1, len(name) - 1)
    return " ".join(word[:1] + "***" for word in name.split())


def mask_phone(phone: str) -> str:
    """Keep the first three and the last two digits of a phone number, nothing of a short one."""
    digits = re.sub(r"\D", "", phone)
    if len(digits) < 9:
        return "*" * max(len(digits), 1)
    return digits[:3] + "*" * (len(digits) - 5) + digits[-2:]


def is_personal(customer_id: str) -> bool:
    """Return whether an id is an e-mail address, a phone or identity number, or a name, judged by itself."""
    if "@" in customer_id or re.fullmatch(r"\d{17}[\dXx]|\d{15}", customer_id):
        return True
    digits = re.sub(r"\D", "", customer_id)
    if re.fullmatch(r"\+?[\d\s().\-/]+", customer_id) and len(digits) in _PHONE_DIGITS:
        return digits != customer_id or len(digits) >= 11
    letters = sum(letter.isalpha() for letter in customer_id)
    return not digits and (letters > 2 or any(ord(letter) > 0x2E80 for letter in customer_id))


def mask_key(folder: Path) -> str:
    """Return the key of the reports in a folder, made at the first masked report and kept beside them."""
    path = folder / KEY_FILE
    try:
        key = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        key = secrets.token_hex(32)
        path.write_text(key, encoding="ascii")
        path.chmod(0o600)
    except (OSError, ValueError) as error:
        raise CvmError("report.mask_key_unreadable", file=path) from error
    if not re.fullmatch(r"[0-9a-f]{64}", key):
        raise CvmError("report.mask_key_unreadable", file=path)
    return key


def fingerprint(key: str | bool) -> str:
    """Return what tells two keys apart and gives neither away; empty without a mask."""
    return hashlib.sha256(f"cvmlab {key}".encode()).hexdigest()[:16] if key else ""


def masked(log: Log, key: str | bool) -> Log:
    """Return the log with names, owners and phone numbers hidden, and labels for ids that are such.

    Parameters
    ----------
    log
        From `cvmlab.reading.read`.
    key
        From `mask_key`; True draws one, so that the labels are others every time.

    Notes
    -----
    Ids that say nothing of a person stay as they are, for the firm must find its customers again. If more than a
    fifth of them do, or the column is one of names, none stays.
    """
    secret = key if isinstance(key, str) else secrets.token_hex(32)
    relation = log.transactions
    ids = [row[0] for row in relation.select(CUSTOMER_ID).distinct().fetchall()]
    hidden = {CUSTOMER_ID: _labels(ids, secret, everyone=_are_names(log, ids))}
    masks: dict[str, Callable[[str], str]] = {CUSTOMER_NAME: mask_name, OWNER: mask_name, PHONE: mask_phone}
    for column, mask in masks.items():
        if column in relation.columns:
            found = relation.select(column).distinct().fetchall()
            hidden[column] = {value: mask(value) for (value,) in found if value is not None}
    for column, words in hidden.items():
        relation = _replaced(log, relation, column, words)
    return dataclasses.replace(log, transactions=relation, quality=_without_cells(log.quality))


def _are_names(log: Log, ids: list[str]) -> bool:
    if {PHONE, CUSTOMER_NAME} & set(roles_of(log.mapping.get(CUSTOMER_ID) or "")):
        return True
    return sum(map(is_personal, ids)) > _PERSONAL_SHARE * len(ids)


def _labels(ids: Iterable[str], key: str, *, everyone: bool) -> dict[str, str]:
    """Return the label of each id to be hidden; two that begin alike are told apart by all their digits."""
    whole = {
        customer: hmac.new(bytes.fromhex(key), customer.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        for customer in ids
        if everyone or is_personal(customer)
    }
    beginnings = Counter(digest[:_LABEL_DIGITS] for digest in whole.values())
    # the sign keeps a spreadsheet from taking 12E45 for a number
    return {
        customer: "#" + (digest[:_LABEL_DIGITS] if beginnings[digest[:_LABEL_DIGITS]] == 1 else digest).upper()
        for customer, digest in whole.items()
    }


def _replaced(log: Log, relation: DuckDBPyRelation, column: str, words: dict[str, str]) -> DuckDBPyRelation:
    """Return a relation with the values of a column replaced, as far as there is a word for them."""
    import pyarrow as pa

    if not words:
        return relation
    table = f"mask_of_{column}"
    log.connection.register(table, pa.table({"known": list(words), "shown": list(words.values())}))
    replaced = relation.query(
        "open_log",
        f"SELECT open_log.* REPLACE (coalesce({table}.shown, open_log.{column}) AS {column}) "
        f"FROM open_log LEFT JOIN {table} ON open_log.{column} = {table}.known",
    )
    assert replaced is not None
    return replaced


def _without_cells(report: DataReport) -> DataReport:
    """Return the data report without anything that stood in a cell."""
    suspicious = tuple(
        dataclasses.replace(found, customer_id=_HIDDEN, customer_name=mask_name(found.customer_name))
        for found in report.suspicious
    )
    return dataclasses.replace(
        report, samples=(), suspicious=suspicious, notes=tuple(map(_without_values, report.notes))
    )


def _without_values(note: Note) -> Note:
    shown = {name: value if name in _SAYS_NOTHING_PERSONAL else _HIDDEN for name, value in note.values.items()}
    return dataclasses.replace(note, values=shown)
