"""The live stream: a WebSocket for browsers, an event stream (SSE) for curl and lessons, both with the same ticks.

Browsers never use the event stream: with HTTP/1.1 a seventh tab that holds one would hang the whole site.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.lab import lab

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

router = APIRouter(tags=["live"])


@router.websocket("/live")
async def live(socket: WebSocket) -> None:
    """Send a hello with names, limits and history, then a frame for each 100 ms; JSON in binary messages."""
    await socket.accept()
    hub = lab().hub
    viewing = hub.subscribe()
    gone = asyncio.create_task(_until_gone(socket))
    gone.add_done_callback(lambda _task: viewing.put(None))
    try:
        await socket.send_bytes(await asyncio.to_thread(lab().feed.hello))
        async for message in viewing:
            await socket.send_bytes(message)
        await socket.close(1001)
    except (WebSocketDisconnect, RuntimeError):
        pass  # the viewer left while a message was on its way
    finally:
        gone.cancel()
        hub.unsubscribe(viewing)


async def _until_gone(socket: WebSocket) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while (await socket.receive())["type"] != "websocket.disconnect":
            continue


@router.get("/live/stream")
async def stream(limit: Annotated[int | None, Query(ge=1, le=1_000_000)] = None) -> StreamingResponse:
    """Send the same messages as server-sent events; `limit` frames after the hello, endless without it."""
    return StreamingResponse(_events(limit), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _events(limit: int | None) -> AsyncIterator[bytes]:
    hub = lab().hub
    viewing = hub.subscribe()
    try:
        yield _event(await asyncio.to_thread(lab().feed.hello))
        sent = 0
        async for message in viewing:
            yield _event(message)
            sent += 1
            if sent == limit:
                return
    finally:
        hub.unsubscribe(viewing)


def _event(message: bytes) -> bytes:
    return b"data: " + message + b"\n\n"
