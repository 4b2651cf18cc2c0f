"""Files of answers to banks over the API: the pack itself, and the papers that people bring for it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

from django.http import HttpResponse
from ninja import Query, Schema
from pydantic import Field

from safeconduct.foundation.ids import is_id
from safeconduct.kernel.operations import answers as api
from safeconduct.kernel.operations.calls import Call, Scope
from safeconduct.kernel.operations.declaring import Operations, operation
from safeconduct.kernel.operations.documents import File, Sent, Text, file_of
from safeconduct.kernel.operations.problems import Code, invalid, not_found
from safeconduct.kernel.scope import Actor
from safeconduct.kernel.vault.pseudonyms import lookup
from safeconduct.protections.transactions.chargebacks import answers, documents
from safeconduct.protections.transactions.chargebacks.api import found_or_missing
from safeconduct.protections.transactions.chargebacks.api_people import ByPerson, person_named
from safeconduct.protections.transactions.chargebacks.documents import Given
from safeconduct.protections.transactions.chargebacks.models import BankAnswer, BankDocument

operations = Operations("files for banks")
_Name = Annotated[Text, Field(min_length=1, max_length=40)]


class PackFound(Schema):
    """An answer as PDF."""

    id: str = Field(description="Of the answer; a name for the file.")
    sha256: str = Field(description="Of the bank's copy, as the chargeback's `answer` names it.")
    media_type: str
    file: str = Field(description="The PDF as Base64.")


class BankFileSent(Sent):
    """A paper for one dispute. What only records can prove is not taken."""

    document: _Name = Field(description="What it is, as packs name it: signed_receipt, conversation, rebuttal …")
    file: File = Field(description="As Base64: PNG, JPEG, PDF of at most 6 pages, or text; at most 2,000,000 bytes.")
    title: Annotated[Text, Field(max_length=120)] = Field("", description="The bank reads it above the file.")


class KeptFileSent(BankFileSent):
    """A paper that is kept for all disputes that ask for it: terms by their version, papers of an offer."""

    seller: Annotated[Text, Field(max_length=2000, description="The shop's id; left out: the marketplace's terms.")] = (
        ""
    )
    version: Annotated[Text, Field(max_length=40)] = Field("", description="Of terms, as orders name it.")
    listing: Annotated[Text, Field(max_length=2000)] = Field("", description="Of papers of an offer: the shop's id.")
    since: date | None = Field(None, description="Of terms: the first day on which the checkout showed them.")
    person: Annotated[Text, Field(max_length=254)] = Field(
        "", description="Of the marketplace's own terms: id or e-mail address of the lead who puts them in force."
    )


class FileRemoved(Sent):
    person: Annotated[Text, Field(max_length=254)] = Field(
        "", description="Of the marketplace's own terms: id or e-mail address of the lead who removes them."
    )


class BankFileFound(Schema):
    id: str
    document: str
    title: str
    version: str
    since: date | None
    media_type: str
    size_bytes: int
    pages: int
    sha256: str = Field(description="Of the file as it is kept: hidden data are taken out.")
    added_at: datetime
    added_by_role: str


class BankFilesFound(Schema):
    items: list[BankFileFound]


class KeptAsked(Schema):
    seller: Annotated[Text, Field(max_length=2000, description="The shop's id; left out: the marketplace's terms.")] = (
        ""
    )


_PACK: Final[dict[str, Any]] = {
    "id": "ban_01jy2d8m5nf9abt3k7r6x1q0wz", "sha256": "5f" * 32, "media_type": "application/pdf",
    "file": "JVBERi0xLjcK…",
}  # fmt: skip
_FILE: Final[dict[str, Any]] = {
    "id": "bdo_01jy2d8m5nf9abt3k7r6x1q0wz", "document": "signed_receipt", "title": "Signed at the door", "version": "",
    "since": None, "media_type": "image/png", "size_bytes": 48211, "pages": 1, "sha256": "5f" * 32,
    "added_at": "2026-06-08T09:00:00Z", "added_by_role": "machine",
}  # fmt: skip
_TERMS: Final[dict[str, Any]] = _FILE | {
    "document": "policy_text", "title": "Returns", "version": "2026-03", "since": "2026-03-01",
    "media_type": "application/pdf", "pages": 2, "added_by_role": "lead",
}  # fmt: skip


@operation(
    operations, "GET", "/chargebacks/{chargeback_id}/answer/copy", scope=Scope.DISPUTES_READ, answer=PackFound,
    example=_PACK, problems=(Code.NOT_FOUND, Code.CONFLICT),
)  # fmt: skip
def get_answer_copy(request: Call, chargeback_id: str) -> HttpResponse:
    """Read the answer as its seller reads it: the same pages, with personal data masked."""
    found = found_or_missing(chargeback_id)
    answer = BankAnswer.objects.filter(dispute=found, stage=found.stage).exclude(sha256="").only("id", "sha256").first()
    if answer is None:
        raise not_found("answer to", chargeback_id)
    return _pack(answer, answers.opened(answer.id, "copy"))


@operation(
    operations, "POST", "/chargebacks/{chargeback_id}/hand-in", scope=Scope.DISPUTES_WRITE, answer=PackFound,
    example=_PACK, sends={"person": "mei@example.org"}, problems=(Code.NOT_FOUND, Code.CONFLICT, Code.FORBIDDEN),
    speaks=True,
)  # fmt: skip
def hand_in_answer(request: Call, chargeback_id: str, sent: ByPerson) -> HttpResponse:
    """Take the bank's copy, with clear data, of an answer that was submitted and goes to no processor by itself.

    From then on it counts as sent. Each taking is written down first; the answer is not kept for a retry.
    """
    found, now = found_or_missing(chargeback_id), datetime.now(UTC)
    actor = person_named(request.caller, sent.person, found.seller_key, (), now)
    pdf = answers.hand_in(found.id, actor, now)
    answer = BankAnswer.objects.only("id", "sha256").get(dispute=found, stage=found.stage)
    response = _pack(answer, pdf)
    setattr(response, api.PASSING, True)
    return response


@operation(
    operations, "GET", "/chargebacks/{chargeback_id}/files", scope=Scope.DISPUTES_READ, answer=BankFilesFound,
    example={"items": [_FILE]}, problems=(Code.NOT_FOUND,),
)  # fmt: skip
def list_bank_files(request: Call, chargeback_id: str) -> HttpResponse:
    """List the papers that people brought for one dispute, the oldest first."""
    return _listed(documents.of_dispute(found_or_missing(chargeback_id).id))


@operation(
    operations, "POST", "/chargebacks/{chargeback_id}/files", scope=Scope.DISPUTES_WRITE, answer=BankFilesFound,
    status=201, example={"items": [_FILE]},
    sends={"document": "signed_receipt", "title": "Signed at the door", "file": "iVBORw0KGgo…"},
    problems=(Code.NOT_FOUND, Code.INVALID), speaks=True,
)  # fmt: skip
def bring_bank_file(request: Call, chargeback_id: str, sent: BankFileSent) -> HttpResponse:
    """Bring a paper for one dispute, for its seller. The same file again is the one that is there.

    Put the answer together again to show it. What was brought goes to no bank without a person who looked at it.
    """
    found = found_or_missing(chargeback_id)
    given = Given(sent.document, file_of("file", sent.file), sent.title)
    documents.add(found.id, given, _machine(request), datetime.now(UTC))
    return _listed(documents.of_dispute(found.id), status=201)


@operation(
    operations, "GET", "/bank-files", scope=Scope.DISPUTES_READ, answer=BankFilesFound, example={"items": [_TERMS]},
    problems=(Code.NOT_FOUND, Code.INVALID),
)  # fmt: skip
def list_kept_bank_files(request: Call, asked: Query[KeptAsked]) -> HttpResponse:
    """List the papers that a seller, or the marketplace, keeps for all disputes."""
    return _listed(documents.standing(_seller(asked.seller)))


@operation(
    operations, "POST", "/bank-files", scope=Scope.DISPUTES_WRITE, answer=BankFilesFound, status=201,
    example={"items": [_TERMS]},
    sends={
        "seller": "sel-1042", "document": "policy_text", "title": "Returns", "version": "2026-03",
        "since": "2026-03-01", "file": "JVBERi0xLjcK…",
    },
    problems=(Code.NOT_FOUND, Code.INVALID, Code.FORBIDDEN), speaks=True,
)  # fmt: skip
def keep_bank_file(request: Call, sent: KeptFileSent) -> HttpResponse:
    """Keep a paper for all disputes of a seller or, in a lead's name, of the marketplace."""
    seller, now = _seller(sent.seller), datetime.now(UTC)
    given = Given(
        sent.document, file_of("file", sent.file), sent.title, sent.version, sent.listing, since=sent.since,
    )  # fmt: skip
    documents.keep(seller, given, _lead(request, sent.person, now) if seller is None else _machine(request), now)
    return _listed(documents.standing(seller), status=201)


