"""Compact on the Health page: for instructors, whoever else finds the callback."""

import pytest
from streamlit.testing.v1 import AppTest

from app.keys_of_session import COMPACTING_KEY
from tests.app.conftest import user
from tests.app.test_pages import opened_page


def test_an_instructor_gives_space_back_and_is_told_how_much(running):
    test = opened_page("health", "instructor")

    test.button(key="compact").click().run()
    test.session_state[COMPACTING_KEY].wait(30)
    test.run()

    assert not test.exception
    assert not test.error
    assert "given back to the disk" in test.success[-1].value


@pytest.mark.parametrize("role", ["student", "ta"])
def test_nobody_else_finds_the_button(running, role):
    test = opened_page("health", role)

    assert not test.exception
    assert "compact" not in [button.key for button in test.button]


def page():
    """A page of somebody who calls what the button calls."""
    import streamlit as st

    from app.controls import command, problem_box
    from app.figures import start_compacting

    command(start_compacting)
    st.session_state["started"] = "compacting" in st.session_state
    problem_box()


@pytest.mark.parametrize("role", ["student", "ta"])
def test_who_calls_it_anyway_is_refused(running, role):
    test = AppTest.from_function(page)
    test.user = user(role)

    test.run()

    assert "Only an instructor" in test.error[0].value
    assert not test.session_state["started"]
