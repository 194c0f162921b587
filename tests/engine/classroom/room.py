"""A small class for the tests: a clock that is set by hand, hand-made truth, students who label well or badly."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from engine.classroom.assignments import Sealed
from engine.classroom.classroom import Classroom
from engine.classroom.gate import Gate, GateRow
from engine.classroom.key import AnswerKey
from engine.classroom.people import Person
from engine.classroom.spec import moment_us
from engine.records import DAY_US, HOUR_US, MINUTE_US, Label, TruthEvent
from engine.store.database import Database

START = moment_us("2026-03-02 08:00")
SECRET = "s" * 64
MACHINES = ("MACHINE_001", "MACHINE_002")
FAMILIES = (("bearing_failure", "machine"), ("drift", "sensor"), ("overheating", "machine"))


@dataclass
class FakeClock:
    """The server's clock; tests set it."""

    us: int = START

    def __call__(self) -> int:
        self.us += 1000
        return self.us

    def at(self, text: str) -> None:
        self.us = moment_us(text)


@dataclass
class Room:
    """A class with its clock."""

    school: Classroom
    clock: FakeClock
    databases: tuple[Database, Database]
    students: list[Person] = field(default_factory=list)

    def join(self, count: int, **details: object) -> list[Person]:
        rows = [self.school.people.new_row("student", set(), dict(details)) for _ in range(count)]
        for at, row in enumerate(rows):
            number = len(self.students) + at  # not random: plants hang on the id of a person
            row["person"], row["handle"] = f"P{number:012d}", f"handle-{number:03d}"
        self.school.people._records.people.add_all(rows)
        self.students += [self.school.people.get(row["person"]) for row in rows]
        return self.students

    def open(self, text: str, keys: dict[str, AnswerKey] | None = None, seed: int = 1) -> str:
        """Save an assignment, seal hand-made truth for everybody and release it."""
        desk = self.school.assignments
        spec = desk.save(text)
        persons = desk.owners(spec.id, [p.person for p in self.school.people.students()])
        keys = keys or {person: key_of(seed + at) for at, person in enumerate(persons)}
        desk.seal(spec.id, [Sealed(person, keys[person], 0, 0.5) for person in persons])
        rows = tuple(GateRow(v.variant, 60.0, 5.0, 4.0, 0.5) for v in desk.variants(spec.id))
        self.school.store_gate(spec.id, Gate(rows, ()))
        desk.release(spec.id)
        return spec.id

    def key(self, assignment: str, person: str) -> AnswerKey:
        variant = self.school.assignments.variant_of(assignment, person).variant
        return self.school.assignments.keys(assignment)[variant]

    def close(self) -> None:
        self.school.close()
        for database in self.databases:
            database.close()


def open_room(folder: Path, clock: FakeClock | None = None) -> Room:
    clock = clock or FakeClock(moment_us("2026-03-02 10:00 Europe/Berlin"))
    lab, vault = Database(folder / "lab.duckdb"), Database(folder / "vault.duckdb")
    return Room(Classroom(lab, vault, folder, SECRET, clock), clock, (lab, vault))


def key_of(seed: int, days: int = 7, events: int = 12, machines: tuple[str, ...] = MACHINES) -> AnswerKey:
    """Return a key with ramped events of known faults at random places."""
    rng = random.Random(seed)
    slot = days * DAY_US // events
    found = []
    for at in range(events):
        onset = START + at * slot + rng.randrange(0, slot - 2 * HOUR_US)
        length, ramp = rng.randrange(30, 70) * MINUTE_US, 5 * MINUTE_US
        fault = rng.choice(["bearing_failure", "drift", "overheating"])
        found.append(TruthEvent(rng.choice(machines), fault, (), 0.5, onset, onset + ramp, onset + length))
    ordered = tuple(sorted(found, key=lambda e: (e.machine, e.onset_us)))
    return AnswerKey(START, START + days * DAY_US, machines, ordered, families=FAMILIES)


def perfect(key: AnswerKey) -> tuple[Label, ...]:
    return tuple(Label(e.machine, e.onset_us, e.end_us, e.fault) for e in key.events)


def honest(key: AnswerKey, seed: int, found: int = 9, false: int = 2) -> tuple[Label, ...]:
    rng = random.Random(seed)
    right = [
        Label(
            e.machine,
            e.onset_us + rng.randrange(0, 8) * MINUTE_US,
            e.end_us + rng.randrange(-3, 9) * MINUTE_US,
            e.fault,
        )
        for e in rng.sample(key.events, found)
    ]
    wrong = [rng.randrange(key.start_us, key.end_us - HOUR_US) for _ in range(false)]
    return (*right, *(Label(rng.choice(key.machines), at, at + 40 * MINUTE_US) for at in wrong))


PUMP = """
version: 1
id: pump
title: Label the pump
mode: graded
submit: labels
plant: {machines: [MACHINE_001, MACHINE_002], days: 7, events: 12}
variants: per_student
when:
  release: 2026-03-02 09:00 Europe/Berlin
  credit:
    - {until: 2026-03-09 23:59, percent: 100}
    - {until: 2026-03-11 23:59, percent: 80}
attempts: {per_day: 3, total: 12}
rubric: interval-v1
"""
SHARED_PUMP = PUMP.replace("id: pump", "id: shared-pump").replace("per_student", "shared")
BOARD_PUMP = (
    SHARED_PUMP.replace("shared-pump", "board-pump")
    + "keep: best_public\nsplit: {public: 0.5, by: event}\nboard: {show: own, step: 0.1}\n"
)
