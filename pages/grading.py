"""The grading evening: what to look at next, results and marks, regrading, items, copies, gradebook."""

import streamlit as st

from app.classroom.instructor_book import book_part
from app.classroom.instructor_desk import choose_part, require_staff
from app.classroom.instructor_evidence import evidence_part
from app.classroom.instructor_items import items_part
from app.classroom.instructor_marks import marks_part
from app.classroom.instructor_publish import publish_part
from app.classroom.instructor_queue import queue_part
from app.controls import problem_box
from app.i18n import t
from engine.errors import LabError

who = require_staff()

st.title(t("Grading"))
problem_box()
PARTS = {
    "queue": (t("Queue"), queue_part),
    "results": (t("Results and marks"), marks_part),
    "items": (t("Items"), items_part),
}
FOR_INSTRUCTORS = {  # names, and what the whole class will see
    "publish": (t("Regrade and publish"), publish_part),
    "evidence": (t("Copies"), evidence_part),
    "gradebook": (t("Gradebook"), book_part),
}
try:
    choose_part(PARTS | FOR_INSTRUCTORS if who.teaches else PARTS)()
except LabError as problem:
    st.error(str(problem))
