"""What the runner hands out: frames to subscribers, snapshots to whoever asks. Neither has a field for truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.alarming.records import Alarm, AlarmChange
    from engine.records import Block, FloatArray


@dataclass(frozen=True)
class Frame:
    """The ticks of about 100 ms with their scores and what happened to alarms.

    Parameters
    ----------
    number
        Counts up by one with every frame; a gap means that frames were missed.
    scores
        By detector, float64 (n_ticks, n_machines); NaN = not scored (detector disabled, or overload).
    """

    number: int
    block: Block
    scores: dict[str, FloatArray]
    changes: tuple[AlarmChange, ...]

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """The alarms that changed, as they are now, each once."""
        return tuple({change.alarm.number: change.alarm for change in self.changes}.values())


@dataclass(frozen=True)
class Snapshot:
    """How things stand.

    Parameters
    ----------
    time_us
        Plant time of the last tick, 0 before the first.
    block
        The newest ticks.
    scores
        By detector, (n_machines,), of the last tick; NaN = not scored.
    disabled
        Reason by detector, for those that failed.
    alarms
        Standing alarms, the oldest first.
    """

    time_us: int
    run: int
    block: Block
    scores: dict[str, FloatArray]
    thresholds: dict[str, float]
    disabled: dict[str, str]
    alarms: tuple[Alarm, ...]
    speed: float
    paused: bool
    tick_s: float
    ticks: int
    lag_s: float
