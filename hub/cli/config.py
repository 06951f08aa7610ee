"""`marquee config`: which settings apply, and where each comes from."""

from __future__ import annotations

import json

import click

from hub.cli.context import CliContext
from hub.cli.output import print_json, print_table
from hub.config import without_password


@click.group
def config() -> None:
    """Look at the settings."""


@config.command
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def show(context: CliContext, as_json: bool) -> None:
    """The effective values and their origins. Passwords in addresses are not shown."""
    flat = {
        key: (without_password(value) if isinstance(value, str) else value, origin)
        for key, (value, origin) in context.loaded.flat().items()
    }
    if as_json:
        print_json({key: {"value": value, "origin": origin} for key, (value, origin) in flat.items()})
        return
    rows = [(key, json.dumps(value), origin) for key, (value, origin) in flat.items()]
    print_table(("SETTING", "VALUE", "FROM"), [("data folder", str(context.paths.root), "–"), *rows])
