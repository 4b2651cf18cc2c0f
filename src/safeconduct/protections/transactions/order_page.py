"""One order as its seller sees it: the certificate, what is still to do by when, parcels, money, history."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.claims.whole import FOR_NOW, MADE_WHOLE, NO_LONGER
from safeconduct.kernel.decisions.models import Decision
from safeconduct.kernel.events.words import event_name
from safeconduct.kernel.ledger.accounts import Kind as Account
from safeconduct.kernel.ledger.of_order import OrderMoney
from safeconduct.kernel.ledger.wording import account_said, event_said, memo_said
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.ui import formats
from safeconduct.kernel.ui.parts import ACTIONS, Moment
from safeconduct.kernel.ui.reader import Reader
from safeconduct.protections.transactions.coverage import words
from safeconduct.protections.transactions.coverage.certificate import Certificate, Position, from_json
from safeconduct.protections.transactions.coverage.conditions import Result
from safeconduct.protections.transactions.coverage.template import Condition, Template
from safeconduct.protections.transactions.coverage.words import OF_THE_SELLER, Cause, Kind, Standing, State
from safeconduct.protections.transactions.models import Coverage, CoverageStep
from safeconduct.protections.transactions.portal_words import CAUSES, DETAILS, REASONS, SCANS, STARTS, STATES
from safeconduct.protections.transactions.queries import Happened
from safeconduct.protections.transactions.versions import parsed

_DAY_US: Final = 86_400_000_000
_FEES: Final = frozenset({"capture", "commission", "protection_fee"})
#: Events by which the fund pays a seller for losses, or takes that back.
_OF_THE_FUND: Final = frozenset(MADE_WHOLE) - {"carrier_claim_to_seller"}
#: States in which there is still something to promise.
_PROMISED: Final = frozenset({State.QUOTED, State.ACTIVE, State.PROTECTED, State.PARTLY, State.CLAIMED})
#: A history longer than this is cut at its beginning.
_MOST_MOMENTS: Final = 40


@dataclass(frozen=True, slots=True)
class Check:
    """One condition as it stands. ``until``: the term that runs; ``at``: since when it is met or missed; ``later``: a
    word where neither is known; ``only``: the causes it is for, empty for all that are covered."""

    icon: str
    tone: str
    says: str
    note: str = ""
    only: str = ""
    until: datetime | None = None
    at: datetime | None = None
    later: str = ""


@dataclass(frozen=True, slots=True)
class Against:
    """How the order stands against one cause, and why."""

    cause: str
    tone: str
    word: str
    sentence: str


@dataclass(slots=True)
class Parcel:
    """One parcel and what its carrier told. ``number``: the tracking number, empty where there is none."""

    number: str = ""
    carrier: str = ""
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    signed: bool = False
    scans: list[Moment] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The certificate, written for a reader."""

    tone: str
    word: str
    promise: str
    source: str
    against: list[Against]
    checks: list[Check]


