"""Is this message from us? Asked with the code at its foot, by anybody."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from allauth.account.adapter import get_adapter
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from safeconduct.kernel.notices import codes
from safeconduct.kernel.notices.models import SentMail
from safeconduct.kernel.notices.rendering import reader_here
from safeconduct.kernel.parties.asking import may_ask
from safeconduct.kernel.parties.members import sellers_of
from safeconduct.kernel.parties.models import MemberRole, User
from safeconduct.kernel.scope import engine_scope, visitor_scope
from safeconduct.kernel.ui.views import fault
from safeconduct.portal.words import mail_about

#: Questions from one address; the house's own number: more than anybody has mails to doubt.
MOST: Final = 20
WITHIN: Final = timedelta(hours=1)


class CodeForm(forms.Form):
    """The code of a mail, as somebody copies it."""

    code = forms.CharField(
        label=lazy("Code of the mail"), max_length=40, help_text=lazy("Three groups of four, at the foot of the mail."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip


@never_cache
@require_http_methods(["GET", "POST"])
def message(request: HttpRequest) -> HttpResponse:
    """To a stranger: whether we sent one, when, and about what kind of matter. To its receiver, or an owner of the shop
    it was about: its subject and to whom it went, too."""
    form = CodeForm(request.POST if request.method == "POST" else None)
    shown: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        user = request.user if request.user.is_authenticated else None  # read before a scope opens, which may not
        asker = str(get_adapter(request).get_client_ip(request) or "")
        with visitor_scope():
            answered = may_ask("message", asker, now, most=MOST, within=WITHIN)
        if not answered:
            return fault(request, 429, retry_after_seconds=int(WITHIN.total_seconds()))
        with engine_scope():
            found = codes.look_up(form.cleaned_data["code"])
            shown |= {"asked": True, "found": found}
            if found is not None:
                shown |= {"about": mail_about(found.about), "more": _more(user, found, now)}
    return render(request, "portal/message.html", shown, status=422 if form.errors else 200)


def _more(user: object, found: SentMail, now: datetime) -> dict[str, Any] | None:
    """What only those learn whom it concerns; None for everybody else."""
    if not isinstance(user, User) or not (user.id == found.person_id or _owns(user, found.seller_key, now)):
        return None
    return {"to": found.to_masked, "subjects": codes.subjects_of(found, reader_here())}


def _owns(user: User, seller_key: int | None, now: datetime) -> bool:
    return seller_key is not None and any(
        m.seller_key == seller_key and m.role == MemberRole.OWNER for m in sellers_of(user, at=now)
    )
