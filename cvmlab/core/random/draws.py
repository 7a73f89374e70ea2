"""Random numbers that depend on nothing but their keys, and the exp and log that go with them.

A draw is a function of (seed, customer, period, purpose): no stream, no state, no order. So a simulation
gives the same bytes for any number of threads, two scenarios share their chance (common random numbers), and
the draws of one customer can be looked up again. The generator is Philox-4x32-10 (Salmon, Moraes, Dror &
Shaw 2011, Parallel random numbers: as easy as 1, 2, 3): the key is the seed, the counter holds customer,
period and purpose; a block has four words of 32 bits, so that the purposes 4k … 4k+3 share a block.

Results are the same on every machine: only integer operations and + − × ÷ √ are used, which IEEE 754
rounds one way, never a mathematical library and never a contracted multiply-add. One word of 32 bits
carries about what single precision holds, so normal, exponential and Gumbel draws are made in single
precision.

======================  ==========================================================================
on arrays               `uniform`, `normal`, `exponential`, `gumbel`, `words`
one at a time, numba    `philox`, `word_of`, `uniform_of`, `uniform_single`, `normal_of`,
                        `exponential_of`, `gumbel_of`
======================  ==========================================================================

What seed, customer, period and purpose may be is said in `words`. exp and log come from `elementary`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvmlab.core.checking import check_count
from cvmlab.core.words import CvmError

from . import elementary
from .compiled import Function, kept
from .elementary import log_single

# Compiled as `elementary` is, and for the same reasons.
scalar: Callable[[Function], Function] = kept(elementary.__file__, error_model="numpy", forceinline=True)
loop: Callable[[Function], Function] = kept(elementary.__file__, error_model="numpy")


# --- the generator -------------------------------------------------------------------------------

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW, _32 = np.uint64(0xFFFFFFFF), np.uint64(32)


@scalar
def _round(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    # The words lie in the lower halves of 64 bits; what gathers in the upper halves is never read.
    left, right = _M0 * (c0 & _LOW), _M1 * (c2 & _LOW)
    return (right >> _32) ^ c1 ^ k0, right, (left >> _32) ^ c3 ^ k1, left, k0 + _W0, k1 + _W1


@scalar
def philox(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    """Return the four words of a block of Philox-4x32-10 for a counter and a key of 32-bit words."""
    c0, c1, c2, c3 = np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(c3)
    k0, k1 = np.uint64(k0), np.uint64(k1)
    # Written out: a loop over the rounds would keep the loop around it from becoming vector code.
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    return np.uint32(c0), np.uint32(c1), np.uint32(c2), np.uint32(c3)


# --- from a word to a draw -----------------------------------------------------------------------

_S = np.float32
_ONE, _HALF = _S(1), _S(0.5)
_STEP = 2.0**-32
_STEP_S = _S(_STEP)
_BELOW_ONE = _S(1 - 2.0**-24)
_TOP = np.uint32(0x80000000)


@scalar
def uniform_of(word: Any) -> Any:
    """Return the uniform draw of a word: (word + ½) / 2^32, exact, never 0 and never 1."""
    return (np.float64(word) + 0.5) * _STEP


@scalar
def uniform_single(word: Any) -> Any:
    """Return the uniform draw of a word in single precision: rounded, so that 1 itself may occur."""
    return (_S(word) + _HALF) * _STEP_S


@scalar
def exponential_of(word: Any) -> Any:
    """Return the exponential draw of a word, −ln(1 − u): mean 1, single precision, from 1.2e-10 to 16.6."""
    u = min((_S(word) + _HALF) * _STEP_S, _BELOW_ONE)
    rest = _ONE - u
    # What rounding 1 − u lost: without it small draws would be coarse.
    lost = (_ONE - rest) - u
    return -(log_single(rest) + lost)


@scalar
def gumbel_of(word: Any) -> Any:
    """Return the Gumbel draw of a word, −ln of its exponential: the largest, 22.9, has the full 32 bits."""
    return -log_single(exponential_of(word))


_N_SPLIT, _N_1, _N_2 = _S(0.425), _S(0.180625), _S(1.6)
_A0, _A1, _A2, _A3 = _S(3.3871327179), _S(50.434271938), _S(159.29113202), _S(59.109374720)
_B1, _B2, _B3 = _S(17.895169469), _S(78.757757664), _S(67.187563600)
_C0, _C1, _C2, _C3 = _S(1.4234372777), _S(2.7568153900), _S(1.3067284816), _S(0.17023821103)
_D1, _D2 = _S(0.73700164250), _S(0.12021132975)


@scalar
def normal_of(word: Any) -> Any:
    """Return the standard normal draw of a word by the inverse distribution function, rising with u.

    Wichura (1988), Algorithm AS 241, PPND7, in single precision: off by less than 2e-6; from −6.4 to 6.4.
    """
    centre = (_S(np.int32(word ^ _TOP)) + _HALF) * _STEP_S
    r = _N_1 - centre * centre
    middle = centre * (((_A3 * r + _A2) * r + _A1) * r + _A0) / (((_B3 * r + _B2) * r + _B1) * r + _ONE)
    # The distance to the nearer end is taken from the word: both tails keep all 32 bits.
    nearer = (_S(min(word, np.uint32(~word))) + _HALF) * _STEP_S
    t = np.sqrt(-log_single(nearer)) - _N_2
    tail = (((_C3 * t + _C2) * t + _C1) * t + _C0) / ((_D2 * t + _D1) * t + _ONE)
    tail = -tail if centre < _S(0) else tail
    return middle if abs(centre) <= _N_SPLIT else tail


# --- on arrays -----------------------------------------------------------------------------------


@scalar
def word_of(key: Any, customer: Any, period: Any, purpose: Any) -> Any:
    """Return the word of one draw: word ``purpose % 4`` of the block ``purpose // 4``."""
    block = philox(
        np.uint32(customer),
        np.uint32(period),
        np.uint32(purpose >> 2),
        np.uint32(customer >> 32),
        key[0],
        key[1],
    )
    lane = purpose & 3
    if lane == 0:
        return block[0]
    if lane == 1:
        return block[1]
    return block[2] if lane == 2 else block[3]


