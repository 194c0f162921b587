"""The instructors' pages on a small real class: every part runs, acts act, and students get none of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from streamlit.testing.v1 import AppTest

from app import lab as lab_module
from app.classroom.boards import what_counts
from app.keys import Keys
from app.keys_of_session import MENU_KEY
from app.lab import Lab
from engine.classroom.review import Item
from engine.classroom.spec import load_spec
from engine.clock import Clock
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import time_us
from engine.runner import Runner
from engine.store.store import Store
from tests.app.classroom import demo_class
from tests.app.conftest import user

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
SHELL = str(ROOT / "app" / "shell.py")
PHRASE = "bodake-mirusa-felopi"
PAGES = ("class_room", "grading", "conductor", "audit")
PARTS = [
    ("class_room", "people"),
    ("class_room", "assignments"),
    ("class_room", "rubric"),
    ("class_room", "boards"),
    ("class_room", "preview"),
    ("grading", "queue"),
    ("grading", "results"),
    ("grading", "publish"),
    ("grading", "items"),
    ("grading", "evidence"),
    ("grading", "gradebook"),
    ("conductor", "round"),
    ("conductor", "question"),
    ("audit", ""),
    ("room", ""),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab with a class of twelve that has handed in; shared, for making it takes seconds."""
    folder = tmp_path_factory.mktemp("class")
    demo_class.fill(folder, 12)
    store, clock = Store(folder), Clock(wall=lambda: 100.0, speed=10.0, start_us=time_us("2026-01-05T08:00:00Z"))
    runner = Runner(Plant(load_plant("pump_station"), seed=7), store, {}, clock)
    opened = Lab(store, runner, Keys(folder, PHRASE))
    lab_module.publish(opened)
    yield opened
    lab_module.publish(None)
    opened.close()


def page(name: str, part: str = "", role: str = "instructor", person: str | None = None) -> AppTest:
    test = AppTest.from_file(SHELL, default_timeout=60)
    test.user = user(role) if person is None else {"role": role, "person": person}
    test.run()
    if part:
        test.query_params["part"] = part
    return test.switch_page(str(ROOT / "pages" / f"{name}.py")).run()


def words(test: AppTest) -> str:
    kinds = ("title", "header", "subheader", "markdown", "caption", "code", "success", "info", "warning", "error")
    shown = [str(element.value) for kind in kinds for element in getattr(test, kind)]
    return " ".join([*shown, *(button.label for button in test.button)])


def press(test: AppTest, label: str) -> AppTest:
    return next(b for b in test.button if b.label == label).click().run()


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_every_part_of_every_page_runs(made: Lab, name: str, part: str):
    test = page(name, part)

    assert not test.exception
    assert test.title
    assert [error.value for error in test.error] == []


@pytest.mark.parametrize("role", ["student", "ta"])
def test_nobody_but_instructors_gets_these_pages(made: Lab, role: str):
    test = AppTest.from_file(SHELL, default_timeout=20)
    test.user = user(role)
    test.run()
    shown = {one.url_path for pages in test.session_state[MENU_KEY].values() for one in pages}
    theirs = {"grading"} if role == "ta" else set()
    assert shown & set(PAGES) == theirs
    for name in sorted(set(PAGES) - theirs):
        alone = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=20)
        alone.user = user(role)
        alone.run()
        assert not alone.title
        assert "instructors" in alone.warning[0].value


def test_an_assistant_grades_without_names_exports_or_publishing(made: Lab):
    test = page("grading", "gradebook", role="ta")

    assert not test.exception
    assert test.button_group[0].options == ["Queue", "Results and marks", "Items"]


@pytest.mark.parametrize("change", ["student", "dropped"])
def test_an_assistant_who_is_one_no_longer_finds_the_grading_page_shut_at_the_next_run(made: Lab, change: str):
    """Also with the session that was opened before."""
    people = made.classroom.people
    person, _ = people.add("ta")
    test = page("grading", role="ta", person=person.person)
    assert test.button_group[0].options == ["Queue", "Results and marks", "Items"]

    _ = people.drop(person.person) if change == "dropped" else people.set_role(person.person, "student")
    test.run()

    assert not test.exception
    assert not test.button_group
    assert "grading" not in {one.url_path for pages in test.session_state[MENU_KEY].values() for one in pages}


def test_names_are_hidden_until_asked_for(made: Lab):
    test = page("class_room", "people")
    hidden = set(test.dataframe[0].value.columns)
    test.toggle(key="show_names").set_value(True).run()

    assert "Name" not in hidden
    assert "Name" in set(test.dataframe[0].value.columns)


def test_pasted_names_join_with_a_pin_each_shown_once(made: Lab):
    before = len(made.classroom.people.students())
    test = page("class_room", "people")
    test.text_area(key="roster_names").set_value("Zoë 🙂\nBo, the 2nd\n").run()
    assert "names" in words(test)
    press(test, "Import")

    assert len(made.classroom.people.students()) == before + 2
    pins = dict(test.session_state["fresh_pins"])
    assert len(pins) == 2
    press(test, "I have them")
    assert "fresh_pins" not in test.session_state
    for person in made.classroom.people.students():
        if person.handle in pins:
            made.classroom.people.drop(person.person)


