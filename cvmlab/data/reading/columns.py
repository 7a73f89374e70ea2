"""Which column holds what: found by its name in English or Chinese, or said by the user.

The names that are understood lie in ``words/columns.csv``: a role, a rank and a pattern for the name in
lower case without spaces and signs. The best rank wins; two columns of the same rank for the customer,
the date or the amount are not decided here: the user is asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import Any

from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, read_table, say
from cvmlab.data import tables

from .notes import Note

QUANTITY = "quantity"
UNIT_PRICE = "unit_price"
STATUS = "status"
CURRENCY = "currency_code"
REFUND = "refund_amount"
RETURN = "return_flag"
TYPE = "row_type"
GIFT = "gift_flag"
CANCEL = "cancel_flag"
LEDGER = "ledger_line"
# further columns of statuses beside the one of the role
FURTHER = ("status_2", "status_3", "status_4")
DISCOUNT = "discount"
DISCOUNT_RATE = "discount_rate"
# those of a whole order, repeated on its lines
ORDER_REFUND = "order_refund"
ORDER_DISCOUNT = "order_discount"
# beside an amount, these show whether it is a line's or an order's
ITEM_QUANTITY = "item_quantity"
ITEM_PRICE = "item_price"
# the unit of the money on each row, such as 万元
MONEY_UNIT = "money_unit"
NUMBERS = (
    tables.AMOUNT,
    QUANTITY,
    UNIT_PRICE,
    tables.PROFIT,
    tables.COST,
    REFUND,
    DISCOUNT,
    ORDER_REFUND,
    ORDER_DISCOUNT,
)
TEXTS = (
    tables.CUSTOMER_ID, tables.CUSTOMER_NAME, tables.ORDER_ID, tables.PRODUCT, tables.OWNER, tables.PHONE, STATUS,
    CURRENCY, RETURN, TYPE, GIFT, CANCEL, LEDGER, DISCOUNT_RATE,
)  # fmt: skip
ROLES = (
    *(column.name for column in tables.TRANSACTIONS.columns), QUANTITY, UNIT_PRICE, STATUS, CURRENCY, REFUND, RETURN,
    TYPE, GIFT, CANCEL, LEDGER, DISCOUNT, DISCOUNT_RATE, ORDER_REFUND, ORDER_DISCOUNT,
)  # fmt: skip
# A wrong choice among these changes every figure; a wrong product or owner does not.
ASKED = frozenset({tables.CUSTOMER_ID, tables.DATE, *NUMBERS} - {tables.PROFIT, tables.COST, DISCOUNT, ORDER_DISCOUNT})
# beside a date, the time of its day
_DAYTIMES = frozenset({"time", "day", "时间"})
# between the two rows of a header
JOINT = " / "
# the signs of traditional Chinese (and Japanese) headers
_SIMPLIFIED = str.maketrans(
    "編號訂單銷售額價數顧會員買購貨來戶類別實際應積總計稅電話碼聯繫優減單據時間開發業務負責產條貿帳賬註備門紅標誌狀態簡稱錢這進項種兩親點結經辦過關為與國營縣區間讓費捐贈繳納後運顯幣収単価売",
    "编号订单销售额价数顾会员买购货来户类别实际应积总计税电话码联系优减单据时间开发业务负责产条贸帐账注备门红标志状态简称钱这进项种两亲点结经办过关为与国营县区间让费捐赠缴纳后运显币收单价卖",
)
# 金额（万元）, amount in thousands, Betrag (k€), once spaces and signs are gone
_UNIT = (
    "(in|单位|單位)?(亿|億|百万|百萬|万|萬|千|分|角|k|t|tsd|lakhs?|lacs?|crores?|thousands?|000s?|m|mio|millions?|cents?|pence)?"
    "(元|人民币|人民幣|美元|欧元|港元|新台币|新臺幣|CODES"
    "|euros?|本位币)?(cents?|thousands?)?"
)


# margin %, 毛利(%), but not amount incl. 19%
_PERCENT = re.compile(r"^\W*[%％]|[^\d\s]\s*[%％]\W*$")
# beside item-price, these are of Amazon's reports
_AMAZON = frozenset({"quantity-purchased", "purchase-date", "buyer-email", "order-item-id", "item-promotion-discount"})
_NO_RATES = (tables.AMOUNT, tables.PROFIT, tables.COST)


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


@cache
def patterns(role: str) -> tuple[tuple[int, re.Pattern[str]], ...]:
    """Return the (rank, pattern) rules of a role from ``words/columns.csv``, best rank first."""
    codes = "|".join(row["word"] for row in read_table("rules/units") if re.fullmatch("[a-z]{3}", row["word"]))
    unit = _UNIT.replace("CODES", codes) if role in NUMBERS and role != QUANTITY else ""
    rules = (row for row in read_table("rules/columns") if row["role"] == role)
    found = ((int(row["rank"]), re.compile(f"(?:{row['pattern']}){unit}")) for row in rules)
    return tuple(sorted(found, key=lambda rule: rule[0]))


def row_pattern(role: str, rank: int | None = None) -> str:
    """Return one regular expression for the rules of a role that looks at rows rather than names."""
    rules = (row for row in read_table("rules/columns") if row["role"] == role)
    return "|".join(f"(?:{row['pattern']})" for row in rules if rank is None or int(row["rank"]) == rank)


def values_of(role: str) -> tuple[str, ...]:
    """Return the plain words of a role that looks at values: those that mean a missing value."""
    return tuple(
        word for row in read_table("rules/columns") if row["role"] == role for word in row["pattern"].split("|")
    )


def plain_name(name: str) -> str:
    """Return a column name as the patterns expect it: lower case, simplified, without spaces and signs."""
    return simplified(re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name)).lower())


def simplified(text: str) -> str:
    """Return a text with the traditional signs of headers made simple."""
    return text.translate(_SIMPLIFIED)


@cache
def _ranks(name: str) -> dict[str, int]:
    plain = plain_name(re.sub(r" \(\d+\)$", "", name))
    found: dict[str, int] = {}
    for role in ROLES:
        for rank, pattern in patterns(role):
            if pattern.fullmatch(plain):
                found[role] = rank
                break
    if _PERCENT.search(name):
        if {DISCOUNT, ORDER_DISCOUNT} & found.keys():
            return {DISCOUNT_RATE: 1}
        return {role: rank for role, rank in found.items() if role not in _NO_RATES}
    if plain.endswith("单位"):
        return {role: rank for role, rank in found.items() if role not in NUMBERS}
    if not found and JOINT in name:
        return _ranks(name.rsplit(JOINT, 1)[1])
    return found


def rank_of(name: str, role: str) -> int | None:
    """Return how surely a column name means a role, 1 for most surely; None if it does not."""
    return _ranks(name).get(role)


def roles_of(name: str) -> tuple[str, ...]:
    """Return every role that a column name may play."""
    return tuple(_ranks(name))


def distinct_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the header's names, empty ones numbered (``column 2``) and repeated ones too (``金额 (2)``)."""
    bases = [" ".join(name.split()) or f"column {number}" for number, name in enumerate(names, start=1)]
    given = set(bases)
    counted: dict[str, int] = {}
    taken: set[str] = set()
    result: list[str] = []
    for base in bases:
        name = base
        while name in taken or (name != base and name in given):
            counted[base] = counted.get(base, 1) + 1
            name = f"{base} ({counted[base]})"
        taken.add(name)
        result.append(name)
    return tuple(result)


