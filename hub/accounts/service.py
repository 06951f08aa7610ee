"""People and what opens the door to them: first run, sign-in, sessions, media tokens.

The owner's row exists from the first start, without a password, so that what is watched before set-up is kept. Until
somebody claims it (by the first-run code, or as the first owner added on the command line) the hub is unclaimed.
"""

from __future__ import annotations

import getpass
import hmac
import logging
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from cachetools import TTLCache
from sqlalchemy import Connection
from ulid import ULID

from hub.accounts import media_tokens, setup_code
from hub.accounts.devices import describe
from hub.accounts.limits import TryLimits
from hub.accounts.names import MAX_NAME, clean_name, name_key
from hub.accounts.passwords import PasswordHasher, check_password
from hub.accounts.sessions import CACHE_S, CACHE_SIZE, Sessions
from hub.accounts.types import Credential, Device, Role, SignedIn, User, Viewer
from hub.db.engine import Database
from hub.db.repositories import accounts as rows
from hub.errors import Conflict, InvalidInput, NotAllowed, NotFound, NotSignedIn
from hub.events import EventBus, SessionsEnded, SetupFinished

log = logging.getLogger(__name__)

MEDIA_KEY = "accounts.media_key"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class AccountService:
    """Who is who, and who is at the door. `now` and `hasher` are for those who cannot wait 90 days."""

    def __init__(
        self,
        db: Database,
        events: EventBus,
        *,
        limits_enabled: bool,
        now: Callable[[], datetime] = _utc_now,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._db = db
        self._events = events
        self._now = now
        self._limits = TryLimits(enabled=limits_enabled)
        self._passwords = hasher or PasswordHasher()
        self._sessions = Sessions(db, now)
        self._viewers: TTLCache[str, Viewer] = TTLCache(CACHE_SIZE, CACHE_S)
        self._forgotten = 0
        self._code: str | None = None
        self._media_key = b""
        self._local_token = secrets.token_urlsafe(32)

    async def start(self) -> None:
        """Make the owner's row and the secrets if they are missing, and a first-run code while unclaimed."""
        key, unclaimed = await self._db.write(_first_start, self._now())
        self._media_key = bytes.fromhex(key)
        self._code = setup_code.new_code() if unclaimed else None

    async def close(self) -> None:
        """End the hashing thread."""
        await self._passwords.close()

    # --- this machine -----------------------------------------------------------------------------------------

    @property
    def local_token(self) -> str:
        """Stands for the owner: for the command line and the window on this machine. New at each start."""
        return self._local_token

    async def local_viewer(self) -> Viewer:
        """The person this machine's window acts for: the (first) owner."""
        viewer = await self._viewer("local", _first_owner)
        if viewer is None:
            raise NotFound("This hub has no owner; its database was changed by other means.")
        return viewer

    # --- first run --------------------------------------------------------------------------------------------

    async def setup_code(self) -> str | None:
        """The first-run code, None once the hub has been claimed."""
        return self._code

    async def set_up(self, code: str, name: str, password: str, device: str, peer: str | None) -> SignedIn:
        """Name the owner, set their password and sign them in. `device`: a User-Agent or a plain name.

        Conflict when the hub is claimed already, NotAllowed for a wrong code, InvalidInput, TooManyRequests.
        """
        if self._code is None:
            raise Conflict("This hub is set up already. Sign in instead.")
        with self._limits.trying("setup", peer):
            if not setup_code.is_same(code, self._code):
                raise NotAllowed(
                    "That is not the first-run code. It stands in the window, and where Marquee was started."
                )
        name = clean_name(name)
        check_password(password)
        user = await self._db.write(_claim, name, await self._passwords.hash(password))
        self._end_setup()
        if user is None:
            raise Conflict("This hub is set up already. Sign in instead.")
        return await self._sessions.open(user, describe(device))

    # --- signing in and out -----------------------------------------------------------------------------------

    async def log_in(self, name: str, password: str, device: str, peer: str | None) -> SignedIn:
        """A new session. NotSignedIn when name and password do not match, TooManyRequests after too many tries."""
        key = name_key(name) if len(name) <= MAX_NAME else ""
        with self._limits.trying("login", peer, key):
            found = await self._db.read(rows.find_user, key)
            password_hash = found.password_hash if found else None
            if not await self._passwords.verify(password_hash, password) or found is None:
                raise NotSignedIn("That name and password do not match.")
        if password_hash and self._passwords.is_outdated(password_hash):
            fresh = await self._passwords.hash(password)
            await self._db.write(rows.set_password_hash, found.user.id, fresh, instead_of=password_hash)
        return await self._sessions.open(found.user, describe(device))

    async def log_out(self, session_id: str) -> None:
        """End a session."""
        await self._db.write(rows.end_session, session_id)
        self._sessions_ended([session_id])

    async def check(self, token: str) -> Credential:
        """Who a session token, or this hub's local token, stands for. NotSignedIn."""
        if hmac.compare_digest(token.encode(errors="surrogateescape"), self._local_token.encode()):
            return Credential(viewer=await self.local_viewer(), session_id=None, expires_at=None)
        return await self._sessions.check(token)

    # --- media tokens -----------------------------------------------------------------------------------------

    async def media_token(
        self, viewer: Viewer, video_id: str, ttl_s: int, *, session_id: str | None = None
    ) -> tuple[str, datetime]:
        """A token that opens this video's bytes for `viewer`, and when it ends, unless the session does so earlier."""
        expires_at = (self._now() + timedelta(seconds=ttl_s)).replace(microsecond=0)
        holder_id = session_id or viewer.user_id
        return media_tokens.sign(self._media_key, holder_id, video_id, expires_at), expires_at

    async def check_media_token(self, token: str, video_id: str) -> Viewer:
        """Whose token it is. NotSignedIn when it is another video's, expired, forged, or its session or person gone."""
        said = media_tokens.read(self._media_key, token, video_id)
        if said is None or said.expires_at_s <= self._now().timestamp():
            raise NotSignedIn("This address has expired or is not whole. Open the video again.")
        viewer = await self._viewer(
            said.holder_id, partial(rows.find_holder, holder_id=said.holder_id, now=self._now())
        )
        if viewer is None:
            raise NotSignedIn("Whoever opened this video has signed out. Open the video again.")
        return viewer

    # --- people -----------------------------------------------------------------------------------------------

    async def users(self) -> list[User]:
        """Everybody."""
        return await self._db.read(rows.list_users)

    async def add_user(self, name: str, role: Role, password: str) -> User:
        """Add a person; an owner added to an unclaimed hub claims it. InvalidInput, Conflict (name taken)."""
        name = clean_name(name)
        check_password(password)
        password_hash = await self._passwords.hash(password)
        user, claimed = await self._db.write(_add, name, role, password_hash, self._now())
        if claimed:
            self._end_setup()
        return user

    async def set_password(self, name: str, password: str, *, keep_session_id: str | None = None) -> None:
        """Change a person's password; their sessions end, but for the one it is done from. NotFound, InvalidInput."""
        check_password(password)
        password_hash = await self._passwords.hash(password)
        ended, claimed = await self._db.write(_set_password, name, password_hash, keep_session_id)
        self._sessions_ended(ended)
        if claimed:
            self._end_setup()

    async def remove_user(self, name: str) -> None:
        """Remove a person with their sessions and positions. NotFound; Conflict for the last owner."""
        self._sessions_ended(await self._db.write(_remove, name))

    async def devices(self, viewer: Viewer, session_id: str | None = None) -> list[Device]:
        """Where a person is signed in; the device of `session_id` is marked."""
        return await self._db.read(rows.list_devices, viewer.user_id, session_id=session_id)

    async def remove_device(self, viewer: Viewer, device_id: str) -> None:
        """Sign a person out on one of their devices. NotFound."""
        ended = await self._db.write(rows.delete_device, viewer.user_id, device_id)
        if ended is None:
            raise NotFound("You have no device with this id.")
        self._sessions_ended(ended)

    async def _viewer(self, key: str, find: Callable[[Connection], User | None]) -> Viewer | None:
        """The person `find` finds, remembered for a while under `key`."""
        while (known := self._viewers.get(key)) is None:
            # A removal between the look-up and the note of its result must not be overtaken by it.
            forgotten = self._forgotten
            user = await self._db.read(find)
            if forgotten != self._forgotten:
                continue
            if user is None:
                return None
            self._viewers[key] = _viewer(user)
        return known

    def _forget_all(self) -> None:
        self._forgotten += 1
        self._viewers.clear()
        self._sessions.forget_all()

    def _sessions_ended(self, session_ids: list[str]) -> None:
        self._forget_all()
        if session_ids:
            self._events.publish(SessionsEnded(tuple(session_ids)))

    def _end_setup(self) -> None:
        self._code = None
        self._forget_all()
        self._events.publish(SetupFinished())


def _first_owner(connection: Connection) -> User | None:
    owner = rows.first_owner(connection)
    return owner.user if owner is not None else None


def _viewer(user: User) -> Viewer:
    return Viewer(user_id=user.id, name=user.name, role=user.role)


def _first_start(connection: Connection, now: datetime) -> tuple[str, bool]:
    # The secret first: its unique key is what makes a second node wait until the first one's owner is there.
    key = rows.keep_secret(connection, MEDIA_KEY, secrets.token_hex(32))
    if rows.first_owner(connection) is None:
        name = _login_name()
        if rows.find_user(connection, name_key(name)) is not None:
            name = f"{name} ({secrets.token_hex(2)})"
        owner = User(id=str(ULID()), name=name, role=Role.OWNER, created_at=now)
        rows.insert_user(connection, owner, name_key(name), None)
    rows.delete_expired(connection, now)
    return key, rows.unclaimed_owner(connection) is not None


def _login_name() -> str:
    try:
        return clean_name(getpass.getuser()[:MAX_NAME])
    except (OSError, KeyError, ImportError, InvalidInput):
        # A container may run under a user id that has no name.
        return "Owner"


def _claim(connection: Connection, name: str, password_hash: str) -> User | None:
    unclaimed = rows.unclaimed_owner(connection)
    if unclaimed is None or not rows.claim_user(
        connection, unclaimed.id, name, name_key(name), password_hash
    ):
        return None
    return User(id=unclaimed.id, name=name, role=unclaimed.role, created_at=unclaimed.created_at)


def _add(
    connection: Connection, name: str, role: Role, password_hash: str, now: datetime
) -> tuple[User, bool]:
    if role is Role.OWNER and (claimed := _claim(connection, name, password_hash)) is not None:
        return claimed, True
    user = User(id=str(ULID()), name=name, role=role, created_at=now)
    rows.insert_user(connection, user, name_key(name), password_hash)
    return user, False


def _set_password(
    connection: Connection, name: str, password_hash: str, keep_session_id: str | None
) -> tuple[list[str], bool]:
    found = _require(connection, name)
    claims = found.user.role is Role.OWNER and rows.unclaimed_owner(connection) is not None
    rows.set_password_hash(connection, found.user.id, password_hash)
    return rows.end_sessions_of(connection, found.user.id, but=keep_session_id), claims


def _remove(connection: Connection, name: str) -> list[str]:
    found = _require(connection, name)
    if found.user.role is Role.OWNER and rows.count_owners(connection) == 1:
        raise Conflict(f"{found.user.name} is the last owner. Make somebody else an owner first.")
    ended = rows.end_sessions_of(connection, found.user.id)
    rows.delete_user(connection, found.user.id)
    return ended


def _require(connection: Connection, name: str) -> rows.StoredUser:
    found = rows.find_user(connection, name_key(name))
    if found is None:
        raise NotFound(f"Nobody is called {name!r}.")
    return found
