"""Streams: the pipeline lab, in which everything that goes wrong between a sensor and a store can be switched on."""

import streamlit as st

from app.i18n import t
from app.snippets import show_in_python
from app.streams.code import lab_code
from app.streams.lessons import lesson_words
from app.streams.outcome import in_words, show_deliveries, show_times
from app.streams.picture import pipeline_picture
from app.streams.switches import choose_lesson, choose_settings
from engine.streams.lab_film import film

st.title(t("Streams"))
st.caption(
    t("From the sensor to the store: switch on what goes wrong on the way, and see what is lost, late or doubled.")
)
lesson = choose_lesson()
if lesson:
    st.info(lesson_words(lesson)[1], icon=":material/visibility:")

switches, picture = st.columns([2, 7], gap="medium")
with switches:
    settings = choose_settings()
run = film(settings)
with picture:
    pipeline_picture(run, lesson or "")
    st.markdown(in_words(run.books))
    st.subheader(t("What each delivery promise makes of it"))
    show_deliveries(settings)
    st.subheader(t("Event time and arrival time"))
    show_times(run)
    show_in_python(lab_code(settings))
