"""The errors a person can act on: few, typed, each with one sentence saying what, why and what to do.

`code` is a stable slug (part of the problem document's `type`, RFC 9457); `message` is the sentence. The core knows
no HTTP: the server maps each class to a status, the command line to an exit code.
"""

from __future__ import annotations

from collections.abc import Iterator


class HubError(Exception):
    """Base of every error that is meant for a person."""

    code = "internal"
    title = "Something went wrong"
    retry_after_s: int | None = None
    """After how many seconds another try makes sense; None when waiting alone changes nothing."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInput(HubError):
    """A value that is not acceptable; `field` names it the way the caller spelt it."""

    code = "invalid-input"
    title = "That value is not accepted"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class NotFound(HubError):
    """Nothing has that id (or nothing the asker may know about)."""

    code = "not-found"
    title = "Not found"


class Conflict(HubError):
    """The request is fine but does not fit the present state."""

    code = "conflict"
    title = "That does not fit the present state"


class NotPlayable(Conflict):
    """A video that is known but has no bytes to play here; the message says why."""

    code = "not-playable"
    title = "This video cannot be played"


class RenditionFailed(NotPlayable):
    """This rendition of a video cannot be made; others may. The message says why."""

    code = "rendition-failed"
    title = "This quality cannot be made"


class UnusableCaptions(Conflict):
    """A caption file that is known and cannot be shown; the message names it and says why."""

    code = "unusable-captions"
    title = "These captions cannot be shown"


class NotSignedIn(HubError):
    """No credential, or one that is wrong or expired."""

    code = "not-signed-in"
    title = "Sign in first"


class NotAllowed(HubError):
    """A known person without the right to do this."""

    code = "not-allowed"
    title = "Not allowed"


class TooManyRequests(HubError):
    """A limit was reached; try again after `retry_after_s` seconds."""

    code = "too-many-requests"
    title = "Too many tries"
    retry_after_s: int

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TooBusy(HubError):
    """The machine does as much as it can; try again after `retry_after_s` seconds."""

    code = "too-busy"
    title = "This machine is busy"
    retry_after_s: int

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DatabaseUnavailable(HubError):
    """The database is locked by somebody else, or does not answer; nothing was changed."""

    code = "database-unavailable"
    title = "The database does not answer"
    retry_after_s: int | None = 5


class StorageFull(DatabaseUnavailable):
    """The disk has no room for what was to be stored; nothing was changed."""

    code = "storage-full"
    title = "The disk is full"
    retry_after_s = None


class ConfigError(HubError):
    """A configuration file or variable that cannot be used; names the key, the value and what is allowed."""

    code = "bad-configuration"
    title = "The configuration is not usable"


class DataFolderError(HubError):
    """The data folder cannot be used (exit code 3)."""

    code = "data-folder"
    title = "The data folder is not usable"


class DataFolderLocked(DataFolderError):
    """Another hub holds the data folder."""

    code = "data-folder-locked"
    title = "Another Marquee uses this data folder"


class DatabaseTooNew(DataFolderError):
    """The database was written by a newer program."""

    code = "database-too-new"
    title = "The database is newer than this program"


class MediaError(HubError):
    """A media file that cannot be read, or a worker that failed on it."""

    code = "media"
    title = "The media file is not usable"


def error_of_code(
    code: str, message: str, *, field: str | None = None, retry_after_s: int | None = None
) -> HubError:
    """The error that was told as this code elsewhere: the way back from a problem document.

    A code of no class known here is a plain `HubError`.
    """
    kind = next((kind for kind in error_kinds() if kind.code == code), HubError)
    if issubclass(kind, InvalidInput):
        return kind(message, field=field)
    if issubclass(kind, (TooManyRequests, TooBusy)):
        return kind(message, retry_after_s=retry_after_s or 0)
    return kind(message)


def error_kinds(base: type[HubError] = HubError) -> Iterator[type[HubError]]:
    """`base` and every class below it that has been imported."""
    yield base
    for kind in base.__subclasses__():
        yield from error_kinds(kind)
