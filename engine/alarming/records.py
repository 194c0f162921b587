"""What an alarm is, and what can happen to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

PRIORITIES = ("notice", "warning", "critical")  # rising; by the marks of the sensors while the alarm stands
WHATS = (
    "raised", "reopened", "escalated", "cleared", "suppressed", "acknowledged", "shelved", "unshelved", "commented",
    "silent", "heard",
)  # fmt: skip
STATES = ("raised", "acknowledged", "shelved", "suppressed", "cleared")


@dataclass(frozen=True)
class Comment:
    """What a person wrote on an alarm."""

    at_us: int
    author: str
    text: str


@dataclass(frozen=True)
class Alarm:
    """A condition asking for a response; frozen, each change gives a new one with the same number.

    Parameters
    ----------
    number
        Unique in its run, in the order of raising.
    group
        Number of the first alarm of the same machine in the same stretch of trouble.
    onset_us, start_us, end_us
        First reading beyond the threshold; the moment the alarm was raised (after the delays); the first reading
        of the calm that ended it, None while it stands.
    sensors
        Sensors blamed, the strongest first; empty when nobody knows.
    reopened
        How often the condition came back within the hold-off; it stays one alarm.
    silent_since_us
        When the machine was heard last, while it says nothing ("no data"); None = there are readings.
    """

    number: int
    machine: str
    detector: str
    state: str
    priority: str
    onset_us: int
    start_us: int
    end_us: int | None
    peak_score: float
    peak_us: int
    threshold: float
    group: int
    sensors: tuple[str, ...] = ()
    reopened: int = 0
    acknowledged_us: int | None = None
    acknowledged_by: str = ""
    shelved_until_us: int | None = None
    comments: tuple[Comment, ...] = ()
    silent_since_us: int | None = None

    @property
    def stands(self) -> bool:
        """Whether it has not ended yet."""
        return self.end_us is None

    @property
    def peak(self) -> float:
        """The highest score while it stood."""
        return self.peak_score

    @property
    def isa_state(self) -> str:
        """The state in the words of ISA-18.2 (clause 5.3.4, alarm state model)."""
        if self.state == "cleared":
            return "normal" if self.acknowledged_us is not None else "returned to normal, unacknowledged"
        words = {"raised": "unacknowledged", "acknowledged": "acknowledged", "suppressed": "suppressed by design"}
        return words.get(self.state, self.state)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON-ready data."""
        return {**asdict(self), "sensors": list(self.sensors), "comments": [asdict(c) for c in self.comments]}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Alarm:
        """Return the alarm that `to_json` gave."""
        comments = tuple(Comment(**comment) for comment in fields["comments"])
        return cls(**{**fields, "sensors": tuple(fields["sensors"]), "comments": comments})


@dataclass(frozen=True)
class AlarmChange:
    """One thing that happened to an alarm, and the alarm after it.

    `what` is one of WHATS; an alarm escalates when readings reach a higher mark while it stands.
    """

    at_us: int
    what: str
    alarm: Alarm
