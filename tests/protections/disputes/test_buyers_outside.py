"""A buyer who takes a decision outside the marketplace, from the page behind the link, and what comes of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from tests.api.api_world import Machine, good, problem
from tests.kernel.builders import person
from tests.portal import shops
from tests.protections.disputes import people
from tests.protections.disputes.court import Court, balances, decision, for_the_seller
from tests.protections.disputes.test_buyers_are_told import the_shop_wants_to_know, told
from tests.protections.disputes.test_dispute_console import (
    before_the_platform,
    decided,
    desk,
    read,
    staff,
    to_the_arbiter,
)
from tests.protections.disputes.test_outside_story import CLERK, PAYS
from tests.protections.disputes.test_stories import PROTECTION_FEE, sellers

from safeconduct.kernel.buyer_links import token_of
from safeconduct.kernel.cases import bodies, correcting, referrals
from safeconduct.kernel.cases.bodies import Draft
from safeconduct.kernel.cases.correcting import Corrected
from safeconduct.kernel.cases.errors import CaseMalformed, ReferralRefused
from safeconduct.kernel.cases.models import Case, OutsideBody, Referral, StoredOutcome
from safeconduct.kernel.cases.referrals import Answer
from safeconduct.kernel.cases.words import BodyWay, Finding, Remedy, Role, Standing
from safeconduct.kernel.scope import Actor, engine_scope, staff_scope

pytestmark = pytest.mark.usefixtures("empty_database")
BUYER = Actor("buyer/link", "buyer", "I never got it")
NOTHING = {"remedy": "nothing", "liability": "nobody", "standing": "does_not_count"}


def named(way: BodyWay = BodyWay.CONSUMER, *takes_from: Role, name: str = "Consumer Board") -> OutsideBody:
    pays = PAYS if way is BodyWay.NAMED else {}
    read_on = shops.ago(24 * 30).date()
    draft = Draft(way, name, "https://board.example/", "Its rules, 4", read_on, pays, takes_from=takes_from)
    with staff_scope():
        return bodies.name(draft, person(), at=shops.ago(24 * 20))


def refused(court: Court) -> None:
    """The buyer gets nothing, and appeals in vain."""
    court.open()
    court.take("decide", Role.ARBITER, court.to_the_arbiter(), for_the_seller())
    court.do("appeal", Role.BUYER, words="I was at home all day")
    court.take("rule", Role.REVIEWER, court.seat(Role.REVIEWER), for_the_seller())
    assert court.state == "final"


def outside(court: Court, body: OutsideBody, found: Finding) -> Referral:
    with engine_scope():
        made = referrals.refer(court.case, body.id, BUYER, at=court.now, role=Role.BUYER)
    with staff_scope():
        return referrals.answer(made.id, Answer(found, court.now.date(), {"en": "No scan."}), CLERK, at=court.now)


def test_a_buyer_who_is_right_outside_is_paid_and_the_marketplace_bears_it() -> None:
    court = Court()
    body = named(BodyWay.NAMED, Role.BUYER)
    refused(court)
    before = sellers()
    made = outside(court, body, Finding.AGAINST_SELLER)
    judge = court.seat(Role.REVIEWER)
    with staff_scope(), pytest.raises(CaseMalformed, match="more than what the buyer got"):
        correcting.decide(made.id, Corrected(0, Standing.DOES_NOT_COUNT, {"en": "x"}, 0), judge, at=court.now)
    with staff_scope():
        given = Corrected(0, Standing.DOES_NOT_COUNT, {"en": "We follow the board."}, 6_000)
        correcting.decide(made.id, given, judge, at=court.now)
    assert court.outcome() == ("partial_refund", "platform", "does_not_count", 6_000)
    assert court.refunds() == [("requested", 6_000)]
    court.refund(60)
    assert court.refunds() == [("sent", 6_000)]
    assert sellers() == pytest.approx(before + PROTECTION_FEE * 0.6, abs=0.01), "the seller bears nothing of it"
    assert not court.claim_open()
    balances()


def test_more_for_a_buyer_who_got_a_part_is_asked_for_beside_it_and_the_seller_bears_what_it_bore() -> None:
    court = Court()
    body = named(BodyWay.NAMED, Role.BUYER)
    court.open()
    arbiter = court.to_the_arbiter()
    part = decision(amount_minor=3_000, remedy=Remedy.PARTIAL_REFUND)
    court.take("decide", Role.ARBITER, arbiter, part)
    court.do("appeal", Role.BUYER, words="That is not enough")
    court.take("rule", Role.REVIEWER, court.seat(Role.REVIEWER), part)
    court.refund(30)
    before = sellers()
    made = outside(court, body, Finding.PARTLY)
    judge = court.seat(Role.REVIEWER)
    with staff_scope():
        given = Corrected(0, Standing.COUNTS, {"en": "We follow."}, 10_000)
        correcting.decide(made.id, given, judge, at=court.now)
    court.refund(70)
    assert sorted(court.refunds()) == [("sent", 3_000), ("sent", 7_000)]
    assert sellers() == pytest.approx(before + PROTECTION_FEE * 0.7, abs=0.02)
    balances()


def test_what_the_body_finds_against_the_buyer_ends_it_and_repays_the_buyer_nothing_here() -> None:
    court = Court()
    body = named(BodyWay.NAMED, Role.BUYER)
    refused(court)
    with engine_scope():
        made = referrals.refer(court.case, body.id, BUYER, at=court.now, role=Role.BUYER)
    with staff_scope(), pytest.raises(CaseMalformed, match="repaid by the shop"):
        given = Answer(Finding.AGAINST_SELLER, court.now.date(), {"en": "No scan."}, 500, "USD")
        referrals.answer(made.id, given, CLERK, at=court.now)
    with staff_scope():
        ended = referrals.answer(
            made.id, Answer(Finding.FOR_SELLER, court.now.date(), {"en": "It was there."}), CLERK, at=court.now
        )
    assert ended.closed_at is not None


def test_bodies_of_business_users_take_no_buyer_and_those_of_consumers_no_seller() -> None:
    court = Court()
    ours, theirs = named(), named(BodyWay.MEDIATOR, name="Mediator")
    refused(court)
    with engine_scope():
        mine = referrals.ways(court.case, court.now, Role.BUYER)
        assert [(way.body.name, way.decides, way.law.checked) for way in mine] == [("Consumer Board", "90 days", False)]
        for body, role in ((theirs, Role.BUYER), (ours, Role.SELLER)):
            with pytest.raises(ReferralRefused):
                referrals.refer(court.case, body.id, BUYER, at=court.now, role=role)
    with pytest.raises(CaseMalformed, match="does not give them"):
        named(BodyWay.MEDIATOR, Role.BUYER, name="Another mediator")


def test_the_whole_way_on_the_buyers_page_in_the_buyers_language() -> None:
    body = named(BodyWay.NAMED, Role.BUYER, name="Harbour Arbiters")
    case_id = before_the_platform(language="es")
    to_the_arbiter(case_id)
    arbiter = staff("Arbiter")
    arbiter.post(f"{desk(case_id)}seat/", {})
    decided(case_id, arbiter, **NOTHING)
    the_shop_wants_to_know()
    with staff_scope():
        case = Case.objects.get(id=case_id)
    door, buyer = f"/disputes/{token_of(case.order_key or 0)}/", Client(headers={"accept-language": "en"})
    page = buyer.get(door, follow=True)
    here = page.redirect_chain[-1][0] if page.redirect_chain else door
    text = page.content.decode()
    number = text.split("DSP-")[1].split("<")[0].split(" ")[0]
    assert "Harbour Arbiters" in text
    buyer.post(f"{here}{number}/appeal/", {"words": "I was at home all day"})
    reviewer = staff("Reviewer")
    reviewer.post(f"{desk(case_id)}seat/", {})
    decided(case_id, reviewer, "rule", **NOTHING)
    assert f"{number}/refer/" in buyer.get(here).content.decode()
    buyer.post(f"{here}{number}/refer/", {"body": body.id, "words": "x"})
    with staff_scope():
        assert not Referral.objects.exists(), "words are missing"
    for _ in range(2):
        buyer.post(f"{here}{number}/refer/", {"body": body.id, "words": "The scans end in another town"})
    with staff_scope():
        made = Referral.objects.get()
    assert (made.referred_role, told()[-1]["what"], told()[-1]["language"]) == ("buyer", "outside", "es")
    assert "by the buyer" in shops.read(shops.signed_in(), people.page_of(case_id))
    clerk = staff("Clerk")
    assert "by the buyer" in read(clerk, "/console/outside/")
    verbs, day = f"/console/outside/{made.id}/", datetime.now(UTC).date().isoformat()
    clerk.post(f"{verbs}answer/", {"found": "against_seller", "found_on": day, "says": "No scan proves it."})
    assert "The buyer gets in all" not in read(clerk, desk(case_id))
    judge = staff("Judge")
    judge.post(
        f"{verbs}seat/", {"held_by": read(judge, desk(case_id)).split('name="held_by" value="')[1].split('"')[0]}
    )
    assert "The buyer gets in all" in read(judge, desk(case_id))
    with staff_scope():
        most = (Case.objects.get(id=case_id).amount_minor or 0) / 100
    judge.post(
        f"{verbs}correct/", {"amount": f"{most:.2f}", "standing": "does_not_count", "facts": "The body is right."}
    )
    with staff_scope():
        now = StoredOutcome.objects.get(id=Case.objects.get(id=case_id).outcome_id)
    assert (now.remedy, now.liability, now.rule) == ("refund", "platform", "outside/named")
    assert "The body is right." in buyer.get(here).content.decode()


def test_the_api_takes_a_case_there_for_its_buyer() -> None:
    body = named(BodyWay.NAMED, Role.BUYER, Role.SELLER, name="Harbour Arbiters")
    case_id = before_the_platform()
    to_the_arbiter(case_id)
    arbiter = staff("Arbiter")
    arbiter.post(f"{desk(case_id)}seat/", {})
    decided(case_id, arbiter)
    machine, address = Machine(), f"/v1/cases/{case_id}/outside"
    (way,) = good(machine.get(address, role="buyer"))["items"]
    assert "after an appeal" in way["why_not"]
    problem(machine.post(address, {"body": body.id, "words": "No scan", "role": "carrier"}), 422, "invalid")
    problem(machine.post(address, {"body": body.id, "words": "No scan", "role": "buyer"}), 409, "conflict")
