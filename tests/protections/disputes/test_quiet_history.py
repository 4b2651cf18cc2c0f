"""History that is imported or replayed: what it meant stands in the inboxes, and nobody is mailed about last summer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from tests.kernel.builders import person, usd
from tests.protections.transactions.shop import START, Shop, envelope

from safeconduct.kernel.cases import sweep as clocks
from safeconduct.kernel.decisions import engine, lanes
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.notices.models import NoticeCopy
from safeconduct.kernel.parties import members
from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.scope import engine_scope, staff_scope
from safeconduct.kernel.vault.pseudonyms import lookup

pytestmark = pytest.mark.usefixtures("empty_database")


def sold(country: str = "DE") -> Shop:
    """An order that was delivered on day 3, of a shop that somebody owns."""
    shop = Shop()
    shop.sold("ord-1", deliver=True, ship_country=country)
    with staff_scope():
        key = lookup("seller", "sel-1")
        assert key is not None
        members.add_member(person(), key, MemberRole.OWNER, None, at=START)
    return shop


def told(kind: str, *, day: float, live: bool, **data: Any) -> None:
    """An event that is heard as it happens, or as history."""
    at = START + timedelta(days=day)
    batch = [envelope(kind, "ord-1", at=at, **data)]
    stored = lanes.accept(batch, now=lambda: at, known=Known.WHEN_IT_HAPPENED, wait=False).receipt.stored
    with engine_scope():
        engine.decide([one.moment for one in stored], now=(lambda: at) if live else None)


def inbox() -> dict[str, set[str]]:
    """Kind of notice → how its copies stand with mail; only those about cases and about money."""
    found: dict[str, set[str]] = {}
    with staff_scope():
        for code, state in NoticeCopy.objects.values_list("notice__code", "mail_state"):
            if code.startswith(("case.", "money.")):
                found.setdefault(code, set()).add(state)
    return found


@override_settings(PRESET="eu-fair")
@pytest.mark.parametrize(("live", "mail"), [(True, "waiting"), (False, "unwanted")])
def test_a_dispute_of_last_summer_stands_in_the_inbox_and_sends_no_mail(live: bool, mail: str) -> None:
    sold()
    told("refund.requested", day=4, live=live, reason="item_not_received", amount=usd(100))
    assert inbox() == {"case.your_turn": {mail}, "money.held": {mail}}


@pytest.mark.parametrize(("live", "mail"), [(True, "waiting"), (False, "unwanted")])
def test_a_return_of_last_summer_stands_in_the_inbox_and_sends_no_mail(live: bool, mail: str) -> None:
    sold()
    told("return.requested", day=5, live=live, buyer="buy-1")
    told("return.received", day=9, live=live, buyer="buy-1")
    assert set(inbox()) == {"case.your_turn", "case.moved", "money.held"}
    assert {state for states in inbox().values() for state in states} == {mail}


@override_settings(PRESET="eu-fair")
def test_deadlines_that_ran_out_in_a_replay_are_in_the_inbox_alone() -> None:
    sold()
    told("refund.requested", day=4, live=False, reason="item_not_received", amount=usd(100))
    for day in range(4, 90, 2):
        clocks.keep_up(START + timedelta(days=day), quiet=True)
    assert {"case.reminder", "case.moved"} <= set(inbox())
    assert {state for states in inbox().values() for state in states} == {"unwanted"}
