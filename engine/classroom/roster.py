"""A roster from another system: recognised, mapped, previewed, then added; nobody is ever deleted by it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from engine.classroom import passphrase as words
from engine.classroom.csv_text import CsvText, csv_rows, guarded, read_csv_text, unguarded
from engine.classroom.people import checked_labels
from engine.errors import LabError

if TYPE_CHECKING:
    from engine.classroom.audit import Audit
    from engine.classroom.people import People, Person
    from engine.store.class_records import ClassRecords

FIELDS = ("name", "first_name", "last_name", "email", "student_id", "login", "lms_id", "section", "handle", "labels")
ID_FIELDS = ("lms_id", "student_id", "email", "login", "handle")
OWN_HEADER = [
    "handle",
    "name",
    "first_name",
    "last_name",
    "email",
    "student_id",
    "login",
    "lms_id",
    "section",
    "labels",
]
# header word -> field, by system; the first system whose signature is in the header wins
SYSTEMS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "faultlab": (("handle", "student_id", "lms_id"), {name: name for name in OWN_HEADER}),
    "canvas": (
        ("student", "id"),
        {
            "student": "name",
            "id": "lms_id",
            "sis user id": "student_id",
            "sis login id": "login",
            "section": "section",
            "lastname": "last_name",
            "firstname": "first_name",
        },
    ),
    "brightspace": (
        ("orgdefinedid",),
        {
            "orgdefinedid": "student_id",
            "username": "login",
            "first name": "first_name",
            "last name": "last_name",
            "email": "email",
        },
    ),
    "autolab": (
        ("semester", "email"),
        {"email": "email", "last_name": "last_name", "first_name": "first_name", "section": "section"},
    ),
    "nbgrader": (
        ("id", "first_name", "last_name"),
        {"id": "student_id", "first_name": "first_name", "last_name": "last_name", "email": "email"},
    ),
    "moodle upload": (
        ("username", "firstname"),
        {
            "username": "login",
            "firstname": "first_name",
            "lastname": "last_name",
            "email": "email",
            "idnumber": "student_id",
        },
    ),
    "moodle": (
        ("email address",),
        {
            "first name": "first_name",
            "last name": "last_name",
            "surname": "last_name",
            "id number": "student_id",
            "email address": "email",
            "username": "login",
            "groups": "section",
        },
    ),
}
LOOSE = {"e-mail": "email", "mail": "email", "student": "name", "full name": "name", "student id": "student_id"}


@dataclass(frozen=True)
class Roster:
    """A roster as it was read, before anything is changed.

    Parameters
    ----------
    system
        Which system's file it looks like; "names" for pasted names, "unknown" when columns must be mapped by hand.
    columns
        Header of the file; `mapping` says field by column position.
    rows
        People as dictionaries of FIELDS.
    problems
        (line, text) of what stands out; a blank name is no problem.
    """

    system: str
    columns: tuple[str, ...]
    mapping: dict[int, str]
    rows: tuple[dict[str, str], ...]
    problems: tuple[tuple[int, str], ...] = ()

    def preview(self, count: int = 5) -> list[dict[str, str]]:
        """Return the first people for the mapping screen."""
        return list(self.rows[:count])


@dataclass
class Summary:
    """What an import did: people by name of what happened to them, and the PINs of new ones, shown once."""

    added: list[Person] = field(default_factory=list)
    updated: list[Person] = field(default_factory=list)
    dropped: list[Person] = field(default_factory=list)
    pins: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{len(self.added)} added, {len(self.updated)} updated, {len(self.dropped)} marked as dropped"


def read_roster(raw: bytes | str, mapping: dict[int, str] | None = None, file: str = "roster.csv") -> Roster:
    """Recognise a roster and return its people; `mapping` (column -> field) overrules what was recognised.

    Raises
    ------
    FileProblemError
        When the file cannot be read at all.
    """
    table = read_csv_text(raw, file)
    system, found = _recognised(table)
    chosen = found if mapping is None else {at: name for at, name in mapping.items() if name in FIELDS}
    if system == "names":
        return Roster("names", ("name",), {0: "name"}, tuple(_pasted(table)), ())
    rows, lines, line, seen = [], [], 1, 0
    for at in range(1, len(table.rows)):
        start = table.rows[at][0].start
        line, seen = line + table.text.count("\n", seen, start), start
        values = table.values(at)
        if not _is_person(system, values):
            continue
        rows.append(
            {name: unguarded(values[column].strip()) for column, name in chosen.items() if column < len(values)}
        )
        lines.append(table.lines[at])
    return Roster(system, tuple(table.header), chosen, tuple(rows), tuple(_problems(rows, lines)))


def _recognised(table: CsvText) -> tuple[str, dict[int, str]]:
    header = [name.lower() for name in table.header]
    for system, (signature, known) in SYSTEMS.items():
        if all(word in header for word in signature):
            return system, {at: known[name] for at, name in enumerate(header) if name in known}
    loose = {at: LOOSE.get(name, name.replace(" ", "_")) for at, name in enumerate(header)}
    loose = {at: name for at, name in loose.items() if name in FIELDS}
    if loose:
        return "unknown", loose
    if len(header) > 2 or any("@" in name for name in header):
        return _by_content(table)
    return "names", {}


def _by_content(table: CsvText) -> tuple[str, dict[int, str]]:
    """A header in another language: the column full of @ is the e-mail; the rest is for the mapping screen."""
    width = min(len(row) for row in table.rows)
    body = [table.values(at) for at in range(1, len(table.rows))]
    emails = [at for at in range(width) if body and all("@" in row[at] for row in body)]
    return "unknown", {emails[0]: "email"} if emails else {}


def _pasted(table: CsvText) -> list[dict[str, str]]:
    """One name per line; the whole line is the name, a comma in it too."""
    return [{"name": line.strip().strip('"')} for line in table.text.splitlines() if line.strip()]


def _is_person(system: str, values: list[str]) -> bool:
    """Canvas has a row of points and a test student; they are nobody."""
    first = values[0].strip().lower() if values else ""
    return not (system == "canvas" and (first.startswith("points possible") or first in ("student, test", "muted")))


def _problems(rows: list[dict[str, str]], lines: list[int]) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    seen: dict[tuple[str, str], int] = {}
    for row, line in zip(rows, lines, strict=True):
        if not any(row.get(name) for name in ("lms_id", "student_id", "email", "login", "name", "handle")):
            found.append((line, "no id, e-mail or name: this person cannot be matched later"))
        for name in ("lms_id", "student_id", "email"):
            value = row.get(name, "").lower()
            if value and (name, value) in seen:
                found.append((line, f"the same {name.replace('_', ' ')} as in line {seen[name, value]}"))
            elif value:
                seen[name, value] = line
    return found


class RosterDesk:
    """Applies a roster to the class, and writes the class as one."""

    def __init__(self, records: ClassRecords, people: People, audit: Audit) -> None:
        self._records, self._people, self._audit = records, people, audit

    def apply(self, roster: Roster, *, mark_missing: bool = False) -> Summary:
        """Add new people, update known ones, and mark missing students as dropped when asked."""
        if not roster.rows:
            raise LabError("The roster has no people; check the column mapping.")
        for row in roster.rows:
            checked_labels(_labels(row))  # before anything is changed
        summary, everybody = Summary(), self._people.all()
        taken, met = {p.handle.lower() for p in everybody}, set[str]()
        for row in _once(roster.rows):
            known = next((p for p in everybody if p.person not in met and not p.erased and same_person(row, p)), None)
            if known is None:
                met.add(self._add(row, taken, summary))
            else:
                met.add(known.person)
                self._update(row, known, summary)
        if mark_missing:
            gone = [p for p in everybody if p.role == "student" and p.person not in met and not p.dropped]
            for person in gone:
                self._people.drop(person.person)
            summary.dropped = gone
        self._audit.note("instructor", "imported", f"roster ({roster.system})", after=str(summary))
        return summary

    def write(self) -> str:
        """Return the roster as CSV; reading it again changes nothing."""
        rows = [OWN_HEADER]
        for p in self._people.all():
            if p.role == "student" and not p.dropped and not p.erased:
                cells = [*(str(getattr(p, name)) for name in OWN_HEADER[:-1]), "; ".join(p.labels)]
                rows.append([guarded(cell) for cell in cells])
        return csv_rows(rows)

    def _add(self, row: dict[str, str], taken: set[str], summary: Summary) -> str:
        details: dict[str, Any] = {k: v for k, v in row.items() if k not in ("handle", "labels")}
        details["labels"] = checked_labels(_labels(row))
        new, pin = self._people.new_row("student", taken, details), words.new_pin()
        handle = row.get("handle", "").strip().lower()  # as it is typed to sign in
        if handle and handle not in taken:
            new["handle"] = handle
        taken.add(new["handle"])
        self._records.people.add(**new, pin_hash=words.hashed(pin))
        person = self._people.get(new["person"])
        summary.added.append(person)
        summary.pins[person.handle] = pin
        return person.person

    def _update(self, row: dict[str, str], known: Person, summary: Summary) -> None:
        news = {k: v for k, v in row.items() if v and k not in ("handle", "labels") and getattr(known, k) != v}
        if known.dropped:
            self._people.drop(known.person, dropped=False)
        if _labels(row) and set(_labels(row)) != set(known.labels):
            self._people.set_labels(known.person, _labels(row))
        elif not news and not known.dropped:
            return
        if news:
            self._records.people.change({"person": known.person}, **news)
        summary.updated.append(replace(self._people.get(known.person)))


def _once(rows: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Return the rows without those that name one person again: an id in common, none that differs, the same name.

    People of one name without ids stay, and so do two names with one id: that is a slip of the file, and listed.
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    kept = []
    for row in rows:
        ids = {name: value for name in ID_FIELDS if (value := row.get(name, "").strip().lower())}
        before = next((found[pair] for pair in ids.items() if pair in found), None)
        same = before is not None and row_name(before) == row_name(row)
        if before is not None and same and all(_agrees(before, name, value) for name, value in ids.items()):
            continue
        kept.append(row)
        found |= dict.fromkeys(ids.items(), row)
    return kept


def _agrees(row: dict[str, str], name: str, value: str) -> bool:
    return row.get(name, "").strip().lower() in (value, "")


def same_person(row: dict[str, str], person: Person) -> bool:
    """Return whether a row is that person: the first id that both have decides; the name only without any id."""
    for name in ID_FIELDS:
        theirs, ours = row.get(name, "").strip().lower(), str(getattr(person, name)).strip().lower()
        if theirs and ours:
            return theirs == ours
    return bool(row_name(row)) and row_name(row) == (person.name or f"{person.first_name} {person.last_name}").strip()


def row_name(row: dict[str, str]) -> str:
    """Return the name of a row, from one column or two."""
    return (row.get("name") or f"{row.get('first_name', '')} {row.get('last_name', '')}").strip()


def _labels(row: dict[str, str]) -> list[str]:
    return [label.strip() for label in row.get("labels", "").split(";") if label.strip()]
