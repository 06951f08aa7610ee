from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from hub.media.errors import UnreadableFile
from hub.media.files import open_regular, read_up_to
from tests.media import path_bytes, write_bytes


def test_a_regular_file_opens_also_through_a_link_and_is_closed_afterwards(tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(b"bytes")
    (tmp_path / "link").symlink_to("film")

    with open_regular(path_bytes(tmp_path / "link")) as fd:
        assert read_up_to(fd, 0, 100) == b"bytes"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_fifos_sockets_devices_and_directories_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        for path in (tmp_path / "fifo", Path("/dev/zero"), tmp_path, tmp_path / "socket"):
            with pytest.raises(UnreadableFile), open_regular(path_bytes(path)):
                pass


def test_the_reason_is_told_without_the_name(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")

    for path, why in (
        (b"/nowhere/film.mp4", "no such file or directory"),
        (path_bytes(tmp_path / "a"), "too many levels of symbolic links"),
        (b"with\0zero", "null character"),
        (b"/" + b"x" * 300, "file name too long"),
    ):
        with pytest.raises(UnreadableFile, match=why) as caught, open_regular(path):
            pass
        assert os.fsdecode(path) not in caught.value.message


def test_names_need_not_be_text(tmp_path: Path) -> None:
    path = write_bytes(path_bytes(tmp_path) + b"/caf\xe9\n\xff.mp4", b"x")

    with open_regular(path) as fd:
        assert read_up_to(fd, 0, 1) == b"x"


def test_reading_stops_at_the_end_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"0123456789")

    with open_regular(path_bytes(tmp_path / "f")) as fd:
        assert read_up_to(fd, 8, 100) == b"89"
        assert read_up_to(fd, 100, 5) == b""
        assert read_up_to(fd, 2, 3) == b"234"
