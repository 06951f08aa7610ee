"""Media types by container, as the probe names them (`hub.media.types.Probe.container`).

From IANA's registry where the container is registered, else what browsers use. Python's own table goes by file names,
which lie, and has `video/x-matroska` for audio.
"""

from __future__ import annotations

_VIDEO = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "3gp": "video/3gpp",
    "3g2": "video/3gpp2",
    "mj2": "video/mj2",
    "mkv": "video/x-matroska",
    "webm": "video/webm",
    "avi": "video/x-msvideo",
    "mpegts": "video/mp2t",
    "mpegps": "video/mpeg",
    "flv": "video/x-flv",
    "asf": "video/x-ms-wmv",
    "ogg": "video/ogg",
    "mxf": "application/mxf",
    "gxf": "application/gxf",
    "realmedia": "application/vnd.rn-realmedia",
}
_AUDIO = {
    "mp4": "audio/mp4",
    "m4a": "audio/mp4",
    "mov": "audio/mp4",
    "3gp": "audio/3gpp",
    "mkv": "audio/x-matroska",
    "webm": "audio/webm",
    "ogg": "audio/ogg",
    "asf": "audio/x-ms-wma",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "w64": "audio/wav",
    "au": "audio/basic",
    "aac": "audio/aac",
    "ac3": "audio/ac3",
    "eac3": "audio/eac3",
    "aiff": "audio/aiff",
    "amr": "audio/amr",
    "ape": "audio/x-ape",
    "caf": "audio/x-caf",
    "dts": "audio/vnd.dts",
    "wv": "audio/x-wavpack",
    "tta": "audio/x-tta",
}


def media_type(container: str, *, has_video: bool) -> str:
    """The Content-Type of a media file; `application/octet-stream` for a container nobody has named."""
    tables = (_VIDEO, _AUDIO) if has_video else (_AUDIO, _VIDEO)
    return tables[0].get(container) or tables[1].get(container) or "application/octet-stream"
