"""Production lines: how each stands, its last day, its thresholds, and its readings as a file."""

import streamlit as st

from app.controls import problem_box
from app.following import following
from app.i18n import t
from app.lines_history import export_buttons, history
from app.lines_view import PLANT_KEY, about_plant, lines_now, models, thresholds_form
from app.snippets import show_in_python
from app.watched import choose_plant
from engine.errors import LabError

shown = choose_plant(PLANT_KEY)
st.title(t("Lines: {plant}", plant=shown.title))
about_plant()
problem_box()
following(2, lines_now)()

titles = {line.name: line.title or line.name for line in shown.lines.spec.lines}
st.subheader(t("One line in detail"))
chooser, export = st.columns([3, 2], vertical_alignment="bottom")
line = chooser.segmented_control(
    t("Line"), list(titles), default=next(iter(titles)), format_func=titles.get, key=f"line/{shown.name}", required=True
) or next(iter(titles))
with export:
    export_buttons(line)

past, marks = st.tabs([t("History"), t("Thresholds")])
try:
    with past:
        following(30, history)(line, models())
    with marks:
        thresholds_form(line)
except LabError as problem:
    st.error(str(problem))

show_in_python("""
import json, urllib.request

with urllib.request.urlopen("http://localhost:8501/api/production-lines") as answer:
    for line in json.load(answer):
        print(line["name"], line["status"], line["readings"])
""")
