from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, update

from hub.db.repositories.names import sort_key
from hub.db.tables import VideoRow
from hub.library import sidecars
from hub.library.metadata import Metadata
from tests.hub.library.conftest import World
from tests.media import clip_bytes, picture_bytes


@pytest.mark.parametrize(
    ("media", "beside", "owned"),
    [
        ([b"a.mp4"], [b"a.en.srt", b"b.srt", b"a.nfo"], {b"a.mp4": (b"a.en.srt", b"a.nfo")}),
        (
            [b"film.mp4", b"film.part2.mp4"],
            [b"film.en.srt", b"film.part2.en.srt", b"film.part2.nfo"],
            {b"film.mp4": (b"film.en.srt",), b"film.part2.mp4": (b"film.part2.en.srt", b"film.part2.nfo")},
        ),
        ([b"a.mp4", b"a.mkv"], [b"a.srt"], {b"a.mp4": (b"a.srt",), b"a.mkv": (b"a.srt",)}),
        ([b"a.mp4"], [b"Poster.JPG", b"movie.nfo", b"x.jpg"], {b"a.mp4": (b"Poster.JPG", b"movie.nfo")}),
        ([b"a.mp4", b"b.mp4"], [b"poster.jpg", b"movie.nfo"], {}),
        ([b"poster.mp4", b"b.mp4"], [b"poster.jpg"], {b"poster.mp4": (b"poster.jpg",)}),
        ([b"a.mp4"], [b"a.json", b"a.info.json"], {b"a.mp4": (b"a.info.json",)}),
        ([b"a.mp4"], [b"a-thumb.webp", b"a-fanart.jpg"], {b"a.mp4": (b"a-thumb.webp",)}),
        ([b"\xff.mp4"], [b"\xff.srt"], {b"\xff.mp4": (b"\xff.srt",)}),
    ],
)
def test_which_sidecars_belong_to_which_file(
    media: list[bytes], beside: list[bytes], owned: dict[bytes, tuple[bytes, ...]]
) -> None:
    assert sidecars.assign(media, beside) == owned


def test_the_digest_tells_every_change() -> None:
    facts = {b"a.srt": (1, 2), b"a.nfo": (3, 4)}
    before = sidecars.digest([b"a.nfo", b"a.srt"], facts)
    assert len(before) == 32
    assert sidecars.digest([b"a.nfo"], facts) != before
    assert sidecars.digest([b"a.nfo", b"a.srt"], facts | {b"a.srt": (1, 3)}) != before
    assert sidecars.digest([], facts) == ""


def tracks(*found: bytes) -> list[tuple[str, str, bytes]]:
    read = sidecars.read(b"/nonexistent", b"f.mp4", found)
    return [(one["lang"], one["label"], bytes.fromhex(one["name"])) for one in read.captions]


def test_each_caption_track_has_a_tag_of_its_own() -> None:
    assert tracks(
        b"f.en.srt", b"f.en.vtt", b"f.en.forced.srt", b"f.en.sdh.ass", b"f.srt", b"f.de.commentary.srt"
    ) == [
        ("de", "German commentary", b"f.de.commentary.srt"),
        ("en", "English", b"f.en.vtt"),
        ("en-x-sdh", "English (SDH)", b"f.en.sdh.ass"),
        ("en-x-forced", "English (forced)", b"f.en.forced.srt"),
        ("und", "Captions", b"f.srt"),
    ]
    assert [lang for lang, *_ in tracks(b"f.one.srt", b"f.two.srt")] == ["und", "und-x-2"]


@pytest.mark.parametrize(
    ("found", "poster"),
    [
        ((b"f-poster.jpg", b"f.jpg", b"poster.jpg"), b"f-poster.jpg"),
        ((b"f-thumb.png", b"f.jpg"), b"f-thumb.png"),
        ((b"f.webp", b"cover.jpg"), b"f.webp"),
        ((b"cover.jpg", b"folder.png"), b"folder.png"),
        ((b"f.png", b"f.jpg"), b"f.jpg"),
        ((b"f.srt",), None),
    ],
)
def test_the_most_particular_picture_is_the_poster(found: tuple[bytes, ...], poster: bytes | None) -> None:
    assert sidecars.read(b"/nonexistent", b"f.mp4", found).poster == poster


def test_bad_sidecars_are_named_and_the_good_ones_count(tmp_path: Path) -> None:
    (tmp_path / "f.nfo").write_text("<movie><title>Good</title></movie>")
    (tmp_path / "f.info.json").write_text("{")
    (tmp_path / "movie.nfo").mkdir()
    read = sidecars.read(os.fsencode(tmp_path), b"f.mp4", (b"f.nfo", b"f.info.json", b"movie.nfo"))
    assert [one.title for one in read.metadata] == ["Good"]
    assert {one.name for one in read.problems} == {b"f.info.json", b"movie.nfo"}


@pytest.mark.parametrize(
    ("name", "limit"), [("f.nfo", sidecars.MAX_NFO_BYTES), ("f.info.json", sidecars.MAX_JSON_BYTES)]
)
def test_huge_sidecars_are_not_read(tmp_path: Path, name: str, limit: int) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(limit + 1)
    (problem,) = sidecars.read(os.fsencode(tmp_path), b"f.mp4", (name.encode(),)).problems
    assert f"larger than {limit >> 20} MiB" in problem.reason


