"""Every form in which somebody writes, refused in many ways: what they wrote stands in the answer each time.

The forms are those that following links finds in a marketplace with something on every page (`test_every_form`). Each
is sent with words that are too short, too long, no amount and no date, with another state than the page had, and twice.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from html import unescape
from typing import Any, Final

import pytest
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.console.test_judging_pages import PRESET
from tests.pages.furnished import _signed_in_again
from tests.pages.test_every_form import LEFT_ALONE, Form, _back_in, crawled, forms_on, people
from tests.pages.test_every_page import name_of
from tests.portal import shops
from tests.protections.disputes.people import page_of
from tests.protections.disputes.test_dispute_console import before_the_platform, decided, desk, staff, to_the_arbiter
from tests.protections.disputes.test_outside_story import named

from safeconduct.kernel.cases import publishing
from safeconduct.kernel.cases.models import BlindReview, ClockPause, Proposal, Referral
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.scope import staff_scope

__all__ = ["people"]

#: What no page has by itself; short enough to be no reason, and no amount, date or address either.
MARK: Final = "Ž7"
WORDS: Final = f"{MARK} a whole sentence, as somebody wrote it"
LONG: Final = f"{MARK} written for an hour " * 1500
_PROOF: Final = (
    "a thief at an open session is asked first; what they sent is not kept until they have shown who they are"
)
#: Routes that lose what was written where who sends it has to show anew who they are, and why. Passwords, codes, files
#: and what a page gives itself come back nowhere, nor does anything to who is signed out: the next may be another person.
EXCEPTIONS: Final[dict[str, str]] = {"portal:accounts:app_connect": _PROOF, "portal:accounts:ownership": _PROOF}
#: How a page says that a field is wrong, whatever its status.
_FAULTY: Final = 'aria-invalid="true"'
_BAD_NOTE: Final = re.compile(r'<div class="note bad">.*?<span>(.*?)</span>', re.DOTALL)


def fillings(form: Form) -> Iterator[dict[str, Any]]:
    """A form as somebody may send it in vain, each time with all of their fields written in."""
    files = {name: SimpleUploadedFile("a.txt", b"nothing that anybody takes") for name in form.files}
    for button in [dict([one]) for one in form.buttons] or [{}]:
        for text in (MARK, LONG, WORDS, WORDS):
            yield {**form.fields, **{name: f"{text}{n}" for n, name in enumerate(sorted(form.written))}, **button}
        sent = {name: f"{WORDS}{n}" for n, name in enumerate(sorted(form.written))}
        yield {**form.fields, **sent, **dict.fromkeys(form.given, "99999"), **button}
        if files:
            yield {**form.fields, **sent, **files, **button}
        # One field alone is wrong, the others as the page had them.
        for name in sorted(form.written):
            yield {**form.fields, name: f"{MARK}!", **button}


def lost(client: Client, form: Form, data: dict[str, Any]) -> tuple[bool, str]:
    """Whether a form was refused, and what of it was lost then."""
    answer = client.post(form.action, data, headers=_from(form))
    if answer.status_code in (302, 303):
        page = client.get(answer.headers["Location"], follow=True)
        html = page.content.decode() if not page.streaming else ""
        told = _BAD_NOTE.findall(html)
        return bool(told), f"sent elsewhere with {told[0]!r}" if told else ""
    html = "" if answer.streaming else answer.content.decode()
    if answer.status_code < 400 and _FAULTY not in html:
        return False, ""
    shown = unescape(html)
    gone = [name for name in form.written if MARK in str(data[name]) and str(data[name]) not in shown]
    return True, f"{answer.status_code} without {', '.join(sorted(gone))}" if gone else ""


def decided_once(*verbs: str) -> str:
    """A dispute that the platform decides, with an appeal where two verbs say so; or proposes to."""
    case_id = before_the_platform(order=shops.order(at=shops.ago(24 * 6), ship_country="DE"))
    to_the_arbiter(case_id)
    for verb in verbs:
        if verb == "rule":
            shops.signed_in().post(f"{page_of(case_id)}appeal/", {"words": "The neighbour signed"})
        judge = staff(f"Judge who may {verb}")
        judge.post(f"{desk(case_id)}seat/", {})
        decided(case_id, judge, verb)
    return case_id


def judged(administrator: Client, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, ...]]:
    """What is judged beyond one decision: a second person, a blind review, a body outside, a pause of the clocks.
    Who can do something about it on which pages."""
    monkeypatch.setattr(settings, "BLIND_REVIEWS_PER_10000", 10_000)
    body, outside, not_yet = named(), decided_once("decide", "rule"), decided_once("decide", "rule")
    shops.signed_in().post(f"/portal/cases/{outside}/refer/", {"body": body.id, "words": "The neighbour signed for it"})
    with staff_scope():
        assert Referral.objects.filter(case_id=outside).exists()
        review = BlindReview.objects.filter(case_id=not_yet).order_by("id")[0]
        publishing.publish(
            "dispute", PRESET, since=shops.ago(24 * 30), written_by="a", approved_by="b", why="", at=shops.ago(24 * 30)
        )
    publishing.forget()
    blind = f"/console/fairness/reviews/{review.id}/"
    administrator.post(f"{blind}take/", {})
    proposed = decided_once("decide")
    with staff_scope():
        proposal = Proposal.objects.get(case_id=proposed)
    administrator.post(f"/console/proposals/{proposal.id}/seat/", {})
    why = {"why_en": "Spring Festival", "why_zh": "春节", "why_es": "Fiesta de la Primavera"}
    administrator.post(
        "/console/cases/pauses/", {"scope": "country", "value": "CN", "begins_at": f"{shops.NOW:%Y-%m-%dT%H:%M}", **why}
    )
    with staff_scope():
        assert ClockPause.objects.filter(value="CN").exists()
        assert BlindReview.objects.filter(taken_by__isnull=False).exists()
    return {"owner": (page_of(not_yet),), "administrator": (desk(outside), desk(proposed), blind), "buyer": ()}


def lost_for_proof(client: Client, user: User, form: Form) -> bool:
    """Whether who sends this form has to show anew who they are, once that was long ago, and to write it again then."""
    _signed_in_again(client, user)
    session = client.session
    session.pop(STATE_SESSION_KEY, None)
    session["account_authentication_methods"] = [{"method": "mfa", "at": time.time() - 24 * 3600}]
    session.save()
    answer = client.post(form.action, dict.fromkeys(form.written, WORDS), headers=_from(form))
    return "reauthenticate" in answer.headers.get("Location", "") and STATE_SESSION_KEY not in client.session


def _from(form: Form) -> dict[str, str]:
    return {"referer": f"http://testserver{form.page}"}


def test_what_somebody_wrote_is_in_the_answer_whenever_their_form_is_refused(
    people: dict[str, tuple[Client, User | None, tuple[str, ...]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    administrator, person, begins = people["administrator"]
    _back_in(administrator, person, begins[0])
    besides = judged(administrator, monkeypatch)
    problems, refused, proofs = dict[str, str](), Counter[str](), set[str]()
    for role, (client, user, begins) in people.items():
        _back_in(client, user, begins[0])
        forms, _pages = crawled(client, *begins)
        here = [form for address in besides[role] for form in forms_on(client.get(address).content.decode(), address)]
        for form in sorted([*forms.values(), *here], key=lambda one: str(one.kind[0])):
            route = str(form.kind[0])
            if form.method != "post" or not form.written or route in LEFT_ALONE:
                continue
            refused[route] += 0
            if user is not None and lost_for_proof(client, user, form):
                proofs.add(route)
            for data in fillings(form):
                _back_in(client, user, begins[0])
                was_refused, what = lost(client, form, data)
                refused[route] += was_refused
                if what:
                    problems.setdefault(f"{route} {' '.join(sorted(form.written))} on {name_of(form.page)}", what)
    assert not problems, "\n".join(f"{where}: {what}" for where, what in problems.items())
    assert proofs == set(EXCEPTIONS), "say why, or keep it"
    assert {
        "portal:refer",
        "console:referral",
        "console:proposal",
        "console:blind_review_act",
        "console:pause_end",
    } <= {route for route, times in refused.items() if times}
    assert sum(1 for times in refused.values() if times) > 60, refused
