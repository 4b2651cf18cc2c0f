"""What a bank tells by letter, a lead writes down: the mirror, the claim and the money follow it like any other."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from tests.kernel.builders import usd
from tests.protections.transactions.chargebacks.test_chargeback_desk import LIST, signed_in
from tests.protections.transactions.shop import START, Shop, envelope, events_posted, holds

from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import engine_scope, query, staff_scope
from safeconduct.protections.transactions.chargebacks.models import BankDispute

pytestmark = pytest.mark.usefixtures("empty_database")

LETTER = {
    "order": "o-1", "dispute": "CB-2026-77", "stage": "chargeback", "network": "visa", "code": "13.1",
    "reason": "product_not_received", "amount": "100.00", "currency": "usd",
}  # fmt: skip


def sold() -> Shop:
    shop = Shop()
    shop.sold("o-1", deliver=True)
    return shop


def local(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M}"


def letter(**more: Any) -> dict[str, Any]:
    now = timezone.now()
    times = {"opened_at": local(now - timedelta(days=2)), "due_at": local(now + timedelta(days=10))}
    return LETTER | times | more


def test_a_letter_becomes_a_dispute_with_its_code_its_last_day_and_one_hold_and_what_came_of_it_is_booked() -> None:
    sold()
    lead = signed_in()
    page = lead.post(f"{LIST}new/", letter(), follow=True).content.decode()
    assert "CB-2026-77" in page and "An answer is needed" in page
    with staff_scope():
        dispute = BankDispute.objects.get()
    assert (dispute.code_key, dispute.processor, dispute.due_of_table) == ("visa/13.1", "by-hand", False)
    assert [why for why, _ in holds()] == ["chargeback_open"]
    told = {"word": "lost", "at": local(timezone.now() - timedelta(hours=1))}
    assert "Lost" in lead.post(f"{LIST}{dispute.id}/told/", told, follow=True).content.decode()
    assert "chargeback" in events_posted() and holds() == []


def test_the_same_letter_twice_and_the_processors_own_news_are_one_dispute() -> None:
    shop = sold()
    lead = signed_in()
    for _ in range(2):
        lead.post(f"{LIST}new/", letter(processor="worldpay"))
    shop.day = (timezone.now() - START).total_seconds() / 86_400
    shop.send(
        [envelope("dispute.updated", "o-1", at=shop.now, source="worldpay", dispute="CB-2026-77", amount=usd(90))]
    )
    with staff_scope():
        (dispute,) = BankDispute.objects.all()
    assert (dispute.amount_minor, dispute.processor) == (9_000, "worldpay")
    with engine_scope():
        assert query("SELECT count(*) FROM event WHERE type = 'dispute.opened'").fetchone() == (1,)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"order": "o-9"}, "No order of this number"), ({"amount": "1.234"}, "no amount"),
        ({"due_at": "2020-01-01T00:00"}, "comes after"), ({"opened_at": "2100-01-01T00:00"}, "in the future"),
        ({"processor": "World Pay"}, "valid"),
    ],
)  # fmt: skip
def test_a_letter_that_cannot_be_right_is_refused_by_the_field(wrong: dict[str, str], said: str) -> None:
    sold()
    answer = signed_in().post(f"{LIST}new/", letter(**wrong))
    assert answer.status_code == 422 and said in answer.content.decode()
    with staff_scope():
        assert not BankDispute.objects.exists()


def test_who_only_reads_writes_nothing_down() -> None:
    sold()
    analyst = signed_in(StaffRole.ANALYST)
    assert analyst.get(f"{LIST}new/").status_code == 403
    assert analyst.post(f"{LIST}new/", letter()).status_code == 403
    assert "Write one down" not in analyst.get(LIST).content.decode()
    assert signed_in().get(f"{LIST}pdp_none/told/").status_code == 404
