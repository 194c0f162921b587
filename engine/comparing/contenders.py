"""A contender: a detector with its parameters, what it is fed, and the rule that turns its scores into alarms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from engine.alarming.rules import AlarmRules
from engine.alarming.trigger import Trigger
from engine.catalog import make, part
from engine.detectors.context import OnContext
from engine.params import parameters_of
from engine.records import SECOND_US, Label

if TYPE_CHECKING:
    from engine.detectors.base import Detector
    from engine.detectors.thresholds.base import ThresholdRule
    from engine.records import Block, FloatArray

RAW, CONTEXT = "raw", "context"
BASELINES = ("never", "always", "at_random", "range_rule")
OWN = "detector's own"


@dataclass(frozen=True)
class Contender:
    """One detector that takes part.

    Parameters
    ----------
    detector
        Name in the catalogue.
    values
        Its parameters by name; what is left out keeps its default.
    fed
        "raw" readings, or "context": residuals of the context stage.
    rule, rule_values
        Threshold rule of the catalogue and its parameters; None = the detector's own threshold.
    confirm
        Readings at or above the threshold that make an alarm.
    hold_off_s
        A condition that comes back within this time belongs to the same alarm.
    """

    detector: str
    values: dict[str, Any] = field(default_factory=dict)
    fed: str = RAW
    rule: str | None = None
    rule_values: dict[str, Any] = field(default_factory=dict)
    confirm: int = 2
    hold_off_s: float = 300.0

    @property
    def title(self) -> str:
        """What is shown: the detector's title, and what it stands on."""
        words: str = part("detector", self.detector).title
        return f"{words} (context)" if self.fed == CONTEXT else words

    @property
    def key(self) -> str:
        """A short name, different for raw and context."""
        return f"{self.detector}_on_context" if self.fed == CONTEXT else self.detector

    def make(self, seed: int = 0) -> Detector:
        """Return a new detector; `seed` moves the seed of one that throws dice.

        Raises
        ------
        UnknownNameError, ParameterError
            When the detector or a parameter is unknown or out of range.
        """
        values = dict(self.values)
        known = parameters_of(cast(Any, part("detector", self.detector)))
        own = next((parameter for parameter in known if parameter.name == "seed"), None)
        if own is not None and seed:
            values["seed"] = int(values.get("seed", own.default) or 0) + seed
        made: Detector = make("detector", self.detector, values)
        return OnContext(made) if self.fed == CONTEXT else made

    def levels_rule(self, detector: Detector) -> ThresholdRule:
        """Return the rule that gives the levels; without one, the detector's own threshold."""
        if self.rule is None:
            return make("threshold", "fixed", {"level": detector.default_threshold})  # type: ignore[no-any-return]
        return make("threshold", self.rule, self.rule_values)  # type: ignore[no-any-return]

    def alarms(self, block: Block, scores: FloatArray, levels: FloatArray) -> tuple[Label, ...]:
        """Return the alarms of scores (n_ticks, n_machines) at levels of that shape, as the alarm desk would raise."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.where(np.isfinite(levels), scores / levels, 0.0)
        rules = AlarmRules(confirm=self.confirm, hold_off_s=self.hold_off_s)
        found = [alarm for m in range(block.n_machines) for alarm in _machine_alarms(block, ratios[:, m], m, rules)]
        return tuple(sorted(found, key=lambda alarm: (alarm.start_us, alarm.machine)))


def baselines() -> tuple[Contender, ...]:
    """Return the baselines that need no truth; one reading is enough for their alarms, as chance has no patience."""
    return tuple(Contender(name, confirm=1) for name in BASELINES)


def _machine_alarms(block: Block, ratios: FloatArray, m: int, rules: AlarmRules) -> list[Label]:
    events = Trigger(rules).advance(block.times_us, ratios, block.status[:, m], 1.0)
    spans: list[list[int]] = []
    last = int(block.times_us[-1]) if len(block) else 0
    for event in events:
        if event.kind == "raise":
            start = int(block.times_us[event.tick])
            if spans and start - spans[-1][1] <= rules.hold_off_s * SECOND_US:
                spans[-1][1] = last
            else:
                spans.append([start, last])
        elif event.kind == "clear":
            spans[-1][1] = max(event.at_us, spans[-1][0])
    return [Label(block.machines[m], start, max(end, start + 1)) for start, end in spans]
