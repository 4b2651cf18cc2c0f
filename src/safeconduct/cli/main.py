"""The `safeconduct` command. Heavy imports happen inside the commands, so that --help answers at once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Optional

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
events_app = typer.Typer(no_args_is_help=True, help="Events: import history.")
connectors_app = typer.Typer(no_args_is_help=True, help="Connectors: run saved webhook bodies through.")
policy_app = typer.Typer(no_args_is_help=True, help="Policies: check, explain, test, publish.")
keys_app = typer.Typer(no_args_is_help=True, help="Keys: the root key, and keys of the API.")
people_app = typer.Typer(no_args_is_help=True, help="People: the first member of staff, the first owner of a shop.")
labels_app = typer.Typer(no_args_is_help=True, help="Labels: what orders turned out to be.")
coverage_app = typer.Typer(no_args_is_help=True, help="Coverage templates: check, simulate.")
chargebacks_app = typer.Typer(no_args_is_help=True, help="Chargebacks: how many orders could be defended.")
payouts_app = typer.Typer(no_args_is_help=True, help="Payouts: pay sellers what is available.")
rates_app = typer.Typer(no_args_is_help=True, help="Exchange rates by day.")
record_app = typer.Typer(no_args_is_help=True, help="The record: verify it, prove a line, change its key.")
webhooks_app = typer.Typer(no_args_is_help=True, help="Webhooks: where messages go, and what became of them.")
cases_app = typer.Typer(no_args_is_help=True, help="Cases: check workflows and presets.")
ledger_app = typer.Typer(no_args_is_help=True, help="Ledger: is it right, and a seller's statement.")
risk_app = typer.Typer(no_args_is_help=True, help="Account risk: score sign-ins.")
app.add_typer(risk_app, name="risk")
app.add_typer(events_app, name="events")
app.add_typer(connectors_app, name="connectors")
app.add_typer(policy_app, name="policy")
app.add_typer(coverage_app, name="coverage")
app.add_typer(chargebacks_app, name="chargebacks")
app.add_typer(keys_app, name="keys")
app.add_typer(people_app, name="people")
app.add_typer(labels_app, name="labels")
app.add_typer(payouts_app, name="payouts")
app.add_typer(rates_app, name="rates")
app.add_typer(record_app, name="record")
app.add_typer(webhooks_app, name="webhooks")
app.add_typer(ledger_app, name="ledger")
app.add_typer(cases_app, name="cases")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


def main() -> None:
    """The entry point."""
    app()


@app.callback()
def _root() -> None:
    """Safeconduct protects the sellers of a marketplace: events in, decisions with reasons out."""


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
    from safeconduct.cli import demo_score

    match action:
        case None:
            command.run(command.Options(seed, shift, orders, serve, port, fresh, as_json))
        case "score":
            demo_score.score_seeds(shift=shift, orders=orders, as_json=as_json)
        case "code":
            command.print_codes(as_json=as_json)
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
    from safeconduct.cli.start import start_django

    start_django(migrate=False)
    from safeconduct.config.migrate import bring_up_to_date, pending

    done = pending()
    bring_up_to_date(verbosity=0 if as_json else 1)
    if as_json:
        emit_json({"applied": done})


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
    days: Annotated[Optional[int], typer.Option(min=1, help="How far back; default: all history.")] = None,
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


@events_app.command("import", epilog="Example: safeconduct events import history.jsonl --dry-run")
def events_import(
    file: Annotated[
        Path, typer.Argument(help="JSON lines of envelopes, or CSV with --mapping.", exists=True, dir_okay=False)
    ],
    mapping: Annotated[
        Optional[Path], typer.Option(help="How columns become events; see docs/connectors.md.", exists=True)
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
    name: Annotated[str, typer.Argument(help="stripe or shopify.")],
    files: Annotated[list[Path], typer.Argument(help="Saved bodies.", exists=True, dir_okay=False)],
    unsigned: Annotated[bool, typer.Option("--unsigned", help="The files carry no signature; trust them.")] = False,
    seller: Annotated[
        Optional[str], typer.Option(help="The seller of bodies that name none; default: the connector's name.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Runs saved webhook bodies through a connector into the log, and counts what became of them."""
    from safeconduct.cli.intake import replay_bodies

    raise SystemExit(replay_bodies(name, files, unsigned=unsigned, seller=seller, as_json=as_json))


@policy_app.command("check", epilog="Example: safeconduct policy check order-risk.yaml")
def policy_check(
    files: Annotated[list[Path], typer.Argument(help="Policy files.", exists=True, dir_okay=False)],
    as_json: Json = False,
) -> None:
    """Checks policies: names, types, windows, reasons. Exit code 1 where there is an error."""
    from safeconduct.cli.policy import check

    raise SystemExit(check(files, as_json=as_json))


@policy_app.command("explain", epilog="Example: safeconduct policy explain order-risk.yaml --language es")
def policy_explain(
    file: Annotated[Path, typer.Argument(help="A policy file.", exists=True, dir_okay=False)],
    language: Annotated[str, typer.Option(help="en, zh or es.")] = "en",
) -> None:
    """Tells a policy as plain prose."""
    from safeconduct.cli.policy import explain

    raise SystemExit(explain(file, language=language))


