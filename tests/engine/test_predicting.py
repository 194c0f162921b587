"""Single readings: a model for each machine, the same answer at any time, kept as versions."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import ParameterError, UnknownNameError
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.predicting import Predictors, single_detectors
from engine.records import time_us
from engine.store.store import Store

START = time_us("2026-01-05T08:00:00Z")
LINE = "turbine-line-1"


@pytest.fixture(scope="module")
def spec():
    return load_plant("wind_turbine")


@pytest.fixture(scope="module")
def made(tmp_path_factory, spec):
    """Store, folder, plant and run, with the models fitted once."""
    store, folder, plant = Store(":memory:"), tmp_path_factory.mktemp("models"), Plant(spec, seed=3)
    run = store.begin_run(spec.name, 3, {}, START).run
    Predictors(store, folder).of(plant, run, START)
    yield store, folder, plant, run
    store.close()


def test_a_score_depends_on_nothing_but_the_reading(made):
    store, folder, plant, run = made
    model = Predictors(store, folder).of(plant, run, START)[LINE]
    values = np.array([[22.0, 48.0, 62.0], [60.0, 48.0, 62.0]])

    together, again = model.scores(values), model.scores(values)

    assert together.tolist() == again.tolist() == [float(model.scores(row[None])[0]) for row in values]


def test_models_come_back_from_disk_with_the_same_scores(made):
    store, folder, plant, run = made
    first, second = (Predictors(store, folder).of(plant, run, START)[LINE] for _ in range(2))
    values = np.random.default_rng(1).normal([22, 48, 62], [3, 6, 4], (50, 3))

    assert first.version == second.version == 1
    assert first.scores(values).tolist() == second.scores(values).tolist()


def test_a_plant_with_another_seed_gets_models_of_its_own(made, spec):
    store, folder, _, _ = made
    other = Plant(spec, seed=4)
    run = store.begin_run(spec.name, 4, {}, START).run

    assert Predictors(store, folder).of(other, run, START)[LINE].version == 2


def test_every_sensor_matters_however_far_it_goes(made, spec):
    """Trees do not see beyond the readings that they were grown from; the distance from the centre does."""
    store, folder, plant, run = made
    model = Predictors(store, folder).of(plant, run, START)[LINE]
    usual = np.array([22.0, 48.0, 62.0])

    for at, sensor in enumerate(spec.sensor_names):
        far = usual.copy()
        far[at] = spec.sensors[at].limits[1]
        assert model.scores(far[None])[0] >= model.threshold
        assert model.blamed(far[None], spec.sensor_names)[0][0] == sensor


def test_a_detector_that_needs_the_past_is_refused(made):
    store, folder, plant, run = made

    with pytest.raises(ParameterError, match="the ones before"):
        Predictors(store, folder).of(plant, run, START, "ewma")
    with pytest.raises(UnknownNameError):
        Predictors(store, folder).of(plant, run, START, "isolation_wood")
    assert {"isolation_forest", "ecod", "knn"} <= set(single_detectors())
