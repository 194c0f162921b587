"""A class of forty simulated students on disk: honest, good, lazy, copying, late, broken and absent ones.

`python -m tests.app.classroom.demo_class FOLDER` fills the home folder of a lab that is not running; the pages then
have something to show. Everything goes through the facade, as students and instructors do.
"""

from __future__ import annotations

import random
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.classroom.classroom import Classroom
from engine.classroom.key import AnswerKey, counted_from
from engine.classroom.label_files import write_labels
from engine.errors import FileProblemError
from engine.records import HOUR_US, MINUTE_US, Label
from engine.store.class_records import ClassVault
from engine.store.database import Database
from engine.store.store import FILE_NAME
from engine.store.vault import Vault

NAMES = "Ana Bo Chidi Dina Emil Fatima Goran Hana Ivo Jun Kofi Lena Mira Nils Olu Petra Quynh Rosa Sven Tala"
FIRST = NAMES.split()
LAST = ("García", "O'Neil", "Öztürk", "van der Berg", "Nguyễn")
SECRET = "demo" * 16

ASSIGNMENT = """
version: 1
id: {id}
title: {title}
mode: graded
submit: labels
plant: {{machines: {machines}, days: {days}, rate_hz: 0.0167, events: {events}, few_events: true, level: easy}}
variants: {variants}
when:
  release: {release}
  credit:
    - {{until: {due}, percent: 100}}
    - {{until: {late}, percent: 80}}
attempts: {{per_day: 20, total: 40}}
feedback: {{while_open: counts, after_close: timeline, after_release: full}}
{more}rubric: interval-v1
"""
QUIZ = """
version: 1
id: wk4-residuals
title: What is a residual?
mode: graded
submit: answers
variants: shared
questions:
  - {{id: q1, ask: "A residual is", options: [a reading, a difference, an alarm]}}
  - {{id: q2, ask: "How many sensors has a machine of the pump station?"}}
answers:
  q1: a difference
  q2: {{value: 7, tolerance: 0}}
when:
  release: {release}
  credit:
    - {{until: {due}, percent: 100}}
rubric: answers-v1
"""


class Clock:
    """The server's clock: the real one, some hours away."""

    def __init__(self) -> None:
        self.shift_us = 0

    def __call__(self) -> int:
        return time.time_ns() // 1000 + self.shift_us


def roster(count: int) -> str:
    """Return a Canvas export of so many people."""
    rows = ["Student,ID,SIS User ID,SIS Login ID,Section", "    Points Possible,,,,"]
    for at in range(count):
        first, last = FIRST[at % len(FIRST)], LAST[at % len(LAST)]
        name = f'"{last}{at}, {first}"'
        rows.append(f"{name},{10000 + at},A{at:07d},{first.lower()}{at},{'AB'[at % 2]}")
    return "\n".join(rows) + "\n"


def assignment(name: str, title: str, days_ago: float, **changes: Any) -> str:
    """Return the file of an assignment that was released so many days ago, is due after 2 and closes after 2.5."""
    start = datetime.now(UTC) - timedelta(days=days_ago)
    words = {"machines": "[MACHINE_001]", "days": 3, "events": 8, "variants": "shared", "more": ""}
    dates = {"release": start, "due": start + timedelta(days=2), "late": start + timedelta(days=2, hours=12)}
    texts = {key: at.strftime("%Y-%m-%d %H:%M") for key, at in dates.items()}
    return ASSIGNMENT.format(id=name, title=title, **{**words, **texts, **changes})


def honest(key: AnswerKey, seed: int, found: float, false: int) -> tuple[Label, ...]:
    """Return the labels of somebody who finds that share of the events, edges some minutes off, and sees ghosts."""
    rng = random.Random(seed)
    owed = [key.events[at] for at in key.owed]
    taken = rng.sample(owed, max(1, round(found * len(owed))))
    right = [_about(event, rng) for event in taken]
    ghosts = [rng.randrange(key.start_us, key.end_us - HOUR_US) for _ in range(false)]
    wrong = [Label(rng.choice(key.machines), at, at + 40 * MINUTE_US, "drift", 0.5, note="a jump") for at in ghosts]
    return (*right, *wrong)


def _about(event: Any, rng: random.Random) -> Label:
    start = (counted_from(event) or event.onset_us) + rng.randrange(0, 9) * MINUTE_US
    end = max(start + MINUTE_US, event.end_us + rng.randrange(-4, 9) * MINUTE_US)
    note = "temperature and vibration rise together"
    return Label(event.machine, start, end, event.fault if rng.random() < 0.7 else "drift", 1.0, note=note)


