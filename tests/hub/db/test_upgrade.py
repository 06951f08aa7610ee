from __future__ import annotations

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
