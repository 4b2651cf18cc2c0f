"""Where the database is: an address from the environment, or the embedded server under the var folder.

A process that asks for the embedded server holds its lease until it ends, so that several commands share one server
and it goes with the last of them.
"""

from __future__ import annotations

import atexit
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from safeconduct.config.environment import Environment

ROLES = ("app", "engine", "staff")
EMBEDDED_NAME = "safeconduct"
_LOOK_EVERY_S, _LOOK_AT_LEAST_EVERY_S = 1.0, 30.0


def role_name(role: str) -> str:
    """The PostgreSQL role behind a login."""
    return f"safeconduct_{role}"


def role_passwords(derived: Callable[[str], str], generation: int) -> dict[str, str]:
    """The passwords of the unprivileged logins, in the generation that the operator has chosen."""
    later = f"/{generation}" if generation > 1 else ""
    return {role: derived(f"database/{role}{later}") for role in ROLES}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Connection strings by login: owner, app, engine, staff. `embedded` where the server is ours."""

    urls: dict[str, str]
    embedded: bool


@lru_cache(maxsize=1)
def _leases() -> ExitStack:
    stack = ExitStack()
    atexit.register(stack.close)
    return stack


def embedded_folder(env: Environment) -> Path:
    """Where the embedded server of a deployment keeps what it has."""
    return env.var / "postgres"


@lru_cache(maxsize=4)
def embedded_server(folder: Path) -> Any:
    """The embedded server of a folder, leased until this process ends."""
    from safeconduct.foundation.postgres import lease

    server = _leases().enter_context(lease(folder))
    if server.ensure_database(EMBEDDED_NAME):
        _give_to_owner(server)
    return server


def keep_embedded(folder: Path, stop: threading.Event) -> None:
    """Until told to stop: starts a folder's embedded server again wherever it ended for good, or its supervisor did.

    A command leases it when it begins and goes soon; whoever serves for months asks again. Says on standard error what
    keeps it from starting, once, and goes on trying, ever less often.
    """
    from safeconduct.foundation.postgres import PostgresError

    told, pause_s = "", _LOOK_EVERY_S
    while not stop.wait(pause_s):
        try:
            if not (server := embedded_server(folder)).supervised():
                server.ensure()
            told, pause_s = "", _LOOK_EVERY_S
        except PostgresError as problem:
            pause_s = min(pause_s * 2, _LOOK_AT_LEAST_EVERY_S)
            if told != str(problem):
                told = str(problem)
                sys.stderr.write(f"error: {told}\n")


def _give_to_owner(server: Any) -> None:
    # The owner is no superuser: row-level security binds it as it would in production.
    with psycopg.connect(server.url(EMBEDDED_NAME), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role_name("owner")]).fetchone() is None:
            connection.execute(f"CREATE ROLE {role_name('owner')} LOGIN CREATEROLE NOSUPERUSER")
        connection.execute(f"ALTER DATABASE {EMBEDDED_NAME} OWNER TO {role_name('owner')}")
        connection.execute(f"ALTER SCHEMA public OWNER TO {role_name('owner')}")


def addresses(env: Environment, password_of: dict[str, str]) -> Addresses:
    """The four logins of this deployment. Starts the embedded server where no address is given."""
    if env.database_url:
        urls = {"owner": env.database_url}
        for role in ROLES:
            urls[role] = env.role_urls[role] or _as_role(env.database_url, role, password_of[role])
        return Addresses(urls, embedded=False)
    server = embedded_server(embedded_folder(env))
    urls = {"owner": server.url(EMBEDDED_NAME, user=role_name("owner"))}
    return Addresses(urls | {r: server.url(EMBEDDED_NAME, user=role_name(r)) for r in ROLES}, embedded=True)


def _as_role(url: str, role: str, password: str) -> str:
    return make_conninfo(url, user=role_name(role), password=password)


def django_database(url: str, *, pool_size: int, prepare: bool, test_name: str | None = None) -> dict[str, Any]:
    """A connection string as Django's settings want it."""
    parts = conninfo_to_dict(url)
    known = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    options: dict[str, Any] = {key: value for key, value in parts.items() if key not in known}
    options["prepare_threshold"] = 0 if prepare else None
    # The statements of the hand-written path are long and always of one shape: planning each anew costs more than
    # running it, and so does compiling it to machine code.
    options["options"] = f"{options.get('options', '')} -c plan_cache_mode=force_generic_plan -c jit=off".strip()
    if pool_size:
        # A connection that cannot be made is given up soon: the pool waits ever longer between attempts, so that after
        # an outage it would come back as late again as the outage was long. The next request tries anew.
        options["pool"] = {
            "min_size": 0, "max_size": pool_size, "timeout": 2, "max_idle": 60, "reconnect_timeout": 3
        }  # fmt: skip
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{ours: str(parts.get(theirs, "") or "") for theirs, ours in known.items()},
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        "OPTIONS": options,
    }
