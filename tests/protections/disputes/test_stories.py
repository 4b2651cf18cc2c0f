"""A dispute from its opening to its end: won, lost, settled, appealed, and what silence of each side comes to."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.kernel.builders import event
from tests.protections.disputes.court import Court, balances, decision, for_the_seller, partial
from tests.protections.transactions.shop import events_posted, holds

from safeconduct.kernel.cases.errors import CaseMalformed, ChangedMeanwhile, GuardRefused
from safeconduct.kernel.cases.models import CaseMessage, Step
from safeconduct.kernel.cases.words import Liability, Remedy, Role, Standing
from safeconduct.kernel.record.proving import proof_of
from safeconduct.kernel.scope import Actor, engine_scope, staff_scope
from safeconduct.protections.disputes import actions
from safeconduct.protections.disputes.burden import ClaimType
from safeconduct.protections.disputes.errors import NoOffersNow, OpenAlready
from safeconduct.protections.disputes.models import Opened

pytestmark = pytest.mark.usefixtures("empty_database")
PRESETS = Path(__file__).resolve().parents[3] / "src/safeconduct/protections/disputes/presets"


def held() -> float:
    return sum(amount for _, amount in holds())


def sellers() -> float:
    """All that is the seller's, wherever it stands."""
    found = balances()
    own = ("pending", "available", "on_hold", "reserve", "seller_receivable")
    return round(sum(found.get(name, 0) for name in own), 2)


#: What the fund took of the sale; it is given back with a refund.
PROTECTION_FEE = 0.30


def test_a_dispute_opens_with_the_records_as_evidence_and_one_hold() -> None:
    court = Court()
    court.open()
    assert court.state == "open"
    assert held() > 0
    assert balances()["on_hold"] == held()
    with pytest.raises(OpenAlready):
        court.open(key="r-2", opened=Opened.LINK)
    assert court.open() == court.dispute.case_id, "the same key opens no second one"


def test_a_dispute_that_the_seller_wins_gives_the_hold_back_and_does_not_count() -> None:
    court = Court()
    court.open()
    arbiter = court.to_the_arbiter()
    court.take("decide", Role.ARBITER, arbiter, for_the_seller())
    assert held() > 0, "nothing moves while it can be appealed"
    court.wait(8)
    assert (court.state, court.outcome()) == ("final", ("nothing", "nobody", "does_not_count", None))
    assert (held(), court.refunds(), court.claim_open()) == (0, [], False)
    balances()


def test_a_dispute_that_the_seller_loses_asks_for_one_refund_and_the_shop_sends_it_once() -> None:
    court = Court()
    court.open()
    arbiter = court.to_the_arbiter()
    court.take("decide", Role.ARBITER, arbiter, decision())
    court.wait(8)
    assert court.outcome() == ("refund", "seller", "counts", 10_000)
    assert court.refunds() == [("requested", 10_000)]
    assert held() > 0, "what is to be sent stays held"
    court.refund(100)
    assert court.refunds() == [("sent", 10_000)]
    assert (held(), court.claim_open()) == (0, False)
    court.refund(100)
    assert court.refunds() == [("sent", 10_000)]
    assert events_posted().count("refund") == 1, "a refund that is told twice was made once"
    balances()


def test_a_settlement_ends_it_on_the_terms_of_the_offer() -> None:
    court = Court()
    court.open()
    court.do("offer", Role.SELLER, remedy="partial_refund", amount_minor="3000", words="Keep it, and 30 back")
    assert court.state == "negotiating"
    court.do("offer", Role.BUYER, remedy="partial_refund", amount_minor="5000", words="Half")
    court.do("accept", Role.SELLER, offer=court.open_offer())
    assert (court.state, court.outcome()) == ("agreed", ("partial_refund", "seller", "does_not_count", 5_000))
    court.refund(50)
    assert (court.refunds(), held()) == ([("sent", 5_000)], 0)
    balances()


