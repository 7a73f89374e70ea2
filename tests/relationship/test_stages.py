"""Stage recovery: the passes against enumeration, grades on two generators, invariants, bad input."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, aggregate, datasets, lifecycle, market, stages
from cvmlab.core import formats
from cvmlab.data import panels as dense
from cvmlab.data.panels import Panel
from cvmlab.relationship.simulated import Population, from_market, simulate_relationships
from cvmlab.relationship.stages import decoding, habits, inference, states


def panel_of(revenue, first=None, months=1, **measures):
    revenue = np.asarray(revenue, float)
    periods, customers = revenue.shape
    return Panel(
        np.array([f"{i:03d}" for i in range(customers)], object),
        (np.datetime64("2020-01") + months * np.arange(periods)).astype("datetime64[D]"),
        months,
        {"revenue": revenue, **{name: np.asarray(array, float) for name, array in measures.items()}},
        np.zeros(customers, np.int64) if first is None else np.asarray(first, np.int64),
    )


def only(panel, *names, chosen=slice(None)):
    values = {name: panel[name][:, chosen] for name in names}
    return Panel(panel.customer_id[chosen], panel.period, panel.months, values, panel.first[chosen])


# --- forward, backward, sampling against enumeration ------------------------------------------------


def random_chain(seed, periods=5, customers=3, count=3):
    rng = np.random.default_rng(seed)
    density = rng.uniform(0.05, 1, (periods, customers, count)).astype(np.float32)
    moves = rng.dirichlet(np.ones(count), count).astype(np.float32)
    return density, rng.dirichlet(np.ones(count)).astype(np.float32), moves


def enumerated(density, start, moves):
    """Probability of every path of each customer, by multiplying out."""
    periods, customers, count = density.shape
    paths = list(itertools.product(range(count), repeat=periods))
    weight = np.ones((len(paths), customers))
    for k, path in enumerate(paths):
        weight[k] = start[path[0]] * density[0, :, path[0]]
        for t in range(1, periods):
            weight[k] *= moves[path[t - 1], path[t]] * density[t, :, path[t]]
    return np.array(paths), weight


@pytest.mark.parametrize("seed", range(5))
def test_passes_are_what_multiplying_out_gives(seed):
    density, start, moves = random_chain(seed)
    paths, weight = enumerated(density, start, moves)
    filtered, log_likelihood = inference.forward(density, start, moves)
    counts = inference.backward(filtered, density, moves, np.ones(3, np.float32))
    np.testing.assert_allclose(log_likelihood, np.log(weight.sum(axis=0)), rtol=1e-5)
    share = weight / weight.sum(axis=0)
    for t, state in itertools.product(range(5), range(3)):
        np.testing.assert_allclose(filtered[t, :, state], share[paths[:, t] == state].sum(axis=0), atol=1e-5)
    for a, b in itertools.product(range(3), repeat=2):
        moved = ((paths[:, :-1] == a) & (paths[:, 1:] == b)).sum(axis=1)
        assert counts[a, b] == pytest.approx((moved[:, None] * share).sum(), rel=1e-4)


def test_drawn_paths_occur_as_often_as_the_posterior_says():
    density, start, moves = random_chain(7, periods=4, customers=1)
    paths, weight = enumerated(density, start, moves)
    count = 40_000
    filtered, _ = inference.forward(np.repeat(density, count, axis=1), start, moves)
    drawn = decoding.draw_paths(filtered, moves, np.random.default_rng(1).uniform(size=(4, count)))
    number = np.array([27, 9, 3, 1]) @ drawn
    found = np.bincount(number, minlength=81) / count
    expected = np.zeros(81)
    expected[paths @ np.array([27, 9, 3, 1])] = (weight / weight.sum(axis=0))[:, 0]
    assert np.abs(found - expected).max() < 5 * np.sqrt(0.25 / count)


# --- how a relationship may move ---------------------------------------------------------------------


@pytest.mark.parametrize("months", [1, 3, 6, 12])
def test_moves_never_skip_a_stage_and_decline_is_reached_from_each(months):
    moves = states.usual_moves(months)
    stage, origin = states.STAGE_OF, states.ORIGIN_OF
    inside = states.ALIVE | (stage == lifecycle.ENDED)
    np.testing.assert_allclose(moves[inside].sum(axis=1), 1)
    explores, stable = stage == lifecycle.EXPLORATION, stage == lifecycle.STABILITY
    assert not moves[np.ix_(explores, stable)].any()
    for code in (lifecycle.EXPLORATION, lifecycle.FORMATION, lifecycle.STABILITY):
        from_it = stage == code
        assert moves[np.ix_(from_it, origin == code)].any()
        assert moves[np.ix_(from_it, stage == lifecycle.ENDED)].all()
        if months == 1:
            assert not moves[np.ix_(from_it, (origin > 0) & (origin != code))].any()
    # who comes back does so seldom, and not yet in decline
    assert moves[states.OVER, states.OVER] > 0.8
    assert not moves[states.OVER, stage == lifecycle.DECLINE].any()
    assert states.MEMBER.sum(axis=1).tolist() == [1.0] * states.COUNT


# --- grades against known truth -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def own():
    return simulate_relationships(Population(), customers=700, periods=60, seed=11)


@pytest.fixture(scope="module")
def foreign():
    result = market.simulate(customers=1_800, periods=60, seed=12)
    return from_market(result, "Unicom")


@pytest.fixture(scope="module")
def decoded_own(own):
    return stages.decode(own.panel)


@pytest.fixture(scope="module")
def decoded_foreign(foreign):
    return stages.decode(foreign.panel)


def graded(known, model=None):
    return stages.grade(stages.decode(known.panel, model), known)


def way_to_the_truth(ours, rule, true):
    """Return how much of the way from the rule of thumb to the true parameters the model goes: 0 to 1."""
    assert true.macro_f1 > rule.macro_f1
    return (ours.macro_f1 - rule.macro_f1) / (true.macro_f1 - rule.macro_f1)


def test_grade_on_histories_of_this_model(own, decoded_own):
    # In a run of several seeds: ours 0.85 to 0.87, true parameters 0.86 to 0.88, rule of thumb 0.62 to 0.64.
    ours, thumb = stages.grade(decoded_own, own), stages.grade(stages.rule_of_thumb(own.panel), own)
    true = graded(own, stages.fit_from_truth(own.panel, own.stage))
    assert way_to_the_truth(ours, thumb, true) > 0.5


def test_grade_on_histories_of_the_market_engine(foreign, decoded_foreign):
    # The engine knows nothing of this model, and calls "stability" what is still rising.
    # In a run of several seeds: ours 0.70 to 0.76, true parameters 0.77 to 0.80, rule of thumb 0.49.
    ours, thumb = stages.grade(decoded_foreign, foreign), stages.grade(stages.rule_of_thumb(foreign.panel), foreign)
    true = graded(foreign, stages.fit_from_truth(foreign.panel, foreign.stage))
    assert way_to_the_truth(ours, thumb, true) > 0.5


@pytest.fixture(scope="module")
def carrier():
    """2,000 customers of the dataset with their true stages: a third generator, and nothing was tuned to it.

    Ids go on where a customer left and came back: between two relationships the truth is "ended".
    """
    truth, bills = datasets.load("carrier_truth_stages"), datasets.load("carrier")
    chosen = sorted(truth["customer_id"].unique())[::11]
    history = aggregate.history(bills[bills["customer_id"].isin(chosen)])
    panel = dense.panel(history)
    truth = truth[truth["customer_id"].isin(panel.customer_id)]
    row = pd.Index(panel.period).get_indexer(pd.DatetimeIndex(truth["period"]))
    column = pd.Index(panel.customer_id).get_indexer(pd.Index(truth["customer_id"]))
    known = np.zeros(panel["revenue"].shape, np.uint8)
    known[row, column] = truth["stage"].map({name: code for code, name in enumerate(stages.NAMES)})
    known[(known == 0) & (np.maximum.accumulate(known) > 0)] = lifecycle.ENDED
    return panel, known


def test_grade_on_the_carriers_customers(carrier):
    # Ours 0.53 to 0.56, rule of thumb 0.41 to 0.44, true parameters 0.62: amounts hardly rise with the relationship
    # there, which `stages.course` says, and the report tells no stages from them.
    panel, known = carrier
    ours = stages.grade(stages.decode(panel), known)
    thumb = stages.grade(stages.rule_of_thumb(panel), known, first=panel.first)
    true = stages.grade(stages.decode(panel, stages.fit_from_truth(panel, known)), known)
    assert way_to_the_truth(ours, thumb, true) > 0.4
    # who has ended is found as well as with the true parameters
    assert ours.f1("ended") > true.f1("ended") - 0.02
    assert stages.course(panel).high < 0.1


def test_who_left_and_came_back_begins_anew(carrier):
    panel, known = carrier
    back = (known[:-1] == lifecycle.ENDED) & (known[1:] == lifecycle.EXPLORATION)
    # of those who buy nearly every month, most are seen to have ended when they were away for four
    alive = (known > 0) & (known < lifecycle.ENDED)
    regular = ((panel["revenue"] > 0) & alive).sum(axis=0) > 0.9 * alive.sum(axis=0)
    away = np.zeros(known.shape, bool)
    away[3:] = np.all([known[3 - lag : len(known) - lag] == lifecycle.ENDED for lag in range(4)], axis=0)
    long_away = away[:-1] & back & regular
    assert long_away.sum() > 50
    decoded = stages.decode(panel)
    assert (decoded.stage[:-1][long_away] == lifecycle.ENDED).mean() > 0.8
    after = decoded.stage[1:][long_away]
    assert (after == lifecycle.EXPLORATION).mean() > (after == lifecycle.DECLINE).mean()


@pytest.mark.parametrize(("change", "least"), [({"win_back": 0.05}, 0.80), ({"win_back": 0.03, "gaps": 0.3}, 0.74)])
def test_grade_where_customers_come_back(change, least):
    known = simulate_relationships(Population(**change), customers=600, periods=60, seed=14)
    ours = graded(known)
    assert ours.macro_f1 > least
    assert ours.macro_f1 > graded(known, stages.fit_from_truth(known.panel, known.stage)).macro_f1 - 0.05


def test_a_truth_with_moves_the_model_forbids_is_learnt_from():
    known = simulate_relationships(Population(), customers=200, periods=36, seed=15)
    rng = np.random.default_rng(1)
    begun = np.arange(36)[:, None] >= known.panel.first
    for truth in (rng.integers(0, 6, known.stage.shape), np.where(known.stage > 0, 6 - known.stage, 0)):
        model = stages.fit_from_truth(known.panel, np.where(begun, truth, 0).astype(np.uint8))
        assert np.isfinite(model.moves).all()
        assert (model.moves[states.usual_moves() == 0] == 0).all()
        for measure in model.measures.values():
            assert np.isfinite(measure.mean).all()
            assert (measure.noise > 0).all()


@pytest.mark.parametrize(
    ("change", "periods", "least", "distance"),
    [
        ({"noise": 0.5, "margin_noise": 0.08}, 48, 0.76, 0.07),
        ({"season": 0.3}, 48, 0.79, 0.07),
        ({"gaps": 0.5}, 48, 0.66, 0.10),
        ({}, 18, 0.75, 0.07),
        ({"exploration_months": 3.0, "formation_months": 36.0}, 60, 0.72, 0.10),
    ],
    ids=["noise", "season", "gaps", "short", "slow"],
)
def test_grade_under_noise_season_gaps_and_short_spans(change, periods, least, distance):
    known = simulate_relationships(Population(**change), customers=600, periods=periods, seed=13)
    ours, thumb = graded(known), stages.grade(stages.rule_of_thumb(known.panel), known)
    true = graded(known, stages.fit_from_truth(known.panel, known.stage))
    assert ours.macro_f1 > least
    assert ours.macro_f1 > thumb.macro_f1 + 0.1
    assert ours.macro_f1 > true.macro_f1 - distance


def test_revenue_alone_cannot_tell_late_formation_from_stability(own, decoded_own):
    # S03 (a): revenue is near its top by late formation and stays there, even for who knows the true parameters.
    # Of the last six months of formation 40% are found by revenue, 55 to 62% with margin, breadth and referrals.
    late = np.zeros(own.stage.shape, bool)
    for months in range(1, 7):
        late[:-months] |= (own.stage[:-months] == lifecycle.FORMATION) & (own.stage[months:] == lifecycle.STABILITY)

    def found(model):
        return (stages.decode(own.panel, model).stage[late] == lifecycle.FORMATION).mean()

    pair = ("formation", "stability")
    for alone, every in (
        (stages.fit(own.panel, ()), decoded_own.model),
        (stages.fit_from_truth(own.panel, own.stage, ()), stages.fit_from_truth(own.panel, own.stage)),
    ):
        assert found(alone) < 0.5
        assert found(every) > found(alone) + 0.1
        assert graded(own, every).f1(*pair) > graded(own, alone).f1(*pair) + 0.01


@pytest.mark.parametrize("name", ["own", "foreign"])
def test_confidence_is_about_how_often_it_is_right(name, request):
    known, decoded = request.getfixturevalue(name), request.getfixturevalue(f"decoded_{name}")
    table = stages.calibration(decoded, known.stage)
    table = table[table["periods"] >= 300]
    assert (table["confidence"] - table["right"]).abs().max() < 0.16
    assert table["right"].is_monotonic_increasing
    assert table["right"].iloc[-1] > 0.9


def test_the_fit_says_how_it_went_and_rises(decoded_own):
    model = decoded_own.model
    assert model.fitted
    assert model.iterations == len(model.log_likelihood) <= 20
    by_revenue = np.array(model.log_likelihood[:6])
    assert (np.diff(by_revenue) > -0.01).all()
    assert by_revenue[-1] > by_revenue[0]


def test_a_fit_on_a_sample_decodes_like_a_fit_on_all(own, decoded_own):
    some = stages.fit(own.panel, customers=300, seed=4)
    assert some.customers == 300
    same = stages.decode(own.panel, some).stage == decoded_own.stage
    assert same[decoded_own.stage > 0].mean() > 0.9


# --- invariants ------------------------------------------------------------------------------------


def test_size_does_not_matter(own, decoded_own):
    money = ("revenue", "profit", "indirect_benefit")
    values = {name: array * 1e6 if name in money else array for name, array in own.panel.values.items()}
    larger = Panel(own.panel.customer_id, own.panel.period, 1, values, own.panel.first)
    assert (stages.decode(larger, decoded_own.model).stage == decoded_own.stage).mean() > 0.9999


def test_a_customer_is_read_alike_whoever_stands_beside(own, decoded_own):
    chosen = np.array([5, 300, 17])
    few = stages.decode(only(own.panel, *own.panel.values, chosen=chosen), decoded_own.model)
    np.testing.assert_array_equal(few.stage, decoded_own.stage[:, chosen])
    np.testing.assert_allclose(few.confidence, decoded_own.confidence[:, chosen], atol=1e-5)


def test_decoding_leaves_the_panel_as_it_was(own):
    before = {name: array.copy() for name, array in own.panel.values.items()}
    stages.decode(own.panel)
    for name, array in before.items():
        np.testing.assert_array_equal(own.panel[name], array)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_any_history_gets_a_stage_from_its_first_period_on(seed, periods, customers):
    rng = np.random.default_rng(seed)
    revenue = rng.lognormal(0, 1, (periods, customers)) * (rng.random((periods, customers)) < rng.random())
    revenue *= np.where(rng.random(revenue.shape) < 0.05, -1, 1)
    first = rng.integers(0, periods, customers)
    revenue[np.arange(periods)[:, None] < first] = 0
    panel = panel_of(revenue, first, profit=revenue * rng.normal(0.2, 0.5, revenue.shape))
    decoded = stages.decode(panel, stages.default_model(1, ("revenue", "margin")))
    begun = np.arange(periods)[:, None] >= first
    assert ((decoded.stage > 0) == begun).all()
    assert ((decoded.confidence > 0) == begun).all()
    assert (decoded.confidence <= 1).all()
    # nobody buys after the end, and it is not told before it has been silent once
    over = decoded.stage == lifecycle.ENDED
    assert not (over & (revenue > 0)).any()
    # who is alive after the end has bought again
    bought_from_here = np.logical_or.accumulate((revenue > 0)[::-1])[::-1]
    assert bought_from_here[1:][over[:-1] & ~over[1:]].all()


def test_frame_has_a_row_for_every_period_from_the_first_on():
    decoded = stages.decode(panel_of(np.ones((6, 2)), [0, 4]), stages.default_model())
    frame = decoded.to_frame()
    assert frame.groupby("customer_id").size().tolist() == [6, 2]
    assert set(frame["stage"]) <= set(stages.NAMES[1:])
    assert frame["confidence"].between(0, 1).all()


def test_samples_agree_with_the_posterior(own, decoded_own):
    some = only(own.panel, *own.panel.values, chosen=slice(0, 60))
    paths = stages.sample(some, decoded_own.model, draws=200, seed=3)
    share = stages.probabilities(some, decoded_own.model, slice(0, 60))
    found = np.stack([(paths == code).mean(axis=0) for code in range(6)], axis=-1)
    assert np.abs(found - share).max() < 5 * np.sqrt(0.25 / 200)
    np.testing.assert_allclose(share.sum(axis=-1), 1, atol=1e-4)
    np.testing.assert_array_equal(paths, stages.sample(some, decoded_own.model, draws=200, seed=3))
    assert (paths != stages.sample(some, decoded_own.model, draws=200, seed=4)).any()


def test_sampled_paths_never_skip_a_stage(own, decoded_own):
    some = only(own.panel, *own.panel.values, chosen=slice(0, 100))
    paths = stages.sample(some, decoded_own.model, draws=20, seed=1)
    before, after = paths[:, :-1], paths[:, 1:]
    assert not ((before == lifecycle.EXPLORATION) & (after == lifecycle.STABILITY)).any()
    assert not ((before == lifecycle.ENDED) & (after == lifecycle.DECLINE)).any()


# --- what tells an end, a season, a length ------------------------------------------------------------


def test_who_buys_rarely_is_not_ended_by_a_usual_silence():
    periods = 36
    often, rarely = np.ones(periods), (np.arange(periods) % 5 == 0).astype(float)
    often[-5:] = rarely[-4:] = 0
    crowd = np.tile(np.stack([often, rarely], axis=1), 50)
    model = stages.fit(panel_of(crowd))
    last = stages.decode(panel_of(crowd), model).stage[-1]
    assert last[0] == lifecycle.ENDED
    assert last[1] == lifecycle.STABILITY


def test_flat_regulars_of_any_noise_are_in_stability():
    # What a log of one year of regulars shows: no beginning, no end, hence no stage but the steady one.
    rng = np.random.default_rng(5)
    for noise in (0.0, 0.3, 1.0):
        revenue = rng.lognormal(rng.normal(0, 1, 300), noise, (12, 300))
        decoded = stages.decode(panel_of(revenue))
        assert (decoded.stage == lifecycle.STABILITY).mean() > 0.95


def test_the_season_is_found_and_taken_out():
    known = simulate_relationships(Population(season=0.4), customers=500, periods=48, seed=3)
    found = habits.habits_of(known.panel, with_margin=False, chosen=slice(None)).season
    expected = np.log(1 + 0.4 * np.cos(2 * np.pi * (np.arange(12) - 11) / 12))
    np.testing.assert_allclose(found, expected - expected.mean(), atol=0.08)
    none = simulate_relationships(Population(), customers=500, periods=48, seed=3)
    assert not habits.habits_of(none.panel, with_margin=False, chosen=slice(None)).season.any()


def test_longer_periods_keep_the_sums_and_are_advised_for_who_buys_rarely():
    monthly = simulate_relationships(Population(gaps=0.8), customers=80, periods=36, seed=2).panel
    months = stages.advised_months(monthly)
    assert months > 1
    longer = stages.coarser(monthly, months)
    np.testing.assert_allclose(longer["revenue"].sum(axis=0), monthly["revenue"].sum(axis=0))
    np.testing.assert_array_equal(longer.first, monthly.first // months)
    assert longer.period[1] == np.datetime64("2015-01") + months
    assert stages.decode(longer).months == months
    # a panel that begins in February has its first whole quarter in April
    late = Panel(monthly.customer_id, monthly.period[1:], 1, {"revenue": monthly["revenue"][1:]}, monthly.first * 0)
    assert stages.coarser(late, 3).period[0] == np.datetime64("2015-04-01")


@pytest.mark.parametrize("months", [3, 6])
def test_longer_periods_are_graded_too(months, own):
    longer = stages.coarser(own.panel, months)
    truth = own.stage[months - 1 :: months]
    ours = stages.grade(stages.decode(longer), truth)
    thumb = stages.grade(stages.rule_of_thumb(longer), truth, first=longer.first)
    assert ours.macro_f1 > thumb.macro_f1 + 0.08


# --- the rule of thumb and the grade itself -----------------------------------------------------------


def test_rule_of_thumb_on_a_textbook_life():
    curve = lifecycle.life_curve(lifecycle.Relationship())
    panel = panel_of(np.concatenate([curve["revenue"], np.zeros(6)])[:, None])
    told = stages.rule_of_thumb(panel)[:, 0]
    assert told[3] == lifecycle.EXPLORATION
    assert told[50] == lifecycle.STABILITY
    assert told[95] == lifecycle.DECLINE
    assert (told[96:] == lifecycle.ENDED).all()
    assert (np.diff(told.astype(int)) >= 0).all()


def test_grade_by_hand():
    told = np.array([[1, 0], [2, 1], [3, 1], [3, 4]])
    true = np.array([[1, 0], [2, 1], [2, 2], [3, 4]])
    result = stages.grade(told, true, first=np.array([0, 1]))
    assert result.accuracy == pytest.approx(5 / 7)
    f1 = result.by_stage.set_index("stage")["f1"]
    # exploration: 2 of 2 found, 3 called; formation: 1 of 3; stability: 1 of 1, 2 called; decline right
    assert f1["exploration"] == pytest.approx(2 * 2 / 5)
    assert f1["formation"] == pytest.approx(2 * 1 / 4)
    assert f1["stability"] == pytest.approx(2 * 1 / 3)
    assert f1["decline"] == 1
    assert result.macro_f1 == pytest.approx((0.8 + 0.5 + 2 / 3 + 1) / 4)
    assert result.confusion["periods"].sum() == 7


def test_perfect_stages_get_full_marks(own):
    assert stages.grade(own.stage, own).macro_f1 == 1


# --- bad input -------------------------------------------------------------------------------------


def refused(key, panel, **options):
    with pytest.raises(CvmError) as error:
        stages.decode(panel, **options)
    assert error.value.key == key
    assert "{" not in str(error.value)
    return str(error.value)


def test_one_period_one_customer_and_late_beginners_get_the_assumed_model():
    rng = np.random.default_rng(1)
    for panel in (
        panel_of(rng.lognormal(size=(1, 100))),
        panel_of(rng.lognormal(size=(24, 1))),
        panel_of(np.vstack([np.zeros((23, 80)), np.ones((1, 80))]), np.full(80, 23)),
    ):
        decoded = stages.decode(panel)
        assert not decoded.model.fitted
        assert ((decoded.stage > 0).sum(axis=0) == len(panel.period) - panel.first).all()


def test_nobody_who_buys_is_refused():
    refused("stages.nobody_buys", panel_of(np.zeros((24, 100))))
    refused("stages.nobody_buys", panel_of(-np.ones((24, 100))))


def test_refunds_are_no_purchases():
    rng = np.random.default_rng(2)
    revenue = rng.lognormal(0, 0.2, (36, 100))
    with_refunds = revenue.copy()
    with_refunds[rng.random(revenue.shape) < 0.08] = -5.0
    decoded = stages.decode(panel_of(with_refunds))
    assert (decoded.stage == lifecycle.STABILITY).mean() > 0.95


def test_figures_that_are_not_finite_are_refused_by_name():
    revenue = np.ones((12, 60))
    revenue[3, 5] = np.nan
    said = refused("stages.not_finite", panel_of(revenue))
    assert "005" in said
    assert "2020-04-01" in said
    assert "revenue" in said
    profit = np.ones((12, 60))
    profit[0, 0] = np.inf
    assert "profit" in refused("stages.not_finite", panel_of(np.ones((12, 60)), profit=profit))


def test_empty_and_foreign_panels_are_refused(own):
    refused("stages.empty_panel", panel_of(np.zeros((0, 5))))
    refused("stages.empty_panel", panel_of(np.zeros((5, 0))))
    panel = panel_of(np.ones((5, 3)))
    refused("stages.no_revenue", Panel(panel.customer_id, panel.period, 1, {"profit": np.ones((5, 3))}, panel.first))
    refused("stages.other_months", panel, model=stages.default_model(3))
    refused("stages.unknown_column", panel, model=stages.default_model(1, ("revenue", "margin")))
    with pytest.raises(CvmError, match="'moon' is not available as evidence"):
        stages.fit(own.panel, ("moon",))
    with pytest.raises(CvmError, match="shape"):
        stages.fit_from_truth(own.panel, own.stage[:-1])
    with pytest.raises(CvmError, match="shape"):
        stages.grade(own.stage[:-1], own.stage)
    for count in (0, -1, 1.5, True):
        with pytest.raises(CvmError, match="draws"):
            stages.sample(panel, stages.default_model(), draws=count, seed=1)
    for months in (2, 5, 24):
        with pytest.raises(CvmError, match="periods"):
            stages.coarser(panel, months)
    with pytest.raises(CvmError, match="one whole 12-month period"):
        stages.coarser(panel, 12)


def test_extreme_but_finite_figures_are_decoded():
    rng = np.random.default_rng(3)
    base = rng.lognormal(0, 0.3, (24, 60))
    for scale in (1e-300, 1e300):
        decoded = stages.decode(panel_of(base * scale, profit=base * scale * 0.1))
        assert np.isfinite(decoded.confidence).all()
        assert (decoded.stage == lifecycle.STABILITY).mean() > 0.9
    wild = stages.decode(panel_of(base, profit=rng.normal(size=base.shape) * 1e9))
    assert np.isfinite(wild.confidence).all()


def test_from_a_history_in_any_order_and_with_gaps():
    known = simulate_relationships(Population(gaps=0.3), customers=120, periods=24, seed=8)
    frame = known.panel.to_frame()
    sparse = frame.loc[frame["revenue"] != 0, ["customer_id", "period", "revenue", "profit"]]
    shuffled = sparse.sample(frac=1, random_state=1)
    model = stages.fit(dense.panel(sparse))
    told = stages.decode(dense.panel(sparse), model)
    again = stages.decode(dense.panel(shuffled), model)
    np.testing.assert_array_equal(told.stage, again.stage)
    with pytest.raises(CvmError):
        stages.decode(dense.panel(pd.concat([sparse, sparse.head(1)])))


def test_every_word_is_there_in_both_languages():
    from cvmlab import speaking, term
    from cvmlab.core.words import keys

    assert sum(key.startswith("stages.") for key in keys()) > 30
    with speaking("zh"):
        for limits in Population.limits().values():
            assert any("\u4e00" <= sign <= "\u9fff" for sign in limits.label())
        assert "阶段" in term("stages.no_revenue")


# --- pictures --------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
def test_pictures_of_the_confusion_and_of_histories(language, own, decoded_own):
    import matplotlib.pyplot as plt

    from cvmlab import charts, speaking, term

    with speaking(language):
        graded_own = stages.grade(decoded_own, own)
        ax = charts.plot_confusion(graded_own.confusion)
        written = {text.get_text() for text in ax.texts}
        assert formats.percent(graded_own.by_stage["recall"][0]) in written
        assert next(tick.get_text() for tick in ax.get_yticklabels()) == term("exploration")
        chosen = own.panel.customer_id[[3, 1]]
        frame = stages.histories(own.panel, decoded_own, chosen, truth=own.stage)
        drawn = charts.plot_histories(frame)
        assert len(drawn.child_axes) == 2
        # a bar for every period in each of two bands
        assert len(drawn.child_axes[0].patches) == 2 * (frame["customer_id"] == chosen[0]).sum()
        assert drawn.get_legend().get_texts()[-1].get_text() == term("stages.ended")
    plt.close("all")


def test_histories_of_an_unknown_customer_are_refused(own, decoded_own):
    with pytest.raises(CvmError, match="no customer '7'"):
        stages.histories(own.panel, decoded_own, ["7"])
