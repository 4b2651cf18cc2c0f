"""What the tests of the interface share: where its files are, and one fixed moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import safeconduct

PACKAGE = Path(safeconduct.__file__).parent
UI = PACKAGE / "kernel" / "ui"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
Render = Callable[..., str]
