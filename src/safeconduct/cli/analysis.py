"""`backtest`, `replay` and `train`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safeconduct.cli.given import text_of
from safeconduct.cli.output import FAILED, OK, USAGE, emit_json, fail
from safeconduct.cli.start import start_django

if TYPE_CHECKING:
    from safeconduct.analytics.backtest import Backtest
    from safeconduct.analytics.backtest_report import Outcome
    from safeconduct.foundation.policy.nodes import Policy

_TEST_DAYS = 14.0


def backtest(file: Path, *, against: str | None, days: int | None, as_json: bool) -> int:
    """Runs a policy file over history and prints the comparison."""
    start_django()
    from safeconduct.analytics.backtest import PolicyUnreadable, run
    from safeconduct.kernel.decisions.errors import DecisionsError

    since = datetime.now(UTC) - timedelta(days=days) if days is not None else None
    # A text ends its last line: that tells it from the name of a policy.
    other = text_of(Path(against)) + "\n" if against is not None and Path(against).is_file() else against
    text = text_of(file)
    try:
        result = run(text, against=other, since=since)
    except PolicyUnreadable as problem:
        read = problem.reading
        fail(replace(read, file=str(file) if read.text == text else str(against)).render())
    except DecisionsError as problem:
        fail(str(problem))
    if as_json:
        emit_json(result.as_json())
    else:
        _print_backtest(result)
    return OK


def replay(*, as_known: bool, limit: int | None, as_json: bool) -> int:
    """Repeats stored decisions. Exit code 1 where, as known, anything differs."""
    start_django()
    from safeconduct.analytics.replay import replay as run

    report = run(as_known=as_known, limit=limit, progress=None if as_json else _progress("decisions"))
    if as_json:
        emit_json(report.as_json())
    else:
        sys.stderr.write("\n")
        for difference in report.differences:
            sys.stdout.write(f"{difference}\n")
        way = "as known" if as_known else "as happened"
        sys.stdout.write(
            f"{report.decisions:,} decisions repeated {way} in {report.seconds:.1f} s, {report.total:,} differences\n"
        )
        for note in report.notes:
            sys.stdout.write(f"note: {note}\n")
    return FAILED if as_known and report.total else OK


def train(
    name: str, *, publish: bool, out: Path | None, maturity_days: float | None, test_days: float | None, as_json: bool
) -> int:
    """Trains, judges, stores, and, if asked and better, puts in force."""
    start_django()
    import duckdb
    from django.conf import settings

    from safeconduct.analytics.export import export, needs
    from safeconduct.analytics.extra import ModelExtraMissing
    from safeconduct.analytics.model_store import known_labels, store
    from safeconduct.analytics.training import CannotTrain, latest_split
    from safeconduct.analytics.training import train as fit
    from safeconduct.kernel.events.catalogue import CATALOGUE
    from safeconduct.kernel.scope import staff_scope

    policy = _policy_of(name)
    fields = {f.name for kind in policy.event_types for f in CATALOGUE[kind].fields if f.indexed}
    exported = export(needs(policy, also=fields), progress=None if as_json else _progress("facts"))
    first, last = _span(exported.path)
    try:
        split = latest_split(
            since=first,
            now=last,
            maturity_days=maturity_days if maturity_days is not None else settings.LABEL_MATURITY_DAYS,
            test_days=test_days if test_days is not None else _TEST_DAYS,
        )
        with staff_scope():
            labels = known_labels()
        with duckdb.connect() as connection:
            facts = connection.read_parquet(str(exported.path))
            model = fit(policy, facts, labels, catalogue=CATALOGUE, split=split, name=name)
        with staff_scope():
            version = store(model)
            published = publish and _put_in_force(version.id, name)
    except (CannotTrain, ModelExtraMissing) as problem:
        fail(str(problem))
    files = model.write(out) if out is not None else []
    if as_json:
        emit_json({"id": version.id, "number": version.number, "published": published, "report": model.report})
    else:
        from safeconduct.analytics.model_report import as_text

        sys.stdout.write(as_text(model.report))
        refused = "stored, and not in force: its test period does not show that it is as good as the one before, if any"
        state = "in force" if published else refused if publish else "stored; --publish puts it in force"
        sys.stdout.write(f"{name} version {version.number}, {state}\n")
        for path in files:
            sys.stdout.write(f"  {path}\n")
    return OK


def _policy_of(model: str) -> Policy:
    """The policy in force that asks for this model."""
    from safeconduct.kernel.decisions.running import running
    from safeconduct.kernel.scope import staff_scope

    with staff_scope():
        for version in running():
            if any(score.model == model for score in version.policy.scores.values()):
                return version.policy
    return fail(f"no policy in force has a score with `model: {model}`; publish one first", USAGE)


def _put_in_force(version_id: str, name: str) -> bool:
    """Serves the model if its average precision is at least that of the one in force, each on its own test period. One
    whose test period held no fraud has none: nobody knows how good it is, and it is not served.
    """
    from safeconduct.kernel.decisions import scoring
    from safeconduct.kernel.decisions.models import ModelVersion

    new = ModelVersion.objects.get(id=version_id)
    old = ModelVersion.objects.select_for_update().filter(name=name, state="live").first()
    reached = new.report["model"]["average_precision"]
    if reached is None:
        return False
    if old is not None:
        before = old.report["model"]["average_precision"]
        if before is not None and reached < before:
            return False
        old.state = "retired"
        old.save()
    new.state = "live"
    new.save()
    scoring.forget()
    return True


def _span(parquet: Path) -> tuple[int, int]:
    import duckdb

    row = duckdb.execute("SELECT min(moment), max(moment) FROM read_parquet(?)", [str(parquet)]).fetchone()
    if row is None or row[0] is None:
        fail("there are no events yet; import history first: `safeconduct events import`")
    return int(row[0]), int(row[1])


def _progress(what: str) -> Callable[..., None] | None:
    if not sys.stderr.isatty():
        return None

    def show(*numbers: Any) -> None:
        sys.stderr.write("\r" + " of ".join(f"{n:,}" for n in numbers) + f" {what} …")

    return show


def _print_backtest(result: Backtest) -> None:
    from rich.console import Console
    from rich.table import Table

    from safeconduct.foundation.money import Money

    console = Console(highlight=False)
    facts = "kept" if result.export_reused else f"read in {result.export_seconds:.1f} s"
    console.print(
        f"[bold]{result.policy}[/] over {result.events:,} events of {result.days} days"
        f" in {result.query_seconds:.1f} s (facts {facts})"
    )
    table = Table()
    table.add_column("")
    outcomes = [("live", result.live)] if result.live is not None else []
    outcomes.append(("draft", result.draft))
    for label, _ in outcomes:
        table.add_column(label, justify="right")
    for title, show in _LINES:
        table.add_row(title, *(show(o, result.currency) for _, o in outcomes))
    console.print(table)
    if result.live is not None:
        console.print(f"{result.changed:,} events would be decided otherwise")
        for change in result.changes[:10]:
            amount = Money(change.amount_minor, result.currency).format()
            console.print(f"  {change.before} → [bold]{change.after}[/]  {amount}  {change.label or ''}")
    for note in result.notes:
        console.print(f"[dim]note: {note}[/]")


def _share(outcome: Outcome, action: str) -> str:
    part = outcome.actions.get(action)
    return "0" if part is None or part.share is None else f"{part.share:.2%}"


def _of(share: Any) -> str:
    return "–" if share.share is None else f"{share.share:.2%}"


_LINES: tuple[tuple[str, Callable[[Outcome, str], str]], ...] = (
    ("blocked", lambda o, _: _share(o, "block")),
    ("held for review", lambda o, _: _share(o, "review")),
    ("challenged", lambda o, _: _share(o, "challenge")),
    ("frauds caught (mature)", lambda o, _: _of(o.fraud_caught)),
    ("good orders stopped (mature)", lambda o, _: _of(o.good_stopped)),
)
