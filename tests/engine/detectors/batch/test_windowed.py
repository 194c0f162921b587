"""The rolling window around batch models."""

import numpy as np
import pytest

from engine.catalog import make, parts
from engine.detectors.knn import NearestNeighbours
from engine.detectors.library import LibraryDetector
from engine.detectors.windowed import centre_and_spread
from tests.engine.detectors.batch.blocks import correlated, in_maintenance, with_values

LIBRARY = [name for name, cls in parts("detector").items() if issubclass(cls, LibraryDetector)]


def test_the_list_of_library_models_is_not_empty():
    assert len(LIBRARY) >= 10


@pytest.mark.parametrize("name", LIBRARY)
def test_a_library_model_scores_a_broken_machine_above_its_normal_readings(name):
    """Fitted on history without labels; the fault moves one sensor of one machine by six of its spreads."""
    block = correlated(500)
    values = block.values.copy()
    values[450:, 1, 2] += 6.0
    detector = make("detector", name)

    detector.fit(block.ticks(0, 400))
    scores = detector.score_then_learn(with_values(block, values).ticks(400, 500))

    assert np.median(scores[50:, 1]) > 2.0 * np.median(scores[:50])
    if detector.multivariate:
        assert np.median(scores[50:, 1]) >= detector.default_threshold * 0.6


@pytest.mark.parametrize("name", LIBRARY)
def test_a_library_model_is_rebuilt_from_plain_arrays(name):
    """The estimator itself is not part of the state; the fit is deterministic under its seed."""
    block = correlated(200)
    detector, other = make("detector", name), make("detector", name)
    detector.fit(block)
    other.state = {
        key: np.copy(value) if isinstance(value, np.ndarray) else value for key, value in detector.state.items()
    }

    np.testing.assert_allclose(other.score(block), detector.score(block), rtol=1e-9, atol=1e-9)


def test_refits_happen_at_doubling_ticks_and_cost_is_recorded():
    detector = NearestNeighbours(warm_up=50, refit_every=200)

    detector.learn(correlated(700))

    assert len(detector.refit_seconds) == 5  # at 50, 100, 200, 400 and 600 ticks
    assert all(seconds > 0 for seconds in detector.refit_seconds)


def test_refit_every_zero_fits_once():
    detector = NearestNeighbours(warm_up=50, refit_every=0)

    detector.learn(correlated(500))

    assert len(detector.refit_seconds) == 1


def test_a_fault_that_was_seen_as_strange_is_left_out_of_the_next_fit():
    """Otherwise a detector would teach itself within one window that the fault is normal."""
    block = correlated(600, n_machines=2)
    values = block.values.copy()
    values[300:400, 0, 3] += 12.0
    detector = NearestNeighbours(warm_up=100, window=500, refit_every=100)

    scores = detector.score_then_learn(with_values(block, values))

    assert scores[300:400, 0].min() >= detector.default_threshold
    assert scores[400:, 0].max() < scores[300:400, 0].min()


def test_a_lasting_change_is_learned_in_the_end():
    """Strange readings that fill half the window are the new normal."""
    block = correlated(900, n_machines=1)
    values = block.values.copy()
    values[300:, 0, 3] += 12.0
    detector = NearestNeighbours(warm_up=100, window=200, refit_every=100)

    scores = detector.score_then_learn(with_values(block, values))

    assert np.median(scores[300:350]) >= detector.default_threshold
    assert np.median(scores[800:]) < 1.0


def test_readings_in_maintenance_are_neither_scored_nor_learned():
    block = in_maintenance(correlated(400), 1, 100, 200)
    wild = block.values.copy()
    wild[100:200, 1] = 1e5
    detector, other = NearestNeighbours(warm_up=50), NearestNeighbours(warm_up=50)

    plain, stopped = detector.score_then_learn(block), other.score_then_learn(with_values(block, wild))

    assert (stopped[100:200, 1] == 0).all()
    np.testing.assert_array_equal(plain, stopped)


def test_machines_at_different_levels_share_one_model():
    """Each machine is standardised by its own centre, so a level of another machine is not normal here."""
    block = correlated(400)
    values = block.values.copy()
    values[390:, 0] += 100.0  # machine 1 now reads like machine 2
    detector = NearestNeighbours()
    detector.fit(block.ticks(0, 390))

    scores = detector.score(with_values(block, values).ticks(390, 400))

    assert scores[:, 0].min() > 10.0
    assert scores[:, 1:].max() < 3.0


def test_blame_points_at_the_sensor_that_is_off():
    block = correlated(400)
    values = block.values.copy()
    values[395:, 2, 3] += 8.0
    detector = make("detector", "isolation_forest")
    detector.fit(block.ticks(0, 390))
    last = with_values(block, values).ticks(395, 400)

    blame = detector.blame(last)

    assert blame.shape == (5, 3, 4)
    assert (blame[:, 2].argmax(axis=1) == 3).all()
    assert (blame >= 0).all()


def test_a_constant_sensor_gets_a_spread_of_a_thousandth_of_its_value():
    values = np.full((50, 1, 2), 500.0)
    values[:, 0, 1] = 0.0

    centre, spread = centre_and_spread(values)

    np.testing.assert_allclose(centre, [[500.0, 0.0]])
    np.testing.assert_allclose(spread, [[0.5, 1e-6]])


def test_a_history_of_nothing_leaves_the_detector_in_warm_up():
    detector = NearestNeighbours()
    block = correlated(100)

    detector.fit(with_values(block, np.full(block.values.shape, np.nan)))

    assert not detector.score(block).any()


def test_a_fit_that_the_library_refuses_leaves_the_model_as_it_was(monkeypatch, caplog):
    """A live stream must not end because one window could not be fitted."""
    block = correlated(400)
    detector, other = NearestNeighbours(warm_up=100, refit_every=0), NearestNeighbours(warm_up=100, refit_every=100)
    kept = detector.score_then_learn(block)
    other.learn(block.ticks(0, 150))
    monkeypatch.setattr(NearestNeighbours, "fitted", _refuses)

    scores = other.score_then_learn(block.ticks(150, 400))

    np.testing.assert_array_equal(scores, kept[150:])
    assert "kept its model" in caplog.text


def _refuses(*_):
    raise ValueError("no")
