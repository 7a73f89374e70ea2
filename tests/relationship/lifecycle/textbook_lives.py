"""Lives within and beyond the textbook's conditions."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from cvmlab import lifecycle
from cvmlab.relationship.lifecycle import Relationship

modest = settings(max_examples=60, deadline=None)


#: A textbook life in which profit hardly falls more slowly than revenue.
HARDEST = Relationship(
    formation_months=15, formed=1.0, left_at=0.35, price_lag=3, cost_lag=3, price_premium=0.02, product_cost=9.9,
    service_cost=90, cost_saving=0.9, recommends_from=0.6, largest_benefit=6_700,
)  # fmt: skip


#: A textbook life in which profit hardly becomes steady.
RISING = Relationship(
    exploration_months=60, formation_months=6, stability_months=13, decline_months=2, explored=0.15, formed=0.93,
    price_premium=0.2, service_cost=99.9, product_cost=0, cost_saving=0.001, price_lag=3, cost_lag=3, benefit_lag=3.2,
    recommends_from=0.6, largest_benefit=4_000,
)  # fmt: skip


#: How far a life may stray beyond each bound of the textbook's conditions, as a share of the bound.
BEYOND = {
    "explored": 2.0, "speed": 0.6, "formed": 0.8, "left_at": 2.0, "premium_low": 0.0, "premium_high": 3.0,
    "first_margin": 5.0, "price_lag": 0.4, "cost_lag": 0.4, "stability": 0.5, "recommends_low": 0.1,
    "recommends_high": 1.5, "benefit_low": 0.3, "benefit_high": 50.0, "benefit_lasts": 0.4,
}  # fmt: skip


@st.composite
def lives(draw, strays=("",)):
    """Draw a relationship, mostly from the edges of the conditions; one that strays lies beyond one of them."""
    stray = draw(st.sampled_from(strays))

    def bound(name, figure):
        if name != stray:
            return figure
        beyond = BEYOND[name]
        return figure * draw(st.one_of(st.just(beyond), st.floats(min(beyond, 1), max(beyond, 1))))

    def between(low, high):
        return draw(st.one_of(st.just(low), st.just(high), st.floats(low, high))) if low < high else low

    formation = draw(st.one_of(st.integers(6, 25), st.integers(6, 90)))
    exploration = draw(st.one_of(st.integers(1, 12), st.integers(1, 90)))
    formed = between(bound("formed", 0.93), 1.0)
    # (formed - explored)/formation >= 1.2 explored/exploration, solved for explored
    fastest = formed / (1 + bound("speed", 1.2001) * formation / exploration)
    explored = between(0.01, max(min(bound("explored", 0.15), fastest), 0.01))
    shortest = max(3.0, formation / 5)
    price_lag, cost_lag = (between(bound(f"{name}_lag", shortest), formation / 2) for name in ("price", "cost"))
    decline = draw(st.integers(1, int(formation / 1.25)))
    benefit_lag = between(max(price_lag, cost_lag, formation / 2, bound("benefit_lasts", 1.25) * decline), formation)
    stability = int(np.ceil(bound("stability", 4) * benefit_lag)) + draw(st.sampled_from([0, 0, 3, 80]))
    service_cost, saving = between(0.01, 99.9), between(0.001, 1.0)
    premium = between(bound("premium_low", 0.02), bound("premium_high", 0.2))
    gain = 100 * premium + service_cost * saving
    first_margin = between(1e-6, min(bound("first_margin", 1.999) * gain, 100 - service_cost))
    benefit = between(bound("benefit_low", 0.8001), bound("benefit_high", 1.999))
    largest_volume = draw(st.sampled_from([0.1, 100.0, 1e4]))
    return Relationship(
        exploration_months=exploration, formation_months=formation, stability_months=min(stability, 360),
        decline_months=decline, explored=explored, formed=formed, left_at=between(0.0, bound("left_at", 0.35)),
        largest_volume=largest_volume, base_price=100.0, price_premium=premium, price_lag=price_lag,
        product_cost=max(100 - service_cost - first_margin, 0.0), service_cost=service_cost, cost_saving=saving,
        cost_lag=cost_lag, largest_benefit=largest_volume * gain * benefit,
        recommends_from=between(bound("recommends_low", 0.5), bound("recommends_high", 0.6)),
        benefit_lag=benefit_lag, acquisition_cost=draw(st.sampled_from([0.0, 5e4])), repaired_after=0,
    )  # fmt: skip


def textbook_lives():
    return lives().filter(lifecycle.meets_textbook)


#: Lives that met the conditions as they were first worded, or broke a claim by less than anybody would see.
EDGES = {
    # profit stands still long before the last quarter
    "plateau": Relationship(
        exploration_months=1, formation_months=6, stability_months=360, decline_months=1, explored=0.12, formed=1.0,
        left_at=0.0, price_lag=3, cost_lag=3, benefit_lag=3.2, service_cost=99.9, product_cost=0, cost_saving=0.001,
        price_premium=0.1, largest_benefit=900,
    ),
    # profit is highest some months into decline, by less than 0.01%
    "a_little_later": Relationship(
        exploration_months=8, formation_months=120, stability_months=243, decline_months=48, explored=0.048,
        formed=0.93, left_at=0, price_lag=60, cost_lag=24, benefit_lag=60, recommends_from=0.6, price_premium=0.04,
        service_cost=99.9, product_cost=0, cost_saving=0.58, largest_benefit=12_300,
    ),
    "hardest_decline": HARDEST,
    "rising": RISING,
}  # fmt: skip


def broken_by(relationship):
    table = lifecycle.check_table(relationship).query("not holds")
    differences = lifecycle.check_differences(relationship).query("not holds")
    return set(table["variable"] + " " + table["stage"]) | set(differences["name"])