# --- in a library -----------------------------------------------------------------------------------------------------


def info(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


async def test_sources_outrank_each_other_field_by_field(world: World) -> None:
    world.put(
        "a/film.mp4", clip_bytes(title="Tagged", tags=(("artist", "Tag artist"), ("genre", "Tag genre")))
    )
    await world.scan()
    row = (await world.rows())[b"a/film.mp4"]
    assert (row["title"], row["channel"], row["category"]) == ("Tagged", "Tag artist", "Tag genre")
    world.put("a/film.nfo", b"<movie><title>From nfo</title><studio>Nfo studio</studio><tag>x</tag></movie>")
    await world.scan()
    row = (await world.rows())[b"a/film.mp4"]
    assert (row["title"], row["channel"], row["category"]) == ("From nfo", "Nfo studio", "Tag genre")
    assert await world.tags(row["video_id"]) == ["x"]
    world.put("a/film.info.json", info(title="From info", description="Words", tags=["y", "z"]))
    await world.scan()
    row = (await world.rows())[b"a/film.mp4"]
    assert (row["title"], row["title_key"], row["channel"]) == (
        "From info",
        sort_key("From info"),
        "Nfo studio",
    )
    assert row["description"] == "Words"
    assert await world.tags(row["video_id"]) == ["y", "z"]
    assert len(world.media.probed) == 1, "what lies beside a file says nothing new about the file"
    for path in (world.root / "a").glob("film.[ni]*"):
        path.unlink()
    await world.scan()
    row = (await world.rows())[b"a/film.mp4"]
    assert (row["title"], row["channel"], row["description"]) == ("Tagged", "Tag artist", "")
    assert await world.tags(row["video_id"]) == []


def edit(connection: Connection, video_id: str) -> None:
    values = {"title": "Mine", "edited": ["title", "tags", "channel"]}
    connection.execute(update(VideoRow).where(VideoRow.id == video_id).values(**values))


async def test_what_a_person_has_set_stays(world: World) -> None:
    world.put("film.mp4", 1)
    world.put("film.info.json", info(title="One", tags=["kept"], channel="Kept"))
    await world.scan()
    (video_id,) = (await world.ids()).values()
    await world.db.write(edit, video_id)
    world.put("film.info.json", info(title="Two", tags=["other"], channel="Other", description="New words"))
    await world.scan()
    row = (await world.rows())[b"film.mp4"]
    assert (row["title"], row["channel"], row["description"]) == ("Mine", "Kept", "New words")
    assert await world.tags(video_id) == ["kept"]


async def test_chapters_beside_a_file_outrank_its_own_while_they_are_there(world: World) -> None:
    world.put("film.mp4", clip_bytes(chapters=((0.0, 0.5, "Own"),)))
    world.put("film.info.json", info(chapters=[{"start_time": 0, "end_time": 1, "title": "Told"}]))
    await world.scan()

    async def titles() -> list[str]:
        return [one["title"] for one in (await world.rows())[b"film.mp4"]["probe"]["chapters"]]

    assert await titles() == ["Told"]
    (world.root / "film.info.json").unlink()
    await world.scan()
    assert await titles() == ["Own"]
    assert len(world.media.probed) == 1


async def test_captions_and_poster_are_noted_with_the_file(world: World) -> None:
    world.put("film.mp4", 1)
    world.put("film.en.srt", b"1\n00:00:00,000 --> 00:00:01,000\nHi\n")
    world.put("poster.jpg", picture_bytes())
    await world.scan()
    row = (await world.rows())[b"film.mp4"]
    assert row["captions"] == [
        {
            "lang": "en",
            "label": "English",
            "forced": False,
            "hearing_impaired": False,
            "name": b"film.en.srt".hex(),
        }
    ]
    assert row["poster"] == b"poster.jpg"
    world.put("second.mp4", 2)
    await world.scan()
    assert (await world.rows())[b"film.mp4"]["poster"] is None, (
        "poster.jpg is for a video alone in its directory"
    )


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "is empty"), (bytes(range(256)) * 4, "is not text")], ids=["empty", "binary"]
)
async def test_captions_that_are_none_are_one_line_of_the_report_until_they_are_replaced(
    world: World, content: bytes, words: str
) -> None:
    world.put("film.mp4", 1)
    world.put("film.en.srt", content)
    assert (await world.scan()).errors == 1
    assert (await world.rows())[b"film.mp4"]["captions"] == []
    (problem,) = (await world.problems()).items()
    assert problem == ("film.en.srt", f"The caption file {words}.")
    world.put("film.en.srt", b"1\n00:00:00,000 --> 00:00:01,000\nHi\n")
    assert (await world.scan()).errors == 0
    (track,) = (await world.rows())[b"film.mp4"]["captions"]
    assert track["lang"] == "en"
    assert await world.problems() == {}


