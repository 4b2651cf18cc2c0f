"""The demo: a made-up marketplace runs through the engine, by the front door, and is then served.

The truth about its planted attacks lies in a file beside the database, which the product never reads; only the score at
the end compares the two.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safeconduct.cli.output import emit_json, fail

if TYPE_CHECKING:
    from rich.console import Console

    from safeconduct.demo import Report, World

PEOPLE = (
    ("analyst", "li.wei@haihang.example", "Li Wei", "analyst"),
    ("lead", "ana.rojas@haihang.example", "Ana Rojas", "lead"),
)


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked of `safeconduct demo`."""

    seed: int
    shift: str
    orders: int
    serve: bool
    port: int
    fresh: bool
    as_json: bool


@dataclass(frozen=True, slots=True)
class Built:
    """What running the world through the engine gave."""

    events: int
    decisions: int
    seconds_to_make: float
    seconds_to_receive: float
    seconds_to_decide: float


def run(options: Options) -> None:
    """Builds the world unless the same one is there, prints its score, and serves."""
    from rich.console import Console

    console = Console(stderr=options.as_json, highlight=False)
    folder = prepare_environment(Path(os.environ.get("SAFECONDUCT_VAR", "var")) / "demo")
    wanted = {"seed": options.seed, "shift": options.shift, "orders": options.orders, "format": 1}
    marker = folder / "world.json"
    if options.fresh or not marker.exists() or json.loads(marker.read_text())["parameters"] != wanted:
        marker.unlink(missing_ok=True)
        built = build(folder, options, console)
        marker.write_text(json.dumps({"parameters": wanted, "built": asdict(built)}))
    else:
        console.print("[dim]The same world is there already; --fresh builds it anew.[/]")
        from safeconduct.cli.start import start_django

        start_django()
        built = Built(**json.loads(marker.read_text())["built"])
    report = score_world(folder)
    if options.as_json:
        emit_json({"parameters": wanted, "built": asdict(built), "score": report.as_json()})
    else:
        _summary(console, built, report)
    if options.serve:
        raise SystemExit(_serve(folder, options, console))


def score_seeds(*, shift: str, orders: int, as_json: bool) -> None:
    """Scores three public seeds, each in a database of its own that is thrown away afterwards."""
    import subprocess

    reports = {}
    for seed in (1, 2, 3):
        folder = Path(os.environ.get("SAFECONDUCT_VAR", "var")) / f"score-{seed}"
        done = subprocess.run(
            [
                sys.executable, "-m", "safeconduct", "demo", "--seed", str(seed), "--shift", shift, "--orders",
                str(orders), "--no-serve", "--fresh", "--json",
            ],
            env={**os.environ, "SAFECONDUCT_VAR": str(folder)}, stdout=subprocess.PIPE, check=False,
        )  # fmt: skip
        if done.returncode:
            fail(f"scoring seed {seed} ended with exit code {done.returncode}")
        reports[seed] = json.loads(done.stdout)["score"]
    if as_json:
        emit_json({"shift": shift, "orders": orders, "seeds": reports})
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Three public seeds, shift {shift}")
    for name in ("seed", "caught", "precision", "good orders stopped", "decoys stopped"):
        table.add_column(name, justify="right")
    for seed, r in reports.items():
        table.add_row(
            str(seed), f"{r['recall']:.1%}", f"{r['precision']:.1%}" if r["precision"] is not None else "–",
            f"{r['good_stop_rate']:.2%}", f"{r['decoy_stop_rate']:.2%}",
        )  # fmt: skip
    Console().print(table)


def print_codes(*, as_json: bool) -> None:
    """The sign-ins of the demo's staff, with the code that is valid now."""
    folder = Path(os.environ.get("SAFECONDUCT_VAR", "var")) / "demo"
    file = folder / "sign-ins.json"
    if not file.exists():
        fail("there is no demo world yet; build it with `safeconduct demo`")
    people = [{**p, "code": code_now(p["secret"])} for p in json.loads(file.read_text())]
    if as_json:
        emit_json(people)
        return
    for p in people:
        sys.stdout.write(f"{p['role']:<8} {p['email']}  password {p['password']}  code {p['code']}\n")


