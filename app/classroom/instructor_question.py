"""A live question: vote, see, talk with your neighbour, vote again, reveal."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.charts import OKABE_ITO
from app.classroom.instructor_desk import school
from app.controls import command
from app.i18n import t
from engine.classroom.conductor import Tally

QUESTION_KEY = "question_shown"
NEXT = {"lobby": "open", "open": "locked", "locked": "discuss", "discuss": "revote", "revote": "reveal"}


def question_part() -> None:
    """Draw the form, the question that runs, or the last one revealed."""
    newest = school().conductor.newest()
    if newest is not None and newest[1] == "quiz" and newest[2] != "reveal":
        st.session_state[QUESTION_KEY] = newest[0]
    name = st.session_state.get(QUESTION_KEY)
    if name is None:
        _ask_form()
    else:
        _question(name)


def _ask_form() -> None:
    with st.form("question", border=True):
        ask = st.text_area(t("Question"), t("Which sensor of a pump shows a failing bearing first?"), height=80)
        text = st.text_area(
            t("Options, one on each line"), "temperature\nvibration\nbearing_temperature\npressure", height=130
        )
        with st.expander(t("The right one: open this away from the projector"), icon=":material/visibility_off:"):
            right = st.number_input(t("The right one is on line"), 1, 12, 2, key="question-right")
        seconds = st.number_input(t("Seconds to vote"), 10, 600, 90, 10)
        if st.form_submit_button(
            t("Put it to the room"), type="primary", icon=":material/how_to_vote:", width="stretch"
        ):
            options = [line.strip() for line in text.splitlines() if line.strip()]
            if len(options) < 2 or right > len(options) or not ask.strip():
                st.error(t("A question needs text, at least two options, and the line of the right one."))
                return
            name = command(school().conductor.ask, ask.strip(), options, options[int(right) - 1], float(seconds))
            st.session_state[QUESTION_KEY] = name
            st.rerun()


def _question(name: str) -> None:
    state, asked = school().conductor.state(name), school().conductor.question(name)
    st.header(asked["question"])
    _steps(name, state)
    if state == "reveal":
        st.success(t("Right: **{answer}**", answer=school().conductor.right_answer(name)))
        _bars(name, asked["options"])
        if st.button(t("New question"), type="primary", icon=":material/replay:", key="question_new"):
            st.session_state.pop(QUESTION_KEY, None)
            st.rerun()
        return
    _count(name)
    if state in ("locked", "discuss", "revote"):
        _bars(name, asked["options"])
    else:
        for option in asked["options"]:
            st.markdown(f"- {option}")


def _steps(name: str, state: str) -> None:
    labels = {
        "open": t("Open the vote"),
        "locked": t("Close the vote"),
        "discuss": t("Talk to your neighbour"),
        "revote": t("Vote again"),
        "reveal": t("Reveal"),
    }
    shown = {
        "lobby": t("waiting"),
        "open": t("first vote"),
        "locked": t("vote closed"),
        "discuss": t("talk to your neighbour"),
        "revote": t("second vote"),
        "reveal": t("revealed"),
    }
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(shown[state], color="green" if state in ("open", "revote") else "gray")
        following = NEXT.get(state)
        if following and st.button(labels[following], type="primary", shortcut="n", key=f"to-{following}"):
            command(school().conductor.set_state, name, following)
            st.rerun()
        if state in ("locked", "discuss") and st.button(t("Reveal now"), key="to-reveal-now"):
            command(school().conductor.set_state, name, "reveal")
            st.rerun()


@st.fragment(run_every=1.0)
def _count(name: str) -> None:
    state = school().conductor.state(name)
    stage = "second" if state == "revote" else "first"
    voted, of = school().conductor.tally(name, stage).voted, len(school().people.students())
    st.progress(min(1.0, voted / of) if of else 0.0, text=t("{n} of {of} have voted", n=voted, of=of))


def _bars(name: str, options: list[str]) -> None:
    first = school().conductor.tally(name, "first")
    second = (
        school().conductor.tally(name, "second")
        if school().conductor.state(name) == "reveal"
        else Tally("second", 0, ())
    )
    st.plotly_chart(_figure(options, first, second), key="votes", config={"displayModeBar": False})
    told = ", ".join(f"{option}: {count}" for option, count in first.counts)
    again = ", ".join(f"{option}: {count}" for option, count in second.counts) if second.voted else ""
    st.caption(
        t("First vote: {counts}.", counts=told) + (" " + t("Second vote: {counts}.", counts=again) if again else "")
    )


def _figure(options: list[str], first: Tally, second: Tally) -> Any:
    import plotly.graph_objects as go

    figure = go.Figure()
    for at, (tally, title) in enumerate(((first, t("first vote")), (second, t("second vote")))):
        if tally.voted or at == 0:
            heights = [0 if shown == "0" else 2.5 if shown.startswith("<") else int(shown) for _, shown in tally.counts]
            pattern = {"color": OKABE_ITO[(5, 2)[at]], "pattern_shape": ("", "/")[at]}
            figure.add_bar(
                y=options,
                x=heights,
                text=[shown for _, shown in tally.counts],
                name=title,
                orientation="h",
                marker=pattern,
            )
    figure.update_layout(
        height=80 + 70 * len(options),
        margin={"l": 8, "r": 8, "t": 8, "b": 30},
        legend={"orientation": "h"},
        font={"size": 17},
    )
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_xaxes(title=t("votes (small counts as <5)"))
    return figure
