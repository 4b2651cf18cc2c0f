"""Answers to banks: staged, sent once, by a person or under a standing authorisation, over Stripe or by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from tests.kernel.builders import usd
from tests.protections.transactions.chargebacks.stub_stripe import Stripe, stripe
from tests.protections.transactions.shop import START, Shop, envelope

from safeconduct.kernel.scope import Actor, engine_scope, query, seller_scope, staff_scope
from safeconduct.kernel.vault.pseudonyms import lookup
from safeconduct.protections.data_security.transfers import destinations
from safeconduct.protections.data_security.transfers.words import Role
from safeconduct.protections.transactions.chargebacks import answers, sending
from safeconduct.protections.transactions.chargebacks.dossier import Exhibit
from safeconduct.protections.transactions.chargebacks.errors import (
    AlreadyAnswered,
    DisputeNotFound,
    NoAnswerTaken,
    NothingStaged,
    NotToDownload,
    TooLate,
)
from safeconduct.protections.transactions.chargebacks.models import (
    AnswerKind,
    BankAnswer,
    BankDispute,
    DefenceAuthorisation,
    DisputeStep,
)

pytestmark = pytest.mark.usefixtures("empty_database")

ANA: dict[str, Any] = {"buyer": "ana", "card": "card-ana", "ip": "8.8.4.4", "email": "ana@example.org"}
PERSON = Actor("usr_1", "owner")
DUE = "2026-06-28T12:00:00Z"  # day 27


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stripe]:
    from django.conf import settings

    with stripe() as told:
        monkeypatch.setattr(settings, "STRIPE_API_KEY", "rk_test")
        monkeypatch.setattr(settings, "STRIPE_API_URL", told.url)
        declare_stripe()
        yield told


def declare_stripe(kinds: Iterable[str] = sending.KINDS, country: str = "US") -> str:
    """Declares who the answers go to, as a lead does; returns the destination."""
    with staff_scope():
        return destinations.declare(
            "Stripe",
            country,
            Role.PROCESSOR,
            "answers to banks",
            tuple(kinds),
            None,
            Actor("usr_dpo", "lead"),
            at=START,
        )


def day(count: float) -> datetime:
    return START + timedelta(days=count)


def disputed(order: str = "o-1", *, proof: bool = True, source: str = "stripe", **more: Any) -> str:
    """An order whose bank takes the money back on day 20; returns our id of the dispute."""
    shop = Shop()
    shop.sold(order, deliver=True, **ANA, **({"three_ds": "authenticated"} if proof else {}))
    shop.day = 20
    told = {"network": "visa", "network_reason": "10.4", "reason": "fraudulent", "due_at": DUE, "stage": "chargeback"}
    shop.send(
        [
            envelope(
                "dispute.opened",
                order,
                at=shop.now,
                source=source,
                dispute=f"dp_{order}",
                amount=usd(100),
                **told | more,
            )
        ]
    )
    with engine_scope():
        return BankDispute.objects.get(ref=f"dp_{order}").id


def stage(dispute: str, at: datetime | None = None, **more: Any) -> BankAnswer:
    with engine_scope():
        return answers.stage(dispute, PERSON, at or day(21), **more)


def submit(dispute: str, at: datetime | None = None) -> BankAnswer:
    with engine_scope():
        return answers.submit(dispute, PERSON, at or day(22))


def authorised(seller: str = "sel-1") -> int:
    with engine_scope():
        key = lookup("seller", seller)
    assert key is not None
    with seller_scope(key):
        answers.authorise(key, "usr_9", day(1))
    return key


def answer() -> BankAnswer:
    with engine_scope():
        return BankAnswer.objects.get()


def told(dispute: str) -> list[str]:
    with engine_scope():
        return list(DisputeStep.objects.filter(dispute_id=dispute).order_by("id").values_list("what", flat=True))


def test_a_person_stages_looks_and_sends_once(bank: Stripe) -> None:
    dispute = disputed()
    staged = stage(dispute)
    assert (staged.state, staged.complete, staged.stage) == ("staged", True, "chargeback")
    assert stage(dispute, day(21.5)).id == staged.id  # made again, it takes the earlier one's place
    submit(dispute)
    assert sending.send_due(day(22)) == 1 and sending.send_due(day(23)) == 0
    (sent,) = bank.submissions
    assert sent["submit"] == "true" and sent["evidence[uncategorized_file]"] == "file_1"
    assert sent["evidence[customer_purchase_ip]"] == "8.8.4.4"
    assert sent["evidence[customer_email_address]"] == "ana@example.org"
    with engine_scope():
        assert hashlib.sha256(answers.opened(staged.id, "bank")).hexdigest() == answer().sha256
    assert (answer().state, answer().how) == ("sent", "api")
    for again in (stage, submit):
        with pytest.raises(AlreadyAnswered):
            again(dispute)
    assert told(dispute) == ["opened", "submitted", "sent"] and len(bank.submissions) == 1


def test_what_is_on_its_way_is_never_changed_whoever_asks(bank: Stripe) -> None:
    dispute = disputed()
    stage(dispute)
    submit(dispute)
    for change in ("sha256 = 'x'", "state = 'staged'", "kind = 'accept'"):
        with pytest.raises(psycopg.Error, match="never changed"), engine_scope():
            query(f"UPDATE bank_answer SET {change}")


def test_at_the_last_hours_an_authorised_complete_answer_goes_by_itself(bank: Stripe) -> None:
    dispute = disputed()
    authorised()
    assert answers.auto_submit_due(day(26.49)) == 0
    assert answers.auto_submit_due(day(26.5)) == 1 and answers.auto_submit_due(day(26.6)) == 0
    found = answer()
    assert (found.state, found.queued_by, found.complete) == ("queued", "engine", True)
    assert found.authorisation_id is not None
    sending.send_due(day(26.6))
    assert len(bank.submissions) == 1 and told(dispute) == ["opened", "submitted", "sent"]


@pytest.mark.parametrize(
    ("proof", "word", "why"),
    [(True, False, "no standing authorisation"), (False, True, "required documents are missing")],
)
def test_what_is_not_authorised_or_not_complete_goes_to_the_staff(
    bank: Stripe, proof: bool, word: bool, why: str
) -> None:
    dispute = disputed(proof=proof)
    if word:
        authorised()
    assert answers.auto_submit_due(day(26.5)) == 1 and answers.auto_submit_due(day(26.6)) == 0
    with engine_scope():
        assert BankDispute.objects.get().to_staff_at == day(26.5) and not BankAnswer.objects.exists()
        assert DisputeStep.objects.get(what="to_staff").why == why
    stage(dispute, day(26.7))
    assert submit(dispute, day(26.8)).queued_by == "usr_1"  # a person may still send it


def test_a_word_that_was_taken_back_counts_no_more(bank: Stripe) -> None:
    disputed()
    seller = authorised()
    with seller_scope(seller):
        assert answers.revoke(seller, "usr_9", day(2)) and not answers.revoke(seller, "usr_9", day(3))
    answers.auto_submit_due(day(26.5))
    with engine_scope():
        assert not BankAnswer.objects.exists() and DefenceAuthorisation.objects.count() == 1


def test_a_persons_own_words_never_go_by_themselves(bank: Stripe) -> None:
    dispute = disputed()
    authorised()
    stage(dispute, more=[Exhibit("rebuttal", "seller", day(21), text="I swear it was sent", personal=True)])
    answers.auto_submit_due(day(26.5))
    sending.send_due(day(26.5))
    assert "rebuttal" not in {entry["document"] for entry in answer().manifest}
    assert "swear" not in str(bank.submissions)


def test_a_seller_reads_the_masked_copy_and_never_the_banks(bank: Stripe) -> None:
    dispute = disputed()
    staged = stage(dispute)
    with engine_scope():
        seller = lookup("seller", "sel-1")
    assert seller is not None
    with seller_scope(seller):
        assert answers.opened(staged.id, "copy").startswith(b"%PDF")
    with pytest.raises(Exception, match="permission denied"), seller_scope(seller):
        answers.opened(staged.id, "bank")
    with seller_scope(seller + 1):
        assert not query("SELECT id FROM bank_answer").fetchall()


def test_a_try_that_arrived_without_an_answer_is_not_repeated(bank: Stripe) -> None:
    dispute = disputed()
    stage(dispute)
    submit(dispute)
    bank.swallow = 1
    sending.send_due(day(22))
    assert (answer().state, answer().problem) == ("queued", "disputes: status 500")
    bank.answers.clear()  # the processor has forgotten the key
    assert sending.send_due(day(22.1)) == 1
    assert answer().state == "sent" and len(bank.submissions) == 1


def test_what_the_processor_refuses_goes_to_the_staff_and_can_be_handed_in(bank: Stripe) -> None:
    dispute = disputed()
    stage(dispute)
    submit(dispute)
    bank.status = 400
    sending.send_due(day(22))
    assert (answer().state, answer().problem) == ("failed", "files: status 400 dispute_not_open")
    assert told(dispute)[-1] == "not_sent"
    with engine_scope():
        assert answers.hand_in(dispute, PERSON, day(22.5)).startswith(b"%PDF")
    assert (answer().state, answer().how) == ("sent", "download")


def test_a_processor_that_is_away_is_tried_again_and_again_and_then_a_person(bank: Stripe) -> None:
    stage(dispute := disputed())
    submit(dispute)
    bank.status = 503
    tries, at = 0, day(22)
    while sending.send_due(at):
        tries, at = tries + 1, at + timedelta(hours=5)
    assert tries == 7 and answer().state == "failed"


def test_without_an_interface_the_answer_is_downloaded_and_handed_in() -> None:
    dispute = disputed(source="adyen")
    stage(dispute)
    with pytest.raises(NothingStaged), engine_scope():
        answers.hand_in(dispute, PERSON, day(21))
    submit(dispute)
    assert sending.send_due(day(23)) == 0
    with engine_scope():
        first = answers.hand_in(dispute, PERSON, day(23))
        assert first == answers.hand_in(dispute, PERSON, day(24))
    assert told(dispute) == ["opened", "submitted", "handed_in"]


def test_what_goes_over_the_interface_is_not_handed_in_too(bank: Stripe) -> None:
    stage(dispute := disputed())
    submit(dispute)
    with pytest.raises(NotToDownload), engine_scope():
        answers.hand_in(dispute, PERSON, day(22))


def test_a_dispute_can_be_accepted(bank: Stripe) -> None:
    stage(dispute := disputed())
    with engine_scope():
        answers.accept(dispute, PERSON, day(21))
    assert sending.send_due(day(21)) == 0  # until a person confirms it, nobody is told
    with pytest.raises(NothingStaged), engine_scope():
        answers.submit(dispute, PERSON, day(21))  # whoever saw an answer does not give up by mistake
    with engine_scope():
        answers.submit(dispute, PERSON, day(21), kind=AnswerKind.ACCEPT)
    sending.send_due(day(21))
    assert bank.disputes["dp_o-1"]["status"] == "lost" and not bank.files
    assert told(dispute) == ["opened", "accepted", "sent"]


def test_nothing_is_sent_that_the_bank_does_not_take(bank: Stripe) -> None:
    dispute = disputed()
    with pytest.raises(TooLate):
        stage(dispute, day(27))
    with pytest.raises(NothingStaged):
        submit(dispute)
    with pytest.raises(DisputeNotFound):
        stage("pdp_none")
    shop = Shop()
    shop.tell("dispute.closed", "o-1", day=25, dispute="dp_o-1", outcome="lost")
    with pytest.raises(NoAnswerTaken):
        stage(dispute, day(26))
    silent = disputed("o-2", due_at="1970-01-01T00:00:00Z")
    with pytest.raises(NoAnswerTaken):
        stage(silent)
    assert answers.auto_submit_due(day(26.9)) == 0


def test_an_acceptance_that_nobody_confirmed_never_goes_by_itself_nor_is_fought(bank: Stripe) -> None:
    dispute = disputed()
    authorised()
    with engine_scope():
        answers.accept(dispute, PERSON, day(21))
    assert answers.auto_submit_due(day(26.5)) == 1
    assert (answer().state, answer().kind) == ("staged", "accept")
    with engine_scope():
        assert DisputeStep.objects.get(what="to_staff").why == "that it is given up was not confirmed"


def test_the_processors_last_moment_wins_over_our_table_and_a_restart_sends_nothing_twice(bank: Stripe) -> None:
    dispute = disputed()
    authorised()
    shop = Shop()
    shop.day = 22
    sooner = {"dispute": "dp_o-1", "due_at": "2026-06-24T12:00:00Z"}  # day 23
    shop.send([envelope("dispute.updated", "o-1", at=shop.now, source="stripe", **sooner)])
    with engine_scope():
        one = BankDispute.objects.get(id=dispute)
        assert (one.due_at, one.due_of_table) == (day(23), False)
    assert answers.auto_submit_due(day(22.49)) == 0 and answers.auto_submit_due(day(22.5)) == 1
    bank.swallow = 1  # the process dies after the processor took it
    sending.send_due(day(22.5))
    bank.answers.clear()
    for at in (day(22.6), day(22.7), day(22.8)):
        answers.auto_submit_due(at)
        sending.send_due(at)
    assert answer().state == "sent" and len(bank.submissions) == 1


LOGGED: dict[str, Any] = {
    **ANA, "device_id": "352099001761481", "login": "ana.rojas", "ship_line1": "Main St 12", "ship_city": "Springfield",
    "ship_postal_code": "62701", "ship_state": "IL", "ship_country": "US", "listing_title": "Cherries", "digital": False,
}  # fmt: skip
CE3 = "evidence[enhanced_evidence][visa_compelling_evidence_3]"


def bought(shop: Shop, order: str, *, day: float, charge: str, **more: Any) -> None:
    shop.sold(order, day=day, **LOGGED | more)
    attempt = envelope(
        "payment.attempted", order, at=shop.now, source="stripe", id=f"{charge}:payment.attempted", amount=usd(100),
        outcome="approved",
    )  # fmt: skip
    shop.send([attempt])


def qualifying(**more: Any) -> str:
    """A dispute of Stripe's with two earlier payments of the same buyer, whose charges Stripe told."""
    shop = Shop()
    bought(shop, "p-1", day=0, charge="ch_p1", **more)
    bought(shop, "p-2", day=10, charge="ch_p2")
    bought(shop, "o-1", day=200, charge="ch_o1")
    told = {"network": "visa", "network_reason": "10.4", "reason": "fraudulent", "stage": "chargeback",
            "evidence_offer": "visa_compelling_evidence_3"}  # fmt: skip
    shop.day = 210
    shop.send(
        [envelope("dispute.opened", "o-1", at=shop.now, source="stripe", dispute="dp_o-1", amount=usd(100), **told)]
    )
    with engine_scope():
        return BankDispute.objects.get(ref="dp_o-1").id


