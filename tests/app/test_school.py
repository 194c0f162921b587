"""Signing in with a school's account: what is offered when, who the claims name, and what a ticket is good for."""

from __future__ import annotations

import re

import pytest
import streamlit as st
from itsdangerous import TimestampSigner
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from app import access, school
from app.access import COOKIE, Access
from app.login import login, logout
from app.school import by_ticket, person_for, ticket_for
from engine.errors import AccessError
from tests.app.test_access import who
from tests.app.test_pages import SHELL

AUTH = {
    "redirect_uri": "http://localhost:8501/oauth2callback",
    "cookie_secret": "k" * 40,
    "client_id": "lab",
    "client_secret": "s",
    "server_metadata_url": "http://127.0.0.1:1/.well-known/openid-configuration",
}
NOW = 1_800_000_000.0


@pytest.fixture
def configure(monkeypatch):
    """Let secrets.toml hold these sections, and authlib be there."""

    def hold(sections, authlib=True):
        monkeypatch.setattr(school, "_secrets", lambda name: sections.get(name, {}))
        monkeypatch.setattr(school, "find_spec", lambda _name: object() if authlib else None)

    return hold


@pytest.fixture
def client(opened):
    routes = [Route("/who", who), Route("/login", login, methods=["GET", "POST"]), Route("/logout", logout)]
    return TestClient(Access(Starlette(routes=routes)), follow_redirects=False)


@pytest.fixture
def ada(opened):
    return opened.classroom.people.add("student", email="Ada.Lovelace@School.example", login="alovel")[0]


def claims(**changes):
    return {"is_logged_in": True, "email": "ada.lovelace@school.example", "email_verified": True, **changes}


def test_without_configuration_there_is_nothing_of_it(client, opened):
    assert not school.is_offered()
    assert school.pages() == []
    assert "school" not in client.get("/login").text


def test_with_configuration_the_sign_in_page_leads_to_the_schools(client, configure):
    configure({"auth": AUTH})

    text = client.get("/login").text

    assert '<form action="school">' in text
    assert "Sign in with your school&#x27;s account" in text
    assert "Mit dem Schulkonto anmelden" in client.get("/login?language=de").text


@pytest.mark.parametrize(
    ("auth", "authlib", "told"),
    [
        (AUTH, False, "pip install -r requirements-oidc.txt"),
        ({**AUTH, "client_secret": ""}, True, "lacks client_secret."),
        ({"redirect_uri": "x"}, True, "lacks cookie_secret, client_id, client_secret, server_metadata_url."),
        ({**AUTH, "cookie_secret": "short"}, True, "cookie_secret needs 32 random characters"),
    ],
)
def test_what_is_missing_is_said_and_no_door_is_there(client, configure, auth, authlib, told):
    configure({"auth": auth}, authlib)

    text = client.get("/login").text

    assert told in text
    assert 'action="school"' not in text
    assert school.pages() == []


def test_a_provider_with_a_name_is_taken_too(configure):
    shared = {name: AUTH[name] for name in ("redirect_uri", "cookie_secret")}
    configure({"auth": {**shared, "uni": {name: AUTH[name] for name in school.OF_PROVIDER}}})

    assert school.trouble() is None
    assert school._provider()[0] == "uni"


def test_an_address_is_the_same_however_it_is_capitalised(ada):
    assert person_for(claims(email=" ADA.lovelace@school.EXAMPLE ")) == ada


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"email_verified": False}, "has not verified the address ada.lovelace@school.example"),
        ({"email_verified": "false"}, "has not verified"),
        ({"email_verified": None}, "has not verified"),
        ({"email_verified": "maybe"}, "has not verified"),
        ({"email": "eve@school.example"}, "eve@school.example is not in this class"),
        ({"email": ""}, "email is not in this class"),
        ({"email": "ada.love\u017face@school.example"}, "is not in this class"),
        ({"exp": 1}, "too old"),
    ],
)
def test_who_is_refused_and_why(opened, ada, changes, told):
    before = opened.classroom.people.all()

    with pytest.raises(AccessError, match=told):
        person_for(claims(**changes))

    assert opened.classroom.people.all() == before


def test_a_letter_that_only_looks_the_same_when_small_is_another(opened):
    opened.classroom.people.add("instructor", email="kim@school.example")

    with pytest.raises(AccessError):
        person_for(claims(email="\u212aim@school.example"))


def test_an_address_that_two_have_is_nobodys(opened, ada):
    twin, _ = opened.classroom.people.add("student", email=ada.email)
    with pytest.raises(AccessError, match="more than once"):
        person_for(claims())

    opened.classroom.people.drop(twin.person)

    assert person_for(claims()) == ada


def test_another_claim_is_compared_with_the_login(configure, ada):
    configure({"auth": AUTH, "faultlab": {"claim": "preferred_username"}})

    assert person_for({"preferred_username": "ALovel"}) == ada
    with pytest.raises(AccessError):
        person_for({"preferred_username": ada.email})


