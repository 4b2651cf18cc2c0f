"""Staff at work, page by page."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.kernel.builders import CARD_AT_MANY_SHOPS, START, event, live_policy, minutes, person, usd

from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.decisions import actions, lanes, policies
from safeconduct.kernel.decisions.beside import beside
from safeconduct.kernel.decisions.models import Decision, Mute, PolicyVersion, Review
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.scope import staff_scope

MAX_QUERIES = 16
MAX_BYTES = 100_000


def signed_in(role: StaffRole = StaffRole.LEAD, *, second_factor: bool = True) -> tuple[Client, User]:
    user = person(role)
    if second_factor:
        with staff_scope():
            TOTP.activate(user, generate_totp_secret())
    client = Client()
    client.force_login(user)
    return client, user


def hold_orders(count: int = 1) -> list[str]:
    """Orders that wait for a person; returns their decisions' ids."""
    live_policy()
    orders = [event(seller=f"sel-{n}", at=START + minutes(n)) for n in range(3 + count)]
    made = lanes.accept(orders, known=Known.WHEN_IT_HAPPENED).decisions
    return [d.id for d in made if d.action.value == "review"]


def test_staff_without_a_second_factor_are_sent_to_set_one_up() -> None:
    client, _ = signed_in(second_factor=False)
    answer = client.get("/console/")
    assert answer.status_code in (302, 303)
    assert "/accounts/2fa/" in answer.headers["Location"]


def test_somebody_who_is_no_staff_sees_nothing() -> None:
    client, _ = signed_in(StaffRole.NONE)
    assert client.get("/console/").status_code in (302, 403, 404)
    assert Client().get("/console/decisions/").status_code in (302, 303)


def test_an_analyst_reads_why_an_order_is_held_and_allows_it_with_a_reason() -> None:
    (held,) = hold_orders()
    client, _ = signed_in(StaffRole.ANALYST)
    queue = client.get("/console/").content.decode()
    assert "Card used at 3 shops within an hour" in queue
    page = client.get(f"/console/decisions/{held}/").content.decode()
    assert "card_at_many_shops" in page
    answer = client.post(f"/console/decisions/{held}/rule/", {"action": "allow", "reason": "Confirmed by telephone"})
    assert answer.status_code in (302, 303)
    with staff_scope():
        assert Decision.objects.get(replaces=held).action == "allow"
        assert Review.objects.get(decision_id=held).state == "done"


def test_a_ruling_without_a_reason_is_refused_and_changes_nothing() -> None:
    (held,) = hold_orders()
    client, _ = signed_in()
    assert client.post(f"/console/decisions/{held}/rule/", {"action": "allow", "reason": ""}).status_code in (302, 422)
    with staff_scope():
        assert Decision.objects.filter(replaces=held).count() == 0


def test_the_second_of_two_analysts_learns_that_the_first_was_faster() -> None:
    (held,) = hold_orders()
    first, _ = signed_in()
    second, _ = signed_in()
    first.post(f"/console/decisions/{held}/rule/", {"action": "allow", "reason": "known buyer"})
    late = second.post(f"/console/decisions/{held}/rule/", {"action": "block", "reason": "looks bad"})
    assert late.status_code == 409
    with staff_scope():
        assert [d.action for d in Decision.objects.filter(standing=True, id__gt="", replaces=held)] == ["allow"]


def test_a_draft_with_an_error_shows_where_and_the_author_cannot_publish_but_a_lead_can() -> None:
    live_policy()
    author, _ = signed_in(StaffRole.LEAD)
    started = author.post("/console/policies/order-risk/draft/")
    with staff_scope():
        draft = PolicyVersion.objects.get(state="draft")
    assert started.status_code in (302, 303)
    broken = CARD_AT_MANY_SHOPS.replace("amount >", "amonut >", 1)
    form = {"text": broken, "note": "", "revision": draft.revision, "do": "check"}
    shown = author.post(f"/console/versions/{draft.id}/edit/", form).content.decode()
    assert "amonut" in shown
    assert re.search(r"\b10\b", shown)
    form |= {"text": CARD_AT_MANY_SHOPS.replace(">= 3", ">= 2"), "do": "save"}
    assert author.post(f"/console/versions/{draft.id}/edit/", form).status_code in (302, 303)
    assert author.post(f"/console/versions/{draft.id}/ask/").status_code in (302, 303)
    assert author.post(f"/console/versions/{draft.id}/publish/").status_code == 403
    lead, _ = signed_in(StaffRole.LEAD)
    page = lead.get(f"/console/versions/{draft.id}/").content.decode()
    [read] = re.findall(r'name="revision" value="(\d+)"', page)
    form = {"text": CARD_AT_MANY_SHOPS.replace(">= 3", ">= 9"), "note": "", "revision": read, "do": "save"}
    assert author.post(f"/console/versions/{draft.id}/edit/", form).status_code in (302, 303)
    for seen in ({"revision": read}, {}, {"revision": "x"}):  # the lead read another text than stands there now
        assert lead.post(f"/console/versions/{draft.id}/publish/", {"percent": "100", **seen}).status_code == 409
    seen = {"revision": str(int(read) + 1)}
    assert lead.post(f"/console/versions/{draft.id}/publish/", {"percent": "100", **seen}).status_code in (302, 303)
    with staff_scope():
        assert PolicyVersion.objects.get(id=draft.id).state == "live"
    assert lead.post("/console/policies/order-risk/roll-back/", {"reason": "too strict"}).status_code in (302, 303)
    with staff_scope():
        assert PolicyVersion.objects.get(id=draft.id).state == "retired"


