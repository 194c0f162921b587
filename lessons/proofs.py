"""Remembers which lessons are proven: the shares, against a fingerprint of the lesson's lab file.

The record lies beside the lesson (`proof.json`), so a shipped lesson is known to be proven; when lab.yaml changes, its
fingerprint no longer fits and the lesson counts as unproven until `lesson prove` has run again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lessons.reader import Lesson
from lessons.verdict import Proof, prove

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
