"""The customer lists and the record of a case, written beside the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cvmlab.case.cautions import quality_light
from cvmlab.core.words import say, term
from cvmlab.data.tables import ATTRIBUTES, CUSTOMER_ID

from .customer_book import sheets_of
from .placing import check_free, mark
from .privacy import fingerprint
from .workbook import write_csv, write_workbook

if TYPE_CHECKING:
    from cvmlab.case import Case
    from cvmlab.case.known_ends import KnownEnds

_FILES = ("customers.csv", "customers.xlsx", "case.json")
_COLUMNS = (
    "value_type", "rfm_label", "yearly_contribution", "yearly_revenue", "current_value", "headroom", "p_alive",
    "usual_gap_days", "silent_days", "orders", "revenue", "contribution", "expected_contribution",
    "value_low", "value_high", "expected_orders", "next_purchase", "tier", "to_next_tier",
    "first_date", "last_date", "action", "hold_out",
)  # fmt: skip


def customer_table(case: Case) -> pd.DataFrame:
    """Return one row per customer as it is handed out: attributes, type, figures; the most valuable first."""
    customers = case.customers
    words = {key: term(f"segments.{key}") for key in customers["rfm_label"].unique()}
    table = customers.assign(rfm_label=customers["rfm_label"].map(words))
    # where a contribution is revenue, the two would stand there twice
    left_out = {"yearly_revenue", "contribution"} if case.basis == "revenue" else set()
    if case.tiers is None:
        left_out |= {"tier", "to_next_tier"}
    else:
        table = table.merge(case.tiers.to_next(), on=CUSTOMER_ID, how="left")
    named = [name for name in ATTRIBUTES if name in table.columns]
    present = [CUSTOMER_ID, *named, *(name for name in _COLUMNS if name not in left_out)]
    return table[present].sort_values(["current_value", CUSTOMER_ID], ascending=[False, True], ignore_index=True)


def write_lists(case: Case, folder: str | Path, mask: str | bool = False, ends: KnownEnds | None = None) -> list[str]:
    """Write ``customers.csv``, ``customers.xlsx`` and ``case.json``; return sentences that the user should read."""
    table = customer_table(case)
    target = Path(folder)
    check_free(target, _FILES)
    target.mkdir(parents=True, exist_ok=True)
    # the names of the code for programs, the words of the report's language for people
    write_csv(_with_months(case, table), target / "customers.csv")
    left_out = write_workbook(sheets_of(case, table, ends), target / "customers.xlsx")
    kept = json.dumps(record(case) | {"mask": fingerprint(mask)}, ensure_ascii=False, indent=1)
    (target / "case.json").write_text(kept, encoding="utf-8")
    mark(target, _FILES)
    return [say("report.left_out_rows", sheet=sheet, count=f"{count:,}") for sheet, count in left_out.items()]


def _with_months(case: Case, table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the purchase days expected of each customer month by month, if a model expects any."""
    if case.models.buying is None:
        return table
    months = case.expected_purchases().set_index(CUSTOMER_ID).add_prefix("expected_orders_")
    return table.join(months, on=CUSTOMER_ID)


def record(case: Case) -> dict[str, Any]:
    """Return what a later report and an index page need to know of this one."""
    win_back = case.recommended("win_back")
    return {
        "name": case.name,
        "as_of": str(case.as_of),
        "basis": case.basis,
        "currency": case.currency,
        "thresholds": case.thresholds.values(),
        "assumptions": case.assumptions.values(),
        "light": quality_light(case.quality),
        "seconds": {step: round(seconds, 3) for step, seconds in case.seconds.items()},
        "index": {
            "customers": len(case.customers),
            "yearly": _whole(case.customers["yearly_contribution"].sum()),
            "at_stake": _whole(win_back["at_stake"]),
            "calls": int(win_back["customers"]),
        },
    }


def _whole(amount: float) -> float:
    return float(np.round(amount, 2))
