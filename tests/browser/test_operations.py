"""Alarms, lines and explore with the wind turbine plant, in a real browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.app.served import Served
from tests.browser.conftest import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser
TRUTH = re.compile(rb"overheating|detectable|injection", re.IGNORECASE)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The wind turbine plant, quick enough that a fault shows within seconds."""
    folder = tmp_path_factory.mktemp("operations") / "home"
    with Served(folder, FAULTLAB_PLANT="wind_turbine", FAULTLAB_SPEED="60") as served:
        yield served


def test_a_fault_becomes_alarms_that_a_student_sees_and_staff_acknowledge(visit):
    """And nothing that reaches the student says what was done."""
    student, instructor = visit("alarms"), visit("alarms", role="instructor")
    student.get_by_role("heading", name="Alarms", exact=True).wait_for()
    fault = {"machine": "turbine-line-1", "fault": "overheating", "severity": 1.0, "ramp_s": 60, "duration_s": 7200}
    assert instructor.request.post("/api/v1/injections", data=fault).status == 201

    board = student.locator(".board")
    wait_until(student, lambda: "turbine-line-1" in board.first.inner_text(), 90)
    wait_until(student, lambda: "raised" in board.first.inner_text(), 10)
    assert student.get_by_role("button", name="Acknowledge").count() == 0

    instructor.get_by_role("button", name="Acknowledge").click()
    wait_until(instructor, lambda: "acknowledged" in instructor.locator(".board").first.inner_text(), 20)
    assert [hit.group() for data in student.traffic["script"] if (hit := TRUTH.search(data))] == []


def test_sound_is_muted_at_first_and_can_be_heard_on_demand(visit):
    page = visit("alarms")
    sound = page.locator(".sound")
    sound.get_by_role("button", name="Sound off").wait_for()

    sound.get_by_role("button", name="Sound off").click()
    sound.get_by_role("button", name="Sound on").wait_for()
    sound.get_by_role("button", name="Hear it").click()

    wait_until(page, lambda: sound.get_attribute("data-played") == "1", 5)


def test_the_load_is_held_against_the_standard(visit):
    page = visit("alarms")

    page.get_by_role("radio", name="Load").or_(page.get_by_role("button", name="Load")).first.click()

    page.get_by_text("ANSI/ISA-18.2-2016").wait_for()
    text = page.locator(".board", has_text="Worst ten minutes").inner_text()
    assert "Worst ten minutes" in text
    assert "≤ 150" in text


def test_lines_show_status_history_and_export(visit):
    page = visit("lines")
    page.get_by_text("Slow Swallow Blades").wait_for()
    cards = page.locator(".board .cards .card")
    wait_until(page, lambda: cards.count() == 2, 20)
    assert "blade" in cards.first.inner_text()
    wait_until(page, lambda: "isolation_forest v1" in cards.first.inner_text(), 60)
    page.get_by_text("Correlation of sensors").wait_for()

    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()

    text = download.value.path().read_text(encoding="utf-8")
    assert text.startswith("timestamp,machine_id,maintenance_status,temperature,humidity,sound_level")
    assert "turbine-line-2" not in text


def test_a_question_in_sql_is_answered_and_a_forbidden_one_is_refused_in_a_sentence(visit):
    page = visit("explore")
    page.get_by_role("combobox", name="Examples").click()
    page.get_by_role("option", name="One sensor, minute by minute").click()
    page.locator(".js-plotly-plot").wait_for()
    page.get_by_role("button", name="Download CSV").wait_for()

    box = page.get_by_role("textbox", name="Your question in SQL")
    box.fill("SELECT * FROM journal")
    page.get_by_role("button", name="Run", exact=True).click()

    alert = page.get_by_test_id("stAlert")
    alert.wait_for()
    assert "journal" in alert.inner_text()
    assert "Traceback" not in page.content()
