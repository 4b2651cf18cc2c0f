"""The second step of a sign-in: a wrong code is told to the log, where account risk counts it."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator
from django.utils import timezone


class SecondStep(AuthenticateForm):  # type: ignore[misc]
    """allauth's form, which says nothing to anybody when a code is wrong."""

    def _emit_authentication_failed(self, authenticator: Authenticator) -> None:
        super()._emit_authentication_failed(authenticator)
        get_adapter().failed(context.request, self.user, "", "second_factor", timezone.now())
