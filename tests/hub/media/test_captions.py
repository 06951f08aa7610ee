from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.media.caption_text import MAX_BYTES
from hub.media.captions import decode, to_webvtt
from hub.media.errors import BadCaptions, UnreadableFile
from tests.media import path_bytes

SENTENCES = {
    ("de", "cp1252"): "Schöne Grüße aus München, wo die Straßen weiß sind.",
    ("fr", "cp1252"): "L'été dernier, j'ai déjà mangé où ça — n'est-ce pas ? Voilà garçon, très œuvre",
    ("es", "cp1252"): "¿Qué pasó mañana? ¡El niño comió piñata! Señor, corazón",
    ("pl", "cp1250"): "Zażółć gęślą jaźń. Dziękuję bardzo, już idę do domu. Czy możesz mi pomóc?",
    ("ru", "cp1251"): "Привет, как дела? Сегодня хорошая погода, пойдём гулять.",
    ("ru", "koi8_r"): "Привет, как дела? Сегодня хорошая погода, пойдём гулять.",
    ("el", "cp1253"): "Καλημέρα, τι κάνεις; Ελπίζω να είσαι καλά σήμερα.",
    ("tr", "cp1254"): "Günaydın, nasılsın? Şimdi İstanbul'a gidiyorum, çok güzel bir şehir.",
    ("he", "cp1255"): "שלום, מה שלומך היום? אני מקווה שהכל בסדר",
    ("ar", "cp1256"): "مرحبا كيف حالك اليوم؟ أتمنى أن تكون بخير",
    ("ja", "shift_jis"): "おはようございます。今日はいい天気ですね。学校に行きましょう。",
    ("ja", "euc_jp"): "おはようございます。今日はいい天気ですね。",
    ("zh", "gb18030"): "你好，今天天气很好，我们去公园吧。谢谢你的帮助。",
    ("zh", "big5"): "你好，今天天氣很好，我們去公園吧。謝謝你的幫助。",
    ("ko", "cp949"): "안녕하세요. 오늘 날씨가 좋네요. 공원에 갑시다.",
    ("th", "tis_620"): "สวัสดีครับ วันนี้อากาศดีมาก",
}

ASS = """[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline
Style: Default,Arial,{fontsize},&H00FFFFFF,&H000000FF,&H00000000,&H00000000,0,0,0

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,later
Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{{\\i1}}Hello{{\\i0}}\\NWorld {{\\an8}}& <all>
Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{{\\p1}}m 0 0 l 100 0 100 100{{\\p0}}
Comment: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,hidden
"""


def srt(text: str, cues: int = 8) -> str:
    return "".join(
        f"{n}\r\n00:00:{n:02d},000 --> 00:00:{n:02d},900\r\n{text}\r\n\r\n" for n in range(1, cues + 1)
    )


def convert(path: Path, content: str | bytes) -> str:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return to_webvtt(path_bytes(path))


@pytest.mark.parametrize(("language", "encoding"), SENTENCES, ids=[f"{a}-{b}" for a, b in SENTENCES])
def test_old_encodings_are_recognised(tmp_path: Path, language: str, encoding: str) -> None:
    sentence = SENTENCES[language, encoding]

    made = convert(tmp_path / f"Film.{language}.srt", srt(sentence).encode(encoding))

    assert made.count(sentence) == 8


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_read_with_and_without_a_mark(encoding: str) -> None:
    text = srt("日本語 and English, ça va? 🎬")

    assert decode(text.encode(encoding)) == text


def test_the_language_in_the_name_decides_where_the_bytes_do_not(tmp_path: Path) -> None:
    one_line = srt(SENTENCES["he", "cp1255"], cues=1).encode("cp1255")

    assert SENTENCES["he", "cp1255"] in convert(tmp_path / "Film.he.forced.srt", one_line)


def test_utf8_with_a_broken_letter_stays_utf8() -> None:
    data = ("ä" * 5000).encode() + b"\xc3"

    assert decode(data).startswith("äää")
    assert decode(data).endswith("�")


