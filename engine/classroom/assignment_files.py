"""Assignments as everybody may know them: file, state, dates, public side of the variants. No vault in here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from engine.classroom.closing import SHARED, Closing
from engine.classroom.label_files import Bounds
from engine.classroom.rubric import Rubric, as_yaml, load_rubric, parse_rubric
from engine.classroom.spec import AssignmentSpec, load_spec
from engine.classroom.timeline import Timeline, checked_rule, rules_for, timeline
from engine.errors import AccessError, LabError

if TYPE_CHECKING:
    from engine.classroom.audit import Audit
    from engine.classroom.people import Person
    from engine.store.class_records import ClassRecords


@dataclass(frozen=True)
class Variant:
    """What a student may know of its variant: no seed, no truth."""

    assignment: str
    variant: str
    person: str
    start_us: int
    end_us: int
    machines: tuple[str, ...]
    commitment: str


class AssignmentFiles:
    """All assignments of the class, without their truth.

    Parameters
    ----------
    records, audit
        Tables and log.
    now_us
        The server's clock in microseconds.
    """

    def __init__(self, records: ClassRecords, audit: Audit, now_us: Callable[[], int]) -> None:
        self._records, self._audit, self._now_us = records, audit, now_us
        self._specs: dict[str, tuple[str, AssignmentSpec]] = {}
        self.closing = Closing(self, records)

    def now_us(self) -> int:
        """Return the server's clock in microseconds."""
        return self._now_us()

    def save(self, text: str, file: str = "assignment.yaml") -> AssignmentSpec:
        """Keep a new or changed assignment file."""
        spec = load_spec(text, file)
        row = self._records.assignments.one(assignment=spec.id)
        if row is None:
            rubric = as_yaml(load_rubric(spec.rubric))
            fresh = {"assignment": spec.id, "spec": text, "spec_version": 1, "state": "draft", "rubric": rubric}
            self._records.assignments.add(**fresh, made_us=self._now_us())
        else:
            if row["state"] in ("draft", "checked") and parse_rubric(row["rubric"]).name != spec.rubric:
                self._records.assignments.change({"assignment": spec.id}, rubric=as_yaml(load_rubric(spec.rubric)))
            change = {"spec": text, "spec_version": row["spec_version"] + 1}
            self._records.assignments.change({"assignment": spec.id}, **change)
        self._audit.note("instructor", "saved", f"assignment {spec.id}")
        return spec

    def get(self, assignment: str) -> AssignmentSpec:
        """Return an assignment."""
        text = self._row(assignment)["spec"]
        cached = self._specs.get(assignment)
        if cached is None or cached[0] != text:
            cached = self._specs[assignment] = (text, load_spec(text))
        return cached[1]

    def text(self, assignment: str) -> str:
        """Return the file of an assignment as everybody may read it."""
        return str(self._row(assignment)["spec"])

    def all(self) -> list[tuple[AssignmentSpec, str]]:
        """Return every assignment with its state: draft, checked, released or published."""
        rows = self._records.assignments.find("made_us")
        return [(self.get(row["assignment"]), row["state"]) for row in rows]

    def state(self, assignment: str) -> str:
        """Return draft, checked, released or published."""
        return str(self._row(assignment)["state"])

    def must_be_released(self, assignment: str) -> None:
        """Raise LabError unless the assignment was released and its release time has come."""
        release = timeline(self.get(assignment)).release_us
        if self.state(assignment) in ("draft", "checked") or self._now_us() < release:
            raise LabError("The assignment is not released yet; its data stays sealed until then.")

    def rubric(self, assignment: str) -> Rubric:
        """Return the rubric that grades this assignment now."""
        return _rubric(self._row(assignment)["rubric"], assignment)

    def set_rubric(self, assignment: str, rubric: Rubric) -> Rubric:
        """Use a changed rubric from now on; its version is one above the last. Regrading is a step of its own."""
        before = self.rubric(assignment)
        if rubric.submit != self.get(assignment).submit:
            raise LabError(f"The rubric is for {rubric.submit}; this assignment takes {self.get(assignment).submit}.")
        newer = rubric.model_copy(update={"version": before.version + 1})
        self._records.assignments.change({"assignment": assignment}, rubric=as_yaml(newer))
        self._audit.note("instructor", "changed the rubric of", assignment, f"v{before.version}", f"v{newer.version}")
        return newer

    def variants(self, assignment: str) -> list[Variant]:
        """Return the public side of all variants."""
        return [variant_of_row(row) for row in self._records.variants.find("variant", assignment=assignment)]

    def variant_of(self, assignment: str, person: str) -> Variant:
        """Return the public side of a person's variant."""
        found = self.variant_or_none(assignment, person)
        if found is None:
            raise LabError("You have no data in this assignment yet; ask your instructor to make your variant.")
        return found

    def variant_or_none(self, assignment: str, person: str) -> Variant | None:
        """Return the public side of a person's variant, or None while there is none."""
        for whose in (person, self._group(person), SHARED):
            row = self._records.variants.one(assignment=assignment, person=whose)
            if row is not None:
                return variant_of_row(row)
        return None

    def owners(self, assignment: str, persons: list[str]) -> list[str]:
        """Return for whom variants are made: every person, every section of them (per_group), or everybody at once."""
        kind = self.get(assignment).variants
        if kind == "shared":
            return [SHARED]
        return persons if kind == "per_student" else sorted({self._group(person) for person in persons})

    def _group(self, person: str) -> str:
        row = self._records.people.one(person=person)
        return f"section:{row['section']}" if row is not None else ""

    def bounds(self, assignment: str, person: str) -> Bounds:
        """Return what a person's labels may refer to."""
        variant = self.variant_of(assignment, person)
        limit = self.get(assignment).max_intervals
        return Bounds(variant.machines, variant.start_us, variant.end_us, limit)

    def checked(self, assignment: str, checks: Mapping[str, Any]) -> None:
        """Store what the robots found; the assignment may be released now."""
        self._records.assignments.change({"assignment": assignment}, state="checked", checks=json.dumps(dict(checks)))
        self._audit.note("instructor", "checked", assignment, after=str(checks.get("summary", "")))

    def checks(self, assignment: str) -> dict[str, Any]:
        """Return what the robots found."""
        found: dict[str, Any] = json.loads(self._row(assignment)["checks"])
        return found

    def commitment(self, assignment: str) -> str:
        """Return the published commitment; empty before the release."""
        return str(self._row(assignment)["commitment"])

    def set_rule(self, assignment: str, scope: str, field: str, value: Any, who: str = "instructor") -> None:
        """Override dates or attempts, excuse or hold: scope is "all", "section:B", "label:…" or "person:P…"."""
        checked = checked_rule(field, value)
        before = self._records.rules.one(assignment=assignment, scope=scope, field=field)
        rule = {"assignment": assignment, "scope": scope, "field": field, "value": json.dumps(checked)}
        self._records.rules.put(**rule, at_us=self._now_us())
        self._audit.note(
            who, f"set {field} in {assignment} for", scope, before["value"] if before else "", str(checked)
        )

    def rules(self, assignment: str, person: Person) -> dict[str, Any]:
        """Return the overrides of a person."""
        return rules_for(self._records.rules.find("at_us", assignment=assignment), person)

    def timeline(self, assignment: str, person: Person) -> Timeline:
        """Return the dates of a person; a variant that was ended is closed for everybody on it."""
        variant = self.variant_or_none(assignment, person.person)
        ended = None if variant is None else self.closing.ended_us(assignment, variant.variant)
        row = self._records.begun.one(assignment=assignment, person=person.person)
        begun = None if row is None else int(row["at_us"])
        return timeline(self.get(assignment), person, self.rules(assignment, person), ended, begun)

    def begin(self, assignment: str, person: Person) -> Timeline:
        """Let a person's time limit run from now; who has begun before goes on as it was."""
        if self.timeline(assignment, person).must_begin(now := self._now_us()):
            self._records.begun.put(assignment=assignment, person=person.person, at_us=now)
        return self.timeline(assignment, person)

    def _row(self, assignment: str) -> dict[str, Any]:
        row = self._records.assignments.one(assignment=assignment)
        if row is None:
            raise AccessError("There is no such assignment.")
        return row


@lru_cache(maxsize=64)
def _rubric(text: str, assignment: str) -> Rubric:
    return parse_rubric(text, f"rubric of {assignment}")


def variant_of_row(row: dict[str, Any]) -> Variant:
    return Variant(**{**row, "machines": tuple(json.loads(row["machines"]))})
