"""`/v1/events`: the hub's events over a WebSocket (RFC 6455)."""

from __future__ import annotations

import asyncio
import logging

import msgspec
from aiohttp import WSCloseCode, web

from hub.errors import NotSignedIn
from hub.runtime.tasks import TaskScope
from server.broadcast import Broadcaster, Listener
from server.call import Call, NoQuery
from server.messages import HeartbeatMessage

log = logging.getLogger(__name__)

BROADCASTER = web.AppKey("broadcaster", Broadcaster)

PING_S = 25.0
"""After so much silence the other side is pinged (RFC 6455 §5.5.2), and dropped without a pong half as long later."""
SILENCE_S = 25.0
"""After so much silence of this side a heartbeat is told: scripts in browsers are not shown pings."""
CLOSE_TIMEOUT_S = 1.0
CHECK_EVERY_S = 60.0
MAX_INCOMING_BYTES = 4096


_HEARTBEAT = msgspec.json.encode(HeartbeatMessage()).decode()


async def events(call: Call[None, NoQuery]) -> web.WebSocketResponse:
    """Tell the listener what happens until either side goes, or the session ends. What a client says is not read."""
    socket = web.WebSocketResponse(
        heartbeat=PING_S, timeout=CLOSE_TIMEOUT_S, max_msg_size=MAX_INCOMING_BYTES, compress=False
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
    loop = asyncio.get_running_loop()
    checked_at = loop.time()
    while True:
        try:
            async with asyncio.timeout(SILENCE_S):
                said = await listener.next()
        except TimeoutError:
            said = _HEARTBEAT
        if loop.time() - checked_at >= CHECK_EVERY_S and not isinstance(said, WSCloseCode):
            checked_at = loop.time()
            said = await _reason_to_end(call) or said
        try:
            if isinstance(said, WSCloseCode):
                await socket.close(code=said, message=said.name.lower().encode())
                return
            await socket.send_str(said)
        except ConnectionError:
            return


async def _reason_to_end(call: Call[None, NoQuery]) -> WSCloseCode | None:
    """Why the listener must go, if it must.

    An ended session is noticed whoever ended it, and an open page keeps its session alive.
    """
    try:
        await call.hub.accounts.check(call.known_caller.token)
    except NotSignedIn:
        return WSCloseCode.POLICY_VIOLATION
    except Exception:
        # Whatever keeps the session from being found, nobody may listen on without one; who comes back is asked anew.
        log.warning("a listener is sent away, because its session cannot be looked up", exc_info=True)
        return WSCloseCode.TRY_AGAIN_LATER
    return None
