"""The demo's pages about accounts and data are not empty, and what fills them was done by the product's own verbs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import tests.django_world as world
from django.test import Client
from django.urls import reverse
from tests.kernel.builders import person
from tests.protections.transactions.shop import Shop

from safeconduct.cli.demo_accounts import AccountDesk
from safeconduct.cli.demo_guarded import furnish
from safeconduct.demo.almanac import DAY
from safeconduct.demo.people import Seller
from safeconduct.demo.truth import Look
from safeconduct.foundation.moments import micros
from safeconduct.kernel.ledger import payout_accounts
from safeconduct.kernel.parties import members
from safeconduct.kernel.parties.models import AccountCase, MemberRole, SecurityEvent, StaffRole, User
from safeconduct.kernel.readings.models import Reading
from safeconduct.kernel.scope import engine_scope, query, staff_scope
from safeconduct.protections.data_security.incidents.models import Incident, IncidentClock
from safeconduct.protections.data_security.requests.models import DataRequest
from safeconduct.protections.data_security.transfers.models import TransferDestination
from safeconduct.protections.transactions.chargebacks.sending import KINDS


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    world.forget_everything()
    yield


def a_shop() -> tuple[int, str, datetime]:
    """One seller with an order and an owner: its key, the owner's address, and a time after it all."""
    shop = Shop()
    shop.sold("ord-1", recipient="Mia Roth")
    for role in (StaffRole.LEAD, StaffRole.ANALYST):
        person(role)
    owner = person(StaffRole.NONE)
    now = datetime.now(UTC)
    with staff_scope():
        (key,) = query("SELECT key FROM seller WHERE ref = 'sel-1'").fetchone() or (0,)
        members.add_member(owner, key, MemberRole.OWNER, None, at=now - timedelta(days=1))
    return key, owner.email, now


def test_a_newcomer_finds_people_accounts_a_case_a_breach_and_requests() -> None:
    key, email, now = a_shop()
    furnish(email, now)
    with staff_scope():
        states = query("SELECT state FROM payout_account WHERE seller_key = %s ORDER BY asked_at", [key]).fetchall()
        assert states == [("active",), ("ageing",)]
        assert SecurityEvent.objects.filter(kind="signed_in", seller_key=key).count() == 13
        case = AccountCase.objects.select_related("event").get()
        assert case.decided_at is None and case.event.kind == "signed_in" and case.frozen["sessions"] == 1
        assert not payout_accounts.stops([key], now)  # nothing came into force since
        assert IncidentClock.objects.filter(incident=Incident.objects.get(), stopped_at=None).count() > 1
        assert {(one.kind, one.state) for one in DataRequest.objects.all()} == {
            ("export", "identified"), ("access", "asked"),
        }  # fmt: skip
        stripe = TransferDestination.objects.get(name="Stripe", ended_at=None)
        assert set(stripe.categories) >= KINDS, "answers to banks may leave"
        (looked,) = Reading.objects.all()
        assert looked.side == "staff" and looked.why and looked.seller_key == key
        client, owner = Client(), User.objects.get(email=email)
    client.force_login(owner)
    page = client.get("/portal/accounts/").content.decode()
    assert "Diego Fuentes" in page and "Inés Pardo" in page
    assert looked.why in client.get(reverse("portal:data_security:readings")).content.decode()


def test_who_looks_without_a_case_is_written_down_for_the_shop_to_see() -> None:
    key, _, now = a_shop()
    shop = Seller("sel-1", "", "", None, "", 0, 0, "", "", "", "", [])  # type: ignore[arg-type]
    look = Look(shop, micros(now) - 2 * DAY, 5, "Checking something")
    desk = AccountDesk(1, {}, [look], timedelta())
    desk.day(now - timedelta(days=3))
    with staff_scope():
        assert not Reading.objects.exists()
    desk.day(now)
    desk.day(now + timedelta(days=7))
    with staff_scope():
        (one,) = Reading.objects.all()
        assert (one.seller_key, one.why, one.batch) == (key, "Checking something", "")
        assert set(one.fields) == {"name", "address"}


def test_two_people_end_a_stop_at_once_for_an_honest_owner_and_late_for_one_who_was_robbed() -> None:
    key, _, now = a_shop()
    began = now - timedelta(days=20)
    desk = AccountDesk(1, {}, [], timedelta())
    robbed = AccountDesk(1, {"sel-1": began}, [], timedelta())

    def stop() -> str:
        with engine_scope():
            return payout_accounts.stop(key, "account_risk", at=began)

    first = stop()
    desk.day(began + timedelta(days=3))
    second = stop()
    robbed.day(began + timedelta(days=12))
    with staff_scope():
        ended = dict(query("SELECT id, ended_at FROM payout_stop").fetchall())
        assert began + timedelta(hours=6) <= ended[first] <= began + timedelta(hours=30) and ended[second] is None
    robbed.day(now)
    with staff_scope():
        rows = query("SELECT ended_at, ended_by, approved_by FROM payout_stop WHERE id = %s", [second]).fetchall()
        ((at, one, other),) = rows
        assert at == began + timedelta(days=13) and one != other
