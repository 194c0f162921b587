"""Roles, cookies and requests from other sites."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.access import COOKIE, Access, Viewer, cookie_for, viewer_of
from app.keys import FREE_GUESSES, Keys, new_phrase
from app.login import login, logout
from tests.app.conftest import PHRASE


async def who(request):
    seen = viewer_of(request)
    headers = {name: value for name, value in request.headers.items() if name.startswith("x-lab")}
    return JSONResponse({"role": seen.role, "handle": seen.handle, "headers": headers})


async def socket(websocket):
    await websocket.accept()
    await websocket.send_text(viewer_of(websocket).role)
    await websocket.close()


@pytest.fixture
def client(opened):
    routes = [
        Route("/who", who, methods=["GET", "POST"]),
        Route("/login", login, methods=["GET", "POST"]),
        Route("/logout", logout),
        WebSocketRoute("/socket", socket),
    ]
    return TestClient(Access(Starlette(routes=routes)), follow_redirects=False)


def sign_in(client, phrase=PHRASE):
    return client.post("/login", data={"way": "instructor", "phrase": phrase})


def test_who_has_no_cookie_is_a_student(client):
    assert client.get("/who").json()["role"] == "student"


def test_headers_that_a_client_sends_are_dropped(client):
    answer = client.get("/who", headers={"X-Lab-Role": "instructor", "x-LAB-handle": "eve", "X-Lab-Other": "1"}).json()

    assert answer["headers"] == {"x-lab-role": "student", "x-lab-handle": ""}


def test_the_pass_phrase_makes_an_instructor(client):
    answer = sign_in(client)

    assert answer.status_code == 303
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=lax" in answer.headers["set-cookie"]
    assert client.get("/who").json()["role"] == "instructor"


def test_signing_out_makes_a_student_again(client):
    sign_in(client)

    client.get("/logout")

    assert client.get("/who").json()["role"] == "student"


def test_a_wrong_phrase_says_so_and_sets_no_cookie(client):
    answer = sign_in(client, "wrong")

    assert answer.status_code == 403
    assert "That is not the pass phrase" in answer.text
    assert "set-cookie" not in answer.headers


def test_guessing_is_slowed_down(client):
    for _ in range(FREE_GUESSES):
        sign_in(client, "wrong")

    answer = sign_in(client)

    assert answer.status_code == 403
    assert "wait a minute" in answer.text


@pytest.mark.parametrize("value", ["", "x", "WyJpbnN0cnVjdG9yIixudWxsXQ.aaaa.bbbb"])
def test_a_forged_cookie_is_a_student(client, value):
    assert client.get("/who", headers={"Cookie": f"{COOKIE}={value}"}).json()["role"] == "student"


def test_a_cookie_of_another_installation_is_a_student(client, opened, tmp_path):
    ours, opened.keys = opened.keys, Keys(tmp_path / "other", PHRASE)
    theirs = cookie_for(Viewer("instructor"))
    opened.keys = ours

    assert client.get("/who", headers={"Cookie": f"{COOKIE}={theirs}"}).json()["role"] == "student"


def test_a_cookie_with_an_unknown_role_is_a_student(client, opened):
    value = cookie_for(Viewer("principal"))

    assert client.get("/who", headers={"Cookie": f"{COOKIE}={value}"}).json()["role"] == "student"


def test_a_handle_with_any_letters_survives_the_way(client, opened):
    value = cookie_for(Viewer("student", "Zoë 🦊"))

    assert client.get("/who", headers={"Cookie": f"{COOKIE}={value}"}).json()["handle"] == "Zoë 🦊"


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_site_cannot_post_through_the_visitors_browser(client, headers):
    assert client.post("/who", headers=headers).status_code == 403


def test_our_own_page_may_post(client):
    assert client.post("/who", headers={"Origin": "http://testserver"}).status_code == 200


def test_another_site_cannot_open_a_socket(client):
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/socket", headers={"Origin": "https://evil.example"}),
    ):
        pass


def test_a_socket_knows_its_viewer(client):
    sign_in(client)

    with client.websocket_connect("/socket") as connection:
        assert connection.receive_text() == "instructor"


def test_a_huge_form_is_refused(client):
    answer = client.post("/login", data={"way": "instructor", "phrase": "x" * 5000})

    assert answer.status_code == 403
    assert "must not exceed" in answer.text


def test_the_login_page_needs_nothing_from_elsewhere(client):
    text = client.get("/login").text

    assert "http://" not in text
    assert "https://" not in text
    assert "<script" not in text


def test_the_phrase_is_shown_once_and_stored_hashed(tmp_path):
    first = Keys(tmp_path)
    phrase = first.fresh_phrase

    again = Keys(tmp_path)

    assert again.fresh_phrase is None
    assert again.is_phrase(phrase.upper() + " ")
    assert not again.is_phrase("something else")
    assert phrase not in first.file.read_text(encoding="utf-8")
    assert first.file.stat().st_mode & 0o077 == 0


def test_phrases_differ_and_can_be_said():
    phrases = {new_phrase() for _ in range(50)}

    assert len(phrases) == 50
    assert all(len(phrase) == 20 and phrase.isascii() for phrase in phrases)
