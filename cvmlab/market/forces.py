"""The forces of the market: one short compiled function a force, with its formula and its source.

Every function works on a block of customers, arrays of one row each, in single precision; ``j`` is a
carrier, 0 is "no carrier". A force adds to the utility of a carrier, in logits, or moves one of the
customer's variables. The functions hold no randomness of their own: they are handed the draws. Each loop is
free of branches and has few arrays, so that it becomes vector code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from cvmlab.core.random.compiled import Function
from cvmlab.core.random.draws import gumbel_of, normal_of, philox, scalar, uniform_single
from cvmlab.core.random.elementary import exp_single

# Not cached one by one: only the loop that calls them is, see `engine`.
inner: Callable[[Function], Function] = njit(error_model="numpy", _nrt=False)

S = np.float32
ZERO, HALF, ONE = S(0), S(0.5), S(1)
NO_ONE = np.uint8(0)
LOWEST = S(-np.inf)


# --- draws ---------------------------------------------------------------------------------------


@inner
def draw_words(n: Any, first: Any, period: Any, block: Any, key: Any, w0: Any, w1: Any, w2: Any, w3: Any) -> None:
    """Fill four rows of random words, the purposes 4·block … 4·block + 3, for consecutive customers below 2^32."""
    for i in range(n):
        a, b, c, d = philox(np.uint32(first + i), period, block, np.uint32(0), key[0], key[1])
        w0[i] = a
        w1[i] = b
        w2[i] = c
        w3[i] = d


@inner
def fill(out: Any, value: Any) -> None:
    """Set every row to one value."""
    for i in range(out.size):
        out[i] = value


# --- looking up what a carrier does --------------------------------------------------------------


@inner
def of_carrier(out: Any, carrier: Any, table: Any) -> None:
    """Give every customer the entry of its carrier."""
    for i in range(carrier.size):
        out[i] = table[0]
    for j in range(1, table.size):
        entry = table[j]
        for i in range(carrier.size):
            out[i] = entry if carrier[i] == j else out[i]


@inner
def add_resources(out: Any, carrier: Any, value_type: Any, table: Any) -> None:
    """Add the entry of the customer's carrier and value type (I–IV as 0–3)."""
    for j in range(1, table.shape[0]):
        for k in range(4):
            entry = table[j, k]
            for i in range(carrier.size):
                out[i] += entry if (carrier[i] == j) & (value_type[i] == k) else ZERO


@inner
def classify(value_type: Any, wallet: Any, level: Any, share_start: Any, value: Any, potential: Any) -> None:
    """Sort customers into the value matrix: bit 2 for high current value, bit 1 for high potential (S11).

    Current value is what we get of the wallet a month, share · wallet with share = s₀ + (1 − s₀) · level;
    potential is the rest of the wallet. 0 to 3 are the types I to IV.
    """
    for i in range(wallet.size):
        share = share_start + (ONE - share_start) * level[i]
        high_value = wallet[i] * share >= value
        high_potential = wallet[i] * (ONE - share) >= potential
        value_type[i] = np.uint8((2 if high_value else 0) + (1 if high_potential else 0))


# --- the utility of a carrier --------------------------------------------------------------------


@inner
def liking(utility: Any, brand: Any, taste: Any) -> None:
    """Begin with the brand and the customer's lasting taste for it: brand_j + ν_ij (heterogeneity; Keane 1997)."""
    for i in range(taste.size):
        utility[i] = brand + taste[i]


@inner
def tariff(utility: Any, price_sensitivity: Any, price: Any) -> None:
    """Take off what the tariff costs: −β_i · price_j (multinomial logit; McFadden 1974)."""
    for i in range(price_sensitivity.size):
        utility[i] -= price_sensitivity[i] * price


@inner
def data_speed(utility: Any, data_need: Any, speed: Any) -> None:
    """Add what the network's speed is worth to this customer: need_i · speed_j (S26, story L)."""
    for i in range(data_need.size):
        utility[i] += data_need[i] * speed


@inner
def handset(n: Any, utility: Any, adopting: Any, appeal: Any) -> None:
    """Draw those who buy the handset this month to a carrier that sells it: adopting_i · appeal_j (S26, Y and H)."""
    for i in range(n):
        utility[i] += appeal if adopting[i] else ZERO


