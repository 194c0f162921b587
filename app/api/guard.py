"""What stands before every route of the API: size of bodies, rate per client, and the log of requests.

Pure ASGI, because Starlette's own base class buffers streams and leaves sockets out.
"""

from __future__ import annotations

import bisect
import logging
import threading
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

log = logging.getLogger(__name__)
MOST_BODY = 8 << 20  # bytes; 10,000 readings of ten sensors are about 2 MB
PER_SECOND, BURST = 1000.0, 3000.0  # of one client: a class behind one address stays well below
MOST_CLIENTS = 10_000
BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # of the duration histogram
EXPENSIVE = {
    "export": 100.0,
    "export-csv": 100.0,
    "score": 50.0,
    "score-file": 200.0,
    "history": 5.0,
    "windows": 20.0,
    "tokens": 200.0,
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


class Traffic:
    """What came in: requests by method, route and status, and how long they took."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.buckets: dict[str, list[int]] = {}
        self.seconds: Counter[str] = Counter()
        self.refused = 0

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Remember one request."""
        with self._lock:
            self.requests[method, route, status] += 1
            self.buckets.setdefault(route, [0] * (len(BOUNDS_S) + 1))[bisect.bisect_left(BOUNDS_S, seconds)] += 1
            self.seconds[route] += seconds  # type: ignore[assignment]


class Guard:
    """The middleware of the API."""

    def __init__(self, app: Any, traffic: Traffic, rates: Rates | None = None, most_body: int = MOST_BODY) -> None:
        self.app, self.traffic, self.rates, self.most_body = app, traffic, rates or Rates(), most_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began, told = time.perf_counter(), {"status": 500}

        async def send_and_note(message: Any) -> None:
            if message["type"] == "http.response.start":
                told["status"] = message["status"]
            await send(message)

        try:
            refusal = self._refusal(scope)
            if refusal is not None:
                return await refusal(scope, receive, send_and_note)
            return await self.app(scope, self._bounded(receive), send_and_note)
        finally:
            self._note(scope, told["status"], time.perf_counter() - began)

    def _refusal(self, scope: Scope) -> Any:
        """Return the answer to a request that is not served: too many of them, or too large."""
        wait = self.rates.wait_s(_client(scope), _cost(scope["path"]))
        if wait > 0.0:
            self.traffic.refused += 1
            seconds = str(max(1, round(wait)))
            return problem(429, f"Too many requests; wait {seconds} s and go on.", headers={"Retry-After": seconds})
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not length.isdigit():
            return problem(400, "Content-Length must be a whole number of bytes.")
        return self._too_large() if int(length) > self.most_body else None

    def _too_large(self) -> Any:
        return problem(413, f"A body may have at most {self.most_body:,} bytes; send it in several parts.")

    def _bounded(self, receive: Receive) -> Receive:
        """Return `receive` that refuses a body without a length as soon as it passes the limit."""
        seen = 0

        async def bounded() -> Any:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.most_body:
                raise HTTPException(413, f"A body may have at most {self.most_body:,} bytes; send it in parts.")
            return message

        return bounded

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        self.traffic.note(scope["method"], route, status, seconds)
        facts = {"method": scope["method"], "path": scope["path"], "status": status, "ms": round(1000 * seconds, 2)}
        who = scope.get(SCOPE_KEY)
        facts["role"] = getattr(who, "role", "student")
        level = logging.WARNING if status >= 500 else logging.INFO
        if log.isEnabledFor(level):
            log.log(level, "%s %s answered %d", scope["method"], scope["path"], status, extra={"facts": facts})


def _client(scope: Scope) -> str:
    """Return whose bucket it is: a person's by handle, else the address's."""
    handle = getattr(scope.get(SCOPE_KEY), "handle", None)
    return f"person {handle}" if handle else str((scope.get("client") or ("unknown",))[0])


def _cost(path: str) -> float:
    return max((EXPENSIVE.get(part, 1.0) for part in path.rsplit("/", 4)), default=1.0)
