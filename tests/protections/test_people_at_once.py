"""Two people, two windows, two machines at the same instant: one of them is first, and the other is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import tests.django_world as world
from tests.api.api_world import Machine
from tests.kernel.builders import CARD_AT_MANY_SHOPS, START, event, live_policy, minutes, person, usd
from tests.kernel.ledger.test_concurrency import at_once
from tests.portal import shops
from tests.protections.returns.market import SELLER, Market, returned
from tests.protections.returns.test_return_stories import PHONE
from tests.protections.transactions.chargebacks.test_answers import DUE, PERSON, authorised, disputed, stage
from tests.protections.transactions.test_template_pages import signed_in

from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.cases import publishing
from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.decisions import actions, lanes, policies, second_look
from safeconduct.kernel.decisions.errors import AskedAlready, ChangedMeanwhile, NotFound
from safeconduct.kernel.decisions.models import Decision, PolicyVersion, Review, WatchList
from safeconduct.kernel.parties import invitations, members
from safeconduct.kernel.parties.errors import InvitationGone
from safeconduct.kernel.parties.models import MemberRole, Membership, Seller, StaffRole, User
from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope, visitor_scope
from safeconduct.protections.data_security.requests import actions as own_data
from safeconduct.protections.data_security.requests.models import DataRequest
from safeconduct.protections.data_security.requests.words import Kind
from safeconduct.protections.returns import reimbursing
from safeconduct.protections.returns.models import Reimbursement
from safeconduct.protections.returns.words import Claimed
from safeconduct.protections.transactions.chargebacks import answers
from safeconduct.protections.transactions.chargebacks.errors import AlreadyAnswered
from safeconduct.protections.transactions.chargebacks.models import BankAnswer, DisputeStep

SHOP = 501


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    """Empty tables before and after, and no workflow remembered of them."""
    world.forget_everything()
    publishing.forget()
    yield
    publishing.forget()


def held() -> str:
    """An order that was refused; its decision."""
    live_policy()
    return lanes.accept([event(amount=usd(6000))]).decisions[0].id


def test_of_two_people_who_rule_on_one_order_the_second_is_told() -> None:
    decision, people = held(), [person() for _ in range(4)]

    def rule(who: User, action: Action) -> None:
        with staff_scope():
            actions.override(decision, who, action, "Looked at it", at=START + minutes(5))

    chosen = [Action.ALLOW, Action.REVIEW, Action.ALLOW, Action.REVIEW]
    problems = at_once(*(lambda who=who, what=what: rule(who, what) for who, what in zip(people, chosen, strict=True)))
    assert [type(problem) for problem in problems] == [ChangedMeanwhile] * 3
    with staff_scope():
        assert Decision.objects.filter(standing=True).count() == 1 and Decision.objects.count() == 2


def test_a_second_look_that_is_asked_for_twice_at_once_is_one() -> None:
    decision = held()
    with staff_scope():
        order, seller = Decision.objects.values_list("order_key", "seller_key").get(id=decision)

    def member() -> None:
        with engine_scope():
            second_look.ask(decision, seller, User(id="usr_member"), "It was a wedding", at=START + minutes(5))

    def buyer() -> None:
        with engine_scope():
            second_look.ask_for_buyer(decision, order, "It was my wedding", at=START + minutes(5))

    problems = at_once(member, buyer, member, buyer)
    assert [type(problem) for problem in problems] == [AskedAlready] * 3
    with staff_scope():
        assert Review.objects.count() == 1


def test_two_leads_who_publish_two_drafts_leave_one_in_force() -> None:
    live_policy()
    author, drafts = person(), list[str]()
    for limit in (10, 20, 30):
        text = CARD_AT_MANY_SHOPS.replace("50 USD", f"{limit} USD")
        with staff_scope():
            drafts.append(policies.save_draft(author, "order-risk", text, at=START).id)

    def publish(draft: str, lead: User) -> None:
        with staff_scope():
            policies.publish(draft, lead, at=START + minutes(1), revision=1)

    leads = [person() for _ in drafts]
    assert at_once(*(lambda d=d, lead=lead: publish(d, lead) for d, lead in zip(drafts, leads, strict=True))) == []
    with staff_scope():
        states = list(PolicyVersion.objects.order_by("number").values_list("state", flat=True))
    assert sorted(states) == ["live", "retired", "retired", "retired"]


def test_nobody_publishes_what_its_author_changes_at_the_same_instant() -> None:
    live_policy()
    author, lead = person(), person()
    with staff_scope():
        draft = policies.save_draft(author, "order-risk", CARD_AT_MANY_SHOPS.replace("50 USD", "40 USD"), at=START)

    def change() -> None:
        with staff_scope():
            text = CARD_AT_MANY_SHOPS.replace("50 USD", "1 USD")
            policies.save_draft(author, "order-risk", text, at=START, draft_id=draft.id, revision=1)

    def publish() -> None:
        with staff_scope():
            policies.publish(draft.id, lead, at=START + minutes(1), revision=1)

    assert len(at_once(change, publish)) == 1
    with staff_scope():
        kept = PolicyVersion.objects.get(id=draft.id)
    assert (kept.state == "live") == ("40 USD" in kept.text)


def test_an_editor_that_saves_while_a_lead_publishes_waits_for_nobody_in_a_circle() -> None:
    live_policy()
    author, lead = signed_in(), signed_in()
    writer = author.session["_auth_user_id"]
    for turn in range(8):
        with staff_scope():
            text = CARD_AT_MANY_SHOPS.replace("50 USD", f"{turn + 1} USD")
            draft = policies.save_draft(None, "order-risk", text, at=START)
            draft.author = User.objects.get(id=writer)
            draft.save()
        told = list[int]()

        def save(draft: PolicyVersion = draft, text: str = text, told: list[int] = told) -> None:
            form = {"text": text, "note": "", "revision": 1, "do": "save"}
            told.append(author.post(f"/console/versions/{draft.id}/edit/", form).status_code)

        def publish(draft: PolicyVersion = draft, told: list[int] = told) -> None:
            form = {"percent": "100", "revision": 1}
            told.append(lead.post(f"/console/versions/{draft.id}/publish/", form).status_code)

        assert at_once(save, publish) == []
        assert sorted(told) == [303, 409]


def invited(email: str = "ana@example.org") -> str:
    with staff_scope():
        Seller.objects.get_or_create(key=SHOP, defaults={"ref": "sel-501", "first_seen_at": START})
        return members.invite_member(email, SHOP, MemberRole.FINANCE, None, at=START)[1]


def test_an_invitation_that_is_accepted_in_two_windows_makes_one_account() -> None:
    token = invited()

    def accept() -> None:
        with visitor_scope():
            invitations.accept(token, "Ana", "a long pass phrase", at=START + minutes(5))

    problems = at_once(*(accept for _ in range(4)))
    assert [type(problem) for problem in problems] == [InvitationGone] * 3
    with staff_scope():
        assert (User.objects.count(), Membership.objects.count()) == (1, 1)


def test_an_invitation_that_is_joined_in_two_windows_is_one_membership() -> None:
    ana, token = person(StaffRole.NONE, email="ana@example.org"), invited()

    def join() -> None:
        with visitor_scope():
            members.join(token, ana, at=START + minutes(5))

    problems = at_once(*(join for _ in range(4)))
    assert [type(problem) for problem in problems] == [InvitationGone] * 3
    with staff_scope():
        assert Membership.objects.count() == 1


def test_one_key_with_four_bodies_at_once_does_one_of_them() -> None:
    machine, told = Machine(), list[tuple[int, dict[str, Any]]]()

    def post(number: int) -> None:
        body = {"name": f"list-{number}", "kind": "deny", "entity": "card", "purpose": "Stolen cards"}
        answer = Machine(machine.secret).post("/v1/lists", body, idempotency="k-1")
        told.append((answer.status_code, json.loads(answer.content)))

    assert at_once(*(lambda n=n: post(n) for n in range(4))) == []
    done = [document["name"] for status, document in told if status == 201]
    assert len(done) == 1 and {status for status, _ in told} <= {201, 409}, told
    with staff_scope():
        assert list(WatchList.objects.values_list("name", flat=True)) == done


def test_a_claim_on_the_fund_that_is_filed_twice_at_once_is_one() -> None:
    market = Market()
    market.sent(**PHONE)
    market.wants_back()
    market.does("sent", Role.BUYER, day=8)
    market.passes(20.5)
    market.pays_out_refunds()
    one = returned()

    def file() -> None:
        with engine_scope():
            reimbursing.file(one.id, Claimed.ABUSE, SELLER, at=market.now)

    assert at_once(file, file, file) == []
    with staff_scope():
        assert Reimbursement.objects.filter(returned=one).count() == 1


def test_an_answer_to_a_bank_that_two_people_and_the_clock_send_at_once_goes_once() -> None:
    dispute = disputed()
    authorised()
    stage(dispute)
    near = datetime.fromisoformat(DUE) - timedelta(hours=6)

    def send() -> None:
        with engine_scope():
            answers.submit(dispute, PERSON, near)

    def again() -> None:
        with engine_scope():
            answers.stage(dispute, PERSON, near)

    def clock() -> None:
        answers.auto_submit_due(near)

    problems = at_once(send, clock, send, again, clock)
    assert {type(problem) for problem in problems} <= {AlreadyAnswered}, problems
    with engine_scope():
        assert BankAnswer.objects.get().state == "queued"
        assert DisputeStep.objects.filter(what="submitted").count() == 1


def test_an_erasure_that_two_lanes_take_up_at_once_is_carried_out_once() -> None:
    shops.open_for_business()
    sold = shops.order(ship_country="DE", buyer="buy-9", email="mia@example.org", at=shops.ago(200))
    with engine_scope():
        [(buyer,)] = query('SELECT buyer FROM fact WHERE "order" = %s AND buyer IS NOT NULL LIMIT 1', [sold.key])
        officer = Actor("usr_officer", "lead", "Seen on the telephone")
        asked = own_data.ask_as_buyer(sold.key, buyer, "DE", "en", Kind.ERASURE, "", officer, at=shops.NOW)
        own_data.identify_by_staff(asked, officer, at=shops.NOW)
        own_data.approve(asked, officer, at=shops.NOW)
    later = datetime.now(UTC)
    assert at_once(*(lambda: own_data.work(later) for _ in range(3))) == []
    with engine_scope():
        request = DataRequest.objects.get(id=asked)
        rows = query("SELECT count(*) FROM data_step WHERE subject = %s AND verb = 'request_done'", [asked]).fetchall()
    assert (request.state, rows) == ("done", [(1,)])


def test_the_same_person_asks_for_the_same_in_two_windows_and_follows_one_request() -> None:
    shops.open_for_business()
    sold = shops.order(ship_country="DE", buyer="buy-9", email="mia@example.org", at=shops.ago(200))
    with engine_scope():
        [(buyer,)] = query('SELECT buyer FROM fact WHERE "order" = %s AND buyer IS NOT NULL LIMIT 1', [sold.key])

    def ask() -> None:
        with engine_scope():
            own_data.ask_as_buyer(sold.key, buyer, "DE", "en", Kind.ACCESS, "", Actor("buyer", "buyer"), at=shops.NOW)

    assert {type(problem).__name__ for problem in at_once(ask, ask, ask)} == {"OutOfOrder"}
    with engine_scope():
        assert DataRequest.objects.count() == 1


def test_a_review_is_taken_by_one_person_or_the_other_and_never_lost() -> None:
    decision, people = held(), [person(), person()]
    with staff_scope():
        actions.override(decision, person(), Action.REVIEW, "Not sure", at=START + minutes(1))
        standing = Decision.objects.get(standing=True).id

    def take(who: User) -> None:
        with staff_scope():
            actions.assign(standing, who)

    def ruled() -> None:
        with staff_scope():
            actions.override(standing, person(), Action.ALLOW, "It is fine", at=START + minutes(2))

    problems = at_once(*(lambda who=who: take(who) for who in people), ruled)
    assert {type(problem) for problem in problems} <= {NotFound}
    with staff_scope():
        assert Review.objects.filter(state=Review.State.OPEN).count() == 0
