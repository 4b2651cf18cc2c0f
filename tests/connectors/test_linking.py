"""A dispute that names only its charge is about the order that the charge was for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import tests.django_world as world
from connector_samples import body

from safeconduct.connectors.intake import Outcome, ingest
from safeconduct.kernel.events.models import Event
from safeconduct.kernel.scope import staff_scope

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
CHARGE = "ch_3Pq"


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    """Each test begins with empty tables."""
    world.forget_everything()
    yield


def take(name: str, connector: str = "stripe", **fields: Any) -> Outcome:
    """Stripe's own sample, with the ids of this story."""
    given = body(f"stripe/{name}.json")
    item = given["data"]["object"] if "data" in given else given
    item |= fields
    return send(given, connector)


def send(given: dict[str, Any], connector: str = "stripe") -> Outcome:
    made = ingest(
        connector,
        json.dumps(given).encode(),
        {},
        signed=False,
        secrets=(),
        now=NOW,
        options={"default_seller": "sel-1"},
    )
    assert not made.refused, made.refused
    return made


def told(kind: str) -> dict[str, Any]:
    with staff_scope():
        found: dict[str, Any] = Event.objects.get(type=kind).data
    return found


def paid(**metadata: Any) -> None:
    take("charge.succeeded", id=CHARGE, metadata=metadata)


def test_a_dispute_that_names_only_its_charge_is_about_its_order() -> None:
    paid(order_id="ord-7", seller_id="sel-9")
    take("charge.dispute.created", charge=CHARGE)
    assert told("dispute.opened")["order"] == "ord-7"
    assert take("charge.dispute.created", charge=CHARGE).duplicate


def test_an_early_warning_names_nothing_but_the_charge() -> None:
    paid(order_id="ord-7")
    take("object.radar.early_fraud_warning", charge=CHARGE)
    assert told("fraud.warned")["order"] == "ord-7"


def test_a_charge_whose_order_nobody_told_gives_none() -> None:
    paid()
    take("charge.dispute.created", charge=CHARGE)
    assert "order" not in told("dispute.opened")


def test_another_charge_gives_none() -> None:
    paid(order_id="ord-7")
    take("charge.dispute.created", charge="ch_other")
    assert "order" not in told("dispute.opened")


def test_later_news_find_the_order_that_the_first_did_not() -> None:
    take("charge.dispute.created", charge=CHARGE, id="dp_1")
    paid(order_id="ord-7")
    take("charge.dispute.funds_withdrawn", charge=CHARGE, id="dp_1")
    assert "order" not in told("dispute.opened") and told("dispute.updated")["order"] == "ord-7"


def test_a_list_of_a_charge_and_its_dispute_is_linked_within_itself() -> None:
    charge = body("stripe/charge.succeeded.json")["data"]["object"] | {"id": CHARGE, "metadata": {"order_id": "ord-7"}}
    dispute = body("stripe/object.dispute.json") | {"charge": CHARGE}
    send({"object": "list", "data": [charge, dispute]})
    assert told("dispute.opened")["order"] == "ord-7"


def test_adyens_request_for_information_finds_the_order_of_its_payment() -> None:
    def note(kind: str, **more: Any) -> dict[str, Any]:
        item = {
            "eventCode": kind, "success": "true", "eventDate": "2026-06-20T10:00:00+00:00",
            "merchantAccountCode": "sel-1", "amount": {"value": 10000, "currency": "USD"}, **more,
        }  # fmt: skip
        return {"live": "false", "notificationItems": [{"NotificationRequestItem": item}]}

    send(note("AUTHORISATION", pspReference="P1", merchantReference="ord-7"), "adyen")
    send(note("REQUEST_FOR_INFORMATION", pspReference="D1", originalReference="P1"), "adyen")
    assert told("dispute.opened")["order"] == "ord-7"