def test_the_editor_names_the_line_of_a_mistake_and_does_not_save(made: Lab):
    test = page("class_room", "assignments")
    test.selectbox(key="assignment").select("wk5-draft").run()
    area = next(a for a in test.text_area if a.key == "assignment_text/wk5-draft")
    area.set_value(area.value.replace("mode: graded", "mode: gradet")).run()

    assert "line 5" in test.error[0].value
    assert next(b for b in test.button if b.key == "assignment_save").disabled


def test_what_the_wizard_proposes_goes_all_the_way_to_the_release(made: Lab):
    """With its own days, faults, level and rubric; shared, to make one plant only."""
    test = page("class_room", "assignments")
    test.text_input(key="wizard_title").set_value("Quick one").run()
    test.selectbox(key="wizard_variants/False").select("shared").run()
    press(test, "Make the assignment")
    assert made.classroom.assignments.state("quick-one") == "draft"

    made.classroom.make_variants("quick-one")
    gate = made.classroom.check("quick-one")
    assert gate.passed, gate.problems
    test = page("class_room", "assignments")
    test.selectbox(key="assignment").select("quick-one").run()
    labels = test.selectbox(key="assignment").options
    test.button(key="release_go").click().run()

    assert "points that a careful person is expected to earn" in words(test)
    test.session_state["fairness_of/quick-one"] = made.classroom.fairness("quick-one")
    test.run()
    assert {"The exact truth earns", "Range (at most 10)"} <= {metric.label for metric in test.metric}
    assert test.selectbox(key="assignment").options == labels, "a label that changes with the state loses the choice"
    assert made.classroom.assignments.state("quick-one") == "released"
    assert made.classroom.assignments.commitment("quick-one") in words(test)


def test_a_rubric_that_pays_lazy_robots_cannot_be_used(made: Lab):
    test = page("class_room", "rubric")
    test.selectbox(key="assignment").select("wk3-pump").run()
    area = next(a for a in test.text_area if str(a.key).startswith("rubric/"))
    area.set_value(area.value.replace("  - recall\n  - precision_gate\n", "  - recall\n")).run()

    assert "Not proven" in test.error[0].value
    assert next(b for b in test.button if b.key == "rubric_go").disabled


def test_a_verdict_shows_its_effect_before_anything_changes(made: Lab):
    test = page("grading", "queue")
    test.selectbox(key="assignment").select("wk3-pump").run()
    item = made.classroom.review.queue("wk3-pump")[0]
    assert item.kind == "disputed"
    test.button(key=f"verdict-2/{item.item}").click().run()

    variant = made.classroom.assignments.variants("wk3-pump")[0].variant
    assert made.classroom.assignments.keys("wk3-pump")[variant].version == 1
    assert "results change" in words(test)
    press(test, "Decide")
    assert made.classroom.assignments.keys("wk3-pump")[variant].version == 2
    assert item.item not in {one.item for one in made.classroom.review.queue("wk3-pump")}
    looks = [e for e in made.classroom.audit.entries() if e.action == "looked at the truth of"]
    assert looks[-1].actor == "instructor"


def deciding(test: AppTest, name: str) -> str:
    """Return the key of the queue's button of that name, which names its item; empty when there is none."""
    return next((b.key for b in test.button if str(b.key).startswith(f"{name}/")), "")


def test_points_by_key_go_on_to_the_next_and_can_be_taken_back(made: Lab):
    test = page("grading", "queue")
    test.selectbox(key="assignment").select("wk3-pump").run()
    while deciding(test, "verdict-0"):
        press(test, "Next, decide later")
    first = made.classroom.review.progress("wk3-pump")[0]
    pressed = deciding(test, "points-3")
    test.button(key=pressed).click().run()
    assert made.classroom.review.progress("wk3-pump")[0] == first + 1
    marks = [m for r in made.classroom.grading.results("wk3-pump") for m in r.marks]
    assert [m.points for m in marks] == [10.0]
    assert deciding(test, "points-3") not in ("", pressed), "a key pressed twice would mark a report nobody has read"

    press(test, "Take the last one back")
    assert made.classroom.review.progress("wk3-pump")[0] == first


def test_publishing_is_two_steps_and_never_lower_is_a_choice(made: Lab):
    test = page("grading", "publish")
    test.selectbox(key="assignment").select("wk3-pump").run()
    test.button(key="publish_go").click().run()
    results = made.classroom.grading.results("wk3-pump")
    assert made.classroom.assignments.state("wk3-pump") == "published"
    assert not any(made.classroom.regrades.is_released("wk3-pump", r) for r in results)

    test.selectbox(key="release_scope").select("section:A").run()
    test.button(key="results_go").click().run()
    assert not any(made.classroom.regrades.is_released("wk3-pump", r) for r in results), "extra time still runs"
    assert "end the open attempts" in " ".join(str(one.value) for one in test.error)
    test.checkbox(key="end_open").check().run()
    test.button(key="results_go").click().run()
    released = {r.person.section for r in results if made.classroom.regrades.is_released("wk3-pump", r)}
    assert released == {"A"}


