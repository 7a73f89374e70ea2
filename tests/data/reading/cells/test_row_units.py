"""Money in different units: a unit on each row, and the unit of the amount for what stands beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cvmlab import CvmError
from cvmlab.data.reading import Log, read


def log_of(folder: Path, header: str, *rows: str) -> Log:
    path = folder / "log.csv"
    lines = [f"{name},2024-02-0{day},{row}" for day, (name, row) in enumerate(zip("abc", rows, strict=False), 1)]
    path.write_text("\n".join([f"客户,日期,{header}", *lines]), "utf-8")
    return read(path, today="2024-03-01")


def keys(log: Log) -> set[str]:
    return {note.key for note in log.quality.notes if "unit" in note.key}


@pytest.mark.parametrize(
    ("header", "rows", "amount"),
    [
        ("金额,单位", ("100,元", "3,万元"), 30100),
        ("金额,金额单位", ("100,元", "3,千元"), 3100),
        ("金额,单位", ("1,万元", "3,万元"), 40000),
        ("amount,unit", ("100,USD", "3,kUSD"), 3100),
        ("数量,单价,单位", ("1,100,元", "2,3,万元"), 60100),
        # without a unit the amount is unknown
        ("金额,单位", ("100,元", "3,万元", "3,"), 30100),
        ("金额,单位", ("100,个", "3,百"), 103),
        ("金额,单位", ("100,个", "3,箱"), 103),
        ("金额,单位", ("100,元", "3,元"), 103),
    ],
)
def test_each_row_is_in_its_unit(tmp_path: Path, header: str, rows: tuple[str, ...], amount: int) -> None:
    log = log_of(tmp_path, header, *rows)
    assert (log.quality.amount("used"), "row_units" in keys(log)) == (amount, amount != 103)


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("金额,单位", ("100,元", "3,万元", "3,大")),
        ("金额（万元）,单位", ("100,元", "3,万元")),
        ("金额,单位", ("100,元", "3,万美元")),
    ],
)
def test_units_that_are_not_clear_are_asked_for(tmp_path: Path, header: str, rows: tuple[str, ...]) -> None:
    with pytest.raises(CvmError, match="in one unit") as caught:
        log_of(tmp_path, header, *rows)
    assert caught.value.key == "reading.unclear_row_units"


@pytest.mark.parametrize(
    ("header", "rows", "key"),
    [
        ("销售额(万元),毛利", ("1.00,0.40", "3.00,1.20"), "unit_carried"),
        ("销售额(万元),毛利", ("1.00,4000", "3.00,12000"), "unit_not_carried"),
        ("销售额(万元),毛利(元)", ("1.00,4000", "3.00,12000"), None),
        ("销售额(万元),毛利", ("1.00,4000元", "3.00,12000元"), None),
    ],
)
def test_a_profit_is_in_the_unit_of_the_amount(
    tmp_path: Path, header: str, rows: tuple[str, ...], key: str | None
) -> None:
    log = log_of(tmp_path, header, *rows)
    assert log.transactions.sum("profit").fetchall() == [(16000.0,)]
    assert keys(log) & {"unit_carried", "unit_not_carried"} == ({key} if key else set())


def test_a_refund_is_in_the_unit_of_the_amount(tmp_path: Path) -> None:
    log = log_of(tmp_path, "amount (k€),refund amount", "1.00,0.5", "3.00,0")
    assert log.quality.amount("used") + log.quality.amount("refund") == 3500
