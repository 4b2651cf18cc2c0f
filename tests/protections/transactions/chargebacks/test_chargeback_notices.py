"""Sellers hear of a bank's dispute: when it opens, before its last moment, when an answer is ready, sent, decided."""

from __future__ import annotations

import pytest
from tests.kernel.builders import person, usd
from tests.protections.transactions.chargebacks.stub_stripe import Stripe
from tests.protections.transactions.chargebacks.test_answers import PERSON, authorised, bank, day, disputed, stage
from tests.protections.transactions.shop import Shop, envelope

from safeconduct.kernel.decisions import engine, lanes
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.notices.models import NoticeCopy, StoredNotice
from safeconduct.kernel.parties import members
from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.scope import engine_scope, staff_scope
from safeconduct.kernel.vault.pseudonyms import lookup
from safeconduct.protections.transactions.chargebacks import answers, sending, telling

__all__ = ["bank"]
pytestmark = pytest.mark.usefixtures("empty_database")


def told() -> list[str]:
    with staff_scope():
        rows = StoredNotice.objects.filter(code__startswith="chargeback.").order_by("at", "id")
        return [row.code.removeprefix("chargeback.") for row in rows]


def values(code: str) -> dict[str, object]:
    with staff_scope():
        found = StoredNotice.objects.get(code=f"chargeback.{code}")
        assert found.url.startswith("/portal/transactions/chargebacks/pdp_")
        return dict(found.values)


def test_from_opening_to_the_decision_each_step_is_told_once(bank: Stripe) -> None:
    dispute = disputed()
    assert told() == ["opened"] and values("opened")["amount"] == {"minor": 10000, "currency": "USD"}
    stage(dispute)
    stage(dispute)
    with engine_scope():
        answers.submit(dispute, PERSON, day(22))
    sending.send_due(day(22))
    Shop(template=None).tell("dispute.closed", "o-1", day=25, dispute="dp_o-1", outcome="won")
    assert told() == ["opened", "ready", "sent", "decided"]
    assert values("decided")["outcome"] == "won" and values("sent")["authorised_at"] is None


def test_a_bank_that_waits_is_told_at_a_half_four_fifths_and_nearly_all_of_the_time(bank: Stripe) -> None:
    disputed()  # day 20, due on day 27
    assert telling.remind(day(23.4)) == 0
    assert telling.remind(day(23.5)) == 1 and telling.remind(day(23.6)) == 0
    assert telling.remind(day(26.7)) == 1  # late: told once, with what has passed by now
    assert telling.remind(day(26.8)) == 0 and telling.remind(day(27)) == 0
    with staff_scope():
        found = StoredNotice.objects.filter(code="chargeback.due").order_by("at")
        assert [row.values["percent"] for row in found] == [50, 95]


def test_what_was_sent_is_not_reminded_of_and_says_under_whose_word(bank: Stripe) -> None:
    disputed()
    authorised()
    answers.auto_submit_due(day(26.5))
    sending.send_due(day(26.5))
    assert telling.remind(day(26.9)) == 0 and told() == ["opened", "sent"]
    assert str(values("sent")["authorised_at"]).startswith("2026-06-02T12:00")


def test_a_reopened_dispute_is_told_again_as_what_it_is_now() -> None:
    disputed(source="adyen")
    shop = Shop(template=None)
    shop.tell("dispute.closed", "o-1", day=25, dispute="dp_o-1", outcome="won")
    shop.tell(
        "dispute.updated", "o-1", day=30, dispute="dp_o-1", stage="pre_arbitration", due_at="2026-07-20T12:00:00Z"
    )
    assert told() == ["opened", "decided", "opened"]


def test_history_that_is_replayed_stands_in_the_inbox_and_sends_no_mail() -> None:
    Shop().sold("o-1")
    with staff_scope():
        key = lookup("seller", "sel-1")
        assert key is not None
        members.add_member(person(), key, MemberRole.OWNER, None, at=day(0))
    opened = {"dispute": "dp_o-1", "amount": usd(100), "network": "visa", "network_reason": "10.4"}
    batch = [envelope("dispute.opened", "o-1", at=day(20), **opened)]
    stored = lanes.accept(batch, known=Known.WHEN_IT_HAPPENED, wait=False).receipt.stored
    with engine_scope():
        engine.decide([one.moment for one in stored], now=None)
    with staff_scope():
        copy = NoticeCopy.objects.get(notice__code="chargeback.opened")
        assert (copy.mail_state, copy.at) == ("unwanted", day(20))