def test_a_gradebook_file_is_written_and_logged(made: Lab):
    test = page("grading", "gradebook")
    test.selectbox(key="assignment").select("wk3-pump").run()
    press(test, "Write it")

    text = test.session_state["written"][2]
    assert text.splitlines()[0] == "Student,ID,SIS User ID,SIS Login ID,Section,Label the pump"
    assert made.classroom.audit.entries()[-1].action == "exported"


def test_a_round_is_sealed_called_and_revealed_without_names(made: Lab):
    test = page("conductor", "round")
    press(test, "Start the round")
    name, kind, state = made.classroom.conductor.newest() or ("", "", "")
    assert (kind, state) == ("fault", "running")
    (sealed,) = made.plant.journal.injections
    fault = sealed.fault.replace("_", " ")
    assert not {sealed.fault, fault} & set(words(test).split())
    student = made.classroom.people.students()[0]
    room = page("room", role="student", person=student.person)
    assert not room.exception
    assert fault not in words(room)
    room.button(key=f"call/{sealed.machine}").click().run()
    assert made.classroom.conductor.calls_of(name, student.person) == 1

    test.button(key="round_pause").click().run()
    assert made.runner.clock.paused
    test.button(key="round_resume").click().run()
    test.button(key="round_reveal").click().run()
    room = page("room", role="student", person=student.person)

    assert fault in test.header[0].value
    assert student.handle not in words(test)
    assert fault in words(room)


def test_a_question_is_voted_on_twice_and_small_counts_are_hidden(made: Lab):
    test = page("conductor", "question")
    press(test, "Put it to the room")
    student = made.classroom.people.students()[0]
    for step in ("Open the vote", "Close the vote", "Talk to your neighbour", "Vote again", "Reveal"):
        press(test, step)
        if step in ("Open the vote", "Vote again"):
            room: Any = page("room", role="student", person=student.person)
            next(b for b in room.button if b.label == "vibration").click().run()
            assert not room.exception
    name, _, state = made.classroom.conductor.newest() or ("", "", "")

    assert state == "reveal"
    assert dict(made.classroom.conductor.tally(name, "second").counts)["vibration"] == "<5"
    assert "vibration" in test.success[0].value


def test_the_audit_page_proves_the_chain(made: Lab):
    test = page("audit")

    assert "The chain holds" in test.success[0].value
    made.classroom.people._records.audit.change({"seq": 3}, action="forged")
    assert "broken at entry 3" in page("audit").error[0].value


def test_joining_by_code_is_closed_and_opened_on_the_page(made: Lab):
    test = page("class_room", "people")

    test.toggle(key="joining").set_value(False).run()
    closed = made.classroom.people.joining
    test.toggle(key="joining").set_value(True).run()

    assert (closed, made.classroom.people.joining) == (False, True)


def test_everybody_with_the_pass_phrase_is_signed_out_on_the_page(made: Lab):
    before = made.sign_ins.phrase_epoch

    press(page("class_room", "people"), "Sign out all with the pass phrase")

    assert made.sign_ins.phrase_epoch != before


def test_what_a_student_wrote_is_shown_as_text(made: Lab, monkeypatch: pytest.MonkeyPatch):
    """As Markdown a picture in it would load from the student's server in the grader's browser."""
    text = "![look](http://evil.example/x.png) **bold**"
    item = Item("dispute:D1", "dispute", "V1", text=text)
    monkeypatch.setattr(made.classroom.review, "queue", lambda name: [item])

    test = page("grading", "queue")

    assert text in [one.value for one in test.text]
    assert not any("evil.example" in str(one.value) for one in (*test.markdown, *test.caption))


def test_the_right_answer_of_a_question_waits_behind_a_closed_door(made: Lab):
    """The form may stand on the projector before the vote begins."""
    test = page("conductor", "question")

    (door,) = [one for one in test.expander if "away from the projector" in one.label]
    assert [one.key for one in door.number_input] == ["question-right"]
    assert not door.proto.expanded


def test_a_competition_of_the_wizard_has_a_board_and_a_part_that_it_never_sees(made: Lab):
    test = page("class_room", "assignments")
    test.selectbox(key="wizard_mode").set_value("competition").run()

    file = next(code.value for code in test.code if "mode: competition" in code.value)
    spec = load_spec(file)

    assert spec.board is not None
    assert spec.board.show == "handles"
    assert (spec.split.by, spec.variants) == ("event", "shared")


def test_a_board_without_a_split_does_not_speak_of_unseen_data():
    assert what_counts(True) == "The mark comes from data that no board has seen."
    assert "the same data" in what_counts(False)
