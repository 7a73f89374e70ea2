"""The lists of a churn report: whom to call as a workbook, everybody as CSV, the record for later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cvmlab.core.words import term
from cvmlab.data.tables import CUSTOMER_ID
from cvmlab.report.placing import check_free, mark
from cvmlab.report.workbook import Sheet, write_csv, write_workbook

from .first_page import SUMS, call_columns

if TYPE_CHECKING:
    from cvmlab.case.churn import ChurnCase

_FILES = ("customers.csv", "customers.xlsx", "case.json")
_RESULTS = ("accepted", "refused", "stays", "not_reached", "wrong_number")
_FORMATS = {"percent": "0.0%", "money": "#,##0.00", "count": "#,##0"}


def write_lists(case: ChurnCase, folder: str | Path) -> None:
    """Write ``customers.csv``, ``customers.xlsx`` and ``case.json``."""
    target = Path(folder)
    check_free(target, _FILES)
    target.mkdir(parents=True, exist_ok=True)
    write_csv(_ordered(case), target / "customers.csv")
    write_workbook(sheets_of(case), target / "customers.xlsx")
    (target / "case.json").write_text(json.dumps(record(case), ensure_ascii=False, indent=1), encoding="utf-8")
    mark(target, _FILES)


def _ordered(case: ChurnCase) -> pd.DataFrame:
    """Return everybody as in the source; where nothing says whom calling pays for, the likeliest to leave first."""
    if case.offer is not None:
        return case.customers
    without = case.customers.drop(columns=[*SUMS, "call", "hold_out"])
    if case.score is None or case.withheld == "few":
        return without.drop(columns="chance")
    return without.sort_values(["left", "chance", CUSTOMER_ID], ascending=[True, False, True])


def sheets_of(case: ChurnCase) -> dict[str, Sheet]:
    """Return the sheets by title: whom to call, whom not to call for comparison, and what each column means."""
    columns = call_columns(case)
    heads = {name: head for name, (head, _) in columns.items()}
    formats = {heads[name]: _FORMATS[kind] for name, (_, kind) in columns.items() if kind in _FORMATS}
    listed = case.likeliest if case.offer is None else case.calls
    calls = listed[list(columns)].rename(columns=heads)
    empty = pd.Series(pd.NA, index=calls.index, dtype="str")
    answers = {
        term("churning.called_on"): [],
        term("churning.result"): [term(f"churning.result_{result}") for result in _RESULTS],
        term("churning.remark"): [],
    }
    calls = calls.assign(**dict.fromkeys(answers, empty))
    held = case.customers[case.customers["hold_out"]][list(columns)].rename(columns=heads)
    own = list(dict.fromkeys([*case.subscribers.personal, *([case.name_column] if case.name_column else [])]))
    meanings = [
        (heads[name], term(f"churning.key_{name}")) for name in columns if name == CUSTOMER_ID or name not in own
    ]
    meanings += [(name, term("churning.key_person")) for name in own if name in columns and name != CUSTOMER_ID]
    meanings += [(head, term(f"churning.key_{name}")) for name, head in
                 zip(("called_on", "result", "remark"), answers, strict=True)]  # fmt: skip
    if case.withheld:
        meanings.insert(0, (term(f"churning.sheet_{_kind(case)}"), term(f"churning.key_{case.withheld}")))
    key = pd.DataFrame(meanings, columns=[term("churning.key_word"), term("churning.key_meaning")])
    held_out = {term("churning.sheet_held"): Sheet(held, formats)} if len(held) else {}
    return {
        term(f"churning.sheet_{_kind(case)}"): Sheet(calls, formats, answers),
        **held_out,
        term("churning.sheet_key"): Sheet(key, filtered=False),
    }


def _kind(case: ChurnCase) -> str:
    """Return what the first sheet lists: whom to call, the likeliest leavers, or who pays most."""
    if case.offer is not None:
        return "calls"
    return "largest" if case.withheld == "few" else "likeliest"


def record(case: ChurnCase) -> dict[str, Any]:
    """Return what a later report needs to know of this one."""
    return {
        "name": case.subscribers.name,
        "kind": "churn",
        "customers": len(case.customers),
        "left": int(case.rate["left"]),
        "window_months": case.window,
        "currency": case.subscribers.currency,
        "assumptions": case.assumptions.values(),
        "calls": case.calls[CUSTOMER_ID].tolist(),
        "hold_out": case.customers.loc[case.customers["hold_out"], CUSTOMER_ID].tolist(),
        "seconds": {step: round(seconds, 3) for step, seconds in case.seconds.items()},
    }
