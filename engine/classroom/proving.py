"""The proof over generated assignments: levels x days x faults x machines x plants x rubrics, each played by robots.

An assignment passes when the exact truth earns every automatic point and either the gate refuses the assignment with a
reason, or what it lets through holds on other throws of the dice: no lazy robot above the limit at the 95th
percentile, and a careful person at four fifths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from engine import catalog
from engine.classroom.key import AnswerKey
from engine.classroom.key_robots import CAREFUL, CAREFUL_SHARE, LAZY_SHARE, TRUTH, play_robots
from engine.classroom.rubric import load_rubric, rubric_names
from engine.classroom.seeds import seed_of
from engine.errors import LabError
from engine.plant.making import make_journal
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant, plant_names
from engine.records import HOUR_US

LEVELS, DAYS, EVENTS, MACHINES = ("easy", "medium", "hard"), (1, 3, 7), (4, 8, 12), (1, 2)
VARIANTS, GAMES = 2, 80
SLACK = 1.25  # of the limit: the 95th percentile of 80 games has an error of its own
START_US = 1_767_571_200_000_000  # Monday 2026-01-05 00:00 UTC


@dataclass(frozen=True)
class Shape:
    """What an assignment asks for."""

    plant: str
    level: str
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


def made_keys(shape: Shape, variants: int = VARIANTS) -> dict[str, AnswerKey]:
    """Return the truth of a small class of that shape; a draw that fails is left out."""
    spec, found = load_plant(shape.plant), {}
    machines = spec.machines[: shape.machines]
    families = tuple((name, part.kind) for name, part in sorted(catalog.parts("fault").items()))
    for at in range(variants):
        seed = seed_of("proof", str(shape), at)
        try:
            journal = make_journal(spec, seed, shape.level, START_US, shape.days * 24, machines, shape.events)
        except LabError:
            continue
        end = START_US + shape.days * 24 * HOUR_US
        events = Plant(spec, seed, journal, machines).truth(START_US, end)
        order = tuple(sorted(events, key=lambda e: (e.machine, e.onset_us, e.fault)))
        found[f"V{at}"] = AnswerKey(START_US, end, machines, order, families=families)
    return {name: key for name, key in found.items() if key.judged}


def judge(shape: Shape, rubric: str, keys: Mapping[str, AnswerKey], games: int = GAMES) -> Verdict:
    """Return the verdict on one assignment under one rubric."""
    rule = load_rubric(rubric)
    gate = play_robots(rule, keys, games)
    if gate.row(TRUTH).mean < rule.automatic_points - 1e-3:
        return Verdict(shape, rubric, "failed", gate.problems[0])
    if gate.problems:
        return Verdict(shape, rubric, "refused", gate.problems[0])
    again = play_robots(rule, {f"{name} again": key for name, key in keys.items()}, games)
    worst = again.worst_lazy
    if worst is not None and worst.p95 > SLACK * LAZY_SHARE * rule.automatic_points:
        return Verdict(shape, rubric, "failed", f"{worst.name} earns {worst.p95:.1f} points")
    if again.row(CAREFUL).mean < CAREFUL_SHARE * rule.automatic_points / SLACK:
        return Verdict(shape, rubric, "failed", f"a careful person earns {again.row(CAREFUL).mean:.1f} points")
    return Verdict(shape, rubric, "passed", f"at most {worst.p95:.1f} without looking" if worst else "")


def prove_assignments(
    some: Iterator[Shape] | None = None, say: Callable[[str], None] = lambda line: None
) -> tuple[int, int, int]:
    """Judge all shapes under all rubrics; returns how many passed, were refused with a reason, and failed."""
    counts = {"passed": 0, "refused": 0, "failed": 0}
    for shape in shapes() if some is None else some:
        keys = made_keys(shape)
        if not keys:
            say(f"not made              {shape}")
            continue
        for rubric in played_rubrics():
            verdict = judge(shape, rubric, keys)
            counts[verdict.outcome] += 1
            say(str(verdict))
    return counts["passed"], counts["refused"], counts["failed"]
