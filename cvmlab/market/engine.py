"""The compiled loop: it only puts the forces together, block by block of customers, month by month.

A block is a run of whole circles, so that nothing a block needs lies in another; a strip is a run of blocks
and keeps its own sums. Both depend on the number of customers and the size of a circle only, never on the
threads. What is summed is counts, whole cents and whole fractions of satisfaction: exact in any order.

In the functions n is the number of customers in the block, t the month, s their `State`, k the `Tables` of
the carriers, p the `Parameters` and x the `Scratch`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numba import njit

from cvmlab.core.random import draws, elementary
from cvmlab.core.random.compiled import Function, kept
from cvmlab.core.random.draws import uniform_single

from . import forces, layout
from .forces import CHOOSES, HALF, IS_FORCED, LOWEST, NO_ONE, ONE, STAYS, ZERO, S, inner
from .layout import (
    ADOPTION,
    BETTER_LIKED,
    CAUSE_OF,
    CHANCE,
    CHOICE,
    COMPLAINTS,
    CONTAGION,
    CUSTOMERS,
    DATA_SPEED,
    DISSATISFACTION,
    EXPERIENCE,
    HANDSET,
    HANDSETS,
    JOINED,
    LEFT,
    LIFE,
    MOOD,
    MOOD_SCALE,
    PROFIT,
    REVENUE,
    SECOND,
    SPECIAL_OFFER,
    SPENDING,
    TARIFF,
    WON_BACK,
    Panel,
    Parameters,
    Scratch,
    State,
    Tables,
)  # fmt: skip

# Parts of the loop are put into it before types are inferred: each alone would be compiled twice. Nothing
# here allocates, so that arrays need not be counted; the loop holds no lock of the interpreter.
part: Callable[[Function], Function] = njit(error_model="numpy", inline="always", _nrt=False)
SOURCES = (elementary.__file__, draws.__file__, forces.__file__, layout.__file__)
whole: Callable[[Function], Function] = kept(*SOURCES, error_model="numpy", nogil=True, _nrt=False)


@inner
def _circle_pull(
    pull: Any, carrier: Any, felt: Any, size: Any, share: Any, mouth: Any, mixing: Any, market: Any
) -> None:
    """Weigh, for each carrier and circle, the share of members there and what they say."""
    customers = carrier.size
    carriers = pull.shape[0]
    for circle in range((customers + size - 1) // size):
        start = circle * size
        end = min(start + size, customers)
        for j in range(carriers):
            pull[j, circle] = ZERO
        for i in range(start, end):
            pull[carrier[i], circle] += share + mouth * felt[i]
        for j in range(carriers):
            near = pull[j, circle] / S(end - start)
            pull[j, circle] = (ONE - mixing) * near + mixing * market[j]
        pull[0, circle] = ZERO


@inner
def _adoption_hazard(
    hazard: Any, owns: Any, size: Any, innovation: Any, imitation: Any, mixing: Any, market: Any
) -> None:
    """Hazard of Bass for each circle: p + q · F, with F the share of its members that own the handset."""
    for circle in range((owns.size + size - 1) // size):
        start = circle * size
        members = owns[start : min(start + size, owns.size)]
        owners = 0
        for i in range(members.size):
            owners += 1 if members[i] >= 0 else 0
        share = (ONE - mixing) * S(owners) / S(members.size) + mixing * market
        hazard[circle] = innovation + imitation * share


@part
def _main_cause(i: Any, first: Any, old: Any, new: Any, s: Any, t: Any, k: Any, p: Any, x: Any) -> Any:
    """Say which force speaks most for the new carrier against the old; chance if none does (S21)."""
    largest, cause = ZERO, CHANCE
    gain = -p.satisfaction_weight * s.felt[i] if p.satisfaction else ZERO
    if gain > largest:
        largest, cause = gain, DISSATISFACTION
    gain = k.attraction[t, new]
    if p.win_back and s.left[i] == new and s.months_gone[i] <= p.win_back_window:
        gain += k.win_back[t, new]
    if gain > largest:
        largest, cause = gain, SPECIAL_OFFER
    gain = k.handset[t, new] - k.handset[t, old] if x.adopting[i] else ZERO
    if gain > largest:
        largest, cause = gain, HANDSET
    gain = s.price_sensitivity[i] * (k.price[t, old] - k.price[t, new]) if p.tariff_offer else ZERO
    if gain > largest:
        largest, cause = gain, TARIFF
    gain = s.data_need[i] * (k.speed[t, new] - k.speed[t, old]) if p.data_speed else ZERO
    if gain > largest:
        largest, cause = gain, DATA_SPEED
    circle = i // p.circle_size
    gain = x.pull[new, circle] - x.pull[old, circle] if p.contagion else ZERO
    if gain > largest:
        largest, cause = gain, CONTAGION
    gain = k.liking[t, new] + s.taste[new, first + i] - k.liking[t, old] - s.taste[old, first + i]
    return BETTER_LIKED if gain > largest else cause


@part
def _choose(n: Any, first: Any, key: Any, t: Any, s: Any, k: Any, p: Any, x: Any) -> None:
    """Let a block of customers choose: fills `moves`, `who`, `adopting` and, with dual SIM, `unlocked`."""
    period = np.uint32(t)
    forces.draw_words(n, first, period, np.uint32(0), key, x.words[0], x.words[1], x.words[2], x.words[3])
    forces.fill(x.adopting, False)
    if p.handset_launch:
        forces.adopt(x.adopting, x.words[ADOPTION], s.owns, s.desire, x.hazard, p.circle_size)

    forces.contentment(x.bond, s.felt, p.satisfaction_weight if p.satisfaction else ZERO)
    if p.switching:
        forces.switching_cost(
            x.bond, s.tenure, s.level, p.switching_cost, p.tenure_cost, p.tenure_half, p.commitment_cost
        )
    if p.contract:
        forces.contract(x.bond, s.months_left, p.contract_penalty)

    forces.fill(x.own, LOWEST)
    forces.fill(x.rival, LOWEST)
    forces.fill(x.who, NO_ONE)
    for j in range(0 if p.outside else 1, s.taste.shape[0]):
        utility, name = x.score[j], np.uint8(j)
        forces.liking(utility, k.liking[t, j], s.taste[j, first : first + n])
        if p.tariff_offer:
            forces.tariff(utility, s.price_sensitivity, k.price[t, j])
        if p.data_speed and k.speed[t, j] != ZERO:
            forces.data_speed(utility, s.data_need, k.speed[t, j])
        if p.handset_launch and k.handset[t, j] != ZERO:
            forces.handset(n, utility, x.adopting, k.handset[t, j])
        if p.group_network and k.lock_in[t, j] != ZERO:
            forces.group_network(utility, s.group, name, k.lock_in[t, j])
        if p.contagion and j > 0:
            forces.contagion(n, utility, p.circle_size, x.pull[j])
        if k.attraction[t, j] != ZERO:
            forces.signing_on(utility, s.carrier, name, k.attraction[t, j])
        if p.win_back and k.win_back[t, j] != ZERO:
            forces.win_back(utility, s.left, s.months_gone, name, p.win_back_window, k.win_back[t, j])
        forces.staying(utility, s.carrier, name, x.bond)
        if j <= 1 or j % 4 == 0:
            block = np.uint32((CHOICE + j) // 4)
            forces.draw_words(n, first, period, block, key, x.words[4], x.words[5], x.words[6], x.words[7])
        forces.add_chance(n, utility, x.words[4 + (CHOICE + j) % 4])
        forces.own_score(x.own, s.carrier, name, utility)
        forces.best_rival(x.rival, x.who, s.carrier, name, utility)
    if p.dual_sim and p.group_network:
        forces.fill(x.unlocked, NO_ONE)
        forces.fill(x.bond, LOWEST)
        for j in range(1, s.taste.shape[0]):
            forces.best_unlocked(x.bond, x.unlocked, s.group, np.uint8(j), x.score[j], k.lock_in[t, j])

    forces.decide(n, x.moves, x.own, x.rival, x.words[LIFE], p.forced_rate, p.dealer_rate)
    if k.dissolves[t]:
        forces.of_carrier(x.bond, s.carrier, k.dissolve[t])
        forces.classify(x.value_type, s.wallet, s.level, p.share_start, p.value_threshold, p.potential_threshold)
        forces.let_go(n, x.moves, x.words[LIFE], x.value_type, x.bond, p.forced_rate + p.dealer_rate)


@part
def _move(n: Any, first: Any, t: Any, s: Any, k: Any, p: Any, x: Any, cause: Any, sums: Any) -> None:
    """Carry out what was decided: leavers go, with a cause, and begin anew with another carrier."""
    movers = 0
    for i in range(n):
        x.movers[movers] = i
        movers += 1 if x.moves[i] != STAYS else 0
    forces.fill(x.once, ZERO)
    forces.fill(cause, NO_ONE)
    for number in range(movers):
        i = x.movers[number]
        old, new = s.carrier[i], x.who[i]
        by_choice = x.moves[i] == CHOOSES
        if x.moves[i] == IS_FORCED and p.outside:
            new = NO_ONE
        # Events of a relationship do not happen to those who have none.
        if old == new or (old == 0 and not by_choice):
            continue
        if old > 0:
            cause[i] = _main_cause(i, first, old, new, s, t, k, p, x) if by_choice else CAUSE_OF[x.moves[i]]
            sums[old, LEFT + cause[i]] += 1
        if new > 0:
            won_back = s.left[i] == new and s.months_gone[i] <= p.win_back_window
            sums[new, JOINED] += 1
            sums[new, WON_BACK] += 1 if won_back else 0
            x.once[i] = k.acquisition_cost[t, new] + (k.win_back_cost[t, new] if won_back and p.win_back else ZERO)
        if old > 0:
            s.left[i] = old
            s.months_gone[i] = 0
        s.carrier[i] = new
        s.tenure[i] = 0
        s.level[i] = p.level_start if new > 0 else ZERO
        s.peak[i] = s.level[i]
        s.felt[i] = ZERO
        s.expected[i] = k.quality[t, new] + p.promise
        if p.data_speed:
            s.expected[i] += s.data_need[i] * k.speed[t, new]
        s.months_left[i] = k.contract_months[t, new] if p.contract else 0
        s.second[i] = 0


@part
def _buy_handsets(n: Any, t: Any, s: Any, k: Any, p: Any, x: Any, sums: Any) -> None:
    """Hand out the handset: with subsidy and contract where the carrier sells it; the need for data rises."""
    for i in range(n):
        if x.adopting[i]:
            j = s.carrier[i]
            s.owns[i] = t
            s.data_need[i] *= ONE + p.handset_data
            if k.handset[t, j] != ZERO:
                sums[j, HANDSETS] += 1
                x.once[i] += k.subsidy[t, j]
                if p.contract:
                    s.months_left[i] = max(s.months_left[i], k.contract_months[t, j])


@part
def _take_second(s: Any, unlocked: Any) -> None:
    """Give a second SIM to those whom only the group network holds: they would have gone (S26, story L)."""
    for i in range(s.carrier.size):
        held = (s.group[i] == s.carrier[i]) & (s.carrier[i] > 0)
        wanted = unlocked[i]
        s.second[i] = wanted if held & (wanted > 0) & (wanted != s.carrier[i]) else s.second[i]


@part
def _share_second(
    t: Any, s: Any, k: Any, p: Any, x: Any, revenue: Any, profit: Any,
    second: Any, second_revenue: Any, second_profit: Any, sums: Any,
) -> None:  # fmt: skip
    """Split the month of those with a second SIM between the two carriers."""
    for i in range(s.carrier.size):
        u = uniform_single(x.words[LIFE, i])
        if s.second[i] > 0 and u >= HALF and u < HALF + p.second_drop:
            s.second[i] = 0
        j = s.second[i]
        second[i] = j
        second_revenue[i] = 0
        second_profit[i] = 0
        if j > 0:
            moved = p.second_share * x.usage[i]
            lost = np.int32(S(revenue[i]) * p.second_share)
            revenue[i] -= lost
            profit[i] -= lost - forces.cents(p.product_cost * moved)
            second_revenue[i] = forces.cents(k.price[t, j] * moved)
            second_profit[i] = second_revenue[i] - forces.cents(p.product_cost * moved)
            sums[j, SECOND] += 1
            sums[j, REVENUE] += second_revenue[i]
            sums[j, PROFIT] += second_profit[i]


@part
def _live(
    n: Any, t: Any, s: Any, k: Any, p: Any, x: Any, revenue: Any, profit: Any, stage: Any, complaint: Any
) -> None:
    """Let a block of customers use the service, pay, feel and learn."""
    forces.use(x.usage, s.wallet, s.level, s.carrier, x.words[SPENDING], p.share_start, p.spending_noise)
    forces.of_carrier(x.looked_up, s.carrier, k.price[t])
    forces.bill(revenue, x.usage, x.looked_up, s.level, p.price_premium)
    forces.serve(x.cost, x.usage, s.level, s.service_cost, s.carrier, p.product_cost, p.service_saving)

    forces.of_carrier(x.delivered, s.carrier, k.quality[t])
    if k.spends[t]:
        forces.classify(x.value_type, s.wallet, s.level, p.share_start, p.value_threshold, p.potential_threshold)
        forces.add_resources(x.delivered, s.carrier, x.value_type, k.resources[t])
    if p.data_speed:
        forces.of_carrier(x.looked_up, s.carrier, k.speed[t])
        forces.surf(x.delivered, s.data_need, x.looked_up)
    forces.experience(n, x.delivered, x.words[EXPERIENCE], p.experience_noise)
    forces.feel(s.felt, x.delivered, s.expected, s.carrier, p.assimilation, p.satisfaction_memory)
    forces.learn(s.expected, x.delivered, s.level, p.learning_rate, p.expectation_growth)
    forces.complain(complaint, s.felt, x.words[LIFE], s.carrier, p.complaint_rate)
    forces.of_carrier(x.looked_up, s.carrier, k.recovery[t])
    forces.resent(s.felt, complaint, p.complaint_harm, x.looked_up)
    forces.grow(s.level, s.felt, s.carrier, p.level_growth, p.level_decay, p.tolerance)
    forces.culminate(s.peak, s.level)
    forces.name_stage(stage, s.level, s.peak, p.formation_level, p.stability_level, p.decline_share)

    forces.of_carrier(x.looked_up, s.carrier, k.care_cost[t])
    if k.spends[t]:
        forces.add_resources(x.looked_up, s.carrier, x.value_type, k.resources_cost[t])
    if k.discounts[t] and p.group_network:
        forces.group_discount(x.looked_up, s.group, s.carrier, k.group_cost[t])
    forces.spend(n, x.cost, x.looked_up, x.once, complaint, p.complaint_cost)
    forces.earn(n, profit, revenue, x.cost)
    forces.age(s.tenure, s.months_left, s.months_gone)


_NONE: Any = np.int64(0)


@inner
def _count(lowest: Any, carrier: Any, felt: Any, complaint: Any, revenue: Any, profit: Any, sums: Any) -> None:
    """Add a block's month to the sums of its strip: whole numbers, so that no order matters."""
    for j in range(lowest, sums.shape[0]):
        people, complaints, billed, earned, mood = _NONE, _NONE, _NONE, _NONE, _NONE
        for i in range(carrier.size):
            here = carrier[i] == j
            people += 1 if here else 0
            complaints += 1 if here & complaint[i] else 0
            billed += revenue[i] if here else 0
            earned += profit[i] if here else 0
            mood += np.int32(np.floor(felt[i] * MOOD_SCALE + HALF)) if here else 0
        sums[j, CUSTOMERS] += people
        sums[j, COMPLAINTS] += complaints
        sums[j, REVENUE] += billed
        sums[j, PROFIT] += earned
        sums[j, MOOD] += mood


