"""Setting up a passkey: a key that signs in by itself, which is what everybody should have."""

from __future__ import annotations

from typing import Any

from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.utils.translation import gettext_lazy as _


class AddPasskey(AddWebAuthnForm):  # type: ignore[misc]
    """allauth's form in our words. A passkey is proposed; older security keys are a second step."""

    name = forms.CharField(
        label=_("Name"), required=False, max_length=60,
        help_text=_("So that you can tell your keys apart, such as: telephone, blue key."),
    )  # fmt: skip
    passwordless = forms.BooleanField(
        label=_("Sign in with it alone, without a password"), required=False, initial=True,
        help_text=_("Leave this on, unless your security key is too old for it."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autocomplete"] = "off"
