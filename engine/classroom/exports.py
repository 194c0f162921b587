"""Grades on their way out of the house; every export is in the audit log with its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.classroom import gradebook, gradebook_write
from engine.classroom.gradebook_cells import Missing
from engine.errors import LabError

if TYPE_CHECKING:
    from engine.classroom.assignments import Assignments
    from engine.classroom.audit import Audit
    from engine.classroom.grading import Grading


class Exports:
    """The gradebook of the class."""

    def __init__(self, assignments: Assignments, grading: Grading, audit: Audit) -> None:
        self._assignments, self._grading, self._audit = assignments, grading, audit

    def fill(self, assignment: str, raw: bytes, missing: Missing = "blank") -> gradebook.Filled:
        """Fill the LMS's own file and note the export in the audit log."""
        title = self._assignments.get(assignment).title
        filled = gradebook.fill(raw, self._grading.results(assignment), title, missing, also=(assignment,))
        self._audit.note(
            "instructor", "exported", f"{assignment} into a {filled.system} file", after=_sha(filled.content)
        )
        return filled

    def write(self, assignment: str, system: str, missing: Missing = "blank") -> str:
        """Return a new file for canvas, moodle, brightspace, long (nbgrader's form) or lines (rubric lines)."""
        results, spec = self._grading.results(assignment), self._assignments.get(assignment)
        variants = {v.person: v.variant for v in self._assignments.variants(assignment)}
        due = self._assignments.timeline(assignment, results[0].person).close_us if results else 0
        writers: dict[str, Callable[[], str]] = {
            "canvas": lambda: gradebook_write.write_canvas(results, spec.title, missing),
            "moodle": lambda: gradebook_write.write_moodle(results, spec.title, missing),
            "brightspace": lambda: gradebook_write.write_brightspace(results, spec.title, missing),
            "long": lambda: gradebook_write.write_long(results, spec.id, due, variants),
            "lines": lambda: gradebook_write.write_lines(results, spec.id),
        }
        if system not in writers:
            raise LabError(f"system must be one of: {', '.join(writers)}, got {system!r}.")
        text = writers[system]()
        self._audit.note("instructor", "exported", f"{assignment} as {system}", after=_sha(text.encode()))
        return text

    def left_out(self, assignment: str, system: str, missing: Missing = "blank") -> tuple[tuple[str, str], ...]:
        """Return (handle, why and what to do) for everybody whom `write` leaves out."""
        return gradebook_write.left_out(self._grading.results(assignment), system, missing)


def _sha(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
