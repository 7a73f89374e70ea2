"""Value migration: everybody is counted once, changes add up, and simulated reasons are found."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab.core.words import CvmError, term
from cvmlab.worth.matrix import VALUE_TYPES, migration, migration_counts, value_at_risk, why_moved

modest = settings(max_examples=50, deadline=None)

windows = st.dictionaries(
    st.sampled_from([f"{number:03}" for number in range(30)]),
    st.tuples(
        st.sampled_from(VALUE_TYPES),
        st.floats(-1e5, 1e6).map(lambda amount: round(amount, 2)),
        st.integers(0, 40),
        st.floats(-1e3, 1e5),
    ),
    min_size=1,
    max_size=25,
)


def frame(window):
    return pd.DataFrame(
        [(customer, *rest) for customer, rest in window.items()],
        columns=["customer_id", "value_type", "revenue", "orders", "current_value"],
    )


@modest
@given(windows, windows)
def test_everybody_is_counted_once(before, after):
    moves = migration(frame(before), frame(after))
    assert sorted(moves["customer_id"]) == sorted(before | after)
    counts = migration_counts(moves)
    assert counts["customers"].sum() == len(before | after)
    assert not counts.duplicated(["from_type", "to_type"]).any()
    for value_type in VALUE_TYPES:
        was = sum(each[0] == value_type for each in before.values())
        now = sum(each[0] == value_type for each in after.values())
        assert counts.loc[counts["from_type"] == value_type, "customers"].sum() == was
        assert counts.loc[counts["to_type"] == value_type, "customers"].sum() == now
        if was:
            of_row = counts.loc[counts["from_type"] == value_type, "share_of_from"].sum()
            assert of_row == pytest.approx(1)
    change = sum(each[1] for each in after.values()) - sum(each[1] for each in before.values())
    assert counts["revenue_change"].sum() == pytest.approx(change, abs=1e-3)


@modest
@given(windows, windows)
def test_value_gained_and_lost_adds_up_to_the_change_of_the_total_to_the_last_bit(before, after):
    counts = migration_counts(migration(frame(before), frame(after), "current_value"))
    assert (counts["value_gained"] - counts["value_lost"] == counts["value_change"]).all()
    assert (counts["value_after"] - counts["value_before"] == counts["value_change"]).all()
    assert (counts[["value_gained", "value_lost"]] >= 0).all(axis=None)
    assert counts["value_change"].sum() == counts["value_after"].sum() - counts["value_before"].sum()
    # in whatever order: backwards, and by type
    assert counts["value_change"].sum() == sum(counts["value_change"][::-1])
    assert counts["value_change"].sum() == counts.groupby("from_type")["value_change"].sum().sum()
    size = math.fsum(abs(each[3]) for each in [*before.values(), *after.values()])
    for total, window in (("value_before", before), ("value_after", after)):
        assert counts[total].sum() == pytest.approx(math.fsum(each[3] for each in window.values()), abs=1e-12 * size)
    new, gone = counts["from_type"] == "new", counts["to_type"] == "gone"
    assert (counts.loc[new, "value_before"] == 0).all() and (counts.loc[gone, "value_after"] == 0).all()


def test_value_of_a_move_by_hand():
    before = frame({"a": ("IV", 0, 1, 90.0), "b": ("IV", 0, 1, 50.0), "c": ("I", 0, 1, -5.0), "d": ("I", 0, 1, 7.0)})
    after = frame({"a": ("IV", 0, 1, 60.0), "b": ("IV", 0, 1, 75.0), "c": ("II", 0, 1, 4.0), "e": ("III", 0, 1, 40.0)})
    cells = migration_counts(migration(before, after, "current_value")).set_index(["from_type", "to_type"])
    columns = ["value_before", "value_after", "value_gained", "value_lost", "value_change"]
    assert cells.loc[("IV", "IV"), columns].tolist() == [140, 135, 25, 30, -5]
    assert cells.loc[("I", "II"), columns].tolist() == [-5, 4, 9, 0, 9]
    assert cells.loc[("I", "gone"), columns].tolist() == [7, 0, 0, 7, -7]
    assert cells.loc[("new", "III"), columns].tolist() == [0, 40, 40, 0, 40]
    with pytest.raises(CvmError, match="'clv'"):
        migration(before, after, "clv")


@modest
@given(windows, windows)
def test_the_two_parts_of_a_change_add_up(before, after):
    found = why_moved(frame(before), frame(after))
    assert (found["from_type"] != found["to_type"]).all()
    both = found["change_by_orders"] + found["change_by_order_size"]
    assert np.allclose(both, found["revenue_change"], rtol=1e-12, atol=1e-6)
    assert np.isfinite(both).all()
    for reason in found["reason"]:
        assert term(f"codes.{reason}")


@modest
@given(windows)
def test_nobody_moves_between_a_window_and_itself(window):
    same = frame(window)
    assert why_moved(same, same).empty and value_at_risk(same, same).empty
    counts = migration_counts(migration(same, same))
    off_diagonal = counts["from_type"] != counts["to_type"]
    assert counts.loc[off_diagonal, "customers"].sum() == 0


def one(value_type, revenue, orders):
    return frame({"1": (value_type, revenue, orders, 0.0)})


@pytest.mark.parametrize(
    ("before", "after", "by_orders", "reason"),
    [
        ((400, 4), (100, 1), -300, "fewer_orders"),
        ((100, 1), (400, 4), 300, "more_orders"),
        ((400, 4), (100, 4), 0, "smaller_orders"),
        ((100, 4), (400, 4), 0, "larger_orders"),
        # twice as often, half as much each time, and a little more: nothing to speak of
        ((100, 2), (102, 4), 100.9967 * 0.693147, "not_revenue"),
        ((400, 4), (0, 0), -400, "stopped"),
        ((0, 0), (400, 4), 400, "started"),
        # more in returned goods than bought: shared out at the mean order size (100 − 10)/2
        ((400, 4), (-20, 2), -2 * 45, "smaller_orders"),
        ((-30, 0), (-10, 0), 0, "refunds_only"),
    ],
)
def test_known_changes(before, after, by_orders, reason):
    found = why_moved(one("IV", *before), one("I", *after)).iloc[0]
    assert found["change_by_orders"] == pytest.approx(by_orders, abs=0.05)
    assert found["reason"] == reason


def test_equal_factors_share_a_change_equally():
    found = why_moved(one("I", 100.0, 2), one("IV", 400.0, 4)).iloc[0]
    assert found["change_by_orders"] == pytest.approx(found["change_by_order_size"]) == 150


def test_reasons_of_simulated_customers_are_found():
    random = np.random.default_rng(5)
    customers = 4000
    rate, size = random.gamma(8, 4, customers) + 20, random.gamma(6, 10, customers) + 20
    true = random.choice(["fewer_orders", "smaller_orders"], customers)
    windows = []
    for moved in (False, True):
        orders = random.poisson(np.where(moved & (true == "fewer_orders"), rate * 0.3, rate))
        mean = np.where(moved & (true == "smaller_orders"), size * 0.3, size)
        spend = orders * mean * random.gamma(50, 1 / 50, customers)
        value_type = "I" if moved else "IV"
        window = pd.DataFrame({"revenue": spend, "orders": orders, "value_type": value_type})
        windows.append(window.assign(customer_id=[str(row) for row in range(customers)]))
    found = why_moved(*windows).set_index("customer_id")["reason"]
    right = (found.loc[windows[0]["customer_id"]].to_numpy() == true).mean()
    assert right > 0.97


def test_a_slide_is_an_alert_and_the_largest_loss_comes_first():
    before = frame({"a": ("IV", 9, 1, 90.0), "b": ("III", 9, 1, 50.0), "c": ("II", 9, 1, 5.0),
                    "d": ("III", 9, 1, 200.0), "e": ("IV", 9, 1, 70.0)})  # fmt: skip
    after = frame({"a": ("II", 9, 1, 10.0), "b": ("IV", 9, 1, 60.0), "c": ("I", 9, 1, 1.0),
                   "e": ("III", 9, 1, 60.0)})  # fmt: skip
    found = value_at_risk(before, after)
    assert found["customer_id"].tolist() == ["d", "a"]
    assert found["to_type"].tolist() == ["gone", "II"]
    assert found["value_at_risk"].tolist() == [200.0, 80.0]


def test_the_table_of_counts_is_complete_and_in_the_rank_of_value():
    counts = migration_counts(migration(one("IV", 1.0, 1), one("I", 1.0, 1)))
    assert counts["from_type"].unique().tolist() == ["IV", "III", "II", "I"]
    assert len(counts) == 16
    grown = migration_counts(migration(one("IV", 1.0, 1), frame({"2": ("II", 1.0, 1, 0.0)})))
    assert len(grown) == 25
    assert grown["from_type"].unique().tolist() == ["IV", "III", "II", "I", "new"]
    assert grown["to_type"].unique().tolist() == ["IV", "III", "II", "I", "gone"]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"value_type": ["A"]}, "matrix.unknown_type"),
        ({"value_type": [None]}, "matrix.unknown_type"),
        ({"revenue": [np.nan]}, "tables.missing_values"),
        ({"customer_id": [None]}, "tables.missing_values"),
    ],
)
def test_bad_input(change, key):
    good = one("I", 1.0, 1)
    for before, after in ((good.assign(**change), good), (good, good.assign(**change))):
        with pytest.raises(CvmError) as caught:
            why_moved(before, after)
        assert caught.value.key == key


def test_missing_columns_and_rows():
    good = one("I", 1.0, 1)
    for call, key in (
        (lambda: migration(good, good[:0]), "tables.no_rows"),
        (lambda: why_moved(good.drop(columns="orders"), good), "tables.missing_column"),
        (lambda: value_at_risk(good, good, "clv"), "tables.missing_column"),
        (lambda: migration(good, pd.concat([good, good])), "checking.repeated_customer"),
    ):
        with pytest.raises(CvmError) as caught:
            call()
        assert caught.value.key == key


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"customer_id": ["1", "1"]}, "checking.repeated_customer"),
        ({"customer_id": ["1", ""]}, "tables.missing_values"),
        ({"from_type": ["IV", "gone"]}, "tables.unknown_value"),
        ({"to_type": ["IV", "V"]}, "tables.unknown_value"),
        ({"to_type": ["IV", None]}, "tables.unknown_value"),
        ({"revenue_before": [1.0, np.nan]}, "tables.missing_values"),
        ({"revenue_after": [True, False]}, "tables.wrong_type"),
        ({"revenue_after": ["1", "2"]}, "tables.wrong_type"),
    ],
)
def test_moves_that_are_none_are_refused(change, key):
    moves = migration(*[frame({"1": ("IV", 9.0, 1, 1.0), "2": ("II", 5.0, 1, 1.0)})] * 2)
    assert migration_counts(moves)["revenue_change"].sum() == 0
    with pytest.raises(CvmError) as caught:
        migration_counts(moves.assign(**change))
    assert caught.value.key == key
    for column in ("customer_id", "to_type", "revenue_before", "revenue_after"):
        with pytest.raises(CvmError, match=f"The table moves has no column '{column}'"):
            migration_counts(moves.drop(columns=column))
    with pytest.raises(CvmError, match="The table moves has no rows"):
        migration_counts(moves.head(0))
