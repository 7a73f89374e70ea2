"""Columns that say yes or no to a return, and columns of that name that count pieces or money."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from cvmlab.data.reading import Log, read


def log_of(head: str, *flags: Any) -> Log:
    rows = [(f"c{number}", f"2024-01-{number + 1:02}", 100 + number, flag) for number, flag in enumerate(flags)]
    return read(pd.DataFrame(rows, columns=["customer", "date", "amount", head]), today="2024-03-01")


def keys(log: Log) -> list[str]:
    return [note.key for note in log.quality.warnings if note.key.startswith(("returns_", "flag_"))]


@pytest.mark.parametrize("head", ["return", "Return?", "Returned", "退货", "是否退货", "是否为退货", "已退货"])
@pytest.mark.parametrize(
    ("yes", "no"),
    [("Y", "N"), ("yes", ""), ("是", "否"), ("true", "false"), (True, False), ("1", "0"), (1, 0), (1.0, None)],
)
def test_a_yes_makes_the_row_a_return(head: str, yes: Any, no: Any) -> None:
    log = log_of(head, no, yes, no, no)
    assert (float(log.quality.amount("used")), log.quality.rows("cancelled")) == (100 + 102 + 103, 1)
    assert keys(log) == ["returns_out"]


@pytest.mark.parametrize("head", ["return", "退货", "returned", "是否退货"])
@pytest.mark.parametrize("counts", [(0, 1, 2, 3), ("0", "1", "2", "3"), (0.0, 1.0, 35.5, None)])
def test_a_column_of_counts_or_sums_is_no_flag(head: str, counts: tuple[Any, ...]) -> None:
    log = log_of(head, *counts)
    assert (float(log.quality.amount("used")), keys(log)) == (406, ["flag_of_numbers"])


def test_a_flag_beside_its_sale_is_a_refund() -> None:
    rows = [("a", "2024-01-01", 100, "N"), ("a", "2024-02-01", 100, "Y"), ("b", "2024-02-01", 70, "N")]
    log = read(pd.DataFrame(rows, columns=["customer", "date", "amount", "退货"]), today="2024-03-01")
    assert float(log.quality.amount("used", "refund")) == 70
