"""Second person, blind review and fairness report on the staff's pages, from the queue to the seller's page."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client
from tests.portal import shops
from tests.protections.disputes.people import opened, page_of
from tests.protections.disputes.test_dispute_console import decided, desk, read, staff, state, to_the_arbiter

from safeconduct.kernel.cases import publishing
from safeconduct.kernel.cases.models import BlindReview, Proposal, StoredOutcome
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import staff_scope
from safeconduct.portal.views import public

#: The order is of 120.00; two people decide above 50.00.
PRESET = "preset: careful\nsince: 2026-01-01\nsource: ours\nsecond_person_above: [50 USD]\n"


@pytest.fixture(autouse=True)
def _no_workflow_of_an_earlier_test() -> None:
    publishing.forget()


def at_the_arbiter(*, careful: bool) -> str:
    if careful:
        with staff_scope():
            at = shops.ago(24 * 30)
            publishing.publish("dispute", PRESET, since=at, written_by="a", approved_by="b", why="", at=at)
    case_id = opened(delivered=True)
    seller = shops.signed_in()
    seller.post(f"{page_of(case_id)}answer/", {"words": "The carrier delivered it."})
    seller.post(f"{page_of(case_id)}offer/", {"remedy": "partial_refund", "amount": "7.77", "words": "For peace"})
    seller.post(f"{page_of(case_id)}escalate/", {})
    to_the_arbiter(case_id)
    return case_id


def proposed() -> tuple[str, Client, Proposal]:
    case_id = at_the_arbiter(careful=True)
    arbiter = staff("Arbiter")
    arbiter.post(f"{desk(case_id)}seat/", {})
    decided(case_id, arbiter)
    with staff_scope():
        return case_id, arbiter, Proposal.objects.get(case_id=case_id)


def answer(client: Client, found: Proposal, verb: str, **given: str) -> None:
    client.post(f"/console/proposals/{found.id}/{verb}/", given, HTTP_REFERER=f"http://testserver{desk(found.case_id)}")


def test_a_decision_above_the_amount_goes_from_the_queue_over_the_second_person_to_the_seller() -> None:
    case_id, arbiter, found = proposed()
    assert state(case_id) == "adjudication"
    seller = shops.signed_in()
    assert "The scans end before" not in shops.read(seller, page_of(case_id))
    second = staff("Anneke Bos")
    assert desk(case_id) in read(second, "/console/disputes/?view=second")
    assert desk(case_id) in read(second, "/console/proposals/")
    page = read(second, desk(case_id))
    assert "Waits for a second person" in page
    assert "The scans end before" not in page, "who has no seat does not read what is proposed"
    answer(second, found, "confirm")
    assert state(case_id) == "adjudication", "without the seat nobody confirms"
    answer(second, found, "seat")
    page = read(second, desk(case_id))
    assert "The scans end before" in page
    assert "7.77" not in page
    answer(arbiter, found, "confirm")
    assert state(case_id) == "adjudication"
    answer(second, found, "confirm")
    assert state(case_id) == "decided"
    page = shops.read(seller, page_of(case_id))
    for words in ("Decided by the arbiter", "confirmed by a second person", "$50.00", "The scans end before"):
        assert words in page
    assert "Anneke" not in page, "the seller reads the seats, not the people"
    assert desk(case_id) not in read(second, "/console/proposals/")


def test_a_returned_decision_tells_its_author_why_and_the_clock_runs_on() -> None:
    case_id, arbiter, found = proposed()
    second = staff("Anneke Bos")
    answer(second, found, "seat")
    answer(second, found, "return", why="")
    assert "Waits for a second person" in read(second, desk(case_id))
    answer(second, found, "return", why="Which scan do you mean?")
    assert "Which scan do you mean?" in read(arbiter, desk(case_id))
    assert "Which scan do you mean?" not in read(staff("Other"), desk(case_id))
    assert "Which scan do you mean?" not in shops.read(shops.signed_in(), page_of(case_id))
    decided(case_id, arbiter, facts="The scan of the 3rd is in another town.")
    with staff_scope():
        latest = Proposal.objects.get(case_id=case_id, state="waiting")
    answer(second, latest, "confirm")
    assert state(case_id) == "decided"
    with staff_scope():
        assert StoredOutcome.objects.get(case_id=case_id).told["en"].startswith("The scan of the 3rd")


def test_a_blind_review_is_read_without_the_outcome_and_a_disagreement_comes_to_a_lead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "BLIND_REVIEWS_PER_10000", 10_000)
    case_id = at_the_arbiter(careful=False)
    arbiter = staff("Arbiter")
    arbiter.post(f"{desk(case_id)}seat/", {})
    decided(case_id, arbiter)
    with staff_scope():
        review = BlindReview.objects.get(case_id=case_id)
    address = f"/console/fairness/reviews/{review.id}/"
    blind = staff("Blind")
    assert address in read(blind, "/console/fairness/")
    assert "The carrier delivered it." not in read(blind, address)
    arbiter.post(f"{address}take/", {})
    assert "The carrier delivered it." not in read(arbiter, address), "who decided cannot take it"
    blind.post(f"{address}take/", {})
    page = read(blind, address)
    assert "The carrier delivered it." in page
    assert "It did not arrive" in page
    for hidden in ("The scans end before", "7.77", "Arbiter"):
        assert hidden not in page
    assert blind.get(desk(case_id)).status_code == 302, "the case itself is closed to who reviews it blind"
    piece = page.split(f"{address}evidence/")[1].split("/")[0]
    assert blind.get(f"{address}evidence/{piece}/").status_code == 200
    assert arbiter.get(f"{address}evidence/{piece}/").status_code == 404
    given = {"remedy": "nothing", "liability": "nobody", "standing": "does_not_count", "says": "It was signed for."}
    blind.post(f"{address}give/", {**given, "remedy": "a yacht"})
    blind.post(f"{address}give/", given)
    assert state(case_id) == "decided"
    lead = staff("Lead", StaffRole.LEAD)
    assert address in read(lead, "/console/fairness/").split('id="differ"')[1]
    page = read(lead, address)
    assert "differs" in page
    assert "It was signed for." in page
    blind.post(f"{address}look/", {"found": "I was right"})
    lead.post(f"{address}look/", {"found": "The signature is a neighbour's."})
    assert address not in read(lead, "/console/fairness/").split('id="differ"')[1]
    assert "The signature is a neighbour" in read(lead, address)


def test_the_fairness_report_shows_shares_with_their_number_and_its_public_part_hides_small_cells() -> None:
    case_id = at_the_arbiter(careful=False)
    arbiter = staff("Arbiter")
    arbiter.post(f"{desk(case_id)}seat/", {})
    decided(case_id, arbiter)
    page = read(arbiter, "/console/fairness/")
    assert "too few" in page
    assert "Deadlines the platform missed" in page
    assert "too few" not in read(arbiter, "/console/fairness/?since=2020-01-01&until=2020-02-01").split("by country")[1]
    told = arbiter.get("/console/fairness/?format=json").json()
    assert told["seller_wins"]["by_country"] == []
    assert told["seller_wins"]["all"] == {"n": None, "share": None, "interval": None}
    assert arbiter.get("/console/fairness/?since=yesterday&until=9999-12-31").status_code == 200
    assert "The platform has kept all its deadlines" in read(arbiter, "/console/fairness/misses/")


def test_everybody_reads_the_public_page_and_nobody_is_found_in_it() -> None:
    public.of_day.cache_clear()
    shops.open_for_business()
    page = read(Client(), "/fairness/")
    assert "How fairly cases are decided here" in page
    assert "fewer than five cases" in page
    public.of_day.cache_clear()


def test_nobody_but_the_staff_opens_these_pages() -> None:
    shops.open_for_business()
    seller = shops.signed_in()
    for address in ("proposals/", "fairness/", "fairness/misses/", "fairness/reviews/blr_x/"):
        assert seller.get(f"/console/{address}").status_code in (302, 403)
    assert staff().get("/console/fairness/reviews/blr_x/").status_code == 404


def test_a_case_is_exported_from_both_sides_and_not_to_strangers() -> None:
    case_id = at_the_arbiter(careful=False)
    seller, arbiter = shops.signed_in(), staff("Arbiter")
    assert "export/" in shops.read(seller, page_of(case_id))
    for client, address in ((seller, page_of(case_id)), (arbiter, desk(case_id))):
        answer = client.get(f"{address}export/")
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
        assert b"".join(answer.streaming_content).startswith(b"PK")
    assert Client().get(f"{page_of(case_id)}export/").status_code == 302
