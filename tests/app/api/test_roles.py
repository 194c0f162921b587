"""Who may what: students never see truth, journal or injections; tokens stand for people of the class."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from app.api import operations
from engine.classroom.assignments import Sealed
from engine.classroom.gate import Gate, GateRow
from tests.app.api.conftest import PHRASE
from tests.engine.classroom.room import PUMP, key_of

TRUTH_WORDS = ("onset_us", "detectable", "severity", "journal", "injection-", "seed", "overheating")
INSTRUCTORS_ONLY = [
    ("GET", "/injections"), ("POST", "/injections"), ("DELETE", "/injections"), ("POST", "/injections/undo"),
    ("POST", "/maintenance"), ("PATCH", "/stream"), ("PUT", "/detectors/x"), ("PATCH", "/detectors/z_score"),
    ("DELETE", "/detectors/z_score"), ("POST", "/models"), ("POST", "/models/m/promote"),
    ("POST", "/models/m/roll-back"),
]  # fmt: skip
STAFF_ONLY = [("POST", "/alarms/1/acknowledge"), ("POST", "/alarms/1/comments"), ("POST", "/alarms/shelve")]
BODIES = {
    "/injections": {"fault": "overheating", "machine": "turbine-line-1"},
    "/maintenance": {"machine": "turbine-line-1"},
    "/stream": {"paused": True},
    "/detectors/x": {"detector": "ewma"},
    "/detectors/z_score": {"threshold": 4.0},
    "/models": {},
    "/models/m/promote": {"version": 1},
    "/alarms/1/comments": {"text": "x"},
    "/alarms/shelve": {"minutes": 5},
}


@pytest.fixture(scope="module")
def people(turbines):
    """Two students and a teaching assistant of the class, with their tokens."""
    desk = turbines.desks.classroom.people
    found = {}
    for name, role in (("ann", "student"), ("bob", "student"), ("tom", "ta")):
        person, pin = desk.add(role)
        found[name] = (person, pin, desk.token(person.person))
    return found


@pytest.fixture(scope="module")
def as_person(application, people):
    return lambda name: TestClient(application, headers={"Authorization": f"Bearer {people[name][2]}"})


@pytest.fixture(scope="module")
def pump(turbines, people):
    """A released assignment that is open, with hand-made truth."""
    school = turbines.desks.classroom
    text = PUMP.replace("2026-03-09 23:59", "2098-03-09 23:59").replace("2026-03-11 23:59", "2099-03-11 23:59")
    spec = school.assignments.save(text)
    students = [person.person for person in school.people.students()]
    school.assignments.seal(spec.id, [Sealed(who, key_of(at), 0, 0.5) for at, who in enumerate(students)])
    rows = tuple(GateRow(v.variant, 60.0, 5.0, 4.0, 0.5) for v in school.assignments.variants(spec.id))
    school.store_gate(spec.id, Gate(rows, ()))
    school.assignments.release(spec.id)
    return spec.id


def ask(client, method, path):
    return client.request(method, f"/api/v1{path}", json=BODIES.get(path) if method not in ("GET", "DELETE") else None)


@pytest.mark.parametrize(("method", "path"), INSTRUCTORS_ONLY)
def test_commands_are_for_instructors(client, as_person, method, path):
    assert ask(client, method, path).status_code == 401
    assert ask(as_person("ann"), method, path).status_code == 403
    assert ask(as_person("tom"), method, path).status_code == 403


@pytest.mark.parametrize(("method", "path"), STAFF_ONLY)
def test_alarms_are_handled_by_staff(client, as_person, method, path):
    assert ask(client, method, path).status_code == 401
    assert ask(as_person("ann"), method, path).status_code == 403
    assert ask(as_person("tom"), method, path).status_code in (200, 404)


def test_nothing_that_a_student_reads_names_truth(client, as_person, teacher, turbines):
    """A machine is broken meanwhile; every GET without a parameter in its path is read."""
    teacher.post("/api/v1/injections", json={"fault": "overheating", "machine": "turbine-line-1", "severity": 1.0})
    document = client.get("/api/openapi.json").json()
    # Catalogues name every fault and every setting that there could be.
    public = ("/v1/faults", "/v1/streams", "/v1/detectors", "/v1/live/stream")
    paths = [p for m, p, _ in operations(document) if m == "GET" and "{" not in p and p not in public]
    try:
        for who in (client, as_person("ann")):
            for path in paths:
                text = who.get(f"/api{path}?machine=turbine-line-1&name=temperature&detector=z_score").text.lower()
                assert not [word for word in TRUTH_WORDS if word in text], path
    finally:
        teacher.delete("/api/v1/injections")
    assert len(paths) >= 20


def test_a_token_is_got_with_handle_and_pin_and_ends_the_one_before(client, application, people):
    person, pin, old = people["bob"]

    told = client.post("/api/v1/tokens", json={"handle": person.handle, "pin": pin}).json()
    me = TestClient(application, headers={"Authorization": f"Bearer {told['token']}"}).get("/api/v1/me").json()

    assert me == {"role": "student", "handle": person.handle}
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {old}"}).status_code == 401
    people["bob"] = (person, pin, told["token"])


def test_instructors_get_a_token_for_the_phrase_and_nobody_else_does(client, application):
    told = client.post("/api/v1/tokens", json={"phrase": PHRASE}).json()

    assert told["role"] == "instructor"
    assert client.post("/api/v1/tokens", json={"phrase": "wrong"}).status_code == 401
    assert client.post("/api/v1/tokens", json={}).status_code == 422
    bearer = {"Authorization": f"Bearer {told['token']}"}
    assert TestClient(application, headers=bearer).get("/api/v1/injections").status_code == 200


def test_a_student_sees_own_assignments_and_hands_in(as_person, people, pump):
    ann = as_person("ann")
    labels = [{"machine": "MACHINE_001", "start": "2026-03-03T10:00:00Z", "end": "2026-03-03T11:00:00Z"}]

    listed = ann.get("/api/v1/assignments").json()
    receipt = ann.post(f"/api/v1/assignments/{pump}/submissions", json={"labels": labels})

    assert [(one["id"], one["state"]) for one in listed] == [(pump, "open")]
    assert receipt.status_code == 201
    assert receipt.json()["variant"] == listed[0]["variant"]
    assert ann.get(f"/api/v1/assignments/{pump}/submissions").json() == [receipt.json()]
    assert as_person("tom").get(f"/api/v1/assignments/{pump}/submissions").json() == []


@pytest.mark.parametrize(
    "work",
    [
        {},
        {"labels": [], "text": "x"},
        {"labels": [{"machine": "MACHINE_009", "start": "2026-03-03T10:00:00Z", "end": "2026-03-03T11:00:00Z"}]},
        {"labels": [{"machine": "MACHINE_001", "start": "2026-03-03T10:00:00Z", "end": "2026-03-03T09:00:00Z"}]},
        {"csv": "no,labels\n1,2\n"},
        {"text": "not what is asked for"},
        {"parameters": {"slack": 1.0}},
    ],
)
def test_malformed_work_is_refused_and_is_no_attempt(as_person, pump, work):
    ann = as_person("ann")
    before = len(ann.get(f"/api/v1/assignments/{pump}/submissions").json())

    assert ann.post(f"/api/v1/assignments/{pump}/submissions", json=work).status_code == 422
    assert len(ann.get(f"/api/v1/assignments/{pump}/submissions").json()) == before


def test_who_is_not_in_the_class_has_no_assignments(client, teacher, pump):
    assert client.get("/api/v1/assignments").status_code == 401
    assert teacher.get("/api/v1/assignments").status_code == 403
    assert client.get(f"/api/v1/assignments/{pump}/data").status_code == 401
