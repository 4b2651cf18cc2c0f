"""Payment-defence data: a class of its own, which answers banks for 540 days and opens for nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from tests.protections.transactions.shop import START, Shop

from safeconduct.kernel.parties.models import Seller
from safeconduct.kernel.readings import defence
from safeconduct.kernel.readings.models import Reading
from safeconduct.kernel.scope import Actor, engine_scope, query, seller_scope, staff_scope
from safeconduct.kernel.vault import pseudonyms
from safeconduct.protections.data_security.protection import keep_defence
from safeconduct.protections.data_security.retention import sweeping
from safeconduct.protections.transactions.chargebacks import answers
from safeconduct.protections.transactions.chargebacks.collecting import dossiers
from safeconduct.protections.transactions.chargebacks.models import BankDispute

pytestmark = pytest.mark.usefixtures("empty_database")

ANA: dict[str, Any] = {"buyer": "ana", "card": "card-ana", "ip": "8.8.4.4", "email": "ana@example.org"}
VISA: dict[str, Any] = {"network": "visa", "network_reason": "10.4", "stage": "chargeback"}


def disputed() -> BankDispute:
    shop = Shop()
    shop.sold("o-1", deliver=True, three_ds="authenticated", **ANA)
    shop.disputed("o-1", day=20, **VISA)
    with engine_scope():
        return BankDispute.objects.get()


def shown(dispute: BankDispute, day: float = 21) -> set[str]:
    with engine_scope():
        dossier = dossiers([dispute], START + timedelta(days=day))[dispute.id]
    return {row.value for exhibit in dossier.exhibits for row in exhibit.rows if row.personal}


def count() -> int:
    with engine_scope():
        row = query("SELECT count(*) FROM payment_defence").fetchone()
    assert row is not None
    return int(row[0])


def test_what_was_erased_everywhere_else_still_answers_the_bank_and_only_the_bank() -> None:
    dispute = disputed()
    keep_defence(START + timedelta(days=20))
    assert count() == 1
    with engine_scope():
        query("DELETE FROM pseudonym WHERE entity IN ('ip', 'email', 'address', 'device')")
    pseudonyms.forget()
    assert {"8.8.4.4", "ana@example.org", "12 Main St"} <= shown(dispute)
    with engine_scope():
        assert not {value for _kind, value in pseudonyms.reveal([dispute.order_key or 0]).values()} & {"8.8.4.4"}


def test_after_540_days_it_is_gone_and_answers_nobody() -> None:
    dispute = disputed()
    keep_defence(START + timedelta(days=20))
    assert shown(dispute, day=539)
    assert shown(dispute, day=541) == set()
    sweeping.sweep(START + timedelta(days=541))
    assert count() == 0
    with engine_scope():
        assert query("SELECT 1 FROM vault_key WHERE purpose = 'payment_defence'").fetchone() is None
        assert query("SELECT rows FROM retention_run WHERE line = 'payment_defence'").fetchall() == [(1,)]
    keep_defence(START + timedelta(days=541))  # and is not kept anew
    assert count() == 0


def test_keeping_goes_on_where_it_ended_and_twice_is_once() -> None:
    shop = Shop()
    for number in range(3):
        shop.sold(f"o-{number}", day=number, **ANA)
        keep_defence(shop.now)
        keep_defence(shop.now)
        assert count() == number + 1


def test_neither_sellers_nor_staff_can_read_it_whatever_they_ask_the_database() -> None:
    disputed()
    keep_defence(START + timedelta(days=20))
    with staff_scope():
        key = Seller.objects.values_list("key", flat=True).first() or 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege), seller_scope(key):
        query("SELECT 1 FROM payment_defence")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), staff_scope():
        query("SELECT 1 FROM payment_defence")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), engine_scope():
        query("UPDATE payment_defence SET until = until + interval '1 day'")
    with engine_scope():
        assert b"8.8.4.4" not in b"".join(bytes(s) for (s,) in query("SELECT sealed FROM payment_defence"))


def test_it_does_not_open_under_another_order() -> None:
    shop = Shop()
    shop.sold("o-1", **ANA)
    shop.sold("o-2", **{**ANA, "ip": "9.9.9.9"})
    keep_defence(shop.now)
    with engine_scope():
        (one,), (other,) = query("SELECT order_key FROM payment_defence ORDER BY order_key").fetchall()
        query("CREATE TEMP TABLE moved ON COMMIT DROP AS SELECT * FROM payment_defence")
        query("DELETE FROM payment_defence")
        query(
            "INSERT INTO payment_defence (order_key, moment, until, sealed)"
            " SELECT CASE order_key WHEN %s THEN %s ELSE %s END, moment, until, sealed FROM moved",
            [one, other, one],
        )
        with pytest.raises(RuntimeError, match="do not open"):
            defence.opened([one], shop.now)


def test_an_answer_that_is_put_together_and_its_copy_that_is_handed_in_stand_on_the_sellers_list() -> None:
    dispute = disputed()
    lead = Actor("usr_lead", "lead")
    with engine_scope():
        answers.stage(dispute.id, lead, START + timedelta(days=21))
        answers.submit(dispute.id, lead, START + timedelta(days=21))
        answers.hand_in(dispute.id, lead, START + timedelta(days=22))
    with seller_scope(dispute.seller_key or 0):
        packed, handed = Reading.objects.only("scene", "side", "role", "fields", "order_key", "batch").order_by("id")
        assert (packed.scene, packed.side, packed.role) == ("bank_defence", "machine", "engine")
        assert {"ip", "email", "address"} <= set(packed.fields) and packed.order_key == dispute.order_key
        assert (handed.scene, handed.side, handed.role, handed.batch) == ("bank_copy", "staff", "lead", dispute.id)
