"""Robots that play a rubric: a rubric that pays a lazy one is refused before a student can find out.

The numbers of the two games (7 days with 12 events of 22 to 68 minutes; 20 days with 20 events) are those of the
robot tables in the course notes, so that a rubric of one's own can be compared with ours line by line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.classroom.grade import Work, grade
from engine.classroom.key import AnswerKey
from engine.classroom.rubric import Rubric
from engine.records import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Label, TruthEvent

LAZY_LIMIT = 17.0
MACHINE, FAULT, OTHER = "MACHINE_001", "bearing_wear", "sensor_drift"
Marks = tuple[Label, ...]
Robot = Callable[[AnswerKey, np.random.Generator], Marks]


@dataclass(frozen=True)
class RobotRow:
    """How one robot fares: mean, median and 95th percentile of its points; a lazy one must not pass the limit."""

    name: str
    lazy: bool
    mean: float
    median: float
    p95: float

    @property
    def passed(self) -> bool:
        return not self.lazy or self.p95 <= LAZY_LIMIT


@dataclass(frozen=True)
class Proof:
    """The robot table of one rubric, and whether it may be used."""

    rubric: str
    rows: tuple[RobotRow, ...]
    automatic_points: float

    @property
    def perfect_is_full(self) -> bool:
        return all(abs(row.mean - self.automatic_points) < 1e-6 for row in self.rows if row.name == "perfect")

    @property
    def passed(self) -> bool:
        return self.perfect_is_full and all(row.passed for row in self.rows)

    def table(self) -> str:
        """Return the table as text for a terminal."""
        lines = [f"{'robot':<38} {'mean':>6} {'95th':>6}  limit {LAZY_LIMIT:g}"]
        lines += [f"{r.name:<38} {r.mean:6.1f} {r.p95:6.1f}  {_verdict(r)}" for r in self.rows]
        return "\n".join(lines)


def prove_rubric(rubric: Rubric, runs: int = 60, seed: int = 7) -> Proof:
    """Return the robot table of a rubric; rubrics that only people mark, or quizzes, have an empty table."""
    robots = {"labels": INTERVAL_ROBOTS, "alarms": ALARM_ROBOTS, "params": ALARM_ROBOTS}.get(rubric.submit, {})
    days, events = (7, 12) if rubric.submit == "labels" else (20, 20)
    totals: dict[str, list[float]] = {name: [] for name in robots}
    for run in range(runs):
        rng = np.random.default_rng((seed, run))
        key = practice_key(rng, days, events)
        for name, (_, robot) in robots.items():
            totals[name].append(grade(Work(rubric.submit, merged(robot(key, rng))), key, rubric).points)
    rows = tuple(_row(name, lazy, totals[name]) for name, (lazy, _) in robots.items())
    return Proof(rubric.name, rows, rubric.automatic_points)


def practice_key(rng: np.random.Generator, days: int, events: int) -> AnswerKey:
    """Return a key with `events` faults of 22 to 68 minutes at random places of one machine, apart from each other."""
    slot = days * DAY_US // events
    found = []
    for i in range(events):
        length = int(rng.integers(22, 69)) * MINUTE_US
        start = i * slot + int(rng.integers(0, slot - length - HOUR_US))
        found.append(TruthEvent(MACHINE, FAULT, ("temperature",), 1.0, start, start, start + length))
    return AnswerKey(0, days * DAY_US, (MACHINE,), tuple(found), families=((FAULT, "machine"), (OTHER, "sensor")))


def merged(marks: Marks) -> Marks:
    """Join the marks of a machine that overlap, as the reader of a student's file does; alarms are left as they are."""
    out: list[Label] = []
    for mark in sorted(marks, key=lambda m: (m.machine, m.start_us, m.end_us)):
        if out and out[-1].machine == mark.machine and mark.start_us < out[-1].end_us:
            last = out.pop()
            mark = Label(last.machine, last.start_us, max(last.end_us, mark.end_us), last.fault)
        out.append(mark)
    return tuple(out)


def _row(name: str, lazy: bool, points: list[float]) -> RobotRow:
    values = np.array(points)
    return RobotRow(name, lazy, float(values.mean()), float(np.median(values)), float(np.quantile(values, 0.95)))


def _verdict(row: RobotRow) -> str:
    return "" if not row.lazy else ("ok" if row.passed else "TOO MUCH")


