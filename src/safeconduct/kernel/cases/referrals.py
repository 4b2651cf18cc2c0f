"""Cases that a seller or a buyer takes to a body outside the house, and what becomes of them.

The case stays as it was decided: a referral lies beside it, with its own clock. What the body finds is written down by
the staff, binds nobody, and changes the outcome only by a new decision of somebody who has had no seat in the case
(`correcting`, through the machine, with a second person above the amount); the earlier outcome stays in the record.
**Order of locks: the case, then its referral.** The parties' steps run in an engine scope, the
staff's in a staff scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from safeconduct.foundation.clocks.calendars import Calendar
from safeconduct.foundation.clocks.counting import due_at
from safeconduct.foundation.clocks.terms import read_term
from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases import clockwork, machine, outside_telling, publishing, redress, writing
from safeconduct.kernel.cases.errors import CaseMalformed, NoSuchCase, NoSuchReferral, ReferralOver, ReferralRefused
from safeconduct.kernel.cases.kinds import kind_of
from safeconduct.kernel.cases.models import Case, OutsideBody, Party, Referral, StoredOutcome
from safeconduct.kernel.cases.redress import Law, law_of, route_of
from safeconduct.kernel.cases.words import Finding, Followed, ReferralState, Role, Status
from safeconduct.kernel.cases.workflow import CORRECT, Sentence
from safeconduct.kernel.cases.writing import Line
from safeconduct.kernel.ledger import actions as ledger
from safeconduct.kernel.ledger.entries import Entry
from safeconduct.kernel.paging import PAGE, Order, Slice, page
from safeconduct.kernel.scope import Actor, engine_scope, query

_SHORTEST: Final = 3
_LONGEST: Final = 4_000
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Way:
    """A body that a case can be taken to. ``until``: the last moment, where the body's rules set one; ``why_not``: a
    sentence, where it cannot be now. ``decides``: within which time the body answers, as text."""

    body: OutsideBody
    law: Law
    until: datetime | None
    decides: str
    why_not: str = ""


def ways(case_id: str, at: datetime, role: Role = Role.SELLER) -> list[Way]:
    """The bodies that a party can take a case to, in the scope that is open. Raises NoSuchCase."""
    case = Case.objects.filter(id=case_id).first()
    if case is None:
        raise NoSuchCase(case_id)
    return ways_of(case, _busy(Referral.objects.filter(case_id=case_id).values_list("state", flat=True)), at, role)


def ways_of(case: Case, busy: str, at: datetime, role: Role = Role.SELLER) -> list[Way]:
    """The same for a case that was read: one query where the marketplace names no body, else three. ``busy``: why it
    cannot be taken anywhere now.

    None where its kind is not referred, or nothing was decided that somebody did not agree to.
    """
    if case.outcome_id is None or CORRECT not in kind_of(case.kind).effects:
        return []
    bodies = redress.bodies_in_force()
    outcome = _of_somebody(case.outcome_id) if bodies else None
    if outcome is None:
        return []
    row = {
        "id": case.id,
        "kind": case.kind,
        "route": case.route,
        "seller_key": case.seller_key,
        "carrier": case.carrier,
    }
    columns = ("role", "zone", "country", "language")
    parties = list(Party.objects.filter(case_id=case.id).values(*columns))
    return _ways(row, case.status, outcome, parties, bodies, busy, at, role)


def refer(case_id: str, body_id: str, actor: Actor, *, at: datetime, role: Role = Role.SELLER) -> Referral:
    """Takes a case to a body, for its seller or buyer; the same body once more is the referral that is there.

    ``actor.why``: the party's words, which all parties read. Raises NoSuchCase, CaseMalformed, ReferralRefused.
    """
    words = actor.why.strip()
    if not _SHORTEST <= len(words) <= _LONGEST:
        raise CaseMalformed("words", _("say in a few words what was decided wrongly; all parties read them"))
    case = machine.locked([case_id]).get(case_id)
    if case is None:
        raise NoSuchCase(case_id)
    there = Referral.objects.filter(case_id=case_id, state=ReferralState.REFERRED).first()
    if there is not None and (there.body_id, there.referred_role) == (body_id, role):
        return there
    found = next((way for way in ways(case_id, at, role) if way.body.id == body_id), None)
    if found is None:
        raise ReferralRefused(_("This case cannot be taken to this body; the page of the case names those it can."))
    if found.why_not:
        raise ReferralRefused(found.why_not)
    made = Referral.objects.create(
        id=new_id("rfl"), case_id=case_id, seller_key=case["seller_key"], body=found.body,
        outcome_before=case["outcome_id"], referred_at=at, referred_by=actor.id, referred_role=role.value,
        due_at=_end(found.decides, at),
        state=ReferralState.REFERRED.value,
    )  # fmt: skip
    facts = {"referral": made.id, "body": found.body.id, "due_at": _stamp(made.due_at)}
    writing.lines([Line(case, new_id("stp"), "referred_outside", role, actor.id, facts, words)], at)
    _tell(made, case, at)
    return made


def engage(referral_id: str, actor: Actor, *, at: datetime) -> Referral:
    """The marketplace takes part: its file and its statement are with the body. Twice changes nothing."""
    made, case = _open(referral_id)
    if made.engaged_at is None:
        made.engaged_at, made.engaged_by = at, actor.id
        made.save(update_fields=["engaged_at", "engaged_by"])
        _note(made, case, "engaged_outside", actor, at)
        _tell(made, case, at)
    return made


def extend(referral_id: str, actor: Actor, *, at: datetime) -> Referral:
    """The body takes the longer time that law gives it. Raises ReferralRefused where there is none, or it was taken."""
    made, case = _open(referral_id)
    route = route_of(case, machine.parties_of([made.case_id])[made.case_id])
    law = law_of(made.body, case["kind"], route, _day(at), Role(made.referred_role))
    if law is None or law.more is None or made.due_at is None:
        raise ReferralRefused(_("No law gives this body more time; it answers when it does."))
    if made.extended_at is not None:
        raise ReferralRefused(_("It has taken more time once already."))
    made.due_at = due_at(law.more, made.due_at, Calendar())
    made.extended_at, made.late_at = at, None
    made.save(update_fields=["due_at", "extended_at", "late_at"])
    _note(made, case, "extended_outside", actor, at, due_at=_stamp(made.due_at))
    _tell(made, case, at)
    return made


@dataclass(frozen=True, slots=True)
class Answer:
    """What a body has found. ``says``: in words, for the parties to read. ``fees_minor``: what of the seller's costs
    the marketplace repays, in minor units of a currency; zero for nothing."""

    found: Finding
    found_on: date
    says: Sentence
    fees_minor: int = 0
    fees_currency: str = ""


def answer(referral_id: str, given: Answer, actor: Actor, *, at: datetime) -> Referral:
    """Writes down what the body found, and repays the seller's costs; the same again changes nothing.

    What the marketplace makes of it comes after (`correcting`, `not_follow`); a finding against who turned to the body
    ends it here.
    Raises NoSuchReferral, ReferralOver, CaseMalformed.
    """
    made = _of(referral_id)
    if made.state == ReferralState.ANSWERED and (made.found, made.found_on) == (given.found, given.found_on):
        return made
    made, case = _open(referral_id)
    _check(given, made, at)
    made.state, made.found, made.found_on = ReferralState.ANSWERED.value, given.found.value, given.found_on
    made.says, made.answered_at, made.answered_by = dict(given.says), at, actor.id
    if given.fees_minor:
        made.fees_minor, made.fees_currency = given.fees_minor, given.fees_currency
    if made.nothing_follows:
        made.closed_at = at
    made.save()
    _note(made, case, "answered_outside", actor, at, found=given.found.value, fees_minor=given.fees_minor)
    if given.fees_minor:
        memo = f"costs of an outside body, {made.id}"
        key, amounts = f"referral/{made.id}/fees", {"amount": given.fees_minor}
        ledger.post([Entry("outside_costs", key, at, given.fees_currency, made.seller_key, None, amounts, memo)])
    _tell(made, case, at)
    return made


def not_follow(referral_id: str, why: Sentence, actor: Actor, *, at: datetime) -> Referral:
    """The marketplace does not follow what the body found, and says why; both sides read it."""
    made, case = _answered(referral_id)
    if not any(len(text.strip()) >= _SHORTEST for text in why.values()):
        raise CaseMalformed("why", _("say why not; both sides read it"))
    made.followed, made.why, made.closed_at = Followed.NOT_FOLLOWED.value, dict(why), at
    made.save(update_fields=["followed", "why", "closed_at"])
    _note(made, case, "not_followed_outside", actor, at)
    _tell(made, case, at)
    return made


def end(referral_id: str, actor: Actor, *, at: datetime) -> Referral:
    """There will be no answer: who took it there gave it up, or the body did not take it. ``actor.why`` says which."""
    made, case = _open(referral_id)
    if len(actor.why.strip()) < _SHORTEST:
        raise CaseMalformed("words", _("say why there will be no answer"))
    made.state, made.closed_at = ReferralState.ENDED.value, at
    made.save(update_fields=["state", "closed_at"])
    _note(made, case, "ended_outside", actor, at)
    _tell(made, case, at)
    return made


def sweep(now: datetime) -> int:
    """Notes referrals whose body has not answered in time, and tells their sellers; returns how many. Opens its own
    scope. Nothing is decided by it: the time binds the body, not the parties."""
    with engine_scope():
        rows = query(
            "SELECT c.id, r.id FROM case_referral r JOIN case_file c ON c.id = r.case_id WHERE r.state = 'referred'"
            " AND r.late_at IS NULL AND r.due_at <= %s ORDER BY r.due_at LIMIT %s FOR UPDATE OF c SKIP LOCKED",
            [now, _BATCH],
        ).fetchall()
        cases = machine.locked([case_id for case_id, _id in rows])
        late = list(
            Referral.objects.filter(id__in=[key for _id, key in rows], late_at=None, due_at__lte=now)
            .select_related("body").order_by("due_at", "id")
        )  # fmt: skip
        for made in late:
            made.late_at = now
        Referral.objects.bulk_update(late, ["late_at"])
        lines = []
        for made in late:
            facts = {"referral": made.id, "due_at": _stamp(made.due_at)}
            lines.append(Line(cases[made.case_id], new_id("stp"), "late_outside", Role.ENGINE, "engine", facts))
        writing.lines(lines, now)
        texts = publishing.by_id([case["workflow_id"] for case in cases.values()])
        told = [(made, cases[made.case_id], texts[cases[made.case_id]["workflow_id"]]) for made in late]
        outside_telling.tell(told, now)
    return len(late)


def of_case(case_id: str) -> list[Referral]:
    """The referrals of a case in scope, the oldest first, without who of the staff did what."""
    rows = Referral.objects.filter(case_id=case_id).select_related("body").only(*_SEEN)
    return list(rows.order_by("referred_at", "id")[:100])


def listed(
    *, open_only: bool, seller_key: int | None = None, after: str = "", before: str = "", size: int = PAGE
) -> Slice[Referral]:  # fmt: skip
    """Referrals with their bodies and cases: those that are not over, the oldest first; or all, the newest first."""
    rows = Referral.objects.select_related("body", "case")
    if seller_key is not None:
        rows = rows.filter(seller_key=seller_key)
    if open_only:
        rows = rows.filter(closed_at=None)
    return page(rows, Order("referred_at", descending=not open_only), after=after, before=before, size=size)


#: What a seller's login may read.
_SEEN: Final = (
    "id", "case_id", "seller_key", "outcome_before", "referred_at", "referred_role", "due_at", "extended_at", "late_at",
    "engaged_at",
    "state", "found", "found_on", "says", "fees_minor", "fees_currency", "answered_at", "followed", "why",
    "outcome_id", "closed_at", "body__id", "body__way", "body__name", "body__url", "body__pays", "body__source",
    "body__read_on", "body__certified_by", "body__certified_until",
)  # fmt: skip


def _of_somebody(outcome_id: str) -> StoredOutcome | None:
    """An outcome, where it is a decision and no agreement."""
    found = StoredOutcome.objects.only("id", "at", "decided_role", "final", "verdict").get(id=outcome_id)
    return found if found.decided_role is not None or not found.final else None


def _ways(
    case: Mapping[str, Any], status: str, outcome: StoredOutcome, parties: Sequence[Mapping[str, Any]],
    bodies: Sequence[OutsideBody], busy: str, at: datetime, role: Role,
) -> list[Way]:  # fmt: skip
    route, found = route_of(case, parties), []
    calendar = clockwork.subject_of(case, parties).calendar(role)
    for body in bodies:
        law = law_of(body, case["kind"], route, _day(at), role)
        if law is None:
            continue
        until = due_at(read_term(body.refer_within), outcome.at, calendar) if body.refer_within else None
        why_not = busy
        if not why_not and law.after_appeal and not (outcome.verdict and status == Status.CLOSED):
            why_not = _("This body takes a case after an appeal was decided.")
        if not why_not and until is not None and until < at:
            why_not = _("The time within which this body takes a case is over.")
        decides = body.decides_within or (str(law.decides) if law.decides else "")
        found.append(Way(body, law, until, decides, why_not))
    return found


def _busy(states: Iterable[str]) -> str:
    """Why a case with referrals in these states cannot be taken anywhere now, or ""."""
    there = set(states)
    if ReferralState.REFERRED in there:
        return _("This case is with an outside body already.")
    if ReferralState.ANSWERED in there:
        return _("An outside body has answered about this case; the same dispute is not taken to another one.")
    return ""


def _check(given: Answer, made: Referral, at: datetime) -> None:
    if not any(len(text.strip()) >= _SHORTEST for text in given.says.values()):
        raise CaseMalformed("says", _("say in a few words what the body found"))
    if any(len(text) > _LONGEST for text in given.says.values()):
        raise CaseMalformed("says", _("is longer than %(n)s characters") % {"n": _LONGEST})
    if not made.referred_at.date() <= given.found_on <= _day(at):
        raise CaseMalformed("found_on", _("is a day between the referral and today"))
    if given.fees_minor < 0 or bool(given.fees_minor) != bool(given.fees_currency):
        raise CaseMalformed("fees", _("is an amount in a currency, or left out"))
    if given.fees_minor and made.referred_role == Role.BUYER:
        raise CaseMalformed("fees", _("of a buyer are repaid by the shop, through the payment; leave them out here"))
    if given.fees_minor and given.found is Finding.AGAINST_SELLER:
        raise CaseMalformed("fees", _("are repaid where the body found for the seller, at least in part"))


def _of(referral_id: str) -> Referral:
    found = Referral.objects.filter(id=referral_id).select_related("body").first()
    if found is None:
        raise NoSuchReferral(referral_id)
    return found


def _open(referral_id: str) -> tuple[Referral, dict[str, Any]]:
    case_id = _of(referral_id).case_id
    case, made = machine.locked([case_id])[case_id], _of(referral_id)
    if made.state != ReferralState.REFERRED:
        raise ReferralOver(_("The outside body has answered, or will not; look at the case again."))
    return made, case


def _answered(referral_id: str) -> tuple[Referral, dict[str, Any]]:
    case_id = _of(referral_id).case_id
    case, made = machine.locked([case_id])[case_id], _of(referral_id)
    if made.state != ReferralState.ANSWERED or made.nothing_follows:
        raise ReferralOver(_("No finding waits here for what the marketplace makes of it."))
    if made.followed:
        raise ReferralOver(_("The marketplace has said already what it makes of this finding."))
    return made, case


def _note(made: Referral, case: Mapping[str, Any], name: str, actor: Actor, at: datetime, **facts: Any) -> None:
    line = Line(case, new_id("stp"), name, actor.role, actor.id, {"referral": made.id, **facts}, actor.why)
    writing.lines([line], at)


def _tell(made: Referral, case: Mapping[str, Any], at: datetime) -> None:
    outside_telling.tell([(made, case, publishing.by_id([case["workflow_id"]])[case["workflow_id"]])], at)


def _end(text: str, at: datetime) -> datetime | None:
    return due_at(read_term(text), at, Calendar()) if text else None


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()


def _stamp(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
