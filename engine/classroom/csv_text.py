"""CSV text as other systems write it: encoding, delimiter, quotes and line ends are found and kept.

A file that is only filled in must come back with every other byte unchanged, so cells remember where they stood.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

from engine.errors import FileProblemError

DELIMITERS = ",;\t|"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
MAX_BYTES = 20_000_000


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
    """

    text: str
    encoding: str
    bom: bytes
    delimiter: str
    line_end: str
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def header(self) -> list[str]:
        return [cell.value.strip() for cell in self.rows[0]]

    def values(self, row: int) -> list[str]:
        return [cell.value for cell in self.rows[row]]

    def encoded(self, text: str) -> bytes:
        """Return text in the encoding of this file, byte order mark included."""
        return self.bom + text.encode(self.encoding)


def read_csv_text(raw: bytes | str, file: str = "roster.csv") -> CsvText:
    """Return the file's cells.

    Raises
    ------
    FileProblemError
        When it is empty, too large, a spreadsheet or an archive, or no text.
    """
    if isinstance(raw, bytes):
        _refuse_other_kinds(raw, file)
    text, encoding, bom = _decoded(raw) if isinstance(raw, bytes) else (raw, "utf-8", b"")
    if not text.strip():
        raise FileProblemError(file, "", "the file is empty", "export it again with at least a header line")
    delimiter = _delimiter(text)
    rows = tuple(row for row in _cells(text, delimiter, file) if any(cell.value.strip() for cell in row))
    return CsvText(text, encoding, bom, delimiter, "\r\n" if "\r\n" in text else "\n", rows)


def _refuse_other_kinds(raw: bytes, file: str) -> None:
    if raw[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0") or raw[:2] == b"\x1f\x8b":
        raise FileProblemError(file, "", "this is a spreadsheet or an archive", "save it as CSV and upload the CSV")
    if len(raw) > MAX_BYTES:
        wrong = f"the file has {len(raw):,} bytes, more than {MAX_BYTES:,}"
        raise FileProblemError(file, "", wrong, "send only the rows of this class")


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
    lines = [line for line in text.splitlines()[:20] if line.strip()][:5]

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
    start, ends = at, delimiter + "\r\n"
    if not text.startswith('"', at):
        while at < len(text) and text[at] not in ends:
            at += 1
        return Cell(text[start:at], start, at, False), at
    at += 1
    while (close := text.find('"', at)) >= 0 and text.startswith('""', close):
        at = close + 2
    if close < 0:
        line = text.count("\n", 0, start) + 1
        raise FileProblemError(
            file, f"line {line}", "a quote is opened and never closed", 'write "" for a quote inside'
        )
    at = close + 1
    value = text[start + 1 : close].replace('""', '"')
    while at < len(text) and text[at] not in ends:  # stray text after the closing quote belongs to the cell
        value, at = value + text[at], at + 1
    return Cell(value, start, at, True), at


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
