"""What reads what strangers send: each parser with good inputs to start from, called as the lab calls it."""

from __future__ import annotations

import contextlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from engine.alarming.policy import read_policy
from engine.classroom.gradebook import fill
from engine.classroom.grading import Result
from engine.classroom.label_files import Bounds, read_labels, write_labels
from engine.classroom.people import Person
from engine.classroom.roster import read_roster
from engine.classroom.spec import load_spec
from engine.errors import LabError
from engine.records import DAY_US, HOUR_US, SECOND_US, Label, iso_time, time_us

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
START = time_us("2026-03-02T09:00:00Z")
BOUNDS = Bounds(("M1", "M2"), START, START + DAY_US, 50)
LABELS = [Label("M1", START, START + HOUR_US, "drift", 0.5, ("flow",), 'a "note"'), Label("M2", START, START + HOUR_US)]
EVE = Person("P1", "student", "warm-otter", "García, Eve", "Eve", "García", "eve@uni.example", "A1", "egarcia", "10234")
ROW = {"timestamp": iso_time(START), "machine_id": "M1", "temperature": 21.5, "flow": None, "maintenance_status": "x"}


@dataclass(frozen=True)
class Parser:
    """One reader of strangers' input.

    Parameters
    ----------
    good
        Inputs that it takes; others are made from these.
    read
        Calls it; a LabError is a refusal in a sentence, anything else is a defect.
    cost
        How many inputs of the others one input of this one is worth: slow ones get fewer.
    """

    name: str
    good: tuple[bytes, ...]
    read: Callable[[bytes], Any]
    cost: int = 1


def parsers() -> tuple[Parser, ...]:
    """Return all of them."""
    gradebooks = tuple(path.read_bytes() for path in sorted((ROOT / "tests/data/gradebook").glob("*export.csv")))
    readings = ("timestamp,machine_id,label\n" + "".join(
        f"{iso_time(START + k * SECOND_US)},M1,{k % 2}\n" for k in range(20)
    )).encode()  # fmt: skip
    rosters = (b"handle,name,email\neve,Eve A,eve@x.example\n", b"Eve Adams\nBob B\n", *gradebooks)
    upload = b"time;pump;temperature;flow\n" + b"".join(b"2026-03-02 09:%02d;P1;21,5;%d\n" % (k, k) for k in range(30))
    return (
        Parser("label CSV", (write_labels(LABELS).encode(), readings), lambda data: read_labels(data, BOUNDS)),
        Parser("roster", rosters, read_roster),
        Parser("LMS file", gradebooks, lambda data: fill(data, [Result(EVE, "graded", 61.7, 100.0)], "Pump")),
        Parser("assignment YAML", _files("data/assignments/*.yaml"), _text(load_spec), cost=20),
        Parser("alarm rules YAML", _files("data/alarm_rules.yaml"), _text(read_policy), cost=20),
        Parser("Kafka record", (json.dumps(ROW).encode(),), _record),
        Parser("socket message", _messages(), _acted),
        Parser("uploaded CSV", (upload, readings), _uploaded, cost=200),
    )


def _files(pattern: str) -> tuple[bytes, ...]:
    return tuple(path.read_bytes()[:3500] for path in sorted(ROOT.glob(pattern)))


def _text(read: Callable[[str], Any]) -> Callable[[bytes], Any]:
    return lambda data: read(data.decode("utf-8", errors="replace"))


def _record(data: bytes) -> Any:
    """Read a record through the source, as a consumer's thread does."""
    from engine.streams.sources.kafka import KafkaSource

    source = KafkaSource(topic="t")  # connects at its first read only
    return source._decoded({_Place("t", 0): [SimpleNamespace(value=data, offset=1)]})


@dataclass(frozen=True)
class _Place:
    topic: str
    partition: int


def _messages() -> tuple[bytes, ...]:
    acts: list[dict[str, Any]] = [
        {"act": "mark", "machine": "M1", "start_us": START, "end_us": START + HOUR_US, "seen": [["M1", 1, 2]]},
        {"act": "pick", "index": 1}, {"act": "remove", "index": 0}, {"act": "undo"}, {"seen": [["M2", START, START]]},
    ]  # fmt: skip
    return tuple(json.dumps(one).encode() for one in acts)


def _acted(data: bytes) -> Any:
    """Let the labelling chart's server side take what a browser may send: any JSON."""
    from app.classroom.labelling import acted

    try:
        what = json.loads(data)
    except (ValueError, RecursionError):
        return None  # Streamlit refuses it before anybody sees it
    return acted(what, BOUNDS.machines, 2)


def _uploaded(data: bytes) -> Any:
    from engine.reading.profile import profile_of
    from engine.reading.series import table_of

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload.csv"
        path.write_bytes(data)
        with contextlib.closing(profile_of(path)) as profile:
            return table_of(profile)


def refused(parser: Parser, data: bytes) -> bool:
    """Return whether the input was refused in a sentence; what else it raises is a defect and goes on."""
    try:
        parser.read(data)
    except LabError as problem:
        if "\n" in str(problem).strip() or "Traceback" in str(problem):
            raise AssertionError("a refusal is one sentence") from problem
        return True
    return False
