"""What is asked where a column is missing or several could have a role."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from cvmlab.core.words import CvmError, read_table, say
from cvmlab.data import tables

from .notes import listed
from .role_names import is_called, plain_name, roles_of, unaccented
from .roles import ORDER_REFUND, QUANTITY, REFUND, UNIT_PRICE, option

# so many columns named as months are a table of months, not of purchases
_MONTHS = 3


def check_found(found: Mapping[str, str], names: Sequence[str], source: str, chosen: Iterable[str]) -> None:
    """Raise `CvmError` that names everything that is missing: customer, date, amount."""
    missing = [role for role in (tables.CUSTOMER_ID, tables.DATE) if role not in found]
    if tables.AMOUNT not in found and not {QUANTITY, UNIT_PRICE} <= found.keys():
        missing.append(tables.AMOUNT)
    if not missing:
        return
    named = [name for name in names if not re.fullmatch(r"column \d+", name)]
    if len(named) == 1 and re.search(r"[,;\t|，；]", named[0]):
        raise CvmError("reading.one_column", source=source, column=named[0])
    _check_taken(found, names, source, missing, chosen)
    sides = [name for name in names if is_called(name, "ledger_side")]
    if missing == [tables.AMOUNT] and len(sides) == 2:
        raise CvmError("reading.ledger_sides", source=source, first=sides[0], second=sides[1])
    if tables.DATE in missing and len(across := [name for name in names if _is_period(name)]) >= _MONTHS:
        raise CvmError("reading.months_across", source=source, first=across[0], last=across[-1], count=len(across))
    short = [role.removeprefix("customer_") for role in missing]
    key = f"no_{short[0]}_column" if len(missing) == 1 else "no_columns"
    raise CvmError(
        f"reading.{key}",
        source=source,
        columns=listed(names),
        missing="; ".join(say(f"reading.missing_{role}") for role in short),
        option=" NAME ".join(map(option, missing)),
        role=missing[0],
    )


def _check_taken(
    found: Mapping[str, str], names: Sequence[str], source: str, missing: Sequence[str], chosen: Iterable[str]
) -> None:
    """Raise `CvmError` where a column that would do for a missing role was chosen for another one."""
    for given in chosen:
        for role in missing:
            if role in roles_of(found[given]):
                raise CvmError(
                    "reading.column_taken",
                    source=source,
                    missing=say(f"reading.missing_{role.removeprefix('customer_')}"),
                    column=found[given],
                    given=option(given),
                    option=option(role),
                    columns=listed(names),
                )


@cache
def _periods() -> re.Pattern[str]:
    """Return a pattern for a month or a day as the name of a column: 2024-01, Jan 24, 3月, 2024年3月, 01/2024."""
    words = "|".join(re.escape(word) for row in read_table("rules/months") for word in row["words"].split("|"))
    year, sign = r"((19|20)?\d\d年?)", r"[\s./_-]*"
    month = rf"(0?[1-9]|1[0-2])月?|({words})\.?"
    day = r"(\d{1,2}日?)?( 00:00:00)?"
    return re.compile(
        rf"{year}{sign}({month}){sign}{day}|({month}){sign}{year}|\d{{1,2}}月|({words})\.?", re.IGNORECASE
    )


def _is_period(name: str) -> bool:
    return _periods().fullmatch(unaccented(name.strip())) is not None


def paid_first(role: str, equal: Sequence[str], names: Sequence[str]) -> Sequence[str]:
    """Return the amounts with what was paid first: the total where a shop states what it paid back, with shipping."""
    if role != tables.AMOUNT:
        return equal
    first = "gross_total" if any(plain_name(name) == "refundedamount" for name in names) else "paid_amount"
    return sorted(equal, key=lambda name: not is_called(name, first))


def ambiguous(role: str, equal: Sequence[str], source: str) -> CvmError:
    """Return the question which of several columns has a role."""
    key = REFUND if role == ORDER_REFUND else role
    return CvmError(
        f"reading.ambiguous_{key}",
        source=source,
        columns=listed(equal),
        option=option(role),
        example=equal[0],
        role=role,
    )
