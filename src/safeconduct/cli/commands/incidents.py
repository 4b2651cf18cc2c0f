"""Commands about incidents with personal data."""

from __future__ import annotations

import typer

from safeconduct.cli.commands.options import Json

incidents_app = typer.Typer(no_args_is_help=True, help="Incidents with personal data, and whom they must be told to.")


@incidents_app.callback()
def incidents() -> None:
    """Keeps `list` a command of its own."""


@incidents_app.command("list", epilog="Example: safeconduct incidents list --json")
def incidents_list(as_json: Json = False) -> None:
    """Lists open incidents with their clocks, the strictest first. Exit code 1 where one was missed."""
    from safeconduct.cli.incidents import listed

    raise SystemExit(listed(as_json=as_json))
