"""What can go wrong with the embedded PostgreSQL. Every message names the cause and the way out."""

from __future__ import annotations


class PostgresError(Exception):
    """Base of all errors of the embedded PostgreSQL; ``str()`` is meant for the person at the terminal."""


class UnsupportedPlatform(PostgresError):
    """The embedded server needs Linux: it relies on the parent-death signal and on ``/proc``."""

    def __init__(self, platform: str) -> None:
        super().__init__(
            f"The embedded PostgreSQL runs on Linux only (this is {platform}). "
            "Start a PostgreSQL 15 or newer yourself and set DATABASE_URL=postgresql://user@host/database."
        )


class BinariesMissing(PostgresError):
    """No usable PostgreSQL programs were found where they were expected."""


class FolderUnusable(PostgresError):
    """The folder cannot be used by this user: owner, permissions, or something that is not ours lies there."""


class WrongMajorVersion(PostgresError):
    """The data folder was written by another major version than the programs at hand."""


class StartFailed(PostgresError):
    """The server could not be started, or ended again and again. The message carries the last lines of its log."""


KINDS = {kind.__name__: kind for kind in (BinariesMissing, FolderUnusable, WrongMajorVersion, StartFailed)}


def told_by_supervisor(kind: str, message: str) -> PostgresError:
    """The error that another process met, as one of ours."""
    return KINDS.get(kind, StartFailed)(message)
