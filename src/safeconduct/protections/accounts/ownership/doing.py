"""The verbs of claims with what follows from them here: changes that are under way end, and both sides are told."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from django.core.mail import EmailMessage
from django.core.signing import BadSignature
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from safeconduct.kernel.ledger import payout_accounts, payout_reading
from safeconduct.kernel.ledger.payout_reading import AccountState
from safeconduct.kernel.notices import codes
from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.parties import ownership
from safeconduct.kernel.parties.errors import OwnershipRefused
from safeconduct.kernel.parties.models import OwnershipClaim
from safeconduct.kernel.protection import Refusal
from safeconduct.kernel.scope import Actor
from safeconduct.kernel.vault.signed_text import TextSigner

P = ParamSpec("P")
R = TypeVar("R")
CODE: Final = "ownership.moved"
_LINKS: Final = "signed/links of claims to shops"
_UNDER_WAY: Final = (AccountState.DRAFT, AccountState.VERIFIED, AccountState.AGEING, AccountState.REVIEW)


class ClaimRefused(Refusal):
    """Something about a claim that cannot be done; the text says what to do instead."""

    code = "ownership_refused"


def said(work: Callable[P, R]) -> Callable[P, R]:
    """Lets refusals of the kernel be read by people on every page."""

    @wraps(work)
    def answered(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return work(*args, **kwargs)
        except OwnershipRefused as refused:
            raise ClaimRefused(str(refused)) from None

    return answered


def token_of(claim_id: str) -> str:
    """The token of a claim's link for somebody without an account. It names the claim and nothing else."""
    return TextSigner(_LINKS).sign(claim_id)


def claim_of(token: str) -> OwnershipClaim | None:
    """The claim behind a link; None for one that is not ours, was changed, or was forgotten."""
    try:
        claim_id = TextSigner(_LINKS).unsign(token)
    except BadSignature:
        return None
    found = ownership.one(claim_id)
    return found if found is not None and found.claimant_id is None else None


def moved(claim: OwnershipClaim, actor: Actor, at: datetime, base: str) -> None:
    """After a step: a change of the payout account that is under way ends where changes wait now, and both sides are
    told. ``base``: our address, for the link of somebody without an account."""
    if claim.state == "open":
        for one in payout_reading.accounts_of(claim.seller_key):
            if one.state in _UNDER_WAY:  # at most one: the database lets a shop have one change
                payout_accounts.cancel(one.id, actor, at=at)
    values, key = {"step": claim.state, "at": at}, f"ownership/{claim.id}/{claim.state}"
    url = reverse("portal:accounts:ownership")
    told = [Notice(key, CODE, values, at, claim.seller_key, url=url)]
    if claim.claimant_id is not None:
        told.append(Notice(f"{key}/claimant", CODE, values, at, claim.seller_key, claim.claimant_id, url=url))
    notify(told)
    address = ownership.contact_of(claim).get("email", "")
    if address:
        write_to(address, claim.id, base)


def write_to(address: str, claim_id: str, base: str) -> None:
    """The link to their claim, for somebody without an account. A mail that cannot be sent undoes nothing."""
    link = base + reverse("ownership_claim", args=[token_of(claim_id)])
    text = _(
        "You claim a shop. This link shows how it stands, takes what you want to say, and is for you alone:\n\n%(link)s"
        "\n\nIf you did not ask for this, do nothing: without the link nothing happens. We never ask for a password."
    )
    mail = EmailMessage(_("Your claim to a shop"), text % {"link": link}, to=[address])
    codes.carry(mail, "ownership", at=timezone.now())
    with suppress(OSError):
        mail.send()
