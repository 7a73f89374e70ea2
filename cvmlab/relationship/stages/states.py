"""The hidden states: steps within the stages, and how a relationship may move between them.

A stage is more than one level: formation is a climb, decline a fall that remembers where it began. So each stage is
a few steps, and the hidden Markov model moves between steps. No stage is skipped on the way up, but who shows no growth
is in stability from the start; decline and the end can be reached from each; a repair leads back to the stage that was
left. Customers who come back after the end begin
anew, mostly with trial orders.

The heights and chances below are assumed, as in `assumed`. What a fit estimates starts from them and leans on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.words import CvmError
from cvmlab.relationship.lifecycle import DECLINE, ENDED, EXPLORATION, FORMATION, STABILITY

from .assumed import EXPLORES_BELOW, STILL_FORMATION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Singles = NDArray[np.float32]


@dataclass(frozen=True)
class Step:
    """A step: name, code of its stage, usual log revenue from trial (0) to stability (1), stage a decline began in."""

    name: str
    stage: int
    height: float = 0.0
    origin: int = 0


STEPS = (
    Step("before", 0),
    Step("exploration 1", EXPLORATION, 0.0),
    Step("exploration 2", EXPLORATION, 0.13),
    Step("formation 1", FORMATION, 0.3),
    Step("formation 2", FORMATION, 0.57),
    Step("formation 3", FORMATION, 0.77),
    Step("formation 4", FORMATION, 0.92),
    Step("between formation and stability", STABILITY, 0.98),
    Step("stability", STABILITY, 1.0),
    Step("decline of exploration", DECLINE, -0.1, EXPLORATION),
    Step("decline of formation 1", DECLINE, 0.57, FORMATION),
    Step("decline of formation 2", DECLINE, 0.08, FORMATION),
    Step("decline of stability 1", DECLINE, 0.85, STABILITY),
    Step("decline of stability 2", DECLINE, 0.55, STABILITY),
    Step("decline of stability 3", DECLINE, 0.15, STABILITY),
    Step("ended", ENDED),
    Step("not yet seen", 0),
)
COUNT = len(STEPS)
#: Stage codes: none, the four stages, ended.
CODES = ENDED + 1
STAGE_OF: NDArray[np.uint8] = np.array([step.stage for step in STEPS], np.uint8)
ORIGIN_OF: NDArray[np.uint8] = np.array([step.origin for step in STEPS], np.uint8)
HEIGHT: Floats = np.array([step.height for step in STEPS])
#: Steps with a relationship.
ALIVE: NDArray[np.bool_] = (STAGE_OF > 0) & (STAGE_OF < ENDED)
RISING: NDArray[np.intp] = np.flatnonzero((STAGE_OF >= EXPLORATION) & (STAGE_OF <= STABILITY))
#: No relationship yet; ended; a customer from before the data who has not bought in them yet.
BEFORE, OVER, UNSEEN = 0, COUNT - 2, COUNT - 1

_E1, _E2, _F1, _F2, _F3, _F4, _S1, _S2, _DE, _DF1, _DF2, _DS1, _DS2, _DS3 = range(1, OVER)
BETWEEN = _S1
# Monthly chances before any data were seen. Staying is what is left.
_USUAL = {
    _E1: {_E2: 0.2, _F1: 0.06, _DE: 0.03, OVER: 0.03},
    _E2: {_F1: 0.2, _F2: 0.04, _DE: 0.03, OVER: 0.03},
    _F1: {_F2: 0.2, _F3: 0.05, _DF1: 0.015, OVER: 0.005},
    _F2: {_F3: 0.2, _F4: 0.05, _DF1: 0.015, OVER: 0.005},
    _F3: {_F4: 0.2, _S1: 0.05, _DF1: 0.015, OVER: 0.005},
    _F4: {_S1: 0.25, _DF1: 0.015, OVER: 0.005},
    _S1: {_S2: 0.1, _DS1: 0.015, OVER: 0.003},
    _S2: {_DS1: 0.015, OVER: 0.003},
    _DE: {_E1: 0.04, _E2: 0.04, OVER: 0.12},
    _DF1: {_DF2: 0.25, _F1: 0.03, _F2: 0.03, _F3: 0.02, OVER: 0.05},
    _DF2: {_F1: 0.06, OVER: 0.15},
    _DS1: {_DS2: 0.25, _F4: 0.04, _S1: 0.04, OVER: 0.04},
    _DS2: {_DS3: 0.25, _F2: 0.03, _F3: 0.03, OVER: 0.07},
    _DS3: {_F1: 0.06, OVER: 0.15},
    OVER: {_E1: 0.006, _E2: 0.001, _F1: 0.0005, _F2: 0.0005, _F3: 0.0005, _F4: 0.0005, _S2: 0.001},
}
# A relationship that begins within the data begins as a trial; where a period is long, the trial may be over. Customers
# who never grow have had none that can be seen: of each, the fit weighs a level from the start against a climb.
_BEGINS = {_E1: 0.72, _E2: 0.15, _F1: 0.03, _S2: 0.1}
# One that was there in the first period may be anywhere.
_FOUND = {**dict.fromkeys((_E1, _E2, _F1, _F2, _F3, _F4), 0.06), _S1: 0.12, _S2: 0.46, _DS1: 0.03, _DS2: 0.03}


def usual_moves(months: int = 1) -> Floats:
    """Return the chances of moving from step (row) to step, before any data; BEFORE says where newcomers begin."""
    monthly = np.eye(COUNT)
    for start, moves in _USUAL.items():
        monthly[start] = 0
        for end, chance in moves.items():
            monthly[start, end] = chance
        monthly[start, start] = 1 - monthly[start].sum()
    usual = np.where(_reachable(months), np.linalg.matrix_power(monthly, months), 0)
    usual /= usual.sum(axis=1, keepdims=True)
    return with_entries(usual, _spread(_BEGINS), _spread(_FOUND))


def _spread(chances: dict[int, float]) -> Floats:
    spread = np.zeros(COUNT)
    spread[list(chances)] = list(chances.values())
    return spread


def with_entries(moves: Floats, begins: Floats, found: Floats) -> Floats:
    """Return moves with the two ways into the data: as a new customer, and as one from before."""
    entered = moves.copy()
    for row, entry in ((BEFORE, begins), (UNSEEN, found)):
        entered[row] = entry
        entered[row, row] = 1
    return entered


def _reachable(months: int) -> NDArray[np.bool_]:
    one = np.eye(COUNT, dtype=bool)
    for start, moves in _USUAL.items():
        one[start, list(moves)] = True
    if months == 1:
        return one
    # a long period may hold several moves, but not an end and a new beginning, nor a skipped stage on the way up
    lasting = one.astype(np.int64)
    lasting[OVER, :OVER] = 0
    many = np.linalg.matrix_power(lasting, 3) > 0
    many[OVER] = one[OVER]
    skips = (STAGE_OF[:, None] == EXPLORATION) & (STAGE_OF[None, :] == STABILITY)
    sinks = (STAGE_OF[:, None] < DECLINE) & (ORIGIN_OF[None, :] > STAGE_OF[:, None])
    return np.asarray(many & ~skips & ~sinks)


def start_of(new: float, found: Floats, periods: int) -> Floats:
    """Return the weights of the steps in the first period, by the share of new customers and the place of others."""
    start = (1 - new) * found
    start[UNSEEN] = 1 - new
    start[BEFORE] = new / periods
    return start


def usual_found() -> Floats:
    """Return where customers from before the data usually stand, shape (steps,)."""
    return _spread(_FOUND)


#: Steps that are left upwards at one pace: a stage climbed in steps, not one step that goes on and on.
PACES = ((_E1, _E2), (_F1, _F2, _F3, _F4))


def paced(moves: Floats) -> Floats:
    """Return counts in which the steps of a stage stay, move up, decline and end in the same proportions."""
    shared = moves.copy()
    for rows in PACES:
        kinds = np.array([[moves[row, members].sum() for members in _members(row)] for row in rows])
        totals = kinds.sum(axis=0)
        for row, kind in zip(rows, kinds, strict=True):
            mine = kind.sum() / max(totals.sum(), 1e-12)
            for members, own, all_ in zip(_members(row), kind, totals, strict=True):
                part = moves[row, members]
                shared[row, members] = all_ * mine * (part / own if own > 0 else 1 / max(1, len(part)))
    return shared


def _members(row: int) -> list[NDArray[np.intp]]:
    """Return the steps that a step moves to by staying, rising, declining and ending."""
    steps = np.arange(COUNT)
    up = (steps > row) & (STAGE_OF <= STABILITY)
    return [np.flatnonzero(choice) for choice in (steps == row, up, STAGE_OF == DECLINE, steps == OVER)]


def _by_name() -> Floats:
    member = np.asarray(STAGE_OF[:, None] == np.arange(CODES), np.float64)
    member[BETWEEN] = 0
    member[BETWEEN, FORMATION], member[BETWEEN, STABILITY] = STILL_FORMATION, 1 - STILL_FORMATION
    return member


#: How far a step belongs to each stage by its name, shape (steps, codes).
MEMBER: Floats = _by_name()


def membership(level: Floats) -> Floats:
    """Return how far each step belongs to each stage, by the steps' levels as shares of stability: (steps, codes).

    A step of the climb counts to exploration as far as it lies below `assumed.EXPLORES_BELOW`: what is a climb on a
    logarithmic scale may still be trial orders beside what the customer comes to buy.
    """
    member = MEMBER.copy()
    border = (level[RISING[:-1]] + level[RISING[1:]]) / 2
    for climb in PACES[1]:
        low, high = border[climb - 2], border[climb - 1]
        member[climb, EXPLORATION] = np.clip((EXPLORES_BELOW - low) / np.maximum(high - low, 1e-9), 0, 1)
        member[climb, FORMATION] = 1 - member[climb, EXPLORATION]
    return member


def drawn_stages(member: Floats, path: NDArray[np.uint8], chance: Floats) -> NDArray[np.uint8]:
    """Return the stages of paths of steps; of two that share a step, the earlier where the chance is below its part."""
    earlier = (member > 0).argmax(axis=1).astype(np.uint8)
    later = (CODES - 1 - (member[:, ::-1] > 0).argmax(axis=1)).astype(np.uint8)
    part = member[np.arange(COUNT), earlier]
    return np.asarray(np.where(chance < part[path], earlier[path], later[path]), np.uint8)


def codes_of(stage: Any, expected: tuple[int, ...] | None = None) -> NDArray[np.integer]:
    """Return stages (lists included) as codes; raise `CvmError` for another shape or anything but 0 to 5."""
    try:
        codes = np.asarray(stage)
    except ValueError:
        raise CvmError("stages.uneven") from None
    if codes.ndim != 2:
        raise CvmError("stages.uneven")
    if expected is not None and codes.shape != expected:
        raise CvmError("stages.wrong_shape", shape=codes.shape, expected=expected)
    if codes.dtype.kind not in "iu":
        raise CvmError("stages.no_codes", found=codes.dtype)
    if codes.size and (codes.min() < 0 or codes.max() > ENDED):
        period, customer = np.argwhere((codes < 0) | (codes > ENDED))[0]
        value = int(codes[period, customer])
        raise CvmError("stages.wrong_code", row=int(period), column=int(customer), value=value, highest=ENDED)
    return codes
