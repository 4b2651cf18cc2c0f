"""Signing in, where allauth leaves the choice to us: nobody signs up, factors are sealed, wrong passwords are counted
by device (`attempts`), and the person and their sellers are told (`security_events`)."""

from __future__ import annotations

import base64
from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from safeconduct.kernel.parties import attempts
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.security_events import Happened, Level, Origin, note_for_person
from safeconduct.kernel.scope import Actor, engine_scope, visitor_scope
from safeconduct.kernel.vault import data_keys
from safeconduct.kernel.vault.sealing import Column, seal, unseal

#: Browsers keep a cookie for 400 days at most (RFC 6265bis); each sign-in renews it.
_COOKIE_S: Final = 400 * 86_400
#: Seeds of factors. allauth seals a seed before it says whose it is, so all stand in one place.
FACTOR: Final = Column("mfa_authenticator.data", "factor")
_ROW: Final = "mfa_authenticator"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People come by invitation only; guessing from elsewhere does not lock anybody's own browser out."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Counts the try first, by device; refused tries do not look at the password."""
        address = str(credentials.get("email") or credentials.get("username") or "")
        if not address:
            return super().authenticate(request, **credentials)
        now = timezone.now()
        with visitor_scope():
            person = User.objects.filter(email=address.strip().lower()).first()
            device = "" if person is None else attempts.device_of(person, _cookie(request, person))
            attempt = attempts.begin(address, device, now)
        if attempt is None:
            raise self.validation_error("too_many_login_attempts")
        user = super().authenticate(request, **credentials)
        if user is not None:
            with visitor_scope():
                attempts.succeeded(attempt)
        elif attempt.last and person is not None:
            _tell(request, person, "password_stopped", Level.ALERT, {"known_device": bool(device)})
        return user

    def set_password(self, user: User, password: str) -> None:
        """A new password starts all counts anew."""
        super().set_password(user, password)
        with visitor_scope():
            attempts.forgive(user.email)
        _tell(self.request, user, "password_changed", Level.NOTICE, {})

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponseBase:
        """Remembers the browser, once every stage of the sign-in is passed."""
        response: HttpResponseBase = super().post_login(request, user, **kwargs)
        with visitor_scope():
            token, fresh = attempts.remember(user, _cookie(request, user), timezone.now())
        response.set_cookie(
            attempts.cookie_name(user.id), token, max_age=_COOKIE_S, httponly=True, samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )  # fmt: skip
        _tell(request, user, "signed_in", Level.NOTICE if fresh else Level.INFO, {"new_device": fresh})
        return response


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seeds of one-time passwords and recovery codes are sealed; allauth would keep them as they are."""

    def encrypt(self, text: str) -> str:
        return base64.b64encode(seal(FACTOR, _ROW, data_keys.DEPLOYMENT, text.encode())).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(FACTOR, _ROW, data_keys.DEPLOYMENT, base64.b64decode(encrypted_text)).decode()


def _cookie(request: HttpRequest, person: User) -> str:
    return request.COOKIES.get(attempts.cookie_name(person.id), "")[:100]


def _tell(request: HttpRequest | None, person: User, kind: str, level: Level, facts: dict[str, Any]) -> None:
    origin = None
    if request is not None:
        address = str(DefaultAccountAdapter(request).get_client_ip(request) or "")
        origin = Origin(address, request.headers.get("User-Agent", ""))
    with engine_scope():
        note_for_person(
            Happened(kind, level, person.id, None, facts, origin), Actor(person.id, "person"), timezone.now()
        )
