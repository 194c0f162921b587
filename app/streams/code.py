"""The pipeline lab as code, with the switches as they stand."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from app.snippets import call

if TYPE_CHECKING:
    from engine.streams.pipeline_lab import LabSettings


def lab_code(settings: LabSettings) -> str:
    """Return code that runs the same lab; only switches that differ from the defaults are named."""
    plain = type(settings)()
    changed = {f.name: getattr(settings, f.name) for f in fields(settings)}
    changed = {name: value for name, value in changed.items() if value != getattr(plain, name)}
    return (
        "from engine.streams.pipeline_lab import LabSettings, PipelineLab, compare_deliveries\n\n"
        f"settings = {call('LabSettings', **changed)}\n"
        "lab = PipelineLab(settings)\n"
        "lab.step(30)                          # thirty seconds on\n"
        "for stage in lab.stages():\n"
        "    print(stage.name, stage.came, stage.went, stage.inside, stage.given_up)\n"
        "print(lab.run())                      # to the end: the books against the truth\n"
        "for promise, books in compare_deliveries(settings).items():\n"
        "    print(promise, books.lost, books.doubled, books.missed)\n"
    )
