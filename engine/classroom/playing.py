"""What is played on one sealed variant before the release, as a job for any process: the careful person, the reference.

The reference is what the best one-line rule reaches with hindsight: a student can reach it by looking, and chance must
stay below it. It is played on a sample, for plants of one recipe are alike; everything else is played on all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.classroom.drawing import block_of
from engine.classroom.grade import Work, grade
from engine.classroom.labelers import CAREFUL, expected_points
from engine.classroom.pipelines import intervals_of
from engine.difficulty import one_liners
from engine.plant.journal import Journal
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.plant.visibility import minutes

if TYPE_CHECKING:
    from engine.classroom.key import AnswerKey
    from engine.classroom.rubric import Rubric
    from engine.plant.spec import PlantSpec
    from engine.records import Block, Label

SAMPLE = 24  # variants of a class on which the reference plays
MARKED_SHARES = (0.005, 0.01, 0.02, 0.04, 0.08)  # of the time: the thresholds that the reference tries
SIGMAS = 3.0  # the limit of the three-sigma rule, as Shewhart drew it


@dataclass(frozen=True)
class Played:
    """What came of one variant: expected points of the careful person, and marks of the rules where they played."""

    careful: float
    reference: tuple[Label, ...] | None = None
    three_sigma: tuple[Label, ...] | None = None


def plants_of(plant: str, parts: Sequence[Mapping[str, Any]], seeds: Mapping[str, int]) -> tuple[Plant, ...]:
    """Return the plants of a sealed variant from the journals of its parts and their secret seeds."""
    spec = load_plant(plant)
    return tuple(
        Plant(spec, seeds[part["name"]], Journal.from_json(part["journal"]), tuple(part["machines"])) for part in parts
    )


def play_variant(
    rubric: Rubric, key: AnswerKey, plant: str, parts: Sequence[Mapping[str, Any]], seeds: Mapping[str, int]
) -> Played:
    """Play one variant; without `parts` no rule plays, and the data is never computed."""
    careful = round(expected_points(key, CAREFUL, rubric).mean, 4)
    if not parts:
        return Played(careful)
    plants = plants_of(plant, parts, seeds)
    block = block_of(plants, minutes(key.start_us, key.end_us))
    rules = dict(one_liners(block, plants[0].spec))
    sigma = tuple(intervals_of(block, rules["three_sigma"] >= SIGMAS))
    return Played(careful, reference_marks(block, plants[0].spec, key, rubric), sigma)


def reference_marks(block: Block, spec: PlantSpec, key: AnswerKey, rubric: Rubric) -> tuple[Label, ...]:
    """Return the marks of the reference: the panel's one-line rule and threshold that earn most here."""
    tries = [
        tuple(intervals_of(block, score > np.quantile(score, 1 - share)))
        for _, score in one_liners(block, spec)
        for share in MARKED_SHARES
    ]
    return max(tries, key=lambda marks: grade(Work(rubric.submit, marks), key, rubric).points)


def sampled(names: Sequence[str], count: int = SAMPLE) -> set[str]:
    """Return evenly chosen names; all of them when there are no more than `count`."""
    order = sorted(names)
    if len(order) <= count:
        return set(order)
    return {order[int((n + 0.5) * len(order) / count)] for n in range(count)}
