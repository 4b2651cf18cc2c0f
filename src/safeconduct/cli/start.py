"""Starting Django for a command, and saying plainly what keeps it from starting."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safeconduct.cli.output import UNAVAILABLE, USAGE, fail

#: Whoever sets one of these has said where a command shall work.
_PLACES = ("SAFECONDUCT_VAR", "SAFECONDUCT_MODE", "SAFECONDUCT_DATABASE_URL", "DATABASE_URL")


def demo_folder() -> Path:
    """Where `safeconduct demo` keeps its world: database, keys, and the truth that the product never reads."""
    return (Path(os.environ.get("SAFECONDUCT_VAR") or "var") / "demo").absolute()


def use_demo_world(folder: Path) -> None:
    """Makes this command, and what it starts, work on the demo's own database and keys."""
    os.environ["SAFECONDUCT_VAR"] = str(folder)
    os.environ["SAFECONDUCT_MODE"] = "demo"
    os.environ["SAFECONDUCT_CURRENCY"] = "USD"
    # As made up as the rest of the marketplace: what half an hour of its staff costs.
    os.environ.setdefault("SAFECONDUCT_BANK_ANSWER_COST_MINOR", "1500")


def _choose_world() -> None:
    """Where nobody said where to work, and a demo world is all there is, commands look at that; a person who has just
    run `make demo` would otherwise read that an empty ledger is right. What was chosen is told on standard error.
    """
    folder = demo_folder()
    if any(os.environ.get(name) for name in _PLACES) or not (folder / "postgres").is_dir():
        return
    if (folder.parent / "postgres").exists():
        sys.stderr.write("on the database under var/; `safeconduct --demo …` looks at the demo world\n")
    else:
        use_demo_world(folder)
        sys.stderr.write("on the demo world; SAFECONDUCT_VAR=var begins a database of your own\n")


def start_django(*, migrate: bool = True) -> None:
    """Sets Django up. Brings an embedded database up to date; another one is migrated by `safeconduct migrate` only."""
    _choose_world()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safeconduct.config.settings")
    from safeconduct.config.hardening import UnsafeSettings

    try:
        import django

        django.setup()
        from django.conf import settings

        embedded: bool = settings.EMBEDDED
    except (UnsafeSettings, ValueError) as problem:
        fail(str(problem), USAGE)
    except Exception as problem:
        if type(problem).__module__.startswith(("safeconduct", "psycopg")):
            fail(str(problem), UNAVAILABLE)
        raise
    if migrate:
        _bring_up_to_date(embedded)


def _bring_up_to_date(embedded: bool) -> None:
    from safeconduct.config.migrate import bring_up_to_date, install_policies, pending

    with database_asked():
        waiting = pending()
        if waiting and embedded:
            bring_up_to_date()
            install_policies()
        elif waiting:
            fail(f"the database lacks {len(waiting)} migrations; run `safeconduct migrate` first", UNAVAILABLE)


@contextmanager
def database_asked() -> Iterator[None]:
    """Ends the command in words where the database does not answer, or refuses what is asked of it here."""
    import psycopg
    from django.db import Error, OperationalError

    try:
        yield
    except (OperationalError, psycopg.OperationalError) as problem:
        fail(f"the database does not answer: {problem}", UNAVAILABLE)
    except Error as problem:
        fail(f"the database refuses: {problem}", UNAVAILABLE)
