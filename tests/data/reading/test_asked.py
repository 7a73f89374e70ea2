"""Options that are wrong whatever the source holds are refused before it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from cvmlab import CvmError
from cvmlab.data.reading import preview, read
from cvmlab.report import run, run_by_group


@pytest.mark.parametrize("option", ["sheet", "encoding", "timezone", "currency"])
def test_an_empty_option_is_refused(tmp_path: Path, option: str) -> None:
    (tmp_path / "a.csv").write_text("customer,date,amount\na,2024-01-01,1\n", encoding="utf-8")
    with pytest.raises(CvmError, match=f"option {option} is empty"):
        read(tmp_path / "a.csv", **{option: ""})
    with pytest.raises(CvmError, match=f"option {option} is empty"):
        run(tmp_path / "a.csv", folder=tmp_path / "reports", reading={option: ""})


def test_an_empty_sheet_of_a_preview_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CvmError, match="option sheet is empty"):
        preview(tmp_path / "a.csv", sheet="")


@pytest.mark.parametrize("by", ["", " "])
def test_an_empty_column_to_group_by_is_refused(tmp_path: Path, by: str) -> None:
    with pytest.raises(CvmError, match="option by is empty"):
        run_by_group(tmp_path / "a.csv", by, folder=tmp_path / "reports")


@pytest.mark.parametrize(("option", "value"), [("as_of", "2025-02-30"), ("timezone", "Mars/X")])
def test_a_wrong_day_or_zone_is_refused_before_the_source_is_opened(tmp_path: Path, option: str, value: str) -> None:
    for made in (lambda given: read(tmp_path / "none.csv", **given), lambda given: run("none.csv", reading=given)):
        with pytest.raises(CvmError, match=value):
            made({option: value})
