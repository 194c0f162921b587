"""What a student may do in the class, and what never reaches one: doors, ids, files, tabs, clocks."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from app.access import Access
from app.api import build_api
from app.api.assignments import _ticks
from app.classroom.rubric_words import gate_words, measure_words
from app.classroom.student import StudentDesk
from app.classroom.student_brief import steps_of
from app.login import login
from engine.classroom.assignments import Sealed
from engine.classroom.doors import OF_ADDRESS
from engine.classroom.gate import Gate, GateRow
from engine.classroom.label_book import LabelBook
from engine.classroom.measures import MEASURES
from engine.classroom.spec import moment_us
from engine.errors import AccessError, FileProblemError, LabError
from engine.records import HOUR_US, MINUTE_US, Label

ROOT = Path(__file__).resolve().parents[3]
NOW = "2026-03-03 12:00 Europe/Berlin"
TEXT = """
version: 1
id: pump
title: Label the pump
mode: graded
submit: labels
plant: {machines: [MACHINE_001, MACHINE_002], days: 1, rate_hz: 0.05, events: 4, level: easy}
variants: per_student
when:
  release: 2026-03-02 09:00 Europe/Berlin
  credit:
    - {until: 2026-03-09 23:59, percent: 100}
rubric: interval-v1
"""
NIGHT = TEXT.replace("id: pump", "id: night") + "future_hidden: true\n"


class Clock:
    """The server's clock; tests set it."""

    def __init__(self) -> None:
        self.us = moment_us(NOW)

    def __call__(self) -> int:
        return self.us


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def school(opened, clock, monkeypatch):
    """The class of the open lab at a set time, with one student and nothing released."""
    made = opened.classroom
    for name in ("now_us",):
        monkeypatch.setattr(made, name, clock)
    for desk in (made.people, made.assignments, made.submissions, made.drafts, made.calls, made.feedback, made.grading):
        monkeypatch.setattr(desk, "_now_us", clock)
    made.people.add()
    return made


def release(school, text: str = TEXT) -> str:
    """Release an assignment without the robots' hour: one draw for each person."""
    spec = school.assignments.save(text)
    persons = [person.person for person in school.people.students()]
    made = [Sealed(one, school.plants.variant(spec.id, one, 0).key(), 0, 0.5) for one in persons]
    school.assignments.seal(spec.id, made)
    rows = tuple(GateRow(v.variant, 60.0, 5.0, 4.0, 0.5) for v in school.assignments.variants(spec.id))
    school.store_gate(spec.id, Gate(rows, ()))
    school.assignments.release(spec.id)
    return spec.id


@pytest.fixture
def desk(school) -> StudentDesk:
    release(school)
    return StudentDesk(school, school.people.students()[0])


@pytest.fixture
def client(school) -> TestClient:
    routes = [Route("/login", login, methods=["GET", "POST"]), Mount("/api", app=build_api())]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Access)]), follow_redirects=False)


def token_headers(desk: StudentDesk) -> dict[str, str]:
    return {"Authorization": f"Bearer {desk.token()}"}


def page(name: str, desk: StudentDesk | None, **address: str) -> AppTest:
    test = AppTest.from_file(str(ROOT / "app" / "shell.py"), default_timeout=30)
    test.user = {"role": "student", "person": None if desk is None else desk.person.person}
    for key, value in address.items():
        test.query_params[key] = value
    test.run()
    return test.switch_page(str(ROOT / "pages" / f"{name}.py")).run()


def words(test: AppTest) -> str:
    kinds = ("title", "markdown", "caption", "info", "warning", "error", "success", "code", "metric")
    return " ".join(str(element.value) for kind in kinds for element in getattr(test, kind))


# coming in
def test_a_join_code_makes_a_student_whose_handle_and_pin_are_shown_once(school, client):
    code = school.people.join_code()

    answer = client.post("/login", data={"way": "join", "code": code.lower()})
    told = client.get(f"/{answer.headers['location']}")

    handle, pin = re.findall(r'class="key">([^<]+)<', told.text)
    assert "faultlab=" in answer.headers["set-cookie"]
    assert school.people.enter(handle, pin).role == "student"
    assert pin not in client.get("/login").text


