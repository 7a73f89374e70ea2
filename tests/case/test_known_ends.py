"""Where the days of leaving are recorded, a report goes by them: rates, causes and whom to win back come back right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cvmlab import case, datasets, reading
from cvmlab.case.known_ends import KnownEnds, study_ends
from cvmlab.core.words import CvmError, speaking
from cvmlab.data.subscribers.relationships import file_beside, read_relationships
from cvmlab.report.customer_book import sheets_of
from cvmlab.report.known_ends import by_the_dates, ends_of, known_ends_section, recorded, win_back_list
from cvmlab.report.lists import customer_table
from cvmlab.report.running import asked_of, is_of_subscribers, split_columns

HAZARD, MONTHS, BACK = 0.04, 36, 0.3
FIRST = pd.Timestamp("2021-01-10")


def world(customers: int = 900, seed: int = 7) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return bills of 20 a month, one in three of which is skipped, and the relationships behind them.

    Each month 4% leave; of these three in ten come back after four months and then pay half as much.
    """
    draw = np.random.default_rng(seed)
    bills, spells = [], []
    for number in range(customers):
        name, month, amount = f"K{number:04d}", int(draw.integers(0, 30)), 20.0
        while month < MONTHS:
            lasting = int(draw.geometric(HAZARD))
            bills += [
                (name, FIRST + pd.DateOffset(months=paid), amount)
                for paid in range(month, min(month + lasting, MONTHS))
                if paid == month or draw.random() > 1 / 3
            ]
            ended = month + lasting
            left = FIRST + pd.DateOffset(months=ended) - pd.Timedelta(days=5)
            cause = ["attracted", "poached"][int(draw.random() < 0.25)] if draw.random() < 0.5 else None
            is_over = ended < MONTHS
            spells.append(
                (name, FIRST + pd.DateOffset(months=month) - pd.Timedelta(days=3), left if is_over else pd.NaT,
                 cause if is_over else None)
            )  # fmt: skip
            if not is_over or draw.random() > BACK:
                break
            month, amount = ended + 4, amount / 2
    return (
        pd.DataFrame(bills, columns=["customer", "date", "amount"]),
        pd.DataFrame(spells, columns=["customer_id", "joined_date", "left_date", "reason for leaving"]),
    )


@pytest.fixture(scope="module")
def judged() -> case.Case:
    return case.study(reading.read(world()[0]))


@pytest.fixture(scope="module")
def dated() -> case.Case:
    return case.study(reading.read(world()[0]), relationships=world()[1])


@pytest.fixture(scope="module")
def ends(judged: case.Case) -> KnownEnds:
    return study_ends(judged, read_relationships(world()[1], as_of=judged.as_of))


def test_those_who_left_within_a_year_are_those_of_the_table(judged: case.Case, ends: KnownEnds) -> None:
    spells, end = world()[1], pd.Timestamp(judged.as_of)
    ago = end - pd.DateOffset(years=1)
    ran = spells[(spells["joined_date"] <= ago) & ~(spells["left_date"] <= ago)]
    assert ends.before == len(ran)
    assert ends.left == (ran["left_date"] <= end).sum()
    assert ends.left / ends.before == pytest.approx(1 - (1 - HAZARD) ** 12, abs=0.06)
    last = spells.drop_duplicates("customer_id", keep="last")
    assert ends.gone == (last["left_date"] <= end).sum()


def test_the_hazard_by_month_is_the_true_one(ends: KnownEnds) -> None:
    early = ends.table[ends.table["period"].between(2, 18)]
    assert early["left"].sum() / early["at_risk"].sum() == pytest.approx(HAZARD, abs=0.006)


def test_skipped_bills_make_the_payments_a_worse_guide_than_the_dates(ends: KnownEnds) -> None:
    by_payments = {seen.way: seen for seen in ends.seen}
    assert {"report"} <= set(by_payments)
    for seen in by_payments.values():
        assert seen.rightly + seen.missed == ends.gone
        assert seen.wrongly == seen.called - seen.rightly >= 0
    assert by_payments["report"].missed > 0


def test_the_reasons_are_those_stated_in_the_year(judged: case.Case, ends: KnownEnds) -> None:
    spells, end = world()[1], pd.Timestamp(judged.as_of)
    theirs = spells[(spells["left_date"] > end - pd.DateOffset(years=1)) & (spells["left_date"] <= end)]
    assert ends.causes is not None
    assert (ends.causes.leavers, ends.causes.known) == (len(theirs), theirs["reason for leaving"].notna().sum())
    named = ends.causes.table.set_index("reason")["customers"]
    assert named["poached"] == (theirs["reason for leaving"] == "poached").sum()
    assert ends.causes.share.low < 0.75 < ends.causes.share.high


