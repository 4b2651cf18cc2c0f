"""A sign-in is judged as a stage of its own, after the password or passkey and before the second step.

What follows: nothing; or a second step, which everybody who has one is asked for anyway, so that a person without one
is let in only with a browser they have used before; or a refusal, in the same neutral words. The owner's own browser is
never refused: there a refusal becomes a second step. Where the engine cannot answer, its policy's written answer stands
(a second step), and a person who has none is let in and told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from allauth.account.adapter import get_adapter
from allauth.account.stages import LoginStage
from allauth.mfa.webauthn.internal.flows import did_use_passwordless_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from safeconduct.kernel.parties import attempts, whereabouts
from safeconduct.kernel.parties.addresses import facts_of
from safeconduct.kernel.parties.models import SignInSession, User
from safeconduct.kernel.parties.security_events import Level as Loudness
from safeconduct.kernel.parties.session_guard import origin_of_request
from safeconduct.kernel.parties.staff import has_second_factor
from safeconduct.kernel.parties.traits import each_traits_of, is_full
from safeconduct.kernel.scope import visitor_scope
from safeconduct.protections.accounts.risk.judging import Act, ActKind, Judgement, judge
from safeconduct.protections.accounts.risk.signals import Level
from safeconduct.protections.accounts.sign_in import history, log
from safeconduct.protections.accounts.sign_in.second_step import vouched

#: What the stage found, kept in the session until the sign-in is complete.
FOUND: Final = "sign_in_judged"
_RECOVERED: Final = {"recovered_lately"}


@dataclass(frozen=True, slots=True)
class Found:
    """What is known about a sign-in that is to be judged. ``score``: how unusual it is, as it is kept for comparison;
    None for a person's first, and where it is of another kind than its traits (`history`)."""

    device: str
    score: float | None
    known: dict[str, Any]


def look(request: HttpRequest, person: User, at: datetime) -> Found:
    """What is known about a sign-in: its browser, its place, how unusual both are, how long the person was away,
    whether the password is known to thieves. What nothing here knows is left out, and is then unknown."""
    origin = origin_of_request(request)
    with visitor_scope():
        token = attempts.cookie_of(request.COOKIES, person.id)
        device = attempts.device_of(person, token)
        traits = each_traits_of(origin.address, origin.browser, facts_of([origin.address])[0])
        score = history.score_of(person.id, *traits)
        band = history.band_of(score, at)
        place = whereabouts.known_of(person.id, origin.address, at)
        last = SignInSession.objects.filter(person=person).order_by("-started_at").values_list("started_at", flat=True)
        before = last.first()
    known = {
        "new_device": not device, "device": device or None, "ip": origin.address or None, "score_band": band,
        "factor": _factor(request, person),
        "dormant_days": None if before is None else (at - before).days, **place,
        "password_breached": getattr(request, "password_breached", None),
    }  # fmt: skip
    kept = score.value if score is not None and score.full == is_full(traits[0]) else None
    return Found(device, kept, known)


def place_of(request: HttpRequest, person: User, at: datetime) -> dict[str, Any]:
    """What is known of where an act in a session comes from."""
    address = origin_of_request(request).address
    with visitor_scope():
        return whereabouts.asked_from(person.id, address, at)


def _factor(request: HttpRequest, person: User) -> str:
    if did_use_passwordless_login(request, person):
        return "passkey"
    return "sso" if vouched(request, person) else "password"


def judgement_of(person: User, kind: ActKind, known: dict[str, Any], at: datetime) -> Judgement:
    """The strictest answer over the sellers of a person whose money they could move; staff are judged by themselves.

    One decision for each seller, because payouts are stopped seller by seller.
    """
    sellers = log.sellers_of(person, at)
    acts = [Act(kind, person.id, at, one.ref, {**known, "member_role": one.role}) for one in sellers]
    answers = [judge(act) for act in acts or [Act(kind, person.id, at, "", known)]]
    return max(answers, key=lambda answer: (answer.refused, answer.level))


class JudgedStage(LoginStage):  # type: ignore[misc]
    """The stage."""

    key = "judged"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        person, now = self.login.user, timezone.now()
        if not isinstance(person, User):
            return None, True
        found = look(self.request, person, now)
        answer = judgement_of(person, ActKind.SIGN_IN, found.known, now)
        self.request.session[FOUND] = {
            "score": found.score, "level": int(answer.level), "decision": answer.decision_id,
            "breached": found.known["password_breached"],
        }  # fmt: skip
        if not _turned_away(person, answer, found):
            return None, True
        facts = {"decision": answer.decision_id, "level": int(answer.level)}
        get_adapter(self.request).tell(self.request, person, "sign_in_refused", Loudness.ALERT, facts, now)
        messages.error(
            self.request,
            _(
                "We could not complete this sign-in. Use a browser you have signed in with before, or ask the owner of "
                "your shop or the marketplace for help."
            ),
        )
        return HttpResponseRedirect(reverse("account_login")), False


def _turned_away(person: User, answer: Judgement, found: Found) -> bool:
    # Without a decision the engine could not answer, and nobody is kept out for that.
    # A recovery alone keeps nobody out either: its cool-off lies on the money (`risk.acting`).
    if found.device or not answer.decision_id or answer.level < Level.STEP_UP or set(answer.fired) == _RECOVERED:
        return False
    # A passkey that signs in alone, the directory's word, or the second step that comes next, is the step-up; without
    # any of them there is none.
    return answer.refused or not (found.known["factor"] == "sso" or has_second_factor(person))
