"""Coverage templates in the console: an analyst drafts, a lead approves, and what is wrong says where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import tests.django_world as world
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.kernel.builders import person
from tests.protections.transactions.coverage_history import ready, sold, text_of

from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.record import sequencer
from safeconduct.kernel.scope import engine_scope, query, staff_scope
from safeconduct.kernel.ui.formats import calendar_day
from safeconduct.protections.transactions.models import TemplateState, TemplateVersion

TEMPLATES = "/console/transactions/templates/"
MAX_QUERIES = 16
MAX_BYTES = 100_000


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    world.forget_everything()
    yield


def signed_in(role: StaffRole = StaffRole.LEAD) -> Client:
    user = person(role)
    with staff_scope():
        TOTP.activate(user, generate_totp_secret())
    client = Client()
    client.force_login(user)
    return client


def day(ahead: int) -> str:
    return (timezone.now().date() + timedelta(days=ahead)).isoformat()


def text(ahead: int = 30, limit: int = 400) -> str:
    changed = text_of().replace("order: 250 USD", f"order: {limit} USD")
    return re.sub(r"valid_from: \S+", f"valid_from: {day(ahead)}", changed, count=1)


def drafted(client: Client, ahead: int = 30) -> TemplateVersion:
    answer = client.post(f"{TEMPLATES}new/", {"text": text(ahead), "note": "Higher limit", "do": "save"})
    assert answer.status_code == 303
    with staff_scope():
        return TemplateVersion.objects.get(state=TemplateState.DRAFT)


def read(draft: TemplateVersion) -> dict[str, str]:
    """What the page of a draft says of the text that stood on it."""
    return {"seen": draft.written_at.isoformat()}


def test_nobody_approves_a_text_that_was_changed_after_they_had_opened_it() -> None:
    ready()
    author, lead = signed_in(StaffRole.ANALYST), signed_in()
    draft = drafted(author)
    assert read(draft)["seen"] in lead.get(f"{TEMPLATES}{draft.id}/").content.decode()
    changed = {"text": text(limit=9000), "note": "Ours now", "do": "save", **read(draft)}
    assert author.post(f"{TEMPLATES}{draft.id}/edit/", changed).status_code == 303
    for seen in (read(draft), {}, {"seen": "yesterday"}):
        answer = lead.post(f"{TEMPLATES}{draft.id}/approve/", {"reason": "Agreed with finance", **seen})
        assert answer.status_code == 409 and "Read it again" in answer.content.decode()
    with staff_scope():
        draft.refresh_from_db()
    assert draft.state == TemplateState.DRAFT


def test_an_analyst_drafts_and_a_lead_puts_it_in_force_from_its_day() -> None:
    ready()
    analyst, lead = signed_in(StaffRole.ANALYST), signed_in()
    begun = analyst.get(f"{TEMPLATES}new/").content.decode()
    assert f"valid_from: {day(15)}" in begun
    draft = drafted(analyst)
    assert (draft.name, draft.number) == ("jd-like", 2)
    colleague = signed_in(StaffRole.ANALYST)
    assert colleague.post(f"{TEMPLATES}{draft.id}/approve/", {"reason": "I like it"}).status_code == 403
    assert "A lead who did not write it can approve it" in colleague.get(f"{TEMPLATES}{draft.id}/").content.decode()
    shown = lead.get(f"{TEMPLATES}{draft.id}/").content.decode()
    assert "Waits for a second person" not in shown
    assert "Parcel not received" in shown
    assert "$400" in shown
    approved = lead.post(f"{TEMPLATES}{draft.id}/approve/", {"reason": "Agreed with finance", **read(draft)})
    assert approved.status_code == 303
    with staff_scope():
        draft.refresh_from_db()
    assert draft.state == TemplateState.LIVE
    assert draft.approved_by not in ("", draft.written_by)
    listed = lead.get(TEMPLATES).content.decode()
    assert "Approved, not yet in force" in listed
    assert "In force" in listed
    assert calendar_day(timezone.now().date() + timedelta(days=30), "en") in listed and day(30) not in listed


def test_approval_stands_in_the_record() -> None:
    ready()
    draft = drafted(signed_in(StaffRole.ANALYST))
    signed_in().post(f"{TEMPLATES}{draft.id}/approve/", {"reason": "Agreed with finance", **read(draft)})
    while sequencer.sequence(now=timezone.now()):
        pass
    with engine_scope():
        rows = query("SELECT count(*) FROM record_entry WHERE subject = %s", [draft.id]).fetchone()
    assert rows == (1,)


def test_the_lead_who_wrote_a_draft_is_refused_and_it_stays_a_draft() -> None:
    ready()
    lead = signed_in()
    draft = drafted(lead)
    assert "You wrote it, so a lead other than you approves it" in lead.get(f"{TEMPLATES}{draft.id}/").content.decode()
    answer = lead.post(f"{TEMPLATES}{draft.id}/approve/", {"reason": "In a hurry", **read(draft)})
    assert answer.status_code == 403
    assert "Who wrote a version cannot approve it" in answer.content.decode()
    with staff_scope():
        draft.refresh_from_db()
    assert draft.state == TemplateState.DRAFT


def test_a_malformed_template_is_refused_with_line_and_column_and_nothing_is_kept() -> None:
    ready()
    client = signed_in(StaffRole.ANALYST)
    bad = text().replace("kind: shipped", "kind: shiped", 1)
    line = bad[: bad.index("shiped")].count("\n") + 1
    answer = client.post(f"{TEMPLATES}new/", {"text": bad, "do": "save"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f">{line}:11</a>" in page
    assert "did you mean `shipped`?" in page
    assert "kind: shiped" in page
    with staff_scope():
        assert TemplateVersion.objects.count() == 1


def test_checking_says_that_it_reads_and_keeps_nothing() -> None:
    ready()
    answer = signed_in(StaffRole.ANALYST).post(f"{TEMPLATES}new/", {"text": text(), "do": "check"})
    assert "reads without errors" in answer.content.decode()
    with staff_scope():
        assert TemplateVersion.objects.count() == 1


def test_a_day_that_has_come_is_refused_and_one_too_near_for_the_notice_is_pointed_out() -> None:
    ready()
    draft = drafted(signed_in(StaffRole.ANALYST), ahead=0)
    lead = signed_in()
    assert "fewer than 15 days" in lead.get(f"{TEMPLATES}{draft.id}/").content.decode()
    answer = lead.post(f"{TEMPLATES}{draft.id}/approve/", {"reason": "Today please", **read(draft)})
    assert answer.status_code == 409
    assert "Choose a day after today" in answer.content.decode()


def test_only_the_author_changes_a_draft_and_two_windows_do_not_overwrite_each_other() -> None:
    ready()
    author, other = signed_in(StaffRole.ANALYST), signed_in()
    draft = drafted(author)
    edit = f"{TEMPLATES}{draft.id}/edit/"
    assert other.get(edit).status_code == 403
    form = {"text": text(limit=300), "note": "Lower again", "seen": draft.written_at.isoformat(), "do": "save"}
    assert author.post(edit, form).status_code == 303
    assert author.post(edit, form).status_code == 409
    renamed = {**form, "text": form["text"].replace("template: jd-like", "template: ours", 1)}
    assert author.post(edit, renamed).status_code == 422
    with staff_scope():
        draft.refresh_from_db()
    assert "order: 300 USD" in draft.text


def test_a_draft_is_put_aside_with_a_reason() -> None:
    ready()
    draft = drafted(signed_in(StaffRole.ANALYST))
    assert signed_in(StaffRole.ANALYST).post(f"{TEMPLATES}{draft.id}/reject/", {"reason": "No"}).status_code == 403
    lead = signed_in()
    assert lead.post(f"{TEMPLATES}{draft.id}/reject/", {"reason": ""}).status_code == 422
    assert lead.post(f"{TEMPLATES}{draft.id}/reject/", {"reason": "The fund cannot carry it"}).status_code == 303
    page = lead.get(f"{TEMPLATES}{draft.id}/").content.decode()
    assert "The fund cannot carry it" in page
    assert "Put aside" in page


def test_a_draft_is_compared_with_what_counts_and_simulated_over_what_was_sold() -> None:
    ready()
    sold("dear", 300, lost="product_not_received")
    client = signed_in(StaffRole.ANALYST)
    draft = drafted(client)
    assert "order: 400 USD" in re.sub(r"<[^>]+>", "", client.get(f"{TEMPLATES}{draft.id}/compare/").content.decode())
    page = client.post(f"{TEMPLATES}{draft.id}/simulate/", {"days": "0"}).content.decode()
    assert "+$50.00" in page
    assert "now $250.00" in page


@pytest.mark.parametrize("where", ["", "new/", "{id}/", "{id}/edit/", "{id}/compare/"])
@pytest.mark.parametrize("language", ["en", "zh-hans", "es"])
def test_every_page_is_small_asks_little_and_loads_nothing_inline(where: str, language: str) -> None:
    ready()
    client = signed_in(StaffRole.ANALYST)
    address = TEMPLATES + where.format(id=drafted(client).id)
    with CaptureQueriesContext(connections["staff"]) as asked:
        answer = client.get(address, headers={"accept-language": language})
    assert answer.status_code == 200
    assert len(answer.content) < MAX_BYTES
    assert len(asked) <= MAX_QUERIES, [q["sql"][:80] for q in asked]
    page = answer.content.decode()
    assert "style=" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)


def test_nobody_but_staff_reaches_a_protections_page() -> None:
    ready()
    assert Client().get(TEMPLATES).status_code == 302
    assert signed_in(StaffRole.NONE).get(TEMPLATES).status_code in (302, 403)
    assert Client().post(f"{TEMPLATES}new/", {"text": text(), "do": "save"}).status_code == 302
    with staff_scope():
        assert TemplateVersion.objects.count() == 1
