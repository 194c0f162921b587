"""The instructor puts another plant on stage, in a real browser: those who watch see it, and so does the next start."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.app.served import Served
from tests.browser.conftest import live_view, settle, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A lab of its own: its plant changes."""
    with Served(tmp_path_factory.mktemp("choice") / "home") as served:
        yield served


@pytest.mark.slow
def test_a_plant_is_chosen_on_the_home_page_and_everybody_sees_it(visit, server):
    student, instructor = visit("live"), visit("", role="instructor")
    live_view(student)
    assert student.get_by_role("heading", name="Live: Pump station").count() == 1
    # The expander opens by a click that must not be lost while the script still runs.
    chooser, start = (
        instructor.get_by_text("Choose the plant"),
        instructor.get_by_role("button", name="Start a new run"),
    )
    instructor.get_by_role("button", name="1 · Show the plant").wait_for(timeout=30_000)
    chooser.click()
    start.wait_for()
    settle(instructor)

    # by keys: a list that opened while the page still scrolls closes again under the pointer
    instructor.get_by_role("combobox", name="Plant").focus()
    instructor.keyboard.type("Wind")
    instructor.get_by_role("option", name="Wind turbine parts (wind_turbine").wait_for()
    instructor.keyboard.press("Enter")
    start.click()

    student.get_by_role("heading", name="Live: Wind turbine parts").wait_for(timeout=60_000)
    wait_until(student, lambda: student.locator("#live [data-machine=turbine-line-1]").count() == 1, 30)
    assert student.locator("#live [data-machine=MACHINE_001]").count() == 0
    assert server.get("/api/current-status")["plant"]["name"] == "wind_turbine"
    assert student.get_by_text("Choose the plant").count() == 0

    server.end_with(signal.SIGTERM)
    server.launch()
    server.wait_until_ready()
    assert server.get("/api/plants")[0]["name"] == "wind_turbine"
