"""Papers and pictures that people give for the bank: for one dispute, or kept for all that come.

A seller keeps its terms and, for one offer, its brand's authorisation; the marketplace keeps the terms of its checkout,
for all its sellers. What only records or the processor can prove is not taken. Files are cleaned and scanned as
evidence is (`cases.files`), kept sealed, and never changed: one that is wrong is removed and another added.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Final

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases import person_quota, scanning
from safeconduct.kernel.cases.files import cleaned
from safeconduct.kernel.record import leaves
from safeconduct.kernel.scope import Actor
from safeconduct.kernel.vault.data_keys import DEPLOYMENT
from safeconduct.kernel.vault.pseudonyms import lookup
from safeconduct.kernel.vault.sealing import Column, Place, seal, unseal_many
from safeconduct.protections.transactions.chargebacks.dossier import PDF, PICTURES, Exhibit, Row
from safeconduct.protections.transactions.chargebacks.errors import ChargebackError, DisputeNotFound
from safeconduct.protections.transactions.chargebacks.hearing import Step, write_steps
from safeconduct.protections.transactions.chargebacks.known import Known
from safeconduct.protections.transactions.chargebacks.models import BankDispute, BankDocument
from safeconduct.protections.transactions.chargebacks.packs import Pack, packs
from safeconduct.protections.transactions.chargebacks.showing_order import accepted

#: What people may bring; everything else is known from records, or is nobody's word to give.
TAKEN: Final = frozenset({
    "signed_receipt", "delivery_signature", "proof_of_delivery", "proof_of_shipment", "carrier_photo", "pickup",
    "conversation", "outbound_photo", "quality_report", "rebuttal", "not_returned", "replacement", "goods_used",
    "return_fraud", "policy_text", "cancellation_policy", "brand_authorisation", "supply_chain",
    "authentication_report", "proof_of_refund", "credit_not_due", "not_cancelled", "use_after", "activity_log", "terms",
    "separate_sales", "amount_agreed", "cash_journal", "recipient_link",
})  # fmt: skip
#: What can be kept for every dispute: terms, by the kind of terms that an order says were accepted; and papers of one
#: offer.
TERMS: Final[Mapping[str, str]] = {
    "policy_text": "returns", "cancellation_policy": "cancellation", "terms": "terms",
}  # fmt: skip
OF_AN_OFFER: Final = frozenset({"brand_authorisation", "supply_chain", "authentication_report", "quality_report"})
#: The whole answer may have 4.5 MB and 19 pages (`dossier.Limits`); what records show needs about a quarter of both.
MOST_BYTES: Final = 2_000_000
MOST_BYTES_TOGETHER: Final = 3_200_000
MOST_PAGES: Final = 6
MOST_FILES: Final = 12
MOST_KEPT: Final = 120
MOST_CHARACTERS: Final = 12_000
_LONGEST_TITLE: Final = 120
_LONGEST_VERSION: Final = 40
DOCUMENT: Final = Column("bank_document.sealed", "chargeback")
#: For how much one person may have stored. What was removed is kept for what was sent with it.
FILES: Final = person_quota.Shelf("bank_document", "added_by")


class DocumentRefused(ChargebackError):
    """A file that is not taken: which field is at fault, what is wrong, and the way out."""

    code = "document_refused"
    status = 422

    def __init__(self, problem: str, field: str) -> None:
        super().__init__(problem)
        self.field = field


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody brings. ``document``: which of `packs`; ``version``: of terms, as orders name it; ``listing``: the
    shop's id of the offer it is about; ``since``: of terms, the first day on which they were shown."""

    document: str
    data: bytes
    title: str = ""
    version: str = ""
    listing: str = ""
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the marketplace's terms: ``until`` which day it was in force, and whether it is ``now``."""

    document: BankDocument
    until: date | None
    now: bool


