"""The `safeconduct` command. Heavy imports happen inside the commands, so that --help answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from safeconduct.cli.commands import hubs, incidents, intake, money, packs, people, policies, record, vault
from safeconduct.cli.commands.options import Json

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
app.add_typer(intake.events_app, name="events")
app.add_typer(intake.connectors_app, name="connectors")
app.add_typer(policies.policy_app, name="policy")
app.add_typer(policies.coverage_app, name="coverage")
app.add_typer(money.chargebacks_app, name="chargebacks")
app.add_typer(people.keys_app, name="keys")
app.add_typer(people.people_app, name="people")
app.add_typer(intake.labels_app, name="labels")
app.add_typer(money.payouts_app, name="payouts")
app.add_typer(intake.rates_app, name="rates")
app.add_typer(record.record_app, name="record")
app.add_typer(record.webhooks_app, name="webhooks")
app.add_typer(money.ledger_app, name="ledger")
app.add_typer(policies.cases_app, name="cases")
app.add_typer(hubs.hubs_app, name="hubs")
app.add_typer(policies.risk_app, name="risk")
app.add_typer(incidents.incidents_app, name="incidents")
app.add_typer(vault.vault_app, name="vault")
app.add_typer(packs.ip_app, name="ip")
app.add_typer(packs.passwords_app, name="passwords")


def main() -> None:
    """The entry point."""
    app()


@app.callback(epilog="Example: safeconduct --demo ledger check")
def _root(
    context: typer.Context,
    on_demo: Annotated[
        bool, typer.Option("--demo", help="Work on the world that `safeconduct demo` built, beside your own data.")
    ] = False,
) -> None:
    """Safeconduct protects the sellers of a marketplace: events in, decisions with reasons out."""
    if not on_demo or context.invoked_subcommand == "demo":
        return
    from safeconduct.cli.output import USAGE, fail
    from safeconduct.cli.start import demo_folder, use_demo_world

    folder = demo_folder()
    if not (folder / "postgres").is_dir():
        fail("--demo: there is no demo world here yet; `safeconduct demo` builds it", USAGE)
    use_demo_world(folder)


@app.command(epilog="Example: safeconduct demo --seed 2 --shift devices")
def demo(
    seed: Annotated[int, typer.Option(help="The world's seed; the same seed makes the same world.")] = 1,
    shift: Annotated[
        str, typer.Option(help="How the attackers differ from the plan: none, devices, slow, mixed …")
    ] = "none",
    orders: Annotated[int, typer.Option(min=500, max=1_000_000, help="Orders in the 146 days.")] = 65_000,
    serve: Annotated[bool, typer.Option(help="Serve console and API afterwards.")] = True,
    port: Annotated[int, typer.Option(envvar="PORT", help="Where to serve.")] = 8000,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Build the world anew, even if the same one is there.")
    ] = False,
    as_json: Json = False,
    action: Annotated[
        Optional[str], typer.Argument(help="`score`: score three public seeds. `code`: a sign-in code.")
    ] = None,
) -> None:
    """Builds the demo world, runs the engine over it, and serves it on this machine."""
    from safeconduct.cli import demo as command
    from safeconduct.cli import demo_score, demo_serving

    match action:
        case None:
            command.run(command.Options(seed, shift, orders, serve, port, fresh, as_json))
        case "score":
            demo_score.score_seeds(shift=shift, orders=orders, as_json=as_json)
        case "code":
            demo_serving.print_codes(as_json=as_json)
        case other:
            raise typer.BadParameter(f"{other!r} is neither `score` nor `code`; leave it out to build and serve")


@app.command(epilog="Example: safeconduct serve --port 8080 --workers 4")
def serve(
    port: Annotated[int, typer.Option(envvar="PORT", help="Port on --host.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Web processes.")] = 2,
    lanes: Annotated[int, typer.Option(min=0, max=64, help="Processes that decide what waits.")] = 1,
) -> None:
    """Serves console and API, and decides what waits."""
    from safeconduct.cli.serving import serve as run

    raise SystemExit(run(host=host, port=port, workers=workers, lanes=lanes))


@app.command(epilog="Example: safeconduct work")
def work() -> None:
    """Runs one lane and the periodic tasks in this process, until it is told to stop."""
    from safeconduct.cli.serving import work as run

    run()


@app.command(epilog="Example: DATABASE_URL=postgresql://… safeconduct migrate")
def migrate(as_json: Json = False) -> None:
    """Creates logins, schema and rights, or brings them up to date. Safe to run twice."""
    from safeconduct.cli.output import emit_json
    from safeconduct.cli.start import database_asked, start_django

    start_django(migrate=False)
    from safeconduct.config.migrate import bring_up_to_date, install_policies

    with database_asked():
        done = bring_up_to_date(verbosity=0 if as_json else 1)
        installed = install_policies()
    if as_json:
        emit_json({"applied": done, "in_force": installed})
    else:
        if not done:
            typer.echo("  No migrations to apply.")
        for name in installed:
            typer.echo(f"  In force now: {name}")


@app.command(epilog="Example: safeconduct doctor --json")
def doctor(as_json: Json = False) -> None:
    """Looks whether everything is in order, and says how to mend what is not."""
    from safeconduct.cli.doctor import run

    raise SystemExit(run(as_json=as_json))


@app.command(epilog="Example: safeconduct backtest draft.yaml --against order-risk --days 146")
def backtest(
    file: Annotated[Path, typer.Argument(help="The policy to try.", exists=True, dir_okay=False)],
    against: Annotated[
        Optional[str], typer.Option(help="A policy file or name to compare with; default: the live version.")
    ] = None,
    days: Annotated[Optional[int], typer.Option(min=1, max=36_500, help="How far back; default: all history.")] = None,
    as_json: Json = False,
) -> None:
    """Runs a policy over history, in seconds, and compares it with the one in force."""
    from safeconduct.cli.analysis import backtest as run

    raise SystemExit(run(file, against=against, days=days, as_json=as_json))


@app.command(epilog="Example: safeconduct replay --as-known --json")
def replay(
    as_known: Annotated[
        bool, typer.Option("--as-known/--as-happened", help="By when events became known, or happened.")
    ] = True,
    limit: Annotated[Optional[int], typer.Option(min=1, help="At most so many decisions, newest first.")] = None,
    as_json: Json = False,
) -> None:
    """Repeats stored decisions from the log and reports every difference."""
    from safeconduct.cli.analysis import replay as run

    raise SystemExit(run(as_known=as_known, limit=limit, as_json=as_json))


@app.command(epilog="Example: safeconduct train order-fraud")
def train(
    name: Annotated[str, typer.Argument(help="The model's name, as policies call it.")],
    publish: Annotated[bool, typer.Option(help="Serve the model if it beats the one in force.")] = False,
    out: Annotated[Optional[Path], typer.Option(help="Folder for the report with its plots.")] = None,
    maturity_days: Annotated[
        Optional[float], typer.Option(min=0, help="Age at which an order without a label counts as good.")
    ] = None,
    test_days: Annotated[Optional[float], typer.Option(min=1, help="Length of the period it is judged on.")] = None,
    as_json: Json = False,
) -> None:
    """Trains a model from matured labels, with the features of the policy that uses it."""
    from safeconduct.cli.analysis import train as run

    raise SystemExit(
        run(name, publish=publish, out=out, maturity_days=maturity_days, test_days=test_days, as_json=as_json)
    )
