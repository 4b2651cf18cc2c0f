"""Secrets that the operator brings, each from a file: ``NAME_FILE`` beside every setting ``NAME`` that may hold one.

A file is what a secrets manager writes (the agent of OpenBao or Vault, Kubernetes, systemd's credentials), controls the
access to, replaces and destroys. An environment is inherited by every child, shown by the process list of some systems,
and copied into reports of crashes, which is why production wants files.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

#: Settings that hold a secret, or may: addresses do where a password stands in them.
DATABASES: Final = (
    "SAFECONDUCT_DATABASE_URL",
    "SAFECONDUCT_APP_DATABASE_URL",
    "SAFECONDUCT_ENGINE_DATABASE_URL",
    "SAFECONDUCT_STAFF_DATABASE_URL",
)
NAMES: Final = (*DATABASES, "SAFECONDUCT_EMAIL_URL", "SAFECONDUCT_CONNECTOR_SECRETS", "SAFECONDUCT_STRIPE_API_KEY")
SUFFIX: Final = "_FILE"
#: Secrets that have no setting of their own beside their file.
_ALONE: Final = ("SAFECONDUCT_KEY_FILE", "SAFECONDUCT_VAULT_CREDENTIALS_FILE", "SAFECONDUCT_OIDC_CLIENT_SECRET_FILE")
#: More is no secret, but a file that was named by mistake.
_LARGEST: Final = 64 * 1024


def with_files(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with what files say put in its place. Raises ValueError where a file cannot be read, is empty, or
    the setting is given twice."""
    found = dict(environ)
    for name in NAMES:
        path = environ.get(name + SUFFIX, "").strip()
        if not path:
            continue
        if environ.get(name, "").strip():
            raise ValueError(f"{name} and {name}{SUFFIX} are both set: keep the file")
        found[name] = _read(name + SUFFIX, Path(path))
    return found


def readable_by_others(environ: Mapping[str, str]) -> list[str]:
    """Settings whose file other users of the machine can read."""
    paths = {name + SUFFIX: environ.get(name + SUFFIX, "").strip() for name in NAMES}
    return [name for name, path in paths.items() if path and Path(path).stat().st_mode & 0o077]


def days_unchanged(environ: Mapping[str, str], at: datetime) -> dict[str, int]:
    """Setting → for how many days its file is as it is; files that cannot be looked at are left out.

    Who mounts secrets anew at each start (Kubernetes does) shows the day of that.
    """
    found = {}
    for name in (*(name + SUFFIX for name in NAMES), *_ALONE):
        if path := environ.get(name, "").strip():
            with suppress(OSError):
                found[name] = int((at.timestamp() - Path(path).stat().st_mtime) // 86_400)
    return found


def in_the_environment(environ: Mapping[str, str]) -> list[str]:
    """Settings that hold a secret themselves."""
    return [name for name in NAMES if _holds_one(name, environ.get(name, "").strip())]


def _holds_one(name: str, value: str) -> bool:
    if not value or name not in (*DATABASES, "SAFECONDUCT_EMAIL_URL"):
        return bool(value)
    if name == "SAFECONDUCT_EMAIL_URL":
        return urlsplit(value).password is not None
    try:
        return "password" in conninfo_to_dict(value)
    except ProgrammingError:
        return True


def _read(name: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        text = data.decode().strip()
    except OSError as problem:
        raise ValueError(f"{name}: cannot read {path}: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{name}: {path} is not text") from None
    if not text or len(data) > _LARGEST:
        raise ValueError(f"{name}: {path} is {'empty' if not text else 'too large for a secret'}")
    return text
