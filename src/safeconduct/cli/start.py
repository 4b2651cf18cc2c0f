"""Starting Django for a command, and saying plainly what keeps it from starting."""

from __future__ import annotations

import os

from safeconduct.cli.output import UNAVAILABLE, USAGE, fail


def start_django(*, migrate: bool = True) -> None:
    """Sets Django up. Brings an embedded database up to date; another one is migrated by `safeconduct migrate` only."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safeconduct.config.settings")
    from safeconduct.config.environment import UnsafeSettings

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
    import psycopg
    from django.db import Error, OperationalError

    from safeconduct.config.migrate import bring_up_to_date, install_policies, pending

    try:
        waiting = pending()
        if waiting and embedded:
            bring_up_to_date()
            install_policies()
        elif waiting:
            fail(f"the database lacks {len(waiting)} migrations; run `safeconduct migrate` first", UNAVAILABLE)
    except (OperationalError, psycopg.OperationalError) as problem:
        fail(f"the database does not answer: {problem}", UNAVAILABLE)
    except Error as problem:
        fail(f"the database refuses: {problem}", UNAVAILABLE)
