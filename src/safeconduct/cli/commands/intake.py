"""Commands that bring something in: events, connectors, labels, rates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from safeconduct.cli.commands.options import Json

events_app = typer.Typer(no_args_is_help=True, help="Events: import history.")
labels_app = typer.Typer(no_args_is_help=True, help="Labels: what orders turned out to be.")
connectors_app = typer.Typer(no_args_is_help=True, help="Connectors: run saved webhook bodies through.")
rates_app = typer.Typer(no_args_is_help=True, help="Exchange rates by day.")


@events_app.command("import", epilog="Example: safeconduct events import history.jsonl --dry-run")
def events_import(
    file: Annotated[
        Path, typer.Argument(help="JSON lines of envelopes, or CSV with --mapping.", exists=True, dir_okay=False)
    ],
    mapping: Annotated[
        Optional[Path],
        typer.Option(help="How columns become events; see docs/connectors.md.", exists=True, dir_okay=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check everything, store nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Imports history: it is counted by later features and decides nothing. Can be stopped and repeated."""
    from safeconduct.cli.intake import import_events

    raise SystemExit(import_events(file, mapping=mapping, dry_run=dry_run, as_json=as_json))


@labels_app.command("import", epilog="Example: safeconduct labels import chargebacks.csv")
def labels_import(
    file: Annotated[Path, typer.Argument(help="CSV with the columns order and label.", exists=True, dir_okay=False)],
    as_json: Json = False,
) -> None:
    """Says what orders turned out to be: fraud, abuse or good. A label that is there already changes nothing."""
    from safeconduct.cli.intake import import_labels

    raise SystemExit(import_labels(file, as_json=as_json))


@connectors_app.command("replay", epilog="Example: safeconduct connectors replay stripe saved/*.json --unsigned --json")
def connectors_replay(
    name: Annotated[str, typer.Argument(help="stripe, shopify, adyen, jsonl or csv.")],
    files: Annotated[list[Path], typer.Argument(help="Saved bodies.", exists=True, dir_okay=False)],
    unsigned: Annotated[bool, typer.Option("--unsigned", help="The files carry no signature; trust them.")] = False,
    seller: Annotated[
        Optional[str],
        typer.Option(help="The seller of bodies that name none; default: the configured one, or the connector's name."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Runs saved webhook bodies through a connector into the log, and counts what became of them."""
    from safeconduct.cli.intake import replay_bodies

    raise SystemExit(replay_bodies(name, files, unsigned=unsigned, seller=seller, as_json=as_json))


@connectors_app.command("read-again", epilog="Example: safeconduct connectors read-again shopify")
def connectors_read_again(
    name: Annotated[str, typer.Argument(help="The connector whose deliveries could not be read.")],
    as_json: Json = False,
) -> None:
    """Reads kept deliveries that were refused once more, after the connector's options or the mapping were mended."""
    from safeconduct.cli.intake import read_again

    raise SystemExit(read_again(name, as_json=as_json))


@rates_app.command("import", epilog="Example: safeconduct rates import rates.csv --source 'ECB reference rates'")
def rates_import(
    file: Annotated[
        Path,
        typer.Argument(help="CSV: currency,day,rate (units of the reporting currency).", exists=True, dir_okay=False),
    ],
    source: Annotated[str, typer.Option(help="Where the rates come from; it is kept with each.")],
    as_json: Json = False,
) -> None:
    """Adds dated exchange rates. A day's rate is never changed afterwards."""
    from safeconduct.cli.rates import import_rates

    raise SystemExit(import_rates(file, source, as_json=as_json))
