"""Remembers which lessons are proven: the shares, against a fingerprint of the lesson's lab file.

The record lies beside the lesson (`proof.json`), so a shipped lesson is known to be proven; when lab.yaml changes, its
fingerprint no longer fits and the lesson counts as unproven until `lesson prove` has run again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lessons.reader import Lesson
from lessons.verdict import Proof, check_answer, prove

FILE = "proof.json"


def fingerprint(lesson: Lesson) -> str:
    """Return the SHA-256 of the lesson's lab file."""
    text = (lesson.folder / "lab.yaml").read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def record_proofs(lesson: Lesson, *, seeds: int, jobs: int = 1, write: bool = True) -> list[Proof]:
    """Prove the lesson's exercises and keep the result beside it."""
    if jobs > 1:
        from engine.parallel import executor

        with executor(jobs) as pool:
            proofs = prove(lesson, pool, seeds)
    else:
        proofs = prove(lesson, None, seeds)
    if write:
        _write(lesson.folder / FILE, {"lab_sha256": fingerprint(lesson), "proofs": [asdict(proof) for proof in proofs]})
    return proofs


def is_proven(lesson: Lesson) -> bool:
    """Return whether every exercise of the lesson, as it stands, was shown to hold over at least 20 seeds."""
    try:
        kept = json.loads((lesson.folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    proofs = [Proof(p["exercise"], p["solution"], tuple(p["decoys"]), p["seeds"]) for p in kept.get("proofs", [])]
    names = {proof.exercise for proof in proofs if proof.holds and proof.seeds >= 20}
    return kept.get("lab_sha256") == fingerprint(lesson) and names >= set(lesson.lab.exercises)


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class SeedRow:
    """One answer of one exercise over the seeds: what should happen, and whether it passed on each."""

    exercise: str
    answer: str
    should_pass: bool
    passed: tuple[bool, ...]

    @property
    def share(self) -> float:
        """Share of seeds that passed."""
        return sum(self.passed) / len(self.passed)


def seed_table(
    lesson: Lesson,
    seeds: int,
    progress: Callable[[float], None],
    cancelled: Callable[[], bool],
    first_seed: int = 10_000,
) -> list[SeedRow]:
    """Try every answer of every exercise on every seed, as `prove` does; an empty list when it was cancelled."""
    tasks = [
        (name, exercise, answer, number == 0)
        for name, exercise in lesson.lab.exercises.items()
        for number, answer in enumerate((exercise.solution, *(decoy.answer for decoy in exercise.decoys)))
    ]
    rows = []
    for done, (name, exercise, answer, good) in enumerate(tasks):
        passed = []
        for seed in range(seeds):
            if cancelled():
                return []
            passed.append(check_answer(exercise, answer, first_seed + 100 * seed).passed)
            progress((done * seeds + seed + 1) / (len(tasks) * seeds))
        rows.append(SeedRow(name, ", ".join(f"{key} = {value}" for key, value in answer.items()), good, tuple(passed)))
    return rows


def keep_table(lesson: Lesson, rows: list[SeedRow]) -> list[Proof]:
    """Keep the table as the lesson's proof; returns it."""
    proofs = []
    for name in lesson.lab.exercises:
        mine = [row for row in rows if row.exercise == name]
        solution = next(row for row in mine if row.should_pass)
        decoys = tuple(row.share for row in mine if not row.should_pass)
        proofs.append(Proof(name, solution.share, decoys, len(solution.passed)))
    _write(lesson.folder / FILE, {"lab_sha256": fingerprint(lesson), "proofs": [asdict(proof) for proof in proofs]})
    return proofs