class Writer:
    """Writes one order's certificate for a reader."""

    def __init__(self, order: Coverage, events: Sequence[Happened], reader: Reader, money: OrderMoney) -> None:
        self.order, self.reader, self.money = order, reader, money
        self.template: Template = parsed(order.template.text)
        self.certificate: Certificate = from_json(order.certificate)
        self.by_moment: Mapping[int, Happened] = {event.moment: event for event in events}

    def sheet(self) -> Sheet:
        """The whole of it."""
        tone, word = STATES[State(self.order.state)]
        return Sheet(tone, str(word), self._promise(), self._source(), self._against(), self._checks())

    def _promise(self) -> str:
        if self.certificate.overall not in _PROMISED:
            return ""
        if self.certificate.up_to_minor is None:
            return _("Nothing is promised in money yet. This is a promise of the marketplace, not insurance.")
        until_us = self.certificate.until_us
        said = {
            "amount": formats.money(self.certificate.up_to_minor, self.order.currency, self.reader.language),
            "until": "" if until_us is None else self._time(until_us),
            "days": self.template.period.within_us // _DAY_US, "start": STARTS[self.template.period.after],
        }  # fmt: skip
        if self.certificate.overall is State.QUOTED:
            return _(
                "Not covered yet. Once it is accepted and paid: up to %(amount)s, if every condition below is met."
                " This is a promise of the marketplace, not insurance."
            ) % said  # fmt: skip
        if until_us is None:
            return _(
                "Protected up to %(amount)s, if every condition below is met, against claims made within %(days)s days"
                " %(start)s. This is a promise of the marketplace, not insurance."
            ) % said  # fmt: skip
        return _(
            "Protected up to %(amount)s, if every condition below is met, against claims made until %(until)s."
            " This is a promise of the marketplace, not insurance."
        ) % said  # fmt: skip

    def _source(self) -> str:
        day = formats.day(self.order.placed_at, self.reader.zone, self.reader.language, self.reader.now)
        return _("%(title)s, version %(number)s, in force on %(day)s") % {
            "title": self._say(self.template.title), "number": self.order.template.number, "day": day,
        }  # fmt: skip

    def _against(self) -> list[Against]:
        rows = []
        for covered in self.template.covered:
            position = self.certificate.positions[covered.cause]
            tone, word = STATES[position.state]
            sentence = self._sentence(covered.cause, covered.conditions, position)
            rows.append(Against(str(CAUSES[covered.cause]), tone, str(word), sentence))
        rows += [
            Against(str(CAUSES[excluded.cause]), "", _("Not part of it"), self._say(excluded.because))
            for excluded in self.template.excluded
        ]
        return rows

    def _sentence(self, cause: Cause, names: Sequence[str], position: Position) -> str:
        match position.state:
            case State.PROTECTED:
                still = self._open(cause, names)
                if still:
                    return _("Met as far as it can be. If somebody claims: %(conditions)s") % {"conditions": still}
                return _("Every condition is met. It stays so while nothing about the order changes.")
            case State.PAID:
                return self._covered(position)
            case State.CLAIMED:
                said = _("Somebody claims. Until it is decided, nothing is lost.") + self._why(position)
                return said + self._for_now()
            case State.ACTIVE:
                return _("Still open: %(conditions)s") % {"conditions": self._open(cause, names)}
            case _:
                return self._why(position).strip()

    def _for_now(self) -> str:
        """What the fund has paid while a bank decides, and when that goes back."""
        paid = self._amounts(moved(self.money, frozenset({FOR_NOW, NO_LONGER})))
        if not paid:
            return ""
        return " " + _(
            "The protection fund has paid you %(paid)s for now. If the bank gives the money to the buyer, the fund pays"
            " for good what is covered; if it decides for you, this goes back to the fund."
        ) % {"paid": paid}  # fmt: skip

    def _amounts(self, sums: Sequence[tuple[str, int]]) -> str:
        return " · ".join(formats.money(minor, currency, self.reader.language) for currency, minor in sums)

    def _covered(self, position: Position) -> str:
        """A lost claim that is covered, and what the fund has paid so far: less, where another way was faster."""
        said = {
            "amount": formats.money(position.pays_minor, self.order.currency, self.reader.language),
            "paid": self._amounts(moved(self.money, _OF_THE_FUND)),
        }
        if not said["paid"]:
            return _(
                "The claim was lost, and it is covered up to %(amount)s. The protection fund has paid you nothing for"
                " this order: it pays what you lose and nobody else makes good."
            ) % said  # fmt: skip
        return _(
            "The claim was lost, and it is covered up to %(amount)s. The protection fund has paid you %(paid)s for"
            " this order."
        ) % said  # fmt: skip

    def _open(self, cause: Cause, names: Sequence[str]) -> str:
        return " · ".join(self._says(n) for n in names if self._result(n, cause).standing is Standing.PENDING)

    def _why(self, position: Position) -> str:
        if position.reason in self.template.conditions:
            return " " + _("Not met: %(condition)s") % {"condition": self._says(position.reason)}
        return f" {REASONS[position.reason]}" if position.reason in REASONS else ""

    def _result(self, name: str, cause: Cause) -> Result:
        return self.certificate.of_claims.get(name, {}).get(cause) or self.certificate.conditions[name]

    def _checks(self) -> list[Check]:
        rows = []
        for name, condition in self.template.conditions.items():
            causes = [c.cause for c in self.template.covered if name in c.conditions]
            by_claim = self.certificate.of_claims.get(name, {})
            for cause, result in by_claim.items():
                rows.append(self._check(condition, result, str(CAUSES[cause])))
            rest = [cause for cause in causes if cause not in by_claim]
            if rest:
                partly = by_claim or len(causes) < len(self.template.covered)
                only = " · ".join(str(CAUSES[cause]) for cause in rest) if partly else ""
                rows.append(self._check(condition, self.certificate.conditions[name], only))
        return rows

    def _check(self, condition: Condition, result: Result, only: str) -> Check:
        says, detail = self._say(condition.says), str(DETAILS.get(result.detail, ""))
        at = None if result.at_us is None else at_micros(result.at_us)
        match result.standing:
            case Standing.MET:
                return Check("check", "good", says, detail or self._evidence(condition, result), only, at=at)
            case Standing.FAILED:
                return Check("cross", "bad", says, detail or self._missed(result), only, at=at)
            case _:
                if result.deadline_us is not None:
                    tone = "warn" if condition.kind in OF_THE_SELLER else "info"
                    icon = "alert" if condition.kind in OF_THE_SELLER else "clock"
                    return Check(icon, tone, says, self._say(condition.do), only, until=at_micros(result.deadline_us))
                later = _("if asked") if condition.kind in words.OF_A_CLAIM else _("later")
                return Check("none", "", says, detail or self._say(condition.do), only, later=later)

    def _evidence(self, condition: Condition, result: Result) -> str:
        if condition.kind is Kind.ACCEPTED and self.order.action in ACTIONS:
            return _("Risk check: %(action)s") % {"action": ACTIONS[self.order.action][2]}
        event = self.by_moment.get(result.moment)
        return "" if event is None else " · ".join(filter(None, (event_name(event.type)[0], event.data.get("carrier"))))

    def _missed(self, result: Result) -> str:
        event = self.by_moment.get(result.moment)
        if event is not None:
            told = {"event": event_name(event.type)[0], "when": self._at(event.at)}
            return _("What was told: %(event)s, %(when)s.") % told
        if result.deadline_us is not None:
            return _("Nothing was told until its term ended, %(when)s.") % {"when": self._time(result.deadline_us)}
        return ""

    def _says(self, name: str) -> str:
        return self._say(self.template.conditions[name].says)

    def _say(self, by_language: Mapping[str, str]) -> str:
        return spoken(by_language, self.reader.language)

    def _time(self, at_us: int) -> str:
        return self._at(at_micros(at_us))

    def _at(self, at: datetime) -> str:
        return formats.absolute(at, self.reader.zone, self.reader.language, self.reader.now)


