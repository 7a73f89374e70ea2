"""Stage recovery: small and bad input, and its pictures."""

import numpy as np
import pandas as pd
import pytest
from stage_panels import panel_of

from cvmlab import CvmError, lifecycle, stages
from cvmlab.data import panels as dense
from cvmlab.data.panels import Panel
from cvmlab.relationship.simulated import Population, simulate_relationships

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
def test_pictures_of_histories(language, own, decoded_own):
    import matplotlib.pyplot as plt

    from cvmlab import charts, speaking, term

    with speaking(language):
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
