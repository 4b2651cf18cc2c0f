"""What happens to requests about one's own data: asked, identified, extended, answered, carried out.

A member acts in the portal, a buyer behind the link of an order, the staff in the console; what takes long is done by
`work`, which may run beside itself and be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError
from django.urls import reverse
from django.utils.translation import gettext as _

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.notices.administrators import Told, tell_them
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.record import receipts
from safeconduct.kernel.scope import Actor, engine_scope, query, savepoint, staff_scope
from safeconduct.kernel.vault.errors import KeyGone
from safeconduct.kernel.vault.pseudonyms import lookup_many
from safeconduct.kernel.vault.sealing import Column, seal, unseal
from safeconduct.protections.data_security import history
from safeconduct.protections.data_security.desk_errors import DataSecurityError, NotThere, OutOfOrder
from safeconduct.protections.data_security.history import Done
from safeconduct.protections.data_security.requests import archives, belongings, erasing, gathering
from safeconduct.protections.data_security.requests.erasing import LOOK_AGAIN
from safeconduct.protections.data_security.requests.models import DataRequest
from safeconduct.protections.data_security.requests.terms import law_of, rule_for, rules
from safeconduct.protections.data_security.requests.words import OPEN, Identified, Kind, State
from safeconduct.protections.data_security.transfers.processing import about

#: Failed checks of a buyer's identity in so long; then only a person of the staff can check it.
MOST_TRIES: Final = 5
_TRIES_COUNT: Final = timedelta(days=30)
LONGEST_WORDS: Final = 4_000
#: Requests that one turn of the work takes; each is a transaction of its own.
_BATCH: Final = 20
#: So long before a request is due the administrators are reminded of it; and of how many, the earliest first.
_REMIND: Final = timedelta(days=5)
_REMINDED: Final = 100
#: So long before the rest goes it is looked whether a hold or a case keeps it longer: the vault needs to know in time.
_AHEAD: Final = timedelta(days=7)
_ENDS_ONE_DAY: Final = frozenset({"open_case", "you_act_for_a_shop"})
_WORK: Final = Actor("data-requests", "engine")
_WORDS: Final = Column("data_request.words", "data_request")


def ask_as_member(
    person: User, seller_key: int, place: str, kind: Kind, words: str, actor: Actor, *, at: datetime
) -> str:
    """A member asks; that they are signed in identifies them. Returns the request's id. In an engine scope."""
    request = _new(kind, place, person.language, words, at)
    request.person, request.seller_key = person, seller_key
    request.state, request.identified = State.IDENTIFIED.value, Identified.SIGNED_IN.value
    return _keep(request, actor, at)


def ask_by_letter(
    person: User, seller_key: int, place: str, kind: Kind, words: str, actor: Actor, *, at: datetime
) -> str:
    """Somebody with an account asked by letter; who they are is still to be checked. Returns the request's id. In an
    engine scope."""
    request = _new(kind, place, person.language, words, at)
    request.person, request.seller_key = person, seller_key
    return _keep(request, actor, at)


def ask_as_buyer(
    order_key: int, buyer_key: int, place: str, language: str, kind: Kind, words: str, actor: Actor, *, at: datetime
) -> str:
    """A buyer asks behind the link of an order; who they are is still to be checked. Returns the request's id."""
    request = _new(kind, place, language, words, at)
    request.order_key, request.buyer_key = order_key, buyer_key
    return _keep(request, actor, at)


def identify_buyer(request_id: str, email: str, phone: str, actor: Actor, *, at: datetime) -> bool:
    """Checks that a buyer knows the contact of the order; False where not. In an engine scope.

    All that the order has of e-mail address and telephone must match; an order that has neither is for the staff.
    Raises OutOfOrder after `MOST_TRIES`.
    """
    request = _locked(request_id)
    if request.state != State.ASKED:
        raise OutOfOrder(_("The identity has been checked already."))
    _may_try(request, at)
    if knows(request, email, phone):
        request.state, request.identified = State.IDENTIFIED.value, Identified.MATCHED.value
        _step(request, "request_identified", {"how": request.identified}, actor, at)
        return True
    request.tries += 1
    _step(request, "request_not_identified", {"tries": request.tries}, actor, at)
    return False


