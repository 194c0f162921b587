"""Grades into the LMS: fill its own file, one column and nothing else, or write a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app.acting import INSTRUCTOR, acting_as
from app.classroom.instructor_desk import choose_assignment, school, table
from app.i18n import t
from engine.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.classroom.gradebook import Filled
    from engine.classroom.gradebook_cells import Missing


def book_part() -> None:
    """Draw both ways out of the house."""
    name = choose_assignment(("released", "published"))
    if name is None:
        return
    words: dict[Missing, str] = {"blank": t("stays empty"), "zero": t("gets 0"), "leave out": t("is left out")}
    missing: Missing = (
        st.radio(t("Who handed in nothing"), list(words), format_func=words.get, horizontal=True, key="book_missing")
        or "blank"
    )
    fill, write = st.columns([3, 2], gap="large")
    with fill:
        _fill(name, missing)
    with write:
        _write(name, missing)


def _fill(name: str, missing: Missing) -> None:
    st.subheader(t("Fill my LMS's file"))
    st.caption(t("Upload what Canvas, Moodle or Brightspace exported: one column is filled, every other byte stays."))
    upload = st.file_uploader(t("Gradebook file"), type=["csv", "txt", "tsv"], max_upload_size=10, key="book_file")
    if upload is None:
        return
    if st.button(t("Fill it"), type="primary", icon=":material/edit_note:", key="book_go"):
        try:
            acting_as(INSTRUCTOR)
            st.session_state["filled"] = (upload.file_id, school().gradebook.fill(name, upload.getvalue(), missing))
        except LabError as problem:
            st.error(str(problem))
    kept = st.session_state.get("filled")
    if kept is not None and kept[0] == upload.file_id:
        _filled(kept[1], upload.name)


def _filled(filled: Filled, file: str) -> None:
    with st.container(horizontal=True):
        st.metric(t("Filled"), len(filled.matched))
        st.metric(t("Theirs, not in our class"), len(filled.not_in_class))
        st.metric(t("Ours, not in their file"), len(filled.not_in_file))
        st.metric(t("Left out"), len(filled.left_out))
    st.download_button(
        t("Download the filled {system} file", system=filled.system.capitalize()),
        filled.content,
        file,
        "text/csv",
        type="primary",
        icon=":material/download:",
    )
    words = t("Filled: the new column {column}.") if filled.added else t("Filled: the column {column}.")
    st.caption(words.format(column=filled.column))
    if filled.not_in_class:
        with st.expander(t("Not in our class: {n}", n=len(filled.not_in_class))):
            st.text(", ".join(filled.not_in_class))
    _listed(t("Not in their file: {n}", n=len(filled.cures)), filled.cures)
    _listed(t("Left out: {n}", n=len(filled.left_out)), filled.left_out)


def _listed(title: str, people: Sequence[tuple[str, str]]) -> None:
    """List who got no cell, and what to do."""
    if people:
        with st.expander(title, expanded=True):
            table([{t("Handle"): handle, t("Why"): why} for handle, why in people])


def _write(name: str, missing: Missing) -> None:
    st.subheader(t("Write a new file"))
    kinds = {
        "canvas": ("Canvas", "canvas.csv"),
        "moodle": ("Moodle", "moodle.csv"),
        "brightspace": ("Brightspace", "brightspace.csv"),
        "long": (t("Long form (nbgrader's columns)"), "long.csv"),
        "lines": (t("One row for each rubric line"), "lines.csv"),
    }
    kind = st.selectbox(t("Kind"), list(kinds), format_func=lambda one: kinds[one][0], key="book_kind")
    if st.button(t("Write it"), icon=":material/draft:", key="book_write"):
        try:
            acting_as(INSTRUCTOR)
            book = school().gradebook
            absent = book.left_out(name, kind, missing)
            st.session_state["written"] = (name, kind, book.write(name, kind, missing), absent)
        except LabError as problem:
            st.error(str(problem))
    kept = st.session_state.get("written")
    if kept is not None and kept[:2] == (name, kind):
        st.download_button(
            t("Download"), kept[2], f"{name}-{kinds[kind][1]}", "text/csv", type="primary", icon=":material/download:"
        )
        st.code("\n".join(kept[2].splitlines()[:5]), language=None)
        _listed(t("Left out: {n}", n=len(kept[3])), kept[3])
    if kind == "moodle":
        st.caption(
            t("In Moodle map e-mail address to e-mail address. One unknown row aborts the import: none is written.")
        )