async def test_a_changed_poster_means_new_pictures_other_sidecars_do_not(world: World) -> None:
    world.put("film.mp4", 1)
    await world.scan()
    (video_id,) = (await world.ids()).values()

    async def pictures_after(name: str, content: bytes) -> int | None:
        await world.db.write(set_pictures, video_id)
        world.put(name, content)
        await world.scan()
        version: int | None = (await world.rows())[b"film.mp4"]["thumb_version"]
        return version

    assert await pictures_after("film.srt", b"1\n") == 5
    assert await pictures_after("film.jpg", picture_bytes(seed=1)) is None
    assert await pictures_after("film.jpg", picture_bytes(seed=2, size=(10, 10))) is None


def set_pictures(connection: Connection, video_id: str) -> None:
    connection.execute(update(VideoRow).where(VideoRow.id == video_id).values(thumb_version=5))


async def test_a_bad_sidecar_is_one_line_until_it_is_mended_and_its_video_is_there(world: World) -> None:
    world.put("film.mp4", 1)
    world.put("film.info.json", b"{broken")
    figures = await world.scan()
    assert (figures.files_new, figures.errors) == (1, 1)
    assert list(await world.problems()) == ["film.info.json"]
    assert (await world.scan()).errors == 1
    assert list(await world.problems()) == ["film.info.json"]
    world.put("film.info.json", info(title="Mended"))
    assert (await world.scan()).errors == 0
    assert await world.problems() == {}
    assert (await world.rows())[b"film.mp4"]["title"] == "Mended"


async def test_a_bad_sidecars_line_goes_with_its_video(world: World) -> None:
    path = world.put("film.mp4", 1)
    world.put("film.nfo", b"<movie>")
    await world.scan()
    assert list(await world.problems()) == ["film.nfo"]
    path.unlink()
    await world.scan()
    assert await world.problems() == {}


async def test_a_name_in_another_case_is_the_same_channel(world: World) -> None:
    for n, name in enumerate(("Café Crème", "cafe creme")):
        world.put(f"{n}.mp4", n)
        world.put(f"{n}.info.json", info(channel=name))
    await world.scan()
    assert len({row["channel_id"] for row in (await world.rows()).values()}) == 1


async def test_a_sidecar_nobody_could_look_at_is_one_line_and_read_the_next_time(world: World) -> None:
    """It went bad between the walk and the reading, as on a failing disk, and is later as it was."""
    world.put("film.mp4", 1)
    nfo = world.put("film.nfo", b"<movie><title>Told</title></movie>")
    world.media.probe_gate.clear()
    job = await world.scans.request()
    await world.media.is_probing.wait()
    aside = nfo.rename(world.root.parent / "aside.nfo")
    nfo.symlink_to(nfo.name)
    world.media.probe_gate.set()
    figures = World.figures(await world.scans.wait(job))
    assert (figures.files_new, figures.errors) == (1, 1)
    assert await world.problems() == {"film.nfo": "It cannot be read: too many levels of symbolic links."}
    assert (await world.rows())[b"film.mp4"]["title"] == "film"

    nfo.unlink()
    aside.rename(nfo)
    await world.scan()
    assert await world.problems() == {}
    assert (await world.rows())[b"film.mp4"]["title"] == "Told"


@pytest.mark.parametrize("error", [ZeroDivisionError("division by zero"), RecursionError("too deep")])
def test_whatever_a_document_does_to_its_reader_is_a_problem_of_the_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def stumble(_content: bytes) -> Metadata:
        raise error

    monkeypatch.setattr(sidecars, "from_nfo", stumble)
    (tmp_path / "film.nfo").write_bytes(b"<movie/>")
    found = sidecars.read(os.fsencode(tmp_path), b"film.mp4", [b"film.nfo"])
    (problem,) = found.problems
    assert problem.reason == "It cannot be understood: it holds numbers or texts that make no sense."


async def test_chapters_markers_and_a_storyboard_are_read_from_beside_the_file(world: World) -> None:
    world.put("film.mp4", 1)
    world.put("film.chapters.txt", b"0:00 Beginning\n0:10 End\n")
    world.put("film.edl", b"1 2 4\n")
    world.put("film.storyboard.vtt", b"WEBVTT\n")
    world.put(
        "film.info.json", json.dumps({"chapters": [{"start_time": 0, "end_time": 1, "title": "No"}]}).encode()
    )
    world.put("notes.txt", b"0:00 not ours")
    await world.scan()
    row = (await world.rows())[b"film.mp4"]
    assert [chapter["title"] for chapter in row["probe"]["chapters"]] == ["Beginning", "End"]
    assert row["probe"]["markers"] == [{"kind": "intro", "start_s": 1.0, "end_s": 2.0}]
    assert (row["storyboard"], row["captions"]) == (b"film.storyboard.vtt", [])
    assert await world.problems() == {}
    (world.root / "film.edl").unlink()
    world.put("film.chapters.txt", b"nothing of the kind")
    await world.scan()
    row = (await world.rows())[b"film.mp4"]
    assert [chapter["title"] for chapter in row["probe"]["chapters"]] == ["No"]
    assert "markers" not in row["probe"]
    assert "no chapters in it" in (await world.problems())["film.chapters.txt"]