def test_handle_and_pin_open_the_door_and_every_failure_looks_the_same(school, client):
    person, pin = school.people.add()
    right = client.post("/login", data={"way": "enter", "handle": person.handle.upper(), "pin": pin})
    wrong = [
        client.post("/login", data={"way": "enter", "handle": handle, "pin": "000000"})
        for handle in (person.handle, "no-such-handle")
    ]

    assert right.status_code == 303
    assert [answer.status_code for answer in wrong] == [403, 403]
    assert wrong[0].text == wrong[1].text
    assert "set-cookie" not in wrong[0].headers


def test_a_guesser_waits_and_those_who_are_known_do_not(school, client, monkeypatch):
    """Forty students share one address; no time passes at the door."""
    monkeypatch.setattr(school.people.doors, "_wall", lambda: 100.0)
    person, pin = school.people.add()
    for _ in range(OF_ADDRESS.free + 1):
        client.post("/login", data={"way": "join", "code": "AAAAAA"})

    blocked = client.post("/login", data={"way": "join", "code": school.people.join_code()})
    known = client.post("/login", data={"way": "enter", "handle": person.handle, "pin": pin})

    assert blocked.status_code == 403
    assert "Too many" in blocked.text
    assert known.status_code == 303


def test_a_dropped_student_is_outside_at_once(school, desk, client):
    headers = token_headers(desk)
    assert client.get("/api/v1/assignments/pump/window?machine=MACHINE_001", headers=headers).status_code == 200

    school.people.drop(desk.person.person)

    assert client.get("/api/v1/assignments/pump/window?machine=MACHINE_001", headers=headers).status_code == 401
    assert "not in the class" in words(page("assignments", desk))


def test_a_stream_of_a_student_who_is_dropped_ends_at_its_next_tick(school, desk):
    block, _ = desk.readings("pump")
    ticks = _ticks(desk, block, 1e9, None)  # every tick is due at once: they come in batches

    async def read() -> int:
        seen = 0
        async for _ in ticks:
            seen += 1
            if seen == 3:
                school.people.drop(desk.person.person)
        return seen

    assert asyncio.run(read()) == 3


def test_a_new_token_ends_the_old_one(school, desk):
    first = desk.token()
    second = desk.token()

    assert school.people.by_token(second).person == desk.person.person
    with pytest.raises(AccessError):
        school.people.by_token(first)


# what is asked for by an id
@pytest.mark.parametrize("path", ["window?machine=MACHINE_001", "data", "submissions", "stream?limit=1"])
def test_an_id_that_is_guessed_and_one_that_is_not_out_look_the_same(school, desk, client, path):
    school.assignments.save(TEXT.replace("id: pump", "id: later"))
    headers = token_headers(desk)

    answers = [client.get(f"/api/v1/assignments/{name}/{path}", headers=headers) for name in ("later", "nothing")]

    assert answers[0].status_code == answers[1].status_code == 403
    assert answers[0].json() == answers[1].json()


def test_pages_say_the_same_about_an_unknown_and_an_unreleased_assignment(school, desk):
    school.assignments.save(TEXT.replace("id: pump", "id: later"))

    said = [page("assignments", desk, assignment=name).error[0].value for name in ("later", "nothing")]

    assert said[0] == said[1] == "There is no such assignment. Yours are listed under My assignments."


def test_a_link_to_an_assignment_that_is_not_there_never_shows_another_one(school, desk):
    release(school, TEXT.replace("id: pump", "id: tune").replace("submit: labels", "submit: params")
            .replace("interval-v1", "params-v1"))  # fmt: skip

    unknown, nothing_to_label = page("label", desk, assignment="nothing"), page("label", desk, assignment="tune")

    assert unknown.error[0].value.startswith("There is no such assignment.")
    assert "nothing to label" in nothing_to_label.info[0].value
    for test in (unknown, nothing_to_label):
        assert not test.exception
        assert not [one for one in test.button if one.key == "hand-in-labels"]


