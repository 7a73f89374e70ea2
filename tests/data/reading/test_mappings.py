"""What is saved beside a file: columns and reading options, and what is said of a file that does not fit."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from cvmlab import CvmError
from cvmlab.data.reading import read, save_mapping
from cvmlab.data.reading.columns import guess_mapping

LOG = "customer,date,amount\na,3/4/2024,10\nb,5/4/2024,20\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "sales.csv"
    path.write_text(LOG, encoding="utf-8")
    return path


def test_the_options_that_were_given_are_used_again(log: Path) -> None:
    save_mapping({"amount": "amount"}, log, day_first=True, options={"currency": "EUR"})
    made = read(log, today="2024-05-01")
    assert (made.currency, made.quality.last_date) == ("EUR", "2024-04-05")
    assert read(log, today="2024-07-01", as_of="2024-06-30", day_first=False).quality.last_date == "2024-05-04"


def test_an_as_of_day_is_not_saved_as_it_would_cut_the_next_export(log: Path) -> None:
    with pytest.raises(CvmError, match="as_of"):
        save_mapping({}, log, options={"as_of": "2024-04-03"})


@pytest.mark.parametrize(
    "text",
    [
        '{"columns": {}, "day_first": "no"}',
        '{"columns": {}, "day_first": 1}',
        '{"columns": {}, "sheet": 2}',
        '{"columns": {}, "dayfirst": true}',
        '{"columns": {"colour": "amount"}}',
        '{"columns": []}',
        "[" * 100_000,
        "5",
        "",
    ],
)
def test_a_file_that_does_not_fit_is_named(log: Path, text: str) -> None:
    log.with_name("sales.csv.mapping.json").write_text(text, encoding="utf-8")
    with pytest.raises(CvmError, match=r"sales\.csv\.mapping\.json") as caught:
        read(log)
    assert caught.value.key == "reading.bad_mapping_file"


def test_a_byte_order_mark_is_read_over(log: Path) -> None:
    log.with_name("sales.csv.mapping.json").write_text('{"columns": {}, "day_first": true}', encoding="utf-8-sig")
    assert read(log, today="2024-05-01").quality.last_date == "2024-04-05"


def test_a_folder_in_its_place_is_named(log: Path) -> None:
    log.with_name("sales.csv.mapping.json").mkdir()
    with pytest.raises(CvmError, match=r"mapping\.json"):
        read(log)


def test_a_wrong_choice_does_not_blame_what_is_saved(log: Path) -> None:
    save_mapping({"amount": "amount"}, log, day_first=True)
    with pytest.raises(CvmError) as caught:
        read(log, columns={"amount": "nothing"})
    assert caught.value.key == "reading.unknown_column"


def test_an_unknown_option_is_not_saved(log: Path) -> None:
    with pytest.raises(CvmError, match="colour"):
        save_mapping({}, log, options={"colour": True})


def test_one_column_for_two_roles_is_refused() -> None:
    with pytest.raises(CvmError, match=r"'amount'.*customer_id"):
        guess_mapping(["customer", "date", "amount"], {"customer_id": "amount", "amount": "amount"})


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_choice_that_cannot_be_saved_names_the_folder_and_the_reason_alone(
    log: Path, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    def refuse(*_: object, **options: str) -> None:
        raise OSError(reason, os.strerror(reason), f"{options['prefix']}x{options['suffix']}")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(CvmError) as caught:
        save_mapping({"amount": "amount"}, log)
    assert f"could not be saved in {log.parent} ({os.strerror(reason)})" in str(caught.value)
    assert ".part" not in str(caught.value)
    assert "save_mapping" not in str(caught.value)
