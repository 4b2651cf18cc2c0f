"""Files that a party brings to a return, from whichever page: pictures above all, and the seller's label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from safeconduct.kernel.cases.evidence import Piece, collect
from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
from safeconduct.kernel.cases.words import Role, Source
from safeconduct.kernel.cases.workflow import Sentence
from safeconduct.kernel.scope import Actor
from safeconduct.protections.returns.errors import ReturnsError
from safeconduct.protections.returns.models import Return
from safeconduct.protections.returns.words import Reason

#: At once; more can follow.
MOST_FILES: Final = 10
#: Larger than any file that can be evidence; what the files are is told from their bytes.
_MOST_BYTES: Final = 51 * 1024 * 1024
_BROUGHT: Final[Mapping[Role, Sentence]] = {
    Role.BUYER: {
        "en": "Brought by the buyer about the goods", "zh": "买家就商品提交", "es": "Aportado por el comprador",
    },
    Role.SELLER: {
        "en": "Brought by the seller about what came back", "zh": "卖家就退回商品提交",
        "es": "Aportado por el vendedor",
    },
}  # fmt: skip
_LABEL: Final = {
    "en": "The label to send it with", "zh": "退货运单", "es": "Etiqueta para el envío de vuelta",
}  # fmt: skip
_SOURCES: Final = {Role.BUYER: Source.BUYER, Role.SELLER: Source.SELLER}
#: What a buyer's picture shows, by why the goods go back.
_SHOWS: Final[Mapping[Reason, EvidenceKind]] = {
    Reason.DAMAGED_IN_TRANSIT: EvidenceKind.PHOTO_OF_DAMAGE,
    Reason.DEFECTIVE: EvidenceKind.PHOTO_OF_DAMAGE,
}


def bring(
    returned: Return, files: Sequence[UploadedFile[Any]], role: Role, actor: Actor, *, at: datetime,
    wanted: bool = False,
) -> None:  # fmt: skip
    """Files of a party become evidence of the return. ``wanted``: at least one. Raises ReturnsError and what evidence
    refuses; then none is kept."""
    if wanted and not files:
        raise ReturnsError(_("Choose a picture, a film, a PDF or a text."), "files")
    bring_contents(returned, _read(files), role, actor, at=at)


def bring_contents(returned: Return, contents: Sequence[bytes], role: Role, actor: Actor, *, at: datetime) -> None:
    """The same of files' bytes. Raises what evidence refuses, and CaseMalformed where the return is closed."""
    kind = EvidenceKind.PROOF_OF_DIFFERENCE
    if role is Role.BUYER:
        if returned.no_travel:
            kind = EvidenceKind.DECLARATION
        elif returned.received_at is None:
            kind = _SHOWS.get(Reason(returned.reason), kind)
    _collect(returned, contents, kind, role, _BROUGHT[role], actor, at)


def bring_label(returned: Return, files: Sequence[UploadedFile[Any]], actor: Actor, *, at: datetime) -> None:
    """The seller's label, which the buyer prints. Raises as `bring`."""
    _collect(returned, _read(files), EvidenceKind.RETURN_ADDRESS, Role.SELLER, _LABEL, actor, at)


def _read(files: Sequence[UploadedFile[Any]]) -> list[bytes]:
    if len(files) > MOST_FILES:
        raise ReturnsError(_("At most %(n)s files at once; add the others afterwards.") % {"n": MOST_FILES}, "files")
    if any((file.size or 0) > _MOST_BYTES for file in files):
        raise ReturnsError(_("A file is larger than 50 MB; send a smaller one."), "files")
    return [file.read() for file in files]


def _collect(
    returned: Return, contents: Sequence[bytes], kind: EvidenceKind, role: Role, gist: Sentence, actor: Actor,
    at: datetime,
) -> None:  # fmt: skip
    pieces = [
        Piece(kind, _SOURCES[role], content, returned.seller_key, at, gist, role, case_id=returned.case_id)
        for content in contents
    ]
    collect(pieces, actor, at=at)
