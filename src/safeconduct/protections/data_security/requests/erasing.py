"""Erasing what is kept of a person: one function that deletes what may go now and says what stays, why, until when.

It runs in a scope that is open: an engine scope for a buyer, a staff scope for a member. It may be repeated; what is
gone stays gone. `until` is when the rest goes by itself: whoever asked for the erasure calls again then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from safeconduct.foundation.moments import moment_time
from safeconduct.kernel.parties import attempts
from safeconduct.kernel.parties.models import Membership, User
from safeconduct.kernel.parties.security_events import ORIGIN_KEPT
from safeconduct.kernel.scope import query
from safeconduct.kernel.vault import pseudonyms
from safeconduct.protections.data_security.retention import holds
from safeconduct.protections.data_security.retention.schedule import schedule

#: The domain of nobody (RFC 2606): an address that can never be written to.
_NOBODY: Final = "@erased.invalid"
#: Events of payments: their cards, devices and addresses are what a bank's dispute is answered with.
_PAYMENTS: Final = ("payment.attempted", "order.placed", "order.paid")


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that stays. ``what``, ``why``: words of `words.WHAT` and `words.WHY`; ``until`` None: nobody knows yet,
    or for good, as the reason says."""

    what: str
    why: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did. ``gone``: word of `words.WHAT` → how many rows."""

    gone: Mapping[str, int] = field(default_factory=dict)
    kept: tuple[Kept, ...] = ()

    @property
    def rest_at(self) -> datetime | None:
        """When the next part of the rest goes by itself."""
        return min((one.until for one in self.kept if one.until is not None), default=None)

    def statement(self) -> dict[str, Any]:
        """What the person is told, as codes, counts and times."""
        return {
            "gone": dict(self.gone),
            "kept": [
                {"what": k.what, "why": k.why, "until": None if k.until is None else k.until.isoformat()}
                for k in self.kept
            ],
        }  # fmt: skip


def erase_buyer(buyer_key: int, *, now: datetime) -> Erased:
    """Erases what is kept of a buyer, in an engine scope."""
    held = holds.latest_of_buyer(buyer_key, now)
    if held is not None:
        return Erased({}, (Kept("held", "legal_hold", held),))
    kept, gone = [], {"messages_and_reviews": _reviews(buyer_key)}
    last = _last(buyer_key, None)
    if last is not None and schedule()["order_data"].until(last) > now:
        kept.append(Kept("orders", "transaction_records", schedule()["order_data"].until(last)))
    paid = _last(buyer_key, _PAYMENTS)
    if paid is not None and schedule()["payment_defence"].until(paid) > now:
        kept.append(Kept("payment_defence", "payment_disputes", schedule()["payment_defence"].until(paid)))
    if _open_case(buyer_key):
        kept.append(Kept("cases", "open_case", None))
    staying = {one.what for one in kept}
    if not staying & {"payment_defence", "cases"}:
        gone["payment_defence"] = _unlink(buyer_key, ("card", "device", "ip", "billing_address"))
    if not staying:
        gone["orders"] = _bodies(buyer_key) + _unlink(buyer_key, ("email", "phone", "address"))
        gone["orders"] += query("DELETE FROM pseudonym WHERE key = %s AND entity = 'buyer'", [buyer_key]).rowcount
    pseudonyms.forget()
    return Erased({what: count for what, count in gone.items() if count}, tuple(kept))


def erase_member(person: User, *, now: datetime) -> Erased:
    """Erases what is kept of a person who acts or acted for a seller, in a staff scope.

    Where sign-ins came from stays its time: a thief who got in must not be able to erase their traces.
    """
    gone: dict[str, int] = {}
    kept = []
    acts = Membership.objects.filter(person=person, ended_at=None).exclude(expires_at__lte=now).exists()
    if acts or person.is_staff:
        kept.append(Kept("account", "you_act_for_a_shop"))
    elif not person.email.endswith(_NOBODY):
        person.email, person.name, person.is_active = f"{person.id}{_NOBODY}", "", False
        person.set_unusable_password()
        person.save(update_fields=["email", "name", "is_active", "password"])
        gone = {"name_and_address": 1, "known_browsers": attempts.forget_devices(person)}
    row = query(
        "SELECT max(at) FROM security_event WHERE person_id = %s AND origin IS NOT NULL", [person.id]
    ).fetchone()
    if row is not None and row[0] is not None:
        kept.append(Kept("sign_in_origins", "security", row[0] + ORIGIN_KEPT))
    kept.append(Kept("acts", "record_of_acts"))
    return Erased({what: count for what, count in gone.items() if count}, tuple(kept))


def _last(buyer_key: int, types: tuple[str, ...] | None) -> datetime | None:
    """When the latest event of the buyer with an order was, of some types or of any."""
    row = query(
        "SELECT max(e.moment) FROM fact f JOIN event e ON e.moment = f.moment WHERE f.buyer = %s"
        " AND (e.order_key IS NOT NULL OR e.type = ANY(%s::text[])) AND e.type <> 'review.posted'"
        " AND (%s::text[] IS NULL OR e.type = ANY(%s::text[]))",
        [buyer_key, list(_PAYMENTS), None if types is None else list(types), None if types is None else list(types)],
    ).fetchone()
    return None if row is None or row[0] is None else moment_time(row[0])


def _open_case(buyer_key: int) -> bool:
    row = query(
        "SELECT EXISTS (SELECT 1 FROM fact f JOIN event e ON e.moment = f.moment JOIN case_file c"
        " ON c.order_key = e.order_key WHERE f.buyer = %s AND c.status <> 'closed')",
        [buyer_key],
    ).fetchone()
    return row is not None and bool(row[0])


def _reviews(buyer_key: int) -> int:
    return query(
        "DELETE FROM event_body b USING fact f, event e WHERE f.moment = b.moment AND e.moment = b.moment"
        " AND f.buyer = %s AND e.type = 'review.posted'",
        [buyer_key],
    ).rowcount


def _bodies(buyer_key: int) -> int:
    """What came with the buyer's events, and with those of their orders that do not name them."""
    return query(
        "DELETE FROM event_body b USING event e WHERE e.moment = b.moment AND (EXISTS"
        " (SELECT 1 FROM fact f WHERE f.moment = b.moment AND f.buyer = %s) OR e.order_key IN"
        " (SELECT o.order_key FROM fact f JOIN event o ON o.moment = f.moment WHERE f.buyer = %s))",
        [buyer_key, buyer_key],
    ).rowcount


def _unlink(buyer_key: int, columns: tuple[str, ...]) -> int:
    """Deletes what only this buyer has: a card that another buyer paid with as well stays theirs."""
    total = 0
    for column in columns:
        others = ("address", "billing_address") if column in ("address", "billing_address") else (column,)
        shared = " AND ".join(
            f"NOT EXISTS (SELECT 1 FROM fact o WHERE o.{c} = mine.key AND o.buyer IS DISTINCT FROM %s"
            ' AND (o."order" IS NULL OR NOT EXISTS'
            ' (SELECT 1 FROM fact w WHERE w."order" = o."order" AND w.buyer = %s)))'
            for c in others
        )
        own = " AND NOT EXISTS (SELECT 1 FROM fact o WHERE o.address = mine.key)" if column == "billing_address" else ""
        total += query(
            f"DELETE FROM pseudonym p USING (SELECT DISTINCT f.{column} AS key FROM fact f"
            f" WHERE f.buyer = %s AND f.{column} IS NOT NULL) AS mine WHERE p.key = mine.key AND {shared}{own}",
            [buyer_key] * (1 + 2 * len(others)),
        ).rowcount
    return total