@inner
def _keep(s: Any, carrier: Any, felt: Any) -> None:
    """Write down where the customers are and how they feel."""
    for i in range(s.carrier.size):
        carrier[i] = s.carrier[i]
    for i in range(s.carrier.size):
        felt[i] = s.felt[i]


@part
def _cut(s: Any, a: Any, b: Any) -> Any:
    return State(
        s.carrier[a:b], s.tenure[a:b], s.level[a:b], s.peak[a:b], s.expected[a:b], s.felt[a:b],
        s.months_left[a:b], s.owns[a:b], s.left[a:b], s.months_gone[a:b], s.second[a:b], s.data_need[a:b],
        s.wallet[a:b], s.group[a:b], s.desire[a:b], s.price_sensitivity[a:b], s.service_cost[a:b],
        s.taste,
    )  # fmt: skip


def make_scratch(carriers: int, block: int, circle_size: int) -> Scratch:
    """Return the working space of a thread."""
    circles = block // circle_size
    arrays = [
        np.empty((carriers, block), np.float32),
        np.empty((8, block), np.uint32),
        *np.empty((8, block), np.float32),
        *np.empty((4, block), np.uint8),
        np.empty(block, np.bool_),
        np.empty(block, np.int32),
        np.zeros((carriers, circles), np.float32),
        np.zeros(circles, np.float32),
    ]
    return Scratch._make(arrays)


