"""Discounts written as a share never raise an amount, and are read as the whole column means them."""

from pathlib import Path

import pytest

from cvmlab import CvmError
from cvmlab.data.reading import Log, read


def log_of(folder: Path, header: str, *rates: str) -> Log:
    path = folder / "log.csv"
    rows = [
        f"{name};2024-02-0{day};1;100;{rate}\n" for day, (name, rate) in enumerate(zip("ab", rates, strict=True), 1)
    ]
    path.write_text(f"customer;date;quantity;unit price;{header}\n" + "".join(rows), "utf-8")
    return read(path, today="2024-03-01", columns={"discount_rate": header})


@pytest.mark.parametrize(
    ("header", "rates", "amount"),
    [
        ("discount %", ("10", "0"), 190),
        ("discount %", ("-10", "0"), 190),
        ("discount %", ("-10%", "0%"), 190),
        ("discount %", ("-0.1", ""), 190),
        ("discount %", ("10%", "0.1"), 180),
        ("discount %", ("10%", "10"), 180),
        ("discount %", ("12,5%", "0"), 187.5),
        ("discount %", ("5% off", "0.5"), 145),
        ("discount %", ("1", "5"), 194),
        # a discount of more than the price is none
        ("discount %", ("120", "10"), 190),
        ("折扣", ("9折", "85折"), 175),
        ("折扣", ("9折", ""), 190),
        ("折扣", ("0.9", "1"), 190),
        ("折扣", ("9", "10"), 190),
        ("折扣率", ("90%", "100%"), 190),
        ("扣率", ("90", "100"), 190),
        ("折扣", ("0.1", "0"), 190),
        ("折扣(%)", ("5", "10"), 185),
    ],
)
def test_a_share_is_taken_off(tmp_path: Path, header: str, rates: tuple[str, str], amount: float) -> None:
    assert log_of(tmp_path, header, *rates).quality.amount("used") == amount


def test_shares_without_their_meaning_are_asked_for(tmp_path: Path) -> None:
    for header, rates in (("disc", ("1", "0")), ("disc", ("0.9", "1")), ("折扣", ("8", "9"))):
        with pytest.raises(CvmError, match="percent sign") as caught:
            log_of(tmp_path, header, *rates)
        assert caught.value.key == "reading.unclear_rate"


def test_what_was_turned_around_is_said(tmp_path: Path) -> None:
    def said(header: str, *rates: str) -> list[tuple[str, str]]:
        notes = log_of(tmp_path, header, *rates).quality.notes
        return [(note.level, note.key) for note in notes if note.key in ("negative_discounts", "rates_paid")]

    assert said("disc", "-10", "0") == [("note", "negative_discounts")]
    assert said("disc", "-10", "5") == [("warning", "negative_discounts")]
    assert said("折扣", "0.9", "1") == [("warning", "rates_paid")]
    assert said("折扣", "0.1", "0") == []


@pytest.mark.parametrize("header", ["Discount %", "Rabatt %", "Discount Rate", "折扣率"])
def test_a_column_that_is_called_a_share_is_one(tmp_path: Path, header: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        f"customer,date,quantity,unit price,{header}\na,2024-02-01,1,100,10\nb,2024-02-02,1,50,0\n", "utf-8"
    )
    assert read(path, today="2024-03-01").quality.amount("used") == 140


@pytest.mark.parametrize(
    ("money", "keys"),
    [(("-10", "-5"), []), (("-10", "5"), ["negative_discounts"]), (("110", "5"), ["discounts_too_large"])],
)
def test_money_off_with_a_stray_sign_or_above_the_amount_is_said(
    tmp_path: Path, money: tuple[str, str], keys: list[str]
) -> None:
    path = tmp_path / "log.csv"
    rows = [f"{name},2024-02-01,1,100,{sum_}\n" for name, sum_ in zip("ab", money, strict=True)]
    path.write_text("customer,date,quantity,unit price,discount amount\n" + "".join(rows), "utf-8")
    warnings = [note.key for note in read(path, today="2024-03-01").quality.warnings]
    assert [key for key in warnings if "discount" in key] == keys
