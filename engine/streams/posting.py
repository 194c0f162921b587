"""One keep-alive connection that posts JSON; the standard library's client is the fastest there is in Python."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from engine.errors import LabError

# 408 request timeout, 425 too early, 429 too many requests: the server asks to try again. 5xx: its own trouble.
TRY_AGAIN = frozenset({408, 425, 429})
# 401 unauthorized, 403 forbidden, 404 not found: what is wrong may be the address or the key, not the rows.
WRONG_PLACE = frozenset({401, 403, 404})


MOST_READ, LONGEST_SENTENCE = 4 << 20, 300  # of an answer: bytes that are read, characters that are shown


@dataclass(frozen=True)
class Answer:
    """What became of a request: `done` (2xx), or `again` (worth retrying), else refused for good.

    `problem` says why it is refused; of a request that is done, what the receiver did not take of it.
    """

    done: bool
    again: bool
    problem: str = ""


class Poster:
    """Posts batches of rows to one URL.

    Raises
    ------
    LabError
        When the URL is no http or https address.
    """

    def __init__(
        self, url: str, timeout_s: float, headers: dict[str, str], *, single: bool, keep_refused: bool = False
    ) -> None:
        self._again = TRY_AGAIN | WRONG_PLACE if keep_refused else TRY_AGAIN
        wrong = f"url must be an http or https address such as http://localhost:8000/api/data, got {url!r}."
        try:
            parts = urlsplit(url)
            host, self._port = parts.hostname, parts.port
        except ValueError:  # a port that is no number, half an IPv6 address
            raise LabError(wrong) from None
        if parts.scheme not in ("http", "https") or not host:
            raise LabError(wrong)
        # Neither path nor user: a webhook keeps its secret there, and this is shown.
        self._place = f"{parts.scheme}://{host}" + (f":{self._port}" if self._port is not None else "")
        self._host, self._secure = host, parts.scheme == "https"
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._timeout_s, self._headers, self._single = timeout_s, headers, single
        self._connection: http.client.HTTPConnection | None = None

    def post(self, rows: list[dict[str, Any]], key: str) -> Answer:
        """Send one batch and say what became of it; never raises for what the network or the server does."""
        body = orjson.dumps(rows[0] if self._single and len(rows) == 1 else rows)
        headers = {"Content-Type": "application/json", "Idempotency-Key": key, **self._headers}
        try:
            status, told = self._exchange(body, headers)
        except (OSError, http.client.HTTPException) as problem:
            self.close()
            why = getattr(problem, "strerror", None) or f"{type(problem).__name__}: {problem}"
            return Answer(
                False, True, f"{self._place} does not answer ({why}); start the server or give another address"
            )
        if 200 <= status < 300:
            return Answer(True, False, _note(told))
        why = _sentence(told)
        said = f"{self._place} answered {status}" + (f": {why}" if why else "")
        return Answer(False, status in self._again or status >= 500, said)

    def close(self) -> None:
        """Close the connection; the next post opens a new one."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.close()
            self._connection = None

    def _exchange(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = self._connection or self._connect()
        connection.request("POST", self._path, body, headers)
        response = connection.getresponse()
        told = response.read(MOST_READ)
        if response.will_close or not response.isclosed():
            self.close()
        return response.status, told

    def _connect(self) -> http.client.HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            self._connection = http.client.HTTPSConnection(
                self._host, self._port, timeout=self._timeout_s, context=context
            )
        else:
            self._connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._connection


def _sentence(told: bytes) -> str:
    """Return what a receiver says about its refusal: problem+json's `detail`, FastAPI's places, or a line of text."""
    try:
        said = orjson.loads(told)
    except orjson.JSONDecodeError:
        said = told[:2000].decode("utf-8", "replace")
    if isinstance(said, dict):
        said = next((said[name] for name in ("detail", "message", "error", "title") if said.get(name)), "")
    if isinstance(said, list) and said and isinstance(said[0], dict):
        place = ".".join(str(part) for part in said[0].get("loc", ()))
        said = f"{place}: {said[0].get('msg', '')}"
    line = " ".join("".join(c if c.isprintable() else " " for c in str(said)).split())
    return "" if line.startswith("<") else line[:LONGEST_SENTENCE]


def _note(told: bytes) -> str:
    """Return what a receiver did not take of a batch, as our own API says it in `note`."""
    if b'"note"' not in told:
        return ""
    try:
        said = orjson.loads(told)
    except orjson.JSONDecodeError:
        return ""
    return str(said.get("note") or "")[:LONGEST_SENTENCE] if isinstance(said, dict) else ""
