"""`marquee doctor`: a checklist of this installation."""

from __future__ import annotations

from collections.abc import Iterator

import click

from hub.cli.access import running_instance
from hub.cli.checks import AFTER, BEFORE
from hub.cli.context import CliContext
from hub.cli.findings import Finding, Installation, State, failed, findings_of_other_layers, ok
from hub.cli.output import json_option, print_json
from hub.config import Settings
from hub.errors import ConfigError, DataFolderError

_MARKS = {State.OK: "ok    ", State.NOTE: "note  ", State.FAILED: "FAILED"}


@click.command(short_help="Look whether everything works, and say what to do.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Look whether everything works here, and say what to do about what does not.

    Nothing is changed, and a Marquee that runs goes on. It takes some seconds: what this
    machine can encode is found out by encoding. The exit code is 1 when something failed.

    \b
    Examples:
      marquee doctor
      marquee doctor --json
    """
    findings: list[Finding] = []
    for finding in _findings(ctx.obj):
        findings.append(finding)
        if not as_json:
            _print(finding)
    is_well = all(finding.state is not State.FAILED for finding in findings)
    if as_json:
        print_json({"ok": is_well, "checks": findings})
    ctx.exit(0 if is_well else 1)


def _findings(context: CliContext) -> Iterator[Finding]:
    """All of them, as they come."""
    try:
        settings = context.settings
        yield ok("Settings", "They can be used. `marquee config show` lists them.")
    except ConfigError as error:
        settings = Settings()
        advice = "Mend it; what follows goes by the defaults."
        yield failed("Settings", error.message, advice)
    running = None
    try:
        # Without the folder there is no lock either, and looking for one would make it.
        running = running_instance(context) if context.paths.lock_file.exists() else None
        state = f"It runs at {running.url} (process {running.pid})." if running else "It does not run now."
        yield ok("Marquee", state)
    except DataFolderError as error:
        yield failed("Marquee", error.message, "If it does not end by itself, end that process.")
    what = Installation(paths=context.paths, settings=settings, running=running)
    for check in (*BEFORE, findings_of_other_layers, *AFTER):
        yield from check(what)


def _print(finding: Finding) -> None:
    click.echo(f"{_MARKS[finding.state]}  {finding.name}: {finding.text}")
    if finding.advice is not None:
        click.echo(f"        → {finding.advice}")
