"""The context stage: what a detector is fed matters more than which detector it is."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from engine import catalog
from engine.detectors import contract
from engine.detectors.context import Context, OnContext, with_context
from engine.detectors.live import ON_RAW, live_detectors, train
from engine.detectors.persistence import state_from_bytes, state_to_bytes
from engine.detectors.z_score import ZScore
from engine.plant.journal import Injection, Journal
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import DAY_US, HOUR_US, MAINTENANCE, SECOND_US, block_of, time_us

MONDAY = time_us("2026-01-05T00:00:00Z")
SPEC = load_plant("pump_station")


def _grid(start_us, hours, step_s):
    return start_us + np.arange(int(hours * 3600 / step_s), dtype=np.int64) * step_s * SECOND_US


@pytest.fixture(scope="module")
def history():
    """A week of the standard plant, one reading a minute."""
    return Plant(SPEC, seed=1).block(_grid(MONDAY, 7 * 24, 60))


@pytest.fixture(scope="module")
def fitted(history):
    """A stage trained on that week, as bytes' worth of state."""
    stage = Context()
    stage.fit(history)
    return stage


def _copy(stage):
    import copy

    return copy.deepcopy(stage)


def _faulty(fault, hours=12, severity=1.0, ramp_s=3600.0, machine="MACHINE_002"):
    start = MONDAY + 7 * DAY_US
    injection = Injection("f", machine, fault, severity, start + 3 * HOUR_US, ramp_s, 4 * 3600.0)
    plant = Plant(SPEC, seed=1, journal=Journal().with_(injection))
    return plant.block(_grid(start, hours, 10)), plant.truth(start, start + DAY_US)


def _auc(scores, truth):
    order = np.argsort(scores, kind="stable")
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(1, len(scores) + 1)
    positive = truth.sum()
    return (ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * (len(truth) - positive))


def test_residuals_of_a_healthy_week_have_spread_one(fitted):
    """Units are standard deviations, so a threshold means the same for every sensor."""
    start = MONDAY + 7 * DAY_US
    residuals = _copy(fitted).residuals(Plant(SPEC, seed=1).block(_grid(start, 24, 10))).values

    spread = residuals.std(axis=0)

    assert ((spread > 0.85) & (spread < 1.2)).all()
    assert np.abs(residuals).max() < 8.0


def test_pieces_of_any_size_give_the_same_residuals(fitted):
    """The stage stands before every detector, so it must keep their promise."""
    block, _ = _faulty("bearing_failure", hours=5)
    expected = _copy(fitted).residuals(block).values

    for size in (1, 97):
        stage = _copy(fitted)
        parts = [stage.residuals(block.ticks(i, i + size)).values for i in range(0, len(block), size)]
        np.testing.assert_allclose(expected, np.concatenate(parts), rtol=1e-9, atol=1e-9, equal_nan=True)


def test_later_readings_do_not_change_earlier_residuals(fitted):
    """Causal: no future peek."""
    block, _ = _faulty("overheating", hours=5)
    changed = block.values.copy()
    changed[900:] *= 2.0

    expected = _copy(fitted).residuals(block).values
    found = _copy(fitted).residuals(dataclasses.replace(block, values=changed)).values

    np.testing.assert_array_equal(expected[:900], found[:900])


@pytest.mark.parametrize("fault", ["bearing_failure", "pump_failure", "overheating", "oil_leak", "motor_failure"])
def test_a_fault_is_caught_and_the_healthy_machines_stay_quiet(fault, history):
    """The five failures of the course material, one hour of ramp, default threshold, nothing tuned per fault."""
    block, (event,) = _faulty(fault)
    detector = with_context(ZScore())
    detector.fit(history)

    alarms = detector.score_then_learn(block) >= detector.default_threshold
    first = block.times_us[np.flatnonzero(alarms[:, 1])[0]]

    assert event.onset_us < first < event.onset_us + 1800 * SECOND_US
    assert np.delete(alarms, 1, axis=1).sum() <= 2


def test_a_long_fault_is_not_learned(fitted):
    """Twenty hours into a fault it must still be seen: clipped updates, and none in a sustained alarm."""
    start = MONDAY + 7 * DAY_US
    injection = Injection("f", "MACHINE_002", "bearing_failure", 1.0, start + HOUR_US, 1800.0, 30 * 3600.0)
    block = Plant(SPEC, seed=1, journal=Journal().with_(injection)).block(_grid(start, 22, 20))

    residuals = _copy(fitted).residuals(block).values

    assert np.nanmedian(np.abs(residuals[-180:, 1]).max(axis=1)) > 6.0


def test_the_oil_level_is_judged_by_its_change(fitted):
    """The sawtooth leaves every training range; two weeks later the level is another and that is normal."""
    later = MONDAY + 12 * DAY_US
    plant = Plant(SPEC, seed=1)
    stage = _copy(fitted)
    stage.residuals(plant.block(_grid(MONDAY + 7 * DAY_US, 5 * 24, 60)))

    residuals = stage.residuals(plant.block(_grid(later, 12, 10))).values
    oil = residuals[:, :, SPEC.sensor_names.index("oil_level")]

    assert np.nanquantile(np.abs(oil), 0.999) < 5.0


def test_gaps_never_become_residuals(fitted):
    """A dead sensor says nothing, and the others go on being judged."""
    block, _ = _faulty("bearing_failure", hours=2)
    values = block.values.copy()
    values[:, :, 1] = np.nan
    values[::5] = np.nan

    residuals = _copy(fitted).residuals(dataclasses.replace(block, values=values)).values

    assert np.isnan(residuals[:, :, 1]).all()
    assert np.isnan(residuals[::5]).all()
    assert np.isfinite(residuals[1, :, 0]).all()


