"""Recognises how a sensor CSV is written: encoding, delimiter, header, unit row, decimal mark.

Readers that guess silently corrupt (a sniffer that saw 20,480 whole numbers rounds the decimals after them), so the
guesses are made here on the first 64 kB, shown to the person, and every cell is read as text and cast with a count.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from engine.errors import FileProblemError

HEAD_BYTES = 65_536
DELIMITERS = (",", ";", "\t", "|")
DECIMAL_COMMA = re.compile(r"^[+-]?\d+,\d+(?:[eE][+-]?\d+)?$")
NUMBER = re.compile(r"^[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?$")
MISSING = ("", "-", "--", "?", "na", "n/a", "nan", "null", "none", "#n/a", "missing")
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# First bytes of files that are no text, with the cure for each.
NOT_TEXT = (
    (b"PK\x03\x04", "this is an Excel or zip file", "save the sheet as CSV and drop that"),
    (b"PAR1", "this is a Parquet file", "write it as CSV and drop that"),
    (b"\xd0\xcf\x11\xe0", "this is an old Excel file", "save the sheet as CSV and drop that"),
    (b"\x1f\x8b", "this is a gzip file", "unpack it and drop the CSV inside"),
    (b"%PDF", "this is a PDF", "export the table as CSV and drop that"),
)


@dataclass(frozen=True)
class Dialect:
    """How the file is written.

    `skip_lines` counts the physical lines above the first data row (comments, header, unit row).
    """

    encoding: str
    delimiter: str
    decimal: str
    names: tuple[str, ...]
    units: tuple[str, ...]
    has_header: bool
    skip_lines: int


def encoding_of(path: Path) -> str:
    """Return the encoding: the byte order mark's, else UTF-8 where the whole file is UTF-8, else Windows-1252.

    Raises
    ------
    FileProblemError
        When the file is empty or no text.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        if not head.strip():
            raise FileProblemError(path.name, "", "the file is empty", "choose a CSV with a header and readings")
        for magic, wrong, cure in NOT_TEXT:
            if head.startswith(magic):
                raise FileProblemError(path.name, "", wrong, cure)
        for mark, encoding in BYTE_ORDER_MARKS:
            if head.startswith(mark):
                return encoding
        if b"\x00" in head:
            return _encoding_with_zeros(path, head)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while head:
                decoder.decode(head)
                head = file.read(1 << 20)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _encoding_with_zeros(path: Path, head: bytes) -> str:
    """UTF-16 without a byte order mark has a zero in every second byte of plain text; anything else is no text."""
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        if zeros.count(0) > 0.8 * len(zeros):
            return encoding
    raise FileProblemError(path.name, "", "this is a binary file", "choose a CSV (text) file")


def head_text(path: Path, encoding: str) -> str:
    """Return the first 64 kB as text, cut at the last complete line."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        text = file.read(HEAD_BYTES)
    if len(text) < HEAD_BYTES:
        return text
    return text[: max(text.rfind("\n"), text.rfind("\r")) + 1]


def dialect_of(path: Path, encoding: str) -> Dialect:
    """Recognise the dialect from the head of the file.

    Raises
    ------
    FileProblemError
        When no table with at least one column of numbers can be seen.
    """
    lines = head_text(path, encoding).splitlines()
    above = _lines_above_table(lines)
    table = lines[above:]
    delimiter = _delimiter_of(table)
    rows = [row for row in csv.reader(io.StringIO("\n".join(table[:400])), delimiter=delimiter) if row]
    if not rows:
        raise FileProblemError(path.name, "line 1", "there is no table", "choose a CSV with a header and readings")
    width = _commonest([len(row) for row in rows])
    decimal = "," if delimiter != "," and _has_decimal_comma(rows) else "."
    has_header = not any(_is_number(cell) for cell in rows[0]) and any(cell.strip() for cell in rows[0])
    names = _names(rows[0] if has_header else [], width)
    has_units = has_header and len(rows) > 2 and _is_unit_row(rows[1], rows[2])
    units = tuple(cell.strip() for cell in rows[1]) if has_units else ("",) * width
    if has_header and len(rows) == 1:
        raise FileProblemError(path.name, "line 2", "there is a header but no readings", "choose a file with readings")
    return Dialect(encoding, delimiter, decimal, names, units[:width], has_header, above + has_header + has_units)


def _lines_above_table(lines: list[str]) -> int:
    """Count the blank and comment lines at the top."""
    count = 0
    for line in lines:
        if line.strip() and not line.lstrip().startswith(("#", "//")):
            break
        count += 1
    return count


def _delimiter_of(lines: list[str]) -> str:
    """Return the delimiter that splits the lines most evenly into the most fields; a comma for a single column."""
    sample = [line for line in lines[:200] if line.strip()]
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        counts = [len(row) for row in csv.reader(sample, delimiter=delimiter)]
        if not counts:
            continue
        width = _commonest(counts)
        evenness = counts.count(width) / len(counts)
        # A semicolon file with decimal commas also splits at its commas, less evenly or with text in between.
        score = evenness * (1.0 + 0.01 * min(width, 50)) * (1.5 if delimiter in ";\t|" else 1.0)
        if width > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


def _commonest(counts: list[int]) -> int:
    return max(sorted(set(counts)), key=counts.count)


def _is_number(cell: str) -> bool:
    return NUMBER.match(cell.strip()) is not None


def _has_decimal_comma(rows: list[list[str]]) -> bool:
    cells = [cell.strip() for row in rows for cell in row]
    with_comma = sum(DECIMAL_COMMA.match(cell) is not None for cell in cells)
    with_point = sum(re.match(r"^[+-]?\d+\.\d+$", cell) is not None for cell in cells)
    return with_comma > with_point


def _is_unit_row(row: list[str], below: list[str]) -> bool:
    """A unit row holds short words without digits where the row below holds numbers."""
    over_numbers = [cell.strip() for cell, under in zip(row, below, strict=False) if _is_number(under)]
    words = [cell for cell in over_numbers if cell and cell.lower() not in MISSING]
    return bool(words) and not any(_is_number(cell) or len(cell) > 12 for cell in words)


def _names(header: list[str], width: int) -> tuple[str, ...]:
    """Return `width` distinct column names; blanks are named after their place, doubles get a number."""
    names: list[str] = []
    for at in range(width):
        plain = header[at].strip().lstrip("\ufeff") if at < len(header) else ""
        name = plain or f"column_{at + 1}"
        double = 2
        while name in names:
            name, double = f"{plain or 'column'}_{double}", double + 1
        names.append(name)
    return tuple(names)
