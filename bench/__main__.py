"""What Safeconduct measures of itself, each figure against something named, in one run.

    python -m bench [--only NAME …] [--quick] [--json]

Prints a table and writes build/bench.json: {name: {value, unit, against, ratio, aim, met}}.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from pathlib import Path

from bench.figures import Figure, table

#: Each part is a module with `run(quick) -> list[Figure]`, in the order of running.
PARTS = {
    "rules": "bench.rules",
    "decide": "bench.decide",
    "http": "bench.over_http",
    "hot-keys": "bench.hot_keys",
    "deadlines": "bench.deadlines",
    "backtest": "bench.backtest",
    "record": "bench.record",
    "ledger": "bench.ledger",
    "vault": "bench.vault",
}
OUT = Path(__file__).resolve().parent.parent / "build" / "bench.json"


def main() -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", action="append", choices=PARTS, metavar="NAME",
                        help=f"only this part, may be repeated: {', '.join(PARTS)}")  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="smaller, to see that it runs; not to be quoted")
    parser.add_argument("--json", action="store_true", help="print what is written to build/bench.json")
    asked = parser.parse_args()
    figures: list[Figure] = []
    for name, module in PARTS.items():
        if not asked.only or name in asked.only:
            started = time.monotonic()
            sys.stderr.write(f"{name} … ")
            sys.stderr.flush()
            figures += importlib.import_module(module).run(asked.quick)
            sys.stderr.write(f"{time.monotonic() - started:.0f} s\n")
    written = json.dumps({f.name: f.as_json() for f in figures}, indent=2, ensure_ascii=False) + "\n"
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(written, encoding="utf-8")
    sys.stdout.write(written if asked.json else f"{table(figures)}\n\nwritten to build/{OUT.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
