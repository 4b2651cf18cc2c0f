"""The form for another payout account: what is wrong is named beside its field, before anybody is asked to confirm."""

from __future__ import annotations

from typing import Any, Final

from babel import Locale
from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from safeconduct.foundation.bank_accounts import fault_of, plain
from safeconduct.foundation.ids import is_id, new_id
from safeconduct.kernel.ui.formats import locale_of
from safeconduct.protections.accounts.payout.words import FAULTS

_KIND: Final = "pca"


class AddForm(forms.Form):
    """Where the money should go. ``once`` makes sending the form again the same asking."""

    once = forms.CharField(max_length=40, widget=forms.HiddenInput)
    holder = forms.CharField(
        label=_("Holder of the account"), max_length=140, widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Exactly as the bank writes it: the marketplace compares it with what the bank says."),
    )  # fmt: skip
    country = forms.ChoiceField(label=_("Country of the account"))
    number = forms.CharField(
        label=_("Number or IBAN"), max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "dir": "ltr"}),
        help_text=_("It is kept sealed. Afterwards nobody of the shop sees more of it than the last four digits."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = countries()
        choices = [("", "\N{EN DASH}"), *sorted(names.items(), key=lambda pair: pair[1])]
        self.fields["country"] = forms.ChoiceField(label=_("Country of the account"), choices=choices)
        self.order_fields(["once", "holder", "country", "number"])

    def clean_once(self) -> str:
        """The id that `fresh` gave the form."""
        once = str(self.cleaned_data["once"])
        if not is_id(once, _KIND):
            raise forms.ValidationError(_("This form is broken. Open the page again and fill it in once more."))
        return once

    def clean_holder(self) -> str:
        """A line of text, nothing that would break the sealed form of it."""
        return " ".join(str(self.cleaned_data["holder"]).split())

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        number, country = plain(given.get("number", "")), given.get("country", "")
        if number and country:
            fault = fault_of(number, country)
            if fault is not None:
                self.add_error("number", str(FAULTS[fault]))
            given["number"] = number
        return given


def fresh() -> AddForm:
    """An empty form, with an id of its own."""
    return AddForm(initial={"once": new_id(_KIND)})


def countries() -> dict[str, str]:
    """Country by its ISO 3166-1 code, in the reader's language."""
    names: dict[str, str] = dict(Locale.parse(str(locale_of(get_language() or "en"))).territories)
    return {code: name for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRY}


#: What CLDR names beside countries: the Union, the euro zone, the United Nations, outlying areas, what is unknown.
_NO_COUNTRY: Final = frozenset({"EU", "EZ", "UN", "QO", "ZZ", "XA", "XB"})
