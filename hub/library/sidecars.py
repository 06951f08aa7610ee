"""What lies beside a media file and tells about it: `.info.json` (yt-dlp), `.nfo` (Kodi), chapters, captions, pictures.

Of several sources the earlier outranks the later: `.chapters.txt` and `.edl`, `.info.json`, `.nfo`, the container's own
tags, the file's name.
What a person has edited outranks them all; that is decided where rows are written.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from hub.errors import HubError
from hub.library import names
from hub.library.metadata import (
    Metadata,
    NotUnderstood,
    from_chapters,
    from_edl,
    from_info_json,
    from_nfo,
)
from hub.media.caption_text import require_text
from hub.media.errors import BadCaptions, UnreadableFile
from hub.media.files import open_regular, read_up_to
from hub.media.files import reason as words_for

MAX_JSON_BYTES = 16 << 20
"""yt-dlp writes megabytes when it keeps comments; more than this would hold up everything else while it is read."""
MAX_NFO_BYTES = 1 << 20

FileFacts = tuple[int, int]
"""Size in bytes, modification time in nanoseconds."""

_LONE_NFO = frozenset((b"movie.nfo", b"tvshow.nfo"))
_LONE_PICTURES = (b"poster", b"folder", b"cover")
_PICTURE_ENDINGS = (b"-poster", b"-thumb", b"")


class BadSidecar(HubError):
    """A sidecar that cannot be used; the message is a sentence about "it"."""

    code = "bad-sidecar"
    title = "The sidecar is not usable"


class SidecarProblem(msgspec.Struct, frozen=True):
    """A sidecar that was passed over, and why."""

    name: bytes
    reason: str


class Sidecars(msgspec.Struct, frozen=True, kw_only=True):
    """Everything read beside one media file."""

    metadata: tuple[Metadata, ...] = ()
    """What the files say, weightiest first."""
    captions: list[dict[str, Any]] = []
    """As `FileRow.captions` holds them."""
    poster: bytes | None = None
    storyboard: bytes | None = None
    problems: list[SidecarProblem] = []


def assign(media: Iterable[bytes], sidecars: Iterable[bytes]) -> dict[bytes, tuple[bytes, ...]]:
    """Which sidecars of a directory belong to which of its media files; media without any are left out.

    `film.en.srt` belongs to the longest stem it begins with. `poster.jpg`, `movie.nfo` and their like belong to the
    directory's media when there is only one stem.
    """
    by_stem: dict[bytes, list[bytes]] = {}
    for name in media:
        by_stem.setdefault(names.stem(name), []).append(name)
    only = next(iter(by_stem)) if len(by_stem) == 1 else None
    owned: dict[bytes, list[bytes]] = {}
    for sidecar in sorted(sidecars):
        owner = _owner(sidecar, by_stem)
        if owner is None and only is not None and _is_for_directory(sidecar):
            owner = only
        if owner is not None:
            for name in by_stem[owner]:
                owned.setdefault(name, []).append(sidecar)
    return {name: tuple(found) for name, found in owned.items()}


def digest(sidecars: Sequence[bytes], facts: Mapping[bytes, FileFacts]) -> str:
    """32 hex digits that differ when a sidecar comes, goes or changes; empty when there are none."""
    if not sidecars:
        return ""
    listed = msgspec.msgpack.encode([(name, facts[name]) for name in sidecars])
    return hashlib.blake2b(listed, digest_size=16).hexdigest()


def read(directory: bytes, media: bytes, sidecars: Sequence[bytes]) -> Sidecars:
    """Read what lies beside the file `media` in `directory`. Blocking. A bad sidecar is a problem, never an error."""
    problems: list[SidecarProblem] = []
    told: list[Metadata] = []
    for name in sorted((name for name in sidecars if _is_document(name)), key=_weight):
        try:
            told.append(_read_document(os.path.join(directory, name)))
        except BadSidecar as error:
            problems.append(SidecarProblem(name, error.message))
    captions: list[bytes] = []
    for name in sidecars:
        if names.suffix(name) in names.CAPTION_SUFFIXES and not _is_storyboard(name):
            try:
                # The rest of it is read when somebody wants it, by a media worker.
                require_text(os.path.join(directory, name))
            except BadCaptions as error:
                problems.append(SidecarProblem(name, error.message))
                continue
            except UnreadableFile:
                pass  # it may be readable later without having changed, and then nobody looks here again
            captions.append(name)
    return Sidecars(
        metadata=tuple(told),
        captions=_captions(media, captions),
        poster=_poster(media, sidecars),
        storyboard=next((name for name in sorted(sidecars) if _is_storyboard(name)), None),
        problems=problems,
    )


def _owner(sidecar: bytes, by_stem: Mapping[bytes, object]) -> bytes | None:
    suffix = names.suffix(sidecar)
    base = names.stem(sidecar)
    if suffix == b"json":
        base = base[:-5] if base.lower().endswith(b".info") else b""
        return base if base in by_stem else None
    if suffix in names.PICTURE_SUFFIXES:
        ends = (base[: -len(end)] if end else base for end in _PICTURE_ENDINGS if base.lower().endswith(end))
        return next((stem for stem in ends if stem in by_stem), None)
    for ending in (*names.CHAPTERS_ENDINGS, *names.STORYBOARD_ENDINGS):
        if sidecar.lower().endswith(ending) and sidecar[: -len(ending)] in by_stem:
            return sidecar[: -len(ending)]
    if suffix in names.CAPTION_SUFFIXES:
        while base and base not in by_stem:
            base = base[: max(base.rfind(b"."), 0)]
    return base if base in by_stem else None


def _is_for_directory(sidecar: bytes) -> bool:
    lower = sidecar.lower()
    return lower in _LONE_NFO or (
        names.suffix(lower) in names.PICTURE_SUFFIXES and names.stem(lower) in _LONE_PICTURES
    )


def _is_document(name: bytes) -> bool:
    return names.suffix(name) in (b"json", b"nfo", b"edl") or _is_chapters(name)


def _is_chapters(name: bytes) -> bool:
    return name.lower().endswith(names.CHAPTERS_ENDINGS)


def _is_storyboard(name: bytes) -> bool:
    return name.lower().endswith(names.STORYBOARD_ENDINGS)


def _weight(name: bytes) -> tuple[int, bytes]:
    lower = name.lower()
    if _is_chapters(name) or lower.endswith(b".edl"):
        return -1, name
    if lower.endswith(b".json"):
        return 0, name
    return (2 if lower in _LONE_NFO else 1), name


def _read_document(path: bytes) -> Metadata:
    is_json = names.suffix(path) == b"json"
    limit = MAX_JSON_BYTES if is_json else MAX_NFO_BYTES
    try:
        with open_regular(path) as fd:
            content = read_up_to(fd, 0, limit + 1)
    except HubError as error:
        raise BadSidecar(error.message) from error
    except OSError as error:
        raise BadSidecar(f"It cannot be read: {words_for(error)}.") from error
    if len(content) > limit:
        raise BadSidecar(f"It is larger than {limit >> 20} MiB and was not read.")
    try:
        if names.suffix(path) == b"edl":
            return from_edl(content)
        if _is_chapters(path):
            return from_chapters(content)
        return from_info_json(content) if is_json else from_nfo(content)
    except NotUnderstood as error:
        raise BadSidecar(f"It cannot be understood: {error}.") from error
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise BadSidecar("It cannot be understood: it holds numbers or texts that make no sense.") from error


def _captions(media: bytes, files: Sequence[bytes]) -> list[dict[str, Any]]:
    start = len(names.stem(media))
    found = [(names.caption_name(names.stem(name)[start:]), name) for name in files]
    found.sort(key=lambda one: (one[0], names.CAPTION_SUFFIXES.index(names.suffix(one[1])), one[1]))
    tracks: list[dict[str, Any]] = []
    taken: set[str] = set()
    said: set[names.CaptionName] = set()
    for what, name in found:
        if what in said:
            continue  # the same track in a second format
        said.add(what)
        # Tracks are addressed by language, so each gets a tag of its own (private use, RFC 5646 §2.2.7).
        extra = ["forced"] * what.forced + ["sdh"] * what.hearing_impaired
        tag = "-x-".join(filter(None, (what.lang, "-".join(extra))))
        number = 2
        while tag in taken:
            tag = f"{what.lang}-x-{'-'.join((*extra, str(number)))}"
            number += 1
        taken.add(tag)
        tracks.append(
            {
                "lang": tag,
                "label": what.label,
                "forced": what.forced,
                "hearing_impaired": what.hearing_impaired,
                "name": name.hex(),
            }
        )
    return tracks


def _poster(media: bytes, sidecars: Sequence[bytes]) -> bytes | None:
    stem = names.stem(media)
    own = {stem + end: rank for rank, end in enumerate(_PICTURE_ENDINGS)}
    ranked = []
    for name in sidecars:
        if (suffix := names.suffix(name)) not in names.PICTURE_SUFFIXES:
            continue
        base = names.stem(name)
        rank = own.get(base, own.get(stem + base[len(stem) :].lower()))
        if rank is None:
            rank = len(own) + _LONE_PICTURES.index(base.lower())
        ranked.append((rank, names.PICTURE_SUFFIXES.index(suffix), name))
    return min(ranked)[2] if ranked else None
