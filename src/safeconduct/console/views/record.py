"""The record: how long it is, who signed it last, who outside has seen it, and how to check it oneself."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from safeconduct.console.access import StaffRequest, page, staff_page
from safeconduct.kernel.record import configuration, keys, publishing, sequencer, store

#: A leaf waits for about a second; one that waits this long means that nobody appends.
STUCK_S = 60.0


@require_GET
@staff_page()
def record(request: StaffRequest) -> HttpResponse:
    """State of the record."""
    now = timezone.now()
    waiting, oldest_s = sequencer.waiting(now)
    seen = {place: (size, at) for place, size, at in publishing.last_seen()}
    witnesses = [(w.key.name, w.url) for w in configuration.witnesses()]
    file = configuration.checkpoint_file()
    places = [*witnesses, *([(publishing.FILE, str(file))] if file is not None else [])]
    context = {
        "head": store.head(), "keys": keys.chain(), "origin": configuration.origin(),
        "waiting": waiting, "oldest_s": oldest_s, "stuck": oldest_s > STUCK_S,
        "places": [{"name": name, "where": where, "seen": seen.get(name)} for name, where in places],
        "public": configuration.entries_are_public(),
    }  # fmt: skip
    return page(request, "console/record.html", "record", context)
