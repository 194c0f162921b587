"""An instructor writes a lesson in a browser: copies one, breaks it, mends it, reads it both ways, and proves it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.browser.conftest import settle

pytestmark = pytest.mark.browser
SOURCE = "inverted-clip"


def new_draft(page: Any, name: str, lesson: str | None = None) -> None:
    """Make a draft from the template, or as a copy of a lesson."""
    page.get_by_role("button", name="New draft").click()
    form = page.get_by_test_id("stPopoverBody")
    if lesson:
        form.get_by_text("copy of a lesson").click()
        settle(page)
        form.get_by_role("combobox").click()
        page.get_by_role("option", name=lesson).click()
        settle(page)
    form.get_by_role("textbox").fill(name)
    form.get_by_role("textbox").press("Tab")
    settle(page)
    form.get_by_role("button", name="Make it").click()
    settle(page)
    form.wait_for(state="hidden")


def write(page: Any, text: str) -> None:
    """Put a text into the editor and leave it."""
    page.get_by_role("textbox", name="Text of").fill(text)
    page.keyboard.press("Control+Enter")
    settle(page)


@pytest.mark.slow
def test_a_lesson_is_copied_broken_mended_read_and_proven(visit: Any) -> None:
    page = visit("author", role="instructor")
    settle(page)
    new_draft(page, "30-first")
    new_draft(page, "20-copied", SOURCE)  # the new one is open, not the first in the alphabet
    editor = page.get_by_role("textbox", name="Text of")
    sound = editor.input_value()
    assert "museum-inverted-clip" in sound

    write(page, sound.replace("::: objectives", "::: objectivs"))
    line = sound[: sound.index("::: objectives")].count("\n") + 1
    page.get_by_text("Mistakes: 1").wait_for()
    page.get_by_text(f"{line}  ::: objectivs").wait_for()
    page.get_by_text("did you mean 'objectives'").wait_for()
    write(page, sound)
    page.get_by_text("No mistakes.").wait_for()

    page.get_by_role("tab", name="Preview").click()
    page.get_by_text("Key points").wait_for()
    assert page.get_by_text("For the instructor").count() == 0
    page.get_by_text("as an instructor").click()
    page.get_by_text("For the instructor").wait_for()

    page.get_by_role("tab", name="Prove").click()
    page.get_by_text("Not proven as it stands").wait_for()
    page.get_by_role("button", name="Prove").click()
    page.get_by_text(re.compile("^Proven")).wait_for(timeout=120_000)


def test_a_student_cannot_write_lessons(visit: Any) -> None:
    page = visit("author")

    page.get_by_text("This page is for instructors.").wait_for()
    assert page.get_by_role("button", name="New draft").count() == 0
