"""Two shops, each with one of everything that an address of the portal or of a buyer can name."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from safeconduct.kernel.buyer_pages import token_of
from safeconduct.kernel.cases.models import Case, Evidence
from safeconduct.kernel.cases.words import Remedy
from safeconduct.kernel.ledger import payout_accounts
from safeconduct.kernel.notices.models import NoticeCopy
from safeconduct.kernel.parties import app_grants, members
from safeconduct.kernel.parties.models import MemberRole, Membership, User
from safeconduct.kernel.scope import Actor, engine_scope, owner_scope, query, staff_scope
from safeconduct.protections.data_security.leases.models import BuyerLease
from safeconduct.protections.data_security.requests import actions as requests
from safeconduct.protections.data_security.requests.models import DataRequest
from safeconduct.protections.disputes.burden import ClaimType
from safeconduct.protections.disputes.models import Dispute, Opened
from safeconduct.protections.disputes.opening import Request, open_disputes
from safeconduct.protections.returns.models import Return
from safeconduct.protections.transactions.chargebacks.models import BankDispute, BankDocument, EarlyWarning
from tests.kernel.builders import event, usd
from tests.portal import shops
from tests.portal.shops import NOW, Sold, ago, happen

#: A form that many addresses would take: what one does not ask for it leaves alone.
FORM: Final = {
    "words": "As we agreed.", "reason": "As we agreed.", "role": "finance", "scene": "manual_ship", "remedy": "refund",
    "amount": "1", "document": "rebuttal", "title": "A letter", "kind": "delivery_signature", "until": "2030-01-01",
    "seen": "1", "seen_step": "1", "email": "mia@example.org", "phone": "+49301234567", "why": "As we agreed.",
}  # fmt: skip
_IBAN: Final = {"sel-1": "DE89370400440532013000", "sel-2": "DE75512108001245126199"}


@dataclass(slots=True)
class Stocked:
    """A shop, its owner, what its objects are called in addresses, and the words in them that are nobody else's."""

    ref: str
    key: int
    owner: User
    client: Client
    objects: dict[str, dict[str, str]] = field(default_factory=dict)
    links: dict[str, dict[str, str]] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    #: The secret of an app that reads this shop.
    app: str = ""

    def values(self, address: str) -> dict[str, str]:
        """What an address's names stand for in this shop: by the longest beginning that is known."""
        known = {**self.objects, **self.links}
        return known[max((start for start in known if address.startswith(start)), key=len, default="")]


def stocked(ref: str) -> Stocked:
    """One of everything. Needs a marketplace that is open for business."""
    owner, helper = shops.member(ref), shops.member(ref, role=MemberRole.SUPPORT)
    client = Client()
    client.force_login(owner)
    shop = Stocked(ref, shops.seller_key(ref), owner, client, {"": {}})
    _people(shop, helper)
    _orders(shop)
    _bank(shop)
    _dispute(shop)
    _return(shop)
    shop.words += [owner.email, helper.email]
    return shop


def rows_of(seller_key: int) -> dict[str, str]:
    """A digest of everything in the database that is of a seller: by table, over all that names the seller."""
    with owner_scope():
        tables = query(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND (column_name IN ('seller_key', 'concerns') OR (table_name, column_name) = ('seller', 'key'))"
            " AND data_type = 'bigint'"
        ).fetchall()
        found = {}
        for table, column in tables:
            row = query(
                f"SELECT md5(coalesce(string_agg(t::text, ';' ORDER BY t::text), '')) FROM {table} t WHERE {column} = %s",
                [seller_key],
            ).fetchone()
            assert row is not None
            found[f"{table}.{column}"] = row[0]
        return found


def _sold(shop: Stocked, hours: float, **data: Any) -> Sold:
    """An order whose buyer, card and recipient are this shop's alone."""
    number = f"{shop.ref}-{len(shop.words)}"
    mine = {
        "buyer": f"buy-{number}", "email": f"mia-{number}@example.org", "phone": f"+4930{len(shop.words):07d}",
        "recipient": f"Oskar Gift of {number}", "address": f"Lindenstr. {number}, Berlin", "card": f"fp-{number}",
        "ship_country": "DE", "three_ds": "authenticated", "ip": "8.8.4.4",
    }  # fmt: skip
    sold = shops.order(seller=shop.ref, at=ago(hours), **{**mine, **data})
    shop.words += [sold.ref, sold.decision, mine["email"], mine["recipient"], mine["address"]]
    return sold


