"""Brings a database to this program's schema, or says why not.

Alembic is imported only when there is something to do: a start with a current database reads one row. The SQLite file
is copied to the backups folder before each upgrade; a database written by a newer program is refused untouched.
"""

from __future__ import annotations

import logging
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from hub.config import without_password
from hub.errors import DatabaseTooNew, DataFolderError

log = logging.getLogger(__name__)

REVISIONS = ("0001",)
"""Every revision there has been, oldest first; the last is this program's. Kept equal to the scripts by a test."""

MIGRATIONS = Path(__file__).parent / "migrations"
_KEEP_BACKUPS = 5


def upgrade_database(engine: Engine, backups: Path) -> None:
    """Create or upgrade the schema. Blocking.

    DatabaseTooNew, or DataFolderError when the file is no database, or the server refuses or does not answer.
    """
    try:
        _upgrade(engine, backups)
    except DBAPIError as error:
        raise DataFolderError(_unusable(engine, error)) from error


def _upgrade(engine: Engine, backups: Path) -> None:
    with engine.connect() as connection:
        present = present_revision(connection)
        is_empty = present is None and not inspect(connection).get_table_names()
    if present == REVISIONS[-1]:
        return
    if present is None and not is_empty:
        raise DataFolderError(
            f"The database {_name(engine)} holds tables that are not Marquee's. Point database.url at an empty one."
        )
    if present is not None and present not in REVISIONS:
        raise DatabaseTooNew(
            f"The database {_name(engine)} was written by a newer Marquee (its schema is {present}, this program knows "
            f"up to {REVISIONS[-1]}). Nothing was changed. Update Marquee, or restore a backup from {backups}."
        )
    if present is not None and engine.dialect.name == "sqlite":
        _back_up(Path(engine.url.database or ""), backups, present)
    _run(engine)


def _run(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.execution_options(writes=True).begin() as connection:
        if engine.dialect.name == "postgresql":
            # Two nodes may start at once: the second waits here and then finds nothing to do.
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('marquee schema'))"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    log.info("the database schema is now %s", REVISIONS[-1])


def present_revision(connection: Connection) -> str | None:
    """The schema that a database has; None without one of Marquee's."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _back_up(database: Path, backups: Path, revision: str) -> None:
    """Copy the database, WAL included, by SQLite's own online backup."""
    backups.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    target = backups / f"marquee-{stamp}-schema-{revision}.db"
    draft = target.with_suffix(".part")
    source = sqlite3.connect(database)
    copy = sqlite3.connect(draft)
    try:
        source.backup(copy)
    finally:
        copy.close()
        source.close()
    draft.replace(target)
    log.info("the database was copied to %s before its upgrade", target)
    for old in sorted(backups.glob("marquee-*-schema-*.db"))[:-_KEEP_BACKUPS]:
        old.unlink()


def _name(engine: Engine) -> str:
    return without_password(engine.url.render_as_string(hide_password=True))


def _unusable(engine: Engine, error: DBAPIError) -> str:
    if engine.dialect.name == "sqlite":
        hint = "If it is damaged, restore a backup; the file was left as it is."
    else:
        hint = "Check database.url, that the server runs, and what its account may do."
    cause = " ".join(str(error.orig).split())
    return f"The database {_name(engine)} cannot be opened: {cause.rstrip('.?')}. {hint}"
