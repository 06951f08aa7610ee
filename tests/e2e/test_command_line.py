"""The `marquee` command as a user meets it: real processes, real files."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.media import make_clip
from tests.process import PASSWORD, Serving, environment, marquee, run_marquee


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    folder.mkdir()
    make_clip(folder / "First film.mp4", seconds=1, seed=1)
    make_clip(folder / "Second film.mkv", seconds=1, seed=2)
    (folder / "broken.mp4").write_bytes(b"this is no film")
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_serving_prints_the_ready_line_first_and_the_code_on_stderr(data: Path) -> None:
    with Serving(data) as hub:
        assert hub.url.startswith("http://127.0.0.1:")
        assert hub.call("GET", "/healthz") is not None
        assert hub.first_run_code
        assert (data / "instance.json").stat().st_mode & 0o777 == 0o600
        assert hub.stop() == 0
    assert "Traceback" not in hub.errors.read_text()
    assert not (data / "instance.json").exists()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_within_five_seconds(
    data: Path, videos: Path, ending: signal.Signals
) -> None:
    hub = Serving(data)
    hub.start()
    hub.set_up()
    hub.call("POST", "/v1/folders", {"path": str(videos)})
    hub.call("POST", "/v1/scans", {})
    family = psutil.Process(hub.process.pid).children(recursive=True)
    stream = socket.create_connection(("127.0.0.1", int(hub.url.rsplit(":", 1)[1])))
    stream.sendall(b"GET /healthz HTTP/1.1\r\n")
    hub.process.send_signal(ending)
    assert hub.stop(timeout_s=5) == 0
    stream.close()
    assert "Traceback" not in hub.errors.read_text()
    assert [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE] == []


def test_folders_are_added_without_a_running_hub_and_with_one(data: Path, videos: Path) -> None:
    alone = run_marquee("add", videos, data=data)
    assert alone.returncode == 0, alone.stderr
    assert "2 new" in alone.stdout
    assert "broken.mp4" in alone.stderr
    with Serving(data) as hub:
        hub.set_up()
        assert {item["title"] for item in hub.call("GET", "/v1/videos")["items"]} == {
            "First film",
            "Second film",
        }
        make_clip(videos / "Third.mp4", seconds=1, seed=3)
        through = run_marquee("scan", videos, data=data)
        assert through.returncode == 0, through.stderr
        assert len(hub.call("GET", "/v1/videos")["items"]) == 3
        gone = hub.call("GET", "/v1/videos?sort=title")["items"][0]["id"]
        hub.call("DELETE", f"/v1/videos/{gone}")
        removed = run_marquee("removed", "list", "--json", data=data)
        assert [one["id"] for one in json.loads(removed.stdout)["items"]] == [gone]
        assert run_marquee("removed", "restore", gone, data=data).stdout.startswith("First film is")
        assert len(hub.call("GET", "/v1/videos")["items"]) == 3
        listed = run_marquee("jobs", "list", "--json", data=data)
        assert "scan" in {job["kind"] for job in json.loads(listed.stdout)["items"]}


def test_a_second_hub_on_the_same_folder_is_refused_with_exit_code_3(data: Path) -> None:
    with Serving(data) as hub:
        second = run_marquee("serve", "--port", "0", data=data)
        assert second.returncode == 3
        assert hub.url in second.stderr
        assert second.stdout == ""


def test_a_taken_port_is_named(data: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_marquee("serve", "--host", "127.0.0.1", "--port", str(port), data=data)
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_added_does_not_keep_the_others_from_being_scanned(
    data: Path, videos: Path
) -> None:
    done = run_marquee("add", "/nowhere/one", videos, videos / "First film.mp4", data=data)
    assert "2 new" in done.stdout
    assert "/nowhere/one does not exist" in done.stderr
    assert "First film.mp4 is a file" in done.stderr
    assert done.returncode == 2, done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nonsense"], 2, "nonsense"),
        (["serve", "--port", "99999"], 2, "99999"),
        (["serve", "--port", "abc"], 2, "server.port = 'abc' (command line) cannot be used"),
        (["demo", "--port", "abc"], 2, "server.port = 'abc' (command line) cannot be used"),
        (["add", "/nowhere/at/all"], 2, "/nowhere/at/all"),
        (["scan"], 1, "no folders"),
        (["jobs", "show", "01ARZ3NDEKTSV4RRFFQ69G5FAV"], 1, "no job"),
    ],
)
def test_wrong_use_is_one_clear_sentence(data: Path, arguments: list[str], code: int, words: str) -> None:
    done = run_marquee(*arguments, data=data)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unusable_data_folder_is_exit_code_3(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    done = run_marquee("serve", data=tmp_path / "data")
    assert done.returncode == 3
    assert str(tmp_path / "data") in done.stderr


def test_a_bad_setting_is_named_and_nothing_is_served(data: Path) -> None:
    done = subprocess.run(
        marquee("serve", data=data),
        capture_output=True,
        text=True,
        env=environment(MARQUEE_SERVER__PORT="many"),
        timeout=60,
    )
    assert done.returncode == 2
    assert "MARQUEE_SERVER__PORT" in done.stderr
    assert "many" in done.stderr


def test_settings_show_their_origin(data: Path) -> None:
    data.mkdir()
    (data / "config.toml").write_text("[server]\nport = 9000\n")
    shown = json.loads(run_marquee("config", "show", "--json", data=data).stdout)
    assert shown["server.port"] == {"value": 9000, "origin": str(data / "config.toml")}
    assert shown["server.host"]["origin"] == "default"


def test_people_are_managed_from_the_command_line(data: Path) -> None:
    added = run_marquee(
        "user", "add", "Ada", "--role", "owner", "--password-stdin", data=data, stdin=PASSWORD + "\n"
    )
    assert added.returncode == 0, added.stderr
    with Serving(data) as hub:
        hub.token = hub.call("POST", "/v1/auth/login", {"name": "ada", "password": PASSWORD})["token"]
        assert hub.call("GET", "/v1/me")["name"] == "Ada"
        more = run_marquee("user", "add", "Bo", "--password-stdin", data=data, stdin="another password\n")
        assert more.returncode == 0, more.stderr
        users = json.loads(run_marquee("user", "list", "--json", data=data).stdout)["items"]
        assert {(user["name"], user["role"]) for user in users} == {("Ada", "owner"), ("Bo", "member")}
        changed = run_marquee(
            "user", "passwd", "Bo", "--password-stdin", data=data, stdin="a third password\n"
        )
        assert changed.returncode == 0, changed.stderr
        gone = run_marquee("user", "remove", "Bo", data=data)
        assert gone.returncode == 0, gone.stderr
        last = run_marquee("user", "remove", "Ada", data=data)
        assert last.returncode == 1
        assert "owner" in last.stderr


def test_without_a_display_the_window_says_how_to_serve(data: Path) -> None:
    env = environment()
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        env.pop(name, None)
    done = subprocess.run(marquee(data=data), capture_output=True, text=True, env=env, timeout=60)
    assert done.returncode == 2
    assert "marquee serve" in done.stderr


def test_names_that_are_not_utf8_can_be_added(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    make_clip(folder / os.fsdecode(b"na\xefve.mp4"), seconds=1, seed=4)
    done = run_marquee("add", folder, data=data)
    assert done.returncode == 0, done.stderr
    assert "1 new" in done.stdout
    with Serving(data):
        again = run_marquee("add", folder, data=data)
    assert again.returncode == 0, again.stderr
