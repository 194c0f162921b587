"""A tone for new alarms: muted at first, made in the browser, and never twice within the cool-down."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from app.i18n import t

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.alarming.records import Alarm

PRIORITIES = ("notice", "warning", "critical")
COOL_DOWNS_S = (10, 30, 60, 300)
_component = st.components.v2.component(
    "faultlab_alarm_sound",
    html='<div class="sound"><button type="button"></button><label><span></span> <select></select></label>'
    '<button type="button" class="test"></button></div>',
    js=Path(__file__).with_name("alarm_sound.js").read_text(encoding="utf-8"),
    css=Path(__file__).with_name("alarm_sound.css").read_text(encoding="utf-8"),
)


def alarm_sound(alarms: Sequence[Alarm], key: str = "alarm_sound") -> None:
    """Draw the switch; alarms that are raised and were not there the last time make the tone of their priority."""
    heard = [[alarm.number, alarm.priority] for alarm in alarms if alarm.state == "raised"]
    words = {
        "on": t("Sound on"),
        "off": t("Sound off"),
        "cool": t("Silence between tones"),
        "test": t("Hear it"),
    }
    choices = [[seconds, t("{n} s", n=seconds)] for seconds in COOL_DOWNS_S]
    _component(key=key, data={"alarms": heard, "words": words, "choices": choices})