def play(school: Classroom, clock: Clock, name: str, days_ago: float) -> dict[str, int]:
    """Have everybody hand in; returns how many did what. The same wrong place is marked by a third of the class."""
    people, did = school.people.students(), dict[str, int]()
    keys = school.assignments.keys(name)
    ghost = _quiet(next(iter(keys.values())))
    previous: tuple[Label, ...] = ()
    for at, person in enumerate(people):
        key = keys[school.assignments.variant_of(name, person.person).variant]
        kind, marks = _work(at, key, ghost, previous)
        late = 2.2 if kind == "late" else 1.0
        clock.shift_us = round((late - days_ago) * 24 * HOUR_US)
        did[kind] = did.get(kind, 0) + 1
        if kind == "broken":
            _refused(school, person.person, name)
        elif kind != "absent":
            school.submissions.submit_labels(person.person, name, marks)
        if kind == "honest":
            previous = marks
    clock.shift_us = 0
    return did


def _work(at: int, key: AnswerKey, ghost: Label, previous: tuple[Label, ...]) -> tuple[str, tuple[Label, ...]]:
    shared = (ghost,) if at % 3 == 0 else ()
    if at % 20 == 7:
        return "lazy", tuple(Label(machine, key.start_us, key.end_us) for machine in key.machines)
    if at % 20 == 11 and previous:
        return "copied", tuple(replace(mark, start_us=mark.start_us + 1000) for mark in previous)
    if at % 20 == 13:
        return "broken", ()
    if at % 20 == 17:
        return "absent", ()
    found, false = (0.9, 1) if at % 4 == 0 else (0.6, 3)
    kind = "late" if at % 20 == 5 else "honest"
    return kind, honest(key, at, found, false) + shared


def _refused(school: Classroom, person: str, name: str) -> None:
    try:
        school.submissions.submit_file(person, name, write_labels([Label("PUMP", 0, 1)]).encode(), "../../labels.csv")
    except FileProblemError:
        return
    raise AssertionError("a broken file must be refused")


def _quiet(key: AnswerKey) -> Label:
    """A stretch of forty minutes far from every event: the place that looks like a fault and is none."""
    machine = key.machines[0]
    mine = [e for e in key.events if e.machine == machine]
    for at in range(key.start_us + 6 * HOUR_US, key.end_us, HOUR_US):
        if all(abs(e.onset_us - at) > 3 * HOUR_US and not e.onset_us < at < e.end_us for e in mine):
            return Label(machine, at, at + 40 * MINUTE_US, "drift", 0.5, note="everybody sees this")
    raise AssertionError("no quiet stretch")


def fill(folder: Path, students: int = 40, own_plants: bool = False) -> None:
    """Make the class in a home folder: one assignment to grade, one open, a quiz, a draft."""
    folder.mkdir(parents=True, exist_ok=True)
    clock, database, vault = Clock(), Database(folder / FILE_NAME), Vault(folder)
    ClassVault(vault.database).settings.put(name="secret", value=SECRET)
    school = Classroom(database, vault.database, folder, None, clock)
    try:
        _make(school, clock, students, own_plants)
    finally:
        school.close()
        vault.close()
        database.close()


def _make(school: Classroom, clock: Clock, students: int, own_plants: bool = False) -> None:
    from engine.classroom.roster import read_roster

    school.apply_roster(read_roster(roster(students)))
    people = school.people.students()
    school.people.set_labels(people[3].person, ["extra time 1.25"])
    variants = "per_student" if own_plants else "shared"
    started = datetime.now(UTC) - timedelta(days=0.5)
    times = {"release": f"{started:%Y-%m-%d %H:%M}", "due": f"{started + timedelta(days=3):%Y-%m-%d %H:%M}"}
    _release(school, assignment("wk3-pump", "Label the pump", 3.0))
    print(play(school, clock, "wk3-pump", 3.0))
    board = "board: {show: handles, step: 0.1}\nsplit: {public: 0.5, by: event}\n"
    _release(school, assignment("wk4-night", "The night shift", 0.5, variants=variants, more=board))
    for at, person in enumerate(people[:15]):
        key = school.assignments.keys("wk4-night")[school.assignments.variant_of("wk4-night", person.person).variant]
        school.submissions.submit_labels(person.person, "wk4-night", honest(key, at, 0.4 + at / 30, 2))
    _release(school, QUIZ.format(**times))
    school.assignments.save(assignment("wk5-draft", "Next week", -2.0))


def _release(school: Classroom, text: str) -> None:
    name = school.assignments.save(text).id
    school.make_variants(name)
    gate = school.check(name)
    if not gate.passed:
        raise AssertionError(gate.problems)
    school.assignments.release(name)


if __name__ == "__main__":
    fill(Path(sys.argv[1]), own_plants="own" in sys.argv[2:])
