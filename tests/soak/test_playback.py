"""Every kind of file through a real hub: plays to the end with each picture in its place, and seeks to the picture.

Three clients ask for each film: a browser, a player that takes everything as it is, and one for which all is converted.
What they get is decoded by PyAV and by the program `ffmpeg`, and held against the source, decoded by PyAV.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from math import ceil
from pathlib import Path

import pytest

from tests.process import Serving
from tests.soak.films import CORPUS, RATE, SAMPLE, Film
from tests.soak.playing import (
    Heard,
    Offer,
    Player,
    Shown,
    Stream,
    difference,
    listen,
    source_start_us,
    watch,
    watch_outside,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]
IN_STEP_S = Fraction(40, 1000)
SEEKS = 30
ROUNDED_S = Fraction(1, 500)
"""Containers round to milliseconds."""


class Cinema:
    """A hub with the films, and another one with the same that has made nothing yet."""

    def __init__(self, players: list[Player], sources: dict[str, bytes]) -> None:
        self.straight, self.seeking = players
        self._sources = sources

    def source(self, film: Film) -> bytes:
        return self._sources[film.name]


@pytest.fixture(scope="module")
def cinema(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cinema]:
    """Hubs with all films that the selected tests want."""
    wanted: set[str] = {
        str(item.callspec.params["name"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.module is request.module and hasattr(item, "callspec")
    }
    folder = tmp_path_factory.mktemp("films")
    sources = {name: CORPUS[name].make() for name in sorted(wanted)}
    for name, data in sources.items():
        (folder / f"{title_of(name)}{CORPUS[name].suffix}").write_bytes(data)
    base = tmp_path_factory.mktemp("hubs")
    with Serving(base / "straight") as straight, Serving(base / "seeking") as seeking:
        players = []
        for hub in (straight, seeking):
            hub.set_up()
            hub.call("POST", "/v1/folders", {"path": str(folder)})
            hub.call("POST", "/v1/scans", {})
        for hub in (straight, seeking):
            player = Player(hub)
            player.wait_for_videos(len(sources))
            players.append(player)
        yield Cinema(players, sources)


@pytest.fixture(autouse=True)
def hang_up(cinema: Cinema) -> Iterator[None]:
    """Leave no connection open."""
    yield
    cinema.straight.close()
    cinema.seeking.close()


def title_of(name: str) -> str:
    """A title that the hub takes from the file's name as it is."""
    return f"Film{sorted(CORPUS).index(name):03}"


@pytest.mark.parametrize("name", SAMPLE)
def test_plays_to_the_end_and_seeks_to_the_picture(cinema: Cinema, tmp_path: Path, name: str) -> None:
    plays_and_seeks(cinema, tmp_path, CORPUS[name])


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(CORPUS.keys() - set(SAMPLE)))
def test_the_others_do_too(cinema: Cinema, tmp_path: Path, name: str) -> None:
    plays_and_seeks(cinema, tmp_path, CORPUS[name])


def plays_and_seeks(cinema: Cinema, folder: Path, film: Film) -> None:
    data = cinema.source(film)
    start_us = source_start_us(data)
    source = watch(data, start_us, is_sound=film.pictures is not None)
    if film.pictures is not None:
        assert len(source) == film.pictures
        assert film.ends_only or [s.number for s in source] == list(range(film.pictures))
    sound = listen(data, start_us) if film.has_sound else None
    tried: set[tuple[str, str]] = set()
    for caps in film.caps.values():
        offer = cinema.straight.offer(title_of(film.name), caps)
        assert offer.video
        assert (offer.audio is not None) == film.has_sound
        pair = offer.video.name, offer.audio.name if offer.audio else ""
        if pair in tried:
            continue
        tried.add(pair)
        try:
            if offer.mode == "direct":
                assert cinema.straight.get(offer.file_url) == data
            shown = plays(cinema.straight, folder, film, offer, source, sound)
            seeks(cinema.seeking, film, cinema.seeking.offer(title_of(film.name), caps), shown, source)
        except AssertionError as error:
            error.add_note(f"{film.name} as {pair} for {caps}")
            raise
    assert any(video != "v-copy" for video, _ in tried), "nothing was converted"


# --- playing ---


