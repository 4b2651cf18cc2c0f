"""What the pages of a case, whatever its kind, show of outside bodies: where its parties can turn, what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from safeconduct.kernel.cases import referrals
from safeconduct.kernel.cases.kinds import kind_of
from safeconduct.kernel.cases.models import Case, Referral, Seat
from safeconduct.kernel.cases.outside_telling import state_of
from safeconduct.kernel.cases.queries import outcomes
from safeconduct.kernel.cases.referrals import Way
from safeconduct.kernel.cases.words import BodyWay, Finding, Liability, ReferralState, Remedy, Role, Standing, Status
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.ui.parts import Step

Text = str | Promise
WAYS: Final[Mapping[BodyWay, Text]] = {
    BodyWay.CERTIFIED: lazy("Certified out-of-court dispute settlement body"),
    BodyWay.MEDIATOR: lazy("Mediator named under Regulation (EU) 2019/1150"),
    BodyWay.CONSUMER: lazy("Body for consumers under Directive 2013/11/EU"),
    BodyWay.NAMED: lazy("Body named by the marketplace"),
}
FINDINGS: Final[Mapping[Finding, Text]] = {
    Finding.FOR_SELLER: lazy("for the seller"), Finding.PARTLY: lazy("for the seller in part"),
    Finding.AGAINST_SELLER: lazy("against the seller"),
}  # fmt: skip
BY: Final[Mapping[Role, Text]] = {Role.SELLER: lazy("by the seller"), Role.BUYER: lazy("by the buyer")}
_TONES: Final[Mapping[ReferralState, str]] = {
    ReferralState.REFERRED: "info", ReferralState.ANSWERED: "warn", ReferralState.ENDED: "",
}  # fmt: skip
_TO_THE_BUYER: Final = (Remedy.REFUND, Remedy.PARTIAL_REFUND, Remedy.REFUND_ON_RETURN)


@dataclass(frozen=True, slots=True)
class Shown:
    """A referral as it is shown. ``state``: where it stands, in words; ``by``: who took it there; ``pays``: who bears
    the costs."""

    one: Referral
    state: str
    tone: str
    way: Text
    pays: str
    by: Text
    finding: Text
    says: str
    why: str


@dataclass(frozen=True, slots=True)
class Open:
    """A body that a case can be taken to, in words. ``sure``: "" where what law says was found in public sources."""

    way: Way
    kind: Text
    pays: str
    platform: str

    @property
    def checked(self) -> bool:
        """Whether what is said of law is confirmed."""
        return self.way.law.checked


@dataclass(frozen=True, slots=True)
class Outside:
    """The panel. ``ways``: only while the case is with no body. ``stops``: what the stepper shows after the case's own
    way. For staff: ``answered`` is the referral whose finding waits for a new decision, ``bore_minor`` what the seller
    bears until then, ``had_minor`` what the buyer gets until then, where the buyer had turned to the body, ``pays``
    whether the case pays the seller, ``acts`` whether the reader has the seat."""

    case: Case
    referrals: Sequence[Shown] = ()
    ways: Sequence[Open] = ()
    stops: Sequence[Step] = ()
    answered: Referral | None = None
    bore_minor: int | None = None
    had_minor: int | None = None
    pays_seller: bool = False
    counts: bool = False
    holder: User | None = None
    acts: bool = False
    had_a_seat: bool = False

    def after(self, own: Sequence[Step]) -> list[Step]:
        """The stepper whole: the case's own way, which is done once it was taken outside, and then the bodies."""
        done = [replace(stop, state="done") if self.stops and stop.state == "now" else stop for stop in own]
        return [*done, *self.stops]

    @property
    def anything(self) -> bool:
        """Whether there is something to show."""
        return bool(self.referrals or self.ways)

    @property
    def running(self) -> Referral | None:
        """The referral that waits for its body."""
        return next((s.one for s in self.referrals if s.one.state == ReferralState.REFERRED), None)


def of_seller(case: Case, language: str, at: datetime) -> Outside:
    """The panel for the seller, in the scope that is open. Of a case without an outcome nothing is asked."""
    return _of_party(case, Role.SELLER, language, at)


def of_buyer(case: Case, language: str, at: datetime) -> Outside:
    """The panel for the buyer, behind the link."""
    return _of_party(case, Role.BUYER, language, at)


def _of_party(case: Case, role: Role, language: str, at: datetime) -> Outside:
    made = _made(case)
    shown = [_shown(one, language, role) for one in made]
    return Outside(case, shown, _ways(case, made, role, language, at), _stops(made, language, role))


def of_staff(case: Case, person: User, language: str) -> Outside:
    """The panel for a member of staff: what was taken outside, and what is to be done about it."""
    made = _made(case)
    shown, stops = [_shown(one, language) for one in made], _stops(made, language)
    waits = next((one for one in made if one.state == ReferralState.ANSWERED and one.closed_at is None), None)
    if waits is None or case.status != Status.CLOSED:
        return Outside(case, shown, stops=stops)
    held = list(Seat.objects.filter(case_id=case.id).select_related("person"))
    own = next((seat for seat in held if seat.person_id == person.id), None)
    holder = next((s.person for s in held if s.role == Role.REVIEWER and s.left_at is None), None)
    before = outcomes(case.id)[-1]
    bore = had = None
    if waits.referred_role == Role.BUYER:
        had = (before.amount_minor or 0) if Remedy(before.remedy) in _TO_THE_BUYER else 0
    elif Remedy(before.remedy) in _TO_THE_BUYER:
        shares = before.shares or {before.liability: before.amount_minor or 0}
        bore = int(shares.get(Liability.SELLER, 0))
    return Outside(
        case, shown, (), stops, waits, bore, had, Remedy.REIMBURSE in kind_of(case.kind).remedies,
        before.standing == Standing.COUNTS, holder,
        holder is not None and holder.id == person.id and _sat_down_after(own, waits), own is not None,
    )  # fmt: skip


def _made(case: Case) -> list[Referral]:
    return [] if case.outcome_id is None else referrals.of_case(case.id)


def _sat_down_after(own: Seat | None, waits: Referral) -> bool:
    """Whether the reader's seat is of this new decision, and not of the one it is about."""
    return own is not None and waits.answered_at is not None and own.at >= waits.answered_at


def _ways(case: Case, made: Sequence[Referral], role: Role, language: str, at: datetime) -> list[Open]:
    if any(one.state != ReferralState.ENDED for one in made):
        return []
    return [
        Open(way, WAYS[BodyWay(way.body.way)], spoken(way.body.pays, language), spoken(way.law.platform, language))
        for way in referrals.ways_of(case, "", at, role)
    ]


def _stops(made: Sequence[Referral], language: str, role: Role = Role.SELLER) -> list[Step]:
    return [
        Step(
            one.body.name, spoken(state_of(one, role), language),
            "now" if one.closed_at is None else "done" if one.state == ReferralState.ANSWERED else "failed",
        )
        for one in made
    ]  # fmt: skip


def _shown(one: Referral, language: str, role: Role = Role.SELLER) -> Shown:
    words: dict[str, Any] = {"says": one.says, "why": one.why}
    return Shown(
        one, spoken(state_of(one, role), language), _TONES[ReferralState(one.state)], WAYS[BodyWay(one.body.way)],
        spoken(one.body.pays, language), BY[Role(one.referred_role)], FINDINGS[Finding(one.found)] if one.found else "",
        **{name: spoken(text, language) if text else "" for name, text in words.items()},
    )  # fmt: skip
