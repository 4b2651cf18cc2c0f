"""Files of the interface, served from the packages they lie in: those that pages load, and nothing else that happens to
lie beside them (sources of styles, notes, licences, maps)."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, Final

from whitenoise.middleware import WhiteNoiseMiddleware

#: Endings of what a page loads.
SERVED: Final = frozenset({".css", ".js", ".svg", ".png", ".ico", ".woff2"})


class PageFiles(WhiteNoiseMiddleware):  # type: ignore[misc]
    """The middleware. Files are found once, when a process begins."""

    def add_file_to_dictionary(self, url: str, path: str, stat_cache: Any = None) -> None:
        """Takes a file in where its ending is one that pages load."""
        if PurePosixPath(url).suffix in SERVED:
            super().add_file_to_dictionary(url, path, stat_cache)
