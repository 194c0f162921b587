import numpy as np
import pytest

from engine.plant.checks import fitting, injection_for
from engine.plant.journal import Injection, Journal, Maintenance
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import HOUR_US, MINUTE_US, SECOND_US, time_us

PUMPS = load_plant("pump_station")
START = time_us("2026-01-05T10:00:03Z")


def plant_with(fault, severity=0.7, spec=PUMPS, **changes):
    injection = injection_for(
        spec, Journal(), machine=spec.machines[0], fault=fault, start_us=START, severity=severity, **changes
    )
    return Plant(spec, 7, Journal((injection,)))


def event_of(plant):
    (event,) = plant.truth(START, START + HOUR_US)
    return event


@pytest.mark.parametrize(
    "fault", ["bearing_failure", "pump_failure", "overheating", "oil_leak", "motor_failure", "drift", "filter_clog"]
)
def test_a_fault_can_be_known_after_its_onset_and_before_its_end(fault):
    event = event_of(plant_with(fault))

    assert event.onset_us == START
    assert START < event.detectable_from_us < event.end_us
    assert not event.benign


def test_a_weaker_fault_can_be_known_later():
    times = [event_of(plant_with("bearing_failure", s)).detectable_from_us for s in (0.1, 0.3, 0.9)]

    assert times == sorted(times, reverse=True)
    assert times[0] > times[-1]


def test_a_fault_too_faint_for_the_noise_is_never_detectable():
    assert event_of(plant_with("oil_leak", 0.001, duration_s=1200.0)).detectable_from_us is None


def test_late_and_doubled_readings_cannot_be_seen_in_event_time():
    assert event_of(plant_with("late")).detectable_from_us is None
    assert event_of(plant_with("duplicate")).detectable_from_us is None


def test_before_it_is_detectable_the_difference_is_within_the_noise():
    plant = plant_with("bearing_failure")
    event = event_of(plant)
    times = np.arange(START, event.detectable_from_us - 60 * SECOND_US, SECOND_US, dtype=np.int64)
    difference = plant.block(times).values - plant.twin(without="fault-1").block(times).values
    noise = np.array([sensor.noise for sensor in PUMPS.sensors])

    assert np.abs(difference.mean(axis=0) / noise).max() < 2.5


def test_truth_ends_where_maintenance_begins():
    stop = Maintenance("m", "MACHINE_001", START + 30 * MINUTE_US, 1200.0)
    plant = plant_with("bearing_failure")

    assert event_of(plant.with_journal(plant.journal.with_(stop))).end_us == stop.start_us


@pytest.mark.parametrize("name", ["pump_station", "wind_turbine"])
def test_benign_changes_are_marked_and_faults_name_their_sensors(name):
    spec = load_plant(name)
    for fault in fitting(spec):
        event = event_of(plant_with(fault, None, spec))
        assert event.sensors, fault
        assert set(event.sensors) <= set(spec.sensor_names)
        benign = {"product_change", "recipe_step", "season_shift", "maintenance_reset", "sensor_swap"}
        assert event.benign == (fault in benign)


def test_events_overlap_and_come_by_onset():
    two = (
        Injection("late", "MACHINE_001", "overheating", 0.5, START + MINUTE_US, 600.0, 7200.0),
        Injection("early", "MACHINE_001", "bearing_failure", 0.5, START, 600.0, 7200.0),
    )
    events = Plant(PUMPS, 7, Journal(two)).truth(START, START + HOUR_US)

    assert [event.fault for event in events] == ["bearing_failure", "overheating"]
    assert events[1].onset_us < events[0].end_us


def test_truth_outside_the_span_and_of_other_machines_is_left_out():
    plant = plant_with("bearing_failure")

    assert plant.truth(START - HOUR_US, START) == ()
    assert plant.only("MACHINE_002").truth(START, START + HOUR_US) == ()
