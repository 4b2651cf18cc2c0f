"""Commands about who comes in: keys, people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from safeconduct.cli.commands.options import Json

keys_app = typer.Typer(no_args_is_help=True, help="Keys: the root key, and keys of the API.")
people_app = typer.Typer(no_args_is_help=True, help="People: the first member of staff, the first owner of a shop.")


@keys_app.command("create", epilog="Example: safeconduct keys create")
def keys_create() -> None:
    """Writes a new root key file. Keep a copy apart from the database: without it nothing sealed can be opened."""
    from safeconduct.cli.keys import create_root_key

    raise SystemExit(create_root_key())


@keys_app.command("serve", epilog="Example: safeconduct keys serve --socket /run/safeconduct-keys/socket --allow app")
def keys_serve(
    socket: Annotated[Path, typer.Option("--socket", help="Where to answer; its folder must be there.")],
    allow: Annotated[
        Optional[list[str]],
        typer.Option("--allow", help="A user, by name or number, that is answered; repeat. Default: one's own alone."),
    ] = None,
    log: Annotated[
        Optional[Path], typer.Option("--log", help="Where to write what was done how often. Default: SOCKET.log.")
    ] = None,
    openings: Annotated[
        int,
        typer.Option("--openings-a-minute", min=0, help="How many values a user may have opened; 0: no limit."),
    ] = 0,
) -> None:
    """Holds the keys in a process of its own, until it is told to stop. The root key file is that of its settings."""
    from safeconduct.cli.key_process import serve

    raise SystemExit(serve(socket, allow or [], log, openings))


@keys_app.command("api", epilog="Example: safeconduct keys api shop --scope events:write --scope decisions:read")
def keys_api(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[list[str], typer.Option("--scope", help="What it may do; repeat for several.")],
    network: Annotated[
        Optional[list[str]], typer.Option("--network", help="The only addresses it may come from; repeat for several.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=180, help="Days until it ends.")] = 180,
    as_json: Json = False,
) -> None:
    """Creates a key of the API and shows it once."""
    from safeconduct.cli.keys import create_api_key

    raise SystemExit(create_api_key(name, scope, network or [], days, as_json=as_json))


@keys_app.command("revoke", epilog="Example: safeconduct keys revoke key_01jy2d8m4kq5v6w7x8y9zabcde")
def keys_revoke(key: Annotated[str, typer.Argument(help="The key's id, as the console lists it.")]) -> None:
    """Ends a key of the API at once and for ever."""
    from safeconduct.cli.keys import revoke_api_key

    raise SystemExit(revoke_api_key(key))


@people_app.command("invite", epilog="Example: safeconduct people invite ana@example.org --role administrator")
def people_invite(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.")],
    role: Annotated[str, typer.Option(help="analyst, lead or administrator.")] = "analyst",
) -> None:
    """Makes a person with a password that opens for 24 hours: how the first member of staff comes in."""
    from safeconduct.cli.people import invite

    raise SystemExit(invite(email, role))


@people_app.command("device", epilog='Example: safeconduct people device ana@example.org --why "Sat beside her"')
def people_device(
    email: Annotated[str, typer.Argument(help="The address of the member of staff.")],
    why: Annotated[str, typer.Option("--why", help="How you know that it is their browser.")],
) -> None:
    """Lets in the browser that a member of staff asks for, where no other administrator can."""
    from safeconduct.cli.people import device

    raise SystemExit(device(email, why))


@people_app.command(
    "break-glass", epilog='Example: safeconduct people break-glass ana@example.org --why "Lost her key; seen in person"'
)
def people_break_glass(
    email: Annotated[str, typer.Argument(help="The e-mail address of a member of staff.")],
    why: Annotated[str, typer.Option(help="Why, and how you know that it is them; it is kept, and told to all.")],
) -> None:
    """Lets a member of staff in again who has lost every key. All administrators are told at once."""
    from safeconduct.cli.people import break_glass

    raise SystemExit(break_glass(email, why))


@people_app.command(
    "lost-factors", epilog='Example: safeconduct people lost-factors ana@example.org --why "Called back; passport seen"'
)
def people_lost_factors(
    email: Annotated[str, typer.Argument(help="The e-mail address of somebody of a shop.")],
    why: Annotated[str, typer.Option(help="How you know that it is them; it is kept.")],
) -> None:
    """Takes away the second steps that a shop's person has lost. Payouts wait for seven days; all are told."""
    from safeconduct.cli.people import lost_factors

    raise SystemExit(lost_factors(email, why))


@people_app.command("invite-member", epilog="Example: safeconduct people invite-member ana@example.org sel-1")
def people_invite_member(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.")],
    seller: Annotated[str, typer.Argument(help="The seller, as the shop system names it.")],
    role: Annotated[str, typer.Option(help="owner, finance, fulfilment, listing, support or read_only.")] = "owner",
) -> None:
    """Invites somebody to act for a seller: how a shop's first owner comes in. Later ones are invited in the portal."""
    from safeconduct.cli.people import invite_member

    raise SystemExit(invite_member(email, seller, role))
