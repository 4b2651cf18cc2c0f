"""The inbox: what was told to this person, in their language."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.decisions.paging import Order
from safeconduct.kernel.decisions.paging import page as page_of
from safeconduct.kernel.member_pages import MemberRequest, done, page
from safeconduct.kernel.notices import actions, queries
from safeconduct.kernel.notices.rendering import Reader, reader_of
from safeconduct.kernel.ui.parts import Choice, Filter, Page

NEWEST_FIRST: Final = Order("at", descending=True, key="notice_id")


@require_GET
def notices(request: MemberRequest) -> HttpResponse:
    """The list, newest first."""
    unread = request.GET.get("show") == "unread"
    found = page_of(
        queries.inbox(request.user.id, unread=unread), NEWEST_FIRST, after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )  # fmt: skip
    choices = [Choice("unread", _("not read"))]
    context = {
        "rows": queries.lines(found.items, reader_for_notices()),
        "page": Page(found.next, found.previous, len(found.items)),
        "unread": queries.unread_count(request.user.id), "filtered": unread,
        "filters": [Filter("show", _("Notices"), choices, "unread" if unread else "")],
    }  # fmt: skip
    return page(request, "portal/notices.html", context)


@require_GET
def open_notice(request: MemberRequest, notice_id: str) -> HttpResponse:
    """One notice; opening it counts as reading it."""
    copy = queries.notice_of(request.user.id, notice_id)
    actions.mark_read(request.user.id, [notice_id], at=timezone.now())
    notice = queries.rendered(copy, reader_for_notices())
    return page(request, "portal/notice.html", {"notice": notice, "at": copy.at, "url": copy.notice.url})


@require_POST
def read_all(request: MemberRequest) -> HttpResponse:
    """Marks everything as read."""
    actions.mark_all_read(request.user.id, at=timezone.now())
    return done(request, _("All read."), reverse("portal:notices"))


def reader_for_notices() -> Reader:
    """The page's language and zone, for what was stored as values and is written now."""
    return reader_of(get_language() or "en", timezone.get_current_timezone_name(), timezone.now())
