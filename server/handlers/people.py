"""The people of the household and their devices."""

from __future__ import annotations

from hub.accounts.types import Device, User
from hub.library.cursors import Rank, page_of
from hub.library.types import Page
from server.call import Call, NoQuery
from server.schemas import ListQuery, NewPassword, NewUser


async def list_users(call: Call[None, ListQuery]) -> Page[User]:
    """Everybody, in the order they came."""
    found = await call.hub.accounts.users()
    return page_of("users", found, _oldest_first, limit=call.query.limit, cursor=call.query.cursor)


async def add_user(call: Call[NewUser, NoQuery]) -> User:
    """Add a person."""
    return await call.hub.accounts.add_user(call.body.name, call.body.role, call.body.password)


async def set_password(call: Call[NewPassword, NoQuery]) -> None:
    """Give a person a new password; their other sessions end."""
    await call.hub.accounts.set_password(
        call.part("name"), call.body.password, keep_session_id=call.known_caller.session_id
    )


async def remove_user(call: Call[None, NoQuery]) -> None:
    """Remove a person."""
    await call.hub.accounts.remove_user(call.part("name"))


async def list_devices(call: Call[None, ListQuery]) -> Page[Device]:
    """Where the asker is signed in, the newest first."""
    found = await call.hub.accounts.devices(call.viewer, call.known_caller.session_id)
    return page_of(
        f"devices of {call.viewer.user_id}",
        found,
        _newest_first,
        limit=call.query.limit,
        cursor=call.query.cursor,
    )


async def remove_device(call: Call[None, NoQuery]) -> None:
    """Sign the asker out on one of their devices."""
    await call.hub.accounts.remove_device(call.viewer, call.part("id"))


def _oldest_first(user: User) -> Rank:
    return user.created_at.timestamp(), user.id.encode()


def _newest_first(device: Device) -> Rank:
    return -device.created_at.timestamp(), device.id.encode()