def plays(
    player: Player, folder: Path, film: Film, offer: Offer, source: list[Shown], sound: Heard | None
) -> dict[Fraction, Shown]:
    """Fetches all and looks at it; returns the pictures by their times."""
    assert offer.video
    is_copy = offer.video.name == "v-copy"
    order = list(range(len(offer.video.segments)))
    if film.ends_only and not is_copy:
        order = order[:3] + order[-3:]
    video = player.fetch(offer.video, order)
    audio = player.fetch(offer.audio) if offer.audio else None
    shown = watch(video, turned=film.turned and not is_copy)
    outside, samples = watch_outside(folder, video, audio, turned=film.turned)
    assert [s.at for s in outside] == [s.at for s in shown]
    assert [s.number for s in outside] == [s.number for s in shown]

    if is_copy:
        assert [s.number for s in shown] == [s.number for s in source]
        assert all(abs(a.at - b.at) <= ROUNDED_S for a, b in zip(shown, source, strict=True))
    else:
        every_picture_once(shown, source, is_whole=not film.ends_only)
    if audio and sound:
        heard = listen(audio)
        assert abs(samples - (heard.end - heard.start) * 48_000) <= 48 * 5
        in_step(offer.video, shown, heard, source, sound)
        end = max(shown[-1].at + Fraction(1, RATE), sound.end)
        assert heard.end >= min(sound.end, end) - IN_STEP_S
    return {s.at: s for s in shown}


def every_picture_once(shown: list[Shown], source: list[Shown], *, is_whole: bool) -> None:
    """Re-encoded: at a constant rate, and each picture is the source's of that time, to a frame."""
    frame = min((b.at - a.at for a, b in pairwise(shown)), default=Fraction(1, RATE))
    assert frame <= Fraction(1, 10) + ROUNDED_S
    in_place(shown, source, frame)
    if not is_whole:
        return
    for a, b in pairwise(shown):
        assert b.at - a.at <= frame + ROUNDED_S, f"a gap at {float(a.at)} s"
    gaps = [b.at - a.at for a, b in pairwise(source)]
    if min(gaps, default=frame) >= frame - ROUNDED_S:
        assert list(dict.fromkeys(s.number for s in shown)) == [s.number for s in source]
    if max(gaps, default=frame) <= frame + ROUNDED_S:
        # Pictures that begin a little after media time 0 are preceded by copies of the first one.
        assert 0 <= len(shown) - len(source) <= ceil(source[0].at / frame)
    assert abs(shown[-1].at - source[-1].at) < Fraction(1, 10) + frame


def in_place(shown: list[Shown], source: list[Shown], frame: Fraction) -> None:
    """Each picture is one that the source shows within a frame of that time."""
    times = [s.at for s in source]
    for s in shown:
        first = max(bisect_right(times, s.at - frame - ROUNDED_S) - 1, 0)
        last = max(bisect_right(times, s.at + frame + ROUNDED_S) - 1, 0)
        could_be = [p.number for p in source[first : last + 1]]
        assert s.number in could_be, f"at {float(s.at)} s: {s.number}, not one of {could_be}"


def in_step(video: Stream, shown: list[Shown], heard: Heard, source: list[Shown], sound: Heard) -> None:
    """At each border of segments pictures and sound are as far apart as in the source."""
    where = {s.number: s.at for s in source}
    # Not the first one, which fills what lies before it.
    begins = [b for a, b in pairwise(shown) if a.number != b.number] or shown[:1]
    for border in [Fraction(0), *video.borders]:
        picture = min(begins, key=lambda s: abs(s.at - border))
        shift = picture.at - where[picture.number]
        known = [n for n in heard.beeps if n in sound.beeps]
        if not known:
            assert sound.end < 1
            continue
        beep = min(known, key=lambda n: abs(heard.beeps[n] - border))
        apart = heard.beeps[beep] - sound.beeps[beep] - shift
        assert abs(apart) <= IN_STEP_S, f"{float(apart)} s apart at {float(border)} s"


# --- seeking ---


def seeks(
    player: Player, film: Film, offer: Offer, straight: dict[Fraction, Shown], source: list[Shown]
) -> None:
    """Random places on a hub that has nothing yet show what a straight play shows there."""
    assert offer.video
    dice = random.Random(film.name)
    length = float(sum(duration for duration, _ in offer.video.segments))
    frame = Fraction(1, RATE)
    decoded: dict[int, list[Shown]] = {}
    times = sorted(straight)
    for _ in range(SEEKS):
        to = dice.uniform(0, length)
        k = offer.video.at(to)
        is_copy = offer.video.name == "v-copy"
        if k not in decoded:
            if offer.audio:
                player.fetch(offer.audio, [offer.audio.at(to)])
            decoded[k] = watch(player.fetch(offer.video, [k]), turned=film.turned and not is_copy)
        found = at_or_before(decoded[k], to)
        in_place([found], source, Fraction(1, 10))
        if film.ends_only and not is_copy:
            assert abs(found.at - Fraction(to)) <= Fraction(1, 10)
            continue
        expected = straight[times[max(bisect_right(times, to) - 1, 0)]]
        assert abs(found.at - expected.at) <= frame, f"to {to}: {float(found.at)}, not {float(expected.at)}"
        assert found.number == straight[found.at].number
        assert difference(found.small, straight[found.at].small) < 8


def at_or_before(shown: list[Shown], to: float) -> Shown:
    """The picture a player shows after a seek."""
    return shown[max(bisect_right([s.at for s in shown], to) - 1, 0)]
