"""A port of one's own choice in front of the practice broker, which cannot be told one.

Clients are told a broker's address inside the protocol (Metadata, FindCoordinator), so the doorway also replaces the
broker's real port by its own in what the broker answers. Host and port stand side by side there, the host with its
length; both have the same length before and after, so no frame changes its size. A client that was connected before a
restart therefore finds the new broker at the old address. And it is told a cluster id that is new with each start (the
mock's own may come again), by which it knows that the broker is another one.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import socket
import struct
import threading
from typing import TYPE_CHECKING

from engine.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "127.0.0.1"
_CHUNK = 1 << 16
_CLUSTER = re.compile(rb"mockCluster([0-9a-f]{1,16})")


class PortTakenError(LabError):
    """The port wanted cannot be listened at."""


class Doorway:
    """Listens at a port of this machine and passes everything on to the broker.

    Parameters
    ----------
    broker_port
        Where the broker really listens on loopback.
    port
        Where clients shall find it.

    Raises
    ------
    PortTakenError
        When the port is taken or not allowed.
    """

    def __init__(self, broker_port: int, port: int) -> None:
        try:
            self._listener = socket.create_server((HOST, port))
        except (OSError, OverflowError):
            raise PortTakenError(f"Port {port} cannot be used; something listens there. Choose another one.") from None
        self.port: int = self._listener.getsockname()[1]
        self._broker_port = broker_port
        self._id = secrets.token_hex(8)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        _thread(self._accept)

    def close(self) -> None:
        """Stop listening and cut all connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            _cut(connection)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                self._join(client)

    def _join(self, client: socket.socket) -> None:
        """Connect the client with the broker; when the broker is down the client is sent away, as it would be there."""
        try:
            broker = socket.create_connection((HOST, self._broker_port), timeout=5)
        except OSError:
            client.close()
            return
        broker.settimeout(None)
        for connection in (client, broker):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._open |= {client, broker}
        _thread(lambda: self._pass(_bytes_of, client, broker))
        _thread(lambda: self._pass(self._answers_of, broker, client))

    def _pass(self, read: Callable[[socket.socket], bytes], source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := read(source):
                target.sendall(piece)
        for connection in (source, target):
            _cut(connection)
            with self._lock:
                self._open.discard(connection)

    def _answers_of(self, broker: socket.socket) -> bytes:
        """Return the next whole answer with the doorway's port in it; b"" at the end."""
        size = _exactly(broker, 4)
        answer = _exactly(broker, struct.unpack(">i", size)[0]) if size else b""
        return size + renamed(readdressed(answer, self._broker_port, self.port), self._id) if answer else b""


def readdressed(answer: bytes, old_port: int, new_port: int) -> bytes:
    """Return an answer of the broker with the new port where it names the old one behind its host."""
    host = HOST.encode()
    for length in (struct.pack(">h", len(host)), bytes([len(host) + 1])):  # classic and compact strings
        answer = answer.replace(
            length + host + struct.pack(">i", old_port), length + host + struct.pack(">i", new_port)
        )
    return answer


def renamed(answer: bytes, identity: str) -> bytes:
    """Return an answer of the broker with as much of the identity in the cluster's name as there are digits."""
    return _CLUSTER.sub(lambda found: b"mockCluster" + identity[: len(found[1])].encode(), answer, count=1)


def _bytes_of(client: socket.socket) -> bytes:
    return client.recv(_CHUNK)


def _exactly(source: socket.socket, count: int) -> bytes:
    """Return that many bytes; b"" when the connection ends before."""
    found = bytearray()
    while len(found) < count:
        piece = source.recv(min(count - len(found), 1 << 20))
        if not piece:
            return b""
        found += piece
    return bytes(found)


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def _thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="faultlab-doorway", daemon=True).start()
