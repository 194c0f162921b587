"""ECOD and COPOD over sorted columns, where PyOD's own depend on the batch."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from engine.detectors.copod import Copod
from engine.detectors.ecod import Ecod
from tests.engine.detectors.batch.blocks import correlated


def _pyod(name):
    from pyod.models.copod import COPOD
    from pyod.models.ecod import ECOD

    return {"ecod": ECOD, "copod": COPOD}[name]()


@pytest.mark.parametrize("cls", [Ecod, Copod])
def test_scores_of_one_reading_equal_pyods_batch_of_one(cls):
    """A batch of one is the only one in which PyOD's score is about the reading and the training set alone."""
    rng = np.random.default_rng(8)
    train = rng.exponential(size=(400, 5))  # skewed, so that one reading more cannot turn the skew's sign
    theirs = _pyod(cls.name).fit(train)
    model, _ = cls().fitted(train)
    rows = rng.exponential(size=(20, 5)) * 1.5

    ours = cls().raw_scores(model, rows)

    expected = [theirs.decision_function(rows[i : i + 1])[-1] for i in range(len(rows))]
    np.testing.assert_allclose(ours, expected, rtol=1e-9)


@pytest.mark.parametrize("cls", [Ecod, Copod])
def test_the_order_and_company_of_readings_do_not_matter(cls):
    rng = np.random.default_rng(9)
    model, _ = cls().fitted(rng.normal(size=(300, 4)))
    rows = rng.normal(size=(50, 4))
    whole = cls().raw_scores(model, rows)

    backwards = cls().raw_scores(model, np.concatenate([rows[::-1], 100 + rows]))[:50][::-1]

    np.testing.assert_array_equal(whole, backwards)


@pytest.mark.parametrize("cls", [Ecod, Copod])
def test_threads_do_not_disturb_each_other(cls):
    rng = np.random.default_rng(10)
    detector = cls()
    model, _ = detector.fitted(rng.normal(size=(300, 4)))
    batches = [rng.normal(size=(30, 4)) for _ in range(40)]
    expected = [detector.raw_scores(model, batch) for batch in batches]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda batch: detector.raw_scores(model, batch), batches))

    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_blame_is_each_sensors_share_of_the_score():
    block = correlated(300)
    detector = Ecod()
    detector.fit(block)

    blame = detector.blame(block.ticks(0, 10))

    rows = detector.standardised(block.values[:10]).reshape(-1, 4)
    np.testing.assert_allclose(blame.reshape(-1, 4).sum(axis=1), detector.raw_scores(detector.state, rows))
