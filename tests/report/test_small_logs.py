"""Every section of the report, in both languages, from small ordinary logs of many kinds: none fails or shows a NaN."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from small_logs import KINDS, faults, read_aloud

from cvmlab.case import study
from cvmlab.charts.matrix import _ticks
from cvmlab.data import reading


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 18, 3))
def test_small_ordinary_logs_make_a_report(first: int, tmp_path: Path) -> None:
    found = [fault for seed in range(first, first + 3) for fault in faults(seed, tmp_path)]
    assert not found, "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*KINDS][1:])
def test_further_kinds_of_small_logs_make_a_report(kind: str, tmp_path: Path) -> None:
    found = [fault for seed in range(2) for fault in faults(seed, tmp_path, kind)]
    assert not found, "\n".join(found)


def test_a_year_without_purchases_makes_a_report(tmp_path: Path) -> None:
    dates = pd.to_datetime(["2021-03-02", "2021-09-22", "2022-12-10"])
    log = reading.read(pd.DataFrame({"customer_id": ["P0", "P2", "P1"], "date": dates, "amount": [25.0, 25.0, 0.0]}))
    said = " ".join(read_aloud(study(log), log, tmp_path))
    assert "nobody bought in the last 12 months" in said


@pytest.mark.parametrize(("low", "high", "near_zero"), [(0, 980, 950), (0, 259, 219), (-40, 30, 31), (0, 1e-9, 9e-10)])
def test_ticks_of_amounts_just_beyond_the_linear_part(low: float, high: float, near_zero: float) -> None:
    ticks = _ticks(low, high, near_zero)
    assert 0.0 in ticks
    assert all(low <= tick <= high for tick in ticks)
    assert 2 <= len(ticks) <= 15
