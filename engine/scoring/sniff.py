"""Recognises how a sensor CSV is written: delimiter, header, unit row, decimal mark, thousands mark.

Readers that guess silently corrupt (a sniffer that saw 20,480 whole numbers rounds the decimals after them), so the
guesses are made here on the first 64 kB, shown to the person, and every cell is read as text and cast with a count.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from engine.errors import FileProblemError
from engine.scoring.encoding import HEAD_BYTES

DELIMITERS = (",", ";", "\t", "|")
DECIMAL_COMMA = re.compile(r"^[+-]?\d+,\d+(?:[eE][+-]?\d+)?$")
GROUPED_COMMA = re.compile(r"^[+-]?\d{1,3}(?:[.'’ \u00a0\u202f]\d{3})+,\d+$")  # 1.234.567,8
NUMBER = re.compile(r"^[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?$")
SEPARATOR_LINE = re.compile(r'^"?sep=(.)"?$', re.IGNORECASE)  # what Excel writes for itself on the first line
THOUSANDS_MARKS = (",", ".", "'", "’", " ", "\u00a0", "\u202f")
MINUS = "−"  # the typographer's, as copied from a report
MOST_LINES_ABOVE = 50
MISSING = ("", "-", "--", "?", "na", "n/a", "nan", "null", "none", "#n/a", "missing")


@dataclass(frozen=True)
class Dialect:
    """How the file is written.

    `skip_lines` counts the physical lines above the first data row (comments, header, unit row), `n_prose` those that
    are prose above the table; `thousands` is the mark between groups of three digits, "" when there is none.
    """

    encoding: str
    delimiter: str
    decimal: str
    names: tuple[str, ...]
    units: tuple[str, ...]
    has_header: bool
    skip_lines: int
    n_prose: int = 0
    thousands: str = ""
    long_minus: bool = False


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
    said = SEPARATOR_LINE.match(lines[above - 1].strip()) if above else None
    delimiter = said[1] if said else _delimiter_of(lines[above:])
    n_prose = _lines_of_prose(lines[above:], delimiter)
    above += n_prose
    table = lines[above:]
    rows = _rows(table, delimiter)
    if not rows:
        raise FileProblemError(path.name, "line 1", "there is no table", "choose a CSV with a header and readings")
    width = _commonest([len(row) for row in rows])
    _refuse_spaces(path, table, width)
    decimal = _decimal_of(rows, delimiter)
    has_header = not any(_is_number(cell) for cell in rows[0]) and any(cell.strip() for cell in rows[0])
    names = _names(rows[0] if has_header else [], width)
    has_units = has_header and len(rows) > 2 and _is_unit_row(rows[1], rows[2])
    units = tuple(cell.strip() for cell in rows[1]) if has_units else ("",) * width
    if has_header and len(rows) == 1:
        raise FileProblemError(path.name, "line 2", "there is a header but no readings", "choose a file with readings")
    return Dialect(
        encoding, delimiter, decimal, names, units[:width], has_header, above + has_header + has_units, n_prose,
        _thousands_of(rows, delimiter, decimal), any(MINUS in cell for row in rows for cell in row),
    )  # fmt: skip


def _rows(lines: list[str], delimiter: str) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO("\n".join(lines[:400])), delimiter=delimiter) if row]


def _lines_above_table(lines: list[str]) -> int:
    """Count the blank lines, comments and Excel's `sep=;` at the top."""
    count = 0
    for line in lines:
        if line.strip() and not line.lstrip().startswith(("#", "//")) and not SEPARATOR_LINE.match(line.strip()):
            break
        count += 1
    return count


def _lines_of_prose(lines: list[str], delimiter: str) -> int:
    """Count the lines with too few fields above a header, such as an instrument's name and the day of the export."""
    split = [_rows([line], delimiter) for line in lines[: 4 * MOST_LINES_ABOVE]]
    counts = [len(row[0]) if row else 0 for row in split]
    width = _commonest([count for count in counts if count] or [0])
    full = next((at for at, count in enumerate(counts[:MOST_LINES_ABOVE]) if count == width), 0)
    above = any(line.count('"') % 2 for line in lines[:full])  # a quoted cell that goes over several lines
    if full == 0 or above or any(_is_number(cell) for cell in split[full][0]):
        return 0
    return full


def _refuse_spaces(path: Path, lines: list[str], width: int) -> None:
    """Spaces between fields look like one column of text; say so instead of guessing where a time ends."""
    sample = [line.split() for line in lines[1:100] if line.strip()]
    if width == 1 and sample and all(len(fields) > 1 and _is_number(fields[-1]) for fields in sample):
        wrong = "the fields are separated by spaces"
        raise FileProblemError(path.name, "line 1", wrong, "separate them by commas, semicolons or tabs")


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


def _decimal_of(rows: list[list[str]], delimiter: str) -> str:
    """Return the decimal mark; between commas a quoted `1,234` is one thousand, but `0,5` and `1,23` are decimals."""
    if not _has_decimal_comma(rows):
        return "."
    cells = [cell.strip() for row in rows for cell in row if DECIMAL_COMMA.match(cell.strip())]
    grouped = delimiter == "," and all(re.match(r"^[+-]?[1-9]\d{0,2},\d{3}$", cell) for cell in cells)
    return "." if grouped else ","


def _thousands_of(rows: list[list[str]], delimiter: str, decimal: str) -> str:
    """Return the mark between groups of three digits; one group alone, `1.234`, could as well be a decimal."""
    cells = [cell.strip() for row in rows for cell in row]
    for mark in THOUSANDS_MARKS:
        if mark == decimal:
            continue
        sure = mark not in ",." or mark == delimiter
        tail = rf"(\{decimal}\d+)?" if sure else rf"(\{decimal}\d+|{re.escape(mark)}\d{{3}})"
        if any(re.match(rf"^[+-]?\d{{1,3}}({re.escape(mark)}\d{{3}})+{tail}$", cell) for cell in cells):
            return mark
    return ""


def _has_decimal_comma(rows: list[list[str]]) -> bool:
    cells = [cell.strip() for row in rows for cell in row]
    with_comma = sum(DECIMAL_COMMA.match(cell) is not None or GROUPED_COMMA.match(cell) is not None for cell in cells)
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
