"""Snippets name the address that the visitor uses, whatever port and prefix are served."""

from __future__ import annotations

import pytest

from app.snippets import served_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://localhost:8501/live", "http://localhost:8501"),
        ("http://lab.school:9000/", "http://lab.school:9000"),
        ("https://school.example/faultlab/alarms?number=3/4", "https://school.example/faultlab"),
        (None, "http://localhost:8501"),
    ],
)
def test_the_address_is_that_of_the_page_without_its_name(url, address):
    assert served_address(url) == address