def test_choosing_another_assignment_changes_the_address(school, desk):
    release(school, TEXT.replace("id: pump", "id: second").replace("title: Label", "title: Label again"))
    test = page("label", desk, assignment="pump")

    test.selectbox(key="chosen-assignment").set_value("second").run()

    assert test.query_params["assignment"] == "second"
    assert test.selectbox(key="chosen-assignment").value == "second"


def test_signing_in_and_joining_lead_back_to_the_page_that_was_meant(school, client):
    person, pin = school.people.add()
    back = "label?assignment=pump"
    form = client.get("/login", params={"back": back}).text
    wrong = client.post("/login", data={"way": "enter", "handle": "x", "pin": "0", "back": back}).text
    right = client.post("/login", data={"way": "enter", "handle": person.handle, "pin": pin, "back": back})
    client.cookies.clear()
    joined = client.post("/login", data={"way": "join", "code": school.people.join_code(), "back": back})
    shown = client.get("/" + joined.headers["location"]).text

    for text in (form, wrong):
        assert 'name="back" value="label?assignment=pump"' in text
        assert "login?language=de&amp;back=label%3Fassignment%3Dpump" in text
    assert right.headers["location"] == "./label?assignment=pump"
    assert 'class="key"' in shown
    assert 'href="./label?assignment=pump"' in shown


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "../x", "a" * 400, "login", "x\r\nSet-Cookie: a"]
)
def test_a_way_back_never_leaves_the_lab(school, client, back):
    person, pin = school.people.add()

    answer = client.post("/login", data={"way": "enter", "handle": person.handle, "pin": pin, "back": back})

    assert answer.headers["location"] == "./"


def test_a_page_that_is_closed_names_itself_in_the_sign_in_link(school):
    test = page("label", None, assignment="pump")

    assert sum("login?back=label%3Fassignment%3Dpump" in str(html.value if hasattr(html, "value") else html.proto)
               for html in test.get("html")) == 2  # fmt: skip


def test_before_the_release_time_there_is_no_data(school, clock, desk, client):
    clock.us = moment_us("2026-03-01 09:00 Europe/Berlin")

    assert desk.card("pump").phase == "before"
    for ask in (lambda: desk.readings("pump"), lambda: desk.file("pump", "csv"), lambda: desk.hand_in_labels("pump")):
        with pytest.raises(AccessError, match="not open yet"):
            ask()
    assert (
        client.get("/api/v1/assignments/pump/window?machine=MACHINE_001", headers=token_headers(desk)).status_code
        == 403
    )


def test_a_stranger_gets_the_way_in_and_nothing_else(school, desk, client):
    assert client.get("/api/v1/assignments/pump/window?machine=MACHINE_001").status_code == 401
    for name in ("assignments", "label"):
        test = page(name, None)
        assert not test.exception
        assert "join code" in test.info[0].value


# pages
@pytest.mark.parametrize("name", ["assignments", "label", "board", "verify"])
def test_every_student_page_runs(school, desk, name):
    test = page(name, desk)

    assert not test.exception
    assert test.title or test.info


def test_an_assignment_shows_its_dates_data_and_commitment(school, desk):
    test = page("assignments", desk, assignment="pump")

    assert not test.exception
    assert "100 %" in words(test)
    assert desk.variant("pump").variant in words(test)
    assert school.assignments.commitment("pump") in [code.value for code in test.code]


def test_an_assignment_says_what_to_do_how_often_and_what_earns_points(school, desk):
    said = words(page("assignments", desk, assignment="pump"))

    assert "Mark each fault from its beginning to its end" in said
    assert "2 machines, 1 day, one reading each 20 s" in said
    assert "You may hand in 12 times in all, 3 a day; the last one counts." in said
    for line, points in (("Found", 40), ("Clean", 25), ("Tight", 15), ("Named", 10), ("Explained", 10)):
        assert f"**{line}**, {points} points: " in said
    assert "says why" in said


