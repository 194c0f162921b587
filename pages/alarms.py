"""Alarms: what stands, what was, how heavy it weighs, and the rules behind it."""

import streamlit as st

from app.access import viewer
from app.alarms_load import PLANT_KEY, history_view, load_view
from app.alarms_rules import deliveries_view, rules_view
from app.alarms_view import standing_view
from app.following import following
from app.i18n import t
from app.snippets import show_in_python
from app.watched import choose_plant

who = viewer()
views = {"standing": t("Standing"), "history": t("History"), "load": t("Load")}
if who.teaches:
    views |= {"rules": t("Rules"), "delivery": t("Deliveries")}

title, chooser = st.columns([1, 2], vertical_alignment="bottom")
title.title(t("Alarms"))
with chooser.container(horizontal=True, horizontal_alignment="right"):
    view = st.segmented_control(
        t("View"),
        list(views),
        default="standing",
        format_func=views.get,
        key="alarms_view",
        label_visibility="collapsed",
        bind="query-params",
        required=True,
    )

if view in ("standing", "history"):
    choose_plant(PLANT_KEY)
if view == "history":
    history_view()
elif view == "load":
    following(10, load_view)()
elif view == "rules" and who.teaches:
    rules_view()
elif view == "delivery" and who.teaches:
    following(2, deliveries_view)()
else:
    following(2, standing_view)()

show_in_python("""
import json, urllib.request

with urllib.request.urlopen("http://localhost:8501/api/alarms?limit=20") as answer:     # the newest alarms
    for alarm in json.load(answer):
        print(alarm["number"], alarm["priority"], alarm["machine"], alarm["detector"], alarm["state"])
""")
