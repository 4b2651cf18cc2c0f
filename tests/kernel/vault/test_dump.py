"""A copy of the database shows no personal data: every personal field of the catalogue is planted, and looked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from psycopg import sql
from tests.kernel.builders import START, event, live_policy

from safeconduct.connectors import intake
from safeconduct.foundation.policy.catalogue import Field
from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import owner_scope, raw_connection

PLANTED = {
    "member": "mem-zanahoria", "buyer": "buy-zanahoria", "device": "dev-zanahoria", "ip": "198.51.100.237",
    "email": "zoila.zanahoria@example.org", "phone": "+56987654321", "address": "Pasaje Zanahoria 4711, Valparaíso",
    "billing_address": "Calle Berenjena 1147, Temuco", "card": "fp_zanahoria", "bank_account": "CL93 0012 9876 5432",
    "recipient": "Zoila Zanahoria", "user_agent": "Zanahoria/5.0 (Zoila)",
    "review_text": "Zoila says it arrived fresh",
}  # fmt: skip


def test_every_personal_field_of_the_catalogue_is_planted() -> None:
    personal = {f.name for kind in CATALOGUE.values() for f in kind.fields if f.personal}
    assert personal == PLANTED.keys()


def test_a_dump_after_events_of_every_type_shows_no_planted_value() -> None:
    live_policy()
    for known_type in CATALOGUE.values():
        data = {f.name: value(f) for f in known_type.fields if f.required or f.personal}
        receipt = lanes.accept([event(known_type.name, **data)]).receipt
        assert not receipt.refused, receipt.refused
    assert found_in_dump([*PLANTED.values(), "buy-1", "card-1"]) == []


def test_an_event_of_a_type_nobody_knows_keeps_its_fields_sealed() -> None:
    lanes.accept([event("shop.gossip", anything=PLANTED["recipient"], nested={"mail": PLANTED["email"]})])
    assert found_in_dump(PLANTED.values()) == []


def test_an_event_that_is_refused_leaves_nothing_behind() -> None:
    receipt = lanes.accept([event("order.placed", amount=PLANTED["email"], email=PLANTED["email"])]).receipt
    assert receipt.refused
    assert PLANTED["email"] not in repr(receipt.refused)
    assert found_in_dump(PLANTED.values()) == []


def test_a_webhook_that_cannot_be_mapped_is_kept_sealed() -> None:
    body = f'{{"type": "{PLANTED["email"]}", "object": {{"name": "{PLANTED["recipient"]}"}}'.encode()
    intake.ingest("stripe", body, {"X-Forwarded-For": PLANTED["ip"]}, signed=False, secrets=(), now=START)
    assert found_in_dump(PLANTED.values()) == []


def test_the_search_finds_what_is_not_sealed() -> None:
    lanes.accept([event("order.placed", order=PLANTED["email"])])
    assert ("event", PLANTED["email"]) in found_in_dump(PLANTED.values())


def value(field: Field) -> Any:
    """What is planted in a personal field; the catalogue's example in others."""
    return PLANTED[field.name] if field.personal else field.example


def found_in_dump(values: Any) -> list[tuple[str, str]]:
    """Which value stands in which table, as text or as the bytes of a column, also without its capital letters."""
    needles = {needle: (needle.lower().encode(), needle.lower().encode().hex().encode()) for needle in values}
    return [
        (table, needle)
        for table, dump in dumped()
        for needle, (text, digits) in needles.items()
        if text in dump or digits in dump
    ]


def dumped() -> Iterator[tuple[str, bytes]]:
    """Every table of the database as `COPY` writes it, in lower case, as its owner sees it."""
    with owner_scope():
        connection = raw_connection()
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (name,) in names:
            # By a query: of a table under row-level security COPY refuses to write the rows itself.
            statement = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT").format(sql.Identifier(name))
            with connection.cursor().copy(statement) as copy:
                dump = b"".join(bytes(part) for part in copy)
            yield name, dump.decode().lower().encode()
