from __future__ import annotations

import socket
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from hub.db.engine import Database, open_engine
from hub.db.tables import Base
from hub.db.upgrade import MIGRATIONS, REVISIONS, upgrade_database
from hub.errors import DatabaseTooNew, DataFolderError
from tests.pg import SUPERUSER, PgCluster


def test_the_list_of_revisions_is_that_of_the_scripts() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    assert tuple(reversed([script.revision for script in scripts])) == REVISIONS


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
async def test_the_migrations_make_exactly_the_mapped_schema(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        found: list[object] = compare_metadata(MigrationContext.configure(connection), Base.metadata)
        return found

    assert await database.read(differences) == []


def test_every_expression_index_exists_on_sqlite(sqlite_template: Path) -> None:
    connection = sqlite3.connect(sqlite_template)
    found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    connection.close()
    assert {index.name for table in Base.metadata.tables.values() for index in table.indexes} <= found


def test_a_newer_database_is_refused_and_left_alone(sqlite_template: Path, tmp_path: Path) -> None:
    file = tmp_path / "m.db"
    file.write_bytes(sqlite_template.read_bytes())
    engine = open_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNew, match=r"newer Marquee.*9999.*Nothing was changed"):
        upgrade_database(engine, tmp_path / "backups")
    engine.dispose()
    assert not (tmp_path / "backups").exists()


def test_an_old_database_is_copied_before_it_is_upgraded(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "m.db"
    file.write_bytes(sqlite_template.read_bytes())
    engine = open_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO settings (key, value) VALUES ('mark', 'x')"))
    monkeypatch.setattr("hub.db.upgrade.REVISIONS", (*REVISIONS, "next"))
    upgrade_database(engine, tmp_path / "backups")
    engine.dispose()
    (backup,) = (tmp_path / "backups").iterdir()
    copy = sqlite3.connect(backup)
    assert copy.execute("SELECT key FROM settings").fetchall() == [("mark",)]
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copy.close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "m.db"
    file.write_bytes(b"this is not a database, and long enough to be looked at" * 100)
    before = file.read_bytes()
    engine = open_engine(f"sqlite:///{file}")
    with pytest.raises(DataFolderError, match="cannot be opened"):
        upgrade_database(engine, tmp_path)
    engine.dispose()
    assert file.read_bytes() == before


def test_somebody_elses_tables_are_refused(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/m.db")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE guests (name TEXT)"))
    with pytest.raises(DataFolderError, match="not Marquee's"):
        upgrade_database(engine, tmp_path)
    engine.dispose()


def _refusal(url: str, tmp_path: Path) -> str:
    engine = open_engine(url)
    with pytest.raises(DataFolderError) as caught:
        upgrade_database(engine, tmp_path)
    engine.dispose()
    assert "\n" not in caught.value.message
    return caught.value.message


def test_a_server_that_is_down_is_named_without_its_password(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    said = _refusal(f"postgresql://ada:secret@127.0.0.1:{port}/films", tmp_path)
    assert f"ada:***@127.0.0.1:{port}/films" in said
    assert "refused" in said
    assert "Check database.url" in said
    assert "secret" not in said


def test_a_server_that_refuses_the_account_or_its_password_is_named(
    pg_cluster: PgCluster, tmp_path: Path
) -> None:
    with pg_cluster.database("template0") as url:
        said = _refusal(url.replace(f"{SUPERUSER}@", "nobody:secret@"), tmp_path)
        assert 'role "nobody" does not exist' in said
        assert "secret" not in said
        engine = open_engine(url)
        with engine.begin() as connection:
            connection.execute(text("CREATE ROLE guest LOGIN PASSWORD 'secret'"))
        try:
            said = _refusal(url.replace(f"{SUPERUSER}@", "guest@"), tmp_path)
        finally:
            with engine.begin() as connection:
                connection.execute(text("DROP ROLE guest"))
            engine.dispose()
        assert "permission denied" in said
        assert "what its account may do" in said


def test_an_option_the_server_does_not_know_is_named(pg_cluster: PgCluster, tmp_path: Path) -> None:
    said = _refusal(pg_cluster.url("postgres") + "&colour=blue", tmp_path)
    assert "colour" in said


def test_a_database_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    assert "cannot be opened" in _refusal(f"sqlite:///{tmp_path}/nowhere/m.db", tmp_path)