def test_the_way_leads_from_labels_to_the_result_in_one_line(school, desk):
    def steps() -> list[str]:
        labels = len(desk.book("pump")[0].labels)
        return [state for _, state in steps_of(desk.card("pump"), labels, released=False)]

    assert steps() == ["now", "later", "later"]
    start = desk.variant("pump").start_us
    desk.save("pump", LabelBook().add(Label("MACHINE_001", start, start + HOUR_US)), 0)
    assert steps() == ["done", "now", "later"]
    desk.hand_in_labels("pump")
    assert steps() == ["done", "done", "now"]
    assert "radio_button_checked: **Result**" in words(page("label", desk, assignment="pump"))


def test_home_shows_a_student_open_work_with_the_time_left_and_the_next_lesson(school, desk):
    test = page("home", desk)

    assert not test.exception
    said = words(test)
    assert "days left for 100 %" in said
    assert "No result is out yet." in said
    assert "pass phrase" not in said
    links = [one.proto.label for one in test.get("page_link")]
    assert "Label the pump" in links
    assert len(links) == 2


def test_home_says_nothing_of_a_class_to_a_stranger(school, desk):
    said = words(page("home", None))

    assert "Open work" not in said
    assert "pass phrase" in said


def test_a_time_limit_hides_the_data_until_one_begins_and_then_runs(school, clock, desk, client):
    release(school, TEXT.replace("id: pump", "id: exam").replace("rubric:", "attempts: {per_day: null}\nrubric:")
            .replace("percent: 100}", "percent: 100}\n  time_limit_minutes: 10"))  # fmt: skip
    headers, data = token_headers(desk), "/api/v1/assignments/exam/data"

    waiting = page("assignments", desk, assignment="exam")
    assert "You have 10 minutes from the moment you begin." in words(waiting)
    assert client.get(data, headers=headers).status_code == 403
    assert client.get(data.replace("data", "window?machine=MACHINE_001"), headers=headers).status_code == 403

    begun = waiting.button(key="begin-assignment").click().run()
    assert "Time left: 10 min" in words(begun)
    assert client.get(data, headers=headers).status_code == 200
    assert client.post("/api/v1/assignments/exam/begin", headers=headers).json()["time_limit_minutes"] == 10

    clock.us += 11 * MINUTE_US + 1000
    assert desk.card("exam").phase == "closed"
    sent = {"labels": [{"machine": "MACHINE_001", "start": "2026-03-02T10:00:00Z", "end": "2026-03-02T11:00:00Z"}]}
    late = client.post("/api/v1/assignments/exam/submissions", headers=headers, json=sent)
    assert "Your 10 minutes ended" in late.text
    assert desk.card("exam").receipts == ()


def test_every_measure_of_a_rubric_has_plain_words():
    said = {**measure_words(), **gate_words()}

    assert {name for group in MEASURES.values() for name in group} == set(said)


def test_labels_are_made_named_moved_undone_and_handed_in_without_a_mouse(school, desk):
    start = desk.variant("pump").start_us
    test = page("label", desk, assignment="pump")

    test.text_input(key="new-start").set_value("2026-03-02 10:00:00")
    test.text_input(key="new-end").set_value("2026-03-02 11:00:00")
    next(button for button in test.button if button.label == "Add label").click().run()
    (label,) = desk.book("pump")[0].labels
    assert (label.end_us - label.start_us) == HOUR_US
    assert (label.start_us - start) % (20 * 1_000_000) == 0

    test.button(key="nudge-end-10").click().run()
    assert desk.book("pump")[0].labels[0].end_us - label.end_us == 10 * 20 * 1_000_000
    test.button(key="label-undo").click().run()
    assert desk.book("pump")[0].labels == (label,)
    test.checkbox(key="honour-pump").check().run()
    test.button(key="hand-in-labels").click().run()

    (receipt,) = desk.card("pump").receipts
    assert not test.exception
    assert receipt.submission in words(test)
    assert receipt.sha256 in [code.value for code in test.code]


