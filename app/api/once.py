"""Each batch once: a request that is sent again with its Idempotency-Key is answered as before and not done again.

A key belongs to a client and a route; two clients that both count from 1 never see each other. The same key with
another body is refused, and one that comes while the first is still worked on waits for that one's answer.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from app.access import viewer_of
from app.api.problems import problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

MOST_BYTES, MOST_KEYS, LONGEST_KEY = 32 << 20, 5000, 200
OTHER_BODY = (
    "This Idempotency-Key came with another body before; give every batch a key of its own. Nothing was stored."
)
LONG_KEY = f"An Idempotency-Key may have at most {LONGEST_KEY} characters."


@dataclass
class _Entry:
    """One request: the digest of its body, and its answer once there is one (None = it failed)."""

    digest: bytes
    answer: Future[bytes | None] = field(default_factory=Future)
    size: int = 0


class Once:
    """Remembered answers, the oldest forgotten first.

    Parameters
    ----------
    most_bytes, most_keys
        How much is remembered.
    """

    def __init__(self, most_bytes: int = MOST_BYTES, most_keys: int = MOST_KEYS) -> None:
        self.most_bytes, self.most_keys, self.bytes = most_bytes, most_keys, 0
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[Any, ...], _Entry] = OrderedDict()

    async def answer(self, request: Request, work: Callable[[], Awaitable[Response]]) -> Response:
        """Return the answer of `work`, or of the request with this key before; only successes are remembered."""
        given = request.headers.get("idempotency-key", "")
        if not given:
            return await work()
        if len(given) > LONGEST_KEY:
            return problem(422, LONG_KEY)
        key = (client_of(request), request.scope["route"].name, *sorted(request.path_params.items()), given)
        digest = hashlib.sha256(await request.body()).digest()
        while True:
            entry, first = self._entered(key, digest)
            if entry.digest != digest:
                return problem(422, OTHER_BODY)
            if first:
                return await self._done(key, entry, work)
            body = await asyncio.shield(asyncio.wrap_future(entry.answer))
            if body is not None:
                return Response(body, media_type="application/json", headers={"Idempotency-Replayed": "true"})

    def _entered(self, key: tuple[Any, ...], digest: bytes) -> tuple[_Entry, bool]:
        with self._lock:
            found = self._entries.get(key)
            if found is not None:
                return found, False
            made = self._entries[key] = _Entry(digest)
            return made, True

    async def _done(self, key: tuple[Any, ...], entry: _Entry, work: Callable[[], Awaitable[Response]]) -> Response:
        body: bytes | None = None
        try:
            made = await work()
            if made.status_code < 300:
                body = bytes(made.body)
            return made
        finally:
            self._remember(key, entry, body)
            entry.answer.set_result(body)

    def _remember(self, key: tuple[Any, ...], entry: _Entry, body: bytes | None) -> None:
        with self._lock:
            if body is None:
                del self._entries[key]
                return
            entry.size = len(body) + sum(len(str(part)) for part in key)
            self.bytes += entry.size
            if self._full:
                for old in [key for key, one in self._entries.items() if one.size]:  # not those still worked on
                    self.bytes -= self._entries.pop(old).size
                    if not self._full:
                        break

    @property
    def _full(self) -> bool:
        return self.bytes > self.most_bytes or len(self._entries) > self.most_keys


def client_of(request: Request) -> str:
    """Return who sends: a person of the class by id, everybody else by network address."""
    who = viewer_of(request)
    return f"person {who.person}" if who.person else str(request.client.host if request.client else "")