def test_nobody_accepts_their_own_offer_and_no_offer_exceeds_what_is_in_dispute() -> None:
    court = Court()
    court.open()
    with pytest.raises(CaseMalformed):
        court.do("accept", Role.BUYER, offer=court.open_offer())
    with pytest.raises(CaseMalformed):
        court.do("offer", Role.SELLER, remedy="refund", amount_minor="20000")


def test_a_refund_on_return_waits_for_the_goods() -> None:
    court = Court()
    court.open(asked=Remedy.REFUND_ON_RETURN)
    court.do("accept", Role.SELLER, offer=court.open_offer())
    assert (court.state, court.refunds()) == ("agreed", [])
    assert held() > 0
    court.shop.tell("return.received", "ord-1", day=court.shop.day + 3)
    assert court.refunds() == [("requested", 10_000)]
    balances()


def test_goods_that_never_come_back_end_the_hold_and_are_not_paid() -> None:
    court = Court()
    court.open(asked=Remedy.REFUND_ON_RETURN)
    court.do("accept", Role.SELLER, offer=court.open_offer())
    court.wait(9)
    assert held() > 0
    court.wait(2)
    assert (court.refunds(), held(), court.claim_open()) == ([], 0, False)
    balances()


def test_an_appeal_goes_to_another_person_who_overturns_it() -> None:
    court = Court()
    court.open()
    arbiter = court.to_the_arbiter()
    court.take("decide", Role.ARBITER, arbiter, decision())
    court.do("appeal", Role.SELLER, words="The signature is in the evidence")
    reviewer = court.seat(Role.REVIEWER)
    court.take("rule", Role.REVIEWER, reviewer, for_the_seller())
    assert (court.state, court.outcome()) == ("final", ("nothing", "nobody", "does_not_count", None))
    assert (court.refunds(), held()) == ([], 0)
    court.seal()
    with engine_scope():
        from safeconduct.kernel.cases.models import Case

        assert proof_of("case_outcome", Case.objects.get(id=court.case).outcome_id or "") is not None
    balances()


def test_what_the_carrier_bears_is_made_good_to_the_seller_when_the_refund_was_sent() -> None:
    court = Court()
    court.open()
    before = sellers()
    arbiter = court.to_the_arbiter()
    court.take("decide", Role.ARBITER, arbiter, decision(liability=Liability.CARRIER, standing=Standing.DOES_NOT_COUNT))
    court.wait(8)
    assert "carrier_claim_to_seller" not in events_posted(), "nothing was lost yet"
    court.refund(100)
    assert sellers() == before + PROTECTION_FEE
    assert balances()["carrier_claims"] < 0
    court.refund(100)
    assert events_posted().count("carrier_claim_to_seller") == 1


def test_the_sellers_silence_brings_it_to_a_person_and_loses_nothing() -> None:
    court = Court()
    court.open()
    court.wait(6)
    assert (court.state, court.steps()) == ("awaiting_platform", ["open", "to_platform"])
    assert court.refunds() == []


def test_where_a_preset_says_so_the_sellers_silence_pays_but_can_be_appealed() -> None:
    court = Court(preset=(PRESETS / "cases-aliexpress-like.yaml").read_text(encoding="utf-8"))
    court.open()
    court.wait(6)
    assert (court.state, court.outcome()) == ("decided", ("refund", "seller", "counts", 10_000))
    court.do("appeal", Role.SELLER, words="I was in hospital")
    assert court.state == "appealed"


@pytest.mark.parametrize("preset", ["aliexpress-like", "amazon-like", "ebay-like"])
def test_no_preset_has_a_silence_pay_without_a_return_where_law_forbids_it(preset: str) -> None:
    court = Court(preset=(PRESETS / f"cases-{preset}.yaml").read_text(encoding="utf-8"), seller_country="CN")
    court.open(type=ClaimType.NOT_AS_DESCRIBED)
    court.wait(6)
    assert (court.state, court.steps()) == ("awaiting_platform", ["open", "to_platform"])
    with staff_scope():
        assert Step.objects.get(case_id=court.case, name="to_platform").facts["barred"] == "pay_unanswered"


