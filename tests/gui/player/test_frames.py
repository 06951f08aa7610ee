"""Three buffers: the reader's stays still, the writer never waits."""

from __future__ import annotations

import ctypes

import pytest
from PySide6.QtCore import QSize

from gui.player.frames import ALIGNMENT, FrameBuffers, fitted


def write(buffers: FrameBuffers, size: QSize, pitch: int, value: int) -> bool:
    address = buffers.begin()
    assert address % ALIGNMENT == 0
    ctypes.memset(address, value, pitch * size.height())
    return buffers.publish()


def test_newest_picture_is_taken_and_stays_still() -> None:
    size = QSize(6, 4)
    buffers = FrameBuffers()
    pitch = buffers.allocate(size)
    assert pitch % ALIGNMENT == 0
    assert buffers.take() is None
    write(buffers, size, pitch, 0x10)
    write(buffers, size, pitch, 0x20)
    shown = buffers.take()
    assert shown is not None
    assert shown.size() == size
    for value in (0x30, 0x40, 0x50, 0x60):
        write(buffers, size, pitch, value)
        assert shown.pixelColor(5, 3).red() == 0x20
    newest = buffers.take()
    assert newest is not None
    assert newest.pixelColor(0, 0).red() == 0x60


def test_reader_is_told_once_until_it_takes() -> None:
    size = QSize(2, 2)
    buffers = FrameBuffers()
    pitch = buffers.allocate(size)
    assert [write(buffers, size, pitch, n) for n in range(3)] == [True, False, False]
    buffers.take()
    assert write(buffers, size, pitch, 9)


def test_picture_of_another_size_leaves_the_old_one_readable() -> None:
    buffers = FrameBuffers()
    size = QSize(4, 4)
    write(buffers, size, buffers.allocate(size), 0x11)
    old = buffers.take()
    bigger = QSize(8, 8)
    pitch = buffers.allocate(bigger)
    assert buffers.take() is None
    write(buffers, bigger, pitch, 0x22)
    new = buffers.take()
    assert old is not None
    assert new is not None
    assert (old.size(), new.size()) == (size, bigger)
    assert old.pixelColor(3, 3).red() == 0x11


@pytest.mark.parametrize(
    ("picture", "bound", "expected"),
    [
        ((1920, 1080), (3840, 2160), (1920, 1080)),
        ((3840, 2160), (1920, 1080), (1920, 1080)),
        ((1080, 1920), (1920, 1080), (606, 1080)),
        ((1024, 576), None, (1024, 576)),
        ((321, 241), None, (320, 240)),
        ((1, 1), None, (2, 2)),
        ((10_000, 10), (1920, 1080), (1920, 2)),
    ],
)
def test_picture_is_made_no_larger_than_of_use(
    picture: tuple[int, int], bound: tuple[int, int] | None, expected: tuple[int, int]
) -> None:
    size = fitted(QSize(*picture), QSize(*bound) if bound else None)
    assert (size.width(), size.height()) == expected
