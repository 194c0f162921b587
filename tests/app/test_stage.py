"""Another plant on stage: the old run ends cleanly, everything follows, and the choice outlives the process."""

from __future__ import annotations

import json
import logging
import threading

import pytest

from app import lab as lab_module
from app.hub import Hub
from app.opening import choice_at_start
from app.stage import Stage
from engine.errors import LabError
from engine.running.choice import FILE, Choice, keep_choice, kept_choice
from tests.app.api.conftest import NORMAL
from tests.app.test_pages import opened_page


@pytest.fixture
def stage(opened, wall, monkeypatch, tmp_path):
    """The lab in a home of its own, its pump station with a standing alarm."""
    monkeypatch.setenv("FAULTLAB_HOME", str(tmp_path))
    for name in ("FAULTLAB_PLANT", "FAULTLAB_SEED", "FAULTLAB_SPEED"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Stage, "train", lambda _stage: None)  # seconds of training that these tests need not wait for
    opened.runner.step_once()
    opened.runner.inject(fault="bearing_failure", machine="MACHINE_002", severity=1.0, ramp_s=1.0)
    opened.runner.set_threshold("limit", 0.5)
    for _ in range(90):
        wall.now += 0.1
        opened.runner.step_once()
    assert opened.runner.desk.standing
    return opened


def test_a_new_run_of_another_plant_begins_in_the_same_process(stage):
    old, before = stage.runner, stage.runner.run

    stage.change_plant(Choice("wind_turbine", 11, 50.0))

    assert not old.alive
    assert stage.runner.alive
    assert (stage.spec.name, stage.plant.seed, stage.runner.clock.speed) == ("wind_turbine", 11, 50.0)
    assert stage.runner.run.run > before.run
    assert stage.lines.spec is stage.spec
    assert stage.health()["plant"] == "wind_turbine"


def test_the_alarms_of_the_old_run_end_and_its_readings_stay(stage):
    run, standing = stage.runner.run.run, {one.number for one in stage.runner.desk.standing}

    stage.change_plant(Choice("wind_turbine"))

    alarms = {one.number: one for one in stage.store.alarms(run=run)}
    assert standing <= alarms.keys()
    assert all(one.state == "cleared" and one.end_us is not None for one in alarms.values())
    assert stage.runner.desk.standing == ()
    assert stage.store.count_readings("pump_station") > 0


def test_the_same_plant_with_the_same_seed_is_a_new_run_too(stage):
    before = stage.runner.run

    stage.change_plant(Choice("pump_station", before.seed))

    assert (stage.plant.seed, stage.runner.run.run) == (before.seed, before.run + 1)


def test_viewers_are_told_the_new_plant_once_the_pages_know_it(stage):
    class Heard(Hub):
        viewers = 1

        def publish(self, message):
            told.append((message, stage.spec.name))
            heard.set()

    told: list = []
    heard = threading.Event()
    stage.hub = Heard()  # the old stage tells its own
    stage.change_plant(Choice("wind_turbine", speed=100.0))

    assert heard.wait(60)
    message, known = told[0]
    hello = json.loads(message)
    assert (hello["kind"], hello["plant"]["name"], known) == ("hello", "wind_turbine", "wind_turbine")
    assert hello["stage"] == stage.stage.number
    assert len(hello["machines"]) == 2
    stage.hub = Hub()


def test_the_detectors_of_the_new_plant_are_trained_beside_it(stage, monkeypatch):
    monkeypatch.undo()
    stage.change_plant(Choice("wind_turbine", 11))

    assert stage.warm.wait(120)
    assert {"limit", "isolation_forest"} < set(stage.runner.detectors)


@pytest.mark.parametrize("choice", [Choice("wind_turbin"), Choice("wind_turbine", speed=1e9)])
def test_what_cannot_be_chosen_leaves_the_plant_on_stage(stage, choice):
    before = stage.stage

    with pytest.raises(LabError):
        stage.change_plant(choice)

    assert stage.stage is before
    assert kept_choice(stage.folder) is None
    assert stage.runner.step_once() >= 0


def test_a_round_of_the_class_is_not_cut_off(stage):
    start = stage.runner.clock.now_us()
    stage.classroom.conductor.start_round([], stage.spec.machines, start, start + 1)

    with pytest.raises(LabError, match="reveal it"):
        stage.change_plant(Choice("wind_turbine"))

    assert stage.spec.name == "pump_station"


def test_an_old_run_that_cannot_be_closed_leaves_no_stopped_plant_on_stage(stage, monkeypatch, caplog):
    old = stage.stage

    def broken():
        raise RuntimeError("no office")

    monkeypatch.setattr(old.office, "close", broken)
    stage.change_plant(Choice("wind_turbine", 11))

    assert stage.runner.alive
    assert stage.spec.name == "wind_turbine"
    assert not old.runner.alive  # what comes after the broken part was closed, too
    assert kept_choice(stage.folder).plant == "wind_turbine"
    assert "could not be closed" in caplog.text


