"""The staff's pages of disputes: from the queue over mediator and arbiter to an appeal that is not one's own."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from tests.kernel.builders import person
from tests.portal import shops
from tests.protections.disputes.people import opened, page_of

from safeconduct.kernel.cases.models import Case, Evidence, StoredOutcome
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import staff_scope

pytestmark = pytest.mark.usefixtures("empty_database")


def staff(name: str = "Li Wei", role: StaffRole = StaffRole.ANALYST) -> Client:
    user = person(role, name=name)
    with staff_scope():
        TOTP.activate(user, generate_totp_secret())
    client = Client()
    client.force_login(user)
    return client


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    assert len(answer.content) < 100_000
    return answer.content.decode()


def before_the_platform(**placed: Any) -> str:
    """A dispute that was answered and then handed to the platform, with an offer made on the way."""
    case_id = opened(delivered=True, **placed)
    seller = shops.signed_in()
    seller.post(f"{page_of(case_id)}answer/", {"words": "The carrier delivered it."})
    seller.post(f"{page_of(case_id)}offer/", {"remedy": "partial_refund", "amount": "7.77", "words": "For peace"})
    seller.post(f"{page_of(case_id)}escalate/", {})
    return case_id


def desk(case_id: str) -> str:
    return f"/console/disputes/{case_id}/"


def state(case_id: str) -> str:
    with staff_scope():
        return Case.objects.get(id=case_id).state


def to_the_arbiter(case_id: str) -> None:
    mediator = staff("Mediator")
    mediator.post(f"{desk(case_id)}mediate/", {})
    mediator.post(f"{desk(case_id)}seat/", {})
    mediator.post(f"{desk(case_id)}no_proposal/", {"words": "They are too far apart"})
    assert state(case_id) == "adjudication"


def decided(case_id: str, client: Client, verb: str = "decide", **changes: object) -> None:
    page = read(client, desk(case_id))
    piece = page.split('name="considered" value="')[1].split('"')[0]
    client.post(
        f"{desk(case_id)}{verb}/",
        {
            "remedy": "refund", "liability": "seller", "standing": "counts", "considered": [piece],
            "facts": "The scans end before the buyer's town.", **changes,
        },
    )  # fmt: skip


def test_the_seats_of_a_case_are_named_in_the_readers_language() -> None:
    case_id = before_the_platform()
    to_the_arbiter(case_id)
    page = staff("Ana").get(desk(case_id), headers={"accept-language": "zh-hans"}).content.decode()
    assert "<small>调解员" in page and "<small>mediator" not in page


def test_the_seller_reads_which_role_looked_at_the_conversation_and_at_a_piece() -> None:
    case_id = before_the_platform()
    with staff_scope():
        piece = Evidence.objects.filter(exhibits__case_id=case_id).first()
    assert piece is not None
    client, nosy = staff("Petra Novak"), shops.signed_in("sel-2")
    read(client, desk(case_id))
    assert client.get(f"{desk(case_id)}evidence/{piece.id}/").status_code == 200
    page = read(shops.signed_in(), "/portal/data_security/")
    assert page.count("data-row") == 2 and "Deciding a case" in page and "Evidence of a case" in page
    assert "Analyst" in page and "Petra" not in page and page.count("/portal/transactions/orders/") > 2
    assert "Nobody looked" in read(nosy, "/portal/data_security/")


def test_the_queue_shows_what_waits_and_one_person_takes_it_up() -> None:
    case_id = before_the_platform()
    client = staff()
    queue = read(client, "/console/disputes/")
    assert desk(case_id) in queue
    assert "Viña del Mar Fruits" in queue
    assert desk(case_id) not in read(client, "/console/disputes/?view=mine")
    client.post(f"{desk(case_id)}ask_for_evidence/", {})
    assert state(case_id) == "evidence"


def test_who_decides_sees_the_matrix_and_never_an_offer() -> None:
    case_id = before_the_platform()
    to_the_arbiter(case_id)
    arbiter = staff("Arbiter")
    page = read(arbiter, desk(case_id))
    assert "Proof of delivery by the carrier" in page
    assert "7.77" not in page
    arbiter.post(f"{desk(case_id)}seat/", {})
    page = read(arbiter, desk(case_id))
    assert "7.77" not in page
    assert "What was found" in page
    assert "Arbiter has the seat" in read(staff("Somebody else"), desk(case_id))


def test_a_decision_carries_three_answers_reasons_and_what_was_missing() -> None:
    case_id = before_the_platform()
    to_the_arbiter(case_id)
    arbiter = staff("Arbiter")
    arbiter.post(f"{desk(case_id)}seat/", {})
    arbiter.post(
        f"{desk(case_id)}decide/", {"remedy": "refund", "liability": "nobody", "standing": "counts", "facts": "x y z"}
    )
    assert state(case_id) == "adjudication", "somebody has to pay a refund"
    decided(case_id, arbiter)
    with staff_scope():
        outcome = StoredOutcome.objects.get(case_id=case_id)
    assert (outcome.remedy, outcome.liability, outcome.amount_minor) == ("refund", "seller", 12_000)
    assert outcome.considered
    seller = shops.read(shops.signed_in(), page_of(case_id))
    for words in ("a full refund", "the seller", "It counts", "The scans end before", "can be appealed until"):
        assert words in seller


def test_an_appeal_is_shown_to_others_than_who_decided_and_the_arbiter_cannot_take_it() -> None:
    case_id = before_the_platform()
    to_the_arbiter(case_id)
    arbiter = staff("Arbiter")
    arbiter.post(f"{desk(case_id)}seat/", {})
    decided(case_id, arbiter)
    shops.signed_in().post(f"{page_of(case_id)}appeal/", {"words": "The neighbour signed"})
    assert desk(case_id) not in read(arbiter, "/console/disputes/?view=appeals")
    arbiter.post(f"{desk(case_id)}seat/", {})
    decided_by_same = arbiter.post(
        f"{desk(case_id)}rule/", {"remedy": "refund", "liability": "seller", "standing": "counts", "facts": "Still so"}
    )
    assert decided_by_same.status_code == 422
    assert state(case_id) == "appealed"
    reviewer = staff("Reviewer")
    assert desk(case_id) in read(reviewer, "/console/disputes/?view=appeals")
    reviewer.post(f"{desk(case_id)}seat/", {})
    decided(case_id, reviewer, "rule", remedy="nothing", liability="nobody", standing="does_not_count")
    assert state(case_id) == "final"
    with staff_scope():
        assert StoredOutcome.objects.get(case_id=case_id, final=True).verdict == "overturned"
    assert "DSP-" in read(reviewer, desk(case_id))


def test_a_member_of_a_seller_does_not_get_in() -> None:
    case_id = before_the_platform()
    assert shops.signed_in().get(desk(case_id)).status_code in (302, 303, 403)


def test_a_refused_step_keeps_what_was_written_for_it() -> None:
    case_id = before_the_platform()
    to_the_arbiter(case_id)
    arbiter = staff("Arbiter")
    arbiter.post(f"{desk(case_id)}seat/", {})
    written = {
        "remedy": "partial_refund", "amount": "a lot", "liability": "seller", "standing": "counts",
        "facts": "The scans end before the buyer's town, <as the carrier says>.",
    }  # fmt: skip
    refused = arbiter.post(f"{desk(case_id)}decide/", written)
    body = refused.content.decode()
    assert (refused.status_code, state(case_id)) == (422, "adjudication")
    assert 'class="note bad"' in body
    assert "The scans end before the buyer&#x27;s town, &lt;as the carrier says&gt;.</textarea>" in body
    assert 'value="a lot"' in body
    assert '<option value="partial_refund" selected>' in body
    mended = {**written, "amount": "5.00", "considered": body.split('name="considered" value="')[1].split('"')[0]}
    assert arbiter.post(f"{desk(case_id)}decide/", mended).status_code == 303
    assert state(case_id) == "decided"
    refused = shops.signed_in().post(f"{page_of(case_id)}offer/", {"remedy": "refund", "words": "For the peace of all"})
    assert refused.status_code == 422
