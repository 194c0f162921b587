"""Robots that play the made key of every variant: what nobody may earn without looking, and what skill must earn.

Lazy robots know the counts and durations of the key, as a class does that talks, but not where the events are. The
exact truth must earn every automatic point, and a careful person who missed one small event four fifths of them.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.classroom.grade import Work, grade
from engine.classroom.key import AnswerKey, counted_from
from engine.classroom.label_files import Bounds, check_labels
from engine.classroom.labelers import visibility
from engine.classroom.robots import LAZY_LIMIT, RobotRow
from engine.records import DAY_US, MINUTE_US, Label, TruthEvent

if TYPE_CHECKING:
    from engine.classroom.rubric import Rubric

    Marks = Sequence[Label]
    Robot = Callable[[AnswerKey, np.random.Generator, Sequence[AnswerKey]], Marks]

TRUTH, CAREFUL = "the truth", "a careful person"
CAREFUL_SHARE = 0.8  # of the automatic points, on average over the class
CAREFUL_EDGE_MINUTES = 5.0
CAREFUL_MISSES_FROM = 4  # with fewer events the careful person finds them all: one of three is a third of the work
LAZY_SHARE = LAZY_LIMIT / 90.0
RUNS, MOST_GHOSTS = 3, 40
GAMES, MANY_GAMES = 80, 400  # each robot with dice plays at least so often, and more often where the limit is near
HOPELESS = 1.4  # times the limit: no other dice bring this 95th percentile of 80 games below it
IDLE = 0.01  # of the limit: a robot with such a mean passed the limit in none of 80 games
SURE = 0.98  # this quantile of 400 games: the 95th percentile of 400 others stays below it in 99 of 100 cases
SAMPLE = 60  # variants of a large class on which the lazy robots play; the truth and the careful person play on all
FAULT = "bearing_failure"


@dataclass(frozen=True)
class Robots:
    """The robots' points over a class, and what stands against a release, with its reason and cure."""

    rows: tuple[RobotRow, ...]
    problems: tuple[str, ...]

    def row(self, name: str) -> RobotRow:
        """Return the row of a robot by its name."""
        return next(row for row in self.rows if row.name == name)

    def near(self, limit: float) -> list[str]:
        """Return the lazy robots that other dice could bring to the limit, which is in points."""
        return [row.name for row in self.rows if row.lazy and row.mean > IDLE * limit]

    @property
    def worst_lazy(self) -> RobotRow | None:
        """The lazy robot with the highest 95th percentile over the class."""
        return max((row for row in self.rows if row.lazy), key=lambda row: row.p95, default=None)


