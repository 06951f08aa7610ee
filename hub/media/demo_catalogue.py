"""The twelve clips of the demo: what they show, how they sound, and in which of the world's formats they come.

Between them they cover the containers, codecs and shapes a real library has. Most play in a browser as they are; those
marked so in their description do not, which is what makes them worth having.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from hub.media.synth import AudioTrack, Clip, Cue, Filters, VideoTrack

_FAST = {"preset": "ultrafast", "crf": "26", "x264-params": "keyint=50"}
_VP9 = {"deadline": "realtime", "cpu-used": "8", "row-mt": "1", "crf": "36", "b": "600k"}
_AV1 = {"preset": "12", "crf": "40"}
_LIFE_COLOURS = "life_color=#fca311:death_color=#5f6f94:mold_color=#14213d"
_HEVC = {"preset": "ultrafast", "crf": "28", "x265-params": "log-level=none:keyint=50"}


@dataclass(frozen=True, kw_only=True)
class DemoClip:
    """A clip and what lies beside it."""

    name: str
    """File name with extension."""
    title: str
    plot: str
    genre: str
    premiered: str
    clip: Clip
    sidecars: Mapping[str, str] = field(default_factory=dict)
    """Text files by the suffix that replaces the extension (`.de.srt`)."""
    cover: Filters = ()
    """Source of the cover picture, for audio."""

    @property
    def nfo(self) -> str:
        """Title, description and the rest in the form media centres use (Kodi's movie .nfo)."""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n<movie>\n'
            f"  <title>{escape(self.title)}</title>\n  <plot>{escape(self.plot)}</plot>\n"
            f"  <genre>{escape(self.genre)}</genre>\n  <tag>demo</tag>\n"
            f"  <premiered>{self.premiered}</premiered>\n  <studio>Marquee Demo</studio>\n</movie>\n"
        )


def _chord(*frequencies_hz: float, pulse_hz: float = 0.15) -> Filters:
    """A soft stereo pad; left and right swell against each other."""
    level = 0.22 / len(frequencies_hz)
    left = "+".join(f"{level:.3f}*sin(2*PI*{f}*t)" for f in frequencies_hz)
    right = "+".join(f"{level:.3f}*sin(2*PI*{f * 1.003:.3f}*t)" for f in frequencies_hz)
    swell = f"(0.65+0.35*sin(2*PI*{pulse_hz}*t))"
    return (("aevalsrc", f"exprs=({left})*{swell}|({right})*(1.3-{swell}):sample_rate=48000"),)


def _sine(frequency_hz: int, volume: float) -> Filters:
    return (("sine", f"frequency={frequency_hz}:sample_rate=48000"), ("volume", f"{volume}"))


def _noise(colour: str, seed: int) -> Filters:
    return (
        ("anoisesrc", f"color={colour}:amplitude=0.25:sample_rate=48000:seed={seed}"),
        ("tremolo", "f=0.2:d=0.6"),
    )


def _gradients(
    width: int, height: int, kind: str, seed: int, colours: tuple[str, ...], speed: float = 0.015
) -> Filters:
    stops = ":".join(f"c{i}=#{colour}" for i, colour in enumerate(colours))
    return (
        (
            "gradients",
            f"size={width}x{height}:rate=25:type={kind}:seed={seed}:nb_colors={len(colours)}:speed={speed}:{stops}",
        ),
    )


def _clouds(width: int, height: int, seed: int, palette: str) -> Filters:
    # Made at half size: nothing in a cloud is sharper than that, and Perlin noise is dear.
    size = f"size={width // 2}x{height // 2}:rate=25"
    noise = (
        f"{size}:octaves=4:persistence=0.6:xscale=3:yscale=3:tscale=0.3:random_mode=seed:random_seed={seed}"
    )
    return (
        ("perlin", noise),
        ("scale", f"{width}:{height}"),
        ("format", "yuv444p"),
        ("pseudocolor", f"preset={palette}"),
    )


_FOG_CUES = (
    (1.0, 4.5, "The valley wakes before the sun does.", "Das Tal erwacht vor der Sonne."),
    (
        5.0,
        9.0,
        "Fog is only weather\nthat has forgotten to leave.",
        "Nebel ist nur Wetter,\ndas zu gehen vergaß.",
    ),
    (9.5, 13.5, "<i>Somewhere below, a river.</i>", "<i>Irgendwo unten ein Fluss.</i>"),
    (14.0, 18.5, "By noon, nobody will believe you.", "Bis Mittag glaubt dir keiner."),
)


def _stamp(seconds: float, mark: str) -> str:
    return f"00:00:{int(seconds):02d}{mark}{round(seconds % 1 * 1000):03d}"


def _fog_vtt() -> str:
    cues = (f"{_stamp(start, '.')} --> {_stamp(end, '.')}\n{text}\n" for start, end, text, _ in _FOG_CUES)
    return "WEBVTT\n\n" + "\n".join(cues)