def sent_of(dispute: str, bank: Stripe) -> dict[str, str]:
    with engine_scope():
        answers.stage(dispute, PERSON, day(211))
        answers.submit(dispute, PERSON, day(211))
    assert sending.send_due(day(211)) == 1
    (submission,) = bank.submissions
    return {name.removeprefix(CE3): value for name, value in submission.items() if name.startswith(CE3)}


def test_what_qualifies_is_sent_in_stripes_own_fields_with_both_earlier_charges(bank: Stripe) -> None:
    given = sent_of(qualifying(), bank)
    assert given["[prior_undisputed_transactions][0][charge]"] == "ch_p1"
    assert given["[prior_undisputed_transactions][1][charge]"] == "ch_p2"
    for place in ("[disputed_transaction]", "[prior_undisputed_transactions][0]", "[prior_undisputed_transactions][1]"):
        assert given[f"{place}[customer_purchase_ip]"] == "8.8.4.4"
        assert given[f"{place}[customer_device_id]"] == "352099001761481"
        assert given[f"{place}[customer_account_id]"] == "ana.rojas"
        assert given[f"{place}[shipping_address][postal_code]"] == "62701"
        assert given[f"{place}[product_description]"].startswith("Cherries")
    assert given["[disputed_transaction][merchandise_or_services]"] == "merchandise"


def test_an_identifier_that_differs_in_one_payment_is_not_sent_and_the_others_are(bank: Stripe) -> None:
    given = sent_of(qualifying(login="someone.else", ship_city="Chicago"), bank)
    assert given["[prior_undisputed_transactions][0][charge]"] == "ch_p1"
    assert not [name for name in given if "account_id" in name or "shipping_address" in name]
    assert given["[disputed_transaction][customer_purchase_ip]"] == "8.8.4.4"


def test_of_an_order_that_the_platform_sold_a_sellers_own_orders_are_no_earlier_ones(bank: Stripe) -> None:
    assert sent_of(qualifying(merchant_of_record="seller"), bank) == {}
