"""How fairly cases are decided here, for everyone to read: without an account, and without small cells."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from safeconduct.kernel.cases import fairness as figures
from safeconduct.kernel.cases.fairness import Report, published
from safeconduct.kernel.cases.kinds import kinds
from safeconduct.kernel.cases.publishing import in_force
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.scope import engine_scope


@require_GET
def fairness(request: HttpRequest) -> HttpResponse:
    """The figures of the last 90 full days (UTC), read once a day in each process, however often it is asked."""
    now = timezone.now()
    day, language = now.astimezone(UTC).date(), get_language() or "en"
    with engine_scope():
        found, flows = of_day(day), in_force(kinds(), now)
    names = {kind: spoken(flow.title, language) for kind, (_key, flow) in flows.items()}
    context = {
        "report": found, "since": found.since.date(), "until": day - timedelta(days=1), "small": figures.SMALL,
        "times": [(names.get(one.kind, one.kind), one) for one in found.times if one.median is not None],
        "by_country": published(found.by_country), "by_language": published(found.by_language),
        "zones": published(found.zones), "platform": [(names.get(m.kind, m.kind), m) for m in found.platform],
    }  # fmt: skip
    return render(request, "portal/fairness.html", context)


@lru_cache(maxsize=2)
def of_day(day: date) -> Report:
    """The report that ends when a day begins. In an engine scope."""
    until = datetime.combine(day, time.min, UTC)
    return figures.report(until - figures.USUAL, until)
