"""Stage recovery: the passes against enumeration, and grades on two generators."""

import itertools

import numpy as np
import pandas as pd
import pytest

from cvmlab import aggregate, datasets, lifecycle, market, stages
from cvmlab.data import panels as dense
from cvmlab.relationship.simulated import Population, from_market, simulate_relationships
from cvmlab.relationship.stages import decoding, inference, states

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
def foreign():
    result = market.simulate(customers=1_800, periods=60, seed=12)
    return from_market(result, "Unicom")


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
    assert table["right"].diff().min() > -0.02
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
