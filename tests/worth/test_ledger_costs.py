"""What a ledger says of customers and activities, against sums by hand, present values and costs that are known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab.core.discounting import present_value
from cvmlab.core.words import CvmError
from cvmlab.worth.ledger import assume_costs, cost_to_serve, costs_by_customer, relationship_value

modest = settings(max_examples=50, deadline=None)
cents = st.integers(0, 10**9).map(lambda amount: amount / 100)
entries = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 3000), st.sampled_from(["sale", "call", "visit"]), cents, cents),
    min_size=1,
    max_size=40,
)


def ledger_of(rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "activity", "value", "cost"])
    return frame.assign(date=pd.Timestamp(2018, 1, 1) + pd.to_timedelta(frame.pop("day"), unit="D"))


def in_cents(amounts):
    return np.round(100 * np.asarray(amounts)).astype(np.int64)


@modest
@given(entries)
def test_no_cent_is_lost_between_customers_and_activities(rows):
    ledger = ledger_of(rows)
    found = relationship_value(ledger, 0, goods=[] if "sale" not in set(ledger["activity"]) else ["sale"])
    assert in_cents(found["value"]).sum() == in_cents(ledger["value"]).sum()
    spent = found["cost_of_goods"] + found["cost_to_serve"]
    assert in_cents(spent).sum() == in_cents(ledger["cost"]).sum()
    assert in_cents(found["net_value"]).tolist() == (in_cents(found["value"]) - in_cents(spent)).tolist()
    by_activity, by_customer = cost_to_serve(ledger), costs_by_customer(ledger)
    for table in (by_activity, by_customer):
        assert in_cents(table["cost"]).sum() == in_cents(ledger["cost"]).sum()
        assert table["times"].sum() == len(ledger)
    assert by_activity["cost_share"].sum() == pytest.approx(1 if ledger["cost"].any() else 0)
    assert by_activity["cost"].is_monotonic_decreasing


@modest
@given(entries, st.floats(0, 0.5))
def test_a_later_day_makes_every_value_grow_alike(rows, discount_rate):
    ledger = ledger_of(rows)
    first, later = (relationship_value(ledger, discount_rate, as_of=day) for day in ("2027-01-01", "2031-01-01"))
    # four years of 365.25 days
    grown = first["net_value"] * (1 + discount_rate) ** 4
    assert later["net_value"].to_numpy() == pytest.approx(grown.to_numpy(), rel=1e-9, abs=1e-4)


def test_on_its_first_day_a_relationship_is_worth_its_present_value():
    # 1,461 days are exactly four years, so the entries are the cash flows of four-year periods
    flows = [100.0, 200.0, 300.0]
    ledger = ledger_of([("a", 1461 * period, "sale", flow, 0.0) for period, flow in enumerate(flows)])
    worth = relationship_value(ledger, 0.1, as_of="2018-01-01")["value"].item()
    assert worth == pytest.approx(present_value(flows, 0.1, periods_per_year=0.25, first="now").item(), abs=1e-6)


def test_equal_rows_count_as_often_as_they_are_there_and_tenths_add_up():
    ledger = ledger_of([("a", 0, "call", 0.0, 0.1)] * 3)
    assert cost_to_serve(ledger)[["times", "cost", "served"]].values.tolist() == [[3, 0.3, 1]]


def test_goods_are_no_cost_to_serve():
    ledger = ledger_of([("a", 0, "sale", 100.0, 60.0), ("a", 1, "call", 0.0, 10.0), ("b", 1, "sale", 50.0, 30.0)])
    assert cost_to_serve(ledger, goods=["sale"])["activity"].tolist() == ["call"]
    # over all customers of the ledger, not only those who were called
    assert cost_to_serve(ledger, goods=["sale"])["cost_per_customer"].tolist() == [5.0]
    with pytest.raises(CvmError, match="All entries of the ledger are for goods"):
        cost_to_serve(ledger, goods=["sale", "call"])
    with pytest.raises(CvmError, match=r"'sell'.*no such activity.*sale, call"):
        relationship_value(ledger, 0, goods=["sell"])


def test_a_ledger_without_cost_has_shares_of_nothing():
    found = cost_to_serve(ledger_of([("a", 0, "call", 5.0, 0.0)]).assign(times=0.0))
    assert found[["cost_each_time", "cost_share"]].values.tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cost": [-1.0, 2.0]}, "'cost' of the table ledger holds -1 in row 1"),
        ({"cost": [np.nan, 2.0]}, "'cost' of the table ledger has empty cells"),
        ({"cost": ["1", "2"]}, "'cost' of the table ledger holds str"),
        ({"date": ["2024-01-01", "2024-01-02"]}, "it must hold dates"),
        ({"date": pd.to_datetime(["2024-01-01", None])}, "'date' of the table ledger has empty cells"),
        ({"activity": ["call", " "]}, "'activity' of the table ledger has empty cells"),
        ({"customer_id": [7, 8]}, "it must hold text"),
    ],
)
def test_bad_entries_are_named(change, said):
    ledger = ledger_of([("a", 0, "call", 0.0, 1.0), ("b", 0, "call", 0.0, 1.0)])
    for function in (lambda found: relationship_value(found, 0.1), cost_to_serve, costs_by_customer):
        with pytest.raises(CvmError, match=said):
            function(ledger.assign(**change))
        with pytest.raises(CvmError, match="has no rows"):
            function(ledger.iloc[:0])
        with pytest.raises(CvmError, match="has no column 'cost'"):
            function(ledger.drop(columns="cost"))
    with pytest.raises(CvmError, match=r"discount rate.*greater than -1"):
        relationship_value(ledger, -1)


def test_unit_costs_are_stated_for_every_activity():
    ledger = ledger_of([("a", 0, "call", 0.0, 1.0), ("b", 0, "visit", 0.0, 1.0)]).drop(columns=["value", "cost"])
    assert assume_costs(ledger, {"call": 0.1, "visit": 5})["assumed_cost"].tolist() == [0.1, 5]
    with pytest.raises(CvmError, match="'visit'; the nearest is 'visits'"):
        assume_costs(ledger, {"call": 1, "visits": 5})
    with pytest.raises(CvmError, match="no assumed unit cost for the activity 'visit'"):
        assume_costs(ledger, {"call": 1})
    with pytest.raises(CvmError, match="must be at least 0"):
        assume_costs(ledger, {"call": -1, "visit": 5})


# --- activity-based costs against costs that are known ---------------------------------------------


def known_costs(follows, seed):
    """Return a year of a firm whose costs are known: each activity has a cost that ``follows`` times or value."""
    random = np.random.default_rng(seed)
    customers, unit = 300, {"order": 12.0, "visit": 150.0, "complaint": 60.0}
    value = random.lognormal(8, 1, customers)
    # who buys much needs not be served much
    usual = {"order": random.gamma(2, 6, customers), "visit": random.gamma(0.5, 6, customers),
             "complaint": random.gamma(0.3, 4, customers)}  # fmt: skip
    ids = np.array([f"{number:03}" for number in range(customers)])
    tables = []
    for activity, mean in usual.items():
        times = random.poisson(mean)
        if follows == "value":
            cost = np.where(times > 0, value * unit[activity] / 2000, 0.0) * random.lognormal(0, 0.3, customers)
        else:
            # no two visits last alike
            cost = unit[activity] * times * random.lognormal(-0.08, 0.4, customers)
        tables.append(pd.DataFrame({"customer_id": ids, "activity": activity, "times": times.astype(float),
                                    "cost": cost, "value": 0.0}))  # fmt: skip
    sales = pd.DataFrame({"customer_id": ids, "activity": "sale", "times": 1.0, "cost": 0.0, "value": value})
    ledger = pd.concat([*tables, sales], ignore_index=True).assign(date=pd.Timestamp(2024, 6, 1))
    return ledger[ledger["times"] > 0].reset_index(drop=True), {**unit, "sale": 0.0}


def errors_of(follows, seed, misjudged=1.0):
    """Return the mean absolute error per customer of assumed costs, and of costs shared out by value."""
    ledger, unit = known_costs(follows, seed)
    truth = ledger.groupby("customer_id")["cost"].sum()
    value = ledger.groupby("customer_id")["value"].sum()
    if follows == "value":
        # the firm knows what each activity cost in all, not whose it was
        each = cost_to_serve(ledger).set_index("activity")["cost_each_time"]
        unit = each.to_dict()
    stated = {name: cost * (misjudged if name == "visit" else 1) for name, cost in unit.items()}
    assumed = assume_costs(ledger.drop(columns="cost"), stated)
    found = relationship_value(assumed, 0, cost="assumed_cost").set_index("customer_id")["cost_to_serve"]
    by_value = truth.sum() * value / value.sum()
    return (found - truth).abs().mean(), (by_value - truth).abs().mean()


def test_where_cost_follows_times_activity_based_costs_beat_costs_by_value():
    errors = np.array([errors_of("times", seed) for seed in range(10)])
    assert (errors[:, 0] < 0.4 * errors[:, 1]).all()
    # even with the dearest activity misjudged by a third
    misjudged = np.array([errors_of("times", seed, misjudged=4 / 3) for seed in range(10)])
    assert (misjudged[:, 0] < 0.6 * misjudged[:, 1]).all()


def test_where_cost_follows_value_the_simple_rule_is_nearer():
    errors = np.array([errors_of("value", seed) for seed in range(10)])
    assert (errors[:, 1] < errors[:, 0]).all()
