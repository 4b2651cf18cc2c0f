"""The seller's home: am I safe, what must I do by when, what will I be paid and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from safeconduct.kernel.decisions.queries import NEWEST_FIRST
from safeconduct.kernel.member_pages import MemberRequest, page
from safeconduct.kernel.notices import queries as notices
from safeconduct.kernel.paging import page as page_of
from safeconduct.kernel.protection import Protection, Status, ToDo, protections
from safeconduct.kernel.ui.formats import clock
from safeconduct.kernel.ui.formats import money as written
from safeconduct.kernel.ui.reader import known_zone, reader_of
from safeconduct.portal.views.decisions import about, not_simply_allowed, rows_of
from safeconduct.portal.views.money import Tile, home_tiles
from safeconduct.portal.views.refunds import overdue_to_do
from safeconduct.portal.words import LEVELS

#: What fits on one screen; the rest is a click away.
_MOST_TO_DOS: Final = 5
_MOST_DECISIONS: Final = 2
_MOST_NOTICES: Final = 3
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@require_GET
def home(request: MemberRequest) -> HttpResponse:
    """Everything at a glance; what has a deadline comes first."""
    found = [(p, p.status(request.seller.key)) for p in protections() if p.status is not None]
    to_dos = _by_deadline(found)
    latest = not_simply_allowed(about(request.seller.key)).filter(standing=True)
    context = {
        "greeting": _greeting(request), "here": _here_and_there(request), "shield": _shield(found),
        "tiles": [*home_tiles(request), *_figures(request, found)], "to_dos": to_dos[:_MOST_TO_DOS],
        "more": len(to_dos) > _MOST_TO_DOS, "protections": [(p, status, LEVELS[status.level]) for p, status in found],
        "rows": rows_of(page_of(latest, NEWEST_FIRST, size=_MOST_DECISIONS).items),
        "currency": settings.REPORTING_CURRENCY, "notices": notices.latest(request.user.id, limit=_MOST_NOTICES),
    }  # fmt: skip
    return page(request, "portal/home.html", context)


def _shield(found: Sequence[tuple[Protection, Status]]) -> dict[str, object]:
    """The shop's state is that of the protection that is worst off, in its own words."""
    order = list(LEVELS)
    worst = max(found, key=lambda pair: order.index(pair[1].level), default=None)
    level, sentence, url = ("good", "", "") if worst is None else (worst[1].level, worst[1].sentence, worst[1].url)
    tone, _word, shield = LEVELS[level]
    return {"tone": tone, "word": shield, "sentence": sentence, "url": url}


def _figures(request: MemberRequest, found: Sequence[tuple[Protection, Status]]) -> list[Tile]:
    language = reader_of(request).language
    return [
        Tile(f.label, written(f.amount_minor, f.currency, language), f.note, f.tone, f.url)
        for _protection, status in found
        for f in status.figures
    ]


def _by_deadline(found: Sequence[tuple[Protection, Status]]) -> list[tuple[str, ToDo]]:
    to_dos = [(str(p.title), to_do) for p, status in found for to_do in status.to_dos]
    to_dos += [(_("Money"), late) for late in overdue_to_do()]
    return sorted(to_dos, key=lambda pair: pair[1].due_at or _NEVER)


def _greeting(request: MemberRequest) -> str:
    hour = timezone.localtime().hour
    name = {"name": request.user.name.split(" ")[0] or str(request.user)}
    if 5 <= hour < 12:
        return _("Good morning, %(name)s") % name
    return (_("Good afternoon, %(name)s") if 12 <= hour < 19 else _("Good evening, %(name)s")) % name


def _here_and_there(request: MemberRequest) -> str:
    """The time here, and the marketplace's where that is another: deadlines are shown in the reader's zone."""
    reader = reader_of(request)
    here = clock(reader.now, reader.zone, reader.language)
    there = known_zone(settings.TIME_ZONE)
    if there is None or str(there) == reader.zone_name:
        return here
    return _("%(here)s · at the marketplace %(there)s") % {
        "here": here, "there": clock(reader.now, there, reader.language),
    }  # fmt: skip
