"""Opening a media file with FFmpeg when nothing about the file can be trusted.

A text file named `.mp4` can be a playlist that reaches other files or the network. So: FFmpeg gets an opened descriptor
and never a name, may use only the demuxers below, and every further file it asks for is refused.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, TypeVar, cast

import av
import av.error
from av.codec import CodecContext
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from hub.errors import MediaError
from hub.media.errors import BrokenMedia, CutShort, NotMedia, TooDemanding, UnreadableFile
from hub.media.files import open_regular, read_up_to, reason
from hub.media.layout import Layout, read_layout

# Containers with time stamps and the common audio files. Not here on purpose: playlists (concat, hls, dash, sdp …),
# devices, pictures, subtitles, and raw elementary video, which cannot be sought in.
FORMATS = (
    "matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,avi,mpegts,mpeg,flv,asf,ogg,mp3,flac,wav,w64,aac,ac3,eac3,dts,dtshd,truehd,"
    "mlp,rm,mxf,gxf,nut,caf,aiff,ape,wv,tta,tak,amr,au,dv,wtv,nsv,dsf,mpc,mpc8,voc,oma"
)
MAX_PIXELS = 1 << 27  # 16384 × 8192: an 8K film fits four times; a decoded frame stays under 800 MB
_OPTIONS = {"format_whitelist": FORMATS, "protocol_whitelist": "none", "max_pixels": str(MAX_PIXELS)}
_READ_BYTES = 128 * 1024

S = TypeVar("S", bound=Stream)


class _Descriptor:
    """What PyAV needs of a file object. The name lends FFmpeg the extension, a hint for ambiguous content, no more."""

    def __init__(self, fd: int, path: bytes) -> None:
        self._fd = fd
        extension = re.search(rb"\.[A-Za-z0-9]{1,5}\Z", path)
        self.name = "media" + (extension.group().decode() if extension else "")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int) -> bytes:
        return os.read(self._fd, size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return os.lseek(self._fd, offset, whence)

    def tell(self) -> int:
        return os.lseek(self._fd, 0, os.SEEK_CUR)


def _refuse(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise PermissionError(errno.EACCES, "it refers to another file, which Marquee does not follow")


@contextmanager
def open_media(path: bytes) -> Iterator[tuple[int, Layout, InputContainer]]:
    """(descriptor, layout, container) of the media file at `path`; FFmpeg's errors come out as MediaErrors.

    The descriptor is FFmpeg's own: move its position only before the first read from the container, or after the last.
    """
    with open_regular(path) as fd, media_errors():
        layout = read_layout(fd)
        _refuse_what_is_not_media(fd, layout)
        os.lseek(fd, 0, os.SEEK_SET)
        try:
            opened = av.open(
                _Descriptor(fd, path),
                mode="r",
                options=_OPTIONS,
                metadata_errors="replace",
                buffer_size=_READ_BYTES,
                io_open=_refuse,
            )
        except (av.error.InvalidDataError, av.error.ArgumentError, av.error.EOFError) as error:
            raise _why_not(fd, layout) from error
        with opened as container:
            yield fd, layout, container


def demux(container: InputContainer, *streams: S) -> Iterator[Packet[S]]:
    """Packets of the streams as they come in the file, then an empty one of each, which drains its decoder.

    Transport streams, FLV and MPEG programme streams may bring further streams on the way. PyAV leaves them out, but
    at the end it looks for them among those it knows (`InputContainer.demux`), after all that was wanted.
    """
    try:
        yield from cast("Iterator[Packet[S]]", container.demux(*streams))
    except IndexError:
        return


@contextmanager
def media_errors() -> Iterator[None]:
    """Turns what FFmpeg, PyAV and the file system raise into MediaErrors with a sentence."""
    try:
        yield
    except MediaError:
        raise
    except MemoryError as error:
        raise TooDemanding("Reading the file needs more memory than Marquee allows for one file.") from error
    except av.error.FFmpegError as error:
        raise BrokenMedia(f"The file is damaged: {(error.strerror or str(error)).lower()}.") from error
    except OSError as error:
        raise UnreadableFile(f"The file cannot be read: {reason(error)}.") from error
    except (
        ValueError,
        OverflowError,
        ZeroDivisionError,
    ) as error:  # PyAV on numbers and names that make no sense
        raise BrokenMedia("The file is damaged: it holds numbers or names that make no sense.") from error


def _refuse_what_is_not_media(fd: int, layout: Layout) -> None:
    if os.fstat(fd).st_size == 0:
        raise NotMedia("This is not a media file: it is empty.")
    if layout.container == "picture":
        raise NotMedia("This is not a media file: it is a picture.")
    if layout.index_missing:
        raise CutShort(
            "The file is cut short: its index (the moov box) is missing, so nothing in it can be played."
        )


def _why_not(fd: int, layout: Layout) -> MediaError:
    """The most helpful words for content that no demuxer accepts."""
    head = read_up_to(fd, 0, 4096)
    if not head.strip(b"\0"):
        return NotMedia(
            "This is not a media file: it begins with zeros only, like a download that has not finished."
        )
    if _is_picture(head):
        return NotMedia("This is not a media file: it is a picture.")
    if layout.container is not None or head.startswith((b"RIFF", b"OggS", b"FLV", b"fLaC", b"ID3")):
        return BrokenMedia(
            "The file is damaged: it begins like a media file, but its contents make no sense."
        )
    if _is_text(head):
        return NotMedia("This is not a media file: it holds text.")
    return NotMedia(
        "This is not a media file: its content is in no video or audio format that Marquee knows."
    )


def _is_picture(head: bytes) -> bool:
    signatures = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"8BPS", b"\0\0\1\0")
    return head.startswith(signatures) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP")


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return True
    printable = sum(byte >= 0x20 or byte in b"\t\n\r\f" for byte in head)
    return printable == len(head)


def decoder_of(stream: Stream) -> CodecContext | None:
    """The stream's decoder; None when FFmpeg has none for its codec (PyAV's types leave that case out)."""
    return cast("CodecContext | None", stream.codec_context)


def limit_decoder(stream: Stream) -> None:
    """Limit what a stream's decoder may allocate; call before its first frame."""
    decoder = decoder_of(stream)
    if decoder is not None:
        decoder.options = {"max_pixels": str(MAX_PIXELS)}