@inner
def group_network(utility: Any, group: Any, j: Any, lock_in: Any) -> None:
    """Hold the members of an employer's group network at its carrier: lock-in_j · 1[group_i = j] (S26, story L)."""
    for i in range(group.size):
        utility[i] += lock_in if group[i] == j else ZERO


@inner
def contagion(n: Any, utility: Any, circle_size: Any, pull: Any) -> None:
    """Add the pull of the customer's circle as it stood last month: κ · its share at j, and its word of mouth.

    Last month's state makes the result independent of the order in which customers are served.
    """
    for circle in range((n + circle_size - 1) // circle_size):
        start = circle * circle_size
        strength = pull[circle]
        members = utility[start : min(start + circle_size, n)]
        for i in range(members.size):
            members[i] += strength


@inner
def signing_on(utility: Any, carrier: Any, j: Any, attraction: Any) -> None:
    """Add the pull of money for signing on, for those who are elsewhere: a · √(money / scale) · 1[carrier_i ≠ j]."""
    for i in range(carrier.size):
        utility[i] += attraction if carrier[i] != j else ZERO


@inner
def win_back(utility: Any, left: Any, months_gone: Any, j: Any, window: Any, attraction: Any) -> None:
    """Add the pull of the win-back offer for those who left j within the window (Thomas, Blattberg & Fox 2004)."""
    for i in range(left.size):
        utility[i] += attraction if (left[i] == j) & (months_gone[i] <= window) else ZERO


@inner
def staying(utility: Any, carrier: Any, j: Any, bond: Any) -> None:
    """Add what binds the customer to the present carrier: bond_i · 1[carrier_i = j]."""
    for i in range(carrier.size):
        utility[i] += bond[i] if carrier[i] == j else ZERO


@inner
def switching_cost(bond: Any, tenure: Any, level: Any, base: Any, growth: Any, half_life: Any, commitment: Any) -> None:
    """Add the cost of leaving: s₀ + s₁ · τ / (τ + τ½) + s₂ · level (S04; Klemperer 1987).

    τ is tenure in months; the first two parts are economic, the last is psychological.
    """
    for i in range(tenure.size):
        months = S(tenure[i])
        bond[i] += base + growth * months / (months + half_life) + commitment * level[i]


@inner
def contract(bond: Any, months_left: Any, penalty: Any) -> None:
    """Add the penalty of breaking a contract that still runs."""
    for i in range(months_left.size):
        bond[i] += penalty if months_left[i] > 0 else ZERO


@inner
def contentment(bond: Any, felt: Any, weight: Any) -> None:
    """Set the bond to the weight of satisfaction: w · satisfaction_i; the dissatisfied are pushed away (S18, S21)."""
    for i in range(felt.size):
        bond[i] = weight * felt[i]


# --- the choice ----------------------------------------------------------------------------------


@inner
def add_chance(n: Any, utility: Any, words: Any) -> None:
    """Add a Gumbel draw: the largest sum is then chosen with logit probabilities (McFadden 1974).

    One draw a carrier, the same in every scenario: a better offer of j moves customers to j, never
    between two others.
    """
    for i in range(n):
        utility[i] += gumbel_of(words[i])


@inner
def own_score(own: Any, carrier: Any, j: Any, score: Any) -> None:
    """Note the score of the present carrier."""
    for i in range(carrier.size):
        own[i] = max(own[i], score[i] if carrier[i] == j else LOWEST)


@inner
def best_rival(rival: Any, who: Any, carrier: Any, j: Any, score: Any) -> None:
    """Keep the best score among the other carriers, and whose it is."""
    for i in range(carrier.size):
        better = (carrier[i] != j) & (score[i] > rival[i])
        rival[i] = score[i] if better else rival[i]
        who[i] = j if better else who[i]


@inner
def best_unlocked(best: Any, who: Any, group: Any, j: Any, score: Any, lock_in: Any) -> None:
    """Keep whom the customer would choose without the lock-in of the group network."""
    for i in range(group.size):
        free = score[i] - (lock_in if group[i] == j else ZERO)
        better = free > best[i]
        best[i] = free if better else best[i]
        who[i] = j if better else who[i]


# What happens to a relationship this month.
STAYS, CHOOSES, IS_FORCED, LOSES_DEALER, IS_LET_GO = (np.uint8(k) for k in range(5))


@inner
def decide(n: Any, moves: Any, own: Any, rival: Any, words: Any, forced: Any, dealer: Any) -> None:
    """Leave if a rival scores higher, or if life decides: one draw, an interval for each event (S21).

    Forced to leave with rate ``forced`` a month, taken along by a dealer with rate ``dealer``.
    """
    for i in range(n):
        u = uniform_single(words[i])
        by_choice = CHOOSES if rival[i] > own[i] else STAYS
        by_life = IS_FORCED if u < forced else LOSES_DEALER
        moves[i] = by_life if u < forced + dealer else by_choice


@inner
def let_go(n: Any, moves: Any, words: Any, value_type: Any, rate: Any, after: Any) -> None:
    """Dissolve relationships of type I at the carrier's rate, on the interval after the events of life (S11)."""
    for i in range(n):
        u = uniform_single(words[i])
        given_up = (value_type[i] == 0) & (u >= after) & (u < after + rate[i])
        moves[i] = IS_LET_GO if given_up else moves[i]


# --- the handset spreads -------------------------------------------------------------------------


@inner
def adopt(adopting: Any, words: Any, owns: Any, desire: Any, hazard: Any, circle_size: Any) -> None:
    """Let customers buy the handset with the hazard of Bass (1969), p + q · F, of their circle, times their desire.

    F is the share of the circle that had it last month: innovation p needs no one, imitation q does.
    """
    for circle in range((owns.size + circle_size - 1) // circle_size):
        start = circle * circle_size
        end = min(start + circle_size, owns.size)
        buys, owner, word, wish = adopting[start:end], owns[start:end], words[start:end], desire[start:end]
        for i in range(buys.size):
            buys[i] = (owner[i] < 0) & (uniform_single(word[i]) < hazard[circle] * wish[i])


# --- the relationship ----------------------------------------------------------------------------


@inner
def surf(delivered: Any, data_need: Any, speed: Any) -> None:
    """Add what the carrier's network speed is worth to the customer: need_i · speed_i."""
    for i in range(data_need.size):
        delivered[i] += data_need[i] * speed[i]


@inner
def experience(n: Any, delivered: Any, words: Any, noise: Any) -> None:
    """Add this month's luck with the service: σ · z."""
    for i in range(n):
        delivered[i] += noise * normal_of(words[i])


@inner
def feel(felt: Any, delivered: Any, expected: Any, carrier: Any, assimilation: Any, memory: Any) -> None:
    """Update satisfaction: perceived − expected (S18), smoothed over the months.

    What is perceived leans towards what was expected (Boulding, Kalra, Staelin & Zeithaml 1993):
    perceived = delivered + a · (expected − delivered); satisfaction += m · (perceived − expected − satisfaction).
    """
    for i in range(felt.size):
        gap = (ONE - assimilation) * (delivered[i] - expected[i])
        felt[i] = felt[i] + memory * (gap - felt[i]) if carrier[i] != NO_ONE else ZERO


@inner
def learn(expected: Any, delivered: Any, level: Any, rate: Any, rising: Any) -> None:
    """Update what the customer will expect: E += λ · (delivered − E), plus a rise with the level (S04).

    The "will" expectation of Boulding et al. (1993): with λ alone its mean after t months is
    D + (E₀ − D)(1 − λ)^t and its variance tends to λσ² / (2 − λ).
    """
    for i in range(expected.size):
        expected[i] += rate * (delivered[i] - expected[i]) + rising * level[i]


@inner
def complain(complaint: Any, felt: Any, words: Any, carrier: Any, rate: Any) -> None:
    """Let the dissatisfied complain with rate · (−satisfaction), at the upper end of the draw of life."""
    for i in range(carrier.size):
        chance = rate * max(ZERO, -felt[i])
        complaint[i] = (carrier[i] != NO_ONE) & (uniform_single(words[i]) > ONE - chance)


@inner
def resent(felt: Any, complaint: Any, harm: Any, recovery: Any) -> None:
    """Take off the harm of a complaint, as far as the carrier does not make up for it: harm · (1 − recovery)."""
    for i in range(felt.size):
        felt[i] -= harm * (ONE - recovery[i]) if complaint[i] else ZERO


LOWEST_LEVEL = S(0.01)


@inner
def grow(level: Any, felt: Any, carrier: Any, growth: Any, decay: Any, tolerance: Any) -> None:
    """Move the relationship level, logistic growth while satisfied, fall when not (S01, S03).

    With x = satisfaction + tolerance: level += growth · x · level · (1 − level) for x ≥ 0,
    decay · x · level for x < 0.
    """
    for i in range(level.size):
        x = felt[i] + tolerance
        step = growth * x * (ONE - level[i]) if x >= ZERO else decay * x
        moved = min(max(level[i] + step * level[i], LOWEST_LEVEL), ONE)
        level[i] = moved if carrier[i] != NO_ONE else ZERO


@inner
def culminate(peak: Any, level: Any) -> None:
    """Remember the highest level of the relationship."""
    for i in range(peak.size):
        peak[i] = max(peak[i], level[i])


@inner
def name_stage(stage: Any, level: Any, peak: Any, formation: Any, stability: Any, decline: Any) -> None:
    """Name the stage: 1 exploration, 2 formation, 3 stability by level, 4 decline below a share of the peak; 0 none."""
    for i in range(stage.size):
        rising = 1 + (1 if level[i] >= formation else 0) + (1 if level[i] >= stability else 0)
        named = 4 if level[i] < decline * peak[i] else rising
        stage[i] = np.uint8(named if level[i] > ZERO else 0)


# --- money ---------------------------------------------------------------------------------------


@inner
def use(usage: Any, wallet: Any, level: Any, carrier: Any, words: Any, share_start: Any, noise: Any) -> None:
    """Say what is used this month, at the reference tariff: wallet · share(level) · luck (S02, S10).

    share = s₀ + (1 − s₀) · level, the share of wallet; luck = exp(σz − σ²/2), mean 1.
    """
    for i in range(wallet.size):
        share = share_start + (ONE - share_start) * level[i]
        luck = exp_single(noise * normal_of(words[i]) - HALF * noise * noise)
        usage[i] = wallet[i] * share * luck if carrier[i] != NO_ONE else ZERO


@scalar
def cents(money: Any) -> Any:
    """Return money in whole cents: sums of them are exact in any order."""
    return np.int32(np.floor(money * S(100) + HALF))


@inner
def bill(revenue: Any, usage: Any, price: Any, level: Any, premium: Any) -> None:
    """Bill what is used: price_j · (1 + premium · level) · usage, in cents; price rises with the level (S02)."""
    for i in range(level.size):
        revenue[i] = cents(price[i] * (ONE + premium * level[i]) * usage[i])


@inner
def serve(cost: Any, usage: Any, level: Any, service_cost: Any, carrier: Any, product_cost: Any, saving: Any) -> None:
    """Set the cost: product cost of the usage, and the service, cheaper as the relationship grows (S02)."""
    for i in range(level.size):
        service = service_cost[i] * (ONE - saving * level[i]) if carrier[i] != NO_ONE else ZERO
        cost[i] = product_cost * usage[i] + service


@inner
def spend(n: Any, cost: Any, care: Any, once: Any, complaint: Any, complaint_cost: Any) -> None:
    """Add what the carrier spends on the customer: care and resources, what falls due once, complaints."""
    for i in range(n):
        cost[i] += care[i] + once[i] + (complaint_cost if complaint[i] else ZERO)


@inner
def group_discount(care: Any, group: Any, carrier: Any, table: Any) -> None:
    """Add what a group offer costs for each member who is with the group's carrier."""
    for j in range(1, table.size):
        for i in range(group.size):
            care[i] += table[j] if (group[i] == j) & (carrier[i] == j) else ZERO


@inner
def earn(n: Any, profit: Any, revenue: Any, cost: Any) -> None:
    """Profit = revenue − cost, in cents."""
    for i in range(n):
        profit[i] = revenue[i] - cents(cost[i])


# --- time ----------------------------------------------------------------------------------------


@inner
def age(tenure: Any, months_left: Any, months_gone: Any) -> None:
    """Let a month pass."""
    for i in range(tenure.size):
        tenure[i] = np.uint16(min(int(tenure[i]) + 1, 65535))
    for i in range(tenure.size):
        months_left[i] = np.uint8(max(int(months_left[i]) - 1, 0))
    for i in range(tenure.size):
        months_gone[i] = np.uint8(min(int(months_gone[i]) + 1, 255))
