"""A chargeback on a disputed order: what the two sides wrote in its case stands in the answer to the bank."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.kernel.builders import usd
from tests.protections.disputes.court import Court
from tests.protections.transactions.shop import envelope

from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.scope import Actor, engine_scope, seller_scope
from safeconduct.protections.transactions.chargebacks import answers
from safeconduct.protections.transactions.chargebacks.collecting import dossiers
from safeconduct.protections.transactions.chargebacks.models import BankAnswer, BankDispute, DefenceAuthorisation

pytestmark = pytest.mark.usefixtures("empty_database")


def disputed() -> tuple[Court, BankDispute]:
    court = Court()
    court.open()
    court.do("say", Role.BUYER, words="Where is it?")
    court.do("say", Role.SELLER, words="It was delivered on the third day")
    court.do("offer", Role.SELLER, remedy="partial_refund", amount_minor="3000", words="A third back, then?")
    court.shop.day += 1
    told = {
        "dispute": "dp_1", "amount": usd(100), "network": "visa", "network_reason": "13.1", "stage": "chargeback",
        "reason": "product_not_received", "due_at": (court.now + timedelta(days=7)).isoformat(),
    }  # fmt: skip
    court.shop.send([envelope("dispute.opened", "ord-1", at=court.now, source="adyen", **told)])
    with engine_scope():
        return court, BankDispute.objects.get()


def test_the_bank_reads_what_they_wrote_and_no_offer() -> None:
    court, dispute = disputed()
    with engine_scope():
        found = dossiers([dispute], court.now)[dispute.id]
        staged = answers.stage(dispute.id, Actor("usr_1", "owner"), court.now)
    (conversation,) = [one for one in found.exhibits if one.document == "conversation"]
    buyer, seller = conversation.text.split("\n")
    assert buyer.endswith(" buyer: Where is it?") and seller.endswith(" seller: It was delivered on the third day")
    assert "conversation" in {entry["document"] for entry in staged.manifest}


def test_the_words_of_an_answer_are_what_the_seller_wrote_too() -> None:
    court = Court()
    court.open()
    court.do("answer", Role.SELLER, words="The scans show who signed")
    court.shop.day += 1
    told = {"dispute": "dp_1", "amount": usd(100), "network": "visa", "network_reason": "13.1", "stage": "chargeback"}
    court.shop.send([envelope("dispute.opened", "ord-1", at=court.now, source="adyen", **told)])
    with engine_scope():
        dispute = BankDispute.objects.get()
        found = dossiers([dispute], court.now)[dispute.id]
    (conversation,) = [one for one in found.exhibits if one.document == "conversation"]
    assert conversation.text.endswith(" seller: The scans show who signed")


def test_nobodys_own_words_go_without_a_person() -> None:
    court, dispute = disputed()
    assert dispute.seller_key is not None
    with engine_scope():
        answers.stage(dispute.id, Actor("usr_1", "owner"), court.now)
    with seller_scope(dispute.seller_key):
        answers.authorise(dispute.seller_key, "usr_9", court.now)
    assert answers.auto_submit_due(court.now + timedelta(days=6.6)) == 1
    with engine_scope():
        sent = BankAnswer.objects.get()
        assert sent.state == "queued" and DefenceAuthorisation.objects.count() == 1
        assert "conversation" not in {entry["document"] for entry in sent.manifest}
