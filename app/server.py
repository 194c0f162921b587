"""What the server needs around it: its settings, its sockets, its beginning and its end."""

from __future__ import annotations

import asyncio
import asyncio.base_events
import mimetypes
import os
import signal
import socket
import sys
import threading
import tomllib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import streamlit.config as settings
from starlette.responses import RedirectResponse
from starlette.staticfiles import StaticFiles

from app.lab import close_lab, open_lab
from engine.errors import LabError
from engine.home import forget_address, home, note_address, private_files
from engine.logs import Logs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from app.lab import Lab

# A commit takes the interpreter some twenty times; behind two busy threads it waited for each of them 5 ms every time:
# 16 batches took 120 ms to commit instead of 40.
SWITCH_S = 0.001


def prepare(root: Path) -> None:
    """Set what must be set before the first visitor comes: project settings, types of files, quick sockets."""
    _use_project_settings(root / ".streamlit" / "config.toml")
    mimetypes.add_type("text/javascript", ".js")  # Windows' registry may say text/plain, and modules are refused then
    asyncio.base_events._set_nodelay = _set_nodelay  # type: ignore[attr-defined]
    sys.setswitchinterval(SWITCH_S)


class Assets(StaticFiles):
    """The drawing code: browsers ask each time whether it is still the same (304), so no update is missed."""

    def file_response(self, *arguments: Any, **named: Any) -> Response:
        answer = super().file_response(*arguments, **named)
        answer.headers["Cache-Control"] = "no-cache"
        return answer


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[dict[str, Any]]:
    """Open the lab and start its runner; close both when the server stops."""
    with private_files():
        async with _opened() as nothing:
            yield nothing


@asynccontextmanager
async def _opened() -> AsyncIterator[dict[str, Any]]:
    try:
        opened = open_lab()
        opened.start()
        logs = Logs(home() / "logs")
    except LabError as problem:
        _end_with(str(problem))
    except OSError as problem:
        where = f"{problem.strerror or type(problem).__name__}: {problem.filename or home()}"
        _end_with(
            f"The lab's files cannot be written ({where}); free that place, or set FAULTLAB_HOME to another folder."
        )
    _chain_signals(opened.end_streams)
    watching = asyncio.create_task(_watch_over(opened))
    note_address(home(), own_address())
    _greet()
    try:
        yield {}
    finally:
        watching.cancel()
        forget_address(home())
        close_lab()
        logs.close()


def own_address() -> str:
    """Return the address at which programs on this machine reach this server."""
    secure = settings.get_option("server.sslCertFile")
    prefix = str(settings.get_option("server.baseUrlPath") or "").strip("/")
    host = settings.get_option("server.address") or "localhost"
    host = "localhost" if host in ("0.0.0.0", "::") else host
    return f"{'https' if secure else 'http'}://{host}:{settings.get_option('server.port')}/{prefix}".rstrip("/")


async def to_home(_request: Request) -> Response:
    """GET /home: the first page lies at the root, but its menu line is called Home and people type it."""
    return RedirectResponse("./", 303)


async def to_live(_request: Request) -> Response:
    """GET /predictions: what the predictions page showed is on the live page, scores beside readings."""
    return RedirectResponse("./live", 303)


def _use_project_settings(file: Path) -> None:
    """Apply the project's config.toml also when the server was started from another folder."""
    for name, value in _flat(tomllib.loads(file.read_text(encoding="utf-8"))):
        known = settings.get_config_options().get(name)
        if known is not None and known.where_defined == settings.ConfigOption.DEFAULT_DEFINITION:
            settings.set_option(name, value, str(file))


def _flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and name != "server.trustedUserHeaders":
            yield from _flat(value, f"{name}.")
        else:
            yield name, value


def _set_nodelay(sock: socket.socket) -> None:
    """Streamlit binds its socket without a protocol number, so asyncio leaves Nagle on: 44 ms for each answer."""
    if sock.family in (socket.AF_INET, socket.AF_INET6) and sock.type == socket.SOCK_STREAM:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _end_with(sentence: str) -> Any:
    """End the process now: nothing is open yet, and uvicorn would print a traceback around the sentence."""
    print(f"error: {sentence}", file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(2)


def _chain_signals(before: Callable[[], None]) -> None:
    """Run `before` ahead of uvicorn's own handlers: an open event stream would keep it waiting for ever."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        previous = signal.getsignal(number)

        def handle(signum: int, frame: Any, previous: Any = previous) -> None:
            before()
            if callable(previous):
                previous(signum, frame)

        signal.signal(number, handle)


async def _watch_over(opened: Lab) -> None:
    """Start the runner's thread again should it ever die, and tell viewers how things stand when nothing comes."""
    while True:
        await asyncio.sleep(0.5)
        opened.runner.revive()
        opened.feed.beat()
        opened.desks.beat()
        opened.sockets.beat()


def _greet() -> None:
    address = settings.get_option("server.address") or "localhost"
    shown = "localhost" if address in ("0.0.0.0", "127.0.0.1", "::") else address
    print(f"FaultLab is ready at http://{shown}:{settings.get_option('server.port')}", flush=True)
