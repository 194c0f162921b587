import pytest

from engine.errors import LabError
from engine.plant.spec import PLANT_FOLDER, load_plant, plant_names

GOOD = (PLANT_FOLDER / "pump_station.yaml").read_text(encoding="utf-8")


def test_the_pump_station_keeps_the_names_units_and_ranges_of_the_course_material():
    spec = load_plant("pump_station")

    assert spec.machines == tuple(f"MACHINE_00{i}" for i in range(1, 6))
    found = {s.name: (s.unit, s.normal, s.critical, s.low_side) for s in spec.sensors}
    assert found == {
        "temperature": ("°C", (60, 85), 95, False),
        "vibration": ("mm/s", (2, 8), 12, False),
        "pressure": ("bar", (4.5, 6.5), 8, False),
        "flow_rate": ("L/min", (180, 220), 250, False),
        "power_consumption": ("kW", (45, 55), 65, False),
        "oil_level": ("%", (75, 95), 60, True),
        "bearing_temperature": ("°C", (70, 90), 105, False),
    }


def test_the_wind_turbine_plant_has_its_two_lines_and_marks():
    spec = load_plant("wind_turbine")

    assert [(line.name, line.component) for line in spec.lines] == [
        ("turbine-line-1", "blade"),
        ("turbine-line-2", "nacelle"),
    ]
    assert [(s.name, s.normal, s.warning) for s in spec.sensors] == [
        ("temperature", (10, 40), 30),
        ("humidity", (20, 80), 60),
        ("sound_level", (40, 90), 70),
    ]


def test_every_shipped_plant_loads():
    assert set(plant_names()) >= {"pump_station", "wind_turbine"}
    for name in plant_names():
        assert load_plant(name).company


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "    unit: mm/s\n",
            "    units: mm/s\n",
            r"my\.yaml, line \d+, sensors\.1\.units: unknown key 'units'; did you mean 'unit'",
        ),
        (
            "    noise: 0.12\n",
            "    nois: 0.12\n    noise: 0.12\n",
            r"line \d+, .*unknown key .*nois.*did you mean 'noise'",
        ),
        ("    noise: 0.12\n", "    noise: loud\n", r"line \d+, sensors\.1\.noise: .*got 'loud'"),
        ("normal: [2, 8]", "normal: [8, 2]", r"normal must rise from low to high, got \[8, 2\]"),
        ("name: vibration", "name: temperature", "two sensors are called 'temperature'"),
        ("{vibration: 1}", "{vibrations: 1}", "Did you mean 'vibration'"),
        ("physics: pump", "physics: pumps", "Did you mean 'pump'"),
        ("bearing_failure: 0.30", "bearing_fail: 0.30", "Did you mean 'bearing_failure'"),
        ("company: Hollow", "company: [Hollow", r"line \d+"),
        (GOOD, "", "keys and values"),
        (GOOD, "- 1", "keys and values"),
    ],
)
def test_a_wrong_plant_file_says_where_and_what_to_write(tmp_path, old, new, message):
    path = tmp_path / "my.yaml"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new), encoding="utf-8")

    with pytest.raises(LabError, match=message):
        load_plant(path)


def test_a_missing_key_names_the_line_of_its_sensor(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text(GOOD.replace("    unit: mm/s\n", ""), encoding="utf-8")
    line = 1 + GOOD.split("\n").index("  - name: vibration")

    with pytest.raises(LabError, match=rf"line {line}, sensors.1.unit: 'unit' is missing"):
        load_plant(path)


def test_an_unknown_plant_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(LabError, match="Did you mean 'pump_station'"):
        load_plant("pump_staton")
    with pytest.raises(LabError, match="no plant file"):
        load_plant(tmp_path / "none.yaml")


def test_a_plant_of_your_own_needs_one_file_only(tmp_path):
    """A new sensor mixes quantities of the physics; no code is touched."""
    import numpy as np

    from engine.plant.simulator import Plant

    extra = (
        "  - {name: speed_index, title: Speed, unit: '%', normal: [90, 105], resolution: 0.1, noise: 0.2,\n"
        "     limits: [0, 200], measures: {load: 10}, offset: 93, lag_s: 30}\nautomatic:"
    )
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD.replace("automatic:", extra).replace("MACHINE_00", "PUMP_"), encoding="utf-8")
    spec = load_plant(path)

    block = Plant(spec, 1).block(np.arange(10, dtype=np.int64) * 1_000_000)

    assert block.machines[0] == "PUMP_1"
    assert 93 < block.values[..., spec.sensor_names.index("speed_index")].mean() < 104


def test_a_scaled_plant_keeps_its_first_machines():
    spec = load_plant("pump_station").scaled(1000)

    assert spec.machines[0] == "MACHINE_001"
    assert spec.machines[-1] == "MACHINE_1000"
    assert len(set(spec.machines)) == 1000


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("critical: 12\n", "critical: 5\n",
         "line 29, sensors.1.critical: critical must lie outside normal (at least 8), got 5"),
        ("critical: 60\n", "critical: 80\n",
         "line 69, sensors.5.critical: critical must lie outside normal (at most 75), got 80"),
        ("critical: 12\n", "critical: 12\n    critical: 14\n",
         "line 30, sensors.1.critical: 'critical' stands here twice, first on line 29"),
        ("physics: pump", "physics: pumps", "line 4, physics: "),
    ],
)  # fmt: skip
def test_a_mistake_across_keys_names_its_own_line(tmp_path, right, wrong, said):
    assert right in GOOD
    file = tmp_path / "pump_station.yaml"
    file.write_text(GOOD.replace(right, wrong, 1), encoding="utf-8")

    with pytest.raises(LabError) as problem:
        load_plant(str(file))

    assert said in str(problem.value)
    assert "{'name'" not in str(problem.value)
