"""What instructors can do, and what never reaches a student."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import live_view, wait_until

pytestmark = pytest.mark.browser
TRUTH = re.compile(rb"bearing_failure|bearing failure|detectable|truth|journal|injection", re.IGNORECASE)


def inject(page, machine):
    page.get_by_role("heading", name="Break a machine").wait_for()
    page.get_by_role("combobox", name=re.compile("^Machine$|Selected MACHINE.*Machine$")).first.click()
    page.get_by_role("option", name=machine).click()
    page.get_by_test_id("stMainBlockContainer").get_by_role("button", name="Inject").click()
    page.get_by_test_id("stToast").wait_for()


def test_an_injected_bearing_failure_is_visible_and_alarmed_by_two_detectors_within_two_minutes(visit):
    """And the student who watches it happen gets sensors and alarms, no truth, in all traffic."""
    student = visit("live")
    view = live_view(student)
    view.locator('[data-machine="MACHINE_002"]').click()
    instructor = visit("inject", role="instructor")

    inject(instructor, "MACHINE_002")

    card = view.locator('[data-machine="MACHINE_002"]')
    wait_until(student, lambda: "alarm" in card.locator(".state").inner_text(), 120)
    wait_until(student, lambda: view.locator(".alarms tr.open").count() >= 2, 10)
    wait_until(student, lambda: "In alarm" in view.locator(".summary").inner_text(), 5)
    for path in ("/", "/health"):
        student.goto(path)
        student.get_by_role("heading", level=1).wait_for()
    answers = [student.request.get(path).body() for path in ("/api/health", "/api/live/stream?limit=5")]
    traffic = student.traffic["live"] + student.traffic["script"] + answers
    assert len(student.traffic["live"]) > 50
    assert [found.group() for message in traffic if (found := TRUTH.search(message))] == []

    alarm = live_view(open_live(instructor))
    alarm.locator('[data-machine="MACHINE_002"]').click()
    alarm.get_by_role("button", name="Acknowledge").first.click()
    wait_until(instructor, lambda: "acknowledged" in alarm.locator(".alarms").inner_text())


def open_live(page):
    page.goto("/live")
    return page


@pytest.mark.parametrize("address", ["inject", "inject?mode=instructor&role=instructor"])
def test_a_student_cannot_reach_the_inject_page(visit, address):
    page = visit(address)

    page.get_by_text("This page is for instructors.").wait_for()
    link = page.get_by_role("link", name="Sign in with the pass phrase").get_attribute("href")
    assert link.startswith("login?back=inject"), "and back to here"

    assert page.get_by_text("Break a machine").count() == 0
    assert page.get_by_role("link", name="Inject").count() == 0


def test_a_student_has_no_button_that_stops_the_plant(visit):
    page = visit("live")
    view = live_view(page)

    assert page.get_by_role("button", name="Pause the plant").count() == 0
    assert view.get_by_role("button", name="Acknowledge").count() == 0


def test_an_instructor_pauses_and_runs_the_plant_for_all(visit):
    student, instructor = visit("live"), visit("live", role="instructor")
    view = live_view(student)

    instructor.get_by_role("button", name="Pause the plant").click()
    wait_until(student, lambda: view.locator(".speed").inner_text() == "plant paused")

    instructor.get_by_role("button", name="Run the plant").click()
    wait_until(student, lambda: view.locator(".speed").inner_text() == "×10")
