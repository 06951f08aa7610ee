from __future__ import annotations

from pathlib import Path

import pytest

from hub.config import load_settings
from hub.errors import ConfigError


def test_without_a_file_the_defaults_apply_and_say_so(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path / "config.toml", {})
    assert loaded.values.server.port == 8765
    assert loaded.values.server.host == "0.0.0.0"
    assert set(loaded.origins.values()) == {"default"}


def test_environment_outweighs_the_file_and_options_outweigh_both(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[server]\nport = 1\nhost = "127.0.0.1"\n[limits]\nenabled = false\n')
    loaded = load_settings(file, {"MARQUEE_SERVER__PORT": "2"}, {"server.port": 3})
    assert loaded.values.server.port == 3
    assert load_settings(file, {"MARQUEE_SERVER__PORT": "2"}).values.server.port == 2
    flat = loaded.flat()
    assert flat["server.port"] == (3, "command line")
    assert flat["server.host"] == ("127.0.0.1", str(file))
    assert flat["limits.enabled"] == (False, str(file))


def test_lists_in_the_environment_are_json(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path / "none", {"MARQUEE_SERVER__ALLOWED_HOSTS": '["a.example", "b.example"]'})
    assert loaded.values.server.allowed_hosts == ["a.example", "b.example"]


def test_text_in_the_environment_is_taken_as_it_is(tmp_path: Path) -> None:
    loaded = load_settings(
        tmp_path / "none", {"MARQUEE_DATABASE__URL": "postgresql://u@h/db", "MARQUEE_DATA": "/x"}
    )
    assert loaded.values.database.url == "postgresql://u@h/db"


def test_what_is_made_ahead_is_set_in_the_environment_too(tmp_path: Path) -> None:
    loaded = load_settings(
        tmp_path / "none",
        {
            "MARQUEE_STREAMING__PREMAKE": "all",
            "MARQUEE_STREAMING__PREMAKE_CHANNELS": '["Garden"]',
            "MARQUEE_STREAMING__PREMAKE_HOURS": "22:30-06:00",
        },
    ).values.streaming
    assert (loaded.premake, loaded.premake_channels, loaded.premake_hours) == (
        "all",
        ["Garden"],
        "22:30-06:00",
    )


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"MARQUEE_SERVER__PORT": "99999"}, ["server.port", "99999", "from 0 to 65535"]),
        ({"MARQUEE_SERVER__PORT": "many"}, ["MARQUEE_SERVER__PORT", "many", "a whole number"]),
        ({"MARQUEE_LIMITS__ENABLED": "maybe"}, ["MARQUEE_LIMITS__ENABLED", "maybe", "true or false"]),
        ({"MARQUEE_SERVER__PROT": "1"}, ["MARQUEE_SERVER__PROT", "MARQUEE_SERVER__PORT"]),
        ({"MARQUEE_STREAMING__PREMAKE": "some"}, ["streaming.premake", "some", "all or none"]),
        ({"MARQUEE_STREAMING__PREMAKE_HOURS": "1-6"}, ["streaming.premake_hours", "'1-6'", "01:00-06:00"]),
        ({"MARQUEE_STREAMING__PREMAKE_HOURS": "01:00-24:00"}, ["an empty text for any time"]),
        ({"MARQUEE_NONSENSE": "1"}, ["MARQUEE_NONSENSE", "not a setting"]),
        ({"MARQUEE_SERVER__ALLOWED_HOSTS": "a"}, ["MARQUEE_SERVER__ALLOWED_HOSTS", "a list of texts"]),
    ],
)
def test_a_bad_variable_is_named_with_its_value_and_what_is_allowed(
    tmp_path: Path, environ: dict[str, str], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "none", environ)
    assert all(word in caught.value.message for word in words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[server]\nport = 'x'", ["server.port", "'x'", "a whole number"]),
        ("[server]\nprot = 1", ["server.prot", "Did you mean server.port"]),
        ("port = 1", ["port", "not a setting"]),
        ("[[", ["not valid TOML"]),
    ],
)
def test_a_bad_file_is_named_with_key_value_and_what_is_allowed(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(file, {})
    assert all(word in caught.value.message for word in [*words, str(file)])


def test_a_file_that_is_not_text_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_settings(file, {})


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sqlite:////films/marquee.db",
        "postgresql://ada@host/films",
        "postgresql+psycopg://ada:pass@/films?host=/run/postgresql",
    ],
)
def test_databases_that_can_be_used(tmp_path: Path, url: str) -> None:
    assert load_settings(tmp_path / "none", {"MARQUEE_DATABASE__URL": url}).values.database.url == url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mysql://ada:secret@host/films", "mysql://ada:***@host/films"),
        ("postgres://ada:secret@host/films", "postgres://ada:***@host/films"),
        ("postgresql+asyncpg://ada:secret@host/films", "postgresql+asyncpg://ada:***@host/films"),
        ("mysql://ada:se@cr/secret@host:port/films", "mysql://ada:***@host:port/films"),
        ("mysql://host/films?user=ada&password=secret&x=1", "user=ada&password=***&x=1"),
        ("films.db", "films.db"),
        ("sqlite://", "sqlite://"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite:///films.db?colour=blue", "colour=blue"),
        ("sqlite://films.db", "sqlite://films.db"),
    ],
)
def test_a_database_that_cannot_be_used_is_named_without_its_password(
    tmp_path: Path, url: str, shown: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'[database]\nurl = "{url}"\n')
    for given in ({"MARQUEE_DATABASE__URL": url}, {}):
        with pytest.raises(ConfigError) as caught:
            load_settings(file if not given else tmp_path / "none", given)
        said = caught.value.message
        assert said.startswith("database.url = ")
        assert shown in said
        assert "postgresql://user:password@host/database" in said
        assert "secret" not in said


def test_options_of_the_command_line_are_read_like_the_environment(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path / "none", {}, {"server.port": "0", "server.host": "::1"})
    assert (loaded.values.server.port, loaded.values.server.host) == (0, "::1")
    with pytest.raises(ConfigError, match=r"server\.port = 'abc' \(command line\).*from 0 to 65535"):
        load_settings(tmp_path / "none", {}, {"server.port": "abc"})
