"""Detectors of single streams: matrix profile, spectral residual, POLY, Sub-PCA, KMeansAD, KNN-CAD, conformal."""

import json

import numpy as np
import pytest

from engine.catalog import make
from engine.detectors.conformal_context import ConformalContext
from engine.detectors.knn_cad import KnnCad
from engine.detectors.matrix_profile import MatrixProfile
from engine.detectors.poly import Poly
from engine.detectors.spectral_residual import SpectralResidual, saliency_of
from engine.records import HOUR_US, SECOND_US, block_of
from tests.engine.detectors.batch.blocks import rhythm, with_values


def _naive_left_distance(signal, length, history):
    """Distance of the last stretch to the nearest of those before it, by the definition."""
    windows = np.lib.stride_tricks.sliding_window_view(signal[-history:], length)
    normal = (windows - windows.mean(axis=1, keepdims=True)) / windows.std(axis=1, keepdims=True)
    far_enough = normal[: len(normal) - 1 - (length + 3) // 4]
    return np.sqrt(((far_enough - normal[-1]) ** 2).sum(axis=1)).min()


@pytest.mark.parametrize("length", [20, 30])
def test_the_matrix_profile_equals_its_definition(length):
    block = rhythm(500)
    signal = block.values[:, 0, 0]

    ours = MatrixProfile(length=length, history=200).distances(block)[:, 0, 0]

    expected = [_naive_left_distance(signal[:end], length, 200) for end in range(150, 501)]
    np.testing.assert_allclose(ours[149:], expected, rtol=1e-6, atol=1e-7)


@pytest.mark.slow
def test_the_matrix_profile_equals_stumpys_streaming_profile():
    """Left profile with the oldest reading dropped for each new one, as stumpi(egress=True) keeps it."""
    import stumpy

    history, length = 300, 20
    block = rhythm(500)
    signal = block.values[:, 0, 0]
    theirs = stumpy.stumpi(signal[:history], length, egress=True)
    expected = [theirs.left_P_[-1]]
    for value in signal[history:]:
        theirs.update(value)
        expected.append(theirs.left_P_[-1])

    ours = MatrixProfile(length=length, history=history).distances(block)[:, 0, 0]

    np.testing.assert_allclose(ours[history - 1 :], expected, rtol=1e-6, atol=1e-7)


def test_the_matrix_profile_forgets_a_spike_without_leaving_a_rounding_error():
    """Sums that are only ever updated would keep an error of the spike's square for good."""
    block = rhythm(1400)
    values = block.values.copy()
    values[200] = 1e7
    plain, spiked = (MatrixProfile(length=20, history=200).distances(b) for b in (block, with_values(block, values)))

    np.testing.assert_allclose(spiked[1000:], plain[1000:], atol=1e-5)


def test_a_shape_never_seen_stands_out_of_the_matrix_profile():
    block = rhythm(1200)
    values = block.values.copy()
    values[1000:1030, 0, 0] = 50.0 + np.sin(np.arange(30) * 1.1)
    detector = MatrixProfile(length=30, history=600)

    scores = detector.score_then_learn(with_values(block, values))

    assert scores[1000:1045].max() >= detector.default_threshold
    assert scores[300:1000].max() < detector.default_threshold


def test_explain_shows_the_motif_of_the_last_stretch():
    block = rhythm(700)
    detector = MatrixProfile(length=30, history=500)
    detector.learn(block)

    lane = json.loads(json.dumps(detector.explain(block)))["lanes"][0][0]

    assert lane["ago"] % 44 == 0  # a sine of period 2π·7 ≈ 44 ticks repeats
    assert len(lane["motif"]) == 30
    np.testing.assert_allclose(lane["stretch"], block.values[-30:, 0, 0])


@pytest.mark.parametrize("name", ["sub_pca", "kmeans_ad", "poly", "spectral_residual"])
def test_a_jump_in_a_rhythm_is_found(name):
    block = rhythm(1200)
    values = block.values.copy()
    values[1000:1003] += 4.0
    detector = make("detector", name)
    detector.fit(block.ticks(0, 900))

    scores = detector.score_then_learn(with_values(block, values).ticks(900, 1200))

    assert scores[100:103].max() >= detector.default_threshold
    assert 100 <= int(scores.argmax()) < 100 + 25  # while the jump is in the stretch


@pytest.mark.parametrize("name", ["sub_pca", "kmeans_ad"])
def test_blame_is_the_same_before_and_after_the_readings_were_learned(name):
    """An alarm is explained after its readings were learned; the stretch must not be joined to itself."""
    rng = np.random.default_rng(2)
    block = block_of(SECOND_US * np.arange(600), rng.normal(size=(600, 2, 3)))
    detector = make("detector", name, {"refit_every": 0})
    detector.fit(block.ticks(0, 500))
    before = detector.blame(block.ticks(500, 510))
    detector.learn(block.ticks(500, 510))

    np.testing.assert_allclose(detector.blame(block.ticks(500, 510)), before)


@pytest.mark.parametrize("name", ["matrix_profile", "knn_cad", "poly", "spectral_residual", "conformal_context"])
def test_blame_of_learned_readings_is_what_each_sensor_scored(name):
    rng = np.random.default_rng(2)
    block = block_of(SECOND_US * np.arange(900), rng.normal(size=(900, 2, 3)))
    values = block.values.copy()
    values[890:, 1, 2] += 30.0
    detector = make("detector", name, {"rest": 0.0} if name in ("knn_cad", "conformal_context") else {})
    block = with_values(block, values)
    detector.fit(block.ticks(0, 800))

    scores = detector.score_then_learn(block.ticks(800, 900))
    blame = detector.blame(block.ticks(880, 900))

    np.testing.assert_allclose(blame.max(axis=2), scores[80:])


def test_saliency_of_a_spike_peaks_at_the_spike():
    window = np.sin(np.arange(128) / 5.0)
    window[90] += 5.0

    assert saliency_of(window, 3)[:128].argmax() == 90


def test_spectral_residual_repeats_the_last_reading_where_one_is_missing():
    block = rhythm(300)
    values = block.values.copy()
    values[200:205] = np.nan
    detector = SpectralResidual()

    scores = detector.score_then_learn(with_values(block, values))

    assert (scores[200:205] == 0).all()
    assert np.isfinite(scores).all()


def test_the_polynomial_weights_foretell_a_straight_line_exactly():
    weights = Poly(length=10, degree=1).weights()

    assert pytest.approx(weights @ (3.0 * np.arange(10) + 7.0)) == (3.0 * 10 + 7.0)


def test_knn_cad_scores_are_shares_and_it_rests_after_an_alarm():
    block = rhythm(1200)
    values = block.values.copy()
    values[900:905] += 5.0
    detector = KnnCad(memory=300)
    detector.fit(block.ticks(0, 800))

    scores = detector.score_then_learn(with_values(block, values).ticks(800, 1200))[:, 0]

    alarm = int(np.argmax(scores >= 1.0))
    assert 100 <= alarm <= 105
    assert (scores[alarm + 1 : alarm + 61] == 0.5).all()  # a fifth of the memory
    assert (scores <= 1.0).all()


def test_the_conformal_score_counts_how_often_the_past_was_as_far_off():
    """Both views at their largest give -log10 of 1 in (past + 1), and a bonus for beating the past by a factor."""
    rng = np.random.default_rng(3)
    block = block_of(5 * 60 * SECOND_US * np.arange(3000), rng.normal(size=(3000, 1)))
    values = block.values.copy()
    values[2500:] += 30.0
    detector = ConformalContext()
    detector.fit(block.ticks(0, 750))

    scores = detector.score_then_learn(with_values(block, values).ticks(750, 3000))[:, 0]

    assert scores[1750] >= detector.default_threshold
    assert np.mean(scores[:1750] >= detector.default_threshold) < 0.01


def test_the_usual_day_of_the_conformal_detector_follows_the_hours():
    times = HOUR_US // 12 * np.arange(2000)
    values = 20.0 + 5.0 * np.sin(2 * np.pi * times / (24 * HOUR_US))
    detector = ConformalContext()
    detector.learn(block_of(times, values[:, None]))

    profile = np.array(detector.explain(block_of(times[:1], values[:1, None]))["profile"][0][0], dtype=float)

    assert profile[12] == pytest.approx(25.0, abs=0.2)
    assert profile[36] == pytest.approx(15.0, abs=0.2)


def _published_knn_cad(values, history, length, neighbours):
    """The authors' published details, the slow way: Burnaev and Ishimtsev (2016), no rest after an alarm."""
    stretches = np.lib.stride_tricks.sliding_window_view(values, length)  # place j ends at reading j + length
    first, many = 0, history - length
    scores, past = np.zeros(len(values)), None
    for reading in range(history, len(values) + 1):
        compared = stretches[first : first + many]
        if reading % history in (0, history // 2):
            inverse = np.linalg.inv(compared.T @ compared)

        def strangeness(stretch, compared=compared, inverse=inverse):
            squares = np.einsum("ni,ij,nj->n", compared - stretch, inverse, compared - stretch)
            return np.sort(squares)

        if past is None:
            past = [strangeness(stretch)[1 : neighbours + 1].sum() for stretch in compared]
        new = strangeness(stretches[reading - length])[:neighbours].sum()
        scores[reading - 1] = np.mean(np.array(past) < new)
        past = [*past[1:], new]
        first += reading >= 2 * history
    return scores


def test_knn_cad_is_the_published_one():
    """Which stretches are compared, when the covariance is taken anew and among how many scores a new one is ranked."""
    history = 101
    values = np.random.default_rng(8).normal(size=420).cumsum()
    block = block_of(np.arange(420, dtype=np.int64) * 10**6, values[:, None])

    scores = KnnCad(length=5, neighbours=3, memory=history, rest=0.0).score_then_learn(block)[:, 0]

    np.testing.assert_allclose(_published_knn_cad(values, history, 5, 3), scores, atol=1e-12)
