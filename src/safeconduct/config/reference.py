"""The reference page of the settings: ``python -m safeconduct.config.reference > docs/configuration.md``."""

from __future__ import annotations

import sys

from safeconduct.config.setting_table import SETTINGS

_HEAD = """# Configuration

<!-- Written by `python -m safeconduct.config.reference`; do not edit. -->

Everything is set by environment variables. With `SAFECONDUCT_MODE=production` an unsafe value stops the start and is
named, with the way out; `safeconduct doctor` says beforehand what production would refuse.

| variable | default | meaning |
|---|---|---|
"""


def page() -> str:
    """The whole page."""
    rows = [f"| `{s.name}` | {f'`{s.default}`' if s.default else 'empty'} | {s.meaning} |" for s in SETTINGS]
    return _HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
