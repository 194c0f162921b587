"""What ends a sign-in, and that everything it had opened ends with it: requests, programs, sockets of open tabs."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app import access
from app.access import COOKIE, VISIT, Access, Viewer, cookie_for, member
from app.login import login, logout
from app.sign_ins import SignIns
from app.sockets import RERUN
from tests.app.conftest import PHRASE
from tests.app.test_access import asked, cookies, echo, heard, stream, who

INSTRUCTOR = Viewer("instructor")


@pytest.fixture
def client(opened):
    routes = [
        Route("/who", who),
        Route("/login", login, methods=["GET", "POST"]),
        Route("/logout", logout, methods=["GET", "POST"]),
        WebSocketRoute("/echo", echo),
        WebSocketRoute("/_stcore/stream", stream),
    ]
    heard.clear()
    asked.clear()
    return TestClient(Access(Starlette(routes=routes)), follow_redirects=False)


def role(client, headers):
    answer = client.get("/who", headers=headers)
    return answer.json()["role"] if answer.status_code == 200 else answer.status_code


def end_of(client, opened, headers, ending):
    """Open a tab, let `ending` happen elsewhere, click in the tab; returns how the socket was closed."""
    with client.websocket_connect("/echo", headers=headers) as tab:
        tab.send_text("before")
        tab.receive_text()
        ending()
        tab.send_text("inject")
        with pytest.raises(WebSocketDisconnect) as closed:
            tab.receive_text()
    return closed.value.code


def test_an_open_tab_cannot_act_after_signing_out_in_another(client, opened):
    """Two tabs of one browser hold the same cookie."""
    headers = cookies(INSTRUCTOR)

    code = end_of(client, opened, headers, lambda: client.get("/logout", headers=headers))

    assert code == 1012
    assert heard == ["before"]
    assert role(client, headers) == "student"  # a copy of the cookie is worth nothing


def test_an_open_tab_is_closed_without_a_click_and_drawn_anew(client, opened):
    headers = {"Cookie": f"{COOKIE}={cookie_for(INSTRUCTOR)}; {VISIT}=this-browser"}
    with client.websocket_connect("/_stcore/stream", ["streamlit", "x"], headers={**headers}) as tab:
        client.get("/logout", headers=headers)
        opened.sockets.beat()
        with pytest.raises(WebSocketDisconnect):
            tab.receive_text()
    for visit in ("another-browser", "this-browser"):
        back = {"Cookie": f"{VISIT}={visit}"}
        with client.websocket_connect("/_stcore/stream", ["streamlit", "x", "session"], headers=back) as tab:
            tab.send_bytes(b"a click")
            tab.receive_text()

    assert asked == [b"a click", RERUN, b"a click"]


def test_signing_out_of_one_browser_leaves_the_others_in(client):
    here, there = cookies(INSTRUCTOR), cookies(INSTRUCTOR)

    client.get("/logout", headers=here)

    assert (role(client, here), role(client, there)) == ("student", "instructor")


def test_who_signs_in_ends_who_was_signed_in_in_this_browser(client, opened):
    person, _ = opened.classroom.people.add("ta")
    before = cookies(member(person))

    client.post("/login", data={"way": "instructor", "phrase": PHRASE}, headers=before)

    assert role(client, before) == "student"


ENDS = {
    "a new PIN": lambda people, person: people.new_pin(person),
    "sign out everywhere": lambda people, person: people.sign_out(person),
    "another role": lambda people, person: people.set_role(person, "instructor"),
    "erased": lambda people, person: people.erase(person),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_cookies_tokens_and_open_tabs_of_a_person_end(client, opened, end):
    people = opened.classroom.people
    person, other = people.add("ta")[0], people.add("ta")[0]
    cookie, token = cookies(member(person)), {"Authorization": f"Bearer {people.token(person.person)}"}
    bystander = cookies(member(other))

    code = end_of(client, opened, cookie, lambda: end(people, person.person))

    assert code == 1012
    assert heard == ["before"]
    assert (role(client, cookie), role(client, token)) == ("student", 401)
    assert role(client, bystander) == "ta"


def test_the_same_role_again_ends_nothing(client, opened):
    person, _ = opened.classroom.people.add("ta")
    headers = cookies(member(person))

    opened.classroom.people.set_role(person.person, "ta")

    assert role(client, headers) == "ta"


def test_everybody_with_the_pass_phrase_can_be_signed_out_at_once(client, opened):
    headers = cookies(INSTRUCTOR)

    code = end_of(client, opened, headers, opened.sign_ins.end_phrase)

    assert code == 1012
    assert (role(client, headers), role(client, cookies(INSTRUCTOR))) == ("student", "instructor")


@pytest.mark.parametrize("kind", ["phrase", "person"])
def test_an_open_tab_ends_when_its_sign_in_is_too_old(client, opened, monkeypatch, kind):
    headers = cookies(INSTRUCTOR if kind == "phrase" else member(opened.classroom.people.add()[0]))

    code = end_of(client, opened, headers, lambda: monkeypatch.setattr(access, "COOKIE_AGE_S", -1))

    assert code == 1012
    assert heard == ["before"]


def test_a_strangers_tab_stays_open(client, opened):
    with client.websocket_connect("/echo") as tab:
        opened.sign_ins.end_phrase()
        opened.sockets.beat()
        tab.send_text("still here")

        assert tab.receive_text() == "student: still here"


def test_what_was_ended_stays_ended_after_a_restart_and_is_forgotten_when_too_old(tmp_path):
    now = [1000.0]
    first = SignIns(tmp_path, 60.0, lambda: now[0])
    first.end("one")

    again = SignIns(tmp_path, 60.0, lambda: now[0])
    assert again.is_over("one")
    assert (again.birth, again.phrase_epoch) == (first.birth, first.phrase_epoch)

    now[0] += 61
    again.end("two")
    assert "one" not in (tmp_path / "sign_ins.json").read_text("utf-8")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"birth": 1, "phrase_epoch": 2, "over": 3}', b"\xff\xfe"])
def test_a_damaged_or_missing_file_ends_every_sign_in(client, opened, content):
    headers = cookies(INSTRUCTOR)
    (opened.folder / "sign_ins.json").write_bytes(content)

    opened.sign_ins = SignIns(opened.folder, 60.0)

    assert role(client, headers) == "student"
    assert role(client, cookies(INSTRUCTOR)) == "instructor"
