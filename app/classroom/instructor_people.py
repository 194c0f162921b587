"""People of the class: join code, list, what is done to a person."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import streamlit as st

from app.acting import INSTRUCTOR, acting_as
from app.classroom.instructor_desk import school, table, who
from app.classroom.instructor_roster import PIN_KEY, import_form
from app.controls import command
from app.i18n import t
from app.keys_of_session import DONE_KEY
from app.lab import lab
from engine.classroom.csv_text import csv_rows, guarded

if TYPE_CHECKING:
    from engine.classroom.people import Person


def people_part() -> None:
    """Draw the part of the page about people."""
    everybody = school().people.all()
    _head(everybody)
    fresh_pins()
    chosen = _list(everybody)
    if chosen:
        _acts(chosen)
    import_form()


def _head(everybody: list[Person]) -> None:
    students = [p for p in everybody if p.role == "student" and not p.dropped and not p.erased]
    code, counts = st.columns([2, 3], gap="large", vertical_alignment="center")
    with code.container(border=True):
        st.caption(t("Join code: students without an entry in the roster sign in with it"))
        shown, new = st.columns([3, 2], vertical_alignment="center")
        shown.markdown(
            f"<span style='font-size:2.4rem;font-weight:700;letter-spacing:.2em'>{school().people.join_code()}</span>",
            unsafe_allow_html=True,
        )
        if new.button(t("New code"), icon=":material/refresh:", help=t("Whoever is in the class stays in.")):
            command(school().people.new_join_code)
            st.rerun()
        st.toggle(
            t("People can join by code"), school().people.joining, key="joining",
            on_change=lambda: command(school().people.open_joining, st.session_state["joining"], who()),
        )  # fmt: skip
    with counts.container(horizontal=True):
        st.metric(t("Students"), len(students))
        st.metric(t("Assistants and instructors"), sum(p.role != "student" for p in everybody))
        st.metric(t("Dropped"), sum(p.dropped for p in everybody))
        st.metric(t("With extra time"), sum(p.extra_time > 1 for p in students))
        if st.button(
            t("Sign out all with the pass phrase"), icon=":material/logout:", key="phrase_sign_out",
            help=t("Ends every sign-in with the pass phrase, this one too; the phrase stays."),
        ):  # fmt: skip
            command(lab().sign_ins.end_phrase)
            st.rerun()


def fresh_pins() -> None:
    """Show PINs that were just made; they are not kept anywhere in readable form."""
    pins: dict[str, str] = st.session_state.get(PIN_KEY, {})
    if not pins:
        return
    with st.container(border=True):
        st.markdown(
            t("**New PINs, shown this once.** Hand them out or keep the file; the lab stores only their hashes.")
        )
        text = csv_rows([["handle", "pin"], *([guarded(handle), pin] for handle, pin in pins.items())])
        if len(pins) <= 3:
            st.code("\n".join(f"{handle}   {pin}" for handle, pin in pins.items()), language=None)
        with st.container(horizontal=True):
            st.download_button(t("PINs as CSV"), text, "pins.csv", "text/csv", icon=":material/download:")
            st.button(t("I have them"), on_click=lambda: st.session_state.pop(PIN_KEY, None), key="pins_done")


def _list(everybody: list[Person]) -> list[Person]:
    names = st.toggle(t("Show names"), key="show_names", help=t("Off while the screen is projected."))
    shown = [p for p in everybody if not p.erased]
    if not shown:
        st.info(t("Nobody is here yet. Read a roster below, or show the join code to the room."))
        return []
    st.caption(t("Choose rows to give PINs, labels or roles, to drop, export or erase."))
    picked = table(
        [_row(p, names) for p in shown], on_select="rerun", selection_mode="multi-row", key="people_list", height=330
    )
    return [shown[at] for at in picked.selection.rows if at < len(shown)]


def _row(person: Person, names: bool) -> dict[str, object]:
    roles = {"student": t("student"), "ta": t("teaching assistant"), "instructor": t("instructor")}
    own = {t("Name"): person.name or f"{person.first_name} {person.last_name}".strip(), t("E-mail"): person.email}
    ids = {t("Student ID"): person.student_id, t("Login"): person.login}
    return {
        t("Handle"): person.handle,
        **(own if names else {}),
        t("Section"): person.section,
        t("Labels"): ", ".join(person.labels),
        t("Role"): roles[person.role],
        **(ids if names else {}),
        t("State"): t("dropped") if person.dropped else t("in class"),
    }


def _acts(chosen: list[Person]) -> None:
    people = school().people
    with st.container(border=True):
        st.markdown(t("**{n} chosen**: {handles}", n=len(chosen), handles=", ".join(p.handle for p in chosen[:8])))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if st.button(t("New PIN"), icon=":material/pin:"):
                made = command(lambda: {p.handle: people.new_pin(p.person) for p in chosen})
                st.session_state[PIN_KEY] = made or {}
                st.rerun()
            _drop(chosen)
            _labels(chosen)
            _role(chosen)
            _sign_out(chosen)
            _export(chosen)
            _erase(chosen)


def _drop(chosen: list[Person]) -> None:
    gone = all(p.dropped for p in chosen)
    if st.button(t("Take back") if gone else t("Drop"), icon=":material/person_remove:", help=t("Nothing is deleted.")):
        for person in chosen:
            command(school().people.drop, person.person, dropped=not gone)
        st.rerun()


def _labels(chosen: list[Person]) -> None:
    with st.popover(t("Labels"), icon=":material/label:"):
        st.caption(t('"extra time 1.25" gives a quarter more time. Students never see labels of others.'))
        text = st.text_input(t("Labels, separated by semicolons"), "; ".join(chosen[0].labels), key="labels_text")
        if st.button(t("Set labels"), key="labels_go"):
            labels = [one.strip() for one in text.split(";") if one.strip()]
            for person in chosen:
                command(school().people.set_labels, person.person, labels)
            st.rerun()


def _role(chosen: list[Person]) -> None:
    with st.popover(t("Role"), icon=":material/badge:"):
        roles = {"student": t("student"), "ta": t("teaching assistant"), "instructor": t("instructor")}
        role = st.radio(t("Role"), list(roles), format_func=roles.get, key="role_choice")
        if st.button(t("Set role"), key="role_go"):
            for person in chosen:
                command(school().people.set_role, person.person, role)
            st.rerun()


def _sign_out(chosen: list[Person]) -> None:
    words = t("Ends their sign-ins, open tabs and tokens on every computer; their PINs stay.")
    if st.button(t("Sign out"), icon=":material/logout:", key="people_sign_out", help=words):
        for person in chosen:
            command(school().people.sign_out, person.person, who())
        st.session_state[DONE_KEY] = t("{n} people are signed out everywhere.", n=len(chosen))
        st.rerun()


def _export(chosen: list[Person]) -> None:
    def everything() -> str:
        acting_as(INSTRUCTOR)
        documents = [school().people.export(p.person) for p in chosen]
        return json.dumps(documents, indent=1, ensure_ascii=False, default=str)

    st.download_button(
        t("Export"),
        everything,
        "people.json",
        "application/json",
        icon=":material/download:",
        help=t("Everything that is kept about these people, for them to have."),
    )


def _erase(chosen: list[Person]) -> None:
    with st.popover(t("Erase"), icon=":material/delete_forever:"):
        st.warning(t("Names, e-mails, ids, handles, drafts and tokens go for good; anonymous work and scores stay."))
        sure = st.text_input(t("Write ERASE to go on"), key="erase_sure")
        if st.button(t("Erase {n} people", n=len(chosen)), disabled=sure != "ERASE", key="erase_go"):
            for person in chosen:
                command(school().people.erase, person.person)
            st.session_state[DONE_KEY] = t("{n} people are erased.", n=len(chosen))
            st.rerun()
