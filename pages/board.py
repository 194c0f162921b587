"""Boards: handles and baselines only, and how much each board gives away."""

import streamlit as st

from app.access import viewer
from app.classroom.boards import show_board, show_leak, show_what_it_says
from app.classroom.titles import assignment_titles
from app.i18n import t
from app.lab import lab
from engine.errors import AccessError, LabError

OUT = ("released", "published")
who, school = viewer(), lab().classroom
st.title(t("Board"))

try:
    person = who.classmate
    if person is None and not who.teaches:
        st.info(t("Sign in with your handle and PIN to see the boards of your class."))
        st.stop()
    specs = {spec.id: spec for spec, state in school.assignments.all() if spec.board is not None and state in OUT}
    open_ones = assignment_titles(one for one in specs.values() if one.board.show != "nobody" or who.teaches)
    if not open_ones:
        st.info(t("No assignment has a board now."))
        st.stop()
    name = st.selectbox(t("Assignment"), list(open_ones), key="board", format_func=open_ones.get, bind="query-params")
    show_board(school.boards.board(name, viewer=person), specs[name].board, split=specs[name].split is not None)
    show_what_it_says(school.boards.says(name))
    show_leak(school.boards.leak(name))
except AccessError as problem:
    st.info(str(problem))
except LabError as problem:
    st.error(str(problem))
