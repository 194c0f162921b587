"""Gradebook files from scratch: Canvas, Moodle, Brightspace, nbgrader's long form, rubric lines, LTI scores."""

from __future__ import annotations

from collections.abc import Sequence

from engine.classroom.csv_text import csv_rows
from engine.classroom.gradebook_cells import Missing, cell_of, check_title, number, summary
from engine.classroom.grading import Result
from engine.records import iso_time


def write_canvas(results: Sequence[Result], title: str, missing: Missing = "blank") -> str:
    """Return a Canvas gradebook with one assignment; title may carry its id, "Pump (4711)"."""
    check_title(title, "canvas")
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title]
    rows = [head, ["    Points Possible", "", "", "", "", number(results[0].out_of if results else 100.0)]]
    for result, cell in _written(results, missing, "canvas"):
        p = result.person
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
        if not cell or not (p.email or p.student_id):
            continue
        words = [summary(result)] if feedback else []
        rows.append([p.first_name, p.last_name or p.name, p.student_id, p.email, cell, *words])
    return csv_rows(rows)


def write_brightspace(results: Sequence[Result], title: str, missing: Missing = "blank") -> str:
    """Return a Brightspace import file: ids, points, and # at the end of each line."""
    check_title(title, "brightspace")
    rows = [["OrgDefinedId", "Username", f"{title} Points Grade", "End-of-Line Indicator"]]
    for result, cell in _written(results, missing, "brightspace"):
        if result.person.student_id or result.person.login:
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
        start = [assignment, iso_time(due_us), when, p.student_id or p.handle, p.last_name or p.name, p.first_name]
        points = [p.email, number(raw), number(penalty), number(r.points), number(r.out_of)]
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
            cells = [line.id, line.title, number(line.points), number(line.out_of), str(line.manual).lower()]
            rows.append([assignment, r.person.student_id, r.person.handle, *cells, comments.get(line.id, "")])
    return csv_rows(rows)


def _written(results: Sequence[Result], missing: Missing, system: str) -> list[tuple[Result, str]]:
    """The rows of a written file; held students are left out, missing ones when asked."""
    rows = []
    for result in results:
        cell, reason = cell_of(result, missing, system)
        if reason == "held" or (reason and missing == "leave out"):
            continue
        rows.append((result, cell or ""))
    return rows
