"""Variants made from secret seeds: the plant, the data a student gets, and the answer key.

The part of the data that the board sees comes from other seeds than the part that is graded (`split.by: seed`):
different machines of the same assignment, told apart by nothing in the data.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import catalog
from engine.classroom.assignments import Assignments, Sealed
from engine.classroom.csv_text import csv_rows
from engine.classroom.drawing import (
    DRAWS,
    LEAST_EVENTS,
    Drawn,
    DrawSeeds,
    NotDrawn,
    Plan,
    answer_key,
    block_of,
    digest_of,
    draw_plant,
    groups_of,
    made_of,
    make_plan,
    start_of,
    times_of,
)
from engine.classroom.fairness import chance_it_costs
from engine.classroom.grade import Work
from engine.classroom.key import AnswerKey
from engine.classroom.playing import Played, intervals_of, plants_of, play_variant, sampled
from engine.classroom.spec import AssignmentSpec
from engine.errors import LabError
from engine.parallel import as_done
from engine.plant.making import make_journal
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import HOUR_US, Block, iso_time

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH = 20  # plants that are sealed together: what a stopped making keeps
FEW = 3  # so few plants are made here, without processes of their own
SEEDS_OF_PLAN = "recipe of the class"  # takes the place of a person where seeds belong to nobody
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
        """Return how the data is made, ready for JSON: start and parts with their journals; no seed."""
        return made_of(self.start_us, zip(self.parts, self.plants, strict=True), self.public_machines)

    @property
    def end_us(self) -> int:
        return self.start_us + round(self.spec.plant.days * 24 * HOUR_US)

    def times_us(self, every_s: float | None = None) -> NDArray[np.int64]:
        """Return the event times of the data, at the assignment's rate unless told otherwise."""
        return times_of(self.spec, self.start_us, self.end_us, every_s)

    def block(self, every_s: float | None = None) -> Block:
        """Return the data; no truth in it."""
        return block_of(self.plants, self.times_us(every_s))

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

    def variant(self, assignment: str, person: str, draw: int) -> VariantPlant:
        """Return a person's variant at a draw; always the same one.

        A sealed variant is made from its sealed journals; one that an older lab sealed, without them, is drawn as that
        lab drew it.
        """
        spec = self._assignments.get(assignment)
        made = self._assignments.made_of(assignment, person)
        if "parts" in made and self._assignments.draw_of(assignment, person) == draw:
            return self._made_again(spec, person, draw, made)
        plant_spec, machines = load_plant(spec.plant.name), spec.plant.machines
        groups = groups_of(spec, self._assignments.seed(assignment, person, draw, "split"))
        start, hours = start_of(spec), spec.plant.days * 24
        plants = []
        for name, group in groups:
            seed = self._assignments.seed(assignment, person, draw, name)
            faults = max(1, round(spec.plant.events * len(group) / len(machines)))
            journal = make_journal(plant_spec, seed, spec.plant.level, start, hours, group, faults)
            plants.append(Plant(plant_spec, seed, journal, group))
        public = groups[0][1] if len(groups) > 1 else None
        return VariantPlant(spec, tuple(plants), public, start)

    def _made_again(self, spec: AssignmentSpec, person: str, draw: int, made: dict[str, Any]) -> VariantPlant:
        """Return a variant from its journals and the secret seeds."""
        seeds = {part["name"]: self._assignments.seed(spec.id, person, draw, part["name"]) for part in made["parts"]}
        public = None if made["public"] is None else tuple(made["public"])
        return VariantPlant(spec, plants_of(spec.plant.name, made["parts"], seeds), public, made["start_us"])

    def plan(self, assignment: str) -> Plan | None:
        """Return what the plants of an assignment share (vault); None before they are made, or by an older lab."""
        text = self._assignments.plan_of(assignment)
        return Plan.from_json(text) if text else None

    def seal_all(
        self,
        assignment: str,
        persons: list[str],
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> int:
        """Make and seal the variants of everybody (or the shared one); returns how many there are.

        They are sealed as they are made, so a stopped making is continued by the next one; plants already made by
        the same plan stay. `progress(done, of)` is called after each.

        Raises
        ------
        LabError
            When it was stopped, or some plants could not be drawn; the others are sealed all the same.
        """
        whose = self._assignments.owners(assignment, persons)
        spec = self._assignments.get(assignment)
        if spec.submit in WITHOUT_EVENTS:
            self._assignments.seal(assignment, [Sealed(person, self._question_key(spec)) for person in whose])
            return len(whose)
        plan = self._planned(assignment)
        have = {variant.person for variant in self._assignments.variants(assignment)}
        lacking = [person for person in whose if person not in have]
        failed: list[NotDrawn] = []
        batch: list[Sealed] = []
        done = len(have)
        try:
            for person, found in self._drawn(assignment, plan, lacking, cancelled):
                done += 1
                if isinstance(found, NotDrawn):
                    failed.append(found)
                else:
                    batch.append(self._sealed(spec, person, found))
                if len(batch) >= BATCH:
                    self._assignments.seal_more(assignment, batch)
                    batch = []
                if progress is not None:
                    progress(done, len(have) + len(lacking))
        except LabError:
            if cancelled is not None and cancelled():
                raise LabError(
                    f"Stopped after {done} of {len(have) + len(lacking)} plants; these are sealed, and the next "
                    "making goes on from there."
                ) from None
            raise
        finally:
            self._assignments.seal_more(assignment, batch)
        if failed:
            raise LabError(
                f"{len(failed)} of {len(whose)} plants could not be drawn: {failed[0].sentence}. "
                "The others are made and sealed."
            )
        return len(whose)

    def too_few(self, assignment: str) -> tuple[str, ...]:
        """Return the sentence for the gate when there are so few faults that chance decides, and nobody insisted."""
        plan, wanted = self.plan(assignment), self._assignments.get(assignment).plant
        if plan is None or wanted.few_events or wanted.events >= LEAST_EVENTS:
            return ()
        here, there = chance_it_costs(plan.day_sd, wanted.events, LEAST_EVENTS)
        return (
            f"With {wanted.events} faults a careful person's points move by {here:.0f} from day to day by chance alone "
            f"(SD), with {LEAST_EVENTS} by about {there:.0f}. Take at least {LEAST_EVENTS} faults, or write "
            "`few_events: true` under plant to insist.",
        )

    def seal_late(self, assignment: str, person: str) -> None:
        """Make and seal the variant of somebody who joined late: by the class's own plan, or as the older lab did."""
        if self.plan(assignment) is not None or self._assignments.get(assignment).submit in WITHOUT_EVENTS:
            return self._seal_one_late(assignment, person)
        old = self.variant(assignment, person, 0)
        self._assignments.seal_one(assignment, Sealed(person, old.key(), made_of=old.made_of()))
        return None

    def _seal_one_late(self, assignment: str, person: str) -> None:
        spec, plan = self._assignments.get(assignment), self.plan(assignment)
        if plan is None:
            self._assignments.seal_one(assignment, Sealed(person, self._question_key(spec)))
            return
        found = next(self._drawn(assignment, plan, [person], None))[1]
        if isinstance(found, NotDrawn):
            raise LabError(f"The plant could not be drawn: {found.sentence}.")
        self._assignments.seal_one(assignment, self._sealed(spec, person, found))

    def _sealed(self, spec: AssignmentSpec, person: str, found: Drawn) -> Sealed:
        made = self._made_again(spec, person, found.draw, found.made_of)
        return Sealed(person, found.key, found.draw, found.careful, made.made_of())

    def _planned(self, assignment: str) -> Plan:
        """Return the plan; a new one, with nothing sealed yet, when file or rubric changed since the last."""
        spec, rubric = self._assignments.get(assignment), self._assignments.rubric(assignment)
        known = self.plan(assignment)
        if self._assignments.state(assignment) not in ("draft", "checked"):
            if known is None:
                raise LabError("This assignment was released by an older lab; its plants are all made.")
            return known
        if known is None or known.digest != digest_of(spec, rubric):
            known = make_plan(spec, rubric, lambda number: self._seeds(assignment, SEEDS_OF_PLAN, number))
            self._assignments.seal(assignment, [], known.to_json())
        return known

    def _drawn(
        self, assignment: str, plan: Plan, persons: list[str], cancelled: Callable[[], bool] | None
    ) -> Iterator[tuple[str, Drawn | NotDrawn]]:
        """Yield each person's plant as it is drawn, in whichever order they get ready."""
        spec = self._assignments.get(assignment)
        jobs = [
            (spec, plan, tuple(self._seeds(assignment, person, draw) for draw in range(DRAWS))) for person in persons
        ]
        workers = 0 if len(jobs) <= FEW else None
        for at, found in as_done(draw_plant, jobs, workers, dask="", cancelled=cancelled):  # seeds stay on this machine
            yield persons[at], found

    def _seeds(self, assignment: str, person: str, draw: int) -> DrawSeeds:
        parts = {part: self._assignments.seed(assignment, person, draw, part) for part in ("all", "public", "private")}
        return DrawSeeds(draw, self._assignments.seed(assignment, person, draw, "split"), parts)

    def block(self, assignment: str, person: str, every_s: float | None = None) -> Block:
        """Return the readings of a person's variant for the student's page: a type without any place for truth."""
        owner = self._assignments.variant_of(assignment, person).person
        return self.variant(assignment, owner, self._assignments.draw_of(assignment, owner)).block(every_s)

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

    def play_all(
        self,
        assignment: str,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> dict[str, Played]:
        """Return what was played on every variant, by its name (vault); the rules play on a sample of a large class."""
        rubric, keys = self._assignments.rubric(assignment), self._assignments.keys(assignment)
        variants = [one for one in self._assignments.variants(assignment) if one.variant in keys]
        sample = sampled([one.variant for one in variants])
        jobs = [
            (rubric, keys[one.variant], *self._rules_play(assignment, one.person, one.variant in sample))
            for one in variants
        ]
        found: dict[str, Played] = {}
        workers = 0 if len(jobs) <= FEW else None
        for at, played in as_done(play_variant, jobs, workers, dask="", cancelled=cancelled):
            found[variants[at].variant] = played
            if progress is not None:
                progress(len(found), len(jobs))
        return found

    def _rules_play(
        self, assignment: str, person: str, sampled: bool
    ) -> tuple[str, list[dict[str, Any]], dict[str, int]]:
        """Return (plant, parts, seeds) of a variant on which the rules play; no parts where they don't."""
        plant = self._assignments.get(assignment).plant.name
        if not sampled:
            return plant, [], {}
        draw = self._assignments.draw_of(assignment, person)
        parts = self.variant(assignment, person, draw).made_of()["parts"]
        return (
            plant,
            parts,
            {one["name"]: self._assignments.seed(assignment, person, draw, one["name"]) for one in parts},
        )

    def _question_key(self, spec: AssignmentSpec) -> AnswerKey:
        """The key of a quiz or a report: the right answers, and no event."""
        start = start_of(spec)
        answers = tuple(sorted(self._assignments.answers(spec.id).items()))
        return AnswerKey(start, start + HOUR_US, spec.plant.machines, (), answers=answers)