@whole
def run_strips(
    strips: Any, x: Scratch, block: Any, state: State,
    start: Any, stop: Any, offset: Any, keep: Any, key: Any, k: Tables, p: Parameters, panel: Panel,
    sums: Any, market_pull: Any, market_owners: Any,
) -> None:  # fmt: skip
    """Run the strips ``strips[0] … strips[1] − 1`` through the months ``start … stop − 1``.

    Without ``keep`` the panel has one row of a block's length a strip, written again and again.
    """
    customers = state.carrier.size
    blocks = (customers + block - 1) // block
    per_strip = (blocks + sums.shape[0] - 1) // sums.shape[0]
    for strip in range(strips[0], strips[1]):
        for number in range(strip * per_strip, min((strip + 1) * per_strip, blocks)):
            first = number * block
            last = min(first + block, customers)
            n = last - first
            s = _cut(state, first, last)
            for t in range(start, stop):
                row = t - offset if keep else strip
                a, b = (first, last) if keep else (0, n)
                cause, complaint = panel.cause[row, a:b], panel.complaint[row, a:b]
                revenue, profit = panel.revenue[row, a:b], panel.profit[row, a:b]
                month = sums[strip, t - offset]
                if p.contagion:
                    _circle_pull(
                        x.pull, s.carrier, s.felt, p.circle_size, p.circle_pull, p.word_of_mouth,
                        p.mixing, market_pull,
                    )  # fmt: skip
                if p.handset_launch:
                    _adoption_hazard(
                        x.hazard, s.owns, p.circle_size, k.innovation[t], k.imitation[t], p.mixing, market_owners
                    )
                _choose(n, first, key, t, s, k, p, x)
                _move(n, first, t, s, k, p, x, cause, month)
                if p.handset_launch:
                    _buy_handsets(n, t, s, k, p, x, month)
                if p.dual_sim and p.group_network:
                    _take_second(s, x.unlocked)
                _live(n, t, s, k, p, x, revenue, profit, panel.stage[row, a:b], complaint)
                if p.dual_sim:
                    _share_second(
                        t, s, k, p, x, revenue, profit, panel.second[row, a:b],
                        panel.second_revenue[row, a:b], panel.second_profit[row, a:b], month,
                    )  # fmt: skip
                _count(0 if p.outside else 1, s.carrier, s.felt, complaint, revenue, profit, month)
                _keep(s, panel.carrier[row, a:b], panel.felt[row, a:b])


def run(threads: int, strips: int, block: int, state: State, circle_size: int, *arguments: Any) -> None:
    """Run all strips, shared out among threads; ``arguments`` are what `run_strips` takes after the state."""

    def work(piece: tuple[int, int]) -> None:
        scratch = make_scratch(len(state.taste), block, circle_size)
        run_strips(piece, scratch, block, state, *arguments)

    if threads == 1:
        work((0, strips))
        return
    # More pieces than threads: a thread that is held up does not hold up the others.
    edges = np.linspace(0, strips, min(strips, 4 * threads) + 1).astype(int).tolist()
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, pairwise(edges)):
            pass
