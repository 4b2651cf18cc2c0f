"""API keys: made, shown once, revoked. Only the SHA-256 of a key is kept.

A key carries 256 random bits, so a plain hash suffices: there is nothing to guess. Every verb needs an open scope of
the engine or of staff.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime

from safeconduct.api.models import ApiKey
from safeconduct.kernel.operations.calls import Scope
from safeconduct.kernel.scope import Actor

PREFIX = "sck_"
_HINT_LETTERS = 10
_SECRET = re.compile(PREFIX + "[A-Za-z0-9_-]{43}", re.ASCII)


class KeyRefused(ValueError):
    """A key cannot be made or changed as asked; the message says what is wrong."""


def create_key(
    name: str, scopes: Iterable[str], actor: Actor, *, expires_at: datetime | None = None, at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Makes a key and returns it with its secret, which can never be shown again.

    Raises KeyRefused for an empty or long name, an unknown scope, none at all, or an expiry that has passed.
    """
    now = at or datetime.now(UTC)
    name = name.strip()
    if not 1 <= len(name) <= 120:
        raise KeyRefused("a key needs a name of 1 to 120 letters, which says who uses it")
    known = {scope.value for scope in Scope}
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in known]
    if unknown or not wanted:
        wrong = f"there is no scope {unknown[0]!r}" if unknown else "a key without scopes can do nothing"
        raise KeyRefused(f"{wrong}; there are {', '.join(sorted(known))}")
    if expires_at is not None and expires_at <= now:
        raise KeyRefused("the key would have expired before it is made; choose a later time")
    secret = PREFIX + base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
    key = ApiKey.objects.create(
        name=name, hint=secret[:_HINT_LETTERS], secret_hash=digest(secret), scopes=wanted, created_by=actor.id[:40],
        created_at=now, expires_at=expires_at,
    )  # fmt: skip
    return key, secret


def revoke_key(key_id: str, *, at: datetime | None = None) -> ApiKey:
    """Ends a key at once and for ever. Raises KeyRefused where there is none. Revoking twice changes nothing."""
    key = ApiKey.objects.select_for_update().filter(id=key_id).first()
    if key is None:
        raise KeyRefused(f"there is no key {key_id}")
    if key.revoked_at is None:
        key.revoked_at = at or datetime.now(UTC)
        key.save(update_fields=["revoked_at"])
    return key


def expire_key(key_id: str, expires_at: datetime) -> ApiKey:
    """Sets the time at which a key ends, so that it can be replaced without a gap. Raises KeyRefused."""
    key = ApiKey.objects.select_for_update().filter(id=key_id).first()
    if key is None:
        raise KeyRefused(f"there is no key {key_id}")
    key.expires_at = expires_at
    key.save(update_fields=["expires_at"])
    return key


def digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def looks_like_a_key(secret: str) -> bool:
    """Whether a text has the form of a key, so that nothing else is ever looked up."""
    return _SECRET.fullmatch(secret) is not None
