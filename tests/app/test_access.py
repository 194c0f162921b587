"""Roles, cookies and requests from other sites."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.access import COOKIE, Access, Viewer, cookie_for, member, viewer_of
from app.keys import Keys, new_phrase
from app.login import login, logout
from app.sockets import RERUN
from engine.classroom.doors import OF_ADDRESS, Caller, Doors
from tests.app.conftest import PHRASE


async def who(request):
    seen = viewer_of(request)
    headers = {name: value for name, value in request.headers.items() if name.startswith("x-lab")}
    return JSONResponse({"role": seen.role, "handle": seen.handle, "headers": headers})


async def socket(websocket):
    await websocket.accept()
    await websocket.send_text(viewer_of(websocket).role)
    await websocket.close()


heard: list[str] = []


async def echo(websocket):
    await websocket.accept()
    async for text in websocket.iter_text():
        heard.append(text)
        await websocket.send_text(f"{viewer_of(websocket).role}: {text}")


asked: list[bytes] = []


async def stream(websocket):
    await websocket.accept()
    async for sent in websocket.iter_bytes():
        asked.append(sent)
        if sent == b"a click":
            await websocket.send_text("heard")


@pytest.fixture
def client(opened):
    routes = [
        Route("/who", who, methods=["GET", "POST"]),
        Route("/login", login, methods=["GET", "POST"]),
        Route("/logout", logout),
        WebSocketRoute("/socket", socket),
        WebSocketRoute("/echo", echo),
        WebSocketRoute("/_stcore/stream", stream),
    ]
    return TestClient(Access(Starlette(routes=routes)), follow_redirects=False)


def sign_in(client, phrase=PHRASE):
    return client.post("/login", data={"way": "instructor", "phrase": phrase})


def cookies(who):
    return {"Cookie": f"{COOKIE}={cookie_for(who)}"}


ANYBODY = {"x-lab-role": "student", "x-lab-person": ""}


def seen(client, who):
    """Return role and handle that a request with the cookie of `who` has now."""
    answer = client.get("/who", headers=cookies(who)).json()
    return answer["role"], answer["handle"]


def test_who_has_no_cookie_is_a_student(client):
    assert client.get("/who").json()["role"] == "student"


def test_headers_that_a_client_sends_are_dropped(client):
    answer = client.get("/who", headers={"X-Lab-Role": "instructor", "x-LAB-person": "P0", "X-Lab-Other": "1"}).json()

    assert answer["headers"] == {"x-lab-role": "student", "x-lab-person": ""}


@pytest.mark.parametrize("query", ["mode=instructor", "role=instructor", "X-Lab-Role=instructor&person=P0"])
def test_an_address_cannot_ask_for_a_role(client, query):
    answer = client.get(f"/who?{query}").json()
    with client.websocket_connect(f"/socket?{query}") as connection:
        of_socket = connection.receive_text()

    assert (answer["role"], answer["handle"], of_socket) == ("student", None, "student")


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


def test_guessing_is_slowed_down(client, opened):
    opened.doorstep.doors = Doors(lambda: 100.0)
    for _ in range(OF_ADDRESS.free - 1):
        opened.doorstep.doors.knock("phrase", Caller("testclient"))
    sign_in(client, "wrong")

    answer = sign_in(client)

    assert answer.status_code == 403
    assert "wait 1 s" in answer.text


@pytest.mark.parametrize("value", ["", "x", "WyJpbnN0cnVjdG9yIixudWxsXQ.aaaa.bbbb"])
def test_a_forged_cookie_is_a_student(client, value):
    assert client.get("/who", headers={"Cookie": f"{COOKIE}={value}"}).json()["role"] == "student"


def test_a_cookie_of_another_installation_is_a_student(client, opened, tmp_path):
    ours, opened.keys = opened.keys, Keys(tmp_path / "other", PHRASE)
    theirs = cookie_for(Viewer("instructor"))
    opened.keys = ours

    assert client.get("/who", headers={"Cookie": f"{COOKIE}={theirs}"}).json()["role"] == "student"


def test_a_new_pass_phrase_ends_what_the_old_one_opened_and_the_same_one_does_not(client, opened, tmp_path):
    """After a restart; the file with the secret is the same."""
    old = cookies(Viewer("instructor"))

    opened.keys = Keys(tmp_path, "another-phrase")
    after = client.get("/who", headers=old).json()["role"]
    opened.keys = Keys(tmp_path, PHRASE)

    assert after == "student"
    assert client.get("/who", headers=old).json()["role"] == "instructor"


@pytest.mark.parametrize("who", [Viewer("principal"), Viewer("ta"), Viewer("instructor", "eve", "P0000")])
def test_a_cookie_of_nobody_in_the_class_is_a_student(client, who):
    """Even a signed one: only the pass phrase makes an instructor without a person behind it."""
    assert seen(client, who) == ("student", None)


@pytest.mark.parametrize("role", ["ta", "instructor"])
def test_a_role_that_is_taken_away_is_gone_at_the_next_request(client, opened, role):
    people = opened.classroom.people
    person, _ = people.add(role)
    token = {"Authorization": f"Bearer {people.token(person.person)}"}
    cookie = member(person)
    held = cookies(cookie)
    before = seen(client, cookie), client.get("/who", headers=token).json()["role"]

    people.set_role(person.person, "student")

    assert before == ((role, person.handle), role)
    assert client.get("/who", headers=held).json() == {"role": "student", "handle": None, "headers": ANYBODY}
    assert client.get("/who", headers=token).status_code == 401
    assert seen(client, cookie) == ("student", person.handle)  # signed in anew


def test_who_is_dropped_or_erased_has_neither_role_nor_handle_at_the_next_request(client, opened):
    people = opened.classroom.people
    person, _ = people.add("ta")
    token = {"Authorization": f"Bearer {people.token(person.person)}"}
    cookie = member(person)

    people.drop(person.person)
    dropped, by_token = seen(client, cookie), client.get("/who", headers=token).status_code
    people.drop(person.person, dropped=False)
    back = seen(client, cookie)
    people.erase(person.person)

    assert (dropped, by_token) == (("student", None), 401)
    assert back == ("ta", person.handle)
    assert seen(client, cookie) == ("student", None)


def test_a_token_that_was_replaced_ends_at_once(client, opened):
    people = opened.classroom.people
    person, _ = people.add()
    old = {"Authorization": f"Bearer {people.token(person.person)}"}
    assert client.get("/who", headers=old).status_code == 200

    people.token(person.person)

    assert client.get("/who", headers=old).status_code == 401


def test_a_message_on_the_socket_of_somebody_who_lost_the_role_never_arrives(client, opened):
    """Streamlit answers a click by calling what the page had stored for it, before the page asks who it is."""
    people = opened.classroom.people
    person, _ = people.add("ta")
    heard.clear()
    with client.websocket_connect("/echo", headers=cookies(member(person))) as connection:
        connection.send_text("a mark")
        assert connection.receive_text() == "ta: a mark"

        people.set_role(person.person, "student")
        connection.send_text("another mark")

        with pytest.raises(WebSocketDisconnect):
            connection.receive_text()
    assert heard == ["a mark"]


@pytest.mark.parametrize("change", ["drop", "erase"])
def test_an_open_socket_of_somebody_who_left_is_closed_without_a_message(client, opened, change):
    person, _ = opened.classroom.people.add()
    with client.websocket_connect("/echo", headers=cookies(member(person))) as connection:
        connection.send_text("here")
        connection.receive_text()
        getattr(opened.classroom.people, change)(person.person)

        opened.sockets.beat()

        with pytest.raises(WebSocketDisconnect) as closed:
            connection.receive_text()
    assert closed.value.code == 1012


def test_a_page_that_comes_back_after_its_socket_was_closed_is_drawn_anew(client, opened):
    """The browser itself would wait for a click and show what it showed; a page that is opened asks by itself."""
    person, _ = opened.classroom.people.add("ta")
    headers = cookies(member(person))
    asked.clear()
    with client.websocket_connect("/_stcore/stream", ["streamlit", "x"], headers={**headers}) as connection:
        opened.classroom.people.set_role(person.person, "student")
        opened.sockets.beat()
        with pytest.raises(WebSocketDisconnect):
            connection.receive_text()
    for protocols in (["streamlit", "x", "old-session"], ["streamlit", "x"]):
        with client.websocket_connect("/_stcore/stream", protocols, headers={**headers}) as connection:
            connection.send_bytes(b"a click")
            connection.receive_text()

    assert asked == [RERUN, b"a click", b"a click"]


def test_sockets_of_others_stay_open(client, opened):
    people = opened.classroom.people
    ann, bob = people.add()[0], people.add("ta")[0]
    with client.websocket_connect("/echo", headers=cookies(member(ann))) as connection:
        people.set_role(bob.person, "student")
        people.set_labels(ann.person, ["extra time 1.25"])

        opened.sockets.beat()
        connection.send_text("still here")

        assert connection.receive_text() == "student: still here"


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


@pytest.mark.parametrize(
    ("way", "word"),
    [({"headers": {"Accept-Language": "de-CH,de;q=0.9,en;q=0.5"}}, "Passphrase"), ({"headers": {}}, "Pass phrase")],
)
def test_the_login_page_speaks_the_browsers_language(client, way, word):
    text = client.get("/login", **way).text

    assert word in text
    assert f'<html lang="{"de" if word == "Passphrase" else "en"}">' in text
    assert "<!--" not in text


def test_a_language_that_was_chosen_stays_also_for_refusals(client):
    client.get("/login?language=de", headers={"Accept-Language": "en"})

    assert "Zurück zum Labor" in client.get("/login", headers={"Accept-Language": "en"}).text
    assert "Das ist nicht die Passphrase" in sign_in(client, "wrong").text
    wrong = client.post("/login", data={"way": "enter", "handle": "calm-otter", "pin": "000000"})
    assert "Damit öffnet sich die Klasse nicht" in wrong.text
    assert "Back to the lab" in client.get("/login?language=en").text


@pytest.mark.parametrize("language", ["xx", "../de", '"><script>', ""])
def test_a_language_that_is_not_there_changes_nothing(client, language):
    answer = client.get("/login", params={"language": language})

    assert "Back to the lab" in answer.text
    assert "faultlab_language" not in answer.headers["set-cookie"]


def test_who_joins_in_german_gets_handle_and_pin_in_german(client, opened):
    client.get("/login?language=de")

    sent_on = client.post("/login", data={"way": "join", "code": opened.classroom.people.join_code()})
    answer = client.get("/" + sent_on.headers["location"])

    assert "Schreiben Sie beides auf" in answer.text
    assert "language=" not in answer.text  # choosing a language there would lose the PIN
