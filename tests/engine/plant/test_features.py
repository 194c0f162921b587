import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.plant.features import derived_features, guide_features, rolling_features
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import DAY_US, HOUR_US, SECOND_US, block_of, time_us

PUMPS = load_plant("pump_station")
EXAMPLE = (72.5, 4.2, 5.8, 195.3, 48.7, 87.2, 78.9)


def pump_block(times, rows):
    return block_of(np.asarray(times, np.int64), np.asarray(rows, float), sensors=PUMPS.sensor_names)


def test_the_example_record_of_the_course_material_comes_out():
    found = guide_features(pump_block([time_us("2024-01-15T10:30:00Z")], [EXAMPLE]))

    assert {name: column.item() for name, column in found.items()} == {
        "hour": 10,
        "day_of_week": 0,
        "month": 1,
        "is_weekend": 0,
        "is_night_shift": 0,
        "temp_pressure_ratio": 12.5,
        "vibration_power_ratio": 0.0862,
        "flow_pressure_product": 1132.74,
    }


@given(st.integers(-(10**15), 4 * 10**15))
def test_calendar_columns_agree_with_python_calendar(at_us):
    from datetime import UTC, datetime, timedelta

    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)
    found = guide_features(pump_block([at_us], [EXAMPLE]))

    assert found["hour"].item() == moment.hour
    assert found["day_of_week"].item() == moment.weekday()
    assert found["month"].item() == moment.month
    assert found["is_weekend"].item() == (moment.weekday() >= 5)
    assert found["is_night_shift"].item() == (moment.hour >= 22 or moment.hour <= 6)


def test_missing_and_zero_readings_give_missing_ratios_without_a_warning():
    with np.errstate(all="raise"):
        found = guide_features(pump_block([0, 1], [(1, 1, 0, 1, 0, 1, 1), (np.nan,) * 7]))

    assert np.isnan(found["temp_pressure_ratio"]).all()
    assert np.isnan(found["flow_pressure_product"][1]).all()


def test_a_plant_without_those_sensors_has_no_ratios():
    block = Plant(load_plant("wind_turbine"), 1).block(np.arange(3, dtype=np.int64))

    assert set(guide_features(block)) == {"hour", "day_of_week", "month", "is_weekend", "is_night_shift"}


def test_rolling_statistics_agree_with_the_plain_definition():
    rng = np.random.default_rng(3)
    values = rng.normal(50, 3, (200, 1))
    values[rng.random(200) < 0.1] = np.nan
    times = np.cumsum(rng.integers(1, 30, 200)) * SECOND_US
    found = rolling_features(block_of(times, values), window_s=120.0)

    for i in range(200):
        inside = values[(times > times[i] - 120 * SECOND_US) & (times <= times[i]), 0]
        inside = inside[~np.isnan(inside)]
        if len(inside):
            assert found["sensor_1_rolling_mean"][i, 0] == pytest.approx(inside.mean(), abs=1e-4)
            assert found["sensor_1_rolling_std"][i, 0] == pytest.approx(inside.std(), abs=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 199))
def test_the_future_does_not_change_a_feature_and_a_stream_gets_the_same(cut):
    block = Plant(PUMPS, 7).block(np.arange(200, dtype=np.int64) * 10 * SECOND_US)
    whole = derived_features(block, window_s=300.0)
    past = derived_features(block.ticks(0, cut), window_s=300.0)
    next_part = derived_features(block.ticks(cut, 200), window_s=300.0, history=block.ticks(0, cut))

    for name, column in whole.items():
        assert past[name] == pytest.approx(column[:cut], abs=1.1e-4, nan_ok=True)
        assert next_part[name] == pytest.approx(column[cut:], abs=1.1e-4, nan_ok=True)


def test_constant_readings_have_z_score_zero():
    found = rolling_features(block_of(np.arange(9) * HOUR_US, np.full((9, 1), 61.37)), window_s=DAY_US / SECOND_US)

    assert (found["sensor_1_zscore"] == 0).all()
    assert (found["sensor_1_rolling_std"] == 0).all()
