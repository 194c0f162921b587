"""Detectors on the same page as students: their alarms on a variant, as one more lane, graded by the same rubric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import catalog
from engine.classroom.grade import Grade, Work, grade
from engine.classroom.pipelines import intervals_of
from engine.classroom.robots import merged
from engine.plant.spec import load_plant

if TYPE_CHECKING:
    from engine.classroom.classroom import Classroom
    from engine.records import Label

LANES = ("range_rule", "limit", "z_score", "ewma", "cusum", "mahalanobis", "half_space_trees", "always")


def lane_names() -> list[str]:
    """Return the detectors that are drawn beside the class: quick ones of several families."""
    known = catalog.parts("detector")
    return [name for name in LANES if name in known]


def detector_marks(school: Classroom, assignment: str, variant: str, detector: str) -> tuple[Label, ...]:
    """Return the alarms of a detector with its own settings on the data of a variant; it saw no truth."""
    whose = next(v.person for v in school.assignments.variants(assignment) if v.variant == variant)
    block = school.plants.block(assignment, whose)
    made = catalog.make("detector", detector, {}).bind(load_plant(school.assignments.get(assignment).plant.name))
    scores = made.score_then_learn(block)
    return tuple(intervals_of(block, scores >= made.default_threshold))


def detector_grade(school: Classroom, assignment: str, variant: str, marks: tuple[Label, ...]) -> Grade:
    """Return what the alarms would earn by the assignment's own rubric; the manual lines stay open (vault)."""
    rubric, key = school.assignments.rubric(assignment), school.assignments.keys(assignment)[variant]
    part = "private" if school.assignments.get(assignment).split is not None else "all"
    kind = "labels" if rubric.submit == "labels" else "alarms"
    return grade(Work(kind, merged(marks) if kind == "labels" else marks), key, rubric, part)
