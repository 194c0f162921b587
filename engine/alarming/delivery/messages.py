"""What is delivered: one change of one alarm as plain data, and as a sentence for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.alarming.records import PRIORITIES
from engine.records import iso_time

if TYPE_CHECKING:
    from engine.alarming.delivery.spec import DeliverySpec
    from engine.alarming.records import AlarmChange

QUIET_STATES = ("shelved", "suppressed")


def message_of(change: AlarmChange, plant: str, run: int) -> dict[str, Any]:
    """Return the change as JSON-ready data; `key` is the same whenever it is delivered again."""
    alarm = change.alarm
    return {
        "key": f"{plant}/{run}/{alarm.number}/{change.what}/{change.at_us}",
        "what": change.what,
        "at": iso_time(change.at_us),
        "plant": plant,
        "run": run,
        "alarm": alarm.number,
        "group": alarm.group,
        "machine": alarm.machine,
        "detector": alarm.detector,
        "priority": alarm.priority,
        "state": alarm.state,
        "sensors": list(alarm.sensors),
        "start": iso_time(alarm.start_us),
        "end": None if alarm.end_us is None else iso_time(alarm.end_us),
        "no_data_since": None if alarm.silent_since_us is None else iso_time(alarm.silent_since_us),
        "peak_score": alarm.peak_score,
        "threshold": alarm.threshold,
        "reopened": alarm.reopened,
        "comments": [{"author": one.author, "text": one.text} for one in alarm.comments],
    }


def sentence(message: dict[str, Any]) -> str:
    """Return the message as one line for people."""
    about = f" ({', '.join(message['sensors'])})" if message["sensors"] else ""
    return (
        f"{message['priority'].upper()}: alarm {message['alarm']} of {message['machine']}{about} {message['what']} "
        f"at {message['at']}, by {message['detector']}"
    )


def is_wanted(spec: DeliverySpec, change: AlarmChange) -> bool:
    """Tell whether a delivery brings this change; what is shelved or suppressed stays silent unless asked for."""
    alarm = change.alarm
    if change.what not in spec.what or PRIORITIES.index(alarm.priority) < PRIORITIES.index(spec.least):
        return False
    if alarm.state in QUIET_STATES and change.what not in QUIET_STATES:
        return False
    return (not spec.machines or alarm.machine in spec.machines) and (
        not spec.detectors or alarm.detector in spec.detectors
    )
