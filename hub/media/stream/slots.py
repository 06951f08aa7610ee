"""How many encode sessions the machine carries: each takes the share of it that keeps up with the clock.

A share is pixels a second over the pixels a second that the machine was seen to encode. Sessions of all viewers
together take at most the whole machine; one alone is always let in, as slow is better than not at all.
"""

from __future__ import annotations

from hub.errors import TooBusy
from hub.media.stream.types import VideoRendition, VideoTimeline

DECODING_COST = 0.2
"""What decoding a pixel costs, as part of what encoding one does (measured: H.264 at 1080p, x264 veryfast)."""
ASSUMED_PIXELS_PER_S = 60e6
"""Of a machine that was not measured yet: two cores of a small server."""
RETRY_AFTER_S = 10
_WEIGHT = 0.3


class Slot:
    """A session's share of the machine, until it is given back."""

    def __init__(self, slots: Slots, pixels_per_s: float) -> None:
        self._slots = slots
        self.pixels_per_s = pixels_per_s
        """What it must do to keep up with the clock."""
        self.is_shared = False
        """Whether another session ran beside it."""

    def give_back(self) -> None:
        """The session is over. May be repeated."""
        self._slots._taken.discard(self)  # its other half


class Slots:
    """Shares of this machine; `most`: so many sessions at once at most, 0 for as many as it carries."""

    def __init__(self, pixels_per_s: float | None = None, *, most: int = 0) -> None:
        self._most = most
        self._speed = pixels_per_s or ASSUMED_PIXELS_PER_S
        self._taken: set[Slot] = set()

    @property
    def pixels_per_s(self) -> float:
        """What the machine does, as far as is known."""
        return self._speed

    @property
    def left(self) -> float:
        """The share of the machine nobody uses, 0 to 1; all of it counts as free while nothing is encoded."""
        return max(0.0, 1.0 - sum(slot.pixels_per_s for slot in self._taken) / self._speed)

    def measured(self, pixels_per_s: float) -> None:
        """A trial said what the machine does."""
        self._speed = pixels_per_s

    def saw(self, slot: Slot, speed: float) -> None:
        """A session went at `speed` times the clock, not held back. If it was alone, it corrects the figure."""
        if not slot.is_shared:
            self._speed += _WEIGHT * (slot.pixels_per_s * speed - self._speed)

    def take(self, pixels_per_s: float) -> Slot:
        """Let a session in. TooBusy when it does not fit beside those that run."""
        is_full = self._most > 0 and len(self._taken) >= self._most
        if is_full or (self._taken and pixels_per_s > self.left * self._speed):
            raise TooBusy(
                f"This machine is converting {_videos(len(self._taken))} already and cannot keep up with one more. "
                "Try a lower quality, or again when others have finished watching.",
                retry_after_s=RETRY_AFTER_S,
            )
        slot = Slot(self, pixels_per_s)
        self._taken.add(slot)
        if len(self._taken) > 1:
            for each in self._taken:
                each.is_shared = True
        return slot


def load(source: tuple[int, int], video: VideoTimeline, *renditions: VideoRendition) -> float:
    """Pixels a second of a session that decodes pictures of `source` (width, height) and encodes `renditions`."""
    encoded = sum(r.width * r.height * r.frame_rate[0] / r.frame_rate[1] for r in renditions)
    return encoded + decoding_load(source, float(video.rate))


def decoding_load(source: tuple[int, int], rate: float) -> float:
    """Pixels a second that decoding pictures of `source` (width, height) is worth."""
    return DECODING_COST * source[0] * source[1] * rate


def conversions(pixels_per_s: float, source: tuple[int, int], to: tuple[int, int], rate: float) -> int:
    """How many films of `source` (width, height) are converted to pictures of `to` at once on such a machine."""
    return int(pixels_per_s / (to[0] * to[1] * rate + decoding_load(source, rate)))


def _videos(count: int) -> str:
    return "one video" if count == 1 else f"{count} videos"