def test_nobody_is_to_be_won_back_who_is_back(judged: case.Case, ends: KnownEnds) -> None:
    found = ends.win_back
    assert found is not None and found.of_returned
    last = world()[1].drop_duplicates("customer_id", keep="last").set_index("customer_id")
    left = last.loc[found.customers["customer_id"], "left_date"]
    assert left.between(pd.Timestamp(judged.as_of) - pd.DateOffset(years=1), pd.Timestamp(judged.as_of)).all()
    assert found.came_back / found.left_before == pytest.approx(BACK, abs=0.12)


def test_a_second_life_is_worth_what_second_lives_brought(ends: KnownEnds) -> None:
    found = ends.win_back
    assert found is not None
    assert found.kept == pytest.approx(0.5, abs=0.06)
    assert found.retention == pytest.approx(1 - HAZARD, abs=0.012)
    ratio = found.customers["assumed_second_lifetime_value"] / found.customers["profit_per_period"]
    rate = 1.1 ** (1 / 12)
    assert ratio.to_numpy() == pytest.approx(found.kept / (1 - found.retention / rate))
    assert found.customers["assumed_second_lifetime_value"].is_monotonic_decreasing


def test_who_had_to_leave_or_was_given_up_is_not_asked_to_come_back(judged: case.Case, ends: KnownEnds) -> None:
    spells = world()[1]
    unwanted = spells["reason for leaving"].replace({"poached": "被迫离开"})
    less = study_ends(judged, read_relationships(spells.assign(**{"reason for leaving": unwanted}), as_of=judged.as_of))
    assert ends.win_back is not None and less.win_back is not None
    assert ends.win_back.not_asked == 0 < less.win_back.not_asked
    fewer = len(ends.win_back.customers) - len(less.win_back.customers)
    assert 0 < fewer <= less.win_back.not_asked


def test_free_text_is_coded_by_rules(judged: case.Case) -> None:
    spells = world()[1]
    said = spells["reason for leaving"].map({"attracted": "They are cheaper", "poached": "They paid me to switch"})
    found = study_ends(judged, read_relationships(spells.assign(**{"reason for leaving": said}), as_of=judged.as_of))
    assert found.causes is not None and found.causes.from_text
    assert found.causes.table.set_index("reason")["customers"]["attracted"] > 0


def test_a_table_of_other_customers_is_refused(judged: case.Case) -> None:
    spells = world()[1]
    other = spells.assign(customer_id="X" + spells["customer_id"])
    with pytest.raises(CvmError, match=r"XK0000.*K0000"):
        study_ends(judged, read_relationships(other, as_of=judged.as_of))


def test_without_a_date_of_leaving_it_is_no_such_table(judged: case.Case) -> None:
    for missing in ("left_date", "joined_date", "customer_id"):
        with pytest.raises(CvmError):
            read_relationships(world()[1].drop(columns=missing), as_of=judged.as_of)


def test_rows_that_cannot_be_are_counted() -> None:
    rows = pd.DataFrame({
        "customer": ["A", "B", None, "D"], "joined": ["2020-01-01", "2021-05-01", "2020-01-01", None],
        "left date": ["2021-01-01", "2020-05-01", None, "2021-01-01"],
    })  # fmt: skip
    found = read_relationships(rows, as_of=pd.Timestamp("2022-01-01").date(), columns={"joined_date": "joined"})
    assert found.frame["customer_id"].tolist() == ["A"]
    assert sum("1 rows" in note or "2 rows" in note for note in found.notes) == 2


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_section_and_page_one_show_the_figures(judged: case.Case, ends: KnownEnds, language: str) -> None:
    with speaking(language):
        pieces = known_ends_section(judged, ends, [])
        first = by_the_dates(judged, ends)
    text = "".join(piece.text for piece in pieces if hasattr(piece, "text"))
    assert f"{ends.left}" in text and f"{ends.gone}" in text
    assert len(first) == 1 and f"{ends.left}" in first[0] and f"{ends.seen[0].missed}" in first[0]


def test_the_hold_out_is_neither_on_the_page_nor_in_the_workbook(dated: case.Case, ends: KnownEnds) -> None:
    assert ends.win_back is not None
    held = ends.win_back.customers.set_index("customer_id")["hold_out"]
    assert held.mean() == pytest.approx(dated.assumptions.hold_out_share, abs=0.1)
    listed = win_back_list(dated, ends.win_back)
    assert listed["customer_id"].tolist() == held.index[~held].tolist()
    sheet = sheets_of(dated, customer_table(dated), ends)["to win back"].frame
    assert sheet["customer"].tolist() == listed["customer_id"].tolist()
    assert "left on" in sheet and set(sheet["reason stated"]) <= {"attracted", "poached", ""}
    assert "to win back" not in sheets_of(dated, customer_table(dated))


