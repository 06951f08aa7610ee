"""Init segments and media segments of fragmented MP4 (ISO/IEC 14496-12 §8.8) out of encoded packets.

Each segment goes through a muxer of its own (under a millisecond) in the order of decoding, so that it depends on
nothing but its packets. The muxer numbers and dates fragments from where it begins, so sequence number and decode time
are written into the bytes afterwards; see docs/adr/0060-streaming.md for why its `cmaf` flag does not do.
"""

from __future__ import annotations

import contextlib
import io
import os
import struct
from collections.abc import Sequence
from itertools import count
from typing import Any

import av
from av.packet import Packet
from av.stream import Stream

from hub.media.errors import InitMismatch, OutputNotWritable
from hub.media.files import not_writable, reason
from hub.media.stream.boxes import boxes

INIT_NAME = "init.mp4"
_MUXER = {
    "movflags": "empty_moov+default_base_moof+frag_custom+skip_trailer",
    "use_editlist": "0",
    "write_tmcd": "0",
    "write_btrt": "0",  # with delay_moov it would depend on the first packets
    "fflags": "+bitexact",
}
# What their boxes say stands in the packets only, so the muxer can write the header no sooner (movenc.c).
_HEADER_FROM_PACKETS = frozenset({"ac3", "eac3"})
_TAGS = {"hevc": "hvc1"}  # parameter sets in the header only, as Apple's players demand; the default is hev1
_partial_names = count()


def segment_name(k: int) -> str:
    """File name of segment `k`, counted from 0."""
    return f"{k}.m4s"


class FragmentWriter:
    """Segments of one track.

    `template` gives the codec's parameters: an encoder's stream whose container has been started (its header is known
    then), or the stream of an input. `time_scale` is the track's, in ticks a second; of audio it must be the sample
    rate. `extradata` takes the place of the template's, for a codec whose description the container does not carry.
    """

    def __init__(self, template: Stream, time_scale: int, extradata: bytes | None = None) -> None:
        self._template = template
        self._time_scale = time_scale
        self._extradata = extradata
        self._codec = template.codec_context.codec.canonical_name
        # At once: while an input is read, parsers change what its stream says of itself.
        self._init = None if self._codec in _HEADER_FROM_PACKETS else self._mux(())[0]

    @property
    def init(self) -> bytes:
        """The init segment (`ftyp` and `moov`). Of AC-3 and E-AC-3 it is known only after a segment."""
        if self._init is None:
            raise ValueError(f"The header of {self._codec} is known only after a segment.")
        return self._init

    def segment(self, packets: Sequence[Packet[Any]], sequence: int) -> bytes:
        """One `moof` and `mdat` of the packets of segment `sequence` (0 for the first), in the order of decoding.

        Packets carry pts, dts and duration in ticks of the track (media time + EPOCH_S); pts ≥ dts ≥ 0, dts ascending.
        They belong to this writer's muxer afterwards. ValueError for no packets, or for one without dts.
        """
        if not packets or packets[0].dts is None:
            raise ValueError("A segment needs at least one packet, and each needs a decode time.")
        init, fragment = self._mux(packets, (sequence + 1, packets[0].dts))
        if self._init is None:
            self._init = init
        return fragment

    def _mux(
        self, packets: Sequence[Packet[Any]], dated: tuple[int, int] | None = None
    ) -> tuple[bytes, bytes]:
        """(init segment, fragment); `dated`: the fragment's number and decode time."""
        buffer = io.BytesIO()
        options = dict(_MUXER, video_track_timescale=str(self._time_scale))
        if self._codec in _HEADER_FROM_PACKETS:
            options["movflags"] += "+delay_moov"
        with av.open(buffer, "w", format="mp4", container_options=options) as container:
            stream = container.add_stream_from_template(self._template, opaque=True)
            if self._codec in _TAGS:
                stream.codec_context.codec_tag = _TAGS[self._codec]
            if self._extradata is not None:
                stream.codec_context.extradata = self._extradata
            container.start_encoding()
            for packet in packets:
                packet.stream = stream
                container.mux_one(packet)
        with buffer.getbuffer() as data:
            cut = next((at for kind, at, _ in boxes(data) if kind == b"moof"), len(data))
            if dated is not None:
                _date(data[cut:], *dated)
            # Segments are large: this is the one copy of them.
            return bytes(data[:cut]), bytes(data[cut:])


def write_atomically(folder: bytes, name: str, data: bytes) -> None:
    """Write `folder/name` so that it is there whole or not at all, also when several do so at once.

    The temporary name begins with a dot and ends with `.part`. Raises OutputNotWritable (DiskFull).
    """
    final = os.path.join(folder, os.fsencode(name))  # noqa: PTH118  # bytes, which pathlib does not take
    partial = os.path.join(folder, b".%b.%d-%d.part" % (os.fsencode(name), os.getpid(), next(_partial_names)))  # noqa: PTH118
    try:
        try:
            with open(partial, "xb") as file:  # noqa: PTH123
                file.write(data)
            os.replace(partial, final)  # noqa: PTH105
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(partial)  # noqa: PTH108
            raise
    except OSError as error:
        raise not_writable("A segment", error) from error


def write_init(folder: bytes, data: bytes) -> None:
    """Write the init segment unless it is there; InitMismatch when another one is.

    Segments only play with the init segment they were made with, so two kinds must never lie side by side. An empty
    file, as a power cut leaves it, is none.
    """
    try:
        with open(os.path.join(folder, os.fsencode(INIT_NAME)), "rb") as file:  # noqa: PTH118, PTH123
            there = file.read()
    except FileNotFoundError:
        there = b""
    except OSError as error:
        raise OutputNotWritable(f"The init segment cannot be read: {reason(error)}.") from error
    if not there:
        write_atomically(folder, INIT_NAME, data)
    elif there != data:
        raise InitMismatch(
            "The segments kept of this rendition were made in another way than they are made now: "
            "remove the kept ones, and they are made anew."
        )


def _date(fragment: memoryview, number: int, begin: int) -> None:
    """Put a fragment's number and the decode time of its first sample in place of the muxer's."""
    moofs = [(at, end) for kind, at, end in boxes(fragment) if kind == b"moof"]
    if len(moofs) != 1:
        raise ValueError(f"The muxer made {len(moofs)} fragments of a segment.")
    for kind, at, end in boxes(fragment, moofs[0][0] + 8, moofs[0][1]):
        if kind == b"mfhd":
            struct.pack_into(">I", fragment, at + 12, number)
        elif kind == b"traf":
            tfdt = next(at for kind, at, _ in boxes(fragment, at + 8, end) if kind == b"tfdt")
            if fragment[tfdt + 8] != 1:
                raise ValueError("The muxer wrote a 32-bit decode time.")
            struct.pack_into(">Q", fragment, tfdt + 12, begin)
