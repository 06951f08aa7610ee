from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from hub.media.errors import UnreadableFile
from hub.media.fingerprint import SAMPLE_BYTES, WHOLE_BYTES, fingerprint
from tests.media import path_bytes


def of(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return fingerprint(path_bytes(path))


def test_the_same_content_has_the_same_fingerprint_wherever_it_lies(tmp_path: Path) -> None:
    data = os.urandom(WHOLE_BYTES + 1)

    assert of(tmp_path / "a", data) == of(tmp_path / "b", data)


def test_it_is_blake2b_over_size_and_content(tmp_path: Path) -> None:
    expected = hashlib.blake2b((3).to_bytes(8, "big") + b"abc", digest_size=16).hexdigest()

    assert of(tmp_path / "a", b"abc") == expected


@pytest.mark.parametrize("size", [0, 1, SAMPLE_BYTES, WHOLE_BYTES - 1, WHOLE_BYTES])
def test_any_changed_byte_of_a_small_file_shows(tmp_path: Path, size: int) -> None:
    data = bytes(size)
    seen = {of(tmp_path / "a", data), of(tmp_path / "a", data + b"\0")}
    for place in {0, size // 2, size - 1} if size else ():
        changed = bytearray(data)
        changed[place] = 1
        seen.add(of(tmp_path / "a", bytes(changed)))

    assert len(seen) == 2 + (len({0, size // 2, size - 1}) if size else 0)


def test_of_a_large_file_start_middle_and_end_count(tmp_path: Path) -> None:
    size = 1_000_000
    seen = {of(tmp_path / "a", bytes(size))}
    for place in (0, SAMPLE_BYTES - 1, size // 2, size - SAMPLE_BYTES, size - 1):
        changed = bytearray(size)
        changed[place] = 1
        seen.add(of(tmp_path / "a", bytes(changed)))

    assert len(seen) == 6


def test_fifty_gigabytes_cost_no_more_than_one(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(50 << 30)

    started = time.perf_counter()
    first = fingerprint(path_bytes(path))
    elapsed_s = time.perf_counter() - started
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"x")

    assert fingerprint(path_bytes(path)) != first
    assert elapsed_s < 1


def test_what_is_no_file_has_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")

    with pytest.raises(UnreadableFile):
        fingerprint(path_bytes(tmp_path / "fifo"))
