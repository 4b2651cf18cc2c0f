"""Bank disputes that no processor's interface tells: a lead writes down what the bank's letter or page says.

What is written becomes an event like any other, from the processor that is named, so that the mirror, the claim and the
money follow it; where that processor's own news come later, both are one dispute.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django import forms
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods

from safeconduct.foundation.ids import new_id
from safeconduct.foundation.money import Money, MoneyError
from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.staff_pages import StaffRequest, done, for_role, page
from safeconduct.kernel.vault.pseudonyms import lookup
from safeconduct.protections.transactions.chargebacks.mirror import ENDED, Stage, Status
from safeconduct.protections.transactions.chargebacks.models import BankDispute
from safeconduct.protections.transactions.chargebacks.portal import STAGES, STATUSES
from safeconduct.protections.transactions.chargebacks.reason_codes import Network, Reason, network_name
from safeconduct.protections.transactions.coverage.causes import RESOLVED

#: What stands for a processor that nobody named.
_NOBODY: Final = "by-hand"
_REASONS: Final[Mapping[Reason, object]] = {
    Reason.FRAUDULENT: lazy("The cardholder did not make the payment"),
    Reason.PRODUCT_NOT_RECEIVED: lazy("Not received"),
    Reason.PRODUCT_UNACCEPTABLE: lazy("Not as described"),
    Reason.CREDIT_NOT_PROCESSED: lazy("A refund was not given"),
    Reason.SUBSCRIPTION_CANCELED: lazy("A subscription was cancelled"),
    Reason.DUPLICATE: lazy("Charged twice"), Reason.GENERAL: lazy("Something else"),
}  # fmt: skip
#: What a bank can be said to have told, as the event says it.
_WORDS: Final[Mapping[str, object]] = {
    **{
        status.value: STATUSES[status][1]
        for status in (Status.NEEDS_RESPONSE, Status.UNDER_REVIEW, Status.WON, Status.LOST)
    },
    "funds_withdrawn": lazy("It took the money; before, it only asked"),
    Status.WARNING_CLOSED.value: lazy("It asked, and is satisfied"),
    Status.PREVENTED.value: lazy("It ended before it began; no bank took anything"),
    RESOLVED: lazy("The card scheme refunded the buyer before it began"),
}
_CLOSED: Final = frozenset({status.value for status in ENDED} | {RESOLVED})


def _moment(label: object, **more: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"})
    return forms.DateTimeField(label=label, widget=widget, **more)  # type: ignore[arg-type]


class OpenedForm(forms.Form):
    """A dispute as the bank or the processor tells it."""

    order = forms.CharField(label=lazy("Order"), max_length=160, help_text=lazy("As the shop numbers it."))
    dispute = forms.CharField(
        label=lazy("Number of the dispute"), max_length=160, help_text=lazy("As the bank gives it.")
    )
    processor = forms.RegexField(
        r"^[a-z][a-z0-9-]{1,39}$", label=lazy("Processor"), required=False,
        help_text=lazy("a to z, 0 to 9 and hyphens, such as stripe, adyen or worldpay; its news are one with yours"),
    )  # fmt: skip
    stage = forms.ChoiceField(
        label=lazy("How far it has come"), initial=Stage.CHARGEBACK.value,
        choices=[(one.value, STAGES[one]) for one in Stage],
    )  # fmt: skip
    network = forms.ChoiceField(
        label=lazy("Card scheme"), required=False,
        choices=[("", "–"), *((one.value, network_name(one.value)) for one in Network)],
    )  # fmt: skip
    code = forms.CharField(label=lazy("Reason code"), max_length=20, required=False, help_text=lazy("such as 13.1"))
    reason = forms.ChoiceField(
        label=lazy("What it is about"), choices=[(one.value, words) for one, words in _REASONS.items()]
    )
    amount = forms.CharField(label=lazy("Amount"), max_length=20, help_text=lazy("such as 129.00"))
    currency = forms.RegexField(r"^[A-Za-z]{3}$", label=lazy("Currency"), help_text=lazy("three letters, such as EUR"))
    opened_at = _moment(lazy("Opened"))
    due_at = _moment(
        lazy("Last moment for an answer"), required=False,
        help_text=lazy("It always wins over the scheme's table; empty where none was told."),
    )  # fmt: skip

    def clean_order(self) -> str:
        """An order that is known."""
        ref: str = self.cleaned_data["order"].strip()
        if lookup("order", ref) is None:
            raise forms.ValidationError(_("No order of this number is known."))
        return ref

    def clean(self) -> dict[str, Any]:
        """The amount in minor units of its currency, as `money`; the last moment after the first."""
        given = super().clean() or {}
        if "amount" in given and "currency" in given:
            try:
                found = Money.parse(given["amount"].strip(), given["currency"].upper())
            except MoneyError:
                self.add_error("amount", _("This is no amount in this currency; write for example 12.50."))
            else:
                given["money"] = {"minor": found.minor, "currency": found.currency}
        opened, due = given.get("opened_at"), given.get("due_at")
        if opened is not None and opened > timezone.now():
            self.add_error("opened_at", _("This lies in the future."))
        if opened is not None and due is not None and due <= opened:
            self.add_error("due_at", _("The last moment comes after the dispute was opened."))
        return given


class ToldForm(forms.Form):
    """What the bank said since."""

    word = forms.ChoiceField(label=lazy("What the bank said"), choices=[(key, words) for key, words in _WORDS.items()])
    at = _moment(lazy("When"))
    due_at = _moment(lazy("Last moment for an answer"), required=False)

    def clean_at(self) -> datetime:
        """A time that has been."""
        at: datetime = self.cleaned_data["at"]
        if at > timezone.now():
            raise forms.ValidationError(_("This lies in the future."))
        return at


@require_http_methods(["GET", "POST"])
@for_role(StaffRole.LEAD)
def opened(request: StaffRequest) -> HttpResponse:
    """The form for a dispute that came by letter, or on a processor's page."""
    form = OpenedForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        data = {
            "dispute": given["dispute"].strip(), "order": given["order"], "amount": given["money"],
            "reason": given["reason"], "network": given["network"], "network_reason": given["code"].strip(),
            "stage": given["stage"], "due_at": _written(given["due_at"]),
        }  # fmt: skip
        source = given["processor"] or _NOBODY
        _tell(f"{data['dispute']}:dispute.opened", source, "dispute.opened", given["opened_at"], data)
        found = BankDispute.objects.filter(ref=data["dispute"]).order_by("-opened_at", "-id").first()
        here = reverse("console:transactions:chargebacks")
        if found is not None:
            here = reverse("console:transactions:chargeback", args=[found.id])
        return done(request, _("Written down; the seller is told, and the claim follows it."), here)
    return page(
        request, "transactions/console/chargeback_by_hand.html", {"form": form}, status=422 if form.errors else 200
    )


