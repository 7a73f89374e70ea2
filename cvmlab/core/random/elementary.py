"""exp and log in double and in single precision, the same bytes on every machine.

Only integer operations and + − × ÷ are used, which IEEE 754 rounds one way, never a mathematical library and never
a contracted multiply-add.

======================  ==========================================================================
on arrays               `exp`, `log`
one at a time, numba    `exp_of`, `log_of`, `exp_single`, `log_single`
======================  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic
from numpy.typing import ArrayLike, NDArray

from .compiled import Function, kept

# No fastmath: the compiler may then neither reorder sums nor fuse a product with a sum.
# The numpy error model keeps divisions free of branches, so that loops become vector code.
scalar: Callable[[Function], Function] = kept(error_model="numpy", forceinline=True)
loop: Callable[[Function], Function] = kept(error_model="numpy")


# --- the bits of a number ------------------------------------------------------------------------


def _bitcast(source: Any, target: Any, width: Any) -> Any:
    @intrinsic  # type: ignore[untyped-decorator]
    def cast(_typing: Any, _value: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return builder.bitcast(arguments[0], width)

        return target(source), generate

    return cast


_bits = _bitcast(types.float64, types.int64, ir.IntType(64))
_float = _bitcast(types.int64, types.float64, ir.DoubleType())
_bits_single = _bitcast(types.float32, types.int32, ir.IntType(32))
_float_single = _bitcast(types.int32, types.float32, ir.FloatType())


# --- one at a time ----------------------------------------------------------------------------------
# Polynomials of our own: interpolation at Chebyshev nodes, computed with 60 digits.

_LN2_HIGH, _LN2_LOW = 0.6931467056274414, 4.7493250390316723e-7
_LOG2_E = 1.4426950408889634
_ROUND = 6755399441055744.0  # 1.5 × 2^52: adding it rounds to a whole number
_SQRT_HALF = 0x3FE6A09E00000000
_MANTISSA = -0x10000000000000


@scalar
def exp_of(x: Any) -> Any:
    """Return e^x, in double precision, off by at most 1 unit in the last place.

    x = k ln 2 + r with |r| ≤ ln 2 / 2, e^r by a polynomial of degree 11, times 2^k. Below −708 the result
    is 0, above 709 infinite.
    """
    inside = min(max(x, -708.0), 709.0)
    k = (inside * _LOG2_E + _ROUND) - _ROUND
    r = (inside - k * _LN2_HIGH) - k * _LN2_LOW
    tail = 2.76200884454097482e-07 + r * 2.51003854955103191e-08
    tail = 2.48015212959543751e-05 + r * (2.75572684599970648e-06 + r * tail)
    tail = 0.00138888889172137169 + r * (0.000198412698630536169 + r * tail)
    tail = 0.0416666666666241279 + r * (0.00833333333333006183 + r * tail)
    tail = 0.500000000000000102 + r * (0.166666666666666675 + r * tail)
    power = (1.0 + (r + r * r * tail)) * _float((np.int64(k) + 1023) << 52)
    if x > 709.0:
        power = np.inf
    if x < -708.0:
        power = 0.0
    return power if x == x else x


@scalar
def log_of(x: Any) -> Any:
    """Return the natural logarithm, in double precision, off by at most 1 unit in the last place.

    x = 2^k (1 + f) with 1 + f between √½ and √2; ln(1 + f) = 2 artanh(s) with s = f / (2 + f), by a
    polynomial in s². Of 0 and of subnormal numbers it is −∞, of negative ones NaN.
    """
    bits = _bits(x)
    shifted = bits - _SQRT_HALF
    k = float(shifted >> 52)
    f = _float(bits - (shifted & _MANTISSA)) - 1.0
    s = f / (2.0 + f)
    z = s * s
    tail = 0.153862447376216666 + z * (0.132686383692668239 + z * 0.130880348509275538)
    tail = 0.222222223925810451 + z * (0.181817955475211362 + z * tail)
    tail = 0.66666666666666667 + z * (0.400000000000008832 + z * (0.28571428570799785 + z * tail))
    half = 0.5 * f * f
    result = k * _LN2_HIGH + (f - (half - (s * (half + z * tail) + k * _LN2_LOW)))
    if x < 2.2250738585072014e-308:
        result = -np.inf if x >= 0.0 else np.nan
    return result if x < np.inf else x


_S = np.float32
_ONE, _TWO, _HALF = _S(1), _S(2), _S(0.5)
_LN2_HIGH_S, _LN2_LOW_S = _S(0.693115234375), _S(3.19461849453e-5)
_LOG2_E_S, _ROUND_S = _S(_LOG2_E), _S(12582912.0)
_SQRT_HALF_S, _MANTISSA_S = np.int32(0x3F3504F3), np.int32(-0x800000)
_LOWEST_S, _HIGHEST_S = _S(-87), _S(88)
_E2, _E3, _E4 = _S(0.5), _S(0.166665769896987757), _S(0.0416665546172045742)
_E5, _E6 = _S(0.00836317905272257737), _S(0.00139261835877134945)
_L3, _L5, _L7 = _S(0.666666850954290687), _S(0.39988757716604847), _S(0.295809859299744226)


@scalar
def exp_single(x: Any) -> Any:
    """Return e^x in single precision, off by at most 2 units in the last place, for −87 ≤ x ≤ 88 (clipped)."""
    x = min(max(x, _LOWEST_S), _HIGHEST_S)
    k = (x * _LOG2_E_S + _ROUND_S) - _ROUND_S
    r = (x - k * _LN2_HIGH_S) - k * _LN2_LOW_S
    tail = _E2 + r * (_E3 + r * (_E4 + r * (_E5 + r * _E6)))
    scale = _float_single(np.int32(np.int32(np.int32(k) + np.int32(127)) << np.int32(23)))
    return (_ONE + (r + r * r * tail)) * scale


@scalar
def log_single(x: Any) -> Any:
    """Return the natural logarithm in single precision, off by at most 2 units in the last place, for normal x > 0."""
    bits = _bits_single(x)
    shifted = np.int32(bits - _SQRT_HALF_S)
    k = _S(np.int32(shifted >> np.int32(23)))
    f = _float_single(np.int32(bits - np.int32(shifted & _MANTISSA_S))) - _ONE
    s = f / (_TWO + f)
    z = s * s
    half = _HALF * f * f
    tail = z * (_L3 + z * (_L5 + z * _L7))
    return k * _LN2_HIGH_S + (f - (half - (s * (half + tail) + k * _LN2_LOW_S)))


# --- on arrays -----------------------------------------------------------------------------------


@loop
def _exps(x: Any, out: Any) -> None:
    for i in range(out.size):
        out[i] = exp_of(x[i])


@loop
def _logs(x: Any, out: Any) -> None:
    for i in range(out.size):
        out[i] = log_of(x[i])


def exp(x: ArrayLike) -> NDArray[np.float64]:
    """Return e^x, the same bytes on every machine; see `exp_of`.

    Examples
    --------
    >>> exp([0.0, 1.0])
    array([1.        , 2.71828183])
    """
    return _applied(_exps, x)


def log(x: ArrayLike) -> NDArray[np.float64]:
    """Return the natural logarithm, the same bytes on every machine; see `log_of`.

    Examples
    --------
    >>> log([1.0, 2.0])
    array([0.        , 0.69314718])
    """
    return _applied(_logs, x)


def _applied(fill: Callable[..., None], x: ArrayLike) -> NDArray[np.float64]:
    numbers = np.asarray(x, dtype=np.float64)
    out = np.empty(numbers.size)
    fill(np.ascontiguousarray(numbers).reshape(-1), out)
    return out.reshape(numbers.shape)
