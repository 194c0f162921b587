"""Measured promises of fairness: equal skill, equal points, on the shipped assignments and the wizard's shapes.

`python -m tests.benchmarks.fairness` prints the whole table (40 plants of each shape); rows of the benchmark take a
few plants of twelve shapes and the time of a class of 300.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from engine.classroom.classroom import Classroom
from engine.classroom.fairness import MOST_ADDED, MOST_RANGE, MOST_SD, fairness
from engine.classroom.gate import Gate, random_marks
from engine.classroom.grade import Work, grade
from engine.classroom.key import AnswerKey
from engine.classroom.robots import LAZY_LIMIT, merged
from engine.classroom.rubric import Rubric, rubric_names
from engine.errors import LabError
from engine.records import HOUR_US, MINUTE_US, Label
from tests.engine.classroom.room import open_room

SHIPPED = ("label-the-pump", "ten-minute-exam", "night-shift")
SHAPE = """version: 1
id: {name}
title: {name}
mode: graded
submit: labels
plant: {{machines: [{machines}], days: {days}, rate_hz: 0.0167, events: {events}, level: {level}, few_events: true}}
variants: per_student
when:
  release: 2026-03-02 00:00 UTC
  credit:
    - {{until: 2026-03-09 23:59, percent: 100}}
rubric: {rubric}
"""
TWELVE = (
    ("easy", 3, 8, 1),
    ("easy", 3, 12, 2),
    ("easy", 7, 8, 1),
    ("easy", 7, 12, 2),
    ("easy", 1, 8, 2),
    ("medium", 3, 8, 2),
    ("medium", 7, 8, 1),
    ("medium", 7, 12, 1),
    ("medium", 7, 12, 2),
    ("medium", 3, 8, 1),
    ("hard", 7, 8, 2),
    ("hard", 7, 12, 2),
)
Row = dict[str, Any]


def newest(stem: str) -> str:
    """Return the newest shipped version of a rubric: "interval" -> interval-v2 where there is one."""
    return max(name for name in rubric_names() if name.startswith(f"{stem}-v"))


def shipped() -> Iterator[tuple[str, str]]:
    """Yield name and file of the three shipped assignments, each student with a plant of their own."""
    for name in SHIPPED:
        text = (Path("data/assignments") / f"{name}.yaml").read_text("utf-8")
        for stem in ("interval", "alarms"):
            text = text.replace(f"rubric: {stem}-v1", f"rubric: {newest(stem)}")
        yield name, text.replace("variants: shared", "variants: per_student")


def shapes(few: bool = False) -> Iterator[tuple[str, str]]:
    """Yield name and file of what the wizard makes: twelve shapes, or all of levels, days, faults and machines."""
    whole = [(lv, d, e, m) for lv in ("easy", "medium", "hard") for d in (3, 7, 1) for e in (8, 12, 4) for m in (1, 2)]
    for level, days, events, count in TWELVE if few else whole:
        name = f"w-{level}-{days}d-{events}e-{count}m"
        machines = ", ".join(f"MACHINE_00{at + 1}" for at in range(count))
        whose = {"name": name, "machines": machines, "days": days, "events": events, "level": level}
        yield name, SHAPE.format(**whose, rubric=newest("interval"))


def measured(text: str, students: int) -> Row:
    """Make, check and measure a class of so many; one row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        room = open_room(Path(folder))
        room.join(students)
        school = room.school
        name = school.assignments.save(text).id
        row: Row = {"shape": name, "refused": ""}
        try:
            begun, busy = time.perf_counter(), _busy_s()
            school.make_variants(name)
            row |= {"make_s": time.perf_counter() - begun, "make_cpu": _busy_s() - busy}
            begun, busy = time.perf_counter(), _busy_s()
            gate = school.check(name)
            row["refused"] = "; ".join(gate.problems)
            row |= {"check_s": time.perf_counter() - begun, "check_cpu": _busy_s() - busy}
            if gate.passed:
                row |= _judged(school, name, gate)
        except LabError as problem:
            row["refused"] = str(problem)
        finally:
            room.close()
    return row


