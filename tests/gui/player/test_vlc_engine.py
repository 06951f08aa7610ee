"""libvlc for real, on generated clips: pictures that move, seeks that land, the end, and files that are none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import psutil
import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from gui.player.engine import EngineState, Source
from gui.player.vlc_engine import VlcEngine, labelled
from tests.media import clip_bytes, make_clip, write_bytes

pytestmark = pytest.mark.integration

WAIT_MS = 10_000


@pytest.fixture
def engine(qtbot: QtBot) -> Iterator[VlcEngine]:
    made = VlcEngine()
    yield made
    made.close()


def clip(folder: Path, name: str = "clip.mp4", **kwargs: Any) -> bytes:
    values: dict[str, Any] = {"seconds": 3.0, "size": (320, 180)} | kwargs
    return os.fsencode(make_clip(folder / name, **values))


def wait_for_frame(engine: VlcEngine, qtbot: QtBot, *, other_than: QImage | None = None) -> QImage:
    frames: list[QImage] = []

    def has_one() -> bool:
        if (frame := engine.take_frame()) is not None and frame != other_than:
            frames.append(frame.copy())
        return bool(frames)

    qtbot.waitUntil(has_one, timeout=WAIT_MS)
    return frames[0]


def wait_for_state(engine: VlcEngine, state: EngineState, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: engine.state is state, timeout=WAIT_MS)


def test_picture_appears_in_its_true_size_and_moves(engine: VlcEngine, tmp_path: Path, qtbot: QtBot) -> None:
    engine.open(Source(path=clip(tmp_path), picture=QSize(320, 180)))
    first = wait_for_frame(engine, qtbot)
    assert first.size() == QSize(320, 180)
    wait_for_frame(engine, qtbot, other_than=first)


def test_duration_and_position_are_told(engine: VlcEngine, tmp_path: Path, qtbot: QtBot) -> None:
    durations: list[float] = []
    engine.duration_changed.connect(durations.append)
    engine.open(Source(path=clip(tmp_path), picture=QSize(320, 180)))
    qtbot.waitUntil(lambda: engine.position_s > 0, timeout=WAIT_MS)
    assert durations[0] == pytest.approx(3.0, abs=0.2)


def test_begins_where_the_viewer_stopped(engine: VlcEngine, tmp_path: Path, qtbot: QtBot) -> None:
    heard: list[float] = []
    engine.position_changed.connect(heard.append)
    engine.open(Source(path=clip(tmp_path), start_s=2.0, picture=QSize(320, 180)))
    qtbot.waitUntil(lambda: bool(heard), timeout=WAIT_MS)
    assert heard[0] == pytest.approx(2.0, abs=0.5)


def test_pause_holds_and_play_goes_on(engine: VlcEngine, tmp_path: Path, qtbot: QtBot) -> None:
    engine.open(Source(path=clip(tmp_path), picture=QSize(320, 180)))
    qtbot.waitUntil(lambda: engine.position_s > 0.1, timeout=WAIT_MS)
    engine.pause()
    wait_for_state(engine, EngineState.PAUSED, qtbot)
    held = engine.position_s
    engine.play()
    wait_for_state(engine, EngineState.PLAYING, qtbot)
    qtbot.waitUntil(lambda: engine.position_s > held, timeout=WAIT_MS)


def test_seek_while_paused_shows_the_new_picture(engine: VlcEngine, tmp_path: Path, qtbot: QtBot) -> None:
    engine.open(Source(path=clip(tmp_path), picture=QSize(320, 180)))
    wait_for_frame(engine, qtbot)
    engine.pause()
    wait_for_state(engine, EngineState.PAUSED, qtbot)
    held = wait_for_frame(engine, qtbot)
    engine.seek(2.0)
    wait_for_frame(engine, qtbot, other_than=held)
    assert engine.state is EngineState.PAUSED


def test_end_is_told_and_playing_again_starts_over(engine: VlcEngine, tmp_path: Path, qtbot: QtBot) -> None:
    engine.open(Source(path=clip(tmp_path, seconds=1.0), picture=QSize(320, 180)))
    wait_for_state(engine, EngineState.ENDED, qtbot)
    engine.play()
    wait_for_state(engine, EngineState.PLAYING, qtbot)
    assert engine.position_s < 1.0


def test_seek_after_the_end_opens_the_file_again(engine: VlcEngine, tmp_path: Path, qtbot: QtBot) -> None:
    engine.open(Source(path=clip(tmp_path, seconds=1.0), picture=QSize(320, 180)))
    wait_for_state(engine, EngineState.ENDED, qtbot)
    engine.seek(0.2)
    wait_for_state(engine, EngineState.PLAYING, qtbot)


@pytest.mark.parametrize(
    ("name", "kwargs", "shown"),
    [
        ("wide.mp4", {"size": (180, 144), "sample_aspect": Fraction(64, 45)}, QSize(256, 144)),
        ("turned.mp4", {"size": (320, 180), "rotation": 90}, QSize(180, 320)),
        ("odd.mkv", {"size": (162, 122)}, QSize(162, 122)),
        ("vp9.webm", {"size": (160, 90)}, QSize(160, 90)),
    ],
)
def test_rotation_aspect_and_padding_are_right(
    engine: VlcEngine, tmp_path: Path, qtbot: QtBot, name: str, kwargs: dict[str, Any], shown: QSize
) -> None:
    path = clip(tmp_path, name, source="smptebars", **kwargs)
    engine.open(Source(path=path, picture=shown))
    frame = wait_for_frame(engine, qtbot)
    assert frame.size() == shown
    # SMPTE bars: grey at the beginning of the first line; a turned picture has its first line at the right edge.
    corner = frame.pixelColor(shown.width() - 4, 4) if kwargs.get("rotation") else frame.pixelColor(4, 4)
    assert corner.lightness() > 120
    assert corner.saturation() < 40


def test_large_picture_is_made_smaller_while_decoding(
    engine: VlcEngine, tmp_path: Path, qtbot: QtBot
) -> None:
    path = clip(tmp_path, size=(1280, 720), seconds=1.0)
    engine.open(Source(path=path, picture=QSize(1280, 720), bound=QSize(400, 400)))
    assert wait_for_frame(engine, qtbot).size() == QSize(400, 224)


def test_sound_alone_plays_without_pictures_and_without_a_sound_card(
    engine: VlcEngine, tmp_path: Path, qtbot: QtBot
) -> None:
    engine.open(Source(path=clip(tmp_path, "song.mp3")))
    qtbot.waitUntil(lambda: engine.position_s > 0.3, timeout=WAIT_MS)
    assert engine.take_frame() is None
    assert engine.position_s < 2.5


def test_name_that_is_no_utf8_plays(engine: VlcEngine, tmp_path: Path, qtbot: QtBot) -> None:
    path = write_bytes(os.fsencode(tmp_path) + b"/caf\xe9 #1 %41?.mp4", clip_bytes(".mp4", seconds=1.0))
    engine.open(Source(path=path, picture=QSize(160, 90)))
    wait_for_frame(engine, qtbot)


@pytest.mark.parametrize("data", [b"", b"this is a text file, not a film\n" * 50])
def test_file_without_anything_to_play_fails_in_a_state(
    engine: VlcEngine, tmp_path: Path, qtbot: QtBot, data: bytes
) -> None:
    path = write_bytes(os.fsencode(tmp_path / "broken.mp4"), data)
    engine.open(Source(path=path))
    wait_for_state(engine, EngineState.FAILED, qtbot)


def test_vanished_file_fails_in_a_state(engine: VlcEngine, tmp_path: Path, qtbot: QtBot) -> None:
    engine.open(Source(path=os.fsencode(tmp_path / "gone.mp4")))
    wait_for_state(engine, EngineState.FAILED, qtbot)


def test_captions_can_be_chosen_and_are_drawn(engine: VlcEngine, tmp_path: Path, qtbot: QtBot) -> None:
    path = clip(tmp_path, "c.mkv", source="color=c=black", size=(640, 360), captions=((0.0, 3.0, "HELLO"),))
    engine.open(Source(path=path, picture=QSize(640, 360)))
    qtbot.waitUntil(lambda: bool(engine.caption_tracks()), timeout=WAIT_MS)
    engine.set_caption_track(-1)
    qtbot.waitUntil(lambda: engine.caption_track() == -1, timeout=WAIT_MS)
    engine.set_caption_track(engine.caption_tracks()[0].id)
    engine.seek(0.0)

    def shows_text() -> bool:
        frame = engine.take_frame()
        return frame is not None and any(
            frame.pixelColor(x, y).lightness() > 200 for x in range(0, 640, 2) for y in range(260, 360, 2)
        )

    qtbot.waitUntil(shows_text, timeout=WAIT_MS)


def test_next_file_replaces_the_one_that_plays(engine: VlcEngine, tmp_path: Path, qtbot: QtBot) -> None:
    engine.open(Source(path=clip(tmp_path, "a.mp4"), picture=QSize(320, 180)))
    wait_for_frame(engine, qtbot)
    engine.open(Source(path=clip(tmp_path, "b.mp4", size=(160, 90)), picture=QSize(160, 90)))
    assert wait_for_frame(engine, qtbot).size() == QSize(160, 90)


def test_stop_lets_go_of_the_file(engine: VlcEngine, tmp_path: Path, qtbot: QtBot) -> None:
    path = clip(tmp_path)
    engine.open(Source(path=path, picture=QSize(320, 180)))
    wait_for_frame(engine, qtbot)
    engine.stop()
    assert engine.state is EngineState.IDLE
    assert os.fsdecode(path) not in [file.path for file in psutil.Process().open_files()]
    engine.stop()


def test_quiet_on_stderr(
    engine: VlcEngine, tmp_path: Path, qtbot: QtBot, capfd: pytest.CaptureFixture[str]
) -> None:
    engine.open(Source(path=clip(tmp_path, seconds=1.0), picture=QSize(320, 180)))
    wait_for_state(engine, EngineState.ENDED, qtbot)
    engine.open(Source(path=os.fsencode(tmp_path / "gone.mp4")))
    wait_for_state(engine, EngineState.FAILED, qtbot)
    assert capfd.readouterr().err == ""


def test_tracks_are_named_by_their_language() -> None:
    found = [
        (2, "Track 1 - [English]"),
        (3, "Piste 2 - [German]"),
        (4, "Track 3 - [English]"),
        (5, "Track 4"),
    ]
    found.append((6, "Commentary - [English]"))
    assert [track.label for track in labelled(found)] == [
        "English",
        "German",
        "English 2",
        "Track 4",
        "Commentary (English)",
    ]
