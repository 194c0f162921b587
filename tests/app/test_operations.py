"""The pages Alarms, Lines and Explore: for every role, without truth, with refusals in one sentence."""

from __future__ import annotations

import pytest

from app.alarms_load import run_alarms
from app.alarms_rules import alarms_under
from app.alarms_view import by_machine
from app.board import clock, lasting, pill, table
from app.explore_examples import examples
from app.explore_view import as_csv, numeric_columns, unique
from app.keys_of_session import MENU_KEY
from engine.alarming.policy import read_policy
from engine.errors import LabError
from engine.store.explore import INSTRUCTOR_VIEWS, STUDENT_VIEWS, Answer
from tests.app.test_pages import opened_page
from tests.engine.alarming.test_load import alarm


@pytest.fixture
def alarmed(running, wall):
    """The lab with a broken machine and its alarms."""
    running.runner.inject(fault="bearing_failure", machine="MACHINE_002", severity=1.0, ramp_s=1.0)
    running.runner.set_threshold("limit", 0.5)
    for _ in range(60):
        wall.now += 0.1
        running.runner.step_once()
    assert running.runner.desk.standing
    return running


@pytest.mark.parametrize("role", ["ta", "instructor"])  # a student's pages are read for truth below
@pytest.mark.parametrize("name", ["alarms", "lines", "explore"])
def test_the_pages_run_for_staff(alarmed, name, role):
    test = opened_page(name, role)

    assert not test.exception
    assert test.title


@pytest.mark.parametrize("name", ["alarms", "lines", "explore"])
def test_a_students_page_holds_no_truth(alarmed, name):
    number = alarmed.runner.desk.standing[0].number
    alarmed.runner.comment(number, "teacher", "look at the bearing_failure")

    test = opened_page(name)

    assert not test.exception
    text = " ".join(str(element) for element in test.main).lower()
    assert "bearing_failure" not in text
    assert "journal" not in text
    assert str(alarmed.plant.seed) not in [element.value for element in test.code]


def test_everybody_finds_the_pages_in_the_menu(running):
    for role in ("student", "instructor"):
        sections = opened_page("home", role).session_state[MENU_KEY]
        there = {page.url_path for pages in sections.values() for page in pages}
        assert {"alarms", "lines", "explore"} <= there


def test_only_staff_act_on_alarms(alarmed):
    student, assistant = opened_page("alarms"), opened_page("alarms", "ta")

    assert [button for button in student.button if "Acknowledge" in button.label] == []
    assistant.button(key="alarm_acknowledge_go").click().run()
    assert all(one.state == "acknowledged" for one in alarmed.runner.desk.standing)


def test_a_machine_can_be_shelved_and_taken_back(alarmed):
    test = opened_page("alarms", "instructor")

    test.selectbox(key="shelve_machine").select("MACHINE_002").run()
    test.button(key="shelve_go").click().run()
    assert ("MACHINE_002", None) in alarmed.runner.desk.shelves

    test.button(key="unshelve_go").click().run()
    assert alarmed.runner.desk.shelves == {}


@pytest.mark.parametrize("view", ["history", "load", "rules", "delivery"])
def test_every_view_of_the_alarms_page_runs(alarmed, view):
    test = opened_page("alarms", "instructor")

    test.button_group(key="alarms_view").set_value(view).run()

    assert not test.exception


def test_a_student_has_no_rules_to_edit(alarmed):
    (group,) = [one for one in opened_page("alarms").button_group if one.key == "alarms_view"]

    assert len(group.options) == 3


def test_a_wrong_rule_is_named_with_its_line_and_cannot_be_applied(alarmed):
    test = opened_page("alarms", "instructor")
    test.button_group(key="alarms_view").set_value("rules").run()

    test.text_area(key="alarm_policy_text").set_value("default:\n  confirn: 3\n").run()

    assert "line 2" in test.error[0].value
    assert "confirm" in test.error[0].value
    assert test.button(key="policy_apply").disabled


def test_rules_are_tried_on_the_past_and_then_hold(alarmed):
    alarmed.office.start()
    test = opened_page("alarms", "instructor")
    test.button_group(key="alarms_view").set_value("rules").run()

    test.text_area(key="alarm_policy_text").set_value("default:\n  confirm: 900\n").run()
    test.button(key="policy_try").click().run()
    assert not test.exception
    assert len(test.metric) == 2
    test.button(key="policy_apply").click().run()

    assert not test.exception
    assert alarmed.runner.desk.rules_for("limit").confirm == 900
    alarmed.office.close()


def test_stricter_rules_give_fewer_alarms_on_the_same_past(alarmed):
    loose, strict = read_policy("default:\n  confirm: 1\n"), read_policy("default:\n  confirm: 1000\n")

    assert alarms_under(loose) > alarms_under(strict) == 0