def knows(request: DataRequest, email: str, phone: str) -> bool:
    """Whether somebody knows the e-mail address and the telephone number that the order was placed with."""
    row = query(
        "SELECT f.email, f.phone FROM event e JOIN fact f ON f.moment = e.moment"
        " WHERE e.order_key = %s AND e.type = 'order.placed' ORDER BY e.moment LIMIT 1",
        [request.order_key],
    ).fetchone()
    if row is None or row[0] is None:
        return False
    given = lookup_many([("email", email), ("phone", phone)])
    right_phone = row[1] is None or given.get(("phone", phone)) == row[1]
    return given.get(("email", email)) == row[0] and right_phone


def failed_again(request_id: str, actor: Actor, *, at: datetime) -> None:
    """Counts a failed check of somebody who wanted to fetch an archive."""
    request = _locked(request_id, answered=True)
    _may_try(request, at)
    request.tries += 1
    _step(request, "request_not_identified", {"tries": request.tries}, actor, at)


def may_try(buyer_key: int, at: datetime, *, lock: bool = False) -> bool:
    """Whether somebody may still try to show that they are this buyer. Tries are counted over all that was asked for:
    whoever withdraws a request and asks anew has no more of them. ``lock``: the requests stay locked until the scope,
    of the engine, ends."""
    rows = DataRequest.objects.filter(buyer_key=buyer_key, asked_at__gt=at - _TRIES_COUNT).order_by("id")
    rows = rows.select_for_update() if lock else rows
    return sum(rows.values_list("tries", flat=True)) < MOST_TRIES


def _may_try(request: DataRequest, at: datetime) -> None:
    assert request.buyer_key is not None
    if not may_try(request.buyer_key, at, lock=True):
        raise OutOfOrder(_("Too many tries. A person will check who you are; write to the shop's support."))


def identify_by_staff(request_id: str, actor: Actor, *, at: datetime) -> None:
    """A person of the staff has checked who asks, and says how (`actor.why`)."""
    request = _locked(request_id)
    if request.state != State.ASKED:
        raise OutOfOrder(_("The identity has been checked already."))
    if not actor.why.strip():
        raise DataSecurityError(_("Say how the identity was checked; ask for no more than is needed."), "why")
    request.state, request.identified = State.IDENTIFIED.value, Identified.BY_STAFF.value
    _step(request, "request_identified", {"how": request.identified}, actor, at)


def extend(request_id: str, actor: Actor, *, at: datetime) -> None:
    """Takes the longer time that the law allows, once, within the first, with the reason that the person reads."""
    request = _locked(request_id)
    longer = rules()[request.rule].extended_from(request.due_at)
    if longer is None:
        raise OutOfOrder(_("%(law)s knows no extension.") % {"law": rules()[request.rule].law})
    if request.extended_at is not None or at > request.due_at:
        raise OutOfOrder(_("The time can be extended once, before it is over."))
    if not actor.why.strip():
        raise DataSecurityError(_("Say why it takes longer; the person reads it."), "why")
    request.due_at, request.extended_at = longer, at
    request.statement = {**request.statement, "extended_because": actor.why.strip()}
    _step(request, "request_extended", {"due_at": longer.isoformat()}, actor, at)


def approve(request_id: str, actor: Actor, *, at: datetime) -> None:
    """Lets an erasure go; it is carried out by `work`."""
    request = _locked(request_id)
    if request.kind != Kind.ERASURE or request.state != State.IDENTIFIED:
        raise OutOfOrder(_("Only an erasure is approved, once it is known who asks."))
    request.state = State.APPROVED.value
    _step(request, "request_approved", {}, actor, at)


def answer(request_id: str, actor: Actor, *, at: datetime, refuse: bool = False) -> None:
    """Ends a correction with what was done, or refuses a request with the reason; the person reads `actor.why`."""
    request = _locked(request_id)
    if not actor.why.strip():
        raise DataSecurityError(_("Say what was done, or why not; the person reads it."), "why")
    if not refuse and (request.kind != Kind.CORRECTION or request.state != State.IDENTIFIED):
        raise OutOfOrder(_("Only a correction is answered by hand, once it is known who asks."))
    request.statement = {**request.statement, "says": actor.why.strip()}
    _end(request, State.REFUSED if refuse else State.DONE, actor, at)


