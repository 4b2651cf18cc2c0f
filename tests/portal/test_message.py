"""Is this message from us? Its receiver learns what it was, a stranger only that there was one, and a forger nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core import mail as outbox_of
from django.test import Client, override_settings

from safeconduct.kernel.notices import codes, upkeep
from safeconduct.kernel.notices.models import SentMail
from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.scope import engine_scope
from tests.portal import shops

PAGE = "/message/"
NOT_OURS = "We know no mail with this code"


@pytest.fixture(autouse=True)
def a_marketplace() -> Iterator[None]:
    shops.open_for_business()
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        outbox_of.outbox = []
        yield


def ask(client: Client, code: str) -> str:
    answer = client.post(PAGE, {"code": code})
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


def code_in(text: str) -> str:
    found = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", text)
    assert found is not None, text
    return found[0]


def a_mail() -> str:
    """Its code, as it stands at the foot of text and page alike."""
    with engine_scope():
        values = {"why": "They wrote that a page is empty", "at": shops.NOW, "until": shops.NOW}
        notify([Notice("look/1", "staff.looked", values, shops.NOW, shops.seller_key())])
    assert upkeep.send_mail(shops.NOW + timedelta(seconds=1)) == 1
    (sent,) = outbox_of.outbox
    code = code_in(str(sent.body))
    assert code == code_in(str(sent.alternatives[0][0])) and "/message/" in str(sent.body)
    return code


def test_its_receiver_learns_the_subject_an_owner_too_and_everybody_else_only_the_kind_and_the_day() -> None:
    receiver = shops.member("sel-1")
    code = a_mail()
    mine = Client()
    mine.force_login(receiver)
    secret = "Our staff looks at your pages"
    text = ask(mine, code.lower().replace("-", " "))
    assert secret in text and "m•••@e•••.org" in text and receiver.email not in text
    assert secret in ask(shops.signed_in("sel-1"), code)
    for stranger in (Client(), shops.signed_in("sel-2"), shops.signed_in("sel-1", role=MemberRole.SUPPORT)):
        text = ask(stranger, code)
        assert "We sent a mail with this code" in text and "access of the marketplace" in text
        assert secret not in text and "•••" not in text and "Viña" not in text


def test_a_code_that_was_made_up_or_mistyped_is_not_ours() -> None:
    shops.member("sel-1")
    code = a_mail()
    for wrong in ("0000-0000-0000", code[:-1], code + "0", "x", "☃" * 12):
        assert NOT_OURS in ask(Client(), wrong)
    with engine_scope():
        assert codes.forget(shops.NOW + timedelta(days=401)) == 1
    assert NOT_OURS in ask(Client(), code)


def test_an_invitation_carries_a_code_as_well() -> None:
    owner = shops.signed_in("sel-1")
    owner.post("/portal/people/invite/", {"email": "new@example.org", "role": "support"})
    (sent,) = outbox_of.outbox
    text = ask(Client(), code_in(str(sent.body)))
    assert "an invitation" in text and "new@" not in text
    with engine_scope():
        assert SentMail.objects.get().to_masked == "n•••@e•••.org"


def test_who_asks_too_often_waits_an_hour_and_others_do_not() -> None:
    for _again in range(20):
        ask(Client(), "0000-0000-0000")
    refused = Client().post(PAGE, {"code": "0000-0000-0000"})
    assert refused.status_code == 429 and refused["Retry-After"] == "3600"
    assert NOT_OURS in ask(Client(REMOTE_ADDR="203.0.113.9"), "0000-0000-0000")
