"""The case queue's daily work on the staff's pages: colleagues at the same case, ready texts, one step for several."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.db.utils import IntegrityError
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.kernel.builders import event, person
from tests.portal import shops
from tests.protections.disputes.people import opened, page_of
from tests.protections.disputes.test_dispute_console import before_the_platform, decided, desk, state, to_the_arbiter
from tests.protections.returns.test_return_pages import swapped

from safeconduct.kernel.cases import looks, macros, publishing
from safeconduct.kernel.cases.errors import CaseMalformed
from safeconduct.kernel.cases.macros import Draft
from safeconduct.kernel.cases.models import Case, CaseAssignment, CaseLook, CaseMacro, CaseMessage, Deadline, Seat, Step
from safeconduct.kernel.cases.words import MacroPurpose, Remedy
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope
from safeconduct.protections.disputes.burden import ClaimType
from safeconduct.protections.disputes.models import Opened
from safeconduct.protections.disputes.opening import Request, open_disputes

#: Of one page of the queue, whatever the number of its rows.
MAX_QUERIES = 40
TEXTS = {
    "en": "Order {order}: please answer by {date}. It is about {amount}.",
    "zh": "订单 {order}：请在 {date} 前答复，涉及 {amount}。",
    "es": "Pedido {order}: responda antes del {date}. Se trata de {amount}.",
}


@pytest.fixture(autouse=True)
def _no_workflow_of_an_earlier_test() -> None:
    publishing.forget()


def signed_in(name: str = "Li Wei", role: StaffRole = StaffRole.ANALYST) -> tuple[Client, User]:
    user = person(role, name=name)
    with staff_scope():
        TOTP.activate(user, generate_totp_secret())
    client = Client()
    client.force_login(user)
    return client, user


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    assert len(answer.content) < 100_000 and b"style=" not in answer.content
    return unescape(answer.content.decode())


def planned(client: Client, verb: str, ids: list[str], **given: str) -> str:
    answer = client.post("/console/cases/plan/", {"do": verb, "id": ids, **given})
    assert answer.status_code == 200, answer.headers.get("Location")
    return unescape(answer.content.decode())


def sent(client: Client, verb: str, page: str, **given: str) -> str:
    """Sends the page in between as it stands."""
    form = page.split('action="/console/cases/do/"')[1]
    hidden = re.findall(r'type="hidden" name="((?:id|seen_)[^"]*)" value="([^"]*)"', form)
    fields: dict[str, list[str]] = {}
    for name, value in hidden:
        fields.setdefault(name, []).append(value)
    answer = client.post("/console/cases/do/", {**fields, "do": verb, **given})
    return unescape(answer.content.decode())


def several(number: int) -> list[str]:
    """Disputes that wait for the platform, each about an order of its own."""
    shops.open_for_business()
    orders = [shops.order(at=shops.ago(24 * 6), ship_country="DE") for _ in range(number)]
    requests = [
        Request(
            key=order.ref, order_key=order.key, type=ClaimType.NOT_RECEIVED, asked=Remedy.REFUND,
            actor=Actor("shop", "machine"), opened=Opened.API, words="It never came",
        )
        for order in orders
    ]  # fmt: skip
    with engine_scope():
        ids = [one.case_id for one in open_disputes(requests, at=shops.NOW - timedelta(hours=1))]
    seller = shops.signed_in()
    for case_id in ids:
        seller.post(f"{page_of(case_id)}answer/", {"words": "The carrier delivered it."})
        seller.post(f"{page_of(case_id)}escalate/", {})
    return ids


def written(texts: dict[str, str] = TEXTS, purpose: MacroPurpose = MacroPurpose.MESSAGE, code: str = "answer") -> str:
    lead = person(StaffRole.LEAD, name="Petra Lead")
    with staff_scope():
        return macros.write(Draft(code, purpose, "Please answer", texts), lead, at=timezone.now()).id


# -- who else is at it ------------------------------------------------------------------------------------------------


def test_who_opens_a_case_reads_who_else_has_it_open_and_no_seller_reads_either() -> None:
    case_id = before_the_platform()
    (first, _), (second, _) = signed_in("Anneke Bos"), signed_in("Li Wei")
    assert "has this case open too" not in read(first, desk(case_id))
    page = read(second, desk(case_id))
    assert "Anneke Bos has this case open too" in page and "Li Wei has this case" not in page
    assert "Li Wei has this case open too" in read(first, desk(case_id))
    assert "Anneke" not in shops.read(shops.signed_in(), page_of(case_id))


def test_a_page_left_open_keeps_nobody_away_and_its_row_goes() -> None:
    case_id = before_the_platform()
    (_, first), (_, second) = signed_in("Anneke Bos"), signed_in("Li Wei")
    begun = timezone.now()
    with staff_scope():
        looks.look(case_id, first, at=begun)
        looks.look(case_id, first, at=begun + timedelta(minutes=4))
        (seen,) = looks.look(case_id, second, at=begun + timedelta(minutes=8))
        assert (seen.name, seen.since) == ("Anneke Bos", begun), "the second look is of the same stretch"
        assert looks.look(case_id, second, at=begun + timedelta(minutes=9)) == []
        assert list(CaseLook.objects.values_list("person_id", flat=True)) == [second.id]


def test_a_seat_that_a_colleague_took_a_moment_ago_is_refused_with_their_name() -> None:
    case_id = before_the_platform()
    (first, one), (second, other) = signed_in("Anneke Bos"), signed_in("Li Wei")
    first.post(f"{desk(case_id)}mediate/", {})
    page = read(second, desk(case_id))
    assert 'name="held_by" value=""' in page
    first.post(f"{desk(case_id)}seat/", {"held_by": ""})
    page = second.post(f"{desk(case_id)}seat/", {"held_by": ""}).content.decode()
    assert "Anneke Bos took this seat on" in page and "Anneke Bos has the seat: mediator" in page
    with staff_scope():
        assert Seat.objects.get(case_id=case_id, left_at=None).person_id == one.id
    second.post(f"{desk(case_id)}seat/", {"held_by": one.id})
    with staff_scope():
        assert Seat.objects.get(case_id=case_id, left_at=None).person_id == other.id, "knowingly it is taken over"


def test_a_return_says_who_else_has_it_open_and_takes_a_ready_text_for_its_reasons() -> None:
    shops.open_for_business()
    one = swapped()
    film = SimpleUploadedFile("box.txt", b"A brick, filmed while unpacking")
    given = {"reason": "A brick lay in the box", "seen": one.case.step, "files": film}
    shops.signed_in().post(f"/portal/returns/{one.id}/contest/", given)
    macro = written(purpose=MacroPurpose.REASON, code="brick")
    (first, _a), (second, _b) = signed_in("Anneke Bos"), signed_in("Li Wei")
    read(first, f"/console/returns/{one.id}/")
    page = read(second, f"/console/returns/{one.id}/?macro={macro}")
    assert "Anneke Bos has this case open too" in page and "Decided before, for this reason" in page
    assert "It is about" in page.split('name="reason"')[1].split("</textarea>")[0]
    second.post(f"/console/returns/{one.id}/decide/", {"grade_0": "A", "reason": "By {date}", "held_by": ""})
    with staff_scope():
        assert Case.objects.get(id=one.case_id).state == "judging", "a gap is no reason"


# -- texts that are ready ---------------------------------------------------------------------------------------------


def test_a_text_is_put_into_the_form_in_the_parties_languages_and_nothing_is_sent() -> None:
    case_id = before_the_platform()
    macro = written()
    client, _user = signed_in()
    page = read(client, f"{desk(case_id)}?macro={macro}")
    with staff_scope():
        assert not CaseMessage.objects.filter(case_id=case_id, role="operator").exists()
    box = page.split('name="words" rows="8"')[1].split("</textarea>")[0]
    assert "Order ORD-" in box and "$120.00" in box and "{" not in box
    client.post(f"{desk(case_id)}say/", {"words": "Order ORD-1: please answer by {date}."})
    with staff_scope():
        assert not CaseMessage.objects.filter(case_id=case_id, role="operator").exists(), "it still has a gap"
    client.post(f"{desk(case_id)}say/", {"words": "Order ORD-1: please answer by Friday."})
    assert "please answer by Friday" in shops.read(shops.signed_in(), page_of(case_id))


def test_a_text_for_reasons_goes_into_the_panel_of_who_decides() -> None:
    case_id = before_the_platform()
    to_the_arbiter(case_id)
    reason = {language: f"{text} ({language})" for language, text in TEXTS.items()}
    macro = written(reason, MacroPurpose.REASON, "reason")
    arbiter, _user = signed_in("Arbiter")
    arbiter.post(f"{desk(case_id)}seat/", {})
    page = read(arbiter, f"{desk(case_id)}?macro={macro}")
    box = page.split('name="facts"')[1].split("</textarea>")[0]
    assert "It is about $120.00" in box and "(en)" in box and "(es)" not in box
    assert state(case_id) == "adjudication"
    decided(case_id, arbiter, facts="Order {order} was not delivered.")
    assert state(case_id) == "adjudication", "a gap is no reason"
    decided(case_id, arbiter)
    assert state(case_id) == "decided"


def test_leads_write_and_retire_texts_and_what_was_in_force_stays() -> None:
    lead, _user = signed_in("Petra Lead", StaffRole.LEAD)
    given = {"code": "ask-photo", "name": "Ask for photos", "purpose": "message", "kind": "", **TEXTS}
    lead.post("/console/cases/texts/", given)
    lead.post("/console/cases/texts/", {**given, "en": TEXTS["en"] + " Thank you."})
    page = read(lead, "/console/cases/texts/")
    assert "ask-photo · version 2" in page and "Thank you." in page and "version 1" not in page
    assert "version 1" in read(lead, "/console/cases/texts/?show=ended")
    assert "Thank you." in read(lead, "/console/cases/texts/?from=ask-photo").split('name="en"')[1]
    with staff_scope():
        current = CaseMacro.objects.get(ended_at=None)
    lead.post(f"/console/cases/texts/{current.id}/retire/")
    assert "No text yet" in read(lead, "/console/cases/texts/")
    assert lead.post("/console/cases/texts/cmc_none/retire/").status_code == 404
    with pytest.raises(IntegrityError, match="does not change"), staff_scope():
        CaseMacro.objects.filter(version=1).update(ended_at=timezone.now())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"es": ""}, "es"),
        ({"zh": "订单 {order}"}, "zh"),
        ({"en": "Dear {name}"}, "en"),
        ({"en": "Order {order"}, "en"),
    ],
)
def test_a_text_that_could_say_nothing_or_something_else_is_refused(changes: dict[str, str], field: str) -> None:
    lead = person(StaffRole.LEAD)
    with staff_scope(), pytest.raises(CaseMalformed) as refused:
        macros.write(Draft("ask", MacroPurpose.MESSAGE, "Ask", {**TEXTS, **changes}), lead, at=timezone.now())
    assert refused.value.field == field


def test_an_analyst_reads_the_texts_and_cannot_write_or_retire_one() -> None:
    macro = written()
    client, _user = signed_in()
    assert "Put it in force" not in read(client, "/console/cases/texts/")
    given = {"code": "mine", "name": "Mine", "purpose": "message", "kind": "", **TEXTS}
    assert client.post("/console/cases/texts/", given).status_code == 403
    assert client.post(f"/console/cases/texts/{macro}/retire/").status_code == 403
    shops.open_for_business()
    for address in ("/console/cases/texts/", "/console/cases/"):
        assert shops.signed_in().get(address).status_code == 403


# -- one step for several ---------------------------------------------------------------------------------------------


def test_evidence_is_asked_for_in_several_cases_after_a_page_that_says_what_happens_for_each() -> None:
    ids = several(3)
    client, _user = signed_in()
    client.post(f"{desk(ids[2])}mediate/", {})
    page = planned(client, "ask", ids)
    assert "It happens for 2 cases" in page and "1 is left as it is" in page
    assert "Not possible in the state “A mediator proposes”" in page
    assert [state(one) for one in ids] == ["awaiting_platform", "awaiting_platform", "mediation"], "nothing yet"
    done = sent(client, "ask", page)
    assert "2 cases done" in done and re.search(r">DSP-\d+</a>", done)
    assert [state(one) for one in ids] == ["evidence", "evidence", "mediation"]
    again = sent(client, "ask", page)
    assert "2 refused" in again and "has changed since you looked" in again, "sent twice it happens once"


def test_a_case_that_moved_on_since_the_page_is_left_and_the_others_are_done() -> None:
    ids = several(2)
    client, _user = signed_in()
    page = planned(client, "ask", ids)
    signed_in("Anneke Bos")[0].post(f"{desk(ids[0])}mediate/", {})
    done = sent(client, "ask", page)
    assert "1 case done" in done and "1 refused" in done
    assert [state(one) for one in ids] == ["mediation", "evidence"]


def test_a_mediator_takes_several_cases_but_not_one_that_a_colleague_mediates() -> None:
    ids = several(2)
    colleague, _other = signed_in("Anneke Bos")
    colleague.post(f"{desk(ids[0])}mediate/", {})
    colleague.post(f"{desk(ids[0])}seat/", {})
    client, user = signed_in()
    page = planned(client, "mediate", ids)
    assert "Anneke Bos has the seat of the mediator" in page and "It goes to a mediator, and you take the seat" in page
    sent(client, "mediate", page)
    with staff_scope():
        assert list(Seat.objects.filter(person=user).values_list("case_id", "role")) == [(ids[1], "mediator")]
    assert ids[1] in read(client, "/console/cases/?view=mine") and ids[0] not in read(
        client, "/console/cases/?view=mine"
    )


def test_a_deadline_is_extended_for_several_with_a_reason_that_the_parties_read() -> None:
    ids = several(2)
    client, _user = signed_in()
    sent(client, "ask", planned(client, "ask", [ids[0]]))
    page = planned(client, "extend", ids)
    assert "The deadline is extended by 2 working days" in page and "cannot be extended" in page
    refused = sent(client, "extend", page, why=" ")
    assert "say why there is more time" in refused
    with staff_scope():
        before = Deadline.objects.get(case_id=ids[0], state="running").due_at
    assert "1 case done" in sent(client, "extend", page, why="The carrier is on strike")
    with staff_scope():
        after = Deadline.objects.get(case_id=ids[0], state="running").due_at
        assert before is not None and after is not None and after > before
        assert Step.objects.get(case_id=ids[0], name="deadline_extended").why == "The carrier is on strike"
    assert "The carrier is on strike" in shops.read(shops.signed_in(), page_of(ids[0]))


def test_cases_are_assigned_to_oneself_and_by_a_lead_to_others_and_no_seller_learns_it() -> None:
    ids = several(2)
    client, user = signed_in()
    (_c, colleague), (lead, _l) = signed_in("Anneke Bos"), signed_in("Petra Lead", StaffRole.LEAD)
    sent(client, "assign", planned(client, "assign", [ids[0]]))
    refused = client.post(
        "/console/cases/do/", {"do": "assign", "id": ids[1], f"seen_{ids[1]}": "9", "to": colleague.id}
    )
    assert refused.status_code == 422 and "Only a lead" in refused.content.decode()
    page = planned(lead, "assign", ids, to=colleague.id)
    assert "Anneke Bos looks after it, in place of Li Wei" in page
    sent(lead, "assign", page, to=colleague.id)
    with staff_scope():
        current = CaseAssignment.objects.filter(ended_at=None)
        assert {one.person_id for one in current} == {colleague.id}
        assert CaseAssignment.objects.filter(person=user, ended_at__isnull=False).count() == 1
    assert "Anneke Bos" in read(client, "/console/cases/") and "looks after this case" in read(client, desk(ids[0]))
    assert "Anneke" not in shops.read(shops.signed_in(), page_of(ids[0]))


@pytest.mark.parametrize("verb", ["decide", "rule", "propose", ""])
def test_nothing_on_the_merits_is_done_in_bulk(verb: str) -> None:
    case_id = opened()
    client, _user = signed_in()
    assert client.post("/console/cases/plan/", {"do": verb, "id": case_id}).status_code == 422
    assert client.post("/console/cases/do/", {"do": verb, "id": case_id, f"seen_{case_id}": "0"}).status_code == 422
    assert state(case_id) == "open"


def test_more_than_a_hundred_cases_or_none_are_refused() -> None:
    client, _user = signed_in()
    for ids in ([], [f"cas_{n}" for n in range(101)]):
        answer = client.post("/console/cases/plan/", {"do": "ask", "id": ids}, follow=True)
        assert "choose at" in answer.content.decode()


# -- the queue --------------------------------------------------------------------------------------------------------


def test_the_queue_shows_the_nearest_deadline_first_and_filters_by_kind_country_and_language() -> None:
    ids = several(2)
    with staff_scope():
        Deadline.objects.filter(case_id=ids[1], state="running").update(due_at=shops.NOW + timedelta(minutes=5))
    client, _user = signed_in()
    page = read(client, "/console/cases/")
    assert page.index(ids[1]) < page.index(ids[0])
    assert len(re.findall(r">DSP-\d+</small>", page)) == 2, "each by the name that its page has"
    soon = read(client, "/console/cases/?view=soon")
    assert ids[1] in soon and ids[0] not in soon
    for address, there in (
        ("kind=dispute", True), ("kind=return", False), ("country=CL", True), ("country=JP", False),
        ("language=xx", False), ("kind=dispute&country=CL", True), ("view=parties", False), ("after=nonsense", True),
    ):  # fmt: skip
        assert (ids[0] in read(client, f"/console/cases/?{address}")) is there, address
    sent(client, "ask", planned(client, "ask", [ids[0]]))
    assert ids[0] in read(client, "/console/cases/?view=parties")


def test_appeals_in_the_queue_are_those_that_somebody_else_decided() -> None:
    case_id = before_the_platform()
    to_the_arbiter(case_id)
    arbiter, _user = signed_in("Arbiter")
    arbiter.post(f"{desk(case_id)}seat/", {})
    decided(case_id, arbiter)
    shops.signed_in().post(f"{page_of(case_id)}appeal/", {"words": "The neighbour signed"})
    assert case_id not in read(arbiter, "/console/cases/?view=appeals")
    assert case_id in read(signed_in("Reviewer")[0], "/console/cases/?view=appeals")


def test_a_long_queue_is_read_page_by_page_in_a_steady_number_of_queries() -> None:
    (first,) = several(1)
    shops.happen(event("seller.registered", at=shops.ago(24 * 100), seller="sel-9", seller_name="Shop"))
    with staff_scope():
        one, clock = Case.objects.get(id=first), Deadline.objects.get(case_id=first, state="running")
    _copied(one, clock, 60)
    client, _user = signed_in()
    with CaptureQueriesContext(connections["staff"]) as asked:
        page = read(client, "/console/cases/")
    assert len(asked) <= MAX_QUERIES
    assert page.count("data-row") == 50
    following = unescape(re.findall(r'href="(\?after=[^"]+)"', page)[0])
    rest = read(client, f"/console/cases/{following}")
    assert rest.count("data-row") == 11
    seen = re.findall(r'name="id" value="([^"]+)"', page + rest)
    assert len(seen) == len(set(seen)) == 61, "no case is skipped or shown twice"


def _copied(one: Case, clock: Deadline, number: int) -> None:
    """More cases like one, without their stories: rows for a list."""
    cases = [f"cas_copy{n:04d}" for n in range(number)]
    with engine_scope():
        query("SET CONSTRAINTS ALL DEFERRED")
        query(
            "INSERT INTO case_file SELECT (jsonb_populate_record(f, jsonb_build_object('id', n.id, 'key', n.id))).*"
            " FROM case_file f, unnest(%s::text[]) AS n(id) WHERE f.id = %s",
            [cases, one.id],
        )
        query(
            "INSERT INTO case_step SELECT (jsonb_populate_record(s, jsonb_build_object('id', n.id || s.number,"
            " 'case_id', n.id))).* FROM case_step s, unnest(%s::text[]) AS n(id) WHERE s.case_id = %s",
            [cases, one.id],
        )
        query(
            "INSERT INTO case_party SELECT (jsonb_populate_record(p, jsonb_build_object('case_id', n.id))).*"
            " FROM case_party p, unnest(%s::text[]) AS n(id) WHERE p.case_id = %s",
            [cases, one.id],
        )
        query(
            "INSERT INTO case_deadline SELECT (jsonb_populate_record(d, jsonb_build_object('id', 'ddl' || n.id,"
            " 'case_id', n.id))).* FROM case_deadline d, unnest(%s::text[]) AS n(id) WHERE d.id = %s",
            [cases, clock.id],
        )


def test_who_is_shut_out_holds_no_case_any_more_and_others_find_it_free() -> None:
    case_id = before_the_platform()
    leaver, who = signed_in("Leaver")
    leaver.post(f"{desk(case_id)}mediate/", {})
    leaver.post(f"{desk(case_id)}seat/", {})
    sent(leaver, "assign", planned(leaver, "assign", [case_id]))
    administrator, _ = signed_in("Boss", StaffRole.ADMINISTRATOR)
    assert administrator.post(f"/console/people/{who.id}/deactivate/").status_code == 303
    with staff_scope():
        assert Seat.objects.get(case_id=case_id, person=who).left_at is not None
        assert CaseAssignment.objects.get(case_id=case_id, person=who).ended_at is not None
    other, other_person = signed_in("Other")
    other.post(f"{desk(case_id)}seat/", {})
    with staff_scope():
        assert Seat.objects.filter(case_id=case_id, person=other_person, left_at=None).exists()
