"""What an operator sets for the vault; every setting has a default."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings


def root_address() -> str:
    """Where the root is: empty for the root key file, else as `roots.root_at` reads it."""
    return str(getattr(settings, "VAULT_ROOT", ""))


def earlier_root_address() -> str | None:
    """The root that is being replaced, while that is going on."""
    chosen: str = getattr(settings, "VAULT_ROOT_BEFORE", "")
    return None if not chosen else "" if chosen == "key-file" else chosen


def credentials_file() -> Path | None:
    """What a root on another machine asks for. Read at each use, so that it can be changed without a restart."""
    chosen: str = getattr(settings, "VAULT_CREDENTIALS_FILE", "")
    return Path(chosen) if chosen else None


def region() -> str:
    """Under whose region's key new data keys are wrapped."""
    return str(getattr(settings, "VAULT_REGION", "main"))


def erasures_file() -> Path | None:
    """Where the receipt of each erasure is appended as well: on another machine's disk, or write-once storage."""
    chosen: str = getattr(settings, "VAULT_ERASURES_FILE", "")
    return Path(chosen) if chosen else None


def key_socket() -> str:
    """Where the key process answers; empty where this process holds the keys itself."""
    return str(getattr(settings, "KEY_SOCKET", ""))
