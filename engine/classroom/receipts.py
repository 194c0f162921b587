"""Receipts: what was handed in is in an append-only file, flushed to the disk, before anybody is told so.

The file is read again at start; whatever a crash kept out of the tables is put back from it.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.errors import StoreError


@dataclass(frozen=True)
class Receipt:
    """Proof of a submission: its id, the SHA-256 of what was handed in, and the server's time."""

    submission: str
    person: str
    assignment: str
    variant: str
    kind: str
    received_us: int
    sha256: str
    attempt: int


def payload_hash(payload: str) -> str:
    """Return the SHA-256 of a payload."""
    return hashlib.sha256(payload.encode()).hexdigest()


def receipt_id(person: str, assignment: str, attempt: int, sha256: str) -> str:
    """Return a short id that cannot be guessed from another one."""
    text = f"{person}|{assignment}|{attempt}|{sha256}"
    return f"R{hashlib.sha256(text.encode()).hexdigest()[:12].upper()}"


class ReceiptBook:
    """The file of receipts. Many threads may append at once; one flush to the disk serves all that wait for it.

    Parameters
    ----------
    path
        The file, one JSON object a line; made when missing. A torn last line (crash) is cut off when it is opened.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        _cut_torn_line(path)
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
        self._queue_lock, self._disk_lock = threading.Lock(), threading.Lock()
        self._waiting: list[bytes] = []
        self._queued = self._on_disk = 0

    def append(self, receipt: Receipt, payload: str) -> None:
        """Write a receipt with its payload; it is on the disk when this returns."""
        line = json.dumps({**asdict(receipt), "payload": payload}, ensure_ascii=True).encode() + b"\n"
        with self._queue_lock:
            self._waiting.append(line)
            self._queued += 1
            mine = self._queued
        with self._disk_lock:
            if self._on_disk < mine:
                self._flush()

    def read(self) -> list[tuple[Receipt, str]]:
        """Return every receipt with its payload, in order."""
        found = []
        for line in self._path.read_text("utf-8").splitlines():
            row = json.loads(line)
            payload = row.pop("payload")
            found.append((Receipt(**row), payload))
        return found

    def close(self) -> None:
        """Close the file. May be called twice."""
        with self._disk_lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def _flush(self) -> None:
        with self._queue_lock:
            lines, self._waiting, upto = self._waiting, [], self._queued
        size = os.fstat(self._file).st_size
        try:
            rest = memoryview(b"".join(lines))
            while rest:
                rest = rest[os.write(self._file, rest) :]
            os.fsync(self._file)
        except OSError as problem:
            os.ftruncate(self._file, size)  # half a line must not stay between whole ones
            with self._queue_lock:
                self._waiting = [*lines, *self._waiting]
            raise StoreError(
                f"The receipt could not be written ({problem}); free some disk space and send it again."
            ) from None
        self._on_disk = upto


def _cut_torn_line(path: Path) -> None:
    """A line without its end was never acknowledged, so it may go; all before it stays byte for byte."""
    if not path.exists():
        return
    raw = path.read_bytes()
    whole = raw.rfind(b"\n") + 1
    if whole < len(raw):
        with path.open("r+b") as file:
            file.truncate(whole)
