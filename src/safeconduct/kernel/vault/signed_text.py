"""Texts with a signature that only we check, in Django's form. It is made by whoever holds the keys: under the root key
in use, and good under any that there is, so that a link from before works until its key is retired."""

from __future__ import annotations

import base64
import hmac

from django.core.signing import BadSignature, Signer, TimestampSigner

from safeconduct.kernel.vault.holder import hashed


class TextSigner(Signer):
    """Signs for one purpose of `signed_keys.SIGNED`. Reading raises BadSignature for what is not ours."""

    def __init__(self, purpose: str) -> None:
        super().__init__(key=purpose, fallback_keys=[])

    def signature(self, value: str | bytes, key: str | bytes | None = None) -> str:
        """The signature by the root key in use."""
        return self._signatures(value)[0]

    def unsign(self, signed_value: str) -> str:
        """The text that was signed, by any root key there is."""
        value, _, given = signed_value.rpartition(self.sep)
        if not any(hmac.compare_digest(given.encode(), one.encode()) for one in self._signatures(value)):
            raise BadSignature("the signature is not ours")
        return value

    def _signatures(self, value: str | bytes) -> list[str]:
        told = value.encode() if isinstance(value, str) else value
        digests = hashed(str(self.key), told).digests[0]
        return [base64.urlsafe_b64encode(digest).rstrip(b"=").decode() for digest in digests]


class TimedSigner(TimestampSigner, TextSigner):
    """The same with the time, so that what was signed ends."""
