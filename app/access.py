"""Who is looking: a signed cookie says the role; whoever has none is a student.

`Access` stands in front of pages, API and sockets. It drops the headers that only it may set, reads who is asking,
refuses requests that another site sends through the visitor's browser, and tells Streamlit (as `st.user`) and the API
(`viewer_of`) the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

import streamlit as st
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse

from app.i18n import t
from app.lab import lab
from engine.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Any]]
    Send = Callable[[Any], Awaitable[None]]

COOKIE = "faultlab"
COOKIE_AGE_S = 12 * 3600  # a teaching day
ROLES = ("student", "ta", "instructor")
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
SCOPE_KEY = "faultlab.viewer"
FOREIGN = "This request came from another site; open the lab's own page and try again."


@dataclass(frozen=True)
class Viewer:
    """Who is looking; the default is a student whose name is not known."""

    role: str = "student"
    handle: str | None = None

    @property
    def teaches(self) -> bool:
        """Whether truth and controls of the plant may be shown."""
        return self.role == "instructor"


def cookie_for(who: Viewer) -> str:
    """Return the signed cookie value that says who this is."""
    return _signer().dumps([who.role, who.handle])


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
    return lab().desks.holder(token.strip(), _by_signature)


def _by_signature(token: str) -> Viewer | None:
    try:
        role, handle = _signer().loads(token, max_age=COOKIE_AGE_S)
    except (BadSignature, ValueError, TypeError):
        return None
    return Viewer(role, handle) if role in ROLES else None


# Tried in this order, the first answer counts; a function from a connection to a Viewer or None.
IDENTIFIERS: tuple[Callable[[HTTPConnection], Viewer | None], ...] = (by_token, by_cookie)


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
    """Return who looks at this page (for pages)."""
    role = str(st.user.get("role") or "student")
    handle = st.user.get("handle")
    return Viewer(role if role in ROLES else "student", unquote(str(handle)) if handle else None)


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
        if is_foreign(connection):
            return await _refuse(scope, receive, send)
        try:
            who = next((found for identify in IDENTIFIERS if (found := identify(connection))), Viewer())
        except AccessError as problem:
            return await _refuse(scope, receive, send, 401, str(problem))
        scope[SCOPE_KEY] = who
        scope["headers"] += [(b"x-lab-role", who.role.encode()), (b"x-lab-handle", quote(who.handle or "").encode())]
        return await self.app(scope, receive, send)


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
    return URLSafeTimedSerializer(lab().keys.cookie_secret, salt="faultlab-session")