def test_nothing_is_expected_of_those_who_have_left(judged: case.Case, dated: case.Case) -> None:
    last = world()[1].drop_duplicates("customer_id", keep="last").set_index("customer_id")["left_date"]
    of = dated.customers.set_index("customer_id")
    gone = of.loc[last.index[last.notna()]]
    assert len(gone) and not gone[["p_alive", "expected_contribution", "current_value", "value_high"]].to_numpy().any()
    assert gone["next_purchase"].isna().all()
    assert not set(dated.calls["customer_id"]) & set(gone.index)
    assert not dated.expected_purchases().set_index("customer_id").loc[gone.index].to_numpy().any()
    called = set(judged.calls["customer_id"])
    assert len(called & set(gone.index)) > 0.5 * len(called)


def test_with_the_dates_the_year_is_foretold_more_closely(judged: case.Case, dated: case.Case) -> None:
    assert judged.past is not None and dated.past is not None
    off = {name: abs(np.log(one.past.expected / one.past.actual)) for name, one in (("by", judged), ("dates", dated))}
    assert off["dates"] < off["by"]
    cut = pd.Timestamp(dated.past.cut)
    spells = world()[1]
    begun = spells[spells["joined_date"] <= cut]
    running = set(begun.loc[~(begun["left_date"] <= cut), "customer_id"])
    assert set(dated.past.customers["customer_id"]) <= running


def test_relationships_must_have_days() -> None:
    log = reading.read(world()[0])
    spells = world()[1]
    with pytest.raises(CvmError, match="left_date"):
        case.study(log, relationships=spells.drop(columns="left_date"))
    with pytest.raises(CvmError, match="joined_date"):
        case.study(log, relationships=spells.assign(joined_date=spells["joined_date"].astype(str)))


def log_of(folder: Path) -> reading.Log:
    world()[0].to_csv(folder / "bills.csv", index=False)
    return reading.read(folder / "bills.csv")


def test_without_a_table_nothing_is_said(judged: case.Case, tmp_path: Path) -> None:
    dates, said = recorded(log_of(tmp_path), tmp_path / "bills.csv")
    assert (dates, said) == (None, []) and ends_of(judged, dates) is None
    assert known_ends_section(judged, None, []) == [] and by_the_dates(judged, None) == []


def test_the_table_beside_the_data_is_taken_unless_it_is_ruled_out(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    world()[1].to_csv(tmp_path / "bills_subscribers.csv", index=False)
    assert file_beside(tmp_path / "bills.csv") == tmp_path / "bills_subscribers.csv"
    found, _ = recorded(log, tmp_path / "bills.csv")
    assert found is not None and found.name == "bills_subscribers"
    assert recorded(log, tmp_path / "bills.csv", "") == (None, [])


def test_what_merely_lies_beside_the_data_keeps_nobody_from_the_report(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    strangers = world()[1].assign(customer_id="X" + world()[1]["customer_id"])
    for text in ("a,b\n1,2\n", strangers.to_csv(index=False)):
        (tmp_path / "bills_subscribers.csv").write_text(text)
        found, said = recorded(log, tmp_path / "bills.csv")
        assert found is None and len(said) == 1 and "bills_subscribers.csv" in said[0]
        with pytest.raises(CvmError):
            recorded(log, tmp_path / "bills.csv", str(tmp_path / "bills_subscribers.csv"))


def test_under_a_mask_the_labels_of_the_log_are_shown(tmp_path: Path) -> None:
    bills, spells = world()
    labels = {name: f"#{name[1:]}" for name in spells["customer_id"].unique()}
    log = reading.read(bills.assign(customer=bills["customer"].map(labels)))
    spells.to_csv(tmp_path / "dates.csv", index=False)
    (tmp_path / "bills.csv").write_text("customer,date,amount\n")
    dates, said = recorded(log, tmp_path / "bills.csv", str(tmp_path / "dates.csv"), hidden=labels)
    assert dates is not None and not said
    found = ends_of(case.study(log, relationships=dates.frame), dates)
    assert found is not None and found.win_back is not None
    assert found.win_back.customers["customer_id"].str.startswith("#").all()


def test_the_course_finds_the_table_of_its_own_carrier() -> None:
    found = file_beside(datasets.path("carrier"))
    assert found == datasets.path("carrier_subscribers")
    assert file_beside(datasets.path("grocery")) is None


def test_columns_of_the_dates_belong_to_the_table_that_is_named() -> None:
    named = {"amount": "Sum", "customer_id": "No", "left_date": "End"}
    assert split_columns(named, "dates.csv") == (
        {"amount": "Sum", "customer_id": "No"}, {"left_date": "End", "customer_id": "No"}
    )  # fmt: skip
    assert split_columns(named, None) == (named, {})
    assert is_of_subscribers("sales.csv", named)
    assert asked_of("", {}) == {"subscribers": "", "subscriber_columns": {}}
