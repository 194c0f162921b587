"""Experiment kind "museum": a bug behind a form of choices and numbers; no code is run, only the form decides."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, model_validator

from engine.errors import LabError
from lessons.exhibits.base import exhibit
from lessons.labs.base import LabKind, Outcome
from lessons.spec import Strict


class Settings(Strict):
    """The keys of this kind: which exhibit, and its form as filled in."""

    exhibit: str
    form: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits(self) -> Settings:
        try:
            exhibit(self.exhibit).checked(self.form)
        except LabError as problem:
            raise ValueError(str(problem)) from None
        return self


class MuseumLab(LabKind):
    """Property checks of a small simulation."""

    name: ClassVar[str] = "museum"
    metrics: ClassVar[tuple[str, ...]] = ("passed_checks", "failed_checks")
    Settings: ClassVar[type[Settings]] = Settings

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Run the exhibit with the form and hold its properties against what came out."""
        shown = exhibit(settings.exhibit)
        seen = shown.show(shown.checked(settings.form), seed)
        passed = sum(check.holds for check in seen.checks)
        metrics = {"passed_checks": float(passed), "failed_checks": float(len(seen.checks) - passed)}
        checks = tuple((check.text, check.holds, check.seen) for check in seen.checks)
        return Outcome(metrics, seen.lanes, checks=checks)