@policy_app.command("test", epilog="Example: safeconduct policy test order-risk.yaml")
def policy_test(
    files: Annotated[
        list[Path], typer.Argument(help="Policy files; their tests lie beside them.", exists=True, dir_okay=False)
    ],
    as_json: Json = False,
) -> None:
    """Runs the tests that stand beside policies. Exit code 1 where one fails."""
    from safeconduct.cli.policy import test

    raise SystemExit(test(files, as_json=as_json))


@policy_app.command(
    "publish", epilog="Example: safeconduct policy publish order-risk.yaml --author li@… --approver ana@…"
)
def policy_publish(
    file: Annotated[Path, typer.Argument(help="A policy file.", exists=True, dir_okay=False)],
    author: Annotated[str, typer.Option(help="E-mail of the member of staff who wrote it.")],
    approver: Annotated[str, typer.Option(help="E-mail of the second person, a lead.")],
    percent: Annotated[int, typer.Option(min=1, max=100, help="Share of orders it decides, as challenger.")] = 100,
    as_json: Json = False,
) -> None:
    """Stores a policy as a new version and puts it in force, with the second person's approval."""
    from safeconduct.cli.policy import publish

    raise SystemExit(publish(file, author=author, approver=approver, percent=percent, as_json=as_json))


@coverage_app.command("check", epilog="Example: safeconduct coverage check jd-like.yaml")
def coverage_check(
    files: Annotated[list[Path], typer.Argument(help="Coverage templates.", exists=True, dir_okay=False)],
    as_json: Json = False,
) -> None:
    """Checks coverage templates: conditions, causes, amounts, sources. Exit code 1 where there is an error."""
    from safeconduct.cli.coverage import check

    raise SystemExit(check(files, as_json=as_json))


