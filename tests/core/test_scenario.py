"""Scenarios: what a field holds, what is refused and how, and what is made from the fields."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, speaking
from cvmlab.core.scenario import Limits, Scenario, choice, dataclass, number, switch
from cvmlab.worth.matrix import Thresholds
from cvmlab.worth.portfolio import WorstCustomers

modest = settings(max_examples=60, deadline=None)


@dataclass(frozen=True)
class Plan(Scenario):
    retention_rate: float = number(0.8, minimum=0, maximum=1, step=0.05, word="retention_rate", unit="share")
    orders: int = number(3, minimum=1, maximum=9, word="revenue", unit="orders", whole=True)
    margin: float | None = number(None, minimum=0, word="profit", optional=True)
    method: str = choice("stated", word="matrix.choice", choices=("stated", "median", "other"))
    certain: bool = switch(False, word="revenue")


@modest
@given(st.floats(0, 1), st.integers(1, 9), st.one_of(st.none(), st.floats(0, 1e9)), st.booleans())
def test_what_lies_within_the_bounds_is_held_and_comes_back_through_texts(rate, orders, margin, certain):
    plan = Plan().replace(retention_rate=rate, orders=orders, margin=margin, certain=certain)
    texts = {name: "" if value is None else str(value) for name, value in plan.values().items()}
    assert Plan.from_texts(texts) == plan
    assert Plan(**plan.values()) == plan


@modest
@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_number_out_of_bounds_is_refused_with_the_bound_and_one_within_never(amount):
    if 0 <= amount <= 1:
        assert Plan().replace(retention_rate=amount).retention_rate == amount
        return
    with pytest.raises(CvmError) as refused:
        Plan().replace(retention_rate=amount)
    said = str(refused.value)
    assert "retention_rate" in said
    if math.isfinite(amount):
        assert ("at most 1" in said) if amount > 1 else ("at least 0" in said)
    else:
        assert "number is needed" in said


@modest
@given(st.floats(0, 1), st.floats(0, 1))
def test_replace_leaves_the_old_scenario_alone(before, after):
    old = Plan(retention_rate=before)
    assert old.replace(retention_rate=after).retention_rate == after
    assert old.retention_rate == before


def test_an_unknown_name_is_refused_with_the_names_there_are():
    with pytest.raises(CvmError, match=r"no parameter 'retention'.*retention_rate, orders, margin"):
        Plan().replace(retention=0.9)


@pytest.mark.parametrize("bad", ["much", None, True, "nan", "inf", [1]])
def test_what_is_no_number_is_refused(bad):
    with pytest.raises(CvmError, match="a number is needed"):
        Plan().replace(retention_rate=bad)


@pytest.mark.parametrize(("name", "bad"), [("orders", 2.5), ("method", "guess"), ("certain", "perhaps")])
def test_every_kind_of_field_refuses_what_it_cannot_hold(name, bad):
    with pytest.raises(CvmError, match=name):
        Plan().replace(**{name: bad})


def test_the_sentence_is_said_in_the_language_in_which_it_is_read():
    with pytest.raises(CvmError) as refused:
        Plan().replace(retention_rate=1.5)
    with speaking("zh"):
        assert str(refused.value) == "客户保持率（retention_rate）为 1.5，不得大于 1（占 1 的比例）。"


def test_a_scenario_cannot_be_changed():
    with pytest.raises(AttributeError):
        Plan().orders = 4


@pytest.mark.parametrize(
    ("limits", "value", "shown"),
    [
        (Limits("revenue", unit="share"), 0.125, "12.5%"),
        (Limits("revenue", unit="share"), -0.05, "−5%"),
        (Limits("revenue"), 1234567.0, "1,234,567"),
        (Limits("revenue"), 0.1 + 0.2, "0.3"),
        (Limits("revenue", optional=True), None, "–"),
        (Limits("revenue", kind="switch"), True, "on"),
        (Limits("matrix.choice", kind="choice"), "median", "median of the customers"),
        (Limits("matrix.choice", kind="choice"), "other", "other"),
    ],
)
def test_values_are_shown_as_people_read_them(limits, value, shown):
    assert limits.text(value) == shown


@modest
@given(st.floats(-10, 10), st.floats(-10, 10))
def test_a_narrower_range_never_leaves_the_bounds(one, other):
    narrow = Plan.limits()["retention_rate"].within(min(one, other), max(one, other))
    assert narrow.minimum >= 0 and narrow.maximum <= 1


@pytest.mark.parametrize("scenario", [Plan(), Thresholds(), WorstCustomers()])
def test_a_form_is_made_from_the_same_fields_and_its_texts_go_back(scenario):
    rows = scenario.form()
    assert [row["name"] for row in rows] == list(scenario.limits()) == list(scenario.values())
    sent = {row["name"]: "" if row["value"] is None else str(row["value"]) for row in rows}
    assert type(scenario).from_texts(sent) == scenario
    for row in rows:
        limits = scenario.limits()[row["name"]]
        assert (row["minimum"], row["maximum"], row["step"]) == (limits.minimum, limits.maximum, limits.step)
        assert row["label"] and set(row["choices"]) == set(limits.choices)


def test_a_form_speaks_the_language_in_force():
    with speaking("zh"):
        assert Plan().form()[0]["label"] == "客户保持率"
