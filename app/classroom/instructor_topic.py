"""The class's Kafka topic: its name, and the button that puts the data of an assignment on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app.classroom.instructor_desk import long_work, school
from app.i18n import t
from app.keys_of_session import DONE_KEY

if TYPE_CHECKING:
    from collections.abc import Callable


def topic_form(name: str) -> None:
    """Draw the topic and the button that fills it."""
    from engine.classroom.topic import topic_name

    with st.expander(t("Kafka topic of the class"), icon=":material/hub:"):
        st.caption(t("Every reading of every variant, in order, keyed by variant and machine; no truth."))
        st.code(topic_name(name), language=None)
        sent = long_work(
            f"topic/{name}", t("Publish the data"), lambda p, c: publish(name, p, c), icon=":material/send:"
        )
        if sent is not None:
            st.session_state[DONE_KEY] = t("{n} readings are on the topic.", n=sent)
            st.rerun()


def publish(name: str, progress: Callable[[float], None], cancelled: Callable[[], bool]) -> int:
    """Send the data of an assignment to its topic; returns how many readings arrived.

    Raises
    ------
    LabError
        When not all of them did.
    """
    from engine.classroom.topic import ClassTopic, topic_name
    from engine.errors import LabError
    from engine.streams.sinks.kafka import Kafka

    sink = Kafka(topic=topic_name(name))
    try:
        ClassTopic(school(), name, sink).publish(progress=progress, cancelled=cancelled)
    finally:
        sink.close()
    if sink.counts.lost:
        why = sink.last_problem or "no broker answers"
        raise LabError(f"{sink.counts.lost:,} readings were not delivered ({why}); start a broker and try again.")
    return sink.counts.delivered
