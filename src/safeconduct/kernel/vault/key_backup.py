"""The key store in a file of its own, apart from the data: both are needed to read anything, and erasure holds only if
copies of keys end sooner than copies of data.

The file is lines of JSON: a head, a line for each row, and a last line with their number and SHA-256, so that a file
that was cut short is refused. Keys stand in it as they do in the database, wrapped: without the root nobody opens them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from safeconduct.kernel.scope import engine_scope, query
from safeconduct.kernel.vault import data_keys, regions
from safeconduct.kernel.vault.errors import VaultError
from safeconduct.kernel.vault.holder import deployment

FORM: Final = 1
_PAGE: Final = 5_000

#: Table → its columns, the key first, with the type of each. In the order in which they are restored. What is newer
#: stands last: an older backup does not have it.
_TABLES: Final = {
    "vault_region_key": {
        "version": "integer", "region": "text", "superseded_at": "timestamptz", "made_at": "timestamptz",
    },
    "vault_region_wrap": {"version": "integer", "root": "text", "sealed": "bytea"},
    "vault_key": {
        "id": "bigint", "subject": "text", "purpose": "text", "region_version": "integer", "wrapped": "bytea",
        "restricted_to": "text", "erase_at": "timestamptz",
    },
    "vault_salt": {"key": "bigint", "salt": "bytea", "restricted_to": "text", "erase_at": "timestamptz"},
    "vault_ground": {
        "id": "text", "subject": "text", "purpose": "text", "basis": "text", "until": "timestamptz", "readers": "text",
        "made_at": "timestamptz", "made_by": "text", "ended_at": "timestamptz",
    },
    "vault_receipt": {"id": "text", "at": "timestamptz", "note": "text", "shown_at": "timestamptz"},
}  # fmt: skip
#: Lists of words, which stand in the file as text with commas.
_LISTS: Final = frozenset({"restricted_to", "readers"})


def backup(path: Path, *, now: datetime) -> dict[str, int]:
    """Writes the key store to a new file that only its owner may read; rows by table. All of one moment.

    Raises VaultError where a file is there already.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise VaultError(f"{path} is there already; give each backup a name of its own") from None
    counts: dict[str, int] = {}
    digest = hashlib.sha256()
    with os.fdopen(descriptor, "w", encoding="utf-8") as file, engine_scope():
        query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for line in _lines(counts, now):
            digest.update(line.encode())
            file.write(line)
        file.write(_line({"rows": sum(counts.values()), "sha256": digest.hexdigest()}))
        file.flush()
        os.fsync(file.fileno())
    return counts


def restore(path: Path) -> dict[str, int]:
    """Puts back what is missing, in one transaction; rows by table. What is there already stays as it is.

    The caller destroys again what was erased since (`kernel.record.receipts.reapply_all`). Raises VaultError for a file
    that is not whole, or of another deployment.
    """
    _check(path)
    counts: dict[str, int] = {}
    with engine_scope():
        for table, columns in _TABLES.items():
            for page in _pages(path, table):
                counts[table] = counts.get(table, 0) + _insert(table, columns, page)
    for module in (data_keys, regions):
        module.forget()
    return counts


def _lines(counts: dict[str, int], now: datetime) -> Iterator[str]:
    yield _line({"form": FORM, "deployment": deployment(), "at": now.astimezone(UTC).isoformat()})
    for table, columns in _TABLES.items():
        counts[table] = 0
        query(f"DECLARE kept CURSOR FOR SELECT {', '.join(_read(name) for name in columns)} FROM {table}")
        while rows := query(f"FETCH {_PAGE} FROM kept").fetchall():
            counts[table] += len(rows)
            for row in rows:
                yield _line({"table": table, "row": [_written(value) for value in row]})
        query("CLOSE kept")


def _read(name: str) -> str:
    return f"array_to_string({name}, ',')" if name in _LISTS else name


def _written(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return value.isoformat() if isinstance(value, datetime) else value


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _check(path: Path) -> None:
    digest, rows, last, head = hashlib.sha256(), -1, "", ""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if last:
                digest.update(last.encode())
                rows += 1
            head, last = head or line, line
    try:
        first, end = json.loads(head), json.loads(last)
        whole = (end["rows"], end["sha256"]) == (rows, digest.hexdigest())
        form, whose = first["form"], first["deployment"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise VaultError(f"{path} is no backup of keys, or was cut short") from None
    if not whole or form != FORM:
        raise VaultError(f"{path} is not whole: it was cut short or changed; take an earlier one")
    if whose != deployment():
        raise VaultError(f"{path} is of another deployment (another root key file); its keys would open nothing here")


def _pages(path: Path, table: str) -> Iterator[list[list[Any]]]:
    page: list[list[Any]] = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            value = json.loads(line)
            if value.get("table") == table:
                page.append(value["row"])
                if len(page) == _PAGE:
                    yield page
                    page = []
    if page:
        yield page


def _insert(table: str, columns: dict[str, str], page: list[list[Any]]) -> int:
    whole = [row + [None] * (len(columns) - len(row)) for row in page]
    values = [
        [None if row[place] is None else base64.b64decode(row[place]) if kind == "bytea" else row[place]
         for row in whole]
        for place, kind in enumerate(columns.values())
    ]  # fmt: skip
    chosen = ", ".join(f"string_to_array({name}, ',')" if name in _LISTS else name for name in columns)
    arrays = ", ".join(f"%s::{kind}[]" for kind in columns.values())
    return query(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {chosen} FROM unnest({arrays})"
        f" AS g({', '.join(columns)}) ON CONFLICT DO NOTHING",
        values,
    ).rowcount
