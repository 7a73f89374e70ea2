"""What an unused column may change stands in the report too: in the data section, and on page one where it is much."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cvmlab import case, datasets
from cvmlab.case.cautions import grave_warnings, idle_columns, quality_light
from cvmlab.core.words import say, speaking
from cvmlab.data.reading import Log, read
from cvmlab.data.reading.notes import Level, Note
from cvmlab.report.data_quality import quality
from cvmlab.report.first_page import cautions
from cvmlab.report.privacy import masked

DAYS = pd.date_range("2023-01-08", periods=240, freq="2D").strftime("%Y-%m-%d")
UNKNOWN, EVERYDAY = ("Stand", "fert.", "zur."), ("Zahlungsart", "Karte", "Nachn.")


def log_of(head: str, usual: str, other: str, *, every: int = 10, small: bool = False) -> Log:
    odd = np.arange(240) % every == 3
    frame = pd.DataFrame(
        {
            "customer": [f"c{number % 17}" for number in range(240)],
            "date": DAYS,
            "amount": np.where(odd & small, 0.5, 100.0 + np.arange(240)),
            "product": [f"p{number % 5}" for number in range(240)],
            head: np.where(odd, other, usual),
        }
    )
    return read(frame, today="2026-01-01")


def data_section(log: Log) -> str:
    return "".join(page.text for page in quality(log.quality, log.mapping))


def idle_on_page_one(log: Log) -> list[str]:
    return [said for said in cautions(case.study(log)) if "Stand" in said or "Zusatz" in said or "Zahlungsart" in said]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_states_that_no_rule_knows_are_in_the_data_section_and_on_page_one(language: str) -> None:
    log = log_of(*UNKNOWN)
    with speaking(language):
        assert say("report.quality_no_warnings") in data_section(log)
        for told in ("Stand", "fert.", "zur.", "--status"):
            assert told in data_section(log)
        (said,) = idle_on_page_one(log)
    assert "9.9%" in said
    # a guess makes the data no worse
    assert quality_light(log.quality) == "good"


def test_little_money_is_no_caution_but_stays_in_the_data_section() -> None:
    log = log_of(*UNKNOWN, every=20, small=True)
    assert "zur." in data_section(log)
    assert idle_columns(log.quality) is None and not idle_on_page_one(log)


def test_how_was_paid_is_said_nowhere() -> None:
    log = log_of(*EVERYDAY)
    assert idle_columns(log.quality) is None
    assert "Nachn." not in data_section(log)


@pytest.mark.parametrize(
    ("key", "level", "share", "told"),
    [("sides_unused", "warning", 0.3, True), ("rare_words", "warning", 0.05, True), ("rare_words", "note", 0.9, False),
     ("sides_unused", "warning", 0.01, False), ("flags_unused", "note", 0.05, False),
     ("cut_export", "warning", 0.9, False)],
)  # fmt: skip
def test_page_one_weighs_the_money_and_not_the_words(key: str, level: Level, share: float, told: bool) -> None:
    note = Note(key, {"columns": "'Zusatz'", "money_share": share}, level)
    found = idle_columns(dataclasses.replace(log_of(*EVERYDAY).quality, notes=(note,)))
    assert found == ((["'Zusatz'"], share) if told else None)


def test_under_a_mask_the_words_of_the_cells_are_not_told() -> None:
    log = masked(log_of(*UNKNOWN), "ab" * 32)
    assert "zur." not in data_section(log) and "Stand" in data_section(log)
    (said,) = idle_on_page_one(log)
    assert "9.9%" in said and "zur." not in said


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_discount_that_computed_amounts_lack_is_said_on_page_one(language: str) -> None:
    frame = pd.DataFrame(
        {
            "customer": [f"c{number % 17}" for number in range(240)],
            "date": DAYS,
            "quantity": 1 + np.arange(240) % 3,
            "unit price": 100.0 + np.arange(240),
            "coupon": np.where(np.arange(240) % 4 == 1, 20.0, 0.0),
        }
    )
    log = read(frame, today="2026-01-01")
    assert grave_warnings(log.quality) == ["money"]
    with speaking(language):
        (said,) = [one for one in cautions(case.study(log)) if say("report.grave_money") in one]
        assert say("report.quality_title") in said
    assert grave_warnings(read(frame.drop(columns="coupon"), today="2026-01-01").quality) == []


@pytest.mark.parametrize("name", ["grocery", "appliances", "office_supplies", "packaging_film"])
def test_the_logs_of_the_course_have_no_such_caution(name: str) -> None:
    found = read(datasets.path(name)).quality
    assert idle_columns(found) is None and grave_warnings(found) == []
