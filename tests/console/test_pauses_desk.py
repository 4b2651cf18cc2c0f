"""A lead lets clocks stand still on the staff's page: whom it concerns reads why and has the time, nobody else does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.console.test_case_desk import read, signed_in
from tests.portal import shops
from tests.protections.disputes.people import opened, page_of

from safeconduct.kernel.cases import deadlines, pauses, publishing
from safeconduct.kernel.cases.models import ClockPause, Deadline
from safeconduct.kernel.cases.sweep import keep_up
from safeconduct.kernel.cases.words import ClockState, PauseScope, Role
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import Actor, engine_scope, staff_scope

PAGE = "/console/cases/pauses/"
WHY = {"why_en": "Spring Festival", "why_zh": "春节", "why_es": "Fiesta de la Primavera"}


@pytest.fixture(autouse=True)
def _no_workflow_of_an_earlier_test() -> None:
    publishing.forget()


def local(at: object) -> str:
    return f"{at:%Y-%m-%dT%H:%M}"


def due(case_id: str) -> object:
    with staff_scope():
        return Deadline.objects.get(case_id=case_id, state=ClockState.RUNNING).due_at


def test_a_lead_declares_a_pause_and_the_deadline_moves_and_both_sides_read_why() -> None:
    case_id = opened()
    before = due(case_id)
    lead, _ = signed_in("Petra Lead", StaffRole.LEAD)
    answer = lead.post(
        PAGE,
        {"scope": "country", "value": "cl", "begins_at": local(shops.NOW), "ends_at": local(shops.ago(-24 * 7)), **WHY},
        follow=True,
    )
    assert "It concerns 1 open case." in answer.content.decode()
    keep_up(shops.NOW)
    assert due(case_id) >= before + timedelta(days=7)  # type: ignore[operator]
    assert "Spring Festival" in read(lead, PAGE) and "CL" in read(lead, PAGE) and "Petra Lead" in read(lead, PAGE)
    assert "Spring Festival" in shops.read(shops.signed_in(), page_of(case_id))


def test_a_pause_elsewhere_is_not_told_to_whom_it_does_not_concern() -> None:
    case_id = opened()
    before = due(case_id)
    lead, _ = signed_in("Petra Lead", StaffRole.LEAD)
    answer = lead.post(PAGE, {"scope": "country", "value": "BR", "begins_at": local(shops.NOW), **WHY}, follow=True)
    assert "It concerns 0 open cases." in answer.content.decode()
    keep_up(shops.NOW)
    assert due(case_id) == before
    assert "Spring Festival" not in shops.read(shops.signed_in(), page_of(case_id))


def test_a_hundred_orders_at_their_banks_do_not_hide_a_pause_nor_take_its_time() -> None:
    case_id = opened()
    with engine_scope():
        ClockPause.objects.bulk_create(
            ClockPause(
                id=f"pau_{n}", scope=PauseScope.CASE, value=f"cas_{n}", begins_at=shops.ago(50), why={"en": "bank"},
                declared_by="engine", declared_at=shops.ago(50),
            )
            for n in range(150)
        )  # fmt: skip
        pauses.declare(
            PauseScope.CASE, case_id, shops.NOW, None, {"en": "The parcel is at the laboratory"}, Actor("u", "lead"),
            at=shops.NOW,
        )  # fmt: skip
    keep_up(shops.NOW)
    assert due(case_id) is None
    assert "The parcel is at the laboratory" in shops.read(shops.signed_in(), page_of(case_id))


def test_an_extension_keeps_the_time_of_a_pause_that_is_over() -> None:
    case_id = opened()
    with engine_scope():
        pauses.declare(
            PauseScope.CASE, case_id, shops.NOW, shops.NOW + timedelta(days=1), {"en": "Outage"}, Actor("u", "lead"),
            at=shops.NOW,
        )  # fmt: skip
    keep_up(shops.NOW)
    paused = due(case_id)
    with engine_scope():
        extended = deadlines.extend(
            case_id, Actor("u", "seller", "The photos are at the warehouse"), Role.SELLER,
            at=shops.NOW + timedelta(days=2),
        )  # fmt: skip
    assert extended is not None and extended >= paused + timedelta(days=1)  # type: ignore[operator]


def test_it_ends_now_or_later_and_never_in_the_past_and_who_reads_cannot() -> None:
    opened()
    lead, _ = signed_in("Petra Lead", StaffRole.LEAD)
    analyst, _ = signed_in("Anneke Bos")
    lead.post(PAGE, {"scope": "everyone", "begins_at": local(shops.ago(5)), **WHY})
    with staff_scope():
        pause = ClockPause.objects.get()
    assert 'name="why_en"' not in read(analyst, PAGE)
    assert analyst.post(PAGE, {"scope": "everyone", "begins_at": local(shops.ago(1)), **WHY}).status_code == 403
    assert analyst.post(f"{PAGE}{pause.id}/end/").status_code == 403
    refused = lead.post(f"{PAGE}{pause.id}/end/", {"ends_at": local(shops.ago(3))}, follow=True)
    assert "does not end in the past" in refused.content.decode()
    assert "no such pause" in lead.post(f"{PAGE}pau_none/end/", follow=True).content.decode()
    assert "The end is set" in lead.post(f"{PAGE}{pause.id}/end/", follow=True).content.decode()
    assert "Spring Festival" in read(lead, f"{PAGE}?show=over") and "All clocks run" in read(lead, PAGE)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"scope": "country", "value": "China"}, "two letters"),
        ({"scope": "country"}, "names the country"),
        ({"scope": "case", "value": "cas_none"}, "no such case"),
        ({"scope": "everyone", "value": "CN"}, "is empty"),
        ({"scope": "everyone", "ends_at": "2020-01-01T00:00"}, "ends after it begins"),
    ],
)
def test_a_pause_that_says_nothing_or_the_wrong_thing_is_refused(given: dict[str, str], said: str) -> None:
    lead, _ = signed_in("Petra Lead", StaffRole.LEAD)
    answer = lead.post(PAGE, {"begins_at": local(shops.NOW), **WHY, **given})
    assert answer.status_code == 422 and said in answer.content.decode()
    with staff_scope():
        assert not ClockPause.objects.exists()
