"""Grades into the LMS: fill the file that the LMS wrote, one column and not a byte more.

The conventions are those that the systems' own importers enforce (Canvas lib/gradebook_importer.rb, Moodle
grade/import/csv, D2L "Importing grades"); every silent trap of theirs is refused here in words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.classroom.csv_text import Cell, CsvText, csv_cell, read_csv_text
from engine.classroom.gradebook_cells import Missing, System, cell_of, check_title, number
from engine.classroom.gradebook_match import email_column, match_rows
from engine.classroom.grading import Result
from engine.errors import FileProblemError

CANVAS_ID = re.compile(r"\A(.*)\s\((\d+)\)\Z")


@dataclass(frozen=True)
class Filled:
    """A filled file and its match list.

    Parameters
    ----------
    content
        The file to upload to the LMS.
    matched
        (their row, handle, cell written).
    not_in_class, not_in_file
        Their people whom we do not know; our handles that their file lacks.
    left_out
        Handles that were kept back on purpose (held, missing), with the reason.
    column, added
        The column that was filled, and whether it is new.
    cures
        (handle, what to do) for everybody of ours who has no row.
    """

    content: bytes
    system: System
    matched: tuple[tuple[int, str, str], ...]
    not_in_class: tuple[str, ...]
    not_in_file: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    column: str = ""
    added: bool = False
    cures: tuple[tuple[str, str], ...] = ()


def sniff_system(table: CsvText) -> System:
    """Return whose gradebook file this is, by position and type of its columns rather than by English words alone.

    Raises
    ------
    FileProblemError
        When it is none of the known ones.
    """
    header = [name.lower() for name in table.header]
    if len(header) >= 4 and "student" in header[0] and header[1] == "id":
        return "canvas"
    if len(header) >= 4 and header[0] == "lastname" and header[1] == "firstname" and header[2] == "id":
        return "canvas"
    if "orgdefinedid" in header or header[-1].startswith("end-of-line"):
        return "brightspace"
    if _worksheet_columns(table) is not None:
        return "moodle worksheet"
    if email_column(table) is not None:
        return "moodle"
    raise FileProblemError(
        "gradebook",
        "line 1",
        "this is no Canvas, Moodle or Brightspace gradebook",
        "upload the file that your LMS exported",
    )


def fill(
    raw: bytes, results: Sequence[Result], title: str, missing: Missing = "blank", also: Sequence[str] = ()
) -> Filled:
    """Return the LMS's own file with one column filled; every other byte stays as it was.

    Parameters
    ----------
    title
        The assignment's column; one with that name (Canvas: with or without its id) is filled, else one is added.
    missing
        What a student without a submission gets; "leave out" and "blank" leave the cell as it is.
    also
        Other names that the column may have: the assignment's id.

    Raises
    ------
    FileProblemError
        When the file is no gradebook, or cannot be written back byte for byte.
    """
    table = read_csv_text(raw, "gradebook")
    _must_come_back(table, raw)
    system = sniff_system(table)
    check_title(title, system)
    column, header_text = _column(table, title, system, also)
    _must_be_fillable(table, column, system)
    decimal = _decimal_mark(table)
    edits: list[tuple[int, int, str]] = []
    matched, unknown, left = [], [], []
    first = _first_row(table, system)
    pairs = match_rows(table, first, results, system)
    for at in range(first, len(table.rows)):
        result = pairs.of_row.get(at)
        if result is None:
            unknown.append(" ".join(table.values(at)[:2]).strip())
            edits += _edit(table, at, column, None)
            continue
        cell, reason = cell_of(result, missing, system)
        if reason:
            left.append((result.person.handle, reason))
        edits += _edit(table, at, column, None if cell is None else cell.replace(".", decimal))
        if cell is not None:
            matched.append((at, result.person.handle, cell))
    if column is None:
        edits += _new_column_head(table, header_text, system, results)
    content, absent = _encoded(table, _applied(table, edits)), tuple(handle for handle, _ in pairs.absent)
    found = (tuple(matched), tuple(unknown), absent, tuple(left))
    return Filled(content, system, *found, header_text, column is None, pairs.absent)


def _must_come_back(table: CsvText, raw: bytes) -> None:
    """Refuse a file whose bytes would not all come back: half of a character, or two encodings in one."""
    if table.encoded(table.text) != raw:
        wrong = f"some of its bytes are no {table.encoding} text and would be lost"
        raise FileProblemError("gradebook", "", wrong, "export it again and upload it unchanged")


def _encoded(table: CsvText, text: str) -> bytes:
    try:
        return table.encoded(text)
    except UnicodeEncodeError as problem:
        letter, line = problem.object[problem.start], problem.object.count("\n", 0, problem.start) + 1
        wrong = f"the file is written in {table.encoding}, which has no {letter!r}"
        cure = "export it as UTF-8, or give the assignment a title without that letter"
        raise FileProblemError("gradebook", f"line {line}", wrong, cure) from None


def _first_row(table: CsvText, system: System) -> int:
    """Canvas has "Points Possible" (and sometimes "Manual Posting") rows before the students."""
    at = 1
    while system == "canvas" and at < len(table.rows) and _is_canvas_note(table.values(at)):
        at += 1
    return at


def _is_canvas_note(values: list[str]) -> bool:
    first = values[0].strip().lower()
    rest = " ".join(values[1:]).lower()
    return "points possible" in first or (not first and ("muted" in rest or "manual posting" in rest))


def _column(table: CsvText, title: str, system: System, also: Sequence[str]) -> tuple[int | None, str]:
    """Return the column with that title, or None and the text of a new header."""
    wanted = {name.lower() for name in (title, *also)}
    if system in ("moodle", "brightspace"):
        wanted |= {f"{name}{end}" for name in tuple(wanted) for end in (" (real)", " points grade")}
    for at, name in enumerate(table.header):
        bare = CANVAS_ID.match(name) if system == "canvas" else None
        after_kind = name.split(": ", 1)[-1].lower()
        if name.lower() in wanted or after_kind in wanted or (bare and bare[1].lower() in wanted):
            return at, name
    if system == "moodle worksheet":
        columns = _worksheet_columns(table)
        return (columns[1] if columns else None), title
    return None, {"canvas": title, "moodle": f"{title} (Real)", "brightspace": f"{title} Points Grade"}[system]


def _must_be_fillable(table: CsvText, column: int | None, system: System) -> None:
    if column is None or system != "canvas":
        return
    notes = [table.values(at) for at in range(1, _first_row(table, system))]
    if any(column < len(values) and "read only" in values[column].lower() for values in notes):
        name = table.header[column]
        raise FileProblemError(
            "gradebook", f"column {name!r}", "Canvas marks it (read only)", "choose another assignment"
        )


def _worksheet_columns(table: CsvText) -> tuple[int, int] | None:
    """The identifier and grade columns of Moodle's offline worksheet, in any language."""
    body = [table.values(at) for at in range(1, len(table.rows))]
    named = [row for row in body if re.fullmatch(r"\D+\d+", row[0].strip())]
    if not body or len(named) < 0.8 * len(body) or len(table.header) < 7:
        return None
    # Identifier, Full name, [Email address,] Status, Grade, Maximum grade, …
    return 0, 4 if email_column(table) == 2 else 3


