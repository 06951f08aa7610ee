"""Settings: defaults, `config.toml` in the data folder, and environment variables, in rising order of weight.

Each key can be given as `MARQUEE_<SECTION>__<KEY>`; lists there are JSON. Every value remembers where it came from. An
unknown key or a bad value is a `ConfigError` that names the key, the value and what is allowed.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from hub.errors import ConfigError

ENV_PREFIX = "MARQUEE_"
DATA_VARIABLE = "MARQUEE_DATA"

_FILE_DRIVERS = ("sqlite", "sqlite+pysqlite")
_SERVER_DRIVERS = ("postgresql", "postgresql+psycopg")
_DATABASES = (
    "an empty text (the embedded file in the data folder), sqlite:////path/of/a/file, "
    "or postgresql://user:password@host/database"
)


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[server]`: where the hub is reached."""

    host: str = "0.0.0.0"  # the point is the LAN; nothing answers without a credential
    port: Annotated[int, Meta(ge=0, le=65535)] = 8765
    allowed_hosts: list[str] = []
    """Further names this hub answers to, for reverse proxies and port forwarding."""


class DatabaseSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[database]`: empty for the embedded file, or `sqlite:////path`, or `postgresql://…`."""

    url: str = ""


class LimitsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[limits]`: how often somebody may try."""

    enabled: bool = True


class LibrarySettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[library]`: how folders are followed."""

    watch: bool = True
    """Pick up changes as they happen."""


class MediaSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[media]`: child processes that read media files. 0 workers: as many as fit this machine."""

    workers: Annotated[int, Meta(ge=0, le=64)] = 0


class StreamingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[streaming]`: what is made of videos for players that cannot play them as they are."""

    cache_bytes: Annotated[int, Meta(ge=0)] = 0
    """Segments that are kept; 0: a tenth of the free disk, at most 50 GB."""
    conversions: Annotated[int, Meta(ge=0, le=64)] = 0
    """Videos converted at the same time; 0: as many as this machine keeps up with."""
    premake: Literal["none", "all"] = "none"
    """Which videos have all their qualities made before anybody watches."""
    premake_channels: list[str] = []
    """Channels of which that is done in any case."""
    premake_hours: Annotated[
        str,
        Meta(
            pattern="^(([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9])?$",
            description='hours as "01:00-06:00", or an empty text for any time',
        ),
    ] = ""
    """When, in local time; what somebody asks for is made at any time."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of a hub."""

    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    limits: LimitsSettings = LimitsSettings()
    library: LibrarySettings = LibrarySettings()
    media: MediaSettings = MediaSettings()
    streaming: StreamingSettings = StreamingSettings()


class LoadedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings with the origin of each key: `default`, a file's path, an environment variable, or an option."""

    values: Settings
    origins: dict[str, str]

    def flat(self) -> dict[str, tuple[Any, str]]:
        """`section.key` → (value, origin), in the order of the sections."""
        return {
            key: (getattr(getattr(self.values, key.split(".")[0]), key.split(".")[1]), origin)
            for key, origin in self.origins.items()
        }


def load_settings(
    config_file: Path, environ: Mapping[str, str] | None = None, options: Mapping[str, Any] | None = None
) -> LoadedSettings:
    """Read the effective settings. `options` (`section.key` → value) come from the command line and weigh most."""
    environ = os.environ if environ is None else environ
    sections = _sections()
    values: dict[str, dict[str, Any]] = {name: {} for name in sections}
    origins = {f"{name}.{field}": "default" for name, fields in sections.items() for field in fields}

    def put(section: str, key: str, value: Any, origin: str) -> None:
        known = sections.get(section)
        if known is None or key not in known:
            raise ConfigError(_unknown(f"{section}.{key}", origin, list(origins)))
        name = f"{section}.{key}"
        values[section][key] = _checked(name, known[key], value, origin)
        if name == "database.url":
            _check_database_url(name, value, origin)
        origins[f"{section}.{key}"] = origin

    for section, content in _read_toml(config_file).items():
        if not isinstance(content, dict):
            raise ConfigError(_unknown(section, str(config_file), list(origins)))
        for key, value in content.items():
            put(section, key, value, str(config_file))
    for variable, text in sorted(environ.items()):
        if not variable.startswith(ENV_PREFIX) or variable == DATA_VARIABLE:
            continue
        section, separator, key = variable.removeprefix(ENV_PREFIX).lower().partition("__")
        if not separator or section not in sections or key not in sections[section]:
            spelt = [f"{ENV_PREFIX}{k.replace('.', '__').upper()}" for k in origins]
            raise ConfigError(_unknown(variable, "the environment", spelt))
        put(
            section,
            key,
            _from_text(variable, sections[section][key], text, "the environment"),
            f"environment: {variable}",
        )
    for name, value in (options or {}).items():
        section, _, key = name.partition(".")
        if isinstance(value, str) and key in sections.get(section, {}):
            value = _from_text(name, sections[section][key], value, "command line")
        put(section, key, value, "command line")
    return LoadedSettings(values=msgspec.convert(values, Settings), origins=origins)


def _sections() -> dict[str, dict[str, Any]]:
    sections = typing.get_type_hints(Settings, include_extras=True)
    return {name: typing.get_type_hints(kind, include_extras=True) for name, kind in sections.items()}


def _read_toml(config_file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(config_file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}  # a data folder that is no folder is reported where it is used
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{config_file} is not valid TOML: {error}. Mend or remove it.") from error
    except OSError as error:
        raise ConfigError(f"{config_file} cannot be read: {error.strerror or error}.") from error


def _from_text(name: str, kind: Any, text: str, origin: str) -> Any:
    base = typing.get_origin(kind)
    plain = typing.get_args(kind)[0] if base is Annotated else kind
    if (
        plain is str
        or base is Literal
        or (isinstance(plain, types.UnionType) and str in typing.get_args(plain))
    ):
        return text
    if plain is bool and text.strip().lower() in ("1", "0", "yes", "no", "on", "off", "true", "false"):
        return text.strip().lower() in ("1", "yes", "on", "true")
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise ConfigError(_unusable(name, text, origin, _allowed(kind))) from error


def _checked(name: str, kind: Any, value: Any, origin: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(_unusable(name, value, origin, _allowed(kind))) from error


def _check_database_url(name: str, url: str, origin: str) -> None:
    """Only what this program brings drivers for, and no options a driver might not know."""
    if not url:
        return
    # Imported here: most hubs name no database, and most commands need none.
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
        fits = parsed.drivername in _SERVER_DRIVERS or (
            parsed.drivername in _FILE_DRIVERS
            and parsed.database not in (None, "", ":memory:")
            and not (parsed.host or parsed.query)
        )
    except (ArgumentError, ValueError):
        fits = False
    if not fits:
        raise ConfigError(_unusable(name, without_password(url), origin, _DATABASES))


def without_password(url: str) -> str:
    """A database's address, well-formed or not, fit to be shown."""
    url = re.sub(r"(://[^:/@]*):.*@", r"\1:***@", url, flags=re.DOTALL)
    return re.sub(r"(?i)([?&](?:ssl)?password=)[^&]*", r"\1***", url)


def _unusable(name: str, value: object, origin: str, allowed: str) -> str:
    return f"{name} = {value!r} ({origin}) cannot be used: allowed is {allowed}."


def _allowed(kind: Any) -> str:
    schema = msgspec.json.schema(kind)
    if "description" in schema:
        return str(schema["description"])
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"]))
    words = {"boolean": "true or false", "integer": "a whole number", "number": "a number", "string": "text"}
    if schema.get("type") == "array":
        return 'a list of texts, such as ["a", "b"]'
    text = words.get(schema.get("type", ""), "a value of the right type")
    if "minimum" in schema and "maximum" in schema:
        text += f" from {schema['minimum']} to {schema['maximum']}"
    return text


def _unknown(name: str, origin: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {close[0]}?" if close else f" Known keys: {', '.join(known)}."
    return f"{name} in {origin} is not a setting.{hint}"
