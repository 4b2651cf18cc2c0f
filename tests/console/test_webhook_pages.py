"""An administrator sets up a receiver, sees what it answered, and sends again what it missed."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.console.test_console import MAX_BYTES, MAX_QUERIES, signed_in
from tests.kernel.notices.notices_world import member, money_held, shop, tell
from tests.kernel.notices.receiver import Receiver, receiving

from safeconduct.kernel.notices import upkeep
from safeconduct.kernel.notices.models import Endpoint, NoticeCopy, WebhookDelivery
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import staff_scope


def made(client: Client, receiver: Receiver) -> tuple[str, str]:
    """An endpoint made on the page: its id and secret."""
    shown = client.post("/console/webhooks/", {"url": receiver.url, "name": "Shop", "kinds": ["hold.placed"]})
    assert shown.status_code == 200
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", html.unescape(shown.content.decode()))
    assert secret is not None
    with staff_scope():
        return Endpoint.objects.get().id, secret[0]


def administrator() -> Client:
    return signed_in(StaffRole.ADMINISTRATOR)[0]


def test_from_a_new_endpoint_to_a_test_that_its_receiver_verified() -> None:
    client = administrator()
    with receiving() as receiver:
        endpoint, secret = made(client, receiver)
        assert client.post(f"/console/webhooks/{endpoint}/ping/").status_code == 303
        upkeep.keep_up(datetime.now(UTC))
        assert receiver.got[0].verified(secret)["type"] == "webhook.test"
        with staff_scope():
            delivery = WebhookDelivery.objects.get().id
        page = client.get(f"/console/webhooks/deliveries/{delivery}/").content.decode()
        assert "HTTP 204" in page
        assert client.post(f"/console/webhooks/deliveries/{delivery}/resend/").status_code == 303
        upkeep.keep_up(datetime.now(UTC))
        assert len(receiver.got) == 2
        assert "whsec_" not in client.get(f"/console/webhooks/{endpoint}/").content.decode()


def test_off_on_changed_and_a_new_secret() -> None:
    client = administrator()
    with receiving() as receiver:
        endpoint, secret = made(client, receiver)
        address = f"/console/webhooks/{endpoint}/"
        assert client.post(address + "off/").status_code == 303
        assert client.post(address + "ping/").status_code == 409
        assert client.post(address + "on/").status_code == 303
        rotated = client.post(address + "rotate/").content.decode()
        assert "whsec_" in rotated
        assert secret not in html.unescape(rotated)
        form = {"url": receiver.url, "name": "Other", "kinds": ["decision.made", "hold.placed"]}
        assert client.post(address + "change/", form).status_code == 303
        assert client.post(address + "change/", form | {"url": "gopher://x"}).status_code == 422
        assert client.post(address + "eat/").status_code == 404
        now = datetime.now(UTC)
        period = {"since": f"{now - timedelta(days=1):%Y-%m-%dT%H:%M}", "until": f"{now:%Y-%m-%dT%H:%M}"}
        assert client.post(address + "resend/", period).status_code == 303
        assert client.post(address + "resend/", period | {"until": period["since"]}).status_code == 422
    with staff_scope():
        assert list(Endpoint.objects.get().steps.order_by("id").values_list("verb", flat=True)) == [
            "created", "off", "on", "rotated", "changed",
        ]  # fmt: skip


@pytest.mark.parametrize(
    "form", [{}, {"url": "https://10.0.0.8/", "kinds": ["hold.placed"]}, {"url": "https://shop.example"}]
)
def test_what_cannot_be_an_endpoint_is_told_at_its_field(form: dict[str, object]) -> None:
    answer = administrator().post("/console/webhooks/", form)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()


@pytest.mark.parametrize("role", [StaffRole.ANALYST, StaffRole.LEAD])
def test_only_administrators_come_in(role: StaffRole) -> None:
    client, _user = signed_in(role)
    assert client.get("/console/webhooks/").status_code == 403
    assert (
        client.post("/console/webhooks/", {"url": "https://shop.example/", "kinds": ["hold.placed"]}).status_code == 403
    )


def test_a_mail_that_was_given_up_is_seen_and_sent_again() -> None:
    shop()
    member()
    tell(money_held())
    with staff_scope():
        NoticeCopy.objects.update(mail_state="given_up", problem="SMTPRecipientsRefused 550")
        copy = NoticeCopy.objects.get()
    client = administrator()
    assert "SMTPRecipientsRefused 550" in client.get("/console/webhooks/").content.decode()
    sent = client.post("/console/webhooks/mail/again/", {"notice": copy.notice_id, "person": copy.person_id})
    assert sent.status_code == 303
    with staff_scope():
        assert NoticeCopy.objects.get().mail_state == "waiting"


@pytest.mark.parametrize("path", ["/console/webhooks/", "endpoint", "delivery"])
@pytest.mark.parametrize("language", ["en", "zh-hans", "es"])
def test_every_page_is_small_asks_little_and_loads_nothing_inline(path: str, language: str) -> None:
    client = administrator()
    with receiving() as receiver:
        endpoint, _secret = made(client, receiver)
        for _ in range(60):
            client.post(f"/console/webhooks/{endpoint}/ping/")
        upkeep.keep_up(datetime.now(UTC))
    with staff_scope():
        delivery = WebhookDelivery.objects.first()
        assert delivery is not None
    address = {
        "endpoint": f"/console/webhooks/{endpoint}/",
        "delivery": f"/console/webhooks/deliveries/{delivery.id}/",
    }.get(path, path)
    with CaptureQueriesContext(connections["staff"]) as asked:
        answer = client.get(address, headers={"accept-language": language})
    assert answer.status_code == 200
    assert len(answer.content) < MAX_BYTES
    assert len(asked) <= MAX_QUERIES
    page = answer.content.decode()
    assert "style=" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)


def test_the_log_as_csv_holds_every_delivery() -> None:
    client = administrator()
    with receiving() as receiver:
        endpoint, _secret = made(client, receiver)
        for _ in range(3):
            client.post(f"/console/webhooks/{endpoint}/ping/")
    answer = client.get(f"/console/webhooks/{endpoint}/?format=csv")
    body = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert len(body.strip().splitlines()) == 4
