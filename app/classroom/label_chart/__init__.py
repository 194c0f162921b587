"""The labelling component: overview with coverage, one machine's sensors one above the other, a lane of own labels.

It draws windows that it fetches from the student's own routes, thinned to the pixels there are, and knows readings
and one's own labels only. Python hears of acts: an interval marked, a label picked or removed, undo and redo.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.component_loader import loader
from app.i18n import t

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.records import Label

FOLDER = Path(__file__).parent
HOURS = (1, 3, 6, 12, 24)

LOADER = loader("label-assets/label.js", "#labeller", "The chart could not start")

_component = st.components.v2.component(
    "faultlab_label",
    html='<div id="labeller"></div>',
    js=LOADER,
    css=(FOLDER / "label.css").read_text(encoding="utf-8"),
)


def label_chart(
    *,
    key: str,
    assignment: str,
    span_us: tuple[int, int],
    machines: Sequence[str],
    sensors: Sequence[Any],
    labels: Sequence[Label],
    titles: dict[str, str],
    seen: Sequence[tuple[str, int, int]],
    selected: int | None,
    on_act: Callable[[], None],
    stream: tuple[int, float] | None = None,
) -> Any:
    """Draw the component; what a person did is `session_state[key]["act"]` while `on_act` runs.

    Parameters
    ----------
    span_us, machines, sensors
        What there is to see; sensors as the plant's data sheet has them.
    labels, titles, selected
        One's own labels in the order of the table, names of their types, and the one that is being edited.
    seen
        (machine, start_us, end_us) that were on screen earlier.
    stream
        With the future hidden: event time reached (µs) and speed; None when all data lies open.
    """
    data = {
        "url": f"api/v1/assignments/{assignment}/window",
        "start": span_us[0] / 1000,
        "end": span_us[1] / 1000,
        "machines": list(machines),
        "sensors": [_sensor(sensor) for sensor in sensors],
        "labels": [_label(label, titles) for label in labels],
        "seen": [[machine, start / 1000, end / 1000] for machine, start, end in seen],
        "selected": selected,
        "hidden": stream is not None,
        "until": None if stream is None else stream[0] / 1000,
        "speed": 0.0 if stream is None else stream[1],
        "windows": [[hours, t("{n} h", n=hours)] for hours in HOURS],
        "words": words(),
    }
    return _component(key=key, data=data, on_act_change=on_act)


def _sensor(sensor: Any) -> dict[str, Any]:
    told = {name: getattr(sensor, name) for name in ("name", "title", "unit", "warning", "critical")}
    return {**told, "normal": list(sensor.normal)}


def _label(label: Label, titles: dict[str, str]) -> dict[str, Any]:
    return {
        "machine": label.machine,
        "start": label.start_us / 1000,
        "end": label.end_us / 1000,
        "title": titles.get(label.fault, label.fault),
        "maybe": label.confidence is not None and label.confidence < 0.75,
    }


def words() -> dict[str, str]:
    """Return every word that the component shows, in this session's language."""
    return {
        "zooming": t("Drag: zoom"),
        "labelling": t("Drag: label"),
        "mode_help": t("Press L to switch between zooming and labelling"),
        "all": t("Whole span"),
        "window": t("Window"),
        "earlier": t("Earlier"),
        "later": t("Later"),
        "nearer": t("Zoom in"),
        "farther": t("Zoom out"),
        "begin": t("Start here"),
        "finish": t("End here"),
        "unseen": t("Next unseen"),
        "seen": t("seen"),
        "seen_help": t("Time that was on screen closely enough to judge: windows of a day or less."),
        "overview": t("Overview: your labels and what you have seen. Press to go there."),
        "lane": t("Your labels"),
        "maybe": t("maybe"),
        "unnamed": t("not named"),
        "maintenance": t("maintenance"),
        "loading": t("loading"),
        "lost": t("The readings could not be loaded; try again in a moment."),
        "now": t("The stream is here"),
        "keys": t("Keys"),
        "table": t("Readings under the cursor"),
        "keys_help": t(
            "Charts. L switches between zooming and labelling. Arrow keys move the cursor, with Shift they pick a "
            "span, Enter looks closer or labels it. Page Up and Page Down go earlier and later, plus and minus zoom, "
            "Home shows everything. Square brackets mark start and end at the cursor. N goes to the next label, Delete "
            "removes the chosen one, Control Z and Control Y undo and redo. Numbers choose a machine, U the next "
            "unseen time."
        ),
    }
