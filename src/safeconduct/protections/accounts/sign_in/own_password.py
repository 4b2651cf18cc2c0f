"""A person's own password: who has a passkey or an app shows it first, and the present password is asked for as well.

Whoever has read or guessed a password must not be able to put the owner out with it; nor may whoever sits at an open
session of somebody without one (who signs in with a passkey, or at the company's directory) leave a way in behind.
"""

from __future__ import annotations

from allauth.account.views import password_change, password_set
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from safeconduct.kernel.parties.again import asked_again
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.staff import has_second_factor


@login_required
def change_password(request: HttpRequest) -> HttpResponseBase:
    """allauth's page, behind the second step of who has one."""
    person = request.user
    assert isinstance(person, User)
    if has_second_factor(person):
        turned_away = asked_again(request, reverse("account_change_password"))
        if turned_away is not None:
            return turned_away
    answer: HttpResponseBase = password_change(request)
    return answer


@login_required
def set_password(request: HttpRequest) -> HttpResponseBase:
    """allauth's page for a first password, behind showing anew who one is."""
    answer: HttpResponseBase = asked_again(request, reverse("account_set_password")) or password_set(request)
    return answer
