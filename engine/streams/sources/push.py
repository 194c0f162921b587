"""Rows that others post over HTTP: one JSON object, an array, or JSON lines."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Annotated, Any, ClassVar

from engine.params import Range
from engine.streams.queues import BoundedQueue
from engine.streams.readings import RowError, reading_of
from engine.streams.sources.base import Row, Source

KEYS_KEPT = 10_000


@dataclass
class Push(Source):
    """A small HTTP endpoint; a full queue answers 429 (backpressure), a row that is no reading 422 with the reason.

    A batch whose Idempotency-Key was seen before is answered with 200 and not taken again.

    Parameters
    ----------
    port
        Where to listen on this machine; 0 = any free port.
    host
        127.0.0.1 = this machine only.
    queue_rows
        Most rows that wait.
    most_bytes
        Largest body that is read.
    """

    name: ClassVar[str] = "push"
    title: ClassVar[str] = "HTTP push"
    port: Annotated[int, Range(0, 65535)] = 0
    host: str = "127.0.0.1"
    queue_rows: Annotated[int, Range(1, 10_000_000)] = 20_000
    most_bytes: Annotated[int, Range(1, 1 << 30, unit="B")] = 8 << 20

    def __post_init__(self) -> None:
        self.queue: BoundedQueue[list[Row]] = BoundedQueue(self.queue_rows)
        self.refused = self.repeated = 0
        self._keys: dict[str, None] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer((self.host, self.port), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://{self.host}:{self._server.server_address[1]}/api/data"

    def read(self, timeout_s: float = 0.5) -> list[Row]:
        return self.queue.take(timeout_s) or []

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(2)

    def take(self, body: bytes, key: str | None) -> tuple[int, str]:
        """Take one posted body; return the HTTP status and a sentence about it."""
        try:
            rows = _parsed(body)
            for number, row in enumerate(rows, start=1):
                try:
                    reading_of(row)
                except RowError as problem:
                    raise RowError(f"Row {number}: {problem}") from None
        except (ValueError, RowError) as problem:
            self.refused += 1
            return 422, str(problem)
        with self._lock:
            if key is not None and key in self._keys:
                self.repeated += 1
                return 200, "This batch was taken before."
            if rows and not self.queue.put(rows, timeout_s=0.0):
                return 429, "The queue is full; try again later."
            if key is not None:
                self._keys[key] = None
                while len(self._keys) > KEYS_KEPT:
                    del self._keys[next(iter(self._keys))]
        return 202, f"{len(rows)} rows taken."


def _parsed(body: bytes) -> list[Row]:
    text = body.decode("utf-8").strip()
    if not text:
        raise RowError("The body is empty; post a JSON object, an array of them, or JSON lines.")
    try:
        data = json.loads(text)
    except ValueError:
        data = [json.loads(line) for line in text.splitlines() if line.strip()]
    return data if isinstance(data, list) else [data]


def _handler(source: Push) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > source.most_bytes:
                self.close_connection = True
                self._answer(413, f"The body has {length} bytes; at most {source.most_bytes} are taken.")
                return
            self._answer(*source.take(self.rfile.read(length), self.headers.get("Idempotency-Key")))

        def do_GET(self) -> None:
            self._answer(200, "Post readings here.")

        def _answer(self, status: int, text: str) -> None:
            body = json.dumps({"detail": text}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_parts: Any) -> None:
            """Say nothing; the counters tell."""

    return Handler
