"""A copy of the database shows no personal data: every personal field of the catalogue is planted, and looked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.test import override_settings
from psycopg import sql
from tests.kernel.builders import START, event, live_policy
from tests.kernel.cases.builders import SELLER, opened
from tests.kernel.cases.conftest import _forget as forget_kinds

from safeconduct.connectors import intake
from safeconduct.foundation.policy.catalogue import Field
from safeconduct.kernel.cases import evidence, messages
from safeconduct.kernel.cases.evidence import Piece
from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
from safeconduct.kernel.cases.words import Role, Source
from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.ledger import payout_accounts
from safeconduct.kernel.ledger.payout_accounts import Proof
from safeconduct.kernel.parties import security_events
from safeconduct.kernel.parties.security_events import Happened, Origin
from safeconduct.kernel.scope import Actor, engine_scope, owner_scope, query, raw_connection
from safeconduct.kernel.vault import key_backup, pseudonyms

PLANTED = {
    "member": "mem-zanahoria", "buyer": "buy-zanahoria", "device": "dev-zanahoria", "ip": "198.51.100.237",
    "email": "zoila.zanahoria@example.org", "phone": "+56987654321", "address": "Pasaje Zanahoria 4711, Valparaíso",
    "billing_address": "Calle Berenjena 1147, Temuco", "card": "fp_zanahoria", "bank_account": "CL93 0012 9876 5432",
    "recipient": "Zoila Zanahoria", "user_agent": "Zanahoria/5.0 (Zoila)",
    "review_text": "Zoila says it arrived fresh", "device_id": "353000471100815", "login": "zoila.z.4711",
    "ship_line1": "Pasaje Zanahoria 4712", "ship_line2": "Depto. Berenjena", "ship_city": "Villa Zanahoria",
    "ship_postal_code": "ZA-471147", "ship_state": "Zanahorial",
}  # fmt: skip


SEALED = {
    "event_body.sealed", "delivery.sealed", "pseudonym.sealed", "case_message.sealed", "case_evidence_chunk.sealed",
    "security_event.origin", "payout_account.sealed", "record_secret.sealed", "webhook_endpoint.secret",
    "webhook_endpoint.previous_secret", "bank_answer.fields", "bank_answer_file.bank", "bank_answer_file.copy",
    "vault_key.wrapped", "vault_region_wrap.sealed", "vault_salt.salt", "sign_in_session.origin", "canary.sealed",
    "payment_defence.sealed", "data_request.words", "data_request_archive.sealed", "bank_document.sealed",
    "ownership_claim.contact", "ownership_word.sealed", "ownership_paper.sealed",
}  # fmt: skip
HASHED = {
    "api_key.secret_hash", "idempotent_answer.body_hash", "invitation.token_hash", "sign_in_device.cookie_hash",
    "sign_in_failures.address_hash", "delivery.digest", "pseudonym.blind", "pseudonym.blind_before", "payout_account.blind", "payout_account.blind_before",
    "ledger_transaction.digest", "sign_in_session.key_hash", "break_glass.code_hash",
    "shared_cache.key_hash", "staff_identity.subject_hash", "sign_in_session.directory",
}  # fmt: skip
#: The record, which holds nobody's data; answers to machines about their own calls; models.
PUBLIC = {
    "record_entry.data", "record_detail.salt", "record_tile.root", "record_tile.hashes", "record_key.public",
    "record_checkpoint.root", "idempotent_answer.answer", "model_version.artefact",
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


def test_what_people_write_bring_and_come_from_lies_sealed_and_so_does_a_backup_of_the_keys(tmp_path: Path) -> None:
    shop, origin = Actor("usr_shop", "seller"), Origin(PLANTED["ip"], PLANTED["user_agent"])
    with override_settings(PROTECTIONS=["tests.kernel.cases.neutral"]):
        forget_kinds()
        case_id = opened()
    with engine_scope():
        messages.say(case_id, shop, Role.SELLER, f"{PLANTED['recipient']}, {PLANTED['phone']}", at=START)
        evidence.collect(
            [
                Piece(EvidenceKind.SELLER_STATEMENT, Source.SELLER, PLANTED["address"].encode(), SELLER, START,
                      {"en": "Where it went"}, Role.SELLER, case_id=case_id)
            ],
            shop, at=START,
        )  # fmt: skip
        security_events.note([Happened("signed_in", seller_key=SELLER, origin=origin)], shop, START)
        owner = Proof(factor="passkey", factor_since=START - timedelta(days=30), confirmed_at=START)
        payout_accounts.ask(
            SELLER, PLANTED["bank_account"], PLANTED["recipient"], "CL", Actor("usr_shop", "owner"), owner, at=START
        )
        pseudonyms.register([(kind, value) for kind, value in PLANTED.items()])
    needles = [*PLANTED.values(), PLANTED["bank_account"].replace(" ", "")]
    assert found_in_dump(needles) == []
    key_backup.backup(tmp_path / "keys.jsonl", now=START)
    kept = (tmp_path / "keys.jsonl").read_text(encoding="utf-8").lower()
    assert [needle for needle in needles if needle.lower() in kept] == []
    forget_kinds()


def test_every_column_of_bytes_is_one_we_know_to_be_sealed_hashed_or_public() -> None:
    """A new column of bytes is looked at by whoever adds it: is what it holds sealed, and under whose key?"""
    with owner_scope():
        there = {
            f"{table}.{column}"
            for table, column in query(
                "SELECT table_name, column_name FROM information_schema.columns"
                " WHERE table_schema = 'public' AND data_type = 'bytea'"
            )
        }
    assert there - SEALED - HASHED - PUBLIC == set()


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