def _decimal_mark(table: CsvText) -> str:
    """A comma where the file itself writes decimals with one and separates cells otherwise."""
    comma = any(re.fullmatch(r"\d+,\d+", cell.value.strip()) for row in table.rows[1:] for cell in row)
    return "," if comma and table.delimiter != "," else "."


def _edit(table: CsvText, at: int, column: int | None, cell: str | None) -> list[tuple[int, int, str]]:
    """Return (start, end, text) for one row; a new column gets an empty cell where nothing is written."""
    row = table.rows[at]
    if column is None:
        return [_added(table, row, cell or "")]
    if cell is None:
        return []
    if column >= len(row):
        gap = table.delimiter * (column - len(row) + 1)
        return [(row[-1].end, row[-1].end, gap + csv_cell(cell, table.delimiter))]
    old = row[column]
    return [(old.start, old.end, csv_cell(cell, table.delimiter, quoted=old.quoted))]


def _new_column_head(
    table: CsvText, header: str, system: System, results: Sequence[Result]
) -> list[tuple[int, int, str]]:
    edits = [_added(table, table.rows[0], header)]
    for at in range(1, _first_row(table, system)):
        points = (
            number(results[0].out_of if results else 100.0) if "points possible" in table.values(at)[0].lower() else ""
        )
        edits.append(_added(table, table.rows[at], points))
    return edits


def _last_is_fixed(table: CsvText) -> bool:
    """Brightspace's end-of-line mark and Moodle's download time stay last."""
    body = [row[-1].value.strip() for row in table.rows[1:] if row]
    mark = bool(body) and all(value == "#" for value in body)
    stamp = bool(body) and all(re.fullmatch(r"1\d{9}", value) for value in body) and email_column(table) is not None
    return mark or stamp


def _added(table: CsvText, row: tuple[Cell, ...], value: str) -> tuple[int, int, str]:
    """Return the edit that adds a cell under the new header, also in a row of another width."""
    text, width = csv_cell(value, table.delimiter), len(table.header)
    if len(row) >= width and _last_is_fixed(table):
        return row[width - 1].start, row[width - 1].start, text + table.delimiter
    gap = table.delimiter * max(0, width - len(row))
    place = row[min(width, len(row)) - 1].end
    return place, place, gap + table.delimiter + text


def _applied(table: CsvText, edits: list[tuple[int, int, str]]) -> str:
    text = table.text
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text