@loop
def _words(key: Any, customer: Any, period: Any, purpose: Any, out: Any) -> None:
    for i in range(out.size):
        out[i] = word_of(key, customer[i], period[i], purpose[i])


@loop
def _uniforms(words: Any, out: Any) -> None:
    for i in range(out.size):
        out[i] = uniform_of(words[i])


@loop
def _normals(words: Any, out: Any) -> None:
    for i in range(out.size):
        out[i] = normal_of(words[i])


@loop
def _exponentials(words: Any, out: Any) -> None:
    for i in range(out.size):
        out[i] = exponential_of(words[i])


@loop
def _gumbels(words: Any, out: Any) -> None:
    for i in range(out.size):
        out[i] = gumbel_of(words[i])


def key_of(seed: int) -> tuple[np.uint32, np.uint32]:
    """Return the two words of a seed, which is a whole number from 0 to 2^64 − 1.

    Examples
    --------
    >>> [int(word) for word in key_of(2**32 + 5)]
    [5, 1]
    """
    check_count("seed", seed, 0, 2**64 - 1)
    return np.uint32(int(seed) & 0xFFFFFFFF), np.uint32(int(seed) >> 32)


def words(seed: int, customer: ArrayLike, period: ArrayLike = 0, purpose: ArrayLike = 0) -> NDArray[np.uint32]:
    """Return the 32 random bits of each draw.

    Parameters
    ----------
    seed
        Whole number from 0 to 2^64 − 1.
    customer
        Stable index of each customer: whole numbers from 0.
    period
        Whole numbers from 0 to 2^32 − 1.
    purpose
        What the draw is for, a whole number from 0 to 2^34 − 1; another purpose is an independent draw.

    Returns
    -------
    ndarray
        Of the shape that customer, period and purpose broadcast to.

    Examples
    --------
    >>> [hex(word) for word in words(0, 0, 0, [0, 1, 2, 3])]
    ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    key = key_of(seed)
    limits = (("customer", customer, 2**63), ("period", period, 2**32), ("purpose", purpose, 2**34))
    numbers = np.broadcast_arrays(*(_whole(*limit) for limit in limits))
    out = np.empty(numbers[0].size, np.uint32)
    flat = [np.ascontiguousarray(number).reshape(-1) for number in numbers]
    _words(key, flat[0], flat[1], flat[2], out)
    return out.reshape(numbers[0].shape)


_FILL = {"uniform": _uniforms, "normal": _normals, "exponential": _exponentials, "gumbel": _gumbels}


def _whole(name: str, value: ArrayLike, end: int) -> NDArray[np.int64]:
    numbers = np.asarray(value)
    # An empty list has no type of its own.
    if numbers.size == 0:
        return np.empty(numbers.shape, np.int64)
    if numbers.dtype.kind not in "iu" or int(numbers.min()) < 0 or int(numbers.max()) >= end:
        raise CvmError("market.bad_key", name=name, end=end - 1)
    return numbers.astype(np.int64)


def _drawn(
    fill: Callable[..., None], seed: int, customer: ArrayLike, period: ArrayLike, purpose: ArrayLike
) -> NDArray[np.float64]:
    bits = words(seed, customer, period, purpose)
    out = np.empty(bits.size)
    fill(bits.reshape(-1), out)
    return out.reshape(bits.shape)


@loop
def _words_of_everyone(key: Any, period: Any, block: Any, lane: Any, out: Any) -> None:
    for i in range(out.size):
        a, b, c, d = philox(np.uint32(i), period, block, np.uint32(i >> 32), key[0], key[1])
        out[i] = a if lane == 0 else (b if lane == 1 else (c if lane == 2 else d))


def of_everyone(
    draw: Callable[..., NDArray[np.float64]], seed: int, customers: int, period: int, purpose: int
) -> NDArray[np.float64]:
    """Return ``draw(seed, np.arange(customers), period, purpose)`` faster; one period and one purpose.

    Examples
    --------
    >>> of_everyone(uniform, 7, 3, period=3, purpose=0).round(4)
    array([0.5425, 0.9754, 0.5178])
    """
    bits = np.empty(customers, np.uint32)
    _words_of_everyone(key_of(seed), np.uint32(period), np.uint32(purpose >> 2), purpose & 3, bits)
    out = np.empty(customers)
    _FILL[draw.__name__](bits, out)
    return out


def uniform(seed: int, customer: ArrayLike, period: ArrayLike = 0, purpose: ArrayLike = 0) -> NDArray[np.float64]:
    """Return uniform draws of the open interval (0, 1), in steps of 2^−32.

    Examples
    --------
    >>> uniform(7, [0, 1, 2], period=3).round(4)
    array([0.5425, 0.9754, 0.5178])
    """
    return _drawn(_uniforms, seed, customer, period, purpose)


def normal(seed: int, customer: ArrayLike, period: ArrayLike = 0, purpose: ArrayLike = 0) -> NDArray[np.float64]:
    """Return standard normal draws, made in single precision; they rise with `uniform` of the same keys.

    Examples
    --------
    >>> normal(7, [0, 1, 2], period=3).round(4)
    array([0.1067, 1.9675, 0.0447])
    """
    return _drawn(_normals, seed, customer, period, purpose)


def exponential(seed: int, customer: ArrayLike, period: ArrayLike = 0, purpose: ArrayLike = 0) -> NDArray[np.float64]:
    """Return exponential draws with mean 1, made in single precision; they rise with `uniform`.

    Examples
    --------
    >>> exponential(7, [0, 1, 2], period=3).round(4)
    array([0.7819, 3.7065, 0.7295])
    """
    return _drawn(_exponentials, seed, customer, period, purpose)


def gumbel(seed: int, customer: ArrayLike, period: ArrayLike = 0, purpose: ArrayLike = 0) -> NDArray[np.float64]:
    """Return standard Gumbel draws, made in single precision; the largest of utility + draw is a logit choice.

    Examples
    --------
    >>> gumbel(7, [0, 1, 2], period=3).round(4)
    array([ 0.246 , -1.3101,  0.3154])
    """
    return _drawn(_gumbels, seed, customer, period, purpose)
