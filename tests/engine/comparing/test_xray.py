"""The inside view speaks of one tick, says whom it blames, and changes nothing."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from engine.catalog import parts
from engine.comparing.contenders import CONTEXT, Contender
from engine.comparing.xray import CONTRIBUTIONS, HIDING, blame_of, look
from engine.detectors.base import Detector

LIGHT = [
    "cusum", "ewma", "z_score", "limit", "mahalanobis", "hotelling_t2", "pca_spe", "half_space_trees", "ecod",
    "isolation_forest", "knn", "loda", "poly", "sub_pca",
]  # fmt: skip


@pytest.mark.parametrize("name", LIGHT)
def test_every_look_has_scores_blame_and_an_inside(name, played):
    detector = played.stretch.prepared(Contender(name, fed=CONTEXT).make())
    window = played.stretch.judged.ticks(0, 60)

    seen = look(detector, window, window.machines[1])

    assert seen.scores.shape == (60,)
    assert seen.at == int(seen.scores.argmax())
    assert seen.blame.shape == (window.n_sensors,)
    assert (seen.blame >= 0).all()
    assert seen.inside.get("kind")
    assert len(seen.fed) == seen.at + 1


def test_looking_leaves_the_detector_as_it_was(played):
    detector = played.stretch.prepared(Contender("cusum", fed=CONTEXT).make())
    untouched = copy.deepcopy(detector)
    window = played.stretch.judged.ticks(0, 60)

    look(detector, window, window.machines[0])

    rest = played.stretch.judged.ticks(60, 120)
    assert np.array_equal(untouched.score(rest), detector.score(rest))


class Sum(Detector):
    """Score = the sum of the known readings; it has no contributions."""

    name, title, family = "sum", "Sum", "test"

    def start(self, n_machines, n_sensors):
        return {}

    def advance(self, block):
        return np.abs(np.nan_to_num(block.values)).sum(axis=2)


def test_without_contributions_hiding_a_sensor_tells_what_it_added(played):
    window = played.stretch.judged.ticks(0, 3)

    blame, how = blame_of(Sum(), window, 0)

    assert how == HIDING
    np.testing.assert_allclose(blame, np.abs(window.values[-1, 0]), rtol=1e-9)


def test_with_contributions_those_are_shown(played):
    detector = played.stretch.prepared(Contender("z_score").make())

    assert blame_of(detector, played.stretch.judged.ticks(0, 5), 0)[1] == CONTRIBUTIONS


def test_an_empty_window_is_refused(played):
    with pytest.raises(ValueError, match="window must not be empty"):
        look(Contender("never").make(), played.stretch.judged.ticks(0, 0), "MACHINE_001")


def test_the_light_list_names_real_detectors():
    assert set(LIGHT) <= set(parts("detector"))
