"""Gradebook files from scratch: Canvas, Moodle, Brightspace, nbgrader's long form, rubric lines, LTI scores."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from engine.classroom.csv_text import csv_rows, guarded
from engine.classroom.gradebook_cells import Missing, cell_of, check_title, number, summary
from engine.classroom.gradebook_match import NAMELESS, doubles, names_of
from engine.classroom.grading import Result
from engine.classroom.people import Person
from engine.records import iso_time


def write_canvas(results: Sequence[Result], title: str, missing: Missing = "blank") -> str:
    """Return a Canvas gradebook with one assignment; title may carry its id, "Pump (4711)"."""
    check_title(title, "canvas")
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title]
    rows = [head, ["    Points Possible", "", "", "", "", number(results[0].out_of if results else 100.0)]]
    twice = doubles(results)
    for result, cell in _written(results, missing, "canvas"):
        p = result.person
        if _without(p, "canvas", twice):
            continue
        name = p.name or f"{p.last_name}, {p.first_name}".strip(", ")
        rows.append([f'="{name}"' if name.startswith("=") else name, p.lms_id, p.student_id, p.login, p.section, cell])
    return csv_rows(rows)


def write_moodle(results: Sequence[Result], title: str, missing: Missing = "leave out", feedback: bool = True) -> str:
    """Return a Moodle import file; only people with an e-mail or id number, because one unknown row aborts it all."""
    check_title(title, "moodle")
    head = ["First name", "Last name", "ID number", "Email address", f"{title} (Real)"]
    rows = [head + ([f"{title} (Feedback)"] if feedback else [])]
    for result, cell in _written(results, missing, "moodle"):
        p = result.person
        if not cell or _without(p, "moodle"):
            continue
        words = [summary(result)] if feedback else []
        rows.append([guarded(p.first_name), guarded(p.last_name or p.name), p.student_id, p.email, cell, *words])
    return csv_rows(rows)


def write_brightspace(results: Sequence[Result], title: str, missing: Missing = "blank") -> str:
    """Return a Brightspace import file: ids, points, and # at the end of each line."""
    check_title(title, "brightspace")
    rows = [["OrgDefinedId", "Username", f"{title} Points Grade", "End-of-Line Indicator"]]
    for result, cell in _written(results, missing, "brightspace"):
        if not _without(result.person, "brightspace"):
            rows.append([result.person.student_id, result.person.login, cell, "#"])
    return csv_rows(rows)


_LONG = (
    "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,late_submission_penalty,score,"
    "max_score,attempt,variant,truth_version,rubric_version,scorer_version,status"
)
LONG_HEADER = tuple(_LONG.split(","))


def write_long(results: Sequence[Result], assignment: str, due_us: int, variants: dict[str, str]) -> str:
    """Return nbgrader's long form (its 11 columns first, properly quoted), with versions and status after them."""
    rows = [list(LONG_HEADER)]
    for r in results:
        p, g = r.person, r.grade
        raw = None if g is None else g.points / g.out_of * r.out_of
        penalty = None if raw is None or r.points is None else raw - r.points
        when = iso_time(r.received_us) if r.received_us else ""
        start = [assignment, iso_time(due_us), when]
        start += map(guarded, (p.student_id or p.handle, p.last_name or p.name, p.first_name))
        points = [guarded(p.email), number(raw), number(penalty), number(r.points), number(r.out_of)]
        versions = ["", "", ""] if g is None else [str(g.truth_version), str(g.rubric_version), g.scorer_version]
        attempt = str(r.attempt) if r.attempt else ""
        rows.append([*start, *points, attempt, variants.get(p.person, ""), *versions, r.status])
    return csv_rows(rows)


def write_lines(results: Sequence[Result], assignment: str) -> str:
    """Return one row for each rubric line of each student."""
    rows = [["assignment", "student_id", "handle", "line", "title", "points", "out_of", "manual", "comment"]]
    for r in results:
        comments = {mark.line: mark.comment for mark in r.marks}
        for line in r.grade.lines if r.grade else ():
            points = [number(line.points), number(line.out_of), str(line.manual).lower()]
            who = [assignment, guarded(r.person.student_id), guarded(r.person.handle)]
            rows.append([*who, line.id, guarded(line.title), *points, guarded(comments.get(line.id, ""))])
    return csv_rows(rows)


NO_ID = {
    "moodle": "Moodle finds people by e-mail or id number only; fill the file that Moodle exported (it has names), or "
    "import a roster with the addresses",
    "brightspace": "Brightspace finds people by OrgDefinedId or Username only; import a roster with them",
}
TWICE = "several people have this name and nothing else; give each an id or login with a roster"


def left_out(results: Sequence[Result], system: str, missing: Missing = "blank") -> tuple[tuple[str, str], ...]:
    """Return (handle, why and what to do) for everybody whom a written file lacks."""
    if system not in ("canvas", "moodle", "brightspace"):
        return ()
    found, twice = [], doubles(results)
    for result in results:
        _, reason = cell_of(result, missing, system)
        why = _without(result.person, system, twice) if reason in ("", "missing") else ""
        if reason == "held" or (reason and (missing == "leave out" or system == "moodle")):
            why = reason
        if why:
            found.append((result.person.handle, why))
    return tuple(found)


def _without(person: Person, system: str, twice: Collection[str] = ()) -> str:
    """Return why a system could not find this person by the row; empty when it can."""
    if system == "canvas":
        if person.lms_id or person.student_id or person.login:
            return ""
        if not names_of(person) and not (person.first_name or person.last_name):
            return NAMELESS
        return TWICE if person.person in twice else ""
    known = person.email or person.student_id if system == "moodle" else person.student_id or person.login
    return "" if known else NO_ID[system]


def _written(results: Sequence[Result], missing: Missing, system: str) -> list[tuple[Result, str]]:
    """The rows of a written file; held students are left out, missing ones when asked."""
    rows = []
    for result in results:
        cell, reason = cell_of(result, missing, system)
        if reason == "held" or (reason and missing == "leave out"):
            continue
        rows.append((result, cell or ""))
    return rows
