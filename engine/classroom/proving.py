"""The proof over generated assignments: levels x days x faults x machines x plants x rubrics, each played by robots.

Plants are made as a class's are: one plan, then each by itself; every rubric plays the same ones. An assignment passes
when the exact truth earns every automatic point and either the gate refuses it with a reason, or what it lets through
holds with other dice: no lazy robot above the limit at the 95th percentile, and a careful person at four fifths. Lazy
robots that stayed far below the limit are not played again. A shape of which no class can be made is refused for every
rubric, with the maker's reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Literal

from engine.classroom.drawing import DRAWS, DrawSeeds, NotDrawn, draw_plant, make_plan
from engine.classroom.gate import play_gate
from engine.classroom.key import AnswerKey
from engine.classroom.key_robots import CAREFUL, CAREFUL_SHARE, LAZY_SHARE, TRUTH, Robots, play_robots
from engine.classroom.labelers import CAREFUL as CAREFUL_PERSON
from engine.classroom.labelers import expected_points
from engine.classroom.rubric import load_rubric, rubric_names
from engine.classroom.seeds import seed_of
from engine.classroom.spec import AssignmentSpec, Credit, PlantPart, When
from engine.errors import LabError
from engine.parallel import as_done
from engine.plant.spec import load_plant, plant_names

Level = Literal["easy", "medium", "hard"]
LEVELS: tuple[Level, ...] = ("easy", "medium", "hard")
DAYS, EVENTS, MACHINES = (1, 3, 7), (4, 8, 12), (1, 2)
VARIANTS, GAMES = 4, 80
DRAWN_FOR = "interval-v2"  # the rubric by which the plants of a shape are made alike


@dataclass(frozen=True)
class Shape:
    """What an assignment asks for."""

    plant: str
    level: Level
    days: int
    events: int
    machines: int

    def __str__(self) -> str:
        return f"{self.plant} {self.level}, {self.days} d, {self.events} faults, {self.machines} machines"


@dataclass(frozen=True)
class Verdict:
    """What became of one assignment under one rubric; `said` is the gate's reason or what failed."""

    shape: Shape
    rubric: str
    outcome: str  # passed, refused or failed
    said: str = ""

    def __str__(self) -> str:
        return f"{self.outcome:<8} {self.rubric:<12} {self.shape}" + (f": {self.said}" if self.said else "")


def shapes() -> Iterator[Shape]:
    """Yield the shapes of the proof, all combinations."""
    for plant, level, days, events, machines in product(plant_names(), LEVELS, DAYS, EVENTS, MACHINES):
        yield Shape(plant, level, days, events, machines)


def played_rubrics() -> list[str]:
    """Return the newest rubrics that robots can play."""
    known = {name: load_rubric(name) for name in rubric_names()}
    return [n for n, r in known.items() if r.edition > 1 and r.submit in ("labels", "alarms", "params")]


def assignment_of(shape: Shape) -> AssignmentSpec:
    """Return the assignment that an instructor would have written for the shape."""
    plant = PlantPart(
        name=shape.plant,
        machines=load_plant(shape.plant).machines[: shape.machines],
        days=shape.days,
        events=shape.events,
        level=shape.level,
        few_events=True,
    )
    when = When(release="2026-01-05 00:00 UTC", credit=(Credit(until="2026-01-12 23:59", percent=100),))
    return AssignmentSpec(
        id="proof", title=str(shape), mode="graded", submit="labels", plant=plant, when=when, rubric=DRAWN_FOR
    )


