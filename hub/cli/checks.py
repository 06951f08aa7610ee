"""The core's own checks for `marquee doctor`. They only look: nothing is made, moved or mended."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import SQLAlchemyError

from hub.cli.findings import Check, Finding, Installation, failed, in_gigabytes, note, ok
from hub.config import without_password
from hub.db.engine import open_engine
from hub.db.failures import has_room
from hub.db.repositories.folders import folder_paths
from hub.db.upgrade import REVISIONS, present_revision
from hub.errors import HubError
from hub.library.names import to_text
from hub.library.walk import root_problem
from hub.media.files import reason
from hub.media.operations import TRIAL, TrialJob
from hub.media.pool import MediaPool, Priority
from hub.media.stream.slots import conversions
from hub.media.stream.store import default_limit_bytes, measure
from hub.media.stream.types import Trial

TRIAL_S = 60.0
_LITTLE_BYTES = 5_000_000_000
_OF_SERVER = "Check database.url, that the server runs, and what its account may do."
_FULL_HD, _HD, _FILM_RATE = (1920, 1080), (1280, 720), 25.0


def data_folder(what: Installation) -> Iterator[Finding]:
    """Whether the data folder can be written, and how much room its disk has."""
    name, root = "Data folder", what.paths.root
    place = next(folder for folder in (root, *root.parents) if folder.exists())
    choose = "Choose another with --data or MARQUEE_DATA, or change who may write there."
    if not place.is_dir():
        yield failed(name, f"{place} is a file, so {root} cannot be a folder.", choose)
        return
    if not os.access(place, os.W_OK | os.X_OK):
        yield failed(name, f"{root} cannot be written: this account may not write in {place}.", choose)
        return
    free_bytes = shutil.disk_usage(place).free
    room = f"{in_gigabytes(free_bytes)} are free there."
    if not has_room(place / what.paths.database_file.name):
        yield failed(
            name, f"The disk with {root} is full.", "Free some space on it, or use another with --data."
        )
    elif place != root:
        yield note(name, f"{root} is not there yet; the first start makes it. {room}", free_bytes=free_bytes)
    elif free_bytes < _LITTLE_BYTES:
        yield note(name, f"{root} can be written, but only {room}", free_bytes=free_bytes)
    else:
        yield ok(name, f"{root} can be written. {room}", free_bytes=free_bytes)


def database(what: Installation) -> Iterator[Finding]:
    """Whether the database is sound and of this program's version, and whether the library's folders are there."""
    url = make_url(what.settings.database.url or f"sqlite:///{what.paths.database_file}")
    is_file = url.get_backend_name() == "sqlite"
    shown = url.database if is_file else without_password(url.render_as_string(hide_password=True))
    if is_file and not Path(url.database or "").exists():
        yield note("Database", f"{shown} is not there yet; the first start makes it.")
        return
    way_back = _way_back(what.paths.backups) if is_file else _OF_SERVER
    engine = open_engine(what.settings.database.url or url.render_as_string())
    try:
        with engine.connect() as connection:
            yield _state(connection, f"{shown}", way_back)
            if present_revision(connection) == REVISIONS[-1]:
                yield _folders(folder_paths(connection).values())
    except SQLAlchemyError as error:
        cause = " ".join(str(getattr(error, "orig", None) or error).split()).rstrip(".?")
        yield failed("Database", f"{shown} cannot be read: {cause}.", way_back)
    finally:
        engine.dispose()


def _state(connection: Connection, shown: str, way_back: str) -> Finding:
    name = "Database"
    if (damage := _damage(connection)) is not None:
        return failed(name, f"{shown} is damaged: {damage}.", way_back)
    revision = present_revision(connection)
    if revision is None:
        return note(name, f"{shown} holds nothing of Marquee's yet; the next start sets it up.")
    if revision not in REVISIONS:
        text = f"{shown} was written by a newer Marquee: its schema is {revision}, this program's {REVISIONS[-1]}."
        return failed(name, text, f"Update Marquee. {way_back}")
    if revision != REVISIONS[-1]:
        return note(
            name, f"{shown} is sound; the next start brings its schema {revision} up to {REVISIONS[-1]}."
        )
    return ok(name, f"{shown} is sound, and its schema {revision} is this program's.", schema=revision)


def _damage(connection: Connection) -> str | None:
    """What SQLite's own check finds first; a server looks after its files itself."""
    if connection.dialect.name != "sqlite":
        return None
    said = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
    return None if said == "ok" else " ".join(said.split()).rstrip(".")


