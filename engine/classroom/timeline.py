"""When is what worth how much for whom: always computed when asked, so that a moved date needs no regrade."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.classroom.spec import GRACE_US, AssignmentSpec, moment_us
from engine.errors import LabError
from engine.records import HOUR_US, MINUTE_US

if TYPE_CHECKING:
    from engine.classroom.people import Person

# What a rule may change, for one student, for a label such as "section B", or for everybody ("all").
RULE_FIELDS = ("shift_hours", "attempts_total", "attempts_per_day", "time_limit_minutes", "percent", "excused", "held")


@dataclass(frozen=True)
class Timeline:
    """The dates of one assignment for one person.

    Parameters
    ----------
    release_us
        Nothing is seen or taken before.
    steps
        (until, percent), ascending; extra time and overrides are in it already.
    after
        "closed", or "practice": taken, worth nothing.
    ended_us
        When the open attempts were ended for good; None = they end with the last step.
    begun_us
        When this person began; with a time limit nothing is shown before and nothing is taken after it has passed.
    """

    release_us: int
    steps: tuple[tuple[int, float], ...]
    after: str
    time_limit_minutes: float | None
    attempts_total: int | None
    attempts_per_day: int | None
    ended_us: int | None = None
    begun_us: int | None = None

    @property
    def time_is_up_us(self) -> int | None:
        """When this person's own time limit passes; None without a limit, or before the person began."""
        if self.time_limit_minutes is None or self.begun_us is None:
            return None
        return self.begun_us + round(self.time_limit_minutes * MINUTE_US)

    @property
    def over_us(self) -> int | None:
        """The moment from which work has no credit, if that is before the last step: ended, or the time is up."""
        limit = self.time_is_up_us
        ends = [self.ended_us, None if limit is None else limit + GRACE_US + 1]
        return min((end for end in ends if end is not None), default=None)

    def must_begin(self, at_us: int) -> bool:
        """Tell whether the time limit waits for the person to begin; until then it sees no data."""
        waits = self.time_limit_minutes is not None and self.begun_us is None
        return waits and self.state(at_us) in ("open", "late")

    @property
    def close_us(self) -> int:
        return self.steps[-1][0]

    @property
    def credit_until_us(self) -> int:
        """The last moment at which work earns credit, grace included; before the release when it never does."""
        last = max((until + GRACE_US for until, percent in self.steps if percent > 0), default=self.release_us - 1)
        return last if self.over_us is None else min(last, self.over_us - 1)

    def percent(self, at_us: int) -> float:
        """Return what work received at that time is worth; a minute of grace after each step."""
        if self.over_us is not None and at_us >= self.over_us:
            return 0.0
        return next((percent for until, percent in self.steps if at_us <= until + GRACE_US), 0.0)

    def state(self, at_us: int) -> str:
        """Return "before", "open", "late" (worth less than at first) or "closed"."""
        if at_us < self.release_us:
            return "before"
        ended = self.over_us is not None and at_us >= self.over_us
        if ended or at_us > self.close_us + GRACE_US:
            return "practice" if self.after == "practice" else "closed"
        return "open" if self.percent(at_us) >= self.steps[0][1] else "late"


def timeline(
    spec: AssignmentSpec,
    person: Person | None = None,
    rules: Mapping[str, Any] | None = None,
    ended_us: int | None = None,
    begun_us: int | None = None,
) -> Timeline:
    """Return the timeline of a person; `rules` are the overrides that apply to it (see `rules_for`).

    Extra time scales the time limit and moves every deadline by the extra part of the limit, or of the whole span
    when there is none; it never moves the release.
    """
    rules = rules or {}
    release = moment_us(spec.when.release)
    ends = [moment_us(step.until, spec.when.zone) for step in spec.when.credit]
    factor = person.extra_time if person is not None else 1.0
    limit = rules.get("time_limit_minutes", spec.when.time_limit_minutes)
    shift = round(float(rules.get("shift_hours", 0)) * HOUR_US)
    steps = []
    for step, end in zip(spec.when.credit, ends, strict=True):
        span = limit * MINUTE_US if limit is not None else end - release
        steps.append((end + shift + round((factor - 1) * span), float(rules.get("percent", step.percent))))
    return Timeline(
        release_us=release,
        steps=tuple(steps),
        after=spec.when.after,
        time_limit_minutes=None if limit is None else limit * factor,
        attempts_total=rules.get("attempts_total", spec.attempts.total),
        attempts_per_day=rules.get("attempts_per_day", spec.attempts.per_day),
        ended_us=ended_us,
        begun_us=begun_us,
    )


def rules_for(rows: list[dict[str, Any]], person: Person) -> dict[str, Any]:
    """Return the overrides of a person: for everybody, then its section and labels, then itself; the last one wins."""
    scopes = [
        "all",
        f"section:{person.section}",
        *(f"label:{label}" for label in person.labels),
        f"person:{person.person}",
    ]
    found: dict[str, Any] = {}
    for scope in scopes:
        found.update({row["field"]: json.loads(row["value"]) for row in rows if row["scope"] == scope})
    return found


def checked_rule(field: str, value: Any) -> Any:
    """Return the value of an override in its type, or raise LabError."""
    if field not in RULE_FIELDS:
        raise LabError(f"No rule is called {field!r}; choose one of: {', '.join(RULE_FIELDS)}.")
    if field in ("excused", "held"):
        return bool(value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise LabError(f"{field} must be a number, got {value!r}.") from None
    return int(number) if field.startswith("attempts") else number