def made_keys(shape: Shape, variants: int = VARIANTS) -> dict[str, AnswerKey]:
    """Return the truth of a small class of that shape.

    Raises
    ------
    LabError
        When no such class can be made, with the reason.
    """

    def seeds(whose: str, number: int) -> DrawSeeds:
        parts = ("all", "public", "private")
        secret = {part: seed_of("proof", shape, whose, number, part) for part in parts}
        return DrawSeeds(number, seed_of("proof", shape, whose, number, "split"), secret)

    spec, found = assignment_of(shape), {}
    plan = make_plan(spec, load_rubric(DRAWN_FOR), lambda number: seeds("plan", number))
    for name in (f"V{at}" for at in range(variants)):
        drawn = draw_plant(spec, plan, (seeds(name, draw) for draw in range(DRAWS)))
        if isinstance(drawn, NotDrawn):
            raise LabError(f"Plant {name} could not be drawn: {drawn.sentence}.")
        found[name] = drawn.key
    return found


def judge(shape: Shape, rubric: str, keys: Mapping[str, AnswerKey], games: int = GAMES) -> Verdict:
    """Return the verdict on one assignment under one rubric."""
    rule = load_rubric(rubric)
    careful = {name: expected_points(key, CAREFUL_PERSON, rule).mean for name, key in keys.items()}
    gate = play_gate(rule, keys, {}, careful, games=games)
    truth = next(row.mean for row in gate.robots if row.name == TRUTH)
    if truth < rule.automatic_points - 1e-3:
        return Verdict(shape, rubric, "failed", f"the truth earns {truth:.2f} points")
    if gate.problems:
        return Verdict(shape, rubric, "refused", gate.problems[0])
    limit, first = LAZY_SHARE * rule.automatic_points, Robots(gate.robots, ())
    again = play_robots(rule, {f"{name} again": key for name, key in keys.items()}, games, first.near(limit))
    worst, skilled = again.worst_lazy or first.worst_lazy, again.row(CAREFUL).mean
    if worst is not None and worst.p95 > limit:
        return Verdict(shape, rubric, "failed", f"{worst.name} earns {worst.p95:.1f} points")
    if skilled < CAREFUL_SHARE * rule.automatic_points:
        return Verdict(shape, rubric, "failed", f"a careful person earns {skilled:.1f} points")
    return Verdict(shape, rubric, "passed", f"at most {worst.p95:.1f} without looking" if worst else "")


def judge_all(shape: Shape) -> list[Verdict]:
    """Return the verdict on a shape under every rubric: a job for any process."""
    rubrics = played_rubrics()
    try:
        keys = made_keys(shape)
    except LabError as problem:
        return [Verdict(shape, rubric, "refused", str(problem)) for rubric in rubrics]
    return [judge(shape, rubric, keys) for rubric in rubrics]


@dataclass
class Proven:
    """How the assignments fared; refusals by the first words of their reason."""

    passed: int = 0
    refused: int = 0
    failed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        """Count one verdict."""
        setattr(self, verdict.outcome, getattr(self, verdict.outcome) + 1)
        if verdict.outcome == "refused":
            self.reasons[reason_of(verdict.said)] += 1


REASONS = {
    "Without looking": "a lazy robot earns too much",
    "labelling everything": "labelling everything earns too much",
    "A careful person who misses": "a careful person earns too little",
    "A careful person is expected": "a careful person's points differ too much by plant",
    "allows a one-line rule": "a one-line rule finds too much for the level",
    "do not fit into": "so many faults do not fit",
    "could not be drawn": "no plant as hard as the others was found",
    "No plant could be made": "no plant could be made",
    "could be made visible": "no fault of the level can be seen",
}


def reason_of(said: str) -> str:
    """Return the kind of a refusal's reason."""
    return next((kind for words, kind in REASONS.items() if words in said), said)


def prove_assignments(
    some: Iterable[Shape] | None = None, say: Callable[[str], None] = lambda line: None, workers: int | None = None
) -> Proven:
    """Judge all shapes under all rubrics on all cores, and count what became of them."""
    found = Proven()
    jobs = [(shape,) for shape in (shapes() if some is None else some)]
    for _, verdicts in as_done(judge_all, jobs, workers if jobs else 0, dask=""):
        for verdict in verdicts:
            found.add(verdict)
            say(str(verdict))
    return found
