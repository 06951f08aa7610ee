"""`marquee user`: the people of the household."""

from __future__ import annotations

import sys

import click

from hub.accounts.types import Role
from hub.cli.access import open_hub
from hub.cli.context import CliContext
from hub.cli.output import json_option, print_json, print_table

_FROM_STDIN = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input; do not ask."
)


@click.group
def user() -> None:
    """Add, list or remove people, or change a password.

    \b
    Examples:
      marquee user add Ada --role owner
      marquee user list
    """


@user.command
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.MEMBER.value,
    show_default=True,
    help="Owners run the hub, admins manage the library, members watch.",
)
@_FROM_STDIN
@click.pass_obj
def add(context: CliContext, name: str, role: str, password_stdin: bool) -> None:
    """Add a person. The password is asked for.

    The first owner added this way can sign in without the first-run code.
    """
    password = _password(password_stdin)
    with open_hub(context) as hub:
        made = hub.add_user(name, Role(role), password)
    click.echo(f"{made.name} is now {made.role}.")


@user.command("list")
@json_option
@click.pass_obj
def list_users(context: CliContext, as_json: bool) -> None:
    """List everybody."""
    with open_hub(context) as hub:
        found = hub.users()
    if as_json:
        print_json({"items": found})
    else:
        print_table(
            ("NAME", "ROLE", "SINCE"), [(one.name, one.role, f"{one.created_at:%Y-%m-%d}") for one in found]
        )


@user.command
@click.argument("name")
@_FROM_STDIN
@click.pass_obj
def passwd(context: CliContext, name: str, password_stdin: bool) -> None:
    """Give a person a new password; their sessions end."""
    password = _password(password_stdin)
    with open_hub(context) as hub:
        hub.set_password(name, password)
    click.echo(f"{name} has a new password.")


@user.command
@click.argument("name")
@click.pass_obj
def remove(context: CliContext, name: str) -> None:
    """Remove a person with their watch positions and sessions."""
    with open_hub(context) as hub:
        hub.remove_user(name)
    click.echo(f"{name} is removed.")


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password