def find_header(rows: Sequence[Sequence[str]], chosen: Iterable[str] = ()) -> int | None:
    """Return the position of the row with most names of roles, or with chosen names; None if there is none."""
    wanted = {name for name in chosen if name}
    best, best_score = None, 0
    for position, row in enumerate(rows):
        names = [" ".join(cell.split()) for cell in row if cell.strip()]
        roles = {role for name in names for role in roles_of(name)}
        named = len(wanted & set(distinct_names(row)))
        # One matching cell may be a title ("客户"), two in one row are a header.
        score = 10 * named + (len(roles) if len(names) > 1 and len(roles) > 1 else 0)
        if score > best_score:
            best, best_score = position, score
    return best


def check_roles(columns: Mapping[str, str]) -> None:
    """Raise `CvmError` for an unknown role."""
    for role in columns:
        if role not in ROLES:
            raise CvmError("reading.unknown_role", role=role, roles=", ".join(ROLES))


def guess_mapping(names: Sequence[str], chosen: Mapping[str, str] | None = None, source: str = "") -> ColumnMapping:
    """Return the column of each role, chosen or found by name; an empty chosen name rules the role out."""
    chosen = dict(chosen or {})
    check_roles(chosen)
    found = {role: column_named(name, names, source) for role, name in chosen.items() if name}
    for role, name in found.items():
        other = next(known for known, taken in found.items() if taken == name)
        if other != role:
            raise CvmError("reading.column_twice", source=source, column=name, role=other, other=role)
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
        ranked = [(_ranks(name)[role], name) for name in names if role in _ranks(name) and name not in taken]
        if not ranked:
            return
        best = min(rank for rank, _ in ranked)
        equal = [name for rank, name in ranked if rank == best]
        if len(equal) > 1 and role in ASKED:
            raise _ambiguous(role, equal, source)
        found[role] = equal[0]
        if len(equal) > 1:
            notes.append(
                Note("role_chosen", {"source": source, "role": role, "column": equal[0], "others": listed(equal[1:])})
            )

    for role in (tables.CUSTOMER_ID, tables.CUSTOMER_NAME, tables.DATE):
        look_for(role)
    if tables.CUSTOMER_ID not in found and tables.CUSTOMER_NAME in found:
        found[tables.CUSTOMER_ID] = found.pop(tables.CUSTOMER_NAME)
        notes.append(Note("name_as_id", {"source": source, "column": found[tables.CUSTOMER_ID]}, "warning"))
    elif tables.CUSTOMER_ID not in {*found, *refused} and (contact := _contact(names, found, source)):
        found[tables.CUSTOMER_ID] = contact
        notes.append(Note("contact_as_id", {"source": source, "column": contact}, "warning"))
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
    _check_found(found, names, source, [role for role, name in chosen.items() if name])
    in_order = {role: found[role] for role in ROLES if role in found}
    statuses = {} if STATUS in refused else _statuses(found, names)
    wordings = () if LEDGER in refused else _wordings(found, names, statuses)
    notes = [note for note in notes if note.values.get("role") != STATUS]
    return ColumnMapping(in_order, tuple(notes), frozenset(chosen), _items(found, names), wordings, statuses)


