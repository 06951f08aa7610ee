"""What commands print: one JSON document, or a plain table; and what happens when nobody takes it."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO, cast

import click
import msgspec

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document, not a table.")
"""`--json` of every reading command; the parameter is `as_json`."""


def print_json(document: object) -> None:
    """One JSON document on stdout."""
    click.echo(msgspec.json.format(msgspec.json.encode(document)).decode())


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Left-aligned columns on stdout."""
    widths = [max(len(str(row[column])) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        click.echo(
            "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )


class OutputError(OSError):
    """Standard output cannot be written: its reader has gone (EPIPE), or it is a file on a full disk (ENOSPC)."""

    def __init__(self, cause: OSError) -> None:
        # One argument, so no errno: click ends the program with 1 for any EPIPE it sees.
        super().__init__(cause.strerror or str(cause))
        self.reader_gone = isinstance(cause, BrokenPipeError)


def guard_streams() -> None:
    """Let a write to stdout fail as OutputError, told from every other OSError, and one to stderr not at all.

    Both show bytes that are not UTF-8 replaced: paths and titles may hold them, and are no reason to stop.
    """
    sys.stdout = _rewrapped(sys.stdout, _Stdout)
    sys.stderr = _rewrapped(sys.stderr, _Stderr)


class _Stdout(io.BufferedWriter):
    """Fails once; what is still buffered then is dropped, lest the interpreter complain of it at its end."""

    _failed = False

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return memoryview(data).nbytes if self._failed else super().write(data)
        except OSError as error:
            self._failed = True
            raise OutputError(error) from error

    def flush(self) -> None:
        try:
            if not self._failed:
                super().flush()
        except OSError as error:
            self._failed = True
            raise OutputError(error) from error


class _Stderr(io.BufferedWriter):
    """Work goes on when nobody can be told of it."""

    def write(self, data: ReadableBuffer, /) -> int:
        with suppress(OSError):
            super().write(data)
        return memoryview(data).nbytes

    def flush(self) -> None:
        with suppress(OSError):
            super().flush()


def _rewrapped(stream: TextIO, kind: type[io.BufferedWriter]) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper):
        return stream  # None without a terminal on Windows or with the descriptor closed; something else in tests
    # The raw stream, not the descriptor: on Windows it is the console's own.
    raw = cast(io.RawIOBase, getattr(stream.buffer, "raw", stream.buffer))
    return io.TextIOWrapper(
        kind(raw),
        encoding=stream.encoding,
        errors="replace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
