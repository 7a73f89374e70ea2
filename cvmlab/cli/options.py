"""Options that commands share: the columns, how the data are read, the assumptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import click

from cvmlab.core.words import CvmError, say
from cvmlab.data.tables import TRANSACTIONS

Wrapped = TypeVar("Wrapped", bound=Callable[..., Any])

# role that a column can play; each one is an option that names the column
ROLES = (
    *(column.name for column in TRANSACTIONS.columns), "quantity", "unit_price", "status", "currency_code",
    "refund_amount", "return_flag", "row_type", "gift_flag", "cancel_flag", "ledger_line", "discount", "discount_rate",
    "order_refund", "order_discount",
)  # fmt: skip
# those of a table of subscribers
OF_SUBSCRIBERS = ("churned", "tenure", "charge", "total", "contract", "joined_date", "left_date", "cause")
# options of `cvmlab.reading.read`, each with the same name there; yes and no become True and False
_READING = (
    click.option("--sheet"),
    click.option("--encoding"),
    click.option("--as-of", metavar="DATE"),
    click.option("--timezone"),
    click.option("--day-first", type=click.Choice(["yes", "no"])),
    click.option("--year-first", type=click.Choice(["yes", "no"])),
    click.option("--decimal", type=click.Choice(["point", "comma"])),
    click.option("--currency", metavar="CODE"),
    click.option("--merge-ids", is_flag=True),
    click.option("--fill-down", type=click.Choice(["yes", "no"]), is_flag=False, flag_value="yes"),
    click.option("--amount-per", type=click.Choice(["line", "order"])),
    click.option("--include-suspicious", is_flag=True),
    click.option("--include-future", is_flag=True),
    click.option("--keep-duplicates", is_flag=True),
    click.option("--drop-duplicates", is_flag=True),
    click.option("--tenure-unit", type=click.Choice(["months", "weeks", "days", "years"])),
    click.option("--left-words", metavar="WORD,…"),
    click.option("--leave-out", metavar="COLUMN", multiple=True),
)
_READING_NAMES = (
    "sheet", "encoding", "as_of", "timezone", "day_first", "year_first", "decimal", "currency", "merge_ids",
    "fill_down", "amount_per",
    "include_suspicious", "include_future", "keep_duplicates", "drop_duplicates",
    "tenure_unit", "left_words", "leave_out",
)  # fmt: skip
_ANSWERS = {"yes": True, "no": False}


def names_columns(command: Wrapped) -> Wrapped:
    """Add an option for each role that a column can play."""
    for role in reversed((*ROLES, *OF_SUBSCRIBERS)):
        command = click.option("--" + role.replace("_", "-"), role, metavar="COLUMN")(command)
    return command


def reads(command: Wrapped) -> Wrapped:
    """Add the options that say how the data are read."""
    for add in reversed(_READING):
        command = add(command)
    return command


def columns_of(options: dict[str, Any]) -> dict[str, str]:
    """Take the columns out of a command's options: role to column."""
    named = {role: options.pop(role) for role in (*ROLES, *OF_SUBSCRIBERS)}
    return {role: column for role, column in named.items() if column is not None}


def reading_of(options: dict[str, Any]) -> dict[str, Any]:
    """Take the options of `cvmlab.reading.read` out of a command's options; only those that were given."""
    from cvmlab.data.reading.asked import check_asked

    given = {name: options.pop(name) for name in _READING_NAMES}
    chosen = {name: _ANSWERS.get(value, value) for name, value in given.items() if value not in (None, False, ())}
    if chosen.pop("keep_duplicates", False):
        if "drop_duplicates" in chosen:
            raise CvmError("cli.keep_or_drop")
        chosen["drop_duplicates"] = False
    if "left_words" in chosen:
        chosen["left_words"] = [word.strip() for word in chosen["left_words"].split(",")]
    if "leave_out" in chosen:
        chosen["leave_out"] = list(chosen["leave_out"])
    check_asked(chosen)
    return chosen


def settings_of(settings: tuple[str, ...], options: dict[str, Any]) -> dict[str, str]:
    """Return the assumptions that were set, as text by name."""
    chosen: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise CvmError("cli.setting_without_value", setting=setting)
        if chosen.setdefault(name.strip(), value.strip()) != value.strip():
            raise CvmError("cli.set_twice", name=name.strip())
    for name in ("margin", "cost_per_order"):
        value = options.pop(name)
        if value is not None and chosen.setdefault(name, str(value)) != str(value):
            raise CvmError("cli.set_twice", name=name)
    return chosen


def assumption_lines(scenario: Any) -> Iterator[str]:
    """Yield a line for each assumption: its name, default, bounds and meaning."""
    values: Mapping[str, Any] = scenario().values()
    for name, limits in scenario.limits().items():
        value = values[name]
        shown = say("cli.not_given") if value is None else value
        bounds = f"{_bound(limits.minimum)} … {_bound(limits.maximum)}{limits.unit_label()}"
        yield f"{name:<22} {shown!s:<12} {bounds:<28} {limits.label()}"


def _bound(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
