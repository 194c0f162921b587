"""Assignments with their sealed truth: seeds, variants, commitments, versions; for instructors' code paths."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.classroom import seeds
from engine.classroom.assignment_files import AssignmentFiles, Variant
from engine.classroom.key import AnswerKey, canonical
from engine.classroom.quiz import check_answers, joined_answers, split_answers
from engine.classroom.spec import AssignmentSpec, load_spec
from engine.errors import AccessError, LabError, UnknownNameError

if TYPE_CHECKING:
    from engine.classroom.audit import Audit
    from engine.store.class_records import ClassRecords, ClassVault


@dataclass(frozen=True)
class Sealed:
    """A variant's truth on its way into the vault."""

    person: str
    key: AnswerKey
    draw: int = 0
    difficulty: float | None = None


class Assignments(AssignmentFiles):
    """All assignments of the class with the vault behind them.

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
        super().__init__(records, audit, now_us)
        self._vault, self._secret = vault, secret

    def save(self, text: str, file: str = "assignment.yaml") -> AssignmentSpec:
        """Take an assignment file; right answers of a quiz in it go into the vault, the rest is for everybody."""
        public, answers = split_answers(text)
        wanted = load_spec(public, file)
        check_answers(wanted, answers, file)
        known = [spec.id for spec, state in self.all() if state not in ("draft", "checked")]
        if wanted.id in known and answers and answers != self.answers(wanted.id):
            raise LabError("The quiz is released; its right answers are sealed. Make a copy under another id.")
        spec = super().save(public, file)
        if answers:
            self._vault.settings.put(name=f"answers/{spec.id}", value=canonical(answers))
        return spec

    def answers(self, assignment: str) -> dict[str, Any]:
        """Return the right answers of a quiz (vault); empty for other kinds."""
        row = self._vault.settings.one(name=f"answers/{assignment}")
        found: dict[str, Any] = {} if row is None else json.loads(row["value"])
        return found

    def source(self, assignment: str) -> str:
        """Return the file with the right answers of a quiz in it (vault): what the instructor's editor shows."""
        return joined_answers(self.text(assignment), self.answers(assignment))

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

    def release(self, assignment: str, who: str = "instructor") -> str:
        """Release a checked assignment and return the commitment over all of its variants."""
        if self.state(assignment) != "checked":
            raise LabError("Let the robots play the assignment first (check); only then can it be released.")
        hashed = seeds.class_commitment([v.commitment for v in self.variants(assignment)])
        self._records.assignments.change({"assignment": assignment}, state="released", commitment=hashed)
        self._audit.note(who, "released", assignment, after=hashed)
        return hashed

    def proof(self, assignment: str, variant: str) -> dict[str, str]:
        """Return salt, first truth and commitment of a variant, for anyone, once nobody can hand in on it."""
        row = self._vault.keys.one(assignment=assignment, variant=variant, version=1)
        public = self._records.variants.one(assignment=assignment, variant=variant)
        if row is None or public is None:
            raise AccessError("There is no such proof.")
        self.closing.reveal(assignment, variant)
        return {"variant": variant, "salt": row["salt"], "key": row["key"], "commitment": public["commitment"]}

    def _sealed_rows(self, assignment: str, sealed: Sealed) -> tuple[dict[str, Any], dict[str, Any]]:
        name = seeds.variant_name(self._secret, assignment, sealed.person)
        salt, key = secrets.token_hex(32), replace(sealed.key, version=1)
        common = {"assignment": assignment, "variant": name}
        kept = {"version": 1, "salt": salt, "key": key.to_json(), "draw": sealed.draw, "difficulty": sealed.difficulty}
        span = {"start_us": key.start_us, "end_us": key.end_us, "machines": json.dumps(key.machines)}
        public = {"person": sealed.person, "commitment": seeds.commitment(salt, key), **span}
        return {**common, **kept, "at_us": self._now_us()}, {**common, **public}


def verify_proof(proof: Mapping[str, str]) -> bool:
    """Return whether salt and truth give the commitment that was published; needs nothing but the proof itself."""
    return seeds.commitment(proof["salt"], AnswerKey.from_json(proof["key"])) == proof["commitment"]
