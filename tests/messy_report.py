"""Logs for the tests of the report: what a firm exports, with names and phones to look for, and what must not run."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from messy import HEADER, Messy, make

from cvmlab import datasets
from cvmlab.report.placing import put_in_place

CHINESE = ("客户编号", "客户名称", "电话", "业务员", "单据日期", "价税合计")
FAMILY, GIVEN = "赵钱孙李周吴郑王冯陈", "伟芳娜敏静丽强磊军洋"
HOSTILE_IDS = ("007", "=cmd()", "<script>alert(1)</script>", "+49 30", "-12", "@home", "a&b <b>bold</b>")
HOSTILE_NAME = "<img src=x onerror=alert(2)>"


def name_of(customer: int) -> str:
    """Return the name of a customer; no two are alike, and none is a word of the report."""
    return f"{FAMILY[customer % 10]}{GIVEN[customer // 10 % 10]}{GIVEN[customer % 7]}坊{customer:03}"


def phone_of(customer: int) -> str:
    """Return the phone number of a customer."""
    return f"1380{customer:07}"


def sales(customers: int = 60, seed: int = 1, days: int = 700) -> pd.DataFrame:
    """Return a log of regular customers, a third of whom stop, with Chinese headers and ids such as 007."""
    random = np.random.default_rng(seed)
    gap = random.uniform(10, 60, customers)
    stop = np.where(random.uniform(size=customers) < 0.35, random.uniform(200, days, customers), days)
    day = np.cumsum(random.exponential(gap[:, None], (customers, 150)), axis=1)
    customer, purchase = np.nonzero(day < stop[:, None])
    amount = np.round(random.lognormal(5, 0.6, customers)[customer] * random.lognormal(0, 0.3, len(customer)), 2)
    amount[::40] *= -0.5
    dates = pd.Timestamp(2021, 1, 1) + pd.to_timedelta(np.floor(day[customer, purchase]), unit="D")
    frame = pd.DataFrame(
        {
            CHINESE[0]: [f"{i:03}" for i in customer],
            CHINESE[1]: [name_of(i) for i in customer],
            CHINESE[2]: [phone_of(i) for i in customer],
            CHINESE[3]: np.array(["李经理", "韩经理"])[customer % 2],
            CHINESE[4]: dates.strftime("%Y年%m月%d日"),
            CHINESE[5]: [f"{value:,.2f}" for value in amount],
        }
    )
    return frame.sample(frac=1, random_state=seed, ignore_index=True)


def write_gb18030(path: Path, **options: int) -> Path:
    """Write `sales` as an ERP does."""
    sales(**options).to_csv(path, index=False, encoding="gb18030")
    return path


def write_some_households(path: Path, count: int) -> Path:
    """Write the grocery log of some households."""
    source = datasets.path("grocery").as_posix()
    duckdb.sql(f"""COPY (
        SELECT * FROM '{source}' WHERE customer_id IN (
            SELECT DISTINCT customer_id FROM '{source}' ORDER BY md5(customer_id) LIMIT {count})
        ) TO '{path.as_posix()}'""")
    return path


def write_messy_workbook(path: Path) -> list[Messy]:
    """Write two messy sheets with title rows, names and phone numbers, and one that holds no log."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = "说明"
    book.active.append(["此表为导出说明"])
    sheets = [
        make(seed=1, rows=160, no_id=3, bad_date=2, bad_amount=4, duplicate_row=5, total_row=2),
        make(seed=2, rows=90, no_id=1, bad_date=1, bad_amount=1, duplicate_row=2, total_row=1),
    ]
    for number, messy in enumerate(sheets, start=1):
        sheet = book.create_sheet(f"{2018 + number}年")
        sheet.append(["某某公司销售明细表"])
        sheet.append([f"打印日期：2020-07-0{number}"])
        sheet.append([*HEADER, "电话"])
        for row in messy.rows:
            # the order numbers of the sheets differ, so that no row of one repeats the other's
            order = row[0] if row[0] == "合计" else f"{number}{row[0]}"
            customer = re.search(r"\d+", row[2])
            who = int(customer[0]) if customer else 0
            sheet.append([order, row[1], name_of(who) if customer else row[2], *row[3:], phone_of(who)])
    book.save(path)
    return sheets


def total(sheets: list[Messy], *reasons: str) -> Decimal:
    """Return the sum of the amounts of some reasons over all sheets."""
    return sum((sheet.amounts.get(reason, Decimal(0)) for sheet in sheets for reason in reasons), Decimal(0))


def write_hostile_csv(path: Path) -> Path:
    """Write 300 columns, one of them twice, with ids and names that would run as formula or HTML."""
    random = np.random.default_rng(5)
    rows = 400
    customer = random.integers(0, 40, rows)
    ids = [*HOSTILE_IDS, *(f"{i:03}" for i in range(100, 133))]
    frame = pd.DataFrame(
        {
            "customer_id": [ids[i] for i in customer],
            "date": pd.Timestamp(2022, 1, 1) + pd.to_timedelta(random.integers(0, 700, rows), unit="D"),
            # the hostile ids buy most, so that page one shows them
            "amount": np.round(random.gamma(2, 50, rows) * np.where(customer < 7, 20, 1), 2),
            "customer_name": HOSTILE_NAME,
            "owner": '=HYPERLINK("http://example.org")',
        }
    )
    more = pd.DataFrame({f"note {i}": "x" for i in range(295)}, index=frame.index)
    wide = pd.concat([frame, more], axis=1)
    wide.columns = [*wide.columns[:-1], "note 0"]
    wide.to_csv(path, index=False)
    return path


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return content and time of every file, to see that nothing was touched."""
    return {
        str(path.relative_to(folder)): (path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


def make_earlier_report(folder: Path) -> Path:
    """Put a report called sales, made by an earlier run, into a folder of reports."""
    with put_in_place(folder / "sales") as work:
        (work / "figures").mkdir()
        (work / "report.html").write_text("earlier", encoding="utf-8")
        (work / "figures" / "01-matrix.png").write_bytes(b"\x89PNG")
    return folder
