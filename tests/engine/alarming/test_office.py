"""The office: a policy holds in the running lab, survives a restart, and its deliveries hear of a real fault once."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from engine.alarming.office import AlarmOffice
from engine.alarms import AlarmRules
from engine.clock import Clock
from engine.detectors.base import Detector
from engine.errors import LabError
from engine.lines import LineBook
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import time_us
from engine.runner import Limits, Runner
from engine.store.store import Store

START = time_us("2026-01-05T08:00:00Z")


class Hot(Detector):
    """Scores the temperature as a share of 28 °C."""

    name, title, family, good_at, bad_at = "limit", "Hot", "limit", "heat", "all else"
    default_threshold = 1.0

    def start(self, n_machines, n_sensors):
        return {}

    def advance(self, block):
        return block.values[:, :, 0] / 28.0


@pytest.fixture
def rig(tmp_path):
    """A runner at ×100 with one detector, and its office."""
    wall, store, spec = SimpleNamespace(now=0.0), Store(":memory:"), load_plant("wind_turbine")
    detectors = {"limit": Hot()}
    clock = Clock(wall=lambda: wall.now, speed=100.0, start_us=START)
    runner = Runner(Plant(spec, 7), store, detectors, clock, limits=Limits(warm_up_s=60.0))
    book = LineBook(store, spec)
    office = AlarmOffice(runner, tmp_path, book.marks)
    office.start()

    def play(seconds):
        for _ in range(int(seconds * 10)):
            wall.now += 0.1
            runner.step_once()

    yield SimpleNamespace(runner=runner, office=office, play=play, folder=tmp_path, book=book)
    office.close()
    runner.stop()
    store.close()


def lines_of(rig):
    rig.office.close()
    file = rig.folder / "deliveries" / "alarms.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def test_a_single_fault_gives_one_alarm_and_one_message(rig):
    rig.play(2)
    rig.runner.inject(fault="overheating", machine="turbine-line-1", severity=1.0, ramp_s=60.0, duration_s=3600.0)
    rig.play(60)

    told = lines_of(rig)

    raised = [one for one in told if one["what"] == "raised" and one["machine"] == "turbine-line-1"]
    assert len(raised) == 1
    assert not any("overheating" in json.dumps(one) for one in told)


def test_the_shipped_policy_holds_at_first(rig):
    assert rig.runner.desk.rules_for("limit") == AlarmRules(confirm=3, on_delay_s=5.0)


def test_a_new_policy_holds_and_is_there_after_a_restart(rig):
    rig.office.set_policy("default:\n  confirm: 7\n")

    assert rig.runner.desk.rules_for("limit").confirm == 7
    assert AlarmOffice(rig.runner, rig.folder).policy.rules["default"].confirm == 7

    rig.office.reset()
    assert rig.runner.desk.rules_for("limit").confirm == 3
    assert not (rig.folder / "alarm_rules.yaml").exists()


def test_a_wrong_policy_changes_nothing(rig):
    with pytest.raises(LabError, match="line 2"):
        rig.office.set_policy("default:\n  confirm: none\n")

    assert rig.runner.desk.rules_for("limit").confirm == 3
    assert not (rig.folder / "alarm_rules.yaml").exists()


def test_a_damaged_file_does_not_stop_the_lab(rig):
    (rig.folder / "alarm_rules.yaml").write_text("default: [", encoding="utf-8")

    office = AlarmOffice(rig.runner, rig.folder)

    assert "line 1" in office.problem
    assert office.policy.rules["limit"].confirm == 3


def test_the_rules_hold_on_after_a_jump_back_in_time(rig):
    """The desk is made anew then; rules and silences must not be forgotten."""
    rig.office.set_policy("default:\n  confirm: 7\nsuppress:\n  - {reason: runs in, machine: turbine-line-2}\n")
    rig.play(1)
    rig.runner.seek(START)
    rig.play(0.2)

    assert rig.runner.desk.rules_for("limit").confirm == 7
    assert rig.runner.desk.guards.silences("turbine-line-2", "limit", START)


def test_marks_of_a_line_decide_the_priority_of_its_alarms(rig):
    rig.book.set("turbine-line-1", {"temperature": (10.0, 12.0)})
    rig.office.renew_marks()
    rig.runner.set_threshold("limit", 0.1)
    rig.play(2)

    found = {alarm.machine: alarm.priority for alarm in rig.runner.desk.recent}

    assert found["turbine-line-1"] == "critical"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("detectors:\n  limits: {confirm: 3}\n",
         "line 2, detectors.limits: no detector is called 'limits'; did you mean 'limit'"),
        ("suppress:\n  - {machine: ROLL_9, reason: new roll}\n",
         "line 2, suppress.0.machine: no machine is called 'ROLL_9'"),
        ("detectors:\n  limit: {confirm: 3}\n  limit: {confirm: 2}\n",
         "line 3, detectors.limit: 'limit' stands here twice, first on line 2"),
    ],
)  # fmt: skip
def test_a_rule_for_a_detector_or_machine_that_is_not_there_is_refused_with_its_line(rig, text, said):
    """It would hold for nothing, without a word."""
    before = rig.office.policy

    with pytest.raises(LabError) as problem:
        rig.office.set_policy(text)

    assert said in str(problem.value)
    assert rig.office.policy == before


def test_rules_may_name_machines_of_every_plant_that_can_run_here(rig):
    text = "suppress:\n  - {machine: %s, reason: new bearing}\n"

    for name in ("MACHINE_004", "turbine-line-1", "press_1"):
        assert rig.office.problems(text % name, frozenset({"press_1"})) == []
