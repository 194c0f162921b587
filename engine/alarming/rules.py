"""When a score becomes an alarm and when it stops being one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from engine.params import Range


@dataclass(frozen=True)
class AlarmRules:
    """Delays and bands that keep one event from becoming a hundred alarms.

    The usual cures of a chattering alarm (ANSI/ISA-18.2-2016, annex; EEMUA 191, 3rd edition, appendix 9): dead band,
    on-delay, off-delay, and one alarm for a condition that keeps coming back.

    Parameters
    ----------
    hysteresis
        Dead band as a part of the threshold: the condition ends below threshold · (1 - hysteresis) - deadband.
    deadband
        Dead band in the unit of the score (for a rule on a reading: the sensor's unit), besides `hysteresis`.
    confirm
        Readings at or above the threshold that are needed within one excursion.
    on_delay_s
        How long the condition must last before the alarm is raised, plant time.
    off_delay_s
        How long calm must last before the alarm is cleared, plant time.
    hold_off_s
        A condition that comes back within this time of the last end reopens the same alarm, plant time.
    group_gap_s
        Alarms of one machine with no longer a quiet between them form one group, plant time.
    silence_s
        A machine without any reading for so long has no data, and its alarms say so; they stay, plant time.
    silence_ends_s
        An alarm ends after so long a silence of its machine; 0 = never, plant time.
    """

    hysteresis: Annotated[float, Range(0.0, 0.9)] = 0.1
    deadband: Annotated[float, Range(0.0, 1e9)] = 0.0
    confirm: Annotated[int, Range(1, 1000, unit="readings")] = 2
    on_delay_s: Annotated[float, Range(0.0, 86_400.0, unit="s")] = 0.0
    off_delay_s: Annotated[float, Range(0.0, 86_400.0, unit="s")] = 60.0
    hold_off_s: Annotated[float, Range(0.0, 86_400.0, unit="s")] = 300.0
    group_gap_s: Annotated[float, Range(0.0, 86_400.0, unit="s")] = 300.0
    silence_s: Annotated[float, Range(1.0, 86_400.0, unit="s")] = 30.0
    silence_ends_s: Annotated[float, Range(0.0, 30 * 86_400.0, unit="s")] = 0.0
