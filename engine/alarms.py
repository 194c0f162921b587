"""The alarm desk: scores in, alarms out, with the life cycle of ANSI/ISA-18.2.

One alarm per event and per machine and detector: hysteresis, confirmation and delays keep noise out, the hold-off
joins what keeps coming back, a machine under maintenance raises nothing. The result depends on readings and commands
only, never on how the stream was cut into blocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from engine.alarming.guards import Guards
from engine.alarming.marks import Marks, marks_of
from engine.alarming.records import PRIORITIES, Alarm, AlarmChange, Comment
from engine.alarming.rules import AlarmRules
from engine.alarming.silence import Silence, decided, silent_ticks
from engine.alarming.trigger import Event, Trigger
from engine.errors import LabError
from engine.records import SECOND_US

if TYPE_CHECKING:
    from engine.records import Block, FloatArray

    Blame = Callable[[str, int, int], tuple[str, ...]]

__all__ = ["Alarm", "AlarmChange", "AlarmDesk", "AlarmRules", "Comment"]
NO_MARKS = marks_of(())
MOST_KEPT = 5000  # ended alarms kept in memory; the store has all


class AlarmDesk:
    """Follows every machine and detector; commands (acknowledge, shelve, comment) act at plant time `now_us`.

    Parameters
    ----------
    rules
        For all detectors, or by detector name; a detector not named has the rules called "default".
    marks
        Warning and critical marks of the sensors, from which priorities come; None = every alarm is a notice.
    guards
        What is silenced by design, lowest priorities, and marks of single machines.
    """

    def __init__(
        self,
        rules: AlarmRules | Mapping[str, AlarmRules] | None = None,
        marks: Marks | None = None,
        guards: Guards | None = None,
    ) -> None:
        self._rules = rules
        self.marks = marks
        self.guards = guards or Guards()
        self.now_us = 0
        self.suppressed = 0  # alarms that maintenance or a rule silenced
        self._triggers: dict[tuple[str, str], Trigger] = {}
        self._standing: dict[tuple[str, str], Alarm] = {}
        self._last: dict[tuple[str, str], Alarm] = {}
        self._ended: deque[Alarm] = deque(maxlen=MOST_KEPT)
        self._groups: dict[str, Alarm] = {}
        self._shelves: dict[tuple[str | None, str | None], int] = {}
        self._number = 0
        self._silence = Silence()

    def rules_for(self, detector: str) -> AlarmRules:
        """Return the rules that hold for a detector."""
        if isinstance(self._rules, AlarmRules):
            return self._rules
        named = self._rules or {}
        return named.get(detector) or named.get("default") or AlarmRules()

    def set_rules(self, rules: AlarmRules | Mapping[str, AlarmRules], guards: Guards | None = None) -> None:
        """Let other rules hold from the next reading on; conditions that are under way keep their beginning."""
        self._rules = rules
        self.guards = self.guards if guards is None else guards
        for (_, detector), trigger in self._triggers.items():
            trigger.rules = self.rules_for(detector)

    @property
    def standing(self) -> tuple[Alarm, ...]:
        """The alarms that have not ended, the oldest first."""
        return tuple(sorted(self._standing.values(), key=lambda alarm: alarm.number))

    @property
    def recent(self) -> tuple[Alarm, ...]:
        """Standing and ended alarms that are still in memory, the newest first; a reopened one counts as standing."""
        ended, standing = tuple(self._ended), tuple(self._standing.values())  # other threads may read while it runs
        newest = {alarm.number: alarm for alarm in (*ended, *standing)}
        return tuple(sorted(newest.values(), key=lambda alarm: -alarm.number))

    def groups(self) -> dict[int, tuple[Alarm, ...]]:
        """Return the standing alarms by group, so that one broken machine is one line however many detectors agree."""
        found: dict[int, list[Alarm]] = {}
        for alarm in self.standing:
            found.setdefault(alarm.group, []).append(alarm)
        return {group: tuple(alarms) for group, alarms in found.items()}

    def process(
        self,
        block: Block,
        scores: Mapping[str, FloatArray],
        thresholds: Mapping[str, float],
        blame: Blame | None = None,
    ) -> tuple[AlarmChange, ...]:
        """Follow a block; returns what changed, in the order of time.

        Parameters
        ----------
        scores
            By detector, (n_ticks, n_machines).
        thresholds
            By detector, in the unit of its scores.
        blame
            Called as blame(detector, tick, machine's place) when an alarm is raised; returns sensors.
        """
        if len(block) == 0:
            return ()
        quiet = silent_ticks(block)
        self._silence.follow(block, quiet)
        scores = {detector: decided(values, quiet) for detector, values in scores.items()}
        found: list[tuple[int, int, int, Event, str]] = []
        for place, (detector, values) in enumerate(scores.items()):
            found += self._silence_events(block, place, detector)
            for at in self._worth_a_look(detector, block, values, thresholds[detector]):
                events = self._advanced(block, at, detector, values[:, at], thresholds[detector])
                found += [(event.tick, place, at, event, detector) for event in events]
        changes: list[AlarmChange] = []
        for tick, _, at, event, detector in sorted(found, key=lambda item: item[:3]):
            changes += self._apply(block, scores[detector], event, detector, at, tick, thresholds[detector], blame)
        self.now_us = int(block.times_us[-1])
        changes += self._end_shelves()
        return tuple(sorted(changes, key=lambda change: change.at_us))

    def _advanced(self, block: Block, at: int, detector: str, scores: FloatArray, threshold: float) -> list[Event]:
        """Return what the trigger of a machine and a detector sees in a block; a silence too long makes it forget."""
        machine, events = block.machines[at], []
        lost = self._lost_ticks(machine, detector)
        for first, stop in pairwise([0, *lost, len(block)]):
            if first in lost:
                self._triggers.pop((machine, detector), None)
            if first == stop:
                continue
            part = slice(first, stop)
            trigger = self._trigger(machine, detector)
            found = trigger.advance(block.times_us[part], scores[part], block.status[part, at], threshold)
            events += [one._replace(tick=one.tick + first, until=one.until + first) for one in found]
        return events

    def _lost_ticks(self, machine: str, detector: str) -> list[int]:
        ends_s = self.rules_for(detector).silence_ends_s
        crossed = self._silence.crossings(machine, ends_s) if ends_s else []
        return [tick for tick, silent in crossed if silent]

    def _silence_events(self, block: Block, place: int, detector: str) -> list[tuple[int, int, int, Event, str]]:
        """Return where a machine fell silent, was heard again, or was silent for too long."""
        rules, found = self.rules_for(detector), []
        for at, machine in enumerate(block.machines):
            for tick, silent in self._silence.crossings(machine, rules.silence_s):
                heard = self._silence.heard_us(machine, tick, block.times_us)
                found.append((tick, place, at, Event(tick, "silent" if silent else "heard", at_us=heard), detector))
            found += [(t, place, at, Event(t, "lost"), detector) for t in self._lost_ticks(machine, detector)]
        return found

    def acknowledge(self, number: int, author: str = "") -> AlarmChange:
        """Say that a person has seen the alarm, standing or ended.

        Raises
        ------
        LabError
            When there is no such alarm in memory.
        """
        alarm = self._alarm(number)
        state = "acknowledged" if alarm.state == "raised" else alarm.state
        return self._changed(
            "acknowledged", replace(alarm, state=state, acknowledged_us=self.now_us, acknowledged_by=author)
        )

    def comment(self, number: int, author: str, text: str) -> AlarmChange:
        """Write a comment on an alarm."""
        if not text.strip():
            raise LabError("A comment must have some text.")
        alarm = self._alarm(number)
        return self._changed(
            "commented", replace(alarm, comments=(*alarm.comments, Comment(self.now_us, author, text.strip())))
        )

    def shelve(
        self, minutes: float, machine: str | None = None, detector: str | None = None
    ) -> tuple[AlarmChange, ...]:
        """Silence a machine, a detector or both (None = all) for some plant time; it comes back by itself.

        Raises
        ------
        LabError
            When the time is not between 0 and 24 hours: nothing is shelved and forgotten.
        """
        if not 0 < minutes <= 24 * 60:
            raise LabError(f"minutes must be above 0 and at most 1440, got {minutes!r}.")
        until = self.now_us + round(minutes * 60 * SECOND_US)
        self._shelves[(machine, detector)] = until
        hit = [a for a in self.standing if machine in (None, a.machine) and detector in (None, a.detector)]
        return tuple(self._changed("shelved", replace(a, state="shelved", shelved_until_us=until)) for a in hit)

    def unshelve(self, machine: str | None = None, detector: str | None = None) -> tuple[AlarmChange, ...]:
        """Take a silence back."""
        self._shelves.pop((machine, detector), None)
        hit = [a for a in self.standing if machine in (None, a.machine) and detector in (None, a.detector)]
        return tuple(self._unshelved(alarm) for alarm in hit if alarm.state == "shelved")

    @property
    def shelves(self) -> dict[tuple[str | None, str | None], int]:
        """What is silenced, (machine, detector) to plant time of its end."""
        return {key: until for key, until in self._shelves.items() if until > self.now_us}

    def forget_detector(self, detector: str) -> tuple[AlarmChange, ...]:
        """End the alarms of a detector that was taken away or whose threshold moved; its delays start anew."""
        keys = [key for key in self._triggers if key[1] == detector]
        for key in keys:
            del self._triggers[key]
        standing = [self._standing[key] for key in keys if key in self._standing]
        return tuple(self._ended_at(alarm, self.now_us) for alarm in standing)

    def end_all(self) -> tuple[AlarmChange, ...]:
        """End every alarm at the last reading: the run that they belong to is over."""
        return tuple(self._ended_at(alarm, self.now_us) for alarm in self.standing)

    def restore(self, standing: Sequence[Alarm], last_number: int, now_us: int) -> None:
        """Take over the alarms that stood when the lab was stopped; the next reading below the band can end them."""
        self._number, self.now_us = last_number, now_us
        for alarm in standing:
            key = (alarm.machine, alarm.detector)
            self._standing[key] = self._last[key] = self._groups[alarm.machine] = alarm
            trigger = self._trigger(*key)
            trigger.high = trigger.raised = True
            trigger.since_us, trigger.seen = alarm.onset_us, trigger.rules.confirm
            trigger.peak, trigger.peak_us = alarm.peak_score, alarm.peak_us
            if alarm.silent_since_us is not None:
                self._silence.restore(alarm.machine, alarm.silent_since_us, now_us)

    def _trigger(self, machine: str, detector: str) -> Trigger:
        key = (machine, detector)
        if key not in self._triggers:
            self._triggers[key] = Trigger(self.rules_for(detector))
        return self._triggers[key]

    def _worth_a_look(self, detector: str, block: Block, scores: FloatArray, threshold: float) -> list[int]:
        """Return the places of machines whose trigger is not idle or that reach the threshold in this block."""
        reached = np.asarray((scores >= threshold).any(axis=0))
        known = self._triggers
        for at, machine in enumerate(block.machines):
            trigger = known.get((machine, detector))
            if trigger is not None and not trigger.idle:
                reached[at] = True
        return [int(at) for at in np.flatnonzero(reached)]

    def _apply(
        self,
        block: Block,
        scores: FloatArray,
        event: Event,
        detector: str,
        at: int,
        tick: int,
        threshold: float,
        blame: Blame | None,
    ) -> list[AlarmChange]:
        key = (block.machines[at], detector)
        if event.kind == "raise":
            return [self._raised(block, event, key, at, threshold, blame)]
        alarm = self._standing.get(key)
        if alarm is None:
            return []
        if event.kind == "active":
            self._keep(self._followed(block, scores, event, at, alarm))
            return self._escalated(block, event, at, key)
        if event.kind in ("silent", "heard"):
            since = event.at_us if event.kind == "silent" else None
            if since == alarm.silent_since_us:
                return []
            return [self._changed(event.kind, replace(alarm, silent_since_us=since), int(block.times_us[tick]))]
        if event.kind == "lost":
            return [self._ended_at(alarm, int(block.times_us[tick]), int(block.times_us[tick]))]
        if event.kind == "suppress":
            self.suppressed += 1
            return [self._changed("suppressed", replace(alarm, state="suppressed"), int(block.times_us[tick]))]
        return [self._ended_at(alarm, event.at_us, int(block.times_us[tick]))]

    def _raised(
        self, block: Block, event: Event, key: tuple[str, str], at: int, threshold: float, blame: Blame | None
    ) -> AlarmChange:
        now = int(block.times_us[event.tick])
        last = self._last.get(key)
        rules = self.rules_for(key[1])
        if last is not None and last.end_us is not None and event.at_us - last.end_us < rules.hold_off_s * SECOND_US:
            state = "acknowledged" if last.acknowledged_us is not None else "raised"
            alarm = replace(last, state=state, end_us=None, reopened=last.reopened + 1)
            if event.peak > alarm.peak_score:
                alarm = replace(alarm, peak_score=event.peak, peak_us=event.peak_us)
            return self._silenced("reopened", self._with_shelf(alarm, now), now)
        self._number += 1
        sensors = blame(key[1], event.tick, at) if blame is not None else ()
        alarm = Alarm(
            number=self._number,
            machine=key[0],
            detector=key[1],
            state="raised",
            priority=PRIORITIES[0],
            onset_us=event.at_us,
            start_us=now,
            end_us=None,
            peak_score=event.peak,
            peak_us=event.peak_us,
            threshold=threshold,
            group=self._group(key[0], now, rules),
            sensors=sensors,
        )
        level = self.guards.at_least(key[1], self._marks_for(key[0]).level(block.values[event.tick, at][None, :]))
        return self._silenced("raised", self._with_shelf(replace(alarm, priority=PRIORITIES[level]), now), now)

    def _silenced(self, what: str, alarm: Alarm, now: int) -> AlarmChange:
        """Return the change, or that the alarm is suppressed by design where a rule says so."""
        if not self.guards.silences(alarm.machine, alarm.detector, now):
            return self._changed(what, alarm, now)
        self.suppressed += 1
        return self._changed("suppressed", replace(alarm, state="suppressed"), now)

    def _group(self, machine: str, now: int, rules: AlarmRules) -> int:
        """Return the group that a new alarm of the machine joins: that of its last alarm unless that is long over."""
        if any(alarm.machine == machine for alarm in self._standing.values()):
            return max((a for a in self._standing.values() if a.machine == machine), key=lambda a: a.number).group
        last = self._groups.get(machine)
        if last is not None and last.end_us is not None and now - last.end_us < rules.group_gap_s * SECOND_US:
            return last.group
        return self._number

    def _with_shelf(self, alarm: Alarm, now: int) -> Alarm:
        keys = [(alarm.machine, alarm.detector), (alarm.machine, None), (None, alarm.detector), (None, None)]
        until = max((self._shelves.get(key, 0) for key in keys), default=0)
        return replace(alarm, state="shelved", shelved_until_us=until) if until > now else alarm

    def _followed(self, block: Block, scores: FloatArray, event: Event, at: int, alarm: Alarm) -> Alarm:
        """Return the alarm with the peak of the ticks during which it stood."""
        part = scores[event.tick : event.until, at]
        if np.isnan(part).all():
            return alarm
        best = int(np.nanargmax(part))
        if part[best] <= alarm.peak_score:
            return alarm
        return replace(alarm, peak_score=float(part[best]), peak_us=int(block.times_us[event.tick + best]))

    def _escalated(self, block: Block, event: Event, at: int, key: tuple[str, str]) -> list[AlarmChange]:
        """Raise the alarm's priority at the ticks at which readings reach a higher mark; it never falls again."""
        marks, changes = self._marks_for(key[0]), []
        for level in range(PRIORITIES.index(self._standing[key].priority) + 1, len(PRIORITIES)):
            found = marks.first_tick(block.values[event.tick : event.until, at], level)
            if found is None:
                continue
            risen = replace(self._standing[key], priority=PRIORITIES[level])
            changes.append(self._changed("escalated", risen, int(block.times_us[event.tick + found])))
        return changes

    def _marks_for(self, machine: str) -> Marks:
        return self.guards.marks.get(machine) or self.marks or NO_MARKS

    def _end_shelves(self) -> list[AlarmChange]:
        due = [a for a in self.standing if a.state == "shelved" and (a.shelved_until_us or 0) <= self.now_us]
        return [self._unshelved(alarm) for alarm in due]

    def _unshelved(self, alarm: Alarm) -> AlarmChange:
        state = "acknowledged" if alarm.acknowledged_us is not None else "raised"
        at_us = min(alarm.shelved_until_us or self.now_us, self.now_us)
        return self._changed("unshelved", replace(alarm, state=state, shelved_until_us=None), at_us)

    def _ended_at(self, alarm: Alarm, end_us: int, at_us: int | None = None) -> AlarmChange:
        ended = replace(alarm, state="cleared", end_us=end_us, shelved_until_us=None, silent_since_us=None)
        del self._standing[(alarm.machine, alarm.detector)]
        self._ended.append(ended)
        self._last[(alarm.machine, alarm.detector)] = self._groups[alarm.machine] = ended
        return AlarmChange(self.now_us if at_us is None else at_us, "cleared", ended)

    def _changed(self, what: str, alarm: Alarm, at_us: int | None = None) -> AlarmChange:
        self._keep(alarm)
        return AlarmChange(self.now_us if at_us is None else at_us, what, alarm)

    def _keep(self, alarm: Alarm) -> None:
        key = (alarm.machine, alarm.detector)
        if alarm.stands:
            self._standing[key] = self._last[key] = alarm
            return
        self._ended = deque((alarm if a.number == alarm.number else a for a in self._ended), maxlen=MOST_KEPT)
        if self._last.get(key) is not None and self._last[key].number == alarm.number:
            self._last[key] = alarm

    def _alarm(self, number: int) -> Alarm:
        found = next((alarm for alarm in self.recent if alarm.number == number), None)
        if found is None:
            raise LabError(f"There is no alarm number {number} in memory; older alarms cannot be changed any more.")
        return found
