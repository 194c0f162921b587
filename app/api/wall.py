"""What stands before every door of the server: rate and bytes per client, sizes of bodies, how much is open at a time.

Pure ASGI. It stands once before the whole server (pages' socket, uploads, /login, /export-csv, API) and once in the API
for those who mount it alone; what has passed one passes the other.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from app.access import SCOPE_KEY
from app.api.problems import problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Any]]
    Send = Callable[[Any], Awaitable[None]]

PASSED = "faultlab.passed_the_wall"
MOST_BODY = 8 << 20  # bytes; 10,000 readings of ten sensors are about 2 MB
MOST_UPLOAD = 400 << 20  # Streamlit's own limit (.streamlit/config.toml), kept also for bodies without a length
PER_SECOND, BURST = 1000.0, 3000.0  # of one client: a class behind one address stays well below
MOST_CLIENTS = 10_000
BYTES_OF_A_REQUEST = 100_000  # a body costs one request more for each
# What a request costs beside its bytes. A sign-in takes 16 MB and 50 ms of the processor: ten a second of one address.
EXPENSIVE = {
    "login": 100.0, "export": 100.0, "export-csv": 100.0, "data": 50.0, "score": 50.0, "score-file": 200.0,
    "history": 5.0, "windows": 20.0,
    "tokens": 200.0, "upload_file": 20.0,
}  # fmt: skip
DOORS = {"api", "login", "export-csv", "upload_file"}  # what is priced; files of the page itself are free
UPLOADS = "upload_file"


@dataclass(frozen=True)
class Room:
    """How much of one kind may be open at a time: of a person, of an address, of all."""

    person: int
    address: int
    all: int


ROOMS = {
    "sockets": Room(40, 800, 4000),
    "streams": Room(10, 200, 1000),
    "long answers": Room(6, 60, 300),
    "uploads": Room(3, 30, 60),
}


@dataclass
class Rates:
    """A token bucket for each client.

    Parameters
    ----------
    per_second, most
        Requests that come back each second, and how many may be spent at once.
    """

    per_second: float = PER_SECOND
    most: float = BURST
    wall: Callable[[], float] = time.monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)

    def wait_s(self, client: str, cost: float = 1.0) -> float:
        """Take `cost` from the client's bucket; returns 0, or the seconds until it has that much."""
        now = self.wall()
        left, at = self._left.get(client, (self.most, now))
        left = min(self.most, left + (now - at) * self.per_second)
        if left < cost:
            self._left[client] = (left, now)
            return (cost - left) / self.per_second
        if len(self._left) > MOST_CLIENTS:
            self._left.clear()
        self._left[client] = (left - cost, now)
        return 0.0


class Places:
    """What is open now, by kind and client."""

    def __init__(self, rooms: dict[str, Room] | None = None) -> None:
        self._rooms = rooms or ROOMS
        self._taken: Counter[tuple[str, str]] = Counter()

    def take(self, kind: str, client: str) -> bool:
        """Take a place; False when this client, or all together, have as many as they may."""
        room = self._rooms[kind]
        mine = room.person if client.startswith("person ") else room.address
        if self._taken[kind, client] >= mine or self._taken[kind, ""] >= room.all:
            return False
        self._taken[kind, client] += 1
        self._taken[kind, ""] += 1
        return True

    def leave(self, kind: str, client: str) -> None:
        """Give a place back."""
        for key in ((kind, client), (kind, "")):
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]


class Wall:
    """The middleware.

    Parameters
    ----------
    refused
        Is called for each request that was turned away.
    """

    def __init__(
        self,
        app: Any,
        rates: Rates | None = None,
        most_body: int = MOST_BODY,
        places: Places | None = None,
        refused: Callable[[], None] = lambda: None,
    ) -> None:
        self.app, self.rates, self.most_body = app, rates or Rates(), most_body
        self.places, self._refused = places or Places(), refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope.get(PASSED):
            return await self.app(scope, receive, send)
        scope[PASSED] = True
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is not None:
            return await refusal(scope, receive, send)
        kind, client = kind_of(scope), client_of(scope)
        if kind and not self.places.take(kind, client):
            return await self._full(kind, scope, receive, send)
        try:
            return await self.app(scope, self._bounded(scope, receive), send)
        finally:
            if kind:
                self.places.leave(kind, client)

    def _refusal(self, scope: Scope) -> Any:
        """Return the answer to a request that is not served: too many of them, or too large."""
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not length.isdigit() or len(length) > 18:
            return problem(400, "Content-Length must be a whole number of bytes.")
        most = self._most(scope)
        if int(length) > most:
            return problem(413, f"A body may have at most {most:,} bytes; send it in several parts.")
        wait = self.rates.wait_s(client_of(scope), cost_of(scope, int(length)))
        if wait <= 0.0:
            return None
        self._refused()
        seconds = str(max(1, round(wait)))
        return problem(429, f"Too many requests; wait {seconds} s and go on.", headers={"Retry-After": seconds})

    async def _full(self, kind: str, scope: Scope, receive: Receive, send: Send) -> None:
        self._refused()
        if scope["type"] == "websocket":
            await receive()
            return await send({"type": "websocket.close", "code": 1013})
        told = f"Too many {kind} are open from here; close some, or wait until they have ended."
        return await problem(429, told, headers={"Retry-After": "5"})(scope, receive, send)

    def _most(self, scope: Scope) -> int:
        return MOST_UPLOAD if UPLOADS in _parts(scope) else self.most_body

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """Return `receive` that refuses a body without a length as soon as it passes the limit."""
        if scope["type"] != "http":
            return receive
        seen, most = 0, self._most(scope)

        async def bounded() -> Any:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise HTTPException(413, f"A body may have at most {most:,} bytes; send it in parts.")
            return message

        return bounded


def client_of(scope: Scope) -> str:
    """Return whose bucket it is: a person's by handle, else the address's."""
    handle = getattr(scope.get(SCOPE_KEY), "handle", None)
    return f"person {handle}" if handle else str((scope.get("client") or ("unknown",))[0])


def cost_of(scope: Scope, length: int) -> float:
    """Return what a request costs; nothing for files of the pages."""
    parts = _parts(scope)
    if not DOORS & set(parts) or (parts[-1] == "login" and scope["method"] != "POST"):
        return 0.0 if not length else 1.0 + length / BYTES_OF_A_REQUEST
    size = 0.0 if UPLOADS in parts else length / BYTES_OF_A_REQUEST
    return size + max((EXPENSIVE.get(part, 1.0) for part in parts[-4:]), default=1.0)


def kind_of(scope: Scope) -> str:
    """Return which of the rooms a request takes a place in; "" = none, it is over soon."""
    parts = _parts(scope)
    if scope["type"] == "websocket":
        return "sockets"
    if UPLOADS in parts:
        return "uploads"
    if "api" in parts and parts[-1] == "stream" and scope["method"] == "GET":
        return "streams"
    return "long answers" if parts[-1] in ("export", "export-csv", "data", "score", "score-file") else ""


def _parts(scope: Scope) -> list[str]:
    return str(scope["path"]).split("/")