def prepare_environment(folder: Path) -> Path:
    """Settings of the demo: a database and keys of its own."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["SAFECONDUCT_VAR"] = str(folder)
    os.environ["SAFECONDUCT_MODE"] = "demo"
    os.environ["SAFECONDUCT_CURRENCY"] = "USD"
    return folder


def build(folder: Path, options: Options, console: Console) -> Built:
    """Makes the world and runs all of it through the front door."""
    from safeconduct.cli.demo_replay import Crew
    from safeconduct.demo import Parameters, generate, write_truth

    started = time.perf_counter()
    console.print(f"[bold]Haihang Mall[/], seed {options.seed}, shift {options.shift}: making the world …")
    try:
        world = generate(Parameters(seed=options.seed, orders=options.orders, shift=options.shift))
    except (ValueError, KeyError) as problem:
        fail(str(problem), 2)
    made = time.perf_counter()
    console.print(
        f"  {len(world.events):,} events of {len(world.sellers)} sellers, {world.start:%d %b} to {world.end:%d %b %Y}"
        f" · {made - started:.1f} s"
    )
    write_truth(world, folder / "truth.jsonl")
    crew = Crew(world.events)  # forked before Django is set up: connections are never shared
    _prepare_database(folder, world)
    received, decided, decisions = crew.run(console, quiet=options.as_json)
    _after(folder)
    paid = time.perf_counter()
    payouts = _pay_out_the_months(world)
    console.print(f"  {payouts:,} payouts in the months · {time.perf_counter() - paid:.1f} s")
    return Built(len(world.events), decisions, made - started, received, decided)


def _prepare_database(folder: Path, world: World) -> None:
    from safeconduct.cli.start import start_django

    start_django(migrate=False)
    from django.conf import settings

    from safeconduct.config.migrate import bring_up_to_date
    from safeconduct.kernel.decisions import actions, policies
    from safeconduct.kernel.decisions.models import ListKind
    from safeconduct.kernel.events import rates
    from safeconduct.kernel.scope import Actor, engine_scope, owner_scope, query, staff_scope
    from safeconduct.protections.transactions.protection import install, shipped_lists, shipped_policies

    if not settings.EMBEDDED:
        fail("the demo builds a database of its own; unset DATABASE_URL and SAFECONDUCT_DATABASE_URL", 2)
    with owner_scope():
        query("DROP SCHEMA public CASCADE")
        query("CREATE SCHEMA public")
    bring_up_to_date()
    actor = Actor("demo", "owner", "shipped with Safeconduct")
    with engine_scope():
        rates.store(_rates())
    with staff_scope():
        for name, kind, entity, purpose, values in shipped_lists():
            actions.create_list(name, ListKind(kind), entity, purpose)
            if values:
                actions.add_to_list(name, list(values), actor)
        # Lists are known from the world's beginning on.
        query("UPDATE list_entry SET from_moment = 0")
        for text in shipped_policies():
            policies.install(text, at=world.start, actor=actor)
        install(world.start)
    _people(folder)


def _rates() -> list[tuple[str, Any, Any, str]]:
    from datetime import date
    from decimal import Decimal

    # One made-up rate for a made-up marketplace; a real one imports its own.
    return [("CNY", date(2020, 1, 1), Decimal("0.14"), "Haihang Mall, fictional")]


def _people(folder: Path) -> None:
    from allauth.account.models import EmailAddress
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    from safeconduct.kernel.parties.models import User
    from safeconduct.kernel.scope import staff_scope

    sign_ins = []
    with staff_scope():
        for role, email, name, staff_role in PEOPLE:
            password = "-".join(secrets.token_hex(2) for _ in range(4))
            user = User.objects.create_user(email, password, name=name, staff_role=staff_role)
            EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
            secret = generate_totp_secret()
            TOTP.activate(user, secret)
            assert Authenticator.objects.filter(user=user).exists()
            sign_ins.append({"role": role, "email": email, "password": password, "secret": secret})
    file = folder / "sign-ins.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(sign_ins, indent=2))


#: The staff worked through the months; the newest orders wait, with clocks that have just begun to run.
_DESK = """
WITH ranked AS (SELECT decision_id, row_number() OVER (ORDER BY opened_at DESC) AS place FROM review)
UPDATE review SET
    state = CASE WHEN place <= 40 THEN 'open' ELSE 'done' END,
    done_at = CASE WHEN place <= 40 THEN NULL ELSE opened_at + interval '2 hours' END,
    due_at = CASE WHEN place <= 40 THEN now() + place * interval '9 minutes' ELSE due_at END
