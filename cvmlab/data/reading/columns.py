"""Which column holds what: found by its name, or said by the user.

The best rank of a name wins; two columns of the same rank for the customer, the date or the amount are not
decided here: the user is asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError
from cvmlab.data import tables

from .column_questions import ambiguous, check_found, paid_first
from .notes import Note, listed
from .role_names import is_called, patterns, plain_name, ranks_of
from .roles import (
    CANCEL,
    CURRENCIES,
    CURRENCY,
    DISCOUNT,
    DISCOUNT_RATE,
    FURTHER,
    GIFT,
    ITEM_PRICE,
    ITEM_QUANTITY,
    LEDGER,
    MONEY_UNIT,
    NUMBERS,
    ORDER_DISCOUNT,
    ORDER_REFUND,
    PRICE_UNIT,
    QUANTITY,
    REFUND,
    RETURN,
    ROLES,
    STATUS,
    TYPE,
    UNIT_PRICE,
)

# A wrong choice among these changes every figure; a wrong product or owner does not.
ASKED = frozenset({tables.CUSTOMER_ID, tables.DATE, *NUMBERS} - {tables.PROFIT, tables.COST, DISCOUNT, ORDER_DISCOUNT})
# beside a date, the time of its day
_DAYTIMES = frozenset({"time", "day", "时间"})
# beside a converted amount, its currency and its refund are the converted ones
_VERSION = re.compile(
    "converted|settlement|settled|base|home|local|functional|reporting|presentment|本位币|结算|折算|原币"
)
_OF_A_VERSION = frozenset({CURRENCY, REFUND, tables.PROFIT, tables.COST})
# beside item-price, these are of Amazon's reports
_AMAZON = frozenset({"quantity-purchased", "purchase-date", "buyer-email", "order-item-id", "item-promotion-discount"})


@public
@dataclass(frozen=True)
class ColumnMapping:
    """Which source column plays which role.

    Attributes
    ----------
    columns
        Role to source column: ``customer_id``, ``date``, ``amount`` or ``quantity`` and ``unit_price``, and
        where the source has them ``order_id``, ``profit``, ``cost``, ``product``, ``customer_name``,
        ``owner``, ``phone``, ``status`` (of the order: paid, cancelled …), ``currency_code``, ``refund_amount``,
        ``return_flag`` (yes: the row was refunded), ``row_type`` (sale, return …), ``gift_flag`` (yes: the row was
        given away), ``cancel_flag`` (yes: it was cancelled, is void or a test), ``ledger_line`` (words such
        as opening balance), ``discount`` (money) and
        ``discount_rate`` (share off) of quantity × unit price or, where they are said, of the amount,
        ``order_refund`` and ``order_discount`` (of a whole order, repeated on its lines).
    notes
        Decisions that the user should know of.
    chosen
        The roles whose column was said, not found by name.

    Examples
    --------
    >>> guess_mapping(["单据日期", "客户编号", "客户名称", "金额"]).columns["customer_id"]
    '客户编号'
    """

    columns: Mapping[str, str]
    notes: tuple[Note, ...] = field(default=(), compare=False)
    chosen: frozenset[str] = field(default=frozenset(), compare=False)
    # quantity and price of an item where the source has an amount too
    items: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    # columns in which a line of a ledger may say that it is no sale: its balance, a total
    wordings: tuple[str, ...] = field(default=(), compare=False, repr=False)
    # the columns of `FURTHER`
    statuses: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    # the unit of all money, such as 万元, where it stands above or below the header
    unit: str = field(default="", compare=False, repr=False)

    def __getitem__(self, role: str) -> str:
        return self.columns[role]

    def get(self, role: str) -> str | None:
        """Return the source column of a role, None if the source has none."""
        return self.columns.get(role)

    def __contains__(self, role: object) -> bool:
        return role in self.columns

    def amount_named(self) -> str:
        """Return what the amount is made of, as a sentence names it."""
        if tables.AMOUNT in self:
            return f"'{self[tables.AMOUNT]}'"
        return f"'{self[QUANTITY]}' × '{self[UNIT_PRICE]}'"

    def statuses_named(self) -> str:
        """Return the columns of statuses, as a sentence names them between quotation marks."""
        return "' / '".join([*([self[STATUS]] if STATUS in self else []), *self.statuses.values()])

    def named(self, role: str) -> str:
        """Return the column of a role, or several, as a sentence names them; an empty text if the source has none."""
        return "' / '".join(self.wordings) if role == LEDGER else self.get(role) or ""

    def to_dict(self) -> dict[str, str]:
        """Return role to source column as a plain dict, ready for JSON."""
        return dict(self.columns)

    @classmethod
    def from_dict(cls, columns: Mapping[str, str]) -> ColumnMapping:
        """Return the mapping that `to_dict` described."""
        check_roles(columns)
        return cls(dict(columns))


def check_roles(columns: Mapping[str, str]) -> None:
    """Raise `CvmError` for an unknown role."""
    for role in columns:
        if role not in ROLES:
            raise CvmError("reading.unknown_role", role=role, roles=", ".join(ROLES))


def guess_mapping(names: Sequence[str], chosen: Mapping[str, str] | None = None, source: str = "") -> ColumnMapping:
    """Return the column of each role, chosen or found by name; an empty chosen name rules the role out."""
    chosen = dict(chosen or {})
    check_roles(chosen)
    found = _chosen_columns(chosen, names, source)
    refused = {role for role, name in chosen.items() if not name}
    if tables.ORDER_ID not in chosen and "Name" not in found.values() and _is_shop_export(names):
        found[tables.ORDER_ID] = "Name"
    if tables.AMOUNT not in chosen:
        found |= _line_totals(names, found.values())
    notes: list[Note] = []

    def look_for(role: str) -> None:
        if role in found or role in refused:
            return
        taken = set(found.values())
        ranked = [(ranks_of(name)[role], name) for name in names if role in ranks_of(name) and name not in taken]
        if not ranked:
            return
        ranked = _of_the_amount(ranked, names, found.get(tables.AMOUNT, ""), role) or ranked
        best = min(rank for rank, _ in ranked)
        equal = [name for rank, name in ranked if rank == best]
        if role == tables.ORDER_ID and any(is_called(name, "order_number") for name in equal):
            equal = [name for name in equal if not is_called(name, "entry_number")]
        if len(equal) > 1 and role in ASKED:
            raise ambiguous(role, paid_first(role, equal, names), source)
        found[role] = equal[0]
        if len(equal) > 1:
            notes.append(
                Note("role_chosen", {"source": source, "role": role, "column": equal[0], "others": listed(equal[1:])})
            )

    for role in (tables.CUSTOMER_ID, tables.CUSTOMER_NAME, tables.DATE):
        look_for(role)
    notes += _other_id(found, refused, names, source)
    notes += _other_dates(found, chosen, names, source)
    _find_amount(found, refused, names, look_for, notes, source)
    for role in (
        tables.PROFIT,
        tables.COST,
        tables.ORDER_ID,
        tables.PRODUCT,
        tables.OWNER,
        tables.PHONE,
        STATUS,
        CURRENCY,
        *([] if ORDER_REFUND in found else [REFUND]),
        RETURN,
        TYPE,
        GIFT,
        CANCEL,
    ):
        look_for(role)
    if REFUND not in {*found, *refused}:
        look_for(ORDER_REFUND)
    check_found(found, names, source, [role for role, name in chosen.items() if name])
    in_order = {role: found[role] for role in ROLES if role in found}
    statuses = {} if STATUS in refused else _statuses(found, names)
    wordings = () if LEDGER in refused else _wordings(found, names, statuses)
    notes = [note for note in notes if note.values.get("role") != STATUS]
    return ColumnMapping(in_order, tuple(notes), frozenset(chosen), _items(found, names), wordings, statuses)


def _chosen_columns(chosen: Mapping[str, str], names: Sequence[str], source: str) -> dict[str, str]:
    """Return the columns that were named, each for one role."""
    found = {role: column_named(name, names, source) for role, name in chosen.items() if name}
    for role, name in found.items():
        other = next(known for known, taken in found.items() if taken == name)
        if other != role:
            raise CvmError("reading.column_twice", source=source, column=name, role=other, other=role)
    return found


def _of_the_amount(
    ranked: Sequence[tuple[int, str]], names: Sequence[str], amount: str, role: str
) -> list[tuple[int, str]]:
    """Return the column of the same version as the amount: the refund that was converted, of a converted one."""
    version = _VERSION.match(plain_name(amount))
    if not version or role not in _OF_A_VERSION:
        return []
    plain = {plain_name(name): name for name in names if name != amount}
    bare = {name: known.removeprefix(version[0]) for known, name in plain.items() if known.startswith(version[0])}
    return [(ranks_of(rest)[role], name) for name, rest in bare.items() if role in ranks_of(rest)]


def _other_id(found: dict[str, str], refused: Collection[str], names: Sequence[str], source: str) -> list[Note]:
    """Take the name, or a phone, as the id where there is no column of ids; return the remark on it."""
    if tables.CUSTOMER_ID not in {*found, *refused} and (mail := _mail_beside_names(names, found)):
        found[tables.CUSTOMER_ID] = mail
        return [Note("contact_as_id", {"source": source, "column": mail}, "warning")]
    if tables.CUSTOMER_ID not in found and tables.CUSTOMER_NAME in found:
        found[tables.CUSTOMER_ID] = found.pop(tables.CUSTOMER_NAME)
        return [Note("name_as_id", {"source": source, "column": found[tables.CUSTOMER_ID]}, "warning")]
    if tables.CUSTOMER_ID not in {*found, *refused} and (contact := _contact(names, found, source)):
        found[tables.CUSTOMER_ID] = contact
        return [Note("contact_as_id", {"source": source, "column": contact}, "warning")]
    return []


def _mail_beside_names(names: Sequence[str], found: Mapping[str, str]) -> str | None:
    """Return the e-mail beside a first name and a name, which is a surname then and no customer's alone."""
    mails = [name for name in names if is_called(name, "email_name") and name not in found.values()]
    first = any(is_called(name, "first_name") and name not in found.values() for name in names)
    return mails[0] if first and len(mails) == 1 and tables.CUSTOMER_NAME in found else None


