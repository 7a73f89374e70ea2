"""The last report, read again for a comparison: whether it is whole, and whether the two can be compared."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pandas as pd

from cvmlab.case.expectations import Basis, basis_of
from cvmlab.core.words import CvmError, say, term
from cvmlab.data.tables import CUSTOMER_ID
from cvmlab.worth.matrix import VALUE_TYPES, Thresholds

from .privacy import fingerprint

if TYPE_CHECKING:
    from cvmlab.case import Assumptions
    from cvmlab.data.reading import Log

# assumptions that change no customer's type
_HARMLESS = frozenset({"calls", "budget", "hold_out_share", "seed", "backtest_months", "silent_below", "contact_share"})


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
        found = _types(path / "customers.csv")
        if len(found) != record.pop("customers"):
            raise ValueError(len(found))
    return Earlier(**record, types=found)


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
    if not all(isinstance(text, str) for text in texts.values()) or texts["basis"] not in get_args(Basis):
        raise ValueError(texts)
    date.fromisoformat(texts["as_of"])
    kept = Thresholds(bounds[0], bounds[1]).replace(current_value_choice="previous", growth_potential_choice="previous")
    return {**texts, "thresholds": kept, "assumptions": assumed, "customers": int(record["index"]["customers"])}


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
    as_of = log.as_of or date.fromisoformat(log.quality.last_date)
    different = unlike(last, assumptions, log.currency, basis_of(log.transactions.columns, assumptions), as_of, mask)
    return None if different else last.thresholds


def unlike(last: Earlier, assumed: Assumptions, currency: str, basis: str, as_of: date, mask: str | bool) -> str:
    """Return what differs between two reports so that their types cannot be compared; empty if nothing does."""
    values = assumed.values()
    changed = [
        f"--set {name}" for name in values if name not in _HARMLESS and last.assumptions.get(name) != values[name]
    ]
    if last.basis != basis:
        said = {"before": term(f"report.basis_{last.basis}"), "now": term(f"report.basis_{basis}")}
        changed.append(say("report.unlike_basis", **said))
    if last.currency != currency:
        changed.append(say("report.unlike_currency", before=last.currency or "–", now=currency or "–"))
    if last.mask != fingerprint(mask):
        changed.append(term("report.unlike_mask"))
    if date.fromisoformat(last.as_of) > as_of:
        changed.append(say("report.unlike_time", before=last.as_of, now=as_of))
    return ", ".join(changed)
