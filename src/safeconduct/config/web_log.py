"""What the server of the web processes says, without a warning of what is meant to be so (web_log.json)."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_name("web_log.json")


def not_what_is_meant() -> Any:
    """A filter that drops the warning of many threads: most of them wait, and few work at once (`config.shares`)."""

    def passes(said: logging.LogRecord) -> bool:
        return "Python threads, which seems quite high" not in said.getMessage()

    return passes