def withdraw(request_id: str, actor: Actor, *, at: datetime) -> None:
    """Whoever asked does not want it any more."""
    request = _locked(request_id)
    if request.state == State.APPROVED:
        raise OutOfOrder(_("It is being carried out already."))
    _end(request, State.WITHDRAWN, actor, at)


def fetched(request: DataRequest, actor: Actor, *, at: datetime) -> bytes:
    """The archive of a request as bytes, and a line that it was fetched. In an engine scope. Raises NotThere."""
    archive = getattr(request, "archive", None)
    if archive is None or at > archive.good_until:
        raise NotThere
    facts = {"sha256": archive.sha256}
    history.note([Done(request.id, "archive_fetched", facts, request.seller_key)], actor, at)
    return archives.opened(archive)


def receipts_of(request: DataRequest, actor: Actor, *, at: datetime) -> bytes:
    """The archive of an erasure with its signed receipts, and a line that it was fetched. In an engine scope. Raises
    NotThere."""
    notes = receipts.notes(request.statement.get("receipts", []))
    if not notes:
        raise NotThere
    history.note([Done(request.id, "receipt_fetched", {"receipts": sorted(notes)}, request.seller_key)], actor, at)
    return archives.of_erasure(request, notes, now=at)


def words_of(request: DataRequest) -> str:
    """What somebody wrote with their request; nothing once that is erased."""
    if request.words is None:
        return ""
    try:
        return unseal(_WORDS, request.id, archives.whose(request.id), bytes(request.words)).decode()
    except KeyGone:
        return ""


def work(now: datetime) -> int:
    """Makes archives, carries out erasures and what is left of them, notes what is late. Returns how much it did."""
    return (
        _each("person_id IS NOT NULL", staff_scope, _carry_out_member, now)
        + _each("person_id IS NULL", engine_scope, _carry_out_buyer, now)
        + _late(now)
    )


Scope = Callable[[], AbstractContextManager[None]]
CarryOut = Callable[[DataRequest, datetime], None]
_READY: Final = """
SELECT id FROM data_request WHERE {whose} AND (
    (state = 'identified' AND kind IN ('access', 'export')) OR (state = 'approved' AND kind = 'erasure')
    OR (rest_at IS NOT NULL AND rest_at <= %s) OR (rest_at IS NOT NULL AND rest_at <= %s AND {kept_longer})
) ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
"""


def _each(whose: str, scope: Scope, carry_out: CarryOut, now: datetime) -> int:
    """Carries out one request after the other, each in a transaction of its own."""
    ready = _READY.format(whose=whose, kept_longer=belongings.KEPT_LONGER)
    for done in range(_BATCH):
        with scope():
            row = query(ready, [now, now + _AHEAD, *([now] * ready.count("h.until > %s"))]).fetchone()
            if row is None:
                return done
            carry_out(DataRequest.objects.select_related("person").get(id=row[0]), now)
    return _BATCH


def _carry_out_member(request: DataRequest, now: datetime) -> None:
    assert request.person is not None
    if request.kind == Kind.ERASURE:
        _erased(request, erasing.erase_member(request.person, request.id, _actor(request), now=now), now)
    else:
        _archived(request, gathering.of_member(request.person), now)


def _carry_out_buyer(request: DataRequest, now: datetime) -> None:
    assert request.buyer_key is not None
    if request.kind == Kind.ERASURE:
        _erased(request, erasing.erase_buyer(request.buyer_key, request.id, _actor(request), now=now), now)
    else:
        _archived(request, gathering.of_buyer(request.buyer_key), now)


def _archived(request: DataRequest, gathered: gathering.Gathered, now: datetime) -> None:
    archive = archives.make(request, gathered, about(request.language), now=now)
    archive.save(force_insert=True)
    request.statement = {
        **request.statement, "sha256": archive.sha256, "bytes": archive.size_bytes,
        "files": {name: len(rows) for name, rows in gathered.files.items()}, "left_out": list(gathered.left_out),
    }  # fmt: skip
    _end(request, State.DONE, _WORK, now, {"sha256": archive.sha256, "bytes": archive.size_bytes})