def test_where_nothing_was_received_there_is_nothing_to_send_back_and_the_silence_pays() -> None:
    court = Court(preset=(PRESETS / "cases-aliexpress-like.yaml").read_text(encoding="utf-8"), seller_country="CN")
    court.open()
    court.wait(6)
    assert (court.state, court.outcome()) == ("decided", ("refund", "seller", "counts", 10_000))


def test_the_buyers_silence_after_an_answer_brings_it_to_a_person() -> None:
    court = Court()
    court.open()
    court.do("answer", Role.SELLER, words="It was delivered on the third day")
    court.wait(8)
    assert court.state == "awaiting_platform"


def test_the_platforms_second_miss_pays_the_buyer_from_the_fund_and_costs_the_seller_nothing() -> None:
    court = Court()
    court.open()
    before = sellers()
    court.do("answer", Role.SELLER, words="It was delivered on the third day")
    court.do("escalate", Role.BUYER)
    court.wait(1.5)
    assert court.steps()[-1] == "platform_missed"
    court.wait(1.5)
    assert (court.state, court.outcome()) == ("final", ("refund", "platform", "does_not_count", 10_000))
    court.refund(100)
    assert sellers() == before + PROTECTION_FEE


def test_a_chargeback_on_the_same_payment_stops_the_clocks_and_freezes_the_refund() -> None:
    court = Court()
    court.open()
    court.shop.disputed("ord-1", day=court.shop.day + 1)
    court.wait(20)
    assert court.state == "open", "the bank decides about the same money; the clock stands still"
    court.shop.tell("dispute.closed", "ord-1", dispute="dp-ord-1", outcome="won")
    court.wait(6)
    assert court.state == "awaiting_platform"


def test_a_bank_that_names_its_dispute_and_no_order_sets_the_clocks_going_again() -> None:
    court = Court()
    court.open()
    court.shop.disputed("ord-1", day=court.shop.day + 1)
    court.wait(20)
    court.shop.send([event("dispute.closed", at=court.now, dispute="dp-ord-1", outcome="won")])
    court.wait(6)
    assert court.state == "awaiting_platform"


@pytest.mark.parametrize("bears", [Liability.FUND, Liability.CARRIER])
def test_what_others_bear_is_made_good_also_where_a_bank_takes_it_first(bears: Liability) -> None:
    court = Court(deliver=False)
    court.open()
    before = sellers()
    arbiter = court.to_the_arbiter()
    court.take("decide", Role.ARBITER, arbiter, decision(liability=bears, standing=Standing.DOES_NOT_COUNT))
    court.wait(8)
    court.shop.disputed("ord-1", day=court.shop.day + 1, outcome="lost")
    assert (court.refunds(), sellers()) == ([("paid_by_bank", 10_000)], before + PROTECTION_FEE)
    court.shop.tell("dispute.closed", "ord-1", day=court.shop.day + 9, dispute="dp-ord-1", outcome="won")
    assert court.refunds() == [("paid_by_bank", 10_000), ("requested", 10_000)]
    court.refund(100)
    assert (sellers(), court.claim_open()) == (before + PROTECTION_FEE, False)


def test_an_outcome_after_the_bank_has_paid_says_who_bears_what_the_bank_took() -> None:
    court = Court(deliver=False)
    court.open()
    before = sellers()
    court.shop.disputed("ord-1", day=court.shop.day + 1, outcome="lost")
    assert sellers() < 0
    arbiter = court.to_the_arbiter()
    court.take("decide", Role.ARBITER, arbiter, decision(liability=Liability.FUND, standing=Standing.DOES_NOT_COUNT))
    court.wait(8)
    assert (court.refunds(), sellers()) == ([("paid_by_bank", 10_000)], before)
    court.shop.tell("dispute.closed", "ord-1", day=court.shop.day + 9, dispute="dp-ord-1", outcome="won")
    court.refund(100)
    assert (court.refunds()[-1], sellers()) == (("sent", 10_000), before + PROTECTION_FEE)


