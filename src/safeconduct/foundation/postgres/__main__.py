"""``python -m safeconduct.foundation.postgres FOLDER``: hold the folder's server, print its URL, leave with Ctrl-C."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path

from safeconduct.foundation.postgres.errors import PostgresError
from safeconduct.foundation.postgres.leasing import lease


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m safeconduct.foundation.postgres", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the database lies or shall lie")
    parser.add_argument("--database", default="safeconduct", help="made when it does not exist")
    chosen = parser.parse_args()
    try:
        with lease(chosen.folder) as server:
            server.ensure_database(chosen.database)
            print(server.url(chosen.database), flush=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        pass
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
