"""What fights a dispute goes abroad with a buyer's data: it is counted before it leaves, and what may not stays here."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.kernel.builders import usd
from tests.portal import shops
from tests.protections.data_security.people import staff
from tests.protections.transactions.chargebacks import test_answers as desk
from tests.protections.transactions.chargebacks.stub_stripe import Stripe
from tests.protections.transactions.chargebacks.test_answers import (
    ANA,
    DUE,
    PERSON,
    answer,
    day,
    declare_stripe,
    disputed,
    stage,
    submit,
    told,
)
from tests.protections.transactions.shop import Shop

from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope
from safeconduct.kernel.vault.pseudonyms import lookup
from safeconduct.protections.data_security.history import DataStep
from safeconduct.protections.data_security.incidents.words import CATEGORIES
from safeconduct.protections.data_security.transfers import asking, destinations, gate, thresholds
from safeconduct.protections.data_security.transfers.models import TransferDestination, TransferSubject
from safeconduct.protections.transactions.chargebacks import answers, sending
from safeconduct.protections.transactions.chargebacks.errors import NothingHeld, TooLate
from safeconduct.protections.transactions.chargebacks.models import AnswerKind, BankAnswer, BankDispute

pytestmark = pytest.mark.usefixtures("empty_database")
bank = desk.bank
LIST = "/console/transactions/chargebacks/"
OFFICER = Actor("usr_dpo", "lead")


def nobody_is_declared() -> None:
    with staff_scope():
        destinations.end(TransferDestination.objects.get(ended_at=None).id, OFFICER, at=day(1))


def counted(scope: str) -> set[int]:
    with staff_scope():
        return set(TransferSubject.objects.filter(scope=scope, kind="any").values_list("subject_key", flat=True))


def steps(subject: str) -> list[str]:
    with staff_scope():
        return list(DataStep.objects.filter(subject=subject).order_by("id").values_list("verb", flat=True))


def send_again(dispute: str, at: float) -> None:
    with engine_scope():
        answers.send_again(dispute, PERSON, day(at))


def both_disputed() -> tuple[str, str]:
    """Two buyers whose country nobody told: each counts for every law."""
    first = disputed("o-1")
    shop = Shop(template=None)
    shop.sold("o-2", day=20.5, deliver=True, **ANA | {"buyer": "ben", "email": "ben@example.org"})
    told = {"network": "visa", "network_reason": "10.4", "reason": "fraudulent", "due_at": DUE, "stage": "chargeback"}
    shop.tell("dispute.opened", "o-2", day=24, source="stripe", dispute="dp_o-2", amount=usd(100), **told)
    with engine_scope():
        return first, BankDispute.objects.get(ref="dp_o-2").id


def strict(monkeypatch: pytest.MonkeyPatch, *, more_than: int) -> None:
    """The law of a country as if it let the data of only so many people go."""
    rule = thresholds.rules()["cn-outbound"]
    strict = {"cn-outbound": replace(rule, levels=(replace(rule.levels[0], more_than=more_than),))}
    for module in (asking, gate):
        monkeypatch.setattr(module, "rules", lambda: strict)


def test_the_buyer_is_counted_once_however_often_the_answer_is_tried(bank: Stripe) -> None:
    dispute = disputed()
    stage(dispute)
    submit(dispute)
    bank.status = 503
    sending.send_due(day(22))
    bank.status = 0
    sending.send_due(day(22.1))
    with staff_scope():
        stripe = TransferDestination.objects.get().id
        ana = lookup("buyer", "ana")
    assert answer().state == "sent" and counted(stripe) == {ana}
    assert steps(stripe)[1:] == ["transfer_permit", "transfer_permit"]


def test_nothing_goes_to_who_is_not_declared_and_a_lead_mends_it(bank: Stripe) -> None:
    nobody_is_declared()
    dispute = disputed()
    stage(dispute)
    submit(dispute)
    assert sending.send_due(day(22)) == 1 and sending.send_due(day(22.5)) == 0
    assert not bank.calls and (answer().state, answer().problem) == ("failed", "held/nobody")
    assert told(dispute)[-1] == "held"
    with staff_scope():
        assert BankDispute.objects.get().to_staff_at == day(22), "the staff's, before the bank's last day"
    new = declare_stripe()
    send_again(dispute, 23)
    with pytest.raises(NothingHeld):
        send_again(dispute, 23)
    assert sending.send_due(day(23)) == 1
    assert answer().state == "sent" and len(bank.submissions) == 1 and len(counted(new)) == 1
    assert told(dispute)[-3:] == ["held", "sent_again", "sent"]


def test_a_recipient_of_other_data_is_not_given_this(bank: Stripe) -> None:
    nobody_is_declared()
    only = declare_stripe(["contact", "orders"])
    stage(dispute := disputed())
    submit(dispute)
    sending.send_due(day(22))
    assert not bank.calls and answer().problem == "held/kinds" and not counted(only)


def test_above_a_threshold_as_many_go_as_may_and_the_rest_is_the_staffs(
    bank: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = both_disputed()
    strict(monkeypatch, more_than=1)
    for dispute in (first, second):
        stage(dispute)
        submit(dispute)
    assert sending.send_due(day(22)) == 2
    with staff_scope():
        found = dict(BankAnswer.objects.values_list("dispute_id", "problem"))
        waits = list(BankDispute.objects.filter(to_staff_at=day(22)).values_list("id", flat=True))
    assert sorted(found.values()) == ["", "held/threshold"] and len(bank.submissions) == 1
    assert [found[one] for one in waits] == ["held/threshold"] and len(counted("cn-outbound")) == 1


def test_what_arrived_before_the_gate_closed_counts_as_sent(bank: Stripe) -> None:
    stage(dispute := disputed())
    submit(dispute)
    bank.swallow = 1
    sending.send_due(day(22))
    nobody_is_declared()
    assert sending.send_due(day(22.1)) == 1
    assert answer().state == "sent" and len(bank.submissions) == 1


def test_giving_up_names_nobody_and_asks_nobody(bank: Stripe) -> None:
    nobody_is_declared()
    dispute = disputed()
    with engine_scope():
        answers.accept(dispute, PERSON, day(21))
        answers.submit(dispute, PERSON, day(22), kind=AnswerKind.ACCEPT)
    sending.send_due(day(22))
    assert answer().state == "sent" and [path for _method, path in bank.calls] == ["/v1/disputes/dp_o-1/close"]


def test_after_the_banks_last_moment_nothing_is_sent_again(bank: Stripe) -> None:
    nobody_is_declared()
    stage(dispute := disputed())
    submit(dispute)
    sending.send_due(day(22))
    with pytest.raises(TooLate):
        send_again(dispute, 28)


def test_the_staffs_page_says_why_and_what_to_do(bank: Stripe) -> None:
    nobody_is_declared()
    stage(dispute := disputed())
    submit(dispute)
    sending.send_due(day(22))
    lead = staff(StaffRole.LEAD)
    page = shops.read(lead, LIST)
    assert "Nobody named Stripe is declared" in page and "yours" in page and "Download and hand in" in page
    assert staff(StaffRole.ANALYST).post(f"{LIST}{dispute}/send-again/").status_code == 403
    with engine_scope():
        query("UPDATE bank_dispute SET due_at = NULL")  # the page's clock is today's
    assert "Send again" in shops.read(lead, LIST)
    assert lead.post(f"{LIST}{dispute}/send-again/").status_code == 303 and answer().state == "queued"


def test_the_kinds_are_those_of_the_record_of_processing() -> None:
    assert set(CATEGORIES) >= sending.KINDS