def test_two_people_who_save_one_draft_are_shown_both_texts() -> None:
    live_policy()
    client, _ = signed_in()
    client.post("/console/policies/order-risk/draft/")
    with staff_scope():
        draft = PolicyVersion.objects.get(state="draft")
    form = {"text": CARD_AT_MANY_SHOPS, "note": "", "revision": draft.revision, "do": "save"}
    assert client.post(f"/console/versions/{draft.id}/edit/", form).status_code in (302, 303)
    assert client.post(f"/console/versions/{draft.id}/edit/", form).status_code == 409


def test_a_backtest_is_run_from_the_page_of_a_version() -> None:
    hold_orders()
    client, _ = signed_in()
    client.post("/console/policies/order-risk/draft/")
    with staff_scope():
        draft = PolicyVersion.objects.get(state="draft")
    answer = client.post(f"/console/versions/{draft.id}/backtest/")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path", ["/console/decisions/?format=csv", "/console/sellers/?format=csv", "/console/?format=csv"]
)
def test_a_csv_holds_all_rows_although_it_is_streamed(path: str) -> None:
    hold_orders(2)
    client, _ = signed_in()
    answer = client.get(path)
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    assert len(body.decode().strip().splitlines()) >= 3


@pytest.mark.parametrize(
    "path",
    ["/console/", "/console/decisions/", "/console/policies/", "/console/policies/order-risk/", "/console/lists/",
     "/console/sellers/", "/console/people/", "decision", "version"],
)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "zh-hans", "es"])
def test_every_page_is_small_asks_little_and_loads_nothing_inline(path: str, language: str) -> None:
    (held,) = hold_orders()
    client, _ = signed_in(StaffRole.ADMINISTRATOR)
    with staff_scope():
        version = PolicyVersion.objects.get().id
    address = {"decision": f"/console/decisions/{held}/", "version": f"/console/versions/{version}/"}.get(path, path)
    with CaptureQueriesContext(connections["staff"]) as asked:
        answer = client.get(address, headers={"accept-language": language})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert len(answer.content) < MAX_BYTES
    assert len(asked) <= MAX_QUERIES, [q["sql"][:80] for q in asked]
    assert "style=" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert f'lang="{language}' in page.lower()
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_an_invitation_is_accepted_once_only() -> None:
    client, _ = signed_in(StaffRole.ADMINISTRATOR)
    shown = client.post("/console/people/invite/", {"email": "new@example.org", "role": "analyst"}, follow=True)
    link = re.search(r"/console/welcome/[^\"<\s]+", shown.content.decode())
    assert link is not None
    form = {"name": "Ana Rojas", "password": "correct horse battery staple"}
    assert Client().post(link[0], form).status_code in (302, 303)
    assert Client().post(link[0], form).status_code in (404, 409, 410)
    with staff_scope():
        assert User.objects.get(email="new@example.org").staff_role == StaffRole.ANALYST


def test_a_rule_rests_for_one_buyer_of_a_decision_and_for_nobody_else() -> None:
    live_policy()
    batch = [event(seller=f"sel-{n}", at=START + minutes(n)) for n in range(4)]
    (held,) = [d for d in lanes.accept(batch, known=Known.WHEN_IT_HAPPENED).decisions if d.action.value == "review"]
    client, _ = signed_in(StaffRole.ANALYST)
    page = client.get(f"/console/decisions/{held.id}/").content.decode()
    assert 'name="entity"' in page and 'value="buyer"' in page and 'value="card"' in page
    form = {"rule": "card_at_many_shops", "hours": "24", "reason": "A restaurant that shops all morning"}
    url = "/console/policies/order-risk/snooze/"
    assert client.post(url, {**form, "decision": held.id, "entity": "weather"}).status_code == 404
    assert client.post(url, {**form, "decision": "dec_0", "entity": "buyer"}).status_code == 404
    with staff_scope():
        assert not Mute.objects.exists()
    assert client.post(url, {**form, "decision": held.id, "entity": "buyer"}).status_code in (302, 303)
    with staff_scope():
        mute = Mute.objects.get()
        assert mute.entity_key is not None and mute.why == "A restaurant that shops all morning"
    later = START + minutes(9)
    orders = [event(seller="sel-9", at=later), event(seller="sel-9", buyer="buy-2", at=later)]
    same, other = lanes.accept(orders, known=Known.WHEN_IT_HAPPENED).decisions
    assert (same.action.value, same.muted) == ("allow", ["card_at_many_shops"])
    assert (other.action.value, other.muted) == ("review", [])
    assert "Muted" in client.get(f"/console/decisions/{same.id}/").content.decode()


