"""What stands before signing in: a short queue before costly checks, which browsers were in before, what is shown once.

A check of a PIN or pass phrase costs 50 ms and 16 MB by design; two at a time are enough for a class, and whoever
floods the door waits in front of it, not in front of the plant.
"""

from __future__ import annotations

import asyncio
import contextvars
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.i18n import t
from engine.classroom.doors import Caller, Doors
from engine.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import HTTPConnection
    from starlette.responses import Response

P, R = ParamSpec("P"), TypeVar("R")
KNOWN = "faultlab_known"  # cookie: who was in before from this browser
KNOWN_AGE_S = 180 * 86_400  # a term
PHRASE = "the pass phrase"  # stands for its holders among the people whom a browser knows
MOST_KNOWN = 12  # people of one browser: a lab's computer
MOST_WAITING = 600
WELCOME_S = 300.0


@dataclass
class Doorstep:
    """The queue, the wrong tries of the pass phrase, and new PINs until their page was read.

    Parameters
    ----------
    secret
        Signs the cookie of `remember`.
    """

    secret: str
    wall: Callable[[], float] = time.monotonic
    doors: Doors = field(init=False)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, "faultlab-door"))
    _welcomes: dict[str, tuple[str, float]] = field(default_factory=dict)
    _waiting: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.doors = Doors(self.wall)

    async def inside(self, check: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
        """Run a check when it is its turn, in the caller's language.

        Raises
        ------
        AccessError
            When too many wait already; and what the check raises.
        """
        with self._lock:
            if self._waiting >= MOST_WAITING:
                raise AccessError(t("Very many people are signing in; wait a few seconds and try again."))
            self._waiting += 1
        context = contextvars.copy_context()
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, lambda: context.run(check, *arguments, **named))
        finally:
            with self._lock:
                self._waiting -= 1

    def caller(self, connection: HTTPConnection) -> Caller:
        """Return who tries: the address, and whom this browser let in before."""
        address = str((connection.scope.get("client") or ("",))[0])
        device, people = self._known(connection)
        return Caller(address, device, frozenset(people))

    def remember(self, connection: HTTPConnection, answer: Response, person: str | None, *, secure: bool) -> None:
        """Note in a cookie that this person was in from this browser; it opens nothing by itself."""
        device, people = self._known(connection)
        people = [*(one for one in people if one != (person or PHRASE)), person or PHRASE][-MOST_KNOWN:]
        value = self._signer().dumps([device or secrets.token_urlsafe(9), people])
        answer.set_cookie(KNOWN, value, KNOWN_AGE_S, httponly=True, samesite="lax", secure=secure)

    def welcome(self, person: str, html: str) -> None:
        """Keep what a new person must read, for a few minutes: a page that is loaded again makes nobody new."""
        now = self.wall()
        self._welcomes = {**{one: kept for one, kept in self._welcomes.items() if kept[1] > now}}
        self._welcomes[person] = (html, now + WELCOME_S)

    def welcome_of(self, person: str | None) -> str | None:
        """Return what this person must read; None when it is too late."""
        html, until = self._welcomes.get(person or "", ("", 0.0))
        return html if until > self.wall() else None

    def close(self) -> None:
        """Let nobody in any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _known(self, connection: HTTPConnection) -> tuple[str, list[str]]:
        try:
            device, people = self._signer().loads(connection.cookies.get(KNOWN, ""), max_age=KNOWN_AGE_S)
            return str(device), [str(one) for one in people]
        except (BadSignature, ValueError, TypeError):
            return "", []

    def _signer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.secret, salt="faultlab-known")
