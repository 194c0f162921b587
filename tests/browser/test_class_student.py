"""A student's evening in a browser: everything is opened and used, and nothing that comes back holds the truth."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from engine.classroom.assignments import Sealed
from engine.classroom.gate import Gate, GateRow
from engine.classroom.opening import open_class
from tests.app.served import Served
from tests.browser.conftest import SIZE, listen, sign_in, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser
TEXT = """
version: 1
id: {name}
title: {title}
mode: graded
submit: labels
plant: {{machines: [MACHINE_001, MACHINE_002], days: {days}, rate_hz: {rate}, events: 6, level: easy}}
variants: {variants}
when:
  release: {release} UTC
  credit:
    - {{until: {due}, percent: 100}}
rubric: interval-v1
{more}"""
BOARD = "split: {public: 0.5, by: event}\nboard: {show: handles, step: 0.1}\n"


@dataclass
class Evening:
    """A served class with a student and an assistant, and what must never be seen."""

    served: Served
    handle: str
    pin: str
    assistant: tuple[str, str]
    secrets: list[bytes]


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    folder = tmp_path_factory.mktemp("class") / "home"
    with open_class(folder) as school:
        person, pin = school.people.add()
        assistant, pin_of_assistant = school.people.add("ta")
        secrets = [_made(school, person.person, *one) for one in _assignments()]
    secrets.append([(folder / "vault.duckdb").name.encode()])
    with Served(folder) as served:
        sealed = [one for group in secrets for one in group]
        yield Evening(served, person.handle, pin, (assistant.handle, pin_of_assistant), sealed)


def _assignments() -> list[tuple[str, str]]:
    now = datetime.now(UTC)
    words = {
        "release": f"{now - timedelta(hours=2):%Y-%m-%d %H:%M}",
        "due": f"{now + timedelta(days=3):%Y-%m-%d %H:%M}",
    }
    week = {**words, "days": 7, "rate": 1, "variants": "per_student", "more": ""}
    return [
        ("week", TEXT.format(name="week", title="A week at 1 Hz", **week)),
        (
            "night",
            TEXT.format(name="night", title="The night watch", **{**week, "days": 1, "more": "future_hidden: true"}),
        ),
        (
            "board",
            TEXT.format(name="board", title="Board pump", **{**week, "days": 1, "variants": "shared", "more": BOARD}),
        ),
    ]


def _made(school: Any, person: str, name: str, text: str) -> list[bytes]:
    """Release an assignment; returns what only the vault may say: seeds, salts, times and names of the faults."""
    school.assignments.save(text)
    owner = school.assignments.owners(name, [person])[0]
    plant = school.plants.variant(name, owner, 0)
    key = plant.key()
    school.assignments.seal(name, [Sealed(owner, key, 0, 0.5)])
    variant = school.assignments.variants(name)[0].variant
    school.store_gate(name, Gate((GateRow(variant, 60.0, 5.0, 4.0, 0.5),), ()))
    school.assignments.release(name)
    row = school.assignments._vault.keys.one(assignment=name, variant=variant)
    secrets = [row["salt"], *(str(one.seed) for one in plant.plants)]
    for event in key.events:
        secrets += [str(at) for at in (event.onset_us, event.detectable_from_us, event.end_us) if at and at % 1_000_000]
        secrets += [event.fault] if "_" in event.fault else []
    return [secret.encode() for secret in secrets]


def enter(browser: Any, evening: Evening) -> tuple[Any, list[bytes]]:
    """Sign in and collect all that comes back: sockets, answers, addresses, the console."""
    context = browser.new_context(base_url=evening.served.url, viewport=SIZE, accept_downloads=True)
    page, heard = context.new_page(), list[bytes]()
    page.traffic = listen(page)
    page.on("console", lambda said: heard.append(said.text.encode()))

    def answered(answer: Any) -> None:
        heard.append(answer.url.encode())
        if "/static/" not in answer.url and answer.request.resource_type in ("fetch", "document", "xhr"):
            try:
                heard.append(answer.body())
            except Exception as gone:  # a redirect, or an answer whose page is left already
                heard.append(str(gone).encode())

    page.on("response", answered)
    come_in(page, evening.handle, evening.pin)
    return page, heard


def come_in(page: Any, handle: str, pin: str) -> None:
    page.goto("/login")
    page.fill("input[name=handle]", handle)
    page.fill("input[name=pin]", pin)
    page.press("input[name=pin]", "Enter")
    page.wait_for_url("**/")


def bench(page: Any, name: str) -> Any:
    """Open the labelling page and return the component once readings are drawn."""
    page.goto(f"/label?assignment={name}")
    view = page.locator("#labeller")
    view.locator(".bar").wait_for(timeout=30_000)
    wait_until(page, lambda: int(view.get_attribute("data-loads") or 0) > 0, 40)
    return view


def drag(page: Any, view: Any, start: float, end: float) -> None:
    box = view.locator('[data-sensor="vibration"] canvas').bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, y)
    page.mouse.down()
    for step in range(1, 6):
        page.mouse.move(box["x"] + box["width"] * (start + (end - start) * step / 5), y)
    page.mouse.up()


def shown(view: Any) -> tuple[int, int]:
    return int(view.get_attribute("data-start")), int(view.get_attribute("data-end"))


@pytest.mark.slow
def test_a_week_at_one_hertz_is_zoomed_and_labelled_by_drag_and_keys(browser, evening):
    """Drag zooms until L is pressed; then it labels; the keyboard does the same."""
    page, _ = enter(browser, evening)
    view = bench(page, "week")
    before = shown(view)

    drag(page, view, 0.4, 0.6)
    wait_until(page, lambda: shown(view)[1] - shown(view)[0] < (before[1] - before[0]) / 3)
    view.locator(".plots").focus()
    page.keyboard.press("l")
    wait_until(page, lambda: view.get_attribute("data-mode") == "label")
    drag(page, view, 0.3, 0.5)
    page.get_by_text("Label 1 of 1").wait_for(timeout=20_000)

    view.locator(".plots").focus()
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    for _ in range(6):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_text("of 2").first.wait_for(timeout=20_000)
    view.locator(".plots").focus()
    page.keyboard.press("Control+z")
    page.get_by_role("heading", name="Your labels (1)").wait_for(timeout=20_000)

    window = page.request.get("/api/v1/assignments/week/window?machine=MACHINE_001&points=2000").json()
    assert all(len(values) <= 2000 for side in ("lo", "hi") for values in window[side].values())
    page.context.close()


def test_labels_are_made_by_hand_and_handed_in_by_clicking(browser, evening):
    """The receipt on the page is the one that the server keeps; nothing is taken before the word of honour."""
    page, _ = enter(browser, evening)
    view = bench(page, "board")
    view.locator(".plots").focus()
    page.keyboard.press("l")
    wait_until(page, lambda: view.get_attribute("data-mode") == "label")
    drag(page, view, 0.3, 0.4)
    page.get_by_text("Label 1 of 1").wait_for(timeout=20_000)
    page.get_by_role("textbox", name="Reason, one sentence").fill("vibration jumps and stays")
    page.get_by_role("textbox", name="Reason, one sentence").press("Enter")
    page.get_by_test_id("stButtonGroup").get_by_text("sure", exact=True).click()
    button = page.get_by_role("button", name="Hand in these 1")
    wait_until(page, button.is_disabled)

    page.get_by_text("This is my own work").click()
    wait_until(page, button.is_enabled)
    button.click()
    page.get_by_text("Handed in. Your receipt:").wait_for(timeout=20_000)

    kept = page.request.get("/api/v1/assignments/board/submissions").json()
    shown = page.get_by_test_id("stMainBlockContainer")
    assert [one["attempt"] for one in kept] == [1]
    wait_until(page, lambda: all(kept[0][name] in shown.inner_text() for name in ("submission", "sha256")))
    page.context.close()


def test_an_assistant_who_is_made_a_student_loses_the_open_grading_page_within_seconds(browser, evening):
    """Nobody touches the assistant's tab: the server ends its session, and the new one is a student's."""
    context = browser.new_context(base_url=evening.served.url, viewport=SIZE)
    page = context.new_page()
    come_in(page, *evening.assistant)
    page.goto("/grading")
    page.get_by_role("heading", name="Grading", level=1).wait_for(timeout=30_000)
    page.get_by_role("link", name="Grading").wait_for()
    office = browser.new_context(base_url=evening.served.url, viewport=SIZE).new_page()
    sign_in(office)
    office.goto("/class_room?part=people")
    rows = office.get_by_test_id("stDataFrame").first
    rows.wait_for(timeout=30_000)

    rows.click(position={"x": 18, "y": 18})  # everybody: the student stays one
    office.get_by_text("2 chosen").wait_for(timeout=20_000)
    office.get_by_role("button", name="Role").click()
    office.get_by_role("button", name="Set role").click()

    wait_until(page, lambda: page.get_by_role("link", name="Grading").count() == 0, 20)
    assert page.get_by_role("heading", name="Grading", level=1).count() == 0
    assert page.request.get("/api/v1/me").json()["role"] == "student"
    office.context.close()
    context.close()


@pytest.mark.slow
def test_no_surface_of_a_student_holds_truth_while_a_graded_assignment_is_open(browser, evening):
    page, heard = enter(browser, evening)
    for path in (
        "assignments",
        "assignments?assignment=week",
        "assignments?assignment=nothing",
        "board",
        "verify",
        "live",
    ):
        page.goto(f"/{path}")
        page.get_by_test_id("stMainBlockContainer").locator("h1, [role=alert]").first.wait_for(timeout=30_000)
        page.wait_for_timeout(700)
        for tab in page.get_by_role("tab").all():
            tab.click()
    view = bench(page, "week")
    view.locator(".plots").focus()
    for key in ("PageDown", "Home", "2", "u"):
        page.keyboard.press(key)
        page.wait_for_timeout(300)
    bench(page, "night")
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("button", name="Hold").wait_for(timeout=20_000)
    page.get_by_role("button", name="Alarm MACHINE_002").click()
    page.get_by_role("button", name="Clear MACHINE_002").wait_for(timeout=20_000)
    heard += [page.request.get(path).body() for path in _addresses()]
    heard += page.traffic["script"] + page.traffic["live"] + [page.content().encode(), evening.served.text.encode()]
    page.context.close()

    assert len(heard) > 60
    assert len(evening.secrets) > 10
    # The template of a label file names one type as an example, the same for everybody.
    everything = b"\n".join(one for one in heard if b"hum gets louder" not in one)
    assert [secret for secret in evening.secrets if re.search(rb"(?<![0-9])" + re.escape(secret), everything)] == []
    assert b"detectable_from" not in everything
    assert b"Traceback" not in everything


def _addresses() -> list[str]:
    base = "/api/v1/assignments"
    each = (
        "data",
        "window?machine=MACHINE_001",
        "window?machine=MACHINE_001&start=0&end=9e15",
        "submissions",
        "window",
    )
    names = ("night", "board", "nothing", "../../vault")
    return [
        base,
        *(f"{base}/{name}/{path}" for name in names for path in each),
        "/api/v1/health",
        "/label-assets/../keys",
    ]
