"""The front door: everybody comes in here, and is led to where they work."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from safeconduct.kernel.faces import site_of
from safeconduct.kernel.parties.models import User


@never_cache
@require_GET
def front_door(request: HttpRequest) -> HttpResponse:
    """Staff to the console, sellers to the portal, who is not signed in to the sign-in."""
    user = request.user
    if not user.is_authenticated:
        return HttpResponseRedirect(reverse("account_login"))
    assert isinstance(user, User)
    home = reverse("console:queue" if user.is_staff else "portal:home")
    return HttpResponseRedirect(site_of(home) + home)
