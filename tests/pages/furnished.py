"""A marketplace with something on every page, done by the product's own verbs: a few rows of everything."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from tests.kernel.builders import event, person
from tests.portal import shops
from tests.portal.shops import ago
from tests.portal.test_chargebacks import disputed
from tests.protections.disputes.people import page_of
from tests.protections.disputes.test_dispute_console import to_the_arbiter
from tests.protections.returns.test_return_pages import swapped
from tests.protections.transactions.test_template_pages import text as template_text

from safeconduct.cli.demo_guarded import furnish
from safeconduct.kernel.cases import sweep as case_sweep
from safeconduct.kernel.cases.words import Remedy
from safeconduct.kernel.decisions import actions as deeds
from safeconduct.kernel.decisions import policies
from safeconduct.kernel.decisions.models import ListKind, PolicyVersion
from safeconduct.kernel.notices.models import NoticeCopy
from safeconduct.kernel.parties.keys import create_key
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.scope import Actor, engine_scope, staff_scope
from safeconduct.protections.disputes.burden import ClaimType
from safeconduct.protections.disputes.models import Dispute, Opened
from safeconduct.protections.disputes.opening import Request, open_disputes
from safeconduct.protections.transactions.money import due

#: Orders of each kind.
_EACH = 4


def furnished() -> dict[str, Client]:
    """The marketplace, and who looks at it: an owner of the first shop, and staff of each role; all read Spanish."""
    shops.open_for_business()
    owner = shops.member("sel-1", language="es")
    staff = {role: _staff(role) for role in (StaffRole.ANALYST, StaffRole.LEAD, StaffRole.ADMINISTRATOR)}
    _orders()
    _cases()
    due.run_payouts(shops.NOW, key="furnished")
    shops.until_now()
    furnish(owner.email, shops.NOW)
    case_sweep.keep_up(shops.NOW)
    clients = {"owner": Client(), **{role.value: Client() for role in staff}}
    clients["owner"].force_login(owner)
    for role, user in staff.items():
        clients[role.value].force_login(user)
        _signed_in_again(clients[role.value], user)
    _desk(staff, clients)
    _shop(clients["owner"])
    _escalated(clients["owner"])
    shops.until_now()
    with staff_scope():
        assert NoticeCopy.objects.filter(person=owner).count() > 5
    return clients


def _staff(role: StaffRole) -> User:
    user = person(role, language="es", email=f"{role.value}@example.org")
    with staff_scope():
        TOTP.activate(user, generate_totp_secret())
    return user


def _signed_in_again(client: Client, user: User) -> None:
    """Some pages ask anew who somebody is, who has not shown it in the last minutes."""
    session = client.session
    session["account_authentication_methods"] = [{"method": "mfa", "at": time.time(), "reauthenticated": True}]
    session["account_authentication_methods_user"] = user.id
    session.save()


def _orders() -> None:
    for number in range(_EACH):
        shipped = shops.order(at=ago(24 * 20 + number), ship_country="DE", recipient="Mia Roth", address="Main St 1")
        shops.ship(shipped, at=ago(24 * 19 + number))
        shops.happen(
            event("shipment.delivered", at=ago(24 * 15 + number), order=shipped.ref, seller="sel-1",
                  parcel=shops.parcel_of(shipped), carrier="dhl")
        )  # fmt: skip
        shops.order(at=ago(20 + number), recipient="Ana Rojas", address="Av. Providencia 1208", phone="+56912345678")
        shops.order(at=ago(60 + number))
        shops.suspicious(f"ORD-R{number}", at=ago(6 + 3 * number))


def _cases() -> None:
    """Banks, buyers and parcels that came back, one of each."""
    for _ in range(_EACH):
        disputed()
        warned = shops.order(at=ago(24 * 9))
        shops.happen(event("fraud.warned", at=ago(24 * 2), order=warned.ref, seller="sel-1", reason="misc"))
        sold = shops.order(at=ago(24 * 6), ship_country="DE")
        with engine_scope():
            open_disputes(
                [
                    Request(
                        key=sold.ref, order_key=sold.key, type=ClaimType.NOT_RECEIVED, asked=Remedy.REFUND,
                        actor=Actor("shop", "machine"), opened=Opened.API, words="It never came",
                    )
                ],
                at=shops.NOW - timedelta(hours=1),
            )  # fmt: skip
    swapped()


def _escalated(owner: Client) -> None:
    """One dispute comes before the platform."""
    with staff_scope():
        case_id = Dispute.objects.order_by("opened_at", "case_id").values_list("case_id", flat=True)[0]
    owner.post(f"{page_of(case_id)}answer/", {"words": "The carrier delivered it."})
    owner.post(f"{page_of(case_id)}offer/", {"remedy": "partial_refund", "amount": "7.77", "words": "For peace"})
    owner.post(f"{page_of(case_id)}escalate/", {})
    to_the_arbiter(case_id)


def _desk(staff: dict[StaffRole, User], clients: dict[str, Client]) -> None:
    """What the staff have of their own: keys, lists, drafts, receivers, texts, invitations."""
    now = datetime.now(UTC)
    with staff_scope():
        create_key("back office", ["events:write"], Actor(staff[StaffRole.ADMINISTRATOR].id, "administrator"), at=now)
        deeds.create_list("denied-cards", ListKind.DENY, "card", "Cards of thieves")
        deeds.add_to_list("denied-cards", ["card-1", "card-2"], Actor("li", "lead", "Told by the bank"))
        live = PolicyVersion.objects.filter(policy="order-risk", state="live").first()
        assert live is not None
        policies.save_draft(
            staff[StaffRole.ANALYST], "order-risk", live.text.replace("5000 USD", "4000 USD"), at=now, note="Lower"
        )
    lead, administrator = clients["lead"], clients["administrator"]
    _done(lead, "/console/transactions/templates/new/", text=template_text(), note="Higher limit", do="save")
    _done(administrator, "/console/people/invite/", email="new@example.org", role="analyst")
    made = administrator.post(
        "/console/webhooks/", {"url": "http://127.0.0.1:9/hooks", "name": "Shop", "kinds": ["hold.placed"]}
    )
    assert made.status_code == 200


def _shop(owner: Client) -> None:
    _done(owner, "/portal/people/invite/", email="colleague@example.org", role="finance")


def _done(client: Client, address: str, **fields: str) -> None:
    answer = client.post(address, fields)
    assert answer.status_code in (200, 302, 303), (address, answer.status_code, answer.content.decode()[:2000])