@require_http_methods(["GET", "POST"])
@for_role(StaffRole.LEAD)
def told(request: StaffRequest, dispute_id: str) -> HttpResponse:
    """The form for what the bank said of a dispute since."""
    dispute = BankDispute.objects.filter(id=dispute_id).first()
    if dispute is None:
        raise Http404
    form = ToldForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        kind = "dispute.closed" if given["word"] in _CLOSED else "dispute.updated"
        data = {"dispute": dispute.ref, "outcome": given["word"], "due_at": _written(given["due_at"])}
        if kind == "dispute.closed":
            del data["due_at"]
        _tell(new_id("evt"), dispute.processor or _NOBODY, kind, given["at"], data)
        here = reverse("console:transactions:chargeback", args=[dispute.id])
        return done(request, _("Written down; the money follows it."), here)
    return page(
        request, "transactions/console/chargeback_by_hand.html", {"form": form, "dispute": dispute},
        status=422 if form.errors else 200,
    )  # fmt: skip


def _written(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _tell(identity: str, source: str, kind: str, at: datetime, data: Mapping[str, Any]) -> None:
    """Stores an event and has it decided, in transactions of its own, as if the processor had sent it."""
    envelope = {
        "id": identity, "source": source, "type": kind, "time": at.isoformat(),
        "data": {name: value for name, value in data.items() if value not in (None, "")},
    }  # fmt: skip
    for refusal in lanes.accept([envelope]).receipt.refused:
        raise ValueError(f"{refusal.field}: {refusal.problem}")
