"""What every failure pattern owes (over the whole catalogue), and what each one adds."""

import json

import numpy as np
import pytest

from engine.catalog import describe, parts
from engine.errors import ParameterError
from engine.faults.base import DeliveryFault, SensorFault
from engine.plant.checks import fitting, injection_for
from engine.plant.journal import SHAPES, Journal
from engine.plant.physics_kinds import physics_named
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import HOUR_US, MINUTE_US, SECOND_US, time_us

PATTERNS = parts("fault")
PLANTS = {name: load_plant(name) for name in ("pump_station", "wind_turbine")}
START = time_us("2026-01-05T10:00:03Z")
PAIRS = [(plant, fault) for plant, spec in PLANTS.items() for fault in fitting(spec)]
SENSOR = [name for name, cls in PATTERNS.items() if issubclass(cls, SensorFault) and not issubclass(cls, DeliveryFault)]
PUMPS = PLANTS["pump_station"]


def broken(fault, plant="pump_station", **changes):
    spec = PLANTS[plant]
    order = injection_for(spec, Journal(), machine=spec.machines[0], fault=fault, start_us=START, **changes)
    return Plant(spec, 7, Journal((order,)))


def differences(fault, times, plant="pump_station", **changes):
    """Return what the fault changes on its machine, in noise σ, (n_ticks, n_sensors)."""
    real = broken(fault, plant, **changes)
    noise = np.array([sensor.noise for sensor in real.spec.sensors])
    return (real.block(times).values - real.twin(without="fault-1").block(times).values)[:, 0] / noise


def minutes(count):
    return START + np.arange(1, count + 1, dtype=np.int64) * MINUTE_US


def test_the_patterns_that_the_course_needs_are_there():
    assert len(PATTERNS) >= 14
    assert set(PATTERNS) >= {"bearing_failure", "pump_failure", "overheating", "oil_leak", "motor_failure"}
    assert {cls.kind for cls in PATTERNS.values()} == {"machine", "sensor", "benign"}
    assert PAIRS


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_describes_itself_and_its_usual_course_is_legal(name):
    pattern = PATTERNS[name]

    assert pattern.title
    assert describe("fault", name)["caption"].endswith(".")
    assert pattern.shape in SHAPES
    assert 0 < pattern.severity <= 1
    assert pattern.ramp_s >= 0
    assert pattern.duration_s > 0
    json.dumps(describe("fault", name))


@pytest.mark.parametrize("name", [name for name, cls in PATTERNS.items() if cls.effects])
def test_a_pattern_of_the_machine_acts_on_variables_that_some_physics_has(name):
    known = {variable for plant in PLANTS.values() for variable in physics_named(plant.physics).variables}

    assert set(PATTERNS[name].effects) <= known


@pytest.mark.parametrize(("plant", "fault"), PAIRS)
def test_a_pattern_shows_on_its_machine_only_and_never_before_its_onset(plant, fault):
    real = broken(fault, plant)
    times = START + np.arange(-600, 3600, 5, dtype=np.int64) * SECOND_US
    block, twin = real.block(times), real.twin(without="fault-1").block(times)

    assert np.array_equal(block.values[times <= START], twin.values[times <= START])
    assert np.array_equal(block.values[:, 1:], twin.values[:, 1:])
    if fault not in ("late", "duplicate", "season_shift"):
        assert not np.array_equal(block.values[:, 0], twin.values[:, 0], equal_nan=True)


@pytest.mark.parametrize(("plant", "fault"), PAIRS)
def test_after_its_end_a_pattern_leaves_the_machine_as_it_was(plant, fault):
    """Heat takes its time to go: five hours are plenty. Reset wear, though, stays."""
    if fault == "maintenance_reset":
        return
    late = START + 900 * SECOND_US + 5 * HOUR_US + np.arange(30, dtype=np.int64) * MINUTE_US

    assert np.abs(differences(fault, late, plant, duration_s=900.0, ramp_s=300.0)).max() < 0.2


@pytest.mark.parametrize(
    ("fault", "sensor", "sign"),
    [
        ("bearing_failure", "vibration", 1),
        ("bearing_failure", "bearing_temperature", 1),
        ("pump_failure", "flow_rate", -1),
        ("pump_failure", "pressure", -1),
        ("overheating", "temperature", 1),
        ("oil_leak", "oil_level", -1),
        ("motor_failure", "power_consumption", 1),
        ("motor_failure", "vibration", 1),
        ("cavitation", "vibration", 1),
        ("filter_clog", "flow_rate", -1),
        ("filter_clog", "pressure", 1),
        ("misalignment", "vibration", 1),
    ],
)
def test_a_machine_fault_grows_by_its_physics_and_leaves_the_noise_within_a_lab(fault, sensor, sign):
    """A 20-minute lab at ten times real speed is 200 plant minutes."""
    change = sign * differences(fault, minutes(230))[:, PUMPS.sensor_names.index(sensor)]

    assert change[1] < change[100:200].max() - 3  # it creeps: no jump to a constant
    assert change.max() > 5


@pytest.mark.parametrize(
    ("fault", "sensor"),
    [
        ("bearing_failure", "vibration"),
        ("pump_failure", "flow_rate"),
        ("pump_failure", "pressure"),
        ("overheating", "temperature"),
        ("oil_leak", "oil_level"),
        ("motor_failure", "power_consumption"),
    ],
)
def test_the_five_failures_leave_the_normal_range_at_full_severity(fault, sensor):
    """The forerunner's oil leak was a constant and its pump failure never left the range."""
    k = PUMPS.sensor_names.index(sensor)
    low, high = PUMPS.sensors[k].normal
    values = broken(fault, severity=1.0).block(minutes(235)).values[:, 0, k]

    assert np.mean((values[-60:] < low) | (values[-60:] > high)) > 0.9
    assert len(np.unique(values)) > 30


