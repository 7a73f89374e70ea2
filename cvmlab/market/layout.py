"""What the compiled loop works on: names of causes and sums, and tuples of arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

BLOCK = 1024
STRIPS = 64

# What a draw is for. Carrier j chooses with purpose CHOICE + j; "no carrier" is 0.
EXPERIENCE, SPENDING, LIFE, ADOPTION, CHOICE = 0, 1, 2, 3, 4

CAUSES = (
    "dissatisfaction", "special_offer", "handset", "tariff", "data_speed", "contagion", "better_liked", "forced",
    "let_go", "dealer", "chance",
)  # fmt: skip
_CODE = {name: np.uint8(number) for number, name in enumerate(CAUSES, start=1)}
DISSATISFACTION, SPECIAL_OFFER, HANDSET, TARIFF = (_CODE[name] for name in CAUSES[:4])
DATA_SPEED, CONTAGION, BETTER_LIKED, CHANCE = (_CODE[name] for name in (*CAUSES[4:7], CAUSES[-1]))
# The cause of a move that was not chosen, in the order of the moves.
CAUSE_OF = np.array([0, 0, _CODE["forced"], _CODE["dealer"], _CODE["let_go"]], np.uint8)

# The columns of the sums: counts and money in cents, then the leavers by cause.
COUNTS = ("customers", "joined", "won_back", "complaints", "handsets", "second_customers", "revenue", "profit", "mood")
CUSTOMERS, JOINED, WON_BACK, COMPLAINTS, HANDSETS, SECOND, REVENUE, PROFIT, MOOD = range(9)
# Satisfaction is summed in whole parts of 1/1024.
MOOD_SCALE = np.float32(1024)
LEFT = len(COUNTS) - 1  # the sums of leavers with cause k stand in column LEFT + k
WIDTH = len(COUNTS) + len(CAUSES)


class State(NamedTuple):
    """The customers, one array a variable; the last five stay as they are."""

    carrier: Any  # uint8, 0 is none
    tenure: Any  # uint16, months
    level: Any  # float32, 0 to 1
    peak: Any  # float32
    expected: Any  # float32
    felt: Any  # float32, smoothed satisfaction
    months_left: Any  # uint8, of the contract
    owns: Any  # int16, period in which the handset was bought, −1 before
    left: Any  # uint8, carrier left last
    months_gone: Any  # uint8
    second: Any  # uint8, carrier of the second SIM
    data_need: Any  # float32
    wallet: Any  # float32, monthly money
    group: Any  # uint8, carrier of the employer's group network
    desire: Any  # float32, for the handset, mean 1
    price_sensitivity: Any  # float32
    service_cost: Any  # float32, monthly money
    taste: Any  # float32, (carriers + 1, customers)


class Tables(NamedTuple):
    """What the carriers do: float32 arrays of shape (periods, carriers + 1), resources with a last axis of 4."""

    liking: Any
    price: Any
    speed: Any
    quality: Any
    handset: Any
    lock_in: Any
    attraction: Any
    win_back: Any
    resources: Any
    recovery: Any
    care_cost: Any
    acquisition_cost: Any
    subsidy: Any
    win_back_cost: Any
    group_cost: Any
    resources_cost: Any
    dissolve: Any
    contract_months: Any
    dissolves: Any  # bool, (periods,), whether anyone lets customers go
    spends: Any  # bool, (periods,), whether anyone spends by value type
    discounts: Any  # bool, (periods,), whether anyone makes a group offer
    innovation: Any  # (periods,), chance a month of buying the handset without any example
    imitation: Any  # (periods,), the same where everyone has it


class Parameters(NamedTuple):
    """The scenario as the kernel wants it: switches, then numbers in single precision, rates a month."""

    outside: Any
    satisfaction: Any
    switching: Any
    tariff_offer: Any
    data_speed: Any
    handset_launch: Any
    contract: Any
    group_network: Any
    contagion: Any
    dual_sim: Any
    win_back: Any
    circle_size: Any
    win_back_window: Any
    satisfaction_weight: Any
    switching_cost: Any
    tenure_cost: Any
    tenure_half: Any
    commitment_cost: Any
    contract_penalty: Any
    forced_rate: Any
    dealer_rate: Any
    experience_noise: Any
    assimilation: Any
    satisfaction_memory: Any
    learning_rate: Any
    expectation_growth: Any
    promise: Any
    complaint_rate: Any
    complaint_harm: Any
    complaint_cost: Any
    level_start: Any
    level_growth: Any
    level_decay: Any
    tolerance: Any
    formation_level: Any
    stability_level: Any
    decline_share: Any
    handset_data: Any
    mixing: Any
    circle_pull: Any
    word_of_mouth: Any
    second_share: Any
    second_drop: Any
    share_start: Any
    spending_noise: Any
    price_premium: Any
    product_cost: Any
    service_saving: Any
    value_threshold: Any
    potential_threshold: Any


class Panel(NamedTuple):
    """What is kept of every customer and month: arrays of shape (periods, customers), or empty ones."""

    carrier: Any  # uint8
    stage: Any  # uint8
    cause: Any  # uint8, why the customer left the carrier of the month before
    complaint: Any  # bool
    felt: Any  # float32
    revenue: Any  # int32, cents, of the main carrier
    profit: Any  # int32
    second: Any  # uint8; with dual SIM only, like the two below
    second_revenue: Any  # int32
    second_profit: Any  # int32


class Scratch(NamedTuple):
    """Working space of one strip: rows of a block's length, the first n are in use."""

    score: Any  # float32, (carriers + 1, block)
    words: Any  # uint32, (8, block)
    bond: Any  # float32, like the seven below
    own: Any
    rival: Any
    once: Any
    delivered: Any
    usage: Any
    looked_up: Any
    cost: Any
    moves: Any  # uint8
    who: Any  # uint8
    unlocked: Any  # uint8
    value_type: Any  # uint8
    adopting: Any  # bool
    movers: Any  # int32, places of those who move
    pull: Any  # float32, (carriers + 1, circles)
    hazard: Any  # float32, (circles,)