def test_coverage_that_a_bank_undoes_leaves_the_outcome_to_be_carried_out() -> None:
    court = Court()
    court.open()
    before = sellers()
    court.shop.disputed("ord-1", day=court.shop.day + 1, outcome="lost")
    assert sellers() == before, "coverage has paid"
    arbiter = court.to_the_arbiter()
    court.take("decide", Role.ARBITER, arbiter, decision(liability=Liability.FUND, standing=Standing.DOES_NOT_COUNT))
    court.wait(8)
    court.shop.tell("dispute.closed", "ord-1", day=court.shop.day + 9, dispute="dp-ord-1", outcome="won")
    court.refund(100)
    assert (court.refunds()[-1], sellers()) == (("sent", 10_000), before + PROTECTION_FEE)


def proposed(court: Court) -> str:
    """The mediator proposes; returns the proposal's id."""
    court.open()
    court.do("answer", Role.SELLER, words="It was delivered on the third day")
    court.do("escalate", Role.BUYER)
    court.take("mediate", Role.OPERATOR)
    mediator = court.seat(Role.MEDIATOR)
    with staff_scope():
        actions.propose(court.case, Actor(mediator.id, "mediator"), partial(4_000), "Each bears a part", at=court.now)
        return CaseMessage.objects.get(case_id=court.case, kind="proposal").id


def test_a_mediators_proposal_ends_it_when_both_accept() -> None:
    court = Court()
    proposed(court)
    court.do("agree", Role.BUYER)
    assert court.state == "proposed_to_seller"
    court.do("agree", Role.SELLER)
    assert court.outcome() == ("partial_refund", "seller", "does_not_count", 4_000)


def test_a_proposal_that_is_answered_like_an_offer_is_answered_as_what_it_is() -> None:
    court = Court()
    proposal = proposed(court)
    court.do("accept", Role.SELLER, offer=proposal)
    assert court.state == "proposed_to_buyer"
    court.do("decline", Role.BUYER, offer=proposal)
    assert court.state == "adjudication"
    with pytest.raises(NoOffersNow):
        court.do("reject", Role.SELLER)
    with pytest.raises(NoOffersNow):
        court.do("decline", Role.SELLER, offer=proposal)


def test_nobody_is_asked_about_a_proposal_that_nobody_has_made() -> None:
    court = Court()
    court.open()
    court.do("answer", Role.SELLER, words="It was delivered on the third day")
    court.do("escalate", Role.BUYER)
    court.take("mediate", Role.OPERATOR)
    with pytest.raises(GuardRefused, match="no proposal yet"):
        court.take("propose", Role.MEDIATOR, court.seat(Role.MEDIATOR))
    assert court.state == "mediation"


def test_an_outcome_is_refused_that_pays_more_than_was_in_dispute_or_nobody_pays() -> None:
    court = Court()
    court.open()
    arbiter = court.to_the_arbiter()
    with pytest.raises(GuardRefused, match="at most 10000"):
        court.take("decide", Role.ARBITER, arbiter, decision(amount_minor=10_001))
    with pytest.raises(GuardRefused, match="somebody pays"):
        court.take("decide", Role.ARBITER, arbiter, decision(liability=Liability.NOBODY))


def test_a_page_that_is_out_of_date_answers_nothing() -> None:
    court = Court()
    court.open()
    court.do("answer", Role.SELLER, words="It was delivered on the third day")
    with engine_scope(), pytest.raises(ChangedMeanwhile):
        actions.take(court.case, "escalate", Actor("b", "buyer"), Role.BUYER, at=court.now, seen_step=1)


def test_no_refund_without_a_return_is_forced_where_law_forbids_it() -> None:
    court = Court(seller_country="CN")
    court.open(type=ClaimType.NOT_AS_DESCRIBED)
    arbiter = court.to_the_arbiter()
    with pytest.raises(GuardRefused, match="Order 116"):
        court.take("decide", Role.ARBITER, arbiter, decision())
    court.take("decide", Role.ARBITER, arbiter, decision(remedy=Remedy.REFUND_ON_RETURN))
    court.wait(8)
    assert (court.state, court.refunds()) == ("final", [])
    court.shop.tell("return.received", "ord-1", day=court.shop.day + 1)
    assert court.refunds() == [("requested", 10_000)]
