"""Papers that the sides of a claim bring: contracts, extracts of a register, certificates, as PDF or picture.

They are looked into, made anew and scanned as evidence is (`cases.files`, `cases.scanning`), numbered within the claim,
sealed under it, and never changed. Both sides and whoever decides read all of them; what a file was called is not kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Max
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from safeconduct.kernel.cases import person_quota, scanning
from safeconduct.kernel.cases.errors import EvidenceRefused, ScannerSilent
from safeconduct.kernel.cases.files import cleaned
from safeconduct.kernel.file_door import led_to
from safeconduct.kernel.parties import ownership
from safeconduct.kernel.parties.errors import OwnershipRefused
from safeconduct.kernel.parties.models import OwnershipClaim
from safeconduct.kernel.readings.log import Read, note
from safeconduct.kernel.readings.scenes import Scene
from safeconduct.kernel.scope import Actor
from safeconduct.kernel.vault.sealing import Column, Place, seal, unseal_many
from safeconduct.protections.accounts.models import OwnershipPaper

_MIB: Final = 1024 * 1024
MOST_BYTES: Final = 10 * _MIB
MOST_AT_ONCE: Final = 5
#: Of one side in one claim: more than anybody reads, and no store for a stranger's files.
MOST_OF_A_SIDE: Final = 20
#: Media type → the ending of the file that is handed out.
KINDS: Final[Mapping[str, str]] = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}
PAPER: Final = Column("ownership_paper.sealed", "ownership")
#: For how much one person may have stored.
FILES: Final = person_quota.Shelf("ownership_paper", "author")


def bring(claim_id: str, side: str, author: str, files: Sequence[UploadedFile[Any]], *, at: datetime) -> None:
    """Keeps what a side sends with its words, all or nothing; a file that this side has brought already is kept once.

    Raises OwnershipRefused, which says what can be sent instead. In a scope of the engine, with what is said.
    """
    if not files:
        return
    if len(files) > MOST_AT_ONCE:
        raise OwnershipRefused(_("At most %(n)s files at once; add the others afterwards.") % {"n": MOST_AT_ONCE})
    claim = ownership.locked(claim_id)
    for file in files:
        _keep(claim, side, author, file, at)


def of_claim(claim: OwnershipClaim) -> list[OwnershipPaper]:
    """What was brought, without the bytes. One query; both sides together bring no more than a page holds."""
    return list(OwnershipPaper.objects.filter(claim=claim).defer("sealed").order_by("number"))


def handed_out(claim: OwnershipClaim, number: int, reader: Actor | None, *, at: datetime) -> HttpResponseBase:
    """A paper as a file to keep, from the host of files where there is one. The caller has checked that the reader is
    of the claim. ``reader``: who reads, which is written down first; None for the claimant who has no account.

    Raises Http404 where there is none, or it is erased.
    """
    if not OwnershipPaper.objects.filter(claim=claim, number=number).exists():
        raise Http404
    if reader is not None:
        note([Read(Scene.EVIDENCE, ("file",), claim.seller_key, batch=claim.id)], reader, at)
    return led_to("accounts", claim.id, str(number)) or opened([claim.id, str(number)])


def opened(about: Sequence[str]) -> HttpResponse:
    """The paper of a claim's id and a number, as a file: never shown or run as part of a page of ours. Its reader was
    looked at and written down (`handed_out`). Raises Http404 where there is none, or it is erased."""
    claim_id, number = about
    paper = OwnershipPaper.objects.filter(claim_id=claim_id, number=int(number)).first()
    if paper is None:
        raise Http404
    (data,) = unseal_many(PAPER, [(Place(paper.id, ownership.subject_of(claim_id)), bytes(paper.sealed))])
    if data is None:
        raise Http404
    return HttpResponse(
        data, content_type=paper.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="paper-{paper.number}.{KINDS[paper.media_type]}"',
            "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, no-store", "Cross-Origin-Resource-Policy": "same-origin",
        },
    )  # fmt: skip


def _keep(claim: OwnershipClaim, side: str, author: str, file: UploadedFile[Any], at: datetime) -> None:
    if (file.size or 0) > MOST_BYTES:
        raise OwnershipRefused(_("A file is larger than %(n)s MB; send a smaller one.") % {"n": MOST_BYTES // _MIB})
    sent = file.read()
    if not sent:
        raise OwnershipRefused(_("A file is empty; send it again."))
    try:
        clean = cleaned(sent)
        scanned_by = scanning.scan(sent) if clean.media_type in KINDS else ""
    except (EvidenceRefused, ScannerSilent) as refused:
        raise OwnershipRefused(str(refused)) from None
    if clean.media_type not in KINDS:
        raise OwnershipRefused(_("Papers are PDF, PNG or JPEG; convert it to one of them."))
    digest = hashlib.sha256(clean.data).hexdigest()
    brought = OwnershipPaper.objects.filter(claim=claim)
    if brought.filter(side=side, sha256=digest).exists():
        return
    if brought.filter(side=side).count() >= MOST_OF_A_SIDE:
        raise OwnershipRefused(
            _("You have brought %(n)s papers, and more are not read. Say in words what else there is.")
            % {"n": MOST_OF_A_SIDE}
        )
    try:
        person_quota.check(author, len(clean.data))
    except EvidenceRefused as refused:
        raise OwnershipRefused(str(refused)) from None
    last = brought.aggregate(last=Max("number"))["last"] or 0
    paper = OwnershipPaper(
        claim=claim, number=last + 1, side=side, author=author, media_type=clean.media_type,
        size_bytes=len(clean.data), sha256=digest, received_sha256=hashlib.sha256(sent).hexdigest(),
        scanned_by=scanned_by, at=at,
    )  # fmt: skip
    paper.sealed = seal(PAPER, paper.id, ownership.subject_of(claim.id), clean.data)
    paper.save(force_insert=True)
