"""A seller's files for banks: those of one dispute, and those that are kept for all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.cases.errors import CasesError
from safeconduct.kernel.member_pages import MemberRequest, done, only_for, page
from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.protection import Refusal
from safeconduct.kernel.scope import Actor, engine_scope
from safeconduct.kernel.ui.again import page_again
from safeconduct.protections.transactions.chargebacks import documents
from safeconduct.protections.transactions.chargebacks.documents import DocumentRefused, Given
from safeconduct.protections.transactions.chargebacks.models import BankDocument
from safeconduct.protections.transactions.chargebacks.packs import Pack, packs
from safeconduct.protections.transactions.chargebacks.reading import said

_HELP: Final = lazy("PNG, JPEG, PDF of at most 6 pages, or text; at most 2 MB. Hidden data of pictures are taken out.")


class DocumentForm(forms.Form):
    """A file and what it is."""

    document = forms.ChoiceField(label=lazy("What it is"))
    title = forms.CharField(
        label=lazy("Title"), max_length=120, required=False, help_text=lazy("The bank reads it above the file.")
    )
    version = forms.CharField(
        label=lazy("Version"), max_length=40, required=False,
        help_text=lazy("Of terms: as your shop sends it with orders, such as 2026-03."),
    )  # fmt: skip
    listing = forms.CharField(
        label=lazy("Offer"), max_length=120, required=False,
        help_text=lazy("Of papers of one offer: your shop's id of it."),
    )  # fmt: skip
    file = forms.FileField(label=lazy("File"), help_text=_HELP)

    def __init__(self, choices: Iterable[tuple[str, str]], *, standing: bool) -> None:
        super().__init__()
        self.fields["document"] = forms.ChoiceField(label=self.fields["document"].label, choices=list(choices))
        if not standing:
            del self.fields["version"], self.fields["listing"]


def form_for(pack: Pack) -> DocumentForm:
    """The form of a dispute's page: what its bank asks for stands first."""
    asked = [name for name in pack.wanted if name in documents.TAKEN]
    return DocumentForm(_named([*asked, *sorted(documents.TAKEN - set(asked))]), standing=False)


def listed(rows: Iterable[BankDocument]) -> list[dict[str, object]]:
    """Files as lists show them."""
    found = list(rows)
    titles = dict(_named([row.document for row in found]))
    return [{"row": row, "what": titles[row.document], "size_kb": (row.size_bytes + 1023) // 1024} for row in found]


@require_GET
def kept(request: MemberRequest) -> HttpResponse:
    """What is kept for all disputes."""
    names = [*documents.TERMS, *sorted(documents.OF_AN_OFFER)]
    context = {
        "files": listed(documents.standing(request.seller.key)),
        "form": DocumentForm(_named(names), standing=True),
    }
    return page(request, "transactions/bank_documents.html", context)


@require_POST
@only_for(MemberRole.FINANCE, MemberRole.SUPPORT, says=lazy("Keep papers for all answers to banks"))
def keep(request: MemberRequest) -> HttpResponse:
    """Keeps one more."""
    target = reverse("portal:transactions:bank_documents")
    try:
        given = _given(request)
        with engine_scope():
            documents.keep(request.seller.key, given, _actor(request), timezone.now())
    except (Refusal, CasesError) as problem:
        return refused(request, problem, target)
    return done(request, _("The file is kept. Answers from now on show it where the bank asks for it."), target)


@require_POST
@only_for(MemberRole.FINANCE, MemberRole.SUPPORT, says=lazy("Add a file to an answer to a bank"))
def add(request: MemberRequest, dispute_id: str) -> HttpResponse:
    """Adds a file to one dispute."""
    target = reverse("portal:transactions:chargeback", args=[dispute_id])
    try:
        given = _given(request)
        with engine_scope():
            documents.add(dispute_id, given, _actor(request), timezone.now(), seller_key=request.seller.key)
    except (Refusal, CasesError) as problem:
        return refused(request, problem, target)
    return done(request, _("The file is there. Put the answer together again to show it."), target)


@require_POST
@only_for(MemberRole.FINANCE, MemberRole.SUPPORT, says=lazy("Take a file for banks out of use"))
def remove(request: MemberRequest, document_id: str) -> HttpResponse:
    """Removes a file of the seller's."""
    row = BankDocument.objects.filter(id=document_id, seller_key=request.seller.key).defer("sealed").first()
    target = reverse("portal:transactions:bank_documents")
    if row is not None and row.dispute_id is not None:
        target = reverse("portal:transactions:chargeback", args=[row.dispute_id])
    with engine_scope():
        was_there = documents.remove(document_id, _actor(request), timezone.now(), seller_key=request.seller.key)
    return done(request, _("The file is removed.") if was_there else _("There is no such file any more."), target)


def refused(request: MemberRequest, problem: Exception, target: str) -> HttpResponse:
    """Says what was refused, on the page it came from, which keeps what was written."""
    return page_again(request, problem, target)


def _given(request: MemberRequest) -> Given:
    file = request.FILES.get("file")
    if file is None:
        raise DocumentRefused(_("Choose a file."), "file")
    if (file.size or 0) > documents.MOST_BYTES:
        raise DocumentRefused(_("The file is larger than 2 MB; banks take 4.5 MB for the whole answer."), "file")
    words: Mapping[str, str] = request.POST
    return Given(
        words.get("document", ""), file.read(), words.get("title", ""), words.get("version", ""),
        words.get("listing", ""),
    )  # fmt: skip


def _named(names: Iterable[str]) -> list[tuple[str, str]]:
    language, known = get_language() or "en", packs().documents
    return [(name, said(known[name].title, language)) for name in names]


def _actor(request: MemberRequest) -> Actor:
    return Actor(str(request.user.pk), request.membership.role)
