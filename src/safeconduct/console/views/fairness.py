"""How fairly cases are decided, which clocks the platform has missed, and what the blind second review says."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from safeconduct.console.access import StaffRequest, page, staff_page
from safeconduct.console.views.judging import url_of
from safeconduct.kernel.cases import blind, fairness, publishing, queries
from safeconduct.kernel.cases.kinds import kinds
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.ui.parts import Page


@require_GET
@staff_page()
def report(request: StaffRequest) -> HttpResponse:
    """The report of a time, the last 90 days by default; `format=json` gives the part that can be published."""
    now = timezone.now()
    until = _day(request.GET.get("until", ""), now, end=True)
    since = min(_day(request.GET.get("since", ""), until - fairness.USUAL), until)
    found = fairness.report(since, until)
    if request.GET.get("format") == "json":
        response = JsonResponse(fairness.document(found, public=True), json_dumps_params={"indent": 1})
        response["Content-Disposition"] = 'attachment; filename="fairness.json"'
        return response
    titles = _titles(now)
    context = {
        "report": found, "since": since.date(), "until": (until - timedelta(microseconds=1)).date(),
        "times": [(titles.get(one.kind, one.kind), one) for one in found.times],
        "parts": list(zip(_parts(), found.blind, strict=True)),
        "platform": [(titles.get(one.kind, one.kind), one) for one in found.platform],
        "waiting": [(one, titles.get(one.case.kind, "")) for one in blind.waiting()],
        "disagreements": [(one, titles.get(one.case.kind, "")) for one in blind.disagreements()],
        "small": fairness.SMALL,
    }  # fmt: skip
    return page(request, "console/fairness.html", "fairness", context)


@require_GET
@staff_page()
def misses(request: StaffRequest) -> HttpResponse:
    """Every clock that the platform has missed, the latest first, and where the backstop has acted."""
    found = queries.missed_by_platform(after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    titles = _titles(timezone.now())
    context = {
        "rows": [
            {"clock": one, "kind": titles.get(one.case.kind, one.case.kind), "url": url_of(one.case)}
            for one in found.items
        ],
        "page": Page(found.next, found.previous, len(found.items)),
    }  # fmt: skip
    return page(request, "console/misses.html", "fairness", context)


def _titles(at: datetime) -> dict[str, str]:
    """Kind → what it is called."""
    language = get_language() or "en"
    return {name: spoken(flow.title, language) for name, (_key, flow) in publishing.in_force(kinds(), at).items()}


def _parts() -> tuple[str, ...]:
    return _("All three parts"), _("What the buyer gets"), _("Who pays"), _("Whether it counts")


def _day(text: str, otherwise: datetime, *, end: bool = False) -> datetime:
    """The first moment of a day (UTC), or the one after its last; what is none counts as not given."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return otherwise
    start = datetime.combine(day, time.min, UTC)
    return start + timedelta(days=1) if end and day < date.max else start
