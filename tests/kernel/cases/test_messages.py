"""What is said in a case, and who reads it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.kernel.builders import person
from tests.kernel.cases.builders import START, case, decision, opened, seated, take

from safeconduct.kernel.cases import messages
from safeconduct.kernel.cases.errors import CaseMalformed, NoSuchCase
from safeconduct.kernel.cases.messages import Offer
from safeconduct.kernel.cases.models import CaseMessage
from safeconduct.kernel.cases.words import OPEN_CASE, OfferState, Remedy, Role
from safeconduct.kernel.record import receipts
from safeconduct.kernel.scope import Actor, engine_scope, query, seller_scope, staff_scope
from safeconduct.kernel.vault import erasure
from safeconduct.kernel.vault.erasure import Kept

SHOP, BUYER = Actor("usr_shop", "seller"), Actor("buyer-501", "buyer")
HALF = Offer(Remedy.PARTIAL_REFUND, 37_200, "CNY")


def heard(case_id: str, role: Role) -> list[str]:
    with staff_scope():
        return [said.words or said.by_language["es"] for said in messages.read(case(case_id), role)]


def test_words_reach_both_sides_and_lie_there_sealed() -> None:
    case_id = opened()
    with engine_scope():
        messages.say(case_id, SHOP, Role.SELLER, "It left on Monday", at=START)
        (sealed,) = query("SELECT sealed FROM case_message").fetchone() or (b"",)
    assert (
        heard(case_id, Role.BUYER)
        == heard(case_id, Role.SELLER)
        == heard(case_id, Role.ARBITER)
        == ["It left on Monday"]
    )
    assert b"Monday" not in bytes(sealed)


def test_a_template_is_read_in_ones_own_language_and_a_value_stays_a_value() -> None:
    case_id = opened()
    with engine_scope():
        messages.say(
            case_id, SHOP, Role.SELLER, at=START, template="shipped", values={"day": "{carrier}", "carrier": "DHL"}
        )
    assert heard(case_id, Role.BUYER) == ["El paquete salió el {carrier} con DHL; el seguimiento está en las pruebas."]
    for template, values in (("shipped", {"day": "Monday"}), ("insult", {})):
        with pytest.raises(CaseMalformed), engine_scope():
            messages.say(case_id, SHOP, Role.SELLER, at=START, template=template, values=values)
    for texts in messages.templates().values():
        assert texts.keys() == {"en", "zh", "es"}


def test_staff_notes_are_for_staff_also_in_the_database() -> None:
    case_id = opened()
    with staff_scope():
        messages.note(case_id, Actor("usr_staff", "staff"), "Third claim this month", at=START)
    assert heard(case_id, Role.SELLER) == heard(case_id, Role.BUYER) == []
    assert heard(case_id, Role.OPERATOR) == ["Third claim this month"]
    with seller_scope(77):
        assert not CaseMessage.objects.exists()


def test_offers_stay_hidden_from_who_decides_until_they_have() -> None:
    case_id = opened()
    with engine_scope():
        made = messages.offer(case_id, SHOP, Role.SELLER, HALF, "Half of it?", at=START)
    assert heard(case_id, Role.BUYER) == ["Half of it?"]
    assert heard(case_id, Role.ARBITER) == heard(case_id, Role.REVIEWER) == []
    take(case_id, "contest", Role.SELLER)
    with engine_scope():
        mediator = Actor(person().id, "mediator")
        messages.offer(case_id, mediator, Role.MEDIATOR, HALF, "Both of you, half", at=START)
    take(case_id, "done", Role.SELLER)
    take(case_id, "done", Role.BUYER)
    assert heard(case_id, Role.ARBITER) == []
    arbiter = seated(case_id, Role.ARBITER)
    take(case_id, "decide", Role.ARBITER, who=arbiter.id, outcome=decision())
    assert heard(case_id, Role.ARBITER) == ["Half of it?", "Both of you, half"]
    take(case_id, "appeal", Role.SELLER)
    assert heard(case_id, Role.REVIEWER) == []
    reviewer = seated(case_id, Role.REVIEWER)
    take(case_id, "rule", Role.REVIEWER, who=reviewer.id, outcome=decision())
    assert len(heard(case_id, Role.REVIEWER)) == 2
    assert made.offer_state == "open"


def test_an_offer_is_answered_once_and_by_the_other_side() -> None:
    case_id = opened()
    with engine_scope():
        first = messages.offer(case_id, SHOP, Role.SELLER, HALF, "Half?", at=START)
        second = messages.offer(case_id, SHOP, Role.SELLER, Offer(Remedy.REPLACEMENT), "A new one?", at=START)
    for message, role, state in ((first, Role.BUYER, OfferState.ACCEPTED), (second, Role.SELLER, OfferState.ACCEPTED),
                                 (second, Role.BUYER, OfferState.WITHDRAWN)):  # fmt: skip
        with pytest.raises(CaseMalformed, match="not open for you"), engine_scope():
            messages.answer(message.id, BUYER, role, state, at=START)
    with engine_scope():
        messages.answer(second.id, BUYER, Role.BUYER, OfferState.ACCEPTED, at=START)
    with pytest.raises(CaseMalformed), engine_scope():
        messages.answer(second.id, BUYER, Role.BUYER, OfferState.DECLINED, at=START)
    with staff_scope():
        states = dict(CaseMessage.objects.values_list("id", "offer_state"))
    assert states == {first.id: "withdrawn", second.id: "accepted"}


@pytest.mark.parametrize(
    "what",
    [Offer(Remedy.REFUND), Offer(Remedy.REPLACEMENT, 5, "USD"), Offer(Remedy.TAKE_DOWN), Offer(Remedy.REFUND, 5)],
)
def test_what_cannot_be_offered_is_refused(what: Offer) -> None:
    case_id = opened()
    with pytest.raises(CaseMalformed), engine_scope():
        messages.offer(case_id, SHOP, Role.SELLER, what, "Take it", at=START)
    with pytest.raises(CaseMalformed, match="no part"), engine_scope():
        messages.say(case_id, SHOP, Role.SELLER, "Psst", at=START, to=[Role.RIGHTS_OWNER])
    with pytest.raises(NoSuchCase), engine_scope():
        messages.say("cas_none", SHOP, Role.SELLER, "Hello", at=START)


def test_what_is_kept_for_an_open_case_is_read_in_it_until_it_ends() -> None:
    case_id = opened()
    subject = f"case/{case_id}"
    desk, until = Actor("usr_1", "data_protection", "request"), START + timedelta(days=90)
    with engine_scope():
        messages.say(case_id, SHOP, Role.SELLER, "It left on Monday", at=START)
        erasure.keep_until([Kept(subject, messages.MESSAGE.purpose, "open case", until, (OPEN_CASE,))], desk, at=START)
        assert receipts.erase([subject], None, desk, at=START).destroyed == ()
    assert heard(case_id, Role.SELLER) == ["It left on Monday"]
    assert receipts.erase_due(until) == 1
    assert heard(case_id, Role.SELLER) == ["This message was erased."]
