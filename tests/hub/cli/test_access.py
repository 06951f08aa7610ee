from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request

import hub.library.sidecars
import hub.media.errors  # noqa: F401  (their classes must be known, too)
from hub import errors
from hub.cli.access import RemoteHub, running_instance
from hub.cli.context import CliContext
from hub.cli.main import exit_code
from hub.runtime.instance import FolderLock, Instance, InstanceFile
from server.problems import respond, status_of
from tests.process import environment, run_marquee

pytestmark = pytest.mark.integration


class _Answering(HTTPServer):
    status = 200
    body = b""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, _Answering)
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def answering() -> Iterator[_Answering]:
    with _Answering(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def remote(answering: _Answering) -> Iterator[RemoteHub]:
    url = f"http://127.0.0.1:{answering.server_port}"
    remote = RemoteHub(Instance(pid=1, url=url, token="t"))
    yield remote
    remote.close()


@pytest.fixture
def context(tmp_path: Path) -> CliContext:
    context = CliContext(tmp_path / "data")
    context.paths.create()
    return context


def _made(kind: type[errors.HubError]) -> errors.HubError:
    if issubclass(kind, errors.InvalidInput):
        return kind("What and why.", field="title")
    if issubclass(kind, errors.TooManyRequests | errors.TooBusy):
        return kind("What and why.", retry_after_s=17)
    return kind("What and why.")


def test_every_error_has_a_code_of_its_own() -> None:
    # Other tests have kinds of their own, which live in the same process.
    codes = [kind.code for kind in errors.error_kinds() if not kind.__module__.startswith("tests.")]
    assert len(codes) == len(set(codes)) > 20


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(
            kind,
            id=kind.__name__,
            marks=[pytest.mark.expect_errors("failed")] if status_of(_made(kind)) == 500 else [],
        )
        for kind in errors.error_kinds()
    ],
)
def test_an_error_of_the_running_hub_is_the_same_error_here(
    answering: _Answering, remote: RemoteHub, kind: type[errors.HubError]
) -> None:
    told = _made(kind)
    response = respond(make_mocked_request("GET", "/v1/jobs/x"), told)
    assert isinstance(response.body, bytes)
    answering.status, answering.body = response.status, response.body
    with pytest.raises(errors.HubError) as caught:
        remote.job("x")
    assert type(caught.value) is kind
    assert vars(caught.value) == vars(told)
    assert exit_code(caught.value) == exit_code(told)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"code": "of-tomorrow", "title": "New", "detail": "A sentence."}', "A sentence."),
        (b'{"code": "of-tomorrow", "title": "New"}', "New"),
        (b"<html>", "status 502"),
        (b"[]", "status 502"),
    ],
)
def test_an_answer_of_another_kind_is_still_one_sentence(
    answering: _Answering, remote: RemoteHub, body: bytes, words: str
) -> None:
    answering.status, answering.body = 502, body
    with pytest.raises(errors.HubError, match=words) as caught:
        remote.job("x")
    assert exit_code(caught.value) == 1


def test_a_hub_that_no_longer_answers_is_named() -> None:
    remote = RemoteHub(Instance(pid=4711, url="http://127.0.0.1:1", token="t"))
    with pytest.raises(
        errors.DataFolderLocked,
        match=r"127\.0\.0\.1:1 \(process 4711\) has ended or no longer answers: nothing accepts connections there\.",
    ):
        remote.job("x")
    remote.close()


def test_a_hub_that_hangs_up_or_says_nothing_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.cli.access.TIMEOUT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        instance = Instance(pid=4711, url=f"http://127.0.0.1:{server.getsockname()[1]}", token="t")
        with closing(RemoteHub(instance)) as remote:

            def hang_up() -> None:
                server.accept()[0].close()

            hanging_up = threading.Thread(target=hang_up)
            hanging_up.start()
            with pytest.raises(errors.DataFolderLocked, match=r"no longer answers: the connection was cut\."):
                remote.job("x")
            hanging_up.join()
            with pytest.raises(errors.DataFolderLocked, match=r"does not answer at .*: it took too long\."):
                remote.require_answer()


@pytest.fixture
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.cli.access.PATIENCE_S", 0.3)


@pytest.fixture
def holder(context: CliContext) -> Iterator[FolderLock]:
    lock = FolderLock(context.paths)
    lock.acquire()
    yield lock
    lock.release()


@pytest.mark.usefixtures("little_patience")
def test_a_holder_that_never_answers_is_named_in_the_end(context: CliContext, holder: FolderLock) -> None:
    InstanceFile(context.paths).write(url="http://127.0.0.1:1", token="t")
    with pytest.raises(
        errors.DataFolderLocked,
        match=r"but does not answer at http://127\.0\.0\.1:1: nothing accepts connections there\.",
    ):
        running_instance(context)


@pytest.mark.usefixtures("little_patience")
def test_the_note_of_a_killed_hub_misleads_nobody_while_another_command_holds_the_folder(
    context: CliContext,
) -> None:
    InstanceFile(context.paths).write(url="http://127.0.0.1:1", token="t")
    command = FolderLock(context.paths)
    command.acquire()
    with pytest.raises(errors.DataFolderLocked) as caught:
        running_instance(context)
    assert exit_code(caught.value) == 3
    command.release()
    assert running_instance(context) is None


def test_the_holder_of_the_folder_is_found_by_its_note(
    context: CliContext, holder: FolderLock, answering: _Answering
) -> None:
    url = f"http://127.0.0.1:{answering.server_port}"
    InstanceFile(context.paths).write(url=url, token="t")
    running = running_instance(context)
    assert running is not None
    assert running.url == url


@contextmanager
def soon(action: Callable[[], object]) -> Iterator[None]:
    """Do it half a second from now, while the test waits for it."""
    timer = threading.Timer(0.5, action)
    timer.start()
    yield
    timer.join()


@pytest.mark.parametrize("note_left", [True, False])
def test_a_folder_that_is_just_given_free_is_waited_for(
    context: CliContext, holder: FolderLock, note_left: bool
) -> None:
    if note_left:
        InstanceFile(context.paths).write(url="http://127.0.0.1:1", token="t")
    with soon(holder.release):
        assert running_instance(context) is None


def test_a_hub_that_is_just_starting_is_waited_for(
    context: CliContext, holder: FolderLock, answering: _Answering
) -> None:
    url = f"http://127.0.0.1:{answering.server_port}"
    with soon(lambda: InstanceFile(context.paths).write(url=url, token="t")):
        running = running_instance(context)
    assert running is not None
    assert running.url == url


_ENDS_SLOWLY = """
import asyncio, sys
import hub.bootstrap
close = hub.bootstrap.Hub.close
async def slow(self):
    await asyncio.sleep(3)
    await close(self)
hub.bootstrap.Hub.close = slow
from hub.cli.main import main
main()
"""


def test_a_command_beside_a_hub_that_is_ending_is_done_by_a_hub_of_its_own(tmp_path: Path) -> None:
    data = tmp_path / "data"
    serving = subprocess.Popen(
        [
            sys.executable,
            "-c",
            _ENDS_SLOWLY,
            "--data",
            str(data),
            "serve",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(MARQUEE_LIBRARY__WATCH="false"),
    )
    with serving:
        assert serving.stdout is not None
        assert b"ready" in serving.stdout.readline()
        serving.terminate()
        done = run_marquee("jobs", data=data)
    assert (done.returncode, done.stderr) == (0, "")
    assert "the hub on" in (data / "logs" / "marquee.log").read_text().rpartition("asked to stop")[2]
