"""The plant as it is now: fleet, one machine's sensors, detectors' lanes and alarms, drawn ten times a second."""

import streamlit as st

from app.access import viewer
from app.acting import STAFF
from app.controls import acknowledge, plant_controls, problem_box
from app.i18n import t
from app.intake_view import feed_line
from app.keys_of_session import MARKED_KEY
from app.lab import lab
from app.live_chart import live_chart
from app.marked import marked_interval
from app.snippets import plant_code, show_in_python
from app.watched import choose_plant

who = viewer()
shown = choose_plant("live_plant")
machines = shown.machines

title, controls = st.columns([2, 1], vertical_alignment="bottom")
title.title(t("Live: {plant}", plant=shown.title))
if who.teaches and shown.own and lab().intake.feed is None:
    with controls:
        plant_controls()
problem_box()
if shown.own:
    feed_line()

staff = who.role in STAFF
key = "live" if shown.own else f"live/{shown.name}"
chosen = st.session_state.get(key) or {}
live = live_chart(
    key=key,
    machine=chosen.get("machine") if chosen.get("machine") in machines else machines[0],
    stage=lab().stage.number if shown.own else 0,
    may_acknowledge=shown.own and staff,
    url=shown.live_url,
    on_acknowledge=(lambda: acknowledge(st.session_state[key].get("acknowledge"))) if staff else None,
)
if live.get("brush"):
    st.session_state[MARKED_KEY] = live["brush"]
if shown.own:
    marked_interval(st.session_state.get(MARKED_KEY))

code = plant_code(lab().spec.name, lab().plant.seed if who.teaches else None)
watch = """
import json, urllib.request

address = "http://localhost:8501/api/live/stream?limit=20"     # the same ticks as this page
for line in urllib.request.urlopen(address):
    if line.startswith(b"data: "):
        message = json.loads(line[6:])
        print(message["kind"], message.get("t"))
"""
show_in_python(watch if not who.teaches else f"{watch}\n# or make the same plant yourself\n{code}")
