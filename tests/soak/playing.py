"""Playing what a hub serves as a player would, and looking at what comes out.

Clips made of COUNTED and BEEPS tell by themselves where one is: each picture shows its number, each half second
begins with a beep of a pitch of its own.
"""

from __future__ import annotations

import array
import io
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode, urljoin

import av
import av.error
import urllib3
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation

from hub.media.stream.types import EPOCH_S
from tests.hub.media.stream import listening
from tests.process import Serving

_BARS = 10
_SIDE = 4 * _BARS
_BIT = "(floor(N/2^X)-2*floor(N/2^(X+1)))"
COUNTED = (
    f"nullsrc,scale={_BARS}:2,format=gray,geq=lum='16+219*{_BIT}',scale=320:180:flags=neighbor,format=yuv420p"
)
"""A video source whose picture n shows the bits of n modulo 1024 as upright bars, the lowest on the left."""
BEEP_S = Fraction(1, 2)
BEEPS = "aevalsrc=exprs='0.5*sin(2*PI*(400+50*floor(2*t))*t)*(1+floor(2*t)-floor(2*t+0.8))':sample_rate=48000"
"""An audio source: beep n begins at n/2 s, lasts 0.1 s and has 400 + 50 n Hz."""


class Shown(NamedTuple):
    """A decoded picture."""

    at: Fraction
    """Media time in seconds."""
    number: int
    small: bytes
    """Its luma in 40 × 40."""


class Stream(NamedTuple):
    """A media playlist."""

    name: str
    init: str
    segments: tuple[tuple[Fraction, str], ...]
    """(duration in seconds, address)."""

    def at(self, time_s: float) -> int:
        """The segment that holds the time."""
        end = Fraction(0)
        for k, (duration, _) in enumerate(self.segments):
            end += duration
            if time_s < end:
                return k
        return len(self.segments) - 1

    @property
    def borders(self) -> list[Fraction]:
        """Media times at which a segment begins after another."""
        return [sum((d for d, _ in self.segments[:k]), Fraction(0)) for k in range(1, len(self.segments))]


@dataclass(frozen=True)
class Offer:
    """What a client with some capabilities is to play."""

    mode: str
    file_url: str
    video: Stream | None
    audio: Stream | None


class Player:
    """A client of a hub; asks again when the hub is busy."""

    def __init__(self, hub: Serving) -> None:
        self._hub = hub
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(90))
        self.ids: dict[str, str] = {}

    def close(self) -> None:
        self._http.clear()

    def wait_for_videos(self, count: int) -> None:
        """Until so many are in the catalogue."""
        give_up_at = time.monotonic() + 60 + count
        while len(self.ids) < count:
            assert time.monotonic() < give_up_at, f"{len(self.ids)} of {count} videos"
            time.sleep(0.2)  # another process's work: nothing here to wait on
            self._list_videos()

    def _list_videos(self) -> None:
        path: str | None = "/v1/videos?limit=100"
        while path:
            page = self._hub.call("GET", path)
            self.ids |= {item["title"]: item["id"] for item in page["items"]}
            path = page["next_cursor"] and f"/v1/videos?limit=100&cursor={page['next_cursor']}"

    def offer(self, title: str, caps: str) -> Offer:
        """How the video is played with these capabilities: the best pictures of its master playlist."""
        decision = self._hub.call("GET", f"/v1/videos/{self.ids[title]}/play?{urlencode({'caps': caps})}")
        address = self._hub.url + decision["hls_url"]
        master = self.get(address).decode()
        sound = re.search(r'#EXT-X-MEDIA:TYPE=AUDIO.*URI="([^"]+)"', master)
        variants = re.findall(r"#EXT-X-STREAM-INF:(.*)\n(.+)", master)
        has_pictures = "RESOLUTION=" in variants[0][0]
        return Offer(
            mode=decision["mode"],
            file_url=self._hub.url + decision["url"],
            video=self._stream(urljoin(address, variants[0][1])) if has_pictures else None,
            audio=self._stream(urljoin(address, sound[1] if has_pictures and sound else variants[0][1]))
            if sound or not has_pictures
            else None,
        )

    def _stream(self, address: str) -> Stream:
        text = self.get(address).decode()
        assert text.rstrip().endswith("#EXT-X-ENDLIST")
        init = re.search(r'#EXT-X-MAP:URI="([^"]+)"', text)
        assert init
        return Stream(
            name=address.split("/")[-2],
            init=urljoin(address, init[1]),
            segments=tuple(
                (Fraction(duration), urljoin(address, uri))
                for duration, uri in re.findall(r"#EXTINF:([0-9.]+),\n(.+)", text)
            ),
        )

    def get(self, address: str, patience_s: float = 60) -> bytes:
        """The body; waits as it is told when the hub is busy."""
        give_up_at = time.monotonic() + patience_s
        while True:
            answer = self._http.request("GET", address)
            if answer.status == 200:
                return answer.data
            assert answer.status == 503, (answer.status, answer.data[:500])
            assert time.monotonic() < give_up_at, answer.data[:500]
            time.sleep(min(5.0, float(answer.headers["Retry-After"])))

    def fetch(self, stream: Stream, order: Sequence[int] | None = None) -> bytes:
        """The segments of `order` (all by default), asked for in that order, joined."""
        parts = [self.get(stream.segments[k][1]) for k in (order or range(len(stream.segments)))]
        return b"".join((self.get(stream.init), *parts))


