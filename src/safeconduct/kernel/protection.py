"""A protection's face: what the engine, the seller's home and the menus ask of each of them.

Nothing below knows a protection by name. The settings list the modules that are built (``PROTECTIONS``); each has a
``PROTECTION`` of this type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from typing import Any

from django.conf import settings
from django.utils.functional import Promise

from safeconduct.kernel.decisions.engine import Made
from safeconduct.kernel.ui.parts import MenuEntry

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ToDo:
    """Something a seller should do: what, where, until when (UTC; None where there is no deadline), what is at stake."""

    title: str
    url: str
    due_at: datetime | None = None
    amount_minor: int | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """A protection's line on a seller's home. ``level``: "good", "attention" or "restricted"; ``sentence`` says why."""

    level: str
    sentence: str
    url: str
    to_dos: tuple[ToDo, ...] = ()


@dataclass(frozen=True, slots=True)
class Protection:
    """One of the ten, as the house sees it.

    ``event_types``: canonical events it wants to act on, beside those the policies are about. ``act``: called inside
    the transaction that decides, with the batch's events (rows of the fact table, by rising moment), the decisions
    made about them, and the time to stamp with (None: each event's own). It must be safe to leave out what it does not
    know, and must read and write per batch, never per event. ``sweep``: does what is due by the given time, returns
    how much it did; called by the lanes every few seconds, each call one transaction of its own. ``status``: for the
    home of the seller in scope. ``portal_urls``/``console_urls``: modules of addresses under ``/portal/<name>/`` and
    ``/console/<name>/``; the menus' entries lead there.
    """

    name: str
    title: str | Promise
    icon: str
    event_types: frozenset[str] = frozenset()
    act: Callable[[Sequence[Row], Sequence[Made], datetime | None], None] | None = None
    sweep: Callable[[datetime], int] | None = None
    status: Callable[[int], Status] | None = None
    portal_menu: Callable[[], Sequence[MenuEntry]] | None = None
    console_menu: Callable[[], Sequence[MenuEntry]] | None = None
    portal_urls: str | None = None
    console_urls: str | None = None


@lru_cache(maxsize=1)
def protections() -> tuple[Protection, ...]:
    """The protections that are built, in the order of the seller's home."""
    return tuple(import_module(path).PROTECTION for path in settings.PROTECTIONS)
