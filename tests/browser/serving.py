"""The product's own application, for one server of all stories: a server of its own takes longer than the story.

Asked at `remembered.FORGET`, it forgets what it remembers of the rows of the story before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from safeconduct.config.wsgi import application as product
from tests import remembered


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """See `wsgiref`."""
    if environ["PATH_INFO"] != remembered.FORGET:
        return product(environ, start_response)
    remembered.forget()
    start_response("204 No Content", [])
    return []
