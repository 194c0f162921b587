"""The replay of one moment with the counterfactual twin overlaid. It shows truth: only instructors come here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from app.access import viewer
from app.compare.choosing import RUNNING, running_end_us
from app.compare.lanes import Lane, lanes_figure
from app.i18n import t
from app.lab import lab
from engine.catalog import part
from engine.comparing.compare import run_contender
from engine.comparing.contenders import CONTEXT, RAW, Contender
from engine.comparing.stretches import plant_stretch
from engine.errors import LabError
from engine.plant.scenario import load_scenario
from engine.records import HOUR_US, MINUTE_US, iso_time

if TYPE_CHECKING:
    from engine.plant.simulator import Plant
    from engine.records import Block, FloatArray

BEFORE_US, AFTER_US = 30 * MINUTE_US, 4 * HOUR_US
MOST_SENSORS = 3


@dataclass(frozen=True)
class Moment:
    """What a replay link says: where, when, whose readings, and which detector watched."""

    at_us: int
    machine: str
    source: str
    scenario: str = ""
    seed: int = 0
    detector: str = "ewma"
    fed: str = CONTEXT
    confirm: int = 2

    def link(self) -> str:
        """Return the address of this replay."""
        words = {"at": self.at_us, "machine": self.machine, "source": self.source, "scenario": self.scenario}
        words |= {"seed": self.seed, "detector": self.detector, "fed": self.fed, "confirm": self.confirm}
        return f"/economics?{urlencode(words)}"


def asked_moment(asked: Any) -> Moment | None:
    """Return the moment that the page's address asks for, None without one.

    Raises
    ------
    LabError
        When the address was changed by hand and cannot be used.
    """
    if "at" not in asked:
        return None
    try:
        at, seed, confirm = int(asked["at"]), int(asked.get("seed", 0)), int(asked.get("confirm", 2))
    except ValueError:
        raise LabError(t("The address of this replay is damaged; open it from the ledger again.")) from None
    fed = RAW if asked.get("fed") == RAW else CONTEXT
    named = part("detector", asked.get("detector", "ewma")).name
    return Moment(at, asked.get("machine", ""), asked.get("source", ""), asked.get("scenario", ""), seed, named, fed,
                  min(max(confirm, 1), 1000))  # fmt: skip


def show_replay(moment: Moment) -> None:
    """Draw the readings around the moment on those of the twin without faults, with scores, alarms and truth."""
    if not viewer().teaches:
        st.warning(t("Replays show the truth; they are for instructors."))
        return
    plant, end = _plant(moment)
    plant.spec.require_machine(moment.machine)
    start = moment.at_us - BEFORE_US
    stop = min(moment.at_us + AFTER_US, end)
    with st.spinner(t("Replaying…")):
        contender = Contender(moment.detector, fed=moment.fed, confirm=moment.confirm)
        stretch = plant_stretch(t("Replay"), plant, start, stop)
        outcome = run_contender(contender, stretch)
        twin = plant.twin().block(stretch.judged.times_us)
    block, m = stretch.judged, stretch.judged.machines.index(moment.machine)
    sensors = _moved(block, twin, m, np.array([sensor.noise for sensor in plant.spec.sensors]))
    truth = [event for event in plant.truth(start, stop) if event.machine == moment.machine]
    alarms = tuple(alarm for alarm in outcome.alarms if alarm.machine == moment.machine)
    lanes = [] if outcome.problem else [Lane(contender.title, outcome.scores[:, m], outcome.levels[:, m], alarms)]
    title, close = st.columns([6, 1], vertical_alignment="center")
    title.subheader(
        t("Replay: {machine} from {time}", machine=moment.machine, time=iso_time(moment.at_us, seconds_only=True)[:16])
    )
    if close.button(t("Close"), icon=":material/close:", key="replay-close"):
        st.query_params.clear()
        st.rerun()
    figure = lanes_figure(block, moment.machine, sensors, lanes, f"{moment}", truth, twin)
    st.plotly_chart(figure, width="stretch", key="replay-plot")
    st.caption(
        t("Solid blue: what the sensors said. Dotted green: the twin, the same plant with the same chance but without "
          "any fault. Where they part, the fault shows. Sensors in order of how far they part.")
    )  # fmt: skip


def _plant(moment: Moment) -> tuple[Plant, int]:
    """Return the plant and the time that may be shown at most."""
    if moment.source == RUNNING:
        return lab().plant, running_end_us()
    scenario = load_scenario(moment.scenario)
    return scenario.plant(moment.seed), scenario.end_us


def _moved(block: Block, twin: Block, m: int, noise: FloatArray) -> list[str]:
    """Return the sensors that part most from the twin, in units of their noise; the first sensor when none does."""
    apart = np.nan_to_num(np.abs(block.values[:, m] - twin.values[:, m]), nan=0.0).max(axis=0) / np.maximum(noise, 1e-9)
    order = [int(k) for k in np.argsort(-apart, kind="stable") if apart[k] > 0][:MOST_SENSORS]
    return [block.sensors[k] for k in order or [0]]
