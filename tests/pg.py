"""A PostgreSQL of one's own: a cluster in a temporary folder that listens on a socket and on no port.

`pg_url` gives each test an empty database of its own, cloned from a template in some 40 ms and dropped afterwards. A
package whose tests want a schema in it overrides `pg_template`:

    @pytest.fixture(scope="session")
    def pg_template(pg_cluster: PgCluster) -> str:
        return pg_cluster.template("catalogue", upgrade_to_newest_schema)
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

SUPERUSER = "postgres"
FOLDER_PREFIX = "marquee-pg-"
START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 15


class PgUnavailableError(RuntimeError):
    """PostgreSQL's server is not installed, or did not start."""


class PgCluster:
    """A running throw-away cluster. Its folder's name carries the process that owns it."""

    def __init__(self) -> None:
        self._bin = _server_binaries()
        # A socket's path may have 107 characters, and pytest's own temporary folders are deep.
        self.folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-", dir="/tmp"))
        self._templates: dict[str, str] = {}

    def start(self) -> None:
        """Make the cluster and start it. PgUnavailableError says what went wrong."""
        if os.geteuid() == 0:
            account = _unprivileged_account()
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        data = str(self.folder / "data")
        self._run(
            "initdb",
            "-D",
            data,
            "-A",
            "trust",
            "-U",
            SUPERUSER,
            "--no-sync",
            "--locale=C.UTF-8",
            "-E",
            "UTF8",
        )
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off -c max_connections=50"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", data, "-w", "-t", str(START_TIMEOUT_S), "-l", log, "-o", options, "start")

    def stop(self) -> None:
        """Stop the cluster and remove every trace of it."""
        _stop(self._bin, self.folder)

    def url(self, database: str) -> str:
        """The SQLAlchemy address of a database of this cluster."""
        return f"postgresql+psycopg://{SUPERUSER}@/{database}?host={self.folder}"

    def template(self, name: str, prepare: Callable[[str], None] | None = None) -> str:
        """The name of a template database, made on the first call; `prepare` gets its URL and fills it.

        `prepare` must leave no connection open: PostgreSQL clones only databases nobody is connected to.
        """
        if name not in self._templates:
            database = f"template_{name}"
            self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(database)))
            if prepare is not None:
                prepare(self.url(database))
            self._templates[name] = database
        return self._templates[name]

    @contextlib.contextmanager
    def database(self, template: str) -> Iterator[str]:
        """The URL of a fresh clone of `template`, dropped at the end of the block."""
        name = f"test_{uuid.uuid4().hex}"
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        try:
            yield self.url(name)
        finally:
            self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(
            host=str(self.folder), user=SUPERUSER, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)

    def _run(self, program: str, *arguments: str) -> None:
        command = [*_as_unprivileged(), str(self._bin / program), *arguments]
        out = self.folder.with_suffix(".out")
        # The server inherits these; with a pipe the call would wait for the server's own end.
        with out.open("w+b") as sink:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                cwd="/",
                env=_environment(),
                check=False,
            )
            sink.seek(0)
            text = sink.read().decode(errors="replace")
        out.unlink()
        if done.returncode != 0:
            log = self.folder / "log"
            details = log.read_text(errors="replace") if log.exists() else ""
            self.stop()
            raise PgUnavailableError(f"{program} failed with {done.returncode}:\n{text}{details}")


@pytest.fixture(scope="session")
def pg_cluster() -> Iterator[PgCluster]:
    """One cluster for this test process."""
    sweep_orphans()
    cluster = PgCluster()
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def pg_template(pg_cluster: PgCluster) -> str:
    """The database that `pg_url` clones: an empty one, unless a package overrides this."""
    return pg_cluster.template("empty")


@pytest.fixture
def pg_url(pg_cluster: PgCluster, pg_template: str) -> Iterator[str]:
    """The address of a PostgreSQL database for this test alone."""
    with pg_cluster.database(pg_template) as url:
        yield url


def sweep_orphans() -> list[Path]:
    """Stop and remove clusters whose test process was killed; returns their folders."""
    swept = []
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*-*"):
        owner = folder.name.removeprefix(FOLDER_PREFIX).split("-")[0]
        if folder.is_dir() and owner.isdigit() and not Path(f"/proc/{owner}").exists():
            _stop(_server_binaries(), folder)
            swept.append(folder)
    return swept


def _stop(binaries: Path, folder: Path) -> None:
    data = folder / "data"
    if (data / "postmaster.pid").exists():
        command = [*_as_unprivileged(), str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate"]
        done = subprocess.run(
            [*command, "-w", "-t", str(STOP_TIMEOUT_S), "stop"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            check=False,
        )
        if done.returncode != 0 and (data / "postmaster.pid").exists():
            pid = int((data / "postmaster.pid").read_text().split()[0])
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder)


def _server_binaries() -> Path:
    """The folder of initdb and pg_ctl: the newest Debian keeps, else the one on PATH."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]), reverse=True
    )
    if installed:
        return installed[0].parent
    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    raise PgUnavailableError(
        "the tests need PostgreSQL's server programs (initdb, pg_ctl) under /usr/lib/postgresql or on PATH; "
        "on Debian: apt-get install postgresql"
    )


def _unprivileged_account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        raise PgUnavailableError(
            "PostgreSQL refuses to run as root and there is no account named postgres to run it as; "
            "install the distribution's postgresql package, or run the tests as another user"
        ) from None


def _as_unprivileged() -> list[str]:
    return ["runuser", "-u", _unprivileged_account().pw_name, "--"] if os.geteuid() == 0 else []


def _environment() -> dict[str, str]:
    """No PG* variable of whoever runs the tests reaches the cluster."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