def add(
    dispute_id: str, given: Given, actor: Actor, at: datetime, *, seller_key: int | None = None
) -> str:  # fmt: skip
    """A file for one dispute. Returns its id; the same file again is the one that is there. ``seller_key``: only to one
    of that seller. Raises DisputeNotFound, DocumentRefused, EvidenceRefused, ScannerSilent. In a scope of the engine.
    """
    dispute = BankDispute.objects.select_for_update().filter(id=dispute_id).first()
    if dispute is None or (seller_key is not None and dispute.seller_key != seller_key):
        raise DisputeNotFound(dispute_id)
    if given.document not in TAKEN:
        raise DocumentRefused(_("The bank is shown this from records; it cannot be added by hand."), "document")
    row, is_new = _kept(given, actor, at, dispute=dispute, seller_key=dispute.seller_key)
    if is_new:
        write_steps([_step(dispute, "document_added", at, actor, given.document)])
    return row.id


def keep(seller_key: int | None, given: Given, actor: Actor, at: datetime) -> str:
    """A file for every dispute of a seller, or (None) of the marketplace, that asks for it. Raises as `add`."""
    if given.document in TERMS:
        if not given.version.strip():
            raise DocumentRefused(_("Say which version these terms are, as your shop sends it with orders."), "version")
        if given.since is not None and given.since > at.date():
            raise DocumentRefused(_("Say since when they are shown at checkout: a day that has come."), "since")
        _refuse_other_text(seller_key, given)
    elif given.document in OF_AN_OFFER:
        if seller_key is None:
            raise DocumentRefused(_("Papers of an offer belong to its seller."), "document")
        if not given.listing.strip() or lookup("listing", given.listing.strip()) is None:
            raise DocumentRefused(_("Name an offer of yours, by your shop's id of it."), "listing")
    else:
        raise DocumentRefused(_("This is about one order: add it to the dispute."), "document")
    row, is_new = _kept(given, actor, at, dispute=None, seller_key=seller_key)
    if is_new and seller_key is None:
        _line(row, "kept", actor, at)
    return row.id


def _refuse_other_text(seller_key: int | None, given: Given) -> None:
    """One text for each version: what an order accepted must not depend on which of two is read."""
    same = BankDocument.objects.filter(
        dispute=None, seller_key=seller_key, removed_at=None, document=given.document, version=given.version.strip()
    )
    if seller_key is None and same.exclude(sha256=hashlib.sha256(cleaned(given.data).data).hexdigest()).exists():
        raise DocumentRefused(
            _("This version has another text already; remove that first, or name a new one."), "version"
        )


def remove(document_id: str, actor: Actor, at: datetime, *, seller_key: int | None = None) -> bool:
    """Takes a file out of what is shown from now on; what was sent keeps it. ``seller_key``: only one of that seller.
    Returns whether it was there."""
    rows = BankDocument.objects.select_for_update().filter(id=document_id, removed_at=None)
    row = (rows if seller_key is None else rows.filter(seller_key=seller_key)).first()
    if row is None:
        return False
    row.removed_at, row.removed_by = at, actor.id
    row.save(update_fields=["removed_at", "removed_by"])
    if row.dispute is not None:
        write_steps([_step(row.dispute, "document_removed", at, actor, row.document)])
    elif row.seller_key is None:
        _line(row, "removed", actor, at)
    return True


def _line(row: BankDocument, step: str, actor: Actor, at: datetime) -> None:
    """What the marketplace shows as its terms is recorded: which text, since when, by whom."""
    says = {
        "step": step, "document": row.document, "version": row.version, "sha256": row.sha256, "by": actor.id,
        "since": "" if row.since is None else row.since.isoformat(),
    }  # fmt: skip
    leaves.say("terms", row.id, says, at)


def of_dispute(dispute_id: str) -> list[BankDocument]:
    """The files of one dispute, the oldest first, without their bytes."""
    return list(
        BankDocument.objects.filter(dispute_id=dispute_id, removed_at=None).defer("sealed").order_by("id")[:MOST_FILES]
    )


def standing(seller_key: int | None) -> list[BankDocument]:
    """What a seller, or (None) the marketplace, keeps for all disputes, without the bytes."""
    rows = BankDocument.objects.filter(dispute=None, seller_key=seller_key, removed_at=None)
    return list(rows.defer("sealed").order_by("document", "id")[:MOST_KEPT])