def _people(shop: Stocked, helper: User) -> None:
    with staff_scope():
        membership = Membership.objects.get(person=helper)
        invitation, _token = members.invite_member(
            f"guest-{shop.ref}@example.org", shop.key, MemberRole.LISTING, None, at=datetime.now(UTC)
        )
    with engine_scope():
        past = ago(24 * 60)
        proof = payout_accounts.Proof("passkey", past - timedelta(days=9), past)
        account = payout_accounts.ask(
            shop.key, _IBAN[shop.ref], f"Holder of {shop.ref}", "DE", Actor("usr_founder", "owner"), proof, at=past
        )
    with staff_scope():
        app, shop.app = app_grants.grant(
            f"Books of {shop.ref}", app_grants.SCOPES, shop.key, shop.owner, at=datetime.now(UTC), days=30
        )
    _done(shop.client.post("/portal/data_security/exports/rights/", {"person": helper.id, "days": "5"}))
    with staff_scope():
        row = query("SELECT id FROM contact_right WHERE seller_key = %s", [shop.key]).fetchone()
    assert row is not None
    _done(shop.client.post("/portal/data_security/my-data/ask/", {"kind": "access"}))
    with staff_scope():
        asked = DataRequest.objects.filter(person_id=shop.owner.id).latest("id")
    shop.objects |= {
        "/portal/accounts/apps/": {"key_id": app.id},
        "/portal/people/invitations/": {"invitation_id": invitation.id},
        "/portal/people/": {"membership_id": membership.id},
        "/portal/accounts/payout/": {"account_id": account},
        "/portal/accounts/ownership/papers/": {"number": "1"},
        "/portal/data_security/exports/rights/": {"right_id": row[0]},
        "/portal/data_security/my-data/": {"request_id": asked.id},
    }
    shop.words += [f"guest-{shop.ref}@example.org", invitation.id, f"Holder of {shop.ref}", account, asked.id]


def _orders(shop: Stocked) -> None:
    sold = _sold(shop, 20)
    shops.until_now()
    _done(shop.client.post(f"/portal/data_security/orders/{sold.key}/reveal/", {"scene": "manual_ship"}))
    asker = Client()
    _done(asker.post(f"/data_security/{token_of(sold.key)}/ask/", {"kind": "access"}))
    with staff_scope():
        lease = BuyerLease.objects.get(order_key=sold.key)
        asked = DataRequest.objects.get(order_key=sold.key)
    requests.work(NOW)
    blocked = shops.order(seller=shop.ref, at=ago(8), amount=6000, paid=False, card=f"fp-high-{shop.ref}")
    shops.until_now()
    with staff_scope():
        notice = NoticeCopy.objects.filter(person=shop.owner).latest("notice_id")
    shop.objects |= {
        "/portal/decisions/": {"decision_id": blocked.decision},
        "/portal/notices/": {"notice_id": notice.notice_id},
        "/portal/data_security/orders/": {"order_key": str(sold.key)},
        "/portal/data_security/leases/": {"lease_id": lease.id},
        "/portal/transactions/orders/": {"order_key": str(sold.key)},
    }
    shop.links["/data_security/"] = {"token": token_of(sold.key), "request_id": asked.id}
    shop.words += [lease.id, asked.id, blocked.ref, blocked.decision]


