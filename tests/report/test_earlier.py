"""The last report, read again: damaged in every way, or made in a way that cannot be compared."""

import json

import messy_report
import pytest

from cvmlab import CvmError, case, reading, say
from cvmlab.core.words import LANGUAGES, speaking
from cvmlab.report import lists, run, sections
from cvmlab.report.earlier import kept_thresholds, read_earlier
from cvmlab.report.placing import put_in_place


@pytest.fixture(scope="module")
def log():
    return reading.read(messy_report.sales(customers=60))


@pytest.fixture(scope="module")
def judged(log):
    return case.study(log)


@pytest.fixture
def last(judged, tmp_path):
    lists.write_lists(judged, tmp_path / "last")
    return tmp_path / "last"


def changed(path, change):
    record = json.loads(path.read_text(encoding="utf-8"))
    change(record)
    path.write_text(json.dumps(record), encoding="utf-8")


CASE_JSON = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[:50]),
    "empty": lambda path: path.write_bytes(b""),
    "binary": lambda path: path.write_bytes(b"\xff\xfe\x00\x01"),
    "a list": lambda path: path.write_text("[1, 2]"),
    "nested": lambda path: path.write_text("[" * 100_000),
    "gone": lambda path: path.unlink(),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "no thresholds": lambda path: changed(path, lambda record: record.pop("thresholds")),
    "half a threshold": lambda path: changed(path, lambda record: record["thresholds"].pop("current_value")),
    "a threshold of nothing": lambda path: changed(path, lambda r: r["thresholds"].update(current_value=None)),
    "a threshold of text": lambda path: changed(path, lambda r: r["thresholds"].update(current_value="a lot")),
    "a threshold of NaN": lambda path: changed(path, lambda r: r["thresholds"].update(current_value=float("nan"))),
    "no date": lambda path: changed(path, lambda record: record.pop("as_of")),
    "a date of numbers": lambda path: changed(path, lambda record: record.update(as_of=20240101)),
    "a date of text": lambda path: changed(path, lambda record: record.update(as_of="x")),
    "a basis of nothing": lambda path: changed(path, lambda record: record.update(basis="")),
    "assumptions of text": lambda path: changed(path, lambda record: record.update(assumptions="none")),
}
CUSTOMERS_CSV = {
    "empty": lambda path: path.write_bytes(b""),
    "binary": lambda path: path.write_bytes(b"\xff\xfe\x00\x01"),
    "gone": lambda path: path.unlink(),
    "cut": lambda path: path.write_text("\n".join(path.read_text(encoding="utf-8-sig").splitlines()[:6])),
    "its header alone": lambda path: path.write_text(path.read_text(encoding="utf-8-sig").splitlines()[0] + "\n"),
    "no type": lambda path: path.write_text("customer_id,type\na,I\n"),
    "no id": lambda path: path.write_text("id,value_type\na,I\n"),
    "unknown type": lambda path: path.write_text("customer_id,value_type\na,V\n"),
    "twice": lambda path: path.write_text("customer_id,value_type\na,I\na,II\n"),
    "ragged": lambda path: path.write_text("customer_id,value_type\na,I\na,II,3,4\n"),
}
DAMAGES = [
    *(("case.json", name, damage) for name, damage in CASE_JSON.items()),
    *(("customers.csv", name, damage) for name, damage in CUSTOMERS_CSV.items()),
]


@pytest.mark.parametrize(("file", "name", "damage"), DAMAGES, ids=[f"{file}-{name}" for file, name, _ in DAMAGES])
def test_a_damaged_last_report_is_one_sentence_that_names_the_file(last, file, name, damage):
    damage(last / file)
    with pytest.raises(CvmError) as caught:
        read_earlier(last)
    assert caught.value.key == "report.last_report_damaged"
    for language in LANGUAGES:
        with speaking(language):
            assert file in str(caught.value)
            assert "--since last" in str(caught.value)


def test_a_run_over_a_damaged_report_changes_nothing(tmp_path):
    with put_in_place(tmp_path / "sales") as work:
        (work / "case.json").write_text("{", encoding="utf-8")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(CvmError) as caught:
        run("grocery", folder=tmp_path, name="sales", since_last=True)
    assert caught.value.key == "report.last_report_damaged"
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_like_is_compared_with_like(log, judged, last):
    assumed = case.Assumptions()
    kept = kept_thresholds(last, log, assumed, False)
    assert kept is not None
    assert kept.current_value == judged.thresholds.current_value
    assert kept.current_value_choice == "previous"
    (page,) = sections.since_last(case.study(log, assumed, kept=kept), str(last))
    assert say("report.since_lead", before=str(judged.as_of), both=60, moved=0, new=0) in page._repr_html_()


@pytest.mark.parametrize("setting", [{"margin": 0.3}, {"discount_rate": 0.2}, {"horizon_months": 6}])
def test_another_assumption_is_named_and_moves_nobody(log, last, setting):
    assumed = case.Assumptions().replace(**setting)
    assert kept_thresholds(last, log, assumed, False) is None
    (page,) = sections.since_last(case.study(log, assumed), str(last))
    assert next(iter(setting)) in page._repr_html_()
    assert "<table" not in page._repr_html_()


def test_profit_is_not_compared_with_revenue(judged, tmp_path):
    frame = messy_report.sales(customers=60)
    profit = reading.read(frame.assign(profit=frame["价税合计"].astype(float) / 4))
    lists.write_lists(judged, tmp_path / "last")
    assert kept_thresholds(tmp_path / "last", profit, case.Assumptions(), False) is None
    (page,) = sections.since_last(case.study(profit), str(tmp_path / "last"))
    assert say("report.unlike_basis", before="revenue", now="profit") in page._repr_html_()


def test_time_does_not_run_backwards(log, last):
    earlier = reading.read(messy_report.sales(customers=60), as_of="2022-06-30")
    assert kept_thresholds(last, earlier, case.Assumptions(), False) is None


def test_a_mask_or_another_key_makes_them_strangers(log, judged, tmp_path):
    lists.write_lists(judged, tmp_path / "masked", "ab" * 32)
    assumed = case.Assumptions()
    assert kept_thresholds(tmp_path / "masked", log, assumed, "ab" * 32) is not None
    assert kept_thresholds(tmp_path / "masked", log, assumed, "cd" * 32) is None
    assert kept_thresholds(tmp_path / "masked", log, assumed, False) is None


def test_what_changes_no_type_may_change(log, last):
    assumed = case.Assumptions().replace(calls=3, hold_out_share=0.1, seed=7)
    assert kept_thresholds(last, log, assumed, False) is not None


def test_ids_that_look_like_formulas_are_the_same_in_both(tmp_path):
    frame = messy_report.sales(customers=30)
    frame["客户编号"] = "=" + frame["客户编号"].astype(str)
    made = case.study(reading.read(frame))
    lists.write_lists(made, tmp_path / "last")
    assert set(read_earlier(tmp_path / "last").types["customer_id"]) == set(made.customers["customer_id"])
