"""What a student does in the room: call the machine in a round, vote on a question. No truth before the reveal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app.access import viewer
from app.acting import CLASS
from app.classroom.instructor_desk import clock_text, school
from app.controls import command, problem_box
from app.i18n import t
from app.lab import lab
from app.live_chart import live_chart

if TYPE_CHECKING:
    from engine.classroom.people import Person

LIVE_KEY = "room_live"


def room_now() -> None:
    """Draw what the room does at this moment; the page looks again every two seconds."""
    known = viewer().classmate
    person = None if known is None else school().people.get(known)
    if person is None and viewer().teaches:
        st.info(t("This is what students see. Start a round or a question on the page Conductor."))
    elif person is None:
        st.info(
            t("Sign in with the join code, or with your handle and PIN, to take part. The instructor shows the code.")
        )
    problem_box()
    newest = school().conductor.newest()
    st.session_state["room_seen"] = newest
    _watch()
    if newest is None:
        st.caption(t("Nothing is going on. Stay here: rounds and questions appear by themselves."))
    elif newest[1] == "quiz":
        _vote(newest[0], newest[2], person)
    else:
        _round(newest[0], newest[2], person)


@st.fragment(run_every=2.0)
def _watch() -> None:
    """Run the page again when the room has moved on."""
    if school().conductor.newest() != st.session_state.get("room_seen"):
        st.rerun()


def _round(name: str, state: str, person: Person | None) -> None:
    if state == "revealed":
        for event in school().conductor.revealed(name)["events"]:
            fault = event["fault"].replace("_", " ")
            seen = clock_text(event["detectable_from_us"])[11:]
            st.success(
                t(
                    "It was **{fault}** on **{machine}**, to be seen from {time}.",
                    fault=fault,
                    machine=event["machine"],
                    time=seen,
                )
            )
        return
    if state == "paused":
        st.info(t("Paused: look at the screen in front."), icon=":material/pause_circle:")
    elif person is not None:
        _call(name, person)
    st.caption(t("Sealed before the round began: {hash}…", hash=school().conductor.seal(name)[:24]))
    machine = (st.session_state.get(LIVE_KEY) or {}).get("machine") or lab().spec.machines[0]
    live_chart(key=LIVE_KEY, machine=machine, stage=lab().stage.number)


def _call(name: str, person: Person) -> None:
    """Draw one large button for each machine; the server stamps the call with the stream's own time."""
    st.markdown(t("One machine has a fault, now or soon. **Call it when you see it**; wrong calls count too."))
    machines = school().conductor.machines(name)
    for column, machine in zip(st.columns(len(machines)), machines, strict=True):
        if column.button(machine, icon=":material/notification_important:", width="stretch", key=f"call/{machine}"):
            at = lab().runner.snapshot().time_us
            command(
                school().conductor.call, name, person.person, machine, at, by=CLASS, person=person.person,
                done=t("{machine} called.", machine=machine),
            )  # fmt: skip
            st.rerun()
    calls = school().conductor.calls_of(name, person.person)
    st.caption(t("Your calls: {n}. The server's own time counts, not your computer's.", n=calls))


def _vote(name: str, state: str, person: Person | None) -> None:
    asked = school().conductor.question(name)
    st.header(asked["question"])
    if state == "reveal":
        st.success(t("Right: **{answer}**", answer=school().conductor.right_answer(name)))
    stage = {"open": "first", "revote": "second"}.get(state)
    if stage is None:
        words = {
            "lobby": t("The vote opens in a moment."),
            "locked": t("The vote is closed."),
            "discuss": t("Talk to your neighbour, then vote again."),
        }
        if state in words:
            st.info(words[state])
        for option in asked["options"]:
            st.markdown(f"- {option}")
        return
    mine = school().conductor.vote_of(name, person.person, stage) if person is not None else None
    for option in asked["options"]:
        kind = "primary" if option == mine else "secondary"
        key = f"vote/{stage}/{option}"
        if st.button(option, type=kind, width="stretch", disabled=person is None, key=key) and person is not None:
            command(
                school().conductor.vote, name, person.person, option, by=CLASS, person=person.person,
                done=t("Your vote is in."),
            )  # fmt: skip
            st.rerun()
    if mine is not None:
        st.caption(t("Your vote: {answer}. You can change it until the vote is closed.", answer=mine))
