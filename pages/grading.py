"""The grading evening: what to look at next, results and marks, regrading, items, copies, gradebook."""

import streamlit as st

from app.access import require_instructor
from app.classroom.instructor_book import book_part
from app.classroom.instructor_desk import choose_part
from app.classroom.instructor_evidence import evidence_part
from app.classroom.instructor_items import items_part
from app.classroom.instructor_marks import marks_part
from app.classroom.instructor_publish import publish_part
from app.classroom.instructor_queue import queue_part
from app.controls import problem_box
from app.i18n import t
from engine.errors import LabError

require_instructor()

st.title(t("Grading"))
problem_box()
PARTS = {
    "queue": (t("Queue"), queue_part),
    "results": (t("Results and marks"), marks_part),
    "publish": (t("Regrade and publish"), publish_part),
    "items": (t("Items"), items_part),
    "evidence": (t("Copies"), evidence_part),
    "gradebook": (t("Gradebook"), book_part),
}
try:
    choose_part(PARTS)()
except LabError as problem:
    st.error(str(problem))