def _erased(request: DataRequest, erased: erasing.Erased, now: datetime) -> None:
    before: Mapping[str, int] = request.statement.get("gone", {})
    said = erased.statement()
    said["gone"] = {
        what: before.get(what, 0) + said["gone"].get(what, 0) for what in sorted({*before, *said["gone"]})
    }  # fmt: skip
    proofs = list(request.statement.get("receipts", []))
    # Of a later look only what destroyed something is a proof of its own.
    proofs += [one.id for one in erased.receipts if one.destroyed or not proofs]
    said["receipts"] = proofs
    again = any(one.why in _ENDS_ONE_DAY for one in erased.kept)
    request.rest_at = min(filter(None, (erased.rest_at, now + LOOK_AGAIN if again else None)), default=None)
    if request.rest_at is not None and request.rest_at <= now:
        request.rest_at = now + LOOK_AGAIN
    request.statement = {**request.statement, **said}
    if request.open:
        _end(request, State.DONE, _WORK, now, said)
    else:
        _step(request, "request_rest_erased", said, _WORK, now)


def _actor(request: DataRequest) -> Actor:
    """Who erases, as the receipt names it."""
    return Actor(_WORK.id, _WORK.role, f"request {request.id}")


def _late(now: datetime) -> int:
    with engine_scope():
        found = list(
            DataRequest.objects.filter(due_at__lt=now, overdue_at=None, answered_at=None)
            .select_for_update(skip_locked=True, of=("self",)).order_by("due_at")[:_BATCH]
        )  # fmt: skip
        DataRequest.objects.filter(id__in=[one.id for one in found]).update(overdue_at=now)
        steps = [Done(one.id, "request_overdue", {"due_at": one.due_at.isoformat()}, one.seller_key) for one in found]
        history.note(steps, _WORK, now)
        _remind(now)
    return len(found)


def _remind(now: datetime) -> None:
    """Tells the administrators of requests that are due soon, and of those that are overdue, each once."""
    waiting = DataRequest.objects.filter(state__in=OPEN, due_at__lt=now + _REMIND).order_by("due_at", "id")
    tell_them([_reminder(one, "over" if one.due_at < now else "near") for one in waiting[:_REMINDED]], at=now)


def _reminder(request: DataRequest, level: str) -> Told:
    values = {"request": request.id, "law": law_of(request.rule), "due": request.due_at, "level": level}
    key = f"data_request/{request.id}/{level}/{request.due_at:%Y%m%d}"
    return Told("data_request.due", values, key, reverse("console:data_security:request", args=[request.id]))


def _new(kind: Kind, place: str, language: str, words: str, at: datetime) -> DataRequest:
    if len(words) > LONGEST_WORDS:
        raise DataSecurityError(_("Say it in at most %(n)s letters.") % {"n": LONGEST_WORDS}, "words")
    if kind is Kind.CORRECTION and not words.strip():
        raise DataSecurityError(_("Say what is wrong, and what is right."), "words")
    rule, key = rule_for(place, at.date()), new_id("drq")
    return DataRequest(
        id=key, kind=kind.value, state=State.ASKED.value, place=place, language=language or "en", rule=rule.id,
        words=seal(_WORDS, key, archives.whose(key), words.strip().encode()) if words.strip() else None, asked_at=at,
        due_at=rule.due_at(at),
    )  # fmt: skip


def _keep(request: DataRequest, actor: Actor, at: datetime) -> str:
    try:
        with savepoint():
            request.save(force_insert=True)
    except IntegrityError:
        raise OutOfOrder(_("The same is asked for already; you can follow it here.")) from None
    facts = {"kind": request.kind, "rule": request.rule, "due_at": request.due_at.isoformat()}
    history.note([Done(request.id, "request_asked", facts, request.seller_key)], actor, at)
    return request.id


def _locked(request_id: str, *, answered: bool = False) -> DataRequest:
    request = DataRequest.objects.select_for_update().filter(id=request_id).first()
    if request is None:
        raise NotThere
    if not request.open and not answered:
        raise OutOfOrder(_("This request has been answered already."))
    return request


def _end(
    request: DataRequest, state: State, actor: Actor, at: datetime, facts: Mapping[str, Any] | None = None
) -> None:
    request.state, request.answered_at = state.value, at
    _step(request, f"request_{state.value}", facts or {}, actor, at)


def _step(request: DataRequest, verb: str, facts: Mapping[str, Any], actor: Actor, at: datetime) -> None:
    request.save()
    history.note([Done(request.id, verb, facts, request.seller_key)], actor, at)
