"""The protections' pages inside the console: the door before every one of their addresses, their entries in the menu."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from importlib import import_module
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, include, path
from django.utils.functional import SimpleLazyObject

from safeconduct.console.access import staff_page
from safeconduct.console.shell import shell_of
from safeconduct.kernel.protection import Protection, protections
from safeconduct.kernel.staff_pages import role_of


def protection_urls() -> Iterator[URLResolver]:
    """``<name>/`` for each protection that has pages for the staff, in the namespace of its name."""
    for protection in protections():
        if protection.console_urls is not None:
            patterns = import_module(protection.console_urls).urlpatterns
            guarded = [_guarded(pattern, protection) for pattern in patterns]
            yield path(f"{protection.name}/", include((guarded, protection.name)))


def _guarded(pattern: URLPattern, protection: Protection) -> URLPattern:
    # Nested addresses would need a walk; a protection's list is flat, and anything else is a mistake of its author.
    if not isinstance(pattern, URLPattern):
        raise TypeError(f"{protection.console_urls}: addresses of a protection are a flat list of paths")
    return URLPattern(
        pattern.pattern, _behind_the_door(pattern.callback, protection.name), pattern.default_args, pattern.name
    )


def _behind_the_door(view: Callable[..., HttpResponseBase], section: str) -> Callable[..., HttpResponseBase]:
    @staff_page(role_of(view))
    @wraps(view)
    def shelled(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.shell = SimpleLazyObject(lambda: shell_of(request.user, section, request.path))
        return view(request, *args, **kwargs)

    return shelled
