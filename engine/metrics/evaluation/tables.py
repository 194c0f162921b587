"""CSV files as columns of text, with errors that name the file, the line and the cure."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import FileProblemError
from engine.records import time_us

if TYPE_CHECKING:
    from engine.metrics.arrays import FloatArray, IntArray

SEPARATORS = (",", ";", "\t")
FIRST_LINE = 2


@dataclass(frozen=True)
class Table:
    """A CSV file: its columns by lower-case name, each a list of text, and the line of each row (blank ones count)."""

    file: Path
    columns: dict[str, list[str]]
    lines: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def first_of(self, names: Sequence[str]) -> str | None:
        """Return the first of the names that is a column, None when none is."""
        return next((name for name in names if name in self.columns), None)

    def need(self, names: Sequence[str]) -> str:
        """Return the first of the names that is a column, or raise FileProblemError."""
        found = self.first_of(names)
        if found is None:
            have = ", ".join(self.columns) or "nothing"
            wrong = f"there is no column {' or '.join(names)} (only {have})"
            raise FileProblemError(self.file, "line 1", wrong, f"name a column {names[0]}")
        return found

    def numbers(self, name: str) -> FloatArray:
        """Return a column as float64 (n,); a cell that is no finite number is an error with its line."""
        out = np.empty(len(self), np.float64)
        for row, text in enumerate(self.columns[name]):
            try:
                out[row] = float(text)
            except ValueError:
                raise self.problem(row, f"{name} must be a number, got {text!r}", "write a number") from None
            if not math.isfinite(out[row]):
                cure = "write a number, or leave the row out of both files"
                raise self.problem(row, f"{name} must be a finite number, got {text!r}", cure)
        return out

    def labels(self, name: str) -> IntArray:
        """Return a 0/1 column as int64 (n,); true/false are understood too."""
        words = {"true": "1", "false": "0"}
        out = np.empty(len(self), np.int64)
        for row, text in enumerate(self.columns[name]):
            word = words.get(text.strip().lower(), text.strip())
            if word not in ("0", "1", "0.0", "1.0"):
                raise self.problem(row, f"{name} must be 0 or 1, got {text!r}", "write 0 or 1")
            out[row] = word[0] == "1"
        return out

    def times(self, name: str) -> list[int]:
        """Return a column of ISO 8601 times as microseconds since the epoch."""
        out = []
        for row, text in enumerate(self.columns[name]):
            try:
                out.append(time_us(text))
            except ValueError:
                cure = "write it as 2026-01-05T08:00:00+00:00"
                raise self.problem(row, f"{name} must be a time, got {text!r}", cure) from None
        return out

    def problem(self, row: int, wrong: str, cure: str) -> FileProblemError:
        """Return an error about a row (counted from 0) that names its line."""
        return FileProblemError(self.file, f"line {self.lines[row]}", wrong, cure)


def read_table(file: Path) -> Table:
    """Return a CSV file as a table; comma, semicolon and tab are told apart by the header.

    Raises
    ------
    FileProblemError
        When the file is missing, no text, empty, names a column twice, or a line has another number of cells than the
        header.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise FileProblemError(file, "", f"it cannot be read ({problem.strerror})", "check the path") from None
    except UnicodeDecodeError:
        raise FileProblemError(file, "", "it is not UTF-8 text", "save it as CSV in UTF-8") from None
    lines = text.splitlines()
    if not lines:
        raise FileProblemError(file, "line 1", "the file is empty", "write a header and rows")
    separator = max(SEPARATORS, key=lines[0].count)
    rows = list(csv.reader(lines, delimiter=separator))
    header = [name.strip().lower() for name in rows[0]]
    twice = next((name for name in header if name and header.count(name) > 1), None)
    if twice is not None:
        raise FileProblemError(file, "line 1", f"two columns are called {twice}", "rename or delete one of them")
    kept = [(number, row) for number, row in enumerate(rows[1:], start=FIRST_LINE) if row]
    for number, row in kept:
        if len(row) != len(header):
            wrong = f"{len(row)} cells where the header has {len(header)}"
            raise FileProblemError(file, f"line {number}", wrong, "give every line one cell per column")
    columns = {name: [row[k] for _, row in kept] for k, name in enumerate(header)}
    return Table(file, columns, [number for number, _ in kept])
