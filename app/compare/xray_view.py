"""The X-ray page: choose a detector and a moment, look inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from app.compare.choosing import RUNNING, SCENARIO, fed_of
from app.compare.live import watches_of
from app.compare.xray_figures import blame_figure, inside_figure, score_figure
from app.following import following
from app.i18n import t
from app.lab import lab
from app.settings import settings_form
from app.snippets import show_in_python
from engine.catalog import caption, parts
from engine.comparing.compare import PIECE_TICKS
from engine.comparing.contenders import CONTEXT, RAW, Contender
from engine.comparing.practice import Practice
from engine.comparing.xray import CONTRIBUTIONS, look
from engine.plant.scenario import load_scenario, scenario_names
from engine.records import HOUR_US, iso_time

if TYPE_CHECKING:
    from engine.comparing.stretches import Stretch
    from engine.comparing.xray import Look
    from engine.detectors.base import Detector
    from engine.records import Block

KEY, STATE, WATCHES = "xray", "xray-kept", "xray-watches"
FIRST = "mahalanobis"
WINDOW_S, SCENARIO_WINDOW_TICKS = 1800.0, 360


def choose() -> tuple[Contender, str]:
    """Draw the choice of detector and data; returns the contender and the source."""
    known = {name: cls for name, cls in parts("detector").items() if cls.family != "baseline"}
    which, fed_column, values_column, source_column = st.columns([3, 2, 2, 3], vertical_alignment="bottom")
    name = which.selectbox(
        t("Detector"), list(known), list(known).index(FIRST), format_func=lambda one: known[one].title, key=f"{KEY}-one"
    )
    words = {CONTEXT: t("Context"), RAW: t("Raw")}
    with fed_column:
        fed = st.segmented_control(
            t("Fed with"), list(words), default=CONTEXT, format_func=words.__getitem__, key=f"{KEY}-fed", required=True
        )
    with values_column.popover(t("Parameters"), icon=":material/tune:", width="stretch"):
        values = settings_form(known[name], f"{KEY}/{name}")
    sources = {RUNNING: t("Running plant"), SCENARIO: t("Scenario")}
    with source_column:
        source = st.segmented_control(
            t("Data"), list(sources), default=RUNNING, format_func=sources.__getitem__, key=f"{KEY}-source",
            required=True,
        )  # fmt: skip
    st.caption(
        f"{caption(known[name])} {t('Good at {good}; bad at {bad}.', good=known[name].good_at, bad=known[name].bad_at)}"
    )
    return Contender(name, values, fed_of(name, str(fed))[0]), str(source)


def show_scenario(contender: Contender) -> None:
    """Draw the X-ray of one hour of a practice scenario; its truth stays sealed."""
    what, machine_column, hour_column, moment = st.columns([3, 2, 3, 4], vertical_alignment="bottom")
    titles = {name: load_scenario(name).title for name in scenario_names()}
    name = what.selectbox(t("Scenario"), list(titles), format_func=titles.__getitem__, key=f"{KEY}-scenario")
    stretch = _stretch(str(name))
    machine = machine_column.selectbox(t("Machine"), stretch.judged.machines, key=f"{KEY}-machine-{name}")
    hour = hour_column.slider(t("Hour"), 1.0, 24.0, 12.0, 0.5, key=f"{KEY}-hour")
    end = int(np.searchsorted(stretch.judged.times_us, stretch.span.start_us + round(hour * HOUR_US)))
    first = max(0, end - SCENARIO_WINDOW_TICKS)
    with st.spinner(t("{detector} learns what came before…", detector=contender.title)):
        detector, level = _taught(contender, stretch, str(name), first)
    _draw(detector, stretch.judged.ticks(first, max(end, first + 1)), machine, level, contender, _moment(moment))


def show_running(contender: Contender) -> None:
    """Draw the X-ray of the last minutes of the running plant; it follows by itself."""
    following(3.0, _running)(contender)


def _running(contender: Contender) -> None:
    machine_column, moment = st.columns([1, 3], vertical_alignment="bottom")
    machine = machine_column.selectbox(t("Machine"), lab().spec.machines, key=f"{KEY}-machine")
    newest = _moment(moment)
    watches = watches_of((contender,), WATCHES, WINDOW_S)
    if not watches or watches[0].block is None:
        st.info(watches[0].problem if watches and watches[0].problem else t("Waiting for the plant's first readings."))
        return
    watch = watches[0]
    level = float(watch.levels[-1, watch.block.machines.index(machine)])
    # What the watch has learned includes its window, so a copy from before is kept by the watch.
    _draw(watch.before, watch.block, machine, level, contender, newest)


def _moment(column: Any) -> bool:
    """Draw which reading is looked at; returns whether it is the newest one."""
    words = {False: t("Strangest moment"), True: t("Newest reading")}
    return bool(
        column.segmented_control(
            t("Look at"), list(words), default=False, format_func=words.__getitem__, key=f"{KEY}-at", required=True
        )
    )


def _draw(detector: Detector, window: Block, machine: str, level: float, contender: Contender, newest: bool) -> None:
    seen = look(detector, window, machine, len(window) - 1 if newest else None)
    st.plotly_chart(score_figure(seen, window.times_us, level), width="stretch", key=f"{KEY}-score")
    inside, blame = st.columns([5, 3], gap="medium")
    figure, said = inside_figure(seen, level)
    with inside:
        st.markdown(f"##### {t('Inside {detector}', detector=contender.title)}")
        st.plotly_chart(figure, width="stretch", key=f"{KEY}-inside")
        st.caption(said)
    with blame:
        _blame(seen, window, level)
    show_in_python(_code(contender))


def _blame(seen: Look, window: Block, level: float) -> None:
    st.markdown(f"##### {t('Which sensors drive it')}")
    st.plotly_chart(blame_figure(seen), width="stretch", key=f"{KEY}-blame")
    how = t("Contributions of the method itself.") if seen.blame_is == CONTRIBUTIONS else t(
        "The method has no contributions: bars say how far the score falls when a sensor is hidden."
    )  # fmt: skip
    top = seen.sensors[int(np.argmax(seen.blame))].replace("_", " ") if seen.blame.sum() > 0 else t("nobody")
    time = iso_time(int(window.times_us[seen.at]), seconds_only=True)[11:19]
    score = f"{seen.scores[seen.at]:.3g}"
    limit = f"{level:.3g}" if np.isfinite(level) else "–"
    st.caption(
        t("{time}: score {score} (threshold {limit}); most of it from {top}.", time=time, score=score, limit=limit,
          top=top) + " " + how
    )  # fmt: skip


def _stretch(name: str) -> Stretch:
    kept: dict[str, Any] = st.session_state.setdefault(STATE, {})
    if kept.get("name") != name:
        kept.clear()
        kept.update(name=name, stretch=Practice(name, hours=24.0).stretches[0])
    stretch: Stretch = kept["stretch"]
    return stretch


def _taught(contender: Contender, stretch: Stretch, name: str, first: int) -> tuple[Detector, float]:
    """Return the detector as it is before the window, and its threshold; kept while neither changes."""
    kept: dict[str, Any] = st.session_state[STATE]
    key = (name, repr(contender))
    if kept.get("taught") != key or kept["reached"] > first:
        detector = stretch.prepared(contender.make())
        detector.learn(stretch.recent)  # type: ignore[arg-type]
        kept.update(taught=key, detector=detector, reached=0)
    for start in range(kept["reached"], first, PIECE_TICKS):
        kept["detector"].learn(stretch.judged.ticks(start, min(start + PIECE_TICKS, first)))
    kept["reached"] = first
    return kept["detector"], float(kept["detector"].default_threshold)


def _code(contender: Contender) -> str:
    fed = f", fed={contender.fed!r}" if contender.fed != RAW else ""
    return (
        "from engine.comparing.contenders import Contender\n"
        "from engine.comparing.stretches import scenario_stretch\n"
        "from engine.comparing.xray import look\n\n"
        'stretch = scenario_stretch("pump_medium", seed=1)\n'
        f"detector = stretch.prepared(Contender({contender.detector!r}{fed}).make())\n"
        "detector.learn(stretch.judged.ticks(0, 3600))\n"
        "seen = look(detector, stretch.judged.ticks(3600, 3960), stretch.judged.machines[0])\n"
        'print(dict(zip(seen.sensors, seen.blame.round(2))), seen.inside.get("kind"))\n'
    )
