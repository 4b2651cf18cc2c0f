"""The second step of a sign-in: a wrong code is told to the log, where account risk counts it. Whom the company's
directory vouches for is not asked again.

Tries are counted as those of passwords are (`attempts`), for each person: whoever has the password and networks without
end does not guess the code, and the owner's own browser goes on.
"""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import get_adapter as mfa_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone

from safeconduct.kernel.parties import attempts, factors
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.security_events import Level
from safeconduct.kernel.scope import visitor_scope
from safeconduct.kernel.vault.errors import SealBroken


class _OfThePerson:
    """A seed opens for the person who is asked; one that was put into their row is as good as none."""

    user: User

    def clean_code(self) -> str:
        now, request = timezone.now(), context.request
        with visitor_scope():
            token = attempts.cookie_of(request.COOKIES, self.user.id)
            attempt = attempts.begin(
                attempts.codes_of(self.user.id), attempts.device_of(self.user, token), now
            )  # fmt: skip
        if attempt is None:
            raise get_adapter().validation_error("too_many_login_attempts")
        try:
            with factors.of(self.user.id):
                code = str(super().clean_code())  # type: ignore[misc]
        except SealBroken:
            get_adapter().tell(request, self.user, "factor_broken", Level.ALERT, {}, now)
            raise mfa_adapter().validation_error("incorrect_code") from None
        except ValidationError:
            if attempt.last:
                get_adapter().tell(
                    request, self.user, "codes_stopped", Level.ALERT, {"known_device": bool(attempt.device)}, now
                )
            raise
        with visitor_scope():
            attempts.succeeded(attempt)
        return code


class SecondStep(_OfThePerson, AuthenticateForm):  # type: ignore[misc]
    """allauth's form, which says nothing to anybody when a code is wrong."""

    def _emit_authentication_failed(self, authenticator: Authenticator) -> None:
        super()._emit_authentication_failed(authenticator)
        get_adapter().failed(context.request, self.user, "", "second_factor", timezone.now())


class OnceMore(_OfThePerson, ReauthenticateForm):  # type: ignore[misc]
    """The same, for who shows anew who they are."""


class SecondStepStage(AuthenticateStage):  # type: ignore[misc]
    """allauth's stage, but for a sign-in that the directory vouches for: what it opens is less (`console.access`)."""

    def _should_handle(self, request: HttpRequest) -> bool:
        return not vouched(request, self.login.user) and bool(super()._should_handle(request))


def vouched(request: HttpRequest, person: User) -> bool:
    """Whether the company's directory vouches, in this sign-in, for more than a password."""
    return any(record.get("type") == "sso" for record in get_authentication_records(request, person))
