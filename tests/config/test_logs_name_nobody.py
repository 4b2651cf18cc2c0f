"""Whatever happens to people's data, no line of the log has any of it: what comes in, what is refused, what is looked
for, what is shown, and what fails."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import tests.django_world as world
from django.core.cache import cache
from django.test import Client
from tests.api.api_world import Machine
from tests.kernel.builders import event
from tests.kernel.vault.test_dump import PLANTED, value
from tests.portal import shops
from tests.portal.shops import ago
from tests.protections.data_security.people import staff

from safeconduct.config.logs import JsonLines
from safeconduct.connectors import intake
from safeconduct.kernel.buyer_pages import token_of
from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.parties.models import StaffRole


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every line that any logger of this process writes, as production writes it."""
    found: list[str] = []
    handle = logging.Logger.handle

    def kept(self: logging.Logger, record: logging.LogRecord) -> None:
        found.append(JsonLines().format(record))
        handle(self, record)

    monkeypatch.setattr(logging.Logger, "handle", kept)
    world.forget_everything()
    cache.clear()
    yield found
    world.forget_everything()


def named(lines: list[str]) -> list[tuple[str, str]]:
    """Which line has which planted value, also in pieces of it."""
    needles = [*PLANTED.values(), "zanahoria", "berenjena", "56987654321"]
    return [(needle, line) for line in lines for needle in needles if needle.lower() in line.lower()]


def test_what_is_taken_in_refused_and_not_understood(lines: list[str]) -> None:
    shops.open_for_business()
    for kind in CATALOGUE.values():
        lanes.accept([event(kind.name, **{f.name: value(f) for f in kind.fields if f.required or f.personal})])
    machine = Machine()
    machine.post("/v1/events", event(amount=PLANTED["email"], email=PLANTED["email"], recipient=PLANTED["recipient"]))
    machine.post("/v1/events", f'{{"data": {{"email": "{PLANTED["email"]}", "phone": '.encode())
    machine.get(f"/v1/decisions?order={PLANTED['email']}&seller={PLANTED['recipient']}")
    machine.post("/v1/labels", {"labels": [{"order": PLANTED["email"], "label": PLANTED["recipient"]}]})
    body = f'{{"type": "{PLANTED["email"]}", "object": {{"name": "{PLANTED["recipient"]}"}}'.encode()
    intake.ingest("stripe", body, {"X-Forwarded-For": PLANTED["ip"]}, signed=False, secrets=(), now=shops.NOW)
    assert named(lines) == []


def test_what_is_typed_looked_for_and_shown(lines: list[str]) -> None:
    shops.open_for_business()
    order = shops.order(at=ago(20), **{
        name: PLANTED[name] for name in ("email", "phone", "address", "recipient", "card", "device", "ip", "buyer")
    })  # fmt: skip
    owner, officer, stranger = shops.signed_in(), staff(StaffRole.ADMINISTRATOR), Client()
    stranger.post("/accounts/login/", {"login": PLANTED["email"], "password": PLANTED["recipient"]})
    stranger.post("/accounts/ownership/", {"name": PLANTED["recipient"], "email": PLANTED["email"], "shop": "sel-1"})
    stranger.get("/message/", {"code": PLANTED["recipient"]})
    here = f"/data_security/{token_of(order.key)}/"
    stranger.post(f"{here}ask/", {"kind": "correction", "words": f"I am {PLANTED['recipient']}"})
    owner.post(f"/portal/data_security/orders/{order.key}/reveal/", {"scene": "manual_ship"}, follow=True)
    owner.post("/portal/people/invite/", {"email": PLANTED["email"], "role": PLANTED["recipient"]})
    owner.post("/portal/accounts/payout/add/", {"number": PLANTED["bank_account"], "holder": PLANTED["recipient"]})
    owner.get("/portal/transactions/orders/", {"q": PLANTED["recipient"], "after": PLANTED["email"]})
    for page in ("decisions/", "sellers/", "cases/", "data_security/readings/"):
        asked = {
            "q": PLANTED["recipient"],
            "actor": PLANTED["email"],
            "order": PLANTED["phone"],
            "after": PLANTED["email"],
        }
        officer.get(f"/console/{page}", asked)
    officer.post("/console/lists/nothing/add/", {"values": PLANTED["card"], "reason": PLANTED["recipient"]})
    officer.get(f"/console/decisions/{PLANTED['recipient']}/")
    assert named(lines) == []


def test_what_fails_in_the_midst_of_it(lines: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    shops.open_for_business()
    order = shops.order(at=ago(20), recipient=PLANTED["recipient"], email=PLANTED["email"])
    owner = shops.signed_in()
    owner.raise_request_exception = False

    # As a database that refuses a row with somebody's address in its detail, in the midst of showing it.
    def broken(*_: object, **_more: object) -> object:
        raise RuntimeError(f"could not write\nDETAIL:  Key (email)=({PLANTED['email']}) is {PLANTED['recipient']}")

    monkeypatch.setattr("safeconduct.protections.data_security.leases.portal.masked", broken)
    answer = owner.get(f"/portal/data_security/orders/{order.key}/", {"q": PLANTED["email"]})
    assert answer.status_code == 500 and PLANTED["recipient"] not in answer.content.decode()
    (told,) = [json.loads(line) for line in lines if '"stack"' in line]
    assert told["level"] == "ERROR" and "DETAIL" in told["stack"]
    assert named(lines) == []
