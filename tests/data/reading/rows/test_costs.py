"""Costs written with a minus, costs that contradict each other, and costs beside profits."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.data.reading import Log, read


def log_of(rows: list[tuple[Any, ...]], *more: str, **options: Any) -> Log:
    dated = [("a", "2024-01-31", *row) for row in rows]
    return read(pd.DataFrame(dated, columns=["customer", "date", *more]), today="2024-03-01", **options)


def money(log: Log, role: str) -> list[float]:
    return [value for (value,) in log.transactions.project(role).fetchall()]


def keys(log: Log) -> list[str]:
    return [note.key for note in log.quality.notes if "cost" in note.key]


@pytest.mark.parametrize("head", ["cost", "成本"])
def test_costs_written_with_a_minus_are_costs(head: str) -> None:
    log = log_of([(100, -60), (50, -20), (-40, 24), (10, 0)], "amount", head)
    assert (money(log, "cost"), keys(log)) == ([60, 20, -24, 0], ["costs_negated"])
    mostly = log_of([(100, -60)] * 19 + [(100, 60)], "amount", head)
    assert sum(money(mostly, "cost")) == 19 * 60 - 60


def test_a_few_credits_among_costs_stay() -> None:
    log = log_of([(100, 60)] * 19 + [(100, -60)], "amount", "cost")
    assert (sum(money(log, "cost")), keys(log)) == (18 * 60, [])
    assert keys(log_of([(100, 60), (-10, -6)], "amount", "cost")) == []


def test_costs_of_both_signs_are_asked_about() -> None:
    rows = [(100, -60), (50, 20), (50, 30)]
    with pytest.raises(CvmError, match=r"'cost' is negative in 1 of 3 sales.*--cost \"\""):
        log_of(rows, "amount", "cost")
    assert money(log_of(rows, "amount", "cost", columns={"cost": "cost"}), "cost") == [-60, 20, 30]
    assert "cost" not in log_of(rows, "amount", "cost", columns={"cost": ""}).transactions.columns


@pytest.mark.parametrize("sign", [1, -1])
def test_a_return_gives_its_cost_and_its_profit_back_once(sign: int) -> None:
    rows = [("sale", 100, 60, 40), ("sale", 50, 20, 30), ("return", 40, sign * 24, sign * 16)]
    log = log_of([row[:3] for row in rows], "type", "amount", "cost")
    assert money(log, "cost") == [60, 20, -24]
    log = log_of(rows, "type", "amount", "cost", "profit")
    assert (money(log, "amount"), money(log, "profit")) == ([100, 50, -40], [40, 30, -16])


def test_a_loss_that_was_returned_is_no_loss() -> None:
    log = log_of([("sale", 100, -5), ("return", 40, -2)], "type", "amount", "profit")
    assert money(log, "profit") == [-5, 2]


def test_the_cost_of_goods_that_came_back_is_shown() -> None:
    assert keys(log_of([(100, 60), (-40, 24)], "amount", "cost")) == ["costs_of_returns"]


def test_profit_is_said_to_be_used_where_cost_says_otherwise() -> None:
    rows = [(100, 60, 30), (50, 20, 10)]
    log = log_of(rows, "amount", "cost", "profit")
    (note,) = [note for note in log.quality.notes if note.key == "profit_and_cost"]
    assert str(note).startswith("'profit' is used as the profit and 'cost' is not used: in 2 of 2 rows")
    assert keys(log_of([(100, 60, 40), (50, 20, 10)], "amount", "cost", "profit")) == []
    assert keys(log_of([(100, -60, 40), (50, -20, 30)], "amount", "cost", "profit")) == ["costs_negated"]


@pytest.mark.parametrize("role", ["profit", "cost"])
def test_a_profit_or_cost_in_percent_is_no_money(role: str) -> None:
    frame = pd.DataFrame({"customer": ["a", "b"], "date": "2024-01-31", "amount": ["100", "30"], role: ["40%", "40 %"]})
    with pytest.raises(CvmError, match=rf"percentages, not money.*--{role}") as caught:
        read(frame)
    assert caught.value.key == "reading.shares_not_money"
    assert read(frame, columns={role: ""}).quality.amount("used") == 130
