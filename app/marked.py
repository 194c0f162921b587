"""The interval that was marked on the live chart: shown, and editable without any dragging."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.i18n import t
from app.keys_of_session import MARKED_KEY
from app.lab import lab
from engine.records import iso_time


def marked_interval(interval: dict[str, Any] | None) -> None:
    """Draw the marked interval with a still chart of its readings; nothing when there is none."""
    if not interval:
        return
    machine, start, end = interval["machine"], int(interval["start_us"]), int(interval["end_us"])
    with st.container(border=True):
        st.markdown(f"##### {t('Marked interval')}")
        st.markdown(
            t(
                "{machine}: {start} to {end} ({seconds} s of plant time)",
                machine=machine,
                start=iso_time(start, seconds_only=True),
                end=iso_time(end, seconds_only=True),
                seconds=round((end - start) / 1e6),
            )
        )
        _readings(machine, start, end)
        st.button(t("Forget it"), on_click=lambda: st.session_state.pop(MARKED_KEY, None), key="forget_mark")


def _readings(machine: str, start: int, end: int) -> None:
    from app.charts import sensor_chart  # not above: the live page starts without pandas

    block, _ = lab().runner.recent(7200)
    here = (block.times_us >= start) & (block.times_us < end)
    if machine not in block.machines or not here.any():
        st.caption(t("These readings have left the memory; the store still has them."))
        return
    first, last = here.argmax(), len(here) - here[::-1].argmax()
    units = {sensor.name: sensor for sensor in lab().spec.sensors}
    name = st.selectbox(t("Sensor"), block.sensors, key="marked_sensor", format_func=lambda key: units[key].title)
    st.plotly_chart(
        sensor_chart(block.ticks(int(first), int(last)), machine, name, unit=units[name].unit), key="marked_chart"
    )
