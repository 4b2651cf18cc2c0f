"""The inbox: what was told to this person, in their language."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.member_pages import MemberRequest, done, page
from safeconduct.kernel.notices import actions, queries
from safeconduct.kernel.ui.parts import Choice, Filter, Page


@require_GET
def notices(request: MemberRequest) -> HttpResponse:
    """The list, newest first."""
    unread = request.GET.get("show") == "unread"
    found = queries.inbox(
        request.user.id, unread=unread, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    choices = [Choice("unread", _("not read"))]
    context = {
        "rows": found.items, "page": Page(found.next, found.previous, len(found.items)),
        "unread": queries.unread_count(request.user.id), "filtered": unread,
        "filters": [Filter("show", _("Notices"), choices, "unread" if unread else "")],
    }  # fmt: skip
    return page(request, "portal/notices.html", context)


@require_GET
def open_notice(request: MemberRequest, notice_id: str) -> HttpResponse:
    """One notice; opening it counts as reading it."""
    notice = queries.one(request.user.id, notice_id)
    if notice is None:
        raise Http404
    actions.mark_read(request.user.id, [notice_id], at=timezone.now())
    return page(request, "portal/notice.html", {"notice": notice})


@require_POST
def read_all(request: MemberRequest) -> HttpResponse:
    """Marks everything as read."""
    actions.mark_all_read(request.user.id, at=timezone.now())
    return done(request, _("All read."), reverse("portal:notices"))
