"""Operations on people: only the first run, so far."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from gui.session import Operation
from hub.accounts.types import User, Viewer

if TYPE_CHECKING:
    from hub.bootstrap import Hub


def set_up(code: str, name: str, password: str) -> Operation[User]:
    """Name the owner and set the password with the first-run code; the window needs no session of its own."""

    async def run(hub: Hub, _: Viewer) -> User:
        signed_in = await hub.accounts.set_up(code, name, password, socket.gethostname(), None)
        return signed_in.user

    return Operation(run, keep=True)
