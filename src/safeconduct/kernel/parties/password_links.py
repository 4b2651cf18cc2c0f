"""Tokens of the links that open the page for a new password: Django's and allauth's, made by whoever holds the keys."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils.http import int_to_base36

from safeconduct.kernel.vault.holder import hashed, holder


class HeldTokens(PasswordResetTokenGenerator):
    """Django's tokens. Its words *secret* and *fallbacks* stand here for the place of a root key, that in use first."""

    secret = "0"  # noqa: S105 a place

    @property
    def secret_fallbacks(self) -> list[str]:  # type: ignore[override]
        """The places of the other root keys, while one is being replaced."""
        return [str(place) for place in range(1, len(holder().roots().names))]

    def _make_token_with_timestamp(self, user: Any, timestamp: int, secret: str | bytes) -> str:
        told = self._make_hash_value(user, timestamp).encode()
        digests = hashed("signed/links for passwords", told).digests[0]
        digest = digests[min(int(secret), len(digests) - 1)]  # a root key may be retired between two questions
        return f"{int_to_base36(timestamp)}-{digest.hex()[::2]}"


class PasswordLinks(HeldTokens):
    """allauth's: a link ends as well when one of the person's addresses changes."""

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        from allauth.account.forms import EmailAwarePasswordResetTokenGenerator  # which takes this class as it loads

        said: str = EmailAwarePasswordResetTokenGenerator()._make_hash_value(user, timestamp)
        return said