def test_two_tabs_cannot_lose_each_others_labels(school, desk):
    """The older tab is told, and takes what the other saved."""
    test = page("label", desk, assignment="pump")
    start = desk.variant("pump").start_us
    other = LabelBook().add(Label("MACHINE_001", start, start + MINUTE_US))
    desk.save("pump", other, 0)

    test.text_input(key="new-end").set_value("2026-03-02 11:00:00")
    next(button for button in test.button if button.label == "Add label").click().run()

    assert "another tab" in test.error[0].value
    assert desk.book("pump")[0] == other
    test.button(key="label-reload").click().run()
    assert "1" in words(test)


# handing in
def test_a_malformed_file_is_one_sentence_with_its_line_and_no_attempt(desk):
    before = desk.card("pump").attempts_left
    raw = b"machine_id,start,end\nMACHINE_001,2026-03-02T10:00:00Z,soon\n"

    with pytest.raises(FileProblemError, match=r"labels\.csv, line 2: 'soon' is no time"):
        desk.hand_in_file("pump", raw, "labels.csv")

    assert desk.card("pump").attempts_left == before
    assert desk.card("pump").receipts == ()


@pytest.mark.parametrize("name", ["../../x", "..\\..\\x", "/etc/passwd", "\u202egnp.exe", "\U0001f600" * 50, ""])
def test_a_files_name_is_only_ever_shown(desk, tmp_path, name):
    before = sorted(tmp_path.rglob("*"))
    raw = b"machine_id,start,end\nNOBODY,2026-03-02T10:00:00Z,2026-03-02T11:00:00Z\n"

    with pytest.raises(FileProblemError) as problem:
        desk.hand_in_file("pump", raw, name)

    assert ".." not in str(problem.value)
    assert "/etc" not in str(problem.value)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("cell", ["=cmd|'/c calc'!A1", "=SUM(A1)", "@x", "\u202eevil", "محمد", "🙂"])
def test_odd_cells_are_text_or_a_sentence(desk, cell):
    raw = f'machine_id,start,end,note\nMACHINE_001,2026-03-02T10:00:00Z,2026-03-02T11:00:00Z,"{cell}"\n'

    desk.hand_in_file("pump", raw.encode(), "labels.csv")

    with pytest.raises(FileProblemError, match="no machine"):
        desk.hand_in_file("pump", raw.replace("MACHINE_001", cell.replace(",", "")).encode(), "labels.csv")


def test_the_same_labels_are_taken_once(desk):
    start = desk.variant("pump").start_us
    desk.save("pump", LabelBook().add(Label("MACHINE_001", start, start + HOUR_US)), 0)

    assert desk.hand_in_labels("pump") == desk.hand_in_labels("pump")


# the hidden future
@pytest.fixture
def night(school) -> StudentDesk:
    release(school, NIGHT)
    return StudentDesk(school, school.people.students()[0])


def test_nothing_of_the_future_leaves_the_server(night, clock, client):
    headers = token_headers(night)
    ask = "/api/v1/assignments/night/window?machine=MACHINE_001&points=2000"
    assert client.get(ask, headers=headers).json()["t"] == []

    night.run("night", 600.0)
    clock.us += 6_000_000
    told = client.get(ask, headers=headers).json()

    start = night.variant("night").start_us
    assert told["until"] == (start + HOUR_US) / 1000
    assert 0 < max(told["t"]) < (start + HOUR_US) / 1000
    assert all(len(values) == len(told["t"]) for values in told["lo"].values())
    for path in ("data", "data?format=parquet", "stream"):
        assert client.get(f"/api/v1/assignments/night/{path}", headers=headers).status_code == 403


def test_an_alarm_is_stamped_by_the_servers_stream_whatever_the_client_says(night, clock):
    night.run("night", 600.0)
    clock.us += 6_000_000
    night.call("night", "MACHINE_001", "raise")
    clock.us += 6_000_000
    night.hold("night")
    clock.us += 60_000_000
    assert night.standing("night") == {"MACHINE_001"}
    night.call("night", "MACHINE_001", "clear")

    (label,) = night.called("night")
    start = night.variant("night").start_us
    assert (label.start_us, label.end_us) == (start + HOUR_US, start + 2 * HOUR_US)
    assert night.standing("night") == set()