def test_subrip_becomes_webvtt_in_order_of_time(tmp_path: Path) -> None:
    made = convert(
        tmp_path / "x.srt",
        "1\n00:00:05,000 --> 00:00:06,500\n<i>two</i>\nlines <font color='red'>red</font>\n\n"
        "2\n00:00:01,000 --> 00:00:02,000 X1:10 Y1:20\nfirst\n\n"
        "3\n00:00:09,000 --> 00:00:08,000\nbackwards\n",
    )

    assert made.startswith("WEBVTT\n")
    assert made.index("00:00:01.000 --> 00:00:02.000\nfirst") < made.index("00:00:05.000 --> 00:00:06.500")
    assert "<i>two</i>\nlines red" in made or "<i>two</i>\nlines" in made
    assert "backwards" not in made


def test_what_webvtt_takes_for_markup_is_escaped_once(tmp_path: Path) -> None:
    made = convert(tmp_path / "x.srt", srt("Tom & Jerry &amp; co: 1 < 2 --> I <3 you", cues=1))

    assert "Tom &amp; Jerry &amp; co: 1 &lt; 2 --&gt; I &lt;3 you" in made


@pytest.mark.parametrize("fontsize", ["20", "not a number"])
def test_substation_alpha_keeps_text_and_italics_even_with_a_broken_style(
    tmp_path: Path, fontsize: str
) -> None:
    made = convert(tmp_path / "x.ass", ASS.format(fontsize=fontsize))

    assert "<i>Hello</i>\nWorld &amp; &lt;all&gt;" in made
    assert made.index("Hello") < made.index("later")
    assert "m 0 0" not in made
    assert "hidden" not in made


@pytest.mark.parametrize(
    "gone", [("[V4+ Styles]", "[Events]"), ("[Script Info]", "[Events]"), ("", "[Script Info]")]
)
def test_substation_alpha_needs_no_styles(tmp_path: Path, gone: tuple[str, str]) -> None:
    start, end = gone
    whole = ASS.format(fontsize="20")
    left = whole[: whole.index(start)] + whole[whole.index(end) :]

    assert convert(tmp_path / "x.ass", left) == convert(tmp_path / "y.ass", whole)


def test_webvtt_keeps_everything_it_has(tmp_path: Path) -> None:
    original = "WEBVTT - title\r\n\r\nSTYLE\r\n::cue {}\r\n\r\n00:01.000 --> 00:02.000 line:0\r\n<v Bob>hi"

    assert convert(tmp_path / "x.vtt", original) == original.replace("\r\n", "\n") + "\n"


def test_the_extension_does_not_decide(tmp_path: Path) -> None:
    assert "Hello" in convert(tmp_path / "x.srt", ASS.format(fontsize="20"))
    assert "first" in convert(tmp_path / "x.vtt", srt("first"))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"\0" * 100, "is empty"),
        (b"\xef\xbb\xbf", "no format"),
        (b"just some words\n" * 20, "no format"),
        (bytes(range(256)) * 40, "not text"),
        (b"{1}{25}frames, not times", "no format"),
        (b'{"segments": []}', "no format"),
        (b"WEBVTT\n\nno cue at all", "not a single caption"),
        (b"[Script Info]\n[V4+ Styles]\n[Events]\nDialogue: garbage", "not a single caption|no format"),
        (b"1\n00:00:01,000 --> 00:00:02,000\n   \n", "not a single caption"),
    ],
)
def test_garbage_is_refused_with_the_reason(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(BadCaptions, match=why):
        convert(tmp_path / "x.srt", content)


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "x.srt").open("wb") as file:
        file.truncate(MAX_BYTES + 1)

    with pytest.raises(BadCaptions, match="larger than 20 MiB"):
        to_webvtt(path_bytes(tmp_path / "x.srt"))


def test_a_file_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no such file"):
        to_webvtt(path_bytes(tmp_path / "x.srt"))


@given(
    head=st.sampled_from(
        [b"", b"WEBVTT\n\n", b"[Script Info]\n[V4+ Styles]\n", b"1\n00:00:01,000 --> 00:00:02,000\n"]
    ),
    data=st.binary(max_size=300),
)
def test_whatever_the_bytes_the_outcome_is_webvtt_or_bad_captions(
    tmp_path_factory: pytest.TempPathFactory, head: bytes, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.srt"
    try:
        made = convert(path, head + data)
    except BadCaptions:
        return
    assert made.startswith("WEBVTT")
    made.encode()
