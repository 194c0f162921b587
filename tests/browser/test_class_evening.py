"""A whole evening in the browser: forty students have handed in; the instructor releases, corrects, marks, exports."""

from __future__ import annotations

import csv
import io
import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.app.classroom import demo_class
from tests.app.served import Served
from tests.browser.conftest import SIZE, listen, settle, sign_in, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]
TRUTH = re.compile(rb"detectable|onset_us|answer_key|\"salt\"|tolerance", re.IGNORECASE)
LONG_MS = 120_000


@pytest.fixture
def evening(tmp_path: Path) -> Iterator[Served]:
    """A lab with the demo class in it, made for each try: an evening cannot be played twice."""
    folder = tmp_path / "home"
    demo_class.fill(folder)
    with Served(folder) as served:
        yield served


@pytest.fixture
def instructor(browser: Any, evening: Served) -> Iterator[Any]:
    """The instructor's browser; script errors fail the test."""
    context, problems = browser.new_context(base_url=evening.url, viewport=SIZE, accept_downloads=True), []
    page = context.new_page()
    page.on("pageerror", lambda problem: problems.append(str(problem)))
    page.set_default_timeout(LONG_MS)
    sign_in(page)
    yield page
    context.close()
    assert problems == []


@pytest.fixture
def student(browser: Any, evening: Served) -> Iterator[Any]:
    """Another browser, of nobody yet."""
    context = browser.new_context(base_url=evening.url, viewport=SIZE)
    page = context.new_page()
    page.traffic = listen(page)
    page.set_default_timeout(LONG_MS)
    yield page
    context.close()


def opened(page: Any, path: str) -> Any:
    page.goto(f"/{path}")
    page.get_by_role("heading", level=1).wait_for()
    settle(page)
    return page.get_by_test_id("stMainBlockContainer")


def press(page: Any, name: str) -> None:
    page.get_by_test_id("stMainBlockContainer").get_by_role("button", name=name).first.click()
    settle(page)


def picture(page: Any, name: str) -> None:
    """Keep a screenshot where FAULTLAB_PICTURES says, to be looked at."""
    folder = os.environ.get("FAULTLAB_PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_the_whole_evening_in_the_browser(instructor: Any, student: Any, tmp_path: Path):
    prepare_and_release(instructor)
    grade(instructor)
    publish(instructor)
    take_the_gradebook(instructor, tmp_path)
    play_a_round(instructor, student)
    main = opened(instructor, "audit")
    main.get_by_text("The chain holds").wait_for()
    picture(instructor, "audit")


def prepare_and_release(page: Any) -> None:
    """A draft gets its variant, the robots play it, and it is released with a commitment."""
    main = opened(page, "class_room?part=people")
    main.get_by_text("40", exact=True).first.wait_for()
    picture(page, "people")
    main = opened(page, "class_room?part=assignments")
    main.get_by_role("combobox", name=re.compile("Assignment$")).first.click()
    page.get_by_role("option", name=re.compile("Next week")).click()
    settle(page)
    press(page, "Make the variants")
    main.get_by_text("1 made").wait_for(timeout=LONG_MS)
    press(page, "Let the robots play")
    main.get_by_text("it may be released").wait_for(timeout=LONG_MS)
    picture(page, "robots")
    main.get_by_role("button", name="Release", exact=True).click()
    main.get_by_text("What is sealed can no longer change").wait_for()
    picture(page, "released")


def grade(page: Any) -> None:
    """The disputed stretch comes first; keys decide, and nothing changes before it was confirmed."""
    main = opened(page, "grading?part=queue")
    main.get_by_text("Disputed truth").wait_for()
    main.get_by_role("button", name="Ambiguous").wait_for()
    page.keyboard.press("3")
    main.get_by_text("What this would change").wait_for()
    settle(page)
    picture(page, "verdict")
    press(page, "Decide")
    main.get_by_text("1 of ").first.wait_for()
    settle(page)
    while main.get_by_text("To read").count() == 0:
        page.keyboard.press("n")
        settle(page)
    decided = main.get_by_text(re.compile(r"\d+ of \d+ decided")).first
    before = decided.inner_text()
    main.get_by_role("button", name="10 of 10").wait_for()
    page.keyboard.press("4")
    wait_until(page, lambda: decided.inner_text() != before, LONG_MS / 1000)
    settle(page)
    picture(page, "queue")
    opened(page, "grading?part=items")
    press(page, "Let the detectors run")
    main.get_by_text("graded by this assignment's rubric").wait_for(timeout=LONG_MS)
    picture(page, "items")


def publish(page: Any) -> None:
    main = opened(page, "grading?part=publish")
    main.get_by_role("button", name=re.compile(r"Publish \d+ results")).click()
    main.get_by_role("button", name="Release the results").wait_for()
    settle(page)
    main.get_by_text("Somebody may still hand in with credit").wait_for()  # late days
    main.get_by_text("End the attempts that are still open, for good").click()
    settle(page)
    press(page, "Release the results")
    main.get_by_text("40 / 40").wait_for()
    picture(page, "published")


def take_the_gradebook(page: Any, folder: Path) -> None:
    """The LMS's own file comes back with one column more, and every other cell as it was."""
    theirs = demo_class.roster(40)
    file = folder / "canvas.csv"
    file.write_text(theirs, encoding="utf-8")
    main = opened(page, "grading?part=gradebook")
    page.locator("input[type=file]").set_input_files(str(file))
    settle(page)
    press(page, "Fill it")
    button = main.get_by_role("button", name=re.compile("Download the filled"))
    button.wait_for()
    settle(page)
    picture(page, "gradebook")
    with page.expect_download() as download:
        button.click()
    filled = list(csv.reader(io.StringIO(download.value.path().read_text(encoding="utf-8"))))
    assert [row[:-1] for row in filled] == list(csv.reader(io.StringIO(theirs)))
    assert filled[0][-1] == "Label the pump"
    assert sum(bool(row[-1]) for row in filled[2:]) == 36


def play_a_round(page: Any, student: Any) -> None:
    """A newcomer joins with the code, calls a machine, and learns the fault only when it is revealed."""
    main = opened(page, "class_room?part=people")
    code = main.locator("span", has_text=re.compile(r"^[A-Z2-9]{6}$")).first.inner_text()
    student.goto("/login")
    student.fill("input[name=code]", code)
    student.locator("form", has=student.locator("input[name=code]")).get_by_role("button").click()
    student.get_by_text("Write these two down").wait_for()
    main = opened(page, "conductor?part=round")
    press(page, "Start the round")
    main.get_by_text("Sealed before it began").wait_for()
    opened(student, "room").get_by_role("button", name="MACHINE_002").first.click()
    main.get_by_text("<5 /").wait_for()
    press(page, "Forward to where it can be seen")
    picture(page, "round")
    picture(student, "room")
    seen = [found.group() for m in student.traffic["script"] + student.traffic["live"] if (found := TRUTH.search(m))]
    assert seen == []
    press(page, "Reveal")
    main.get_by_role("heading", name=re.compile("It was .* on MACHINE_00")).wait_for()
    student.get_by_text(re.compile("It was .* on")).wait_for()
    picture(page, "revealed")
