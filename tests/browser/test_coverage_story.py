"""A shop sells and ships by the API, and its seller reads in Spanish, in Chromium, what became of each order's cover."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import pytest

from safeconduct.kernel.parties.models import User
from safeconduct.protections.transactions.coverage.reading import read_template
from safeconduct.protections.transactions.coverage.shipped import shipped_templates
from tests.api.api_world import key
from tests.browser.test_seller_story import sign_in
from tests.django_world import BUILD
from tests.kernel.builders import event
from tests.kernel.notices.receiver import receiving
from tests.portal import shops
from tests.protections.transactions.programmes import PROGRAMMES, Door, Ending, Programme, hours_ago

pytestmark = pytest.mark.browser
CAUSES = {
    "unauthorised_payment": "El titular de la tarjeta dice que no pagó",
    "not_received": "El comprador dice que no llegó",
}
STATES = {
    "protected": "Protegido", "void": "Sin cobertura", "paid": "Reclamación cubierta",
    "denied": "Reclamación no cubierta",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    status_code: int
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


class Wire:
    """The API over real HTTP."""

    def __init__(self, address: str) -> None:
        self.address, self.secret = address, key()

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        return self._ask(path, None, headers or {})

    def post(self, path: str, body: Any) -> Answer:
        return self._ask(path, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _ask(self, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        signed = {"Authorization": f"Bearer {self.secret}", **headers}
        try:
            with urllib.request.urlopen(urllib.request.Request(self.address + path, body, signed), timeout=30) as found:
                return Answer(found.status, found.read())
        except urllib.error.HTTPError as refused:
            return Answer(refused.code, refused.read())


def sellers(door: Door) -> dict[str, User]:
    """Two shops in Santiago, each with somebody who reads Spanish."""
    names = {"sel-1": "Frutas de Viña", "sel-2": "Tejidos del Sur"}
    door.tell(
        *(event("seller.registered", at=hours_ago(24 * 40), seller=ref, seller_name=name) for ref, name in names.items())
    )  # fmt: skip
    return {ref: shops.member(ref, language="es") for ref in names}


def reads(page: Any, address: str, programme: Programme, ending: Ending) -> None:
    """The seller finds the order in the list, and the order's page says how it stands and why."""
    page.goto(f"{address}/portal/transactions/orders/")
    page.click(f"a:text-is('{ending.order}')")
    row = page.locator(".check.wide", has_text=CAUSES[ending.cause]).inner_text()
    assert STATES[ending.state] in row, row
    template = read_template(shipped_templates()[programme.template].text)
    if ending.reason == "limit_reached":
        assert "El límite de la protección se agotó." in row
    elif ending.reason is not None:
        assert template.conditions[ending.reason].says["es"] in row
    if ending.pays_minor:
        assert f"{ending.pays_minor // 100},00" in row
    page.screenshot(path=str(BUILD / "screens" / f"cover-{programme.template}-{ending.order}.png"), full_page=True)


@pytest.mark.parametrize("programme", PROGRAMMES, ids=lambda programme: programme.template)
def test_a_seller_in_santiago_reads_what_became_of_each_orders_cover(
    programme: Programme, address: str, browser: Any
) -> None:
    (BUILD / "screens").mkdir(parents=True, exist_ok=True)
    with receiving() as receiver:
        door = Door(programme.template, Wire(address), receiver)
        people = sellers(door)
        pages = {ref: browser.new_context(locale="es-CL").new_page() for ref in people}
        for ref, page in pages.items():
            sign_in(page, address, people[ref])
        for name in programme.stories():
            # What one shop is paid in a year must not count against the others' stories.
            own = type(programme)("sel-2" if name == "limit_reached" else "sel-1")
            for ending in own.stories()[name](door):
                door.ended(ending)
                reads(pages[own.seller], address, own, ending)
