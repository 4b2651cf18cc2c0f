"""Erasing what is kept of a person: the keys of what has ended are destroyed, and what must stay is restricted.

One function for buyers, one for members; each may be repeated: what is gone stays gone. What law or a dispute still
needs opens only for whom it is kept from now on (`READERS`), and its key goes on the day that is said: the vault sees
to that, also where nobody asks again. Whoever asked for the erasure calls again then, for the rows and the proof. A
legal hold wins over all of it. Signed receipts say what was destroyed and what stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from safeconduct.kernel.parties import attempts, invitations
from safeconduct.kernel.parties.models import Membership, User
from safeconduct.kernel.parties.security_events import ORIGIN_KEPT, SECURITY
from safeconduct.kernel.readings import defence
from safeconduct.kernel.record import receipts
from safeconduct.kernel.record.receipts import Receipt
from safeconduct.kernel.scope import Actor, engine_scope, query
from safeconduct.kernel.vault import erasure as vault
from safeconduct.kernel.vault import pseudonyms
from safeconduct.kernel.vault.data_keys import Owner
from safeconduct.protections.data_security.requests import archives, belongings, deleting
from safeconduct.protections.data_security.requests.belongings import UNFINISHED
from safeconduct.protections.data_security.requests.parts import BESIDE, PURPOSES, Part, parts_of
from safeconduct.protections.data_security.retention import holds
from safeconduct.protections.data_security.retention.schedule import schedule

#: Who may open what stays: the person's own requests, and answers to banks.
READERS: Final = ("data_request", defence.READER)
#: Basis of a ground for what a hold keeps, as receipts name it.
HELD: Final = "a legal hold"
#: How long what is not finished is kept before it is looked at again, and how much longer the vault waits.
LOOK_AGAIN: Final = timedelta(days=30)
_LONGER: Final = timedelta(days=7)
#: The domain of nobody (RFC 2606): an address that can never be written to.
_NOBODY: Final = "@erased.invalid"
_ORIGINS: Final = ("security-event", "sign-in-session")


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that stays. ``what``, ``why``: words of `words.WHAT` and `words.WHY`; ``until`` None: nobody knows yet,
    or for good, as the reason says."""

    what: str
    why: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did. ``gone``: word of `words.WHAT` → how many rows. ``rest_at``: when the next part of the rest
    goes by itself."""

    gone: Mapping[str, int] = field(default_factory=dict)
    kept: tuple[Kept, ...] = ()
    rest_at: datetime | None = None
    receipts: tuple[Receipt, ...] = ()

    def statement(self) -> dict[str, Any]:
        """What the person is told, as codes, counts and times."""
        return {
            "gone": dict(self.gone),
            "kept": [
                {"what": k.what, "why": k.why, "until": None if k.until is None else k.until.isoformat()}
                for k in self.kept
            ],
        }  # fmt: skip


def erase_buyer(buyer_key: int, request_id: str, actor: Actor, *, now: datetime) -> Erased:
    """Erases what is kept of a buyer, in an engine scope. ``request_id``: of the request, whose own data stays."""
    parts = parts_of(buyer_key, belongings.of_buyer(buyer_key), now)
    held = holds.latest_of_buyer(buyer_key, now)
    if held is not None:
        _keep(parts, HELD, held, actor, now)
        return Erased({}, (Kept("held", "legal_hold", held),), held)
    _let_go(parts, now)
    defence.keep({one.order_key for one in parts if one.order_key is not None}, now)  # before what it is made of closes
    _keep([one for one in parts if one.waits], UNFINISHED, now + LOOK_AGAIN + _LONGER, actor, now)
    staying = [one for one in parts if one.until is None or one.until > now]
    restricted = [one for one in staying if one.restricts]
    vault.keep_until(
        [
            vault.Kept(*owner, schedule()[one.line].basis, one.until, READERS)
            for one in restricted if one.until is not None for owner in one.owners
        ],
        actor, at=now,
    )  # fmt: skip
    ended = [one for one in parts if one.ends and one.until is not None and one.until <= now]
    others = deleting.other_requests("buyer_key", buyer_key, request_id)
    asked = [(archives.whose(key), "data_request") for key in others.ids]
    made = _destroy([*restricted, *ended], asked, actor, now)
    kept = {(one.subject, one.purpose): one for receipt in made for one in receipt.stays}
    gone = {"messages_and_reviews": deleting.reviews(buyer_key), "archives": others.archives}
    for what in sorted({one.what for one in ended}):
        owners = {owner for one in ended if one.what == what for owner in one.owners} - kept.keys()
        gone[what] = deleting.rows(owners, at=now) + _entities(owners, made)
    still = [*staying, *_held_back(ended, kept)]
    if not still:
        gone["orders"] = gone.get("orders", 0) + deleting.bodies_of(buyer_key)
    pseudonyms.forget()
    return Erased(_counted(gone), _said(still), _next(still), made)


def erase_member(person: User, request_id: str, actor: Actor, *, now: datetime) -> Erased:
    """Erases what is kept of a person who acts or acted for a seller, in a staff scope; keys in a scope of the engine,
    which commits first: if the rest fails, it is repeated.

    Where sign-ins came from stays its time: a thief who got in must not be able to erase their traces.
    """
    gone: dict[str, int] = {}
    kept: list[Kept] = []
    made: tuple[Receipt, ...] = ()
    acts = Membership.objects.filter(person=person, ended_at=None).exclude(expires_at__lte=now).exists()
    origins_until = _origins_until(person)
    if acts or person.is_staff:
        kept.append(Kept("account", "you_act_for_a_shop"))
    else:
        gone["archives"], made = _member_keys(person, request_id, origins_until, actor, now)
        if not person.email.endswith(_NOBODY):
            invitations.forget(person.email)
            person.email, person.name, person.is_active = f"{person.id}{_NOBODY}", "", False
            person.set_unusable_password()
            person.save(update_fields=["email", "name", "is_active", "password"])
            query("DELETE FROM account_emailaddress WHERE user_id = %s", [person.id])
            query("DELETE FROM mail_former_address WHERE person_id = %s", [person.id])
            gone |= {"name_and_address": 1, "known_browsers": attempts.forget_devices(person)}
    if origins_until is not None and origins_until > now:
        kept.append(Kept("sign_in_origins", "security", origins_until))
    kept += _claims_to_shops(person)
    kept.append(Kept("acts", "record_of_acts"))
    return Erased(_counted(gone), tuple(kept), min((k.until for k in kept if k.until), default=None), made)


def _member_keys(
    person: User, request_id: str, until: datetime | None, actor: Actor, now: datetime
) -> tuple[int, tuple[Receipt, ...]]:
    whose = f"person/{person.id}"
    with engine_scope():
        if until is not None and until > now:
            basis = schedule()["sign_in_origins"].basis
            vault.keep_until(
                [vault.Kept(whose, purpose, basis, until, (SECURITY, "data_request")) for purpose in _ORIGINS],
                actor, at=now,
            )  # fmt: skip
        others = deleting.other_requests("person_id", person.id, request_id)
        subjects = [whose, *map(archives.whose, others.ids)]
        return others.archives, tuple(_receipts(subjects, {*_ORIGINS, "data_request"}, actor, now))


def _claims_to_shops(person: User) -> list[Kept]:
    """What they said in claims to shops, which is the other side's too, and goes by the schedule."""
    row = query(
        "SELECT count(*), max(coalesce(c.final_at, c.appeal_until)), bool_or(c.state NOT IN ('decided', 'closed'))"
        " FROM ownership_word w JOIN ownership_claim c ON c.id = w.claim_id WHERE w.author = %s",
        [person.id],
    ).fetchone()
    assert row is not None
    said, decided_at, heard = row
    until = None if heard or decided_at is None else schedule()["ownership_claims"].until(decided_at)
    return [Kept("claims_to_shops", "open_case" if heard else "case_closed", until)] if said else []


