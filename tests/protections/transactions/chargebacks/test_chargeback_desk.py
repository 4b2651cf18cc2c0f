"""Chargebacks in the console: what comes to the staff is put together, sent, or handed in by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.utils import timezone
from tests.kernel.builders import person, usd
from tests.protections.transactions.shop import START, Shop, envelope

from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import staff_scope
from safeconduct.protections.transactions.chargebacks.models import BankAnswer, BankDispute

pytestmark = pytest.mark.usefixtures("empty_database")

LIST = "/console/transactions/chargebacks/"


def signed_in(role: StaffRole = StaffRole.LEAD) -> Client:
    user = person(role)
    with staff_scope():
        TOTP.activate(user, generate_totp_secret())
    client = Client()
    client.force_login(user)
    return client


def disputed(**more: Any) -> str:
    shop = Shop()
    shop.sold("o-1", three_ds="authenticated")
    shop.day = 20
    told = {"network": "visa", "network_reason": "10.4", "reason": "fraudulent", "stage": "chargeback"}
    due = (timezone.now() + timedelta(days=3)).isoformat()
    shop.send(
        [
            envelope(
                "dispute.opened",
                "o-1",
                at=shop.now,
                source="adyen",
                dispute="dp_1",
                amount=usd(100),
                due_at=due,
                **told | more,
            )
        ]
    )
    with staff_scope():
        return BankDispute.objects.get().id


def test_a_lead_puts_an_answer_together_sends_it_and_hands_it_in() -> None:
    dispute, client = disputed(), signed_in()
    assert "dp_1" in client.get(LIST).content.decode()
    assert "all that must be there is there" in client.post(f"{LIST}{dispute}/stage/", follow=True).content.decode()
    assert "to be handed in" in client.post(f"{LIST}{dispute}/submit/", follow=True).content.decode()
    assert client.post(f"{LIST}{dispute}/hand-in/").content.startswith(b"%PDF")
    with staff_scope():
        assert (BankAnswer.objects.get().state, BankAnswer.objects.get().how) == ("sent", "download")
    page = client.get(LIST).content.decode()
    assert "Download and hand in" not in page and len(page) < 100_000
    assert "No chargebacks" in client.get(f"{LIST}?view=waiting").content.decode()


def test_an_analyst_sees_what_the_answer_holds_before_a_lead_sends_it() -> None:
    dispute, client = disputed(), signed_in(StaffRole.ANALYST)
    here = f"{LIST}{dispute}/"
    assert here in client.get(LIST).content.decode() and here in client.get(f"{LIST}?view=waiting").content.decode()
    assert "Nothing is ready yet." in client.get(here).content.decode()
    assert client.get(f"{here}copy/").status_code == 404
    answer = client.post(f"{here}stage/", {"stay": "1"}, follow=True)
    page = unescape(answer.content.decode())
    assert answer.redirect_chain[0][0] == here and len(page) < 100_000
    assert "Authenticated with 3-D Secure" in page and "Ways to this money" in page and "To fight or to accept" in page
    assert "Compelling Evidence 3.0" in page and "two earlier payments of the same card that count" in page
    assert ">Send<" not in page or client.post(f"{here}submit/").status_code == 403
    assert client.get(f"{here}copy/").content.startswith(b"%PDF")
    assert client.get(f"{LIST}nothing/").status_code == 404


def test_an_analyst_puts_together_and_does_not_send() -> None:
    dispute, client = disputed(), signed_in(StaffRole.ANALYST)
    assert client.post(f"{LIST}{dispute}/stage/").status_code == 303
    for verb in ("submit", "hand-in"):
        assert client.post(f"{LIST}{dispute}/{verb}/").status_code == 403


def test_what_cannot_be_done_is_refused_with_the_reason() -> None:
    dispute, client = disputed(), signed_in()
    answer = client.post(f"{LIST}{dispute}/submit/")
    assert answer.status_code == 409 and "No answer is ready" in answer.content.decode()


def test_without_disputes_the_page_says_where_they_come_from() -> None:
    assert "connect Stripe or Adyen" in signed_in().get(LIST).content.decode()


def test_the_desk_reads_how_many_orders_could_be_defended_and_what_to_log() -> None:
    now = datetime.now(UTC)
    shop = Shop()
    ana: dict[str, Any] = {"buyer": "ana", "card": "card-ana", "ip": "8.8.4.4", "seller": "sel-1"}
    days = (now - START).days
    for n, ago in enumerate((190, 180, 20)):
        shop.sold(f"r-{n}", day=days - ago, **ana)
    client = signed_in()
    assert "What to send" not in client.get(f"{LIST}readiness/").content.decode()
    page = client.get(f"{LIST}readiness/?count=1").content.decode()
    assert "Could qualify" in page and "fingerprint as `device`" in page
    assert "No seller is called nobody" in client.get(f"{LIST}readiness/?count=1&seller=nobody").content.decode()
