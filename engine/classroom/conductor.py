"""The instructor in front of the room: rounds with a sealed fault, and live questions with vote, talk, revote.

Faults are sealed in the vault and their hash is shown at the start, so that nobody can say the fault was chosen
afterwards. The room's figures carry no names; counts below five are shown as "<5".
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from engine.classroom.key import AnswerKey, canonical
from engine.classroom.matching import match_alarms
from engine.classroom.seeds import commitment
from engine.errors import AccessError, LabError
from engine.records import MINUTE_US, Label, TruthEvent

if TYPE_CHECKING:
    from engine.classroom.audit import Audit
    from engine.classroom.people import People
    from engine.store.class_records import ClassRecords, ClassVault

FEW = 5
QUIZ_STATES = ("lobby", "open", "locked", "discuss", "revote", "reveal")
ROUND_STATES = ("lobby", "running", "paused", "revealed")
CALL_SPAN_US = MINUTE_US


@dataclass(frozen=True)
class RoomTimes:
    """Time-to-detect of the room, without names: seconds from the first detectable moment, sorted."""

    people: int
    delays_s: tuple[float, ...]
    false_calls: int

    @property
    def found(self) -> int:
        return len(self.delays_s)

    @property
    def median_s(self) -> float | None:
        return median(self.delays_s) if self.delays_s else None


@dataclass(frozen=True)
class Tally:
    """Votes of one stage; before the lock only how many voted."""

    stage: str
    voted: int
    counts: tuple[tuple[str, str], ...]


class Conductor:
    """Rounds and live questions of one class.

    Parameters
    ----------
    records, vault, people, audit
        Tables, sealed faults, who may vote, log.
    now_us
        The server's clock in microseconds.
    """

    def __init__(
        self, records: ClassRecords, vault: ClassVault, people: People, audit: Audit, now_us: Callable[[], int]
    ) -> None:
        self._records, self._vault, self._people = records, vault, people
        self._audit, self._now_us = audit, now_us

    # rounds
    def start_round(self, sealed: Sequence[TruthEvent], machines: tuple[str, ...], start_us: int, end_us: int) -> str:
        """Start a round whose faults are known to the vault alone; returns its id. Its commitment is public at once."""
        name, salt = f"K{secrets.token_hex(4)}", secrets.token_hex(32)
        key = AnswerKey(start_us, end_us, machines, tuple(sealed))
        self._vault.rounds.put(round=name, document=canonical({"salt": salt, "key": key.to_json()}))
        public = {"commitment": commitment(salt, key), "machines": machines, "start_us": start_us, "end_us": end_us}
        self._records.rounds.add(
            round=name, kind="fault", state="running", document=canonical(public), at_us=self._now_us()
        )
        self._audit.note("instructor", "started", f"round {name}", after=str(public["commitment"]))
        return name

    def set_state(self, name: str, state: str) -> None:
        """Move a round or a question to another state; "revealed" and "reveal" are final."""
        row = self._row(name)
        allowed = ROUND_STATES if row["kind"] == "fault" else QUIZ_STATES
        if state not in allowed:
            raise LabError(f"state must be one of: {', '.join(allowed)}, got {state!r}.")
        if row["state"] in ("revealed", "reveal"):
            raise LabError("This round is over; start a new one.")
        self._records.rounds.change({"round": name}, state=state)
        self._audit.note("instructor", f"set to {state}", f"round {name}")

    def state(self, name: str) -> str:
        """Return the state of a round or question: what every student's page polls."""
        return str(self._row(name)["state"])

    def current(self) -> str | None:
        """Return the newest round or question that is not over."""
        rows = [row for row in self._records.rounds.find("at_us") if row["state"] not in ("revealed", "reveal")]
        return str(rows[-1]["round"]) if rows else None

    def newest(self) -> tuple[str, str, str] | None:
        """Return (id, "fault" or "quiz", state) of the newest round or question, also when it is over."""
        rows = self._records.rounds.find("at_us")
        return (rows[-1]["round"], rows[-1]["kind"], rows[-1]["state"]) if rows else None

    def seal(self, name: str) -> str:
        """Return the commitment of a round: shown from its first second."""
        return str(json.loads(self._row(name)["document"])["commitment"])

    def machines(self, name: str) -> tuple[str, ...]:
        """Return the machines that may be called in a round."""
        return tuple(json.loads(self._row(name)["document"])["machines"])

    def calls_of(self, name: str, person: str) -> int:
        """Return how often a person called in a round."""
        return self._records.votes.count(round=name, person=person)

    def vote_of(self, name: str, person: str, stage: str) -> str | None:
        """Return a person's own vote in a stage."""
        row = self._records.votes.one(round=name, person=person, stage=stage)
        return None if row is None else str(row["answer"])

    def revealed(self, name: str) -> dict[str, Any]:
        """Return faults, salt and commitment of a round that is over; what students may see then."""
        if self.state(name) != "revealed":
            raise AccessError("The round is not over yet.")
        return self.reveal(name)

    def call(self, name: str, person: str, machine: str, stream_us: int) -> None:
        """A student raises the alarm in a round: stamped by the server with the stream's time; repeated calls count."""
        if self.state(name) != "running":
            raise LabError("The round is not running.")
        who, stage = self._people.get(person).person, f"call-{stream_us}-{machine}"
        self._records.votes.put(
            round=name, stage=stage, person=who, answer=machine, stream_us=stream_us, at_us=self._now_us()
        )

    def room(self, name: str) -> RoomTimes:
        """Return the room's detections so far, without names; for the instructor's screen."""
        key, calls = self._sealed(name), dict[str, list[Label]]()
        for row in self._records.votes.find("stream_us", round=name):
            mark = Label(row["answer"], row["stream_us"], row["stream_us"] + CALL_SPAN_US)
            calls.setdefault(row["person"], []).append(mark)
        delays, false = [], 0
        for marks in calls.values():
            matching = match_alarms(key, marks, tolerance_s=0.0)
            delays += [match.delay_s for match in matching.matches]
            false += matching.count("false")
        return RoomTimes(len(calls), tuple(sorted(delays)), false)

    def reveal(self, name: str) -> dict[str, Any]:
        """End a round and return its faults, salt and commitment for the projector."""
        if self.state(name) != "revealed":
            self.set_state(name, "revealed")
        row = self._vault.rounds.one(round=name)
        sealed = json.loads(row["document"]) if row else {}
        key = self._sealed(name)
        events = [asdict(event) for event in key.events]
        return {
            "events": events,
            "salt": sealed["salt"],
            "commitment": json.loads(self._row(name)["document"])["commitment"],
        }

    # live questions
    def ask(self, question: str, options: Sequence[str], right: str, seconds: float = 90.0) -> str:
        """Put a live question into the lobby and return its id; the right option stays in the vault."""
        if right not in options:
            raise LabError(f"The right answer must be one of the options, got {right!r}.")
        name = f"Q{secrets.token_hex(4)}"
        self._vault.rounds.put(round=name, document=canonical({"right": right}))
        public = canonical({"question": question, "options": list(options), "seconds": seconds})
        self._records.rounds.add(round=name, kind="quiz", state="lobby", document=public, at_us=self._now_us())
        return name

    def question(self, name: str) -> dict[str, Any]:
        """Return question, options and seconds for a student's page."""
        found: dict[str, Any] = json.loads(self._row(name)["document"])
        return found

    def seconds_for(self, name: str, person: str) -> float:
        """Return the time a person has: extra-time labels scale it."""
        return float(self.question(name)["seconds"]) * self._people.get(person).extra_time

    def vote(self, name: str, person: str, answer: str) -> None:
        """Take a vote while the question is open, or a second one while it is open again; the last one counts."""
        stage = {"open": "first", "revote": "second"}.get(self.state(name))
        if stage is None:
            raise LabError("The vote is closed now.")
        if answer not in self.question(name)["options"]:
            raise LabError("Choose one of the options.")
        who = self._people.get(person).person
        row = {"round": name, "stage": stage, "person": who, "answer": answer}
        self._records.votes.put(**row, stream_us=0, at_us=self._now_us())

    def tally(self, name: str, stage: str = "first") -> Tally:
        """Return the votes of a stage: only their number while voting, then counts with the small ones hidden."""
        votes = [row["answer"] for row in self._records.votes.find(round=name, stage=stage)]
        open_stage = {"lobby": "first", "open": "first", "revote": "second"}.get(self.state(name))
        if stage == open_stage:
            return Tally(stage, len(votes), ())
        options = self.question(name)["options"]
        return Tally(stage, len(votes), tuple((option, shown_count(votes.count(option))) for option in options))

    def right_answer(self, name: str) -> str:
        """Return the right option, once the question is revealed."""
        if self.state(name) != "reveal":
            raise AccessError("The answer is not revealed yet.")
        row = self._vault.rounds.one(round=name)
        return str(json.loads(row["document"])["right"]) if row else ""

    def _row(self, name: str) -> dict[str, Any]:
        row = self._records.rounds.one(round=name)
        if row is None:
            raise AccessError("There is no such round.")
        return row

    def _sealed(self, name: str) -> AnswerKey:
        row = self._vault.rounds.one(round=name)
        if row is None:
            raise AccessError("There is no such round.")
        return AnswerKey.from_json(json.loads(row["document"])["key"])


def shown_count(count: int) -> str:
    """Return a count for the projector: small ones cannot point at a person."""
    return "0" if count == 0 else (f"<{FEW}" if count < FEW else str(count))
