"""How the plants of one class are drawn: one plan for all, then each plant by itself, in any process, in any order.

The plan holds the recipe of faults (`engine.plant.recipe`) and what a careful person (`engine.classroom.labelers`) is
expected to earn on it, measured on pilot plants that no student gets. A plant is kept when every fault can be seen
and the careful person earns as much as on the others, within `BAND`; else it alone is drawn again. What is drawn
depends on the seeds, the file and the rubric only, so a second making gives the same plants.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from engine import catalog
from engine.classroom.key import AnswerKey, canonical
from engine.classroom.labelers import CAREFUL, expected_points
from engine.classroom.rubric import as_yaml, parse_rubric
from engine.classroom.seeds import seed_of
from engine.classroom.spec import AssignmentSpec, moment_us
from engine.difficulty import CAPS, best_one_liner
from engine.errors import LabError
from engine.plant.making import FLOORS
from engine.plant.placing import CROWDED, LATE, UNSEEN, NoPlaceError, place
from engine.plant.recipe import RECIPE_VERSION, Course, Recipe, Wanted, make_recipe
from engine.plant.spec import load_plant
from engine.plant.visibility import minutes
from engine.records import HOUR_US, SECOND_US, Block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from engine.classroom.rubric import Rubric
    from engine.plant.simulator import Plant
    from engine.records import TruthEvent

BAND = 4.0  # of 90 points: how far the careful person's expected points may lie from the pilots'
DRAWS = 24  # of one plant
RECIPES = 6  # drawn until a one-line rule finds neither too much nor too little for the level
PILOTS = 4
WEAKER = 0.8  # a recipe too easy for its level is drawn again with severities so much lower
LEAST_EVENTS = 8  # below that, chance moves a grade more than a fair class should bear
UNEQUAL = "a careful person would get too many or too few points"
MORE = "take fewer faults, more days or more machines"
CURES = {
    UNSEEN: "choose an easier level or other faults",
    LATE: "choose an easier level or other faults",
    CROWDED: MORE,
    UNEQUAL: "take more faults, so that one of them matters less, or more days",
}


@dataclass(frozen=True)
class Plan:
    """What the plants of a class share; in the vault, for it tells which faults to look for.

    Parameters
    ----------
    careful
        Points that a careful person is expected to earn, over the pilot plants.
    day_sd
        Standard deviation of that person's points from day to day, over nothing but luck.
    panel
        Event-F1 of the best one-line rule over the pilots.
    digest
        Of everything that the plants are a function of besides the seeds.
    start_us
        First event time of every plant, wherever the release moves afterwards.
    rubric
        The rubric that it was measured with, as YAML; late joiners are measured with the same one.
    """

    recipe: Recipe
    careful: float
    day_sd: float
    panel: float
    digest: str
    rubric: str
    start_us: int

    def to_json(self) -> str:
        """Return the plan as JSON."""
        return canonical({**asdict(self), "recipe": self.recipe.to_json()})

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Read what `to_json` wrote."""
        raw = json.loads(text)
        return cls(**{**raw, "recipe": Recipe.from_json(raw["recipe"])})


class DrawSeeds(NamedTuple):
    """The secret seeds of one draw: of the split into parts, and of each part's plant."""

    draw: int
    split: int
    parts: Mapping[str, int]


@dataclass(frozen=True)
class Drawn:
    """One plant that may be sealed: its truth, how it is made again, and what a careful person is expected to earn."""

    draw: int
    key: AnswerKey
    made_of: dict[str, Any]
    careful: float


@dataclass(frozen=True)
class NotDrawn:
    """A plant for which every draw failed: how often, by reason."""

    reasons: tuple[tuple[str, int], ...]

    @property
    def sentence(self) -> str:
        reason = max(self.reasons, key=lambda one: one[1])[0]
        return f"of {sum(n for _, n in self.reasons)} draws most failed because {reason}; {CURES[reason]}"


def start_of(spec: AssignmentSpec) -> int:
    """Return the first event time of the data."""
    return moment_us(spec.when.release) // HOUR_US * HOUR_US


def digest_of(spec: AssignmentSpec, rubric: Rubric) -> str:
    """Return a hash of what the plants of an assignment are a function of, besides the seeds."""
    split = None if spec.split is None else spec.split.model_dump(mode="json")
    parts = [RECIPE_VERSION, spec.plant.model_dump(mode="json"), split, spec.variants, start_of(spec)]
    return hashlib.sha256(canonical([*parts, rubric.model_dump(mode="json")]).encode()).hexdigest()


