"""Our layout of scikit-learn's trees."""

import json

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest as Forest

from engine.detectors import compiled as compiling
from engine.detectors.isolation_forest import IsolationForest, average_path, flattened, forest_scores, path_lengths
from tests.engine.detectors.batch.blocks import correlated


@pytest.fixture(scope="module")
def forest():
    rows = np.random.default_rng(1).normal(size=(1500, 7))
    return Forest(n_estimators=60, random_state=3, max_samples=256).fit(rows)


def test_scores_equal_scikit_learns_to_1e_9(forest):
    rows = 1.7 * np.random.default_rng(2).normal(size=(333, 7))

    scores = forest_scores(flattened(forest), rows)

    np.testing.assert_allclose(scores, -forest.score_samples(rows), rtol=1e-9, atol=0)


def test_scores_equal_pyods_to_1e_9():
    from pyod.models.iforest import IForest

    rng = np.random.default_rng(4)
    theirs = IForest(n_estimators=50, max_samples=128, random_state=1).fit(rng.normal(size=(600, 5)))
    rows = rng.normal(size=(50, 5))

    scores = forest_scores(flattened(theirs.detector_), rows) + theirs.detector_.offset_

    np.testing.assert_allclose(scores, theirs.decision_function(rows), rtol=1e-9, atol=1e-12)


def test_numpy_and_numba_give_the_same_scores(forest, monkeypatch):
    rows = np.random.default_rng(5).normal(size=(77, 7))
    model = flattened(forest)
    fast = forest_scores(model, rows)
    monkeypatch.setenv("FAULTLAB_NUMBA", "0")
    compiling.compiled.cache_clear()

    plain = forest_scores(model, rows)

    compiling.compiled.cache_clear()
    np.testing.assert_allclose(plain, fast, rtol=1e-12)


def test_a_reading_scores_the_same_alone_and_in_a_batch(forest):
    rows = np.random.default_rng(6).normal(size=(41, 7))
    model = flattened(forest)

    apart = np.concatenate([forest_scores(model, rows[i : i + 1]) for i in range(len(rows))])

    np.testing.assert_array_equal(apart, forest_scores(model, rows))


def test_the_average_path_follows_the_papers_formula():
    """c(1) = 0, c(2) = 1, c(n) = 2 H(n-1) - 2 (n-1)/n with H(i) = ln(i) + Euler's constant."""
    expected = [0.0, 1.0, 2 * (np.log(255) + np.euler_gamma) - 2 * 255 / 256]

    np.testing.assert_allclose(average_path(np.array([1, 2, 256])), expected)


def test_explain_gives_a_path_per_tree_that_the_score_is_made_of():
    block = correlated(300)
    detector = IsolationForest(n_trees=30)
    detector.fit(block)

    view = json.loads(json.dumps(detector.explain(block)))

    assert view["ready"]
    assert np.shape(view["paths"]) == (3, 30)
    expected = 2 ** (-np.mean(view["paths"][0]) / view["normal_path"])
    assert view["raw_score"][0] == pytest.approx(expected, abs=1e-3)


def test_explain_before_anything_was_learned_says_so():
    assert not IsolationForest().explain(correlated(5))["ready"]


def test_path_lengths_have_a_column_per_tree(forest):
    assert path_lengths(flattened(forest), np.zeros((3, 7))).shape == (3, 60)
