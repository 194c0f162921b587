"""The frame around every page: titles, addresses, the first screen, small screens."""

from __future__ import annotations

import pytest

from tests.browser.conftest import frames, live_view, wait_until

pytestmark = pytest.mark.browser
# In one call: a detector that comes later draws cards and charts anew.
LOWEST = "(root, kind) => Math.max(...[...root.querySelectorAll(kind)].map((e) => e.getBoundingClientRect().bottom))"
PHONE = {"width": 390, "height": 844}


def test_the_first_page_shows_the_plant_alive_and_what_to_press(visit):
    page = visit("")
    view = live_view(page)

    before = frames(view)
    wait_until(page, lambda: frames(view) > before + 5)
    assert view.evaluate(LOWEST, ".card") < page.viewport_size["height"]
    page.get_by_role("button", name="1 · Watch the plant").click()

    page.wait_for_url("**/live")


def test_the_first_screen_of_the_live_page_holds_every_chart_and_the_detectors(visit):
    """Nobody scrolls on a projector of 1280 × 720."""
    page = visit("live")
    view = live_view(page)

    assert view.evaluate("root => root.querySelectorAll('.tile').length") == 7 + 2  # sensors, lanes, legend
    assert view.evaluate(LOWEST, ".tile") <= page.viewport_size["height"]


def test_a_pointer_on_a_chart_reads_all_charts_at_that_time(visit):
    page = visit("live")
    view = live_view(page)
    view.locator(".pause").click()
    value = view.locator('[data-sensor="vibration"] .value')
    time = view.locator(".time")
    newest, last = value.inner_text(), time.inner_text()

    view.locator('[data-sensor="pressure"] canvas').hover(position={"x": 90, "y": 30})

    wait_until(page, lambda: time.inner_text() < last)
    assert "picked" in time.get_attribute("class")
    wait_until(page, lambda: value.inner_text() != newest)


def test_each_page_names_itself_in_the_browsers_tab(visit):
    page = visit("live")
    wait_until(page, lambda: page.title() == "Live · FaultLab")
    page.goto("/alarms")
    wait_until(page, lambda: page.title() == "Alarms · FaultLab")


def test_the_word_home_is_an_address_too(visit):
    page = visit("home")

    live_view(page)

    assert page.get_by_text("Page not found").count() == 0


def test_the_language_is_chosen_above_the_page(visit):
    page = visit("")
    live_view(page)

    page.locator(".st-key-top").get_by_role("combobox").click()
    page.get_by_role("option", name="Deutsch").click()

    page.get_by_role("button", name="1 · Die Anlage ansehen").wait_for()


@pytest.mark.parametrize("path", ["", "live", "alarms", "upload"])
def test_a_phone_scrolls_down_only(visit, path):
    page = visit(path)
    page.set_viewport_size(PHONE)
    page.get_by_role("heading", level=1).wait_for()

    wait_until(page, lambda: page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390)
