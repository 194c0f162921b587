import pytest

from engine.difficulty import CAPS, range_rule
from engine.errors import LabError
from engine.plant.making import PLANS, journal_with_faults, make_journal
from engine.plant.scenario import SCENARIO_FOLDER, load_scenario, scenario_names
from engine.plant.scenario_file import make_scenario, measured, write_scenario
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import HOUR_US, MINUTE_US, SECOND_US, time_us

START = time_us("2026-01-05T00:00:00Z")
SHIPPED = scenario_names()


def minutes(scenario):
    import numpy as np

    return np.arange(scenario.start_us, scenario.end_us, MINUTE_US, dtype=np.int64)


def test_every_plant_has_a_demo_and_all_levels():
    for plant in ("pump_station", "wind_turbine"):
        levels = {load_scenario(name).level for name in scenario_names(plant)}
        assert levels == {"demo", "easy", "medium", "hard"}


@pytest.mark.parametrize("name", SHIPPED)
def test_no_shipped_scenario_is_above_its_difficulty_cap(name):
    """And the figure written in the file is the one that is measured."""
    scenario = load_scenario(name)

    rule, event_f1 = measured(scenario)

    assert event_f1 <= CAPS[scenario.level]
    assert (rule, event_f1) == (scenario.best_one_liner.rule, scenario.best_one_liner.event_f1)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_fault_of_a_shipped_scenario_can_be_detected(name):
    scenario = load_scenario(name)
    events = scenario.plant().truth(scenario.start_us, scenario.end_us)

    assert [event for event in events if not event.benign and event.detectable_from_us is None] == []


def test_the_range_rule_does_not_solve_the_default_scenario():
    """On the forerunner's data it reached 1.000."""
    scenario = load_scenario("pump_demo")
    plant = scenario.plant()
    truth = plant.truth(scenario.start_us, scenario.end_us)

    assert range_rule(plant.block(minutes(scenario)), truth, plant.spec) <= 0.60


def test_the_default_scenario_shows_growth_within_a_twenty_minute_lab():
    """At ten times real speed a 20-minute lab is 200 plant minutes: some fault must grow by five σ of noise."""
    import numpy as np

    scenario = load_scenario("pump_demo")
    plant = scenario.plant()
    times = minutes(scenario)[:200]
    noise = np.array([sensor.noise for sensor in plant.spec.sensors])
    growth = (plant.block(times).values - plant.twin().block(times).values) / noise

    assert np.abs(growth).max() > 5
    assert np.abs(growth[:30]).max() < 1


def test_a_bearing_failure_injected_live_is_clear_within_fifteen_plant_minutes():
    """Ninety seconds at ten times real speed."""
    import numpy as np

    from engine.plant.checks import injection_for

    spec = load_plant("pump_station")
    scenario = load_scenario("pump_demo")
    plant = scenario.plant()
    at = scenario.start_us + 20 * MINUTE_US
    injection = injection_for(spec, plant.journal, machine="MACHINE_002", fault="bearing_failure", start_us=at)
    broken = plant.with_journal(plant.journal.with_(injection))
    times = at + np.arange(13 * 60, 15 * 60, dtype=np.int64) * SECOND_US
    usual = plant.block(at - np.arange(7200, 0, -1, dtype=np.int64) * SECOND_US).machine("MACHINE_002").values[:, 0, 1]

    vibration = broken.block(times).machine("MACHINE_002").values[:, 0, 1].mean()

    assert vibration > usual.mean() + 6 * usual.std()


def test_a_scenario_moves_with_its_start():
    scenario = load_scenario("pump_demo")
    later = scenario.journal(scenario.start_us + HOUR_US)

    shifts = {a.start_us - b.start_us for a, b in zip(later, scenario.journal(), strict=True)}

    assert shifts == {HOUR_US}


@pytest.mark.parametrize("level", PLANS)
def test_a_drawn_run_is_under_its_cap_has_faults_and_is_the_same_each_time(level):
    spec = load_plant("pump_station")
    journal = make_journal(spec, 99, level, START, 24.0)

    assert journal == make_journal(spec, 99, level, START, 24.0)
    assert journal != make_journal(spec, 100, level, START, 24.0)
    events = Plant(spec, 99, journal).truth(START, START + 24 * HOUR_US)
    assert len([event for event in events if not event.benign]) == 10


def test_a_graded_run_never_goes_without_a_fault():
    spec = load_plant("pump_station")

    assert len(journal_with_faults(spec, 1, START, 2.0, 4).injections) == 4
    with pytest.raises(LabError, match="never goes without a fault"):
        make_journal(spec, 1, "easy", START, 24.0, faults=0)
    with pytest.raises(LabError, match="hours must be at least 6"):
        make_journal(spec, 1, "easy", START, 1.0)
    with pytest.raises(LabError, match="Did you mean 'hard'"):
        make_journal(spec, 1, "hrd", START, 24.0)


def test_the_tool_writes_what_it_measured(tmp_path):
    made = make_scenario(
        tmp_path, "mine", "pump_station", "medium", seed=3, start_us=START, hours=24.0, title="Mine", text=""
    )

    assert measured(load_scenario(tmp_path / "mine.yaml"))[1] == made.best_one_liner.event_f1 <= CAPS["medium"]


def test_the_tool_refuses_a_scenario_that_a_one_line_rule_solves(tmp_path):
    strong = [
        {"machine": "MACHINE_001", "at_h": 3, "fault": "oil_leak", "severity": 1.0},
        {"machine": "MACHINE_003", "at_h": 12, "fault": "oil_leak", "severity": 1.0},
    ]
    content = {"name": "x", "title": "x", "plant": "pump_station", "level": "hard", "seed": 1, "hours": 24.0}
    content |= {"start": "2026-01-05T00:00:00Z", "best_one_liner": {"rule": "", "event_f1": 0.0}, "happenings": strong}

    with pytest.raises(LabError, match="too easy for level 'hard'"):
        write_scenario(tmp_path / "x.yaml", content)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("MACHINE_003", "MACHINE_9", "No machine is called 'MACHINE_9'"),
        ("misalignment", "misalignmnt", "Did you mean 'misalignment'"),
        ("at_h: 1.0", "at_hours: 1.0", r"line \d+, .*did you mean 'at_h'"),
        ("level: demo", "level: hardest", r"line \d+, level"),
        ("hours: 72", "hours: -1", r"line \d+, hours"),
        ("start: '2026", "start: 'x2026", r"line \d+, start"),
    ],
)
def test_a_wrong_scenario_file_says_where_and_what_to_write(tmp_path, old, new, message):
    good = (SCENARIO_FOLDER / "pump_demo.yaml").read_text(encoding="utf-8")
    assert old in good
    path = tmp_path / "my.yaml"
    path.write_text(good.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(LabError, match=message):
        load_scenario(path)


def test_unknown_scenarios_are_refused(tmp_path):
    with pytest.raises(LabError, match="Did you mean 'pump_demo'"):
        load_scenario("pump_dmo")
    with pytest.raises(LabError, match="no scenario file"):
        load_scenario(tmp_path / "none.yaml")
