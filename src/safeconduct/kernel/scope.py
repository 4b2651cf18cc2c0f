"""Who acts, and which database login carries it.

Four logins exist (`kernel.access`): ``app`` sees the rows of one seller, ``engine`` takes in and decides, ``staff``
reads and rules, ``owner`` migrates. Code says which it is by entering a scope; each scope is one transaction:

- ``with seller_scope(seller_key):`` rows of that seller only; without one, sellers' tables show no rows at all;
- ``with engine_scope():`` intake, decisions, sweepers, the sequencer;
- ``with staff_scope():`` the console.

Outside any scope the login is ``app`` without a seller: enough to sign in, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ClassVar

import psycopg
from django.conf import settings
from django.db import InternalError, connections, transaction
from django.db.models import Model
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Loader
from psycopg.types.datetime import TimestamptzLoader

from safeconduct.foundation import compact_json, pg_arrays

APP, ENGINE, STAFF, OWNER = "default", "engine", "staff", "owner"

_alias: ContextVar[str] = ContextVar("safeconduct_login", default=APP)
_looks_only: ContextVar[bool] = ContextVar("safeconduct_looks_only", default=False)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, in which role, and why; every action takes one. ``id`` is a user, key or component."""

    id: str
    role: str
    why: str = ""


ENGINE_ACTOR = Actor("engine", "engine")
#: What a write raises inside `looking_only`: through Django's models, and through `query`.
WRITE_REFUSED = (InternalError, psycopg.errors.ReadOnlySqlTransaction)


class LoginRouter:
    """Sends every query to the login of the scope that is open; only the owner migrates."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return _alias.get()

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return _alias.get()

    def allow_relation(self, obj1: Model, obj2: Model, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == OWNER


@contextmanager
def _scope(alias: str) -> Iterator[None]:
    token = _alias.set(alias)
    try:
        with transaction.atomic(using=alias):
            if _looks_only.get():
                query("SET TRANSACTION READ ONLY")
            yield
    finally:
        _alias.reset(token)


@contextmanager
def looking_only() -> Iterator[None]:
    """Every scope that is opened inside reads and nothing else, whichever login it is; the database refuses a write
    (`WRITE_REFUSED`)."""
    token = _looks_only.set(True)
    try:
        yield
    finally:
        _looks_only.reset(token)


@contextmanager
def seller_scope(seller_key: int) -> Iterator[None]:
    """One transaction that sees the rows of the seller with this key."""
    with _scope(APP):
        with connections[APP].cursor() as cursor:
            cursor.execute("SELECT set_config('safeconduct.seller', %s, true)", [str(seller_key)])
        yield


@contextmanager
def engine_scope() -> Iterator[None]:
    """One transaction of the engine: intake, decisions, sweepers."""
    with _scope(ENGINE):
        yield


@contextmanager
def staff_scope() -> Iterator[None]:
    """One transaction of a member of staff."""
    with _scope(STAFF):
        yield


@contextmanager
def visitor_scope() -> Iterator[None]:
    """One transaction of someone who has not signed in: enough to accept an invitation, and no seller's row."""
    with _scope(APP):
        yield


@contextmanager
def owner_scope() -> Iterator[None]:
    """One transaction of the owner: migrations, key and role administration from the command line."""
    with _scope(OWNER):
        yield


def undo() -> None:
    """Lets the scope's transaction end without a trace, although nothing is raised: for an answer that is a refusal."""
    transaction.set_rollback(True, using=_alias.get())


@contextmanager
def savepoint() -> Iterator[None]:
    """A part of the scope's transaction that can fail alone: what is inside is undone, the rest goes on."""
    with transaction.atomic(using=_alias.get()):
        yield


def current_alias() -> str:
    """The alias of the login in force, for the hand-written path."""
    return _alias.get()


class _Jsonb(Loader):
    """JSON as values."""

    def load(self, data: Buffer) -> Any:
        return compact_json.loads(data)


class _Cursor(psycopg.Cursor[Any]):
    """The cursor of the hand-written path. What it makes of the database's values is found out once for each process,
    not once for each statement."""

    _shared: ClassVar[AdaptersMap | None] = None

    @property
    def adapters(self) -> AdaptersMap:
        if _Cursor._shared is None:
            shared = AdaptersMap(self.connection.adapters)  # Django's, the same for all of its connections
            shared.register_loader("jsonb", _Jsonb)  # Django leaves JSON as text for its own fields to read
            shared.register_loader("timestamptz", TimestamptzLoader)  # the compiled one; Django's is Python
            _Cursor._shared = shared
        return _Cursor._shared


def query(statement: str, parameters: Sequence[Any] = ()) -> psycopg.Cursor[Any]:
    """Runs a statement of the hand-written path in the scope's transaction, parameters bound by the server.

    Binary arrays (``%b::bigint[]``) need that: Django's own cursors would write them into the text.
    """
    return _Cursor(raw_connection()).execute(statement, pg_arrays.quick(parameters) or None)


@contextmanager
def engine_statements() -> Iterator[None]:
    """The engine without a transaction: each statement commits by itself, which saves two round trips.

    For a single read, or a write that stands alone. In an open engine scope, its transaction.
    """
    token = _alias.set(ENGINE)
    try:
        yield
    finally:
        _alias.reset(token)


def alone(statement: str, parameters: Sequence[Any] = ()) -> psycopg.Cursor[Any]:
    """One statement of the engine as a transaction of its own: one round trip. In an open engine scope, part of it."""
    with engine_statements():
        return query(statement, parameters)


def engine_is_open() -> bool:
    """Whether a transaction of the engine is open, so that what its functions call a commit is part of that one."""
    return connections[ENGINE].in_atomic_block


def apart(statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """One statement of the engine on a connection of its own: committed at once, whatever becomes of the transaction
    that is open. It costs a connection; for what is made once and must never be rolled back."""
    with psycopg.connect(settings.ADDRESSES[ENGINE], autocommit=True) as connection:
        return connection.execute(statement, parameters or None).fetchall()


def after_commit(act: Callable[[], None]) -> None:
    """Does something once the scope's transaction is committed; never where it is not. At once outside a scope."""
    transaction.on_commit(act, using=_alias.get(), robust=True)


def close_connections() -> None:
    """Gives up every connection of this thread: the next use opens a new one. For loops that outlive a database."""
    connections.close_all()


def raw_connection() -> psycopg.Connection[Any]:
    """The psycopg connection of the scope in force; what runs on it is part of the scope's transaction."""
    wrapper = connections[_alias.get()]
    wrapper.ensure_connection()
    connection: psycopg.Connection[Any] = wrapper.connection
    return connection
