"""`keys`: the root key file, and keys of the API."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

from safeconduct.cli.output import OK, USAGE, emit_json, fail
from safeconduct.cli.start import start_django


def create_root_key() -> int:
    """Writes the root key file of the settings."""
    from safeconduct.config.environment import read
    from safeconduct.kernel.vault.keys import KeyFileError, create_key_file

    path = read().key_file
    try:
        create_key_file(path)
    except KeyFileError as problem:
        fail(str(problem))
    sys.stdout.write(
        f"{path}\nKeep a copy apart from the database: without it nothing that was sealed can be opened.\n"
    )
    return OK


def create_api_key(name: str, scopes: list[str], networks: list[str], days: int, *, as_json: bool) -> int:
    """Creates a key and prints it once."""
    start_django()
    from safeconduct.kernel.parties.keys import KeyRefused, Scope, create_key
    from safeconduct.kernel.scope import Actor, staff_scope

    known = {scope.value for scope in Scope}
    unknown = sorted(set(scopes) - known)
    if unknown:
        fail(f"unknown scope {', '.join(unknown)}; there are {', '.join(sorted(known))}", USAGE)
    now = datetime.now(UTC)
    try:
        with staff_scope():
            key, secret = create_key(
                name, scopes, Actor("command line", "owner"), at=now, expires_at=now + timedelta(days=days),
                networks=networks,
            )  # fmt: skip
    except KeyRefused as problem:
        fail(str(problem), USAGE)
    if as_json:
        emit_json({"id": key.id, "secret": secret, "scopes": scopes, "expires_at": key.expires_at.isoformat()})
    else:
        # The secret alone is the output: KEY=$(safeconduct keys api …) holds it, and nothing else.
        sys.stdout.write(f"{secret}\n")
        sys.stderr.write(f"This is the only time it is shown. It is {key.id}, and ends on {key.expires_at:%Y-%m-%d}.\n")
    return OK


def revoke_api_key(key_id: str) -> int:
    """Ends a key at once."""
    start_django()
    from safeconduct.kernel.parties.keys import KeyRefused, revoke_key
    from safeconduct.kernel.scope import Actor, staff_scope

    try:
        with staff_scope():
            key = revoke_key(key_id, Actor("command line", "owner"), at=datetime.now(UTC))
    except KeyRefused as problem:
        fail(str(problem))
    sys.stdout.write(f"{key.name} ({key.id}) does not work any more.\n")
    return OK
