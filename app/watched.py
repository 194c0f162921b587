"""Which plant a page looks at: the lab's own, or one that others feed. What one page offers, every page carries on."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import streamlit as st

from app.i18n import t
from app.lab import lab
from engine.errors import UnknownNameError
from engine.external import Shown
from engine.plant.spec import LineSpec
from engine.records import HOUR_US

if TYPE_CHECKING:
    from engine.records import Block


@dataclass(frozen=True)
class Watched:
    """A plant as pages show it.

    Parameters
    ----------
    runner
        Gives snapshot, recent and the alarm desk.
    sensors
        With name, title, unit, normal range and marks.
    own
        Whether it is the lab's own plant, with a clock, faults and models.
    """

    name: str
    title: str
    runner: Any
    machines: tuple[str, ...]
    sensors: tuple[Any, ...]
    own: bool

    @property
    def run(self) -> int:
        """Its run in the store."""
        return int(self.runner.run.run if self.own else self.runner.run)

    @property
    def live_url(self) -> str:
        """Where its stream of frames is."""
        return "api/live" if self.own else f"api/live?plant={quote(self.name)}"

    @property
    def lines(self) -> Any:
        """The book of its lines: `spec.lines`, and `sensors(line)` with their marks."""
        if self.own:
            return lab().lines
        # A machine of others may have any printable name, which a plant's file may not.
        lines = tuple(LineSpec.model_construct(name=name, title=name) for name in self.machines)
        return SimpleNamespace(spec=SimpleNamespace(lines=lines), sensors=lambda _line: self.sensors)

    def past(self, line: str, hours: int, step_us: int) -> Block:
        """Return a line's readings of the last hours, at most one each `step_us`.

        The lab's own plant can be read at any time; of others there is what they sent.
        """
        now = self.runner.snapshot().time_us
        first = -(-(now - hours * HOUR_US) // step_us) * step_us
        if self.own and lab().intake.feed is None:
            return lab().plant.only(line).block(np.arange(first, now + 1, step_us, dtype=np.int64))
        lab().store.flush()
        stored = lab().store.block_between(self.name, first, now + 1, (line,), self.run)
        names = [stored.sensors.index(sensor.name) for sensor in self.sensors]
        there = np.flatnonzero(~np.isnan(stored.values).all(axis=(1, 2)))
        kept = there[np.unique(stored.times_us[there] // step_us, return_index=True)[1]]
        from engine.records import Block

        picked = tuple(sensor.name for sensor in self.sensors)
        return Block(stored.times_us[kept], stored.values[kept][:, :, names], stored.status[kept], (line,), picked)


def plants_to_watch() -> dict[str, Watched]:
    """Return the lab's own plant and those that others feed, by name."""
    opened = lab()
    spec = opened.spec
    found = {spec.name: Watched(spec.name, spec.title, opened.runner, spec.machines, tuple(spec.sensors), True)}
    for name, plant in sorted(opened.desks.externals.plants.items()):
        found[name] = Watched(name, plant.spec.title, plant, plant.spec.machines, Shown(plant).sensors, False)
    return found


def choose_plant(key: str) -> Watched:
    """Draw the choice of a plant when there is one, and return what is chosen."""
    known = plants_to_watch()
    if len(known) > 1:
        if st.session_state.get(key) not in known:
            st.session_state.pop(key, None)  # it was taken away, or another plant is on stage
        st.selectbox(t("Plant"), list(known), key=key, format_func=lambda name: known[name].title, width=360)
    return plant_chosen(key)


def plant_chosen(key: str) -> Watched:
    """Return the plant that was chosen under that key; the lab's own unless another was."""
    known = plants_to_watch()
    return known.get(st.session_state.get(key, ""), known[lab().spec.name])


def watched(name: str) -> Watched:
    """Return a plant by name, or raise UnknownNameError."""
    known = plants_to_watch()
    if name not in known:
        raise UnknownNameError("plant", name, known)
    return known[name]
