"""Makes and plays the variants of a class: all by one plan, as many at once as there are cores, sealed as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from engine.classroom.assignments import Assignments, Sealed
from engine.classroom.drawing import (
    DRAWS,
    LEAST_EVENTS,
    Drawn,
    DrawSeeds,
    NotDrawn,
    Plan,
    digest_of,
    draw_plant,
    make_plan,
)
from engine.classroom.fairness import chance_it_costs
from engine.classroom.plants import WITHOUT_EVENTS, PlantMaker
from engine.classroom.playing import Played, play_variant, sampled
from engine.errors import LabError
from engine.parallel import as_done

if TYPE_CHECKING:
    from engine.classroom.spec import AssignmentSpec

BATCH = 20  # plants that are sealed together: what a stopped making keeps
FEW = 3  # so few plants are made here, without processes of their own
SEEDS_OF_PLAN = "recipe of the class"  # takes the place of a person where seeds belong to nobody
Progress = Callable[[int, int], None]


class ClassMaker:
    """Makes all variants of an assignment, and plays them before the release.

    Parameters
    ----------
    assignments
        For secret seeds, sealed plans and sealing.
    plants
        Makes one variant again from its journals.
    """

    def __init__(self, assignments: Assignments, plants: PlantMaker) -> None:
        self._assignments, self._plants = assignments, plants

    def plan(self, assignment: str) -> Plan | None:
        """Return what the plants of an assignment share (vault); None before they are made, or by an older lab."""
        text = self._assignments.plan_of(assignment)
        return Plan.from_json(text) if text else None

    def seal_all(
        self,
        assignment: str,
        persons: list[str],
        progress: Progress | None = None,
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
            self._assignments.seal(assignment, [self._question(spec, person) for person in whose])
            return len(whose)
        plan = self._planned(assignment)
        have = {variant.person for variant in self._assignments.variants(assignment)}
        lacking = [person for person in whose if person not in have]
        failed = self._sealed_in_batches(spec, plan, lacking, len(have), progress, cancelled)
        if failed:
            raise LabError(
                f"{len(failed)} of {len(whose)} plants could not be drawn: {failed[0].sentence}. "
                "The others are made and sealed."
            )
        return len(whose)

    def _sealed_in_batches(
        self,
        spec: AssignmentSpec,
        plan: Plan,
        persons: list[str],
        done: int,
        progress: Progress | None,
        cancelled: Callable[[], bool] | None,
    ) -> list[NotDrawn]:
        """Seal what is drawn, also when it is stopped; returns what could not be drawn."""
        failed: list[NotDrawn] = []
        batch: list[Sealed] = []
        of = done + len(persons)
        try:
            for person, found in self._drawn(spec, plan, persons, cancelled):
                done += 1
                if isinstance(found, NotDrawn):
                    failed.append(found)
                else:
                    batch.append(self._sealed(spec, person, found))
                if len(batch) >= BATCH:
                    self._assignments.seal_more(spec.id, batch)
                    batch = []
                if progress is not None:
                    progress(done, of)
        except LabError:
            if cancelled is None or not cancelled():
                raise
            kept = "these are sealed, and the next making goes on from there"
            raise LabError(f"Stopped after {done} of {of} plants; {kept}.") from None
        finally:
            self._assignments.seal_more(spec.id, batch)
        return failed

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
        spec, plan = self._assignments.get(assignment), self.plan(assignment)
        self._assignments.seal_one(assignment, self._late(spec, plan, person))

    def _late(self, spec: AssignmentSpec, plan: Plan | None, person: str) -> Sealed:
        if spec.submit in WITHOUT_EVENTS:
            return self._question(spec, person)
        if plan is None:
            old = self._plants.variant(spec.id, person, 0)
            return Sealed(person, old.key(), made_of=old.made_of())
        found = next(self._drawn(spec, plan, [person], None))[1]
        if isinstance(found, NotDrawn):
            raise LabError(f"The plant could not be drawn: {found.sentence}.")
        return self._sealed(spec, person, found)

    def _question(self, spec: AssignmentSpec, person: str) -> Sealed:
        return Sealed(person, self._plants.question_key(spec))

    def _sealed(self, spec: AssignmentSpec, person: str, found: Drawn) -> Sealed:
        made = self._plants.made_again(spec, person, found.draw, found.made_of)
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
        self, spec: AssignmentSpec, plan: Plan, persons: list[str], cancelled: Callable[[], bool] | None
    ) -> Iterator[tuple[str, Drawn | NotDrawn]]:
        """Yield each person's plant as it is drawn, in whichever order they get ready."""
        jobs = [(spec, plan, tuple(self._seeds(spec.id, person, draw) for draw in range(DRAWS))) for person in persons]
        workers = 0 if len(jobs) <= FEW else None
        for at, found in as_done(draw_plant, jobs, workers, dask="", cancelled=cancelled):  # seeds stay on this machine
            yield persons[at], found

    def _seeds(self, assignment: str, person: str, draw: int) -> DrawSeeds:
        parts = {part: self._assignments.seed(assignment, person, draw, part) for part in ("all", "public", "private")}
        return DrawSeeds(draw, self._assignments.seed(assignment, person, draw, "split"), parts)

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
        parts = self._plants.variant(assignment, person, draw).made_of()["parts"]
        return (
            plant,
            parts,
            {one["name"]: self._assignments.seed(assignment, person, draw, one["name"]) for one in parts},
        )
