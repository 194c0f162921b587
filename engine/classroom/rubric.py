"""Rubrics: which measures are multiplied into which points; a YAML file that an instructor may edit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from engine.classroom.measures import MEASURES
from engine.errors import UnknownNameError, nearest
from engine.yaml_file import read_model

RUBRICS = Path(__file__).resolve().parents[2] / "data" / "rubrics"
FIRST, SECOND = 1, 2  # editions of the measures: old rubrics keep theirs, and with it every old grade
SETTINGS: dict[tuple[str, int], dict[str, float]] = {
    ("labels", FIRST): {
        "tolerance_s": 120.0,
        "edges_zero": 0.1,
        "edges_full": 0.6,
        "max_labelled_share": 0.2,
        "gate": 2.0,
    },
    ("labels", SECOND): {
        "short_s": 1500.0,
        "fit_zero": 0.4,
        "fit_full": 0.7,
        "edges_zero": 0.4,
        "edges_full": 0.75,
        "recall_zero": 0.2,
        "recall_full": 0.7,
        "precision_zero": 0.3,
        "precision_full": 0.8,
        "paint_of_truth": 0.5,
        "paint_of_time": 0.05,
        "severity_weight": 0.0,
        "above_points": 0.0,
    },
    ("alarms", FIRST): {
        "tolerance_s": 120.0,
        "target_delay_s": 600.0,
        "quiet_full": 1.0,
        "quiet_zero": 10.0,
        "load_limit": 10.0,
        "gate": 2.0,
    },
    ("alarms", SECOND): {
        "tolerance_s": 120.0,
        "fade_s": 900.0,
        "target_delay_s": 600.0,
        "quiet_full": 1.0,
        "quiet_zero": 10.0,
        "load_limit": 10.0,
        "luck": 1.645,
        "recall_zero": 0.2,
        "recall_full": 0.6,
        "severity_weight": 0.0,
        "above_points": 0.0,
    },
}
SETTINGS |= {("params", edition): SETTINGS["alarms", edition] for edition in (FIRST, SECOND)}
Kind = Literal["labels", "alarms", "params", "answers", "text"]


class RubricLine(BaseModel):
    """One line: `points` times every measure named in `times`, or points that a person gives (`manual`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
    title: Annotated[str, Field(min_length=1, max_length=60)]
    points: Annotated[float, Field(gt=0, le=1000)]
    times: tuple[str, ...] = ()
    manual: bool = False

    @field_validator("times")
    @classmethod
    def _known_measures(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        known = sorted({name for group in MEASURES.values() for name in group})
        for name in names:
            if name not in known:
                near = nearest(name, known)
                raise ValueError(f"no measure is called {name!r}" + (f"; did you mean {near!r}" if near else ""))
        return names


class Rubric(BaseModel):
    """A named, versioned rubric; the same rubric, key and submission give the same grade everywhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,40}$")]
    version: Annotated[int, Field(ge=1)]
    edition: Literal[1, 2] = 1
    title: str = ""
    submit: Kind
    settings: dict[str, float] = {}
    lines: Annotated[tuple[RubricLine, ...], Field(min_length=1)]

    @field_validator("settings")
    @classmethod
    def _known_settings(cls, settings: dict[str, float]) -> dict[str, float]:
        known = sorted({name for group in SETTINGS.values() for name in group})
        for name in settings:
            if name not in known:
                near = nearest(name, known)
                raise ValueError(f"no setting is called {name!r}" + (f"; did you mean {near!r}" if near else ""))
        return settings

    @field_validator("lines")
    @classmethod
    def _ids_once(cls, lines: tuple[RubricLine, ...]) -> tuple[RubricLine, ...]:
        ids = [line.id for line in lines]
        if len(set(ids)) != len(ids):
            raise ValueError("two lines have the same id; give every line its own")
        return lines

    @model_validator(mode="after")
    def _measures_fit_the_kind(self) -> Rubric:
        usable = MEASURES.get((self.submit, self.edition), ())
        for line in self.lines:
            if not line.manual and (not line.times or set(line.times) - set(usable)):
                words = ", ".join(usable) or "none: make it manual"
                raise ValueError(f"line {line.id!r} needs measures of {self.submit!r} submissions ({words})")
        return self

    @model_validator(mode="after")
    def _leaves_points_above_the_line(self) -> Rubric:
        above = self.settings.get("above_points", 0.0)
        if above and not 0.0 < above < self.automatic_points:
            raise ValueError(f"above_points must be from 0 to less than the {self.automatic_points:g} automatic points")
        return self

    @property
    def points(self) -> float:
        return sum(line.points for line in self.lines)

    @property
    def automatic_points(self) -> float:
        return sum(line.points for line in self.lines if not line.manual)

    def setting_values(self) -> dict[str, float]:
        """Return every setting of this kind of submission, with the defaults filled in."""
        return {**SETTINGS.get((self.submit, self.edition), {}), **self.settings}


def rubric_names() -> list[str]:
    """Return the rubrics that come with the lab."""
    return sorted(path.stem for path in RUBRICS.glob("*.yaml"))


def load_rubric(name: str | Path) -> Rubric:
    """Return a rubric by its name or from a file.

    Raises
    ------
    LabError
        When there is no such rubric, or its file breaks a rule (file, line and cure are named).
    """
    path = Path(name) if str(name).endswith((".yaml", ".yml")) else RUBRICS / f"{name}.yaml"
    if path.parent == RUBRICS and path.stem not in rubric_names():
        raise UnknownNameError("rubric", str(name), rubric_names())
    return read_model(path.read_text("utf-8-sig"), Rubric, path.name)


def parse_rubric(text: str, file: str = "rubric.yaml") -> Rubric:
    """Return the rubric written in `text`; what the rubric editor calls at each change."""
    return read_model(text, Rubric, file)


def as_yaml(rubric: Rubric) -> str:
    """Return the rubric as YAML text that `parse_rubric` reads back."""
    import yaml

    document: dict[str, Any] = rubric.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
