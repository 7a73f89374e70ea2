"""What can be set: the market, a carrier, and what a carrier decides for a month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cvmlab.core.guarding import public
from cvmlab.core.scenario import Scenario, number, switch
from cvmlab.core.words import CvmError

FORCES = (
    "satisfaction", "switching_costs", "tariff_offer", "data_speed", "handset_launch", "contract", "group_network",
    "contagion", "dual_sim", "win_back", "life_events",
)  # fmt: skip


@public
@dataclass(frozen=True)
class MarketScenario(Scenario):
    """The market: which forces act, how strong they are, and how customers differ.

    Utilities are in logits: the chance in each choice has the standard deviation π/√6 = 1.28. What money buys
    (care, subsidies, offers) has falling returns: effect = response · √(money / response_scale).
    The figures are assumptions, made so that in an untouched market of three carriers each loses 10–30% of its
    customers per year; they are not estimates of any real market.

    Examples
    --------
    >>> calm = MarketScenario().with_forces("switching_costs", "tariff_offer")
    >>> calm.forces()
    ('switching_costs', 'tariff_offer')
    >>> calm.with_forces("magic")
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: There is no force 'magic'. Choose from: satisfaction, switching_costs, ...
    """

    satisfaction: bool = switch(True, word="market.satisfaction")
    switching_costs: bool = switch(True, word="market.switching_costs")
    tariff_offer: bool = switch(True, word="market.tariff_offer")
    data_speed: bool = switch(True, word="market.data_speed")
    handset_launch: bool = switch(True, word="market.handset_launch")
    contract: bool = switch(True, word="market.contract")
    group_network: bool = switch(True, word="market.group_network")
    contagion: bool = switch(True, word="market.contagion")
    dual_sim: bool = switch(True, word="market.dual_sim")
    win_back: bool = switch(True, word="market.win_back")
    life_events: bool = switch(True, word="market.life_events")

    outside: bool = switch(False, word="market.outside")
    outside_utility: float = number(0.0, word="market.outside_utility", minimum=-20, maximum=20, step=0.1)

    price_sensitivity: float = number(2.0, word="market.price_sensitivity", minimum=0, maximum=20, step=0.1)
    price_sensitivity_spread: float = number(
        0.4, word="market.price_sensitivity_spread", minimum=0, maximum=2, step=0.05
    )
    taste_spread: float = number(0.6, word="market.taste_spread", minimum=0, maximum=5, step=0.05)
    data_need: float = number(0.5, word="market.data_need", minimum=0, maximum=10, step=0.05)
    data_need_spread: float = number(0.6, word="market.data_need_spread", minimum=0, maximum=2, step=0.05)
    response: float = number(0.5, word="market.response", minimum=0, maximum=5, step=0.05)
    response_scale: float = number(
        10.0, word="market.response_scale", minimum=0.01, maximum=10_000, step=1, unit="money"
    )

    satisfaction_weight: float = number(1.2, word="market.satisfaction_weight", minimum=0, maximum=10, step=0.1)
    experience_noise: float = number(1.0, word="market.experience_noise", minimum=0, maximum=10, step=0.05)
    assimilation: float = number(0.3, word="market.assimilation", minimum=0, maximum=1, step=0.05, unit="share")
    satisfaction_memory: float = number(
        0.25, word="market.satisfaction_memory", minimum=0, maximum=1, step=0.05, unit="share"
    )
    learning_rate: float = number(0.1, word="market.learning_rate", minimum=0, maximum=1, step=0.01, unit="share")
    expectation_growth: float = number(
        0.002, word="market.expectation_growth", minimum=0, maximum=1, step=0.001, unit="per_month"
    )
    promise: float = number(0.0, word="market.promise", minimum=-5, maximum=5, step=0.1)
    complaint_rate: float = number(
        0.05, word="market.complaint_rate", minimum=0, maximum=1, step=0.01, unit="per_month"
    )
    complaint_harm: float = number(0.5, word="market.complaint_harm", minimum=0, maximum=5, step=0.1)

    switching_cost: float = number(3.5, word="market.switching_cost", minimum=0, maximum=20, step=0.1)
    tenure_cost: float = number(1.2, word="market.tenure_cost", minimum=0, maximum=20, step=0.1)
    tenure_half: float = number(24.0, word="market.tenure_half", minimum=1, maximum=240, step=1, unit="months")
    commitment_cost: float = number(1.0, word="market.commitment_cost", minimum=0, maximum=20, step=0.1)
    contract_penalty: float = number(3.0, word="market.contract_penalty", minimum=0, maximum=50, step=0.1)

    level_start: float = number(0.1, word="market.level_start", minimum=0.01, maximum=1, step=0.01, unit="share")
    level_growth: float = number(0.6, word="market.level_growth", minimum=0, maximum=2, step=0.05, unit="per_month")
    level_decay: float = number(0.3, word="market.level_decay", minimum=0, maximum=2, step=0.05, unit="per_month")
    tolerance: float = number(0.25, word="market.tolerance", minimum=0, maximum=5, step=0.05)
    formation_level: float = number(0.25, word="market.formation_level", minimum=0, maximum=1, step=0.05, unit="share")
    stability_level: float = number(0.7, word="market.stability_level", minimum=0, maximum=1, step=0.05, unit="share")
    decline_share: float = number(0.8, word="market.decline_share", minimum=0, maximum=1, step=0.05, unit="share")

    launch_month: int = number(6, word="market.launch_month", minimum=0, maximum=600, step=1, unit="months", whole=True)
    innovation: float = number(0.03, word="market.innovation", minimum=0, maximum=12, step=0.01, unit="per_year")
    imitation: float = number(0.38, word="market.imitation", minimum=0, maximum=12, step=0.01, unit="per_year")
    desire_spread: float = number(0.8, word="market.desire_spread", minimum=0, maximum=2, step=0.05)
    handset_appeal: float = number(4.0, word="market.handset_appeal", minimum=0, maximum=20, step=0.1)
    handset_data: float = number(0.5, word="market.handset_data", minimum=0, maximum=10, step=0.1, unit="share")

    circle_size: int = number(
        25, word="market.circle_size", minimum=1, maximum=512, step=1, unit="customers", whole=True
    )
    mixing: float = number(0.0, word="market.mixing", minimum=0, maximum=1, step=0.05, unit="share")
    circle_pull: float = number(0.8, word="market.circle_pull", minimum=0, maximum=10, step=0.1)
    word_of_mouth: float = number(0.5, word="market.word_of_mouth", minimum=0, maximum=10, step=0.1)

    group_share: float = number(0.25, word="market.group_share", minimum=0, maximum=1, step=0.05, unit="share")
    group_lock_in: float = number(2.0, word="market.group_lock_in", minimum=0, maximum=20, step=0.1)
    second_share: float = number(0.4, word="market.second_share", minimum=0, maximum=1, step=0.05, unit="share")
    second_drop: float = number(0.03, word="market.second_drop", minimum=0, maximum=0.4, step=0.01, unit="per_month")
    win_back_window: int = number(
        12, word="market.win_back_window", minimum=0, maximum=250, step=1, unit="months", whole=True
    )
    forced_rate: float = number(0.03, word="market.forced_rate", minimum=0, maximum=2, step=0.01, unit="per_year")
    dealer_rate: float = number(0.01, word="market.dealer_rate", minimum=0, maximum=2, step=0.01, unit="per_year")

    wallet: float = number(80.0, word="market.wallet", minimum=0, maximum=10_000, step=1, unit="money")
    wallet_spread: float = number(0.8, word="market.wallet_spread", minimum=0, maximum=3, step=0.05)
    spending_noise: float = number(0.2, word="market.spending_noise", minimum=0, maximum=2, step=0.05)
    share_start: float = number(0.5, word="market.share_start", minimum=0, maximum=1, step=0.05, unit="share")
    price_premium: float = number(0.05, word="market.price_premium", minimum=0, maximum=2, step=0.01, unit="share")
    product_cost: float = number(0.45, word="market.product_cost", minimum=0, maximum=10, step=0.05, unit="share")
    service_cost: float = number(10.0, word="market.service_cost", minimum=0, maximum=10_000, step=1, unit="money")
    service_cost_spread: float = number(0.6, word="market.service_cost_spread", minimum=0, maximum=3, step=0.05)
    service_saving: float = number(0.4, word="market.service_saving", minimum=0, maximum=1, step=0.05, unit="share")
    complaint_cost: float = number(15.0, word="market.complaint_cost", minimum=0, maximum=10_000, step=1, unit="money")
    network_cost: float = number(1.0, word="market.network_cost", minimum=0, maximum=10_000, step=0.1, unit="money")
    value_threshold: float = number(
        60.0, word="market.value_threshold", minimum=0, maximum=100_000, step=1, unit="money"
    )
    potential_threshold: float = number(
        25.0, word="market.potential_threshold", minimum=0, maximum=100_000, step=1, unit="money"
    )

    def with_forces(self, *names: str) -> MarketScenario:
        """Return the scenario with these forces on and all others off; a name that is no force is refused."""
        for name in names:
            if name not in FORCES:
                raise CvmError("market.unknown_force", name=name, names=", ".join(FORCES))
        return self.replace(**{force: force in names for force in FORCES})

    def forces(self) -> tuple[str, ...]:
        """Return the names of the forces that act."""
        return tuple(force for force in FORCES if getattr(self, force))


@public
@dataclass(frozen=True)
class Carrier(Scenario):
    """A carrier as it enters the market."""

    share: float = number(1.0, word="market.share", minimum=0, maximum=1, step=0.01, unit="share")
    brand: float = number(0.0, word="market.brand", minimum=-20, maximum=20, step=0.1)
    quality: float = number(0.0, word="market.quality", minimum=-20, maximum=20, step=0.1)
    group_share: float = number(1.0, word="market.group_weight", minimum=0, maximum=1, step=0.05)


@public
@dataclass(frozen=True)
class Decision(Scenario):
    """What a carrier decides for a month; it stays in force until the next decision.

    Examples
    --------
    >>> Decision().replace(price=-1)
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: price of the tariff (price) is -1; it must be at least 0...
    """

    price: float = number(1.0, word="market.price", minimum=0, maximum=10, step=0.05, unit="multiple")
    acquisition: float = number(0.0, word="market.acquisition", minimum=0, maximum=100_000, step=10, unit="money")
    care: float = number(0.0, word="market.care", minimum=0, maximum=10_000, step=0.5, unit="money")
    network_quality: float = number(1.0, word="market.network_quality", minimum=0, maximum=20, step=0.1)
    handset_offered: bool = switch(False, word="market.handset_offered")
    handset_subsidy: float = number(
        0.0, word="market.handset_subsidy", minimum=0, maximum=100_000, step=100, unit="money"
    )
    contract_months: int = number(
        0, word="market.contract_months", minimum=0, maximum=60, step=6, unit="months", whole=True
    )
    group_offer: float = number(0.0, word="market.group_offer", minimum=0, maximum=10_000, step=1, unit="money")
    win_back_offer: float = number(0.0, word="market.win_back_offer", minimum=0, maximum=100_000, step=10, unit="money")
    resources_I: float = number(0.0, word="market.resources_I", minimum=0, maximum=10_000, step=1, unit="money")
    resources_II: float = number(0.0, word="market.resources_II", minimum=0, maximum=10_000, step=1, unit="money")
    resources_III: float = number(0.0, word="market.resources_III", minimum=0, maximum=10_000, step=1, unit="money")
    resources_IV: float = number(0.0, word="market.resources_IV", minimum=0, maximum=10_000, step=1, unit="money")
    dissolve: float = number(0.0, word="market.dissolve", minimum=0, maximum=0.4, step=0.01, unit="per_month")


def check_carriers(carriers: Mapping[str, Carrier], scenario: MarketScenario) -> None:
    """Raise `CvmError` unless the carriers' shares sum to one, or with an outside option to at most one."""
    if not carriers or len(carriers) > 200:
        raise CvmError("market.no_carriers", count=len(carriers))
    if len(carriers) == 1 and not scenario.outside:
        raise CvmError("market.nowhere_to_go", name=next(iter(carriers)))
    total = sum(carrier.share for carrier in carriers.values())
    if scenario.outside and total > 1 + 1e-9:
        raise CvmError("market.shares_above_one", total=f"{total:g}")
    if not scenario.outside and abs(total - 1) > 1e-9:
        raise CvmError("market.shares_not_one", total=f"{total:g}")
