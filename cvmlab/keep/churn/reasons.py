"""Why customers leave: the six reasons (S21) coded from what they say and from fields, and counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.guarding import public
from cvmlab.core.refusing import brief
from cvmlab.core.words import CvmError
from cvmlab.data.tables import check_columns, collected, numbers

from .reason_rules import (
    CONTROLLABLE,
    NO_RULE,
    NO_TEXT,
    REASONS,
    check_rules,
    patterns_of,
    plain,
    read_reason_rules,
    reason_of_name,
)

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Switches = NDArray[np.bool_]

MATCHED = "matched"
_SEVERAL = re.compile(r"\s*[;；/]\s*")


@public
def code_reasons(
    customers: AnyFrame,
    *,
    text: str | None = "text",
    fields: Sequence[str] = (),
    rules: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the customers with one True/False column per reason, found in their words by rules.

    Parameters
    ----------
    customers
        One row per customer who left, a frame of any engine.
    text
        Column of what customers said, in English or Chinese; None if there are fields only.
    fields
        Columns that hold a reason itself: its key (``poached``) or its name in either language, several with ``;``
        between them; empty where nobody asked.
    rules
        Rules from `read_reason_rules`; those of the package if left out.

    Returns
    -------
    pandas.DataFrame
        The columns of ``customers`` and, one per reason, ``given_up``, ``left_on_own``, ``poached``, ``attracted``,
        ``forced_to_leave``, ``other_reason`` (True where the customer named it; several may be True), ``no_rule`` (True
        where there is a text in which no rule found anything: such a customer counts as ``other_reason``, too),
        ``no_text`` (True where there is neither text nor reason: all six are False) and ``matched`` (the words that
        decided, so that the coding can be checked by reading).

    Raises
    ------
    CvmError
        For a missing column, texts that are numbers, a field that holds no reason, and rules that cannot be used.

    Notes
    -----
    Texts are coded by phrases (see `read_reason_rules`), not understood: irony, unusual words and misspellings are
    missed and fall under ``other_reason``. Read ``no_rule`` before you use the shares: on 72 sentences about other
    trades, written when the rules were fixed, a rule found something in one of three, and a quarter of the reasons.
    Extend the rules with the words of your own customers, and check them on texts you have not looked at.
    *Assumed*: customers know and say why they leave. Source of the six reasons: CRM3 §3.2.4; the rules are ours.

    Examples
    --------
    >>> import pandas as pd
    >>> said = ["Not because of the price: nobody answered my complaint.", "他们给我现金。", ""]
    >>> leavers = pd.DataFrame({"text": said})
    >>> coded = code_reasons(leavers)
    >>> coded[["left_on_own", "poached", "attracted", "no_text", "matched"]].values.tolist()[0]
    [True, False, False, False, 'nobody answered; complaint']
    >>> coded["poached"].tolist(), coded["no_text"].tolist()
    ([False, True, False], [False, False, True])
    """
    patterns = check_rules(read_reason_rules() if rules is None else rules)
    columns = [*([] if text is None else [text]), *fields]
    if not columns:
        raise CvmError("reasons.nothing_to_code")
    check_columns(customers, columns)
    frame: pd.DataFrame = collected(nw.from_native(customers)).to_pandas()
    if not len(frame):
        raise CvmError("tables.no_rows", table="customers")
    named = np.zeros((len(frame), len(REASONS)), bool)
    for column in fields:
        named |= _named(frame[column], column)
    is_empty, no_rule, matched = np.ones(len(frame), bool), np.zeros(len(frame), bool), [""] * len(frame)
    if text is not None:
        said = _texts(frame[text], text)
        is_empty = np.array([not one for one in said])
        found = {one: _found(one, patterns) for one in set(said)}
        from_text = np.array([[reason in found[one] for reason in REASONS] for one in said])
        matched = ["; ".join(dict.fromkeys(hit for hits in found[one].values() for hit in hits)) for one in said]
        named |= from_text
        no_rule = ~is_empty & ~named.any(axis=1)
    no_text = is_empty & ~named.any(axis=1)
    columns_of: dict[str, Any] = {reason: named[:, place] for place, reason in enumerate(REASONS)}
    columns_of["other_reason"] = columns_of["other_reason"] | no_rule
    columns_of |= {NO_RULE: no_rule, NO_TEXT: no_text, MATCHED: matched}
    return frame.reset_index(drop=True).assign(**columns_of)


def _texts(column: pd.Series[Any], name: str) -> list[str]:
    """Return the texts of a column, empty where there is none but signs and spaces."""
    texts = []
    for row, cell in enumerate(column.astype(object), start=1):
        if _is_missing(cell):
            texts.append("")
            continue
        if not isinstance(cell, str):
            raise CvmError("reasons.not_text", column=name, row=row, value=brief(cell))
        bare = plain(cell)
        if bare.strip() and not re.search(r"[^\W\d_]", bare) and re.search(r"\d", bare):
            raise CvmError("reasons.number_as_text", column=name, row=row, value=brief(cell))
        texts.append(bare if re.search(r"\w", bare) else "")
    return texts


def _is_missing(cell: object) -> bool:
    import pandas as pd

    return cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and cell != cell)


