"""Signing in, where allauth leaves the choice to us: nobody signs up, factors are sealed, wrong passwords are counted
by device (`attempts`), each sign-in is a session that can be ended (`sessions`), and the person and their sellers are
told (`security_events`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from safeconduct.kernel.parties import attempts, directory_sessions, factors, sessions, staff_devices
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.security_events import Happened, Level, Noted, note_for_person
from safeconduct.kernel.parties.session_guard import device_of_session, origin_of_request, proved_here, session_of
from safeconduct.kernel.parties.sessions import Ended
from safeconduct.kernel.parties.staff import has_second_factor
from safeconduct.kernel.parties.weak_passwords import is_breached
from safeconduct.kernel.scope import Actor, engine_scope, staff_scope, visitor_scope

#: Browsers keep a cookie for 400 days at most (RFC 6265bis); each sign-in renews it.
_COOKIE_S: Final = 400 * 86_400
#: allauth's kind of factor → our name, the strongest first.
_FACTORS: Final = (("webauthn", "passkey"), ("sso", "sso"), ("totp", "otp"), ("recovery_codes", "recovery_code"))
#: Beginning of allauth's template → the event. Of a new password `set_password` tells.
_FACTOR_EVENTS: Final = {
    "mfa/email/webauthn_added": "factor_added",
    "mfa/email/webauthn_removed": "factor_removed",
    "mfa/email/totp_activated": "factor_added",
    "mfa/email/totp_deactivated": "factor_removed",
    "mfa/email/recovery_codes_generated": "recovery_codes_made",
}


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
        if user is not None and user.password_until is not None and user.password_until <= now:
            user = None  # what was handed over ends like a password that was never theirs
        if user is not None:
            # Here alone the password is at hand; what follows of it is judged with the sign-in.
            request.password_breached = is_breached(str(credentials.get("password", "")))  # type: ignore[attr-defined]
            with visitor_scope():
                attempts.succeeded(attempt)
            return user
        self.failed(request, person, address, "password", now)
        if attempt.last and person is not None:
            self.tell(request, person, "password_stopped", Level.ALERT, {"known_device": bool(device)}, now)
        return user

    def set_password(self, user: User, password: str) -> None:
        """A new password starts all counts anew and ends every session. Counts of the second step go on where the
        mailbox alone chose it: else whoever holds that would guess codes without end."""
        if user.password_until is not None and not user.has_usable_password():
            self.request.let_in_by_operator = True
        user.password_until = None
        super().set_password(user, password)
        now = timezone.now()
        with visitor_scope():
            attempts.forgive(user.email)
            if getattr(self.request, "user", None) == user:
                attempts.forgive(attempts.codes_of(user.id))
            sessions.end_all(user.id, Ended.CREDENTIAL_CHANGED, now)
        self.tell(self.request, user, "password_changed", Level.NOTICE, {}, now)

    def reauthenticate(self, user: User, password: str) -> bool:
        """Who has a second step confirms with it: a password alone may have been read or guessed."""
        return not has_second_factor(user) and bool(super().reauthenticate(user, password))

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Only whoever has something to confirm with: who came from the company's directory sets up a passkey first."""
        required: bool = super().is_reauthentication_required(app=app)
        return required and bool(self.get_reauthentication_methods(self.request.user))

    def get_reauthentication_methods(self, user: User) -> list[dict[str, str]]:
        """Passkeys first; the password only where there is nothing better."""
        found: list[dict[str, str]] = super().get_reauthentication_methods(user)
        if has_second_factor(user):
            found = [way for way in found if way["id"] != "reauthenticate"]
        return sorted(found, key=lambda way: way["id"] != "mfa_reauthenticate:webauthn")

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponseBase:
        """Remembers the browser and begins the session, once every stage of the sign-in is passed."""
        response: HttpResponseBase = super().post_login(request, user, **kwargs)
        now, factor = timezone.now(), factor_of(request, user)
        with visitor_scope():
            token, fresh = attempts.remember(user, _cookie(request, user), now)
            session, crowded = sessions.begin(
                user.id, request.session.session_key or "", origin_of_request(request), now,
                device=attempts.device_of(user, token), factor=factor,
                directory=directory_sessions.taken(request, user),
            )  # fmt: skip
        request.sign_in_id = session  # type: ignore[attr-defined]
        proved_here(request)
        response.set_cookie(
            attempts.cookie_name(user.id), token, max_age=_COOKIE_S, httponly=True, samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )  # fmt: skip
        if settings.SECOND_STEP != "everyone" and not has_second_factor(user):
            messages.info(
                request, _("Your account opens with a password alone. Set up a passkey or an authenticator app.")
            )
        if crowded:
            self.tell(request, user, "session_too_many", Level.NOTICE, {"ended": crowded}, now)
        level = Level.NOTICE if fresh else Level.INFO
        facts = {"new_device": fresh, "factor": factor, "session": session, **self.facts_of_sign_in(request)}
        self.tell(request, user, "signed_in", level, facts, now)
        if factor == "recovery_code":
            self.recovered(request, user, factor, now)
        return response

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """What allauth would write a mail about: a factor that changes is told as our own event, and ends the person's
        other sessions."""
        kind, now = _FACTOR_EVENTS.get(template_prefix), timezone.now()
        if template_prefix == "account/email/password_reset":
            by_operator = getattr(self.request, "let_in_by_operator", False)
            self.recovered(self.request, user, "operator" if by_operator else "mailbox", now)
        if template_prefix == "account/email/email_changed":
            self.contact_changed(self.request, user, now)
        if kind is None:
            return
        with visitor_scope():
            ended = sessions.end_all(user.id, Ended.FACTOR_CHANGED, now, but=session_of(self.request))
        self.tell(self.request, user, kind, Level.NOTICE, {"sessions_ended": ended}, now)
        if template_prefix == "mfa/email/webauthn_added":
            device, agent = device_of_session(self.request)[0], origin_of_request(self.request).browser
            with staff_scope():
                staff_devices.with_first_passkey(user, device, agent, at=now)

    def facts_of_sign_in(self, request: HttpRequest) -> Mapping[str, Any]:
        """What else is to be known about a sign-in that has just succeeded."""
        return {}

    def failed(self, request: HttpRequest, person: User | None, address: str, what: str, at: datetime) -> None:
        """A wrong `password` or `second_factor`; ``person``: None where the address has no account."""

    def recovered(self, request: HttpRequest, person: User, by: str, at: datetime) -> None:
        """Somebody got in without what the owner gets in with: by a `recovery_code`, by the `mailbox`, or let in by the
        `operator`."""
        self.tell(request, person, "recovered", Level.ALERT, {"by": by}, at)

    def contact_changed(self, request: HttpRequest, person: User, at: datetime) -> None:
        """The person has another address now; the one until then hears of it too (`notices.mail`)."""
        self.tell(request, person, "contact_changed", Level.ALERT, {"what": "email"}, at)

    def acts_elsewhere(self, request: HttpRequest, person: User, at: datetime) -> bool:
        """Somebody is about to act in another network than that in which they showed who they are; whether they may,
        once they show it again."""
        return True

    def tell(
        self, request: HttpRequest | None, person: User, kind: str, level: Level, facts: Mapping[str, Any], at: datetime
    ) -> list[str]:
        """Writes down what happened, and in which session; returns the ids of its events, one for each seller of the
        person."""
        origin = None if request is None else origin_of_request(request)
        session = "" if request is None else session_of(request)
        if session:
            facts = {"session": session, **facts}
        with engine_scope():
            return note_for_person(
                Happened(kind, level, person.id, None, facts, origin), Actor(person.id, "person"), at
            )  # fmt: skip

    def tell_all(self, noted: Mapping[str, Noted], kind: str, level: Level, at: datetime) -> None:
        """People are told what somebody else has done to their accounts, as it was noted for each. In the open scope:
        what is told stands or falls with what was done."""


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seeds of one-time passwords are sealed; allauth would keep them as they are."""

    def generate_authenticator_name(self, user: User, type: str) -> str:
        """What a key is called whose person gives it no name."""
        return _("Passkey")

    def encrypt(self, text: str) -> str:
        return factors.sealed(text)

    def decrypt(self, encrypted_text: str) -> str:
        return factors.opened(encrypted_text)


def _cookie(request: HttpRequest, person: User) -> str:
    return attempts.cookie_of(request.COOKIES, person.id)


def factor_of(request: HttpRequest, person: User) -> str:
    """The strongest factor somebody has shown in this session: `passkey`, `sso` (the company's directory vouches for
    more than a password), `otp`, `recovery_code` or `password`."""
    shown = {record.get("type") for record in get_authentication_records(request, person)}
    return next((name for kind, name in _FACTORS if kind in shown), "password")
