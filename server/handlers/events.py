"""`/v1/events`: the hub's events over a WebSocket (RFC 6455)."""

from __future__ import annotations

import asyncio

from aiohttp import WSCloseCode, web

from hub.errors import NotSignedIn
from hub.runtime.tasks import TaskScope
from server.broadcast import Broadcaster, Listener
from server.call import Call, NoQuery

BROADCASTER = web.AppKey("broadcaster", Broadcaster)

HEARTBEAT_S = 30.0
CLOSE_TIMEOUT_S = 1.0
CHECK_EVERY_S = 60.0
MAX_INCOMING_BYTES = 4096


async def events(call: Call[None, NoQuery]) -> web.WebSocketResponse:
    """Tell the listener what happens until either side goes, or the session ends. What a client says is not read."""
    socket = web.WebSocketResponse(
        heartbeat=HEARTBEAT_S, timeout=CLOSE_TIMEOUT_S, max_msg_size=MAX_INCOMING_BYTES, compress=False
    )
    await socket.prepare(call.request)
    broadcaster = call.request.app[BROADCASTER]
    listener = broadcaster.open(call.known_caller)
    telling = TaskScope("events")
    teller = telling.start(_tell(call, socket, listener), name="tell")
    try:
        async for _ in socket:
            # Reading is what notices pongs, and that the other side has gone.
            pass
    finally:
        broadcaster.leave(listener)
        # If it was the teller who closed, let it finish that.
        listener.end(WSCloseCode.OK)
        await asyncio.wait({teller}, timeout=CLOSE_TIMEOUT_S)
        await telling.close()
    return socket


async def _tell(call: Call[None, NoQuery], socket: web.WebSocketResponse, listener: Listener) -> None:
    while True:
        try:
            async with asyncio.timeout(CHECK_EVERY_S):
                said = await listener.next()
        except TimeoutError:
            # An open page keeps its session alive, and an ended one is noticed whoever ended it.
            if await _is_over(call):
                said = WSCloseCode.POLICY_VIOLATION
            else:
                continue
        try:
            if isinstance(said, WSCloseCode):
                await socket.close(code=said, message=said.name.lower().encode())
                return
            await socket.send_str(said)
        except ConnectionError:
            return


async def _is_over(call: Call[None, NoQuery]) -> bool:
    try:
        await call.hub.accounts.check(call.known_caller.token)
    except NotSignedIn:
        return True
    return False
