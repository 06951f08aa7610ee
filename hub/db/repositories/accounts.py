"""Rows of people, devices, sessions and the hub's own secrets. Every function runs in its caller's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, RowMapping, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from hub.accounts.types import Device, Role, User
from hub.db.tables import DeviceRow, SessionRow, SettingRow, UserRow
from hub.errors import Conflict


class StoredUser(NamedTuple):
    """A person with what signs them in; `password_hash` is None while nothing does."""

    user: User
    password_hash: str | None


class StoredSession(NamedTuple):
    """A session that may have expired, and whose it is."""

    session_id: str
    device_id: str
    user: User
    expires_at: datetime


# --- secrets ---------------------------------------------------------------------------------------------------


def keep_secret(connection: Connection, key: str, fresh: str) -> str:
    """The hub's secret of this name: `fresh` if there was none.

    Of two nodes that start at once one makes it; the other waits here for the first one's transaction and finds it.
    """
    wanted = select(SettingRow.value).where(SettingRow.key == key)
    found = connection.execute(wanted).scalar_one_or_none()
    if found is None:
        try:
            with connection.begin_nested():
                connection.execute(insert(SettingRow).values(key=key, value=fresh))
        except IntegrityError:
            return str(connection.execute(wanted).scalar_one())
        return fresh
    return str(found)


# --- people ----------------------------------------------------------------------------------------------------


def first_owner(connection: Connection) -> StoredUser | None:
    """The owner who stands for this machine: one with a password before one without, the oldest of them."""
    found = connection.execute(
        _users()
        .where(UserRow.role == Role.OWNER)
        .order_by(UserRow.password_hash.is_(None), UserRow.created_at, UserRow.id)
        .limit(1)
    )
    return _stored(found.mappings().first())


def unclaimed_owner(connection: Connection) -> User | None:
    """The owner nobody has named yet; None once any owner has a password."""
    owner = first_owner(connection)
    return owner.user if owner is not None and owner.password_hash is None else None


def find_user(connection: Connection, name_key: str) -> StoredUser | None:
    """The person whose folded name this is."""
    return _stored(connection.execute(_users().where(UserRow.name_key == name_key)).mappings().first())


def get_user(connection: Connection, user_id: str) -> User | None:
    """The person with this id."""
    found = _stored(connection.execute(_users().where(UserRow.id == user_id)).mappings().first())
    return found.user if found is not None else None


def list_users(connection: Connection) -> list[User]:
    """Everybody, in the order they came."""
    found = connection.execute(_users().order_by(UserRow.created_at, UserRow.id)).mappings()
    return [_user(row) for row in found]


def count_owners(connection: Connection) -> int:
    """How many owners there are; their rows stay as they are until this transaction ends."""
    return len(
        connection.execute(select(UserRow.id).where(UserRow.role == Role.OWNER).with_for_update()).all()
    )


def insert_user(connection: Connection, user: User, name_key: str, password_hash: str | None) -> None:
    """Add a person. Conflict when the name is taken."""
    try:
        with connection.begin_nested():
            connection.execute(
                insert(UserRow).values(
                    id=user.id,
                    name=user.name,
                    name_key=name_key,
                    role=user.role,
                    password_hash=password_hash,
                    created_at=user.created_at,
                )
            )
    except IntegrityError as error:
        raise _taken(user.name) from error


def claim_user(connection: Connection, user_id: str, name: str, name_key: str, password_hash: str) -> bool:
    """Name the person without a password and give them one; False when they have one already. Conflict."""
    try:
        with connection.begin_nested():
            done = connection.execute(
                update(UserRow)
                .where(UserRow.id == user_id, UserRow.password_hash.is_(None))
                .values(name=name, name_key=name_key, password_hash=password_hash)
            )
    except IntegrityError as error:
        raise _taken(name) from error
    return done.rowcount == 1


def set_password_hash(
    connection: Connection, user_id: str, password_hash: str, *, instead_of: str | None = None
) -> None:
    """Change a person's password hash; with `instead_of` only while it is still that one."""
    statement = update(UserRow).where(UserRow.id == user_id)
    if instead_of is not None:
        statement = statement.where(UserRow.password_hash == instead_of)
    connection.execute(statement.values(password_hash=password_hash))


def delete_user(connection: Connection, user_id: str) -> None:
    """Remove a person with everything that is theirs alone."""
    connection.execute(delete(UserRow).where(UserRow.id == user_id))


# --- sessions and devices --------------------------------------------------------------------------------------


