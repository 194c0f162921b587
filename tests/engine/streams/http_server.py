"""A real HTTP server on loopback whose answers a test chooses, and that can be taken away and brought back."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Server:
    """Counts what it got; `answers` are statuses for the next requests, then 202."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.rows: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.sizes: list[int] = []
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self.port = 0
        self.up()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/data"

    def up(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def down(self) -> None:
        """Stop listening and answer what is still connected by hanging up."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def take(self, body: bytes, key: str) -> int:
        with self._lock:
            if self._server is None:
                return 0
            status = self.answers.pop(0) if self.answers else 202
            if 200 <= status < 300:
                data = json.loads(body)
                rows = data if isinstance(data, list) else [data]
                self.rows += rows
                self.sizes.append(len(rows))
                self.keys.append(key)
            return status


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = server.take(body, self.headers["Idempotency-Key"])
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_parts: Any) -> None:
            """Be quiet."""

    return Handler