def test_labels_made_with_hindsight_are_refused_where_the_future_is_hidden(night, client):
    start = night.variant("night").start_us
    raw = b"machine_id,start,end\nMACHINE_001,2026-03-02T10:00:00Z,2026-03-02T11:00:00Z\n"
    night.save("night", LabelBook().add(Label("MACHINE_001", start, start + HOUR_US)), 0)

    with pytest.raises(LabError, match="while the data comes in"):
        night.hand_in_file("night", raw, "labels.csv")
    with pytest.raises(LabError, match="nothing to hand in"):
        night.hand_in_labels("night")
    answer = client.post(
        "/api/v1/assignments/night/submissions", json={"csv": raw.decode()}, headers=token_headers(night)
    )
    assert answer.status_code == 422


def test_the_watching_page_runs_and_raises(night, clock):
    test = page("label", night, assignment="night")
    test.button(key="watch-run").click().run()
    clock.us += 3_000_000
    test.run()
    test.button(key="call-MACHINE_002").click().run()

    assert not test.exception
    assert night.standing("night") == {"MACHINE_002"}


# coming late, and looking back
def test_who_joins_after_the_release_gets_a_plant_of_its_own(school, desk):
    person, _ = school.people.add()
    late = StudentDesk(school, person)
    assert not late.has_data("pump")

    late.make_data("pump")

    assert late.has_data("pump")
    assert late.variant("pump").variant != desk.variant("pump").variant


def test_results_and_disputes_open_with_the_release_and_not_before(school, desk, clock, monkeypatch):
    for one in (school.regrades, school.review):
        monkeypatch.setattr(one, "_now_us", clock)
    start = desk.variant("pump").start_us
    desk.save("pump", LabelBook().add(Label("MACHINE_001", start, start + HOUR_US)), 0)
    desk.hand_in_labels("pump")
    school.regrades.publish(school.regrades.dry_run("pump"))
    assert desk.results("pump") == []
    assert "<svg" not in desk.report("pump")

    with pytest.raises(LabError, match="results are out"):
        desk.dispute("pump", "MACHINE_001", start, start + HOUR_US, "too early")

    clock.us = moment_us("2026-03-10 06:00")
    school.regrades.release("pump")
    number = desk.dispute("pump", "MACHINE_001", start, start + HOUR_US, "the vibration doubles here")

    assert len(desk.results("pump")) == 1
    assert "<svg" in desk.report("pump")
    assert [one["dispute"] for one in desk.disputes("pump")] == [number]
    assert "vibration doubles" in str([one.value for one in page("assignments", desk, assignment="pump").text])


# oneself
def test_one_gets_everything_that_is_kept_about_oneself_and_nothing_of_others(school, desk):
    other, _ = school.people.add(name="Somebody Else")
    start = desk.variant("pump").start_us
    desk.save("pump", LabelBook().add(Label("MACHINE_001", start, start + HOUR_US)), 0)
    desk.hand_in_labels("pump")

    school.submissions.payloads("pump")  # waits for the tables; the receipt file has it already
    kept = desk.export()

    assert kept["person"]["handle"] == desk.person.handle
    assert len(kept["submissions"]) == 1
    assert other.handle not in str(kept)
    assert "pin" not in str(kept)


def test_the_students_modules_name_nothing_that_holds_truth():
    """Keys, seeds, draws and looks are for instructors' code; the students' side does not even mention them."""
    forbidden = re.compile(
        r"\.keys\(\w|\.look\(|\.seed\(|draw_of|difficulties\(|reference_marks|\.truth\(|engine\.store\.vault"
    )
    own = [*(ROOT / "app" / "classroom").glob("student*.py"), *(ROOT / "app" / "classroom").glob("label*.py")]
    own += [ROOT / "app" / "classroom" / f"{name}.py" for name in ("watching", "boards")]
    own += [
        ROOT / "app" / "api" / "assignments.py",
        *(ROOT / "pages" / f"{n}.py" for n in ("assignments", "label", "board")),
    ]

    assert len(own) > 12
    assert [str(path) for path in own if forbidden.search(path.read_text(encoding="utf-8"))] == []
