"""What stands before every route of the API: the wall (size of bodies, rate per client) and the log of requests.

Pure ASGI, because Starlette's own base class buffers streams and leaves sockets out.
"""

from __future__ import annotations

import bisect
import logging
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from app.access import SCOPE_KEY
from app.api.wall import MOST_BODY, Rates, Wall

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Any]]
    Send = Callable[[Any], Awaitable[None]]

log = logging.getLogger(__name__)
BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # of the duration histogram


class Traffic:
    """What came in: requests by method, route and status, and how long they took."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.buckets: dict[str, list[int]] = {}
        self.seconds: Counter[str] = Counter()
        self.refused = 0

    def refuse(self) -> None:
        """Count a request that was turned away."""
        with self._lock:
            self.refused += 1

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Remember one request."""
        with self._lock:
            self.requests[method, route, status] += 1
            self.buckets.setdefault(route, [0] * (len(BOUNDS_S) + 1))[bisect.bisect_left(BOUNDS_S, seconds)] += 1
            self.seconds[route] += seconds  # type: ignore[assignment]


class Guard:
    """The middleware of the API: the wall, and the notes of what came in."""

    def __init__(self, app: Any, traffic: Traffic, rates: Rates | None = None, most_body: int = MOST_BODY) -> None:
        self.traffic, self.app = traffic, Wall(app, rates, most_body, refused=traffic.refuse)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began, told = time.perf_counter(), {"status": 500}

        async def send_and_note(message: Any) -> None:
            if message["type"] == "http.response.start":
                told["status"] = message["status"]
            await send(message)

        try:
            return await self.app(scope, receive, send_and_note)
        finally:
            self._note(scope, told["status"], time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        self.traffic.note(scope["method"], route, status, seconds)
        facts = {"method": scope["method"], "path": scope["path"], "status": status, "ms": round(1000 * seconds, 2)}
        who = scope.get(SCOPE_KEY)
        facts["role"] = getattr(who, "role", "student")
        level = logging.WARNING if status >= 500 else logging.INFO
        if log.isEnabledFor(level):
            log.log(level, "%s %s answered %d", scope["method"], scope["path"], status, extra={"facts": facts})
