"""Which row of an LMS's file is whom of ours: by ids, then by a name that only one of theirs and one of ours has."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.classroom.csv_text import CsvText
from engine.classroom.gradebook_cells import System
from engine.classroom.grading import Result
from engine.classroom.people import Person

ID_FIELDS = ("lms_id", "student_id", "login", "email")
BY_SYSTEM = {
    "canvas": (("lms_id", "id"), ("student_id", "sis user id"), ("login", "sis login id")),
    "brightspace": (("student_id", "orgdefinedid"), ("login", "username")),
    "moodle": (("email", ""), ("student_id", "id number"), ("login", "username")),
    "moodle worksheet": (("email", ""), ("student_id", "id number"), ("login", "username")),
}
MOST_WITHOUT = 0.2  # share of cells in a column of addresses that may be something else: a heading, a test row
SEVERAL = "several people have this name; give each an id or e-mail with a roster, then fill the file again"
NAMELESS = "nothing is known by which the file could name them; import a roster with handle and id or e-mail"
NOT_THERE = "no row of the file has their id, e-mail or name; add them in the LMS, or their id here with a roster"


@dataclass(frozen=True)
class Matches:
    """Result by row, and for those of ours without a row what to do."""

    of_row: dict[int, Result]
    absent: tuple[tuple[str, str], ...]


def match_rows(table: CsvText, first: int, results: Sequence[Result], system: System) -> Matches:
    """Match every row from `first` on; nobody gets a row by a name that another has too."""
    email = email_column(table) if system.startswith("moodle") else None
    rows = {at: _ids_of(table, at, system, email) for at in range(first, len(table.rows))}
    index = _index((pair, r) for r in results for pair in _ids(r.person))
    found = {at: one for at, ids in rows.items() if (one := _by_id(ids, index)) is not None}
    met = {one.person.person for one in found.values()}
    open_rows = {at: _row_names(table, at, system) for at in rows if at not in found}
    theirs = _index((name, at) for at, names in open_rows.items() for name in names)
    ours = _index((name, r) for r in results if r.person.person not in met for name in names_of(r.person))
    several = set[str]()
    for at, names in open_rows.items():
        named = {r.person.person: r for name in names for r in ours.get(name, ())}
        fitting = [r for r in named.values() if not _contradict(rows[at], r.person)]
        if len(fitting) == 1 and {other for name in names for other in theirs[name]} == {at}:
            found[at] = fitting[0]
        else:
            several |= {r.person.person for r in fitting}
    met = {one.person.person for one in found.values()}
    absent = [r.person for r in results if r.person.person not in met]
    return Matches(found, tuple((person.handle, _why(person, several)) for person in absent))


def nameless(person: Person) -> bool:
    """Return whether nothing is known by which another system could name this person."""
    return not names_of(person) and not any(getattr(person, name).strip() for name in ID_FIELDS)


def names_of(person: Person) -> set[str]:
    """Return a person's name in every order that it may be written in."""
    both = f"{person.first_name} {person.last_name}" if person.first_name and person.last_name else ""
    return _turned(person.name) | _turned(both)


def doubles(results: Sequence[Result]) -> set[str]:
    """Return the ids of people whose only mark is a name that another of them has too."""
    bare = [r.person for r in results if not any(getattr(r.person, name).strip() for name in ID_FIELDS)]
    names = Counter(name for r in results for name in names_of(r.person))
    return {p.person for p in bare if any(names[name] > 1 for name in names_of(p))}


def email_column(table: CsvText) -> int | None:
    """Return the column of addresses, whatever it is called; a few cells of it may be something else."""
    body = [table.values(at) for at in range(1, len(table.rows))]
    for at in range(len(table.header)):
        cells = [row[at] for row in body if at < len(row) and row[at].strip()]
        if cells and sum("@" not in cell for cell in cells) <= MOST_WITHOUT * len(cells):
            return at
    named = [at for at, name in enumerate(table.header) if name.lower() in ("email address", "id number")]
    return named[0] if named else None


def _index(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def _ids(person: Person) -> list[tuple[str, str]]:
    known = ((name, str(getattr(person, name)).strip().lower()) for name in ID_FIELDS)
    return [(name, value) for name, value in known if value]


def _ids_of(table: CsvText, at: int, system: System, email: int | None) -> list[tuple[str, str]]:
    """Return the ids of a row in the order in which its system asks them; small letters, only those that are there."""
    values = table.values(at)
    row = {name.lower(): value for name, value in zip(table.header, values, strict=False)}
    address = values[email] if email is not None and email < len(values) else ""
    found = [(name, address if name == "email" else row.get(column, "")) for name, column in BY_SYSTEM[system]]
    marks = "#" if system == "brightspace" else ""
    return [(name, value.strip().lstrip(marks).lower()) for name, value in found if value.strip().lstrip(marks)]


def _by_id(ids: list[tuple[str, str]], index: dict[tuple[str, str], list[Result]]) -> Result | None:
    return next((found[0] for pair in ids if len(found := index.get(pair, [])) == 1), None)


def _contradict(ids: list[tuple[str, str]], person: Person) -> bool:
    """Return whether row and person have an id of one kind that differs: two people of one name."""
    known = dict(_ids(person))
    return any(name in known and known[name] != value for name, value in ids)


def _row_names(table: CsvText, at: int, system: System) -> set[str]:
    values = table.values(at)
    if system in ("canvas", "moodle worksheet"):
        column = 0 if system == "canvas" else 1
        return _turned(values[column]) if column < len(values) else set()
    if system == "moodle" and len(values) > 1 and "@" not in values[0] + values[1]:
        return _turned(f"{values[0]} {values[1]}") | _turned(f"{values[1]} {values[0]}")
    return set()


def _turned(name: str) -> set[str]:
    """Return a name to compare, and "Last, First" also as "First Last"."""
    plain = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", name)).strip().casefold()
    last, comma, first = plain.partition(",")
    turned = f"{first.strip()} {last.strip()}" if comma else plain
    return {one for one in (plain, turned) if one.strip(" ,")}


def _why(person: Person, several: set[str]) -> str:
    if nameless(person):
        return NAMELESS
    return SEVERAL if person.person in several else NOT_THERE