def _contact(names: Sequence[str], found: Mapping[str, str], source: str) -> str | None:
    """Return the column by which customers may be known where there is no better one: a phone, a counterparty."""
    for _, pattern in patterns("contact_as_id"):
        fitting = [name for name in names if pattern.fullmatch(plain_name(name)) and name not in found.values()]
        if len(fitting) > 1:
            raise _ambiguous(tables.CUSTOMER_ID, fitting, source)
        if fitting:
            return fitting[0]
    return None


def _other_dates(found: Mapping[str, str], chosen: Mapping[str, str], names: Sequence[str], source: str) -> list[Note]:
    """Return a note on the dates that were not taken, such as that of the payment beside that of the order."""
    others = [name for name in names if _ranks(name).get(tables.DATE, 5) < 5 and name not in found.values()]
    others = [name for name in others if plain_name(name) not in _DAYTIMES]
    if tables.DATE in chosen or tables.DATE not in found or not others:
        return []
    return [Note("date_chosen", {"source": source, "column": found[tables.DATE], "others": listed(others)})]


def _wordings(found: Mapping[str, str], names: Sequence[str], statuses: Mapping[str, str]) -> tuple[str, ...]:
    taken = {*found.values(), *statuses.values()}
    free = [name for name in names if LEDGER in _ranks(name) and name not in taken]
    named = [found[role] for role in (LEDGER, tables.PRODUCT, TYPE) if role in found]
    return tuple(dict.fromkeys([*named, *free]))