@coverage_app.command("simulate", epilog="Example: safeconduct coverage simulate draft.yaml --from 2026-01-01 --json")
def coverage_simulate(
    file: Annotated[Path, typer.Argument(help="The template to try.", exists=True, dir_okay=False)],
    since: Annotated[
        Optional[datetime], typer.Option("--from", formats=["%Y-%m-%d"], help="Orders from this day on (UTC).")
    ] = None,
    until: Annotated[
        Optional[datetime], typer.Option("--until", formats=["%Y-%m-%d"], help="Orders before this day (UTC).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Evaluates past orders with a changed template: what would be covered, and what the fund would have paid."""
    from safeconduct.cli.coverage import simulate

    raise SystemExit(simulate(file, since=since, until=until, as_json=as_json))


@risk_app.command("rba", epilog="Example: safeconduct risk rba sign-ins.json --json")
def risk_rba(
    file: Annotated[Path, typer.Argument(help="Sign-ins, weights and the cases to score, as JSON.")],
    as_json: Json = False,
) -> None:
    """Scores how unusual sign-ins are; where the file knows the scores, says how far ours are from them."""
    from safeconduct.cli.risk import rba

    raise typer.Exit(rba(file, as_json=as_json))


@cases_app.command("lint", epilog="Example: safeconduct cases lint my-workflow.yaml")
def cases_lint(
    files: Annotated[
        Optional[list[Path]], typer.Argument(help="Workflows; all that ship if left out.", exists=True, dir_okay=False)
    ] = None,
) -> None:
    """Checks workflows of cases, those that are shipped with their presets. Exit code 1 where there is an error."""
    from safeconduct.cli.cases import lint

    raise SystemExit(lint(files or []))


@cases_app.command(
    "publish", epilog="Example: safeconduct cases publish jd-like --author a@example.org --approver b@example.org"
)
def cases_publish(
    preset: Annotated[str, typer.Argument(help="A preset's file, or the name of one that ships.")],
    author: Annotated[str, typer.Option(help="E-mail of who chose it.")],
    approver: Annotated[str, typer.Option(help="E-mail of the second person.")],
    kind: Annotated[str, typer.Option(help="The kind of case.")] = "dispute",
    why: Annotated[str, typer.Option(help="Why; it is kept.")] = "",
    since: Annotated[
        Optional[datetime], typer.Option(formats=["%Y-%m-%d"], help="In force from this day (UTC); now if left out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Puts a marketplace's terms in force for new cases, with the second person's approval."""
    from safeconduct.cli.cases import publish

    raise SystemExit(
        publish(preset, kind=kind, author=author, approver=approver, why=why, since=since, as_json=as_json)
    )


@chargebacks_app.command("readiness", epilog="Example: safeconduct chargebacks readiness --seller sel-1042 --json")
def chargebacks_readiness(
    seller: Annotated[
        Optional[str], typer.Option(help="One seller, by the shop's id; otherwise the marketplace.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=730, help="Orders of so many days.")] = 180,
    as_json: Json = False,
) -> None:
    """Counts the orders that could be defended with Visa's Compelling Evidence 3.0, and says what is missing."""
    from safeconduct.cli.chargebacks import readiness

    raise SystemExit(readiness(seller, days, as_json=as_json))


@keys_app.command("create", epilog="Example: safeconduct keys create")
def keys_create() -> None:
    """Writes a new root key file. Keep a copy apart from the database: without it nothing sealed can be opened."""
    from safeconduct.cli.people import create_root_key

    raise SystemExit(create_root_key())


@keys_app.command("api", epilog="Example: safeconduct keys api shop --scope events:write --scope decisions:read")
def keys_api(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[list[str], typer.Option("--scope", help="What it may do; repeat for several.")],
    as_json: Json = False,
) -> None:
    """Creates a key of the API and shows it once."""
    from safeconduct.cli.people import create_api_key

    raise SystemExit(create_api_key(name, scope, as_json=as_json))


@people_app.command("invite", epilog="Example: safeconduct people invite ana@example.org --role administrator")
def people_invite(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.")],
    role: Annotated[str, typer.Option(help="analyst, lead or administrator.")] = "analyst",
) -> None:
    """Makes a person with a one-time password link: how the first member of staff comes in."""
    from safeconduct.cli.people import invite

    raise SystemExit(invite(email, role))


@payouts_app.command("run", epilog="Example: safeconduct payouts run --at 2026-06-04T06:00:00Z --json")
def payouts_run(
    at: Annotated[
        Optional[str],
        typer.Option(help="The run that was due last at this time or day (UTC); default: now."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Pays sellers what is available, as the preset's schedule says. What is held is not paid; again pays nothing."""
    from safeconduct.cli.payouts import run

    raise SystemExit(run(at, as_json=as_json))


@payouts_app.command("returned", epilog="Example: safeconduct payouts returned pay_01jy… --why 'account closed'")
def payouts_returned(
    payout: Annotated[str, typer.Argument(help="The payout's id, `pay_…`.")],
    why: Annotated[str, typer.Option(help="What the bank said; the seller reads it.")],
    as_json: Json = False,
) -> None:
    """Books a payout that the bank sent back: the money is the seller's again. Safe to run twice."""
    from safeconduct.cli.payouts import returned

    raise SystemExit(returned(payout, why, as_json=as_json))


@people_app.command("invite-member", epilog="Example: safeconduct people invite-member ana@example.org sel-1")
def people_invite_member(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.")],
    seller: Annotated[str, typer.Argument(help="The seller, as the shop system names it.")],
    role: Annotated[str, typer.Option(help="owner, finance, fulfilment, listing, support or read_only.")] = "owner",
) -> None:
    """Invites somebody to act for a seller: how a shop's first owner comes in. Later ones are invited in the portal."""
    from safeconduct.cli.people import invite_member

    raise SystemExit(invite_member(email, seller, role))


@rates_app.command("import", epilog="Example: safeconduct rates import rates.csv --source 'ECB reference rates'")
def rates_import(
    file: Annotated[
        Path, typer.Argument(help="CSV: currency,day,rate (units of the reporting currency).", exists=True)
    ],
    source: Annotated[str, typer.Option(help="Where the rates come from; shown beside every amount they convert.")],
) -> None:
    """Adds dated exchange rates. A day's rate is never changed afterwards."""
    from safeconduct.cli.people import import_rates

    raise SystemExit(import_rates(file, source))


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


@ledger_app.command("check", epilog="Example: safeconduct ledger check --json")
def ledger_check(as_json: Json = False) -> None:
    """Asks whether every sum is right: postings, balances, holds, payouts. Exit code 1 where one is not."""
    from safeconduct.cli.ledger import check

    raise SystemExit(check(as_json=as_json))


@ledger_app.command(
    "statement",
    epilog="Example: safeconduct ledger statement shop-17 --from 2026-06-01 --until 2026-06-30 --format pdf",
)
def ledger_statement(
    seller: Annotated[str, typer.Argument(help="The shop's id of the seller, or its sel_… id.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day, whole.")],
    since: Annotated[
        Optional[datetime],
        typer.Option("--from", formats=["%Y-%m-%d"], help="The first day; default: the first of --until's month."),
    ] = None,
    currency: Annotated[Optional[str], typer.Option(help="Which, where the seller has several.")] = None,
    file_format: Annotated[str, typer.Option("--format", help="csv or pdf.")] = "csv",
    out: Annotated[Optional[Path], typer.Option(dir_okay=False, help="The file; default: a name of its own.")] = None,
    language: Annotated[Optional[str], typer.Option(help="en, zh or es; default: the seller's.")] = None,
    zone: Annotated[Optional[str], typer.Option(help="Time zone of days and times; default: the seller's.")] = None,
) -> None:
    """Writes a seller's statement: balances before and after, and every movement between."""
    from safeconduct.cli.ledger import statement

    raise SystemExit(
        statement(
            seller, since=since.date() if since else None, until=until.date(), currency=currency,
            file_format=file_format, out=out, language=language, zone_name=zone,
        )
    )  # fmt: skip
