"""Equal rows: dropped with an order id, kept and counted without one, asked about where an export may be doubled."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cvmlab.core.words import CvmError
from cvmlab.data.reading import read

HEAD = ["customer_id", "date", "amount", "order_id"]


def sales(first: int, last: int, *, ids: bool = False) -> pd.DataFrame:
    rows = [
        (f"K{n % 7}", f"2024-{1 + n // 28:02}-{1 + n % 28:02}", f"{10 + n % 9}.00", f"O{n}") for n in range(first, last)
    ]
    return pd.DataFrame(rows, columns=HEAD)[HEAD if ids else HEAD[:3]]


def folder(tmp_path: Path, *frames: pd.DataFrame) -> Path:
    for number, frame in enumerate(frames, 1):
        frame.to_csv(tmp_path / f"{number}.csv", index=False)
    return tmp_path


def test_equal_rows_without_an_order_id_are_kept_and_counted_with_their_money() -> None:
    rows = pd.concat([sales(0, 40), sales(3, 5)])
    quality = read(rows).quality
    assert (quality.rows("used"), quality.rows("duplicate_row")) == (42, 0)
    (note,) = [note for note in quality.notes if note.key == "equal_rows_kept"]
    assert "2, amount 27.00" in str(note)
    dropped = read(rows, drop_duplicates=True).quality
    assert (dropped.rows("used"), dropped.rows("duplicate_row"), dropped.amount("duplicate_row")) == (40, 2, 27)
    assert "equal_rows_kept" not in {note.key for note in dropped.notes}
    with_ids = read(pd.concat([sales(0, 40, ids=True), sales(3, 5, ids=True)])).quality
    assert (with_ids.rows("used"), with_ids.rows("duplicate_row")) == (40, 2)


def test_a_file_whose_every_row_is_there_twice_is_asked_about() -> None:
    twice = pd.concat([sales(0, 40), sales(0, 40)])
    with pytest.raises(CvmError, match=r"40 of 80 .* amount 5\d\d\.00.*--drop-duplicates.*--keep-duplicates"):
        read(twice)
    assert read(twice, drop_duplicates=True).quality.rows("used") == 40
    assert read(twice, drop_duplicates=False).quality.rows("used") == 80
    # nearly every one: a few were added since
    with pytest.raises(CvmError, match="twice"):
        read(pd.concat([twice, sales(40, 43)]))
    # the same purchase three times, or a tenth of the rows twice, is a habit
    assert read(pd.concat([sales(0, 40)] * 3)).quality.rows("used") == 120


@pytest.mark.parametrize(
    ("second", "shared"), [((0, 40), 40), ((30, 80), 10), ((20, 40), 20), ((39, 80), 0), ((40, 80), 0)]
)
def test_files_that_repeat_one_another_are_asked_about(tmp_path: Path, second: tuple[int, int], shared: int) -> None:
    source = folder(tmp_path, sales(0, 40), sales(*second))
    if shared:
        with pytest.raises(CvmError, match=rf"2\.csv, {shared} are also in 1\.csv"):
            read(source)
        dropped = read(source, drop_duplicates=True).quality
        assert (dropped.rows("used"), dropped.rows("duplicate_row")) == (second[1], shared)
        assert dropped.control_amount == sum((dropped.amount(part) for part in ("used", "duplicate_row")), Decimal(0))
    assert read(source, drop_duplicates=False if shared else None).quality.rows("used") == 40 + second[1] - second[0]


def test_an_export_beside_itself_in_another_format_is_asked_about(tmp_path: Path) -> None:
    source = folder(tmp_path, sales(0, 40, ids=True))
    typed = sales(0, 40, ids=True).assign(
        date=lambda f: pd.to_datetime(f["date"]), amount=lambda f: f["amount"].astype(float)
    )
    typed.to_parquet(tmp_path / "2.parquet")
    with pytest.raises(CvmError, match="40 are also in"):
        read(source)
    assert read(source, drop_duplicates=True).quality.rows("used") == 40


def test_overlapping_exports_with_order_ids_are_counted_once(tmp_path: Path) -> None:
    quality = read(folder(tmp_path, sales(0, 40, ids=True), sales(30, 80, ids=True))).quality
    assert (quality.rows("used"), quality.rows("duplicate_row")) == (80, 10)


def test_two_equal_purchases_that_overlapping_exports_both_hold_stay_two(tmp_path: Path) -> None:
    first, second = sales(0, 40), sales(30, 80)
    pair: Any = sales(35, 36)
    source = folder(tmp_path, pd.concat([first, pair]), pd.concat([second, pair]))
    with pytest.raises(CvmError, match="11 are also in"):
        read(source)


def test_a_sheet_of_totals_beside_the_purchases_is_asked_about(tmp_path: Path) -> None:
    orders = pd.DataFrame(
        [("a", "2024-01-15", 10.5), ("b", "2024-02-29", 20.25), ("a", "2024-03-14", 30)], columns=HEAD[:3]
    )
    customers = pd.DataFrame([("a", "2024-03-14", 40.5), ("b", "2024-02-29", 20.25)], columns=HEAD[:3])
    path = tmp_path / "shop.xlsx"
    with pd.ExcelWriter(path) as book:
        orders.to_excel(book, sheet_name="Orders", index=False)
        customers.to_excel(book, sheet_name="Customers", index=False)
    with pytest.raises(CvmError, match=r"Customers.* 2 of its 2 rows .*60\.75.*--sheet \"Orders\""):
        read(path)
    assert read(path, sheet="Orders").quality.amount("used") == Decimal("60.75")
    assert read(path, drop_duplicates=False).quality.amount("used") == Decimal("121.50")
    # the same sums without further purchases are the next month's, and other sums are none of these
    (tmp_path / "months").mkdir()
    later = orders[1:].assign(date="2024-04-30")
    assert read(folder(tmp_path / "months", orders[1:], later)).quality.amount("used") == Decimal("100.50")


def till(articles: int) -> pd.DataFrame:
    """Receipts of four articles of a few, so that some are scanned twice."""
    rows = [
        (f"K{n % 9}", f"2024-{1 + n // 28:02}-{1 + n % 28:02}", f"{2 + (n * n + 5 * line * n) % articles}.50", f"O{n}")
        for n in range(60)
        for line in range(4)
    ]
    return pd.DataFrame(rows, columns=HEAD)


def test_an_article_that_is_scanned_twice_on_many_receipts_is_asked_about() -> None:
    with pytest.raises(CvmError) as caught:
        read(till(3))
    assert caught.value.key == "reading.lines_again"
    assert read(till(3), drop_duplicates=False).quality.rows("used") == 240
    assert read(till(3), drop_duplicates=True).quality.rows("duplicate_row") > 10


def test_a_few_lines_again_are_dropped_as_before() -> None:
    frame = sales(0, 60, ids=True)
    log = read(pd.concat([frame, frame[:4]]))
    assert log.quality.rows("duplicate_row") == 4


@pytest.mark.parametrize("factor", [1.0, 1.1, 0.5])
def test_two_versions_of_an_export_or_orders_and_their_lines_are_asked_about(tmp_path: Path, factor: float) -> None:
    first = sales(0, 40, ids=True)
    second = first.assign(amount=(first["amount"].astype(float) * factor).map("{:.2f}".format))
    lines = pd.concat([second, second.assign(amount="1.25")]) if factor < 1 else second
    if factor == 1:
        # the same sums in other rows
        lines = pd.concat([first.assign(amount=first["amount"].astype(float) - 1.5), first.assign(amount=1.5)])
    with pytest.raises(CvmError) as caught:
        read(folder(tmp_path, first, lines))
    assert caught.value.key == "reading.orders_seen"
    assert caught.value.values["count"] == "40"
    assert len(read(folder(tmp_path, first, lines), drop_duplicates=False).transactions.fetchall()) == 40 + len(lines)


def test_returns_and_other_orders_in_a_second_file_are_no_second_version(tmp_path: Path) -> None:
    first = sales(0, 40, ids=True)
    back = first[:6].assign(amount=lambda frame: "-" + frame["amount"])
    assert len(read(folder(tmp_path, first, back, sales(40, 60, ids=True))).transactions.fetchall()) == 60 - 6
