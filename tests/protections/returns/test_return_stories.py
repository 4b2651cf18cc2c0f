"""Returns through the front door: from the event that asks for one to the books, the reasons and the record."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from tests.kernel.builders import person, usd
from tests.protections.returns.market import (
    SAYS,
    SELLER,
    Market,
    history,
    line,
    open_claims,
    outcome,
    refunds,
    returned,
    state,
)
from tests.protections.transactions.shop import balances, events_posted

from safeconduct.kernel.cases import pauses, publishing, second_person
from safeconduct.kernel.cases.errors import GuardRefused, SeatTaken
from safeconduct.kernel.cases.evidence import Piece, collect
from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
from safeconduct.kernel.cases.lint import lint
from safeconduct.kernel.cases.words import PauseScope, Role, Source
from safeconduct.kernel.claims import due
from safeconduct.kernel.claims.models import Recovery
from safeconduct.kernel.record import sequencer
from safeconduct.kernel.record.proving import proof_of
from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope
from safeconduct.protections.returns import actions, protection, queries, reimbursing
from safeconduct.protections.returns.comparing import Finding
from safeconduct.protections.returns.errors import JudgementRefused, ReimbursementRefused, ReturnsError
from safeconduct.protections.returns.models import Reimbursement, Return
from safeconduct.protections.returns.words import Claimed, Duties, Grade, NoTravel, Payer, Reason, Reception, Wish

pytestmark = pytest.mark.usefixtures("empty_database")

PHONE = {"weight_g": 420, "serial": "SN-4021-77", "photo_hash": "f" * 64}
BRICK = {"weight_g": 900, "serial": "", "photo_hash": "0" * 64}


def seller_money() -> float:
    found = balances()
    return round(
        sum(found.get(kind, 0) for kind in ("pending", "available", "on_hold", "reserve", "seller_receivable")), 2
    )


def contested(market: Market) -> Return:
    """The seller looked and brought a picture; a person has to judge."""
    one = returned()
    with engine_scope():
        piece = Piece(
            EvidenceKind.PROOF_OF_DIFFERENCE, Source.SELLER, b"A brick, filmed while unpacking", one.seller_key,
            market.now, {"en": "What lay in the box"}, Role.SELLER, case_id=one.case_id,
        )  # fmt: skip
        collect([piece], SELLER, at=market.now)
    return market.does("contest")


def test_the_workflows_have_all_their_effects_and_conditions() -> None:
    for kind in protection.PROTECTION.case_kinds:
        assert not lint(kind.workflow())


def test_a_brick_comes_back_and_a_named_person_decides_that_nothing_is_paid() -> None:
    market = Market()
    market.sent(**PHONE)
    market.wants_back()
    assert state() == "authorised"  # law gives it; the seller was not asked
    market.comes_back(**BRICK)
    assert state() == "inspecting"
    with staff_scope():
        assert Finding.DIFFERENT in {line.finding for line in queries.compared(returned())}
    assert refunds() == []  # a difference decides nothing by itself
    contested(market)
    assert (state(), line().acceptance) == ("judging", "manual_review")
    who = market.judged(Grade.DIFFERENT_OR_EMPTY, reception=Reception.WRONG_ITEM)
    found = outcome()
    assert (found.remedy, found.liability, found.standing) == ("nothing", "buyer", "does_not_count")
    assert (found.rule, found.told, found.automated) == ("return/different_or_empty", SAYS, False)
    assert found.appeal_until is not None and found.considered
    assert (line().judged_by_id, line().reception, line().acceptance) == (who.id, "wrong_item", "rejected")
    assert (state(), refunds(), seller_money()) == ("decided", [], 91.7)
    market.passes(60)
    assert (state(), refunds(), open_claims()) == ("final", [], 0)
    assert returned().freight == "buyer"


def test_the_buyer_appeals_and_another_person_pays_the_whole() -> None:
    market = Market()
    market.sent(**PHONE)
    market.wants_back()
    market.comes_back(**BRICK)
    contested(market)
    arbiter = market.judged(Grade.DIFFERENT_OR_EMPTY)
    market.does("appeal", Role.BUYER, day=12)
    with pytest.raises(SeatTaken):
        market.judged(Grade.OPENED_COMPLETE, role=Role.REVIEWER, who=arbiter)
    market.judged(Grade.OPENED_COMPLETE, role=Role.REVIEWER)
    assert (state(), outcome().verdict, refunds()) == ("final", "overturned", [(100, "requested")])
    assert market.pays_out_refunds() == 100
    assert (seller_money(), open_claims()) == (0, 0)


def test_law_pays_during_a_pause_without_end_and_the_time_to_appeal_begins_when_it_ends() -> None:
    market = Market()
    market.sent(**PHONE)
    market.wants_back()
    market.does("sent", Role.BUYER, day=8)
    case_id, lead = returned().case_id, Actor("usr_lead", "operator")
    with staff_scope():
        begins, why = market.now, {"en": "The ports are closed until further notice."}
        pause = pauses.declare(PauseScope.CASE, case_id, begins, None, why, lead, at=begins)
    market.passes(20.5)
    assert (state(), refunds()) == ("decided", [(100, "requested")])
    assert (outcome().final, outcome().appeal_until, outcome().appeal_paused) == (False, None, True)
    market.passes(120)
    assert state() == "decided"  # nobody loses the appeal while its clock stands still
    with staff_scope():
        pauses.end(pause.id, market.now, at=market.now)
    market.passes(149)
    assert state() == "decided"
    market.passes(152)
    assert state() == "final"


def test_one_return_that_cannot_be_paid_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    market = Market()
    for order in ("ord-1", "ord-2", "ord-3"):
        market.sent(order, **PHONE)
        market.wants_back(order)
        market.does("sent", Role.BUYER, order=order, day=8)
    with engine_scope():
        # Books know no such currency for this order: its refund cannot be asked for.
        Return.objects.filter(id=returned("ord-1").id).update(currency="XXX")
    monkeypatch.setattr(protection, "_BATCH", 1)  # a broken one at the head of the queue fills a whole batch
    market.passes(20.5)
    assert [state(order) for order in ("ord-1", "ord-2", "ord-3")] == ["in_transit", "decided", "decided"]
    with engine_scope():
        Return.objects.filter(id=returned("ord-1").id).update(currency="USD")
    market.passes(20.6)
    assert state() == "decided"


def test_law_pays_whether_or_not_the_seller_has_looked() -> None:
    market = Market()
    market.sent(**PHONE)
    market.wants_back()
    market.does("sent", Role.BUYER, day=8)
    assert returned().law_due_at is not None
    market.passes(18)
    assert (state(), refunds()) == ("in_transit", [])
    market.passes(20.5)
    assert (state(), refunds()) == ("decided", [(100, "requested")])
    assert (outcome().automated, outcome().rule) == (True, "return/law_pays")
    market.pays_out_refunds()
    assert seller_money() == 0
    with engine_scope():
        claim = reimbursing.file(returned().id, Claimed.ABUSE, SELLER, at=market.now)
        assert reimbursing.file(returned().id, Claimed.ABUSE, SELLER, at=market.now).id == claim.id
    with staff_scope():
        claim = Reimbursement.objects.select_related("returned", "case").get(id=claim.id)
        with pytest.raises(GuardRefused, match=r"the terms allow \$100.00 for this ground"):
            reimbursing.decide(claim, person(), Role.ARBITER, 10_001, SAYS, at=market.now)
    with staff_scope():
        reimbursing.decide(claim, person(), Role.ARBITER, 10_000, SAYS, at=market.now)
    # What the order brought the seller, and no more: the commission went back with the refund.
    assert seller_money() == 91.7
    assert balances()["protection_fund"] < 0 and balances()["buyer_debt"] == -91.7
    assert outcome(claim.case).told == SAYS


def test_before_a_person_has_judged_the_fund_pays_when_law_wants_it() -> None:
    market = Market()
    market.sent(**PHONE)
    market.wants_back()
    market.comes_back(day=18, **BRICK)
    contested(market)
    market.passes(20.5)
    assert (state(), refunds(), outcome().liability) == ("final", [(100, "requested")], "fund")
    with engine_scope():
        [owed] = due.refunds(due.Group.DATED, now=market.now).items
    assert (owed.liability, owed.way, owed.case_id) == ("fund", "return", returned().case_id)
    market.pays_out_refunds()
    assert (seller_money(), open_claims()) == (91.7, 0)


def test_silence_of_the_seller_counts_as_grade_a_where_the_preset_says_so() -> None:
    preset = (protection.files(protection.__package__) / "presets" / "cases-silence.yaml").read_text("utf-8")
    market = Market()
    with staff_scope():
        publishing.publish(
            actions.KIND, preset, since=market.now, written_by="mei", approved_by="li", why="as told", at=market.now
        )
    market.sent(country="US")
    market.wants_back()
    assert state() == "requested"
    market.passes(7.1)
    assert state() == "authorised"  # silence allows it
    market.comes_back(day=9)
    market.passes(13.5)
    assert (state(), line().grade, line().acceptance) == ("decided", "A", "accepted")
    assert refunds() == [(100, "requested")]
    assert outcome().told["en"].startswith("The seller did not look")


def test_silence_of_the_seller_goes_to_a_person_where_no_preset_says_otherwise() -> None:
    market = Market()
    market.sent(country="US")
    market.wants_back()
    market.comes_back(day=6)
    market.passes(10.5)
    assert (state(), refunds()) == ("judging", [])
    market.judged(Grade.SELLABLE_AS_NEW, evidence=())
    assert refunds() == [(100, "requested")]


def test_a_size_exchange_moves_no_money() -> None:
    market = Market()
    market.sent()
    market.wants_back(reason="exchange")
    assert (returned().wish, state()) == ("exchange", "requested")
    market.does("authorise")
    market.comes_back()
    market.does("replace")
    assert (state(), outcome().remedy, refunds(), open_claims()) == ("replaced", "replacement", [], 0)
    assert set(events_posted()) == {"capture", "hold", "hold_lifted"}
    assert seller_money() == 91.7


def test_an_honest_return_is_paid_back_whole_and_closes() -> None:
    market = Market()
    market.sent(**PHONE)
    market.wants_back(reason="defective")
    assert returned().freight == "seller"
    market.comes_back(**PHONE | {"photo_hash": "0" * 64})
    market.does("accept")
    assert (state(), refunds(), line().grade) == ("accepted", [(100, "requested")], "A")
    assert market.pays_out_refunds() == 100
    assert (seller_money(), balances().get("protection_fund", 0), open_claims()) == (0, 0, 0)
    assert history() == ["open", "authorise", "received", "accept"]


def test_a_late_return_outside_the_law_loses_a_fifth_by_a_persons_word() -> None:
    market = Market()
    market.sent(country="US")
    market.wants_back(day=30)
    assert (returned().statutory, returned().in_window) == (False, False)
    market.does("authorise")
    market.comes_back(day=35, weight_g=420)
    contested(market)
    with pytest.raises(JudgementRefused, match="more than lateness allows"):
        market.judged(Grade.SELLABLE_AS_NEW, late_minor=2_001)
    market.judged(Grade.SELLABLE_AS_NEW, late_minor=2_000)
    assert (outcome().remedy, outcome().amount_minor, refunds()) == ("partial_refund", 8_000, [(80, "requested")])
    market.pays_out_refunds()
    market.passes(70)
    assert (state(), open_claims()) == ("final", 0)
    assert balances()["psp_clearing"] == -20


def test_a_refusal_by_the_seller_is_judged_if_the_buyer_asks() -> None:
    market = Market()
    market.sent(country="US")
    market.wants_back(day=30)
    market.does("refuse")
    market.does("to_platform", Role.BUYER)
    assert state() == "judging"


def test_what_law_gives_cannot_be_refused() -> None:
    market = Market()
    market.sent()
    market.asks(wish=Wish.EXCHANGE)
    with pytest.raises(GuardRefused, match="cannot be refused"):
        market.does("refuse")


def test_refund_without_return_needs_a_written_rule_and_names_its_payer() -> None:
    market = Market()
    market.sent(country="US", amount=15)
    one = market.wants_back()
    with engine_scope(), pytest.raises(GuardRefused, match="needs a written rule"):
        actions.step(one.id, "platform_keeps", SELLER, Role.OPERATOR, at=market.now)
    with engine_scope(), pytest.raises(ReturnsError, match="name yourself as the payer"):
        actions.keep_goods(one.id, SELLER, Role.OPERATOR, "goods/under-20", Payer.SELLER, at=market.now)
    with engine_scope():
        actions.keep_goods(one.id, SELLER, Role.OPERATOR, "goods/under-20", Payer.PLATFORM, at=market.now)
    assert (state(), refunds(), outcome().liability) == ("kept", [(15, "requested")], "platform")
    kept = seller_money()
    market.pays_out_refunds()
    # The fund made the seller whole with the step, the refund then took the sale: as if nothing had been.
    assert seller_money() == kept / 2 == 13.76


def test_the_platform_cannot_give_away_more_than_the_written_rule() -> None:
    market = Market()
    market.sent(country="US")
    one = market.wants_back()
    with engine_scope(), pytest.raises(GuardRefused, match=r"goes up to \$20.00"):
        actions.keep_goods(one.id, SELLER, Role.OPERATOR, "goods/under-20", Payer.PLATFORM, at=market.now)
    assert refunds() == []


def test_a_chargeback_on_a_returned_order_pays_nobody_twice() -> None:
    market = Market()
    market.sent()
    market.wants_back()
    market.comes_back()
    market.disputed("ord-1", day=9.5)
    market.does("accept", day=10)
    assert refunds() == [(100, "frozen")]  # the bank decides about the same money
    assert market.pays_out_refunds() == 0
    market.tell("dispute.closed", "ord-1", day=20, dispute="dp-ord-1", outcome="lost", amount=usd(100))
    assert refunds() == [(100, "paid_by_bank")]
    assert (market.pays_out_refunds(), open_claims()) == (0, 0)
    assert balances().get("psp_clearing", 0) == 0  # the buyer has 100 back, once


def test_a_refund_that_was_paid_before_the_bank_took_it_too_is_to_be_recovered() -> None:
    market = Market()
    market.sent()
    market.wants_back()
    market.comes_back()
    market.does("accept")
    market.pays_out_refunds(day=10)
    market.disputed("ord-1", day=12, outcome="lost")
    with staff_scope():
        (recovery,) = Recovery.objects.all()
    assert (recovery.due_minor, recovery.defence) == (10_000, "credit_already_issued")


def test_a_parcel_without_authorisation_becomes_a_return() -> None:
    market = Market()
    market.sent(**PHONE)
    one = market.comes_back(**PHONE)
    assert (one.announced, state(), line().reception) == (False, "inspecting", "received")
    market.comes_back(day=9.5, **PHONE)
    with staff_scope():
        assert Return.objects.count() == 1


def test_goods_that_must_not_travel_are_destroyed_with_proof() -> None:
    market = Market()
    market.sent()
    market.asks(no_travel=NoTravel.RECALLED)
    assert state() == "destroying"
    with pytest.raises(Exception, match="bring at least one piece of evidence"):
        market.does("destroyed", Role.BUYER)
    market.passes(20)
    assert state() == "judging"


def test_refused_at_customs_the_listing_says_who_pays_for_the_way() -> None:
    market = Market()
    market.sent(country="US")
    one = market.asks(reason=Reason.CUSTOMS_REFUSED, duties=Duties.UNPAID)
    assert one.freight == "buyer"


def test_a_lost_parcel_is_the_carriers_and_the_seller_pays_nothing() -> None:
    market = Market()
    market.sent(country="US", weight_g=420)
    market.wants_back()
    market.does("authorise")
    market.does("sent", Role.BUYER, day=8)
    market.passes(40)
    assert (state(), line().reception) == ("judging", "lost_in_transit")
    market.judged(Grade.DEFECTIVE_OR_DAMAGED_IN_TRANSIT, evidence=())
    assert (outcome().liability, refunds()) == ("carrier", [(100, "requested")])
    market.pays_out_refunds()
    assert seller_money() == 91.7
    with engine_scope(), pytest.raises(ReimbursementRefused, match="at your cost"):
        reimbursing.file(returned().id, Claimed.NEVER_RETURNED, SELLER, at=market.now)


def test_no_line_is_lessened_in_the_database_without_person_and_evidence() -> None:
    market = Market()
    market.sent()
    market.wants_back()
    for change in ("take_off_minor = 1", "grade = 'E'", "late_minor = 1", "grade = 'C', evidence = '{evd_x}'"):
        with pytest.raises(psycopg.errors.CheckViolation), staff_scope():
            query(f"UPDATE return_line SET {change}")


def test_every_step_and_decision_of_a_return_can_be_verified() -> None:
    market = Market()
    market.sent(**PHONE)
    market.wants_back()
    market.comes_back(**BRICK)
    contested(market)
    market.judged(Grade.DIFFERENT_OR_EMPTY)
    sequencer.keep_up(market.now)
    with engine_scope():
        file: dict[str, Any] | None = proof_of("case_outcome", outcome().id)
    assert file is not None and file["size"] > 0


def test_the_same_event_twice_opens_one_return() -> None:
    market = Market()
    market.sent()
    market.wants_back()
    market.wants_back(day=6)
    with staff_scope():
        assert Return.objects.count() == 1


def test_a_costly_brick_is_graded_only_when_a_second_person_has_confirmed_it() -> None:
    market = Market()
    market.sent(amount=2_000, weight_g=900)
    market.wants_back()
    market.comes_back(weight_g=900, day=8)
    contested(market)
    arbiter = market.judged(Grade.DIFFERENT_OR_EMPTY)
    assert (state(), line().grade, line().judged_by_id, refunds()) == ("judging", "", None, [])
    second = person()
    with staff_scope():
        waits = second_person.latest(returned().case_id)
        assert waits is not None
        second_person.take_seat(waits.id, second, at=market.now)
        second_person.confirm(waits.id, second, at=market.now)
    assert (state(), line().grade, line().acceptance, line().judged_by_id) == ("decided", "E", "rejected", arbiter.id)
    assert (refunds(), returned().freight) == ([], "buyer")
    assert (outcome().approved_by, outcome().second_above_minor) == (second.id, 100_000)