def test_maintenance_and_its_aftermath_say_nothing(fitted):
    """A machine that warms up again after service is not strange."""
    block, _ = _faulty("bearing_failure", hours=2)
    status = block.status.copy()
    status[100:160] = MAINTENANCE

    residuals = _copy(fitted).residuals(dataclasses.replace(block, status=status)).values

    assert np.isnan(residuals[100 : 160 + 180]).all()
    assert np.isfinite(residuals[160 + 181 :]).any()


def test_without_history_the_stage_warms_up_on_the_stream():
    """Half an hour of plant time without a word, then residuals that get better with each regression."""
    block = Plant(SPEC, seed=2).block(_grid(MONDAY + 8 * HOUR_US, 6, 10))

    residuals = Context().residuals(block).values

    assert np.isnan(residuals[:150, :, 0]).all()
    assert np.isfinite(residuals[-1]).all()


def test_too_little_training_gives_a_warning_that_names_what_is_missing(history):
    """With three days and no weekend, false alarms came 20 to 60 times a day in our measurements."""
    hours, days, whole = Context(), Context(), Context()
    hours.fit(history.ticks(0, 5 * 60))
    days.fit(history.ticks(0, 3 * 1440))
    whole.fit(history)

    assert "5 of 24 hours" in hours.warning()
    assert "No weekend" in days.warning()
    assert whole.warning() is None
    assert "0 of 24" in Context().warning()


@pytest.mark.parametrize("check", contract.CHECKS)
def test_a_detector_on_the_stage_keeps_the_contract(check):
    """The wrapper is a detector like any other."""
    block = contract.example_block()
    make = contract.shortened(catalog.part("detector", "mahalanobis"))

    assert contract.CHECKS[check](lambda: with_context(make()), block) is None


def test_a_trained_wrapper_survives_save_and_load(history):
    """Stage and detector in one file."""
    block, _ = _faulty("bearing_failure", hours=4)
    saved, loaded = OnContext(ZScore()), OnContext(ZScore())
    saved.fit(history)

    state_from_bytes(loaded, state_to_bytes(saved))

    np.testing.assert_array_equal(saved.score_then_learn(block), loaded.score_then_learn(block))


def test_the_live_detectors_are_quiet_and_quick_on_the_standard_plant():
    """What the live page starts with: a bearing failure within ten minutes, hardly a false alarm in half a day."""
    now = MONDAY + 9 * DAY_US
    injection = Injection("f", "MACHINE_003", "bearing_failure", 0.8, now + 4 * HOUR_US, 1200.0, 3 * 3600.0)
    plant = Plant(SPEC, seed=4, journal=Journal().with_(injection))
    detectors = live_detectors(SPEC)

    warning = train(detectors, plant, now, tick_s=10.0)
    block = plant.block(_grid(now, 12, 10))
    alarms = {name: d.score_then_learn(block) >= d.default_threshold for name, d in detectors.items()}
    onset = 4 * 360

    assert warning is None
    for name, found in alarms.items():
        others = np.delete(found, 2, axis=1)
        assert others.mean() < 5e-4, name
        if name not in ON_RAW:
            assert found[onset : onset + 60, 2].any(), name


def test_blame_points_at_the_sensor_that_is_off(fitted, history):
    """A drifting thermometer is one sensor's fault, though its neighbours are correlated with it."""
    block, _ = _faulty("bearing_failure", hours=1)
    values = block.values.copy()
    values[:, 0, 0] += 10.0
    detector = with_context(ZScore())
    detector.fit(history)

    blame = detector.blame(dataclasses.replace(block, values=values))

    assert (blame[:, 0].argmax(axis=1) == 0).mean() > 0.9


@pytest.mark.slow
def test_the_context_stage_lifts_a_plain_z_score_on_our_plant():
    """Six days, six faults: ROC-AUC of one and the same z-score on raw readings and on residuals."""
    start = MONDAY + 7 * DAY_US
    faults = ("bearing_failure", "pump_failure", "overheating", "oil_leak", "motor_failure", "bearing_failure")
    journal = Journal()
    for day, fault in enumerate(faults):
        machine = SPEC.machines[day % 5]
        begin = start + day * DAY_US + 6 * HOUR_US
        journal = journal.with_(Injection(f"f{day}", machine, fault, 0.5, begin, 4 * 3600.0, 5 * 3600.0))
    plant = Plant(SPEC, seed=6, journal=journal)
    history = plant.block(_grid(MONDAY, 7 * 24, 60))
    block = plant.block(_grid(start, 6 * 24, 60))
    truth = np.zeros(block.status.shape, bool)
    for event in plant.truth(start, start + 6 * DAY_US):
        inside = (block.times_us >= event.detectable_from_us) & (block.times_us < event.end_us)
        truth[inside, block.machines.index(event.machine)] = True

    areas = {}
    for name, detector in (("raw", ZScore()), ("context", with_context(ZScore()))):
        detector.fit(history)
        areas[name] = _auc(detector.score_then_learn(block).ravel(), truth.ravel())

    assert areas["context"] > 0.9
    assert 1.0 - areas["context"] < 0.3 * (1.0 - areas["raw"]), areas


def test_a_block_of_unknown_sensors_works_too():
    """Uploaded data have no plant: any names, any number of sensors, also one."""
    rng = np.random.default_rng(3)
    for n_sensors in (1, 2, 9):
        block = block_of(_grid(MONDAY, 24, 60), rng.normal(size=(1440, n_sensors)) + 5.0)
        residuals = Context().residuals(block).values
        assert np.isfinite(residuals[-1]).all()