def _found(text: str, patterns: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in patterns_of(text, patterns):
        for reason, hits in one.found(text).items():
            found.setdefault(reason, []).extend(hits)
    return found


def _named(column: pd.Series[Any], name: str) -> Switches:
    """Return which reasons each cell of a field names, shape (customers, 6)."""
    places: dict[object, list[int]] = {}
    named = np.zeros((len(column), len(REASONS)), bool)
    for row, cell in enumerate(column.astype(object)):
        if _is_missing(cell) or (isinstance(cell, str) and not cell.strip()):
            continue
        if not isinstance(cell, str):
            raise CvmError("reasons.unknown_reason", column=name, row=row + 1, value=brief(cell), known=_known())
        if cell not in places:
            reasons = [reason_of_name(part) for part in _SEVERAL.split(cell.strip())]
            if None in reasons:
                raise CvmError("reasons.unknown_reason", column=name, row=row + 1, value=brief(cell), known=_known())
            places[cell] = [REASONS.index(reason) for reason in reasons if reason is not None]
        named[row, places[cell]] = True
    return named


def _known() -> str:
    return ", ".join(REASONS)


def coded_switches(reasons: pd.DataFrame) -> tuple[Switches, Switches]:
    """Return who named which reason, shape (customers, 6), and of whom no reason is known.

    A text in which no rule found anything is no evidence of any reason, whatever box it is counted in.
    """
    check_columns(reasons, REASONS, "reasons")
    if not len(reasons):
        raise CvmError("tables.no_rows", table="reasons")
    named = np.column_stack([_switches(reasons, name) for name in REASONS])
    no_rule, no_text = (
        _switches(reasons, name) if name in reasons else np.zeros(len(reasons), bool) for name in (NO_RULE, NO_TEXT)
    )
    named[no_rule, :] = False
    both = no_text & named.any(axis=1)
    if both.any():
        raise CvmError("reasons.no_text_but_reason", row=int(both.argmax()) + 1)
    unknown: Switches = ~np.asarray(named.any(axis=1))
    return named, unknown


def _switches(reasons: pd.DataFrame, name: str) -> Switches:
    import pandas as pd

    column = reasons[name]
    missing = column.isna().to_numpy()
    if missing.any():
        rows, row = int(missing.sum()), int(missing.argmax()) + 1
        raise CvmError("tables.missing_values", table="reasons", column=name, count=rows, row=row)
    if not pd.api.types.is_bool_dtype(column) and not all(isinstance(one, (bool, np.bool_)) for one in column):
        raise CvmError("reasons.not_yes_no", column=name, found=str(column.dtype))
    switches: Switches = column.to_numpy(bool)
    return switches


def shares_of(named: Switches) -> NDArray[np.float64]:
    """Return each customer's share in each reason: 1 in all, equally among the reasons named; 0 where none is."""
    shares: NDArray[np.float64] = named / np.maximum(named.sum(axis=1, keepdims=True), 1)
    return shares


def values_of(reasons: pd.DataFrame, value: str | None) -> NDArray[np.float64]:
    """Return what each customer counts: the column, not negative and not 0 for all, or 1."""
    if value is None:
        return np.ones(len(reasons))
    values = numbers(reasons, value, "reasons")
    if (values < 0).any():
        row = int((values < 0).argmax())
        raise CvmError("reasons.negative_value", column=value, row=row + 1, value=f"{values[row]:g}")
    if not values.any():
        raise CvmError("reasons.no_value", column=value)
    return values


@public
def count_reasons(reasons: pd.DataFrame, *, value: str | None = None) -> pd.DataFrame:
    """Return how many customers, and how much value, left for each reason.

    Parameters
    ----------
    reasons
        One row per customer who left, from `code_reasons`.
    value
        Column of what each customer was worth, for example ``current_value`` (currency units, not negative); each
        counts the same if left out.

    Returns
    -------
    pandas.DataFrame
        One row per reason and two more, ``no_rule`` and ``no_text``: ``reason``, ``controllable`` (True for reasons
        2, 4 and 6 of the book), ``customers`` (who named it, so that the column may add up to more than all),
        ``share`` (share of all customers, several reasons of one customer counted equally), ``value`` (currency units,
        or customers, divided alike) and ``value_share`` (share of all value). Both shares add up to 1.

    Raises
    ------
    CvmError
        For missing columns, reasons that are not True or False, and values that are negative, empty, or all 0.

    Notes
    -----
    *Assumed*: the reasons that a customer names weigh the same. Here ``other_reason`` counts those whom a rule or a
    field put there; texts in which no rule found anything have a row of their own.

    Examples
    --------
    >>> import pandas as pd
    >>> said = pd.DataFrame({"text": ["Cheaper there", "I lost my job, and it is cheaper there"], "value": [60, 40]})
    >>> table = count_reasons(code_reasons(said), value="value").set_index("reason")
    >>> table.loc[["attracted", "forced_to_leave"], ["customers", "share", "value_share"]].values.tolist()
    [[2.0, 0.75, 0.8], [1.0, 0.25, 0.2]]
    """
    import pandas as pd

    named, _ = coded_switches(reasons)
    no_rule = reasons[NO_RULE].to_numpy(bool) if NO_RULE in reasons else np.zeros(len(reasons), bool)
    unknown = np.column_stack([no_rule, ~named.any(axis=1) & ~no_rule])
    boxes, worth = np.hstack([named, unknown]), values_of(reasons, value)
    shares = shares_of(boxes)
    keys = (*REASONS, NO_RULE, NO_TEXT)
    sums = worth @ shares
    return pd.DataFrame(
        {
            "reason": keys,
            "controllable": [key in CONTROLLABLE for key in keys],
            "customers": boxes.sum(axis=0),
            "share": shares.mean(axis=0),
            "value": sums,
            "value_share": sums / worth.sum(),
        }
    )
