"""Work beside a page: whatever becomes of it, the page says so, once."""

import logging

import pytest
from streamlit.testing.v1 import AppTest

from app.jobs import Job
from engine.errors import LabError


def ended(work):
    """Return a job of that work that has ended."""
    job = Job(work).start()
    job.wait(30)
    return job


@pytest.mark.parametrize(
    "defect", [KeyError("secret path /home/zoe"), ZeroDivisionError(), RecursionError(), SystemExit(3)]
)
def test_a_defect_is_a_sentence_for_who_waits_and_a_traceback_in_the_log(defect, caplog):
    def work(progress, cancelled):
        raise defect

    with caplog.at_level(logging.ERROR):
        job = ended(work)

    assert not job.running
    assert job.outcome is None
    assert "defect of the lab" in str(job.problem)
    assert "zoe" not in str(job.problem)
    assert caplog.records[-1].exc_info[1] is defect


def test_a_refusal_keeps_its_own_words():
    def work(progress, cancelled):
        raise LabError("Choose fewer rows.")

    assert str(ended(work).problem) == "Choose fewer rows."


def page():
    """A page that forgets to take what came of its work."""
    import streamlit as st

    from app.jobs import show_progress

    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    show_progress(st.session_state["job"], "some")


def test_a_page_that_does_not_take_the_outcome_runs_once_more_and_not_for_ever():
    def work(progress, cancelled):
        raise KeyError

    test = AppTest.from_function(page)
    test.session_state["job"] = ended(work)

    test.run()

    assert test.session_state["runs"] == 2
    assert "defect of the lab" in test.error[0].value
