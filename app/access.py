"""Who is looking: a signed cookie says who it is; whoever has none is a student.

`Access` stands in front of pages, API and sockets. It drops the headers that only it may set, reads who is asking,
refuses requests that another site sends through the visitor's browser, and tells Streamlit (as `st.user`) and the API
(`viewer_of`) the result. A person's role is never taken from the cookie: it is looked up in the class each time. A
socket lives as long as the cookie or token that opened it (`app/sockets.py`): until it is too old, signed out of, or of
an epoch that a new PIN, a changed role or "sign out everywhere" has ended.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import streamlit as st
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse

from app.i18n import t
from app.lab import SIGN_IN_S, lab
from engine.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from engine.classroom.people import Person

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Any]]
    Send = Callable[[Any], Awaitable[None]]

COOKIE = "faultlab"
COOKIE_AGE_S = int(SIGN_IN_S)
VISIT = "faultlab_visit"  # cookie that names the browser, signed in or not
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
SCOPE_KEY = "faultlab.viewer"
FOREIGN = "This request came from another site; open the lab's own page and try again."


@dataclass(frozen=True)
class Viewer:
    """Who is looking; the default is a student whose name is not known."""

    role: str = "student"
    handle: str | None = None
    person: str | None = None  # id in the class; an instructor with the pass phrase has none
    sign_in: str = field(default="", compare=False)  # name of the cookie that said so

    @property
    def teaches(self) -> bool:
        """Whether truth and controls of the plant may be shown."""
        return self.role == "instructor"

    @property
    def classmate(self) -> str | None:
        """Id of a person who is in the class now; None for strangers, the pass phrase, and who was dropped."""
        return None if self.handle is None else self.person


def cookie_for(who: Viewer) -> str:
    """Return the signed cookie value that says who this is: a new sign-in."""
    return _signer().dumps([who.role, who.person, _epoch(who.person), secrets.token_urlsafe(9)])


def member(person: Person) -> Viewer:
    """Return a person of the class as a viewer; one who was dropped or erased has neither role nor handle."""
    if person.dropped or person.erased:
        return Viewer(person=person.person)
    return Viewer(person.role, person.handle, person.person)


def by_cookie(connection: HTTPConnection) -> Viewer | None:
    """Return who the cookie names; None without one, or when it is forged or too old."""
    value = connection.cookies.get(COOKIE)
    return _by_signature(value) if value else None


def by_token(connection: HTTPConnection) -> Viewer | None:
    """Return who the `Authorization: Bearer …` header names; None without one.

    Raises
    ------
    AccessError
        When the token is forged, too old or ended: nobody shall believe to be somebody and be a stranger.
    """
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    return _by_signature(token.strip()) or member(lab().classroom.people.by_token(token.strip()))


def _by_signature(token: str) -> Viewer | None:
    try:
        role, person, epoch, sign_in = _signer().loads(token, max_age=COOKIE_AGE_S)
    except (BadSignature, ValueError, TypeError):
        return None
    if lab().sign_ins.is_over(sign_in) or epoch != _epoch(person):
        return None
    if person is None:
        return Viewer(role, sign_in=sign_in) if role == "instructor" else None
    who = standing(str(person))
    return None if who is None else replace(who, sign_in=sign_in)


def _epoch(person: str | None) -> str:
    """Return what a sign-in must carry now: the person's epoch, or that of the pass phrase."""
    return lab().sign_ins.phrase_epoch if person is None else str(lab().classroom.people.epoch(person))


def standing(person: str) -> Viewer | None:
    """Return who this person of the class is at this moment; None for an id that is nobody's."""
    try:
        return member(lab().classroom.people.get(person))
    except AccessError:
        return None


# Tried in this order, the first answer counts; a function from a connection to a Viewer or None.
IDENTIFIERS: tuple[Callable[[HTTPConnection], Viewer | None], ...] = (by_token, by_cookie)


def identified(connection: HTTPConnection) -> Viewer:
    """Return who a connection's token or cookie names at this moment; AccessError as `by_token`."""
    return next((found for identify in IDENTIFIERS if (found := identify(connection))), Viewer())


def viewer_of(connection: HTTPConnection) -> Viewer:
    """Return who sent this request or opened this socket (for routes)."""
    found: Viewer = connection.scope.get(SCOPE_KEY, Viewer())
    return found


def instructor_of(connection: HTTPConnection) -> Viewer:
    """Return the instructor who sent this request; AccessError for anybody else. A FastAPI dependency."""
    who = viewer_of(connection)
    if not who.teaches:
        raise AccessError("Only an instructor may do this; sign in at /login.")
    return who


def viewer() -> Viewer:
    """Return who looks at this page (for pages); a person's role is looked up anew at each run."""
    person = st.user.get("person")
    if person:
        return standing(str(person)) or Viewer()
    return Viewer("instructor") if st.user.get("role") == "instructor" else Viewer()


def require_instructor() -> Viewer:
    """Return the instructor who looks at this page; for anybody else the page ends here."""
    who = viewer()
    if not who.teaches:
        st.warning(t("This page is for instructors. Sign in at /login with the pass phrase of this lab."))
        st.stop()
    return who


class Access:
    """Pure ASGI middleware: covers pages, API, event streams and WebSockets."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        scope["headers"] = [pair for pair in scope["headers"] if not pair[0].lower().startswith(b"x-lab-")]
        connection = HTTPConnection(scope)
        if not scope["path"].isprintable():  # no route matches it, so Streamlit would answer with the page
            return await _refuse(scope, receive, send, 404, "A path has no control characters; there is nothing here.")
        if not lab().hosts.allows(host := connection.headers.get("host", "")):
            return await _refuse(scope, receive, send, 421, lab().hosts.refusal(host))
        if is_foreign(connection):
            return await _refuse(scope, receive, send)
        try:
            who = identified(connection)
        except AccessError as problem:
            return await _refuse(scope, receive, send, 401, str(problem))
        scope[SCOPE_KEY] = who
        scope["headers"] += [(b"x-lab-role", who.role.encode()), (b"x-lab-person", (who.person or "").encode())]
        if scope["type"] == "http":
            return await self.app(scope, receive, send)
        browser = connection.cookies.get(VISIT) or str((scope.get("client") or ("",))[0])
        return await lab().sockets.carry(self.app, scope, receive, send, browser, lambda: _is_still(connection, who))


def _is_still(connection: HTTPConnection, who: Viewer) -> bool:
    """Tell whether what opened a socket still says the same; who was nobody then holds nothing that could end."""
    try:
        return who == Viewer() or identified(connection) == who
    except AccessError:
        return False


def is_foreign(connection: HTTPConnection) -> bool:
    """Tell whether another site makes the visitor's browser send this (unsafe methods and sockets only)."""
    if connection.scope["type"] == "http" and connection.scope["method"] in SAFE_METHODS:
        return False
    origin = connection.headers.get("origin")
    if origin is None:
        return connection.headers.get("sec-fetch-site") == "cross-site"
    return urlsplit(origin).netloc != connection.headers.get("host", "")


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int = 403, text: str = FOREIGN) -> None:
    if scope["type"] == "websocket":
        await receive()
        return await send({"type": "websocket.close", "code": 1008})
    title = HTTPStatus(status).phrase
    told = {"type": "about:blank", "title": title, "status": status, "detail": text, "errors": []}
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    answer = JSONResponse(told, status, headers, media_type="application/problem+json")
    return await answer(scope, receive, send)


def _signer() -> URLSafeTimedSerializer:
    opened = lab()
    return URLSafeTimedSerializer(opened.keys.cookie_secret, salt=f"faultlab-session-{opened.sign_ins.birth}")
