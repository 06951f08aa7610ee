"""Asking the hub that runs: a small real HTTP server stands for it."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from gui.handover import raise_running
from hub.runtime.instance import Instance


class Handler(http.server.BaseHTTPRequestHandler):
    status = 204
    heard: ClassVar[list[tuple[str, str, Any]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.heard.append((self.path, self.headers["Authorization"], body))
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the base class names it
        pass


@pytest.fixture
def running() -> Iterator[Instance]:
    Handler.heard.clear()
    Handler.status = 204
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield Instance(pid=4711, url=f"http://127.0.0.1:{server.server_port}", token="secret")
    server.shutdown()
    thread.join()
    server.server_close()


def test_window_is_asked_for_with_the_local_token(running: Instance) -> None:
    assert raise_running(running, None) == 0
    assert Handler.heard == [("/v1/window", "Bearer secret", {"video_id": None})]


def test_id_is_passed_on(running: Instance) -> None:
    assert raise_running(running, "01ARZ3NDEKTSV4RRFFQ69G5FAV") == 0
    assert Handler.heard[0][2] == {"video_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}


def test_file_is_passed_on_whatever_its_name(running: Instance, tmp_path: Path) -> None:
    (tmp_path / "caf\udce9 1.mp4").touch()
    assert raise_running(running, str(tmp_path / "caf\udce9 1.mp4")) == 0
    assert Handler.heard[0][2]["file_uri"].endswith("/caf%E9%201.mp4")


@pytest.mark.parametrize(("status", "words"), [(409, "without a window"), (500, "status 500")])
def test_refusal_is_explained(
    running: Instance, capsys: pytest.CaptureFixture[str], status: int, words: str
) -> None:
    Handler.status = status
    assert raise_running(running, None) == 3
    said = capsys.readouterr().err
    assert words in said
    assert running.url in said


def test_hub_that_does_not_answer_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert raise_running(Instance(pid=4711, url="http://127.0.0.1:9", token="secret"), None) == 3
    assert "4711" in capsys.readouterr().err
