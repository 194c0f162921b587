"""The pipeline lab in a browser: it moves, it can be stopped and stepped, and each switch changes what it says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import wait_until

pytestmark = pytest.mark.browser

PLAIN = {"lost": "0", "late": "0", "doubled": "0", "wrong": "0 / 36", "missed": "0 / 9", "repeats": "0"}


def pipeline(page: Any) -> Any:
    """The picture, once it is drawn."""
    view = page.locator("#pipeline")
    view.locator(".lane").nth(5).wait_for(timeout=30_000)
    return view


def second(view: Any) -> int:
    return int(view.get_attribute("data-second") or -1)


def at_end(page: Any, view: Any) -> dict[str, str]:
    """Go to the end with the button and return the books' figures."""
    view.locator("#end").click()
    wait_until(page, lambda: view.get_attribute("data-playing") == "false")
    return {name: view.locator(f'[data-figure="{name}"] b').inner_text() for name in PLAIN}


def choose(page: Any, lesson: str) -> None:
    """Choose a lesson and wait until its film runs from the beginning."""
    page.get_by_role("radio", name=lesson, exact=True).click()
    view = pipeline(page)
    wait_until(page, lambda: view.get_attribute("data-playing") == "true" and second(view) < 60)


def pick(page: Any, name: str, option: str) -> None:
    """Choose in a list by its name in the settings: open, then take the option."""
    field = page.locator(f'[class*="st-key-pipeline"][class*="{name}"]')
    choice = page.get_by_role("option", name=option).first
    field.scroll_into_view_if_needed()
    for _ in range(5):  # a list closes when the page scrolls or is drawn anew
        field.get_by_role("combobox").first.focus()
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(500)
        if choice.is_visible():
            break
        page.keyboard.press("Escape")
    choice.click(timeout=10_000)


def slide(page: Any, name: str, key: str, times: int = 1) -> None:
    """Move a slider with the keyboard, by its name in the settings."""
    field = page.locator(f'[class*="st-key-pipeline"][class*="{name}"]')
    knob = field.locator('[role="slider"], input[type="range"]').first
    knob.focus(timeout=10_000)
    for _ in range(times):
        page.keyboard.press(key)


def test_the_film_plays_stops_and_steps_by_keyboard(visit: Any) -> None:
    page = visit("streams")
    view = pipeline(page)
    wait_until(page, lambda: second(view) > 5)

    view.locator("#play").focus()
    page.keyboard.press("Space")
    wait_until(page, lambda: view.get_attribute("data-playing") == "false")
    here = second(view)
    page.wait_for_timeout(400)
    assert second(view) == here
    view.locator("#forth").click()
    assert second(view) == here + 1
    view.locator("#slider").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert second(view) == here - 1
    assert f"Second {here - 1}" in view.locator(".spoken").inner_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lesson", "changed"),
    [
        ("All is well", {}),
        ("Disorder", {"late": "50", "wrong": "30 / 36"}),
        ("Slow consumer", {}),
        ("Slow, drops rows", {"lost": "92", "missed": "2 / 9"}),
        ("Outage", {"late": "10"}),
        ("Sent twice", {}),
        ("Crash before commit", {"doubled": "3", "repeats": "1"}),
        ("Crash after commit", {"lost": "3", "missed": "1 / 9"}),
    ],
)
def test_each_lesson_shows_its_trouble(visit: Any, lesson: str, changed: dict[str, str]) -> None:
    page = visit("streams")
    pipeline(page)
    if lesson != "All is well":
        choose(page, lesson)

    books = at_end(page, pipeline(page))

    assert {name: books[name] for name in changed} == changed
    if lesson in ("All is well", "Slow consumer"):
        assert books == PLAIN
    if lesson == "Sent twice":
        assert int(books["doubled"]) > 50
    assert "accounted for" in page.locator("#pipeline .even").inner_text()


def test_patience_and_allowed_lateness_each_save_late_rows(visit: Any) -> None:
    """One costs time, the other corrections."""
    page = visit("streams")
    pipeline(page)
    choose(page, "Disorder")
    assert at_end(page, pipeline(page))["late"] == "50"

    slide(page, "allowed_lateness_s", "ArrowRight", 3)
    view = pipeline(page)
    wait_until(page, lambda: at_end(page, view)["late"] == "0")
    assert "corrections" in view.locator('[data-lane="windows"] .note').inner_text()
    assert view.locator('[data-figure="wrong"] b').inner_text() == "0 / 36"

    slide(page, "allowed_lateness_s", "Home")
    wait_until(page, lambda: at_end(page, view)["late"] == "50")
    slide(page, "out_of_orderness_s", "ArrowRight", 8)
    wait_until(page, lambda: at_end(page, view)["late"] == "0")
    assert view.locator('[data-lane="windows"] .note').inner_text() == ""


def test_queue_policy_and_pace_change_what_is_lost(visit: Any) -> None:
    page = visit("streams")
    pipeline(page)
    choose(page, "Slow consumer")
    view = pipeline(page)
    assert at_end(page, view)["lost"] == "0"

    pick(page, "queue_policy", "drop the newest")
    wait_until(page, lambda: at_end(page, view)["lost"] not in ("0",))
    assert "given up" in view.locator('[data-lane="queue"] .gone').inner_text()
    slide(page, "consumer_rows", "ArrowRight", 2)
    wait_until(page, lambda: at_end(page, view)["lost"] == "0")


def test_delivery_decides_what_a_crash_and_an_outage_cost(visit: Any) -> None:
    page = visit("streams")
    pipeline(page)
    choose(page, "Crash before commit")
    view = pipeline(page)
    assert at_end(page, view)["doubled"] == "3"

    pick(page, "delivery", "effectively once")
    wait_until(page, lambda: at_end(page, view)["doubled"] == "0")
    assert at_end(page, view)["lost"] == "0"
    pick(page, "delivery", "at most once")
    wait_until(page, lambda: at_end(page, view)["lost"] == "3")
    page.get_by_text("Crash of the consumer", exact=True).click()
    wait_until(page, lambda: at_end(page, view)["lost"] == "0")
    page.get_by_text("Outage", exact=True).last.click()
    wait_until(page, lambda: at_end(page, view)["lost"] == "60")


def test_delay_duplicates_and_disorder_change_the_network(visit: Any) -> None:
    page = visit("streams")
    view = pipeline(page)

    slide(page, "delay_s", "ArrowRight", 5)
    wait_until(page, lambda: view.locator('[data-lane="network"] .big').inner_text() == "15", 20)
    slide(page, "duplicates", "ArrowRight", 4)
    wait_until(page, lambda: at_end(page, view) == PLAIN and "copies" in note(view, "network"))
    slide(page, "disorder_s", "ArrowRight", 9)
    wait_until(page, lambda: int(at_end(page, view)["late"]) > 0)


def note(view: Any, lane: str) -> str:
    return str(view.locator(f'[data-lane="{lane}"] .note').inner_text())
