"""Lessons: predict, experiment on the live engine, practise, answer."""

import streamlit as st

from app.lessons.view import chosen_lesson, show_course, show_lesson
from engine.errors import LabError

try:
    lesson = chosen_lesson()
    if lesson is None:
        show_course()
    else:
        show_lesson(lesson)
except LabError as problem:
    st.error(str(problem))
