"""Random numbers: the published generator, the right distributions, independence along every key, the same bytes."""

import decimal
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from scipy import stats

from cvmlab import CvmError
from cvmlab.core.random import draws, elementary

MANY = 200_000


def units_in_last_place(found, x, exact):
    """Return the largest error in units of the last place, against 50 digits."""
    with decimal.localcontext(prec=50):
        return max(
            float(abs(decimal.Decimal(float(f)) - exact(decimal.Decimal(float(a)))) / decimal.Decimal(float(unit)))
            for f, a, unit in zip(found, x, np.spacing(np.abs(found)), strict=True)
        )


@njit(error_model="numpy")
def each(function, x, out):
    for i in range(x.size):
        out[i] = function(x[i])


def test_philox_gives_the_published_answers():
    # Known-answer test vectors of Random123 (Salmon et al. 2011), kat_vectors: philox4x32, 10 rounds.
    ones = 0xFFFFFFFF
    digits = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0)
    vectors = {
        (0, 0, 0, 0, 0, 0): (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
        (ones,) * 6: (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
        digits: (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    }
    for keys, answer in vectors.items():
        assert tuple(int(word) for word in draws.philox(*(np.uint32(key) for key in keys))) == answer


def test_a_draw_is_a_word_of_a_block_whatever_is_drawn_beside_it():
    customer, period, purpose = np.arange(50)[:, None, None], np.arange(4)[None, :, None], np.arange(9)
    together = draws.words(123, customer, period, purpose)
    assert together.shape == (50, 4, 9)
    for c, t, p in [(0, 0, 0), (49, 3, 8), (7, 2, 5)]:
        assert together[c, t, p] == draws.words(123, c, t, p)
    assert draws.words(1, 2**32 + 5) != draws.words(1, 5)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**64 - 1), st.integers(1, 300), st.integers(0, 2**32 - 1), st.integers(0, 40))
def test_everyone_at_once_is_the_same_as_one_by_one(seed, customers, period, purpose):
    for draw in (draws.uniform, draws.normal, draws.exponential, draws.gumbel):
        at_once = draws.of_everyone(draw, seed, customers, period, purpose)
        assert (at_once == draw(seed, np.arange(customers), period, purpose)).all()


def test_exp_and_log_are_off_by_less_than_one_unit_in_the_last_place():
    random = np.random.default_rng(1)
    x = np.concatenate([random.uniform(-700, 709, 3000), random.uniform(-1, 1, 3000), [0.0, -708.0, 709.0]])
    assert units_in_last_place(elementary.exp(x), x, lambda a: a.exp()) < 1
    x = np.concatenate([np.exp(random.uniform(-700, 700, 3000)), random.uniform(0.5, 2, 4000)])
    assert units_in_last_place(elementary.log(x), x, lambda a: a.ln()) < 1


def test_single_precision_exp_and_log_are_off_by_at_most_two_units():
    random = np.random.default_rng(2)
    x = random.uniform(-87, 88, MANY).astype(np.float32)
    out = np.empty_like(x)
    each(elementary.exp_single, x, out)
    assert np.max(np.abs(out - np.exp(x.astype(float))) / np.spacing(out)) < 2
    x = np.concatenate([np.exp(random.uniform(-87, 87, MANY)), random.uniform(0.4, 2.5, MANY)]).astype(np.float32)
    out = np.empty_like(x)
    each(elementary.log_single, x, out)
    exact = np.log(x.astype(float))
    assert np.max(np.abs(out - exact) / np.spacing(np.maximum(np.abs(out), np.float32(1e-30)))) < 2


def test_exp_and_log_at_the_ends():
    assert elementary.exp([-np.inf, -709, 710, np.inf]).tolist() == [0, 0, np.inf, np.inf]
    assert elementary.log([0, np.inf]).tolist() == [-np.inf, np.inf]
    assert np.isnan(elementary.log([-1, np.nan])).all()
    assert np.isnan(elementary.exp(np.nan))
    assert elementary.exp([[0.0], [0.0]]).shape == (2, 1)


def test_draws_are_the_inverse_distribution_functions_of_the_uniform():
    ends = np.array([0, 1, 2, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1])
    word = np.concatenate([ends, np.random.default_rng(3).integers(0, 2**32, MANY)]).astype(np.uint32)
    u = (word.astype(float) + 0.5) / 2**32
    out = np.empty(word.size)
    each(draws.uniform_of, word, out)
    assert (out == u).all()
    assert 0 < out.min() < out.max() < 1
    each(draws.normal_of, word, out)
    assert np.abs(out - stats.norm.ppf(u)).max() < 2e-6
    exponential = -np.log1p(-u)
    each(draws.exponential_of, word, out)
    near = u < 0.999
    assert np.abs(out / exponential - 1)[near].max() < 1e-5
    assert np.isfinite(out).all()
    assert out.min() > 0
    each(draws.gumbel_of, word, out)
    assert np.abs(out + np.log(exponential))[near].max() < 1e-5
    assert np.isfinite(out).all()


KEYS = {
    "customer": lambda n: (11, np.arange(n), 3, 5),
    "period": lambda n: (11, 4, np.arange(n), 5),
    "purpose": lambda n: (11, 4, 3, np.arange(n)),
}


def along(key, n=MANY, draw=draws.uniform):
    if key == "seed":
        return np.array([draw(seed, 4, 3, 5) for seed in range(n)]).reshape(-1)
    return draw(*KEYS[key](n))


@pytest.mark.parametrize("key", [*KEYS, "seed"])
def test_uniform_and_independent_along_each_key(key):
    n = 4000 if key == "seed" else MANY
    u = along(key, n)
    counts = np.bincount((u * 256).astype(int), minlength=256)
    assert stats.chisquare(counts).pvalue > 1e-4
    assert stats.kstest(u, "uniform").pvalue > 1e-4
    # Serial correlations at several lags, each √n · r about standard normal.
    for lag in (1, 2, 3, 4, 5, 8, 16, 64):
        r = np.corrcoef(u[:-lag], u[lag:])[0, 1]
        assert abs(r) * np.sqrt(n) < 4.5, (key, lag)
    # Pairs fill the square: 32 × 32 cells.
    pairs = (u[: n // 2 * 2].reshape(-1, 2) * 32).astype(int)
    cells = np.bincount(pairs[:, 0] * 32 + pairs[:, 1], minlength=1024)
    assert stats.chisquare(cells).pvalue > 1e-4


def test_every_bit_is_fair():
    bits = draws.words(5, np.arange(MANY))
    ones = [(bits >> np.uint32(k) & 1).sum() for k in range(32)]
    assert np.abs(np.array(ones) - MANY / 2).max() < 4.5 * np.sqrt(MANY) / 2


def test_neighbouring_keys_are_independent_of_each_other():
    customer = np.arange(MANY)
    u = draws.uniform(1, customer, 0, 0)
    others = {
        "next seed": draws.uniform(2, customer, 0, 0),
        "high word of the seed": draws.uniform(1 + 2**32, customer, 0, 0),
        "next period": draws.uniform(1, customer, 1, 0),
        "same block": draws.uniform(1, customer, 0, 1),
        "next block": draws.uniform(1, customer, 0, 4),
    }
    for name, other in others.items():
        assert abs(np.corrcoef(u, other)[0, 1]) * np.sqrt(MANY) < 4.5, name


@pytest.mark.parametrize(
    ("draw", "distribution"),
    [(draws.normal, stats.norm), (draws.exponential, stats.expon), (draws.gumbel, stats.gumbel_r)],
)
def test_the_distributions_are_right(draw, distribution):
    assert stats.kstest(draw(9, np.arange(MANY)), distribution.cdf).pvalue > 1e-4


def test_the_largest_of_utility_plus_gumbel_is_a_logit_choice():
    utility = np.array([0.0, 1.0, -0.5])
    chosen = (utility + draws.gumbel(3, np.arange(MANY)[:, None], 0, np.arange(3))).argmax(axis=1)
    expected = np.exp(utility) / np.exp(utility).sum() * MANY
    assert stats.chisquare(np.bincount(chosen), expected).pvalue > 1e-4


def golden():
    customer = np.arange(1000)[:, None]
    period = np.arange(7)
    digest = hashlib.sha256()
    for draw in (draws.uniform, draws.normal, draws.exponential, draws.gumbel):
        digest.update(draw(2**40 + 17, customer, period, 2).tobytes())
    x = draws.normal(1, np.arange(5000)) * 100
    digest.update(elementary.exp(x).tobytes())
    digest.update(elementary.log(np.abs(x)).tobytes())
    return digest.hexdigest()


GOLDEN = "3cedc86348ce8d012e32e923257993e610ca9b01c22ee6e8f6933908bbee3680"


def test_the_bytes_are_the_same_on_every_machine():
    assert golden() == GOLDEN


def test_a_plain_processor_draws_the_same_bytes(tmp_path):
    # Without the vector instructions of this machine, compiled afresh.
    plain = {**os.environ, "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)}
    code = "import sys; sys.path.insert(0, sys.argv[1]); import test_draws; print(test_draws.golden())"
    here = str(Path(__file__).parent)
    told = subprocess.run([sys.executable, "-c", code, here], capture_output=True, text=True, env=plain, check=True)
    assert told.stdout.strip() == GOLDEN


def test_no_product_is_fused_with_a_sum():
    each(draws.gumbel_of, np.zeros(1, np.uint32), np.zeros(1))
    each(elementary.exp_of, np.zeros(1), np.zeros(1))
    for code in each.inspect_asm().values():
        assert "fmadd" not in code
        assert "fmla" not in code


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, "7", True, None])
def test_a_bad_seed_is_told(seed):
    with pytest.raises(CvmError, match="seed"):
        draws.uniform(seed, 0)


@pytest.mark.parametrize(
    ("name", "keys"), [("customer", ([-1], 0, 0)), ("period", (0, 2**32, 0)), ("purpose", (0, 0, [0.5]))]
)
def test_a_bad_key_is_told(name, keys):
    with pytest.raises(CvmError, match=name):
        draws.uniform(1, *keys)


def test_no_customers_no_draws():
    assert draws.uniform(1, []).shape == (0,)


def test_another_process_draws_the_same():
    code = "from cvmlab.core.random import draws; print(draws.words(8, range(5), 3, 6).tolist())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == str(draws.words(8, np.arange(5), 3, 6).tolist())
