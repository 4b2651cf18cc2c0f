"""The link that says *this was not me* about one event of an account. What pressing there does is account security's
(`protections.accounts.sign_in.not_me`); every part that tells people about their accounts may put it into its notice.
"""

from __future__ import annotations

from typing import Final

from django.core.signing import BadSignature

from safeconduct.kernel.vault.signed_text import TextSigner

_PURPOSE: Final = "signed/links of notices"


def token_of(event_id: str) -> str:
    """The token of an event's link. It names the event and nothing else, and is good for this page only."""
    return TextSigner(_PURPOSE).sign(event_id)


def event_id_of(token: str) -> str | None:
    """The event that a token names; None for one that is not ours or was changed."""
    try:
        return TextSigner(_PURPOSE).unsign(token)
    except BadSignature:
        return None


def path_of(event_id: str) -> str:
    """The address of an event's link, as notices carry it."""
    return f"/accounts/not-me/{token_of(event_id)}/"
