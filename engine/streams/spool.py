"""A queue on disk for batches that cannot be delivered now; it survives a crash and keeps the order."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import sys
from collections import deque
from pathlib import Path
from typing import Any, BinaryIO, cast

log = logging.getLogger(__name__)


class Spool:
    """Batches in one append-only file, with the place of the first undelivered one in a file beside it.

    A batch is JSON-ready data with a number of rows. After a crash a batch may be delivered again (its delivery was
    not noted yet), never lost: the receiver drops repeats by their key. When all is delivered the file starts anew.
    A second process that asks for the same file gets the next one, `<name>.2.jsonl` and so on; what it leaves there is
    found by the next process for which there is nothing in a file before it.

    Parameters
    ----------
    path
        The file; `<path>.place` is kept beside it.
    max_bytes
        Most bytes on disk; a batch that does not fit is refused.
    """

    def __init__(self, path: Path, max_bytes: int = 256 << 20) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.max_bytes = max_bytes
        self.path, self._file = _own(path)
        self._place_path = self.path.with_name(self.path.name + ".place")
        self._sizes: deque[tuple[int, int]] = deque()  # (bytes, rows) of each waiting batch
        self._place = self._read_place()
        self._end = self._scan()
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
            left = memoryview(line)
            while left:
                left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())
        except OSError as problem:
            log.warning("the spool %s cannot be written: %s", self.path, str(problem))
            with contextlib.suppress(OSError):
                self._file.truncate(self._end)  # half a line would hide what is written after it
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
        if not self._sizes and not self._file.closed:
            self.path.unlink(missing_ok=True)
            self._place_path.unlink(missing_ok=True)
        self._file.close()

    def _read_place(self) -> int:
        try:
            return int(self._place_path.read_text())
        except (OSError, ValueError):
            return 0

    def _note_place(self) -> None:
        """Note the place; on a full disk it stays behind, and after a crash some batches are delivered again."""
        with contextlib.suppress(OSError):
            if self._place == 0:
                self._place_path.unlink(missing_ok=True)
                return
            fresh = self._place_path.with_name(self._place_path.name + ".new")
            fresh.write_text(str(self._place))
            fresh.replace(self._place_path)

    def _scan(self) -> int:
        if self._file.seek(0, os.SEEK_END) < self._place:  # the crash came between truncating and noting the place
            self._place = 0
            self._note_place()
        end = self._place
        self._file.seek(end)
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            try:
                rows = int(json.loads(line)[0])
            except (ValueError, TypeError, LookupError):
                self._set_aside()
                break
            self._sizes.append((len(line), rows))
            end += len(line)
        return end

    def _set_aside(self) -> None:
        """Keep a copy of a file in which something else than a batch was found; what follows that is not delivered."""
        copy = self.path.with_name(self.path.name + ".damaged")
        shutil.copyfile(self.path, copy)
        log.warning("the spool %s is damaged; what cannot be read is kept in %s", self.path, copy.name)


def _own(path: Path) -> tuple[Path, BinaryIO]:
    """Open the first file of that name with something in it that no other process holds, else the first free one."""
    free: list[tuple[Path, BinaryIO]] = []
    number = 1
    while True:
        one = path if number == 1 else path.with_name(f"{path.stem}.{number}{path.suffix}")
        if not one.exists() and free:
            break
        file = cast("BinaryIO", one.open("r+b" if one.exists() else "w+b", buffering=0))
        if _locked(file) and one.exists() and os.path.samestat(one.stat(), os.fstat(file.fileno())):
            free.append((one, file))
            if file.seek(0, os.SEEK_END):
                break
        else:
            file.close()
        number += 1
    chosen = free[-1] if free[-1][1].seek(0, os.SEEK_END) else free[0]
    for one, file in free:
        if one != chosen[0]:  # an empty one
            one.unlink(missing_ok=True)
            file.close()
    return chosen


def _locked(file: BinaryIO) -> bool:
    """Take the file for this process; the lock ends with the process, however that ends."""
    if sys.platform == "win32":  # there two streams to one place must have homes of their own
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