def _way_back(backups: Path) -> str:
    kept = sorted(backups.glob("marquee-*.db")) if backups.is_dir() else []
    if kept:
        return f"To go back, stop Marquee and put the newest backup in its place: {kept[-1]}."
    return (
        "There is no backup. Stop Marquee and move the file away: the next start makes a new, empty library."
    )


def _folders(paths: Iterable[bytes]) -> Finding:
    name, known = "Library folders", sorted(paths)
    problems = [
        f"{to_text(path)}: {problem}" for path in known if (problem := root_problem(path)) is not None
    ]
    if problems:
        advice = "Connect the disk, or let this account read it; or remove the folder in the settings."
        return failed(name, " ".join(problems), advice)
    if not known:
        return note(name, "There are none yet. Add one with: marquee add FOLDER")
    return ok(name, f"{_count(len(known), 'folder')} can be read.", folders=len(known))


def media_workers(what: Installation) -> Iterator[Finding]:
    """Whether workers start, how fast this machine encodes, and with which hardware: by doing it."""
    try:
        trial = asyncio.run(_trial())
    except HubError as error:
        advice = f"Install Marquee again (make setup in a checkout). {what.paths.log_file} may say more."
        yield failed("Media workers", error.message, advice)
        return
    yield ok("Media workers", "They start, and what they are asked comes back.")
    yield _software(trial, what)
    for encoder in trial.hardware:
        name = f"Encoder {encoder.name}"
        yield ok(name, "It works.") if encoder.problem is None else note(name, encoder.problem)


async def _trial() -> Trial:
    pool = MediaPool(1)
    await pool.start()
    try:
        return await pool.run(TRIAL, TrialJob(), timeout_s=TRIAL_S, priority=Priority.INTERACTIVE)
    finally:
        await pool.close()


def _software(trial: Trial, what: Installation) -> Finding:
    """How many films of 1080 lines are converted at once."""
    name, most = "Encoder libx264", what.settings.streaming.conversions
    full_hd, hd = (conversions(trial.pixels_per_s, _FULL_HD, to, _FILM_RATE) for to in (_FULL_HD, _HD))
    text = (
        f"It encodes {trial.pixels_per_s / 1e6:.0f} million pixels a second. Of films with 1080 lines that is enough "
        f"to convert {_at_once(full_hd)} to 1080p, or {_at_once(hd)} to 720p."
    )
    if most:
        text += f" The setting streaming.conversions allows {most}."
    if what.running is not None:
        text += " What Marquee does meanwhile makes the figure lower."
    figures = {"pixels_per_s": trial.pixels_per_s, "conversions_1080p": full_hd, "conversions_720p": hd}
    if hd == 0:
        return note(name, f"{text} Lower qualities, or films as they are, play all the same.", **figures)
    return ok(name, text, **figures)


def streaming_cache(what: Installation) -> Iterator[Finding]:
    """How much is kept of what was made for players."""
    name, folder = "Streaming cache", what.paths.segments
    if not folder.is_dir():
        yield note(name, "Nothing is kept yet.")
        return
    try:
        cached_bytes, premade_bytes = measure(folder)
    except OSError as error:
        yield failed(
            name, f"{folder} cannot be read: {reason(error)}.", "Let this account read and write there."
        )
        return
    limit_bytes = what.settings.streaming.cache_bytes
    limit_bytes = limit_bytes or default_limit_bytes(shutil.disk_usage(folder).free, cached_bytes)
    text = f"{in_gigabytes(cached_bytes)} of {in_gigabytes(limit_bytes)} are used."
    if premade_bytes:
        text += f" Beside them, {in_gigabytes(premade_bytes)} were made ahead."
    yield ok(name, text, used_bytes=cached_bytes, limit_bytes=limit_bytes, premade_bytes=premade_bytes)


def _at_once(count: int) -> str:
    return f"{count} at once" if count > 1 else ("one" if count else "none as fast as it is watched")


def _count(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"


BEFORE: tuple[Check, ...] = (data_folder, database)
AFTER: tuple[Check, ...] = (media_workers, streaming_cache)
"""Those of other layers come between: what takes its time comes last."""
