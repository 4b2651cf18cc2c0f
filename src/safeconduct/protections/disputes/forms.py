"""The forms of a dispute's pages, for buyer and seller alike."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from safeconduct.foundation.money import Money, MoneyError
from safeconduct.kernel.cases import queries
from safeconduct.kernel.cases.words import Remedy
from safeconduct.protections.disputes.errors import RequestMalformed
from safeconduct.protections.disputes.models import Dispute
from safeconduct.protections.disputes.words import REMEDIES

#: The largest file that evidence may be, and a little for the form around it.
MOST_BYTES = 51 * 1024 * 1024
OFFERED = (Remedy.PARTIAL_REFUND, Remedy.REFUND, Remedy.REFUND_ON_RETURN, Remedy.REPLACEMENT)


class AnswerForm(forms.Form):
    """Words to the other side."""

    words = forms.CharField(
        label=lazy("Your answer"), max_length=4000, widget=forms.Textarea(attrs={"rows": 8}),
        help_text=lazy("The other side reads it, and whoever decides."),
    )  # fmt: skip


class OfferForm(forms.Form):
    """What somebody would settle for."""

    remedy = forms.ChoiceField(label=lazy("What you offer"), choices=[(r.value, REMEDIES[r]) for r in OFFERED])
    amount = forms.CharField(label=lazy("Amount"), required=False, max_length=20)
    words = forms.CharField(label=lazy("A few words"), required=False, max_length=2000)

    def __init__(self, currency: str) -> None:
        super().__init__()
        self.fields["amount"].help_text = currency


class EvidenceForm(forms.Form):
    """A file and what it shows."""

    kind = forms.ChoiceField(label=lazy("What it is"))
    gist = forms.CharField(label=lazy("What it shows, in a sentence"), max_length=300)
    file = forms.FileField(label=lazy("File"), help_text=lazy("PNG, JPEG, PDF, MP4 or text"))

    def __init__(self, wanted: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.fields["kind"] = forms.ChoiceField(
            label=self.fields["kind"].label, choices=[*wanted, ("other", lazy("Another piece"))]
        )


def values_of(request: HttpRequest, dispute: Dispute) -> tuple[dict[str, str], bytes | None, int | None]:
    """The fields of a form with the amount in minor units, the bytes of its file, and the step that the page showed."""
    values = {key: str(value) for key, value in request.POST.items()}
    values["currency"] = currency = queries.case(dispute.case_id).currency
    if values.get("amount", "").strip():
        values["amount_minor"] = str(minor_of(values["amount"], currency))
    file = request.FILES.get("file")
    if file is not None and (file.size or 0) > MOST_BYTES:
        raise RequestMalformed(
            "file", _("is larger than %(most)s MB; send a smaller one") % {"most": MOST_BYTES // 1024 // 1024}
        )
    step = values.get("seen_step", "")
    return values, None if file is None else file.read(), int(step) if step.isdecimal() and len(step) < 9 else None


def minor_of(text: str, currency: str) -> int:
    """An amount as people write it, in minor units. Raises RequestMalformed."""
    plain = text.strip().replace("\N{NO-BREAK SPACE}", "").replace(" ", "")
    if "," in plain and "." not in plain:
        plain = plain.replace(",", ".")
    try:
        return Money.parse(plain, currency).minor
    except MoneyError:
        raise RequestMalformed(
            "amount",
            _("%(text)r is no amount in %(currency)s; write for example 12.50") % {"text": text, "currency": currency},
        ) from None