def _busy_s() -> float:
    """Return the processor time of this process and its ended workers: what a busy machine cannot falsify."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, whose))


def _judged(school: Classroom, name: str, gate: Gate) -> Row:
    """Return luck against skill, the worst lazy robot (the gate's, and others that it does not know), the pipeline."""
    keys, rubric = school.assignments.keys(name), school.assignments.rubric(name)
    ours = {row.name: row.p95 for row in gate.robots if row.lazy}
    robot, worst = max((lazy_robots(keys, rubric) | ours).items(), key=lambda one: one[1])
    return {"fairness": fairness(keys, rubric), "lazy": worst, "robot": robot, "line": gate.line}


def lazy_robots(keys: dict[str, AnswerKey], rubric: Rubric) -> dict[str, float]:
    """Return the 95th percentile of each lazy robot's points over the variants: tilings, blocks and chance."""
    points: dict[str, list[float]] = {}
    for at, (_, key) in enumerate(sorted(keys.items())):
        for name, marks in _lazy(key, at):
            points.setdefault(name, []).append(grade(Work(rubric.submit, merged(marks)), key, rubric).points)
    return {name: float(np.quantile(values, 0.95)) for name, values in points.items()}


def _lazy(key: AnswerKey, at: int) -> Iterator[tuple[str, tuple[Label, ...]]]:
    def tiles(length: int, step: int) -> tuple[Label, ...]:
        starts = range(key.start_us, key.end_us - 1, step)
        return tuple(Label(m, s, min(s + length, key.end_us)) for m in key.machines for s in starts)

    yield "everything", tiles(key.end_us - key.start_us, key.end_us - key.start_us)
    for minutes, hours in ((59, 1), (119, 2), (20, 2), (30, 3), (60, 6)):
        yield f"{minutes} min every {hours} h", tiles(minutes * MINUTE_US, hours * HOUR_US)
    fifth = (key.end_us - key.start_us) // 5
    yield "a fifth in one block", tuple(Label(m, key.start_us, key.start_us + fifth) for m in key.machines)
    for minutes in (45, 120):
        for run in range(3):
            yield f"chance, as many, {minutes} min", random_marks(key, len(key.owed), 1000 * at + run, minutes)


def line(row: Row) -> str:
    """Return one line of the table; a promise that does not hold is marked with !."""
    if "fairness" not in row:
        return f"{row['shape']:<22} REFUSED: {row['refused']}"
    found = row["fairness"]
    scale, careful = found.out_of / 90.0, found.careful
    cells = (
        f"{careful.mean:5.1f}",
        _limit(careful.range, MOST_RANGE * scale),
        _limit(careful.plants_sd, MOST_SD * scale),
        f"{100 * found.behind_own:5.1f}/{100 * found.behind_shared:4.1f}",
        _limit(100 * found.added_luck, 100 * MOST_ADDED),
        _limit(-100 * found.truth, -99.9999).replace("-", " "),
        f"{_limit(row['lazy'], LAZY_LIMIT * scale)} {row['robot'][:26]:<26}",
        f"{row['line'].mean:5.1f} {row['line'].name:<18}" if row["line"] else f"{'none':<24}",
        f"{row['make_s']:5.0f} {row['check_s']:5.0f}  {row['make_cpu']:5.0f} {row['check_cpu']:5.0f}",
    )
    return f"{row['shape']:<22} {found.variants:>3} " + "  ".join(cells)


def _limit(value: float, most: float) -> str:
    return f"{value:6.1f}{' ' if value <= most else '!'}"


HEAD = (
    f"{'shape':<22} {'n':>3} {'mean':>5}  {'range':>7}  {'SD':>7}  {'own/shared':>10}  {'added':>7}  {'truth %':>7}  "
    f"{'lazy p95':>8} {'':<25}  {'best pipeline':<24}  {'make':>5} {'check':>5}  {'make':>5} {'check':>5} (s, CPU s)"
)


def twelve() -> list[Row]:
    """Range and SD of the careful person on three shipped and twelve wizard shapes, ten plants of each."""
    rows = []
    for name, text in (*shipped(), *shapes(few=True)):
        row = measured(text, 10)
        ours = "refused" if "fairness" not in row else f"{row['fairness'].careful.range:.1f} points"
        rows.append({"name": f"range of the careful person, {name}", "ours": ours, "peer": "–", "target": "≤ 10"})
    return rows


def three_hundred() -> list[Row]:
    """Making and checking 300 plants of label-the-pump; target: three minutes on two cores."""
    row = measured(next(iter(shipped()))[1], 300)
    took, busy = row["make_s"] + row["check_s"], row["make_cpu"] + row["check_cpu"]
    ours = f"{took:.0f} s ({busy:.0f} s of processor time)"
    return [{"name": "300 plants made and checked", "ours": ours, "peer": "–", "target": "≤ 180 s"}]


def main(arguments: list[str] | None = None) -> int:
    """Print the table; ends with 1 when a promise does not hold on a shape that the gate passed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.fairness", description=__doc__)
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--only", action="append", default=[], help="begin of a shape's name; may repeat")
    options = parser.parse_args(arguments)
    print(HEAD, flush=True)
    held, passed = 0, 0
    for name, text in (*shipped(), *shapes()):
        if options.only and not any(name.startswith(begin) for begin in options.only):
            continue
        row = measured(text, options.students)
        print(line(row), flush=True)
        if "fairness" in row:
            passed += 1
            held += bool(row["fairness"].fair and row["lazy"] <= LAZY_LIMIT * row["fairness"].out_of / 90.0)
    print(f"{passed} shapes passed the gate; all promises hold on {held} of them")
    return 0 if held == passed else 1


ROWS = {"fairness": twelve, "fairness-300": three_hundred}

if __name__ == "__main__":
    sys.exit(main())
