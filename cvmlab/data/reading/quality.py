"""The data report: every row of the source stands in it once, and the amounts add up to the cent.

The report keeps exact sums (decimals, never floats) of rows and amounts by file, sheet, month, reason and
sign. All its tables are sums over these, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from cvmlab.core.guarding import described, public
from cvmlab.core.words import say

from .notes import Note

if TYPE_CHECKING:
    import pandas as pd

USED = "used"
REFUND = "refund"
# Reasons why a row is not used, in the order in which they are looked for.
REASONS = (
    "broken_row",
    "no_id",
    "bad_date",
    "bad_amount",
    "duplicate_row",
    "other_currency",
    "cancelled",
    "future_date",
    "after_as_of",
    "lone_far_date",
    "reversed",
    "suspicious_customer",
)
# Of these, what was left out because it was understood or asked for: it says nothing against the data.
UNDERSTOOD = ("other_currency", "cancelled", "after_as_of", "reversed")
UNUSABLE = tuple(reason for reason in REASONS if reason not in UNDERSTOOD)
# Rows that are not data and stand outside the control total.
OUTSIDE = ("total_row", "header_row")
# What a reader expects to see even where it is zero.
_ALWAYS = ("no_id", "bad_date", "bad_amount", "duplicate_row")


@dataclass(frozen=True)
class Sum:
    """Rows and their exact amount, in the currency units, for one file, sheet, month and reason."""

    file: str
    sheet: str
    # 2019-01, empty where the date is not known
    month: str
    # used, refund (used, with a negative amount), one of REASONS or of OUTSIDE
    reason: str
    rows: int
    amount: Decimal
    # rows whose amount cannot be read, and so adds nothing to the sum
    unknown: int = 0


@dataclass(frozen=True)
class BadRow:
    """A row that is not used, as an example: where it stands and the value that is the reason."""

    reason: str
    file: str
    sheet: str
    row: int
    value: str


@dataclass(frozen=True)
class SuspiciousCustomer:
    """An id that may not be a customer: why (see `suspicion`), rows, amount and its shares of all of these, 0 to 1."""

    customer_id: str
    customer_name: str
    why: str
    rows: int
    share: float
    amount: Decimal
    excluded: bool
    money_share: float = 0.0


@dataclass(frozen=True)
class Unused:
    """A file or sheet that was not read, with the reason as a remark."""

    file: str
    sheet: str
    reason: Note


@public
@dataclass(frozen=True)
class DataReport:
    """What was read, what was left out and why, and what to be careful about.

    Attributes
    ----------
    name
        Short name of the source.
    sums
        The exact sums everything else is made of.
    control_rows, control_amount
        Count and exact sum over all data rows, taken before any row was judged.
    samples
        Some rows of each reason.
    suspicious
        Ids that may not be customers, whether excluded or not.
    notes
        Decisions and warnings.
    unused
        Files and sheets that were not read.
    first_date, last_date
        Of the rows that are used, ISO text.
    customers
        Number of customers among the rows that are used.
    """

    name: str
    sums: tuple[Sum, ...]
    control_rows: int
    control_amount: Decimal
    samples: tuple[BadRow, ...]
    suspicious: tuple[SuspiciousCustomer, ...]
    notes: tuple[Note, ...]
    unused: tuple[Unused, ...]
    first_date: str
    last_date: str
    customers: int

    @property
    def warnings(self) -> tuple[Note, ...]:
        """The remarks that may make the figures wrong."""
        return tuple(note for note in self.notes if note.level == "warning")

    def rows(self, *reasons: str) -> int:
        """Return the number of rows with one of the reasons (``used`` does not count refunds)."""
        return sum(part.rows for part in self.sums if part.reason in reasons)

    def amount(self, *reasons: str) -> Decimal:
        """Return the exact amount of the rows with one of the reasons."""
        return sum((part.amount for part in self.sums if part.reason in reasons), Decimal(0))

    @property
    def returned_whole(self) -> float:
        """Money of the purchases that were taken back whole, so that they count neither as sales nor as returns."""
        return sum(float(note.values["amount"]) for note in self.notes if note.key == "reversed")  # noqa: PD011

    @property
    def dropped_share(self) -> float:
        """Share of the data rows that cannot be used, 0 to 1; not those set aside with reason, as reversals are."""
        return self.rows(*UNUSABLE) / self.control_rows if self.control_rows else 0.0

    @property
    def dropped_money_share(self) -> float:
        """Share of the money, refunds taken as positive, in rows that cannot be used, 0 to 1."""

        def money(reasons: tuple[str, ...]) -> Decimal:
            return sum((abs(part.amount) for part in self.sums if part.reason in reasons), Decimal(0))

        whole = money((USED, REFUND, *REASONS))
        return float(money(UNUSABLE) / whole) if whole else 0.0

    def reconcile(self) -> pd.DataFrame:
        """Return the reconciliation: the lines above ``control`` add up to it exactly.

        Returns
        -------
        pandas.DataFrame
            ``line`` (``used``, ``refund``, the reasons, ``control``, then rows outside the total), ``label`` (its
            wording), ``rows``, ``amount`` (exact `decimal.Decimal`, in the currency units) and
            ``unknown_amounts`` (rows whose amount cannot be read). ``control`` is taken before any row is judged.
        """
        import pandas as pd

        def unknown(*reasons: str) -> int:
            return sum(part.unknown for part in self.sums if part.reason in reasons)

        shown = {line: (self.rows(line), self.amount(line), unknown(line)) for line in (USED, REFUND, *REASONS)}
        shown = {line: sums for line, sums in shown.items() if sums[0] or line in (USED, REFUND, *_ALWAYS)}
        shown["control"] = (self.control_rows, self.control_amount, unknown(USED, REFUND, *REASONS))
        shown |= {line: (self.rows(line), self.amount(line), unknown(line)) for line in OUTSIDE if self.rows(line)}
        return pd.DataFrame(
            {
                "line": list(shown),
                "label": [say(f"reading.line_{line}") for line in shown],
                "rows": [rows for rows, _, _ in shown.values()],
                "amount": pd.Series([_money(amount) for _, amount, _ in shown.values()], dtype=object),
                "unknown_amounts": [count for _, _, count in shown.values()],
            }
        )

    def by_month(self) -> pd.DataFrame:
        """Return rows and amounts by month; the month is empty where the date is not known.

        Returns
        -------
        pandas.DataFrame
            ``month``, ``rows``, ``amount``, ``used_rows``, ``used_amount`` (refunds netted), ``dropped_rows``,
            ``dropped_amount``; amounts are exact decimals in the currency units.
        """
        return self._by(("month",), lambda part: (part.month,))

    def by_source(self) -> pd.DataFrame:
        """Return rows and amounts by file and sheet.

        Returns
        -------
        pandas.DataFrame
            ``file``, ``sheet``, the columns of `by_month`, and ``outside_rows`` (total and repeated header rows).
        """
        frame = self._by(("file", "sheet"), lambda part: (part.file, part.sheet))
        outside = [
            sum(part.rows for part in self.sums if part.reason in OUTSIDE and (part.file, part.sheet) == key)
            for key in zip(frame["file"], frame["sheet"], strict=True)
        ]
        return frame.assign(outside_rows=outside)

    def _by(self, names: tuple[str, ...], key: Callable[[Sum], tuple[str, ...]]) -> pd.DataFrame:
        import pandas as pd

        table: dict[tuple[str, ...], list[Any]] = {}
        for part in self.sums:
            row = table.setdefault(key(part), [0, Decimal(0), 0, Decimal(0), 0, Decimal(0)])
            if part.reason in OUTSIDE:
                continue
            for place in (0, 2 if part.reason in (USED, REFUND) else 4):
                row[place] += part.rows
                row[place + 1] += part.amount
        heads = ("rows", "amount", "used_rows", "used_amount", "dropped_rows", "dropped_amount")
        if names == ("month",):
            table = {name: row for name, row in table.items() if row[0]}
        rows = [
            [*name, *(_money(value) if isinstance(value, Decimal) else value for value in row)]
            for name, row in sorted(table.items())
        ]
        return pd.DataFrame(rows, columns=[*names, *heads])

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data for JSON; amounts are text, so that they stay exact."""
        plain: dict[str, Any] = _plain(self)
        return plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DataReport:
        """Return the report that `to_dict` described."""
        with described(cls):
            made: dict[str, Any] = {
                "sums": tuple(Sum(**_with_amount(part)) for part in data["sums"]),
                "control_amount": Decimal(data["control_amount"]),
                "samples": tuple(BadRow(**sample) for sample in data["samples"]),
                "suspicious": tuple(SuspiciousCustomer(**_with_amount(customer)) for customer in data["suspicious"]),
                "notes": tuple(Note.from_dict(note) for note in data["notes"]),
                "unused": tuple(
                    Unused(part["file"], part["sheet"], Note.from_dict(part["reason"])) for part in data["unused"]
                ),
            }
            return cls(**{part.name: data[part.name] for part in fields(cls)} | made)


def _plain(value: Any) -> Any:
    """Return a part of a report as JSON holds it."""
    if isinstance(value, Note):
        return value.to_dict()
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if is_dataclass(value):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    return str(value) if isinstance(value, Decimal) else value


def _with_amount(part: Mapping[str, Any]) -> dict[str, Any]:
    return {**part, "amount": Decimal(part["amount"])}


def _money(amount: Decimal) -> Decimal:
    """Return an exact amount with at least two decimals, and no more than it needs."""
    short = amount.quantize(Decimal("0.01"))
    return short if short == amount else amount.normalize()


def merge_sums(sums: Iterable[Sum]) -> tuple[Sum, ...]:
    """Return the sums with equal keys added together, in the order of file, sheet, month and reason."""
    total: dict[tuple[str, str, str, str], Sum] = {}
    for part in sums:
        key = (part.file, part.sheet, part.month, part.reason)
        known = total.get(key)
        total[key] = (
            part
            if known is None
            else Sum(*key, known.rows + part.rows, known.amount + part.amount, known.unknown + part.unknown)
        )
    return tuple(total[key] for key in sorted(total))