def _contact(names: Sequence[str], found: Mapping[str, str], source: str) -> str | None:
    """Return the column by which customers may be known where there is no better one: a phone, a counterparty."""
    for _, pattern in patterns("contact_as_id"):
        fitting = [name for name in names if pattern.fullmatch(plain_name(name)) and name not in found.values()]
        if len(fitting) > 1:
            raise ambiguous(tables.CUSTOMER_ID, fitting, source)
        if fitting:
            return fitting[0]
    return None


def _other_dates(found: Mapping[str, str], chosen: Mapping[str, str], names: Sequence[str], source: str) -> list[Note]:
    """Return a note on the dates that were not taken, such as that of the payment beside that of the order."""
    others = [name for name in names if ranks_of(name).get(tables.DATE, 5) < 5 and name not in found.values()]
    others = [name for name in others if plain_name(name) not in _DAYTIMES]
    if tables.DATE not in chosen and tables.DATE in found and not others and is_called(found[tables.DATE], "due_date"):
        return [Note("due_dates", {"source": source, "column": found[tables.DATE]}, "warning")]
    if tables.DATE in chosen or tables.DATE not in found or not others:
        return []
    return [Note("date_chosen", {"source": source, "column": found[tables.DATE], "others": listed(others)})]


def _wordings(found: Mapping[str, str], names: Sequence[str], statuses: Mapping[str, str]) -> tuple[str, ...]:
    taken = {*found.values(), *statuses.values()}
    free = [name for name in names if LEDGER in ranks_of(name) and name not in taken]
    named = [found[role] for role in (LEDGER, tables.PRODUCT, TYPE) if role in found]
    return tuple(dict.fromkeys([*named, *free]))


