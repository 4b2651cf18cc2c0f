"""The demo: a made-up marketplace runs through the engine, by the front door, and is then served.

The truth about its planted attacks lies in a file beside the database, which the product never reads; only the score at
the end compares the two.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safeconduct.cli.demo_accounts import AccountDesk, victims_of
from safeconduct.cli.demo_cases import CaseDesk
from safeconduct.cli.demo_desk import Desk, fraud_of, open_shop, spread_the_clocks, weeks
from safeconduct.cli.demo_guarded import furnish
from safeconduct.cli.demo_score import Scores, score_world
from safeconduct.cli.demo_serving import open_pages, say_early, stay
from safeconduct.cli.output import USAGE, emit_json, fail
from safeconduct.cli.serving import Server, cannot_listen
from safeconduct.cli.start import demo_folder, use_demo_world

if TYPE_CHECKING:
    from rich.console import Console

    from safeconduct.demo import Parameters, World

PEOPLE = (
    ("analyst", "li.wei@haihang.example", "Li Wei", "analyst", "en", "UTC"),
    ("lead", "ana.rojas@haihang.example", "Ana Rojas", "lead", "en", "UTC"),
    ("arbiter", "mei.tanaka@haihang.example", "Mei Tanaka", "analyst", "en", "UTC"),
    ("second", "omar.haddad@haihang.example", "Omar Haddad", "analyst", "en", "UTC"),
    ("reviewer", "sofia.lind@haihang.example", "Sofia Lind", "lead", "en", "UTC"),
    ("seller", "camila.soto@andes.example", "Camila Soto", "", "es", "America/Santiago"),
)

#: What the demo's operator put into the protection fund, minor units of the buyers' currency.
_FUND_MINOR = 500_000_00
_LARGE_TABLES = (
    "event", "fact", "decision", "review", "rule_count", "pseudonym", "label", "leaf", "coverage", "coverage_step",
    "notice",
)  # fmt: skip


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
    """What running the world through the engine gave. ``moved_days``: by how much its times were moved, so that its
    history ends last night. ``told``: events after that history which were told as well. ``ruled``: held orders that
    the staff ruled on; ``disputes``: opened by buyers; ``judged``: disputes and returns that the staff decided.
    """

    events: int
    decisions: int
    moved_days: int
    told: int
    ruled: int
    disputes: int
    judged: int
    seconds_to_make: float
    seconds_to_receive: float
    seconds_to_decide: float
    seconds_between: float
    seconds_to_sequence: float


def run(options: Options) -> None:
    """Builds the world unless the same one is there, prints its score, and serves."""
    from rich.console import Console

    if options.serve and (refused := cannot_listen("127.0.0.1", options.port)):
        fail(refused, USAGE)
    console = Console(stderr=options.as_json, highlight=False)
    folder = demo_folder()
    folder.mkdir(parents=True, exist_ok=True)
    use_demo_world(folder)
    wanted = {"seed": options.seed, "shift": options.shift, "orders": options.orders, "format": 4}
    marker = folder / "world.json"
    about = _said_by(marker)
    known = not options.fresh and about.get("parameters") == wanted
    if known:
        console.print("[dim]The same world is there already; --fresh builds it anew.[/]")
        from safeconduct.cli.start import start_django

        start_django()
        built = Built(**about["built"])
        server = open_pages(options.port) if options.serve else None
    else:
        marker.unlink(missing_ok=True)
        early = (lambda: open_pages(options.port, say_early(folder, console))) if options.serve else None
        built, server = build(folder, options, console, early)
        marker.write_text(json.dumps({"parameters": wanted, "built": asdict(built)}))
    built_at = datetime.fromtimestamp(marker.stat().st_mtime, UTC)
    scores = score_world(folder, moved_days=built.moved_days, built_at=built_at)
    if options.as_json:
        emit_json({"parameters": wanted, "built": asdict(built), "score": scores.as_json()})
    else:
        _summary(console, built, scores)
    if server is not None:
        from safeconduct.cli.demo_replay import drip

        further = drip(folder, options.seed, options.shift, options.orders, built.told)
        raise SystemExit(stay(folder, console, server, further))


def _said_by(marker: Path) -> dict[str, Any]:
    """What a world that was built whole says of itself; nothing where it was not, or whoever wrote it was killed."""
    try:
        about = json.loads(marker.read_text())
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) and about.keys() >= {"parameters", "built"} else {}


def build(
    folder: Path, options: Options, console: Console, early: Callable[[], Server] | None = None
) -> tuple[Built, Server | None]:
    """Makes the world and runs all of it through the front door. ``early`` opens the pages as soon as all events lie
    in the log, so that people can watch while they are decided; the server comes back with what was built.
    """
    from safeconduct.cli.demo_replay import Crew, tell
    from safeconduct.demo import WORLD_END, WORLD_START, generate

    started = time.perf_counter()
    console.print(f"[bold]Haihang Mall[/], seed {options.seed}, shift {options.shift}: making the world …")
    now = datetime.now(UTC)
    moved_days = (now - WORLD_END).days
    moved = timedelta(days=moved_days)
    begins, ends = WORLD_START + moved, WORLD_END + moved
    parameters = _parameters(options)
    prepared = _beside(lambda: _prepare_database(folder, begins))
    world = generate(parameters)
    events = world.moved(moved_days)
    cases = CaseDesk(options.seed, world.complaints, moved, world.strike)
    accounts = AccountDesk(options.seed, victims_of(world, moved), world.looks, moved)
    desk = Desk(options.seed, fraud_of(world), ends, cases, accounts)
    crew = Crew(events, desk)  # forked before Django is set up: connections are never shared
    _write_what_is_true(world, folder, now - moved)
    made = time.perf_counter()
    console.print(
        f"  {len(events):,} events of {len(world.sellers)} sellers, {begins:%d %b} to {ends:%d %b %Y}"
        f" · {made - started:.1f} s"
    )
    prepared()
    from safeconduct.cli.start import start_django

    start_django(migrate=False)
    from safeconduct.protections.transactions.money import due

    points = weeks(begins, ends, due.schedule(ends))
    opened: list[Server] = []
    ran = crew.run(
        console, quiet=options.as_json, points=points,
        received=lambda: opened.append(early()) if early is not None else None,
        between=lambda point: desk.day(point, crew.people),
    )  # fmt: skip
    told = tell(world.aftermath(moved_days, now), now)
    desk.day(now, crew.people)
    done = crew.end()
    open_shop(PEOPLE[-1][1], now)
    furnish(PEOPLE[-1][1], now)
    _after(now)
    _send_no_history()
    sequenced = _sequence()
    built = Built(
        len(events), ran.decisions, moved_days, told, done.ruled, done.opened, done.judged,
        made - started, ran.received_s, ran.decided_s, ran.between_s, sequenced,
    )  # fmt: skip
    return built, opened[0] if opened else None


def _parameters(options: Options) -> Parameters:
    from safeconduct.demo import Parameters

    try:
        return Parameters(seed=options.seed, orders=options.orders, shift=options.shift)
    except (ValueError, KeyError) as problem:
        fail(str(problem), 2)


def _write_what_is_true(world: World, folder: Path, until: datetime) -> None:
    """Keeps away from the product what it is measured against: who did what, which cover and which side was right."""
    from safeconduct.demo import write_complaints, write_covers, write_truth
    from safeconduct.foundation.moments import micros

    write_truth(world, folder / "truth.jsonl")
    write_covers(world, folder / "cover.jsonl", micros(until))
    write_complaints(world.complaints, folder / "complaints.jsonl")


def _beside(work: Callable[[], None]) -> Callable[[], None]:
    """Does something in a process of its own; what is returned waits for its end, and ends with it if it failed."""
    process = get_context("fork").Process(target=work, daemon=True)
    process.start()

    def wait() -> None:
        process.join()
        if process.exitcode:
            raise SystemExit(process.exitcode)

    return wait


def _send_no_history() -> None:
    """What was told while the months went by stays in the inboxes: nobody wants last summer's mails now."""
    from safeconduct.kernel.scope import engine_scope, query

    with engine_scope():
        query("UPDATE notice_copy SET mail_state = 'unwanted' WHERE mail_state = 'waiting'")


