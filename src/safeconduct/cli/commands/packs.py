"""Commands about data that an operator downloads: addresses of the internet, breached passwords."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Optional

import typer

from safeconduct.cli.commands.options import Json

ip_app = typer.Typer(no_args_is_help=True, help="Data about IP addresses: import, show, look up, remove.")
passwords_app = typer.Typer(no_args_is_help=True, help="Breached passwords: import a list, look at it.")


@ip_app.command(
    "import", epilog='Example: safeconduct ip import dbip-city-lite.mmdb.gz --licence "CC BY 4.0, DB-IP.com"'
)
def ip_import(
    file: Annotated[
        Path,
        typer.Argument(help="A MaxMind-DB file (.mmdb), a CSV with a header line, or a plain list; .gz is unpacked."),
    ],
    name: Annotated[str, typer.Option(help="Its name in the pack; an earlier part of this name is replaced.")] = "",
    licence: Annotated[str, typer.Option(help="Under which terms you have it; it is kept with the data.")] = "",
    made_on: Annotated[
        Optional[datetime],
        typer.Option("--date", formats=["%Y-%m-%d"], help="The day of the data; left out, what the file says."),
    ] = None,
    lists: Annotated[
        str, typer.Option(help="What a plain list of networks lists: hosting, vpn, tor, proxy or relay.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Takes a file about IP addresses into the pack: checked, and whole or not at all. Sign-ins are then judged by
    country, network (ASN), travel and hidden networks, as far as the file knows them; running servers notice it.

    CSV: the first line names the columns: network, and any of country, asn, latitude, longitude, hosting, vpn, tor,
    proxy, relay. Exit code 1 where the file is refused.
    """
    from safeconduct.cli.packs import import_ip

    day = None if made_on is None else made_on.date()
    raise SystemExit(import_ip(file, name=name, licence=licence, made_on=day, lists=lists, as_json=as_json))


@ip_app.command("show", epilog="Example: safeconduct ip show --json")
def ip_show(as_json: Json = False) -> None:
    """Says which data are in use, what they know, of which day, under which terms. Exit code 1 if they are broken."""
    from safeconduct.cli.packs import show_ip

    raise SystemExit(show_ip(as_json=as_json))


@ip_app.command("look", epilog="Example: safeconduct ip look 203.0.113.7 198.51.100.1")
def ip_look(
    addresses: Annotated[list[str], typer.Argument(help="IP addresses.")],
    as_json: Json = False,
) -> None:
    """Says what the data in use know about addresses. Nothing is asked of anybody else."""
    from safeconduct.cli.packs import look_ip

    raise SystemExit(look_ip(addresses, as_json=as_json))


@ip_app.command("remove", epilog="Example: safeconduct ip remove tor-exits")
def ip_remove(
    name: Annotated[str, typer.Argument(help="The part's name, as `safeconduct ip show` says it.")],
    as_json: Json = False,
) -> None:
    """Takes a part out of the data in use. Exit code 1 where there is none of this name."""
    from safeconduct.cli.packs import remove_ip

    raise SystemExit(remove_ip(name, as_json=as_json))


@passwords_app.command("import", epilog="Example: safeconduct passwords import pwnedpasswords.txt --seen 10")
def passwords_import(
    source: Annotated[
        Path, typer.Argument(help="Pwned Passwords as SHA-1 ordered by hash: one file, or a folder of range files.")
    ],
    seen: Annotated[int, typer.Option(min=1, help="Leave out what was seen less often; a smaller list.")] = 1,
    as_json: Json = False,
) -> None:
    """Makes the list in which passwords are looked up on this machine: 8 bytes a password, searched where it lies. An
    import that is stopped goes on where it was. Exit code 1 where the source is refused; the list of before stays."""
    from safeconduct.cli.packs import import_passwords

    raise SystemExit(import_passwords(source, seen=seen, as_json=as_json))


@passwords_app.command("show", epilog="Example: safeconduct passwords show --json")
def passwords_show(as_json: Json = False) -> None:
    """Says which list of breached passwords is in use. Exit code 1 where there is none."""
    from safeconduct.cli.packs import show_passwords

    raise SystemExit(show_passwords(as_json=as_json))
