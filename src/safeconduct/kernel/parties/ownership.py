"""Two people claim a shop: an ex-partner, an agency that set it up, an employee who left, an heir.

A claim freezes two things and nothing else: where the shop is paid, and who owns it. It sells, ships and is paid as
before. A member's claim freezes at once; that of somebody without access only when one of the staff takes it up, so
that a stranger's form stops nobody. A named person decides, with reasons that both sides read; either side appeals
within `APPEAL`, and another person decides for good. The decision moves nobody: an administrator carries it out, once
it is final. Every verb needs an engine or staff scope.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from django.utils.translation import gettext as _

from safeconduct.kernel.parties.errors import OwnershipRefused
from safeconduct.kernel.parties.members import sellers_of
from safeconduct.kernel.parties.models import OwnershipClaim, OwnershipWord, Seller, StaffRole, User
from safeconduct.kernel.parties.security_events import Happened, Level, note
from safeconduct.kernel.scope import Actor, query, savepoint
from safeconduct.kernel.vault.sealing import Column, Place, seal, unseal_many

#: The house's own number: long enough to find papers, short enough for a shop to live with.
APPEAL: Final = timedelta(days=14)
#: A form whose mailbox was never confirmed is forgotten after so long.
DRAFT_KEPT: Final = timedelta(days=7)
RELATIONS: Final = ("partner", "agency", "employee", "heir", "other")
FINDINGS: Final = ("claimant", "shop", "both", "not_shown")
SHORTEST, LONGEST = 20, 6000
#: Words of a claim in so many rows at most: more than anybody reads.
MOST_WORDS: Final = 60
WORDS: Final = Column("ownership_word.sealed", "ownership")
CONTACT: Final = Column("ownership_claim.contact", "ownership")
_IN_HEARING: Final = ("waiting", "open", "appealed")


@dataclass(frozen=True, slots=True)
class Said:
    """Something said in a claim."""

    side: str
    text: str
    at: datetime


def by_member(seller_key: int, person: User, relation: str, text: str, *, at: datetime) -> OwnershipClaim:
    """Somebody who acts for the shop claims it; changes wait from now on. Raises OwnershipRefused."""
    _check(relation, text)
    if seller_key not in {one.seller_key for one in sellers_of(person, at=at)}:
        raise OwnershipRefused(_("You do not act for this shop. Use the form for people without access."))
    claim = OwnershipClaim(
        seller_key=seller_key, claimant=person, relation=relation, state="open", opened_at=at, frozen_at=at
    )
    _insert(claim)
    _say(claim, "claimant", person.id, text, at)
    _note(claim, "ownership_claimed", Actor(person.id, "person"), at)
    return claim


def draft(seller_ref: str, contact: Mapping[str, str], relation: str, text: str, *, at: datetime) -> str | None:
    """Keeps the form of somebody without access until they have shown that the mailbox is theirs; its id, or None for a
    shop that nobody knows. ``contact``: `name`, `email`. Raises OwnershipRefused."""
    _check(relation, text)
    seller = Seller.objects.filter(Q(ref=seller_ref.strip()) | Q(name__iexact=seller_ref.strip())).first()
    if seller is None:
        return None
    claim = OwnershipClaim(seller_key=seller.key, relation=relation, state="draft", opened_at=at)
    claim.contact = seal(CONTACT, claim.id, subject_of(claim.id), json.dumps(dict(contact)).encode())
    claim.save()
    _say(claim, "claimant", "", text, at)
    return claim.id


def confirm(claim_id: str, *, at: datetime) -> OwnershipClaim:
    """The mailbox is theirs: the claim waits for the staff, and freezes nothing yet. Twice is once.

    Raises OwnershipRefused.
    """
    claim = locked(claim_id)
    if claim.state != "draft":
        return claim
    claim.state, claim.opened_at = "waiting", at
    _insert(claim)
    _note(claim, "ownership_claimed", Actor("claimant", "claimant"), at)
    return claim


def take_up(claim_id: str, staff: User, *, at: datetime) -> OwnershipClaim:
    """One of the staff finds that it deserves to be heard: changes wait from now on. Raises OwnershipRefused."""
    claim = _judged_by(claim_id, staff, at)
    if claim.state != "waiting":
        raise OwnershipRefused(_("This claim does not wait to be taken up. Load the page again to see how it stands."))
    claim.state, claim.frozen_at = "open", at
    claim.save(update_fields=["state", "frozen_at"])
    _note(claim, "ownership_heard", Actor(staff.id, staff.staff_role), at)
    return claim


def say(claim_id: str, side: str, author: str, text: str, *, at: datetime) -> None:
    """A side says something, or names a paper; the staff ask for one. Raises OwnershipRefused."""
    claim = locked(claim_id)
    if claim.state not in _IN_HEARING:
        raise OwnershipRefused(_("This claim is decided. Whoever does not agree appeals."))
    _check_words(text)
    if OwnershipWord.objects.filter(claim=claim).count() >= MOST_WORDS:
        raise OwnershipRefused(_("So much was said that nobody can read more. Wait for the decision."))
    _say(claim, side, author, text, at)


def decide(claim_id: str, finding: str, why: str, staff: User, *, at: datetime) -> OwnershipClaim:
    """A named person decides, once, with reasons; in an appeal another one, for good. Raises OwnershipRefused."""
    if finding not in FINDINGS:
        raise OwnershipRefused(_("Choose what you found."))
    _check_words(why)
    claim = _judged_by(claim_id, staff, at)
    actor = Actor(staff.id, staff.staff_role)
    if claim.state in ("waiting", "open"):
        claim.state, claim.finding, claim.why, claim.decided_by = "decided", finding, why.strip(), staff
        claim.decided_at, claim.appeal_until = at, at + APPEAL
    elif claim.state == "appealed":
        if claim.decided_by_id == staff.id:
            raise OwnershipRefused(_("Whoever decided first does not decide the appeal. Ask a colleague."))
        claim.state, claim.final_finding, claim.final_why, claim.final_by = "closed", finding, why.strip(), staff
        claim.final_at = at
    else:
        raise OwnershipRefused(_("This claim is decided already. Load the page again to see how."))
    claim.save()
    _note(claim, "ownership_decided", actor, at)
    return claim


def appeal(claim_id: str, side: str, author: str, text: str, *, at: datetime) -> OwnershipClaim:
    """A side does not agree; another person looks at it. Raises OwnershipRefused."""
    claim = locked(claim_id)
    if claim.state != "decided" or claim.appeal_until is None or claim.appeal_until <= at:
        raise OwnershipRefused(_("This cannot be appealed, or not any more."))
    _check_words(text)
    claim.state, claim.appealed_at = "appealed", at
    _insert(claim)
    _say(claim, side, author, text, at)
    _note(claim, "ownership_appealed", Actor(author or "claimant", side), at)
    return claim


def latest_of(seller_key: int) -> OwnershipClaim | None:
    """The claim that a shop's people are shown: the latest that is no draft. One query."""
    rows = OwnershipClaim.objects.filter(seller_key=seller_key).exclude(state="draft")
    return rows.select_related("claimant", "decided_by", "final_by").order_by("-opened_at", "-id").first()


