"""The demo's staff at work on accounts: payouts that were stopped go on once somebody found out, and readings.

What they find out comes from the world's truth. One of them also looks where nobody sent them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from safeconduct.foundation.moments import at_micros

if TYPE_CHECKING:
    from safeconduct.demo import World
    from safeconduct.demo.truth import Look
    from safeconduct.kernel.parties.models import User
    from safeconduct.kernel.scope import Actor

#: How long the staff takes to ring an honest owner, in hours.
_RINGS_H = (6, 30)
_HONEST = "Rang the owner on the number we have had for a year: it was them."
_STOLEN = "The owner is back: identity checked, factors new, the thief's account cancelled."
#: Disputes whose recipient a person of the staff looks up, in each week.
_LOOKED_UP = 3
_WHY_CASE = "Comparing the address with the carrier's proof of delivery"


@dataclass(slots=True)
class AccountDesk:
    """Who works on accounts. ``victims``: shop → when its thief was done; ``looks``: what somebody reads without a
    case, by the world's times, which were moved by ``moved``."""

    seed: int
    victims: Mapping[str, datetime]
    looks: Sequence[Look]
    moved: timedelta
    _next: int = 0
    _read: datetime | None = None
    _staff: list[User] = field(default_factory=list)

    def day(self, until: datetime) -> None:
        """What they do by then. Before payouts are made."""
        self._staff = self._staff or _staff()
        self._end_stops(until)
        self._snoop(until)
        self._look_up(until)

    def _end_stops(self, until: datetime) -> None:
        """Two people end the stops that have no end of their own, once they know who it was."""
        from safeconduct.demo.account_scoring import OWNER_BACK
        from safeconduct.demo.seeds import generator
        from safeconduct.kernel.ledger import payout_accounts
        from safeconduct.kernel.scope import query, staff_scope

        with staff_scope():
            rows = query(
                "SELECT p.id, s.ref, p.at FROM payout_stop p JOIN seller s ON s.key = p.seller_key"
                " WHERE p.ended_at IS NULL AND p.until IS NULL AND p.reason = 'account_risk' AND p.at < %s"
                " ORDER BY p.at, p.id",
                [until],
            ).fetchall()
            for number, (stop, shop, began) in enumerate(rows):
                rng = generator(self.seed, f"stop/{shop}/{number}")
                done = self.victims.get(shop)
                stolen = done is not None and abs(began - done) < OWNER_BACK
                at = began + timedelta(hours=rng.uniform(*_RINGS_H))
                if stolen and done is not None:
                    at = done + OWNER_BACK + timedelta(days=1)
                if at < until:
                    first, second = rng.sample(self._staff, k=2)
                    words = _STOLEN if stolen else _HONEST
                    payout_accounts.end_stop(stop, _actor(first, words), second.id, at=at)

    def _snoop(self, until: datetime) -> None:
        from safeconduct.kernel.scope import query, staff_scope

        while self._next < len(self.looks):
            look = self.looks[self._next]
            at = at_micros(look.at) + self.moved
            if at >= until:
                return
            with staff_scope():
                orders = query(
                    "SELECT c.order_key, c.seller_key FROM coverage c JOIN seller s ON s.key = c.seller_key"
                    " WHERE s.ref = %s AND c.placed_at < %s ORDER BY c.placed_at DESC, c.order_key LIMIT %s",
                    [look.seller.id, at, look.orders],
                ).fetchall()
            _read([(order, seller, "", "care") for order, seller in orders], _actor(self._staff[-1], look.why), at)
            self._next += 1

    def _look_up(self, until: datetime) -> None:
        """Honest work: the recipients of a few disputes, read by who decides them."""
        from safeconduct.kernel.scope import query, staff_scope

        with staff_scope():
            rows = query(
                "SELECT order_key, seller_key, case_id FROM dispute WHERE opened_at < %s"
                " AND (%s::timestamptz IS NULL OR opened_at >= %s) ORDER BY opened_at DESC, case_id LIMIT %s",
                [until, self._read, self._read, _LOOKED_UP],
            ).fetchall()
        at, self._read = until - timedelta(hours=3), until
        _read([(order, seller, case, "case") for order, seller, case in rows], _actor(self._staff[0], _WHY_CASE), at)


def _read(found: Sequence[tuple[int, int, str, str]], actor: Actor, at: datetime) -> None:
    """Somebody reads recipients: order, its seller, the case if there is one, and the scene."""
    from safeconduct.kernel.readings import contacts
    from safeconduct.kernel.scope import engine_scope

    with engine_scope():
        for order, seller, case, scene in found:
            contacts.opened([order], seller, ("name", "address"), scene, actor, at, case)


def _staff() -> list[User]:
    from safeconduct.kernel.parties.models import User
    from safeconduct.kernel.scope import staff_scope

    with staff_scope():
        return sorted(User.objects.exclude(staff_role=""), key=lambda one: one.email)


def _actor(person: User, why: str) -> Actor:
    from safeconduct.kernel.scope import Actor

    return Actor(person.id, person.staff_role, why)


def victims_of(world: World, moved: timedelta) -> dict[str, datetime]:
    """The shops whose accounts thieves took, and when they had done what they came for."""
    from safeconduct.demo.attacks import seller_takeover

    return {
        row.entity_id: datetime.fromisoformat(row.end.replace("Z", "+00:00")) + moved
        for row in world.truth
        if row.attack == seller_takeover.NAME and row.entity_kind == "seller"
    }