def in_force(document: str, today: date) -> list[Version]:
    """The versions of one kind of the marketplace's own terms, the newest first, each until the next one's first day.
    Of those that nobody gave a first day, none is said to be in force."""
    rows = BankDocument.objects.filter(dispute=None, seller_key=None, removed_at=None, document=document)
    found = sorted(rows.defer("sealed")[:MOST_KEPT], key=lambda row: (row.since or date.min, row.id), reverse=True)
    versions, later = [], None
    for row in found:
        began = row.since is not None and row.since <= today
        versions.append(Version(row, later, began and (later is None or later > today)))
        later = row.since if row.since is not None and row.since != later else later
    return versions


def of_the_marketplace(document_id: str) -> BankDocument | None:
    """One file of the marketplace's own, that is shown."""
    rows = BankDocument.objects.filter(id=document_id, dispute=None, seller_key=None, removed_at=None)
    return rows.first()


def opened(row: BankDocument) -> bytes | None:
    """The bytes of a file; None once they are erased. In a scope of the engine."""
    (clear,) = unseal_many(DOCUMENT, [(Place(row.id, _whose(row)), bytes(row.sealed))])
    return clear


def exhibits(
    disputes: Sequence[BankDispute], orders: Mapping[int, Known], pack_of: Mapping[str, Pack]
) -> dict[str, list[Exhibit]]:
    """Dispute → the files that are shown with it: its own, and where its pack asks for them, the terms that its order
    says were accepted, and papers of its offer. Three queries. In a scope of the engine."""
    sellers = {one.seller_key for one in disputes if one.seller_key is not None}
    rows = BankDocument.objects.filter(removed_at=None).filter(
        Q(dispute__in=[one.id for one in disputes])
        | Q(dispute=None, seller_key__in=sellers)
        | Q(dispute=None, seller_key=None)
    )
    there = sorted(rows.defer("sealed"), key=lambda row: (row.seller_key is None, row.id))  # the seller's own first
    chosen = {one.id: _chosen(one, there, orders.get(one.order_key or 0), pack_of[one.id]) for one in disputes}
    wanted = {row.id: row for of_dispute in chosen.values() for row in of_dispute}
    sealed = dict(BankDocument.objects.filter(id__in=list(wanted)).values_list("id", "sealed"))
    places = [(Place(key, _whose(wanted[key])), bytes(data)) for key, data in sealed.items()]
    clear = dict(zip(sealed, unseal_many(DOCUMENT, places), strict=True))
    return {
        key: [_exhibit(row, data) for row in of_dispute if (data := clear[row.id]) is not None]  # but what was erased
        for key, of_dispute in chosen.items()
    }


def _chosen(
    one: BankDispute, there: Sequence[BankDocument], known: Known | None, pack: Pack
) -> list[BankDocument]:  # fmt: skip
    found = {row.id: row for row in there if row.dispute_id == one.id}
    placed = None if known is None else known.placed
    versions = {} if placed is None else accepted(placed)
    listing = None if placed is None else placed.keys["listing"]
    shown = {row.document for row in found.values()}
    for row in there:
        if row.dispute_id is not None or row.seller_key not in (None, one.seller_key):
            continue
        if row.document in TERMS:
            fits = versions.get(TERMS[row.document]) == row.version
        else:
            fits = listing is not None and row.listing_key == listing
        if fits and row.document in pack.wanted and row.document not in shown:
            found[row.id] = row
            shown.add(row.document)
    return list(found.values())


