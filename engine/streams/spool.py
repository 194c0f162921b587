"""A queue on disk for batches that cannot be delivered now; it survives a crash and keeps the order."""

from __future__ import annotations

import json
import logging
import os
from collections import deque
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


class Spool:
    """Batches in one append-only file, with the place of the first undelivered one in a file beside it.

    A batch is JSON-ready data with a number of rows. After a crash a batch may be delivered again (its delivery was
    not noted yet), never lost: the receiver drops repeats by their key. When all is delivered the file starts anew.

    Parameters
    ----------
    path
        The file; `<path>.place` is kept beside it.
    max_bytes
        Most bytes on disk; a batch that does not fit is refused.
    """

    def __init__(self, path: Path, max_bytes: int = 256 << 20) -> None:
        self.path, self.max_bytes = path, max_bytes
        self._place_path = path.with_name(path.name + ".place")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._place = self._read_place()
        self._sizes: deque[tuple[int, int]] = deque()  # (bytes, rows) of each waiting batch
        self._end = self._scan()
        self._file = path.open("r+b") if path.exists() else path.open("w+b")
        self._file.truncate(self._end)  # a line torn by a crash in mid-write was never acknowledged as spooled
        self.recovered_rows = self.rows

    def __len__(self) -> int:
        return len(self._sizes)

    @property
    def rows(self) -> int:
        """Rows that wait on disk."""
        return sum(rows for _, rows in self._sizes)

    @property
    def bytes(self) -> int:
        """Bytes that wait on disk."""
        return self._end - self._place

    def append(self, batch: Any, rows: int) -> bool:
        """Write a batch at the end; False when the spool or the disk is full."""
        line = json.dumps([rows, batch], separators=(",", ":"), allow_nan=False).encode() + b"\n"
        if self._end + len(line) > self.max_bytes:
            return False
        try:
            self._file.seek(self._end)
            self._file.write(line)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as problem:
            log.warning("the spool %s cannot be written: %s", self.path, problem)
            return False
        self._end += len(line)
        self._sizes.append((len(line), rows))
        return True

    def first(self) -> Any:
        """Return the oldest batch without removing it."""
        self._file.seek(self._place)
        return json.loads(self._file.readline())[1]

    def drop_first(self) -> None:
        """Note that the oldest batch was delivered (or refused for good)."""
        size, _ = self._sizes.popleft()
        self._place += size
        if not self._sizes:
            self._file.truncate(0)
            self._place = self._end = 0
        self._note_place()

    def close(self) -> None:
        """Close the file; an empty spool leaves nothing behind."""
        self._file.close()
        if not self._sizes:
            self.path.unlink(missing_ok=True)
            self._place_path.unlink(missing_ok=True)

    def _read_place(self) -> int:
        try:
            return int(self._place_path.read_text())
        except (OSError, ValueError):
            return 0

    def _note_place(self) -> None:
        fresh = self._place_path.with_name(self._place_path.name + ".new")
        fresh.write_text(str(self._place))
        fresh.replace(self._place_path)

    def _scan(self) -> int:
        if not self.path.exists():
            return 0
        end = self._place
        with self.path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            if file.tell() < self._place:  # the crash came between truncating and noting the place
                self._place = end = 0
            file.seek(self._place)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._sizes.append((len(line), int(json.loads(line)[0])))
                end += len(line)
        return end
