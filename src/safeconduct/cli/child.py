"""Runs a Python module that ends with its parent: ``python -m safeconduct.cli.child PARENT PYTHON -m MODULE …``."""

from __future__ import annotations

import os
import signal
import sys

from safeconduct.foundation.processes import parent_death_signal


def main() -> None:
    parent, arguments = int(sys.argv[1]), sys.argv[2:]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parent_death_signal(signal.SIGTERM)  # survives exec
    if os.getppid() != parent:
        sys.exit(0)
    os.execv(arguments[0], arguments)  # noqa: S606  the same interpreter, our own module


if __name__ == "__main__":
    main()
