"""What an owner is about to confirm: kept sealed in the session until a passkey has confirmed exactly that.

The number never leaves for the page again. The challenge that the passkey signs was made when the text was shown, and
counts for this text alone: a second tab that asks for something else makes the first one's answer worthless.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import ReauthenticateWebAuthnForm
from allauth.mfa.webauthn.internal import auth
from allauth.mfa.webauthn.internal.flows import reauthenticate

from safeconduct.kernel.ledger.payout_checks import FACTOR_AGE, Proof
from safeconduct.kernel.member_pages import MemberRequest
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.session_guard import session_of
from safeconduct.kernel.vault.errors import SealBroken
from safeconduct.kernel.vault.sealing import Column, seal, unseal
from safeconduct.protections.accounts.payout.errors import NotConfirmed, TooSoon

#: Nobody reads four lines and reaches for a key in less; the house's own number (ASVS 5.0, 2.4.2).
SOONEST: Final = timedelta(seconds=2)
_SESSION: Final = "payout_asking"
#: The row is the session.
_ASKING: Final = Column("django_session.payout_asking", "payout_asking")


class Wish(StrEnum):
    """What an owner asks for: another account, or one that was in use before."""

    ADD = "add"
    USE = "use"


@dataclass(frozen=True, slots=True)
class Asking:
    """One wish. ``id`` makes a retry the same act; ``account_id``: of `USE`; the rest: of `ADD`."""

    id: str
    wish: Wish
    seller_key: int
    person_id: str
    account_id: str = ""
    number: str = ""
    holder: str = ""
    country: str = ""


def begin(request: MemberRequest, asking: Asking) -> None:
    """Keeps what is asked, in place of what was asked before."""
    sealed = seal(_ASKING, _place(request), _whose(request), json.dumps(asdict(asking)).encode())
    request.session[_SESSION] = {"sealed": base64.b64encode(sealed).decode(), "challenge": "", "shown_at": ""}


def current(request: MemberRequest) -> Asking | None:
    """What this person asks for this shop, if anything."""
    kept = request.session.get(_SESSION) or {}
    try:
        found = json.loads(unseal(_ASKING, _place(request), _whose(request), base64.b64decode(kept["sealed"])))
    except (KeyError, ValueError, binascii.Error, SealBroken):
        return None
    return Asking(**{**found, "wish": Wish(found["wish"])})


def forget(request: MemberRequest) -> None:
    """Nothing is asked any more."""
    request.session.pop(_SESSION, None)


def challenge(request: MemberRequest, now: datetime) -> Mapping[str, Any]:
    """What the browser hands to the passkey, for the text that is shown now."""
    options: dict[str, Any] = auth.begin_authentication(request.user)
    state = auth.get_state() or {}
    kept = request.session[_SESSION]
    request.session[_SESSION] = {**kept, "challenge": state.get("challenge", ""), "shown_at": now.isoformat()}
    return options


def proof(request: MemberRequest, now: datetime) -> Proof:
    """How the person confirmed what was shown. Raises NotConfirmed.

    The time is that of the text: who confirms a page that stood open too long is asked again by `payout_accounts`; who
    confirms sooner than anybody reads it has not read it, or is a program.
    """
    kept, state = request.session[_SESSION], auth.get_state() or {}
    if not kept["challenge"] or kept["challenge"] != state.get("challenge"):
        raise NotConfirmed
    if now < datetime.fromisoformat(kept["shown_at"]) + SOONEST:
        raise TooSoon
    form = ReauthenticateWebAuthnForm(request.POST, user=request.user)
    if not form.is_valid():
        raise NotConfirmed
    authenticator: Authenticator = form.cleaned_data["credential"]
    reauthenticate(request, authenticator)
    shown_at = datetime.fromisoformat(kept["shown_at"])
    return Proof("passkey", authenticator.created_at, shown_at, session_of(request))


@dataclass(frozen=True, slots=True)
class Passkeys:
    """A person's passkeys: whether there is one, whether one is old enough, and if not, from when one will be."""

    any: bool
    ready: bool
    from_: datetime | None


def passkeys_of(user: User, now: datetime) -> Passkeys:
    """What a person could confirm with now."""
    made = list(
        Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
        .order_by("created_at")
        .values_list("created_at", flat=True)
    )
    first = made[0] + FACTOR_AGE if made else None
    ready = first is not None and first <= now
    return Passkeys(bool(made), ready, None if ready else first)


def _place(request: MemberRequest) -> str:
    return f"session/{request.user.id}/{request.seller.key}"


def _whose(request: MemberRequest) -> str:
    return f"person/{request.user.id}"
