"""The alarm policy: rules, lowest priorities, suppressions and deliveries in one YAML file that people edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from engine.alarming.delivery.spec import EmailSpec, FileSpec, KafkaSpec, MqttSpec, WebhookSpec
from engine.alarming.guards import Guards, Suppression
from engine.alarming.rules import AlarmRules
from engine.errors import FileProblemError, nearest
from engine.params import Range, parameters_of
from engine.records import time_us
from engine.yaml_file import line_of, problems_of, read_model

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "alarm_rules.yaml"
Priority = Literal["notice", "warning", "critical"]
Delivery = Annotated[WebhookSpec | EmailSpec | FileSpec | KafkaSpec | MqttSpec, Field(discriminator="to")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RulesSpec(_Strict):
    """Delays and bands; what is left out is as in the section `default`."""

    hysteresis: float | None = None
    deadband: float | None = None
    confirm: int | None = None
    on_delay_s: float | None = None
    off_delay_s: float | None = None
    hold_off_s: float | None = None
    group_gap_s: float | None = None
    silence_s: float | None = None
    silence_ends_s: float | None = None
    priority: Priority | None = None

    @field_validator("*")
    @classmethod
    def _in_range(cls, value: Any, info: Any) -> Any:
        rule = {one.name: one.rule for one in parameters_of(AlarmRules)}.get(info.field_name)
        if value is not None and isinstance(rule, Range) and not rule.low <= value <= rule.high:
            raise ValueError(f"{info.field_name} must be from {rule.low:g} to {rule.high:g} {rule.unit}".rstrip())
        return value

    @property
    def given(self) -> dict[str, Any]:
        """The rules that this section names."""
        return self.model_dump(exclude_none=True, exclude={"priority"})


class SuppressionSpec(_Strict):
    """Alarms that are silenced by design, with the reason; times are plant time, ISO 8601."""

    reason: str = Field(min_length=3)
    machine: str | None = None
    detector: str | None = None
    begin: str | None = None
    end: str | None = None

    @model_validator(mode="after")
    def _check(self) -> SuppressionSpec:
        begin, end = (None if text is None else time_us(text) for text in (self.begin, self.end))
        if begin is not None and end is not None and not begin < end:
            raise ValueError("begin must be before end")
        if self.machine is None and self.detector is None and end is None:
            raise ValueError("a silence for everything needs an end")
        return self

    def made(self) -> Suppression:
        """Return the rule with times in microseconds."""
        begin, end = (None if text is None else time_us(text) for text in (self.begin, self.end))
        return Suppression(self.reason, self.machine, self.detector, begin, end)


class PolicyFile(_Strict):
    """What may stand in the file."""

    default: RulesSpec = RulesSpec()
    detectors: dict[str, RulesSpec] = Field(default_factory=dict)
    suppress: tuple[SuppressionSpec, ...] = ()
    delivery: tuple[Delivery, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> PolicyFile:
        names = [one.name for one in self.delivery]
        double = next((name for name in names if names.count(name) > 1), None)
        if double is not None:
            raise ValueError(f"two deliveries are called {double!r}")
        return self


@dataclass(frozen=True)
class Policy:
    """The policy in force.

    Parameters
    ----------
    rules
        By detector; "default" holds for all others.
    """

    text: str
    rules: Mapping[str, AlarmRules]
    guards: Guards
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True)
class Known:
    """Names that rules and silences may use; an unknown one would hold for nothing, without a word."""

    detectors: frozenset[str]
    machines: frozenset[str]


def read_policy(text: str, file: str = "alarm_rules.yaml") -> Policy:
    """Return the policy in a YAML text; an empty one means the defaults.

    Raises
    ------
    FileProblemError
        For the first problem: file, line, what is wrong and what to write.
    """
    content = read_model(text, PolicyFile, file) if _says_something(text) else PolicyFile()
    default = AlarmRules(**{**asdict(AlarmRules()), **content.default.given})
    rules = {name: AlarmRules(**{**asdict(default), **part.given}) for name, part in content.detectors.items()}
    parts = {"default": content.default, **content.detectors}
    least = {name: part.priority for name, part in parts.items() if part.priority is not None}
    suppressions = tuple(one.made() for one in content.suppress)
    return Policy(text, {"default": default, **rules}, Guards(suppressions, least), content.delivery)


def policy_problems(text: str, file: str = "alarm_rules.yaml", known: Known | None = None) -> list[FileProblemError]:
    """Return every problem of the text in the order of its lines; empty when it is good.

    `known` are the names that there are where the policy shall hold; without it names are not looked up.
    """
    if not _says_something(text):
        return []
    return problems_of(text, PolicyFile, file) or ([] if known is None else _strangers(text, file, known))


def _strangers(text: str, file: str, known: Known) -> list[FileProblemError]:
    """Return a problem for each detector or machine that is not there, with its line."""
    content, tree = read_model(text, PolicyFile, file), yaml.compose(text, Loader=yaml.SafeLoader)
    named: list[tuple[tuple[Any, ...], str, str | None, frozenset[str]]] = [
        (("detectors", name), "detector", name, known.detectors) for name in content.detectors
    ]
    for at, one in enumerate(content.suppress):
        named += [
            (("suppress", at, "detector"), "detector", one.detector, known.detectors),
            (("suppress", at, "machine"), "machine", one.machine, known.machines),
        ]
    found = []
    for path, kind, name, names in named:
        if name is not None and name not in names:
            place, near = f"line {line_of(tree, path)}, {'.'.join(map(str, path))}", nearest(name, sorted(names))
            cure = f"did you mean {near!r}" if near else f"choose one of: {', '.join(sorted(names))}"
            found.append(FileProblemError(file, place, f"no {kind} is called {name!r}", cure))
    return found


def load_policy(path: Path = SHIPPED) -> Policy:
    """Return the policy in a file; the shipped one unless another is named.

    Raises
    ------
    FileProblemError
        When the file cannot be read or is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise FileProblemError(path, "", "it cannot be read as UTF-8 text", "check the path") from None
    return read_policy(text, path.name)


def _says_something(text: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())