# --- looking ---


def number_of(small: bytes, *, turned: bool = False) -> int:
    """The number that a small picture shows; of one that was turned by 90° clockwise."""
    middle = _SIDE // 2
    spots = [4 * bar + 1 for bar in range(_BARS)]
    lumas = [small[at * _SIDE + middle] if turned else small[middle * _SIDE + at] for at in spots]
    return sum(1 << bit for bit, luma in enumerate(lumas) if luma > 128)


def watch(
    data: bytes, start_us: int = EPOCH_S * 1_000_000, *, turned: bool = False, is_sound: bool = True
) -> list[Shown]:
    """The pictures as PyAV decodes them, in the order they are shown; an error for damage, unless there may be some."""
    origin = Fraction(start_us, 1_000_000)
    shown = []
    with av.open(io.BytesIO(data), "r", options={"err_detect": "explode"} if is_sound else {}) as container:
        unit = container.streams.video[0].time_base
        assert unit
        for frame in _decoded(container, is_sound=is_sound):
            assert frame.pts is not None
            small = frame.reformat(_SIDE, _SIDE, "gray", interpolation=Interpolation.AREA)
            line = small.planes[0].line_size
            content = bytes(small.planes[0])
            pixels = b"".join(content[y * line : y * line + _SIDE] for y in range(_SIDE))
            shown.append(Shown(frame.pts * unit - origin, number_of(pixels, turned=turned), pixels))
    return shown


def _decoded(container: InputContainer, *, is_sound: bool) -> Iterator[VideoFrame]:
    for packet in container.demux(container.streams.video[0]):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            if is_sound:
                raise


class Heard(NamedTuple):
    """Decoded sound."""

    start: Fraction
    """Media time of its first sample, in seconds."""
    end: Fraction
    beeps: dict[int, Fraction]
    """When each begins, by its number."""


def listen(data: bytes, start_us: int = EPOCH_S * 1_000_000) -> Heard:
    """The sound as PyAV decodes it; an error for a gap in it."""
    first, sound = listening.decoded(data, start_us=start_us)
    beeps: dict[int, Fraction] = {}
    step, quiet_ms = listening.HZ // 1000, 0
    for at in range(0, len(sound) - 100 * step, step):
        loudest = max(map(abs, sound[at : at + step]))
        if loudest < 0.12:
            quiet_ms += 1
        elif quiet_ms > 100:
            quiet_ms = 0
            number = round((_pitch_hz(sound[at + 10 * step : at + 90 * step]) - 400) / 50)
            beeps[number] = Fraction(first + at, listening.HZ)
        else:
            quiet_ms = 0
    return Heard(Fraction(first, listening.HZ), Fraction(first + len(sound), listening.HZ), beeps)


def _pitch_hz(sound: array.array[float]) -> float:
    """Of a beep: its upward crossings of zero."""
    crossings = [n for n in range(1, len(sound)) if sound[n - 1] < 0 <= sound[n]]
    if len(crossings) < 2:
        return 0.0
    return (len(crossings) - 1) * listening.HZ / (crossings[-1] - crossings[0])


def watch_outside(
    folder: Path, video: bytes | None, audio: bytes | None, *, turned: bool = False
) -> tuple[list[Shown], int]:
    """(pictures, samples at 48 kHz) as the program `ffmpeg` decodes them; an error for each word it complains with."""
    command: list[str | Path] = ["ffmpeg", "-nostdin", "-v", "warning", "-y"]
    for name, data in (("v.mp4", video), ("a.mp4", audio)):
        if data is not None:
            (folder / name).write_bytes(data)
            command += ["-err_detect", "explode", "-copyts", "-i", folder / name]
    if video is not None:
        small = f"scale={_SIDE}:{_SIDE}:flags=area,format=gray"
        plain = ["-map", "0:v", "-vf", small, "-fps_mode", "passthrough", "-enc_time_base", "1:90000"]
        command += [*plain, "-c:v", "rawvideo", "-f", "rawvideo", folder / "v.raw"]
        command += [*plain, "-c:v", "rawvideo", "-f", "framecrc", folder / "v.crc"]
    if audio is not None:
        which = "0:a" if video is None else "1:a"
        command += ["-map", which, "-ar", str(listening.HZ), "-ac", "1", "-f", "s16le", folder / "a.raw"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    shown = []
    if video is not None:
        pixels = (folder / "v.raw").read_bytes()
        lines = [line for line in (folder / "v.crc").read_text().splitlines() if not line.startswith("#")]
        for n, line in enumerate(lines):
            at = Fraction(int(line.split(",")[2]), 90_000) - EPOCH_S
            small_pixels = pixels[n * _SIDE**2 : (n + 1) * _SIDE**2]
            shown.append(Shown(at, number_of(small_pixels, turned=turned), small_pixels))
        assert len(pixels) == len(lines) * _SIDE**2
    samples = (folder / "a.raw").stat().st_size // 2 if audio is not None else 0
    return shown, samples


def difference(a: bytes, b: bytes) -> float:
    """Mean difference of two small pictures, of 255."""
    return sum(abs(x - y) for x, y in zip(a, b, strict=True)) / len(a)


def source_start_us(data: bytes) -> int:
    """Where media time begins in a file."""
    with av.open(io.BytesIO(data), "r") as container:
        return container.start_time or 0