FROM ranked WHERE ranked.decision_id = review.decision_id
"""


def _after(folder: Path) -> None:
    """What a newcomer finds on the desk: fresh statistics for the planner, and a draft that asks to be tried."""
    from safeconduct.kernel.decisions import policies
    from safeconduct.kernel.decisions.models import PolicyVersion
    from safeconduct.kernel.parties.models import User
    from safeconduct.kernel.scope import owner_scope, query, staff_scope
    from safeconduct.protections.transactions.protection import example_draft

    with owner_scope():
        for table in ("event", "fact", "decision", "review", "rule_count", "pseudonym", "label", "leaf"):
            query(f"ANALYZE {table}")
        query(_DESK)
    with staff_scope():
        live = PolicyVersion.objects.filter(policy="order-risk", state="live").first()
        author = User.objects.filter(email=PEOPLE[0][1]).first()
        if live is not None and author is not None:
            policies.save_draft(
                author,
                "order-risk",
                example_draft(live.text),
                at=datetime.now(UTC),
                note="A draft to try: see what it would change",
            )


#: What the demo's operator put into the protection fund, minor units of the buyers' currency.
_FUND_MINOR = 500_000_00


def _pay_out_the_months(world: World) -> int:
    """Releases and pays what fell due while the months went by, week by week; returns the number of payouts."""
    from safeconduct.kernel.ledger import actions as ledger
    from safeconduct.kernel.ledger.entries import Entry, PayoutState
    from safeconduct.kernel.scope import engine_scope
    from safeconduct.protections.transactions.money import due

    with engine_scope():
        amounts = {"amount": _FUND_MINOR}
        ledger.post([Entry("fund_paid_in", "demo/fund", world.start, "CNY", None, None, amounts)])
    at, paid = due.schedule(world.start).following(world.start), 0
    while at <= world.end:
        while due.release(at, replay=True):
            pass
        run = due.run_payouts(at, replay=True)
        paid += sum(outcome.state is PayoutState.PAID for outcome in run.outcomes)
        at = due.schedule(at).following(at)
    return paid


def score_world(folder: Path) -> Report:
    """Compares standing decisions with the truth."""
    from safeconduct.demo import Action, read_truth, score
    from safeconduct.demo import Decision as Judged
    from safeconduct.kernel.scope import query, staff_scope

    with staff_scope():
        rows = query(
            "SELECT e.source_id, e.data->>'order', d.action, d.decided_at, e.data->'amount'->>'minor', d.fired"
            " FROM decision d JOIN event e USING (moment)"
            " WHERE d.kind <> 'shadow' AND d.standing AND e.source = 'haihang'"
        ).fetchall()
    decisions = [
        Judged(event_id, order, Action(action), at, int(minor or 0), tuple(fired))
        for event_id, order, action, at, minor, fired in rows
    ]
    return score(read_truth(folder / "truth.jsonl"), decisions)


def code_now(secret: str) -> str:
    """The one-time code of now (RFC 6238: SHA-1, 30 s, 6 digits)."""
    import base64
    import hashlib
    import hmac
    import struct

    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1)
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFF_FFFF
    return f"{number % 1_000_000:06d}"


def _summary(console: Console, built: Built, report: Report) -> None:
    from safeconduct.demo.scoreboard import render

    console.print()
    render(report, console)
    console.print(
        f"\n[dim]{built.events:,} events received in {built.seconds_to_receive:.0f} s"
        f" ({built.events / max(built.seconds_to_receive, 0.001):,.0f}/s), {built.decisions:,} decisions in"
        f" {built.seconds_to_decide:.0f} s ({built.decisions / max(built.seconds_to_decide, 0.001):,.0f}/s)[/]"
    )


def _serve(folder: Path, options: Options, console: Console) -> int:
    from safeconduct.cli.demo_replay import drip
    from safeconduct.cli.serving import serve

    people = json.loads((folder / "sign-ins.json").read_text())

    def ready(address: str) -> None:
        console.print(f"\n[bold green]Console[/]  {address}/console/      [bold green]API[/]  {address}/v1/docs")
        for p in people:
            console.print(
                f"  {p['role']:<8} {p['email']:<28} password [bold]{p['password']}[/]"
                f"  code [bold]{code_now(p['secret'])}[/]"
            )
        console.print(
            "  Codes change every 30 s: [bold].venv/bin/safeconduct demo code[/] prints the present ones.\n"
            "  New orders keep coming in. Ctrl-C stops.\n"
        )

    stop = drip(folder, options.seed, options.shift, options.orders)
    try:
        return serve(host="127.0.0.1", port=options.port, workers=2, lanes=1, ready=ready)
    finally:
        stop()