def _origins_until(person: User) -> datetime | None:
    """Until when it is kept where somebody signed in from; None where nothing is."""
    row = query(
        "SELECT greatest((SELECT max(at) FROM security_event WHERE person_id = %s AND origin IS NOT NULL),"
        " (SELECT max(last_seen_at) FROM sign_in_session WHERE person_id = %s))",
        [person.id, person.id],
    ).fetchone()
    return None if row is None or row[0] is None else row[0] + ORIGIN_KEPT


def _keep(parts: Iterable[Part], basis: str, until: datetime, actor: Actor, now: datetime) -> None:
    """Grounds for what another ground may let go too early; they change nothing for what nobody asked to erase."""
    vault.keep_until(
        [vault.Kept(*owner, basis, until, READERS) for one in parts for owner in one.owners], actor, at=now
    )


def _let_go(parts: Iterable[Part], now: datetime) -> None:
    """Grounds that have ended before the date that was set: the hold was lifted, the case or order is finished."""
    ended = [one for one in parts if one.owners]
    vault.end_grounds([owner for one in ended for owner in one.owners], HELD, at=now)
    vault.end_grounds([owner for one in ended if not one.waits for owner in one.owners], UNFINISHED, at=now)


def _destroy(parts: Sequence[Part], more: Collection[Owner], actor: Actor, now: datetime) -> tuple[Receipt, ...]:
    """Destroys what no ground keeps of these, and restricts the rest. What is also a case's has a receipt of its own:
    all of it that is given here has ended, and none of it is restricted."""
    owners = [owner for one in parts for owner in one.owners] + list(more)
    found = []
    for purposes in (PURPOSES, BESIDE):
        subjects = sorted({subject for subject, purpose in owners if purpose in purposes})
        if subjects or purposes is PURPOSES:
            found += _receipts(subjects, purposes, actor, now)
    return tuple(found)


def _receipts(subjects: Sequence[str], purposes: Collection[str], actor: Actor, now: datetime) -> list[Receipt]:
    cuts = range(0, max(len(subjects), 1), vault.MOST)
    return [receipts.erase(subjects[cut : cut + vault.MOST], purposes, actor, at=now) for cut in cuts]


def _entities(owners: Collection[Owner], made: Iterable[Receipt]) -> int:
    """How many pseudonyms of these went."""
    mine = {subject for subject, purpose in owners if purpose == pseudonyms.VALUES.purpose}
    return sum(one.subject in mine for receipt in made for one in receipt.destroyed)


def _held_back(ended: Iterable[Part], kept: Mapping[Owner, vault.Kept]) -> list[Part]:
    """What has ended and is still kept by a ground of somebody else."""
    return [
        Part(one.what, "open_case", kept[owner].until) for one in ended for owner in one.owners if owner in kept
    ]  # fmt: skip


def _said(parts: Iterable[Part]) -> tuple[Kept, ...]:
    """What stays, each reason once, with its last day."""
    found: dict[tuple[str, str], datetime | None] = {}
    for one in parts:
        before = found.get((one.what, one.why))
        found[one.what, one.why] = one.until if before is None or one.until is None else max(before, one.until)
    return tuple(Kept(what, why, until) for (what, why), until in found.items())


def _next(parts: Iterable[Part]) -> datetime | None:
    return min((one.until for one in parts if one.until is not None), default=None)


def _counted(gone: Mapping[str, int]) -> dict[str, int]:
    return {what: count for what, count in gone.items() if count}
