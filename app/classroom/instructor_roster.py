"""A roster from another system: read, mapped, previewed, and only then applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app.acting import INSTRUCTOR, acting_as
from app.classroom.instructor_desk import school, table
from app.i18n import t
from app.keys_of_session import DONE_KEY
from engine.classroom.roster import FIELDS, read_roster
from engine.errors import LabError

if TYPE_CHECKING:
    from engine.classroom.roster import Roster

SYSTEMS = {"names": "names", "unknown": "?"}

PIN_KEY = "fresh_pins"  # PINs that are shown once


def import_form() -> None:
    """Draw the import and the export of the roster."""
    empty = not school().people.students()
    with st.expander(t("Roster: import and export"), icon=":material/group_add:", expanded=empty):
        st.caption(
            t("Files of Canvas, Moodle, Brightspace, Autolab and nbgrader are recognised; nobody is ever deleted.")
        )
        file, pasted = st.columns(2)
        upload = file.file_uploader(
            t("Roster file (CSV)"), type=["csv", "txt", "tsv"], max_upload_size=5, key="roster_file"
        )
        text = pasted.text_area(t("… or one name on each line"), height=108, key="roster_names")
        raw: bytes | str | None = upload.getvalue() if upload is not None else (text or None)
        if raw is not None:
            try:
                _preview(raw, upload.name if upload is not None else "names")
            except LabError as problem:
                st.error(str(problem))
        if not empty:
            st.download_button(
                t("This class as a roster"),
                _written,
                "roster.csv",
                "text/csv",
                icon=":material/download:",
            )


def _written() -> str:
    acting_as(INSTRUCTOR)
    return school().roster.write()


def _preview(raw: bytes | str, name: str) -> None:
    found = read_roster(raw, None, name)
    chosen = _mapper(found)
    roster = read_roster(raw, chosen, name) if chosen != found.mapping else found
    st.markdown(t("**{n} people** in a file of kind *{system}*", n=len(roster.rows), system=roster.system))
    table(roster.preview(5))
    if roster.problems:
        st.warning(t("{n} things to look at; they do not stop the import.", n=len(roster.problems)))
        table([{t("Line"): line, t("What"): text} for line, text in roster.problems])
    missing = st.checkbox(t("Mark students who are not in this file as dropped"), key="roster_missing")
    if st.button(t("Import"), type="primary", icon=":material/check:", key="roster_go"):
        _apply(roster, missing)


def _mapper(found: Roster) -> dict[int, str]:
    """Draw one choice for each column of the file."""
    if found.system == "names":
        return found.mapping
    fields = {"": t("(leave out)"), **{name: name.replace("_", " ") for name in FIELDS}}
    chosen = {}
    with st.container(border=True):
        st.caption(t("What is in which column"))
        columns = st.columns(min(5, max(1, len(found.columns))))
        for at, title in enumerate(found.columns):
            known = list(fields).index(found.mapping.get(at, ""))
            key = f"map/{at}/{title}"
            field = columns[at % len(columns)].selectbox(
                title or "?", list(fields), known, format_func=fields.get, key=key
            )
            if field:
                chosen[at] = field
    return chosen


def _apply(roster: Roster, missing: bool) -> None:
    try:
        acting_as(INSTRUCTOR)
        summary = school().apply_roster(roster, mark_missing=missing)
    except LabError as problem:
        st.error(str(problem))
        return
    st.session_state[PIN_KEY] = summary.pins
    st.session_state[DONE_KEY] = t(
        "{added} added, {updated} updated, {dropped} marked as dropped",
        added=len(summary.added),
        updated=len(summary.updated),
        dropped=len(summary.dropped),
    )
    st.rerun()
