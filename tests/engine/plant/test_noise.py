import itertools

import numpy as np
import pytest

from engine.plant import noise


def test_hashed_normals_are_normal_and_uncorrelated():
    keys = noise.stream_keys(1, [("a",), ("b",)])
    draws = noise.white(keys, np.arange(400_000, dtype=np.int64))

    assert np.abs(draws.mean(axis=0)).max() < 0.006
    assert np.abs(draws.std(axis=0) - 1).max() < 0.005
    assert np.abs((draws**4).mean(axis=0) - 3).max() < 0.06
    assert abs(np.corrcoef(draws.T)[0, 1]) < 0.006
    assert abs(np.corrcoef(draws[1:, 0], draws[:-1, 0])[0, 1]) < 0.006
    assert np.mean(np.abs(draws) > 3) == pytest.approx(0.0027, rel=0.15)


def test_uniform_draws_fill_the_unit_interval():
    draws = noise.uniform(noise.stream_keys(1, [("u",)]), np.arange(100_000, dtype=np.int64))

    assert 0.0 <= draws.min() < 0.001
    assert 0.999 < draws.max() < 1.0
    assert draws.mean() == pytest.approx(0.5, abs=0.005)


def test_lattice_noise_has_unit_variance_between_its_points_too():
    """Plain blending loses up to half the variance between lattice points; the weights restore it."""
    keys = noise.stream_keys(3, [(str(i),) for i in range(400)])
    times = np.arange(0, 4_000_000, 250_000, dtype=np.int64)

    spread = noise.lattice(keys, times, 1_000_000, 2).std(axis=1)

    assert spread == pytest.approx(np.ones(len(times)), abs=0.12)


def test_lattice_noise_is_the_same_for_sparse_and_dense_times():
    keys = noise.stream_keys(3, [("a",), ("b",)])
    dense = np.arange(0, 100_000_000, 500_000, dtype=np.int64)

    whole = noise.lattice(keys, dense, 1_000_000, 3)

    assert np.array_equal(whole[::40], noise.lattice(keys, dense[::40], 1_000_000, 3))


def test_a_lag_is_the_exponential_response_to_a_step():
    step = np.r_[np.zeros(1), np.ones(300)][:, None]

    out = noise.lag(step, 200.0, 10.0)[:, 0]

    assert out[-1] == pytest.approx(1.0, abs=1e-6)
    ages = np.arange(1, 300) * 10.0
    exact = 1 - 200.0 / 10.0 * (1 - np.exp(-10.0 / 200.0)) * np.exp(-(ages - 10.0) / 200.0)
    assert out[1:300] == pytest.approx(exact, abs=1e-12)


def test_a_lag_equals_the_plain_recursion():
    rng = np.random.default_rng(5)
    signal = rng.normal(size=(500, 3))
    a = np.exp(-10.0 / 120.0)
    k = 12.0 * (1 - a)
    slow = [signal[0]]
    for before, now in itertools.pairwise(signal):
        slow.append(a * slow[-1] + (1 - k) * now + (k - a) * before)

    assert noise.lag(signal, 120.0, 10.0) == pytest.approx(np.array(slow), abs=1e-12)


def test_streams_are_named_not_numbered():
    assert not np.array_equal(noise.stream_key(1, "a", "b"), noise.stream_key(1, "ab"))
    assert not np.array_equal(noise.stream_key(1, "a"), noise.stream_key(2, "a"))