def play_robots(
    rubric: Rubric, keys: Mapping[str, AnswerKey], games: int = GAMES, some: Collection[str] | None = None
) -> Robots:
    """Let the robots play the variants; those that throw dice play `games` games in all, and `RUNS` on each at least.

    A robot that passes the limit once plays `MANY_GAMES`: points jump, and 80 games hide one in twenty. Of a class of
    more than `SAMPLE` variants the lazy robots see an even sample, everybody else all of them. `some` are the lazy
    robots that play; all of them without it.
    """
    if rubric.submit not in ("labels", "alarms", "params") or not keys:
        return Robots((), ())
    order = sorted(keys)
    table = _Table(rubric, keys, order, [order[int((n + 0.5) * len(order) / SAMPLE)] for n in range(SAMPLE)])
    lazy = LABEL_ROBOTS if rubric.submit == "labels" else ALARM_ROBOTS
    playing = {name: robot for name, robot in lazy.items() if some is None or name in some}
    points = {name: table.lazy(*robot, games) for name, robot in playing.items()}
    points[TRUTH] = [table.points(name, truth_marks(keys[name], rubric.submit)) for name in order]
    runs = max(RUNS, -(-games // len(order)))
    points[CAREFUL] = [table.careful(name, runs) for name in order]
    rows = tuple(_row(name, name in lazy, values) for name, values in points.items())
    return Robots(rows, tuple(_problems(rubric, rows, points, order)))


class _Table:
    """Plays one robot after the other on the variants of a class."""

    def __init__(self, rubric: Rubric, keys: Mapping[str, AnswerKey], order: list[str], some: list[str]) -> None:
        self._rubric, self._keys = rubric, keys
        self._some = sorted(set(some))
        self._ghosts = {name: [keys[other] for other in _others(order, order.index(name))] for name in self._some}

    def points(self, name: str, marks: Marks) -> float:
        key = self._keys[name]
        return grade(Work(self._rubric.submit, hand_in(marks, key, self._rubric.submit)), key, self._rubric).points

    def careful(self, name: str, runs: int) -> float:
        """Return the mean points of a careful person on one variant."""
        marks = (careful_marks(self._keys[name], rng, self._rubric.submit) for rng in _dice(name, 0, runs))
        return float(np.mean([self.points(name, one) for one in marks]))

    def lazy(self, dice: bool, play: Robot, games: int) -> list[float]:
        """Return the points of one lazy robot: once on each variant, or so many games where it throws dice."""
        count = max(RUNS, -(-games // len(self._some))) if dice else 1
        found = self._played(play, 0, count)
        limit = LAZY_SHARE * self._rubric.automatic_points
        near = max(found) > limit and float(np.quantile(found, 0.95)) < HOPELESS * limit
        if dice and near and GAMES <= games < MANY_GAMES:
            found += self._played(play, count, -(-MANY_GAMES // len(self._some)))
        return found

    def _played(self, play: Robot, first: int, last: int) -> list[float]:
        return [
            self.points(name, play(self._keys[name], rng, self._ghosts[name]))
            for name in self._some
            for rng in _dice(name, first, last)
        ]


def _dice(name: str, first: int, last: int) -> list[np.random.Generator]:
    return [np.random.default_rng(zlib.crc32(f"{name}/{run}".encode())) for run in range(first, last)]


def hand_in(marks: Marks, key: AnswerKey, submit: str) -> tuple[Label, ...]:
    """Return marks as the counter takes them: cut to the data, in order, overlapping labels merged."""
    inside = [
        mark
        if mark.start_us >= key.start_us and mark.end_us <= key.end_us
        else replace(mark, start_us=max(mark.start_us, key.start_us), end_us=min(mark.end_us, key.end_us))
        for mark in marks
        if mark.start_us < key.end_us and mark.end_us > key.start_us and mark.machine in key.machines
    ]
    bounds = Bounds(key.machines, key.start_us, key.end_us, max(1, len(inside)))
    return check_labels([m for m in inside if m.end_us > m.start_us], bounds, merge=submit == "labels")[0]


def truth_marks(key: AnswerKey, submit: str = "labels") -> tuple[Label, ...]:
    """Return the exact truth as marks: labels from onset to end, alarms from the first detectable moment."""
    return tuple(
        Label(e.machine, e.onset_us if submit == "labels" else counted_from(e) or e.onset_us, e.end_us, e.fault)
        for e in (key.events[at] for at in key.owed)
    )


def careful_marks(key: AnswerKey, rng: np.random.Generator, submit: str = "labels") -> tuple[Label, ...]:
    """Return a careful person's marks: edges some minutes off, the smallest event missed, names right."""
    events = [key.events[at] for at in key.judged]
    if len(events) >= CAREFUL_MISSES_FROM:
        events.remove(min(events, key=lambda e: (visibility(e), e.end_us - e.onset_us)))
    return tuple(_careful_mark(event, rng, submit) for event in events)


def _careful_mark(event: TruthEvent, rng: np.random.Generator, submit: str) -> Label:
    off = rng.normal(0.0, CAREFUL_EDGE_MINUTES * MINUTE_US, 2)
    begins = counted_from(event) or event.onset_us
    start = round(begins + (abs(off[0]) if submit != "labels" else off[0]))
    return Label(event.machine, start, max(round(event.end_us + off[1]), start + MINUTE_US), event.fault)


def _others(order: Sequence[str], at: int) -> list[str]:
    """Return other variants of the class, at most `MOST_GHOSTS`, from the next one on."""
    return [order[(at + step) % len(order)] for step in range(1, min(len(order), MOST_GHOSTS + 1))]


def _row(name: str, lazy: bool, points: Sequence[float]) -> RobotRow:
    values = np.array(points)
    return RobotRow(name, lazy, float(values.mean()), float(np.median(values)), float(np.quantile(values, 0.95)))


def _problems(
    rubric: Rubric, rows: Sequence[RobotRow], points: Mapping[str, list[float]], order: list[str]
) -> list[str]:
    full, limit = rubric.automatic_points, LAZY_SHARE * rubric.automatic_points
    found = []
    lowest = min(zip(points[TRUTH], order, strict=True))
    if lowest[0] < full - 1e-3:
        found.append(
            f"Variant {lowest[1]}: the exact truth earns {lowest[0]:.1f} of {full:g} points by this rubric; take the "
            "newest rubric, or make the variants again with fewer faults."
        )
    careful = next(row for row in rows if row.name == CAREFUL)
    if careful.mean < CAREFUL_SHARE * full - 1e-6:
        found.append(
            f"A careful person who misses one small fault earns {careful.mean:.0f} of {full:g} points, and "
            f"{CAREFUL_SHARE * full:.0f} are fair; take more faults, or make the rubric milder on edges."
        )
    return found + _lazy_problems([row for row in rows if row.lazy], points, limit)


def _lazy_problems(rows: Sequence[RobotRow], points: Mapping[str, list[float]], limit: float) -> list[str]:
    """Return the problem when a lazy robot earns too much, or so nearly that other throws of its dice could."""
    cure = "take more days or more machines for so many faults."
    over = [row for row in rows if row.p95 > limit + 1e-6]
    near = [row for row in rows if len(points[row.name]) >= MANY_GAMES and _sure(points[row.name]) > limit + 1e-6]
    worst = max(over or near, key=lambda row: row.p95, default=None)
    if worst is None:
        return []
    begin = f"Without looking, {worst.name!r} earns {worst.p95:.0f} points in one of twenty cases, and {limit:.0f} are"
    if not over:
        return [f"{begin} allowed; with other throws of its dice it passes that in too many classes; {cure}"]
    return [f"{begin} allowed ({len(over)} lazy robots pass that); {cure}"]


def _sure(points: Sequence[float]) -> float:
    """Return what the 95th percentile will not pass with other dice."""
    return float(np.quantile(points, SURE))


def _durations(key: AnswerKey) -> list[int]:
    return [key.events[at].end_us - key.events[at].onset_us for at in key.judged] or [45 * MINUTE_US]


def _at_random(key: AnswerKey, rng: np.random.Generator, lengths: Sequence[int]) -> Marks:
    marks, span = [], key.end_us - key.start_us
    for length in (min(int(length), span // 2) for length in lengths):
        start = key.start_us + int(rng.integers(0, span - length))
        marks.append(Label(key.machines[int(rng.integers(len(key.machines)))], start, start + length, FAULT))
    return marks


def _tiles(length_min: float, step_min: float) -> Robot:
    length, step = round(length_min * MINUTE_US), round(step_min * MINUTE_US)

    def play(key: AnswerKey, rng: np.random.Generator, ghosts: Sequence[AnswerKey]) -> Marks:
        starts = range(key.start_us, key.end_us, step)
        return [Label(m, t, min(t + length, key.end_us), FAULT) for m in key.machines for t in starts]

    return play


def _block(share: float) -> Robot:
    """One block of that share of the time, as the truth has it or as a round number."""

    def play(key: AnswerKey, rng: np.random.Generator, ghosts: Sequence[AnswerKey]) -> Marks:
        return [Label(m, key.start_us, key.start_us + round(share * (key.end_us - key.start_us))) for m in key.machines]

    return play


def _random(count: float, minutes: float | None) -> Robot:
    """`count` labels for each event of the key, of that length; None = the key's own durations."""

    def play(key: AnswerKey, rng: np.random.Generator, ghosts: Sequence[AnswerKey]) -> Marks:
        own = _durations(key)
        lengths = rng.choice(own, max(1, round(count * len(own)))) if minutes is None else None
        if lengths is None:
            lengths = np.full(max(1, round(count * len(own))), round((minutes or 0.0) * MINUTE_US))
        return _at_random(key, rng, lengths.tolist())

    return play


def _ghost(key: AnswerKey, rng: np.random.Generator, ghosts: Sequence[AnswerKey]) -> Marks:
    """The truth of somebody else's variant, by the hour of the data."""
    if not ghosts:
        return ()
    other = ghosts[int(rng.integers(len(ghosts)))]
    moved = key.start_us - other.start_us
    names = dict(zip(other.machines, key.machines, strict=False))
    return [
        replace(
            mark,
            machine=names.get(mark.machine, mark.machine),
            start_us=mark.start_us + moved,
            end_us=mark.end_us + moved,
        )
        for mark in truth_marks(other)
    ]


def _every(hours: float) -> Robot:
    """A new alarm at a fixed pace, from a random moment on."""

    def play(key: AnswerKey, rng: np.random.Generator, ghosts: Sequence[AnswerKey]) -> Marks:
        pace = round(hours * 60 * MINUTE_US)
        starts = range(key.start_us + int(rng.integers(pace)), key.end_us - MINUTE_US, pace)
        return [Label(m, t, t + MINUTE_US) for m in key.machines for t in starts]

    return play


def _a_day(count: float) -> Robot:
    def play(key: AnswerKey, rng: np.random.Generator, ghosts: Sequence[AnswerKey]) -> Marks:
        total = max(1, round(count * (key.end_us - key.start_us) / DAY_US * len(key.machines)))
        return _at_random(key, rng, [MINUTE_US] * total)

    return play


def _nothing(key: AnswerKey, rng: np.random.Generator, ghosts: Sequence[AnswerKey]) -> Marks:
    return ()


LABEL_ROBOTS: dict[str, tuple[bool, Robot]] = {  # name -> (throws dice, how it plays)
    "nothing": (False, _nothing),
    "everything": (False, _block(1.0)),
    "tiles of 1 h, no gaps": (False, _tiles(60, 60.1)),
    "tiles of 2 h, no gaps": (False, _tiles(120, 121)),
    "tiles of 20 min every 2 h": (False, _tiles(20, 120)),
    "tiles of 30 min every 3 h": (False, _tiles(30, 180)),
    "tiles of 1 h every 2 h": (False, _tiles(60, 120)),
    "tiles of 1 h every 6 h": (False, _tiles(60, 360)),
    "tiles of 2 h every 6 h": (False, _tiles(120, 360)),
    "tiles of 2 h every 12 h": (False, _tiles(120, 720)),
    "one block of a tenth": (False, _block(0.1)),
    "one block of a fifth": (False, _block(0.199)),
    "random, the key's counts and durations": (True, _random(1.0, None)),
    "random, twice the key's counts": (True, _random(2.0, None)),
    "random, half the key's counts": (True, _random(0.5, None)),
    "random, 45 min each": (True, _random(1.0, 45.0)),
    "random, 2 h each": (True, _random(1.0, 120.0)),
    "random, eight of 15 min for each event": (True, _random(8.0, 15.0)),
    "somebody else's truth": (True, _ghost),
}
ALARM_ROBOTS: dict[str, tuple[bool, Robot]] = {  # the busiest play once on each variant: their luck evens out
    "silent": (False, _nothing),
    "latched from the start": (False, _block(1.0)),
    "an alarm every 10 min": (False, _every(1 / 6)),
    "an alarm every hour": (False, _every(1)),
    "an alarm every 2 h": (True, _every(2)),
    "an alarm every 3 h": (True, _every(3)),
    "an alarm every 4 h": (True, _every(4)),
    "an alarm every 6 h": (True, _every(6)),
    "an alarm every 8 h": (True, _every(8)),
    "an alarm every 12 h": (True, _every(12)),
    "random, 1 a day": (True, _a_day(1)),
    "random, 3 a day": (True, _a_day(3)),
    "random, 10 a day": (False, _a_day(10)),
    "random, the key's counts": (True, _random(1.0, 1.0)),
    "random, twice the key's counts": (True, _random(2.0, 1.0)),
    "somebody else's truth": (True, _ghost),
}