@pytest.mark.parametrize("percent", ["0", "101", "ten", "", "1.5", "²"])
def test_a_share_that_cannot_be_read_publishes_nothing(percent: str) -> None:
    live_policy()
    author, _ = signed_in()
    author.post("/console/policies/order-risk/draft/")
    with staff_scope():
        draft = PolicyVersion.objects.get(state="draft")
    lead, _ = signed_in()
    assert lead.post(f"/console/versions/{draft.id}/publish/", {"percent": percent}).status_code == 422
    with staff_scope():
        assert PolicyVersion.objects.get(id=draft.id).state == "draft"
    days = lead.post(f"/console/versions/{draft.id}/backtest/", {"days": percent})
    assert days.status_code == 200


def test_the_editor_runs_the_tests_within_the_text_and_comparing_says_what_changes() -> None:
    live_policy()
    client, _ = signed_in()
    client.post("/console/policies/order-risk/draft/")
    with staff_scope():
        draft = PolicyVersion.objects.get(state="draft")
    url = f"/console/versions/{draft.id}/"
    tests = (
        "tests:\n  - {name: a large order is stopped, event: {amount: 6000 USD}, expect: {action: block}}\n"
        "  - {name: a small one too, event: {amount: 5 USD}, expect: {action: block}}\n"
    )
    text = CARD_AT_MANY_SHOPS.replace("5000 USD", "4000 USD") + tests
    form = {"text": text, "note": "", "revision": draft.revision, "do": "check"}
    shown = client.post(f"{url}edit/", form).content.decode()
    assert "1 of 2 failed" in shown and "a small one too" in shown and "the action is allow, not block" in shown
    good = text.replace("event: {amount: 5 USD}", "event: {amount: 5000 USD}")
    assert "all 2 passed" in client.post(f"{url}edit/", {**form, "text": good, "do": "check"}).content.decode()
    wrong = client.post(f"{url}edit/", {**form, "text": text.replace("expect: {action", "expct: {action")}).content
    assert "expct" in wrong.decode() and "did you mean" in wrong.decode()
    assert client.post(f"{url}edit/", {**form, "text": good, "do": "save"}).status_code in (302, 303)
    compared = client.get(f"{url}compare/").content.decode()
    assert "What changes" in compared
    assert "money(&#x27;5000 USD&#x27;)" in compared and "money(&#x27;4000 USD&#x27;)" in compared
    client.post("/console/policies/order-risk/draft/")
    with staff_scope():
        same = PolicyVersion.objects.filter(state="draft").order_by("-number").first()
    assert same is not None
    assert "Nothing: they differ" in client.get(f"/console/versions/{same.id}/compare/").content.decode()


def test_a_version_in_shadow_is_read_beside_the_live_one() -> None:
    live_policy()
    client, _ = signed_in()
    client.post("/console/policies/order-risk/draft/")
    with staff_scope():
        draft = PolicyVersion.objects.get(state="draft")
    stricter = CARD_AT_MANY_SHOPS.replace("5000 USD", "100 USD")
    client.post(f"/console/versions/{draft.id}/edit/", {"text": stricter, "note": "", "revision": draft.revision})
    client.post(f"/console/versions/{draft.id}/shadow/")
    page = client.get(f"/console/versions/{draft.id}/").content.decode()
    assert "They have not decided a single event together yet" in page
    lanes.accept([event(amount=usd(amount), card=f"c{amount}") for amount in (60, 70, 200, 300, 6000)])
    with staff_scope():
        live = PolicyVersion.objects.get(state="live")
        said = beside(draft.id, live.id)
    assert {(p.live.value, p.own.value, p.count) for p in said.pairs} == {
        ("allow", "allow", 2), ("allow", "block", 2), ("block", "block", 1),
    }  # fmt: skip
    assert [d.amount_minor for d in said.newest] == [30_000, 20_000] and (said.both, said.differing) == (5, 2)
    page = client.get(f"/console/versions/{draft.id}/").content.decode()
    assert "Beside the live version" in page and "40.00" in page
    assert "Beside the live version" not in client.get(f"/console/versions/{live.id}/").content.decode()


def test_a_challenger_and_the_live_version_have_both_spoken_about_every_order() -> None:
    live = live_policy()
    with staff_scope():
        text = CARD_AT_MANY_SHOPS.replace("5000 USD", "100 USD")
        challenger = policies.save_draft(person(), "order-risk", text, at=START)
        policies.publish(challenger.id, person(), at=START, percent=50)
    batch = [event(amount=usd(200), card=f"c{n}") for n in range(20)]
    made = lanes.accept(batch).decisions
    overridden = next(d for d in made if d.kind == "live" and d.version_id == challenger.id)
    with staff_scope():
        actions.override(overridden.id, person(), Action.ALLOW, "Known to us", at=START)
        said = beside(challenger.id, live.id)
    assert [(p.live.value, p.own.value, p.count) for p in said.pairs] == [("allow", "block", 20)]