def _prepare_database(folder: Path, begins: datetime) -> None:
    from safeconduct.cli.start import start_django

    start_django(migrate=False)
    from django.conf import settings

    from safeconduct.config.migrate import bring_up_to_date
    from safeconduct.kernel.decisions import actions, policies
    from safeconduct.kernel.decisions.models import ListKind
    from safeconduct.kernel.events import rates
    from safeconduct.kernel.ledger import actions as ledger
    from safeconduct.kernel.ledger.entries import Entry
    from safeconduct.kernel.protection import install_policies
    from safeconduct.kernel.scope import Actor, engine_scope, owner_scope, query, staff_scope
    from safeconduct.protections.returns import protection as returns
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
        ledger.post([Entry("fund_paid_in", "demo/fund", begins, "CNY", None, None, {"amount": _FUND_MINOR})])
    with staff_scope():
        for name, kind, entity, purpose, values in shipped_lists():
            actions.create_list(name, ListKind(kind), entity, purpose)
            if values:
                actions.add_to_list(name, list(values), actor)
        # Lists are known from the world's beginning on.
        query("UPDATE list_entry SET from_moment = 0")
        for text in (*shipped_policies(), *returns.shipped_policies()):
            policies.install(text, at=begins, actor=actor)
        install_policies(begins, actor)
        install(begins)
    _people(folder)


