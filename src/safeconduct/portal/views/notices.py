"""The inbox: what was told to this person, in their language."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.notices import actions, queries
from safeconduct.kernel.ui.parts import Page
from safeconduct.portal.access import MemberRequest, done, member_page, page


@require_GET
@member_page()
def notices(request: MemberRequest) -> HttpResponse:
    """The list, newest first."""
    found = queries.inbox(request.user.id, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    context = {
        "rows": found.items, "page": Page(found.next, found.previous, len(found.items)),
        "unread": queries.unread_count(request.user.id),
    }  # fmt: skip
    return page(request, "portal/notices.html", "notices", context)


@require_GET
@member_page()
def open_notice(request: MemberRequest, notice_id: str) -> HttpResponse:
    """One notice; opening it counts as reading it."""
    notice = queries.one(request.user.id, notice_id)
    if notice is None:
        raise Http404(_("This notice is not yours, or does not exist."))
    actions.mark_read(request.user.id, [notice_id], at=timezone.now())
    context = {"notice": notice, "paragraphs": notice.paragraphs}
    return page(request, "portal/notice.html", "notices", context)


@require_POST
@member_page()
def read_all(request: MemberRequest) -> HttpResponse:
    """Marks everything as read."""
    actions.mark_all_read(request.user.id, at=timezone.now())
    return done(request, _("All read."), reverse("portal:notices"))
