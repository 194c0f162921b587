"""CSV text as other systems write it: encoding, delimiter, quotes and line ends are found and kept.

A file that is only filled in must come back with every other byte unchanged, so cells remember where they stood.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from dataclasses import dataclass

from engine.errors import FileProblemError

DELIMITERS = ",;\t|"
END_OF_CELL = {delimiter: re.compile(rf"[{re.escape(delimiter)}\r\n]") for delimiter in DELIMITERS}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
MAX_BYTES = 20_000_000
LOOKED_AT = 100_000  # characters, from which the delimiter is guessed
LONGEST_LINE = 20_000  # of those that the delimiter is guessed from
MOST_COLUMNS = 2000
MOST_CELLS = 600_000  # empty ones, too: each costs a hundred bytes and some microseconds


@dataclass(frozen=True)
class Cell:
    """One cell: its value, and where its raw text stands in the whole text."""

    value: str
    start: int
    end: int
    quoted: bool


@dataclass(frozen=True)
class CsvText:
    """A CSV file as it came.

    Parameters
    ----------
    text
        The whole text, without the byte order mark.
    encoding, bom
        How it was written, so that it can be written back.
    delimiter, line_end
        As found.
    rows
        Cells of every row that is not empty.
    lines
        Number of the line on which each of these rows begins, from 1.
    """

    text: str
    encoding: str
    bom: bytes
    delimiter: str
    line_end: str
    rows: tuple[tuple[Cell, ...], ...]
    lines: tuple[int, ...]

    @property
    def header(self) -> list[str]:
        return [cell.value.strip() for cell in self.rows[0]]

    def values(self, row: int) -> list[str]:
        return [cell.value for cell in self.rows[row]]

    def encoded(self, text: str) -> bytes:
        """Return text in the encoding of this file, byte order mark included."""
        return self.bom + text.encode(self.encoding)


def read_csv_text(raw: bytes | str, file: str = "roster.csv", most_bytes: int = MAX_BYTES) -> CsvText:
    """Return the file's cells, in time proportional to its length.

    Raises
    ------
    FileProblemError
        When it is empty, too large, a spreadsheet or an archive, or no text.
    """
    _refuse_large(raw, file, most_bytes)
    if isinstance(raw, bytes):
        _refuse_other_kinds(raw, file)
    text, encoding, bom = _decoded(raw) if isinstance(raw, bytes) else (raw, "utf-8", b"")
    if not text.strip():
        raise _empty(file)
    delimiter = _delimiter(text)
    if text.count(delimiter) + max(text.count("\n"), text.count("\r")) >= MOST_CELLS:
        raise FileProblemError(file, "", f"there are more than {MOST_CELLS:,} cells", "send fewer rows or columns")
    rows = tuple(row for row in _cells(text, delimiter, file) if any(cell.value.strip() for cell in row))
    if not rows:
        raise _empty(file)
    if len(rows[0]) > MOST_COLUMNS:
        wrong = f"there are {len(rows[0]):,} columns, more than {MOST_COLUMNS:,}"
        raise FileProblemError(file, f"line {_lines(text, rows)[0]}", wrong, "keep only the columns that are needed")
    return CsvText(text, encoding, bom, delimiter, "\r\n" if "\r\n" in text else "\n", rows, _lines(text, rows))


def _empty(file: str) -> FileProblemError:
    return FileProblemError(file, "", "the file is empty", "export it again with at least a header line")


def _lines(text: str, rows: tuple[tuple[Cell, ...], ...]) -> tuple[int, ...]:
    """Return the line of each row; every character is looked at once."""
    starts = [0, *(row[0].start for row in rows)]
    return tuple(itertools.accumulate((text.count("\n", a, b) for a, b in itertools.pairwise(starts)), initial=1))[1:]


def _refuse_large(raw: bytes | str, file: str, most: int) -> None:
    if len(raw) > most:
        wrong = f"the file has {len(raw):,} bytes, more than {most:,}"
        raise FileProblemError(file, "", wrong, "send only the rows that are needed, or intervals instead of readings")


def _refuse_other_kinds(raw: bytes, file: str) -> None:
    if raw[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0") or raw[:2] == b"\x1f\x8b":
        raise FileProblemError(file, "", "this is a spreadsheet or an archive", "save it as CSV and upload the CSV")


def _decoded(raw: bytes) -> tuple[str, str, bytes]:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding, errors="replace"), encoding, mark
    for encoding in ("utf-8", "cp1252"):  # what Windows calls latin-1 has dashes and the euro
        try:
            return raw.decode(encoding), encoding, b""
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1"), "latin-1", b""


def _delimiter(text: str) -> str:
    """The delimiter that divides the header, then one that gives the first lines equally many cells, then the most."""
    first = text[:LOOKED_AT].splitlines()[:20]
    lines = [line[:LONGEST_LINE] for line in first if line.strip()][:5] or text.strip()[:LONGEST_LINE].splitlines()[:1]

    def worth(delimiter: str) -> tuple[bool, bool, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        return widths[0] > 1, len(set(widths)) == 1, widths[0]

    return max(DELIMITERS, key=worth)


def _cells(text: str, delimiter: str, file: str) -> list[tuple[Cell, ...]]:
    rows, row, at, end = [], list[Cell](), 0, len(text)
    while at <= end:
        cell, at = _cell(text, at, delimiter, file)
        row.append(cell)
        if at < end and text[at] == delimiter:
            at += 1
            continue
        rows.append(tuple(row))
        row = []
        if at >= end:
            break
        at += 2 if text.startswith("\r\n", at) else 1
    return rows


def _cell(text: str, at: int, delimiter: str, file: str) -> tuple[Cell, int]:
    """Read the cell that starts at `at`; return it and the position after it."""
    start, ends = at, END_OF_CELL[delimiter]
    if not text.startswith('"', at):
        at = _next(ends, text, at)
        return Cell(text[start:at], start, at, False), at
    at += 1
    while (close := text.find('"', at)) >= 0 and text.startswith('""', close):
        at = close + 2
    if close < 0:
        line = text.count("\n", 0, start) + 1
        raise FileProblemError(
            file, f"line {line}", "a quote is opened and never closed", 'write "" for a quote inside'
        )
    at = _next(ends, text, close + 1)  # stray text after the closing quote belongs to the cell
    value = text[start + 1 : close].replace('""', '"') + text[close + 1 : at]
    return Cell(value, start, at, True), at


def _next(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.search(text, at)
    return len(text) if found is None else found.start()


def csv_cell(value: str, delimiter: str = ",", *, quoted: bool = False) -> str:
    """Return one cell as text, quoted when it must be (or asked)."""
    if quoted or any(mark in value for mark in (delimiter, '"', "\n", "\r")):
        return '"' + value.replace('"', '""') + '"'
    return value


def csv_rows(rows: list[list[str]], delimiter: str = ",", line_end: str = "\n") -> str:
    """Return rows as CSV text by the csv module's quoting."""
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator=line_end).writerows(rows)
    return buffer.getvalue()


def guarded(value: str) -> str:
    """Return a cell for a report that people open in a spreadsheet: it can no longer start a formula."""
    return "'" + value if value.startswith(FORMULA_STARTS) and not _NUMBER.fullmatch(value) else value


def unguarded(value: str) -> str:
    """Return what `guarded` was given."""
    return value[1:] if value.startswith("'") and value[1:].startswith(FORMULA_STARTS) else value
