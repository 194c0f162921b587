"""The class for its instructors: people, assignments, rubrics, boards, and the page as a student sees it."""

import streamlit as st

from app.access import require_instructor
from app.classroom.instructor_assign import assignments_part
from app.classroom.instructor_boards import boards_part, preview_part
from app.classroom.instructor_desk import choose_part
from app.classroom.instructor_people import people_part
from app.classroom.instructor_rubric import rubric_part
from app.controls import problem_box
from app.i18n import t
from engine.errors import LabError

require_instructor()

st.title(t("Class"))
problem_box()
PARTS = {
    "people": (t("People"), people_part),
    "assignments": (t("Assignments"), assignments_part),
    "rubric": (t("Rubric"), rubric_part),
    "boards": (t("Boards"), boards_part),
    "preview": (t("As a student"), preview_part),
}
try:
    choose_part(PARTS)()
except LabError as problem:
    st.error(str(problem))
