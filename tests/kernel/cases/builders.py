"""Cases with keyword defaults: a test names only what it is about."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.kernel.builders import person

from safeconduct.kernel.cases import machine, seats
from safeconduct.kernel.cases.models import Case, Deadline, Party
from safeconduct.kernel.cases.moves import Move, Moved
from safeconduct.kernel.cases.opening import Opening, PartyIn, open_cases
from safeconduct.kernel.cases.outcomes import Outcome
from safeconduct.kernel.cases.words import Liability, Remedy, Role, Standing
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope

_numbers = itertools.count(1)
#: A Monday at noon.
START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SELLER = 77
BUYER = PartyIn(Role.BUYER, 501, "Europe/Berlin", "DE", "en")
SHOP = PartyIn(Role.SELLER, SELLER, "America/Santiago", "CL", "es")


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def days(count: float) -> timedelta:
    return timedelta(days=count)


def opened(at: datetime = START, **changes: Any) -> str:
    fields: dict[str, Any] = {
        "key": f"example/{next(_numbers)}", "kind": "example", "seller_key": SELLER, "parties": (BUYER, SHOP),
        "actor": Actor("buyer-501", "buyer"), "role": Role.BUYER, "amount_minor": 74_400, "currency": "CNY", **changes,
    }  # fmt: skip
    with engine_scope():
        (case_id,) = open_cases([Opening(**fields)], at=at)
    return case_id


def take(
    case_id: str, name: str, role: Role, at: datetime = START, *, who: str = "someone", why: str = "Because it is so",
    **rest: Any,
) -> Moved:  # fmt: skip
    with staff_scope():
        (moved,) = machine.transition([Move(case_id, name, Actor(who, role.value, why), role, **rest)], at=at)
    return moved


def seated(case_id: str, role: Role, at: datetime = START, who: User | None = None) -> User:
    who = who or person()
    with staff_scope():
        seats.take(case_id, who, role, at=at)
    return who


def decision(**changes: Any) -> Outcome:
    fields: dict[str, Any] = {
        "remedy": Remedy.REFUND, "liability": Liability.SELLER, "standing": Standing.COUNTS, "rule": "example/late",
        "rule_version": "1", "facts": {"en": "The parcel never arrived."}, "amount_minor": 74_400, "currency": "CNY",
        **changes,
    }  # fmt: skip
    return Outcome(**fields)


def decided(at: datetime = START, **changes: Any) -> str:
    """A case that an arbiter has decided."""
    case_id = opened(at)
    take(case_id, "contest", Role.SELLER, at)
    take(case_id, "done", Role.SELLER, at)
    take(case_id, "done", Role.BUYER, at)
    arbiter = seated(case_id, Role.ARBITER, at)
    take(case_id, "decide", Role.ARBITER, at, who=arbiter.id, outcome=decision(**changes))
    return case_id


def case(case_id: str) -> Case:
    with staff_scope():
        return Case.objects.get(id=case_id)


def turns(case_id: str) -> dict[str, str]:
    with staff_scope():
        return dict(Party.objects.filter(case_id=case_id).values_list("role", "turn"))


def clocks(case_id: str) -> list[Deadline]:
    with staff_scope():
        return list(Deadline.objects.filter(case_id=case_id).order_by("made_at", "id"))


def paid(case_id: str) -> list[str]:
    """What the effects were asked to do, in order."""
    with engine_scope():
        rows = query("SELECT body->>'what' FROM leaf WHERE kind = 'paid' AND subject = %s ORDER BY id", [case_id])
        return [what for (what,) in rows]