def insert_session(
    connection: Connection,
    *,
    user_id: str,
    session_id: str,
    token_hash: str,
    device: Device,
    expires_at: datetime,
) -> None:
    """A sign-in on a device of its own."""
    connection.execute(
        insert(DeviceRow).values(
            id=device.id,
            user_id=user_id,
            name=device.name,
            kind=device.kind,
            created_at=device.created_at,
            last_seen_at=device.last_seen_at,
        )
    )
    connection.execute(
        insert(SessionRow).values(
            id=session_id,
            user_id=user_id,
            device_id=device.id,
            token_hash=token_hash,
            created_at=device.created_at,
            expires_at=expires_at,
        )
    )


def find_session(connection: Connection, token_hash: str) -> StoredSession | None:
    """The session a token opens, expired or not."""
    row = (
        connection.execute(
            select(
                SessionRow.id.label("session_id"),
                SessionRow.device_id,
                SessionRow.expires_at,
                UserRow.id,
                UserRow.name,
                UserRow.role,
                UserRow.created_at,
            )
            .join(UserRow, UserRow.id == SessionRow.user_id)
            .where(SessionRow.token_hash == token_hash)
        )
        .mappings()
        .first()
    )
    if row is None:
        return None
    return StoredSession(row["session_id"], row["device_id"], _user(row), row["expires_at"])


def find_holder(connection: Connection, holder_id: str, now: datetime) -> User | None:
    """Whose session this is, if it is not over; or the person with this id."""
    session = select(SessionRow.user_id).where(SessionRow.id == holder_id, SessionRow.expires_at > now)
    user_id = connection.execute(session).scalar_one_or_none()
    return get_user(connection, user_id or holder_id)


def renew_session(connection: Connection, session_id: str, *, expires_at: datetime, now: datetime) -> None:
    """Move a session's end on, and note that its device was there."""
    connection.execute(update(SessionRow).where(SessionRow.id == session_id).values(expires_at=expires_at))
    device = select(SessionRow.device_id).where(SessionRow.id == session_id).scalar_subquery()
    connection.execute(update(DeviceRow).where(DeviceRow.id == device).values(last_seen_at=now))


def end_session(connection: Connection, session_id: str) -> None:
    """Remove a session and its device."""
    _delete_devices(connection, select(SessionRow.device_id).where(SessionRow.id == session_id))


def end_sessions_of(connection: Connection, user_id: str, *, but: str | None = None) -> list[str]:
    """Remove a person's sessions and devices, but for the one session; the ids of those removed."""
    theirs = select(SessionRow.id, SessionRow.device_id).where(
        SessionRow.user_id == user_id, SessionRow.id != (but or "")
    )
    found = connection.execute(theirs).all()
    connection.execute(delete(DeviceRow).where(DeviceRow.id.in_([row.device_id for row in found])))
    return [row.id for row in found]


def delete_expired(connection: Connection, now: datetime) -> None:
    """Forget sessions that are over, and their devices."""
    _delete_devices(connection, select(SessionRow.device_id).where(SessionRow.expires_at <= now))


def list_devices(connection: Connection, user_id: str, *, session_id: str | None) -> list[Device]:
    """A person's devices, newest first; that of `session_id` is marked."""
    found = connection.execute(
        select(
            DeviceRow.id,
            DeviceRow.name,
            DeviceRow.kind,
            DeviceRow.created_at,
            DeviceRow.last_seen_at,
            SessionRow.id.label("session_id"),
        )
        .join(SessionRow, SessionRow.device_id == DeviceRow.id)
        .where(DeviceRow.user_id == user_id)
        .order_by(DeviceRow.id.desc())
    )
    return [
        Device(
            id=row.id,
            name=row.name,
            kind=row.kind,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            is_current=row.session_id == session_id,
        )
        for row in found
    ]


def delete_device(connection: Connection, user_id: str, device_id: str) -> list[str] | None:
    """Remove a person's device; the ids of its sessions, or None when they have no such device."""
    sessions = (
        connection.execute(select(SessionRow.id).where(SessionRow.device_id == device_id)).scalars().all()
    )
    done = connection.execute(
        delete(DeviceRow).where(DeviceRow.id == device_id, DeviceRow.user_id == user_id)
    )
    return list(sessions) if done.rowcount else None


def _delete_devices(connection: Connection, device_ids: Select[str]) -> None:
    # Sessions go with their device (ON DELETE CASCADE).
    connection.execute(delete(DeviceRow).where(DeviceRow.id.in_(device_ids)))


def _users() -> Select[str, str, str, str | None, datetime]:
    return select(UserRow.id, UserRow.name, UserRow.role, UserRow.password_hash, UserRow.created_at)


def _stored(row: RowMapping | None) -> StoredUser | None:
    return None if row is None else StoredUser(_user(row), row["password_hash"])


def _user(row: RowMapping) -> User:
    return User(id=row["id"], name=row["name"], role=Role(row["role"]), created_at=row["created_at"])


def _taken(name: str) -> Conflict:
    return Conflict(f"Somebody is called {name!r} already. Choose another name.")
