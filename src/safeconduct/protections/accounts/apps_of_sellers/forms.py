"""Letting an app in: its name, what it may read, from where, for how long."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from safeconduct.kernel.parties.forms import NameField
from safeconduct.kernel.parties.keys import LIFE, KeyRefused, networks_of
from safeconduct.protections.accounts.apps_of_sellers.words import POWERS


class AppForm(forms.Form):
    """What an owner wants to give an app."""

    name = NameField(
        label=_("Name of the app"), max_length=120,
        help_text=_("As you know it, with whose it is: “Stock ERP of Andes Systems”."),
    )  # fmt: skip
    scopes = forms.MultipleChoiceField(
        label=_("It may"), choices=list(POWERS.items()), widget=forms.CheckboxSelectMultiple,
        help_text=_("Give it no more than its maker says it needs."),
    )  # fmt: skip
    networks = forms.CharField(
        label=_("Only from these addresses"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Its maker knows them. One on each line, such as 203.0.113.0/24. Empty: from anywhere."),
    )  # fmt: skip
    days = forms.IntegerField(
        label=_("Days until it ends"), min_value=1, max_value=LIFE.days, initial=90,
        help_text=_("Then you let it in anew, or it is out."),
    )  # fmt: skip

    def clean_networks(self) -> str:
        """Nobody is asked to agree to what would be refused afterwards."""
        written: str = self.cleaned_data["networks"]
        try:
            networks_of(written.split())
        except KeyRefused as refused:
            raise forms.ValidationError(str(refused)) from None
        return written
