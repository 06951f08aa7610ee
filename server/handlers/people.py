"""The people of the household and their devices."""

from __future__ import annotations

from hub.accounts.types import User
from server.call import Call, NoQuery
from server.schemas import DeviceList, NewPassword, NewUser, UserList


async def list_users(call: Call[None, NoQuery]) -> UserList:
    """Everybody."""
    return UserList(items=await call.hub.accounts.users())


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


async def list_devices(call: Call[None, NoQuery]) -> DeviceList:
    """Where the asker is signed in."""
    return DeviceList(items=await call.hub.accounts.devices(call.viewer, call.known_caller.session_id))


async def remove_device(call: Call[None, NoQuery]) -> None:
    """Sign the asker out on one of their devices."""
    await call.hub.accounts.remove_device(call.viewer, call.part("id"))
