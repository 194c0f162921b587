"""Receipts: what was handed in is in an append-only file, flushed to the disk, before anybody is told so.

The file is read again at start; whatever a crash kept out of the tables is put back from it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.errors import StoreError

log = logging.getLogger(__name__)


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


@dataclass
class _Line:
    """A line on its way to the disk; it belongs to the one who asked for it, and so does its failure."""

    text: bytes
    written: bool = False
    problem: str = ""


class ReceiptBook:
    """The file of receipts. Many threads may append at once; one flush to the disk serves all that wait for it.

    Parameters
    ----------
    path
        The file, one JSON object a line; made when missing. A torn last line (crash) is cut off when it is opened.

    Attributes
    ----------
    odd_lines
        Numbers of lines that are no receipts; they stay in the file and are left out of what is read.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        _cut_torn_line(path)
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
        self._queue_lock, self._disk_lock = threading.Lock(), threading.Lock()
        self._waiting: list[_Line] = []
        self._size = os.fstat(self._file).st_size  # what was acknowledged; anything behind it is a write that failed
        self.odd_lines: tuple[int, ...] = ()

    def append(self, receipt: Receipt, payload: str) -> None:
        """Write a receipt with its payload; it is on the disk when this returns, and nowhere when it raises.

        Raises
        ------
        StoreError
            When the disk did not take it.
        """
        text = json.dumps({**asdict(receipt), "payload": payload}, ensure_ascii=True).encode() + b"\n"
        line = _Line(text)
        with self._queue_lock:
            self._waiting.append(line)
        with self._disk_lock:
            if not line.written and not line.problem:
                self._flush()
        if line.problem:
            raise StoreError(
                f"The receipt could not be written ({line.problem}); free some disk space and send it again."
            )

    def read(self) -> list[tuple[Receipt, str]]:
        """Return every receipt with its payload, in order; a line that is no receipt is told in `odd_lines`."""
        found, odd = [], []
        for number, line in enumerate(self._path.read_bytes().split(b"\n"), start=1):
            if not line.strip():
                continue
            row = _receipt_of(line)
            if row is None:
                odd.append(number)
            else:
                found.append(row)
        self.odd_lines = tuple(odd)
        if odd:
            log.warning("%s: line %s is no receipt and is left out", self._path, ", ".join(map(str, odd)))
        return found

    def close(self) -> None:
        """Close the file. May be called twice."""
        with self._disk_lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def _flush(self) -> None:
        """Write all lines that wait; they are all on the disk afterwards, or all refused and gone."""
        with self._queue_lock:
            lines, self._waiting = self._waiting, []
        try:
            if os.fstat(self._file).st_size != self._size:
                os.ftruncate(self._file, self._size)
            rest = memoryview(b"".join(line.text for line in lines))
            while rest:
                rest = rest[os.write(self._file, rest) :]
            os.fsync(self._file)
        except OSError as problem:
            with suppress(OSError):  # else before the next write: a refused line must not stay
                os.ftruncate(self._file, self._size)
            for line in lines:
                line.problem = str(problem)
            return
        self._size += sum(len(line.text) for line in lines)
        for line in lines:
            line.written = True


def _receipt_of(line: bytes) -> tuple[Receipt, str] | None:
    try:
        row = json.loads(line)
        payload = row.pop("payload")
        receipt = Receipt(**row)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return (receipt, payload) if isinstance(payload, str) else None


def _cut_torn_line(path: Path) -> None:
    """A line without its end was never acknowledged, so it may go; all before it stays byte for byte."""
    if not path.exists():
        return
    raw = path.read_bytes()
    whole = raw.rfind(b"\n") + 1
    if whole < len(raw):
        with path.open("r+b") as file:
            file.truncate(whole)
