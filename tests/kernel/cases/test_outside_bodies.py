"""A decision that a seller takes outside the house: which bodies are open to it, by what law, and what is told of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from tests.kernel.builders import person
from tests.kernel.cases.builders import BUYER, SELLER, START, case, days, decided, decision, opened, paid, seated, take

from safeconduct.kernel.cases import bodies, correcting, queries, referrals
from safeconduct.kernel.cases import sweep as clocks
from safeconduct.kernel.cases.bodies import Draft
from safeconduct.kernel.cases.correcting import Corrected
from safeconduct.kernel.cases.errors import (
    CaseMalformed,
    NoSuchBody,
    ReferralOver,
    ReferralRefused,
    SeatTaken,
)
from safeconduct.kernel.cases.models import OutsideBody, Referral, StoredOutcome
from safeconduct.kernel.cases.opening import PartyIn
from safeconduct.kernel.cases.redress import laws
from safeconduct.kernel.cases.referrals import Answer
from safeconduct.kernel.cases.words import BodyWay, Finding, Role, Standing
from safeconduct.kernel.notices.models import StoredNotice
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.scope import Actor, engine_scope, query, seller_scope, staff_scope

pytestmark = pytest.mark.usefixtures("empty_database")
MEMBER = Actor("usr_1", "member", "The scans show that it was delivered")
CLERK = Actor("usr_2", "analyst", "as they wrote to us")
SPANISH = PartyIn(Role.SELLER, SELLER, "Europe/Madrid", "ES", "es")
PAYS = {"en": "Each side its own.", "zh": "各自承担。", "es": "Cada parte lo suyo."}


def named(**changes: Any) -> OutsideBody:
    fields: dict[str, Any] = {
        "way": BodyWay.NAMED, "name": "Harbour Arbiters", "url": "https://arbiters.example/",
        "source": "Terms of the marketplace, section 14", "read_on": START.date(), "pays": PAYS, **changes,
    }  # fmt: skip
    with staff_scope():
        return bodies.name(Draft(**fields), person(), at=START)


def certified(**changes: Any) -> OutsideBody:
    fields: dict[str, Any] = {
        "way": BodyWay.CERTIFIED, "name": "Settlement Board", "url": "https://board.example/", "pays": {},
        "certified_by": "Coordinator of Malta", "certified_until": date(2028, 1, 1), **changes,
    }  # fmt: skip
    return named(**fields)


def decided_in_spain(**changes: Any) -> str:
    """A decision against a Spanish seller, which can still be appealed."""
    case_id = opened(parties=(BUYER, SPANISH))
    take(case_id, "contest", Role.SELLER)
    take(case_id, "done", Role.SELLER)
    take(case_id, "done", Role.BUYER)
    arbiter = seated(case_id, Role.ARBITER)
    take(case_id, "decide", Role.ARBITER, who=arbiter.id, outcome=decision(amount_minor=50_000, **changes))
    return case_id


def appealed(case_id: str) -> str:
    """The seller appealed, and somebody else has decided the same."""
    take(case_id, "appeal", Role.SELLER)
    reviewer = seated(case_id, Role.REVIEWER)
    take(case_id, "rule", Role.REVIEWER, who=reviewer.id, outcome=decision(amount_minor=50_000))
    assert case(case_id).status == "closed"
    return case_id


def lost() -> str:
    """A case that a Chilean seller has lost on appeal."""
    case_id = opened(amount_minor=50_000)
    take(case_id, "contest", Role.SELLER)
    take(case_id, "done", Role.SELLER)
    take(case_id, "done", Role.BUYER)
    arbiter = seated(case_id, Role.ARBITER)
    take(case_id, "decide", Role.ARBITER, who=arbiter.id, outcome=decision(amount_minor=50_000))
    return appealed(case_id)


def referred(case_id: str, body: OutsideBody, at: Any = START) -> Referral:
    with engine_scope():
        return referrals.refer(case_id, body.id, MEMBER, at=at)


def found_for_the_seller(made: Referral, **changes: Any) -> None:
    fields: dict[str, Any] = {
        "found": Finding.FOR_SELLER, "found_on": (START + days(20)).date(),
        "says": {"en": "The carrier's scans prove the delivery."}, **changes,
    }  # fmt: skip
    with staff_scope():
        referrals.answer(made.id, Answer(**fields), CLERK, at=START + days(21))


def sits(made: Referral) -> User:
    return seated(made.case_id, Role.REVIEWER, START + days(22))


def decide(made: Referral, who: User, seller_minor: int = 0, standing: Standing = Standing.DOES_NOT_COUNT) -> None:
    given = Corrected(seller_minor, standing, {"en": "The body found that it was delivered, and we agree."})
    with staff_scope():
        correcting.decide(made.id, given, who, at=START + days(22))


def open_to(case_id: str) -> dict[str, str]:
    """Name of a body → why not, "" where the case can be taken there."""
    with engine_scope():
        return {way.body.name: way.why_not for way in referrals.ways(case_id, START)}


def test_what_law_gives_says_where_it_is_written_when_it_was_read_and_how_sure() -> None:
    for found in laws().values():
        for law in found:
            assert law.source, law.way
            assert law.read <= date(2026, 11, 29), law.way
            assert set(law.platform) == {"en", "zh", "es"}, law.way
    (dsa,) = laws()[BodyWay.CERTIFIED]
    assert (str(dsa.decides), str(dsa.more), dsa.checked) == ("90 days", "90 days", True)
    (p2b,) = laws()[BodyWay.MEDIATOR]
    assert not p2b.checked, "nobody builds on what counsel has not confirmed without reading so"


def test_a_certified_body_is_open_to_sellers_of_the_union_before_any_appeal() -> None:
    certified()
    named()
    assert open_to(decided_in_spain()) == {
        "Settlement Board": "", "Harbour Arbiters": "This body takes a case after an appeal was decided.",
    }  # fmt: skip
    assert list(open_to(decided())) == ["Harbour Arbiters"], "the seller of Chile has no such right"


def test_a_certificate_that_is_over_and_a_country_that_is_not_served_are_not_offered() -> None:
    certified(certified_until=START.date())
    named(sellers=("FR",))
    case_id = decided_in_spain()
    with engine_scope():
        assert referrals.ways(case_id, START + days(2)) == []


def test_nothing_that_both_agreed_to_is_taken_outside() -> None:
    certified()
    case_id = opened(parties=(BUYER, SPANISH))
    take(case_id, "accept", Role.SELLER)
    assert open_to(case_id) == {}


def test_the_reasons_of_a_decision_name_the_way_outside() -> None:
    certified()
    named()
    case_id = decided_in_spain(redress={"en": "Call us first."})
    with engine_scope():
        said = queries.outcomes(case_id)[-1].redress
    assert said["en"] == (
        "Call us first. The seller can take this to an outside body: Settlement Board (https://board.example/). After"
        " an appeal is decided, the seller can turn to an outside body: Harbour Arbiters (https://arbiters.example/)."
        " Going to court stays open."
    )
    assert "https://board.example/" in said["zh"]
    assert "https://board.example/" in said["es"]
    appealed(case_id)
    with engine_scope():
        assert "Settlement Board (https://board.example/); " not in queries.outcomes(case_id)[-1].redress["en"]
        assert "Harbour Arbiters (https://arbiters.example/); Settlement" in queries.outcomes(case_id)[-1].redress["en"]


def test_a_case_is_with_one_body_with_its_clock_and_asking_twice_is_one_referral() -> None:
    body, other = certified(), certified(name="Second Board")
    case_id = decided_in_spain()
    made = referred(case_id, body)
    assert made.due_at is not None
    assert (made.due_at - START).days == 90
    assert referred(case_id, body).id == made.id
    with pytest.raises(ReferralRefused, match="already"):
        referred(case_id, other)
    with engine_scope():
        assert [step.name for step in queries.history(case_id)][-1] == "referred_outside"
        assert StoredNotice.objects.filter(code="case.outside").count() == 1


def test_words_are_asked_for_and_a_stranger_to_the_case_is_no_body_of_it() -> None:
    body = certified(sellers=("FR",))
    case_id = decided_in_spain()
    with engine_scope(), pytest.raises(CaseMalformed, match="few words"):
        referrals.refer(case_id, body.id, Actor("usr_1", "member", " "), at=START)
    with pytest.raises(ReferralRefused):
        referred(case_id, body)


def test_the_time_of_a_bodys_own_rules_is_kept() -> None:
    body = named(refer_within="30 days", decides_within="60 days")
    case_id = lost()
    with engine_scope(), pytest.raises(ReferralRefused, match="is over"):
        referrals.refer(case_id, body.id, MEMBER, at=START + days(32))
    made = referred(case_id, body, START + days(29))
    assert made.due_at is not None
    assert (made.due_at - START).days == 89


def test_a_body_that_does_not_answer_in_time_is_told_once_and_decides_nothing() -> None:
    made = referred(decided_in_spain(), certified())
    before = case(made.case_id).outcome_id
    assert referrals.sweep(START + days(80)) == 0
    assert referrals.sweep(START + days(92)) == 1
    assert referrals.sweep(START + days(93)) == 0
    assert case(made.case_id).outcome_id == before
    with staff_scope():
        referrals.extend(made.id, CLERK, at=START + days(94))
        with pytest.raises(ReferralRefused, match="once"):
            referrals.extend(made.id, CLERK, at=START + days(94))
    assert referrals.sweep(START + days(95)) == 0, "the longer time runs"
    assert referrals.sweep(START + days(182)) == 1


def test_a_finding_for_the_seller_becomes_a_new_decision_and_the_old_one_stays() -> None:
    case_id = lost()
    made = referred(case_id, named())
    found_for_the_seller(made)
    old = case(case_id).outcome_id
    decide(made, sits(made))
    with staff_scope():
        now = StoredOutcome.objects.get(id=case(case_id).outcome_id)
        assert (now.liability, now.standing, now.replaces, now.verdict) == (
            "platform", "does_not_count", old, "overturned",
        )  # fmt: skip
        assert (now.remedy, now.amount_minor) == ("refund", 50_000), "the buyer keeps what the buyer has"
        assert StoredOutcome.objects.get(id=old).liability == "seller"
        kept = Referral.objects.get(id=made.id)
        assert (kept.followed, kept.outcome_id) == ("followed", now.id)
    assert paid(case_id)[-1] == "correct"
    assert case(case_id).status == "closed"


def test_who_decided_before_does_not_decide_anew() -> None:
    case_id = lost()
    made = referred(case_id, named())
    found_for_the_seller(made)
    with staff_scope():
        before = User.objects.get(id=StoredOutcome.objects.get(id=case(case_id).outcome_id).decided_by)
    with pytest.raises(SeatTaken):
        decide(made, person())
    with staff_scope(), pytest.raises(SeatTaken):
        from safeconduct.kernel.cases import seats

        seats.take(case_id, before, Role.ARBITER, at=START + days(22))


def test_a_part_leaves_the_seller_a_part_and_never_more_than_before() -> None:
    case_id = lost()
    made = referred(case_id, named())
    found_for_the_seller(made, found=Finding.PARTLY)
    who = sits(made)
    with pytest.raises(CaseMalformed, match="between nothing"):
        decide(made, who, seller_minor=60_000)
    with pytest.raises(CaseMalformed, match="as it was"):
        decide(made, who, seller_minor=50_000, standing=Standing.COUNTS)
    decide(made, who, seller_minor=20_000)
    with staff_scope():
        now = StoredOutcome.objects.get(id=case(case_id).outcome_id)
    assert (now.liability, now.shares) == ("shared", {"seller": 20_000, "platform": 30_000})


def test_a_finding_is_not_followed_only_with_reasons_and_then_it_is_over() -> None:
    case_id = lost()
    made = referred(case_id, named())
    found_for_the_seller(made)
    with staff_scope():
        with pytest.raises(CaseMalformed, match="say why not"):
            referrals.not_follow(made.id, {"en": " "}, CLERK, at=START + days(22))
        referrals.not_follow(made.id, {"en": "The signature is not the buyer's."}, CLERK, at=START + days(22))
        with pytest.raises(ReferralOver):
            referrals.not_follow(made.id, {"en": "Once more."}, CLERK, at=START + days(23))
    with pytest.raises(CaseMalformed, match="closed"):
        sits(made)


def test_costs_are_repaid_once_when_the_body_found_for_the_seller() -> None:
    made = referred(lost(), named())
    with pytest.raises(CaseMalformed, match="for the seller"):
        found_for_the_seller(made, found=Finding.AGAINST_SELLER, fees_minor=900, fees_currency="CNY")
    found_for_the_seller(made, fees_minor=900, fees_currency="CNY")
    found_for_the_seller(made, fees_minor=900, fees_currency="CNY")
    with staff_scope():
        rows = query("SELECT event, amounts->>'amount' FROM ledger_transaction").fetchall()
    assert rows == [("outside_costs", "900")]


def test_a_finding_against_the_seller_changes_nothing_and_ends_it() -> None:
    made = referred(lost(), named())
    found_for_the_seller(made, found=Finding.AGAINST_SELLER)
    with staff_scope():
        assert Referral.objects.get(id=made.id).closed_at is not None
    with pytest.raises(ReferralRefused, match="not taken to another"):
        referred(made.case_id, named(name="Other"))


def test_a_referral_that_ends_without_an_answer_leaves_the_way_to_another_body_open() -> None:
    made = referred(lost(), named())
    with staff_scope():
        referrals.end(made.id, CLERK, at=START + days(3))
    assert referred(made.case_id, named(name="Other")).id != made.id


def test_what_was_written_down_stays_whatever_the_program_says() -> None:
    made = referred(lost(), named())
    found_for_the_seller(made)
    for change in ("found = 'partly'", "body_id = 'bod_x'", "says = '{}'"):
        with pytest.raises(psycopg.Error), staff_scope():
            query(f"UPDATE case_referral SET {change}")
    with pytest.raises(psycopg.Error), staff_scope():
        query("UPDATE case_outside_body SET url = 'https://other.example/'")


def test_a_seller_reads_its_own_referral_without_who_of_the_staff_acted() -> None:
    made = referred(lost(), named())
    found_for_the_seller(made)
    with seller_scope(SELLER):
        (seen,) = referrals.of_case(made.case_id)
        assert (seen.found, seen.body.name) == ("for_seller", "Harbour Arbiters")
    with pytest.raises(psycopg.Error), seller_scope(SELLER):
        query("SELECT answered_by FROM case_referral")
    with seller_scope(SELLER + 1):
        assert referrals.of_case(made.case_id) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "http://arbiters.example/"}, "url"), ({"url": "https://user@host.example/"}, "url"),
        ({"pays": {"en": "Each."}}, "pays_zh"), ({"source": " "}, "source"), ({"name": ""}, "name"),
        ({"read_on": (START + timedelta(days=2)).date()}, "read_on"), ({"kinds": ("nothing",)}, "kinds"),
        ({"sellers": ("Spain",)}, "sellers"), ({"refer_within": "soon"}, "refer_within"),
        ({"certified_by": "Somebody"}, "certified_by"),
        ({"way": BodyWay.CERTIFIED}, "certified_by"),
        ({"way": BodyWay.CERTIFIED, "certified_by": "X", "certified_until": START.date() - timedelta(days=1)},
         "certified_until"),
        ({"way": BodyWay.CERTIFIED, "certified_by": "X", "certified_until": date(2028, 1, 1),
          "decides_within": "10 days"}, "decides_within"),
    ],
)  # fmt: skip
def test_a_body_that_lacks_something_is_refused_by_the_name_of_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(CaseMalformed) as refused:
        named(**changes)
    assert refused.value.field == field


def test_naming_a_body_again_ends_the_earlier_one_and_cases_stay_with_it() -> None:
    first = named()
    made = referred(lost(), first)
    second = named(url="https://new.example/")
    with staff_scope():
        assert [one.id for one in bodies.named().items] == [second.id]
        assert [one.id for one in bodies.named(ended=True).items] == [first.id]
        assert Referral.objects.get(id=made.id).body_id == first.id
        with pytest.raises(NoSuchBody):
            bodies.end(first.id, person(), at=START)
        assert query(
            "SELECT subject, body ->> 'step' FROM leaf WHERE kind = %s ORDER BY id", [bodies.LINE]
        ).fetchall() == [(first.id, "named"), (first.id, "ended"), (second.id, "named")]


def test_the_clocks_of_the_case_itself_run_on_meanwhile() -> None:
    made = referred(decided_in_spain(), certified())
    clocks.keep_up(START + days(200))
    assert case(made.case_id).state == "final", "nobody appealed; the referral lies beside it"
