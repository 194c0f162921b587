"""Assignments from draft to published, their variants, rules and sealed truth."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.classroom import seeds
from engine.classroom.key import AnswerKey
from engine.classroom.label_files import Bounds
from engine.classroom.rubric import Rubric, as_yaml, load_rubric, parse_rubric
from engine.classroom.spec import AssignmentSpec, load_spec
from engine.classroom.timeline import Timeline, checked_rule, rules_for, timeline
from engine.errors import AccessError, LabError, UnknownNameError

if TYPE_CHECKING:
    from engine.classroom.audit import Audit
    from engine.classroom.people import Person
    from engine.store.class_records import ClassRecords, ClassVault

SHARED = "everybody"


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


@dataclass(frozen=True)
class Sealed:
    """A variant's truth on its way into the vault."""

    person: str
    key: AnswerKey
    draw: int = 0
    difficulty: float | None = None


class Assignments:
    """All assignments of the class; methods that touch the vault say so.

    Parameters
    ----------
    records, vault, audit
        Tables, sealed truth, log.
    secret
        The course secret behind seeds and variant names.
    now_us
        The server's clock in microseconds.
    """

    def __init__(
        self, records: ClassRecords, vault: ClassVault, audit: Audit, secret: str, now_us: Callable[[], int]
    ) -> None:
        self._records, self._vault, self._audit = records, vault, audit
        self._secret, self._now_us = secret, now_us
        self._specs: dict[str, tuple[str, AssignmentSpec]] = {}

    # files
    def save(self, text: str, file: str = "assignment.yaml") -> AssignmentSpec:
        """Take a new or changed assignment file; after release only its dates, attempts and feedback may change."""
        spec = load_spec(text, file)
        row = self._records.assignments.one(assignment=spec.id)
        if row is None:
            rubric = as_yaml(load_rubric(spec.rubric))
            fresh = {"assignment": spec.id, "spec": text, "spec_version": 1, "state": "draft", "rubric": rubric}
            self._records.assignments.add(**fresh, made_us=self._now_us())
        else:
            if row["state"] != "draft":
                _refuse_moved_data(load_spec(row["spec"]), spec)
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

    def all(self) -> list[tuple[AssignmentSpec, str]]:
        """Return every assignment with its state: draft, checked, released or published."""
        rows = self._records.assignments.find("made_us")
        return [(self.get(row["assignment"]), row["state"]) for row in rows]

    def state(self, assignment: str) -> str:
        """Return draft, checked, released or published."""
        return str(self._row(assignment)["state"])

    def rubric(self, assignment: str) -> Rubric:
        """Return the rubric that grades this assignment now."""
        return parse_rubric(self._row(assignment)["rubric"], f"rubric of {assignment}")

    def set_rubric(self, assignment: str, rubric: Rubric) -> Rubric:
        """Use a changed rubric from now on; its version is one above the last. Regrading is a step of its own."""
        before = self.rubric(assignment)
        if rubric.submit != self.get(assignment).submit:
            raise LabError(f"The rubric is for {rubric.submit}; this assignment takes {self.get(assignment).submit}.")
        newer = rubric.model_copy(update={"version": before.version + 1})
        self._records.assignments.change({"assignment": assignment}, rubric=as_yaml(newer))
        self._audit.note("instructor", "changed the rubric of", assignment, f"v{before.version}", f"v{newer.version}")
        return newer

    # variants and truth (vault)
    def seed(self, assignment: str, person: str, draw: int, part: str = "all") -> int:
        """Return a secret seed; for the code that makes plants, never for a page."""
        return seeds.seed_of(self._secret, "plant", assignment, person, draw, part)

    def seal(self, assignment: str, variants: list[Sealed]) -> list[Variant]:
        """Put the truth of the variants into the vault and publish their spans; replaces an earlier draft."""
        if self.state(assignment) not in ("draft", "checked"):
            raise LabError("The assignment is released; its variants can no longer change.")
        self._records.variants.remove(assignment=assignment)
        self._vault.keys.remove(assignment=assignment)
        made = [self._sealed_rows(assignment, sealed) for sealed in variants]
        self._vault.keys.add_all([row for row, _ in made])
        self._records.variants.add_all([row for _, row in made])
        self._records.assignments.change({"assignment": assignment}, state="draft")
        self._audit.note("instructor", "sealed", f"{len(made)} variants of {assignment}")
        return self.variants(assignment)

    def seal_one(self, assignment: str, sealed: Sealed) -> Variant:
        """Seal the variant of somebody who joined after the release; it has its own commitment at once."""
        if any(v.person == sealed.person for v in self.variants(assignment)):
            raise LabError("This person has a variant already; it can no longer change.")
        key_row, public_row = self._sealed_rows(assignment, sealed)
        self._vault.keys.add(**key_row)
        self._records.variants.add(**public_row)
        self._audit.note("instructor", "sealed", f"variant {public_row['variant']} of {assignment}")
        return self.variant_of(assignment, sealed.person)

    def variants(self, assignment: str) -> list[Variant]:
        """Return the public side of all variants."""
        return [_variant(row) for row in self._records.variants.find("variant", assignment=assignment)]

    def variant_of(self, assignment: str, person: str) -> Variant:
        """Return the public side of a person's variant."""
        for whose in (person, SHARED):
            row = self._records.variants.one(assignment=assignment, person=whose)
            if row is not None:
                return _variant(row)
        raise LabError("You have no data in this assignment yet; ask your instructor to make your variant.")

    def bounds(self, assignment: str, person: str) -> Bounds:
        """Return what a person's labels may refer to."""
        variant = self.variant_of(assignment, person)
        limit = self.get(assignment).max_intervals
        return Bounds(variant.machines, variant.start_us, variant.end_us, limit)

    def draw_of(self, assignment: str, person: str) -> int:
        """Return which draw of the seed a variant is (vault); useless without the secret."""
        name = self.variant_of(assignment, person).variant
        row = self._vault.keys.one(assignment=assignment, variant=name, version=1)
        return 0 if row is None else int(row["draw"])

    def difficulties(self, assignment: str) -> dict[str, float | None]:
        """Return the measured difficulty of every variant (vault)."""
        rows = self._vault.keys.find("variant", assignment=assignment, version=1)
        return {row["variant"]: row["difficulty"] for row in rows}

    def keys(self, assignment: str, version: int | None = None) -> dict[str, AnswerKey]:
        """Return the truth of every variant by its name (vault): the newest, or the newest up to a version."""
        found: dict[str, AnswerKey] = {}
        for row in self._vault.keys.find("version", assignment=assignment):
            if version is None or row["version"] <= version:
                found[row["variant"]] = AnswerKey.from_json(row["key"])
        return found

    def look(self, assignment: str, variant: str, who: str) -> AnswerKey:
        """Return the truth of one variant for a person who may see it; the look is in the audit log."""
        keys = self.keys(assignment)
        if variant not in keys:
            raise UnknownNameError("variant", variant, keys)
        self._audit.note(who, "looked at the truth of", f"{assignment} {variant}")
        return keys[variant]

    def truth_changed(self, assignment: str, variant: str, key: AnswerKey, reason: str, who: str) -> AnswerKey:
        """Add a new version of a variant's truth (vault); the old one stays, and with it every old grade."""
        if not reason.strip():
            raise LabError("Write why the truth changes; students and the audit log will show it.")
        before = self.keys(assignment)[variant]
        after = replace(key, version=before.version + 1)
        rows = self._vault.keys.find("version", assignment=assignment, variant=variant)
        row = {**rows[-1], "version": after.version, "key": after.to_json(), "reason": reason, "at_us": self._now_us()}
        self._vault.keys.add(**row)
        words = f"v{after.version}: {reason}"
        self._audit.note(who, "changed the truth of", f"{assignment} {variant}", f"v{before.version}", words)
        return after

    def reasons(self, assignment: str, variant: str) -> list[tuple[int, str]]:
        """Return (version, reason) of every change of a variant's truth; reasons are shown to students."""
        rows = self._vault.keys.find("version", assignment=assignment, variant=variant)
        return [(row["version"], row["reason"]) for row in rows if row["version"] > 1]

    # life
    def checked(self, assignment: str, checks: Mapping[str, Any]) -> None:
        """Store what the robots found; the assignment may be released now."""
        self._records.assignments.change({"assignment": assignment}, state="checked", checks=json.dumps(dict(checks)))
        self._audit.note("instructor", "checked", assignment, after=str(checks.get("summary", "")))

    def checks(self, assignment: str) -> dict[str, Any]:
        """Return what the robots found."""
        found: dict[str, Any] = json.loads(self._row(assignment)["checks"])
        return found

    def release(self, assignment: str, who: str = "instructor") -> str:
        """Release a checked assignment and return the commitment over all of its variants."""
        if self.state(assignment) != "checked":
            raise LabError("Let the robots play the assignment first (check); only then can it be released.")
        hashed = seeds.class_commitment([v.commitment for v in self.variants(assignment)])
        self._records.assignments.change({"assignment": assignment}, state="released", commitment=hashed)
        self._audit.note(who, "released", assignment, after=hashed)
        return hashed

    def commitment(self, assignment: str) -> str:
        """Return the published commitment; empty before the release."""
        return str(self._row(assignment)["commitment"])

    def proof(self, assignment: str, variant: str) -> dict[str, str]:
        """Return salt, first truth and commitment of a variant, for anyone, once its deadline has passed."""
        row = self._vault.keys.one(assignment=assignment, variant=variant, version=1)
        public = self._records.variants.one(assignment=assignment, variant=variant)
        if row is None or public is None:
            raise AccessError("There is no such proof.")
        if self._now_us() <= max(self._last_close(assignment), timeline(self.get(assignment)).close_us):
            raise AccessError("The proof opens when the last deadline of the assignment has passed.")
        return {"variant": variant, "salt": row["salt"], "key": row["key"], "commitment": public["commitment"]}

    # rules
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
        """Return the dates of a person."""
        return timeline(self.get(assignment), person, self.rules(assignment, person))

    def _last_close(self, assignment: str) -> int:
        """The latest deadline that any rule gives to anybody."""
        rows = self._records.rules.find(assignment=assignment, field="shift_hours")
        shift = max([0.0, *(float(json.loads(row["value"])) for row in rows)])
        return timeline(self.get(assignment)).close_us + round(shift * 3_600_000_000)

    def _sealed_rows(self, assignment: str, sealed: Sealed) -> tuple[dict[str, Any], dict[str, Any]]:
        name = seeds.variant_name(self._secret, assignment, sealed.person)
        salt, key = secrets.token_hex(32), replace(sealed.key, version=1)
        common = {"assignment": assignment, "variant": name}
        kept = {"version": 1, "salt": salt, "key": key.to_json(), "draw": sealed.draw, "difficulty": sealed.difficulty}
        span = {"start_us": key.start_us, "end_us": key.end_us, "machines": json.dumps(key.machines)}
        public = {"person": sealed.person, "commitment": seeds.commitment(salt, key), **span}
        return {**common, **kept, "at_us": self._now_us()}, {**common, **public}

    def _row(self, assignment: str) -> dict[str, Any]:
        row = self._records.assignments.one(assignment=assignment)
        if row is None:
            raise AccessError("There is no such assignment.")
        return row


def verify_proof(proof: Mapping[str, str]) -> bool:
    """Return whether salt and truth give the commitment that was published; needs nothing but the proof itself."""
    return seeds.commitment(proof["salt"], AnswerKey.from_json(proof["key"])) == proof["commitment"]


def _variant(row: dict[str, Any]) -> Variant:
    return Variant(**{**row, "machines": tuple(json.loads(row["machines"]))})


def _refuse_moved_data(before: AssignmentSpec, after: AssignmentSpec) -> None:
    for name in ("plant", "variants", "split", "submit", "mode"):
        if getattr(before, name) != getattr(after, name):
            raise LabError(f"The assignment is released; {name} can no longer change. Make a copy under another id.")
