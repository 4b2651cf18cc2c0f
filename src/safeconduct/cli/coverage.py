"""`coverage check` and `coverage simulate`."""

from __future__ import annotations

import gc
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from safeconduct.cli.given import NotRead, read, text_of
from safeconduct.cli.output import FAILED, OK, emit_json, fail
from safeconduct.cli.start import start_django

if TYPE_CHECKING:
    from safeconduct.protections.transactions.simulation import Simulation, Tally


def check(files: list[Path], *, as_json: bool) -> int:
    """Checks files without a database."""
    from safeconduct.protections.transactions.coverage.reading import TemplateError, read_template

    results = []
    for file in files:
        try:
            template = read_template(read(file), str(file))
        except NotRead as unread:
            sys.stderr.write(f"{unread}\n")
            results.append({"file": str(file), "ok": False, "findings": []})
            continue
        except TemplateError as problem:
            results.append({"file": str(file), "ok": False, "findings": [d.as_json(str(file)) for d in problem.found]})
            if not as_json:
                sys.stdout.write(f"{problem}\n")
            continue
        results.append({"file": str(file), "ok": True, "findings": []})
        if not as_json:
            sys.stdout.write(
                f"{file}: {template.name}: {len(template.covered)} causes, {len(template.conditions)} conditions,"
                f" from {template.valid_from}, no errors\n"
            )
    if as_json:
        emit_json(results)
    return OK if all(result["ok"] for result in results) else FAILED


def simulate(file: Path, *, since: datetime | None, until: datetime | None, as_json: bool) -> int:
    """Evaluates past orders with a template and prints what changes. Days are UTC."""
    from safeconduct.protections.transactions.coverage.reading import TemplateError, read_template

    try:
        template = read_template(text_of(file), str(file))
    except TemplateError as problem:
        fail(str(problem))
    start_django()
    from safeconduct.kernel.scope import staff_scope
    from safeconduct.protections.transactions.simulation import simulate as run

    # What is loaded by now stays; looking through it again and again for garbage takes a fifth of the time.
    gc.freeze()
    with staff_scope():
        result = run(
            template, now=datetime.now(UTC), since=_utc(since), until=_utc(until),
            progress=_show if sys.stderr.isatty() and not as_json else None,
        )  # fmt: skip
    if as_json:
        emit_json(result.as_json())
    else:
        _print(result)
    return OK


def _utc(day: datetime | None) -> datetime | None:
    return None if day is None else day.replace(tzinfo=UTC)


def _show(done: int, total: int) -> None:
    sys.stderr.write(f"\r{done:,} of {total:,} orders …")


def _print(result: Simulation) -> None:
    from rich.console import Console
    from rich.table import Table

    from safeconduct.foundation.money import Money
    from safeconduct.protections.transactions.coverage.words import Cause, State

    def money(minor: int) -> str:
        return Money(minor, result.currency).format()

    console = Console(highlight=False)
    console.print(f"[bold]{result.template}[/] over {result.orders:,} orders in {result.seconds:.1f} s")
    table = Table("", "present", "this template")
    for column in table.columns[1:]:
        column.justify = "right"
    sides: tuple[Tally, Tally] = (result.before, result.after)
    for cause in Cause:
        table.add_section()
        table.add_row(f"[bold]{cause.value.replace('_', ' ')}[/]")
        covered = (State.ACTIVE, State.PROTECTED, State.QUOTED, State.CLAIMED, State.PAID)
        table.add_row("  covered", *(f"{side.orders(cause, *covered):,}" for side in sides))
        table.add_row("  lost the cover", *(f"{side.orders(cause, State.VOID):,}" for side in sides))
        table.add_row("  claims denied", *(f"{side.orders(cause, State.DENIED):,}" for side in sides))
        table.add_row("  claims covered", *(f"{side.orders(cause, State.PAID):,}" for side in sides))
        table.add_row("  at most", *(money(side.paid_minor[cause]) for side in sides))
    table.add_section()
    table.add_row("[bold]claims covered[/]", *(f"{side.claims_paid:,}" for side in sides))
    table.add_row("[bold]at most[/]", *(money(side.money_minor) for side in sides))
    console.print(table)
    more, claims = "more" if result.more_minor >= 0 else "less", result.after.claims_paid
    console.print(
        f"would have paid {claims:,} claim{'' if claims == 1 else 's'} (now {result.before.claims_paid:,}),"
        f" {money(abs(result.more_minor))} {more}; orders that would stand otherwise: {result.changed:,}"
    )
