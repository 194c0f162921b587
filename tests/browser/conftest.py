"""A real server and a real browser. Chromium must be installed; in CI its absence is a failure."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.app.served import PHRASE, Served

if TYPE_CHECKING:
    from collections.abc import Iterator

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZE = {"width": 1280, "height": 720}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The app at its default speed, started from another folder."""
    with Served(tmp_path_factory.mktemp("browser") / "home") as served:
        yield served


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing; install it (apt-get install chromium).")
        pytest.skip("Chromium is not installed.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Any, server: Served) -> Iterator[Any]:
    """Open pages: `visit("live")` as a student, `visit("inject", role="instructor")`; script errors fail the test."""
    contexts, problems = [], []

    def open_page(path: str, role: str = "student", **options: Any) -> Any:
        context = browser.new_context(base_url=server.url, viewport=SIZE, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda problem: problems.append(str(problem)))
        if role == "instructor":
            sign_in(page)
        page.traffic = listen(page)
        page.goto(f"/{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def sign_in(page: Any) -> None:
    """Sign in as the instructor."""
    page.goto("/login")
    page.fill("input[name=phrase]", PHRASE)
    page.press("input[name=phrase]", "Enter")
    page.wait_for_url("**/")


def listen(page: Any) -> dict[str, list[bytes]]:
    """Collect what comes in over the page's sockets: `script` is Streamlit's, `live` is ours."""
    traffic: dict[str, list[bytes]] = {"script": [], "live": []}

    def on_socket(socket: Any) -> None:
        into = traffic["script" if "_stcore" in socket.url else "live"]
        socket.on("framereceived", lambda data: into.append(data if isinstance(data, bytes) else data.encode()))

    page.on("websocket", on_socket)
    return traffic


def live_view(page: Any, minimum: int = 2) -> Any:
    """Return the live component once it has drawn frames."""
    view = page.locator("#live")
    view.locator(".card").first.wait_for(timeout=20_000)
    wait_until(page, lambda: frames(view) >= minimum)
    return view


def frames(view: Any) -> int:
    """Return how many frames the component has drawn from."""
    return int(view.get_attribute("data-frames") or 0)


def span(view: Any) -> tuple[int, int]:
    """Return the plant time in view, milliseconds."""
    return int(view.get_attribute("data-start")), int(view.get_attribute("data-end"))


def wait_until(page: Any, claim: Any, seconds: float = 15.0) -> None:
    """Wait until the claim holds."""
    for _ in range(int(seconds * 20)):
        if claim():
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"not within {seconds} s")


def settle(page: Any, seconds: float = 120.0) -> None:
    """Wait until the page's script has run to its end and every element shown is of that run; no error may show.

    Streamlit's frame says both, but only after it has drawn what a click or a key began, so it must say so five times
    in a row.
    """
    still, stale = (
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]"),
        page.locator("[data-stale=true]"),
    )
    quiet = 0

    def is_settled() -> bool:
        nonlocal quiet
        quiet = quiet + 1 if still.count() == 1 and stale.count() == 0 else 0
        return quiet >= 5

    wait_until(page, is_settled, seconds)
    assert page.get_by_test_id("stException").count() == 0