@operation(
    operations, "POST", "/bank-files/{file_id}/remove", scope=Scope.DISPUTES_WRITE, answer=BankFileFound,
    example=_FILE, sends={}, problems=(Code.NOT_FOUND, Code.FORBIDDEN),
)  # fmt: skip
def remove_bank_file(request: Call, file_id: str, sent: FileRemoved) -> HttpResponse:
    """Take a paper out of what banks are shown from now on; what was sent keeps it."""
    rows = BankDocument.objects.defer("sealed").filter(removed_at=None)
    row = rows.filter(id=file_id).first() if is_id(file_id, "bdo") else None
    now = datetime.now(UTC)
    if row is None:
        raise not_found("file", file_id)
    of_the_marketplace = row.dispute_id is None and row.seller_key is None
    documents.remove(row.id, _lead(request, sent.person, now) if of_the_marketplace else _machine(request), now)
    return api.respond(_shown(row))


def _lead(request: Call, person: str, at: datetime) -> Actor:
    """Who puts the marketplace's own terms in force, or removes them."""
    if not person.strip():
        raise invalid("person", "name the lead who puts the marketplace's own terms in force, or removes them")
    return person_named(request.caller, person, None, (), at)


def _machine(request: Call) -> Actor:
    return Actor(request.caller.key_id, "machine")


def _seller(ref: str) -> int | None:
    key = lookup("seller", ref) if ref else None
    if ref and key is None:
        raise not_found("seller", ref)
    return key


def _pack(answer: BankAnswer, pdf: bytes) -> HttpResponse:
    return api.respond(
        {
            "id": answer.id, "sha256": answer.sha256, "media_type": "application/pdf",
            "file": base64.b64encode(pdf).decode(),
        }
    )  # fmt: skip


def _listed(rows: Sequence[BankDocument], *, status: int = 200) -> HttpResponse:
    return api.respond({"items": [_shown(row) for row in rows]}, status=status)


def _shown(row: BankDocument) -> dict[str, Any]:
    return {
        "id": row.id, "document": row.document, "title": row.title, "version": row.version,
        "since": None if row.since is None else row.since.isoformat(), "media_type": row.media_type,
        "size_bytes": row.size_bytes, "pages": row.page_count, "sha256": row.sha256,
        "added_at": api.written(row.added_at), "added_by_role": row.by_role,
    }  # fmt: skip
