"""Names, phone numbers and ids that are such made unreadable, for reports that leave the house.

The log is masked before anything is computed from it, so that no list, picture or remark can show what it hides. An
id becomes a label by a keyed hash: the same customer has the same label in the next report, and without the key
nobody can tell whose it is.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import os
import re
import secrets
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cvmlab.case.churn.naming import name_column
from cvmlab.core.words import CvmError
from cvmlab.data.reading.role_names import roles_of
from cvmlab.data.tables import CUSTOMER_ID, CUSTOMER_NAME, OWNER, PHONE

from .placing import cannot_write

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

    from cvmlab.data.reading import DataReport, Log, Note
    from cvmlab.data.subscribers import Subscribers

KEY_FILE = ".cvmlab-mask-key"
_LABEL_DIGITS = 12
# above this share of ids that are names, numbers of phones or the like, all of them are taken for such
_PERSONAL_SHARE = 0.2
# what a remark may still say under a mask: places, counts and sums, never the content of a cell
_SAYS_NOTHING_PERSONAL = frozenset(
    {
        "amount", "as_of", "cell", "column", "columns", "count", "currency", "date", "days", "encoding", "equal",
        "factor", "file", "first", "last", "line", "money_share", "month", "most", "once", "others", "part", "price",
        "quantity", "role", "row", "rows", "share", "sheet", "sheets", "source", "sources", "today", "total", "why",
        "zone",
    }
)  # fmt: skip
_HIDDEN = "***"
_WORD = re.compile(r"[^\W\d_]{3,}|[\u2e80-\u9fff\uac00-\ud7af]{2,}")
# a word in more ids than this is part of a code
_CODE_SHARE, _FEW = 0.3, 5


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


def is_personal(customer_id: str, code_words: Collection[str] = ()) -> bool:
    """Return whether an id has an e-mail address, a name, or a phone or identity number in it, judged by itself.

    A name is a word of three letters or more that is none of the code words, or an id of letters alone; a number, a
    run of nine digits or more however it is divided. A code such as C001, K-17 or 0007 is neither.
    """
    if "@" in customer_id or set(_WORD.findall(customer_id)) - set(code_words):
        return True
    if re.search(r"\d(?:[\s().\-/]*\d){8,}", customer_id):
        return True
    return not re.search(r"\d", customer_id) and sum(map(str.isalpha, customer_id)) > 1


def code_words(ids: Sequence[str]) -> set[str]:
    """Return the words that so many ids have that they are no names: CUST of CUST0001, CUST0002 and so on."""
    found = Counter(word for customer_id in ids for word in set(_WORD.findall(customer_id)))
    return {word for word, count in found.items() if count > max(_FEW, _CODE_SHARE * len(ids))}


def mask_key(folder: Path) -> str:
    """Return the key of the reports in a folder, made at the first masked report and kept beside them."""
    path = folder / KEY_FILE
    try:
        key = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        key = secrets.token_hex(32)
        # whole or not at all, and never readable by others
        handle, draft = tempfile.mkstemp(dir=folder, prefix=KEY_FILE)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(key)
            Path(draft).replace(path)
        except OSError as error:
            Path(draft).unlink(missing_ok=True)
            raise cannot_write(path, error, folder) from error
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
    relation = log.transactions
    hidden = {CUSTOMER_ID: hidden_ids(log, drawn(key))}
    masks: dict[str, Callable[[str], str]] = {CUSTOMER_NAME: mask_name, OWNER: mask_name, PHONE: mask_phone}
    for column, mask in masks.items():
        if column in relation.columns:
            found = relation.select(column).distinct().fetchall()
            hidden[column] = {value: mask(value) for (value,) in found if value is not None}
    for column, words in hidden.items():
        relation = _replaced(log, relation, column, words)
    return dataclasses.replace(log, transactions=relation, quality=_without_cells(log.quality))


def drawn(key: str | bool) -> str | bool:
    """Return the key of a mask, drawn where there is none yet; False without a mask."""
    return secrets.token_hex(32) if key is True else key


def hidden_ids(log: Log, key: str | bool) -> dict[str, str]:
    """Return the label of each id in a log that is to be hidden, by the id."""
    ids = [row[0] for row in log.transactions.select(CUSTOMER_ID).distinct().fetchall()]
    return labels(_personal(log.mapping.get(CUSTOMER_ID) or "", ids), str(key))


def masked_subscribers(subscribers: Subscribers, key: str | bool) -> Subscribers:
    """Return a table of subscribers without columns that tell a person, and with labels for ids that do."""
    secret = key if isinstance(key, str) else secrets.token_hex(32)
    personal = [name for name in subscribers.personal if name != CUSTOMER_ID]
    customers = subscribers.customers.drop(columns=personal, errors="ignore")
    named = name_column(subscribers)
    if named and named not in personal:
        customers[named] = customers[named].astype("str").map(mask_name)
    ids = customers[CUSTOMER_ID].tolist()
    hidden = labels(_personal(subscribers.columns.get(CUSTOMER_ID) or "", ids), secret)
    customers[CUSTOMER_ID] = customers[CUSTOMER_ID].map(lambda one: hidden.get(one, one))
    notes = tuple(_HIDDEN if any(one in note for one in hidden) else note for note in subscribers.notes)
    features = tuple(name for name in subscribers.features if name not in personal)
    return dataclasses.replace(subscribers, customers=customers, features=features, notes=notes)


def _personal(header: str, ids: list[str]) -> list[str]:
    """Return the ids to hide: those that tell a person, and all of them where many do or the column is one of names."""
    if {PHONE, CUSTOMER_NAME} & set(roles_of(header)):
        return ids
    words = code_words(ids)
    found = [customer_id for customer_id in ids if is_personal(customer_id, words)]
    return ids if len(found) > _PERSONAL_SHARE * len(ids) else found


def labels(texts: Iterable[str], key: str) -> dict[str, str]:
    """Return a label for each text by a keyed hash; two that begin alike are told apart by all their digits."""
    secret = bytes.fromhex(key)
    whole = {
        text: hmac.new(secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest() for text in texts
    }
    beginnings = Counter(digest[:_LABEL_DIGITS] for digest in whole.values())
    # the sign keeps a spreadsheet from taking 12E45 for a number
    return {
        text: "#" + (digest[:_LABEL_DIGITS] if beginnings[digest[:_LABEL_DIGITS]] == 1 else digest).upper()
        for text, digest in whole.items()
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
    notes = tuple(map(_without_values, report.notes))
    return dataclasses.replace(report, samples=(), suspicious=(), notes=notes)


def _without_values(note: Note) -> Note:
    shown = {name: value if name in _SAYS_NOTHING_PERSONAL else _HIDDEN for name, value in note.values.items()}
    return dataclasses.replace(note, values=shown)
