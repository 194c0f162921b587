"""Assignments with their sealed truth: seeds, variants, commitments, versions; for instructors' code paths."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.classroom import seeds
from engine.classroom.assignment_files import AssignmentFiles, Variant
from engine.classroom.file_checks import check_settings
from engine.classroom.key import AnswerKey, canonical, with_ids
from engine.classroom.quiz import check_answers, joined_answers, split_answers
from engine.classroom.sealing import FREE_FIELDS, SEALED_FIELDS, changed_fields, digest_of, facts_of, recipe_text
from engine.classroom.spec import AssignmentSpec, load_spec, moment_us
from engine.errors import AccessError, LabError, UnknownNameError
from engine.records import HOUR_US

if TYPE_CHECKING:
    from engine.classroom.audit import Audit
    from engine.store.class_records import ClassRecords, ClassVault


@dataclass(frozen=True)
class Sealed:
    """A variant's truth on its way into the vault.

    `difficulty` is what a careful person is expected to earn on it; `made_of` how its data is made
    (`engine.classroom.drawing.made_of`); None = from the draw, as an older lab did.
    """

    person: str
    key: AnswerKey
    draw: int = 0
    difficulty: float | None = None
    made_of: Mapping[str, Any] | None = None


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
        self._truth = threading.Lock()  # one verdict after the other

    def save(self, text: str, file: str = "assignment.yaml") -> AssignmentSpec:
        """Take an assignment file; right answers of a quiz in it go into the vault, the rest is for everybody.

        A change of what variants are made of drops them, and the assignment is a draft again. After the release only
        dates, attempts, feedback and texts may change.
        """
        public, answers = split_answers(text)
        wanted = load_spec(public, file)
        check_settings(wanted, file)
        check_answers(wanted, answers, file)
        known = any(spec.id == wanted.id for spec, _ in self.all())
        changed = self._changes(wanted, answers) if known else []
        if known and self.state(wanted.id) not in ("draft", "checked"):
            wrong = [name for name in changed if name not in FREE_FIELDS and name != "release"]
            if wrong:
                words = f"{', '.join(wrong)} can no longer change. Make a copy under another id."
                raise LabError(f"The assignment is released and what it is made of is sealed; {words}")
        elif changed:
            self._back_to_draft(wanted.id, changed)
        if answers:
            self._vault.settings.put(name=f"answers/{wanted.id}", value=canonical(answers))
        return super().save(public, file)

    def _changes(self, wanted: AssignmentSpec, answers: dict[str, Any]) -> list[str]:
        before = self.get(wanted.id)
        changed = changed_fields(before, wanted)
        if _start_us(before) != _start_us(wanted):
            changed.append("release")
        return changed + (["answers"] if answers and answers != self.answers(wanted.id) else [])

    def _back_to_draft(self, assignment: str, changed: list[str]) -> None:
        """What was sealed or checked is of another file now: drop it, loudly."""
        sealed = [name for name in changed if name in (*SEALED_FIELDS, "release", "answers")]
        made = len(self.variants(assignment))
        if not sealed and all(name in FREE_FIELDS for name in changed):
            return
        self._records.assignments.change({"assignment": assignment}, state="draft")
        if sealed and made:
            self._records.variants.remove(assignment=assignment)
            self._vault.keys.remove(assignment=assignment)
            self._audit.note(
                "instructor", f"dropped {made} variants of", assignment, after=f"{', '.join(sealed)} changed"
            )

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

    def seal(self, assignment: str, variants: list[Sealed], plan: str = "") -> list[Variant]:
        """Put the truth of the variants into the vault and publish their spans; replaces an earlier draft.

        `plan` is what they share (`engine.classroom.drawing.Plan` as JSON); kept in the vault too.
        """
        if self.state(assignment) not in ("draft", "checked"):
            raise LabError("The assignment is released; its variants can no longer change.")
        made = [self._sealed_rows(assignment, sealed) for sealed in variants]
        self._records.assignments.change({"assignment": assignment}, state="draft")  # first: a crash leaves a draft
        self._records.variants.remove(assignment=assignment)
        self._vault.settings.put(name=f"plan/{assignment}", value=plan)
        self._vault.keys.replace_all({"assignment": assignment}, [row for row, _ in made])
        self._records.variants.replace_all({"assignment": assignment}, [row for _, row in made])
        self._audit.note("instructor", "sealed", f"{len(made)} variants of {assignment}")
        return self.variants(assignment)

    def seal_one(self, assignment: str, sealed: Sealed) -> Variant:
        """Seal the variant of somebody who joined after the release; it has its own commitment at once."""
        with self._truth:
            if any(v.person == sealed.person for v in self.variants(assignment)):
                raise LabError("This person has a variant already; it can no longer change.")
            key_row, public_row = self._sealed_rows(assignment, sealed)
            whose = {"assignment": assignment, "variant": public_row["variant"]}
            self._vault.keys.replace_all(whose, [key_row])  # a crash after this leaves a key that nobody has
            self._records.variants.add(**public_row)
        self._audit.note("instructor", "sealed", f"variant {public_row['variant']} of {assignment}")
        return self.variant_of(assignment, sealed.person)

    def seal_more(self, assignment: str, variants: list[Sealed]) -> None:
        """Seal further variants beside those that there are; after the release each has its own commitment."""
        have = {variant.person for variant in self.variants(assignment)}
        rows = [self._sealed_rows(assignment, sealed) for sealed in variants if sealed.person not in have]
        if rows:
            self._vault.keys.add_all([row for row, _ in rows])
            self._records.variants.add_all([row for _, row in rows])
            self._audit.note("instructor", "sealed", f"{len(rows)} more variants of {assignment}")

    def plan_of(self, assignment: str) -> str:
        """Return what the variants share, as JSON (vault); empty before they are made, or by an older lab."""
        row = self._vault.settings.one(name=f"plan/{assignment}")
        return "" if row is None else str(row["value"])

    def made_of(self, assignment: str, person: str) -> dict[str, Any]:
        """Return how the data of a person's sealed variant is made (vault); empty without."""
        if not any(variant.person == person for variant in self.variants(assignment)):
            return {}
        name = self.variant_of(assignment, person).variant
        row = self._vault.keys.one(assignment=assignment, variant=name, version=1)
        found: dict[str, Any] = json.loads((row or {}).get("recipe") or "{}")
        return found

    def start_us(self, assignment: str) -> int:
        """Return where the data of an assignment begins: sealed once it is released, whatever its dates become."""
        made = self.variants(assignment) if self.state(assignment) not in ("draft", "checked") else []
        return made[0].start_us if made else _start_us(self.get(assignment))

    def draw_of(self, assignment: str, person: str) -> int:
        """Return which draw of the seed a variant is (vault); useless without the secret."""
        name = self.variant_of(assignment, person).variant
        row = self._vault.keys.one(assignment=assignment, variant=name, version=1)
        return 0 if row is None else int(row["draw"])

    def sealed_row(self, assignment: str, variant: str) -> dict[str, Any]:
        """Return the sealed record of a variant (vault): recipe, first truth, salt, draw.

        Raises
        ------
        LabError
            When it is not what was sealed.
        """
        row = self._vault.keys.one(assignment=assignment, variant=variant, version=1)
        public = self._records.variants.one(assignment=assignment, variant=variant)
        if row is None or public is None or seeds.text_commitment(row["salt"], row["key"]) != public["commitment"]:
            raise LabError(f"The sealed truth of variant {variant} is missing or was changed; make the variants again.")
        if row["digest"] and digest_of(row["salt"], row["recipe"], row["key"]) != row["digest"]:
            raise LabError(f"The sealed record of variant {variant} was changed after it was written.")
        return row

    def adopt(self, assignment: str, variant: str, made_of: Mapping[str, Any]) -> None:
        """Keep how the data of a variant is made that was sealed without it (a class of an earlier version)."""
        row = self.sealed_row(assignment, variant)
        recipe = recipe_text({**(json.loads(row["recipe"]) if row["recipe"] else {}), **made_of})
        where = {"assignment": assignment, "variant": variant, "version": 1}
        self._vault.keys.change(where, recipe=recipe, digest=digest_of(row["salt"], recipe, row["key"]))

    def check_sealed(self, assignment: str) -> None:
        """Raise LabError unless every variant is what was sealed, from the file as it is now."""
        variants = self.variants(assignment)
        if not variants:
            raise LabError("There is no variant yet; make the variants first.")
        facts = json.loads(recipe_text(facts_of(self.get(assignment), self.answers(assignment))))
        for variant in variants:
            recipe = json.loads(self.sealed_row(assignment, variant.variant)["recipe"] or "{}")
            moved = [name for name in facts if name in recipe and recipe[name] != facts[name]]
            if moved:
                words = f"made from another file ({', '.join(moved)})"
                raise LabError(f"Variant {variant.variant} was {words}; make the variants again.")

    def difficulties(self, assignment: str) -> dict[str, float | None]:
        """Return the measured difficulty of every variant (vault)."""
        rows = self._vault.keys.find("variant", assignment=assignment, version=1)
        return {row["variant"]: row["difficulty"] for row in rows}

    def keys(self, assignment: str, version: int | None = None) -> dict[str, AnswerKey]:
        """Return the truth of every variant by its name (vault): the newest, or the newest up to a version."""
        found, first = dict[str, AnswerKey](), dict[str, AnswerKey]()
        for row in self._vault.keys.find("version", assignment=assignment):
            if version is None or row["version"] <= version:
                key = AnswerKey.from_json(row["key"])
                first.setdefault(row["variant"], key)
                found[row["variant"]] = with_ids(key, first[row["variant"]])
        return found

    def look(self, assignment: str, variant: str, who: str) -> AnswerKey:
        """Return the truth of one variant for a person who may see it; the look is in the audit log."""
        keys = self.keys(assignment)
        if variant not in keys:
            raise UnknownNameError("variant", variant, keys)
        self._audit.note(who, "looked at the truth of", f"{assignment} {variant}")
        return keys[variant]

    def truth_changed(
        self, assignment: str, variant: str, key: AnswerKey, reason: str, who: str, *, based_on: int | None = None
    ) -> AnswerKey:
        """Add a new version of a variant's truth (vault); the old one stays, and with it every old grade.

        The audit log has it first, so that no change is without an entry. `based_on` is the version that was looked at.

        Raises
        ------
        LabError
            Without a reason, or when somebody else changed this truth meanwhile.
        """
        if not reason.strip():
            raise LabError("Write why the truth changes; students and the audit log will show it.")
        with self._truth:
            rows = self._vault.keys.find("version", assignment=assignment, variant=variant)
            if not rows:
                raise UnknownNameError("variant", variant, self.keys(assignment))
            newest = int(rows[-1]["version"])
            if based_on is not None and based_on != newest:
                raise LabError("Somebody else changed the truth of this variant meanwhile; look at the item again.")
            after = replace(key, version=newest + 1)
            words = f"v{after.version}: {reason}"
            self._audit.note(who, "changed the truth of", f"{assignment} {variant}", f"v{newest}", words)
            new = {"version": after.version, "key": after.to_json(), "reason": reason, "at_us": self._now_us()}
            try:
                self._vault.keys.add(**{**rows[-1], **new})
            except BaseException:
                self._audit.note(who, "could not change the truth of", f"{assignment} {variant}", after=words)
                raise
        return after

    def reasons(self, assignment: str, variant: str) -> list[tuple[int, str]]:
        """Return (version, reason) of every change of a variant's truth; reasons are shown to students."""
        rows = self._vault.keys.find("version", assignment=assignment, variant=variant)
        return [(row["version"], row["reason"]) for row in rows if row["version"] > 1]

    def release(self, assignment: str, who: str = "instructor") -> str:
        """Release a checked assignment and return the commitment over all of its variants."""
        if self.state(assignment) != "checked":
            raise LabError("Let the robots play the assignment first (check); only then can it be released.")
        self.check_sealed(assignment)
        hashed = seeds.class_commitment([v.commitment for v in self.variants(assignment)])
        self._audit.note(who, "released", assignment, after=hashed)
        self._records.assignments.change({"assignment": assignment}, state="released", commitment=hashed)
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
        facts = facts_of(self.get(assignment), self.answers(assignment))
        recipe, truth = recipe_text({**facts, **(sealed.made_of or {})}), key.to_json()
        kept = {"version": 1, "salt": salt, "key": truth, "draw": sealed.draw, "difficulty": sealed.difficulty}
        kept |= {"recipe": recipe, "digest": digest_of(salt, recipe, truth)}
        span = {"start_us": key.start_us, "end_us": key.end_us, "machines": json.dumps(key.machines)}
        public = {"person": sealed.person, "commitment": seeds.commitment(salt, key), **span}
        return {**common, **kept, "at_us": self._now_us()}, {**common, **public}


def _start_us(spec: AssignmentSpec) -> int:
    """Where the data of an assignment begins that is made now."""
    return moment_us(spec.when.release) // HOUR_US * HOUR_US


def verify_proof(proof: Mapping[str, str]) -> bool:
    """Return whether salt and truth give the commitment that was published; needs nothing but the proof itself."""
    AnswerKey.from_json(proof["key"])  # a file that is none raises
    return seeds.text_commitment(proof["salt"], proof["key"]) == proof["commitment"]
