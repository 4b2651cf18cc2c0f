"""Values of form 1 whose rows a trigger holds fast: the owner seals them anew, and nobody changes them with it."""

from __future__ import annotations

import os

import psycopg
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.kernel.builders import START, person
from tests.kernel.ledger import test_payout_accounts as accounts
from tests.protections.transactions.chargebacks import test_answers as bank

from safeconduct.kernel.ledger import payout_reading
from safeconduct.kernel.parties import security_events
from safeconduct.kernel.parties.models import SecurityEvent
from safeconduct.kernel.parties.security_events import Happened, Origin, note
from safeconduct.kernel.scope import Actor, engine_scope, owner_scope, query
from safeconduct.kernel.vault import resealing
from safeconduct.kernel.vault.keys import purpose_key
from safeconduct.kernel.vault.sealing import key_number, unseal
from safeconduct.protections.transactions.chargebacks import answers, sending


def form_1(purpose: str, place: str, plain: bytes) -> bytes:
    nonce = os.urandom(12)
    return b"\x01" + nonce + AESGCM(purpose_key("seal/" + purpose)).encrypt(nonce, plain, place.encode())


def left_by_an_earlier_version(table: str, column: str, key: str, row: str, sealed: bytes) -> None:
    with owner_scope():
        query(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        query(f"UPDATE {table} SET {column} = %s WHERE {key} = %s", [sealed, row])
        query(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def refused(table: str, column: str, sealed: bytes) -> None:
    """Neither the staff's and the engine's logins, nor the owner with any other bytes, change it."""
    with pytest.raises(psycopg.Error), engine_scope():
        query(f"UPDATE {table} SET {column} = %s", [b"\x02" + sealed[1:] + b"x"])
    with pytest.raises(psycopg.Error), owner_scope():
        query(f"UPDATE {table} SET {column} = %s", [b"\x01" + sealed[1:] + b"x"])


def kept(table: str, column: str) -> bytes:
    with owner_scope():
        ((found,),) = query(f"SELECT {column} FROM {table}").fetchall()
    return bytes(found)


def test_a_payout_account_is_sealed_anew_and_its_number_stays() -> None:
    account = accounts.asked()
    plain = f"{accounts.NEW}\nAndes Orchards".encode()
    old = form_1("payout_account", f"payout_account/{account}", plain)
    left_by_an_earlier_version("payout_account", "sealed", "id", account, old)
    refused("payout_account", "sealed", old)
    assert resealing.reseal_all() == {"payout_account.sealed": 1}
    assert resealing.reseal_all() == {}
    new = kept("payout_account", "sealed")
    assert key_number(new) is not None
    assert unseal(payout_reading.ACCOUNT, account, f"seller/{accounts.SELLER}", new) == plain
    refused("payout_account", "sealed", new)


def test_where_a_security_event_came_from_is_sealed_anew() -> None:
    user = person()
    with engine_scope():
        (key,) = note([Happened("signed_in", person_id=user.id, origin=Origin("x", "y"))], Actor("a", "b"), START)
    old = form_1("security-event", f"security_event/origin/{key}", b'["198.51.100.7", "Firefox/128"]')
    left_by_an_earlier_version("security_event", "origin", "id", key, old)
    refused("security_event", "origin", old)
    assert resealing.reseal_all() == {"security_event.origin": 1}
    refused("security_event", "origin", kept("security_event", "origin"))
    with engine_scope():
        found = security_events.origin_of(SecurityEvent.objects.get(id=key))
        assert found == Origin("198.51.100.7", "Firefox/128")
        query("UPDATE security_event SET origin = NULL")  # its time is over


def test_an_answer_on_its_way_to_a_bank_is_sealed_anew() -> None:
    dispute = bank.disputed()
    answer = bank.stage(dispute).id
    bank.submit(dispute)
    with engine_scope():
        plain = {name: answers.opened(answer, name) for name in ("bank", "copy")}
    fields = unseal(sending.ANSWER, f"{answer}/fields", sending.whose(dispute), kept("bank_answer", "fields"))
    old = form_1("chargeback", f"{answer}/fields", fields)
    left_by_an_earlier_version("bank_answer", "fields", "id", answer, old)
    for name, value in plain.items():
        sealed = form_1("chargeback", f"{answer}/{name}", value)
        left_by_an_earlier_version("bank_answer_file", name, "answer_id", answer, sealed)
    refused("bank_answer", "fields", old)
    assert resealing.reseal_all() == {"bank_answer": 3}
    assert resealing.reseal_all() == {}
    with engine_scope():
        assert {name: answers.opened(answer, name) for name in ("bank", "copy")} == plain
    now = kept("bank_answer", "fields")
    assert key_number(now) is not None
    assert unseal(sending.ANSWER, f"{answer}/fields", sending.whose(dispute), now) == fields
    refused("bank_answer", "fields", now)
