"""Every page runs, for each role, and none shows a student the truth."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.keys_of_session import MENU_KEY
from app.shell import pages
from tests.app.conftest import user

ROOT = Path(__file__).resolve().parents[2]
SHELL = str(ROOT / "app" / "shell.py")


def opened_page(name, role="student"):
    test = AppTest.from_file(SHELL, default_timeout=20)
    test.user = user(role)
    test.run()
    if name != "home":
        test.switch_page(str(ROOT / "pages" / f"{name}.py")).run()
    return test


@pytest.mark.parametrize("role", ["student", "ta", "instructor"])
@pytest.mark.parametrize("name", ["home", "live", "health"])
def test_pages_for_everybody_run(running, name, role):
    test = opened_page(name, role)

    assert not test.exception
    assert test.title


def test_a_student_has_no_inject_page(running):
    for role, there in (("student", False), ("ta", False), ("instructor", True)):
        sections = opened_page("home", role).session_state[MENU_KEY]
        assert there == ("inject" in {page.url_path for pages in sections.values() for page in pages})


def test_the_inject_page_refuses_whoever_gets_there_anyway(running):
    test = AppTest.from_file(str(ROOT / "pages" / "inject.py"))
    test.user = {"role": "student"}
    test.run()

    assert not test.exception
    assert not test.title
    assert "instructors" in test.warning[0].value


def test_an_instructor_injects_undoes_and_repairs(running):
    test = opened_page("inject", "instructor")
    assert not test.exception

    test.selectbox(key="inject_machine").select("MACHINE_002").run()
    test.button(key="inject_go").click().run()

    (entry,) = running.plant.journal.entries
    assert (entry.fault, entry.machine) == ("bearing_failure", "MACHINE_002")
    assert not test.exception

    test.button(key="repair_undo").click().run()
    assert not running.plant.journal.injections


def test_automatic_faults_can_be_switched_on_and_off(running):
    test = opened_page("inject", "instructor")

    for rate in (0.5, 0.0):
        test.number_input[-2].set_value(rate)
        next(button for button in test.button if button.label == "Apply").click().run()
        assert not test.exception
        assert rate == running.plant.auto_faults_per_machine_hour


@pytest.mark.parametrize("kind", ["sensor", "benign"])
def test_every_kind_of_fault_has_a_form(running, kind):
    test = opened_page("inject", "instructor")

    test.button_group(key="inject_kind").set_value(kind).run()

    assert not test.exception
    test.button(key="inject_go").click().run()
    assert not test.exception
    assert len(running.plant.journal.injections) == 1


def test_a_refused_command_is_a_sentence_not_a_traceback(running):
    test = opened_page("inject", "instructor")

    test.button(key="repair_forward").click().run()

    assert not test.exception
    assert len(test.error) == 1


def test_only_instructors_control_the_plant(running):
    student, instructor = opened_page("live"), opened_page("live", "instructor")

    assert [button for button in student.button if button.key == "pause"] == []
    instructor.button(key="pause").click().run()
    assert running.runner.clock.paused


def test_a_students_pages_hold_no_truth(running):
    running.runner.inject(fault="bearing_failure", machine="MACHINE_001", severity=1.0, ramp_s=1.0)

    for name in ("home", "live", "health"):
        test = opened_page(name)
        text = " ".join(str(element) for element in test.main).lower()
        assert "bearing_failure" not in text
        assert "journal" not in text
        assert str(running.plant.seed) not in [element.value for element in test.code]


def test_the_menu_is_grouped_by_what_one_wants():
    sections = list(dict.fromkeys(page.section for page in pages()))

    assert sections == ["", "Watch", "Break", "Detect", "Learn", "Class", "Data"]


def test_a_page_is_called_as_in_the_menu():
    """Titles that are made elsewhere or carry a plant's name begin with the menu's word too, or are looked at there."""
    for page in pages():
        text = (ROOT / "pages" / f"{page.file}.py").read_text(encoding="utf-8")
        titles = re.findall(r'st\.title\(t\("([^"]+)"', text)
        if page.file != "home":
            assert [title for title in titles if not title.startswith(page.title)] == [], page.file


def test_the_rules_page_looks_up_the_machines_of_fed_plants_too(running):
    def script():
        from app.alarms_rules import rules_view

        rules_view()

    test = AppTest.from_function(script, default_timeout=30).run()

    assert not test.exception
    assert not test.error
    test.text_area[0].set_value("detectors:\n  limits: {confirm: 3}\n").run()
    assert "no detector is called 'limits'" in test.error[0].value
