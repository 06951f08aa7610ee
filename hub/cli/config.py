"""`marquee config`: which settings apply, and where each comes from."""

from __future__ import annotations

import json

import click

from hub.cli.context import CliContext
from hub.cli.output import json_option, print_json, print_table
from hub.config import without_password


@click.group
def config() -> None:
    """Look at the settings.

    They are set in the file config.toml in the data folder, or as environment
    variables such as MARQUEE_SERVER__PORT=9000, which outweigh the file.

    \b
    Example:
      marquee config show
    """


@config.command
@json_option
@click.pass_obj
def show(context: CliContext, as_json: bool) -> None:
    """Show the settings that apply and where each comes from. Passwords in addresses are left out."""
    flat = {
        key: (without_password(value) if isinstance(value, str) else value, origin)
        for key, (value, origin) in context.loaded.flat().items()
    }
    if as_json:
        print_json({key: {"value": value, "origin": origin} for key, (value, origin) in flat.items()})
        return
    rows = [(key, json.dumps(value), origin) for key, (value, origin) in flat.items()]
    print_table(("SETTING", "VALUE", "FROM"), [("data folder", str(context.paths.root), "–"), *rows])