def one(claim_id: str) -> OwnershipClaim | None:
    """A claim with its people."""
    rows = OwnershipClaim.objects.select_related("claimant", "decided_by", "final_by")
    return rows.filter(id=claim_id).first()


def words_of(claim: OwnershipClaim) -> list[Said]:
    """What was said, the earliest first. Two queries."""
    rows = list(OwnershipWord.objects.filter(claim=claim).order_by("at", "id")[:MOST_WORDS])
    places = [(Place(row.id, subject_of(claim.id)), bytes(row.sealed)) for row in rows]
    opened = unseal_many(WORDS, places)
    read = zip(rows, opened, strict=True)
    return [Said(row.side, plain.decode(), row.at) for row, plain in read if plain is not None]


def said_by(person: User, limit: int) -> list[tuple[str, Said]]:
    """What a person has said in claims, each with the claim's id, the latest first. Two queries."""
    rows = list(OwnershipWord.objects.filter(author=person.id).order_by("-at", "-id")[:limit])
    places = [(Place(row.id, subject_of(row.claim_id)), bytes(row.sealed)) for row in rows]
    read = zip(rows, unseal_many(WORDS, places), strict=True)
    return [(row.claim_id, Said(row.side, plain.decode(), row.at)) for row, plain in read if plain is not None]


