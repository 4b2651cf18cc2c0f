"""Commands about the root key file: how one key takes the place of another while everything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from safeconduct.cli.commands.options import Json

root_key_app = typer.Typer(
    no_args_is_help=True,
    help="The root key file: add the next key, use it, move what the earlier one finds and wraps, retire that one."
    " docs/operations.md has the steps.",
)

To = Annotated[
    Optional[Path],
    typer.Option("--to", help="Where to write the new file; default: in the place of the present one.", dir_okay=False),
]


@root_key_app.command("status", epilog="Example: safeconduct vault root-key status --json")
def root_key_status(as_json: Json = False) -> None:
    """Which keys the file holds, and what needs the earlier one. Exit code 1 where something is to do."""
    from safeconduct.cli.root_key import status

    raise SystemExit(status(as_json=as_json))


@root_key_app.command("add", epilog="Example: safeconduct vault root-key add")
def root_key_add(to: To = None, as_json: Json = False) -> None:
    """Makes the next key, beside the present one. Restart every process with the file before `use`."""
    from safeconduct.cli.root_key import add

    raise SystemExit(add(to, as_json=as_json))


@root_key_app.command("use", epilog="Example: safeconduct vault root-key use")
def root_key_use(to: To = None, as_json: Json = False) -> None:
    """The next key takes over; the one before opens and finds what it made. Restart every process with the file."""
    from safeconduct.cli.root_key import use

    raise SystemExit(use(to, as_json=as_json))


@root_key_app.command("move", epilog="Example: safeconduct vault root-key move --json")
def root_key_move(as_json: Json = False) -> None:
    """Wraps keys of regions and makes blind indexes anew, as the periodic job does. May be killed and run again."""
    from safeconduct.cli.root_key import move

    raise SystemExit(move(as_json=as_json))


@root_key_app.command("retire", epilog="Example: safeconduct vault root-key retire --end-links")
def root_key_retire(
    end_links: Annotated[
        bool, typer.Option("--end-links", help="Links that the earlier key signed end now, not after 180 days.")
    ] = False,
    to: To = None,
    as_json: Json = False,
) -> None:
    """The earlier key goes for good; refused while anything needs it. Then `safeconduct migrate`, and a restart."""
    from safeconduct.cli.root_key import retire

    raise SystemExit(retire(to, end_links=end_links, as_json=as_json))


@root_key_app.command("bring-back", epilog="Example: safeconduct vault root-key bring-back /mnt/keys/root-2025.key")
def root_key_bring_back(
    file: Annotated[
        Path, typer.Argument(help="The root key file of the time of a backup.", exists=True, dir_okay=False)
    ],
    to: To = None,
    as_json: Json = False,
) -> None:
    """Takes an older file's key as the earlier one: a restored backup needs it. Then `move` and `retire`."""
    from safeconduct.cli.root_key import bring_back

    raise SystemExit(bring_back(file, to, as_json=as_json))
