"""The form behind an invitation's link, to the staff or to a seller."""

from __future__ import annotations

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from safeconduct.foundation.visible import hidden_in
from safeconduct.kernel.parties.models import User


class NameField(forms.CharField):
    """A name that others read and trust: without signs that nobody sees."""

    def clean(self, value: str | None) -> str:
        name: str = super().clean(value)
        hidden = hidden_in(name)
        if hidden:
            raise forms.ValidationError(
                _("There is a sign in it that nobody sees (%(sign)s). Type it anew, without copying it."),
                params={"sign": hidden},
            )
        return name


class AcceptForm(forms.Form):
    """Name and password of someone who was invited."""

    name = NameField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label=_("Password"), help_text=_("At least 15 characters; a sentence is a good one."), max_length=200,
        strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def __init__(self, *args: object, email: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.email = email

    def clean(self) -> dict[str, object]:
        given = super().clean() or {}
        if password := given.get("password"):
            try:
                validate_password(password, User(email=self.email, name=given.get("name", "")))
            except forms.ValidationError as problem:
                self.add_error("password", problem)
        return given
