"""What a stream is called in a playlist (RFC 6381), and whether it can be carried in fragmented MP4 at all.

The muxer makes an init segment for the stream; the name is read out of the sample entry it wrote, so that it is true
of what players get, whatever container the stream comes from.
"""

from __future__ import annotations

from av.error import FFmpegError
from av.stream import Stream

from hub.media.stream.boxes import boxes
from hub.media.stream.fragments import FragmentWriter
from hub.media.stream.types import CLOCK_HZ

_CARRIED = frozenset({"h264", "hevc", "av1", "vp9", "aac", "ac3", "eac3", "opus", "mp3", "flac", "alac"})
_FIXED = {"ac3": "ac-3", "eac3": "ec-3", "opus": "opus", "mp3": "mp4a.40.34", "flac": "flac", "alac": "alac"}
_SAMPLE_ENTRY_BYTES = {
    "video": 86,
    "audio": 36,
}  # box header and fields before the codec's own boxes (§12.1.3, §12.2.3)
_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_AAC_OBJECT_TYPES = {"Main": 1, "LC": 2, "SSR": 3, "LTP": 4, "HE-AAC": 2, "HE-AACv2": 2}


def codec_of(stream: Stream) -> str:
    """FFmpeg's name of the codec (h264, mp3 …), whichever decoder is used."""
    return stream.codec_context.codec.canonical_name


def name_codec(stream: Stream) -> tuple[str | None, str | None]:
    """(RFC 6381 name, None), or (None, why the stream cannot be carried in words)."""
    codec = codec_of(stream)
    if codec not in _CARRIED:
        return None, f"{codec.upper()} is not carried in fragmented MP4."
    if codec in _FIXED:
        return _FIXED[codec], None
    hz = CLOCK_HZ if stream.type == "video" else stream.codec_context.sample_rate  # type: ignore[attr-defined]
    try:
        entry = _sample_entry(FragmentWriter(stream, hz, extradata_of(stream)).init, stream.type)
        return _NAMES[codec](entry), None
    except (FFmpegError, ValueError, LookupError, StopIteration):
        return None, "The stream's description (its parameter sets) is missing or makes no sense."


def extradata_of(stream: Stream) -> bytes | None:
    """A description to carry in place of the stream's: AAC in ADTS (transport streams) has none, its frames do."""
    if codec_of(stream) != "aac" or stream.codec_context.extradata:
        return None
    return audio_specific_config(
        stream.codec_context.profile or "LC",
        stream.codec_context.sample_rate,  # type: ignore[attr-defined]
        stream.codec_context.channels,  # type: ignore[attr-defined]
    )


def audio_specific_config(profile: str, sample_rate_hz: int, channels: int) -> bytes:
    """AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1) of AAC; of SBR the core, at half the rate, as in ADTS.

    Raises ValueError for rates and numbers of channels that have no short form.
    """
    rate = sample_rate_hz // 2 if profile.startswith("HE-AAC") else sample_rate_hz
    configuration = {8: 7}.get(channels, channels)
    if profile == "HE-AACv2":
        configuration = 1
    if rate not in _AAC_RATES or not 0 < configuration <= 7:
        raise ValueError(f"no short AAC description for {rate} Hz, {channels} channels")
    value = _AAC_OBJECT_TYPES.get(profile, 2) << 11 | _AAC_RATES.index(rate) << 7 | configuration << 3
    return value.to_bytes(2, "big")


def _sample_entry(init: bytes, kind: str) -> dict[bytes, bytes]:
    """The codec's own boxes of the only sample entry, and under `type` its four letters."""
    data = init
    for step in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"):
        at, end = next((at, end) for name, at, end in boxes(data) if name == step)
        data = data[at + 8 : end]
    entry = data[8:]  # version, flags and the number of entries
    own = {name: entry[at + 8 : end] for name, at, end in boxes(entry, _SAMPLE_ENTRY_BYTES[kind])}
    return own | {b"type": entry[4:8]}


def _avc(entry: dict[bytes, bytes]) -> str:
    """ISO/IEC 14496-15 §5.3.3.1: profile, compatibility and level of avcC."""
    return f"{entry[b'type'].decode()}.{entry[b'avcC'][1:4].hex().upper()}"


def _hevc(entry: dict[bytes, bytes]) -> str:
    """ISO/IEC 14496-15 Annex E.3: profile, compatibility bits reversed, tier and level, constraints."""
    box = entry[b"hvcC"]
    space = ("", "A", "B", "C")[box[1] >> 6]
    compatibility = int(f"{int.from_bytes(box[2:6], 'big'):032b}"[::-1], 2)
    tier = "H" if box[1] & 0x20 else "L"
    constraints = [f"{byte:X}" for byte in box[6:12].rstrip(b"\0")]
    first = f"{entry[b'type'].decode()}.{space}{box[1] & 0x1F}.{compatibility:X}.{tier}{box[12]}"
    return ".".join([first, *constraints])


def _av1(entry: dict[bytes, bytes]) -> str:
    """AV1 in ISOBMFF §5: profile, level and tier, bit depth of av1C."""
    profile, level = entry[b"av1C"][1] >> 5, entry[b"av1C"][1] & 0x1F
    flags = entry[b"av1C"][2]
    depth = (12 if flags & 0x20 else 10) if flags & 0x40 else 8
    return f"av01.{profile}.{level:02}{'H' if flags & 0x80 else 'M'}.{depth:02}"


def _vp9(entry: dict[bytes, bytes]) -> str:
    """VP Codec ISO Media File Format Binding: profile, level and bit depth of vpcC."""
    profile, level, depth = entry[b"vpcC"][4], entry[b"vpcC"][5], entry[b"vpcC"][6] >> 4
    return f"vp09.{profile:02}.{level:02}.{depth:02}"


def _aac(entry: dict[bytes, bytes]) -> str:
    """`mp4a.40.` and the audio object type, the first five bits of the AudioSpecificConfig in esds (or 32 + six)."""
    esds = entry[b"esds"]
    at = esds.index(b"\x05", esds.index(b"\x04", 4) + 15)  # DecoderConfigDescriptor, then DecoderSpecificInfo
    while esds[at + 1] & 0x80:
        at += 1
    bits = int.from_bytes(esds[at + 2 : at + 4], "big")
    kind = bits >> 11
    return f"mp4a.40.{32 + (bits >> 5 & 0x3F) if kind == 31 else kind}"


_NAMES = {"h264": _avc, "hevc": _hevc, "av1": _av1, "vp9": _vp9, "aac": _aac}