def _statuses(found: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """Return further columns of statuses: a sale must be one by the state of its order and by that of its payment."""
    taken = set(found.values())
    ranked = [(_ranks(name)[STATUS], name) for name in names if STATUS in _ranks(name) and name not in taken]
    # a state may be one of an address
    ranked += [(9, name) for name in names if is_called(name, "maybe_status") and name not in taken]
    return dict(zip(FURTHER, (name for _, name in sorted(ranked, key=lambda pair: pair[0])), strict=False))


def _items(found: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """Return the columns with quantity and price of an item, beside an amount, and with units of money."""
    free = [name for name in names if name not in found.values()]
    unit = next((name for name in free if is_called(name, MONEY_UNIT)), None)
    units = {MONEY_UNIT: unit} if unit else {}
    if tables.AMOUNT not in found:
        return units
    items = {}
    for item, role in ((ITEM_PRICE, UNIT_PRICE), (ITEM_QUANTITY, QUANTITY)):
        named = [name for name in free if role in _ranks(name) or is_called(name, item)]
        # what was ordered makes the amount, what was shipped of it does not
        named = [name for name in named if not is_called(name, "moved_quantity")] or named
        if len(named) == 1:
            items[item] = named[0]
    if tables.ORDER_ID not in found:
        items.pop(ITEM_PRICE, None)
    return {**items, **units}


def is_called(name: str, *roles: str) -> bool:
    """Return whether a column name fits a rule of `rules/columns.csv` that is no role of its own."""
    return any(pattern.fullmatch(plain_name(name)) for role in roles for _, pattern in patterns(role))


def is_rate(name: str) -> bool:
    """Return whether a column name speaks of a share of the amount, or may: a margin is money for some."""
    money = _PERCENT.search(name) and any(is_called(name, role) for role in _NO_RATES)
    return bool(money) or is_called(name, "rate")


def _is_shop_export(names: Sequence[str]) -> bool:
    """Return whether the columns are those of Shopify's order export, whose 'Name' is the order's number."""
    return {"Name", "Financial Status", "Lineitem name"} <= set(names)


def _line_totals(names: Sequence[str], taken: Iterable[str]) -> dict[str, str]:
    """Return the amount of Amazon's order reports, whose item-price is that of the whole line, not of one piece."""
    plain = {plain_name(name): name for name in names if name not in taken}
    is_amazon = {"amazonorderid", "itemprice"} <= plain.keys() or ("item-price" in names and _AMAZON & set(names))
    return {tables.AMOUNT: plain["itemprice"]} if is_amazon and "itemprice" in plain else {}


def _check_found(found: Mapping[str, str], names: Sequence[str], source: str, chosen: Iterable[str]) -> None:
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


def _find_amount(
    found: dict[str, str], refused: set[str], names: Sequence[str], look_for: Any, notes: list[Note], source: str
) -> None:
    """Find the amount, or quantity and unit price where no column holds the amount itself."""
    if tables.AMOUNT in found:
        return
    if tables.AMOUNT not in refused and not any(_ranks(name).get(tables.AMOUNT) == 1 for name in names):
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
        for role in (QUANTITY, DISCOUNT, DISCOUNT_RATE, ORDER_DISCOUNT):
            found.pop(role, None)
    look_for(tables.AMOUNT)


def option(role: str) -> str:
    """Return the command-line option that names the column of a role."""
    return "--" + role.replace("_", "-")


def column_named(name: str, names: Sequence[str], source: str) -> str:
    """Return the column of that name, or the only one that differs in case, spaces or signs; else raise."""
    if name in names:
        return name
    alike = [known for known in names if plain_name(known) == plain_name(name)]
    if len(alike) == 1:
        return alike[0]
    near = get_close_matches(name, names, n=3) or list(names)
    raise CvmError("reading.unknown_column", column=name, source=source, columns=listed(near))


def _ambiguous(role: str, equal: Sequence[str], source: str) -> CvmError:
    key = REFUND if role == ORDER_REFUND else role
    return CvmError(
        f"reading.ambiguous_{key}",
        source=source,
        columns=listed(equal),
        option=option(role),
        example=equal[0],
        role=role,
    )


def listed(names: Sequence[str], most: int = 30) -> str:
    """Return names in quotation marks, the first of them where they are many."""
    shown = ", ".join(f"'{name}'" for name in names[:most])
    return shown if len(names) <= most else f"{shown}, … ({len(names)})"
