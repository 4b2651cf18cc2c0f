"""The page behind *this was not me*: it says what will happen, and only a second press does it. Mail programs open
links by themselves, so opening it changes nothing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from safeconduct.kernel.parties.browsers import browser_of
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.security_events import origin_of
from safeconduct.kernel.scope import engine_scope
from safeconduct.kernel.ui.reader import read_as
from safeconduct.kernel.ui.views import fault
from safeconduct.protections.accounts.sign_in import not_me as acts
from safeconduct.protections.accounts.words import sentence_of


@never_cache
@require_http_methods(["GET", "POST"])
def not_me(request: HttpRequest, token: str) -> HttpResponse:
    """GET says what happened and what would be stopped; POST stops it. Nobody needs to be signed in."""
    now = timezone.now()
    with engine_scope():
        event = acts.event_of(token, now)
        if event is None:
            return fault(
                request, 404,
                detail=_(
                    "This link works for seven days and is over, or it is not ours. Sign in and look at Security, or "
                    "ask the marketplace."
                ),
            )  # fmt: skip
        person = event.person
        assert isinstance(person, User)
        read_as(request, person.language, person.time_zone)
        done = acts.is_frozen(event)
        if request.method == "POST" and not done:
            acts.freeze(event, at=now)
            done = True
        origin = origin_of(event)
        context = {
            "event": event, "sentence": sentence_of(event), "done": done,
            "browser": "" if origin is None else str(browser_of(origin.browser)),
        }  # fmt: skip
        return render(request, "accounts/not_me/page.html", context)
