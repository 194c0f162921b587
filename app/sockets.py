"""Open sockets: closed as soon as the sign-in that opened them has ended; browsers come back as who they are now.

Streamlit gives who comes back a new session when `st.user` has changed, but its page waits for a click before it asks
for anything, and would show what it showed. So the server asks in its place.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

CODE = 1012  # "service restart" in RFC 6455's registry: the browser shall connect again
PAGES = "/_stcore/stream"  # Streamlit's own socket
RERUN = BackMsg(rerun_script=ClientState()).SerializeToString()  # what a page sends when it is opened
BACK_S = 30.0  # within which a browser that was sent away comes back


class Sockets:
    """The sockets that are open now, each with the question whether its holder is still who it was."""

    def __init__(self, wall: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._sent_away = wall, dict[str, float]()
        self._open: dict[asyncio.Event, tuple[asyncio.AbstractEventLoop, Callable[[], bool]]] = {}

    def beat(self) -> None:
        """Close the sockets whose holder is not who it was; called twice a second."""
        for over, (loop, holds) in tuple(self._open.items()):
            if not holds():
                loop.call_soon_threadsafe(over.set)

    async def carry(
        self, app: Any, scope: Any, receive: Receive, send: Send, browser: str, holds: Callable[[], bool]
    ) -> None:
        """Run the application on this socket for as long as `holds`; a message that comes later never reaches it."""
        over, loop = asyncio.Event(), asyncio.get_running_loop()
        ending = loop.create_task(over.wait())
        coming: asyncio.Future[Message] | None = None
        told, asks = False, self._comes_back(scope, browser)

        async def receive_while_it_holds() -> Message:
            nonlocal coming, told, asks
            if accepted and asks:
                asks = False
                return {"type": "websocket.receive", "bytes": RERUN}
            coming = coming or asyncio.ensure_future(receive())
            await asyncio.wait({coming, ending}, return_when=asyncio.FIRST_COMPLETED)
            left = coming.done() and coming.result()["type"] == "websocket.disconnect"
            if left or (coming.done() and not over.is_set() and holds()):
                message, coming = coming.result(), None
                return message
            over.set()
            if not told:
                told = True
                self._send_away(browser)
                await send({"type": "websocket.close", "code": CODE})
            return {"type": "websocket.disconnect", "code": CODE}

        async def send_while_it_holds(message: Message) -> None:
            if over.is_set():
                raise OSError("The socket was closed.")  # what a server says of a viewer who left
            await send(message)
            if message["type"] == "websocket.accept":
                accepted.append(True)

        accepted: list[bool] = []
        self._open[over] = (loop, holds)
        try:
            await app(scope, receive_while_it_holds, send_while_it_holds)
        finally:
            del self._open[over]
            for task in (ending, coming):
                if task is not None:
                    task.cancel()

    def _send_away(self, browser: str) -> None:
        now = self._wall()
        self._sent_away = {**{one: at for one, at in self._sent_away.items() if now - at < BACK_S}, browser: now}

    def _comes_back(self, scope: Any, browser: str) -> bool:
        """Tell whether this is a page of a browser whose socket was closed just now."""
        known = len(scope.get("subprotocols", ())) >= 3  # the third is the session that the page had
        recent = self._wall() - self._sent_away.get(browser, -BACK_S) < BACK_S
        return known and recent and scope["path"].endswith(PAGES)
