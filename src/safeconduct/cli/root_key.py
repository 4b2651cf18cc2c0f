"""`vault root-key`: one root key takes the place of another."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from safeconduct.cli.output import FAILED, OK, Progress, emit_json, fail
from safeconduct.cli.start import start_django

if TYPE_CHECKING:
    from safeconduct.kernel.vault.key_file import RootKeys

_RESTART = "restart every process with it, one after another"


def status(*, as_json: bool) -> int:
    """How far a replacement is."""
    start_django()
    from safeconduct.kernel.vault.root_replacement import needs, standing

    found = standing(datetime.now(UTC))
    if as_json:
        emit_json({"ok": not found.trouble, **asdict(found)})
    else:
        since = "" if found.used_at is None else f" since {found.used_at:%Y-%m-%d}"
        sys.stdout.write(f"in use: {found.current}{since}\n")
        if found.next is not None:
            sys.stdout.write(f"next: {found.next}; `use` it once every process was restarted with this file\n")
        if found.earlier is not None:
            until = "" if found.links_until is None else f"; what it signed is good until {found.links_until:%Y-%m-%d}"
            sys.stdout.write(f"earlier: {found.earlier}{until}\n")
            sys.stdout.write("".join(f"  needed by {sentence}\n" for sentence in needs(found.left)))
        for sentence in found.trouble:
            sys.stderr.write(f"→ {sentence}\n")
    return FAILED if found.trouble else OK


def add(to: Path | None, *, as_json: bool) -> int:
    """Makes the next key."""
    from safeconduct.kernel.vault import root_replacement

    return _written(to, root_replacement.add, f"{_RESTART}, then `safeconduct vault root-key use`", as_json=as_json)


def use(to: Path | None, *, as_json: bool) -> int:
    """The next key takes over."""
    from safeconduct.kernel.vault import root_replacement

    after = f"{_RESTART}; what the earlier key finds moves by itself, or with `safeconduct vault root-key move`"
    return _written(to, lambda file: root_replacement.use(file, at=datetime.now(UTC)), after, as_json=as_json)


def retire(to: Path | None, *, end_links: bool, as_json: bool) -> int:
    """The earlier key goes."""
    from safeconduct.kernel.vault import root_replacement

    def work(file: Path) -> RootKeys:
        return root_replacement.retire(file, at=datetime.now(UTC), end_links=end_links)

    after = f"run `safeconduct migrate` with it (passwords of logins follow the root key), and {_RESTART}"
    return _written(to, work, after, as_json=as_json)


def bring_back(before: Path, to: Path | None, *, as_json: bool) -> int:
    """An older file's key opens and finds again."""
    from safeconduct.kernel.vault import root_replacement

    def work(file: Path) -> RootKeys:
        return root_replacement.bring_back(before, file, at=datetime.now(UTC))

    return _written(to, work, f"{_RESTART}, then `safeconduct vault root-key move` and `retire`", as_json=as_json)


def move(*, as_json: bool) -> int:
    """Moves what the earlier key finds and wraps."""
    start_django()
    from safeconduct.kernel.vault import root_replacement
    from safeconduct.kernel.vault.errors import VaultError

    told = Progress("rows", quiet=as_json)
    try:
        done = root_replacement.move(lambda column, count, total: told.of(count, total, column))
    except VaultError as problem:
        fail(str(problem))
    if as_json:
        emit_json({"moved": done})
    else:
        sys.stdout.write("".join(f"{column}: {count:,} moved\n" for column, count in done.items()))
    return OK


def _written(to: Path | None, work: Callable[[Path], RootKeys], after: str, *, as_json: bool) -> int:
    """Does a step that writes a root key file, and says what comes after it."""
    start_django()
    from django.conf import settings

    from safeconduct.kernel.vault.errors import VaultError
    from safeconduct.kernel.vault.key_file import KeyFileError

    file = to or Path(settings.ROOT_KEY_FILE)
    try:
        keys = work(file)
    except (VaultError, KeyFileError, OSError) as problem:
        fail(str(problem))
    held = {"current": keys.current, "next": keys.next, "earlier": keys.earlier}
    names = {word: key.name for word, key in held.items() if key is not None}
    if as_json:
        emit_json({"file": str(file), **names})
    else:
        sys.stdout.write(f"{file}: {', '.join(f'{word} {name}' for word, name in names.items())}\n")
        sys.stderr.write(f"keep a copy apart from the database; {after}\n")
    return OK