def wanted_of(spec: AssignmentSpec, machines: tuple[str, ...], count: int, start_us: int) -> Wanted:
    """Return what a recipe or a part of one is made for."""
    plant = spec.plant
    return Wanted(load_plant(plant.name), plant.level, count, start_us, plant.days * 24, machines, tuple(plant.faults))


def groups_of(spec: AssignmentSpec, shuffle: int) -> list[tuple[str, tuple[str, ...]]]:
    """Return (part, machines): everything as one part, or public and private machines with seeds of their own."""
    machines = spec.plant.machines
    if spec.split is None or spec.split.by != "seed" or len(machines) < 2:
        return [("all", machines)]
    count = min(len(machines) - 1, max(1, round(spec.split.public * len(machines))))
    order = sorted(machines, key=lambda name: seed_of(str(shuffle), name))
    public = tuple(name for name in machines if name in order[:count])
    return [("public", public), ("private", tuple(name for name in machines if name not in public))]


def make_plan(spec: AssignmentSpec, rubric: Rubric, seeds: Callable[[int], DrawSeeds]) -> Plan:
    """Return the plan of a class.

    Parameters
    ----------
    seeds
        Number -> secret seeds for recipes and pilot plants; of no student.

    Raises
    ------
    LabError
        When no recipe suits the level; the sentence says which constraint failed and what to change.
    """
    start = start_of(spec)
    wanted = wanted_of(spec, spec.plant.machines, spec.plant.events, start)
    floor, cap = FLOORS[spec.plant.level], CAPS[spec.plant.level]
    best: tuple[float, Plan] | None = None
    failed: Counter[str] = Counter()
    strength = 1.0
    for number in range(RECIPES):
        recipe = make_recipe(wanted, seeds(number).split, strength)
        try:
            plan = _piloted(spec, rubric, recipe, start, [seeds(number * 100 + 1 + n) for n in range(PILOTS)])
        except NoPlaceError as problem:
            failed[problem.reason] += 1
            continue
        off = max(plan.panel - cap, floor - plan.panel, 0.0)
        if best is None or off < best[0]:
            best = off, plan
        if off == 0.0:
            break
        strength *= WEAKER if plan.panel > cap else 1.0 / WEAKER
    if best is None:
        raise LabError(f"No plant could be made: {NotDrawn(tuple(failed.items())).sentence}.")
    if best[1].panel > cap:
        raise LabError(
            f"Level {spec.plant.level!r} allows a one-line rule an event-F1 of {cap:.2f}, and here it reaches "
            f"{best[1].panel:.2f}; {MORE}, or an easier level."
        )
    return best[1]


def draw_plant(spec: AssignmentSpec, plan: Plan, seeds: Iterable[DrawSeeds], band: float = BAND) -> Drawn | NotDrawn:
    """Return one student's plant: the first draw in which every fault can be seen and that is as hard as the others."""
    rubric = parse_rubric(plan.rubric)
    reasons: Counter[str] = Counter()
    for one in seeds:
        try:
            drawn = _placed(spec, rubric, plan.recipe, plan.start_us, one)[0]
        except NoPlaceError as problem:
            reasons[problem.reason] += 1
            continue
        if abs(drawn.careful - plan.careful) <= band * rubric.automatic_points / 90.0:
            return drawn
        reasons[UNEQUAL] += 1
    return NotDrawn(tuple(sorted(reasons.items())))


def _piloted(spec: AssignmentSpec, rubric: Rubric, recipe: Recipe, start: int, seeds: list[DrawSeeds]) -> Plan:
    """Return the plan of a recipe, measured on pilot plants."""
    careful, days, panel = [], [], []
    for one in seeds:
        drawn, plants = _placed(spec, rubric, recipe, start, one)
        careful.append(drawn.careful)
        days.append(expected_points(drawn.key, CAREFUL, rubric).sd)
        panel.append(_panel(drawn.key, plants))
    means = [round(float(np.mean(values)), 4) for values in (careful, days, panel)]
    return Plan(recipe, means[0], means[1], means[2], digest_of(spec, rubric), as_yaml(rubric), start)


def _panel(key: AnswerKey, plants: tuple[Plant, ...]) -> float:
    """Return the event-F1 of the best one-line rule on the data of a variant."""
    return best_one_liner(block_of(plants, minutes(key.start_us, key.end_us)), key.events, plants[0].spec)[1]


