"""What stages refuse: inconsistent panels, other codes, values that are not numbers, each in a sentence."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, lifecycle, speaking, stages
from cvmlab.data.panels import Panel
from cvmlab.relationship.simulated import Population, simulate_relationships
from cvmlab.relationship.stages import habits


@pytest.fixture(scope="module")
def known():
    return simulate_relationships(Population(), customers=80, periods=24, seed=1)


@pytest.fixture(scope="module")
def model(known):
    return stages.fit(known.panel, iterations=3)


@pytest.fixture(scope="module")
def decoded(known, model):
    return stages.decode(known.panel, model)


def refused(key, work, *said):
    """The mistake is refused with one sentence in both languages that names what is said here."""
    with pytest.raises(CvmError) as error:
        work()
    # what an annotation excludes is refused at the door, before the function looks at it
    at_the_door = error.value.key == "guarding.needs"
    assert at_the_door or error.value.key == key
    english = str(error.value)
    with speaking("zh"):
        chinese = str(error.value)
    for sentence in (english, chinese):
        assert "{" not in sentence
        for word in () if at_the_door else said:
            assert str(word) in sentence
    assert english != chinese


# --- a panel that does not hold together -------------------------------------------------------------


def panel_of(periods=6, customers=3, months=1, **changes):
    if "period" not in changes:
        changes["period"] = (np.datetime64("2020-01") + months * np.arange(periods)).astype("datetime64[D]")
    parts = {
        "customer_id": np.array([f"c{i}" for i in range(customers)], object),
        "months": months,
        "values": {"revenue": np.ones((periods, customers)), "profit": np.ones((periods, customers))},
        "first": np.zeros(customers, np.int64),
    }
    return Panel(**{**parts, **changes})


def days(*texts):
    return np.array(texts, "datetime64[D]")


@pytest.mark.parametrize(
    ("period", "before", "after"),
    [
        (days("2020-02-01", "2020-01-01"), "2020-02-01", "2020-01-01"),
        (days("2020-01-01", "2020-01-01"), "2020-01-01", "2020-01-01"),
        (days("2020-01-01", "2020-03-01"), "2020-01-01", "2020-03-01"),
    ],
    ids=["unordered", "repeated", "missing"],
)
def test_periods_that_do_not_run_on_are_refused(period, before, after):
    refused("tables.panel_periods", lambda: panel_of(2, period=period), before, after)


def test_periods_must_be_as_long_as_is_said():
    monthly = panel_of().period
    refused("tables.panel_periods", lambda: panel_of(months=3, period=monthly), "2020-02-01", 3)
    refused("tables.panel_periods", lambda: panel_of(months=1, period=panel_of(months=3).period), "2020-04-01", 1)
    for months in (0, -1, 2, 24, 1.0, True, "1", None):
        refused("tables.panel_months", lambda months=months: panel_of(months=months, period=monthly), months, 12)


def test_a_period_starts_with_a_month():
    refused("tables.panel_off_month", lambda: panel_of(2, period=days("2020-01-01", "2020-02-15")), "2020-02-15")
    refused("tables.panel_off_month", lambda: panel_of(1, period=days("NaT")), "NaT")


@pytest.mark.parametrize("row", [-1, 6, 100])
def test_a_first_period_outside_the_panel_is_refused(row):
    refused("tables.panel_first", lambda: panel_of(first=np.array([0, row, 5])), "c1", row, 6)


def test_sizes_that_do_not_fit_are_refused():
    ids = panel_of().customer_id
    refused("tables.panel_shape", lambda: panel_of(customer_id=ids[:2]), "revenue", "(6, 3)", 2)
    longer = {"revenue": np.ones((6, 3)), "profit": np.ones((7, 3))}
    refused("tables.panel_shape", lambda: panel_of(values=longer), "profit", "(7, 3)", 6)
    refused("tables.panel_shape", lambda: panel_of(values={"revenue": np.ones(6)}), "revenue", "(6,)")
    refused("tables.panel_first_shape", lambda: panel_of(first=np.zeros(2, np.int64)), "(2,)", 3)
    refused("tables.panel_flat", lambda: panel_of(customer_id=ids[None]), "customer_id", "(1, 3)")


@pytest.mark.parametrize(
    ("part", "given"),
    [
        ("customer_id", ["c0", "c1", "c2"]),
        ("customer_id", np.arange(3)),
        ("period", ["2020-01-01"]),
        ("period", np.arange(6)),
        ("first", [0, 0, 0]),
        ("first", np.zeros(3)),
        ("values", {"revenue": [[1.0]]}),
        ("values", {"revenue": np.full((6, 3), "1")}),
    ],
)
def test_parts_of_another_kind_are_refused(part, given):
    refused("tables.panel_kind", lambda: panel_of(**{part: given}), "revenue" if part == "values" else part)


def test_an_id_stands_once_in_any_order():
    refused("tables.panel_repeated", lambda: panel_of(customer_id=np.array(["b", "a", "b"], object)), "b")
    refused("tables.panel_repeated", lambda: panel_of(customer_id=np.array(["a", "a", "b"])), "a")
    mixed = np.array(["c", 1, "a"], object)
    assert panel_of(customer_id=mixed).customer_id is mixed


@given(st.integers(0, 30), st.integers(0, 10), st.sampled_from([1, 3, 6, 12]), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_any_panel_that_holds_together_is_taken_as_it_is(periods, customers, months, seed):
    first = np.random.default_rng(seed).integers(0, max(periods, 1), customers)
    panel = panel_of(periods, customers, months, first=first)
    assert panel.first is first
    for other in (pickle.loads(pickle.dumps(panel)), copy.deepcopy(panel), dataclasses.replace(panel)):
        assert other.months == months
        np.testing.assert_array_equal(other["revenue"], panel["revenue"])
        np.testing.assert_array_equal(other.period, panel.period)


def test_what_is_replaced_is_looked_at_too(known):
    refused("tables.panel_first", lambda: dataclasses.replace(known.panel, first=known.panel.first - 30))


# --- figures that are not finite ---------------------------------------------------------------------


def with_a_gap(panel, row, column, measure="revenue"):
    values = {**panel.values, measure: panel[measure].copy()}
    values[measure][row, column] = np.nan
    return dataclasses.replace(panel, values=values)


@pytest.mark.parametrize("measure", ["revenue", "profit"])
def test_every_function_that_looks_at_figures_refuses_gaps(known, model, decoded, measure):
    # in a month that `hindsight` holds back
    panel = with_a_gap(known.panel, 22, 3, measure)
    for work in (
        stages.rule_of_thumb,
        stages.advised_months,
        stages.enough_to_fit,
        stages.course,
        stages.fit,
        lambda panel: stages.coarser(panel, 3),
        lambda panel: stages.fit_from_truth(panel, known.stage),
        lambda panel: stages.decode(panel, model),
        lambda panel: stages.probabilities(panel, model, slice(0, 2)),
        lambda panel: stages.sample(panel, model, draws=1, seed=1),
        lambda panel: stages.hindsight(panel, model, months=6),
        lambda panel: stages.entered_decline(panel, decoded),
        lambda panel: stages.histories(panel, decoded),
    ):
        refused("stages.not_finite", lambda work=work: work(panel), measure, "03", "2016-11-01")


def test_panels_without_revenue_or_customers(known, model):
    panel = panel_of(24, values={"profit": np.ones((24, 3))})
    for work in (stages.rule_of_thumb, stages.advised_months, stages.enough_to_fit, stages.fit):
        refused("stages.no_revenue", lambda work=work: work(panel), "profit")
    nobody = panel_of(24, 0)
    refused("stages.empty_panel", lambda: stages.rule_of_thumb(nobody))
    refused("stages.empty_panel", lambda: stages.hindsight(nobody, model))
    assert not stages.enough_to_fit(nobody)
    assert stages.advised_months(nobody) == 12
    assert stages.coarser(nobody, 3)["revenue"].shape == (8, 0)
    assert stages.advised_months(panel_of(0)) == 1


# --- numbers that are none -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "option", "given"),
    [
        *[("checking.not_whole_between", "customers", given) for given in (0, -1, 1.5, True, "all")],
        *[("checking.not_whole_between", "seed", given) for given in (-1, 1.5, None, 2**64)],
        *[("stages.bad_iterations", "iterations", given) for given in (0, -1, 1.5, True, None)],
    ],
)
def test_a_fit_needs_whole_numbers(known, key, option, given):
    refused(key, lambda: stages.fit(known.panel, **{option: given}), option, given)
    refused(key, lambda: stages.fit_from_truth(known.panel, known.stage, **{option: given}), option, given)


@pytest.mark.parametrize("given", [-0.1, np.nan, np.inf, "small", True])
def test_a_tolerance_is_a_number_from_nil(known, given):
    refused("stages.bad_tolerance", lambda: stages.fit(known.panel, tolerance=given), given)


def test_the_numbers_are_looked_at_even_where_nothing_is_fitted():
    few = panel_of(24)
    assert not stages.fit(few).fitted
    refused("stages.bad_iterations", lambda: stages.fit(few, iterations=0), 0)


@pytest.mark.parametrize("months", [0, -1, 2, 24, 1.0, True, "1"])
def test_a_model_has_periods_of_known_length(months):
    refused("stages.bad_length", lambda: stages.default_model(months), months, 12)


def test_a_model_knows_its_evidence():
    refused("stages.no_evidence", lambda: stages.default_model(1, ("revenue", "moon")), "moon", "breadth")
    refused("stages.no_evidence", lambda: stages.default_model(1, "margin"), "m")
    assert stages.default_model(1, ("margin",)).columns == ("revenue", "margin")
    for rhythm in (0, -1, 1.1, np.nan, "often"):
        refused("stages.bad_rhythm", lambda rhythm=rhythm: stages.default_model(rhythm=rhythm), rhythm)
    for range_ in (0, -1, np.inf, np.nan, "wide"):
        refused("stages.bad_range", lambda range_=range_: stages.default_model(range_=range_), range_)


@pytest.mark.parametrize("months", [3.0, 1.5, "3", None])
def test_longer_periods_are_whole_months(known, months):
    refused("stages.bad_months", lambda: stages.coarser(known.panel, months), months)


@pytest.mark.parametrize("months", [1.5, "12", True])
def test_whole_months_are_held_back(known, model, months):
    refused("checking.not_whole_between", lambda: stages.hindsight(known.panel, model, months=months), months)


def test_samples_are_counted_in_whole_numbers(known, model):
    for draws in (2.5, 0, "2", None):
        refused(
            "checking.not_whole_between",
            lambda draws=draws: stages.sample(known.panel, model, draws=draws, seed=1),
            draws,
        )
    for seed in (1.5, -1, "a"):
        refused(
            "checking.not_whole_between",
            lambda seed=seed: stages.sample(known.panel, model, draws=2, seed=seed),
            seed,
        )


# --- stages of another coding, shape or panel ----------------------------------------------------------


def test_codes_beyond_the_end_are_refused(known, decoded):
    for code in (9, -1):
        wrong = known.stage.astype(np.int64)
        wrong[5, 7] = code
        for work in (
            lambda wrong=wrong: stages.grade(decoded, wrong),
            lambda wrong=wrong: stages.grade(wrong, known.stage),
            lambda wrong=wrong: stages.calibration(decoded, wrong),
            lambda wrong=wrong: stages.histories(known.panel, decoded, truth=wrong),
            lambda wrong=wrong: stages.fit_from_truth(known.panel, wrong),
        ):
            refused("stages.wrong_code", work, code, 5, 7)
    for other in (known.stage * 1.0, known.stage > 0, known.stage.astype(str)):
        refused("stages.no_codes", lambda other=other: stages.grade(decoded, other), other.dtype)


def test_other_shapes_are_refused(known, decoded):
    shorter = known.stage[:-1]
    for work in (
        lambda: stages.grade(decoded, shorter),
        lambda: stages.calibration(decoded, shorter),
        lambda: stages.histories(known.panel, decoded, truth=shorter),
        lambda: stages.fit_from_truth(known.panel, shorter),
    ):
        refused("stages.wrong_shape", work, "(23, 80)", "(24, 80)")
    for uneven in ([[1, 2], [1]], [1, 2], None):
        refused("stages.uneven", lambda uneven=uneven: stages.grade(decoded, uneven))
    for first in ([0, 1], np.zeros(80), np.zeros((80, 1), int)):
        refused("stages.first_shape", lambda first=first: stages.grade(known.stage, known.stage, first=first), 80)


def test_lists_of_codes_are_as_good_as_arrays(known, decoded):
    listed = known.stage.tolist()
    assert stages.grade(listed, listed).accuracy == 1
    assert stages.grade(decoded, listed).accuracy == stages.grade(decoded, known.stage).accuracy
    assert stages.calibration(decoded, listed).equals(stages.calibration(decoded, known.stage))
    first = known.panel.first
    by_list = stages.grade(listed, known.stage, first=first.tolist())
    assert by_list.confusion.equals(stages.grade(known.stage, known.stage, first=first).confusion)
    one, other = (stages.fit_from_truth(known.panel, truth, iterations=2) for truth in (listed, known.stage))
    np.testing.assert_array_equal(one.moves, other.moves)


def test_stages_of_another_panel_are_refused(known, decoded):
    order = np.arange(80)[::-1]
    values = {name: array[:, order] for name, array in known.panel.values.items()}
    turned = Panel(known.panel.customer_id[order], known.panel.period, 1, values, known.panel.first[order])
    later = dataclasses.replace(known.panel, period=(known.panel.period.astype("datetime64[M]") + 1).astype("M8[D]"))
    for other in (turned, later, stages.coarser(known.panel, 3)):
        refused("stages.other_panel", lambda other=other: stages.histories(other, decoded, ["03"]), "(24, 80)")
        refused("stages.other_panel", lambda other=other: stages.entered_decline(other, decoded))
    refused("stages.no_names", lambda: stages.histories(known.panel, decoded, []))
    for odd in (["03"], np.ma.masked):
        refused("stages.no_customer", lambda odd=odd: stages.histories(known.panel, decoded, [odd]))
    same = dataclasses.replace(known.panel, customer_id=known.panel.customer_id.copy())
    assert len(stages.histories(same, decoded, ["03"])) == 24 - known.panel.first[3]


# --- what "likelier than not" means --------------------------------------------------------------------


def test_nobody_has_no_probabilities_and_another_measure_is_refused(known, model):
    for nobody in (slice(5, 5), np.array([], np.int64)):
        refused("stages.no_names", lambda nobody=nobody: stages.probabilities(known.panel, model, nobody))
    refused("stages.unknown_measure", lambda: model.measure("price"), "price", "revenue", "breadth")
    assert model.measure("revenue") is model.measures["revenue"]


def test_ended_is_told_where_it_is_likelier_than_not_and_nowhere_else():
    panel = simulate_relationships(Population(gaps=0.7), customers=300, periods=36, seed=1).panel
    model = stages.fit(panel, iterations=6)
    stage = stages.decode(panel, model).stage
    share = stages.probabilities(panel, model, slice(None))
    over = share[..., lifecycle.ENDED]
    np.testing.assert_array_equal(stage == lifecycle.ENDED, over > 0.5)
    # an end that is likely, and still less likely than not, is not told; the likeliest stage alive is
    alive = share[..., : lifecycle.ENDED]
    for low, high in ((0.2, 0.3), (0.3, 0.4), (0.4, 0.5)):
        doubtful = (over > low) & (over <= high)
        assert doubtful.sum() > 10
        np.testing.assert_array_equal(stage[doubtful], alive.argmax(axis=-1)[doubtful])
    # neither does it take more than that: some ends are told that are hardly likelier than not
    assert (stage[(over > 0.5) & (over < 0.6)] == lifecycle.ENDED).sum() > 10
    likeliest_of_all = (over <= 0.5) & (over > alive.max(axis=-1))
    assert likeliest_of_all.any()


# --- what moves with the chance in revenue --------------------------------------------------------------


def test_a_margin_that_follows_a_good_month_is_told_from_one_that_grows():
    # Where some cost is fixed, a month that is good by chance has a good margin too. Without this, macro-F1 on the
    # market engine (seeds 21 and 22) is 0.02 lower; on histories of this model, where no cost is fixed, the same.
    rng = np.random.default_rng(4)
    chance = rng.normal(0, 0.3, (36, 200))
    growth = np.linspace(-0.1, 0.1, 36)[:, None]
    slope = rng.normal(0.2, 0.02, 200)
    margin = 0.3 + growth + slope * chance + rng.normal(0, 0.005, chance.shape)
    revenue = np.exp(chance + rng.normal(5, 1, 200))
    panel = panel_of(36, 200, values={"revenue": revenue, "profit": revenue * margin})
    everybody = slice(None)
    found = habits.habits_of(panel, with_margin=True, chosen=everybody)
    assert found.margin_slope == pytest.approx(0.2, abs=0.02)
    log_revenue = habits.log_revenue_of(panel, everybody, found)
    seen = habits.margin_of(panel, everybody)
    clean = habits.cleaned_margin(seen, log_revenue, found)

    def together(values, others):
        return np.corrcoef(np.diff(values, axis=0).ravel(), np.diff(others, axis=0).ravel())[0, 1]

    assert together(seen, chance) > 0.9
    assert abs(together(clean, chance)) < 0.1
    # what grows is left
    assert np.corrcoef(clean.mean(axis=1), growth[:, 0])[0, 1] > 0.95