def _fog_srt() -> str:
    cues = (
        f"{number}\n{_stamp(start, ',')} --> {_stamp(end, ',')}\n{text}\n"
        for number, (start, end, _, text) in enumerate(_FOG_CUES, 1)
    )
    return "\n".join(cues)


CATALOGUE: tuple[DemoClip, ...] = (
    DemoClip(
        name="Aurora Drift.mp4",
        title="Aurora Drift",
        plot="Bands of colour cross a winter sky and never hurry. H.264 and AAC in MP4, which plays everywhere.",
        genre="Ambient",
        premiered="2024-01-12",
        clip=Clip(
            container="mp4",
            seconds=20,
            video=VideoTrack(
                source=_gradients(640, 360, "linear", 3, ("1d3557", "e63946", "f1faee", "457b9d")),
                codec="libx264",
                width=640,
                height=360,
                options=_FAST,
            ),
            audio=AudioTrack(source=_chord(110, 165, 220, 277.2), codec="aac"),
        ),
    ),
    DemoClip(
        name="The Deep Zoom.mp4",
        title="The Deep Zoom",
        plot="Thirty seconds into the Mandelbrot set, with chapters for those who get lost. H.264 and AAC in MP4.",
        genre="Mathematics",
        premiered="2024-02-29",
        clip=Clip(
            container="mp4",
            seconds=30,
            video=VideoTrack(
                source=(
                    (
                        "mandelbrot",
                        "size=640x360:rate=25:start_scale=2.5:end_scale=0.02:end_pts=700:maxiter=900",
                    ),
                ),
                codec="libx264",
                width=640,
                height=360,
                options={**_FAST, "crf": "31"},
            ),
            audio=AudioTrack(source=_chord(55, 82.4, 123.5, pulse_hz=0.08), codec="aac"),
            chapters=((0, 8, "The whole"), (8, 18, "The valley"), (18, 30, "The needle")),
        ),
    ),
    DemoClip(
        name="Pocket Sunset.mp4",
        title="Pocket Sunset",
        plot="A sunset held upright, the way telephones see the world: 9:16, H.264 and AAC in MP4.",
        genre="Ambient",
        premiered="2024-06-21",
        clip=Clip(
            container="mp4",
            seconds=15,
            video=VideoTrack(
                source=_gradients(360, 640, "radial", 11, ("3a0ca3", "f72585", "4cc9f0", "ffbe0b"), 0.03),
                codec="libx264",
                width=360,
                height=640,
                options=_FAST,
            ),
            audio=AudioTrack(source=_chord(146.8, 220, 293.7, pulse_hz=0.25), codec="aac"),
        ),
    ),
    DemoClip(
        name="Garden of Cells.webm",
        title="Garden of Cells",
        plot="Conway's Game of Life, sown at random and left alone. VP9 and Opus in WebM, 4:3.",
        genre="Mathematics",
        premiered="2024-03-14",
        clip=Clip(
            container="webm",
            seconds=20,
            video=VideoTrack(
                source=(
                    (
                        "life",
                        f"size=120x90:rate=12:mold=14:ratio=0.28:seed=5:{_LIFE_COLOURS}",
                    ),
                    ("scale", "480:360:flags=neighbor"),
                ),
                codec="libvpx-vp9",
                width=480,
                height=360,
                frame_rate=12,
                options=_VP9,
            ),
            audio=AudioTrack(source=_chord(196, 246.9, 329.6, pulse_hz=0.5), codec="libopus"),
        ),
    ),
    DemoClip(
        name="Fog over Green Valley.mkv",
        title="Fog over Green Valley",
        plot="A very wide morning (21:9), with captions: English inside the file and beside it, German beside it. "
        "H.264 and Opus in Matroska.",
        genre="Nature",
        premiered="2024-10-03",
        clip=Clip(
            container="matroska",
            seconds=20,
            video=VideoTrack(
                source=_clouds(840, 360, 8, "viridis"), codec="libx264", width=840, height=360, options=_FAST
            ),
            audio=AudioTrack(source=_noise("pink", 2), codec="libopus"),
            cues=tuple(Cue(start, end, text) for start, end, text, _ in _FOG_CUES),
        ),
        sidecars={".en.vtt": _fog_vtt(), ".de.srt": _fog_srt()},
    ),
    DemoClip(
        name="Slow Fire.mov",
        title="Slow Fire",
        plot="A fireplace without wood, smoke or ashes. H.264 and AAC in QuickTime.",
        genre="Ambient",
        premiered="2023-12-24",
        clip=Clip(
            container="mov",
            seconds=20,
            video=VideoTrack(
                source=_clouds(640, 360, 4, "inferno"), codec="libx264", width=640, height=360, options=_FAST
            ),
            audio=AudioTrack(source=_noise("brown", 3), codec="aac"),
        ),
    ),
    DemoClip(
        name="Moiré Lake.webm",
        title="Moiré Lake",
        plot="Rings on still water that was never there. AV1 and Opus in WebM, square.",
        genre="Optics",
        premiered="2025-04-01",
        clip=Clip(
            container="webm",
            seconds=10,
            video=VideoTrack(
                source=(
                    ("zoneplate", "size=360x360:rate=20:kt=20:kx2=60:ky2=60:kxy=20:ku=30:kv=60"),
                    ("format", "yuv444p"),
                    ("pseudocolor", "preset=cividis"),
                ),
                codec="libsvtav1",
                width=360,
                height=360,
                frame_rate=20,
                options=_AV1,
            ),
            audio=AudioTrack(source=_chord(174.6, 261.6, 392), codec="libopus"),
        ),
    ),
    DemoClip(
        name="Rule 110.mp4",
        title="Rule 110",
        plot="One line of cells, one rule, and in principle every program there is. H.264 and MP3 in MP4, square.",
        genre="Mathematics",
        premiered="2025-01-10",
        clip=Clip(
            container="mp4",
            seconds=15,
            video=VideoTrack(
                source=(
                    (
                        "cellauto",
                        "size=90x90:rate=12:rule=110:random_seed=9:random_fill_ratio=0.3:scroll=1:start_full=1",
                    ),
                    ("scale", "360:360:flags=neighbor"),
                    ("format", "rgb24"),
                    ("colorchannelmixer", "rr=0.2:gg=0.9:bb=0.6"),
                ),
                codec="libx264",
                width=360,
                height=360,
                frame_rate=12,
                options=_FAST,
            ),
            audio=AudioTrack(source=_chord(130.8, 196, 311.1, pulse_hz=1.5), codec="libmp3lame"),
        ),
    ),
    DemoClip(
        name="Station Identification.ts",
        title="Station Identification",
        plot="A minute of colour bars and the tone that goes with them, as received. H.264 and AAC in an MPEG "
        "transport stream, which browsers do not play as it is.",
        genre="Broadcast",
        premiered="1998-11-05",
        clip=Clip(
            container="mpegts",
            seconds=60,
            video=VideoTrack(
                source=(("smptehdbars", "size=640x360:rate=25"),),
                codec="libx264",
                width=640,
                height=360,
                options=_FAST,
            ),
            audio=AudioTrack(source=_sine(1000, 0.3), codec="aac"),
        ),
    ),
    DemoClip(
        name="Carnival 1987.avi",
        title="Carnival 1987",
        plot="The whole street in costume, on the best equipment of its day. MPEG-4 and MP3 in AVI, 4:3, which "
        "browsers do not play as it is.",
        genre="Home movie",
        premiered="1987-03-03",
        clip=Clip(
            container="avi",
            seconds=20,
            video=VideoTrack(
                source=(("testsrc2", "size=480x360:rate=25"), ("hue", "h=20*t:s=0.8")),
                codec="mpeg4",
                width=480,
                height=360,
                options={"flags": "+qscale", "global_quality": "944"},
            ),
            audio=AudioTrack(source=_sine(523, 1.5), codec="libmp3lame"),
        ),
    ),
    DemoClip(
        name="Triangles All the Way.mp4",
        title="Triangles All the Way",
        plot="Sierpiński's triangle from just above the roof tops. HEVC and AAC in MP4, which many browsers do not "
        "play as it is.",
        genre="Mathematics",
        premiered="2025-09-09",
        clip=Clip(
            container="mp4",
            seconds=12,
            video=VideoTrack(
                source=(
                    ("sierpinski", "size=640x360:rate=25:seed=6:jump=60:type=triangle"),
                    ("format", "yuv444p"),
                    ("pseudocolor", "preset=plasma"),
                ),
                codec="libx265",
                width=640,
                height=360,
                codec_tag="hvc1",
                options=_HEVC,
            ),
            audio=AudioTrack(source=_chord(98, 146.8, 185, pulse_hz=0.6), codec="aac"),
        ),
    ),
    DemoClip(
        name="Evening Tones.m4a",
        title="Evening Tones",
        plot="Forty seconds for the walk home. AAC in M4A, with cover art and without pictures.",
        genre="Music",
        premiered="2024-08-17",
        clip=Clip(
            container="mp4",
            seconds=40,
            audio=AudioTrack(
                source=_chord(130.8, 164.8, 196, 246.9, pulse_hz=0.1), codec="aac", bitrate_bps=128_000
            ),
            muxer_options={"brand": "M4A "},
        ),
        cover=_gradients(600, 600, "spiral", 7, ("0b3954", "ff6663", "ffcf56", "087e8b", "bfd7ea")),
    ),
)
