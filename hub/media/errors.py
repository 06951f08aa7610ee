"""Why a media file is not usable, or what went wrong with the worker that looked at it.

The messages are one sentence about "the file" without its name, so that a report can put the name beside it.
"""

from __future__ import annotations

from hub.errors import MediaError


class UnreadableFile(MediaError):
    """The bytes cannot be had: no permission, gone, a device, a read error."""

    code = "media-unreadable"
    title = "The file cannot be read"


class NotMedia(MediaError):
    """The bytes are there but are no video or audio."""

    code = "media-not-media"
    title = "This is not a media file"


class CutShort(MediaError):
    """The beginning of a media file, without what is needed to play any of it."""

    code = "media-cut-short"
    title = "The media file is incomplete"


class BrokenMedia(MediaError):
    """A media file whose contents make no sense."""

    code = "media-broken"
    title = "The media file is damaged"


class TooDemanding(MediaError):
    """Reading the file needs more memory or larger pictures than a worker is allowed."""

    code = "media-too-demanding"
    title = "The media file is too demanding"


class NoPicture(MediaError):
    """There is nothing to make a thumbnail from."""

    code = "media-no-picture"
    title = "There is no picture in this file"


class BadPicture(MediaError):
    """A picture file (poster, cover art) that cannot be used."""

    code = "media-bad-picture"
    title = "The picture is not usable"


class BadCaptions(MediaError):
    """A caption file that cannot be understood."""

    code = "media-bad-captions"
    title = "The captions are not usable"


class OutputNotWritable(MediaError):
    """The place where a result should go cannot be written."""

    code = "media-output"
    title = "The result could not be written"


class DiskFull(OutputNotWritable):
    """There is no room for a result, or the quota is used up; with some made free the next try may do better."""

    code = "media-disk-full"
    title = "There is no room for the result"


class InitMismatch(MediaError):
    """Segments that are kept need another init segment than those that are made now."""

    code = "media-init-mismatch"
    title = "The kept segments are of another make"


class WorkerFailed(MediaError):
    """The worker raised something nobody expected; its traceback is in the log."""

    code = "media-worker-failed"
    title = "The media worker failed"


class WorkerCrashed(MediaError):
    """The worker process died while it worked on the file, twice."""

    code = "media-worker-crashed"
    title = "The media worker crashed"


class WorkerTimeout(MediaError):
    """The job took longer than it may; the worker was killed."""

    code = "media-worker-timeout"
    title = "The media worker took too long"


class PoolClosed(MediaError):
    """The hub is shutting down; the job was not done."""

    code = "media-pool-closed"
    title = "Marquee is shutting down"


# What a worker may answer with. Everything else it raises reaches the hub as WorkerFailed.
FROM_WORKER: dict[str, type[MediaError]] = {
    error.__name__: error
    for error in (
        UnreadableFile,
        NotMedia,
        CutShort,
        BrokenMedia,
        TooDemanding,
        NoPicture,
        BadPicture,
        BadCaptions,
        OutputNotWritable,
        DiskFull,
        InitMismatch,
        WorkerFailed,
    )
}
