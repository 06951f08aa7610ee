from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import sqlalchemy
from sqlalchemy import text
from sqlalchemy.pool import NullPool

from tests.pg import FOLDER_PREFIX, PgCluster, sweep_orphans

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parent.parent


def scalar(url: str, statement: str) -> object:
    engine = sqlalchemy.create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return connection.execute(text(statement)).scalar_one()


def run(url: str, statement: str) -> None:
    engine = sqlalchemy.create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text(statement))


def ends(pid: int) -> bool:
    """Whether the process ends; one that init has yet to reap is given the time for it."""
    try:
        psutil.Process(pid).wait(timeout=5)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


def test_a_test_gets_a_utf8_database_on_a_socket_and_no_port(pg_url: str) -> None:
    assert scalar(pg_url, "SHOW server_encoding") == "UTF8"
    assert scalar(pg_url, "SHOW listen_addresses") == ""


def test_databases_of_two_blocks_are_apart_and_dropped(pg_cluster: PgCluster, pg_template: str) -> None:
    with pg_cluster.database(pg_template) as one, pg_cluster.database(pg_template) as two:
        run(one, "CREATE TABLE t (x int)")
        assert scalar(two, "SELECT count(*) FROM information_schema.tables WHERE table_name = 't'") == 0
        name = sqlalchemy.make_url(one).database
    left = f"SELECT count(*) FROM pg_database WHERE datname = '{name}'"  # noqa: S608 - our own random name
    assert scalar(pg_cluster.url("postgres"), left) == 0


def test_a_template_is_prepared_once_and_cloned_with_its_content(pg_cluster: PgCluster) -> None:
    calls: list[str] = []

    def prepare(url: str) -> None:
        calls.append(url)
        run(url, "CREATE TABLE answer AS SELECT 42 AS x")

    for _ in range(2):
        with pg_cluster.database(pg_cluster.template("prepared", prepare)) as url:
            assert scalar(url, "SELECT x FROM answer") == 42
    assert len(calls) == 1


def test_a_cluster_leaves_nothing_when_stopped() -> None:
    cluster = PgCluster()
    cluster.start()
    pid = int((cluster.folder / "data" / "postmaster.pid").read_text().split()[0])
    cluster.stop()
    assert not cluster.folder.exists()
    assert ends(pid)


def test_a_cluster_whose_test_process_was_killed_is_swept_away() -> None:
    script = (
        "from tests.pg import PgCluster; c = PgCluster(); c.start(); print(c.folder); import os; os._exit(9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    folder = Path(done.stdout.strip())
    assert done.returncode == 9, done.stderr
    pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    assert folder in sweep_orphans()
    assert not folder.exists()
    assert ends(pid)


def test_a_living_cluster_is_not_swept_away(pg_cluster: PgCluster) -> None:
    assert pg_cluster.folder.name.startswith(f"{FOLDER_PREFIX}{os.getpid()}-")
    assert pg_cluster.folder not in sweep_orphans()
    assert scalar(pg_cluster.url("postgres"), "SELECT 1") == 1


def test_a_missing_server_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "glob", lambda *_: iter(()))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RuntimeError, match="apt-get install postgresql"):
        PgCluster()
