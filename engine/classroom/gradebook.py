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
    """

    content: bytes
    system: System
    matched: tuple[tuple[int, str, str], ...]
    not_in_class: tuple[str, ...]
    not_in_file: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]


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
    if _email_column(table) is not None:
        return "moodle"
    raise FileProblemError(
        "gradebook",
        "line 1",
        "this is no Canvas, Moodle or Brightspace gradebook",
        "upload the file that your LMS exported",
    )


def fill(raw: bytes, results: Sequence[Result], title: str, missing: Missing = "blank") -> Filled:
    """Return the LMS's own file with one column filled; every other byte stays as it was.

    Parameters
    ----------
    title
        The assignment's column; one with that name (Canvas: with or without its id) is filled, else one is added.
    missing
        What a student without a submission gets; "leave out" and "blank" leave the cell as it is.
    """
    table = read_csv_text(raw, "gradebook")
    system = sniff_system(table)
    check_title(title, system)
    column, header_text = _column(table, title, system)
    _must_be_fillable(table, column, system)
    decimal = _decimal_mark(table)
    edits: list[tuple[int, int, str]] = []
    matched, unknown, met, left = [], [], set[str](), []
    for at in range(_first_row(table, system), len(table.rows)):
        result = _match(table, at, results, system)
        if result is None:
            unknown.append(" ".join(table.values(at)[:2]).strip())
            edits += _edit(table, at, column, None)
            continue
        met.add(result.person.handle)
        cell, reason = cell_of(result, missing, system)
        if reason:
            left.append((result.person.handle, reason))
        edits += _edit(table, at, column, None if cell is None else cell.replace(".", decimal))
        if cell is not None:
            matched.append((at, result.person.handle, cell))
    if column is None:
        edits += _new_column_head(table, header_text, system, results)
    text = _applied(table, edits)
    absent = tuple(r.person.handle for r in results if r.person.handle not in met)
    return Filled(table.encoded(text), system, tuple(matched), tuple(unknown), absent, tuple(left))


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


def _column(table: CsvText, title: str, system: System) -> tuple[int | None, str]:
    """Return the column with that title, or None and the text of a new header."""
    wanted = {title.lower()}
    if system in ("moodle", "brightspace"):
        wanted |= {f"{title} (real)".lower(), f"{title} points grade".lower()}
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
    if column is None or system != "canvas" or len(table.rows) < 2:
        return
    values = table.values(1)
    if column < len(values) and "read only" in values[column].lower():
        name = table.header[column]
        raise FileProblemError(
            "gradebook", f"column {name!r}", "Canvas marks it (read only)", "choose another assignment"
        )


def _worksheet_columns(table: CsvText) -> tuple[int, int] | None:
    """The identifier and grade columns of Moodle's offline worksheet, in any language."""
    body = [table.values(at) for at in range(1, len(table.rows))]
    if not body or not all(re.fullmatch(r"\D+\d+", row[0].strip()) for row in body) or len(table.header) < 7:
        return None
    # Identifier, Full name, [Email address,] Status, Grade, Maximum grade, …
    has_email = all(len(row) > 2 and "@" in row[2] for row in body)
    return 0, 4 if has_email else 3


def _email_column(table: CsvText) -> int | None:
    body = [table.values(at) for at in range(1, len(table.rows))]
    for at in range(len(table.header)):
        cells = [row[at] for row in body if at < len(row)]
        if cells and all("@" in cell for cell in cells if cell.strip()) and any(cells):
            return at
    named = [at for at, name in enumerate(table.header) if name.lower() in ("email address", "id number")]
    return named[0] if named else None


def _match(table: CsvText, at: int, results: Sequence[Result], system: System) -> Result | None:
    """Match by the system's ids in its own order; a name only in Canvas, as Canvas itself does."""
    row = {name.lower(): value.strip() for name, value in zip(table.header, table.values(at), strict=False)}
    if system == "canvas":
        ids = [("lms_id", row.get("id", "")), ("student_id", row.get("sis user id", ""))]
        ids += [("login", row.get("sis login id", ""))]
    elif system == "brightspace":
        ids = [("student_id", row.get("orgdefinedid", "").lstrip("#")), ("login", row.get("username", "").lstrip("#"))]
    else:
        email = _email_column(table)
        ids = [("email", row.get(table.header[email].lower(), "") if email is not None else "")]
        ids += [("student_id", row.get("id number", "")), ("login", row.get("username", ""))]
    for name, value in ids:
        found = [r for r in results if value and str(getattr(r.person, name)).strip().lower() == value.lower()]
        if len(found) == 1:
            return found[0]
    return _by_name(table.values(at), results, system)


def _by_name(values: list[str], results: Sequence[Result], system: System) -> Result | None:
    at = {"canvas": 0, "moodle worksheet": 1}.get(system)
    if at is None or at >= len(values) or not values[at].strip():
        return None
    name = values[at].strip()
    found = [r for r in results if name in _names(r)]
    return found[0] if len(found) == 1 else None


def _names(result: Result) -> set[str]:
    p = result.person
    return {
        n for n in (p.name, f"{p.first_name} {p.last_name}".strip(), f"{p.last_name}, {p.first_name}") if n.strip(" ,")
    }


def _decimal_mark(table: CsvText) -> str:
    """A comma where the file itself writes decimals with one and separates cells otherwise."""
    comma = any(re.fullmatch(r"\d+,\d+", cell.value.strip()) for row in table.rows[1:] for cell in row)
    return "," if comma and table.delimiter != "," else "."


def _edit(table: CsvText, at: int, column: int | None, cell: str | None) -> list[tuple[int, int, str]]:
    """Return (start, end, text) for one row; a new column gets an empty cell where nothing is written."""
    row = table.rows[at]
    if column is None:
        place = _new_column_place(table, row)
        return [(place, place, _joined(table, row, cell or ""))]
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
    place = _new_column_place(table, table.rows[0])
    edits = [(place, place, _joined(table, table.rows[0], header))]
    for at in range(1, _first_row(table, system)):
        points = (
            number(results[0].out_of if results else 100.0) if "points possible" in table.values(at)[0].lower() else ""
        )
        place = _new_column_place(table, table.rows[at])
        edits.append((place, place, _joined(table, table.rows[at], points)))
    return edits


def _last_is_fixed(table: CsvText) -> bool:
    """Brightspace's end-of-line mark and Moodle's download time stay last."""
    body = [row[-1].value.strip() for row in table.rows[1:] if row]
    mark = bool(body) and all(value == "#" for value in body)
    stamp = bool(body) and all(re.fullmatch(r"1\d{9}", value) for value in body) and _email_column(table) is not None
    return mark or stamp


def _new_column_place(table: CsvText, row: tuple[Cell, ...]) -> int:
    return row[-1].start if _last_is_fixed(table) else row[-1].end


def _joined(table: CsvText, row: tuple[Cell, ...], value: str) -> str:
    text = csv_cell(value, table.delimiter)
    return text + table.delimiter if _last_is_fixed(table) else table.delimiter + text


def _applied(table: CsvText, edits: list[tuple[int, int, str]]) -> str:
    text = table.text
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text
