"""An embedded PostgreSQL: the real server, started for the first command that needs it, gone with the last.

    from safeconduct.foundation.postgres import lease

    with lease(Path("var/postgres")) as server:
        server.ensure_database("safeconduct")
        psycopg.connect(server.url("safeconduct"))

Why it is safe to ask for no password: there is no TCP listener, the socket (0700) lies in a directory (0700) of the
user that postgres runs as, so that only this user and root can connect. Both could read the data files anyway; a
password stored next to them would protect nothing. The login roles made by migrations still separate what each part
of the application may see. Give the database its own machine and DATABASE_URL when that is not enough.
"""

from __future__ import annotations

import sys

from safeconduct.foundation.postgres.errors import (
    BinariesMissing,
    FolderUnusable,
    PostgresError,
    StartFailed,
    UnsupportedPlatform,
    WrongMajorVersion,
)

if sys.platform == "win32":  # what follows needs fcntl and pwd, which Windows lacks
    raise UnsupportedPlatform(sys.platform)

from safeconduct.foundation.postgres.binaries import find_system_binaries, find_wheel_binaries
from safeconduct.foundation.postgres.leasing import Server, Status, lease, status

__all__ = [
    "BinariesMissing",
    "FolderUnusable",
    "PostgresError",
    "Server",
    "StartFailed",
    "Status",
    "UnsupportedPlatform",
    "WrongMajorVersion",
    "find_system_binaries",
    "find_wheel_binaries",
    "lease",
    "status",
]
