"""Claiming a shop: what somebody fills in."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from safeconduct.kernel.parties.forms import NameField
from safeconduct.kernel.parties.ownership import LONGEST, SHORTEST
from safeconduct.protections.accounts.ownership.words import RELATIONS


class ClaimForm(forms.Form):
    """For who acts for the shop."""

    relation = forms.ChoiceField(label=_("You"), choices=list(RELATIONS.items()))
    text = forms.CharField(
        label=_("What is yours, and what shows it"), min_length=SHORTEST, max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("Name papers, dates, numbers. Both sides read it; do not write passwords or card numbers."),
    )  # fmt: skip


class PublicClaimForm(ClaimForm):
    """For who has no access."""

    shop = NameField(label=_("The shop: its name or number"), max_length=200)
    name = NameField(label=_("Your name"), max_length=120)
    email = forms.EmailField(
        label=_("Your e-mail address"), help_text=_("You get a link there; nothing happens without it.")
    )
    field_order = ("shop", "name", "email", "relation", "text")
