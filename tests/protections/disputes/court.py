"""A marketplace with one sold order and people, for the stories of disputes. Its clock is the shop's, in days."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.kernel.builders import event, person, usd
from tests.protections.transactions.shop import START, Shop, balances, key_of

from safeconduct.kernel.cases import publishing, seats
from safeconduct.kernel.cases import sweep as clocks
from safeconduct.kernel.cases.messages import Offer
from safeconduct.kernel.cases.models import Case, CaseMessage, Step, StoredOutcome
from safeconduct.kernel.cases.outcomes import Outcome
from safeconduct.kernel.cases.words import Liability, Remedy, Role, Standing
from safeconduct.kernel.claims.models import Claim, Refund
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.record import sequencer
from safeconduct.kernel.scope import Actor, engine_scope, staff_scope
from safeconduct.protections.disputes import actions, protection
from safeconduct.protections.disputes.burden import ClaimType
from safeconduct.protections.disputes.doing import Asked, do
from safeconduct.protections.disputes.models import Dispute, Opened
from safeconduct.protections.disputes.opening import Request, open_disputes

BUYER = Actor("buyer", "buyer")
SELLER = Actor("usr_seller", "member")


class Court:
    """One order, one dispute about it."""

    def __init__(
        self, *, amount: float = 100, preset: str = "", deliver: bool = True, seller_country: str = ""
    ) -> None:
        self.shop = Shop()
        if seller_country:
            self.shop.send([event("seller.registered", at=START, seller="sel-1", seller_country=seller_country)])
        if preset:
            with staff_scope():
                publishing.publish(
                    "dispute", preset, since=START, written_by="mei", approved_by="jo", why="ours", at=START
                )
        self.shop.sold("ord-1", amount=amount, deliver=deliver, ship_country="DE")
        self.shop.day = 4.0
        self.case = ""

    @property
    def now(self) -> datetime:
        return self.shop.now

    def open(self, **changes: Any) -> str:
        fields: dict[str, Any] = {
            "key": "r-1", "order_key": key_of("ord-1"), "type": ClaimType.NOT_RECEIVED, "asked": Remedy.REFUND,
            "actor": BUYER, "opened": Opened.API, "words": "It never came", "zone": "Europe/Berlin", **changes,
        }  # fmt: skip
        with engine_scope():
            (dispute,) = open_disputes([Request(**fields)], at=self.now)
        self.case = dispute.case_id
        return self.case

    def do(self, verb: str, role: Role, content: bytes | None = None, **values: str) -> None:
        with engine_scope():
            actor = SELLER if role is Role.SELLER else BUYER
            do(verb, Asked(self.dispute, role, actor, values, content, None, "USD"), at=self.now)

    def take(self, name: str, role: Role, who: User | None = None, outcome: Outcome | None = None) -> None:
        actor = Actor(who.id if who else "operator", role.value, "so it is")
        with staff_scope():
            actions.take(self.case, name, actor, role, at=self.now, outcome=outcome)

    def seat(self, role: Role) -> User:
        who = person()
        with staff_scope():
            seats.take(self.case, who, role, at=self.now)
        return who

    def wait(self, days: float) -> None:
        """Time passes: what is due is done, by the protection first and then by the clocks, as in the lanes."""
        self.shop.day += days
        protection.sweep(self.now)
        clocks.keep_up(self.now)

    def to_the_arbiter(self) -> User:
        """Both have brought what they have, nothing can be mediated, somebody is to decide."""
        self.do("answer", Role.SELLER, words="It was delivered, see the scans")
        self.do("escalate", Role.BUYER)
        self.take("mediate", Role.OPERATOR)
        self.take("no_proposal", Role.MEDIATOR, self.seat(Role.MEDIATOR))
        return self.seat(Role.ARBITER)

    def refund(self, amount: float) -> None:
        """The shop sends a refund and says so."""
        self.shop.tell("refund.created", "ord-1", amount=usd(amount))

    @property
    def dispute(self) -> Dispute:
        with staff_scope():
            return Dispute.objects.get(case_id=self.case)

    @property
    def state(self) -> str:
        with staff_scope():
            return Case.objects.get(id=self.case).state

    def open_offer(self) -> str:
        with staff_scope():
            return CaseMessage.objects.filter(case_id=self.case, offer_state="open").latest("at", "id").id

    def outcome(self) -> tuple[str, str, str, int | None]:
        """The outcome that stands: what the buyer gets, who pays, whether it counts, how much."""
        with staff_scope():
            found = StoredOutcome.objects.get(id=Case.objects.get(id=self.case).outcome_id)
            assert found.told["en"]
            return found.remedy, found.liability, found.standing, found.amount_minor

    def steps(self) -> list[str]:
        with staff_scope():
            return list(Step.objects.filter(case_id=self.case).order_by("number").values_list("name", flat=True))

    def refunds(self) -> list[tuple[str, int]]:
        with staff_scope():
            return list(Refund.objects.order_by("requested_at", "id").values_list("state", "amount_minor"))

    def claim_open(self) -> bool:
        with staff_scope():
            return Claim.objects.filter(closed_at=None).exists()

    def seal(self) -> None:
        """Everything becomes lines of the record."""
        sequencer.keep_up(self.now + timedelta(days=1))


def decision(**changes: Any) -> Outcome:
    fields: dict[str, Any] = {
        "remedy": Remedy.REFUND, "liability": Liability.SELLER, "standing": Standing.COUNTS,
        "rule": "dispute/not_received", "rule_version": "1",
        "facts": {"en": "The parcel was scanned once and never again."}, "amount_minor": 10_000, "currency": "USD",
        **changes,
    }  # fmt: skip
    return Outcome(**fields)


def for_the_seller() -> Outcome:
    return decision(
        remedy=Remedy.NOTHING, liability=Liability.NOBODY, standing=Standing.DOES_NOT_COUNT, amount_minor=None,
        currency="", facts={"en": "The carrier delivered it, and somebody signed."},
    )  # fmt: skip


def partial(minor: int) -> Offer:
    return Offer(Remedy.PARTIAL_REFUND, minor, "USD")


__all__ = ["Court", "balances", "decision", "for_the_seller", "partial"]