def test_the_highest_priority_comes_first_and_what_is_silenced_last():
    from dataclasses import replace

    ones = [
        replace(alarm(1, 0, "B", lasts_us=None), priority="notice"),
        replace(alarm(2, 0, "A", lasts_us=None), priority="critical", state="shelved"),
        replace(alarm(3, 0, "C", lasts_us=None), priority="critical"),
    ]

    assert [name for name, _ in by_machine(ones)] == ["C", "B", "A"]


def test_an_alarm_in_memory_and_in_the_store_counts_once(alarmed):
    alarmed.runner.core.commit_all()
    numbers = [one.number for one in run_alarms()]

    assert len(numbers) == len(set(numbers)) > 0


def test_an_instructor_sets_the_marks_of_one_line(alarmed):
    test = opened_page("lines", "instructor")
    assert not test.exception

    test.number_input(key="MACHINE_001/temperature/warning").set_value(61.0)
    next(button for button in test.button if button.label == "Set").click().run()

    assert not test.exception
    assert alarmed.lines.own[("MACHINE_001", "temperature")][0] == 61.0
    assert alarmed.runner.desk.guards.marks.keys() == {"MACHINE_001"}


def test_a_student_reads_the_marks_but_has_no_form(alarmed):
    test = opened_page("lines")

    assert [box for box in test.number_input if "warning" in str(box.key)] == []


def test_every_example_question_can_be_asked(alarmed):
    alarmed.runner.core.commit_all()
    spec = alarmed.spec
    known = examples(spec.sensor_names, spec.machines, alarmed.store.plant_table(spec.name).detectors)

    assert len(known) >= 9
    for one in known:
        answer = alarmed.store.explore(one.query, STUDENT_VIEWS, plant=spec.name)
        assert answer.columns, one.title


def test_a_question_is_answered_as_table_and_chart(alarmed):
    test = opened_page("explore")

    test.selectbox(key="explore_example").select("Mean and spread of each machine").run()

    assert not test.exception
    assert len(test.dataframe) == 1
    assert list(test.dataframe[0].value["machine"]) == list(alarmed.spec.machines)


@pytest.mark.parametrize(
    "query",
    [
        "select * from journal",
        "select * from read_csv('/etc/passwd')",
        "attach 'other.duckdb'",
        "drop table readings",
        "select 1; select 2",
        "selec 1",
    ],
)
def test_a_refused_question_is_one_sentence(alarmed, query):
    test = opened_page("explore")

    test.text_area(key="explore_query").set_value(query).run()
    test.button(key="explore_run").click().run()

    assert not test.exception
    (error,) = test.error
    assert "\n" not in error.value
    assert "Traceback" not in error.value


def test_instructors_may_ask_more_than_students():
    assert set(INSTRUCTOR_VIEWS) - set(STUDENT_VIEWS) == {"journal", "runs"}


def test_a_download_holds_no_formula_and_its_columns_differ():
    answer = Answer(("a", "a"), ("VARCHAR", "BIGINT"), (("=1+1", 2), ("x", -3)), cut=False, seconds=0.0)

    text = as_csv(answer).decode("utf-8-sig")

    assert text.splitlines() == ["a,a", "'=1+1,2", "x,-3"]
    assert unique(answer.columns) == ["a", "a (2)"]
    assert numeric_columns(answer) == [1]


def test_text_is_escaped_before_it_is_drawn():
    assert "<script>" not in pill("warning", "<script>")
    assert "<script>" not in table(["<script>"], [])


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(12, "12 s"), (89, "89 s"), (600, "10 min"), (3 * 3600 + 300, "3 h 05 min"), (90_000, "1 d 1 h")],
)
def test_durations_are_told_as_people_say_them(seconds, words):
    assert lasting(seconds) == words


def test_a_time_of_another_day_says_its_day():
    from engine.records import time_us

    at = time_us("2026-01-05T08:00:00Z")

    assert clock(at, at + 60_000_000) == "08:00:00"
    assert clock(at, at + 86_400_000_000) == "01-05 08:00:00"


def test_exports_hold_the_stored_readings_of_the_line(alarmed):
    from app.lines_history import exported

    alarmed.runner.core.commit_all()
    text = exported("MACHINE_001", "csv").decode()

    assert text.splitlines()[0].startswith("timestamp,machine_id,maintenance_status,temperature")
    assert {line.split(",")[1] for line in text.splitlines()[1:]} == {"MACHINE_001"}
    assert exported("MACHINE_001", "parquet")[:4] == b"PAR1"


def test_an_unknown_line_is_refused(alarmed):
    with pytest.raises(LabError, match="MACHINE_001"):
        alarmed.lines.set("MACHINE_9", {})


def test_how_a_question_would_be_answered_has_a_button_of_its_own(alarmed):
    test = opened_page("explore")

    test.button(key="explore_explain").click().run()

    assert not test.exception
    assert any("READINGS" in element.value.upper() or "─" in element.value for element in test.code)
