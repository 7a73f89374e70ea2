"""Parts of a log, handed on as judged: what the whole was given, its parts were given."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.data.reading import ColumnMapping, DataReport, Log, Note, load_mapping, preview, read, save_mapping


def whole(**options: object) -> Log:
    """Return a log whose lines are equal but for the line number, with a collective customer in one region."""
    rows = [
        (f"{order}", f"C{order % 20}", f"2023-{1 + order % 12:02}-03", line, "10", ["North", "A/B", ""][order % 3])
        for order in range(60)
        for line in (1, 2)
    ]
    rows += [(f"w{day}", "walk-in", f"2023-05-{day:02}", 1, "10", "North") for day in range(1, 9)]
    rows += [("x", "C1", "2023-13-01", 1, "7", "A/B"), ("y", "C1", "2023-12-30", 1, "7", "A/B")]
    frame = pd.DataFrame(rows, columns=["order_id", "customer_id", "date", "line", "amount", "region"])
    return read(frame.astype(str), keep=["region"], name="shop", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{}, {"include_suspicious": True}, {"as_of": "2024-01-31"}])
def test_parts_of_a_log_hold_its_used_rows_and_add_up_to_it(tmp_path: Path, options: dict[str, object]) -> None:
    log = whole(**options)
    files = log.write_parts("region", tmp_path)
    assert set(files) == {"North", "A/B", None}
    parts = {value: read(path, columns={"amount": "nonsense"}) for value, path in files.items()}
    used = [row for part in parts.values() for row in part.transactions.fetchall()]
    assert sorted(used, key=str) == sorted(log.transactions.fetchall(), key=str)
    assert parts["North"].transactions.columns == log.transactions.columns
    for reason in ("used", "bad_date", "suspicious_customer", "duplicate_row"):
        assert sum(part.quality.rows(reason) for part in parts.values()) == log.quality.rows(reason)
    assert sum((part.quality.control_amount for part in parts.values()), Decimal(0)) == log.quality.control_amount
    # an end for all: the whole's last row, or the day that was said
    ends = {str(part.as_of) for part in parts.values()}
    assert ends == {options.get("as_of", "2023-12-30")}
    assert parts["A/B"].quality.suspicious == ()
    assert len(parts["North"].quality.suspicious) == 1
    assert parts["North"].mapping == log.mapping
    assert parts["North"].quality.notes[0].key == "judged_in_whole"


def test_another_parquet_file_is_read_as_ever(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pd.DataFrame({"customer_id": ["A"], "date": ["2023-01-01"], "amount": [5.0]}).to_parquet(path)
    assert read(path).as_of is None
    (tmp_path / "empty.parquet").touch()
    with pytest.raises(Exception, match=r"empty\.parquet"):
        read(tmp_path / "empty.parquet")


def test_parts_by_a_column_that_was_not_kept_are_refused_and_a_new_folder_is_made(tmp_path: Path) -> None:
    with pytest.raises(CvmError, match=r"'line'.*'region'"):
        whole().write_parts("line", tmp_path)
    files = whole().write_parts("region", tmp_path / "new" / "parts")
    assert all(file.is_file() for file in files.values())
    with pytest.raises(CvmError, match=r"0000\.parquet"):
        whole().write_parts("region", next(iter(files.values())))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Note, {}),
        (Note, {"key": float("nan"), "values": {}, "level": "note"}),
        (Note, {"key": "no_rows", "values": {}, "level": "loud"}),
        (DataReport, {"sums": []}),
        (ColumnMapping, {"amount": float("nan")}),
    ],
)
def test_data_that_describe_nothing_are_refused_in_one_sentence(kind: type, data: dict[str, object]) -> None:
    with pytest.raises(CvmError) as refused:
        kind.from_dict(data)  # type: ignore[attr-defined]
    assert refused.value.key != "guarding.failed"


@pytest.mark.parametrize("call", [read, preview, load_mapping, lambda source: save_mapping({"amount": "x"}, source)])
def test_an_empty_path_is_refused(call: Callable[[str], object]) -> None:
    with pytest.raises(CvmError, match="The name of the file is empty"):
        call("")
