from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tests.media import make_clip
from tests.process import CODE, READY, Serving, environment, marquee, run_marquee

pytestmark = pytest.mark.integration


def ask(method: str, url: str, body: object = None) -> int:
    """The status of an answer."""
    with urllib3.PoolManager(retries=False) as http:
        return http.request(method, url, json=body).status


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    with Serving(tmp_path / "data", MARQUEE_LIBRARY__WATCH="false") as serving:
        yield serving


def test_the_first_line_on_stdout_is_the_ready_line_and_there_is_no_other(serving: Serving) -> None:
    assert serving.process.stdout is not None
    assert ask("GET", f"{serving.url}/healthz") == 200
    serving.process.send_signal(signal.SIGTERM)
    assert serving.process.stdout.read() == ""
    assert serving.process.wait(5) == 0


def test_the_first_run_code_is_on_stderr_and_works(serving: Serving) -> None:
    found = CODE.search(serving.errors.read_text())
    assert found is not None
    body = {"code": found[1], "name": "Ada", "password": "correct horse"}
    assert ask("POST", f"{serving.url}/v1/setup", body) == 201


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_within_five_seconds(serving: Serving, number: signal.Signals) -> None:
    serving.process.send_signal(number)
    serving.process.send_signal(number)
    began = time.monotonic()
    assert serving.process.wait(5) == 0
    assert time.monotonic() - began < 5
    assert "Traceback" not in serving.errors.read_text()
    assert not (serving.data / "instance.json").exists()


def test_a_signal_during_the_start_ends_it_too(tmp_path: Path) -> None:
    process = subprocess.Popen(
        marquee("serve", "--host", "127.0.0.1", "--port", "0", data=tmp_path / "data"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=environment(),
    )
    lock = tmp_path / "data" / "hub.lock"
    deadline = time.monotonic() + 20
    while not lock.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.terminate()
    out, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert out == "" or READY.fullmatch(out.strip())
    assert "Traceback" not in errors


def test_options_outweigh_the_environment(tmp_path: Path) -> None:
    with Serving(
        tmp_path / "data", "--host", "127.0.0.1", "--port", "0", MARQUEE_SERVER__HOST="192.0.2.1"
    ) as serving:
        assert serving.url.startswith("http://127.0.0.1:")


def test_a_second_hub_on_the_same_folder_is_refused(serving: Serving) -> None:
    done = subprocess.run(
        marquee("serve", "--port", "0", data=serving.data),
        capture_output=True,
        text=True,
        env=environment(),
        timeout=20,
        stdin=subprocess.DEVNULL,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert serving.url.removeprefix("http://").split(":")[-1] in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            marquee("serve", "--host", "127.0.0.1", "--port", str(port), data=tmp_path / "data"),
            capture_output=True,
            text=True,
            env=environment(),
            timeout=20,
            stdin=subprocess.DEVNULL,
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert f"Port {port} is in use" in done.stderr
    assert "Traceback" not in done.stderr
    # The folder is free again.
    assert not (tmp_path / "data" / "instance.json").exists()


def test_a_reader_that_went_away_does_not_stop_it(tmp_path: Path) -> None:
    process = subprocess.Popen(
        marquee("serve", "--host", "127.0.0.1", "--port", "0", data=tmp_path / "data"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], 20)
    assert readable
    url = process.stdout.readline().removeprefix("Marquee is ready at ").strip()
    process.stdout.close()
    try:
        assert ask("GET", f"{url}/readyz") == 200
    finally:
        os.kill(process.pid, signal.SIGTERM)
    assert process.wait(5) == 0


def run_patched(patch: str, data: Path, port: int = 0) -> subprocess.Popen[str]:
    """`marquee serve` in a process of its own, changed by `patch` beforehand."""
    arguments = ["marquee", "--data", str(data), "serve", "--host", "127.0.0.1", "--port", str(port)]
    program = f"import sys, time\nsys.argv = {arguments!r}\n{patch}\nfrom hub.cli.main import main\nmain()"
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=environment(MARQUEE_LIBRARY__WATCH="false"),
    )


SLOW_CLOSING = """
import asyncio
from hub.{module} import {kind}
close = {kind}.close
async def slowly(self):
    print("closing", flush=True)
    await asyncio.sleep(0.5)
    await close(self)
    print("closed", flush=True)
{kind}.close = slowly
"""


@pytest.mark.parametrize(("module", "kind"), [("bootstrap", "Hub"), ("db.engine", "Database")])
def test_a_signal_while_a_start_that_failed_is_undone_does_not_disturb_that(
    tmp_path: Path, module: str, kind: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        patch = SLOW_CLOSING.format(module=module, kind=kind)
        process = run_patched(patch, tmp_path / "data", taken.getsockname()[1])
        assert process.stdout is not None
        assert process.stdout.readline() == "closing\n"
        process.terminate()
        out, errors = process.communicate(timeout=10)
    assert out == "closed\n"
    assert "Traceback" not in errors
    assert process.returncode in (0, 1)
    assert not (tmp_path / "data" / "instance.json").exists()


def test_a_signal_while_a_hub_that_cannot_start_undoes_itself_does_not_disturb_that(tmp_path: Path) -> None:
    patch = SLOW_CLOSING.format(module="db.engine", kind="Database") + (
        "import hub.bootstrap\n"
        "from hub.errors import HubError\n"
        "def refuse(*_):\n    raise HubError('no room')\n"
        "hub.bootstrap.upgrade_database = refuse\n"
    )
    process = run_patched(patch, tmp_path / "data")
    assert process.stdout is not None
    assert process.stdout.readline() == "closing\n"
    process.terminate()
    out, errors = process.communicate(timeout=10)
    assert out == "closed\n"
    assert "Traceback" not in errors
    assert process.returncode in (0, 1)


def test_a_thread_that_hangs_does_not_hold_the_process_up(tmp_path: Path) -> None:
    # As in a mount whose server is gone: the thread that opens a file never comes back.
    patch = (
        "import server.files\n"
        "def hang(*_):\n    print('opening', flush=True)\n    time.sleep(60)\n"
        "server.files._open_now = hang\n"
    )
    make_clip(tmp_path / "film.mp4", seconds=1)
    added = run_marquee("add", tmp_path, data=tmp_path / "data")
    assert added.returncode == 0, added.stderr
    process = run_patched(patch, tmp_path / "data")
    assert process.stdout is not None
    url = process.stdout.readline().removeprefix("Marquee is ready at ").strip()
    token = json.loads((tmp_path / "data" / "instance.json").read_text())["token"]
    with urllib3.PoolManager(retries=False, headers={"Authorization": f"Bearer {token}"}) as http:
        (video,) = http.request("GET", f"{url}/v1/videos").json()["items"]
        with socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1]))) as player:
            head = f"GET /media/{video['id']}/file HTTP/1.1\r\nHost: localhost\r\n"
            player.sendall(f"{head}Authorization: Bearer {token}\r\n\r\n".encode())
            assert process.stdout.readline() == "opening\n"
            process.terminate()
            began = time.monotonic()
            process.communicate(timeout=10)
    assert time.monotonic() - began < 5
    assert process.returncode == 1
