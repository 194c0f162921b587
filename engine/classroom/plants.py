"""Variants made from secret seeds: the plant, the data a student gets, and the answer key.

The part of the data that the board sees comes from other seeds than the part that is graded (`split.by: seed`):
different machines of the same assignment, told apart by nothing in the data.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import catalog
from engine.classroom.assignments import Assignments, Sealed
from engine.classroom.csv_text import csv_rows
from engine.classroom.grade import Work, grade
from engine.classroom.key import AnswerKey
from engine.classroom.sealing import facts_of, like, sample_of, sample_ticks
from engine.classroom.seeds import equalised, seed_of
from engine.classroom.spec import AssignmentSpec, PlantPart, Split, moment_us
from engine.difficulty import CAPS, best_one_liner, one_liners
from engine.errors import LabError
from engine.plant.journal import Journal
from engine.plant.making import FLOORS, make_journal
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import HOUR_US, MINUTE_US, SECOND_US, Block, Label, iso_time

if TYPE_CHECKING:
    from numpy.typing import NDArray

BAND = 0.10  # half-width of the accepted difficulty, in event-F1 of the reference panel
DRAWS = 12
WITHOUT_EVENTS = ("answers", "text")  # kinds of work that no robot can play
MARKED_SHARES = (0.005, 0.01, 0.02, 0.04, 0.08)  # of the time: the thresholds that the reference tries
JOIN_US, LEAST_US = 30 * MINUTE_US, 5 * MINUTE_US


@dataclass(frozen=True)
class VariantPlant:
    """One variant as the lab can run it: plants with secret seeds, side by side."""

    spec: AssignmentSpec
    plants: tuple[Plant, ...]
    public_machines: tuple[str, ...] | None
    sealed_start_us: int | None = None  # None = it is not sealed yet and begins with the release of the file

    @property
    def start_us(self) -> int:
        if self.sealed_start_us is not None:
            return self.sealed_start_us
        return moment_us(self.spec.when.release) // HOUR_US * HOUR_US

    @property
    def end_us(self) -> int:
        return self.start_us + round(self.spec.plant.days * 24 * HOUR_US)

    def times_us(self, every_s: float | None = None) -> NDArray[np.int64]:
        """Return the event times of the data, at the assignment's rate unless told otherwise."""
        step = round(SECOND_US / self.spec.plant.rate_hz) if every_s is None else round(every_s * SECOND_US)
        return np.arange(self.start_us, self.end_us, step, dtype=np.int64)

    def block(self, every_s: float | None = None) -> Block:
        """Return the data; no truth in it."""
        blocks = [plant.block(self.times_us(every_s)) for plant in self.plants]
        return Block(
            times_us=blocks[0].times_us,
            values=np.concatenate([b.values for b in blocks], axis=1),
            status=np.concatenate([b.status for b in blocks], axis=1),
            machines=tuple(name for b in blocks for name in b.machines),
            sensors=blocks[0].sensors,
        )

    def key(self) -> AnswerKey:
        """Return the truth (instructors' paths only)."""
        events = [e for plant in self.plants for e in plant.truth(self.start_us, self.end_us)]
        families = tuple((name, part.kind) for name, part in sorted(catalog.parts("fault").items()))
        order = sorted(events, key=lambda e: (e.machine, e.onset_us, e.fault))
        machines = tuple(name for plant in self.plants for name in plant.machines)
        key = AnswerKey(self.start_us, self.end_us, machines, tuple(order), families=families)
        return _with_split(key, self.spec, self.public_machines, self.plants[0].seed)

    def made_of(self) -> dict[str, Any]:
        """Return how the data is made, ready for JSON: start, parts with their journals, a sample; no seed."""
        names = ("all",) if self.public_machines is None else ("public", "private")
        parts = [
            {"name": name, "machines": list(plant.machines), "journal": plant.journal.to_json()}
            for name, plant in zip(names, self.plants, strict=True)
        ]
        public = None if self.public_machines is None else list(self.public_machines)
        return {"start_us": self.start_us, "parts": parts, "public": public, "sample": self.sample()}

    def file_facts(self) -> dict[str, Any]:
        """Return what of the file the data is made of."""
        return {"file": facts_of(self.spec, {})["file"]}

    def sample(self) -> list[float | None]:
        """Return a few readings of every plant, evenly over the span."""
        ticks = sample_ticks(self.times_us())
        return [value for plant in self.plants for value in sample_of(plant.block(ticks))]


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
        made = self._from_recipe(assignment, variant, recipe, row) if "parts" in recipe else None
        if made is None:
            return self._adopted(assignment, variant, row)
        if not like(recipe["sample"], made.sample()):
            raise LabError(_other_data(variant))
        return made

    def _from_recipe(self, assignment: str, variant: str, recipe: dict[str, Any], row: dict[str, Any]) -> VariantPlant:
        kept = recipe["file"]
        split = None if kept["split"] is None else Split.model_validate(kept["split"])
        sealed = {"plant": PlantPart.model_validate(kept["plant"]), "split": split}
        spec = self._assignments.get(assignment).model_copy(update=sealed)
        owner, plant_spec = self._owner(assignment, variant), load_plant(spec.plant.name)
        plants = tuple(
            Plant(
                plant_spec,
                self._assignments.seed(assignment, owner, row["draw"], part["name"]),
                Journal.from_json(part["journal"]),
                tuple(part["machines"]),
            )
            for part in recipe["parts"]
        )
        public = None if recipe["public"] is None else tuple(recipe["public"])
        return VariantPlant(spec, plants, public, recipe["start_us"])

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
        """Return a person's variant at a draw; always the same one as long as the file is the same."""
        spec = self._assignments.get(assignment)
        plant_spec, machines = load_plant(spec.plant.name), spec.plant.machines
        groups = _groups(spec, self._assignments.seed(assignment, person, draw, "split"))
        start, hours = self._assignments.start_us(assignment) if start_us is None else start_us, spec.plant.days * 24
        plants = []
        for name, group in groups:
            seed = self._assignments.seed(assignment, person, draw, name)
            faults = max(1, round(spec.plant.events * len(group) / len(machines)))
            journal = make_journal(plant_spec, seed, spec.plant.level, start, hours, group, faults)
            plants.append(Plant(plant_spec, seed, journal, group))
        public = groups[0][1] if len(groups) > 1 else None
        return VariantPlant(spec, tuple(plants), public, start)

    def equal(self, assignment: str, person: str) -> Sealed:
        """Return a person's variant with a difficulty inside the band: the panel of one-line rules plays each draw."""
        spec = self._assignments.get(assignment)
        if spec.submit in WITHOUT_EVENTS:
            return Sealed(person, self._question_key(spec))
        level = spec.plant.level
        centre = (FLOORS[level] + CAPS[level]) / 2
        drawn = equalised(lambda draw: self._difficulty(assignment, person, draw), centre, BAND, DRAWS)
        made = self.variant(assignment, person, drawn.draw)
        return Sealed(person, made.key(), drawn.draw, drawn.difficulty, made.made_of())

    def seal_all(
        self, assignment: str, persons: list[str], progress: Callable[[int, int], None] | None = None
    ) -> list[Sealed]:
        """Make and seal the variants of everybody (or the shared one); `progress(done, of)` is called after each."""
        whose = self._assignments.owners(assignment, persons)
        made = []
        for at, person in enumerate(whose, start=1):
            made.append(self.equal(assignment, person))
            if progress is not None:
                progress(at, len(whose))
        self._assignments.seal(assignment, made)
        return made

    def block(self, assignment: str, person: str, every_s: float | None = None) -> Block:
        """Return the readings of a person's variant for the student's page: a type without any place for truth."""
        return self.sealed(assignment, self._assignments.variant_of(assignment, person).variant).block(every_s)

    def csv(self, assignment: str, person: str, every_s: float | None = None) -> str:
        """Return a person's data as CSV: variant, time, machine, state and sensors; no truth, no seed."""
        block = self.block(assignment, person, every_s)
        name = self._assignments.variant_of(assignment, person).variant
        rows = [["variant", "timestamp", "machine_id", "status", *block.sensors]]
        words = ("operational", "maintenance")
        for tick, at_us in enumerate(block.times_us.tolist()):
            stamp = iso_time(at_us)
            for at, machine in enumerate(block.machines):
                values = ["" if np.isnan(v) else repr(v) for v in block.values[tick, at].tolist()]
                rows.append([name, stamp, machine, words[block.status[tick, at]], *values])
        return csv_rows(rows)

    def parquet(self, assignment: str, person: str, every_s: float | None = None) -> bytes:
        """Return a person's data as Parquet with the documented columns."""
        import pyarrow.parquet as parquet

        from engine.dataset import arrow_table

        buffer = io.BytesIO()
        parquet.write_table(arrow_table(self.block(assignment, person, every_s), False), buffer, compression="zstd")
        return buffer.getvalue()

    def run_parameters(self, work: Work, assignment: str, variant: str) -> Work:
        """Play a detector setting on the hidden plant and return its alarms: how "params" submissions are graded."""
        settings = dict(work.parameters)
        public = next(v for v in self._assignments.variants(assignment) if v.variant == variant)
        block = self.block(assignment, public.person)
        detector = catalog.make("detector", settings.pop("detector"), settings)
        scores = detector.bind(load_plant(self._assignments.get(assignment).plant.name)).score_then_learn(block)
        return Work("alarms", tuple(intervals_of(block, scores >= detector.default_threshold)))

    def reference_marks(self, assignment: str, person: str) -> tuple[Label, ...]:
        """Return the marks of the reference (vault): the panel's one-line rule and threshold that earn most here.

        What the best simple rule reaches with hindsight, a student can reach by looking; chance must stay below it.
        """
        owner = self._assignments.variant_of(assignment, person)
        key, rubric = self._assignments.keys(assignment)[owner.variant], self._assignments.rubric(assignment)
        block = self.block(assignment, person, 60.0)
        spec = load_plant(self._assignments.get(assignment).plant.name)
        tries = [
            tuple(intervals_of(block, score > np.quantile(score, 1 - share)))
            for _, score in one_liners(block, spec)
            for share in MARKED_SHARES
        ]
        return max(tries, key=lambda marks: grade(Work(rubric.submit, marks), key, rubric).points)

    def _question_key(self, spec: AssignmentSpec) -> AnswerKey:
        """The key of a quiz or a report: the right answers, and no event."""
        start = self._assignments.start_us(spec.id)
        answers = tuple(sorted(self._assignments.answers(spec.id).items()))
        return AnswerKey(start, start + HOUR_US, spec.plant.machines, (), answers=answers)

    def _difficulty(self, assignment: str, person: str, draw: int) -> float:
        made = self.variant(assignment, person, draw)
        truth = [e for plant in made.plants for e in plant.truth(made.start_us, made.end_us)]
        return best_one_liner(made.block(60.0), truth, made.plants[0].spec)[1]