def _rates() -> list[tuple[str, Any, Any, str]]:
    from datetime import date
    from decimal import Decimal

    from safeconduct.demo.parameters import RATE_TO_USD

    # One made-up rate for a made-up marketplace; a real one imports its own.
    return [("CNY", date(2020, 1, 1), Decimal(RATE_TO_USD), "Haihang Mall, fictional")]


def _people(folder: Path) -> None:
    from allauth.account.models import EmailAddress
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    from safeconduct.kernel.parties import factors
    from safeconduct.kernel.parties.models import User
    from safeconduct.kernel.scope import staff_scope

    sign_ins = []
    with staff_scope():
        for role, email, name, staff_role, language, zone in PEOPLE:
            password = "-".join(secrets.token_hex(2) for _ in range(4))
            user = User.objects.create_user(
                email, password, name=name, staff_role=staff_role, language=language, time_zone=zone
            )
            EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
            secret = generate_totp_secret()
            with factors.of(user.id):
                TOTP.activate(user, secret)
            assert Authenticator.objects.filter(user=user).exists()
            sign_ins.append({"role": role, "email": email, "password": password, "secret": secret})
    file = folder / "sign-ins.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(sign_ins, indent=2))


def _after(now: datetime) -> None:
    """What a newcomer finds on the desk: fresh statistics for the planner, and a draft that asks to be tried."""
    from safeconduct.kernel.decisions import policies
    from safeconduct.kernel.decisions.models import PolicyVersion
    from safeconduct.kernel.parties.models import User
    from safeconduct.kernel.scope import owner_scope, query, staff_scope
    from safeconduct.protections.transactions.protection import example_draft

    with owner_scope():
        for table in _LARGE_TABLES:
            query(f"ANALYZE {table}")
    spread_the_clocks()
    with staff_scope():
        live = PolicyVersion.objects.filter(policy="order-risk", state="live").first()
        author = User.objects.filter(email=PEOPLE[0][1]).first()
        if live is not None and author is not None:
            policies.save_draft(
                author,
                "order-risk",
                example_draft(live.text),
                at=now,
                note="A draft to try: see what it would change",
            )


def _sequence() -> float:
    """Puts what is left to tell into the record, and signs it. Returns the seconds it took."""
    from safeconduct.cli.demo_replay import sequence

    started = time.perf_counter()
    while sequence():
        pass
    return time.perf_counter() - started


def _summary(console: Console, built: Built, scores: Scores) -> None:
    from safeconduct.demo.scoreboard import render, render_books, render_cases, render_cover
    from safeconduct.demo.scoreboard_accounts import render_accounts

    console.print()
    render(scores.decisions, console)
    render_cover(scores.cover, console)
    render_cases(scores.cases, console)
    render_accounts(scores.accounts, console)
    for books in scores.books:
        render_books(books, console)
    console.print(
        f"\n[dim]{built.events:,} events received in {built.seconds_to_receive:.0f} s"
        f" ({built.events / max(built.seconds_to_receive, 0.001):,.0f}/s), {built.decisions:,} acted on in"
        f" {built.seconds_to_decide:.0f} s ({built.decisions / max(built.seconds_to_decide, 0.001):,.0f}/s), what time"
        f" and people do in {built.seconds_between:.0f} s, the last of the record in {built.seconds_to_sequence:.0f} s;"
        f" {built.ruled:,} held orders ruled on by the staff, {built.disputes:,} disputes opened by buyers,"
        f" {built.judged:,} cases judged[/]"
    )
