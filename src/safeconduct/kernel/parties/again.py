"""Showing anew who one is, before something that a thief at an open session would do first."""

from __future__ import annotations

from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _


def asked_again(request: HttpRequest, back: str) -> HttpResponseRedirect | None:
    """The way to show anew who one is, and from there to ``back``; None for who did so in the last minutes.

    What was sent is not kept meanwhile, as allauth would: it may hold a password, or be older than what is then shown.
    """
    if not is_reauthentication_required(request, app="account"):
        return None
    messages.info(request, _("Confirm first that it is you; then do it once more."))
    return redirect_to_login(back, reverse("account_reauthenticate"))
