"""The process ends within two seconds while people watch."""

from __future__ import annotations

import signal
import urllib.request

import pytest

from tests.app.served import Served
from tests.browser.conftest import live_view

pytestmark = pytest.mark.browser


@pytest.mark.slow
def test_a_signal_ends_it_within_two_seconds_with_viewers(browser, tmp_path):
    """Ctrl-C takes the same way; tests/app/test_start.py sends both signals to a server with an event stream."""
    with Served(tmp_path / "home") as served:
        context = browser.new_context(base_url=served.url)
        pages = [context.new_page() for _ in range(2)]
        for page in pages:
            page.goto("/live")
            live_view(page)
        stream = urllib.request.urlopen(served.url + "/api/live/stream", timeout=10)
        stream.readline()

        passed = served.end_with(signal.SIGTERM)

        stream.close()
        context.close()
    assert passed <= 2.0
    assert "Traceback" not in served.text