def test_an_oil_leak_leaks():
    oil = broken("oil_leak").block(minutes(60)).values[:, 0, PUMPS.sensor_names.index("oil_level")]

    assert (np.diff(oil[::10]) < 0).all()


def test_severity_scales_a_fault():
    mild, strong = (differences("bearing_failure", minutes(60), severity=s)[-1, 1] for s in (0.2, 0.8))

    assert strong > 3 * mild > 0


@pytest.mark.parametrize("fault", ["humidity_control_failure", "ventilation_failure", "tool_wear", "overheating"])
def test_the_faults_of_the_turbine_lines_grow_out_of_the_noise(fault):
    assert np.abs(differences(fault, minutes(200), "wind_turbine")).max() > 5


@pytest.mark.parametrize("fault", SENSOR)
def test_a_sensor_fault_touches_the_named_sensor_only(fault):
    if PATTERNS[fault].whole_machine:
        return
    change = differences(fault, minutes(120), sensors=("pressure",))
    touched = np.any(change != 0, axis=0)

    assert touched.tolist() == [name == "pressure" for name in PUMPS.sensor_names]


def test_a_stuck_sensor_repeats_the_value_of_its_onset():
    """Stuck means frozen, not zero."""
    real = broken("stuck", sensors=("flow_rate",))
    healthy = real.twin().block(np.array([START], dtype=np.int64)).values[0, 0, 3]

    assert set(real.block(minutes(50)).values[:, 0, 3]) == {healthy}


def test_spikes_are_single_far_and_as_frequent_as_stated_at_any_rate():
    second = START + np.arange(1, 3500, dtype=np.int64) * SECOND_US
    fast = differences("spike", second, sensors=("pressure",), severity=1.0, values={"chance": 0.05})[:, 2]
    slow = differences("spike", second[::10], sensors=("pressure",), severity=1.0, values={"chance": 0.05})[:, 2]

    assert np.mean(fast != 0) == pytest.approx(0.05, abs=0.015)
    assert np.mean(slow != 0) == pytest.approx(0.05, abs=0.04)
    assert np.abs(fast[fast != 0]).min() > 20


def test_noise_up_widens_the_noise_around_the_right_value():
    change = differences("noise_up", START + np.arange(120, 3500, dtype=np.int64) * SECOND_US, sensors=("pressure",))[
        :, 2
    ]

    assert change.std() == pytest.approx(5 * 0.7, rel=0.1)
    assert abs(change.mean()) < 0.3


def test_dropouts_are_missing_readings_in_bursts():
    values = (
        broken("dropout", sensors=("pressure",)).block(START + np.arange(1, 3500, dtype=np.int64) * SECOND_US).values
    )
    gone = np.isnan(values[:, 0, 2])

    assert gone.mean() == pytest.approx(0.42, abs=0.12)
    assert np.mean(gone[1:] != gone[:-1]) < 0.08
    assert not np.isnan(values[:, 0, 1]).any()


def test_a_drift_grows_linearly_to_its_stated_size():
    change = differences("drift", minutes(90), severity=1.0, sensors=("pressure",))[:, 2]

    assert change[29] == pytest.approx(7.5, abs=0.7)
    assert change[70] == pytest.approx(15.0, abs=0.7)


def test_a_decoupled_sensor_looks_normal_alone_but_no_longer_follows_the_machine():
    hours = START + np.arange(30, 350, dtype=np.int64) * MINUTE_US
    real = broken("decouple", sensors=("power_consumption",), severity=1.0)
    block, twin = real.block(hours).values[:, 0], real.twin().block(hours).values[:, 0]

    assert abs(np.corrcoef(twin[:, 4], twin[:, 3])[0, 1]) > abs(np.corrcoef(block[:, 4], block[:, 3])[0, 1]) + 0.3
    assert np.mean((block[:, 4] > 42) & (block[:, 4] < 58)) > 0.95


def test_a_shifted_cycle_shows_the_past():
    real = broken("cycle_shift", sensors=("pressure",), severity=1.0, values={"shift_s": 600.0})
    times = minutes(60)

    earlier = real.twin().block(times - 600 * SECOND_US).values[:, 0, 2]

    assert np.array_equal(real.block(times).values[:, 0, 2], earlier)


def test_sensor_faults_on_one_sensor_overlap():
    orders = [
        injection_for(PUMPS, Journal(), machine="MACHINE_001", fault="drift", start_us=START, sensors=("pressure",)),
        injection_for(PUMPS, Journal(), machine="MACHINE_001", fault="dropout", start_us=START, sensors=("pressure",)),
    ]
    from dataclasses import replace

    plant = Plant(PUMPS, 7, Journal((orders[0], replace(orders[1], id="fault-2"))))
    values = plant.block(minutes(59)).values[:, 0, 2]
    without = plant.twin("fault-1").block(minutes(59)).values[:, 0, 2]

    assert np.isnan(values).any()
    assert np.array_equal(np.isnan(values), np.isnan(without))
    assert np.nanmax(np.abs(values - without)) > 0.1


def test_a_product_change_moves_several_sensors_and_ends():
    change = differences("product_change", minutes(120))

    assert (np.abs(change).max(axis=0) > 2).sum() >= 3


def test_parameters_are_checked():
    with pytest.raises(ParameterError, match="height must be from 3 to 100 σ"):
        broken("spike", values={"height": 1.0})
