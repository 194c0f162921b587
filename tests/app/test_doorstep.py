"""The sign-in page under guesses: a known browser passes, joining makes one person, and floods wait outside."""

from __future__ import annotations

import asyncio
import threading

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from app import doorstep
from app.access import Access, Viewer, cookie_for
from app.doorstep import KNOWN, Doorstep
from app.keys import LEAST_PHRASE, Keys
from app.login import login, logout
from engine.classroom.doors import OF_ADDRESS, OF_DEVICE, OF_NAME, Caller
from engine.errors import AccessError, LabError
from tests.app.conftest import PHRASE
from tests.app.test_access import who


@pytest.fixture
def site(opened):
    routes = [Route("/who", who), Route("/login", login, methods=["GET", "POST"]), Route("/logout", logout)]
    return Access(Starlette(routes=routes))


def browser(site):
    return TestClient(site, follow_redirects=False)


def enter(client, handle, pin):
    return client.post("/login", data={"way": "enter", "handle": handle, "pin": pin})


def attack(opened, handle):
    """Somebody behind the same address has guessed at the handle, at other handles and at the phrase."""
    stranger, people = Caller("testclient"), opened.classroom.people
    for _ in range(OF_NAME.free):
        people.doors.knock("pin", stranger, handle)
    for at in range(OF_ADDRESS.free - OF_NAME.free):
        people.doors.knock("pin", stranger, f"handle-{at}")
    for _ in range(OF_ADDRESS.free):
        opened.doorstep.doors.knock("phrase", stranger)


@pytest.fixture
def still(opened):
    """No time passes at the doors."""
    opened.doorstep.doors._wall = opened.classroom.people.doors._wall = lambda: 100.0
    return opened


def test_guesses_of_others_never_lock_out_who_was_in_before_from_this_browser(site, still):
    person, pin = still.classroom.people.add()
    own, other = browser(site), browser(site)
    assert enter(own, person.handle, pin).status_code == 303
    own.get("/logout")

    attack(still, person.handle)

    assert enter(other, person.handle, pin).status_code == 403
    assert "wait" in enter(other, person.handle, pin).text
    assert enter(own, person.handle, pin).status_code == 303
    assert own.get("/who").json()["handle"] == person.handle


def test_the_pass_phrase_is_not_locked_out_either(site, still):
    own, other = browser(site), browser(site)
    own.post("/login", data={"way": "instructor", "phrase": PHRASE})
    own.get("/logout")

    attack(still, "calm-otter")

    assert other.post("/login", data={"way": "instructor", "phrase": PHRASE}).status_code == 403
    assert own.post("/login", data={"way": "instructor", "phrase": PHRASE}).status_code == 303


@pytest.mark.parametrize("forged", ["", "x", "WyJsYXB0b3AiLFsiUDEiXV0.aaaa.bbbb"])
def test_a_browser_cannot_say_of_itself_whom_it_knows(site, still, forged):
    person, pin = still.classroom.people.add()
    attack(still, person.handle)
    client = browser(site)
    client.cookies.set(KNOWN, forged)

    assert enter(client, person.handle, pin).status_code == 403


def test_a_session_cookie_is_no_known_browser(site, still):
    """Both are signed with the same secret."""
    person, pin = still.classroom.people.add()
    attack(still, person.handle)
    client = browser(site)
    client.cookies.set(KNOWN, cookie_for(Viewer("student", person.handle, person.person)))

    assert enter(client, person.handle, pin).status_code == 403


def test_a_known_browser_that_guesses_waits_too(site, still):
    person, pin = still.classroom.people.add()
    own = browser(site)
    enter(own, person.handle, pin)
    wrong = "00000000" if pin != "00000000" else "11111111"
    for _ in range(OF_DEVICE.free):
        enter(own, person.handle, wrong)

    assert "wait 1 s" in enter(own, person.handle, pin).text


def test_loading_the_page_after_joining_again_makes_nobody_new(site, opened):
    people, client = opened.classroom.people, browser(site)

    sent_on = client.post("/login", data={"way": "join", "code": people.join_code()})
    pages = [client.get(f"/{sent_on.headers['location']}") for _ in range(2)]

    (person,) = people.students()
    assert sent_on.status_code == 303
    assert all(person.handle in page.text and page.status_code == 200 for page in pages)
    assert pages[0].headers["cache-control"] == "no-store"
    assert browser(site).get("/login?welcome").status_code == 303  # nobody else can read it


def test_the_welcome_ends(site, opened, wall):
    opened.doorstep.wall = wall
    client = browser(site)
    client.post("/login", data={"way": "join", "code": opened.classroom.people.join_code()})

    wall.now += doorstep.WELCOME_S + 1

    assert client.get("/login?welcome").headers["location"] == "./"


def test_who_is_in_cannot_join_again(site, opened):
    people, client = opened.classroom.people, browser(site)
    form = {"way": "join", "code": people.join_code()}
    client.post("/login", data=form)

    again = client.post("/login", data=form)

    assert "already" in again.text
    assert len(people.students()) == 1


def test_at_most_two_checks_run_at_once_and_the_queue_ends(monkeypatch):
    monkeypatch.setattr(doorstep, "MOST_WAITING", 3)
    step, running, most, gate = Doorstep("secret"), [0], [0], threading.Event()

    def check() -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        gate.wait(10)
        running[0] -= 1

    async def crowd() -> list[object]:
        tasks = [asyncio.create_task(step.inside(check)) for _ in range(5)]
        await asyncio.sleep(0)
        gate.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    answers = asyncio.run(crowd())
    step.close()

    assert most[0] <= 2
    assert [type(one) for one in answers].count(AccessError) == 2


@pytest.mark.parametrize("phrase", ["x", "short", "a" * (LEAST_PHRASE - 1), " " * 40, "abc" + " " * 40])
def test_a_chosen_pass_phrase_has_a_least_length(tmp_path, phrase):
    with pytest.raises(LabError, match="at least 12 characters"):
        Keys(tmp_path, phrase)
    assert not (tmp_path / "access.json").exists()


def test_a_long_enough_phrase_is_taken(tmp_path):
    assert Keys(tmp_path, "a" * LEAST_PHRASE).is_phrase("a" * LEAST_PHRASE)
