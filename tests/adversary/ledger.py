"""A home with a class in it, writers that note what they were told is safe, and a look whether it is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.classroom.label_book import LabelBook
from engine.classroom.opening import class_beside
from engine.classroom.spec import moment_us
from engine.errors import UnknownNameError
from engine.external import Externals, Row
from engine.external.spec import ExternalSensor, ExternalSpec
from engine.records import MINUTE_US, SECOND_US, Label
from engine.store.store import Store
from engine.streams.spool import Spool
from tests.engine.classroom.room import MACHINES, SHARED_PUMP, Room, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from engine.classroom.classroom import Classroom
    from engine.classroom.people import Person

NAME, RIG, MARKED, WRITER = "shared-pump", "rig", "explained", "Writer"
FIRST_US = moment_us("2026-03-02 10:00 Europe/Berlin")
READ_US = moment_us("2020-01-01 00:00")  # no reading of the future is taken
SPEC = ExternalSpec(RIG, "Rig", ("press",), (ExternalSensor("bar", "bar"),), ("z_score",))
OPEN_FOR_YEARS = (
    SHARED_PUMP.replace("2026-03-09", "2097-03-09").replace("2026-03-11", "2098-03-11")
    .replace("release: 2026", "release: 2020")
    .replace(
        "per_day: 3, total: 12", "per_day: 900000, total: 900000"
    )
)  # fmt: skip


@dataclass
class Home:
    """All writers of one home folder, opened in this process."""

    store: Store
    school: Classroom
    externals: Externals
    spool: Spool
    place: Path

    @property
    def person(self) -> Person:
        """Who hands in."""
        return next(one for one in self.school.people.students() if one.name == WRITER)


@contextmanager
def opened(folder: Path) -> Iterator[Home]:
    """Open a home that nobody else has open; whatever a crash left is mended as at each start."""
    store = Store(folder)
    school, vault = class_beside(store.database, folder)
    spool = Spool(folder / "spool.jsonl")
    try:
        yield Home(store, school, Externals(store, folder / "external"), spool, folder)
    finally:
        spool.close()
        school.close()
        vault.close()
        store.close()


def prepare(folder: Path, students: int = 1) -> list[str]:
    """Make a class with an assignment that is open for years, hand-made truth and a plant to feed; returns tokens."""
    folder.mkdir(parents=True, exist_ok=True)
    with opened(folder) as home:
        desk = home.school.people
        people = [desk.add(name=WRITER if at == 0 else "")[0] for at in range(students)]
        room = Room(home.school, None, (home.store.database, home.store.database), people)  # type: ignore[arg-type]
        room.open(OPEN_FOR_YEARS, {"everybody": key_of(1)})
        home.externals.register(SPEC)
        home.school.submissions.submit_labels(people[0].person, NAME, (label(0),))
        return [desk.token(person.person) for person in people]


def label(number: int) -> Label:
    """A label that no other number has: its place tells the number."""
    start = FIRST_US + number * 61_000
    return Label(MACHINES[number % 2], start, start + 10 * MINUTE_US)


def at_us(number: int) -> int:
    """Return the event time of a reading; its value is the number."""
    return READ_US + number * SECOND_US


def _reading(home: Home, number: int) -> str:
    rows = [Row("press", at_us(number * 10 + at), {"bar": float(number * 10 + at)}) for at in range(10)]
    try:
        plant = home.externals.get(RIG)
    except UnknownNameError:
        plant = home.externals.register(SPEC)
    assert plant.take(rows).accepted == 10
    return str(number)


def _mark(home: Home, number: int) -> str:
    first = home.school.submissions.of(home.person.person, NAME)[0].submission
    home.school.mark(NAME, first, MARKED, float(number % 10), "instructor", f"mark {number}")
    return f"mark {number}"


def _draft(home: Home, number: int) -> str:
    _, revision = home.school.drafts.load(home.person.person, NAME)
    home.school.drafts.save(home.person.person, NAME, LabelBook((label(number),)), revision)
    return str(number)


def _rule(home: Home, number: int) -> str:
    home.school.assignments.set_rule(NAME, "label:nobody", "shift_hours", number)
    return str(number)


def _spooled(home: Home, number: int) -> str:
    if not home.spool.append([number], 1):
        raise UnspooledError
    return str(number)


class UnspooledError(Exception):
    """The spool's way to say no: the sender keeps the batch and counts it."""


WRITERS: dict[str, Callable[[Home, int], str]] = {
    "readings": _reading,
    "receipts": lambda home, n: home.school.submissions.submit_labels(home.person.person, NAME, (label(n),)).submission,
    "marks": _mark,
    "drafts": _draft,
    "dates": _rule,
    "people": lambda home, n: home.school.people.add()[0].handle,
    "spool": _spooled,
}


def kept(home: Home) -> dict[str, set[str]]:
    """Return what each writer's place holds now, in the words that its writer answered with."""
    records, people = home.school.people._records, home.school.people.all()
    bars = home.store.readings_between(RIG, 0, 2**62)["bar"].tolist()
    whole = {int(bar) // 10 for bar in bars}
    drafts = home.school.drafts.load(home.person.person, NAME)[0].labels
    receipts = {one.submission for who in people for one in home.school.submissions.of(who.person, NAME)}
    return {
        "readings": {str(n) for n in whole if {n * 10.0 + at for at in range(10)} <= set(bars)},
        "receipts": receipts & {receipt.submission for receipt, _ in home.school.submissions.payloads(NAME)},
        "marks": {row["comment"] for row in records.marks.find()},
        "drafts": {str(n) for label in drafts for n in range((label.start_us - FIRST_US) // 61_000 + 1)},  # the newest
        "dates": {str(n) for row in records.rules.find() for n in range(int(float(row["value"])) + 1)},  # the newest
        "people": {one.handle for one in people},
        "spool": _in_spool(home.spool),
    }


def _in_spool(spool: Spool) -> set[str]:
    lines = spool.path.read_bytes().splitlines() if spool.path.exists() else []
    return {str(json.loads(line)[1][0]) for line in lines}


def lost(home: Home, told: Iterable[tuple[str, str]]) -> list[str]:
    """Return what was acknowledged and is not there."""
    found: dict[str, Any] = kept(home)
    return [f"{writer}: {word} was acknowledged and is gone" for writer, word in told if word not in found[writer]]