def contact_of(claim: OwnershipClaim) -> dict[str, str]:
    """How somebody without an account is reached; empty where that was erased, or they have one."""
    if claim.contact is None:
        return {}
    (plain,) = unseal_many(CONTACT, [(Place(claim.id, subject_of(claim.id)), bytes(claim.contact))])
    found: dict[str, str] = {} if plain is None else json.loads(plain)
    return found


def locked(claim_id: str) -> OwnershipClaim:
    """A claim for a verb. Raises OwnershipRefused."""
    claim = OwnershipClaim.objects.select_for_update().filter(id=claim_id).first()
    if claim is None:
        raise OwnershipRefused(_("There is no such claim. Go back to the list."))
    return claim


def forget_drafts(at: datetime) -> list[str]:
    """Deletes forms whose mailbox nobody confirmed; their ids. The caller destroys their keys (`subject_of`). Needs an
    engine scope."""
    old = OwnershipClaim.objects.filter(state="draft", opened_at__lt=at - DRAFT_KEPT).values_list("id", flat=True)
    ids = list(old[:1000])
    OwnershipWord.objects.filter(claim_id__in=ids).delete()
    OwnershipClaim.objects.filter(id__in=ids).delete()
    return ids


def _judged_by(claim_id: str, staff: User, at: datetime) -> OwnershipClaim:
    if not staff.may(StaffRole.LEAD):
        raise OwnershipRefused(_("This needs the role lead."))
    claim = locked(claim_id)
    if claim.claimant_id == staff.id or claim.seller_key in {m.seller_key for m in sellers_of(staff, at=at)}:
        raise OwnershipRefused(_("Nobody rules on a shop of their own. Ask a colleague."))
    return claim


def _insert(claim: OwnershipClaim) -> None:
    """Saves a claim that is now in hearing; the database lets a shop have one."""
    query("SELECT FROM seller WHERE key = %s FOR UPDATE", [claim.seller_key])
    others = OwnershipClaim.objects.filter(seller_key=claim.seller_key, state__in=_IN_HEARING).exclude(id=claim.id)
    if others.exists():
        raise OwnershipRefused(_("Somebody has claimed this shop already, and is being heard. Ask the marketplace."))
    with savepoint():
        claim.save()


def _say(claim: OwnershipClaim, side: str, author: str, text: str, at: datetime) -> None:
    word = OwnershipWord(claim=claim, side=side, author=author, at=at)
    word.sealed = seal(WORDS, word.id, subject_of(claim.id), text.strip().encode())
    word.save(force_insert=True)


def _note(claim: OwnershipClaim, kind: str, actor: Actor, at: datetime) -> None:
    facts = {"claim": claim.id, "state": claim.state}
    note([Happened(kind, Level.ALERT, claim.claimant_id, claim.seller_key, facts)], actor, at)


def _check(relation: str, text: str) -> None:
    if relation not in RELATIONS:
        raise OwnershipRefused(_("Choose what you have to do with the shop."))
    _check_words(text)


def _check_words(text: str) -> None:
    if not SHORTEST <= len(text.strip()) <= LONGEST:
        raise OwnershipRefused(
            _("Write %(least)s to %(most)s letters.") % {"least": SHORTEST, "most": LONGEST}
        )  # fmt: skip


def subject_of(claim_id: str) -> str:
    """Under whose key what belongs to a claim is sealed."""
    return f"ownership/{claim_id}"