def block_of(plants: Sequence[Plant], times_us: NDArray[np.int64]) -> Block:
    """Return the readings of a variant's plants side by side; no truth in it."""
    blocks = [plant.block(times_us) for plant in plants]
    return Block(
        times_us=blocks[0].times_us,
        values=np.concatenate([b.values for b in blocks], axis=1),
        status=np.concatenate([b.status for b in blocks], axis=1),
        machines=tuple(name for b in blocks for name in b.machines),
        sensors=blocks[0].sensors,
    )


def _placed(
    spec: AssignmentSpec, rubric: Rubric, recipe: Recipe, start: int, seeds: DrawSeeds
) -> tuple[Drawn, tuple[Plant, ...]]:
    groups = groups_of(spec, seeds.split)
    shares = shared_out(recipe.courses, [len(machines) for _, machines in groups])
    plants: list[Plant] = []
    events: list[TruthEvent] = []
    parts: list[tuple[str, Plant]] = []
    for (name, machines), courses in zip(groups, shares, strict=True):
        benign = round(recipe.benign * len(courses) / max(1, len(recipe.courses)))
        mine = Recipe(courses, benign, recipe.gap_s, recipe.version)
        found = place(wanted_of(spec, machines, len(courses), start), mine, seeds.parts[name])
        plants.append(found.plant)
        events += found.events
        parts.append((name, found.plant))
    public = groups[0][1] if len(groups) > 1 else None
    key = answer_key(spec, start, plants, events, public)
    careful = round(expected_points(key, CAREFUL, rubric).mean, 4)
    return Drawn(seeds.draw, key, made_of(start, parts, public), careful), tuple(plants)


def made_of(start_us: int, parts: Iterable[tuple[str, Plant]], public: tuple[str, ...] | None) -> dict[str, Any]:
    """Return how the data of a variant is made besides its secret seeds, ready for JSON in the vault."""
    made = [
        {"name": name, "machines": list(plant.machines), "journal": plant.journal.to_json()} for name, plant in parts
    ]
    return {"start_us": start_us, "parts": made, "public": None if public is None else list(public)}


def shared_out(courses: tuple[Course, ...], sizes: list[int]) -> list[tuple[Course, ...]]:
    """Return the courses of each part, alike in visibility: ordered by it, dealt out evenly by the parts' sizes.

    Each part gets at least one. Where public and private part are alike, points on the one say something about the
    other.
    """
    if len(sizes) == 1:
        return [courses]
    order = sorted(range(len(courses)), key=lambda at: (courses[at].visible, at))
    count = min(len(courses) - 1, max(1, round(len(courses) * sizes[0] / sum(sizes))))
    first = {order[int((n + 0.5) * len(order) / count)] for n in range(count)} if count > 0 else set()
    return [tuple(one for at, one in enumerate(courses) if (at in first) == (part == 0)) for part in range(len(sizes))]


def answer_key(
    spec: AssignmentSpec,
    start_us: int,
    plants: Iterable[Plant],
    events: Iterable[TruthEvent],
    public: tuple[str, ...] | None,
) -> AnswerKey:
    """Return the truth of one variant (instructors' paths only)."""
    plants = tuple(plants)
    families = tuple((name, part.kind) for name, part in sorted(catalog.parts("fault").items()))
    order = tuple(sorted(events, key=lambda e: (e.machine, e.onset_us, e.fault)))
    end = start_us + round(spec.plant.days * 24 * HOUR_US)
    machines = tuple(name for plant in plants for name in plant.machines)
    key = AnswerKey(start_us, end, machines, order, families=families, public_machines=public)
    return key if public is not None or spec.split is None else _split_by_event(key, spec.split.public, plants[0].seed)


def _split_by_event(key: AnswerKey, share: float, seed: int) -> AnswerKey:
    """Return the key with its public events: one from each equal step of visibility, so that both parts are alike."""
    from dataclasses import replace

    order = sorted(key.owed, key=lambda at: (key.events[at].visibility or 0.0, seed_of(str(seed), "event", at)))
    count = max(1, round(share * len(order)))
    edges = [round(n * len(order) / count) for n in range(count + 1)]
    chosen = [
        min(order[low:high], key=lambda at: seed_of(str(seed), "public", at))
        for low, high in itertools.pairwise(edges)
        if high > low
    ]
    return replace(key, public_events=tuple(sorted(chosen)))


def times_of(spec: AssignmentSpec, start_us: int, end_us: int, every_s: float | None = None) -> NDArray[np.int64]:
    """Return the event times of the data, at the assignment's rate unless told otherwise."""
    step = round(SECOND_US / spec.plant.rate_hz) if every_s is None else round(every_s * SECOND_US)
    return np.arange(start_us, end_us, step, dtype=np.int64)
