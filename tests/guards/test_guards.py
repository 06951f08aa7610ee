"""Each guard is shown a test that breaks its rule, in a pytest of its own, and must fail it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TypedDict

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parent.parent.parent

# Test → what its failure must say.
MUST_FAIL = {
    "test_leaks_a_task": r"asyncio task still pending .*forgotten",
    "test_leaks_a_thread": r"thread still running: 'forgotten-thread'",
    "test_leaks_a_socket": r"file descriptor still open: \d+ → socket:",
    "test_leaks_a_file": r"file descriptor still open: \d+ → .*forgotten\.txt",
    "test_leaks_a_child": r"child process not ended .*sleep",
    "test_leaks_a_zombie": r"child process not ended .*zombie",
    "test_logs_an_error": r"unexpected ERROR of hub\.some: went wrong",
    "test_expects_an_error_that_does_not_come": r"no ERROR record matched 'went wrong'",
    "test_reaches_out": r"tried to reach another machine: 192\.0\.2\.1",
    "test_looks_a_name_up": r"tried to reach another machine: example\.org",
    "test_sleeps_on_the_loop_inside_hub_code": r"blocking call on the event loop: time\.sleep",
    "test_reads_a_file_on_the_loop_inside_hub_code": r"blocking call on the event loop: io\.",
    "test_queries_on_the_loop_inside_hub_code": r"blocking call on the event loop: .*Engine\.connect",
    "test_warns": r"DeprecationWarning: old",
    "test_forgets_to_await": r"coroutine .*forgotten' was never awaited",
    "test_never_ends": r"Timeout \(>1\.0s\)",
    "test_skips": r"skipped in CI",
    "test_qt_warning": r"something of Qt's",
}
MUST_PASS = (
    "test_clean",
    "test_clean_async",
    "test_expects_an_error",
    "test_uses_a_module_fixture",
    "test_may_block",
    "test_blocks_in_a_thread",
    "test_talks_to_itself",
    "test_is_for_another_platform",
)

INNER = """
import asyncio, logging, os, socket, subprocess, sys, threading, time, warnings
import pytest
from PySide6.QtCore import qWarning
import hub_code

stop = threading.Event()
kept = []

async def test_leaks_a_task():
    async def forgotten():
        await asyncio.Event().wait()
    kept.append(asyncio.get_running_loop().create_task(forgotten()))
    await asyncio.sleep(0)

def test_leaks_a_thread():
    threading.Thread(target=stop.wait, name="forgotten-thread", daemon=True).start()

def test_leaks_a_socket():
    kept.append(socket.socket())

def test_leaks_a_file(tmp_path):
    kept.append((tmp_path / "forgotten.txt").open("w"))

def test_leaks_a_child():
    kept.append(subprocess.Popen(["sleep", "60"]))

def test_leaks_a_zombie():
    kept.append(subprocess.Popen(["true"]))
    os.waitid(os.P_PID, kept[-1].pid, os.WEXITED | os.WNOWAIT)

def test_logs_an_error():
    logging.getLogger("hub.some").error("went %s", "wrong")

@pytest.mark.expect_errors("went wrong")
def test_expects_an_error_that_does_not_come():
    pass

@pytest.mark.expect_errors("went wr.ng")
def test_expects_an_error():
    logging.getLogger("hub.some").error("went wrong")

def test_reaches_out():
    with pytest.raises(RuntimeError), socket.socket() as s:
        s.connect(("192.0.2.1", 9))

def test_looks_a_name_up():
    with pytest.raises(RuntimeError):
        socket.getaddrinfo("example.org", 80)

async def test_sleeps_on_the_loop_inside_hub_code():
    with pytest.raises(Exception, match="Blocking"):
        hub_code.sleep()

async def test_reads_a_file_on_the_loop_inside_hub_code():
    with pytest.raises(Exception, match="Blocking"):
        hub_code.read(__file__)

async def test_queries_on_the_loop_inside_hub_code():
    engine = hub_code.engine()
    with pytest.raises(Exception, match="Blocking"):
        hub_code.query(engine)
    await asyncio.to_thread(engine.dispose)

def test_warns():
    warnings.warn("old", DeprecationWarning)

def test_forgets_to_await():
    async def forgotten():
        pass
    forgotten()

@pytest.mark.timeout(1)
def test_never_ends():
    stop.wait()

def test_skips():
    pytest.skip("no such tool")

@pytest.mark.platform_skip
def test_is_for_another_platform():
    pytest.skip("Windows only")

def test_qt_warning():
    qWarning("something of Qt's")

def test_clean(tmp_path):
    subprocess.run(["true"], check=True)
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()

async def test_clean_async():
    await asyncio.to_thread(hub_code.sleep)
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()

@pytest.fixture(scope="module")
def shared():
    held = socket.socket()
    thread = threading.Thread(target=stop.wait, daemon=True)
    thread.start()
    yield held
    held.close()
    stop.set()
    thread.join()

def test_uses_a_module_fixture(shared):
    assert shared.fileno() > 0

@pytest.mark.allow_blocking("to show that it is possible")
async def test_may_block():
    hub_code.sleep()

async def test_blocks_in_a_thread():
    assert await asyncio.to_thread(hub_code.read, __file__)

async def test_talks_to_itself():
    server = await asyncio.start_server(lambda r, w: w.close(), "localhost", 0)
    async with server:
        reader, writer = await asyncio.open_connection("localhost", server.sockets[0].getsockname()[1])
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
"""

HUB_CODE = """
import time
import sqlalchemy

def sleep():
    time.sleep(0.001)

def read(path):
    with open(path, "rb") as file:
        return file.read()

def engine():
    return sqlalchemy.create_engine("sqlite://")

def query(engine):
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("SELECT 1"))
"""

CONFIG = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
qt_api = pyside6
qt_log_level_fail = WARNING
filterwarnings = error
guarded_packages = hub_code
"""

REPORTER = """
import json

def pytest_runtest_logreport(report):
    line = {"name": report.nodeid.rpartition("::")[2], "outcome": report.outcome, "text": report.longreprtext}
    with open("reports.jsonl", "a") as file:
        file.write(json.dumps(line) + "\\n")
"""


class Report(TypedDict):
    """One phase of one inner test."""

    name: str
    outcome: str
    text: str


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[Report]:
    """All inner tests, run once."""
    folder = tmp_path_factory.mktemp("inner")
    files = {"pytest.ini": CONFIG, "conftest.py": REPORTER, "hub_code.py": HUB_CODE, "test_inner.py": INNER}
    for name, content in files.items():
        (folder / name).write_text(content)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.guards.plugin",
        "-p",
        "no:randomly",
        "-p",
        "no:xdist",
    ]
    environment = os.environ | {"CI": "true", "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    return [json.loads(line) for line in (folder / "reports.jsonl").read_text().splitlines()]


def test_every_inner_test_ran(reports: list[Report]) -> None:
    assert {report["name"] for report in reports} == set(MUST_FAIL) | set(MUST_PASS)


@pytest.mark.parametrize("name", MUST_FAIL)
def test_a_rule_breaking_test_fails_and_says_why(reports: list[Report], name: str) -> None:
    failed = [
        report["text"] for report in reports if report["name"] == name and report["outcome"] == "failed"
    ]
    assert failed
    assert re.search(MUST_FAIL[name], "\n".join(failed)), "\n".join(failed)


@pytest.mark.parametrize("name", MUST_PASS)
def test_an_honest_test_passes(reports: list[Report], name: str) -> None:
    failed = [
        report["text"] for report in reports if report["name"] == name and report["outcome"] == "failed"
    ]
    assert not failed, "\n".join(failed)