@pytest.mark.parametrize("role", ["student", "ta", "instructor"])
def test_a_ticket_lets_in_as_what_the_class_says(client, opened, role):
    person, _ = opened.classroom.people.add(role, email="x@school.example")
    client.get("/login")
    client.cookies.set("_streamlit_user", "what the provider said", domain="testserver.local")
    client.cookies.set("_streamlit_user_tokens_1", "more of it", domain="testserver.local")

    answer = client.get("/login", params={"ticket": ticket_for(person, client.cookies[school.VISIT])})

    assert (answer.status_code, answer.headers["location"]) == (303, "./")
    seen = client.get("/who").json()
    assert (seen["role"], seen["handle"]) == (role, person.handle)
    assert not [name for name in client.cookies if name.startswith("_streamlit_user")]


def test_signing_out_forgets_the_schools_word_too(client, opened):
    client.cookies.set("_streamlit_user", "what the provider said", domain="testserver.local")

    client.get("/logout")

    assert "_streamlit_user" not in client.cookies


def test_a_ticket_is_good_for_a_minute(opened, ada, monkeypatch):
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _self: int(NOW))
    ticket = ticket_for(ada, "browser")
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _self: int(NOW) + 60)
    assert by_ticket(ticket, "browser").person == ada.person

    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _self: int(NOW) + 61)

    with pytest.raises(AccessError, match="has ended"):
        by_ticket(ticket, "browser")


def test_a_ticket_is_good_for_nothing_else_and_nothing_else_is_a_ticket(client, ada):
    client.get("/login")
    visit = client.cookies[school.VISIT]
    no_cookie = school._signer().dumps(["student", ada.person])  # a ticket's signature on what a cookie says
    no_ticket = access._signer().dumps([ada.person, visit])  # and the other way round

    assert client.get("/who", headers={"Cookie": f"{COOKIE}={no_cookie}"}).json()["handle"] is None
    assert client.get("/who", headers={"Authorization": f"Bearer {no_cookie}"}).status_code == 401
    for false in (no_ticket, ticket_for(ada, visit)[:-2] + "xx", "", "x.y.z"):
        answer = client.get("/login", params={"ticket": false})
        assert answer.status_code == 403
        assert COOKIE not in client.cookies
        assert "That way in has ended" in answer.text


@pytest.mark.parametrize(("made_for", "used_in"), [("browser", "another"), ("browser", ""), ("", "")])
def test_a_ticket_from_another_browser_signs_nobody_in(ada, made_for, used_in):
    with pytest.raises(AccessError, match="has ended"):
        by_ticket(ticket_for(ada, made_for), used_in)


@pytest.mark.parametrize("change", ["drop", "erase"])
def test_a_ticket_of_somebody_who_left_signs_nobody_in(opened, ada, change):
    ticket = ticket_for(ada, "browser")
    getattr(opened.classroom.people, change)(ada.person)

    with pytest.raises(AccessError, match="has ended"):
        by_ticket(ticket, "browser")


def page(monkeypatch, **said):
    """Draw the first page for somebody of whom Streamlit knows this."""
    monkeypatch.setattr(type(st.user), "to_dict", lambda _self: said)
    return AppTest.from_file(SHELL, default_timeout=60).run()


def test_who_comes_from_the_provider_is_sent_on_with_a_ticket(configure, ada, monkeypatch):
    configure({"auth": AUTH})
    monkeypatch.setattr(school, "VISIT", "visit")
    monkeypatch.setattr(type(st.context), "cookies", {"visit": "browser"})

    drawn = page(monkeypatch, **claims())

    assert not drawn.exception
    texts = [piece.proto.body for piece in drawn.get("html")]
    link = next(text for text in texts if "login?ticket=" in text and "<a" in text)
    assert f"Go on as {ada.handle}" in link
    assert by_ticket(re.search(r"ticket=([^\"]+)", link)[1], "browser").person == ada.person
    assert any("location.replace" in text for text in texts)


def test_who_is_not_in_the_class_is_told_whom_to_ask(configure, opened, monkeypatch):
    configure({"auth": AUTH})

    drawn = page(monkeypatch, **claims(email="eve@school.example"))

    assert "ask your instructor" in drawn.warning[0].value
    assert not [piece for piece in drawn.get("html") if "ticket" in piece.proto.body]
    assert opened.classroom.people.all() == []


def test_without_configuration_a_claim_counts_for_nothing(ada, monkeypatch):
    drawn = page(monkeypatch, **claims())

    assert not drawn.exception
    assert not [piece for piece in drawn.get("html") if "ticket" in piece.proto.body]


def test_a_school_that_never_says_verified_can_be_trusted_by_name(ada, configure):
    """Some providers hand out addresses that nobody can choose, and do not send the claim."""
    told = {name: value for name, value in claims().items() if name != "email_verified"}
    configure({"auth": AUTH})
    with pytest.raises(AccessError, match="has not verified"):
        school.person_for(told)

    configure({"auth": AUTH, "faultlab": {"trust_email": True}})

    assert school.person_for(told).person == ada.person