# -- parcels ----------------------------------------------------------------------------------------------------------


def parcels_of(events: Sequence[Happened]) -> list[Parcel]:
    """The parcels of an order, the first sent first."""
    found: dict[str, Parcel] = {}
    for event in events:
        if not event.type.startswith("shipment."):
            continue
        name = str(event.data.get("parcel") or "")
        parcel = found.setdefault(name, Parcel(number=name.rpartition(":")[2]))
        parcel.carrier = parcel.carrier or str(event.data.get("carrier") or name.rpartition(":")[0])
        match event.type:
            case "shipment.shipped":
                parcel.shipped_at = parcel.shipped_at or event.at
            case "shipment.delivered":
                parcel.delivered_at = parcel.delivered_at or event.at
                parcel.signed = parcel.signed or bool(event.data.get("signed"))
            case _:
                scan = str(event.data.get("scan") or "")
                tone = "bad" if scan in ("exception", "returned") else ""
                parcel.scans.append(Moment(str(SCANS.get(scan, event_name(event.type)[0])), event.at, tone=tone))
    return list(found.values())


# -- money ------------------------------------------------------------------------------------------------------------


def moved(money: OrderMoney, events: Collection[str]) -> list[tuple[str, int]]:
    """(Currency, minor units) that these events have given the seller for the order, less what they took back."""
    found: dict[str, int] = {}
    for line in money.movements:
        if line.event in events:
            found[line.currency] = found.get(line.currency, 0) + line.amount_minor
    return sorted((currency, minor) for currency, minor in found.items() if minor > 0)


def money_lines(money: OrderMoney, language: str) -> list[dict[str, Any]]:
    """The movements as rows of a table."""
    return [
        {
            "line": line, "what": event_said(line.event, line.amount_minor),
            "account": account_said(line.account), "memo": memo_said(line.event, line.memo, language),
        }
        for line in money.movements
    ]  # fmt: skip


def money_sums(money: OrderMoney, reader: Reader) -> list[tuple[str, str]]:
    """What came in, what was kept, and where the rest stands, in each currency."""
    rows = []
    for currency in sorted({line.currency for line in money.movements}):
        own = [line for line in money.movements if line.currency == currency]
        captured = sum(line.amount_minor for line in own if line.event == "capture" and line.amount_minor > 0)
        fees = sum(line.amount_minor for line in own if line.event in _FEES and line.amount_minor < 0)
        figures = [(_("Captured"), captured), (_("Fees"), fees)]
        figures += [
            (account_said(account), money.sums.get((currency, account), 0))
            for account in (Account.ON_HOLD, Account.PENDING)
        ]
        free = money.sums.get((currency, Account.AVAILABLE), 0)
        figures.append(
            (_("Available, or paid out already") if free >= 0 else _("Taken from other orders' money"), free)
        )
        rows += [(label, formats.money(minor, currency, reader.language)) for label, minor in figures if minor]
    return rows


# -- history ----------------------------------------------------------------------------------------------------------


def history(
    events: Sequence[Happened], steps: Sequence[CoverageStep], decisions: Sequence[Decision]
) -> list[Moment]:  # fmt: skip
    """What happened, in its order: events, decisions, and how the coverage changed."""
    found = [(event.at, _told(event)) for event in events if event.type != "payment.attempted"]
    for made in decisions:
        tone, _icon, label = ACTIONS[made.action]
        title = _("Risk check: %(action)s") % {"action": label}
        found.append((made.decided_at, Moment(title, made.decided_at, tone=tone)))
    before = ""
    for step in steps:
        if step.state != before:
            tone, word = STATES[State(step.state)]
            found.append((step.at, Moment(_("Coverage: %(state)s") % {"state": word}, step.at, tone=tone)))
        before = step.state
    found.sort(key=lambda pair: pair[0])
    return [moment for _at, moment in found[-_MOST_MOMENTS:]]


def _told(event: Happened) -> Moment:
    title, tone = event_name(event.type)
    scan = event.data.get("scan")
    return Moment(title, event.at, str(SCANS.get(str(scan), "")) if scan else "", tone)