def _bank(shop: Stocked) -> None:
    sold, warned = _sold(shop, 24 * 20), _sold(shop, 24 * 5)
    happen(
        event("dispute.opened", at=ago(30), dispute=f"dp_{sold.ref}", order=sold.ref, seller=shop.ref, amount=usd(120),
              reason="fraudulent", network="visa", network_reason="10.4", stage="chargeback",
              due_at=(NOW + timedelta(days=5)).isoformat()),
        event("fraud.warned", at=ago(3), order=warned.ref, seller=shop.ref, reason="misc"),
    )  # fmt: skip
    with staff_scope():
        dispute = BankDispute.objects.get(ref=f"dp_{sold.ref}")
        warning = EarlyWarning.objects.get(seller_key=shop.key)
    here = f"/portal/transactions/chargebacks/{dispute.id}/"
    letter = SimpleUploadedFile("letter.txt", b"It was whole.")
    _done(shop.client.post(f"{here}files/", {"file": letter, "document": "rebuttal"}))
    _done(shop.client.post(f"{here}stage/"))
    with staff_scope():
        document = BankDocument.objects.get(seller_key=shop.key)
    shop.objects |= {
        "/portal/transactions/chargebacks/": {"dispute_id": dispute.id},
        "/portal/transactions/bank-documents/": {"document_id": document.id},
        "/portal/transactions/warnings/": {"warning_id": warning.id},
    }
    shop.words += [dispute.id, dispute.ref, document.id, warning.id]


def _dispute(shop: Stocked) -> None:
    sold = _sold(shop, 24 * 6)
    with engine_scope():
        (made,) = open_disputes(
            [
                Request(key=sold.ref, order_key=sold.key, type=ClaimType.NOT_RECEIVED, asked=Remedy.REFUND,
                        actor=Actor("shop", "machine"), opened=Opened.API, words=f"Nothing came from {shop.ref}")
            ],
            at=NOW - timedelta(hours=1),
        )  # fmt: skip
    photo = SimpleUploadedFile("s.txt", f"signed for {shop.ref}".encode())
    given = {"kind": "delivery_signature", "gist": f"A neighbour of {shop.ref}", "file": photo}
    _done(shop.client.post(f"/portal/disputes/{made.case_id}/evidence/", given))
    with staff_scope():
        piece = Evidence.objects.get(kind="delivery_signature", seller_key=shop.key)
        number = Dispute.objects.get(case_id=made.case_id).number
        assert Case.objects.get(id=made.case_id).seller_key == shop.key
    shop.objects["/portal/disputes/"] = {"case_id": made.case_id, "evidence_id": piece.id, "verb": "answer"}
    shop.objects["/portal/cases/"] = {"case_id": made.case_id}
    shop.links["/disputes/"] = {
        "token": token_of(sold.key), "number": str(number), "evidence_id": piece.id, "verb": "withdraw",
    }  # fmt: skip
    shop.words += [made.case_id, piece.id, f"Nothing came from {shop.ref}", f"A neighbour of {shop.ref}"]


def _return(shop: Stocked) -> None:
    sold = _sold(shop, 200)
    about = {"order": sold.ref, "seller": shop.ref}
    parcel = f"dhl:{sold.ref}"
    happen(
        event("shipment.shipped", at=ago(190), **about, carrier="dhl", parcel=parcel, weight_g=420,
              serial=f"SN-{sold.ref}", photo_hash="f0" * 32),
        event("shipment.delivered", at=ago(150), **about, parcel=parcel),
        event("return.requested", at=ago(100), **about, reason="defective"),
        event("return.received", at=ago(20), **about, weight_g=900, serial="", photo_hash="0f" * 32),
    )  # fmt: skip
    with staff_scope():
        found = Return.objects.select_related("case").get(order_key=sold.key)
    film = SimpleUploadedFile("box.txt", f"A brick for {shop.ref}".encode())
    given = {"reason": f"A brick for {shop.ref}", "seen": str(found.case.step), "files": film}
    _done(shop.client.post(f"/portal/returns/{found.id}/contest/", given))
    with staff_scope():
        piece = Evidence.objects.filter(exhibits__case_id=found.case_id, given_by="seller").latest("id")
    mine = {"return_id": found.id, "evidence_id": piece.id}
    shop.objects |= {
        "/portal/returns/cases/": {"case_id": found.case_id},
        "/portal/returns/": {**mine, "name": "accept"},
    }
    shop.links["/returns/"] = {"token": token_of(sold.key), **mine, "verb": "withdraw"}
    shop.words += [found.id, found.case_id, piece.id, f"SN-{sold.ref}", f"A brick for {shop.ref}"]


def _done(answer: Any) -> None:
    assert answer.status_code == 303, (answer.status_code, answer.content.decode()[:1500])
