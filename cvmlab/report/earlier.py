"""The last report, read again for a comparison: whether it is whole, and whether the two can be compared."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cvmlab.core.words import CvmError, say, term
from cvmlab.data.tables import CUSTOMER_ID
from cvmlab.worth.matrix import VALUE_TYPES, Thresholds

from .privacy import fingerprint

if TYPE_CHECKING:
    from cvmlab.case import Assumptions
    from cvmlab.data.reading import Log

# assumptions that change no customer's type
_HARMLESS = frozenset({"calls", "hold_out_share", "seed", "backtest_months", "silent_below", "contact_share"})


@dataclass(frozen=True)
class Earlier:
    """What an earlier report says: its record, and the type of each of its customers."""

    as_of: str
    basis: str
    currency: str
    mask: str
    thresholds: Thresholds
    assumptions: Mapping[str, Any]
    # ``customer_id``, ``value_type``
    types: pd.DataFrame


def read_earlier(folder: str | Path) -> Earlier:
    """Read a report's record and list of customers; raise `CvmError` where either is damaged."""
    path = Path(folder)
    with _whole(path, "case.json"):
        record = _record(path / "case.json")
    with _whole(path, "customers.csv"):
        return Earlier(**record, types=_types(path / "customers.csv"))


@contextmanager
def _whole(folder: Path, name: str) -> Iterator[None]:
    """Take whatever goes wrong in reading a file for a sign that it is damaged."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CvmError("report.last_report_damaged", file=name, folder=folder) from error


def _record(path: Path) -> dict[str, Any]:
    record = json.loads(path.read_text(encoding="utf-8"))
    bounds = [float(record["thresholds"][name]) for name in ("current_value", "growth_potential")]
    texts = {name: record.get(name, "") for name in ("as_of", "basis", "currency", "mask")}
    assumed = record["assumptions"]
    if not all(map(math.isfinite, bounds)) or not isinstance(assumed, dict):
        raise ValueError(bounds)
    if not all(isinstance(text, str) for text in texts.values()) or not texts["as_of"]:
        raise ValueError(texts)
    kept = Thresholds(bounds[0], bounds[1]).replace(current_value_choice="previous", growth_potential_choice="previous")
    return {**texts, "thresholds": kept, "assumptions": assumed}


def _types(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path, dtype="str", encoding="utf-8-sig", keep_default_na=False)
    # the apostrophe that keeps a spreadsheet from running an id
    ids = frame[CUSTOMER_ID].str.replace(r"^'(?=[=+\-@\t\r＝＋－＠])", "", regex=True)
    if ids.duplicated().any() or not frame["value_type"].isin(VALUE_TYPES).all():
        raise ValueError(path.name)
    return pd.DataFrame({CUSTOMER_ID: ids, "value_type": frame["value_type"]})


def kept_thresholds(
    folder: str | Path | None, log: Log, assumptions: Assumptions, mask: str | bool
) -> Thresholds | None:
    """Return the thresholds of the last report where the two can be compared; otherwise None."""
    if folder is None:
        return None
    last = read_earlier(folder)
    return None if unlike(last, assumptions.values(), log.currency, mask) else last.thresholds


def unlike(last: Earlier, assumed: Mapping[str, Any], currency: str, mask: str | bool) -> str:
    """Return what differs between two reports so that their types cannot be compared; empty if nothing does."""
    names = [name for name, value in assumed.items() if name not in _HARMLESS and last.assumptions.get(name) != value]
    changed = [f"--set {name}" for name in names]
    changed += [term("report.unlike_mask")] if last.mask != fingerprint(mask) else []
    changed += [say("report.unlike_currency", before=last.currency, now=currency)] if last.currency != currency else []
    return ", ".join(changed)
