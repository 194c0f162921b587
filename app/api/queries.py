"""Query parameters are known or refused: one that is ignored would answer another question than the one asked."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from starlette.requests import HTTPConnection

if TYPE_CHECKING:
    from collections.abc import Iterator

SOCKET_QUERIES = {"/live": frozenset({"plant"})}  # what a socket reads by itself


async def known_queries(connection: HTTPConnection) -> None:
    """Refuse a parameter that the route does not have, and one that is given twice. A dependency of every route."""
    given = [name for name, _ in connection.query_params.multi_items()]
    if not given:
        return
    known = _known(connection.scope["route"])
    wrong = [_place(name, _unknown(name, known)) for name in dict.fromkeys(given) if name not in known]
    wrong += [_place(name, "is given twice; send it once") for name in dict.fromkeys(given) if given.count(name) > 1]
    if wrong:
        kind = RequestValidationError if connection.scope["type"] == "http" else WebSocketRequestValidationError
        raise kind(wrong)


def _known(route: Any) -> frozenset[str]:
    if not hasattr(route, "methods"):
        return next((names for path, names in SOCKET_QUERIES.items() if route.path.endswith(path)), frozenset())
    return frozenset(_aliases(route.dependant))


def _aliases(dependant: Any) -> Iterator[str]:
    """Yield the names of a route's query parameters, those of its dependencies among them."""
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _aliases(inner)


def _unknown(name: str, known: frozenset[str]) -> str:
    if not known:
        return "is no parameter of this path; it has none"
    near = difflib.get_close_matches(name, known, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"is no parameter of this path, which has: {', '.join(sorted(known))}{hint}"


def _place(name: str, wrong: str) -> dict[str, Any]:
    return {"type": "value_error", "loc": ("query", name[:80]), "msg": wrong, "input": None}
