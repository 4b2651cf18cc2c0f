"""The seller's home: am I safe, what must I do by when, what will I be paid and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET

from safeconduct.kernel.decisions.models import DecisionKind
from safeconduct.kernel.notices import queries as notices
from safeconduct.kernel.protection import Protection, Status, ToDo, protections
from safeconduct.kernel.ui.formats import clock
from safeconduct.kernel.ui.reader import known_zone, reader_of
from safeconduct.portal.access import MemberRequest, member_page, page
from safeconduct.portal.views.decisions import about, rows_of
from safeconduct.portal.views.money import tiles_of

#: level of a protection's status → tone and word
LEVELS: Final[dict[str, tuple[str, str | Promise]]] = {
    "good": ("good", lazy("On")), "attention": ("warn", lazy("Act")), "restricted": ("bad", lazy("Restricted")),
}  # fmt: skip
_NEVER = datetime.max.replace(tzinfo=UTC)


@require_GET
@member_page()
def home(request: MemberRequest) -> HttpResponse:
    """Everything at a glance; what has a deadline comes first."""
    found = [(p, p.status(request.seller.key)) for p in protections() if p.status is not None]
    latest = about(request.seller.key).exclude(action="allow", kind=DecisionKind.LIVE).filter(standing=True)
    context = {
        "greeting": _greeting(request), "here": _here_and_there(request),
        "tiles": tiles_of(request.seller.key, short=True),
        "to_dos": _by_deadline(found),
        "protections": [(p, status, LEVELS[status.level]) for p, status in found],
        "rows": rows_of(latest.order_by("-moment")[:5]), "currency": settings.REPORTING_CURRENCY,
        "notices": notices.latest(request.user.id, limit=5),
    }  # fmt: skip
    return page(request, "portal/home.html", "home", context)


def _by_deadline(found: Sequence[tuple[Protection, Status]]) -> list[tuple[str, ToDo]]:
    to_dos = [(str(p.title), to_do) for p, status in found for to_do in status.to_dos]
    return sorted(to_dos, key=lambda pair: pair[1].due_at or _NEVER)[:20]


def _greeting(request: MemberRequest) -> str:
    hour = timezone.localtime().hour
    name = {"name": request.user.name.split(" ")[0] or str(request.user)}
    if 5 <= hour < 12:
        return _("Good morning, %(name)s") % name
    return (_("Good afternoon, %(name)s") if 12 <= hour < 19 else _("Good evening, %(name)s")) % name


def _here_and_there(request: MemberRequest) -> str:
    """The time here, and the marketplace's where that is another: deadlines are kept in the reader's zone."""
    reader = reader_of(request)
    here = clock(reader.now, reader.zone, reader.language)
    there = known_zone(settings.TIME_ZONE)
    if there is None or str(there) == reader.zone_name:
        return here
    return _("%(here)s · at the marketplace %(there)s") % {
        "here": here, "there": clock(reader.now, there, reader.language),
    }  # fmt: skip