def _kept(
    given: Given, actor: Actor, at: datetime, *, dispute: BankDispute | None, seller_key: int | None
) -> tuple[BankDocument, bool]:
    if given.document not in packs().documents:
        raise DocumentRefused(_("There is no such kind of document."), "document")
    title, version = given.title.strip(), given.version.strip()
    if len(title) > _LONGEST_TITLE or len(version) > _LONGEST_VERSION:
        raise DocumentRefused(_("The title has at most 120 letters, the version 40."), "title")
    media_type, data, page_count = _checked(given.data)
    same = BankDocument.objects.filter(dispute=dispute, seller_key=seller_key, removed_at=None)
    digest = hashlib.sha256(data).hexdigest()
    known = same.filter(document=given.document, sha256=digest).first()
    if known is not None:
        return known, False
    _check_room(same, len(data), standing=dispute is None)
    person_quota.check(actor.id, len(data))
    row = BankDocument(
        id=new_id("bdo"), dispute=dispute, seller_key=seller_key, document=given.document, title=title,
        version=version if given.document in TERMS else "",
        since=given.since if given.document in TERMS else None,
        listing_key=lookup("listing", given.listing.strip()) if given.listing.strip() else None,
        media_type=media_type, size_bytes=len(data), page_count=page_count, sha256=digest,
        scanned_by=scanning.scan(given.data), added_at=at, added_by=actor.id, by_role=actor.role,
    )  # fmt: skip
    row.sealed = seal(DOCUMENT, row.id, _whose(row), data)
    row.save(force_insert=True)
    return row, True


def _checked(data: bytes) -> tuple[str, bytes, int]:
    """Media type, cleaned bytes and pages of a file. Raises DocumentRefused, EvidenceRefused."""
    if not data:
        raise DocumentRefused(_("Choose a file; this one is empty."), "file")
    if len(data) > MOST_BYTES:
        words = _("The file has %(size)s MB; banks take 4.5 MB for the whole answer. Send one of at most 2 MB.")
        raise DocumentRefused(words % {"size": f"{len(data) / 1_000_000:.1f}"}, "file")
    clean = cleaned(data)
    if clean.media_type == "text/plain":
        if len(clean.data.decode()) > MOST_CHARACTERS:
            raise DocumentRefused(_("The text is longer than 12,000 letters; keep what answers the bank."), "file")
        return clean.media_type, clean.data, 1
    if clean.media_type == PDF:
        return clean.media_type, clean.data, _pages(clean.data)
    if clean.media_type not in PICTURES:
        raise DocumentRefused(_("A bank takes pictures (PNG, JPEG), PDF and plain text; convert it to one."), "file")
    return clean.media_type, clean.data, 1


def _pages(data: bytes) -> int:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        count = len(PdfReader(BytesIO(data)).pages)
    except (PyPdfError, ValueError, KeyError, TypeError, RecursionError) as problem:
        raise DocumentRefused(_("This PDF is damaged; print it to a new PDF."), "file") from problem
    if not 0 < count <= MOST_PAGES:
        words = _("The PDF has %(pages)s pages; banks take 19 for the whole answer. Send at most 6.")
        raise DocumentRefused(words % {"pages": count}, "file")
    return count


def _check_room(same: QuerySet[BankDocument], size: int, *, standing: bool) -> None:
    found = same.aggregate(files=Count("id"), size=Coalesce(Sum("size_bytes"), 0))
    if standing:
        if found["files"] >= MOST_KEPT:
            raise DocumentRefused(_("You keep 120 files already; remove one first."), "file")
    elif found["files"] >= MOST_FILES or found["size"] + size > MOST_BYTES_TOGETHER:
        words = _("At most 12 files and 3.2 MB go with one dispute; remove one, or send smaller ones.")
        raise DocumentRefused(words, "file")


def _exhibit(row: BankDocument, data: bytes) -> Exhibit:
    told = ((lazy("Title"), row.title), (lazy("Version"), row.version))
    is_text = row.media_type == "text/plain"
    return Exhibit(
        row.document, lazy("Marketplace") if row.seller_key is None else lazy("Seller"), row.added_at,
        tuple(Row(label, value) for label, value in told if value), text=data.decode() if is_text else "",
        picture=b"" if is_text else data, media_type="" if is_text else row.media_type, page_count=row.page_count,
        brought=True,
    )  # fmt: skip


def _step(dispute: BankDispute, what: str, at: datetime, actor: Actor, document: str) -> Step:
    return Step(dispute.id, dispute.seller_key, what, dispute.stage, dispute.status, at, actor.id, document)


def _whose(row: BankDocument) -> str:
    """A dispute's file is of that dispute, what is kept for all of them of the seller, or nobody's."""
    if row.dispute_id is not None:
        return f"bank_dispute/{row.dispute_id}"
    return DEPLOYMENT if row.seller_key is None else f"seller/{row.seller_key}"
