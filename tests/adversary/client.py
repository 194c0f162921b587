"""One connection to a real server that stays open; an answer counts when all of it has come."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit


class Client:
    """A program of one person of the class.

    Parameters
    ----------
    url
        Of the server.
    token
        Of the person; empty = a stranger.
    """

    def __init__(self, url: str, token: str = "", timeout_s: float = 60.0) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=timeout_s)
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return status and JSON of an answer; OSError or HTTPException when the server is gone."""
        self._connection.request(method, path, None if body is None else json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def close(self) -> None:
        """Leave."""
        self._connection.close()
