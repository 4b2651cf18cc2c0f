"""What Safeconduct measures of itself, each figure against something named, in one run.

    python -m bench [--only NAME …] [--quick]

Prints a table and writes build/bench.json: {name: {value, unit, against, ratio, aim, met}}.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from bench import decide, hot_keys, rules
from bench.figures import Figure, from_hot_keys

PARTS: dict[str, Callable[[bool], list[Figure]]] = {
    "rules": rules.run,
    "decide": decide.run,
    "hot-keys": lambda quick: from_hot_keys(hot_keys.run(quick)),
}
OUT = Path(__file__).resolve().parent.parent / "build" / "bench.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=sorted(PARTS), help="only this part; may be repeated")
    parser.add_argument("--quick", action="store_true", help="smaller, to see that it runs; not to be quoted")
    asked = parser.parse_args()
    figures: list[Figure] = []
    for name, part in PARTS.items():
        if not asked.only or name in asked.only:
            sys.stderr.write(f"{name} …\n")
            figures += part(asked.quick)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({f.name: f.as_json() for f in figures}, indent=2) + "\n")
    for f in figures:
        print(f"{f.name:<44} {f.value:>12,.2f} {f.unit:<10} {f.against}")
    print(f"\nwritten to {OUT}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