def _other_data(variant: str) -> str:
    return (
        f"This lab makes other readings than those that were sealed for variant {variant}, so it shows none; open the "
        "class with the version that made it. Grades and receipts are as they were."
    )


def intervals_of(block: Block, flags: NDArray[np.bool_]) -> list[Label]:
    """Return the flagged time (n_ticks, n_machines) as intervals: short gaps are joined, blips are left out."""
    step = int(np.median(np.diff(block.times_us))) if len(block) > 1 else SECOND_US
    found = []
    for at, machine in enumerate(block.machines):
        marked = block.times_us[flags[:, at]]
        cuts = np.flatnonzero(np.diff(marked) > JOIN_US) + 1
        for run in np.split(marked, cuts):
            if len(run) and run[-1] - run[0] + step >= LEAST_US:
                found.append(Label(machine, int(run[0]), int(run[-1]) + step))
    return found


def _groups(spec: AssignmentSpec, shuffle: int) -> list[tuple[str, tuple[str, ...]]]:
    """Return (part, machines): everything as one part, or public and private machines with seeds of their own."""
    machines = spec.plant.machines
    if spec.split is None or spec.split.by != "seed" or len(machines) < 2:
        return [("all", machines)]
    count = min(len(machines) - 1, max(1, round(spec.split.public * len(machines))))
    order = sorted(machines, key=lambda name: seed_of(str(shuffle), name))
    public = tuple(name for name in machines if name in order[:count])
    return [("public", public), ("private", tuple(name for name in machines if name not in public))]


def _with_split(key: AnswerKey, spec: AssignmentSpec, public: tuple[str, ...] | None, seed: int) -> AnswerKey:
    document = json.loads(key.to_json())
    if public is not None:
        document["public_machines"] = list(public)
    elif spec.split is not None:
        order = sorted(key.owed, key=lambda at: seed_of(str(seed), "event", at))
        document["public_events"] = sorted(order[: max(1, round(spec.split.public * len(order)))])
    return AnswerKey.from_json(json.dumps(document))