def _statuses(found: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """Return further columns of statuses: a sale must be one by the state of its order and by that of its payment."""
    taken = set(found.values())
    ranked = [(ranks_of(name)[STATUS], name) for name in names if STATUS in ranks_of(name) and name not in taken]
    # a state may be one of an address
    ranked += [(9, name) for name in names if is_called(name, "maybe_status") and name not in taken]
    return dict(zip(FURTHER, (name for _, name in sorted(ranked, key=lambda pair: pair[0])), strict=False))


def _items(found: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """Return the columns with quantity and price of an item, beside an amount, and with units of money."""
    free = [name for name in names if name not in found.values()]
    unit = next((name for name in free if is_called(name, MONEY_UNIT)), None)
    units = {MONEY_UNIT: unit} if unit else {}
    kinds = {kind for role, kind in CURRENCIES.items() if role in found}
    units |= {kind: name for name in reversed(free) for kind in kinds if is_called(name, kind)}
    if tables.AMOUNT not in found:
        pieces = next((name for name in free if is_called(name, PRICE_UNIT)), None)
        return {**units, PRICE_UNIT: pieces} if pieces else units
    items = {}
    for item, role in ((ITEM_PRICE, UNIT_PRICE), (ITEM_QUANTITY, QUANTITY)):
        named = [name for name in free if role in ranks_of(name) or is_called(name, item)]
        # what was ordered makes the amount, what was shipped of it does not
        named = [name for name in named if not is_called(name, "moved_quantity")] or named
        if len(named) == 1:
            items[item] = named[0]
    return {**items, **units}


def _is_shop_export(names: Sequence[str]) -> bool:
    """Return whether the columns are those of Shopify's order export, whose 'Name' is the order's number."""
    return {"Name", "Financial Status", "Lineitem name"} <= set(names)


def _line_totals(names: Sequence[str], taken: Iterable[str]) -> dict[str, str]:
    """Return the amount of Amazon's order reports, whose item-price is that of the whole line, not of one piece."""
    plain = {plain_name(name): name for name in names if name not in taken}
    is_amazon = {"amazonorderid", "itemprice"} <= plain.keys() or ("item-price" in names and _AMAZON & set(names))
    return {tables.AMOUNT: plain["itemprice"]} if is_amazon and "itemprice" in plain else {}


def _find_amount(
    found: dict[str, str], refused: set[str], names: Sequence[str], look_for: Any, notes: list[Note], source: str
) -> None:
    """Find the amount, or quantity and unit price where no column holds the amount itself."""
    if tables.AMOUNT in found:
        return
    given = set(found)
    free = [name for name in names if name not in found.values()]
    if tables.AMOUNT not in refused and not any(ranks_of(name).get(tables.AMOUNT) == 1 for name in free):
        look_for(QUANTITY)
        if QUANTITY in found:
            look_for(UNIT_PRICE)
            if ORDER_DISCOUNT not in found:
                look_for(DISCOUNT_RATE)
                if DISCOUNT_RATE not in found:
                    look_for(DISCOUNT)
                if not {DISCOUNT, DISCOUNT_RATE} & {*found, *refused}:
                    look_for(ORDER_DISCOUNT)
        if QUANTITY in found and UNIT_PRICE in found:
            said = {"source": source, "quantity": found[QUANTITY], "price": found[UNIT_PRICE]}
            notes.append(Note("amount_computed", said))
            return
        for role in {QUANTITY, DISCOUNT, DISCOUNT_RATE, ORDER_DISCOUNT} - given:
            found.pop(role, None)
    look_for(tables.AMOUNT)


def column_named(name: str, names: Sequence[str], source: str) -> str:
    """Return the column of that name, or the only one that differs in case, spaces or signs; else raise."""
    if name in names:
        return name
    alike = [known for known in names if plain_name(known) == plain_name(name)]
    if len(alike) == 1:
        return alike[0]
    near = get_close_matches(name, names, n=3) or list(names)
    raise CvmError("reading.unknown_column", column=name, source=source, columns=listed(near))