def _mark(start: float, end: float, fault: str = FAULT) -> Label:
    return Label(MACHINE, int(start), int(end), fault)


def _random_marks(count: int, length_s: float) -> Robot:
    def play(key: AnswerKey, rng: np.random.Generator) -> Marks:
        starts = rng.uniform(key.start_us, key.end_us - length_s * SECOND_US, count)
        return tuple(_mark(start, start + length_s * SECOND_US) for start in starts)

    return play


def _tiles(step_s: float, gap_s: float) -> Robot:
    def play(key: AnswerKey, rng: np.random.Generator) -> Marks:
        step = int(step_s * SECOND_US)
        return tuple(_mark(t, t + step - gap_s * SECOND_US) for t in range(key.start_us, key.end_us, step))

    return play


def _nothing(key: AnswerKey, rng: np.random.Generator) -> Marks:
    return ()


def _everything(key: AnswerKey, rng: np.random.Generator) -> Marks:
    return (_mark(key.start_us, key.end_us),)


def _one_sure(key: AnswerKey, rng: np.random.Generator) -> Marks:
    event = key.events[int(rng.integers(len(key.events)))]
    return (_mark(event.onset_us, event.end_us),)


def _late_edges(key: AnswerKey, rng: np.random.Generator) -> Marks:
    shift = 15 * MINUTE_US
    return tuple(_mark(e.onset_us + shift, e.end_us + shift) for e in key.events)


def _perfect(key: AnswerKey, rng: np.random.Generator) -> Marks:
    return tuple(_mark(e.onset_us, e.end_us, e.fault) for e in key.events)


def _person(found: int, false: int, edge_minutes: float) -> Robot:
    """A person who finds `found` of the events with edges that far off (normal), and marks `false` others."""

    def play(key: AnswerKey, rng: np.random.Generator) -> Marks:
        chosen = rng.choice(len(key.events), size=min(found, len(key.events)), replace=False)
        marks = []
        for event in (key.events[int(i)] for i in chosen):
            start, end = np.array([event.onset_us, event.end_us]) + rng.normal(0, edge_minutes * MINUTE_US, 2)
            marks.append(_mark(start, max(end, start + MINUTE_US)))
        return (*marks, *_random_marks(false, 45 * 60)(key, rng))

    return play


def _detector(share: float, delay_minutes: float, false_a_day: float) -> Robot:
    """A detector that finds that share of the events after the delay, with so many false alarms a day."""

    def play(key: AnswerKey, rng: np.random.Generator) -> Marks:
        found = rng.choice(len(key.events), size=round(share * len(key.events)), replace=False)
        starts = [key.events[int(i)].onset_us + delay_minutes * MINUTE_US for i in found]
        marks = tuple(_mark(start, start + MINUTE_US) for start in starts)
        return marks + _random_marks(round(false_a_day * key.machine_days), 60)(key, rng)

    return play


INTERVAL_ROBOTS: dict[str, tuple[bool, Robot]] = {
    "labels nothing": (True, _nothing),
    "labels everything": (True, _everything),
    "one-hour tiles with 6-second gaps": (True, _tiles(3600, 6)),
    "1,000 labels of 10 s": (True, _random_marks(1000, 10)),
    "100 labels of 15 min": (True, _random_marks(100, 900)),
    "12 random labels of 45 min": (True, _random_marks(12, 2700)),
    "one sure event only": (True, _one_sure),
    "all events, edges 15 min late": (False, _late_edges),
    "fair student (7 found, 6 false)": (False, _person(7, 6, 10)),
    "good student (10 found, 2 false)": (False, _person(10, 2, 5)),
    "perfect": (False, _perfect),
}
ALARM_ROBOTS: dict[str, tuple[bool, Robot]] = {
    "silent": (True, _nothing),
    "latched from the start": (True, _everything),
    "new alarm every 10 min": (True, _tiles(600, 60)),
    "new alarm every hour": (True, _tiles(3600, 60)),
    "random, 1 a day": (True, _random_marks(20, 60)),
    "random, 10 a day": (True, _random_marks(200, 60)),
    "everything at once, 23 false a day": (True, _detector(1.0, 0.0, 23.0)),
    "fair (70 %, 15 min, 3 a day)": (False, _detector(0.7, 15.0, 3.0)),
    "good (90 %, 5 min, 0.5 a day)": (False, _detector(0.9, 5.0, 0.5)),
    "perfect": (False, _perfect),
}