def test_no_round_begins_while_the_plant_is_changed(stage):
    with stage.steady():
        with pytest.raises(LabError, match="just being put"), stage.steady():
            pass
        with pytest.raises(LabError, match="just being put"):
            stage.change_plant(Choice("wind_turbine"))

    assert stage.spec.name == "pump_station"


def test_a_plant_that_others_feed_keeps_its_name(stage, tmp_path):
    from engine.plant.spec import OWN_FOLDER, PLANT_FOLDER

    text = (PLANT_FOLDER / "wind_turbine.yaml").read_text(encoding="utf-8")
    stage.store.register_plant("my_hall", ("temperature",), ("a",), source="external")
    (tmp_path / OWN_FOLDER).mkdir()
    (tmp_path / OWN_FOLDER / "my_hall.yaml").write_text(text.replace("name: wind_turbine", "name: my_hall"))

    with pytest.raises(LabError, match="others feed"):
        stage.change_plant(Choice("my_hall"))


def test_the_next_start_shows_what_was_chosen(stage):
    stage.change_plant(Choice("wind_turbine", 11, 50.0))

    assert choice_at_start(stage.folder, {}) == Choice("wind_turbine", 11, 50.0)


def test_the_environment_goes_before_the_choice_and_says_so(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("FAULTLAB_HOME", str(tmp_path))
    keep_choice(tmp_path, Choice("wind_turbine", 11, 50.0))

    with caplog.at_level(logging.WARNING):
        found = choice_at_start(tmp_path, {"FAULTLAB_PLANT": "pump_station"})

    assert found == Choice("pump_station", None, None)
    assert "FAULTLAB_PLANT says pump_station" in caplog.text
    assert "wind_turbine" in caplog.text
    assert choice_at_start(tmp_path, {"FAULTLAB_SEED": "3"}) == Choice("wind_turbine", 3, 50.0)


@pytest.mark.parametrize("kept", ["{", '{"plant": "gone"}'])
def test_a_choice_that_cannot_be_used_does_not_keep_the_lab_from_starting(tmp_path, monkeypatch, caplog, kept):
    monkeypatch.setenv("FAULTLAB_HOME", str(tmp_path))
    (tmp_path / FILE).write_text(kept)

    with caplog.at_level(logging.WARNING):
        assert choice_at_start(tmp_path, {}) == Choice("pump_station")

    assert "is not shown" in caplog.text


def test_an_instructor_chooses_on_the_home_page_and_a_student_cannot(stage):
    student = opened_page("home")
    assert [one for one in student.selectbox if one.key == "choice_plant"] == []

    test = opened_page("home", "instructor")
    test.selectbox(key="choice_plant").select("wind_turbine")
    test.text_input(key="choice_seed").set_value("eleven")
    next(one for one in test.button if one.label == "Start a new run").click().run(timeout=30)
    assert "whole number" in test.error[0].value
    test.text_input(key="choice_seed").set_value("11")
    next(one for one in test.button if one.label == "Start a new run").click().run(timeout=30)

    assert not test.exception
    assert (stage.spec.name, stage.plant.seed) == ("wind_turbine", 11)


def test_a_click_in_a_tab_that_shows_the_old_plant_does_nothing(stage):
    """It was meant for a machine that is not there any more."""
    test = opened_page("inject", "instructor")
    stage.change_plant(Choice("wind_turbine", 11))

    test.button(key="inject_go").click().run(timeout=30)

    assert not test.exception
    assert list(stage.plant.journal) == []
    assert test.selectbox(key="inject_machine").options == list(stage.spec.machines)


def test_the_api_begins_a_run_for_instructors_only(stage):
    from starlette.applications import Starlette
    from starlette.routing import Mount
    from starlette.testclient import TestClient

    from app.access import Access, Viewer, cookie_for
    from app.api import build_api

    application = Access(Starlette(routes=[Mount("/api", app=build_api())]))
    student, wanted = TestClient(application), {"plant": "wind_turbine", "seed": 11}
    teacher = TestClient(application, headers={"Authorization": f"Bearer {cookie_for(Viewer('instructor'))}"})

    assert student.post("/api/v1/runs", json=wanted).status_code == 401
    assert teacher.post("/api/v1/runs", json={"plant": "../x"}).status_code == 404
    assert stage.spec.name == "pump_station"
    told = teacher.post("/api/v1/runs", json=wanted).json()

    assert (told["plant"], told["seed"], told["run"]) == ("wind_turbine", 11, stage.runner.run.run)
    assert student.get("/api/v1/plants").json()[0]["name"] == "wind_turbine"
    scored = student.post("/api/v1/predict", json={"machine": "turbine-line-1", **NORMAL}).json()
    assert scored["results"][0]["machine"] == "turbine-line-1"


def test_closing_ends_the_new_stage(stage):
    stage.change_plant(Choice("wind_turbine"))
    runner = stage.runner

    lab_module.publish(None)
    stage.close()

    assert not runner.alive
