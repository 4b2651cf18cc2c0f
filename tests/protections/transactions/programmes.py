"""The four shipped templates, each lived through in six ways by a shop that knows nothing but the front door.

Events go in by `/v1/events`, cover is read by `/v1/coverage`, and what changes is heard by webhook. What the shop tells
happened some hours ago by the real clock; where minutes must pass, the sweep's clock goes ahead by fewer than the five
that the webhooks' library allows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from tests.api.api_world import good
from tests.kernel.builders import event, usd, with_budget
from tests.kernel.notices.receiver import Receiver

from safeconduct.kernel.decisions import policies, reactions
from safeconduct.kernel.notices import upkeep
from safeconduct.kernel.scope import Actor, staff_scope
from safeconduct.protections.transactions import versions
from safeconduct.protections.transactions.coverage.shipped import shipped_templates

POLICY: Final = """\
policy: order-risk
on: order.placed
in: USD
rules:
  huge:
    when: amount > money('5000 USD')
    then: block
    because: {en: "Above the limit", es: "Por encima del límite", zh: "超过上限"}
"""
FRAUD: Final = "unauthorised_payment"
HOME, ELSEWHERE = "12 Main St", "Elsewhere 9"
_KINDS = ["coverage.protected", "coverage.at_risk", "coverage.void"]
#: What is told a little before something falls due, how far the clock goes then, and what happens just after it.
_SOON_H, _AHEAD, _AFTER_H = 2 / 60, timedelta(minutes=3), -2.5 / 60
#: What an operator adds to a tracking number that the template wants without a term.
_KIND, _TERM = "    kind: tracked\n", "    within: {}\n    after: placed\n"
_AUTHOR, _APPROVER = Actor("mei", "lead", "A better offer"), Actor("li", "lead", "Checked with finance")


Story = Callable[["Door"], Sequence["Ending"]]


class Machine(Protocol):
    """The shop's own system as it calls the API: the test client, or real HTTP."""

    def get(self, path: str, headers: dict[str, str] | None = None) -> Any: ...
    def post(self, path: str, body: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Ending:
    """How an order ended: against which cause, how and why, what the fund pays, and what webhooks told of it."""

    order: str
    cause: str
    state: str
    reason: str | None = None
    pays_minor: int = 0
    heard: tuple[str, ...] = ()


class Door:
    """A marketplace with one template in force, as the shop's system meets it."""

    def __init__(self, template: str, machine: Machine, receiver: Receiver) -> None:
        self.machine, self.receiver = machine, receiver
        with staff_scope():
            policies.install(with_budget(POLICY), at=hours_ago(24 * 90), actor=Actor("test", "owner"))
            versions.install(hours_ago(24 * 90), template)
        made = good(machine.post("/v1/webhooks/endpoints", {"url": receiver.url, "kinds": _KINDS}), 201)
        self.secret = good(machine.get(f"/v1/webhooks/endpoints/{made['id']}/secret"))["secret"]

    def tell(self, *events: dict[str, Any]) -> None:
        answer = good(self.machine.post("/v1/events/batch", {"events": list(events)}))
        assert (answer["stored"], answer["refused"]) == (len(events), 0), answer

    def minutes_pass(self) -> None:
        reactions.sweep(datetime.now(UTC) + _AHEAD)

    def cover(self, order: str, language: str = "es") -> dict[str, Any]:
        return dict(good(self.machine.get(f"/v1/coverage/{order}", {"Accept-Language": language})))

    def heard(self, order: str) -> list[dict[str, Any]]:
        """What webhooks told of an order, each read by the official library."""
        upkeep.keep_up(datetime.now(UTC) + _AHEAD)
        told = [got.verified(self.secret) for got in self.receiver.got]
        assert len({got.message_id for got in self.receiver.got}) == len(told), "each message came once"
        return [message for message in told if message["data"]["order"] == order]

    def ended(self, ending: Ending) -> None:
        """Whether an order stands as this says, by the API and by what webhooks told."""
        found = self.cover(ending.order)
        against = next(one for one in found["causes"] if one["cause"] == ending.cause)
        assert (against["state"], against["reason"]) == (ending.state, ending.reason), found
        assert against["pays"] == {"minor": ending.pays_minor, "currency": "USD"}
        told = self.heard(ending.order)
        assert sorted(message["type"] for message in told) == sorted(ending.heard)
        for message in told:
            if message["type"] == "coverage.void":
                assert message["data"]["causes"][ending.cause] == ending.reason


def hours_ago(hours: float) -> datetime:
    return datetime.now(UTC) - timedelta(hours=hours)


def put_in_force(template: str, since: datetime, *changes: tuple[str, str]) -> None:
    """Two people put an operator's own version in force, the day before its day."""
    text = shipped_templates()[template].text
    for before, after in (("valid_from: 2020-01-01", f"valid_from: {since.date()}"), *changes):
        assert before in text, before
        text = text.replace(before, after, 1)
    then = since - timedelta(days=1)
    with staff_scope():
        versions.approve(versions.draft(text, _AUTHOR, then).id, _APPROVER, then)


class Programme:
    """A template's own promise, and how an order comes to each of its ends. Times are hours ago."""

    template = ""
    #: What an operator changes in the template, and the cause and condition by which a later order loses its cover.
    changed: tuple[str, str] = ("", "")
    changed_cause, changed_reason = FRAUD, ""
    #: The condition that a parcel sent late misses, and how long its term is, in hours.
    late_reason, late_h = "", 0.0
    #: When the seller is warned of it, hours after its term began.
    warned_h = 0.0

    def __init__(self, seller: str = "sel-1") -> None:
        self.seller = seller

    def sold(self, order: str, hours: float) -> list[dict[str, Any]]:
        about = {"order": order, "amount": usd(100), "seller": self.seller}
        return [
            event(at=hours_ago(hours), address=HOME, seller_country="US", card=f"card-{order}", buyer=f"buy-{order}", **about),
            event("order.paid", at=hours_ago(hours), **about),
        ]  # fmt: skip

    def sent(self, order: str, hours: float, address: str = HOME) -> list[dict[str, Any]]:
        """Handed over with a tracking number, and seen on the way by the carrier, who knows no order."""
        parcel = f"dhl:{order}"
        return [
            event("shipment.shipped", at=hours_ago(hours), order=order, seller=self.seller, parcel=parcel, carrier="dhl", address=address),
            event("shipment.tracked", at=hours_ago(hours - 0.01), parcel=parcel, carrier="dhl", scan="in_transit"),
        ]  # fmt: skip

    def delivered(self, order: str, hours: float, **data: Any) -> dict[str, Any]:
        about = {"order": order, "seller": self.seller, "parcel": f"dhl:{order}", "carrier": "dhl", "address": HOME}
        return event("shipment.delivered", at=hours_ago(hours), **{**about, **data})

    def disputed(self, order: str, hours: float = 0.0, *, lost: bool = False) -> list[dict[str, Any]]:
        told = {"order": order, "seller": self.seller, "dispute": f"dp-{order}", "amount": usd(100)}
        opened = event("dispute.opened", at=hours_ago(hours), reason="fraudulent", **told)
        return [opened, event("dispute.closed", at=hours_ago(0), outcome="lost", **told)] if lost else [opened]

    def covered(self, door: Door) -> Sequence[Ending]:
        """Sent in time and delivered it is protected, and a dispute that the bank decides against the shop is paid."""
        door.tell(*self.sold("covered", 30))
        first = door.cover("covered")
        assert first["state"] == "active" and first["up_to"] == {"minor": 10_000, "currency": "USD"}
        door.tell(*self.sent("covered", 10), self.delivered("covered", 1, signed=True))
        assert door.cover("covered")["state"] == "protected"
        door.tell(*self.disputed("covered"))
        assert next(c for c in door.cover("covered")["causes"] if c["cause"] == FRAUD)["state"] == "claimed"
        told = {"order": "covered", "seller": self.seller, "dispute": "dp-covered", "amount": usd(100)}
        door.tell(event("dispute.closed", at=hours_ago(0), outcome="lost", **told))
        return [Ending("covered", FRAUD, "paid", None, 10_000, ("coverage.protected",))]

    def lost_by_late_shipping(self, door: Door) -> Sequence[Ending]:
        """The term ends with nothing told; a parcel that is sent afterwards mends nothing."""
        door.tell(*self.sold("late", self.late_h - _SOON_H))
        assert door.cover("late")["state"] == "active"
        door.minutes_pass()
        assert door.cover("late")["state"] == "void"
        door.tell(*self.sent("late", _AFTER_H))
        return [Ending("late", FRAUD, "void", self.late_reason, 0, ("coverage.void",))]

    def warned_and_rescued(self, door: Door) -> Sequence[Ending]:
        """Warned while there is time, the seller sends the parcel, and is protected."""
        door.tell(*self.sold("warned", self.warned_h - _SOON_H))
        assert door.heard("warned") == []
        door.minutes_pass()
        (warning,) = door.heard("warned")
        assert warning["data"]["condition"] == self.late_reason
        assert datetime.fromisoformat(warning["data"]["due_at"]) > datetime.now(UTC) + timedelta(hours=12)
        door.minutes_pass()
        door.tell(*self.sent("warned", 0))
        return [Ending("warned", FRAUD, "protected", None, 0, ("coverage.at_risk", "coverage.protected"))]

    def address_changed(self, door: Door) -> Sequence[Ending]:
        """The parcel goes to another address than the one on the order."""
        door.tell(*self.sold("moved", 30), *self.sent("moved", 10, ELSEWHERE))
        return [Ending("moved", FRAUD, "void", "address", 0, ("coverage.void",))]

    def limit_reached(self, door: Door) -> Sequence[Ending]:
        """The operator's limit of a seller and year is 150: the second lost order is paid half, the third nothing."""
        put_in_force(self.template, hours_ago(24 * 10), ("limits: {", "limits: {seller_year: 150 USD, "))
        orders = ("limit-1", "limit-2", "limit-3")
        for order in orders:
            door.tell(*self.sold(order, 30), *self.sent(order, 10), self.delivered(order, 1, signed=True))
        for order in orders:
            door.tell(*self.disputed(order, lost=True))
        heard = ("coverage.protected",)
        return [
            Ending("limit-1", FRAUD, "paid", None, 10_000, heard), Ending("limit-2", FRAUD, "paid", None, 5_000, heard),
            Ending("limit-3", FRAUD, "denied", "limit_reached", 0, (*heard, "coverage.void")),
        ]  # fmt: skip

    def policy_changed(self, door: Door) -> Sequence[Ending]:
        """Stricter terms come between two orders that are treated alike: the earlier keeps what was promised to it."""
        put_in_force(self.template, hours_ago(20), self.changed)
        for order, hours in (("before", 72), ("after", 20)):
            door.tell(*self.sold(order, hours), *self.sent(order, hours - 19), self.delivered(order, hours - 19.5))
        assert door.cover("before")["template_version"] < door.cover("after")["template_version"]
        kept, lost = ("coverage.protected",), ("coverage.void",)
        return [
            Ending("before", self.changed_cause, "protected", None, 0, kept),
            Ending("after", self.changed_cause, "void", self.changed_reason, 0, lost),
        ]

    def stories(self) -> dict[str, Story]:
        """All six by their names, in an order in which they can be lived through one after the other."""
        return {
            story.__name__: story
            for story in (
                self.covered, self.lost_by_late_shipping, self.warned_and_rescued, self.address_changed,
                self.limit_reached, self.policy_changed,
            )
        }  # fmt: skip


class JdLike(Programme):
    template = "jd-like"
    changed, changed_reason = ("within: 48 hours", "within: 12 hours"), "ship_by"
    late_reason, late_h, warned_h = "ship_by", 48, 24


class ShopifyProtectLike(Programme):
    template = "shopify-protect-like"
    changed, changed_reason = ("within: 7 days\n", "within: 12 hours\n"), "fulfilled"
    late_reason, late_h, warned_h = "fulfilled", 7 * 24, 3.5 * 24

    def address_changed(self, door: Door) -> Sequence[Ending]:
        """A change at the shop after checkout is enough, wherever the parcel goes."""
        door.tell(*self.sold("moved", 30), *self.sent("moved", 10))
        assert door.cover("moved")["state"] == "protected"
        about = {"order": "moved", "seller": self.seller, "address": ELSEWHERE, "address_changed": True}
        door.tell(event("order.changed", at=hours_ago(1), **about))
        return [Ending("moved", FRAUD, "void", "address_kept", 0, ("coverage.protected", "coverage.void"))]


class PaypalLike(Programme):
    template = "paypal-like"
    changed = ("from: 750 USD", "from: 50 USD")
    changed_cause, changed_reason = "not_received", "signature"

    def delivered(self, order: str, hours: float, **data: Any) -> dict[str, Any]:
        return super().delivered(order, hours, **{"signed": False, **data})

    def lost_by_late_shipping(self, door: Door) -> Sequence[Ending]:
        """The proof of shipment is dated more than two days after the bank took the payment back."""
        door.tell(*self.sold("late", 24 * 5))
        door.tell(*self.disputed("late", 48 - _SOON_H))
        door.minutes_pass()
        door.tell(*self.sent("late", _AFTER_H))
        return [Ending("late", FRAUD, "denied", "shipment_proof", 0, ("coverage.void",))]

    def warned_and_rescued(self, door: Door) -> Sequence[Ending]:
        """A dispute came before the parcel was sent; the warning leaves a day, and the claim is paid."""
        door.tell(*self.sold("warned", 24 * 5))
        door.tell(*self.disputed("warned", 24 - _SOON_H))
        door.minutes_pass()
        (warning,) = door.heard("warned")
        assert warning["data"]["condition"] == "shipment_proof"
        door.tell(*self.sent("warned", 0))
        told = {"order": "warned", "seller": self.seller, "dispute": "dp-warned", "amount": usd(100)}
        door.tell(event("dispute.closed", at=hours_ago(0), outcome="lost", **told))
        return [Ending("warned", FRAUD, "paid", None, 10_000, ("coverage.at_risk",))]


class SignifydLike(Programme):
    template = "signifyd-like"
    changed, changed_reason = (_KIND, _KIND + _TERM.format("12 hours")), "tracking"
    late_reason, warned_h = "tracking", 36

    def lost_by_late_shipping(self, door: Door) -> Sequence[Ending]:
        """The bank's notice comes before the parcel leaves: there is no term that could still be kept."""
        door.tell(*self.sold("late", 24 * 5))
        door.tell(*self.disputed("late"))
        door.tell(*self.sent("late", 0))
        return [Ending("late", FRAUD, "denied", "shipped", 0, ("coverage.void",))]

    def warned_and_rescued(self, door: Door) -> Sequence[Ending]:
        """The shipped terms end with the bank's notice, which nobody can be warned of; an operator's term of three
        days for the tracking number can be."""
        put_in_force(self.template, hours_ago(24 * 30), (_KIND, _KIND + _TERM.format("72 hours")))
        return super().warned_and_rescued(door)


PROGRAMMES: Final = (JdLike(), ShopifyProtectLike(), PaypalLike(), SignifydLike())
