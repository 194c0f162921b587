import numpy as np
import pytest

from engine.plant.history import History
from engine.plant.journal import Injection, Journal, Maintenance
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import HOUR_US, MINUTE_US, time_us

PUMPS = load_plant("pump_station")
START = time_us("2026-01-05T00:00:00Z")


@pytest.mark.parametrize("rate", [0.01, 0.1, 1.0, 3.0])
def test_the_rate_of_automatic_faults_is_events_per_machine_hour(rate):
    """The forerunner's rate r came out as r²."""
    history = History(PUMPS, 3, Journal(), rate)
    hours = 400 / rate / 5
    end = START + round(hours * HOUR_US)

    events = [one for name in PUMPS.machines for one in history.active(name, START, end) if one.start_us >= START]

    assert len(events) / (hours * 5) == pytest.approx(rate, rel=0.2)


def test_automatic_faults_are_drawn_with_the_weights_of_the_plant_file():
    history = History(PUMPS, 3, Journal(), 1.0)
    names = [one.fault for m in PUMPS.machines for one in history.active(m, START, START + 400 * HOUR_US)]

    for fault, weight in PUMPS.automatic:
        assert names.count(fault) / len(names) == pytest.approx(weight, abs=0.04)


def test_scheduled_stops_come_once_per_interval_and_one_machine_at_a_time():
    history = History(PUMPS, 3, Journal(), interval_s=3600.0)
    stops = {stop for name in PUMPS.machines for stop in history.stops(name, START, START + 500 * HOUR_US)}
    begun = [stop for stop in stops if stop[0] >= START]

    assert len(begun) == 500
    assert all(15 * MINUTE_US <= end - start <= 119 * MINUTE_US for start, end in begun)


def test_a_span_cut_in_two_sees_the_same_faults_and_stops():
    plant = Plant(PUMPS, 3, None, None, 0.3, 7200.0)
    middle, end = START + 50 * HOUR_US, START + 100 * HOUR_US

    whole = {one for m in PUMPS.machines for one in plant.history.active(m, START, end)}
    halves = {
        one
        for m in PUMPS.machines
        for a, b in ((START, middle), (middle, end))
        for one in plant.history.active(m, a, b)
    }

    assert whole == halves


def injection(**changes):
    fields = {"fault": "bearing_failure", "ramp_s": 600.0, "duration_s": 7200.0} | changes
    return Injection(id="x", machine="MACHINE_001", severity=0.7, start_us=START, **fields)


def test_maintenance_and_clearing_end_a_fault():
    stop = Maintenance("m", "MACHINE_001", START + HOUR_US, 1800.0)
    repaired = History(PUMPS, 3, Journal((injection(), stop)))
    cleared = History(PUMPS, 3, Journal((injection(),)).cleared("MACHINE_001", START + 30 * MINUTE_US))

    assert repaired.active("MACHINE_001", START, START + 9 * HOUR_US)[0].end_us == stop.start_us
    assert cleared.active("MACHINE_001", START, START + 9 * HOUR_US)[0].end_us == START + 30 * MINUTE_US


def test_maintenance_does_not_end_a_product_change():
    stop = Maintenance("m", "MACHINE_001", START + HOUR_US, 1800.0)
    history = History(PUMPS, 3, Journal((injection(fault="product_change"), stop)))

    assert history.active("MACHINE_001", START, START + 9 * HOUR_US)[0].end_us == START + 2 * HOUR_US


def test_clearing_leaves_a_fault_that_has_yet_to_begin():
    history = History(PUMPS, 3, Journal((injection(),)).cleared("MACHINE_001", START - 1))

    assert len(history.active("MACHINE_001", START, START + HOUR_US)) == 1


@pytest.mark.parametrize("shape", ["sudden", "linear", "smooth", "exponential"])
def test_onsets_start_at_nothing_rise_and_reach_full_strength(shape):
    one = History(PUMPS, 3, Journal((injection(shape=shape),))).active("MACHINE_001", START, START + HOUR_US)[0]
    level = one.level(START + np.arange(-5, 16, dtype=np.int64) * MINUTE_US)

    assert (level[:6] == 0).all()
    assert (np.diff(level) >= 0).all()
    assert level[-1] == pytest.approx(0.7)
    assert level[6] == pytest.approx(0.7) if shape == "sudden" else level[6] < 0.1


def test_faults_on_one_machine_overlap_and_add_up():
    two = Journal((injection(), Injection("y", "MACHINE_001", "misalignment", 0.6, START, 600.0, 7200.0)))
    times = START + np.arange(60, 70, dtype=np.int64) * MINUTE_US

    both = Plant(PUMPS, 3, two)
    vibration = [plant.block(times).values[:, 0, 1].mean() for plant in (both, both.twin("x"), both.twin("y"))]

    assert vibration[0] > max(vibration[1:]) + 1.0
