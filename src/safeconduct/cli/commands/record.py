"""Commands about the record and its messages to the outside: record, webhooks."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Optional

import typer

from safeconduct.cli.commands.options import Json

record_app = typer.Typer(no_args_is_help=True, help="The record: verify it, prove a line, change its key.")
webhooks_app = typer.Typer(no_args_is_help=True, help="Webhooks: where messages go, and what became of them.")


@record_app.command("verify", epilog="Example: safeconduct record verify --checkpoint /mnt/kept/checkpoints.jsonl")
def record_verify(
    checkpoint: Annotated[
        Optional[list[Path]],
        typer.Option("--checkpoint", help="Checkpoints kept elsewhere, to hold the log against; repeat for several."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Checks the whole record against what was signed and against the rows it is about. Exit code 1 for any fault."""
    from safeconduct.cli.record import verify

    raise SystemExit(verify(checkpoint or [], as_json=as_json))


@record_app.command("proof", epilog="Example: safeconduct record proof dec_01hz… --out proof.json")
def record_proof(
    about: Annotated[
        Optional[str], typer.Argument(help="The id that the line is about, or the line's number from 0.")
    ] = None,
    kind: Annotated[str, typer.Option(help="Which kind of line, where an id has several; default: the newest.")] = "",
    since: Annotated[
        Optional[int], typer.Option(min=1, help="Prove instead that the record only grew since so many lines.")
    ] = None,
    out: Annotated[Optional[Path], typer.Option(help="File to write; default: print it.", dir_okay=False)] = None,
) -> None:
    """Writes the proof of a line, for `verify_record.py`. Exit code 1 where there is none."""
    from safeconduct.cli.record import proof

    raise SystemExit(proof(about, kind=kind, since=since, out=out))


@record_app.command("status", epilog="Example: safeconduct record status --json")
def record_status(as_json: Json = False) -> None:
    """How long the record is, what waits, who outside has seen it. Exit code 1 where it is broken or stands still."""
    from safeconduct.cli.record import status

    raise SystemExit(status(as_json=as_json))


@record_app.command("keys", epilog="Example: safeconduct record keys > keys.txt")
def record_keys(as_json: Json = False) -> None:
    """The keys that sign, the first first: what others pin."""
    from safeconduct.cli.record import keys

    raise SystemExit(keys(as_json=as_json))


@record_app.command("rotate", epilog="Example: safeconduct record rotate")
def record_rotate(as_json: Json = False) -> None:
    """Makes a new signing key, vouched for by the present one."""
    from safeconduct.cli.record import rotate

    raise SystemExit(rotate(as_json=as_json))


@webhooks_app.command("list", epilog="Example: safeconduct webhooks list --json")
def webhooks_list(as_json: Json = False) -> None:
    """Lists the endpoints and how they are doing."""
    from safeconduct.cli.webhooks import list_endpoints

    raise SystemExit(list_endpoints(as_json=as_json))


@webhooks_app.command("add", epilog="Example: safeconduct webhooks add https://shop.example/hooks --kind decision.made")
def webhooks_add(
    url: Annotated[str, typer.Argument(help="Where to deliver; https in production.")],
    kind: Annotated[list[str], typer.Option("--kind", help="A kind of message it gets; repeat for several.")],
    name: Annotated[str, typer.Option(help="What staff call it.")] = "",
    as_json: Json = False,
) -> None:
    """Makes an endpoint and shows the secret that its receiver verifies with."""
    from safeconduct.cli.webhooks import add

    raise SystemExit(add(url, kind, name, as_json=as_json))


@webhooks_app.command("ping", epilog="Example: safeconduct webhooks ping whe_01jy2d8m4kq5v6w7x8y9zabcde")
def webhooks_ping(endpoint: Annotated[str, typer.Argument(help="The endpoint's id.")], as_json: Json = False) -> None:
    """Sends a test message and says what came of it. Exit code 1 where it was not accepted."""
    from safeconduct.cli.webhooks import ping

    raise SystemExit(ping(endpoint, as_json=as_json))


@webhooks_app.command("resend", epilog="Example: safeconduct webhooks resend whe_01… --since 2026-06-01T00:00:00")
def webhooks_resend(
    wanted: Annotated[str, typer.Argument(help="A delivery (whd_…), or an endpoint (whe_…) for a period.")],
    since: Annotated[Optional[datetime], typer.Option(help="Begin of the period, UTC; default: a day ago.")] = None,
    until: Annotated[Optional[datetime], typer.Option(help="End of the period, UTC; default: now.")] = None,
    delivered_too: Annotated[
        bool, typer.Option("--delivered-too", help="Also what the endpoint has accepted.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Sends one message again, or all that an endpoint missed. Messages keep their id."""
    from safeconduct.cli.webhooks import resend

    raise SystemExit(resend(wanted, since=since, until=until, delivered_too=delivered_too, as_json=as_json))


@webhooks_app.command("log", epilog="Example: safeconduct webhooks log whe_01… --state given_up --json")
def webhooks_log(
    endpoint: Annotated[str, typer.Argument(help="The endpoint's id.")],
    state: Annotated[Optional[str], typer.Option(help="Only waiting, delivered or given_up.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many, newest first.")] = 50,
    as_json: Json = False,
) -> None:
    """Lists what was, or is to be, delivered to an endpoint, newest first."""
    from safeconduct.cli.webhooks import log

    raise SystemExit(log(endpoint, state=state, limit=limit, as_json=as_json))
