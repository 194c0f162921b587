"""Variants made from secret seeds: the plant, the data a student gets, and the answer key.

The part of the data that the board sees comes from other seeds than the part that is graded (`split.by: seed`):
different machines of the same assignment, told apart by nothing in the data.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.classroom.assignments import Assignments
from engine.classroom.data_files import ROWS_AT_ONCE, csv_parts, parquet_parts
from engine.classroom.drawing import (
    answer_key,
    block_of,
    groups_of,
    made_of,
    times_of,
)
from engine.classroom.grade import Work
from engine.classroom.key import AnswerKey
from engine.classroom.pipelines import setting_alarms
from engine.classroom.playing import plants_of
from engine.classroom.sealing import facts_of, like, sample_of, sample_ticks
from engine.classroom.spec import AssignmentSpec, PlantPart, Split
from engine.errors import LabError, ParameterError
from engine.plant.making import make_journal
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import HOUR_US, Block

if TYPE_CHECKING:
    from numpy.typing import NDArray

WITHOUT_EVENTS = ("answers", "text")  # kinds of work that no robot can play


@dataclass(frozen=True)
class VariantPlant:
    """One variant as the lab can run it: plants with secret seeds, side by side."""

    spec: AssignmentSpec
    plants: tuple[Plant, ...]
    public_machines: tuple[str, ...] | None
    start_us: int

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the plants, as their seeds are asked for."""
        return ("all",) if self.public_machines is None else ("public", "private")

    def made_of(self) -> dict[str, Any]:
        """Return how the data is made, ready for JSON: start, parts with their journals, a sample; no seed."""
        how = made_of(self.start_us, zip(self.parts, self.plants, strict=True), self.public_machines)
        return {**how, "sample": self.sample()}

    def file_facts(self) -> dict[str, Any]:
        """Return what of the file the data is made of."""
        return {"file": facts_of(self.spec, {})["file"]}

    def sample(self) -> list[float | None]:
        """Return a few readings of every plant, evenly over the span."""
        ticks = sample_ticks(self.times_us())
        return [value for plant in self.plants for value in sample_of(plant.block(ticks))]

    @property
    def end_us(self) -> int:
        return self.start_us + round(self.spec.plant.days * 24 * HOUR_US)

    def times_us(self, every_s: float | None = None) -> NDArray[np.int64]:
        """Return the event times of the data, at the assignment's rate unless told otherwise."""
        return times_of(self.spec, self.start_us, self.end_us, every_s)

    def block(self, every_s: float | None = None) -> Block:
        """Return the data; no truth in it."""
        return block_of(self.plants, self.times_us(every_s))

    def blocks(self, every_s: float | None = None) -> Iterator[Block]:
        """Yield the same data in pieces that are small whatever the length."""
        times, at_once = self.times_us(every_s), max(1, ROWS_AT_ONCE // len(self.spec.plant.machines))
        return (block_of(self.plants, times[first : first + at_once]) for first in range(0, len(times), at_once))

    def key(self) -> AnswerKey:
        """Return the truth (instructors' paths only); a sealed variant has its own in the vault."""
        events = [e for plant in self.plants for e in plant.truth(self.start_us, self.end_us)]
        return answer_key(self.spec, self.start_us, self.plants, events, self.public_machines)


class PlantMaker:
    """Makes variants of assignments.

    Parameters
    ----------
    assignments
        For secret seeds and for sealing.
    """

    def __init__(self, assignments: Assignments) -> None:
        self._assignments = assignments

    def sealed(self, assignment: str, variant: str) -> VariantPlant:
        """Return a variant as it was sealed, made from its record in the vault and never from the file.

        Raises
        ------
        LabError
            When the record was changed, or this lab makes other readings than those that were sealed.
        """
        row = self._assignments.sealed_row(assignment, variant)
        recipe = json.loads(row["recipe"] or "{}")
        owner = self._owner(assignment, variant)
        made = self._from_recipe(assignment, owner, row["draw"], recipe) if "parts" in recipe else None
        if made is None:
            return self._adopted(assignment, variant, row)
        if "sample" in recipe and not like(recipe["sample"], made.sample()):
            raise LabError(_other_data(variant))
        return made

    def _from_recipe(self, assignment: str, owner: str, draw: int, recipe: dict[str, Any]) -> VariantPlant:
        """Return a variant from its sealed record; dates and texts are those of the file."""
        spec = self._assignments.get(assignment)
        if "file" in recipe:
            kept = recipe["file"]
            split = None if kept["split"] is None else Split.model_validate(kept["split"])
            spec = spec.model_copy(update={"plant": PlantPart.model_validate(kept["plant"]), "split": split})
        return self.made_again(spec, owner, draw, recipe)

    def _adopted(self, assignment: str, variant: str, row: dict[str, Any]) -> VariantPlant:
        """A variant that was sealed without its journal: made again from its draw, if that still gives its truth."""
        key = AnswerKey.from_json(row["key"])
        made = self.variant(assignment, self._owner(assignment, variant), row["draw"], key.start_us)
        if made.key().events != key.events:
            raise LabError(_other_data(variant))
        self._assignments.adopt(assignment, variant, {**made.file_facts(), **made.made_of()})
        return made

    def _owner(self, assignment: str, variant: str) -> str:
        return next(v.person for v in self._assignments.variants(assignment) if v.variant == variant)

    def variant(self, assignment: str, person: str, draw: int, start_us: int | None = None) -> VariantPlant:
        """Return a person's variant at a draw: as it was sealed, else as an older lab drew it from the file."""
        spec = self._assignments.get(assignment)
        made = self._assignments.made_of(assignment, person)
        if "parts" in made and self._assignments.draw_of(assignment, person) == draw:
            return self._from_recipe(assignment, person, draw, made)
        plant_spec, machines = load_plant(spec.plant.name), spec.plant.machines
        groups = groups_of(spec, self._assignments.seed(assignment, person, draw, "split"))
        start, hours = self._assignments.start_us(assignment) if start_us is None else start_us, spec.plant.days * 24
        plants = []
        for name, group in groups:
            seed = self._assignments.seed(assignment, person, draw, name)
            faults = max(1, round(spec.plant.events * len(group) / len(machines)))
            journal = make_journal(plant_spec, seed, spec.plant.level, start, hours, group, faults)
            plants.append(Plant(plant_spec, seed, journal, group))
        public = groups[0][1] if len(groups) > 1 else None
        return VariantPlant(spec, tuple(plants), public, start)

    def made_again(self, spec: AssignmentSpec, person: str, draw: int, made: dict[str, Any]) -> VariantPlant:
        """Return a variant from its journals and the secret seeds."""
        seeds = {part["name"]: self._assignments.seed(spec.id, person, draw, part["name"]) for part in made["parts"]}
        public = None if made["public"] is None else tuple(made["public"])
        return VariantPlant(spec, plants_of(spec.plant.name, made["parts"], seeds), public, made["start_us"])

    def block(self, assignment: str, person: str, every_s: float | None = None) -> Block:
        """Return the readings of a person's variant for the student's page: a type without any place for truth."""
        return self.sealed(assignment, self._assignments.variant_of(assignment, person).variant).block(every_s)

    def csv_parts(self, assignment: str, person: str, every_s: float | None = None) -> Iterator[bytes]:
        """Yield a person's data as CSV, a piece at a time: variant, time, machine, state and sensors; no truth."""
        name = self._assignments.variant_of(assignment, person).variant
        return csv_parts(name, self._blocks(assignment, person, every_s))

    def csv(self, assignment: str, person: str, every_s: float | None = None) -> str:
        """Return a person's data as CSV in one piece, for data of moderate length."""
        return b"".join(self.csv_parts(assignment, person, every_s)).decode()

    def parquet_parts(self, assignment: str, person: str, every_s: float | None = None) -> Iterator[bytes]:
        """Yield a person's data as Parquet with the documented columns, a piece at a time."""
        return parquet_parts(self._blocks(assignment, person, every_s))

    def parquet(self, assignment: str, person: str, every_s: float | None = None) -> bytes:
        """Return a person's data as Parquet in one piece."""
        return b"".join(self.parquet_parts(assignment, person, every_s))

    def _blocks(self, assignment: str, person: str, every_s: float | None) -> Iterator[Block]:
        least = 1 / self._assignments.get(assignment).plant.rate_hz
        if every_s is not None and every_s < least:
            raise ParameterError(
                f"every_s must be at least {least:g}, as often as this assignment's data was measured."
            )
        return self.sealed(assignment, self._assignments.variant_of(assignment, person).variant).blocks(every_s)

    def run_parameters(self, work: Work, assignment: str, variant: str) -> Work:
        """Play a detector setting on the hidden plant and return its alarms: how "params" submissions are graded."""
        public = next(v for v in self._assignments.variants(assignment) if v.variant == variant)
        block, plant = self.block(assignment, public.person), load_plant(self._assignments.get(assignment).plant.name)
        edition = self._assignments.rubric(assignment).edition
        return Work("alarms", setting_alarms(dict(work.parameters), block, plant, edition))

    def question_key(self, spec: AssignmentSpec) -> AnswerKey:
        """The key of a quiz or a report: the right answers, and no event."""
        start = self._assignments.start_us(spec.id)
        answers = tuple(sorted(self._assignments.answers(spec.id).items()))
        return AnswerKey(start, start + HOUR_US, spec.plant.machines, (), answers=answers)


def _other_data(variant: str) -> str:
    return (
        f"This lab makes other readings than those that were sealed for variant {variant}, so it shows none; open the "
        "class with the version that made it. Grades and receipts are as they were."
    )
