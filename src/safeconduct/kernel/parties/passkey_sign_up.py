"""Making an account with a passkey and no password: the browser makes the key before there is an account, for an id
that the session keeps until the invitation is accepted.

A key that does not ask for finger, face or PIN is refused: it is all that this person will sign in with.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from allauth.mfa.webauthn.internal import auth
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _

from safeconduct.kernel.parties import invitations
from safeconduct.kernel.parties.forms import NameField
from safeconduct.kernel.parties.models import Invitation, User
from safeconduct.kernel.scope import visitor_scope

_SESSION: Final = "passkey_sign_up"


class PasskeyForm(forms.Form):
    """Name of somebody who was invited, and the passkey that their browser has made."""

    name = NameField(max_length=120)
    credential = forms.JSONField()

    def clean(self) -> dict[str, object]:
        """The challenge is used up, right or wrong."""
        given = super().clean() or {}
        if "credential" in given:
            try:
                auth.parse_registration_response(given["credential"])
                made = auth.complete_registration(given["credential"])
            except (forms.ValidationError, AttributeError, KeyError, TypeError, ValueError):
                raise forms.ValidationError(_refused()) from None
            if not made.is_user_verified():
                raise forms.ValidationError(_refused())
        return given


def begin(request: HttpRequest, invitation: Invitation) -> Mapping[str, Any]:
    """What the browser makes a passkey from, for the person who will be."""
    person = User(email=invitation.email)
    request.session[_SESSION] = {"invitation": invitation.id, "person": person.id}
    with visitor_scope():
        options: dict[str, Any] = auth.begin_registration(person, True)
    return options


def accept(
    request: HttpRequest, invitation: Invitation, token: str, given: Mapping[str, Any], *, at: datetime, language: str
) -> User:
    """The account, with the passkey and nothing else to sign in with. Raises as `invitations.accept`, and
    ValidationError for a passkey that was made for another invitation."""
    kept = request.session.pop(_SESSION, None) or {}
    if kept.get("invitation") != invitation.id:
        raise forms.ValidationError(_refused())
    with visitor_scope():
        person = invitations.accept(
            token, given["name"], None, at=at, language=language, person_id=kept["person"]
        )  # fmt: skip
        auth.WebAuthn.add(person, _("The first passkey"), given["credential"])
    return person


def _refused() -> str:
    return _("That passkey was not accepted. Nothing was changed; try again, use another device, or choose a password.")
