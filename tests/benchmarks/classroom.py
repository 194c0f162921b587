"""Measured promises of the class: regrading a hundred students, a burst of receipts, the collusion report."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from engine.classroom.rubric import load_rubric
from tests.engine.classroom.room import PUMP, Room, honest, key_of, open_room

STUDENTS = 100


def regrade() -> list[dict[str, Any]]:
    """A dry run with another rubric over one hundred students with a variant each; target: below 5 s."""
    with tempfile.TemporaryDirectory() as folder:
        room, name = _class(Path(folder))
        _hand_in(room, name)
        room.clock.at("2026-03-20 20:00")
        easier = load_rubric("interval-v1").model_copy(update={"settings": {"edges_full": 0.5}})
        begun = time.perf_counter()
        room.school.regrades.dry_run(name, rubric=easier)
        took = time.perf_counter() - begun
        room.close()
    return [_row("regrade of 100 students", took, 5.0)]


def receipts() -> list[dict[str, Any]]:
    """One hundred students in the same moment, one thread each; target: p95 of the receipt at most 1 s."""
    with tempfile.TemporaryDirectory() as folder:
        room, name = _class(Path(folder))
        waits = _hand_in(room, name, burst=True)
        kept = len(room.school.submissions.payloads(name))
        room.close()
    return [
        _row("p95 of a receipt in a burst of 100", sorted(waits)[94], 1.0),
        {"name": "receipts lost", "ours": str(STUDENTS - kept), "peer": "–", "ratio": None, "target": "0"},
    ]


def collusion() -> list[dict[str, Any]]:
    """Every submission of one hundred against every seed of the class; target: below 60 s."""
    with tempfile.TemporaryDirectory() as folder:
        room, name = _class(Path(folder))
        _hand_in(room, name)
        begun = time.perf_counter()
        room.school.evidence.seed_fits(name)
        took = time.perf_counter() - begun
        room.close()
    return [_row("100 submissions against 100 seeds", took, 60.0)]


def _class(folder: Path) -> tuple[Room, str]:
    room = open_room(folder)
    room.join(STUDENTS)
    return room, room.open(PUMP)


def _hand_in(room: Room, name: str, *, burst: bool = False) -> list[float]:
    waits: list[float] = []

    def send(at: int) -> None:
        begun = time.perf_counter()
        room.school.submissions.submit_labels(room.students[at].person, name, honest(key_of(1 + at), at))
        waits.append(time.perf_counter() - begun)

    if not burst:
        for at in range(STUDENTS):
            send(at)
        return waits
    threads = [threading.Thread(target=send, args=(at,)) for at in range(STUDENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return waits


def _row(name: str, ours: float, target: float) -> dict[str, Any]:
    return {
        "name": name,
        "ours": f"{ours:.2f} s",
        "peer": "–",
        "ratio": None,
        "target": f"≤ {target:g} s",
        "ours_s": ours,
    }


ROWS = {"class-regrade": regrade, "class-receipts": receipts, "class-collusion": collusion}
