"""The lines and records of a text: a record is a line, or several where a cell in quotes goes on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import FileProblemError

if TYPE_CHECKING:
    from engine.records import IntArray

OPENING = re.compile(rb'(?:^|[,;\t| ])\s*"')
MOST_LINES_IN_A_CELL = 200
CHUNK = 1 << 23


@dataclass
class Text:
    """The file as UTF-8 with "\\n" at line ends; `first_line` is the line number of its first byte.

    `goes_on` holds the lines (1-based) that continue the record of the line above.
    """

    name: str
    data: bytes
    encoding: str = "utf-8"
    first_line: int = 1
    goes_on: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def n_lines(self) -> int:
        return self.data.count(b"\n") + (not self.data.endswith(b"\n"))

    def start_of(self, line: int) -> int:
        """Return the place of the first byte of a line."""
        at = 0
        for _ in range(line - self.first_line):
            at = self.data.find(b"\n", at) + 1
            if at == 0:
                return len(self.data)
        return at


def text_of(name: str, data: bytes, encoding: str) -> Text:
    """Return the text with one kind of line end and its records found.

    Raises
    ------
    FileProblemError
        When a quotation mark is opened and never closed: it would swallow all lines below it.
    """
    if encoding not in ("utf-8", "utf-8-sig"):
        data = data.decode(encoding, errors="replace").encode("utf-8")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    text = Text(name, data, encoding)
    if b'"' in data:
        text.goes_on = _continued(name, data)
    return text


def _continued(name: str, data: bytes) -> IntArray:
    """Return the lines that go on inside a cell; only lines with an odd number of quotes can begin or end one."""
    odd = _odd_lines(data)
    if len(odd) == 0:
        return odd
    starts = _starts_of(data, odd)
    found: list[int] = []
    open_from = 0
    for line, start in zip(odd.tolist(), starts, strict=True):
        end = data.find(b"\n", start)
        text = data[start : end if end >= 0 else len(data)]
        if open_from:
            found.extend(range(open_from + 1, line + 1))
            open_from = 0 if not _stays_open(text, opened=True) else line
        elif _stays_open(text, opened=False):
            open_from = line
        if open_from and len(found) > MOST_LINES_IN_A_CELL * len(odd):
            break
    if open_from or _too_long(found):
        line = open_from or _too_long(found)
        raise FileProblemError(
            name, f"line {line}", "a quotation mark is opened and never closed", "close it or delete it"
        )
    return np.array(found, dtype=np.int64)


def _too_long(lines: list[int]) -> int:
    """Return the line above a stretch of lines that no cell has, 0 = there is none."""
    run = 0
    for before, line in zip([0, *lines], lines, strict=False):
        run = run + 1 if line == before + 1 else 1
        if run > MOST_LINES_IN_A_CELL:
            return line - run
    return 0


def _stays_open(line: bytes, *, opened: bool) -> bool:
    """Tell whether a cell in quotes is open at the line's end; a quote inside a bare cell is only a mark."""
    at = 0
    while True:
        if opened:
            at = line.find(b'"', at)
            if at < 0:
                return True
            at, opened = (at + 2, True) if line[at + 1 : at + 2] == b'"' else (at + 1, False)
            continue
        start = OPENING.search(line, at)
        if start is None:
            return False
        at, opened = start.end(), True


def _odd_lines(data: bytes) -> IntArray:
    """Return the lines (1-based) with an odd number of quotation marks."""
    found, line, carry = [], 1, 0
    for start in range(0, len(data), CHUNK):
        part = np.frombuffer(data, np.uint8, min(CHUNK, len(data) - start), start)
        ends, quotes = np.flatnonzero(part == 10), np.flatnonzero(part == 34)
        counts = np.bincount(np.searchsorted(ends, quotes), minlength=len(ends) + 1)
        counts[0] += carry
        found.append(line + np.flatnonzero(counts[:-1] % 2))
        line, carry = line + len(ends), int(counts[-1])
    if carry % 2:
        found.append(np.array([line]))
    return np.concatenate(found).astype(np.int64)


def _starts_of(data: bytes, lines: IntArray) -> list[int]:
    starts, at, line = [], 0, 1
    for wanted in lines.tolist():
        while line < wanted:
            at, line = data.find(b"\n", at) + 1, line + 1
        starts.append(at)
    return starts


def head_records(text: Text, most: int = 400, most_bytes: int = 1 << 20) -> list[tuple[int, str]]:
    """Return the first records that are not blank as (line, text)."""
    goes_on = set(text.goes_on[: 10 * most].tolist())
    found: list[tuple[int, str]] = []
    line, at = text.first_line, 0
    while at < len(text.data) and len(found) < most and (at < most_bytes or len(found) < 30):
        end = text.data.find(b"\n", at)
        end = len(text.data) if end < 0 else end
        part = text.data[at:end].decode("utf-8", errors="replace")
        if line in goes_on and found:
            found[-1] = (found[-1][0], found[-1][1] + "\n" + part)
        elif part.strip():
            found.append((line, part))
        at, line = end + 1, line + 1
    return found


def record_lines(text: Text, from_line: int) -> IntArray:
    """Return the line (1-based) at which each record begins that is not blank, from a line on."""
    start = text.start_of(from_line)
    last = text.first_line + text.n_lines - 1
    lines = np.arange(from_line, last + 1, dtype=np.int64)
    blank = _blank_lines(text.data, start, from_line)
    if len(blank) or len(text.goes_on):
        lines = np.setdiff1d(lines, np.concatenate((blank, text.goes_on)), assume_unique=True)
    return lines


def _blank_lines(data: bytes, start: int, from_line: int) -> IntArray:
    if data.find(b"\n\n", max(0, start - 1)) < 0:
        return np.zeros(0, np.int64)
    found, line, before = [], from_line, start - 1
    for begin in range(start, len(data), CHUNK):
        part = np.frombuffer(data, np.uint8, min(CHUNK, len(data) - begin), begin)
        ends = np.flatnonzero(part == 10) + begin
        if len(ends):
            gaps = np.diff(np.concatenate(([before], ends)))
            found.append(line + np.flatnonzero(gaps == 1))
            line, before = line + len(ends), int(ends[-1])
    return np.concatenate(found) if found else np.zeros(0, np.int64)
