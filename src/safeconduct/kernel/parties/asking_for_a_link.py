"""*Forgotten password*, answered with as much work whether the address has an account or not.

allauth sends a mail in both cases. For an account it also asks the database twice for its addresses, and signs a link:
so that the time of the answer tells nobody which it was, the same is done for an address that nobody has.
"""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ResetPasswordForm
from allauth.account.models import EmailAddress
from django.http import HttpRequest

from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.password_links import HeldTokens


class AskForLink(ResetPasswordForm):  # type: ignore[misc]
    """The form in which a link for a new password is asked for."""

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        if not self.users:
            _as_for_an_account(self.cleaned_data["email"])
        sent_to: str = super().save(request, **kwargs)
        return sent_to


def _as_for_an_account(address: str) -> None:
    nobody = User(email=address.lower())
    addresses = EmailAddress.objects.filter(user_id=nobody.pk)
    addresses.filter(email=nobody.email).exists()
    list(addresses.values_list("email", flat=True))
    HeldTokens().make_token(nobody)
