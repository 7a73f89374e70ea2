"""Names and phone numbers made unreadable, for reports that leave the house."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

import pandas as pd

from cvmlab.core.words import say
from cvmlab.data.tables import CUSTOMER_ID, CUSTOMER_NAME, PHONE

if TYPE_CHECKING:
    from cvmlab.case import Case


def mask_name(name: str) -> str:
    """Keep the first letter of each word ("J*** S***"), or the first character of a Chinese name."""
    if any(ord(letter) > 0x2E80 for letter in name):
        return name[:1] + "*" * max(1, len(name) - 1)
    return " ".join(word[:1] + "***" for word in name.split())


def mask_phone(phone: str) -> str:
    """Keep the first three and the last two digits of a phone number, nothing of a short one."""
    digits = re.sub(r"\D", "", phone)
    if len(digits) < 9:
        return "*" * len(digits)
    return digits[:3] + "*" * (len(digits) - 5) + digits[-2:]


def masked(case: Case, *, id_is_name: bool = False) -> Case:
    """Return the case with names and phone numbers hidden; ids that are such become a running number."""
    # other ids stay as they are, for the firm must find its customers again
    ids = case.customers[CUSTOMER_ID].sort_values().reset_index(drop=True)
    telling = id_is_name or ids.str.fullmatch(r"\+?\d{11,}").mean() > 0.5
    renamed = {old: say("report.masked_customer", number=i) for i, old in enumerate(ids, start=1)} if telling else {}
    customers, calls = _hide(case.customers, renamed), _hide(case.calls, renamed)
    return dataclasses.replace(case, customers=customers, calls=calls)


def _hide(frame: pd.DataFrame, renamed: dict[str, str]) -> pd.DataFrame:
    hidden = frame.copy()
    if renamed:
        hidden[CUSTOMER_ID] = hidden[CUSTOMER_ID].map(renamed)
    for column, mask in ((CUSTOMER_NAME, mask_name), (PHONE, mask_phone)):
        if column in hidden.columns:
            hidden[column] = hidden[column].map(mask, na_action="ignore")
    return hidden
