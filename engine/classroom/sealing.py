"""The sealed record of a variant: everything that its data and its key are functions of, with a digest.

Data is made from this record, never from the assignment's file, which people may change. The record is kept in the
vault; seeds are not in it (they come from the course secret), and a sample of the readings tells whether this lab
still makes the same ones.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.classroom.key import canonical
from engine.classroom.spec import AssignmentSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.records import Block

FORMAT = 1
SAMPLES = 16  # ticks of the readings that are kept, evenly over the span
LIKE = 0.99  # share of the sample that must be the same: another processor may round a reading the other way

# What data, key and bounds are functions of; everything else of a file may change while it is a draft.
SEALED_FIELDS = ("plant", "variants", "split", "submit", "questions", "max_intervals", "future_hidden")
FREE_FIELDS = ("title", "lesson", "task", "when", "attempts", "feedback")  # may change after the release, too


def changed_fields(before: AssignmentSpec, after: AssignmentSpec) -> list[str]:
    """Return the names of what differs between two files of an assignment."""
    return [name for name in AssignmentSpec.model_fields if getattr(before, name) != getattr(after, name)]


def facts_of(spec: AssignmentSpec, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a file is sealed, ready for JSON."""
    plain = spec.model_dump(mode="json", include=set(SEALED_FIELDS))
    return {"format": FORMAT, "file": plain, "answers": dict(answers)}


def digest_of(salt: str, recipe: str, key: str) -> str:
    """Return the SHA-256 that binds recipe, first truth and salt of a variant."""
    return hashlib.sha256(f"{salt}\n{recipe}\n{key}".encode()).hexdigest()


def sample_ticks(times: Any) -> Any:
    """Return the event times at which readings are sampled."""
    return times[np.unique(np.linspace(0, len(times) - 1, SAMPLES).astype(int))]


def sample_of(block: Block) -> list[float | None]:
    """Return the readings of a sampled block as plain numbers."""
    return [None if value != value else value for value in block.values.ravel().tolist()]


def like(sample: list[float | None], other: list[float | None]) -> bool:
    """Return whether two samples are of the same data."""
    if len(sample) != len(other):
        return False
    first = np.array([np.nan if value is None else value for value in sample])
    second = np.array([np.nan if value is None else value for value in other])
    return bool(np.isclose(first, second, rtol=1e-9, equal_nan=True).mean() >= LIKE) if len(first) else True


def recipe_text(document: Mapping[str, Any]) -> str:
    """Return a recipe as the vault keeps it."""
    return canonical(dict(document))
