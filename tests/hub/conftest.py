"""Databases for tests of the core: every test of a repository runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.db.engine import Database, open_engine
from hub.db.upgrade import upgrade_database
from tests.pg import PgCluster


def prepare_template(url: str) -> None:
    """Give a template database the newest schema."""
    engine = open_engine(url)
    upgrade_database(engine, Path("/nonexistent"))
    engine.dispose()


@pytest.fixture(scope="session")
def pg_template(pg_cluster: PgCluster) -> str:
    """A database with the newest schema, to be cloned."""
    return pg_cluster.template("schema", prepare_template)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the newest schema, to be copied."""
    path = tmp_path_factory.mktemp("schema") / "template.db"
    prepare_template(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> str:
    """The address of an empty database with the schema, once on each engine."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("pg_url")
        return url
    path = tmp_path / "marquee.db"
    path.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The doors to that database."""
    database = Database(open_engine(database_url))
    yield database
    await database.close()
