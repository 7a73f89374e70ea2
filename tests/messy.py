"""Messy logs made to order: every defect is injected a known number of times, so that it can be counted again."""

from __future__ import annotations

import csv
import datetime as dt
import random
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

DEFECTS = ("no_id", "bad_date", "bad_amount", "duplicate_row", "future_date", "total_row")
TODAY = dt.date(2020, 6, 30)
HEADER = ("单据编号", "客户编号", "客户名称", "单据日期", "金额", "业务员")


@dataclass(frozen=True)
class Messy:
    """A messy table and what is in it.

    ``rows`` are text without the header; ``counts`` and ``amounts`` say by reason (``used``, ``refund`` and the
    defects) how many rows were made and what they sum to; ``month`` says it by month for the rows that count.
    """

    rows: tuple[tuple[str, ...], ...]
    counts: Counter[str] = field(default_factory=Counter)
    amounts: dict[str, Decimal] = field(default_factory=dict)
    months: dict[str, Decimal] = field(default_factory=dict)

    @property
    def control(self) -> Decimal:
        """Sum over everything but total rows."""
        return sum((value for reason, value in self.amounts.items() if reason != "total_row"), Decimal(0))


def make(seed: int, rows: int = 60, customers: int = 12, **defects: int) -> Messy:
    """Make a messy table: ``rows`` sales and refunds, and so many of each defect, in random order."""
    random_ = random.Random(seed)
    made: list[tuple[str, tuple[str, ...], Decimal]] = []

    def good(number: int, reason: str = "used") -> tuple[tuple[str, ...], Decimal]:
        customer = random_.randrange(customers)
        day = dt.date(2019, 1, 1) + dt.timedelta(days=random_.randrange(540))
        cents = random_.randrange(1, 2_000_000)
        amount = Decimal(-cents if reason == "refund" else cents) / 100
        row = (
            f"D{number:06d}",
            f"{customer:05d}",
            f"客户{customer}",
            written_date(day, random_),
            written(amount, random_),
            "李四",
        )
        return row, amount

    for number in range(rows):
        reason = "refund" if random_.random() < 0.1 else "used"
        row, amount = good(number, reason)
        made.append((reason, row, amount))
    number = rows
    for defect in DEFECTS:
        for _ in range(defects.get(defect, 0)):
            number += 1
            row, amount = good(number)
            cells = list(row)
            if defect == "no_id":
                cells[1] = random_.choice(["", " ", "nan", "NULL", "无"])
            elif defect == "bad_date":
                cells[3] = random_.choice(["", "soon", "2019-02-30", "20191399", "0"])
            elif defect == "bad_amount":
                cells[4], amount = random_.choice(["", "n/a", "abc", "1.2.3", "inf", "--5"]), Decimal(0)
            elif defect == "future_date":
                cells[3] = (TODAY + dt.timedelta(days=random_.randrange(1, 400))).isoformat()
            elif defect == "total_row":
                cells[0], cells[1], cells[2], cells[3] = random_.choice(
                    [("合计", "", "", ""), ("", "小  计", "", ""), ("", "", "总计：", ""), ("", "Total", "", "")]
                )
            elif defect == "duplicate_row":
                _, source, amount = random_.choice([entry for entry in made if entry[0] in ("used", "refund")])
                cells = list(source)
            made.append((defect, tuple(cells), amount))
    random_.shuffle(made)
    counts = Counter(reason for reason, *_ in made)
    amounts: dict[str, Decimal] = {}
    for reason, _, amount in made:
        amounts[reason] = amounts.get(reason, Decimal(0)) + amount
    return Messy(tuple(row for _, row, _ in made), counts, amounts)


def written_date(day: dt.date, random_: random.Random) -> str:
    """Write a date in one of the ways exports do."""
    return random_.choice(
        [
            day.isoformat(),
            f"{day:%Y/%m/%d}",
            f"{day.year}/{day.month}/{day.day}",
            f"{day:%Y.%m.%d}",
            f"{day:%Y%m%d}",
            f"{day.year}年{day.month}月{day.day}日",
            f"{day.isoformat()} 08:30:00",
            f"{day.isoformat()}T23:59:59.123",
            str((day - dt.date(1899, 12, 30)).days),
        ]
    )


def written(amount: Decimal, random_: random.Random) -> str:
    """Write an amount in one of the ways exports do."""
    size, minus = f"{abs(amount):,.2f}", amount < 0
    plain = f"{amount:.2f}"
    return random_.choice(
        [
            plain,
            f"{amount:,.2f}",
            f"({size})" if minus else f"¥{size}",
            f"{size}-" if minus else f"{size} 元",
            f"-￥{size}" if minus else f"RMB {size}",
            plain.translate(str.maketrans("0123456789.", "０１２３４５６７８９．")),
        ]
    )


def write_csv(path: Path, messy: Messy, *, encoding: str = "utf-8", separator: str = ",") -> Path:
    """Write the table as a CSV file."""
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.writer(stream, delimiter=separator)
        writer.writerow(HEADER)
        writer.writerows(messy.rows)
    return path


def write_sheet(sheet: object, messy: Messy, titles: int = 2) -> None:
    """Write the table into a sheet of openpyxl, below a few title rows."""
    for number in range(titles):
        sheet.append([f"销售明细表 {number}"])  # type: ignore[attr-defined]
    sheet.append(list(HEADER))  # type: ignore[attr-defined]
    for row in messy.rows:
        sheet.append(list(row))  # type: ignore[attr-defined]


def write_html(path: Path, messy: Messy, encoding: str = "gb18030") -> Path:
    """Write the table as the HTML that calls itself .xls."""
    lines = [f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in (HEADER, *messy.rows)]
    page = f'<html><head><meta charset="gb2312"></head><body><table border=1>{"".join(lines)}</table></body></html>'
    path.write_bytes(page.encode(encoding))
    return path
