"""A full disk, or a database that somebody else holds: said in words by every way in, and over once it is over."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from hub.bootstrap import Hub
from hub.db import failures
from hub.db.engine import Database
from tests.broken_database import full, locked
from tests.server.conftest import PASSWORD, Client

pytestmark = pytest.mark.integration


async def test_what_cannot_be_stored_is_507_and_nothing_is_lost(
    hub: Hub, owner: Client, library: dict[str, str]
) -> None:
    path = f"/v1/videos/{library['Alpha']}"
    with full(hub.db.engine):
        reply = await owner.patch(path, json={"description": "x" * 40_000})
        assert "Free some space" in reply.problem(507, "storage-full")
        assert "Retry-After" not in reply.headers
        assert (await owner.get(path)).json["description"] == ""
    assert (await owner.patch(path, json={"description": "x" * 40_000})).status == 200


async def test_every_way_of_writing_is_503_while_the_database_is_locked(
    hub: Hub, owner: Client, anyone: Client, library: dict[str, str]
) -> None:
    # What works in the background meanwhile says in the log that it cannot write; that is not what this is about.
    for service in (hub.jobs, hub.derived, hub.thumbnails):
        await service.close()
    _impatient(hub.db)
    assert hub.db.is_sqlite
    path = f"/v1/videos/{library['Alpha']}"
    with locked(hub.paths.database_file):
        for reply in (
            await owner.patch(path, json={"title": "New"}),
            await owner.put(f"{path}/position", json={"position_s": 1}),
            await anyone.post("/v1/auth/login", json={"name": "Ada", "password": PASSWORD}),
        ):
            assert "database is locked" in reply.problem(503, "database-unavailable")
            assert reply.headers["Retry-After"] == "5"
        ready = await anyone.get("/readyz")
        assert ready.status == 503
        assert "database is locked" in ready.json["reasons"][0]
    assert (await anyone.get("/readyz")).json == {"status": "ok", "reasons": []}
    assert (await owner.patch(path, json={"title": "New"})).json["title"] == "New"


async def test_a_server_without_room_is_not_ready(anyone: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(failures, "ROOM_BYTES", 1 << 62)
        ready = await anyone.get("/readyz")
        assert ready.status == 503
        assert "no room" in ready.json["reasons"][0]
    assert (await anyone.get("/readyz")).status == 200


def _impatient(database: Database) -> None:
    """Waits for a lock shortly only, in the connections that are open by now and those to come."""
    event.listen(database.engine, "checkout", lambda raw, *_: raw.execute("PRAGMA busy_timeout=20"))
