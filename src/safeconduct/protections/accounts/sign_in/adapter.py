"""allauth's adapter, with what account risk adds: the stage that judges, the log, and notices with a way back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from safeconduct.kernel.notices import codes
from safeconduct.kernel.parties import sessions
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.security_events import Level, Noted
from safeconduct.kernel.parties.session_guard import (
    MUST_CHANGE,
    device_of_session,
    origin_of_request,
    session_of,
)
from safeconduct.kernel.parties.sign_in import AccountAdapter
from safeconduct.kernel.scope import visitor_scope
from safeconduct.protections.accounts.risk.judging import ActKind
from safeconduct.protections.accounts.sign_in import log, notices
from safeconduct.protections.accounts.sign_in.judged import FOUND, judgement_of, place_of

_STAGES = "safeconduct.protections.accounts.sign_in."
#: Kind of security event → what the log calls it.
_CHANGES = {
    "password_changed": "password", "factor_added": "factor_added", "factor_removed": "factor_removed",
    "recovered": "recovery", "contact_changed": "email",
}  # fmt: skip
#: Kind of security event → the act that it is, and what is known of it: judged although it has happened, because
#: payouts are stopped by what is decided, and later acts count it.
_JUDGED: Mapping[str, tuple[ActKind, Mapping[str, Any]]] = {
    "session_moved": (ActKind.SESSION_USE, {"network_changed": True, "browser_changed": True}),
    "session_off_device": (ActKind.SESSION_USE, {"device_proof_failed": True}),
    "factor_added": (ActKind.FACTOR_CHANGE, {}), "factor_removed": (ActKind.FACTOR_CHANGE, {}),
}  # fmt: skip


class JudgedAdapter(AccountAdapter):
    """Signing in, judged."""

    def get_login_stages(self) -> list[str]:
        ours = {"allauth.mfa.stages.AuthenticateStage": f"{_STAGES}second_step.SecondStepStage"}
        theirs = [stage for stage in super().get_login_stages() if not stage.endswith(".EmailVerificationStage")]
        return [f"{_STAGES}judged.JudgedStage", *(ours.get(stage, stage) for stage in theirs)]

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        return reverse("account_email")

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponseBase:
        response = super().post_login(request, user, **kwargs)
        found = request.session.pop(FOUND, None) or {}
        if found.get("score") is not None:
            with visitor_scope():
                sessions.scored(session_of(request), found["score"])
        if found.get("breached"):
            request.session[MUST_CHANGE] = True
            self.tell(request, user, "password_breached", Level.ALERT, {}, timezone.now())
        return response

    def facts_of_sign_in(self, request: HttpRequest) -> Mapping[str, Any]:
        found = request.session.get(FOUND) or {}
        return {name: found[name] for name in ("level", "decision") if found.get(name)}

    def failed(self, request: HttpRequest, person: User | None, address: str, what: str, at: datetime) -> None:
        log.failed(person, address, what, origin_of_request(request), at)

    def recovered(self, request: HttpRequest, person: User, by: str, at: datetime) -> None:
        """The riskiest event there is: payouts stop for seven days (`risk.acting`), and everybody is told."""
        super().recovered(request, person, by, at)
        judgement_of(person, ActKind.RECOVERY, place_of(request, person, at), at)

    def contact_changed(self, request: HttpRequest, person: User, at: datetime) -> None:
        """Judged as well, because with a payout change it is how accounts are taken over (S18)."""
        super().contact_changed(request, person, at)
        judgement_of(person, ActKind.CONTACT_CHANGE, place_of(request, person, at), at)

    def acts_elsewhere(self, request: HttpRequest, person: User, at: datetime) -> bool:
        """Judged with what is known of the new network; a refusal ends the session, and the person is told."""
        known = {
            **place_of(request, person, at),
            "network_changed": True,
            "device": device_of_session(request)[0] or None,
        }
        if not judgement_of(person, ActKind.SESSION_USE, known, at).refused:
            return True
        with visitor_scope():
            sessions.end(session_of(request), person.id, sessions.Ended.MOVED, at)
        self.tell(request, person, "session_moved", Level.ALERT, {}, at)
        return False

    def render_mail(self, *args: Any, **kwargs: Any) -> EmailMessage:
        """allauth's own mails carry a code as ours do: whoever gets one can ask whether it is from us."""
        mail: EmailMessage = super().render_mail(*args, **kwargs)
        codes.carry(mail, "account", at=timezone.now())
        return mail

    def tell_all(self, noted: Mapping[str, Noted], kind: str, level: Level, at: datetime) -> None:
        super().tell_all(noted, kind, level, at)
        notices.send_all(noted, kind, level, at)

    def tell(
        self, request: HttpRequest | None, person: User, kind: str, level: Level, facts: Mapping[str, Any], at: datetime
    ) -> list[str]:
        ids = super().tell(request, person, kind, level, facts, at)
        notices.send(person, kind, level, ids, at, origin=None if request is None else origin_of_request(request))
        if request is not None and kind in _JUDGED:
            act, known = _JUDGED[kind]
            judgement_of(person, act, {**place_of(request, person, at), **known}, at)
        if request is not None and (kind in _CHANGES or kind == "signed_in"):
            sellers, origin = log.sellers_of(person, at), origin_of_request(request)
            if kind == "signed_in":
                log.started(person, sellers, origin, {"factor": facts["factor"], "new_device": facts["new_device"]}, at)
            else:
                log.changed(person, sellers, _CHANGES[kind], origin, at)
        return ids
