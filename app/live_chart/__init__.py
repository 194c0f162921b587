"""The live component: a small loader that Streamlit carries, and the drawing code it imports from /assets.

Python hears from it only when a person acts: a machine chosen, an interval marked, an alarm acknowledged.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.component_loader import loader
from app.i18n import t

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).parent
WINDOWS_S = (60, 300, 900, 1800, 3600, 7200)
DEFAULT_WINDOW_S = 900

LOADER = loader("assets/live.js", "#live", "The live view could not start")

_component = st.components.v2.component(
    "faultlab_live", html='<div id="live"></div>', js=LOADER, css=(FOLDER / "live.css").read_text(encoding="utf-8")
)


def live_chart(
    *,
    key: str = "live",
    machine: str = "",
    may_acknowledge: bool = False,
    brief: bool = False,
    on_brush: Callable[[], None] | None = None,
    on_acknowledge: Callable[[], None] | None = None,
    url: str = "api/live",
    stage: int = 0,
) -> Any:
    """Draw the live component; its result has `machine`, and for one run `brush` or `acknowledge`.

    Parameters
    ----------
    key
        Key of the component in the session.
    machine
        The machine shown first; "" is the one with most alarms.
    may_acknowledge
        Whether open alarms carry a button.
    brief
        Only the fleet and the first charts, for the first page.
    on_brush, on_acknowledge
        Called when an interval was marked, `{machine, start_us, end_us}`, or an alarm acknowledged, its id.
    url
        The live socket, seen from the page's own address.
    stage
        Number of the stage that the page is drawn for: the page runs again when another one comes; 0 = never.
    """
    data = {
        "url": url,
        "machine": machine,
        "window_s": DEFAULT_WINDOW_S,
        "windows": [[seconds, t("{n} min", n=seconds // 60)] for seconds in WINDOWS_S],
        "stage": stage,
        "may_acknowledge": may_acknowledge,
        "brief": brief,
        "words": words(),
    }
    return _component(
        key=key,
        data=data,
        default={"machine": machine},
        on_machine_change=lambda: None,
        on_stage_change=lambda: None,
        on_brush_change=on_brush or (lambda: None),
        on_acknowledge_change=on_acknowledge or (lambda: None),
    )


def words() -> dict[str, str]:
    """Return every word that the component shows, in the reader's language."""
    return {**_state_words(), **_control_words(), **_legend_words(), **_table_words()}


def _state_words() -> dict[str, str]:
    return {
        "running": t("running"),
        "watch": t("watch"),
        "alarm": t("alarm"),
        "maintenance": t("maintenance"),
        "nodata": t("no data"),
        "warning": t("warning"),
        "critical": t("critical"),
        "link_live": t("live"),
        "link_connecting": t("connecting"),
        "link_waiting": t("connection lost, trying again"),
        "link_hidden": t("resting"),
        "link_stopped": t("stopped"),
        "state_raised": t("raised"),
        "state_acknowledged": t("acknowledged"),
        "state_cleared": t("cleared"),
        "state_shelved": t("shelved"),
        "state_suppressed": t("suppressed"),
        "plant_paused": t("plant paused"),
    }


def _control_words() -> dict[str, str]:
    return {
        "pause": t("Pause view"),
        "resume": t("Back to now"),
        "window": t("Window of plant time"),
        "mark": t("Mark an interval"),
        "mark_help": t("On: a drag marks an interval. Off: a drag looks closer."),
        "back": t("Whole window"),
        "fleet": t("Machines"),
        "speed": t("Speed of the plant"),
        "keys": t("Keys"),
        "keys_help": t(
            "Charts. Arrow keys move the cursor, with Shift they pick a span, Enter looks closer or marks it, "
            "plus and minus zoom, Space pauses, M switches marking, Escape goes back to now."
        ),
        "lanes_hint": t("score as a share of the threshold"),
        "table": t("Data table"),
        "acknowledge": t("Acknowledge"),
    }


def _legend_words() -> dict[str, str]:
    return {
        "legend": t("How to read this"),
        "legend_running": t("running: no detector alarms"),
        "legend_watch": t("watch: one detector alarms"),
        "legend_alarm": t("alarm: at least two agree"),
        "legend_maintenance": t("maintenance"),
        "legend_normal": t("normal range of a sensor"),
        "legend_threshold": t("threshold of a detector (100 %)"),
        "legend_begun": t("on a chart: an alarm began"),
        "legend_median": t("on a card: median of the scores"),
    }


def _table_words() -> dict[str, str]:
    return {
        "alarms_at": t("{n} of {all} in alarm"),
        "watching": t("Detectors"),
        "detector": t("Detector"),
        "sensor": t("Sensor"),
        "state": t("State"),
        "start": t("Start"),
        "end": t("End"),
        "blamed": t("Sensors blamed"),
        "alarm_list": t("Alarms of this machine"),
        "none_yet": t("None so far."),
        "no_readings": t("No readings yet."),
        "normal": t("normal"),
        "outside": t("Beyond a mark or range"),
        "all_normal": t("All sensors are in their normal range"),
        "alarms_of": t("In alarm: {n} of {all} detectors."),
        "no_alarms": t("No detector is in alarm"),
        "now": t("Now"),
        "mean": t("Mean"),
        "lowest": t("Lowest"),
        "highest": t("Highest"),
        "score": t("Score"),
        "threshold": t("Threshold"),
        "above": t("at or above the threshold"),
        "below": t("below the threshold"),
    }
