"""When a variant is over: the one notion of "closed" that every reveal of truth asks.

Several people may work on one variant, each with dates of its own: extra time, moved deadlines, late credit, a minute
of grace, people who are dropped and may come back, people who join tomorrow. A variant is over when none of them can
hand in with credit any more. The first reveal shuts it for good: a date that is moved afterwards gives no credit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.classroom.people import Person, person_of_row
from engine.classroom.timeline import Timeline, rules_for, timeline
from engine.errors import AccessError, LabError
from engine.records import iso_time

if TYPE_CHECKING:
    from engine.classroom.assignment_files import AssignmentFiles
    from engine.store.class_records import ClassRecords

SHARED = "everybody"
SECTION = "section:"
ONE_TRUTH = ("answers", "text")  # kinds of work whose right answers are the same on every variant


class Closing:
    """Tells when nobody can hand in with credit any more, and keeps what was ended.

    Parameters
    ----------
    files
        Dates, rules and the public side of the variants.
    records
        Tables of the class.
    """

    def __init__(self, files: AssignmentFiles, records: ClassRecords) -> None:
        self._files, self._records = files, records

    def last_credit_us(self, assignment: str, variant: str) -> int:
        """Return the last moment at which anybody may still hand in on a variant with credit, in microseconds."""
        last = max(plan.credit_until_us for plan in self._plans(assignment, self._owner(assignment, variant)))
        ended = self.ended_us(assignment, variant)
        return last if ended is None else min(last, ended - 1)

    def last_us(self, assignment: str) -> int:
        """Return that moment for the whole assignment: of its latest variant, and of who joins now."""
        names = [one.variant for one in self._files.variants(assignment)]
        moments = [self.last_credit_us(assignment, name) for name in names]
        return max(moments or [self._newcomer(assignment, "").credit_until_us])

    def is_over(self, assignment: str, variant: str) -> bool:
        """Return whether the truth of a variant may be told."""
        return self._files.now_us() > self.last_credit_us(assignment, variant)

    def is_over_for(self, assignment: str, person: str) -> bool:
        """Return whether the truth of a person's variant may be told; without a variant there is none to tell."""
        variant = self._files.variant_or_none(assignment, person)
        return variant is None or self.is_over(assignment, variant.variant)

    def reveal(self, assignment: str, variant: str) -> None:
        """Shut a variant for good because its truth is told now.

        Raises
        ------
        AccessError
            While anybody may still hand in with credit; the sentence has the moment.
        """
        if not self.is_over(assignment, variant):
            raise AccessError(
                "The truth of this variant opens when the last deadline of everybody who works on it has passed, after "
                f"{iso_time(self.last_credit_us(assignment, variant), seconds_only=True)}."
            )
        self._shut(assignment, [variant])

    def still_open(self, assignment: str, persons: Iterable[str]) -> dict[str, int]:
        """Return the variants of these people on which somebody may still hand in with credit, and until when."""
        owned = [self._files.variant_or_none(assignment, person) for person in persons]
        names = sorted({one.variant for one in owned if one is not None})
        return {name: self.last_credit_us(assignment, name) for name in names if not self.is_over(assignment, name)}

    def refuse_open(self, assignment: str, persons: Iterable[str]) -> None:
        """Raise LabError with the moment while somebody may still hand in on a variant of these people."""
        waiting = self.still_open(assignment, persons)
        if waiting:
            raise LabError(
                "Results tell the truth, and somebody may still hand in with credit until "
                f"{iso_time(max(waiting.values()), seconds_only=True)} (variant {', '.join(sorted(waiting)[:3])}"
                f"{' and others' if len(waiting) > 3 else ''}). Release them after that, or end the open attempts."
            )

    def end(self, assignment: str, variants: Iterable[str]) -> None:
        """End all open attempts on these variants now: nothing that comes later has credit."""
        self._shut(assignment, list(variants))

    def ended_us(self, assignment: str, variant: str) -> int | None:
        """Return when a variant was shut before or after its deadline; None = it was not."""
        rows = self._records.ended.find(assignment=assignment)
        mates = set(self._mates(assignment, variant)) if rows else set()
        return min((int(row["at_us"]) for row in rows if row["variant"] in mates), default=None)

    def common_stream(self, assignment: str, person: str) -> tuple[int, float] | None:
        """Return up to which event time a hidden future is shown, and its speed, where several people share the data.

        One clock serves them all, from the release to the first step of credit: whoever was ahead would know the future
        of the others. None = the data is one person's own, and so is its stream.
        """
        variant = self._files.variant_of(assignment, person)
        if variant.person != SHARED and not variant.person.startswith(SECTION):
            return None
        plan = self._newcomer(assignment, "")
        span_us, whole_us = plan.steps[0][0] - plan.release_us, variant.end_us - variant.start_us
        passed = min(1.0, max(0.0, (self._files.now_us() - plan.release_us) / span_us))
        return variant.start_us + round(passed * whole_us), whole_us / span_us if passed < 1 else 0.0

    def _shut(self, assignment: str, variants: list[str]) -> None:
        known = {row["variant"] for row in self._records.ended.find(assignment=assignment)}
        names = {mate for name in variants for mate in self._mates(assignment, name)} - known
        now = self._files.now_us()
        if names:
            rows = [{"assignment": assignment, "variant": name, "at_us": now} for name in sorted(names)]
            self._records.ended.add_all(rows)

    def _mates(self, assignment: str, variant: str) -> list[str]:
        """The variants that have their truth in common with this one."""
        if self._files.get(assignment).submit not in ONE_TRUTH:
            return [variant]
        return [variant, *(one.variant for one in self._files.variants(assignment))]

    def _owner(self, assignment: str, variant: str) -> str:
        if self._files.get(assignment).submit in ONE_TRUTH:
            return SHARED
        row = self._records.variants.one(assignment=assignment, variant=variant)
        if row is None:
            raise AccessError("There is no such variant.")
        return str(row["person"])

    def _plans(self, assignment: str, owner: str) -> list[Timeline]:
        """The dates of everybody who works on what this owner has, and of who may join it."""
        rows = self._records.people.find()
        people = [person_of_row(row) for row in rows if not row["erased"]]
        if owner == SHARED:
            return [self._newcomer(assignment, ""), *(self._plan(assignment, person) for person in people)]
        if owner.startswith(SECTION):
            section = owner.removeprefix(SECTION)
            mine = [self._plan(assignment, person) for person in people if person.section == section]
            return [self._newcomer(assignment, section), *mine]
        own = [self._plan(assignment, person) for person in people if person.person == owner]
        return own or [self._newcomer(assignment, "")]

    def _newcomer(self, assignment: str, section: str) -> Timeline:
        return self._plan(assignment, Person("", "student", "", section=section))

    def _plan(self, assignment: str, person: Person) -> Timeline:
        rules = rules_for(self._records.rules.find("at_us", assignment=assignment), person)
        return timeline(self._files.get(assignment), person, rules)
