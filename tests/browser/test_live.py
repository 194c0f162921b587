"""The live page in a browser: it moves, it costs no script runs, it keeps what the person chose."""

from __future__ import annotations

import pytest

from tests.browser.conftest import frames, live_view, span, wait_until

pytestmark = pytest.mark.browser


def drag(page, view, start=0.35, end=0.65, sensor="vibration"):
    """Drag over a part of a chart, as shares of its width."""
    box = view.locator(f'[data-sensor="{sensor}"] canvas').bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, middle)
    page.mouse.down()
    for step in range(1, 6):
        page.mouse.move(box["x"] + box["width"] * (start + (end - start) * step / 5), middle)
    page.mouse.up()


def test_the_plant_moves_ten_times_a_second(visit):
    page = visit("live")
    view = live_view(page)

    before, time = frames(view), view.locator(".time").inner_text()
    page.wait_for_timeout(3000)

    assert 20 <= frames(view) - before <= 40
    assert view.locator(".time").inner_text() != time
    assert view.locator(".card").count() == 5
    assert "running" in view.locator(".card").nth(4).inner_text()


def test_there_are_no_script_runs_while_nobody_acts(visit):
    page = visit("live")
    view = live_view(page)
    page.wait_for_timeout(2000)

    before, drawn = len(page.traffic["script"]), frames(view)
    page.wait_for_timeout(5000)

    assert len(page.traffic["script"]) == before
    assert frames(view) > drawn + 30


def test_zoom_survives_new_data(visit):
    page = visit("live")
    view = live_view(page)

    drag(page, view)
    zoomed = span(view) if view.locator(".back").is_visible() else None
    page.wait_for_timeout(2500)

    assert zoomed is not None
    wait_until(page, lambda: span(view)[1] - span(view)[0] < 400_000)
    now = span(view)
    page.wait_for_timeout(2000)
    assert span(view) == now
    view.locator(".back").click()
    wait_until(page, lambda: span(view)[1] - span(view)[0] == 900_000)


def test_zoom_survives_a_script_run(visit):
    """Choosing a machine reruns the page; what was zoomed stays zoomed."""
    page = visit("live")
    view = live_view(page)
    drag(page, view)
    page.wait_for_timeout(300)
    now = span(view)

    view.locator('[data-machine="MACHINE_003"]').click()
    page.wait_for_timeout(2000)

    assert view.locator("h3").inner_text() == "MACHINE_003"
    assert span(view) == now


def test_a_brushed_interval_comes_back_from_python(visit):
    page = visit("live")
    view = live_view(page)

    view.get_by_role("button", name="Mark an interval").click()
    drag(page, view)

    page.get_by_text("Marked interval").wait_for()
    page.get_by_text("s of plant time").wait_for()
    before = frames(view)
    page.wait_for_timeout(1000)
    assert frames(view) > before


def test_everything_can_be_done_with_keys(visit):
    page = visit("live")
    view = live_view(page)

    view.locator(".plots").focus()
    for _ in range(8):
        page.keyboard.press("Shift+ArrowLeft")
    assert "Vibration" in view.locator(".spoken").inner_text()
    page.keyboard.press("Enter")
    wait_until(page, lambda: span(view)[1] - span(view)[0] < 200_000)
    page.keyboard.press("Escape")
    wait_until(page, lambda: span(view)[1] - span(view)[0] == 900_000)


def test_pause_holds_the_view_and_lets_go_again(visit):
    page = visit("live")
    view = live_view(page)

    view.locator(".pause").click()
    page.wait_for_timeout(300)
    held = span(view)
    page.wait_for_timeout(1500)
    assert span(view) == held

    view.locator(".pause").click()
    wait_until(page, lambda: span(view) > held)


def test_the_window_can_be_chosen(visit):
    page = visit("live")
    view = live_view(page)

    view.locator("select").select_option("60")

    wait_until(page, lambda: span(view)[1] - span(view)[0] == 60_000)


def test_there_is_a_data_table_and_a_summary_in_words(visit):
    page = visit("live")
    view = live_view(page)

    view.get_by_text("Data table").click()

    view.locator(".tables td").first.wait_for()
    assert view.locator(".tables tbody tr").count() >= 7 + 6
    assert "MACHINE_001" in view.locator(".summary").inner_text()


def test_a_hidden_tab_rests_and_wakes(visit):
    page = visit("live")
    live_view(page)
    hide = """(on) => {
        Object.defineProperty(document, "hidden", { value: on, configurable: true })
        document.dispatchEvent(new Event("visibilitychange"))
    }"""

    page.evaluate(hide, True)
    page.wait_for_timeout(500)
    resting = len(page.traffic["live"])
    page.wait_for_timeout(1000)
    assert len(page.traffic["live"]) == resting

    page.evaluate(hide, False)
    wait_until(page, lambda: len(page.traffic["live"]) > resting + 5)


@pytest.mark.slow
def test_eight_tabs_all_stay_live(visit):
    """Six connections to one address is a browser's limit for plain HTTP; sockets do not count."""
    first = visit("live")
    pages = [first] + [first.context.new_page() for _ in range(7)]
    for page in pages[1:]:
        page.goto("/live")
    views = [live_view(page) for page in pages]

    before = [frames(view) for view in views]
    first.wait_for_timeout(3000)

    assert all(frames(view) > was + 5 for view, was in zip(views, before, strict=True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_follow_the_theme(visit, scheme):
    page = visit("live", color_scheme=scheme)
    view = live_view(page)

    colour = view.evaluate("root => getComputedStyle(root).getPropertyValue('--st-background-color').trim()")

    assert colour == {"light": "#ffffff", "dark": "#10171e"}[scheme]
