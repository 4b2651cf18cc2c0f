"""A dispute that its seller takes outside the marketplace, and what that does to money, pages and the API."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime

import pytest
from tests.api.api_world import Machine, good, problem
from tests.kernel.builders import person
from tests.portal import shops
from tests.protections.disputes import people
from tests.protections.disputes.court import Court, balances, decision
from tests.protections.disputes.test_dispute_console import (
    before_the_platform,
    decided,
    desk,
    read,
    staff,
    to_the_arbiter,
)
from tests.protections.disputes.test_stories import PROTECTION_FEE, sellers

from safeconduct.kernel.cases import bodies, correcting, referrals
from safeconduct.kernel.cases.bodies import Draft
from safeconduct.kernel.cases.correcting import Corrected
from safeconduct.kernel.cases.models import Case, OutsideBody, Referral, StoredOutcome
from safeconduct.kernel.cases.referrals import Answer
from safeconduct.kernel.cases.words import BodyWay, Finding, Role, Standing
from safeconduct.kernel.parties.models import MemberRole, StaffRole
from safeconduct.kernel.scope import Actor, engine_scope, staff_scope

pytestmark = pytest.mark.usefixtures("empty_database")
PAYS = {"en": "Each side its own.", "zh": "各自承担。", "es": "Cada parte lo suyo."}
CLERK = Actor("usr_clerk", "operator")


def named(at: object = None) -> OutsideBody:
    draft = Draft(
        BodyWay.NAMED, "Harbour Arbiters", "https://arbiters.example/", "Terms, section 14", shops.ago(24 * 30).date(),
        PAYS, decides_within="60 days",
    )  # fmt: skip
    with staff_scope():
        return bodies.name(draft, person(), at=shops.ago(24 * 20))


def lost_on_appeal(court: Court) -> None:
    court.open()
    arbiter = court.to_the_arbiter()
    court.take("decide", Role.ARBITER, arbiter, decision())
    court.do("appeal", Role.SELLER, words="The neighbour signed")
    court.take("rule", Role.REVIEWER, court.seat(Role.REVIEWER), decision())
    assert court.state == "final"


def outside(court: Court, seller_minor: int = 0) -> None:
    """The seller goes outside, the body finds for it, and somebody new decides anew."""
    draft = Draft(BodyWay.NAMED, "Harbour Arbiters", "https://arbiters.example/", "Terms", court.now.date(), PAYS)
    with staff_scope():
        body = bodies.name(draft, person(), at=court.now)
    with engine_scope():
        made = referrals.refer(court.case, body.id, Actor("usr_seller", "member", "It was signed for"), at=court.now)
    with staff_scope():
        found = Answer(Finding.FOR_SELLER, court.now.date(), {"en": "It was delivered."})
        referrals.answer(made.id, found, CLERK, at=court.now)
    judge = court.seat(Role.REVIEWER)
    given = Corrected(seller_minor, Standing.DOES_NOT_COUNT, {"en": "We follow the body."})
    with staff_scope():
        correcting.decide(made.id, given, judge, at=court.now)


def test_a_seller_who_is_right_outside_gets_back_what_the_refund_has_cost_and_the_buyer_keeps_it() -> None:
    court = Court()
    before = None
    lost_on_appeal(court)
    before = sellers()
    court.refund(100)
    assert sellers() < before
    outside(court)
    assert court.outcome() == ("refund", "platform", "does_not_count", 10_000)
    assert sellers() == pytest.approx(before + PROTECTION_FEE, abs=0.01)
    assert court.refunds() == [("sent", 10_000)]
    balances()


def test_half_a_finding_gives_half_back() -> None:
    court = Court()
    lost_on_appeal(court)
    before = sellers()
    court.refund(100)
    after = sellers()
    outside(court, seller_minor=5_000)
    assert sellers() == pytest.approx((before + after + PROTECTION_FEE) / 2, abs=0.31)
    balances()


def test_a_new_decision_before_the_refund_has_gone_out_counts_when_it_does() -> None:
    court = Court()
    lost_on_appeal(court)
    before = sellers()
    outside(court)
    assert sellers() == before, "nothing has been lost yet"
    court.refund(100)
    assert sellers() == pytest.approx(before + PROTECTION_FEE, abs=0.01)
    balances()


def appealed_on_the_pages() -> str:
    case_id = before_the_platform()
    to_the_arbiter(case_id)
    arbiter = staff("Arbiter")
    arbiter.post(f"{desk(case_id)}seat/", {})
    decided(case_id, arbiter)
    shops.signed_in().post(f"{people.page_of(case_id)}appeal/", {"words": "The neighbour signed"})
    reviewer = staff("Reviewer")
    reviewer.post(f"{desk(case_id)}seat/", {})
    decided(case_id, reviewer, "rule")
    return case_id


def test_the_whole_way_on_the_pages() -> None:
    body = named()
    case_id = appealed_on_the_pages()
    page = people.page_of(case_id)
    seller = shops.signed_in()
    text = shops.read(seller, page)
    for words in ("Outside the marketplace", "Harbour Arbiters", "60 days", "Each side its own.", "Going to court"):
        assert words in text, words
    seller.post(f"/portal/cases/{case_id}/refer/", {"body": body.id, "words": "The neighbour signed for it"})
    text = shops.read(seller, page)
    assert "taken to the outside body" in text
    assert "Take the case there" not in text
    with staff_scope():
        made = Referral.objects.get(case_id=case_id)

    clerk = staff("Clerk")
    assert "Harbour Arbiters" in read(clerk, "/console/outside/")
    verbs = f"/console/outside/{made.id}/"
    clerk.post(f"{verbs}engage/", {})
    assert "since" in shops.read(seller, page)
    day = datetime.now(UTC).date().isoformat()
    clerk.post(f"{verbs}answer/", {"found": "for_seller", "found_on": day, "says": "x", "fees": "1,x"})
    clerk.post(
        f"{verbs}answer/",
        {
            "found": "for_seller",
            "found_on": day,
            "says": "The scans prove it.",
            "fees": "25.00",
            "fees_currency": "usd",
        },
    )
    text = shops.read(seller, page)
    assert "The scans prove it." in text
    assert "25.00" in text
    judge = staff("Judge")
    assert "Take the seat" in read(judge, desk(case_id))
    judge.post(f"{verbs}seat/", {"held_by": _holder(read(judge, desk(case_id)))})
    judge.post(f"{verbs}correct/", {"amount": "0", "standing": "does_not_count", "facts": "The body is right."})
    with staff_scope():
        now = StoredOutcome.objects.get(id=Case.objects.get(id=case_id).outcome_id)
    assert (now.liability, now.verdict) == ("platform", "overturned")
    text = shops.read(seller, page)
    assert "The body is right." in text
    assert "the marketplace followed the outside body" in text
    with zipfile.ZipFile(io.BytesIO(b"".join(seller.get(f"/portal/cases/{case_id}/file/")))) as file:
        manifest = json.loads(file.read("manifest.json"))
    assert manifest["referrals"][0]["followed"] == "followed"
    assert manifest["outcomes"][-1]["replaces"] == manifest["referrals"][0]["outcome"]


def _holder(text: str) -> str:
    return text.split('name="held_by" value="')[1].split('"')[0]


def test_who_only_reads_takes_nothing_outside_and_another_shop_finds_no_case() -> None:
    body = named()
    case_id = appealed_on_the_pages()
    address, words = f"/portal/cases/{case_id}/refer/", {"body": body.id, "words": "Because it is so"}
    assert shops.signed_in(role=MemberRole.READ_ONLY).post(address, words).status_code == 403
    assert shops.signed_in("sel-2").post(address, words).status_code == 404
    refused = shops.signed_in().post(address, {"body": "bod_none", "words": "Because"}, follow=True)
    assert "cannot be taken to this body" in refused.content.decode()
    with staff_scope():
        assert not Referral.objects.exists()


def test_a_lead_names_a_body_and_an_analyst_does_not() -> None:
    shops.open_for_business()
    fields = {
        "way": "named", "name": "Harbour Arbiters", "url": "https://arbiters.example/", "source": "Terms, 14",
        "read_on": shops.ago(48).date().isoformat(), "sellers": "es, de", "refer_within": "6 months",
        "pays_en": "Each its own", "pays_zh": "各自承担", "pays_es": "Cada uno",
    }  # fmt: skip
    assert staff().post("/console/outside/bodies/", fields).status_code == 403
    lead = staff("Lead", role=StaffRole.LEAD)
    refused = lead.post("/console/outside/bodies/", {**fields, "url": "http://arbiters.example/"})
    assert refused.status_code == 422
    assert "beginning with https://" in refused.content.decode()
    lead.post("/console/outside/bodies/", fields)
    text = read(lead, "/console/outside/bodies/")
    assert "Harbour Arbiters" in text
    assert "DE, ES" in text
    with staff_scope():
        body = OutsideBody.objects.get()
    lead.post(f"/console/outside/bodies/{body.id}/end/", {})
    assert "Harbour Arbiters" in read(lead, "/console/outside/bodies/?show=ended")


def test_the_api_lists_the_ways_and_takes_a_case_there_once() -> None:
    body = named()
    case_id = appealed_on_the_pages()
    machine = Machine()
    (way,) = good(machine.get(f"/v1/cases/{case_id}/outside"))["items"]
    assert (way["body"], way["why_not"], way["confirmed"]) == (body.id, "", True)
    sent = {"body": body.id, "words": "The neighbour signed"}
    made = good(machine.post(f"/v1/cases/{case_id}/outside", sent, idempotency="one"), 201)
    again = good(machine.post(f"/v1/cases/{case_id}/outside", sent, idempotency="two"), 201)
    assert made["id"] == again["id"]
    assert made["due_at"]
    assert good(machine.get("/v1/referrals", seller="sel-1"))["items"][0]["id"] == made["id"]
    assert good(machine.get("/v1/referrals", seller="sel-2"))["items"] == []
    problem(machine.post(f"/v1/cases/{case_id}/outside", {**sent, "words": " "}, idempotency="three"), 422, "invalid")
    problem(machine.get("/v1/cases/cas_01jy2d8m5nf9abt3k7r6x1q0wz/outside"), 404, "not-found")
