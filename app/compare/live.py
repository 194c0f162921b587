"""Live mode: detectors of one's own beside the running plant, scored as its readings come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from app.compare.lanes import Lane, lanes_figure
from app.following import following
from app.i18n import t
from app.lab import lab
from engine.comparing.watching import Watch

if TYPE_CHECKING:
    from engine.comparing.contenders import Contender

KEEP_S, REFRESH_S = 1800.0, 2.0
STATE = "compare-watches"


def watches_of(contenders: tuple[Contender, ...], state: str = STATE, keep_s: float = KEEP_S) -> list[Watch]:
    """Return this tab's watches for the contenders; those not there yet are trained on the plant's past first."""
    kept: dict[str, Watch] = st.session_state.setdefault(state, {})
    run = lab().runner.run.run
    block, _ = lab().runner.recent(keep_s)
    if len(block) < 2:
        return []
    found = {}
    for contender in contenders:
        name = f"{run}/{contender!r}"
        watch = kept.get(name)
        if watch is None or (watch.block is not None and watch.block.times_us[-1] < block.times_us[0]):
            watch = Watch(contender, keep_s, look_back=state != STATE)
            with st.spinner(t("{detector} learns the plant's last week…", detector=contender.title)):
                watch.begin(lab().plant, block)
        else:
            watch.follow(block)
        found[name] = watch
    st.session_state[state] = found
    return list(found.values())


def show_live(contenders: tuple[Contender, ...], teaches: bool) -> None:
    """Draw the lanes of the last half hour of plant time; they go on by themselves."""
    following(REFRESH_S, _live)(contenders, teaches)


def _live(contenders: tuple[Contender, ...], teaches: bool) -> None:
    spec = lab().spec
    left, right = st.columns([1, 2])
    machine = left.selectbox(t("Machine"), spec.machines, key="compare-live-machine")
    sensors = right.multiselect(
        t("Sensors"), spec.sensor_names, spec.sensor_names[:1], key="compare-live-sensors", max_selections=4
    )
    watches = [watch for watch in watches_of(contenders) if _told(watch)]
    if not watches:
        st.info(t("Choose a detector; it follows the plant from its next reading on."))
        return
    block = watches[0].block
    m = spec.machines.index(machine)
    lanes = [_lane(watch, machine, m) for watch in watches if watch.block is not None]
    truth = _truth(block, machine) if teaches else None
    st.plotly_chart(lanes_figure(block, machine, sensors, lanes, machine, truth), width="stretch", key="compare-live")
    said = "; ".join(f"{lane.title}: {len(lane.alarms)}" for lane in lanes)
    st.caption(t("The last half hour of plant time. Alarms on {machine}: {said}.", machine=machine, said=said))


def _told(watch: Watch) -> bool:
    if watch.problem:
        st.warning(t("{detector} could not take part: {why}", detector=watch.contender.title, why=watch.problem))
    return not watch.problem


def _lane(watch: Watch, machine: str, m: int) -> Lane:
    alarms = watch.contender.alarms(watch.block, watch.scores, watch.levels)
    own = tuple(alarm for alarm in alarms if alarm.machine == machine)
    return Lane(watch.contender.title, watch.scores[:, m], watch.levels[:, m], own)


def _truth(block: Any, machine: str) -> list[Any]:
    """Return what was wrong up to now; only an instructor's view calls this."""
    first, last = int(block.times_us[0]), int(block.times_us[-1])
    return [event for event in lab().plant.truth(first, last + 1) if event.machine == machine]
