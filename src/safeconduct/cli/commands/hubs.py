"""Commands about the marketplace's local addresses for returns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from safeconduct.cli.commands.options import Json

hubs_app = typer.Typer(no_args_is_help=True, help="Local addresses for returns, from and to a CSV.")


@hubs_app.command("import", epilog="Example: safeconduct hubs import hubs.csv --by lead@example.org --check")
def hubs_import(
    file: Annotated[Path, typer.Argument(help="A CSV as `hubs export` writes it.", exists=True, dir_okay=False)],
    by: Annotated[str, typer.Option(help="E-mail of the lead in whose name it is done.")],
    check: Annotated[bool, typer.Option("--check", help="Says what would become of each row, and changes nothing.")] = (
        False
    ),
    as_json: Json = False,
) -> None:
    """Names all local addresses of a file, or none. What is there already changes nothing, so it can be repeated."""
    from safeconduct.cli.hubs import bring

    raise SystemExit(bring(file, by, check=check, as_json=as_json))


@hubs_app.command("export", epilog="Example: safeconduct hubs export > hubs.csv")
def hubs_export(
    ended: Annotated[bool, typer.Option("--ended", help="Those that have ended, in place of those in force.")] = False,
) -> None:
    """Writes the local addresses that are in force or begin later as a CSV to standard output."""
    from safeconduct.cli.hubs import export

    raise SystemExit(export(ended=ended))
