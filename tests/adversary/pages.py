"""Pages as a browser gets them: everything that a run of a page sends, whatever it is shown as."""

from __future__ import annotations

import functools
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamlit.components.v2 import component_manager
from streamlit.testing.v1 import AppTest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.classroom.people import Person
    from tests.adversary.doors import Answer

ROOT = Path(__file__).resolve().parents[2]
PAGES = {"assignments": "assignment", "label": "assignment", "verify": "verify", "board": "board"}
STAFFS = ("author", "grading", "audit", "conductor", "class_room", "theatre", "inject")  # another role's pages


def page_doors(who: Person, names: list[str], *, others: bool = False) -> Iterator[Answer]:
    """Open the pages of the class for every assignment; `others` = those too that are not for students."""
    with _scanned_once():
        test = AppTest.from_file(str(ROOT / "app" / "shell.py"), default_timeout=120)
        test.user = {"role": "student", "person": who.person}  # type: ignore[attr-defined]
        test.run()
        for page, parameter in PAGES.items():
            for name in names:
                yield f"page {page} {name}", sent(test, page, {parameter: name})
        for page in STAFFS if others else ():
            yield f"page {page}", sent(test, page, {})


def sent(test: AppTest, page: str, address: dict[str, str]) -> str:
    """Return what one run of a page sends to the browser, as text."""
    test.query_params.clear()
    test.query_params.update(address)
    test.switch_page(str(ROOT / "pages" / f"{page}.py")).run()
    return "\n".join(_texts(test._tree))


@contextmanager
def _scanned_once() -> Iterator[None]:
    """Each run of AppTest looks through all packages for components: half a second for the same answer."""
    before = component_manager.scan_component_manifests
    component_manager.scan_component_manifests = functools.cache(before)
    try:
        yield
    finally:
        component_manager.scan_component_manifests = before


def _texts(node: Any) -> Iterator[str]:
    proto = getattr(node, "proto", None)
    if proto is not None:
        yield str(proto)
    for child in getattr(node, "children", {}).values():
        yield from _texts(child)
